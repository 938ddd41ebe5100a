//! The closed list of functions that a row may call, over vectors of f32, f64 or i32.
//!
//! Every function has one meaning on every device, and here one sequence of IEEE operations on
//! every CPU: no fused multiply-add, no call of the C library, so the same bits everywhere. f32 and
//! f64 are within 2 units in the last place; `normalCdf`, `normalQuantile`, `erfc`, `erfcx`,
//! `erfInverse`, `lgamma`, `digamma` and the functions of Bessel within 4. `max` and `min` give NaN if either operand is NaN, and order -0 below 0; `round` rounds
//! half to even; `mod` has the divisor's sign.

const std = @import("std");
const float = @import("float.zig");
const division = @import("division.zig");
const elementary = @import("elementary.zig");
const trigonometry = @import("trigonometry.zig");
const power = @import("power.zig");
const inverse = @import("inverse.zig");
const logarithm = @import("logarithm.zig");
const gamma = @import("gamma.zig");
const bessel = @import("bessel.zig");
const Element = float.Element;
const select = float.select;

pub const Function = enum {
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    pow,
    tanh,
    sin,
    cos,
    asin,
    acos,
    atan2,
    sqrt,
    erf,
    erfc,
    erfcx,
    erfInverse,
    normalCdf,
    normalQuantile,
    lgamma,
    digamma,
    besselI0e,
    besselI1e,
    abs,
    floor,
    ceil,
    round,
    max,
    min,
    floorDiv,
    mod,

    pub fn arity(function: Function) usize {
        return signatures.get(function).arity;
    }

    /// Whether the function takes tens of operations: longer than memory needs for its operands.
    pub fn isSlow(function: Function) bool {
        return signatures.get(function).slow;
    }

    /// Whether the function takes longer for some floats than for others: GPUs have such a function
    /// twice, once without a branch.
    pub fn isUneven(function: Function) bool {
        return signatures.get(function).uneven;
    }

    /// Whether the results are right to the bit, not only within some units in the last place.
    pub fn isExact(function: Function) bool {
        return signatures.get(function).exact;
    }

    pub fn isForIntegers(function: Function) bool {
        return signatures.get(function).integers;
    }
};

pub const Signature = struct {
    arity: u8 = 1,
    slow: bool = false,
    uneven: bool = false,
    exact: bool = false,
    integers: bool = false,
};

/// The facts about each function. `kernels/README.md` lists the other places of a new function.
const signatures: std.EnumArray(Function, Signature) = .init(.{
    .exp = .{ .slow = true },
    .exp2 = .{ .slow = true },
    .expm1 = .{ .slow = true },
    .log = .{ .slow = true },
    .log1p = .{ .slow = true },
    .log2 = .{ .slow = true },
    .log10 = .{ .slow = true },
    .pow = .{ .arity = 2, .slow = true },
    .tanh = .{ .slow = true },
    .sin = .{ .slow = true, .uneven = true },
    .cos = .{ .slow = true, .uneven = true },
    .asin = .{ .slow = true },
    .acos = .{ .slow = true },
    .atan2 = .{ .arity = 2, .slow = true },
    .sqrt = .{ .exact = true },
    .erf = .{ .slow = true },
    .erfc = .{ .slow = true },
    .erfcx = .{ .slow = true },
    .erfInverse = .{ .slow = true },
    .normalCdf = .{ .slow = true },
    .normalQuantile = .{ .slow = true },
    .lgamma = .{ .slow = true },
    .digamma = .{ .slow = true },
    .besselI0e = .{ .slow = true },
    .besselI1e = .{ .slow = true },
    .abs = .{ .exact = true, .integers = true },
    .floor = .{ .exact = true },
    .ceil = .{ .exact = true },
    .round = .{ .exact = true },
    .max = .{ .arity = 2, .exact = true, .integers = true },
    .min = .{ .arity = 2, .exact = true, .integers = true },
    .floorDiv = .{ .arity = 2, .exact = true, .integers = true },
    .mod = .{ .arity = 2, .uneven = true, .exact = true, .integers = true },
});

/// The functions as the manifest lists them: tests compare other languages with this list.
pub const json: []const u8 = blk: {
    var text: []const u8 = "{";
    for (std.enums.values(Function), 0..) |function, k| {
        const template = "{s}\"{t}\":{{\"arity\":{d},\"integers\":{},\"exact\":{}}}";
        const values = .{ if (k == 0) "" else ",", function, function.arity(), function.isForIntegers(), function.isExact() };
        text = text ++ std.fmt.comptimePrint(template, values);
    }
    break :blk text ++ "}";
};

/// Calls the function of one or two arguments, lane by lane.
pub inline fn call(comptime function: Function, comptime V: type, arguments: anytype) V {
    const x: V = arguments[0];
    return switch (function) {
        .exp => elementary.exp(x),
        .exp2 => elementary.exp2(x),
        .expm1 => elementary.expm1(x),
        .log => logarithm.log(x),
        .log1p => logarithm.log1p(x),
        .log2 => logarithm.log2(x),
        .log10 => logarithm.log10(x),
        .pow => power.pow(x, arguments[1]),
        .tanh => elementary.tanh(x),
        .sin => trigonometry.sin(x),
        .cos => trigonometry.cos(x),
        .asin => inverse.asin(x),
        .acos => inverse.acos(x),
        .atan2 => inverse.atan2(x, arguments[1]),
        .sqrt => @sqrt(x),
        .erf => elementary.erf(x),
        .erfc => elementary.erfc(x),
        .erfcx => elementary.erfcx(x),
        .erfInverse => inverse.erfInverse(x),
        .normalCdf => elementary.normalCdf(x),
        .normalQuantile => inverse.normalQuantile(x),
        .lgamma => gamma.lgamma(x),
        .digamma => gamma.digamma(x),
        .besselI0e => bessel.besselI0e(x),
        .besselI1e => bessel.besselI1e(x),
        .abs => abs(x),
        .floor => @floor(x),
        .ceil => @ceil(x),
        .round => float.round(x),
        .max => extreme(x, arguments[1], true),
        .min => extreme(x, arguments[1], false),
        .floorDiv => division.floorDiv(x, arguments[1]),
        .mod => division.mod(x, arguments[1]),
    };
}

inline fn abs(x: anytype) @TypeOf(x) {
    // The least integer has no positive counterpart, and stays.
    return if (Element(@TypeOf(x)) == i32) @bitCast(@abs(x)) else @abs(x);
}

inline fn extreme(x: anytype, y: @TypeOf(x), comptime greatest: bool) @TypeOf(x) {
    const V = @TypeOf(x);
    if (Element(V) == i32) return @select(i32, if (greatest) x > y else x < y, x, y);
    // The two comparisons differ only for 0 and -0, whose bits then decide, and for NaN.
    const one = if (greatest) select(x > y, x, y) else select(x < y, x, y);
    const two = if (greatest) select(y > x, y, x) else select(y < x, y, x);
    const joined = if (greatest)
        float.bits(one) & float.bits(two)
    else
        float.bits(one) | float.bits(two);
    return select(float.isNan(x) | float.isNan(y), x + y, @as(V, @bitCast(joined)));
}
