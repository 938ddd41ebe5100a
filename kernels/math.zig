//! stand-in
const std = @import("std");
pub const Function = enum {
    exp, expm1, log, log1p, pow, tanh, sin, cos, sqrt, erf, abs, floor, ceil, round, max, min, floorDiv, mod,
    pub fn arity(function: Function) usize {
        return switch (function) {
            .pow, .max, .min, .floorDiv, .mod => 2,
            else => 1,
        };
    }
    pub fn isForIntegers(function: Function) bool {
        return switch (function) {
            .abs, .max, .min, .floorDiv, .mod => true,
            else => false,
        };
    }
};
pub inline fn call(comptime function: Function, comptime V: type, x: anytype) V {
    _ = function;
    return x[0];
}
