//! float16 and bfloat16: sixteen bits in memory, converted to float32 for every computation.
//!
//! Widening is exact. Narrowing rounds once, to nearest and halves to even; a number that is too
//! large becomes infinite, and NaN stays NaN, with its sign and upper bits. Where a level converts
//! float16 by an instruction, that gives the same bits as the arithmetic here, which the other
//! levels use.

const std = @import("std");
const builtin = @import("builtin");
const DType = @import("dtype.zig").DType;

/// Whether the CPU converts vectors of float16 by an instruction.
const has_float16 = builtin.zig_backend == .stage2_llvm and switch (builtin.cpu.arch) {
    .x86_64 => std.Target.x86.featureSetHas(builtin.cpu.features, .f16c),
    .aarch64, .nvptx64 => true,
    else => false,
};

fn Like(comptime V: type, comptime T: type) type {
    return @Vector(@typeInfo(V).vector.len, T);
}

/// Widens a vector of such words.
pub inline fn widen(comptime dtype: DType, words: anytype) Like(@TypeOf(words), f32) {
    const Words = Like(@TypeOf(words), u32);
    if (dtype == .float16 and has_float16) {
        return @floatCast(@as(Like(@TypeOf(words), f16), @bitCast(words)));
    }
    if (dtype == .float16) return widenFloat16(words);
    comptime std.debug.assert(dtype == .bfloat16);
    return @bitCast(@as(Words, words) << @splat(16));
}

/// The words of the nearest halves.
pub inline fn narrow(comptime dtype: DType, values: anytype) Like(@TypeOf(values), u16) {
    if (dtype == .float16 and has_float16) {
        return @bitCast(@as(Like(@TypeOf(values), f16), @floatCast(values)));
    }
    if (dtype == .float16) return narrowFloat16(values);
    comptime std.debug.assert(dtype == .bfloat16);
    return narrowBfloat16(values);
}

/// float32 numbers that round to a half as the float64 ones do: where a number lies between two
/// neighbours, the one with an odd significand, so that no second rounding meets a tie that was
/// none.
pub inline fn roundToOdd(values: anytype) Like(@TypeOf(values), f32) {
    const Words = Like(@TypeOf(values), u32);
    const nearest: Like(@TypeOf(values), f32) = @floatCast(values);
    const back: @TypeOf(values) = @floatCast(nearest);
    const ones: Words = @splat(1);
    const none: Words = @splat(0);
    const words: Words = @bitCast(nearest);
    const toward_zero = words -% @select(u32, @abs(back) > @abs(values), ones, none);
    // No comparison holds for NaN, which stays as it is.
    const between = (back < values) | (back > values);
    return @bitCast(toward_zero | @select(u32, between, ones, none));
}

// float32 has 8 digits of exponent and 23 of fraction, float16 5 and 10, bfloat16 8 and 7.
const sign_mask = 0x8000_0000;
const infinity = 0x7f80_0000;

inline fn widenFloat16(words: anytype) Like(@TypeOf(words), f32) {
    const Words = Like(@TypeOf(words), u32);
    const Floats = Like(@TypeOf(words), f32);
    const word: Words = words;
    const sign = (word & @as(Words, @splat(0x8000))) << @splat(16);
    const size = (word & @as(Words, @splat(0x7fff))) << @splat(13);
    // The exponent counts from -112 there: a product puts that right for normal and subnormal
    // numbers.
    const scaled = @as(Floats, @bitCast(size)) * @as(Floats, @splat(0x1p112));
    const fraction = size & @as(Words, @splat(0x7f_ffff));
    const quiet = @select(u32, fraction != @as(Words, @splat(0)), @as(Words, @splat(0x40_0000)), @as(Words, @splat(0)));
    const special = fraction | quiet | @as(Words, @splat(infinity));
    const is_special = size >= @as(Words, @splat(0x1f << 23));
    return @bitCast(sign | @select(u32, is_special, special, @as(Words, @bitCast(scaled))));
}

inline fn narrowFloat16(values: anytype) Like(@TypeOf(values), u16) {
    const Words = Like(@TypeOf(values), u32);
    const Floats = Like(@TypeOf(values), f32);
    const word: Words = @bitCast(values);
    const sign = word & @as(Words, @splat(sign_mask));
    const size = word ^ sign;
    // Normal numbers: the exponent is moved, and the number rounded where the fraction is cut. A
    // carry goes into the exponent, up to infinity.
    const odd = (size >> @splat(13)) & @as(Words, @splat(1));
    const normal = (size -% @as(Words, @splat(112 << 23)) +% @as(Words, @splat(0xfff)) +% odd) >> @splat(13);
    // Below 2^-14 a half has fewer digits, down to 2^-24, which is the last place of 1/2: adding
    // 1/2 rounds there.
    const half: Floats = @splat(0.5);
    const sum: Words = @bitCast(@as(Floats, @bitCast(size)) + half);
    const subnormal = sum -% @as(Words, @bitCast(half));
    const fraction = (size >> @splat(13)) & @as(Words, @splat(0x3ff));
    const nan = @as(Words, @splat(0x7e00)) | fraction;
    const is_small = size < @as(Words, @splat(113 << 23));
    const is_large = size >= @as(Words, @splat(143 << 23));
    const is_nan = size > @as(Words, @splat(infinity));
    var result = @select(u32, is_small, subnormal, normal);
    result = @select(u32, is_large, @as(Words, @splat(0x7c00)), result);
    result = @select(u32, is_nan, nan, result) | sign >> @splat(16);
    return @truncate(result);
}

inline fn narrowBfloat16(values: anytype) Like(@TypeOf(values), u16) {
    const Words = Like(@TypeOf(values), u32);
    const word: Words = @bitCast(values);
    const size = word & ~@as(Words, @splat(sign_mask));
    const odd = (word >> @splat(16)) & @as(Words, @splat(1));
    const rounded = word +% @as(Words, @splat(0x7fff)) +% odd;
    const quiet = word | @as(Words, @splat(0x40_0000));
    const is_nan = size > @as(Words, @splat(infinity));
    return @truncate(@select(u32, is_nan, quiet, rounded) >> @splat(16));
}

const testing = std.testing;

/// The value of a word, by the definition of the formats.
fn valueOf(comptime dtype: DType, word: u16) f64 {
    const digits = if (dtype == .float16) 10 else 7;
    const bias = if (dtype == .float16) 15 else 127;
    const top = (1 << (15 - digits)) - 1;
    const exponent: i32 = (word & 0x7fff) >> digits;
    const fraction: f64 = @floatFromInt(word & ((1 << digits) - 1));
    const size = if (exponent == top)
        if (fraction == 0) std.math.inf(f64) else std.math.nan(f64)
    else if (exponent == 0)
        std.math.ldexp(fraction, 1 - bias - digits)
    else
        std.math.ldexp(fraction + (1 << digits), exponent - bias - digits);
    return if (word & 0x8000 != 0) -size else size;
}

test "all 65536 words of either type stand for what the format says, and come back" {
    inline for (.{ DType.float16, DType.bfloat16 }) |dtype| {
        var word: u32 = 0;
        while (word < 1 << 16) : (word += 8) {
            var words: @Vector(8, u16) = undefined;
            inline for (0..8) |k| words[k] = @intCast(word + k);
            const values: [8]f32 = widen(dtype, words);
            const back: [8]u16 = narrow(dtype, @as(@Vector(8, f32), values));
            for (values, back, @as([8]u16, words)) |value, again, one| {
                const want = valueOf(dtype, one);
                if (want != want) {
                    try testing.expect(value != value);
                    const quiet: u16 = if (dtype == .float16) 0x200 else 0x40;
                    // A signalling NaN that is widened and narrowed again may stay as it is.
                    try testing.expectEqual(one | quiet, again | quiet);
                } else {
                    try testing.expectEqual(@as(f32, @floatCast(want)), value);
                    try testing.expectEqual(std.math.signbit(want), std.math.signbit(value));
                    try testing.expectEqual(one, again);
                }
            }
        }
    }
}

test "what lies between two halves rounds to the nearer one, and to the even one from the middle" {
    inline for (.{ DType.float16, DType.bfloat16 }) |dtype| {
        const top: u16 = if (dtype == .float16) 0x7c00 else 0x7f80;
        for (0..top) |at| {
            const low: u16 = @intCast(at);
            const x = valueOf(dtype, low);
            // Beyond the largest half the neighbour is infinity, counted as the number that would
            // follow.
            const y = if (low + 1 == top)
                x + (x - valueOf(dtype, low - 1))
            else
                valueOf(dtype, low + 1);
            const middle = (x + y) / 2;
            const even = if (low % 2 == 0) low else low + 1;
            // Between bfloat16's least numbers the steps of float32 are coarser than 1/512 of the
            // distance.
            const step = @max((y - x) / 512, std.math.floatTrueMin(f32));
            const cases = [_]struct { f64, u16 }{
                .{ x, low },
                .{ middle, even },
                .{ middle - step, low },
                .{ middle + step, low + 1 },
                .{ middle - step / 0x1p30, low },
                .{ middle + step / 0x1p30, low + 1 },
            };
            for (cases, 0..) |case, number| {
                const value, const want = case;
                inline for (.{ 1, -1 }) |sign| {
                    const word: u16 = if (sign < 0) want | 0x8000 else want;
                    const wide: @Vector(1, f64) = .{value * sign};
                    try testing.expectEqual(word, narrow(dtype, roundToOdd(wide))[0]);
                    if (number < 4) {
                        const short: @Vector(1, f32) = @floatCast(wide);
                        try testing.expectEqual(word, narrow(dtype, short)[0]);
                    }
                }
            }
        }
    }
}

test "instructions and arithmetic convert float16 to the same bits" {
    // Each fraction's upper bits with the lower bits that decide on rounding, in all exponents.
    const lows = [_]u32{ 0, 1, 0xfff, 0x1000, 0x1001, 0x1fff };
    for (0..1 << 19) |high| for (lows) |low| {
        const word: u32 = @intCast(high << 13 | low);
        const value: @Vector(1, f32) = @bitCast(word);
        try testing.expectEqual(narrowFloat16(value), narrow(.float16, value));
    };
    for (0..1 << 16) |word| {
        const one: @Vector(1, u16) = .{@intCast(word)};
        const x: [1]u32 = @bitCast(widenFloat16(one));
        const y: [1]u32 = @bitCast(widen(.float16, one));
        try testing.expectEqual(x, y);
    }
}
