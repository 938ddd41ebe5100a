//! sin and cos over vectors of f32 or f64, to 2 units in the last place for every argument.
//!
//! x = q pi/2 + r with |r| at most pi/4; a polynomial in r gives the sine, another the cosine, and
//! q chooses between them. Up to a limit the reduction subtracts q pi/2 in parts whose products
//! with q are exact; the few arguments beyond it are reduced one by one with as many digits of
//! 2/pi as they need (Payne and Hanek).

const std = @import("std");
const coefficients = @import("coefficients.zig");
const float = @import("float.zig");
const wide_integer = @import("wide_integer.zig");
const Element = float.Element;
const Like = float.Like;
const splat = float.splat;
const select = float.select;
const numbers = coefficients.numbers;
const polynomials = coefficients.polynomials;

/// The remainder in `high` and `low`, and the quarter turns in the lowest bits of `turns`.
fn Reduced(comptime V: type) type {
    return struct { high: V, low: V, turns: Like(V, i32) };
}

pub inline fn sin(x: anytype) @TypeOf(x) {
    const y = wave(x, 0);
    // The polynomial loses the sign of -0.
    return select(x == splat(@TypeOf(x), 0), x, y);
}

pub inline fn cos(x: anytype) @TypeOf(x) {
    return wave(x, 1);
}

/// The sine `ahead` quarter turns later; with one, the cosine.
inline fn wave(x: anytype, comptime ahead: i32) @TypeOf(x) {
    const V = @TypeOf(x);
    const I = Like(V, i32);
    const size = @abs(x);
    var reduced = if (Element(V) == f32) reduceSingle(x) else reduceDouble(x);
    const beyond = size > numbers.turns_most.of(V);
    const reducible = beyond & (size < splat(V, std.math.inf(Element(V))));
    if (@reduce(.Or, reducible)) {
        @branchHint(.unlikely);
        reduced = reduceMore(V, x, reduced);
    }
    const turns = reduced.turns +% @as(I, @splat(ahead));
    const odd = (turns & @as(I, @splat(1))) != @as(I, @splat(0));
    const y = select(odd, cosReduced(reduced), sinReduced(reduced));
    const negative = (turns & @as(I, @splat(2))) != @as(I, @splat(0));
    return select(negative, -y, y);
}

inline fn sinReduced(reduced: anytype) @TypeOf(reduced.high) {
    const r = reduced.high;
    const V = @TypeOf(r);
    const z = r * r;
    const cubic = r * z * polynomials.sin_tail.at(z);
    if (Element(V) == f32) return r + cubic;
    return r + (cubic + reduced.low * (splat(V, 1) - splat(V, 0.5) * z));
}

inline fn cosReduced(reduced: anytype) @TypeOf(reduced.high) {
    const r = reduced.high;
    const V = @TypeOf(r);
    const z = r * r;
    const quartic = z * z * polynomials.cos_tail.at(z);
    const one = splat(V, 1);
    const half = splat(V, 0.5) * z;
    if (Element(V) == f32) return (one - half) + quartic;
    const most = one - half;
    return most + (((one - most) - half) + (quartic - r * reduced.low));
}

/// The reduction in f64: the remainder is as exact as f32 can represent, so that `low` is not
/// needed.
inline fn reduceSingle(x: anytype) Reduced(@TypeOf(x)) {
    const V = @TypeOf(x);
    const D = Like(V, f64);
    const wide: D = @floatCast(x);
    const q = quarterTurns(wide);
    var rest = wide - q.k * numbers.half_pi_short_1.of(D);
    rest -= q.k * numbers.half_pi_short_2.of(D);
    rest -= q.k * numbers.half_pi_short_3.of(D);
    return .{ .high = @floatCast(rest), .low = splat(V, 0), .turns = q.turns };
}

inline fn reduceDouble(x: anytype) Reduced(@TypeOf(x)) {
    const V = @TypeOf(x);
    const q = quarterTurns(x);
    const first = x - q.k * numbers.half_pi_long_1.of(V);
    const second = float.exactSum(first, -(q.k * numbers.half_pi_long_2.of(V)));
    const third = float.exactSum(second.high, -(q.k * numbers.half_pi_long_3.of(V)));
    const low = second.low + (third.low - q.k * numbers.half_pi_long_4.of(V));
    const high = third.high + low;
    return .{ .high = high, .low = (third.high - high) + low, .turns = q.turns };
}

fn Turns(comptime D: type) type {
    return struct { k: D, turns: Like(D, i32) };
}

/// The number of quarter turns next to x, as a number and as bits.
inline fn quarterTurns(x: anytype) Turns(@TypeOf(x)) {
    const D = @TypeOf(x);
    const magic = numbers.shifter.of(D);
    const shifted = x * numbers.half_pi_inverse.of(D) + magic;
    return .{ .k = shifted - magic, .turns = @truncate(float.bits(shifted)) };
}

/// Replaces the remainders of arguments beyond the limit.
noinline fn reduceMore(comptime V: type, x: V, near: Reduced(V)) Reduced(V) {
    const n = @typeInfo(V).vector.len;
    const most = numbers.turns_most.of(@Vector(1, Element(V)))[0];
    const arguments: [n]Element(V) = x;
    var high: [n]Element(V) = near.high;
    var low: [n]Element(V) = near.low;
    var turns: [n]i32 = near.turns;
    for (arguments, &high, &low, &turns) |number, *high_of, *low_of, *turns_of| {
        if (!(@abs(number) > most and @abs(number) < std.math.inf(f64))) continue;
        const far = reduceFar(number);
        high_of.* = @floatCast(far.high);
        low_of.* = @floatCast(far.low);
        turns_of.* = far.turns;
    }
    return .{ .high = high, .low = low, .turns = turns };
}

const Far = struct { high: f64, low: f64, turns: i32 };

/// x = m 2^e, m an integer. Digits of 2/pi worth 4 or more in x 2/pi are whole turns and omitted;
/// the 192 that follow, times m, give the quarter turns in the first two bits and then the
/// remainder.
fn reduceFar(x: f64) Far {
    const pattern: u64 = @bitCast(@abs(x));
    const m = (pattern & ((1 << 52) - 1)) | 1 << 52;
    const e = @as(i32, @intCast(pattern >> 52)) - 1075;
    // The index is not negative, for x is large enough.
    const first: u32 = @intCast(e - 2 + 64);
    const a = mulWide(m, digits(first));
    const b = mulWide(m, digits(first + 64));
    const c = mulWide(m, digits(first + 128));
    const middle = (b & std.math.maxInt(u64)) + (c >> 64);
    const upper: u64 = @truncate(a +% (b >> 64) +% (middle >> 64));
    const turns = (upper +% (1 << 61)) >> 62;
    const signed: i64 = @bitCast(upper -% (turns << 62));
    // The remainder in units of 2^-126, as the nearest f64 and the difference from it.
    const rest = (@as(i128, signed) << 64) | @as(u64, @truncate(middle));
    const high = wide_integer.toFloat(rest);
    const low = wide_integer.toFloat(rest - wide_integer.fromFloat(high));
    const One = @Vector(1, f64);
    const product = float.exactProduct(@as(One, @splat(high * 0x1p-126)), numbers.half_pi_high.of(One));
    const small = product.low[0] + high * 0x1p-126 * numbers.half_pi_low.double + low * 0x1p-126 * numbers.half_pi_high.double;
    const sum = product.high[0] + small;
    const left = (product.high[0] - sum) + small;
    const number: i32 = @intCast(turns & 3);
    return if (x < 0)
        .{ .high = -sum, .low = -left, .turns = -number }
    else
        .{ .high = sum, .low = left, .turns = number };
}

fn mulWide(x: u64, y: u64) u128 {
    return @as(u128, x) * y;
}

/// 64 digits of 2/pi from digit `first` on.
fn digits(first: u32) u64 {
    const word = first / 64;
    const shift: u6 = @intCast(first % 64);
    const begin = coefficients.two_over_pi[word] << shift;
    if (shift == 0) return begin;
    return begin | coefficients.two_over_pi[word + 1] >> @intCast(64 - @as(u32, shift));
}
