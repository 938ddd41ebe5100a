//! Instructions out of f64 words. Whatever stands in the words, what comes out of here touches
//! nothing but the elements of live storages, and every size in it is small enough to be
//! multiplied with the others.

const std = @import("std");
const levels = @import("../cpu/levels.zig");
const memory_module = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");

const Memory = memory_module.Memory;
const Opcode = program.Opcode;
const View = program.View;

pub const Failure = error{ Malformed, Range, Stale, Unsupported };

/// Elements of an instruction, counting axes of length 0 as 1, and the size of any stride.
pub const elements_max = if (@bitSizeOf(usize) == 32) 1 << 30 else 1 << 40;

/// Numbers of operands and scalars by row, and whether integers have the row.
const Signature = struct { operands: u8, scalars: u8, for_ints: bool };

fn signatures(comptime rows: anytype) [rows.len]Signature {
    var list: [rows.len]Signature = undefined;
    for (rows, &list) |row, *signature| {
        const operands = if (@hasField(@TypeOf(row), "operands")) row.operands else 1;
        const scalars = if (@hasField(@TypeOf(row), "scalars")) row.scalars else 0;
        signature.* = .{ .operands = operands, .scalars = scalars, .for_ints = row.for_ints };
    }
    return list;
}

const maps = signatures(table.map_rows);
const folds = signatures(table.fold_rows);
const args = signatures(table.arg_rows);

/// Adding it to a whole number of at most 51 bits leaves that number in the low bits of the sum.
const magic: f64 = 3 << 51;
const magic_bits: i64 = @bitCast(magic);
/// What stands for a word that is no whole number. It is in no range.
const none: i64 = std.math.minInt(i64);

/// The word as a whole number. What is none, or has more than 51 bits, comes out beyond 51 bits.
pub inline fn wholeOf(word: f64) i64 {
    return wholesOf(1, .{word})[0];
}

/// The same for several words, which costs hardly more.
pub inline fn wholesOf(comptime count: usize, words: @Vector(count, f64)) @Vector(count, i64) {
    const shift: @Vector(count, f64) = @splat(magic);
    const sums = words + shift;
    const bits: @Vector(count, i64) = @bitCast(sums);
    const wholes = bits -% @as(@Vector(count, i64), @splat(magic_bits));
    return @select(i64, sums - shift == words, wholes, @as(@Vector(count, i64), @splat(none)));
}

/// The word as a counter of random blocks.
pub fn counterOf(word: f64) ?u64 {
    return if (word >= 0 and word < 1 << 53 and word == @floor(word)) @intFromFloat(word) else null;
}

/// A storage that a flat map makes for its output.
pub const Fresh = struct { handle: u32, bytes: u64 };

/// The storage that a flat map of these words makes; null if it makes none.
pub inline fn freshOf(words: []const f64) ?Fresh {
    if (words.len < 6) return null;
    const code, const count, const handle, _ = wholesOf(4, words[2..6].*);
    if (code < 0 or code & 4 == 0 or count < 0 or handle < 0 or handle >= 1 << 32) return null;
    const compute: program.DType = switch (code & 3) {
        0 => .float32,
        1 => .float64,
        2 => .int32,
        else => return null,
    };
    return .{ .handle = @intCast(handle), .bytes = @as(u64, @intCast(count)) << compute.shift() };
}

/// What views were read: where the handle of each stands among the instruction's words, and how far
/// it reaches from its first element.
pub const Found = struct {
    views: [program.inputs_max + 1]struct { at: u32, low: i64, high: i64, empty: bool } = undefined,
    count: usize = 0,
};

/// Words of the longest instruction, a map or fold of `inputs_max` operands, and a vector more.
const longest = 10 + program.rank_max + (program.inputs_max + 1) * (3 + program.rank_max) + lanes;
const lanes = 4;

/// Reads the fields of one instruction. Its length is compared with what its first fields ask for
/// before any other is read.
pub const Reader = struct {
    memory: *const Memory,
    message: *program.Message,
    /// The instruction's own words, opcode and length included.
    words: []const f64,
    /// The same, as far as they are whole numbers.
    wholes: [longest]i64 = undefined,
    /// Where views are noted, if anybody asks.
    found: ?*Found,

    pub inline fn init(reader: *Reader, memory: *const Memory, message: *program.Message, words: []const f64) void {
        reader.memory = memory;
        reader.message = message;
        reader.words = words;
        reader.found = null;
        const length = @min(words.len, longest - lanes);
        var at: usize = 0;
        while (at + lanes <= length) : (at += lanes) {
            reader.wholes[at..][0..lanes].* = wholesOf(lanes, words[at..][0..lanes].*);
        }
        while (at < length) : (at += 1) reader.wholes[at] = wholeOf(words[at]);
    }

    /// Decodes the instruction; false where there is nothing to do.
    pub fn read(reader: *const Reader, opcode: Opcode, target: *program.Instruction) Failure!bool {
        switch (opcode) {
            .map => {
                target.* = .{ .map = undefined };
                return reader.map(&target.map);
            },
            .flat => {
                target.* = .{ .map = undefined };
                return reader.flat(&target.map);
            },
            .fold => {
                target.* = .{ .fold = undefined };
                return reader.fold(&target.fold);
            },
            .arg => {
                target.* = .{ .arg = undefined };
                return reader.arg(&target.arg);
            },
            .matmul => {
                target.* = .{ .matmul = undefined };
                return reader.matmul(&target.matmul);
            },
            .gather => {
                target.* = .{ .gather = undefined };
                return reader.places(&target.gather, true);
            },
            .scatter => {
                target.* = .{ .scatter = undefined };
                return reader.places(&target.scatter, false);
            },
            .random => {
                target.* = .{ .random = undefined };
                return reader.random(&target.random);
            },
            .alloc, .free, .group, .end, .check => unreachable,
        }
    }

    fn map(reader: *const Reader, target: *program.Map) Failure!bool {
        try reader.atLeast(9);
        target.row = try reader.row(2, &maps);
        target.compute = try reader.compute(3, maps[target.row]);
        target.rank = @intCast(try reader.number(4, "rank", program.rank_max + 1));
        target.inputs_count = try reader.inputsCount(5, maps[target.row]);
        target.scalars = reader.words[6..9].*;
        const rank: usize = target.rank;
        const inputs: usize = target.inputs_count;
        try reader.exactly(9 + rank + (inputs + 1) * (3 + rank));
        const shape = target.shape[0..rank];
        const count = try reader.sizes(9, shape);
        try reader.view(9 + rank, &target.out, shape);
        for (target.inputs[0..inputs], 1..) |*input, k| {
            try reader.view(9 + rank + k * (3 + rank), input, shape);
        }
        return count != 0;
    }

    /// A map of elements side by side in half the words, since most eager ops are one.
    fn flat(reader: *const Reader, target: *program.Map) Failure!bool {
        try reader.atLeast(6);
        const code = try reader.number(2, "row", 8 * maps.len);
        target.row = @intCast(code >> 3);
        const signature = maps[target.row];
        const operands: usize = signature.operands;
        const scalars: usize = signature.scalars;
        target.compute = try reader.computeOf(code & 3, signature);
        target.rank = 1;
        target.inputs_count = signature.operands;
        try reader.exactly(6 + 2 * operands + scalars);
        const count = try reader.number(3, "size", elements_max + 1);
        target.shape[0] = count;
        try reader.line(4, &target.out, count, target.compute);
        for (target.inputs[0..operands], 0..) |*input, k| {
            try reader.line(6 + 2 * k, input, count, target.compute);
        }
        target.scalars = @splat(0);
        for (target.scalars[0..scalars], reader.words[6 + 2 * operands ..]) |*scalar, word| scalar.* = word;
        return count != 0;
    }

    /// So many elements side by side.
    inline fn line(reader: *const Reader, at: usize, target: *View, count: usize, dtype: program.DType) Failure!void {
        const handle: u32 = @intCast(try reader.number(at, "handle", 1 << 32));
        const offset = try reader.number(at + 1, "offset", elements_max);
        const storage = reader.memory.find(handle) orelse
            return reader.fail(error.Stale, "there is no storage {d}", .{handle});
        const elements = storage.block.bytes >> dtype.shift();
        if (count > elements or offset > elements - count) {
            return reader.fail(error.Range, "a view reaches {d}..{d} of {d} elements", .{ offset, offset + count, elements });
        }
        target.handle = handle;
        target.dtype = dtype;
        target.strides[0] = 1;
        target.data = storage.block.data + (offset << dtype.shift());
    }

    fn fold(reader: *const Reader, target: *program.Fold) Failure!bool {
        try reader.atLeast(10);
        target.row = try reader.row(2, &folds);
        target.compute = try reader.compute(3, folds[target.row]);
        target.inputs_count = try reader.inputsCount(6, folds[target.row]);
        target.scalars = reader.words[7..10].*;
        return reader.reduction(10, target);
    }

    fn arg(reader: *const Reader, target: *program.Fold) Failure!bool {
        try reader.atLeast(6);
        target.row = try reader.row(2, &args);
        target.compute = try reader.compute(3, args[target.row]);
        target.inputs_count = 1;
        target.scalars = @splat(0);
        const useful = try reader.reduction(6, target);
        if (target.out.dtype != .int32) {
            return reader.fail(error.Unsupported, "arg writes int32, not {t}", .{target.out.dtype});
        }
        return useful;
    }

    /// What fold and arg share: rank and kept axes in words 4 and 5, shape and views from `begin`.
    fn reduction(reader: *const Reader, begin: usize, target: *program.Fold) Failure!bool {
        target.rank = @intCast(try reader.number(4, "rank", program.rank_max + 1));
        target.kept = @intCast(try reader.number(5, "number of kept axes", target.rank + 1));
        const rank: usize = target.rank;
        const kept: usize = target.kept;
        const inputs: usize = target.inputs_count;
        try reader.exactly(begin + rank + 3 + kept + inputs * (3 + rank));
        const shape = target.shape[0..rank];
        _ = try reader.sizes(begin, shape);
        try reader.view(begin + rank, &target.out, shape[0..kept]);
        for (target.inputs[0..inputs], 0..) |*input, k| {
            try reader.view(begin + rank + 3 + kept + k * (3 + rank), input, shape);
        }
        return std.mem.indexOfScalar(usize, shape[0..kept], 0) == null;
    }

    fn matmul(reader: *const Reader, target: *program.MatMul) Failure!bool {
        try reader.atLeast(7);
        target.compute = try reader.compute(2, .{ .operands = 2, .scalars = 0, .for_ints = true });
        target.batch_rank = @intCast(try reader.number(3, "batch rank", program.rank_max - 1));
        const rank: usize = target.batch_rank;
        try reader.exactly(7 + rank + 3 * (5 + rank));
        var extents: [3]usize = undefined;
        _ = try reader.sizes(4, &extents);
        const m, const n, const k = extents;
        target.m = m;
        target.n = n;
        target.k = k;
        target.panels = null;
        const items = try reader.sizes(7, target.batch[0..rank]);
        const whole = product(product(@as(u64, @max(items, 1)), @max(m, 1)), @max(n, 1));
        if (whole > elements_max) {
            return reader.fail(error.Range, "the product has more than {d} elements", .{elements_max});
        }
        var shape: [program.rank_max + 2]usize = undefined;
        @memcpy(shape[0..rank], target.batch[0..rank]);
        const views = [3]*View{ &target.out, &target.a, &target.b };
        for (views, [3][2]usize{ .{ m, n }, .{ m, k }, .{ k, n } }, 0..) |operand, last, i| {
            shape[rank..][0..2].* = last;
            try reader.view(7 + rank + i * (5 + rank), operand, shape[0 .. rank + 2]);
        }
        return items != 0 and m != 0 and n != 0;
    }

    fn places(reader: *const Reader, target: *program.Gather, comptime gathers: bool) Failure!bool {
        try reader.exactly(22);
        var extents: [4]usize = undefined;
        _ = try reader.sizes(2, &extents);
        target.outer, target.count, target.length, target.inner = extents;
        const long: []const usize = &.{ target.outer, target.length, target.inner };
        const short: []const usize = &.{ target.outer, target.count, target.inner };
        try reader.view(6, &target.out, if (gathers) short else long);
        try reader.view(12, &target.source, if (gathers) long else short);
        try reader.view(18, &target.index, &.{target.count});
        // Indices are checked before anything is written, and must not change after that.
        if (target.out.handle == target.index.handle) {
            return reader.fail(error.Unsupported, "the output lies in the storage of the indices", .{});
        }
        return target.outer != 0 and target.count != 0 and target.inner != 0;
    }

    /// The length that indices must lie below, and the view of them.
    pub fn check(reader: *const Reader, target: *program.Gather) Failure!void {
        try reader.exactly(8);
        target.count = try reader.number(2, "count", elements_max);
        target.length = try reader.number(3, "length", elements_max);
        try reader.view(4, &target.index, &.{target.count});
        switch (target.index.dtype) {
            .int32, .uint8, .bool => {},
            .float32, .float64, .float16, .bfloat16 => return reader.fail(error.Unsupported, "an index of {t}", .{target.index.dtype}),
        }
    }

    fn random(reader: *const Reader, target: *program.Random) Failure!bool {
        try reader.exactly(9);
        target.count = try reader.number(2, "count", elements_max);
        for (&target.key, 3..) |*word, at| word.* = @intCast(try reader.number(at, "key", 1 << 32));
        target.counter = counterOf(reader.words[5]) orelse
            return reader.fail(error.Malformed, "the counter {d} must be a whole number in [0, {d})", .{ reader.words[5], 1 << 53 });
        // Elements side by side, so the view has no strides to read.
        try reader.window(6, &target.out, &.{target.count}, false);
        switch (target.out.dtype) {
            .float32, .float64, .int32 => {},
            else => |dtype| return reader.fail(error.Unsupported, "random writes float32, float64 or int32, not {t}", .{dtype}),
        }
        return target.count != 0;
    }

    fn fail(reader: *const Reader, failure: Failure, comptime format: []const u8, values: anytype) Failure {
        @branchHint(.cold);
        reader.message.set("Cannot run: " ++ format, values);
        return failure;
    }

    fn atLeast(reader: *const Reader, length: usize) Failure!void {
        if (reader.words.len < length) {
            return reader.fail(error.Malformed, "an instruction of {d} words ends early", .{reader.words.len});
        }
    }

    fn exactly(reader: *const Reader, length: usize) Failure!void {
        if (reader.words.len != length) {
            return reader.fail(error.Malformed, "an instruction of {d} words should have {d}", .{ reader.words.len, length });
        }
    }

    /// The whole number in `0..bound` that stands there.
    inline fn number(reader: *const Reader, at: usize, comptime what: []const u8, bound: u64) Failure!usize {
        const whole: u64 = @bitCast(reader.wholes[at]);
        if (whole < bound) return @intCast(whole);
        return reader.fail(error.Malformed, "the " ++ what ++ " {d} must be a whole number in [0, {d})", .{ reader.words[at], bound });
    }

    fn row(reader: *const Reader, at: usize, list: []const Signature) Failure!u16 {
        return @intCast(try reader.number(at, "row", list.len));
    }

    /// The compute type, which must be one that the row has.
    fn compute(reader: *const Reader, at: usize, signature: Signature) Failure!program.DType {
        return reader.computeOf(try reader.number(at, "compute type", 3), signature);
    }

    inline fn computeOf(reader: *const Reader, code: usize, signature: Signature) Failure!program.DType {
        if (code >= 3) return reader.fail(error.Malformed, "the compute type {d} must be a whole number in [0, 3)", .{code});
        const found: program.DType = @fromBackingInt(@as(u8, @intCast(code)));
        if (found == .int32 and !signature.for_ints) {
            return reader.fail(error.Unsupported, "the row does not exist for integers", .{});
        }
        return found;
    }

    fn inputsCount(reader: *const Reader, at: usize, signature: Signature) Failure!u8 {
        const count = try reader.number(at, "number of inputs", program.inputs_max + 1);
        if (count != signature.operands) {
            return reader.fail(error.Malformed, "{d} inputs for a row of {d}", .{ count, signature.operands });
        }
        return @intCast(count);
    }

    /// Fills `shape` from the words there; returns the number of elements.
    fn sizes(reader: *const Reader, at: usize, shape: []usize) Failure!usize {
        var whole: u64 = 1;
        var count: usize = 1;
        for (shape, at..) |*size, place| {
            size.* = try reader.number(place, "size", elements_max + 1);
            // Both factors are at most `elements_max`.
            whole = product(whole, @max(size.*, 1));
            if (whole > elements_max) {
                return reader.fail(error.Range, "the shape has more than {d} elements", .{elements_max});
            }
            count *= size.*;
        }
        return count;
    }

    /// A view of that shape, all of whose elements are in a live storage.
    inline fn view(reader: *const Reader, at: usize, target: *View, shape: []const usize) Failure!void {
        return reader.window(at, target, shape, true);
    }

    /// A view with strides, or of elements that lie side by side.
    fn window(reader: *const Reader, at: usize, target: *View, shape: []const usize, strided: bool) Failure!void {
        const handle: u32 = @intCast(try reader.number(at, "handle", 1 << 32));
        const codes = @typeInfo(program.DType).@"enum".field_names.len;
        target.handle = handle;
        target.dtype = @fromBackingInt(@as(u8, @intCast(try reader.number(at + 1, "element type", codes))));
        const offset = try reader.number(at + 2, "offset", elements_max);
        const storage = reader.memory.find(handle) orelse
            return reader.fail(error.Stale, "there is no storage {d}", .{handle});
        var low: i64 = @intCast(offset);
        var high = low;
        var empty = false;
        for (shape, target.strides[0..shape.len], at + 3..) |size, *stride, place| {
            const step: i64 = if (strided) reader.wholes[place] else 1;
            if (step > elements_max or step < -elements_max) {
                return reader.fail(error.Malformed, "the stride {d} must be a whole number", .{reader.words[place]});
            }
            stride.* = @intCast(step);
            if (size == 0) empty = true else {
                // What saturates is out of range and stays so.
                const reach = product(step, @intCast(size - 1));
                if (reach < 0) low +|= reach else high +|= reach;
            }
        }
        const shift = target.dtype.shift();
        target.data = storage.block.data;
        if (reader.found) |found| {
            const from: i64 = @intCast(offset);
            found.views[found.count] = .{ .at = @intCast(at), .low = low - from, .high = high - from, .empty = empty };
            found.count += 1;
        }
        if (empty) return;
        const elements = storage.block.bytes >> shift;
        if (low < 0 or high >= elements) {
            return reader.fail(error.Range, "a view reaches {d}..{d} of {d} elements", .{ low, high, elements });
        }
        target.data += offset << shift;
    }
};

/// The product, as far as its type goes. In 32-bit memory nothing grows beyond it.
inline fn product(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    return if (@bitSizeOf(usize) == 32) a * b else a *| b;
}
