//! exp, expm1, log, log1p, tanh, erf and normalCdf over vectors of f32 or f64, to 2 units in the last
//! place; normalCdf, which has more steps, to 4.
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

/// x = n ln 2 + r + low with |r| at most ln 2 / 2.
fn Reduced(comptime V: type) type {
    return struct { n: Integers(V), r: V, low: V };
}

pub inline fn reduce(x: anytype) Reduced(@TypeOf(x)) {
    const V = @TypeOf(x);
    const magic = numbers.shifter.of(V);
    const shifted = x * numbers.ln2_inverse.of(V) + magic;
    const k = shifted - magic;
    const high = x - k * numbers.ln2_high.of(V);
    const rest = k * numbers.ln2_low.of(V);
    const r = high - rest;
    return .{ .n = float.bits(shifted) -% float.bits(magic), .r = r, .low = (high - r) - rest };
}

/// e^(r + low) for a reduced r; low is far smaller, and without it the result moves by a hundredth
/// of a unit only.
pub inline fn expReduced(r: anytype, low: ?@TypeOf(r)) @TypeOf(r) {
    const square_part = r * r * polynomials.exp_tail.at(r);
    const tail = if (low) |more| square_part + more else square_part;
    return splat(@TypeOf(r), 1) + (r + tail);
}

pub inline fn clampExponent(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    return float.clamp(x, numbers.exp_least.of(V), numbers.exp_most.of(V));
}

pub inline fn exp(x: anytype) @TypeOf(x) {
    const reduced = reduce(clampExponent(x));
    return float.scale(expReduced(reduced.r, null), reduced.n);
}

/// 2^n ((1 - 2^-n) + r + tail): near 0, where n is 0, nothing is lost.
pub inline fn expm1(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const reduced = reduce(float.clamp(x, numbers.expm1_least.of(V), numbers.exp_most.of(V)));
    const r = reduced.r;
    const tail = r * r * polynomials.exp_tail.at(r) + reduced.low;
    // Beyond 64, 1 - 2^-n is 1.
    const most: Integers(V) = @splat(64);
    const n = @select(Element(Integers(V)), reduced.n < most, reduced.n, most);
    const offset = splat(V, 1) - float.powerOfTwo(V, -%n);
    return float.copySign(float.scale((offset + r) + tail, reduced.n), x);
}

/// x + x^3 P(x^2) near 0, where 1 - 2 / (e^2|x| + 1) would cancel; that formula elsewhere.
pub inline fn tanh(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const one = splat(V, 1);
    // Beyond this argument tanh rounds to 1.
    const size = float.clamp(@abs(x), splat(V, 0), numbers.tanh_most.of(V));
    const square = size * size;
    const near = size + size * square * polynomials.tanh_tail.at(square);
    const reduced = reduce(size + size);
    const growth = expReduced(reduced.r, null) * float.powerOfTwo(V, reduced.n);
    const far = one - splat(V, 2) / (growth + one);
    return float.copySign(select(size < numbers.tanh_near.of(V), near, far), x);
}

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

/// log(1 + f) + k ln 2 + low, where 1 + f is in [sqrt 1/2, sqrt 2]: the series of log((1 + s) / (1
/// - s)) in s = f / (2 + f), arranged so that f is a term by itself.
inline fn logSum(f: anytype, k: @TypeOf(f), low: ?@TypeOf(f)) @TypeOf(f) {
    const V = @TypeOf(f);
    const half_square = splat(V, 0.5) * f * f;
    const s = f / (splat(V, 2) + f);
    const z = s * s;
    const series = z * polynomials.log_tail.at(z);
    const multiple = k * numbers.ln2_low.of(V);
    const rest = s * (half_square + series) + if (low) |more| multiple + more else multiple;
    return k * numbers.ln2_high.of(V) - ((half_square - rest) - f);
}

pub inline fn log(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const infinity = splat(V, std.math.inf(Element(V)));
    const zero = splat(V, 0);
    const parts = split(x);
    const value = logSum(parts.m - splat(V, 1), parts.k, null);
    // The conditions are tested one after the other: wasm tests joined conditions lane by lane.
    const finite = select(x < infinity, value, x);
    const positive = select(x == zero, -infinity, finite);
    return select(x < zero, splat(V, std.math.nan(Element(V))), positive);
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

/// x + x P(x^2) near 0; beyond, 1 - e^-Q(|x|), where Q approximates -log(erfc).
pub inline fn erf(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const a = float.clamp(@abs(x), splat(V, 0), numbers.erf_most.of(V));
    const near = a + a * polynomials.erf_tail.at(a * a);
    const exponent = polynomials.erf_exponent.at(a);
    const reduced = reduce(-exponent);
    const tail = expReduced(reduced.r, null) * float.powerOfTwo(V, reduced.n);
    const far = splat(V, 1) - tail;
    return float.copySign(select(a < numbers.erf_near.of(V), near, far), x);
}

/// The distribution function of the standard normal, to as many digits in its lower tail as
/// elsewhere: e^(-t^2 / 2) P((t - c) / (t + c)) / (t + c) for t = |x|, and 1 less that for positive
/// x. The digits that the square of t loses are added to the exponent.
pub inline fn normalCdf(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const t = float.clamp(@abs(x), splat(V, 0), numbers.cdf_most.of(V));
    const upper: V = @bitCast(float.bits(t) & @as(Integers(V), @splat(if (Element(V) == f32) -1 << 12 else -1 << 27)));
    const square = t * t;
    const lost = (upper * upper - square) + (t - upper) * (t + upper);
    const reduced = reduce(splat(V, -0.5) * square);
    const r = reduced.r + (reduced.low - splat(V, 0.5) * lost);
    const tail = r + r * r * polynomials.exp_tail.at(r);
    const center = numbers.cdf_center.of(V);
    const inverse = splat(V, 1) / (t + center);
    const scaled = polynomials.cdf_scaled.at((t - center) * inverse);
    const below = float.scale((scaled + scaled * tail) * inverse, reduced.n);
    return select(x < splat(V, 0), below, splat(V, 1) - below);
}
