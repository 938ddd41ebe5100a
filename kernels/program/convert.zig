//! Conversion of elements into a tile of the compute type and back, by rows and columns of any
//! stride. Nothing here traps: floats that an integer cannot hold saturate, NaN becomes 0, and a
//! `bool` is true unless its byte is 0. Halves are converted by way of float32.

const std = @import("std");
const half = @import("../numbers/half.zig");
const program = @import("program.zig");
const DType = program.DType;

/// The compute types, in the order of their codes.
pub const Compute = [3]type{ f32, f64, i32 };

/// Fills `out`, row after row, from `source`. Strides are in bytes.
pub const Load = *const fn (
    out: [*]u8,
    source: [*]const u8,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
) callconv(.c) void;

/// Fills memory from `source`, which holds the rows without gaps.
pub const Store = *const fn (
    out: [*]u8,
    source: [*]const u8,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
) callconv(.c) void;

/// A scalar in the compute type, in the low bytes of a word.
pub fn bitsOf(compute: DType, scalar: f64) u64 {
    return switch (compute) {
        .float32 => @as(u32, @bitCast(convert(f32, scalar))),
        .float64 => @bitCast(scalar),
        else => @as(u32, @bitCast(convert(i32, scalar))),
    };
}

/// The type in which an element lies in memory.
pub fn Stored(comptime dtype: DType) type {
    return switch (dtype) {
        .float32 => f32,
        .float64 => f64,
        .int32 => i32,
        .uint8, .bool => u8,
        .float16, .bfloat16 => u16,
    };
}

pub fn fromStored(comptime dtype: DType, comptime T: type, value: Stored(dtype)) T {
    if (dtype == .bool) return if (value != 0) 1 else 0;
    if (comptime dtype.isHalf()) return convert(T, half.widen(dtype, @Vector(1, u16){value})[0]);
    return convert(T, value);
}

pub fn toStored(comptime dtype: DType, comptime T: type, value: T) Stored(dtype) {
    if (dtype == .bool) return @intFromBool(value != 0);
    if (comptime dtype.isHalf()) return toHalves(dtype, T, 1, @splat(value))[0];
    return convert(Stored(dtype), value);
}

/// Stores `count` elements of a compute type as halves; each is rounded once.
inline fn toHalves(comptime dtype: DType, comptime T: type, comptime count: usize, values: @Vector(count, T)) @Vector(count, u16) {
    return switch (T) {
        f64 => half.narrow(dtype, half.roundToOdd(values)),
        f32 => half.narrow(dtype, values),
        else => half.narrow(dtype, @as(@Vector(count, f32), @floatFromInt(values))),
    };
}

/// Converts as C does where C defines the result; an integer wraps into a narrower one.
pub fn convert(comptime To: type, value: anytype) To {
    const From = @TypeOf(value);
    if (From == To) return value;
    const from_float = @typeInfo(From) == .float;
    if (@typeInfo(To) == .float) return if (from_float) @floatCast(value) else @floatFromInt(value);
    if (!from_float) {
        const wide: i64 = value;
        return @truncate(if (To == u8) @as(u64, @bitCast(wide)) else wide);
    }
    const low: From = @floatFromInt(std.math.minInt(To));
    // The bound is one past the largest integer, which f32 can represent where it cannot represent
    // the largest itself.
    const high: From = -low + @as(From, if (To == u8) 256 else 0);
    if (!(value > low)) return if (value <= low) std.math.minInt(To) else 0;
    if (value >= high) return std.math.maxInt(To);
    return @intFromFloat(value);
}

/// Halves that are converted together: the most lanes of any level.
const halves = 16;

fn at(comptime T: type, bytes: anytype, offset: isize) *align(1) const T {
    return @ptrFromInt(@intFromPtr(bytes) +% @as(usize, @bitCast(offset)));
}

pub fn Loader(comptime dtype: DType, comptime T: type) type {
    const S = Stored(dtype);
    return struct {
        pub fn load(
            out_bytes: [*]u8,
            source: [*]const u8,
            rows: usize,
            columns: usize,
            row_stride: isize,
            column_stride: isize,
        ) callconv(.c) void {
            const out: [*]T = @ptrCast(@alignCast(out_bytes));
            if (@abs(row_stride) < @abs(column_stride) and row_stride != 0) {
                // The source is contiguous along its columns: it is read in that order, and the
                // tile is in cache.
                var c: usize = 0;
                if (squares and row_stride == @sizeOf(S)) {
                    while (c + side <= columns) : (c += side) {
                        const begin = at(u8, source, @as(isize, @intCast(c)) *% column_stride);
                        columnsAcross(out + c, begin, rows, columns, column_stride);
                    }
                }
                while (c < columns) : (c += 1) {
                    const begin = at(u8, source, @as(isize, @intCast(c)) *% column_stride);
                    column(out + c, begin, rows, columns, row_stride);
                }
                return;
            }
            for (0..rows) |r| {
                const begin = at(u8, source, @as(isize, @intCast(r)) *% row_stride);
                row(out + r * columns, begin, columns, column_stride);
            }
        }

        /// Whether one load reads a whole line of a square.
        const squares = S == T or (T == f32 and dtype.isHalf());
        const side = 8;
        const Line = @Vector(side, T);

        /// Loads `side` columns, squares of which are transposed in registers.
        fn columnsAcross(
            out: [*]T,
            source: *const u8,
            rows: usize,
            columns: usize,
            stride: isize,
        ) void {
            const whole = rows / side * side;
            // Prefetches the rows after these, which lie where the processor's own prefetching does
            // not look.
            inline for (0..side) |c| {
                const down: isize = @intCast(rows * @sizeOf(T));
                @prefetch(at(u8, source, stride *% c +% down), .{ .locality = 2 });
            }
            var r: usize = 0;
            while (r < whole) : (r += side) {
                var square: [side]Line = undefined;
                inline for (&square, 0..) |*line, c| {
                    const run: [*]align(1) const S = @ptrCast(at(u8, source, stride *% c));
                    line.* = lineOf(side, run + r);
                }
                transpose(&square);
                inline for (square, 0..) |line, i| out[(r + i) * columns ..][0..side].* = line;
            }
            for (0..side) |c| {
                const down: isize = @intCast(whole * @sizeOf(S));
                const begin = at(u8, source, stride *% @as(isize, @intCast(c)) +% down);
                column(out + whole * columns + c, begin, rows - whole, columns, @sizeOf(S));
            }
        }

        inline fn lineOf(comptime count: usize, source: [*]align(1) const S) @Vector(count, T) {
            const line: @Vector(count, S) = source[0..count].*;
            return if (S == T) line else half.widen(dtype, line);
        }

        /// Interleaving each line with the one `side / 2` after it, three times in all, transposes
        /// the square.
        inline fn transpose(square: *[side]Line) void {
            inline for (0..3) |_| {
                var next: [side]Line = undefined;
                inline for (0..side / 2) |i| {
                    const pair = .{ square[i], square[i + side / 2] };
                    next[2 * i] = @shuffle(T, pair[0], pair[1], interleave(0));
                    next[2 * i + 1] = @shuffle(T, pair[0], pair[1], interleave(side / 2));
                }
                square.* = next;
            }
        }

        fn interleave(comptime first: i32) @Vector(side, i32) {
            var mask: [side]i32 = undefined;
            for (&mask, 0..) |*from, i| {
                const place = first + @as(i32, @intCast(i / 2));
                from.* = if (i % 2 == 0) place else ~place;
            }
            return mask;
        }

        fn column(out: [*]T, source: *const u8, rows: usize, columns: usize, stride: isize) void {
            if (stride == @sizeOf(S)) {
                const run: [*]align(1) const S = @ptrCast(source);
                for (0..rows) |r| out[r * columns] = fromStored(dtype, T, run[r]);
                return;
            }
            for (0..rows) |r| {
                const value = at(S, source, @as(isize, @intCast(r)) *% stride).*;
                out[r * columns] = fromStored(dtype, T, value);
            }
        }

        fn row(out: [*]T, source: *const u8, columns: usize, stride: isize) void {
            const run: [*]align(1) const S = @ptrCast(source);
            if (stride == @sizeOf(S)) {
                var c: usize = 0;
                if (comptime T == f32 and dtype.isHalf()) {
                    while (c + halves <= columns) : (c += halves) out[c..][0..halves].* = lineOf(halves, run + c);
                }
                while (c < columns) : (c += 1) out[c] = fromStored(dtype, T, run[c]);
            } else if (stride == 0) {
                @memset(out[0..columns], fromStored(dtype, T, run[0]));
            } else if (S == T and stride == 2 * @sizeOf(S)) {
                // The second line begins one element early, for what follows the last element is
                // not the source's.
                const even: @Vector(side, i32) = .{ 0, 2, 4, 6, ~@as(i32, 1), ~@as(i32, 3), ~@as(i32, 5), ~@as(i32, 7) };
                var c: usize = 0;
                while (c + side <= columns) : (c += side) {
                    const first: Line = run[2 * c ..][0..side].*;
                    const second: Line = run[2 * c + side - 1 ..][0..side].*;
                    out[c..][0..side].* = @shuffle(T, first, second, even);
                }
                while (c < columns) : (c += 1) out[c] = run[2 * c];
            } else {
                var c: usize = 0;
                // Backwards, as scans from the end and flipped tensors are read.
                if (squares and stride == -@sizeOf(S)) while (c + side <= columns) : (c += side) {
                    const line: [*]align(1) const S = @ptrCast(at(S, source, @as(isize, @intCast(c + side - 1)) *% stride));
                    out[c..][0..side].* = std.simd.reverseOrder(lineOf(side, line));
                };
                while (c < columns) : (c += 1) {
                    const value = at(S, source, @as(isize, @intCast(c)) *% stride).*;
                    out[c] = fromStored(dtype, T, value);
                }
            }
        }
    };
}

pub fn Storer(comptime dtype: DType, comptime T: type) type {
    const S = Stored(dtype);
    return struct {
        pub fn store(
            out: [*]u8,
            source_bytes: [*]const u8,
            rows: usize,
            columns: usize,
            row_stride: isize,
            column_stride: isize,
        ) callconv(.c) void {
            const source: [*]const T = @ptrCast(@alignCast(source_bytes));
            for (0..rows) |r| {
                const begin = at(u8, out, @as(isize, @intCast(r)) *% row_stride);
                row(@constCast(begin), source + r * columns, columns, column_stride);
            }
        }

        fn row(out: *u8, source: [*]const T, columns: usize, stride: isize) void {
            if (stride == @sizeOf(S)) {
                const run: [*]align(1) S = @ptrCast(out);
                var c: usize = 0;
                if (comptime dtype.isHalf()) {
                    while (c + halves <= columns) : (c += halves) {
                        run[c..][0..halves].* = toHalves(dtype, T, halves, source[c..][0..halves].*);
                    }
                }
                while (c < columns) : (c += 1) run[c] = toStored(dtype, T, source[c]);
            } else {
                var c: usize = 0;
                if (S == T and stride == -@sizeOf(S)) while (c + 8 <= columns) : (c += 8) {
                    const line: *align(1) [8]S = @ptrCast(@constCast(at(S, out, @as(isize, @intCast(c + 7)) *% stride)));
                    line.* = std.simd.reverseOrder(@as(@Vector(8, T), source[c..][0..8].*));
                };
                while (c < columns) : (c += 1) {
                    const element = @constCast(at(S, out, @as(isize, @intCast(c)) *% stride));
                    element.* = toStored(dtype, T, source[c]);
                }
            }
        }
    };
}

test "convert saturates, wraps and never traps" {
    const expect = std.testing.expectEqual;
    const nan = std.math.nan(f32);
    const inf = std.math.inf(f32);
    try expect(@as(i32, 0), convert(i32, nan));
    try expect(@as(i32, std.math.maxInt(i32)), convert(i32, inf));
    try expect(@as(i32, std.math.minInt(i32)), convert(i32, -inf));
    try expect(@as(i32, std.math.maxInt(i32)), convert(i32, @as(f64, 2147483647.5)));
    try expect(@as(i32, -2147483648), convert(i32, @as(f64, -2147483648)));
    try expect(@as(i32, -3), convert(i32, @as(f32, -3.99)));
    try expect(@as(u8, 255), convert(u8, @as(f32, 256)));
    try expect(@as(u8, 255), convert(u8, @as(f32, 255.5)));
    try expect(@as(u8, 0), convert(u8, @as(f32, -1)));
    try expect(@as(u8, 0), convert(u8, nan));
    try expect(@as(u8, 44), convert(u8, @as(i32, 300)));
    try expect(@as(u8, 255), convert(u8, @as(i32, -1)));
    try expect(@as(f32, 200), convert(f32, @as(u8, 200)));
    try expect(@as(u8, 1), toStored(.bool, f32, nan));
    try expect(@as(u16, 0x3c00), toStored(.float16, i32, 1));
    try expect(@as(u16, 0x7c00), toStored(.float16, i32, 1 << 20));
    try expect(@as(u16, 0x4f00), toStored(.bfloat16, i32, std.math.maxInt(i32)));
    try expect(@as(i32, -65504), fromStored(.float16, i32, 0xfbff));
    try expect(@as(i32, std.math.maxInt(i32)), fromStored(.bfloat16, i32, 0x7f80));
    // The value is half way between two halves in float32, but not in float64.
    try expect(@as(u16, 0x3c01), toStored(.float16, f64, 1 + 0x1p-11 + 0x1p-40));
    try expect(@as(u16, 0x3c00), toStored(.float16, f64, 1 + 0x1p-11));
    try expect(@as(f32, 1), fromStored(.bool, f32, 7));
}

test "halves are loaded and stored alike in rows, in columns and by strides" {
    inline for (.{ DType.float16, DType.bfloat16 }) |dtype| inline for (Compute) |T| {
        const rows = 19;
        const columns = 37;
        var source: [2 * rows * columns]u16 = undefined;
        for (&source, 0..) |*word, i| word.* = @truncate(i *% 40503);
        var out: [rows * columns]T = undefined;
        const bytes: [*]const u8 = @ptrCast(&source);
        const Case = struct { usize, usize };
        for ([_]Case{ .{ columns, 1 }, .{ 1, rows }, .{ 2 * columns, 2 }, .{ 0, 1 }, .{ 1, 0 }, .{ 2, 2 * rows } }) |case| {
            const down, const along = case;
            Loader(dtype, T).load(@ptrCast(&out), bytes, rows, columns, @intCast(2 * down), @intCast(2 * along));
            for (0..rows) |r| for (0..columns) |c| {
                const want = fromStored(dtype, T, source[r * down + c * along]);
                const found = out[r * columns + c];
                try std.testing.expect(found == want or (found != found and want != want));
            };
            if (down == 0 or along == 0) continue;
            var back: [2 * rows * columns]u16 = @splat(0xaaaa);
            Storer(dtype, T).store(@ptrCast(&back), @ptrCast(&out), rows, columns, @intCast(2 * down), @intCast(2 * along));
            for (0..rows) |r| for (0..columns) |c| {
                const place = r * down + c * along;
                try std.testing.expectEqual(toStored(dtype, T, out[r * columns + c]), back[place]);
                back[place] = 0xaaaa;
            };
            for (back) |word| try std.testing.expectEqual(0xaaaa, word);
        }
    };
}

test "rows are loaded and stored backwards" {
    const count = 37;
    var source: [count]f32 = undefined;
    for (&source, 0..) |*element, i| element.* = @floatFromInt(i);
    var loaded: [count]f32 = undefined;
    Loader(.float32, f32).load(@ptrCast(&loaded), @ptrCast(&source[count - 1]), 1, count, 0, -@sizeOf(f32));
    for (loaded, 0..) |element, i| try std.testing.expectEqual(source[count - 1 - i], element);
    var stored: [count]f32 = undefined;
    Storer(.float32, f32).store(@ptrCast(&stored[count - 1]), @ptrCast(&loaded), 1, count, 0, -@sizeOf(f32));
    try std.testing.expectEqualSlices(f32, &source, &stored);
}
