//! Special cases of `functions.zig`: floats for which C99 fixes the result, and integers at which
//! other machines would trap.

const std = @import("std");
const common = @import("functions_test.zig");

/// Arguments for which every function of floats has a listed value.
pub fn specials(comptime T: type) [9]T {
    const inf = std.math.inf(T);
    const tiny = std.math.floatTrueMin(T);
    return .{ std.math.nan(T), inf, -inf, 0, -0.0, tiny, std.math.floatMax(T), 1, -1 };
}

test "floats at the special places are as C99 says" {
    inline for (.{ f32, f64 }) |T| {
        const nan = std.math.nan(T);
        const inf = std.math.inf(T);
        const tiny = std.math.floatTrueMin(T);
        const large = std.math.floatMax(T);
        const odd: T = (1 << std.math.floatFractionalBits(T) + 1) - 1;
        const least: T = std.math.floatExponentMin(T) - std.math.floatMantissaBits(T);
        // The values in the order of `specials`; null where the argument is not special.
        const unary = .{
            .exp = [9]?T{ nan, inf, 0, 1, 1, 1, inf, null, null },
            .exp2 = [9]?T{ nan, inf, 0, 1, 1, 1, inf, 2, 0.5 },
            .expm1 = [9]?T{ nan, inf, -1, 0, -0.0, tiny, inf, null, null },
            .log = [9]?T{ nan, inf, nan, -inf, -inf, null, null, 0, nan },
            .log1p = [9]?T{ nan, inf, nan, 0, -0.0, tiny, null, null, -inf },
            .log2 = [9]?T{ nan, inf, nan, -inf, -inf, least, null, 0, nan },
            .log10 = [9]?T{ nan, inf, nan, -inf, -inf, null, null, 0, nan },
            .tanh = [9]?T{ nan, 1, -1, 0, -0.0, tiny, 1, null, null },
            .sin = [9]?T{ nan, nan, nan, 0, -0.0, tiny, null, null, null },
            .cos = [9]?T{ nan, nan, nan, 1, 1, 1, null, null, null },
            .asin = [9]?T{ nan, nan, nan, 0, -0.0, tiny, nan, std.math.pi / 2.0, -std.math.pi / 2.0 },
            .acos = [9]?T{ nan, nan, nan, std.math.pi / 2.0, std.math.pi / 2.0, std.math.pi / 2.0, nan, 0, std.math.pi },
            .sqrt = [9]?T{ nan, inf, nan, 0, -0.0, null, null, 1, nan },
            .erf = [9]?T{ nan, 1, -1, 0, -0.0, null, 1, null, null },
            .erfc = [9]?T{ nan, 0, 2, 1, 1, 1, 0, null, null },
            .erfInverse = [9]?T{ nan, nan, nan, 0, -0.0, tiny, nan, inf, -inf },
            .normalCdf = [9]?T{ nan, 1, 0, 0.5, 0.5, 0.5, 1, null, null },
            .erfcx = [9]?T{ nan, 0, inf, 1, 1, 1, null, null, null },
            .normalQuantile = [9]?T{ nan, nan, nan, -inf, -inf, null, nan, inf, nan },
            .besselI0e = [9]?T{ nan, 0, 0, 1, 1, 1, null, null, null },
            .besselI1e = [9]?T{ nan, 0, -0.0, 0, -0.0, null, null, null, null },
            .lgamma = [9]?T{ nan, inf, inf, inf, inf, null, inf, 0, inf },
            .digamma = [9]?T{ nan, inf, nan, -inf, inf, -inf, null, null, nan },
            .abs = [9]?T{ nan, inf, inf, 0, 0, tiny, large, 1, 1 },
            .floor = [9]?T{ nan, inf, -inf, 0, -0.0, 0, large, 1, -1 },
            .ceil = [9]?T{ nan, inf, -inf, 0, -0.0, 1, large, 1, -1 },
            .round = [9]?T{ nan, inf, -inf, 0, -0.0, 0, large, 1, -1 },
        };
        inline for (common.functions) |f| if (comptime f.arity() == 1) {
            for (specials(T), @field(unary, @tagName(f))) |x, value| {
                if (value) |known| try common.expectSame(f, T, x, x, known, common.one(f, T, x, x));
            }
        };
        // zig fmt: off
        const powers = [_][3]T{
            .{ 0, -3, inf }, .{ -0.0, -3, -inf }, .{ 0, -2, inf }, .{ -0.0, -2, inf },
            .{ -0.0, -0.5, inf }, .{ 0, -inf, inf }, .{ -0.0, -inf, inf }, .{ 0, 3, 0 },
            .{ -0.0, 3, -0.0 }, .{ 0, 2, 0 }, .{ -0.0, 2, 0 }, .{ -0.0, 0.5, 0 },
            .{ -0.0, inf, 0 }, .{ -1, inf, 1 }, .{ -1, -inf, 1 }, .{ 1, nan, 1 }, .{ 1, inf, 1 },
            .{ nan, 0, 1 }, .{ nan, -0.0, 1 }, .{ inf, 0, 1 }, .{ -inf, -0.0, 1 }, .{ 0, 0, 1 },
            .{ nan, 1, nan }, .{ 2, nan, nan }, .{ nan, nan, nan }, .{ -1, 0.5, nan },
            .{ -8, 1.5, nan }, .{ -large, tiny, nan }, .{ 0.5, -inf, inf }, .{ -0.5, -inf, inf },
            .{ tiny, -inf, inf }, .{ 2, -inf, 0 }, .{ -2, -inf, 0 }, .{ 0.5, inf, 0 },
            .{ -0.5, inf, 0 }, .{ 2, inf, inf }, .{ -2, inf, inf }, .{ large, inf, inf },
            .{ -inf, -3, -0.0 }, .{ -inf, -2, 0 }, .{ -inf, -0.5, 0 }, .{ -inf, 3, -inf },
            .{ -inf, 2, inf }, .{ -inf, 0.5, inf }, .{ -inf, inf, inf }, .{ -inf, -inf, 0 },
            .{ inf, -1, 0 }, .{ inf, 0.5, inf }, .{ inf, inf, inf }, .{ inf, -inf, 0 },
            .{ -2, 3, -8 }, .{ -2, -2, 0.25 }, .{ large, 2, inf }, .{ -large, 3, -inf },
            .{ -tiny, 3, -0.0 }, .{ 2, large, inf }, .{ 2, -large, 0 }, .{ -1, large, 1 },
            .{ tiny, 1, tiny }, .{ large, 1, large }, .{ -large, 1, -large }, .{ 2, least, tiny },
            .{ 0, nan, nan }, .{ inf, nan, nan }, .{ -1, odd, -1 }, .{ -1, odd - 1, 1 },
            .{ -1, -odd, -1 },
        };
        // zig fmt: on
        for (powers) |case| {
            const x, const y, const wanted = case;
            try common.expectSame(.pow, T, x, y, wanted, common.one(.pow, T, x, y));
        }
        const pi: T = std.math.pi;
        // Angles of y and x.
        const angles = [_][3]T{
            .{ 0, 1, 0 },               .{ -0.0, 1, -0.0 },        .{ 0, 0, 0 },              .{ -0.0, 0, -0.0 },
            .{ 0, -0.0, pi },           .{ -0.0, -0.0, -pi },      .{ 0, -1, pi },            .{ -0.0, -1, -pi },
            .{ 1, 0, pi / 2.0 },        .{ -1, -0.0, -pi / 2.0 },  .{ 1, inf, 0 },            .{ -1, inf, -0.0 },
            .{ 1, -inf, pi },           .{ -1, -inf, -pi },        .{ inf, 1, pi / 2.0 },     .{ -inf, -1, -pi / 2.0 },
            .{ inf, inf, pi / 4.0 },    .{ -inf, inf, -pi / 4.0 }, .{ 1, 1, pi / 4.0 },       .{ large, large, pi / 4.0 },
            .{ tiny, tiny, pi / 4.0 },  .{ large, inf, 0 },        .{ inf, large, pi / 2.0 }, .{ tiny, 1, tiny },
            .{ nan, 1, nan },           .{ 1, nan, nan },          .{ nan, 0, nan },          .{ inf, nan, nan },
            .{ large, tiny, pi / 2.0 }, .{ tiny, large, 0 },
        };
        for (angles) |case| {
            const x, const y, const wanted = case;
            try common.expectSame(.atan2, T, x, y, wanted, common.one(.atan2, T, x, y));
        }
    }
}

test "functions of integers wrap, and none traps" {
    const least = std.math.minInt(i32);
    const most = std.math.maxInt(i32);
    var prng: std.Random.DefaultPrng = .init(3);
    const known = [_]i32{ least, least + 1, -8, -7, -2, -1, 0, 1, 2, 3, 7, most - 1, most };
    const count = 1 << 12;
    var a: [count]i32 = undefined;
    var b: [count]i32 = undefined;
    var out: [count]i32 = undefined;
    common.fillSample(i32, prng.random(), null, &a);
    common.fillSample(i32, prng.random(), null, &b);
    for (a[0 .. known.len * known.len], b[0 .. known.len * known.len], 0..) |*x, *y, i| {
        x.* = known[i / known.len];
        y.* = known[i % known.len];
    }
    inline for (common.functions) |f| if (comptime f.isForIntegers()) {
        common.apply(f, common.lanes, @as([]i32, &out), &a, &b);
        for (a, b, out) |x, y, got| {
            const value: i64 = switch (f) {
                .abs => @intCast(@abs(@as(i64, x))),
                .max => @max(x, y),
                .min => @min(x, y),
                .floorDiv => if (y == 0) 0 else @divFloor(@as(i64, x), y),
                .mod => if (y == 0) 0 else x - @as(i64, y) * @divFloor(@as(i64, x), y),
                else => comptime unreachable,
            };
            try common.expectSame(f, i32, x, y, @truncate(value), got);
        }
    };
}
