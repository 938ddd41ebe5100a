//! Instructions out of f64 words. Whatever stands in the words, what comes out of here touches
//! nothing but the elements of live storages, and every size in it is small enough to be
//! multiplied with the others.

const std = @import("std");
const levels = @import("levels.zig");
const memory_module = @import("memory.zig");
const program = @import("program.zig");
const table = @import("table.zig");

const Memory = memory_module.Memory;
const Opcode = program.Opcode;
const View = program.View;

pub const Failure = error{ Malformed, Range, Stale, Unsupported };

/// Elements of an instruction, counting axes of length 0 as 1, and the size of any stride.
const elements_max = if (@bitSizeOf(usize) == 32) 1 << 30 else 1 << 40;

/// Numbers of operands by row, and whether integers have the row.
const Signature = struct { operands: u8, for_ints: bool };

fn signatures(comptime rows: anytype) [rows.len]Signature {
    var list: [rows.len]Signature = undefined;
    for (rows, &list) |row, *signature| {
        const operands = if (@hasField(@TypeOf(row), "operands")) row.operands else 1;
        signature.* = .{ .operands = operands, .for_ints = row.for_ints };
    }
    return list;
}

const maps = signatures(table.map_rows);
const folds = signatures(table.fold_rows);
const args = signatures(table.arg_rows);

/// Reads the fields of one instruction.
pub const Reader = struct {
    memory: *const Memory,
    message: *program.Message,
    /// The instruction's own words, opcode and length included.
    words: []const f64,
    at: usize = 2,

    fn fail(reader: *Reader, failure: Failure, comptime format: []const u8, values: anytype) Failure {
        @branchHint(.cold);
        reader.message.set("Cannot run: " ++ format, values);
        return failure;
    }

    fn next(reader: *Reader) Failure!f64 {
        if (reader.at >= reader.words.len) {
            return reader.fail(error.Malformed, "the instruction ends early", .{});
        }
        defer reader.at += 1;
        return reader.words[reader.at];
    }

    /// A whole number in `0..bound`.
    inline fn number(reader: *Reader, comptime what: []const u8, bound: f64) Failure!usize {
        const value = try reader.next();
        if (value >= 0 and value < bound) {
            // Signed conversions are one instruction each.
            const whole: i64 = @intFromFloat(value);
            if (@as(f64, @floatFromInt(whole)) == value) return @intCast(whole);
        }
        return reader.notWhole(what, value, bound);
    }

    noinline fn notWhole(reader: *Reader, what: []const u8, value: f64, bound: f64) Failure {
        return reader.fail(error.Malformed, "the {s} {d} must be a whole number in [0, {d})", .{ what, value, bound });
    }

    fn scalars(reader: *Reader) Failure![3]f64 {
        return .{ try reader.next(), try reader.next(), try reader.next() };
    }

    /// Fills `shape`; returns the number of elements.
    fn sizes(reader: *Reader, shape: []usize) Failure!usize {
        var whole: f64 = 1;
        var count: usize = 1;
        for (shape) |*size| {
            size.* = try reader.number("size", elements_max + 1);
            whole *= @floatFromInt(@as(isize, @intCast(@max(size.*, 1))));
            if (whole > elements_max) {
                return reader.fail(error.Range, "the shape has more than {d} elements", .{elements_max});
            }
            count *= size.*;
        }
        return count;
    }

    fn dtype(reader: *Reader) Failure!program.DType {
        const codes = @typeInfo(program.DType).@"enum".field_names.len;
        return @fromBackingInt(@as(u8, @intCast(try reader.number("element type", codes))));
    }

    /// A view of that shape, all of whose elements are in a live storage.
    inline fn view(reader: *Reader, target: *View, shape: []const usize) Failure!void {
        return reader.window(target, shape, true);
    }

    /// A view with strides, or of elements that lie side by side.
    fn window(reader: *Reader, target: *View, shape: []const usize, strided: bool) Failure!void {
        const handle: u32 = @intCast(try reader.number("handle", 1 << 32));
        target.handle = handle;
        target.dtype = try reader.dtype();
        const offset = try reader.number("offset", elements_max);
        const bytes: u8 = @intCast(target.dtype.bytes());
        // Sums only grow, so once they are beyond what f64 holds exactly they are out of range.
        var low: f64 = @floatFromInt(@as(isize, @intCast(offset)));
        var high = low;
        var empty = false;
        for (shape, target.strides[0..shape.len]) |size, *stride| {
            const step = if (strided) try reader.next() else 1;
            const fits = @abs(step) <= elements_max;
            stride.* = if (fits) @intFromFloat(step) else 0;
            if (!fits or @as(f64, @floatFromInt(stride.*)) != step) {
                return reader.fail(error.Malformed, "the stride {d} must be a whole number", .{step});
            }
            if (size == 0) empty = true else {
                const reach = step * @as(f64, @floatFromInt(@as(isize, @intCast(size - 1))));
                if (reach < 0) low += reach else high += reach;
            }
        }
        const storage = reader.memory.find(handle) orelse
            return reader.fail(error.Stale, "there is no storage {d}", .{handle});
        target.data = storage.block.data;
        if (empty) return;
        const size: f64 = @floatFromInt(@as(isize, @intCast(storage.block.bytes)));
        if (!(low >= 0 and (high + 1) * @as(f64, @floatFromInt(bytes)) <= size)) {
            const elements = storage.block.bytes / bytes;
            return reader.fail(error.Range, "a view reaches {d}..{d} of {d} elements", .{ low, high, elements });
        }
        target.data += offset * bytes;
    }

    fn end(reader: *Reader) Failure!void {
        if (reader.at != reader.words.len) {
            return reader.fail(error.Malformed, "the instruction has {d} words, not {d}", .{ reader.at, reader.words.len });
        }
    }

    /// The row and the compute type, which the row must have.
    fn row(reader: *Reader, list: []const Signature, compute: *program.DType) Failure!u16 {
        const found = try reader.number("row", @floatFromInt(list.len));
        const code = try reader.number("compute type", 3);
        compute.* = @fromBackingInt(@as(u8, @intCast(code)));
        if (compute.* == .int32 and !list[found].for_ints) {
            return reader.fail(error.Unsupported, "row {d} does not exist for integers", .{found});
        }
        return @intCast(found);
    }

    fn inputsCount(reader: *Reader, signature: Signature) Failure!u8 {
        const count = try reader.number("number of inputs", program.inputs_max + 1);
        if (count != signature.operands) {
            return reader.fail(error.Malformed, "{d} inputs for a row of {d}", .{ count, signature.operands });
        }
        return @intCast(count);
    }

    /// Decodes the instruction; false where there is nothing to do.
    pub fn read(reader: *Reader, opcode: Opcode, target: *program.Instruction) Failure!bool {
        const useful = switch (opcode) {
            .map => blk: {
                target.* = .{ .map = undefined };
                break :blk try reader.map(&target.map);
            },
            .fold => blk: {
                target.* = .{ .fold = undefined };
                break :blk try reader.fold(&target.fold);
            },
            .arg => blk: {
                target.* = .{ .arg = undefined };
                break :blk try reader.arg(&target.arg);
            },
            .matmul => blk: {
                target.* = .{ .matmul = undefined };
                break :blk try reader.matmul(&target.matmul);
            },
            .gather => blk: {
                target.* = .{ .gather = undefined };
                break :blk try reader.places(&target.gather, true);
            },
            .scatter => blk: {
                target.* = .{ .scatter = undefined };
                break :blk try reader.places(&target.scatter, false);
            },
            .random => blk: {
                target.* = .{ .random = undefined };
                break :blk try reader.random(&target.random);
            },
            .alloc, .free, .group, .end => unreachable,
        };
        try reader.end();
        return useful;
    }

    fn map(reader: *Reader, target: *program.Map) Failure!bool {
        target.row = try reader.row(&maps, &target.compute);
        target.rank = @intCast(try reader.number("rank", program.rank_max + 1));
        target.inputs_count = try reader.inputsCount(maps[target.row]);
        target.scalars = try reader.scalars();
        const shape = target.shape[0..target.rank];
        const count = try reader.sizes(shape);
        try reader.view(&target.out, shape);
        for (target.inputs[0..target.inputs_count]) |*input| try reader.view(input, shape);
        return count != 0;
    }

    fn fold(reader: *Reader, target: *program.Fold) Failure!bool {
        target.row = try reader.row(&folds, &target.compute);
        target.rank = @intCast(try reader.number("rank", program.rank_max + 1));
        target.kept = @intCast(try reader.number("number of kept axes", @floatFromInt(target.rank + 1)));
        target.inputs_count = try reader.inputsCount(folds[target.row]);
        target.scalars = try reader.scalars();
        return reader.reduction(target);
    }

    fn arg(reader: *Reader, target: *program.Fold) Failure!bool {
        target.row = try reader.row(&args, &target.compute);
        target.rank = @intCast(try reader.number("rank", program.rank_max + 1));
        target.kept = @intCast(try reader.number("number of kept axes", @floatFromInt(target.rank + 1)));
        target.inputs_count = 1;
        target.scalars = @splat(0);
        const useful = try reader.reduction(target);
        if (target.out.dtype != .int32) {
            return reader.fail(error.Unsupported, "arg writes int32, not {t}", .{target.out.dtype});
        }
        return useful;
    }

    fn reduction(reader: *Reader, target: *program.Fold) Failure!bool {
        const shape = target.shape[0..target.rank];
        _ = try reader.sizes(shape);
        try reader.view(&target.out, shape[0..target.kept]);
        for (target.inputs[0..target.inputs_count]) |*input| try reader.view(input, shape);
        return std.mem.indexOfScalar(usize, shape[0..target.kept], 0) == null;
    }

    fn matmul(reader: *Reader, target: *program.MatMul) Failure!bool {
        const code = try reader.number("compute type", 3);
        target.compute = @fromBackingInt(@as(u8, @intCast(code)));
        target.batch_rank = @intCast(try reader.number("batch rank", program.rank_max - 1));
        const r = target.batch_rank;
        var extents: [3]usize = undefined;
        _ = try reader.sizes(&extents);
        const m, const n, const k = extents;
        target.m = m;
        target.n = n;
        target.k = k;
        const items = try reader.sizes(target.batch[0..r]);
        const whole = @as(f64, @floatFromInt(items)) * @as(f64, @floatFromInt(@max(m, 1))) *
            @as(f64, @floatFromInt(@max(n, 1)));
        if (whole > elements_max) {
            return reader.fail(error.Range, "the product has more than {d} elements", .{elements_max});
        }
        var shape: [program.rank_max + 2]usize = undefined;
        @memcpy(shape[0..r], target.batch[0..r]);
        const views = [3]*View{ &target.out, &target.a, &target.b };
        for (views, [3][2]usize{ .{ m, n }, .{ m, k }, .{ k, n } }) |operand, last| {
            shape[r..][0..2].* = last;
            try reader.view(operand, shape[0 .. r + 2]);
        }
        return items != 0 and m != 0 and n != 0;
    }

    fn places(reader: *Reader, target: *program.Gather, comptime gathers: bool) Failure!bool {
        var extents: [4]usize = undefined;
        _ = try reader.sizes(&extents);
        target.outer, target.count, target.length, target.inner = extents;
        const long: []const usize = &.{ target.outer, target.length, target.inner };
        const short: []const usize = &.{ target.outer, target.count, target.inner };
        try reader.view(&target.out, if (gathers) short else long);
        try reader.view(&target.source, if (gathers) long else short);
        try reader.view(&target.index, &.{target.count});
        return target.outer != 0 and target.count != 0 and target.inner != 0;
    }

    fn random(reader: *Reader, target: *program.Random) Failure!bool {
        target.count = try reader.number("count", elements_max);
        for (&target.key) |*word| word.* = @intCast(try reader.number("key", 1 << 32));
        const counter = try reader.next();
        if (!(counter >= 0 and counter <= 1 << 53 and counter == @floor(counter))) {
            return reader.fail(error.Malformed, "the counter {d} must be a whole number", .{counter});
        }
        target.counter = @intFromFloat(counter);
        try reader.window(&target.out, &.{target.count}, false);
        if (target.out.dtype == .uint8 or target.out.dtype == .bool) {
            return reader.fail(error.Unsupported, "random writes float32, float64 or int32, not {t}", .{target.out.dtype});
        }
        return target.count != 0;
    }
};
