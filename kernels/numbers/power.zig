//! pow over vectors of f32 or f64, to 2 units in the last place, with the special cases of C99.
//!
//! x^y = e^(y log x), where the logarithm needs as many extra digits as the exponent has: f32
//! computes it in f64, f64 as an unevaluated sum of two.

const std = @import("std");
const coefficients = @import("coefficients.zig");
const float = @import("float.zig");
const elementary = @import("elementary.zig");
const logarithm = @import("logarithm.zig");
const Element = float.Element;
const Pair = float.Pair;
const numbers = coefficients.numbers;
const splat = float.splat;
const select = float.select;

pub fn pow(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    const V = @TypeOf(x);
    const T = Element(V);
    const zero = splat(V, 0);
    const one = splat(V, 1);
    const infinity = splat(V, std.math.inf(T));
    const size = @abs(x);
    var z = if (T == f32) powerSingle(size, y) else powerDouble(size, y);

    const whole = @trunc(y) == y;
    z = select((x < zero) & ~whole, splat(V, std.math.nan(T)), z);
    z = select(size == zero, select(y < zero, infinity, zero), z);
    z = select(size == infinity, select(y < zero, zero, infinity), z);

    const half = splat(V, 0.5) * y;
    // A y above 2^53 is even: half of it is an integer, too.
    const odd = whole & (@trunc(half) != half) & (@abs(y) < splat(V, 0x1p53));
    const is_negative = float.bits(x) < @as(float.Integers(V), @splat(0));
    z = select(odd & is_negative, -z, z);

    z = select(float.isNan(x) | float.isNan(y), x + y, z);
    return select((x == one) | (y == zero), one, z);
}

fn powerSingle(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    const D = float.Like(@TypeOf(x), f64);
    const wide: D = @floatCast(x);
    const exponent: D = @floatCast(y);
    const bounded = float.clamp(exponent, -numbers.exponent_most.of(D), numbers.exponent_most.of(D));
    return @floatCast(elementary.exp(bounded * logarithm.log(wide)));
}

fn powerDouble(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    const V = @TypeOf(x);
    const bounded = float.clamp(y, -numbers.exponent_most.of(V), numbers.exponent_most.of(V));
    const of_base = logPair(x);
    const product = float.exactProduct(bounded, of_base.high);
    const low = product.low + bounded * of_base.low;
    const clamped = elementary.clampExponent(product.high);
    const reduced = elementary.reduce(clamped);
    const rest = reduced.low + select(clamped == product.high, low, splat(V, 0));
    const r = float.exactSum(reduced.r, rest);
    return float.scale(elementary.expReduced(r.high, r.low), reduced.n);
}

/// log x for positive x to about 65 binary digits: k ln 2 + 2 (s + s^3 (1/3 + s^2 / 5 + ...)) with
/// s = (m - 1) / (m + 1), in pairs up to the term of s^3.
fn logPair(x: anytype) Pair(@TypeOf(x)) {
    const V = @TypeOf(x);
    const parts = logarithm.split(x);
    const one = splat(V, 1);
    const f = parts.m - one;
    const g = float.exactSum(parts.m, one);
    const quotient = f / g.high;
    const back = float.exactProduct(quotient, g.high);
    const s: Pair(V) = .{
        .high = quotient,
        .low = (((f - back.high) - back.low) - quotient * g.low) / g.high,
    };
    const square = multiply(s, s);
    const z = square.high;
    const tail = z * coefficients.polynomials.log_pair_tail.at(z);
    const third = float.exactSum(numbers.third_high.of(V), tail);
    const series = multiply(s, multiply(square, .{
        .high = third.high,
        .low = third.low + numbers.third_low.of(V),
    }));
    const sum = float.exactSum(s.high, series.high);
    const low = sum.low + (s.low + series.low);
    // The high part has so few digits that its product with k is exact.
    const whole = float.exactSum(parts.k * numbers.ln2_high.of(V), sum.high + sum.high);
    const rest = whole.low + (parts.k * numbers.ln2_low.of(V) + (low + low));
    const high = whole.high + rest;
    return .{ .high = high, .low = (whole.high - high) + rest };
}

fn multiply(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    const product = float.exactProduct(x.high, y.high);
    const low = product.low + (x.high * y.low + x.low * y.high);
    return .{ .high = product.high, .low = low };
}
