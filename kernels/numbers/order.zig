//! Keys: unsigned integers in the order of the elements of a type. -0 equals 0, and NaN is greater
//! than all numbers and equal to itself, whatever its sign and digits.

const std = @import("std");
const DType = @import("dtype.zig").DType;

/// The word of an element in memory.
pub fn Word(comptime dtype: DType) type {
    return @Int(.unsigned, 8 * dtype.bytes());
}

/// The type of an element's key.
pub fn KeyOf(comptime dtype: DType) type {
    return if (dtype == .float64) u64 else u32;
}

/// The key of an element, whose complement is the key in descending order.
pub inline fn keyOf(comptime dtype: DType, word: Word(dtype)) KeyOf(dtype) {
    const W = Word(dtype);
    const sign = @as(W, 1) << @bitSizeOf(W) - 1;
    switch (dtype) {
        .bool => return @intFromBool(word != 0),
        .uint8 => return word,
        .int32 => return word ^ sign,
        .float32, .float64, .float16, .bfloat16 => {
            const magnitude = word & ~sign;
            // The order of negative numbers is that of their magnitudes, backwards.
            const spread: W = @bitCast(@as(@Int(.signed, @bitSizeOf(W)), @bitCast(word)) >> @bitSizeOf(W) - 1);
            const key: W = if (magnitude == 0) sign else word ^ (spread | sign);
            return if (magnitude > comptime infinityOf(dtype)) ~@as(W, 0) else key;
        },
    }
}

/// The word of infinity: those of NaN have a greater magnitude.
pub fn infinityOf(comptime dtype: DType) Word(dtype) {
    return switch (dtype) {
        .float32 => 0x7f80_0000,
        .float64 => 0x7ff0_0000_0000_0000,
        .float16 => 0x7c00,
        .bfloat16 => 0x7f80,
        else => @compileError("only floats are infinite"),
    };
}

test "keys have the order of numbers" {
    const floats = [_]f64{ -std.math.inf(f64), -1e30, -2.5, -1, -1e-30, 0, 1e-30, 1, 2.5, 1e30, std.math.inf(f64), std.math.nan(f64) };
    inline for (.{ .float32, .float64 }) |dtype| {
        const T = if (dtype == .float32) f32 else f64;
        for (floats[0 .. floats.len - 1], floats[1..]) |x, y| {
            const low = keyOf(dtype, @bitCast(@as(T, @floatCast(x))));
            try std.testing.expect(low < keyOf(dtype, @bitCast(@as(T, @floatCast(y)))));
        }
        try std.testing.expectEqual(keyOf(dtype, @bitCast(@as(T, -0.0))), keyOf(dtype, @bitCast(@as(T, 0.0))));
        const nan = std.math.nan(T);
        try std.testing.expectEqual(keyOf(dtype, @bitCast(-nan)), keyOf(dtype, @bitCast(nan)));
    }
    // Words of float16 from the most negative number to the greatest, and NaN.
    const words = [_]u16{ 0xfc00, 0xfbff, 0xbc00, 0x8001, 0x8000, 0x0001, 0x3c00, 0x7bff, 0x7c00, 0x7c01 };
    for (words[0 .. words.len - 1], words[1..]) |x, y| try std.testing.expect(keyOf(.float16, x) < keyOf(.float16, y));
    try std.testing.expect(keyOf(.int32, @bitCast(@as(i32, -5))) < keyOf(.int32, 3));
    try std.testing.expectEqual(1, keyOf(.bool, 7));
}
