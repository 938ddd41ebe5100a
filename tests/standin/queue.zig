//! Streams: the tasks of a stream are done in order, and as late as the interface allows: when the
//! host waits for the stream or for an event in it. So a host that forgets to wait is found out.

const std = @import("std");
const kernels = @import("kernels");
const state = @import("state.zig");

const convert = kernels.convert;
const DType = kernels.program.DType;

pub const arguments_max = 1024;

/// All threads of a block of a kernel that was compiled at run time.
pub const Block = *const fn (arguments: *const anyopaque, x: c_uint, y: c_uint, threads: c_uint) callconv(.c) void;

pub const Launch = struct {
    entry: usize,
    /// A kernel that was compiled at run time, which runs in place of the entry.
    block: ?Block,
    blocks: [2]u32,
    arguments: [arguments_max]u8 align(16),
};

pub const Copy = struct { to: u64, from: u64, bytes: usize };

pub const Product = struct {
    /// The element type of a and b, and that of c.
    element: kernels.program.DType,
    result: kernels.program.DType,
    tf32: bool = false,
    transposed: [2]bool,
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    b: Matrix,
    c: Matrix,
    count: usize,
    /// The address of a vector that is added to each column of c; 0 for none.
    bias: u64 = 0,
    /// Memory that the product overwrites while it runs.
    workspace: u64 = 0,
    workspace_bytes: usize = 0,
};

pub const Matrix = struct { address: u64, columns: usize, stride: i64 };

pub const Task = union(enum) {
    launch: *Launch,
    copy: Copy,
    free: u64,
    record: Record,
    product: *Product,

    pub fn dispose(task: Task) void {
        switch (task) {
            .launch => |one| state.allocator.destroy(one),
            .product => |one| state.allocator.destroy(one),
            else => {},
        }
    }
};

/// An event, in the place where it was recorded last.
pub const Event = struct { reached: bool = true, recordings: u64 = 0, stream: ?*Stream = null };

const Record = struct {
    event: *Event,
    number: u64,

    fn reach(record: Record) void {
        if (record.number == record.event.recordings) record.event.reached = true;
    }
};

pub const Stream = struct {
    tasks: std.ArrayList(Task) = .empty,
    done: usize = 0,
    /// The capture into which tasks go; null if the stream is not captured.
    capture: ?@import("graphs.zig").Capture = null,

    pub fn push(stream: *Stream, task: Task) void {
        if (stream.capture) |capture| {
            capture.graph.tasks.append(state.allocator, task) catch @panic("the stand-in is out of memory");
            return;
        }
        stream.tasks.append(state.allocator, task) catch @panic("the stand-in is out of memory");
    }

    /// Does the tasks up to `event`, or all tasks.
    pub fn run(stream: *Stream, event: ?*const Event) c_int {
        while (stream.done < stream.tasks.items.len) {
            if (event) |one| if (one.reached) return state.lost;
            const task = stream.tasks.items[stream.done];
            stream.done += 1;
            // A lost device does nothing more, but the host's bookkeeping goes on.
            if (state.lost == 0) state.lost = perform(task) else switch (task) {
                .free => |address| _ = state.free(address, false),
                .record => |one| one.reach(),
                else => {},
            }
            task.dispose();
        }
        stream.tasks.clearRetainingCapacity();
        stream.done = 0;
        state.checkAllGuards();
        return state.lost;
    }

    pub fn deinit(stream: *Stream) void {
        stream.tasks.deinit(state.allocator);
    }
};

/// Bytes of a workspace that a product writes over; all of it would take long.
const workspace_touched = 4096;

fn perform(task: Task) c_int {
    switch (task) {
        .launch => |one| {
            const left = state.values.get(.launches_left);
            if (left == 0) return state.launch_failed;
            if (left > 0) state.values.set(.launches_left, left - 1);
            if (one.block) |block| {
                for (0..one.blocks[1]) |y| for (0..one.blocks[0]) |x| {
                    block(&one.arguments, @intCast(x), @intCast(y), kernels.layout.threads);
                };
                state.add(.fused, 1);
            } else runs[one.entry](&one.arguments, one.blocks);
            state.add(.launches, 1);
        },
        .copy => |one| {
            const to: [*]u8 = @ptrFromInt(one.to);
            const from: [*]const u8 = @ptrFromInt(one.from);
            @memcpy(to[0..one.bytes], from[0..one.bytes]);
        },
        .free => |address| if (!state.free(address, false)) return state.invalid_value,
        .record => |one| one.reach(),
        .product => |one| {
            if (one.workspace != 0) {
                if (!state.holds(one.workspace, one.workspace_bytes)) return state.illegal_address;
                const workspace: [*]u8 = @ptrFromInt(one.workspace);
                @memset(workspace[0..@min(one.workspace_bytes, workspace_touched)], 0xee);
            }
            switch (one.element) {
                inline .float32, .float64 => |element| multiply(element, element, one),
                inline .float16, .bfloat16 => |element| switch (one.result) {
                    .float32 => multiply(element, .float32, one),
                    else => multiply(element, element, one),
                },
                else => return state.invalid_value,
            }
            state.add(.products, 1);
            if (one.element.isHalf()) state.add(.half_products, 1);
            if (one.tf32) state.add(.tf32_products, 1);
        },
    }
    return 0;
}

const Run = *const fn (arguments: *const anyopaque, blocks: [2]u32) void;

const runs: [kernels.entries.len]Run = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: [kernels.entries.len]Run = undefined;
    for (kernels.entries, &list) |entry, *run| run.* = &kernels.threading.Host(entry.Kernel).run;
    break :blk list;
};

/// c = a b, column after column; sums of halves are float32, and each is rounded once.
fn multiply(comptime element: DType, comptime result: DType, product: *const Product) void {
    const T = if (element == .float64) f64 else f32;
    for (0..product.count) |item| {
        const a = at(element, product.a, item);
        const b = at(element, product.b, item);
        const c = at(result, product.c, item);
        for (0..product.n) |j| for (0..product.m) |i| {
            var sum: T = 0;
            for (0..product.k) |l| {
                const x = a[if (product.transposed[0]) i * product.a.columns + l else l * product.a.columns + i];
                const y = b[if (product.transposed[1]) l * product.b.columns + j else j * product.b.columns + l];
                sum += convert.fromStored(element, T, x) * convert.fromStored(element, T, y);
            }
            if (product.bias != 0) sum += @as([*]const T, @ptrFromInt(product.bias))[i];
            c[j * product.c.columns + i] = convert.toStored(result, T, sum);
        };
    }
}

fn at(comptime dtype: DType, matrix: Matrix, item: usize) [*]convert.Stored(dtype) {
    return @ptrFromInt(matrix.address +% @as(u64, @bitCast(matrix.stride)) *% item *% dtype.bytes());
}
