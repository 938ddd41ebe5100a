//! exp, exp2, expm1, tanh, erf, erfc, erfcx and normalCdf over vectors of f32 or f64, to 2 units in the
//! last place; erfc, erfcx and normalCdf, which have more steps, to 4.
//!
//! One method for both types; only the numbers of `coefficients.zig` differ.

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

/// 2^n 2^r with |r| at most 1/2, which is exact.
pub inline fn exp2(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const bounded = float.clamp(x, numbers.exp2_least.of(V), numbers.exp2_most.of(V));
    const magic = numbers.shifter.of(V);
    const shifted = bounded + magic;
    const r = bounded - (shifted - magic);
    const power = splat(V, 1) + r * polynomials.exp2_tail.at(r);
    return float.scale(power, float.bits(shifted) -% float.bits(magic));
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

/// t^2, and what its rounding lost.
inline fn squareAndLost(t: anytype) float.Pair(@TypeOf(t)) {
    const upper = float.upper(t);
    const square = t * t;
    return .{ .high = square, .low = (upper * upper - square) + (t - upper) * (t + upper) };
}

/// The distribution function of the standard normal, to as many digits in its lower tail as
/// elsewhere: e^(-t^2 / 2) P((t - c) / (t + c)) / (t + c) for t = |x|, and 1 less that for positive
/// x. The digits that the square of t loses are added to the exponent.
pub inline fn normalCdf(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const t = float.clamp(@abs(x), splat(V, 0), numbers.cdf_most.of(V));
    const square = squareAndLost(t);
    const reduced = reduce(splat(V, -0.5) * square.high);
    const r = reduced.r + (reduced.low - splat(V, 0.5) * square.low);
    const tail = r + r * r * polynomials.exp_tail.at(r);
    const center = numbers.cdf_center.of(V);
    const inverse = splat(V, 1) / (t + center);
    const scaled = polynomials.cdf_scaled.at((t - center) * inverse);
    const below = float.scale((scaled + scaled * tail) * inverse, reduced.n);
    return select(x < splat(V, 0), below, splat(V, 1) - below);
}

/// 1 - erf(x), to as many digits in its upper tail as elsewhere: twice the tail of the standard normal
/// beyond u = |x| sqrt 2, e^(-x^2) P((u - c) / (u + c)) 2 / (u + c), and 2 less that for negative x.
pub inline fn erfc(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const t = float.clamp(@abs(x), splat(V, 0), numbers.erfc_most.of(V));
    const square = squareAndLost(t);
    const reduced = reduce(-square.high);
    const r = reduced.r + (reduced.low - square.low);
    const tail = r + r * r * polynomials.exp_tail.at(r);
    const center = numbers.cdf_center.of(V);
    const u = t * numbers.sqrt_two.of(V);
    const inverse = splat(V, 1) / (u + center);
    const scaled = polynomials.cdf_scaled.at((u - center) * inverse);
    const beyond = float.scale((scaled + scaled * tail) * (inverse + inverse), reduced.n);
    return select(x < splat(V, 0), splat(V, 2) - beyond, beyond);
}

/// e^(x^2) erfc(x): P((u - c) / (u + c)) 2 / (u + c) for u = |x| sqrt 2, and a series where erfc is 0; for
/// negative x 2 e^(x^2) less that.
pub inline fn erfcx(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const size = @abs(x);
    const t = float.clamp(size, splat(V, 0), numbers.erfc_most.of(V));
    const center = numbers.cdf_center.of(V);
    const u = t * numbers.sqrt_two.of(V);
    const inverse = splat(V, 1) / (u + center);
    const near = polynomials.cdf_scaled.at((u - center) * inverse) * (inverse + inverse);
    const part = splat(V, 1) / size;
    const far = part * polynomials.erfcx_far.at(part * part);
    const above = select(size < numbers.erfc_most.of(V), near, far);
    const square = squareAndLost(t);
    const reduced = reduce(square.high);
    const growth = float.scale(expReduced(reduced.r + (reduced.low + square.low), null), reduced.n);
    return select(x < splat(V, 0), (growth + growth) - above, above);
}
