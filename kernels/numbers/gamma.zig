//! lgamma and digamma over vectors of f32 or f64, to 4 units in the last place.
//!
//! Below 0 both are sums of parts that cancel near their zeros, and a result has the error of the parts: these are
//! logarithms, and for digamma the cotangent, of arguments that are rounded before.
//!
//! One method for both types; only the numbers of `coefficients.zig` differ.

const std = @import("std");
const coefficients = @import("coefficients.zig");
const float = @import("float.zig");
const logarithm = @import("logarithm.zig");
const Element = float.Element;
const splat = float.splat;
const select = float.select;
const numbers = coefficients.numbers;
const polynomials = coefficients.polynomials;

/// What both functions compute first: y is |x|, or 1 + x for |x| below 1/2.
fn Argument(comptime V: type) type {
    const Lanes = @Vector(@typeInfo(V).vector.len, bool);
    return struct { size: V, near: Lanes, y: V, inverse: V, square: V, middle: Lanes, part: V };
}

inline fn argumentOf(x: anytype) Argument(@TypeOf(x)) {
    const V = @TypeOf(x);
    const one = splat(V, 1);
    const size = @abs(x);
    const near = size < splat(V, 0.5);
    const y = select(near, one + x, size);
    const inverse = one / y;
    const center = numbers.gamma_center.of(V);
    return .{
        .size = size,
        .near = near,
        .y = y,
        .inverse = inverse,
        .square = inverse * inverse,
        .middle = y < splat(V, 6),
        // The polynomials for y below 6 count from here.
        .part = (y - center) / (y + center),
    };
}

/// sin(pi r) and cos(pi r) for the distance r of a number from the nearest integer, which is exact.
fn Turned(comptime V: type) type {
    return struct { sine: V, cosine: V };
}

inline fn turned(size: anytype) Turned(@TypeOf(size)) {
    const V = @TypeOf(size);
    const one = splat(V, 1);
    const half = splat(V, 0.5);
    const r = size - float.round(size);
    const far = @abs(r) > splat(V, 0.25);
    const angle = select(far, half - @abs(r), r) * numbers.half_turn_high.of(V);
    const z = angle * angle;
    const sine = angle + angle * z * polynomials.sin_tail.at(z);
    const cosine = (one - half * z) + z * z * polynomials.cos_tail.at(z);
    return .{ .sine = select(far, float.copySign(cosine, r), sine), .cosine = select(far, sine, cosine) };
}

/// log |gamma(x)|. For y from 1/2 to 6 it is (y - 1)(y - 2) P, with the zeros at 1 and 2; from 6 on Stirling's series.
/// Near 0 it is lgamma(1 + x) - log |x|; below -1/2 the logarithm of pi / (|x| |sin(pi x)|), less lgamma(|x|).
pub inline fn lgamma(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const one = splat(V, 1);
    const zero = splat(V, 0);
    const infinity = splat(V, std.math.inf(Element(V)));
    const argument = argumentOf(x);
    const y = argument.y;
    const size_log = logarithm.log(argument.size);
    const below = select(argument.near, x, y - one);
    const middle = (below * (y - splat(V, 2))) * polynomials.lgamma_middle.at(argument.part);
    const tail = numbers.lgamma_tail.of(V) + argument.inverse * polynomials.lgamma_far.at(argument.square);
    const far = (y - splat(V, 0.5)) * (size_log - one) + tail;
    // The sum turns the -0 at 1 into 0.
    const above = select(argument.middle, middle, far) + zero;
    const sine = @abs(turned(argument.size).sine);
    const product = (argument.size * sine) * numbers.half_turn_inverse.of(V);
    const reflected = select(product == zero, infinity, -logarithm.log(product) - above);
    const finite = select(argument.near, above - size_log, select(x < zero, reflected, above));
    return select(argument.size == infinity, infinity, finite);
}

/// The derivative of lgamma. For y from 1/2 to 6 it is (y - z) P, with the zero z in two parts; from 6 on the logarithm
/// less a series. Near 0 it is digamma(1 + x) - 1 / x; below -1/2 digamma(|x|) + 1 / |x| - pi / tan(pi x), which is NaN
/// at the integers.
pub inline fn digamma(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const one = splat(V, 1);
    const zero = splat(V, 0);
    const argument = argumentOf(x);
    const y = argument.y;
    const fromZero = (y - numbers.digamma_zero_high.of(V)) - numbers.digamma_zero_low.of(V);
    const middle = fromZero * polynomials.digamma_middle.at(argument.part);
    const series = argument.square * polynomials.digamma_far.at(argument.square);
    const far = (logarithm.log(y) - splat(V, 0.5) * argument.inverse) - series;
    const above = select(argument.middle, middle, far);
    const wave = turned(argument.size);
    const cotangent = numbers.half_turn_high.of(V) * wave.cosine / wave.sine;
    const nan = splat(V, std.math.nan(Element(V)));
    const reflected = select(wave.sine == zero, nan, above + (argument.inverse + cotangent));
    return select(argument.near, above - one / x, select(x < zero, reflected, above));
}
