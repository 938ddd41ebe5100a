//! The pieces of `functions.zig`: bits, scaling by powers of two, and exact sums and products, over
//! vectors of f32 or f64.
//!
//! Nothing here uses fused multiply-add, so that every machine gives the same bits. NaN passes
//! through: no step branches on it, and none traps.

const std = @import("std");
const builtin = @import("builtin");
const coefficients = @import("coefficients.zig");

pub fn Element(comptime V: type) type {
    return @typeInfo(V).vector.child;
}

/// The vector type of another element, as long as `V`.
pub fn Like(comptime V: type, comptime T: type) type {
    return @Vector(@typeInfo(V).vector.len, T);
}

/// The vector type of signed integers that hold the bits of `V`.
pub fn Integers(comptime V: type) type {
    return Like(V, @Int(.signed, @bitSizeOf(Element(V))));
}

pub inline fn splat(comptime V: type, comptime value: comptime_float) V {
    return @splat(value);
}

pub inline fn bits(x: anytype) Integers(@TypeOf(x)) {
    return @bitCast(x);
}

pub inline fn select(condition: anytype, x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    return @select(Element(@TypeOf(x)), condition, x, y);
}

fn Condition(comptime V: type) type {
    return Like(V, bool);
}

pub inline fn isNan(x: anytype) Condition(@TypeOf(x)) {
    return x != x;
}

pub inline fn isInfinite(x: anytype) Condition(@TypeOf(x)) {
    return @abs(x) == splat(@TypeOf(x), std.math.inf(Element(@TypeOf(x))));
}

/// x, limited to the range; NaN stays NaN.
pub inline fn clamp(x: anytype, low: @TypeOf(x), high: @TypeOf(x)) @TypeOf(x) {
    const below = select(x > high, high, x);
    return select(below < low, low, below);
}

/// The absolute value of x with the sign of `sign`.
pub inline fn copySign(x: anytype, sign: @TypeOf(x)) @TypeOf(x) {
    const I = Integers(@TypeOf(x));
    const mask: I = @splat(std.math.minInt(Element(I)));
    return @bitCast((bits(x) & ~mask) | (bits(sign) & mask));
}

/// The nearest integer, halves to even.
pub inline fn round(x: anytype) @TypeOf(x) {
    const V = @TypeOf(x);
    // Adding a number whose unit in the last place is 1 rounds; any larger x is an integer.
    const unit = splat(V, if (Element(V) == f32) 0x1p23 else 0x1p52);
    const size = @abs(x);
    const rounded = copySign((size + unit) - unit, x);
    return select(size < unit, rounded, x);
}

/// The upper half of the digits of x, so that their products with as many are exact.
pub inline fn upper(x: anytype) @TypeOf(x) {
    const mask: Integers(@TypeOf(x)) = @splat(if (Element(@TypeOf(x)) == f32) -1 << 12 else -1 << 27);
    return @bitCast(bits(x) & mask);
}

/// 2^n, for n within the exponents of normal numbers.
pub inline fn powerOfTwo(comptime V: type, n: Integers(V)) V {
    const I = Integers(V);
    const T = Element(V);
    const bias: I = @splat((1 << std.math.floatExponentBits(T) - 1) - 1);
    return @bitCast((n +% bias) << @splat(std.math.floatMantissaBits(T)));
}

/// Whether the CPU has an instruction that scales a vector of this size.
fn hasScale(comptime V: type) bool {
    const cpu = builtin.cpu;
    // The compiler's own back end, which quick builds use, does not know the names of these
    // registers.
    return builtin.zig_backend == .stage2_llvm and cpu.arch == .x86_64 and std.Target.x86.featureSetHas(cpu.features, .avx512f) and @bitSizeOf(V) == 512;
}

/// x 2^n, rounded once, for |x| about 1 and n to twice the normal exponents.
pub inline fn scale(x: anytype, n: Integers(@TypeOf(x))) @TypeOf(x) {
    if (comptime hasScale(@TypeOf(x))) {
        const power: @TypeOf(x) = @floatFromInt(n);
        // The instruction gives the same number: it rounds once, too.
        return if (Element(@TypeOf(x)) == f32)
            asm ("vscalefps %[power], %[x], %[scaled]"
                : [scaled] "=v" (-> @TypeOf(x)),
                : [x] "v" (x),
                  [power] "v" (power),
            )
        else
            asm ("vscalefpd %[power], %[x], %[scaled]"
                : [scaled] "=v" (-> @TypeOf(x)),
                : [x] "v" (x),
                  [power] "v" (power),
            );
    }
    const half = n >> @splat(1);
    return x * powerOfTwo(@TypeOf(x), half) * powerOfTwo(@TypeOf(x), n -% half);
}

/// An unevaluated sum, `low` at most half a unit in the last place of `high`.
pub fn Pair(comptime V: type) type {
    return struct { high: V, low: V };
}

/// x + y exactly (Knuth).
pub inline fn exactSum(x: anytype, y: @TypeOf(x)) Pair(@TypeOf(x)) {
    const sum = x + y;
    const of_y = sum - x;
    return .{ .high = sum, .low = (x - (sum - of_y)) + (y - of_y) };
}

/// x y exactly (Dekker), for f64 below 2^996.
pub inline fn exactProduct(x: anytype, y: @TypeOf(x)) Pair(@TypeOf(x)) {
    const product = x * y;
    const a = halves(x);
    const b = halves(y);
    const low = ((a.high * b.high - product) + a.high * b.low + a.low * b.high) + a.low * b.low;
    return .{ .high = product, .low = low };
}

inline fn halves(x: anytype) Pair(@TypeOf(x)) {
    comptime std.debug.assert(Element(@TypeOf(x)) == f64);
    const scaled = x * coefficients.numbers.splitter.of(@TypeOf(x));
    const high = scaled - (scaled - x);
    return .{ .high = high, .low = x - high };
}
