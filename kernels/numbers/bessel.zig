//! The modified Bessel functions of orders 0 and 1, times e^-|x|, over vectors of f32 or f64, to 4 units in
//! the last place.
//!
//! One method for both types; only the numbers of `coefficients.zig` differ.

const coefficients = @import("coefficients.zig");
const elementary = @import("elementary.zig");
const float = @import("float.zig");
const splat = float.splat;
const select = float.select;
const polynomials = coefficients.polynomials;

/// e^-|x| P(x^2) up to 8, and beyond Q(16 / |x| - 1) / sqrt |x|.
pub inline fn besselI0e(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const size = @abs(x);
    const t = float.clamp(size, splat(V, 0), splat(V, 8));
    const near = elementary.exp(-t) * polynomials.bessel_i0_near.at(t * t);
    const far = polynomials.bessel_i0_far.at(splat(V, 16) / size - splat(V, 1)) / @sqrt(size);
    return select(size > splat(V, 8), far, near);
}

/// e^-|x| x P(x^2) up to 8, and beyond Q(16 / |x| - 1) / sqrt |x| with the sign of x.
pub inline fn besselI1e(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const size = @abs(x);
    const t = float.clamp(size, splat(V, 0), splat(V, 8));
    const near = elementary.exp(-t) * (t * polynomials.bessel_i1_near.at(t * t));
    const far = polynomials.bessel_i1_far.at(splat(V, 16) / size - splat(V, 1)) / @sqrt(size);
    return float.copySign(select(size > splat(V, 8), far, near), x);
}
