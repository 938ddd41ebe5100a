//! Conversions between i128 and f64, by operations on 64 bits where the target has no wider ones: a
//! GPU has no run-time library of the compiler to call.

const std = @import("std");
const builtin = @import("builtin");

const by_parts = builtin.cpu.arch.isNvptx();

/// The nearest f64, with ties to even.
pub inline fn toFloat(x: i128) f64 {
    return if (by_parts) toFloatByParts(x) else @floatFromInt(x);
}

/// The integer of a whole f64 that i128 can hold.
pub inline fn fromFloat(x: f64) i128 {
    return if (by_parts) fromFloatByParts(x) else @intFromFloat(x);
}

fn toFloatByParts(x: i128) f64 {
    const size: u128 = @abs(x);
    const top: u64 = @truncate(size >> 64);
    // Bits are cut off until 64 are left; a last bit of 1 stands for any that were set.
    const cut: u7 = if (top == 0) 0 else 64 - @as(u7, @clz(top));
    const kept: u64 = @truncate(size >> cut);
    const lost = size & ((@as(u128, 1) << cut) - 1);
    const sum: f64 = @floatFromInt(kept | @intFromBool(lost != 0));
    const scale: f64 = @bitCast((1023 + @as(u64, cut)) << 52);
    return if (x < 0) -(sum * scale) else sum * scale;
}

fn fromFloatByParts(x: f64) i128 {
    const pattern: u64 = @bitCast(@abs(x));
    const exponent = @as(i32, @intCast(pattern >> 52)) - 1075;
    const mantissa: u128 = (pattern & ((1 << 52) - 1)) | 1 << 52;
    if (exponent < -52) return 0;
    const size: i128 = @bitCast(if (exponent < 0)
        mantissa >> @intCast(-exponent)
    else
        mantissa << @truncate(@as(u32, @intCast(exponent))));
    return if (x < 0) -%size else size;
}

test "conversions by parts are the compiler's" {
    var random: std.Random.DefaultPrng = .init(1);
    for (0..20_000) |round| {
        const bits = random.random().int(u128) >> @intCast(round % 127);
        const ends = [_]u128{ bits, bits | bits >> 54, bits & ~(bits >> 54), (bits >> 60) << 60, 0, 1 };
        for (ends) |end| {
            const x: i128 = @bitCast(end >> 2);
            for ([_]i128{ x, -x }) |y| {
                const wanted: f64 = @floatFromInt(y);
                try std.testing.expectEqual(wanted, toFloatByParts(y));
                try std.testing.expectEqual(@as(i128, @intFromFloat(wanted)), fromFloatByParts(wanted));
            }
        }
    }
}
