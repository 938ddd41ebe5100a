//! The types of elements in memory: what `table.json` says of each, section `types`. Their codes are
//! the same in instructions and in the manifest.
//!
//! A type without `compute` is also computed in; those types come first. The elements of the others
//! are computed with in the type that `compute` names, and wrapped or rounded when they are stored.

const std = @import("std");
const json = @import("../json.zig");

pub const DType = enum(u8) {
    float32,
    float64,
    int32,
    int64,
    uint8,
    bool,
    float16,
    bfloat16,
    int8,
    int16,
    uint16,
    uint32,

    pub fn kind(dtype: DType) Kind {
        return facts[@backingInt(dtype)].kind;
    }

    pub fn isFloat(dtype: DType) bool {
        return dtype.kind() == .float;
    }

    pub fn isHalf(dtype: DType) bool {
        return dtype.isFloat() and dtype.shift() == 1;
    }

    pub fn bytes(dtype: DType) usize {
        return @as(usize, 1) << dtype.shift();
    }

    /// The base-2 logarithm of the bytes of an element.
    pub fn shift(dtype: DType) u2 {
        return facts[@backingInt(dtype)].shift;
    }

    /// The type in which elements are computed with.
    pub fn compute(dtype: DType) DType {
        return facts[@backingInt(dtype)].compute;
    }
};

pub const Kind = enum { float, signed, unsigned, bool };

const names = @typeInfo(DType).@"enum".field_names;

/// How many types are computed in: they have the first codes.
pub const computed: usize = blk: {
    var count = 0;
    for (facts, 0..) |fact, code| {
        if (@backingInt(fact.compute) != code) continue;
        if (count != code) @compileError("table.json: " ++ names[code] ++ " is computed in, and must come before the types that are not");
        count += 1;
    }
    break :blk count;
};

const Fact = struct { kind: Kind, shift: u2, compute: DType };

const facts: [names.len]Fact = blk: {
    @setEvalBranchQuota(1_000_000);
    const rows = json.section("types");
    if (rows.len != names.len) @compileError("table.json and DType have other types");
    var all: [names.len]Fact = undefined;
    for (&all, rows, 0..) |*fact, row, code| {
        if (!std.mem.eql(u8, row.name, names[code])) @compileError("write the type " ++ row.name ++ " in its place of DType");
        fact.compute = @fromBackingInt(@as(u8, code));
        for (json.entries(row.value)) |entry| {
            const word = std.mem.trim(u8, entry.value, "\"");
            if (std.mem.eql(u8, entry.name, "kind")) {
                fact.kind = std.meta.stringToEnum(Kind, word).?;
            } else if (std.mem.eql(u8, entry.name, "bytes")) {
                fact.shift = std.math.log2_int(u8, std.fmt.parseInt(u8, word, 10) catch unreachable);
            } else if (std.mem.eql(u8, entry.name, "compute")) {
                fact.compute = std.meta.stringToEnum(DType, word).?;
            } else @compileError("table.json: a type has no \"" ++ entry.name ++ "\"");
        }
    }
    break :blk all;
};

test "a type is what its row says" {
    const expect = std.testing.expect;
    try expect(computed == 4 and DType.uint32.compute() == .int64 and DType.int64.compute() == .int64);
    try expect(DType.bfloat16.isHalf() and !DType.int16.isHalf() and DType.int16.bytes() == 2);
}
