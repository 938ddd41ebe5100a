//! asin, acos, atan2, erfInverse and normalQuantile over vectors of f32 or f64: the inverse of sine,
//! cosine, tangent, error function and normal distribution, to 2 units in the last place; erfInverse and
//! normalQuantile, which take a logarithm, to 4.
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

/// The arcsine of |x| up to 1/2, and beyond that of sqrt((1 - |x|) / 2), which is half of what is missing to
/// pi/2: as the square root, or |x| itself, and the excess of its arcsine.
fn Arc(comptime V: type) type {
    return struct { far: @Vector(@typeInfo(V).vector.len, bool), root: V, excess: V };
}

inline fn arcOf(x: anytype) Arc(@TypeOf(x)) {
    const V = @TypeOf(x);
    const half = splat(V, 0.5);
    const size = @abs(x);
    const far = size > half;
    const square = select(far, (splat(V, 1) - size) * half, size * size);
    const root = select(far, @sqrt(square), size);
    return .{ .far = far, .root = root, .excess = root * (square * polynomials.asin_tail.at(square)) };
}

pub inline fn asin(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const arc = arcOf(x);
    const beside = numbers.quarter_turn_high.of(V) - (arc.root + arc.root);
    const beyond = beside - ((arc.excess + arc.excess) - numbers.quarter_turn_low.of(V));
    return float.copySign(select(arc.far, beyond, arc.root + arc.excess), x);
}

pub inline fn acos(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const arc = arcOf(x);
    const angle = arc.root + arc.excess;
    const near = numbers.quarter_turn_high.of(V) - (float.copySign(angle, x) - numbers.quarter_turn_low.of(V));
    const missing = angle + angle;
    const negative = numbers.half_turn_high.of(V) - (missing - numbers.half_turn_low.of(V));
    return select(arc.far, select(x < splat(V, 0), negative, missing), near);
}

/// The angle of the point (x, y), in [-pi, pi]. With d the larger and n the smaller of |x| and |y|, it is
/// made of atan(n / d), which from n / d = 1/2 on is pi/4 + atan((n - d) / (n + d)): the difference is exact.
pub inline fn atan2(y: anytype, x: @TypeOf(y)) @TypeOf(y) {
    const V = @TypeOf(y);
    const zero = splat(V, 0);
    const one = splat(V, 1);
    const rise = @abs(y);
    const run = @abs(x);
    const steep = rise > run;
    const n = select(steep, run, rise);
    const d = select(steep, rise, run);
    // Halves of large numbers, of which no sum overflows.
    const part = select(d > one, splat(V, 0.5), one);
    const shorter = n * part;
    const longer = d * part;
    const far = shorter + shorter >= longer;
    // Equal numbers may be infinite, or both 0.
    const difference = select(n == d, zero, shorter - longer);
    const above = select(far, difference, n);
    const below = select(far, shorter + longer, d);
    const q = above / select(d == zero, one, below);
    const square = q * q;
    const angle = q + q * (square * polynomials.atan_tail.at(square));
    const diagonal = numbers.eighth_turn_high.of(V) + (angle + numbers.eighth_turn_low.of(V));
    const low = select(far, select(d == zero, zero, diagonal), angle);
    const backwards = float.bits(x) < @as(float.Integers(V), @splat(0));
    const leaning = select(backwards, -low, low);
    const upright = numbers.quarter_turn_high.of(V) - (leaning - numbers.quarter_turn_low.of(V));
    const behind = numbers.half_turn_high.of(V) - (low - numbers.half_turn_low.of(V));
    return float.copySign(select(steep, upright, select(backwards, behind, low)), y);
}

/// erfInverse(x) / x of w = -log(1 - x^2) and its root: P(w), and beyond Q(root), in one part for f32 and
/// in two for f64. M. B. Giles, Approximating the erfinv function (2010), has the form.
inline fn quotient(w: anytype, root: @TypeOf(w)) @TypeOf(w) {
    const V = @TypeOf(w);
    const near = polynomials.erf_inverse_near.at(w - numbers.erf_inverse_near_center.of(V));
    const middle = polynomials.erf_inverse_middle.at(root - numbers.erf_inverse_middle_center.of(V));
    const far = if (Element(V) == f32) middle else select(
        root < splat(V, 4),
        middle,
        polynomials.erf_inverse_far.at(root - splat(V, 5)),
    );
    return select(w < numbers.erf_inverse_near_most.of(V), near, far);
}

pub inline fn erfInverse(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const one = splat(V, 1);
    const size = @abs(x);
    const w = -logarithm.log((one - size) * (one + size));
    const scaled = size * quotient(w, @sqrt(w));
    return float.copySign(select(size == one, splat(V, std.math.inf(Element(V))), scaled), x);
}

/// sqrt 2 erfInverse(2p - 1), where 1 - (2p - 1)^2 is 4p (1 - p), which has all digits of small p; these
/// need a third part, r Q((r - c) / (r + c)) for the root r of w.
pub inline fn normalQuantile(p: anytype) @TypeOf(p) {
    const V = @TypeOf(p);
    const one = splat(V, 1);
    const w = -logarithm.log((splat(V, 4) * p) * (one - p));
    const root = @sqrt(w);
    const center = numbers.quantile_far_center.of(V);
    const far = root * polynomials.quantile_far.at((root - center) / (root + center));
    const x = (p + p) - one;
    const scaled = (x * numbers.sqrt_two.of(V)) * select(root < numbers.quantile_far_least.of(V), quotient(w, root), far);
    const infinity = splat(V, std.math.inf(Element(V)));
    return select(w == infinity, float.copySign(infinity, x), scaled);
}
