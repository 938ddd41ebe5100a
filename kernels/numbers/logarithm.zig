//! log, log1p, log2 and log10 over vectors of f32 or f64, to 2 units in the last place.
//!
//! One method for both types; only the numbers of `coefficients.zig` differ.

const std = @import("std");
const coefficients = @import("coefficients.zig");
const float = @import("float.zig");
const Element = float.Element;
const Integers = float.Integers;
const splat = float.splat;
const select = float.select;
const numbers = coefficients.numbers;
const polynomials = coefficients.polynomials;

/// x = m 2^k with m in [sqrt 1/2, sqrt 2].
fn Split(comptime V: type) type {
    return struct { m: V, k: V, n: Integers(V) };
}

/// The logarithm of a positive x, which may be denormal.
pub inline fn split(x: anytype) Split(@TypeOf(x)) {
    const V = @TypeOf(x);
    const T = Element(V);
    const I = Integers(V);
    const digits = std.math.floatMantissaBits(T);
    const lift = digits + 2;
    const small = x < splat(V, std.math.floatMin(T));
    const lifted = float.bits(select(small, x * splat(V, 1 << lift), x));
    const root: I = float.bits(numbers.sqrt_half.of(V));
    const exponent = (lifted -% root) >> @splat(digits);
    const m: V = @bitCast(lifted -% (exponent << @splat(digits)));
    const lowered = exponent -% @as(I, @splat(lift));
    const n = @select(Element(I), small, lowered, exponent);
    const magic = numbers.shifter.of(V);
    const k = @as(V, @bitCast(n +% float.bits(magic))) - magic;
    return .{ .m = m, .k = k, .n = n };
}

/// f^2 / 2, and s (f^2 / 2 + ...): log(1 + f) is f less the first plus the second. The series of
/// log((1 + s) / (1 - s)) in s = f / (2 + f), arranged so that f is a term by itself.
fn Series(comptime V: type) type {
    return struct { half_square: V, rest: V };
}

inline fn seriesOf(f: anytype) Series(@TypeOf(f)) {
    const V = @TypeOf(f);
    const half_square = splat(V, 0.5) * f * f;
    const s = f / (splat(V, 2) + f);
    const z = s * s;
    return .{ .half_square = half_square, .rest = s * (half_square + z * polynomials.log_tail.at(z)) };
}

/// log(1 + f) + k ln 2 + low, where 1 + f is in [sqrt 1/2, sqrt 2].
inline fn logSum(f: anytype, k: @TypeOf(f), low: ?@TypeOf(f)) @TypeOf(f) {
    const V = @TypeOf(f);
    const series = seriesOf(f);
    const multiple = k * numbers.ln2_low.of(V);
    const rest = series.rest + if (low) |more| multiple + more else multiple;
    return k * numbers.ln2_high.of(V) - ((series.half_square - rest) - f);
}

/// The values of log at the ends of its domain, and beyond: `value` elsewhere.
inline fn atEnds(x: anytype, value: @TypeOf(x)) @TypeOf(x) {
    const V = @TypeOf(x);
    const infinity = splat(V, std.math.inf(Element(V)));
    const zero = splat(V, 0);
    // The conditions are tested one after the other: wasm tests joined conditions lane by lane.
    const finite = select(x < infinity, value, x);
    const positive = select(x == zero, -infinity, finite);
    return select(x < zero, splat(V, std.math.nan(Element(V))), positive);
}

pub inline fn log(x: anytype) @TypeOf(x) {
    const parts = split(x);
    return atEnds(x, logSum(parts.m - splat(@TypeOf(x), 1), parts.k, null));
}

const Base = struct {
    /// 1 / ln(base) and the logarithm of 2, each as a number whose products below are exact, and the rest.
    inverse_high: coefficients.Number,
    inverse_low: coefficients.Number,
    two_high: coefficients.Number,
    two_low: ?coefficients.Number,
};

/// The logarithm to another base: the logarithm of m in two parts, of which the upper has so few digits
/// that its multiple is exact, and the rounding error of the sum with the multiple of k.
inline fn logOf(comptime base: Base, x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const parts = split(x);
    const f = parts.m - splat(V, 1);
    const series = seriesOf(f);
    const upper = float.upper(f - series.half_square);
    const lower = ((f - upper) - series.half_square) + series.rest;
    const high = upper * base.inverse_high.of(V);
    const low = lower * base.inverse_high.of(V) + (lower + upper) * base.inverse_low.of(V);
    const whole = parts.k * base.two_high.of(V);
    const more = if (base.two_low) |two_low| low + parts.k * two_low.of(V) else low;
    const sum = whole + high;
    return atEnds(x, sum + (more + ((whole - sum) + high)));
}

pub inline fn log2(x: anytype) @TypeOf(x) {
    return logOf(.{
        .inverse_high = numbers.log2e_high,
        .inverse_low = numbers.log2e_low,
        .two_high = numbers.one,
        .two_low = null,
    }, x);
}

pub inline fn log10(x: anytype) @TypeOf(x) {
    return logOf(.{
        .inverse_high = numbers.log10e_high,
        .inverse_low = numbers.log10e_low,
        .two_high = numbers.log10_2_high,
        .two_low = numbers.log10_2_low,
    }, x);
}

pub inline fn log1p(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const infinity = splat(V, std.math.inf(Element(V)));
    const one = splat(V, 1);
    const zero = splat(V, 0);
    const whole = one + x;
    const parts = split(whole);
    // The rounding error of 1 + x, relative to the sum.
    const lost = select(x < one, x - (whole - one), one - (whole - x)) / whole;
    const near = parts.k == zero;
    const f = select(near, x, parts.m - one);
    const value = logSum(f, parts.k, select(near, zero, lost));
    const finite = select(x < infinity, value, x);
    const signed = select(x == zero, x, finite);
    const defined = select(x == -one, -infinity, signed);
    return select(x < -one, splat(V, std.math.nan(Element(V))), defined);
}
