//! floorDiv and mod over vectors of f32, f64 or i32.
//!
//! floorDiv is the quotient rounded down, and mod the exact remainder, plus one divisor where the
//! remainder's sign is not the divisor's: floorDiv(a, b) b + mod(a, b) is a, as in Python. A quotient
//! of floats from 2^53 on is the rounded one; infinity over anything but 0 is NaN. For an
//! integer divisor of zero both are 0, and the least integer divided by -1 wraps: nothing traps.

const std = @import("std");
const coefficients = @import("coefficients.zig");
const float = @import("float.zig");
const Element = float.Element;
const Like = float.Like;
const splat = float.splat;
const select = float.select;

pub inline fn floorDiv(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    const V = @TypeOf(a);
    switch (Element(V)) {
        i32 => return floorDivIntegers(a, b),
        f64 => return floorDivDoubles(a, b),
        // In f64 the quotient of two f32 is rounded up to an integer beyond 2^28 only, where it is
        // rounded to f32 anyway.
        f32 => {
            const D = Like(V, f64);
            const x: D = @floatCast(a);
            const y: D = @floatCast(b);
            return @floatCast(atEnds(x, y, @floor(x / y)));
        },
        else => comptime unreachable,
    }
}

/// The quotient may be rounded up to an integer, which the sign of what remains tells.
inline fn floorDivDoubles(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    const V = @TypeOf(x);
    const quotient = x / y;
    const n = @trunc(quotient);
    // Divisors whose products would overflow are scaled, and their dividends, too.
    const large = @abs(y) >= splat(V, 0x1p900);
    const product = float.exactProduct(n, select(large, y * splat(V, 0x1p-200), y));
    const r = (select(large, x * splat(V, 0x1p-200), x) - product.high) - product.low;
    const down = select(isApart(r, y), n - splat(V, 1), n);
    return atEnds(x, y, select(@abs(quotient) < splat(V, 0x1p53), down, quotient));
}

/// The quotient where one of the numbers is infinite, or where it is less than 1 and may be rounded
/// to 0; else the given one.
inline fn atEnds(x: anytype, y: @TypeOf(x), quotient: @TypeOf(x)) @TypeOf(x) {
    const V = @TypeOf(x);
    const small = select(isApart(x, y) & (@abs(x) < @abs(y)), splat(V, -1), quotient);
    return select(float.isInfinite(x) & (y != splat(V, 0)), splat(V, std.math.nan(Element(V))), small);
}

/// Whether 0 lies between the numbers; false for NaN.
inline fn isApart(x: anytype, y: @TypeOf(x)) Like(@TypeOf(x), bool) {
    const zero = splat(@TypeOf(x), 0);
    return ((x < zero) & (y > zero)) | ((x > zero) & (y < zero));
}

pub inline fn mod(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    const V = @TypeOf(a);
    if (Element(V) == i32) {
        const zero: V = @splat(0);
        return @select(i32, b == zero, zero, a -% floorDivIntegers(a, b) *% b);
    }
    const r = remainder(a, b);
    return select(isApart(r, b), r + b, r);
}

/// Integers are divided by way of f64, which is exact enough for any two i32: there is no vector
/// division of integers.
fn floorDivIntegers(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    const V = @TypeOf(a);
    const D = Like(V, f64);
    const zero: V = @splat(0);
    const by_zero = b == zero;
    const by_minus_one = b == @as(V, @splat(-1));
    const divisor = @select(i32, by_zero | by_minus_one, @as(V, @splat(1)), b);
    const quotient = @floor(@as(D, @floatFromInt(a)) / @as(D, @floatFromInt(divisor)));
    // The lowest bits of the float are the integer's; a conversion in wasm would go lane by lane.
    const whole: V = @truncate(float.bits(quotient + coefficients.numbers.shifter.of(D)));
    return @select(i32, by_zero, zero, @select(i32, by_minus_one, -%a, whole));
}

/// The remainder with the sign of a, minus b if the quotient was rounded up.
fn remainder(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    const V = @TypeOf(a);
    const D = Like(V, f64);
    const x: D = @floatCast(a);
    const y: D = @floatCast(b);
    const quotient = x / y;
    const n = @trunc(quotient);
    var r = if (Element(V) == f32) x - n * y else blk: {
        const product = float.exactProduct(n, y);
        break :blk (x - product.high) - product.low;
    };
    r = select(float.isInfinite(y) & (@abs(x) < splat(D, std.math.inf(f64))), x, r);
    // This way is valid while n y is exact, in one f64 or in two.
    const n_limit: f64 = if (Element(V) == f32) 0x1p29 else 0x1p52;
    const easy = (@abs(quotient) < @as(D, @splat(n_limit))) & (@abs(y) < splat(D, 0x1p990));
    const infinity = splat(D, std.math.inf(f64));
    const hard = ~easy & (@abs(x) < infinity) & (@abs(y) < infinity);
    if (@reduce(.Or, hard)) {
        @branchHint(.unlikely);
        r = remainders(D, x, y, r, hard);
    }
    r = select(r == splat(D, 0), float.copySign(r, x), r);
    return @floatCast(r);
}

noinline fn remainders(comptime D: type, x: D, y: D, easy: D, hard: Like(D, bool)) D {
    const n = @typeInfo(D).vector.len;
    const numerators: [n]f64 = x;
    const divisors: [n]f64 = y;
    var out: [n]f64 = easy;
    const wanted: [n]bool = hard;
    for (numerators, divisors, wanted, &out) |numerator, divisor, is_hard, *r| {
        if (is_hard and divisor != 0) r.* = longRemainder(numerator, divisor);
    }
    return out;
}

/// Long division of the digits, eleven at a time, for finite numbers and a divisor other than 0.
fn longRemainder(x: f64, y: f64) f64 {
    if (@abs(x) < @abs(y)) return x;
    const numerator: Digits = .of(x);
    const divisor: Digits = .of(y);
    var r = numerator.integer % divisor.integer;
    var left = numerator.exponent - divisor.exponent;
    while (left > 0) {
        const step: u6 = @intCast(@min(left, 11));
        r = (r << step) % divisor.integer;
        left -= step;
    }
    const half = @divFloor(divisor.exponent, 2);
    const size = @as(f64, @floatFromInt(r)) * power(half) * power(divisor.exponent - half);
    return std.math.copysign(size, x);
}

/// A number as an integer times 2^exponent.
const Digits = struct {
    integer: u64,
    exponent: i32,

    fn of(x: f64) Digits {
        const pattern: u64 = @bitCast(@abs(x));
        const fraction = pattern & ((1 << 52) - 1);
        const exponent: i32 = @intCast(pattern >> 52);
        if (exponent == 0) return .{ .integer = fraction, .exponent = -1074 };
        return .{ .integer = fraction | 1 << 52, .exponent = exponent - 1075 };
    }
};

fn power(n: i32) f64 {
    return float.powerOfTwo(@Vector(1, f64), @splat(n))[0];
}
