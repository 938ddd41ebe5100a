//! The functions of `functions.zig` against values of higher precision, and against themselves in
//! vectors of other lengths; special cases are in `functions_special_test.zig`.
//!
//! f32 is compared with f64 functions of Zig's library, f64 with `functions_test.txt`, whose values
//! mpmath computed (`tests/fixtures/math_values.py`).

const std = @import("std");
const math = @import("functions.zig");
const special = @import("functions_special_test.zig");

const Function = math.Function;
const expect = std.testing.expect;

pub const lanes = 16;

fn unitsMax(f: Function) f64 {
    return switch (f) {
        .normalCdf, .normalQuantile, .erfc, .erfcx, .erfInverse, .lgamma, .digamma, .besselI0e, .besselI1e => 4,
        else => 2,
    };
}

pub const functions = std.enums.values(Function);

/// Computes the function of every element, in vectors of `n`.
pub fn apply(
    comptime f: Function,
    comptime n: usize,
    out: anytype,
    a: anytype,
    b: @TypeOf(a),
) void {
    const V = @Vector(n, @typeInfo(@TypeOf(out)).pointer.child);
    var i: usize = 0;
    while (i < out.len) : (i += n) {
        const x: V = a[i..][0..n].*;
        const y: V = b[i..][0..n].*;
        out[i..][0..n].* = math.call(f, V, .{ x, y });
    }
}

pub fn one(comptime f: Function, comptime T: type, x: T, y: T) T {
    const V = @Vector(1, T);
    return math.call(f, V, .{ @as(V, @splat(x)), @as(V, @splat(y)) })[0];
}

/// Equal to the bit, or both NaN.
fn same(x: anytype, y: @TypeOf(x)) bool {
    const T = @TypeOf(x);
    if (T == i32) return x == y;
    if (std.math.isNan(x)) return std.math.isNan(y);
    const I = @Int(.unsigned, @bitSizeOf(T));
    return @as(I, @bitCast(x)) == @as(I, @bitCast(y));
}

pub fn expectSame(f: Function, comptime T: type, x: T, y: T, wanted: T, got: T) !void {
    if (!same(wanted, got)) return fail(f, x, y, wanted, got);
}

fn fail(f: Function, x: anytype, y: @TypeOf(x), wanted: anytype, got: @TypeOf(x)) error{Wrong} {
    const T = @typeName(@TypeOf(x));
    std.debug.print("{s}({}, {}) in {s} is {}, not {}\n", .{ @tagName(f), x, y, T, got, wanted });
    return error.Wrong;
}

/// Arguments at which functions change their method or reach the ends of the type.
const Place = enum { anywhere, near_zero, near_one, middle, borders, turns };

/// The f32 within 2^-25 of a multiple of pi/2, most of those below 2^30 and one beyond (by search).
const hard_turns = [8]f32{
    0x1.2d97c8p+2,  0x1.f9cbe2p+7,  0x1.f9cbe2p+8,  0x1.9a48dep+15,
    0x1.4ac55cp+21, 0x1.4665d2p+25, 0x1.27a94ap+29, 16367173 * 0x1p72,
};

fn sample(comptime T: type, random: std.Random, place: Place) T {
    const I = @Int(.unsigned, @bitSizeOf(T));
    const unit = 2 * random.float(T) - 1;
    const sign = std.math.copysign(@as(T, 1), unit);
    const digits = std.math.floatFractionalBits(T);
    switch (place) {
        .anywhere => return @bitCast(random.int(I)),
        .near_zero => return std.math.scalbn(unit, -random.intRangeAtMost(i32, 0, digits + 20)),
        .near_one => return sign + std.math.scalbn(unit, -random.intRangeAtMost(i32, 0, digits)),
        .middle => return 10 * unit,
        .borders => {
            // The arguments at which exp and expm1 become infinite, denormal, 0 and -1.
            const single = [4]T{ 88.7, 87.3, 103.9, 17.3 };
            const double = [4]T{ 709.8, 708.4, 745, 36.7 };
            return sign * (if (T == f32) single else double)[random.int(u2)] + unit;
        },
        .turns => {
            if (T == f32 and random.int(u6) == 0) return sign * hard_turns[random.int(u3)];
            const count: f64 = @floatFromInt(random.int(u30) >> random.int(u5) % 30);
            const beside: I = @bitCast(@as(T, @floatCast(count * (std.math.pi / 2.0))));
            return sign * @as(T, @bitCast(beside -% 1 +% random.uintLessThan(I, 3)));
        },
    }
}

pub fn fillSample(comptime T: type, random: std.Random, place: ?Place, out: []T) void {
    for (out) |*x| x.* = if (T == i32)
        random.int(i32) >> random.int(u5)
    else
        sample(T, random, place orelse random.enumValue(Place));
}

/// 2/sqrt(pi) e^-x^2 sum 2^k x^(2k+1) / (2k+1)!!; from 4 on, erf is 1 in f32.
fn erf(x: f64) f64 {
    if (std.math.isNan(x) or x == 0) return x;
    if (@abs(x) > 4) return std.math.copysign(@as(f64, 1), x);
    var term = x;
    var sum = x;
    var k: f64 = 1;
    while (@abs(term) > @abs(sum) * 1e-17) : (k += 1) {
        term *= 2 * x * x / (2 * k + 1);
        sum += term;
    }
    return sum * @exp(-x * x) * (2 / @sqrt(@as(f64, std.math.pi)));
}

/// Near 0 by the series 1/2 + density(x) sum x^(2k+1) / (2k+1)!!, and elsewhere by Laplace's
/// continued fraction.
fn normalCdf(x: f64) f64 {
    if (std.math.isNan(x)) return x;
    if (@abs(x) > 40) return if (x < 0) 0 else 1;
    if (x > 1) return 1 - normalCdf(-x);
    const density = @exp(-0.5 * x * x) / @sqrt(2 * @as(f64, std.math.pi));
    if (x >= -1) {
        var term = x;
        var sum = x;
        var k: f64 = 3;
        while (@abs(term) > @abs(sum) * 1e-17) : (k += 2) {
            term *= x * x / k;
            sum += term;
        }
        return 0.5 + density * sum;
    }
    var tail = -x;
    var k: f64 = 400;
    while (k > 0) : (k -= 1) tail = -x + k / tail;
    return density / tail;
}

/// 1 - erf(x) up to 1/2, and beyond by Laplace's continued fraction.
fn erfc(x: f64) f64 {
    if (std.math.isNan(x)) return x;
    if (x < 0.5) return 1 - erf(x);
    if (x > 12) return 0;
    var tail = x;
    var k: f64 = 400;
    while (k > 0) : (k -= 1) tail = x + k / 2 / tail;
    return @exp(-x * x) / (@sqrt(@as(f64, std.math.pi)) * tail);
}

/// e^(x^2) erfc(x) up to 2, and beyond Laplace's continued fraction.
fn erfcx(x: f64) f64 {
    if (std.math.isNan(x)) return x;
    if (x < 2) return @exp(x * x) * erfc(x);
    var tail = x;
    var k: f64 = 400;
    while (k > 0) : (k -= 1) tail = x + k / 2 / tail;
    return 1 / (@sqrt(@as(f64, std.math.pi)) * tail);
}

/// By Newton's method for the logarithm of normalCdf, which is concave, on the lower side.
fn normalQuantile(p: f64) f64 {
    if (!(p > 0 and p < 1)) return if (p == 0) -std.math.inf(f64) else if (p == 1) std.math.inf(f64) else std.math.nan(f64);
    if (p > 0.5) return -normalQuantile(1 - p);
    var y: f64 = 0;
    for (0..200) |_| {
        const reached = normalCdf(y);
        const density = @exp(-0.5 * y * y) / @sqrt(2 * @as(f64, std.math.pi));
        const step = (@log(p) - @log(reached)) * reached / density;
        y += @max(step, -2);
        if (@abs(step) <= 1e-16 * @abs(y)) break;
    }
    return y;
}

/// By Newton's method, from a number below on the side where the function is steeper than its tangent.
fn erfInverse(x: f64) f64 {
    if (x == 0 or std.math.isNan(x)) return x;
    if (@abs(x) >= 1) return x / (1 - @abs(x)) * (if (@abs(x) > 1) std.math.nan(f64) else 1);
    const size = @abs(x);
    var y = size * @sqrt(@as(f64, std.math.pi)) / 2;
    for (0..200) |_| {
        const error_of = if (size < 0.5) size - erf(y) else erfc(y) - (1 - size);
        const step = error_of * @exp(y * y) * @sqrt(@as(f64, std.math.pi)) / 2;
        // A step is bounded, since the first ones may be far too long.
        y += @min(step, 0.5);
        if (@abs(step) < 1e-16 * y) break;
    }
    return std.math.copysign(y, x);
}

/// e^-|x| times the modified Bessel function of that order: by its power series up to 25, and by the
/// asymptotic one beyond.
fn bessel(comptime order: f64, x: f64) f64 {
    const size = @abs(x);
    const sign: f64 = if (order == 1 and x < 0) -1 else 1;
    if (std.math.isNan(x)) return x;
    if (std.math.isInf(x)) return sign * 0.0;
    var term: f64 = 1;
    var sum: f64 = 1;
    var k: f64 = 1;
    if (size < 25) {
        term = if (order == 0) 1 else size / 2;
        sum = term;
        while (term > sum * 1e-18) : (k += 1) {
            term *= size * size / 4 / (k * (k + order));
            sum += term;
        }
        return if (order == 1) std.math.copysign(sum * @exp(-size), x) else sum * @exp(-size);
    }
    while (k < 25) : (k += 1) {
        term *= -(4 * order - (2 * k - 1) * (2 * k - 1)) / (8 * k * size);
        sum += term;
    }
    return sign * sum / @sqrt(2 * std.math.pi * size);
}

/// The library's, with the poles as C99 has them.
fn lgamma(x: f64) f64 {
    if (std.math.isInf(x) or (x <= 0 and x == @floor(x))) return std.math.inf(f64);
    return std.math.lgamma(f64, x);
}

/// log x - 1/(2x) - sum B2k/(2k x^2k) beyond 15, from which the recurrence leads down, and the reflection below 0.
fn digamma(x: f64) f64 {
    if (x == 0) return -1 / x;
    if (x < 0) {
        if (x == @floor(x)) return std.math.nan(f64);
        return digamma(-x) - 1 / x + pole(x);
    }
    var y = x;
    var sum: f64 = 0;
    while (y < 15) : (y += 1) sum -= 1 / y;
    const w = 1 / (y * y);
    const series = w * (1.0 / 12.0 - w * (1.0 / 120.0 - w * (1.0 / 252.0 - w * (1.0 / 240.0 - w * (1.0 / 132.0)))));
    return sum + ((@log(y) - 0.5 / y) - series);
}

/// pi / tan(pi |x|), of the distance from the nearest integer.
fn pole(x: f64) f64 {
    const distance = @abs(x) - @round(@abs(x));
    return std.math.pi / @tan(std.math.pi * distance);
}

/// The magnitudes of the parts of a result that may cancel, together; 0 where none does.
fn besideOf(f: Function, x: f64) f64 {
    if (!(x < 0) or std.math.isInf(x)) return 0;
    switch (f) {
        // A relative error of the other logarithm's argument is an absolute one of the logarithm.
        .lgamma => return if (x > -0.5) 0 else 1 + @abs(lgamma(-x)),
        .digamma => return @abs(digamma(-x)) + @abs(1 / x) + @abs(pole(x)),
        else => return 0,
    }
}

/// The expected value: for f32 exact enough, and for the exact functions of f64 right to the bit.
fn judge(f: Function, x: f64, y: f64) f64 {
    switch (f) {
        .exp => return @exp(x),
        .exp2 => return @exp2(x),
        .expm1 => return std.math.expm1(x),
        .log => return @log(x),
        .log1p => return std.math.log1p(x),
        .log2 => return @log2(x),
        .log10 => return @log10(x),
        .pow => return std.math.pow(f64, x, y),
        .tanh => return std.math.tanh(x),
        .sin => return @sin(x),
        .cos => return @cos(x),
        .asin => return std.math.asin(x),
        .acos => return std.math.acos(x),
        .atan2 => return std.math.atan2(x, y),
        .erf => return erf(x),
        .erfc => return erfc(x),
        .erfcx => return erfcx(x),
        .erfInverse => return erfInverse(x),
        .normalCdf => return normalCdf(x),
        .normalQuantile => return normalQuantile(x),
        .lgamma => return lgamma(x),
        .digamma => return digamma(x),
        .besselI0e => return bessel(0, x),
        .besselI1e => return bessel(1, x),
        .sqrt => return @sqrt(x),
        .abs => return @abs(x),
        .floor => return @floor(x),
        .ceil => return @ceil(x),
        .round => {
            const is_tie = @abs(x - @trunc(x)) == 0.5;
            return std.math.copysign(if (is_tie) 2 * @round(x / 2) else @round(x), x);
        },
        .max, .min => {
            if (std.math.isNan(x) or std.math.isNan(y)) return std.math.nan(f64);
            const x_is_less = if (x == y) std.math.signbit(x) else x < y;
            return if (x_is_less == (f == .min)) x else y;
        },
        .floorDiv => {
            if (y == 0 or std.math.isNan(x)) return x / y;
            if (std.math.isInf(x)) return std.math.nan(f64);
            if (std.math.isInf(y)) return if (x != 0 and (x < 0) != (y < 0)) -1 else x / y;
            // In f128 no quotient below 2^53 is rounded to an integer.
            if (@abs(x / y) < 0x1p53) return @floatCast(@floor(@as(f128, x) / @as(f128, y)));
            return x / y;
        },
        .mod => {
            if (y == 0 or std.math.isInf(x)) return std.math.nan(f64);
            const rest = if (std.math.isInf(y)) x else @rem(x, y);
            return if (rest != 0 and (rest < 0) != (y < 0)) rest + y else rest;
        },
    }
}

/// The distance in units of the last place of the wanted number, or of a larger number beside it.
fn units(comptime T: type, wanted: f64, got: T, beside: f64) f64 {
    const nearest: T = @floatCast(wanted);
    if (same(nearest, got)) return 0;
    if (std.math.isNan(wanted) or std.math.isNan(got)) return std.math.inf(f64);
    if (beside > @abs(wanted)) return @abs(@as(f64, got) - wanted) / unitOf(T, beside);
    if (std.math.signbit(wanted) != std.math.signbit(got)) return std.math.inf(f64);
    // An infinite value counts as the first power of two beyond the largest number.
    const beyond = std.math.ldexp(@as(f64, 1), std.math.floatExponentMax(T)) * 2;
    const lesser = @min(@abs(wanted), beyond);
    return @abs(@min(@abs(@as(f64, got)), beyond) - lesser) / unitOf(T, lesser);
}

/// The unit in the last place.
fn unitOf(comptime T: type, x: f64) f64 {
    const exponent = @max(std.math.ilogb(x), std.math.floatExponentMin(T));
    return std.math.ldexp(@as(f64, 1), exponent - std.math.floatMantissaBits(T));
}

test "f32 is within some units in the last place everywhere" {
    var prng: std.Random.DefaultPrng = .init(1);
    const count = 1 << 14;
    var a: [count]f32 = undefined;
    var b: [count]f32 = undefined;
    var out: [count]f32 = undefined;
    inline for (functions) |f| {
        if (comptime f.isExact()) continue;
        for (std.enums.values(Place)) |place| {
            fillSample(f32, prng.random(), place, &a);
            fillSample(f32, prng.random(), null, &b);
            // Exponents for which the power is of moderate size, and bases whose powers are.
            if (f == .pow) for (&a, &b) |*x, *y| {
                if (prng.random().boolean()) x.* = @abs(x.*);
                if (prng.random().boolean()) y.* = (y.* * 9) / @log2(@abs(x.*));
            };
            apply(f, lanes, @as([]f32, &out), &a, &b);
            for (a, b, out) |x, y, got| {
                const wanted = judge(f, x, y);
                if (!(units(f32, wanted, got, besideOf(f, x)) <= unitsMax(f))) return fail(f, x, y, wanted, got);
            }
        }
    }
}

test "f64 is within some units in the last place of mpmath's values" {
    var lines = std.mem.tokenizeScalar(u8, @embedFile("functions_test.txt"), '\n');
    var count: usize = 0;
    while (lines.next()) |line| : (count += 1) {
        var words = std.mem.tokenizeScalar(u8, line, ' ');
        const f = std.meta.stringToEnum(Function, words.next().?).?;
        const x = try number(words.next().?);
        const y = if (f.arity() == 2) try number(words.next().?) else 0;
        const wanted = try number(words.next().?);
        const above = try std.fmt.parseFloat(f64, words.next().?);
        const got = switch (f) {
            inline else => |known| one(known, f64, x, y),
        };
        // `units` gives only the size of the difference, which gets its sign back for `above`.
        const beside = besideOf(f, x);
        const difference = std.math.copysign(units(f64, wanted, got, beside), got - wanted);
        const lost = if (beside > @abs(wanted)) 0 else above;
        if (!(@abs(difference - lost) <= unitsMax(f))) return fail(f, x, y, wanted, got);
    }
    try expect(count > 2500);
}

fn number(digits: []const u8) !f64 {
    return @bitCast(try std.fmt.parseInt(u64, digits, 16));
}

test "exact functions of floats are right to the bit" {
    var prng: std.Random.DefaultPrng = .init(2);
    const count = 1 << 14;
    inline for (.{ f32, f64 }) |T| inline for (functions) |f| {
        if (comptime !f.isExact()) continue;
        var a: [count]T = undefined;
        var b: [count]T = undefined;
        var out: [count]T = undefined;
        fillSample(T, prng.random(), null, &a);
        fillSample(T, prng.random(), null, &b);
        // Operands with quotients that are, or almost are, integers; halves; and special values in
        // all pairs.
        for (a[0 .. count / 4], b[0 .. count / 4], 0..) |*x, *y, i| {
            if (i % 2 == 0) x.* = @round(x.* * 64) / 2;
            if (i % 4 == 0) y.* = @round(y.* * 4) / 2;
            if (i % 4 == 1) x.* = y.* * @as(T, @floatFromInt(i));
        }
        const known = special.specials(T);
        for (a[0 .. known.len * known.len], b[0 .. known.len * known.len], 0..) |*x, *y, i| {
            x.* = known[i / known.len];
            y.* = known[i % known.len];
        }
        apply(f, lanes, @as([]T, &out), &a, &b);
        for (a, b, out) |x, y, got| try expectSame(f, T, x, y, @floatCast(judge(f, x, y)), got);
    };
}

test "the length of the vector changes no bit" {
    var prng: std.Random.DefaultPrng = .init(4);
    const count = 1 << 11;
    inline for (.{ f32, f64, i32 }) |T| {
        var a: [count]T = undefined;
        var b: [count]T = undefined;
        fillSample(T, prng.random(), null, &a);
        fillSample(T, prng.random(), null, &b);
        inline for (functions) |f| if (comptime T != i32 or f.isForIntegers()) {
            var single: [count]T = undefined;
            apply(f, 1, @as([]T, &single), &a, &b);
            inline for (.{ 4, 8, 16 }) |n| {
                var out: [count]T = undefined;
                apply(f, n, @as([]T, &out), &a, &b);
                for (a, b, single, out) |x, y, wanted, got| try expectSame(f, T, x, y, wanted, got);
            }
        };
    }
}

test {
    _ = special;
}
