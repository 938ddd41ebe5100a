//! exp, expm1, log, log1p, tanh and erf over vectors of f32 or f64, to 2 units in the last place.
//!
//! One method for both types; only the polynomials differ. They are minimax approximations, found
//! by Remez' exchange with the weights that the formulas around them ask for.

const std = @import("std");
const float = @import("float.zig");
const Element = float.Element;
const Integers = float.Integers;
const splat = float.splat;
const select = float.select;
const polynomial = float.polynomial;

const ln2 = 0.693147180559945309417232121458176568;

/// A part of ln 2 with so few bits that its product with any exponent is exact, and the rest.
fn ln2High(comptime T: type) comptime_float {
    return if (T == f32) 0x1.62e4p-1 else 0x1.62e42feep-1;
}

fn ln2Low(comptime T: type) comptime_float {
    return ln2 - ln2High(T);
}

/// x = n ln 2 + r + low with |r| at most ln 2 / 2.
fn Reduced(comptime V: type) type {
    return struct { n: Integers(V), r: V, low: V };
}

pub inline fn reduce(x: anytype) Reduced(@TypeOf(x)) {
    const V = @TypeOf(x);
    const T = Element(V);
    const magic = splat(V, comptime float.shifter(T));
    const shifted = x * splat(V, 1.0 / ln2) + magic;
    const k = shifted - magic;
    const high = x - k * splat(V, ln2High(T));
    const rest = k * splat(V, ln2Low(T));
    const r = high - rest;
    return .{ .n = float.bits(shifted) -% float.bits(magic), .r = r, .low = (high - r) - rest };
}

/// (e^r - 1 - r) / r^2 for |r| to ln 2 / 2.
inline fn expTail(r: anytype) @TypeOf(r) {
    return polynomial(r, if (Element(@TypeOf(r)) == f32) &.{
        0.5, 0.166665196, 0.0416662097, 0.00836885069, 0.00139503868,
    } else &.{
        0.5000000000000012,     0.166666666666667,      0.041666666666521385,
        0.0083333333333079,     0.0013888888945710845,  0.00019841269916080366,
        2.4801491105560463e-05, 2.7557217326292805e-06, 2.763091560418162e-07,
        2.51175712269509e-08,
    });
}

/// e^(r + low) for a reduced r; low is far smaller, and without it the result moves by a hundredth
/// of a unit only.
pub inline fn expReduced(r: anytype, low: ?@TypeOf(r)) @TypeOf(r) {
    const square_part = r * r * expTail(r);
    const tail = if (low) |more| square_part + more else square_part;
    return splat(@TypeOf(r), 1) + (r + tail);
}

/// Beyond these exp is 0, and infinite.
fn expLow(comptime T: type) comptime_float {
    return if (T == f32) -104 else -746;
}

fn expHigh(comptime T: type) comptime_float {
    return if (T == f32) 89 else 710;
}

pub inline fn clampExponent(x: anytype) @TypeOf(x) {
    const T = Element(@TypeOf(x));
    return float.clamp(x, expLow(T), expHigh(T));
}

pub inline fn exp(x: anytype) @TypeOf(x) {
    const reduced = reduce(clampExponent(x));
    return float.scale(expReduced(reduced.r, null), reduced.n);
}

/// 2^n ((1 - 2^-n) + r + tail): near 0, where n is 0, nothing is lost.
pub inline fn expm1(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const T = Element(V);
    const reduced = reduce(float.clamp(x, if (T == f32) -20 else -40, expHigh(T)));
    const r = reduced.r;
    const tail = r * r * expTail(r) + reduced.low;
    // Beyond 64, 1 - 2^-n is 1.
    const most: Integers(V) = @splat(64);
    const n = @select(Element(Integers(V)), reduced.n < most, reduced.n, most);
    const offset = splat(V, 1) - float.powerOfTwo(V, -%n);
    return float.copySign(float.scale((offset + r) + tail, reduced.n), x);
}

/// x + x^3 P(x^2) near 0, where 1 - 2 / (e^2|x| + 1) would cancel, and that beyond.
pub inline fn tanh(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const T = Element(V);
    const one = splat(V, 1);
    // Beyond these it rounds to 1.
    const size = float.clamp(@abs(x), 0, if (T == f32) 10 else 20);
    const square = size * size;
    const near = size + size * square * polynomial(square, if (T == f32) &.{
        -0.333332761, 0.133312745, -0.0537251253, 0.020589817, -0.00564830332,
    } else &.{
        -0.33333333333332726,   0.13333333333244846,     -0.0539682539233842,
        0.02186948739851763,    -0.0088632187140968,     0.0035919710009725894,
        -0.0014548669424293275, 0.0005860195439467128,   -0.00022797124004525358,
        7.647788367423274e-05,  -1.5750123356982557e-05,
    });
    const reduced = reduce(size + size);
    const growth = expReduced(reduced.r, null) * float.powerOfTwo(V, reduced.n);
    const far = one - splat(V, 2) / (growth + one);
    return float.copySign(select(size < splat(V, 0.625), near, far), x);
}

/// x = m 2^k with m in [sqrt 1/2, sqrt 2].
fn Split(comptime V: type) type {
    return struct { m: V, k: V, n: Integers(V) };
}

/// For positive x; denormals too.
pub inline fn split(x: anytype) Split(@TypeOf(x)) {
    const V = @TypeOf(x);
    const T = Element(V);
    const I = Integers(V);
    const digits = std.math.floatMantissaBits(T);
    const lift = digits + 2;
    const small = x < splat(V, std.math.floatMin(T));
    const lifted = float.bits(select(small, x * splat(V, 1 << lift), x));
    const root: I = @splat(@as(Element(I), @bitCast(@as(T, std.math.sqrt1_2))));
    const exponent = (lifted -% root) >> @splat(digits);
    const m: V = @bitCast(lifted -% (exponent << @splat(digits)));
    const lowered = exponent -% @as(I, @splat(lift));
    const n = @select(Element(I), small, lowered, exponent);
    const magic = splat(V, comptime float.shifter(T));
    const k = @as(V, @bitCast(n +% float.bits(magic))) - magic;
    return .{ .m = m, .k = k, .n = n };
}

/// log(1 + f) + k ln 2 + low, where 1 + f is in [sqrt 1/2, sqrt 2]: the series of log((1 + s) /
/// (1 - s)) in s = f / (2 + f), arranged so that f stands alone.
inline fn logSum(f: anytype, k: @TypeOf(f), low: ?@TypeOf(f)) @TypeOf(f) {
    const V = @TypeOf(f);
    const T = Element(V);
    const half_square = splat(V, 0.5) * f * f;
    const s = f / (splat(V, 2) + f);
    const z = s * s;
    const series = z * polynomial(z, if (T == f32) &.{
        0.666666627, 0.400003314, 0.285374135, 0.235806912,
    } else &.{
        0.6666666666666731, 0.3999999999943308,  0.2857142873911188,  0.22222198851259203,
        0.1818355214650456, 0.15314315908142836, 0.14793677636208735,
    });
    const multiple = k * splat(V, ln2Low(T));
    const rest = s * (half_square + series) + if (low) |more| multiple + more else multiple;
    return k * splat(V, ln2High(T)) - ((half_square - rest) - f);
}

pub inline fn log(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    const infinity = splat(V, std.math.inf(Element(V)));
    const zero = splat(V, 0);
    const parts = split(x);
    const value = logSum(parts.m - splat(V, 1), parts.k, null);
    // One question after the other: wasm asks joined ones lane by lane.
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
    // What the sum lost, relative to it.
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
    const T = Element(V);
    const a = float.clamp(@abs(x), 0, if (T == f32) 4 else 6);
    const near = a + a * polynomial(a * a, if (T == f32) &.{
        0.128379151, -0.376125574, 0.112825245, -0.0267939549, 0.00503587117, -0.000622241758,
    } else &.{
        0.12837916709551256,     -0.37612638903183054,    0.11283791670918555,
        -0.026866170637635325,   0.005223977546587322,    -0.0008548322178277719,
        0.00012055147009527565,  -1.4921050439543589e-05, 1.6388573175188997e-06,
        -1.5626596310243027e-07, 1.0475893086719962e-08,
    });
    const exponent = polynomial(a, if (T == f32) &.{
        0.000144232603, 1.12788928,   0.636820853,     0.104249991,
        -0.0223809145,  0.0030819634, -0.000199897637,
    } else &.{
        5.379546585740171e-08,  1.128378592012073,       0.636622584287782,
        0.10276434129835538,    -0.019112451974853104,   -0.00022981369644903878,
        0.0017118817751581475,  -0.0005909622953453094,  9.932265855215398e-06,
        8.96727238266249e-05,   -5.3563618343643075e-05, 1.951196592560596e-05,
        -5.160099852081253e-06, 1.031017149601078e-06,   -1.555019786140583e-07,
        1.724643155275974e-08,  -1.3303301543049882e-09, 6.381049402600349e-11,
        -1.433379215589997e-12,
    });
    const reduced = reduce(-exponent);
    const tail = expReduced(reduced.r, null) * float.powerOfTwo(V, reduced.n);
    const far = splat(V, 1) - tail;
    return float.copySign(select(a < splat(V, 0.875), near, far), x);
}
