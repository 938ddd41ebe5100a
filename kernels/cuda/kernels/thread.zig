//! A kernel as phases between barriers, so that the same source runs on the GPU, where threads run
//! in parallel, and on the host, where each phase runs for one thread of the block after the other.
//!
//! A kernel is a namespace with
//!     Arguments   an extern struct, passed by value,
//!     Shared      what the threads of a block share,
//!     State       what a thread keeps from phase to phase,
//!     phases      a tuple of `inline fn (*const Arguments, Thread, SharedPointer, *State) void`,
//!     rounds      for kernels that repeat phases `loop[0]..loop[1]`: how often.

const std = @import("std");
const builtin = @import("builtin");
const layout = @import("../../gpu/arguments.zig");

pub const on_device = builtin.cpu.arch.isNvptx();

const shared_space: std.lang.AddressSpace = if (on_device) .shared else .generic;
const global_space: std.lang.AddressSpace = if (on_device) .global else .generic;

pub fn SharedPointer(comptime T: type) type {
    return *addrspace(shared_space) T;
}

pub fn Global(comptime T: type) type {
    return *addrspace(global_space) T;
}

/// An element in the device's memory. On the host, where tests run the kernels, the addresses are
/// those of the process.
pub inline fn global(comptime T: type, address: u64) Global(T) {
    return @ptrFromInt(address);
}

/// Several contiguous elements that are read or written at once: their address is a multiple of the
/// size of all of them.
pub inline fn globalSide(comptime n: usize, comptime T: type, address: u64) *align(n * @sizeOf(T)) addrspace(global_space) [n]T {
    return @ptrFromInt(address);
}

pub inline fn advance(address: u64, stride: i64, steps: u64) u64 {
    return address +% @as(u64, @bitCast(stride)) *% steps;
}

/// The compute types as names of kernels have them, in the order of `convert.Compute`.
pub const type_names = [_][]const u8{ "float32", "float64", "int32" };

/// The name of a kernel, which the engine builds in the same way to find it.
pub const Entry = struct { name: []const u8, Kernel: type };

pub const Thread = struct {
    /// The block's indices in x and y.
    x: u32,
    y: u32,
    /// The thread's index in the block.
    index: u32,

    inline fn own() Thread {
        return .{ .x = @workGroupId(0), .y = @workGroupId(1), .index = @workItemId(0) };
    }

    /// The thread's index among all blocks in x.
    pub inline fn place(thread: Thread) u64 {
        return @as(u64, thread.x) * layout.threads + thread.index;
    }
};

inline fn barrier() void {
    asm volatile ("bar.sync 0;" ::: .{ .memory = true });
}

/// The entry point of a kernel on the device.
pub fn Device(comptime Kernel: type) type {
    return struct {
        var shared: Kernel.Shared addrspace(shared_space) = undefined;

        pub fn run(arguments: Kernel.Arguments) callconv(.nvptx_kernel) void {
            @setEvalBranchQuota(1_000_000);
            const thread: Thread = .own();
            var state: Kernel.State = undefined;
            if (@hasDecl(Kernel, "rounds")) {
                some(&arguments, thread, &state, 0, Kernel.loop[0]);
                for (0..Kernel.rounds(&arguments)) |_| {
                    some(&arguments, thread, &state, Kernel.loop[0], Kernel.loop[1]);
                }
                some(&arguments, thread, &state, Kernel.loop[1], Kernel.phases.len);
            } else some(&arguments, thread, &state, 0, Kernel.phases.len);
        }

        inline fn some(
            arguments: *const Kernel.Arguments,
            thread: Thread,
            state: *Kernel.State,
            comptime begin: usize,
            comptime end: usize,
        ) void {
            inline for (begin..end) |i| {
                Kernel.phases[i](arguments, thread, &shared, state);
                if (i + 1 < Kernel.phases.len) barrier();
            }
        }
    };
}

/// The same kernel on the host, block after block.
pub fn Host(comptime Kernel: type) type {
    return struct {
        pub fn run(arguments_bytes: *const anyopaque, blocks: [2]u32) void {
            const arguments: *const Kernel.Arguments = @ptrCast(@alignCast(arguments_bytes));
            for (0..blocks[1]) |y| {
                for (0..blocks[0]) |x| block(arguments, @intCast(x), @intCast(y));
            }
        }

        fn block(arguments: *const Kernel.Arguments, x: u32, y: u32) void {
            var shared: Kernel.Shared = undefined;
            var states: [layout.threads]Kernel.State = undefined;
            const loop = if (@hasDecl(Kernel, "rounds")) Kernel.loop else .{ 0, 0 };
            inline for (0..loop[0]) |i| phase(i, arguments, x, y, &shared, &states);
            if (@hasDecl(Kernel, "rounds")) {
                for (0..Kernel.rounds(arguments)) |_| {
                    inline for (loop[0]..loop[1]) |i| phase(i, arguments, x, y, &shared, &states);
                }
            }
            inline for (loop[1]..Kernel.phases.len) |i| phase(i, arguments, x, y, &shared, &states);
        }

        fn phase(
            comptime i: usize,
            arguments: *const Kernel.Arguments,
            x: u32,
            y: u32,
            shared: *Kernel.Shared,
            states: *[layout.threads]Kernel.State,
        ) void {
            @setEvalBranchQuota(1_000_000);
            for (states, 0..) |*state, index| {
                Kernel.phases[i](arguments, .{ .x = x, .y = y, .index = @intCast(index) }, shared, state);
            }
        }
    };
}
