//! One instruction on the CPU, by the skeleton that it names. Decoding has checked everything but
//! the data: an index out of range is refused here.

const std = @import("std");
const arg = @import("arg.zig");
const convolve = @import("convolve.zig");
const contract = @import("../level/contract.zig");
const facts = @import("../../program/facts.zig");
const fold = @import("fold.zig");
const gather = @import("gather.zig");
const indices = @import("indices.zig");
const map = @import("map.zig");
const product = @import("product.zig");
const product_halves = @import("product_halves.zig");
const program = @import("../../program/program.zig");
const random = @import("random.zig");
const scan = @import("scan.zig");
const sort = @import("sort.zig");
const scatter = @import("scatter.zig");
const Pool = @import("../pool.zig").Pool;

const Message = program.Message;
const Status = program.Status;
pub const SortRoom = sort.Room;

/// The most bytes of scratch that an instruction needs on that many threads.
pub fn scratchBytes(threads: usize) usize {
    return @max(@max(threads, 1) * contract.scratch_bytes, fold.partials_max * 8, scan.totals_max * 8);
}

/// Executes the instruction; the message says why it is refused.
pub fn execute(
    level: *const contract.Level,
    pool: *Pool,
    scratch: []align(64) u8,
    allocator: std.mem.Allocator,
    sort_room: *SortRoom,
    message: *Message,
    instruction: *const program.Instruction,
) Status {
    const tables = level.table;
    switch (instruction.*) {
        .map => |*one| map.execute(tables, pool, one),
        .fold => |*one| fold.execute(tables, pool, @ptrCast(scratch.ptr), one),
        .arg => |*one| arg.execute(tables, pool, one),
        .scan => |*one| scan.execute(tables, pool, @ptrCast(scratch.ptr), one),
        .matmul => |*one| if (facts.hasHalves(one)) {
            product_halves.execute(level, pool, scratch, one);
        } else product.execute(tables, pool, scratch, one),
        .convolve => |*one| convolve.execute(tables, pool, scratch, one),
        .gather => |*one| if (gather.execute(pool, one)) |index| return refuse(message, one, "gather", index),
        .scatter => |*one| {
            if (indices.outside(pool, one)) |index| return refuse(message, one, "scatter", index);
            scatter.execute(pool, one);
        },
        .sort => |*one| sort.execute(tables, pool, sort_room, allocator, one) catch {
            message.set("Cannot sort: out of memory for rows of {d} elements", .{one.length});
            return .memory;
        },
        .random => |*one| random.execute(tables, pool, one),
        .check => |*one| {
            const index = indices.outside(pool, one) orelse return .ok;
            message.set("Cannot use label {d}: it must lie in [0, {d})", .{ index, one.length });
            return .range;
        },
    }
    return .ok;
}

fn refuse(message: *Message, one: *const program.Gather, comptime action: []const u8, index: i64) Status {
    message.set("Cannot " ++ action ++ ": index {d} must lie in [0, {d})", .{ index, one.length });
    return .range;
}
