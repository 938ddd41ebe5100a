//! Kernels that NVRTC compiles while a program runs: found by the structure of what they compute,
//! so that each text is written only once, and kept for the next process (`host/store.zig`).

const std = @import("std");
const cuda = @import("engine.zig");
const driver = @import("driver.zig");
const notice = @import("../host/notice.zig");
const nvrtc = @import("nvrtc.zig");
const program = @import("../program/program.zig");
const head = @import("../gpu/head.zig");
const Store = @import("../host/store.zig").Store;

const Engine = cuda.Engine;
const Failed = cuda.Failed;

pub const Compiled = struct {
    allocator: std.mem.Allocator,
    compiler: ?nvrtc.Compiler = null,
    /// Why there is no compiler.
    reason: program.Message = .{},
    /// Kernels by structure; null for a text that the compiler refused, whose instructions run one
    /// by one.
    functions: std.StringHashMapUnmanaged(?*driver.Function) = .empty,
    store: Store,
    /// How many texts this process compiled, how many the compiler refused, and why it refused the
    /// last of them.
    built: u32 = 0,
    refused: u32 = 0,
    refusal: program.Message = .{},

    pub fn init(allocator: std.mem.Allocator) Compiled {
        return .{ .allocator = allocator, .store = .{ .allocator = allocator } };
    }

    pub fn deinit(compiled: *Compiled) void {
        var keys = compiled.functions.keyIterator();
        while (keys.next()) |key| compiled.allocator.free(key.*);
        compiled.functions.deinit(compiled.allocator);
        compiled.store.deinit();
    }

    /// The kernel of that structure; `write(source, writer)` gives the text after the head. Null
    /// where the kernel cannot be compiled. Once the driver refuses the compiler's code, nothing
    /// more is compiled.
    pub fn get(
        compiled: *Compiled,
        engine: *Engine,
        key: []const u8,
        source: anytype,
        comptime write: anytype,
    ) Failed!?*driver.Function {
        if (compiled.functions.get(key)) |known| return known;
        if (compiled.compiler == null) return null;
        var kernel: std.Io.Writer.Allocating = .init(compiled.allocator);
        defer kernel.deinit();
        write(source, &kernel.writer) catch return error.OutOfMemory;
        var whole: std.Io.Writer.Allocating = .init(compiled.allocator);
        defer whole.deinit();
        head.writeAround(&whole.writer, kernel.written(), true) catch return error.OutOfMemory;
        const written = try whole.toOwnedSliceSentinel(0);
        defer compiled.allocator.free(written);
        const name = try compiled.allocator.dupe(u8, key);
        errdefer compiled.allocator.free(name);
        try compiled.functions.ensureUnusedCapacity(compiled.allocator, 1);
        const function = try compiled.make(engine, written);
        compiled.functions.putAssumeCapacity(name, function);
        return function;
    }

    noinline fn make(compiled: *Compiled, engine: *Engine, written: [:0]const u8) Failed!?*driver.Function {
        @branchHint(.cold);
        const origin = Store.hashOf(&.{written});
        if (compiled.store.get(origin)) |code| {
            // Stored code that the driver does not load belongs to another driver, though the
            // store's name matched.
            if (try compiled.load(engine, code)) |function| return function;
        }
        const compiler = &compiled.compiler.?;
        const code = try compiler.compile(compiled.allocator, written, engine.capability, &compiled.refusal) orelse {
            compiled.refused += 1;
            notice.once(
                .compiler,
                "NVRTC refused a kernel of cuda, whose instructions run one by one: {s}\n" ++
                    "deneb: another NVRTC (`pip install --upgrade nvidia-cuda-nvrtc`) may mend it",
                .{compiled.refusal.text()},
            );
            return null;
        };
        defer compiled.allocator.free(code);
        const function = try compiled.load(engine, code) orelse {
            compiled.compiler = null;
            notice.once(
                .compiler,
                "cuda joins no instructions into one kernel: {s}\n" ++
                    "deneb: an NVRTC no newer than the driver, of CUDA {d}.{d}, mends it",
                .{ compiled.reason.text(), @divTrunc(engine.version, 1000), @divTrunc(@rem(engine.version, 1000), 10) },
            );
            return null;
        };
        compiled.store.put(origin, code);
        compiled.built += 1;
        return function;
    }

    /// Null where the driver does not take the code, as when the compiler is newer than the driver.
    fn load(compiled: *Compiled, engine: *Engine, code: []const u8) Failed!?*driver.Function {
        try engine.loaded.ensureUnusedCapacity(compiled.allocator, 1);
        // In a store the code has any alignment, so it is copied.
        const aligned = try compiled.allocator.alignedAlloc(u8, .@"64", code.len);
        defer compiled.allocator.free(aligned);
        @memcpy(aligned, code);
        var module: ?*driver.Module = null;
        const loaded = engine.cuda.cuModuleLoadData(&module, aligned.ptr);
        if (loaded != .success) {
            compiled.reason.set("its code cannot be loaded: {s}", .{driver.textOf(&engine.cuda, loaded)});
            return null;
        }
        engine.loaded.appendAssumeCapacity(module);
        var function: ?*driver.Function = null;
        try engine.try_("cuModuleGetFunction", engine.cuda.cuModuleGetFunction(&function, module, "run"));
        return function;
    }

    /// A name that tells the device and the compiler from all others.
    pub fn storeName(compiled: *const Compiled, engine: *const Engine, buffer: []u8) []const u8 {
        const compiler = compiled.compiler orelse return buffer[0..0];
        var words: [96]u8 = undefined;
        const numbers = std.fmt.bufPrint(&words, "{d} {d}.{d} {d}", .{
            engine.capability, compiler.version[0], compiler.version[1], engine.version,
        }) catch return buffer[0..0];
        const hash = Store.hashOf(&.{ engine.name[0..engine.name_length], "\n", numbers });
        return std.fmt.bufPrint(buffer, "cuda-{x:0>16}", .{hash}) catch buffer[0..0];
    }
};
