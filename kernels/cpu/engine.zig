//! The CPU: executes checked instructions, with the kernels of one CPU level on the threads of one
//! pool.
//!
//! An `Engine` belongs to a context and runs one instruction at a time. Nothing allocates while it
//! runs: what skeletons need beyond their stack was allocated when the engine was opened, or when
//! its number of threads changed. It trusts what `program.zig` has checked, and itself refuses what
//! only the data shows: an index out of range.

const std = @import("std");
const arg = @import("skeletons/arg.zig");
const contract = @import("level/contract.zig");
const epilogue = @import("group/epilogue.zig");
const facts = @import("../program/facts.zig");
const fold = @import("skeletons/fold.zig");
const gather = @import("skeletons/gather.zig");
const group = @import("group/group.zig");
const levels = @import("levels.zig");
const map = @import("skeletons/map.zig");
const matmul = @import("skeletons/product.zig");
const matmul_half = @import("skeletons/product_halves.zig");
const memory = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const random = @import("skeletons/random.zig");
const Pool = @import("pool.zig").Pool;
const OpenError = @import("../host/settings.zig").OpenError;
const Settings = @import("../host/settings.zig").Settings;

const Instruction = program.Instruction;
const Status = program.Status;

pub const Engine = struct {
    allocator: std.mem.Allocator,
    level: *const contract.Level,
    pool: Pool,
    scratch: []align(64) u8,
    /// See `epilogueMemory`.
    epilogue: []align(64) u8,
    plan: *group.Plan,
    message: program.Message,

    /// The engine must not move afterwards.
    pub fn init(
        engine: *Engine,
        allocator: std.mem.Allocator,
        settings: *const Settings,
        message: *program.Message,
    ) OpenError!void {
        engine.allocator = allocator;
        engine.level = levels.choose(settings.level) orelse {
            message.set("Cannot open: this machine or this library has no CPU level \"{f}\"", .{
                program.printable(settings.level),
            });
            return error.Refused;
        };
        engine.message = .{};
        engine.plan = try allocator.create(group.Plan);
        errdefer allocator.destroy(engine.plan);
        engine.scratch = try allocator.alignedAlloc(u8, .@"64", scratchBytes(settings.threads));
        engine.epilogue = &.{};
        engine.pool.init(settings.threads);
    }

    pub fn deinit(engine: *Engine) void {
        engine.pool.deinit();
        engine.allocator.free(engine.scratch);
        engine.allocator.free(engine.epilogue);
        engine.allocator.destroy(engine.plan);
    }

    /// Nothing changes where there is no memory for so many.
    pub fn setThreads(engine: *Engine, threads: usize) error{OutOfMemory}!void {
        const bytes = scratchBytes(threads);
        if (bytes > engine.scratch.len) {
            const larger = try engine.allocator.alignedAlloc(u8, .@"64", bytes);
            engine.allocator.free(engine.scratch);
            engine.scratch = larger;
        }
        engine.allocator.free(engine.epilogue);
        engine.epilogue = &.{};
        engine.pool.setThreads(threads);
    }

    /// Memory for products that run together with what follows them, from the first of them on.
    /// Null if there is none.
    pub fn epilogueMemory(engine: *Engine) ?[]align(64) u8 {
        if (engine.epilogue.len == 0) {
            const bytes = epilogue.scratchBytes(engine.pool.threads);
            engine.epilogue = engine.allocator.alignedAlloc(u8, .@"64", bytes) catch return null;
        }
        return engine.epilogue;
    }

    pub inline fn execute(engine: *Engine, instruction: *const Instruction) Status {
        return run(engine, instruction);
    }

    pub fn runGroup(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Status {
        return group.run(engine, instructions, temporaries);
    }

    pub fn write(_: *Engine, address: [*]u8, bytes: []const u8) Status {
        @memcpy(address, bytes);
        return .ok;
    }

    pub fn read(_: *Engine, address: [*]const u8, bytes: []u8) Status {
        @memcpy(bytes, address);
        return .ok;
    }

    pub fn source(engine: *Engine) memory.Source {
        return memory.host(&engine.allocator);
    }

    pub fn free(_: *Engine) ?u64 {
        return null;
    }

    pub fn describe(engine: *Engine, buffer: []u8) []const u8 {
        const name = engine.level.name;
        const length = @min(name.len, buffer.len);
        @memcpy(buffer[0..length], name[0..length]);
        return buffer[0..length];
    }

    pub fn storeName(_: *Engine, buffer: []u8) []const u8 {
        return buffer[0..0];
    }

    pub fn storeNews(_: *const Engine) u32 {
        return 0;
    }

    pub fn saveStore(_: *Engine, _: []u8) usize {
        return 0;
    }

    pub fn loadStore(_: *Engine, _: []const u8) error{OutOfMemory}!void {}

    /// There is one, wherever this runs.
    pub fn list(_: *const Settings, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.writeAll("{\"devices\":[{\"platform\":\"cpu\",\"name\":\"");
        try writer.writeAll((levels.choose("") orelse unreachable).name);
        try writer.writeAll("\"}]}");
    }

    /// Bytes held beside the storages.
    pub fn reserved(engine: *const Engine) usize {
        return engine.scratch.len + engine.epilogue.len + @sizeOf(group.Plan);
    }

    fn fail(engine: *Engine, status: Status, comptime format: []const u8, values: anytype) Status {
        engine.message.set(format, values);
        return status;
    }
};

fn scratchBytes(threads: usize) usize {
    const count = @max(threads, 1);
    return @max(count * contract.scratch_bytes, fold.partials_max * 8);
}

pub fn execute(engine: *Engine, instruction: *const Instruction) Status {
    return run(engine, instruction);
}

fn run(engine: *Engine, instruction: *const Instruction) Status {
    const tables = engine.level.table;
    const pool = &engine.pool;
    switch (instruction.*) {
        .map => |*one| map.execute(tables, pool, one),
        .fold => |*one| fold.execute(tables, pool, @ptrCast(engine.scratch.ptr), one),
        .arg => |*one| arg.execute(tables, pool, one),
        .matmul => |*one| if (facts.hasHalves(one)) {
            matmul_half.execute(engine.level, pool, engine.scratch, one);
        } else if (!matmul.execute(tables, pool, engine.scratch, one)) {
            return engine.fail(.unsupported, "Cannot multiply: operands must have one dtype", .{});
        },
        .gather => |*one| {
            const status = check(engine, one, "gather");
            if (status != .ok) return status;
            gather.executeGather(pool, one);
        },
        .scatter => |*one| {
            const status = check(engine, one, "scatter");
            if (status != .ok) return status;
            gather.executeScatter(pool, one);
        },
        .random => |*one| random.execute(tables, pool, one),
        .check => |*one| {
            const index = gather.outside(one) orelse return .ok;
            return engine.fail(.range, "Cannot use label {d}: it must lie in [0, {d})", .{ index, one.length });
        },
    }
    return .ok;
}

fn check(engine: *Engine, one: *const program.Gather, comptime action: []const u8) Status {
    if (!facts.gathers(one)) return engine.fail(
        .unsupported,
        "Cannot " ++ action ++ ": the dtypes are {t}, {t} and {t}; wanted two equal ones " ++
            "and an index of int32 or uint8",
        .{ one.out.dtype, one.source.dtype, one.index.dtype },
    );
    const index = gather.outside(one) orelse return .ok;
    return engine.fail(
        .range,
        "Cannot " ++ action ++ ": index {d} must lie in [0, {d})",
        .{ index, one.length },
    );
}

test {
    _ = @import("skeletons/map_test.zig");
    _ = @import("skeletons/fold_test.zig");
    _ = @import("skeletons/product_test.zig");
    _ = @import("skeletons/product_halves_test.zig");
    _ = @import("skeletons/gather_test.zig");
    _ = @import("group/group_test.zig");
    _ = @import("group/random_test.zig");
    _ = @import("group/epilogue_test.zig");
    _ = @import("level_test.zig");
    _ = @import("../numbers/philox.zig");
    _ = @import("../program/convert.zig");
    _ = @import("../numbers/half.zig");
    _ = levels;
}
