//! The rows of instructions in `table.json` at compile time: which words an instruction has, which
//! views it takes, and what a group or a kept program may do with it.
//!
//! Code that handles words or views without asking what an instruction computes is a loop over
//! these rows: `border/decode.zig`, `cpu/kept.zig`, `Instruction.operand`, the manifest. A row with
//! a mistake is a compile error that names the row. `kernels/schema.ts` explains how a row is
//! written and reads the same file; the manifest states how the rows were understood here.

const std = @import("std");
const json = @import("schema_json.zig");
const limits = @import("limits.zig");
const table = @import("../rows/table.zig");
const types = @import("instruction_row.zig");

pub const Kind = types.Kind;
pub const Field = types.Field;
pub const Access = types.Access;
pub const View = types.View;
pub const Row = types.Row;

pub const rows: []const Row = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Row = &.{};
    for (table.section("instructions")) |entry| list = list ++ .{json.parse(entry)};
    break :blk list;
};

/// The rows as JSON, for the manifest.
pub const text = json.textOf(rows);

/// The first word of an instruction: the position of its row, counted from one.
pub const Opcode = blk: {
    var names: [rows.len][]const u8 = undefined;
    var codes: [rows.len]u32 = undefined;
    for (rows, &names, &codes, 1..) |row, *name, *code, number| {
        name.* = row.name;
        code.* = number;
    }
    break :blk @Enum(u32, .exhaustive, &names, &codes);
};

pub fn of(comptime opcode: Opcode) Row {
    return rows[@backingInt(opcode) - 1];
}

/// The index of the first word of the views, from the values of the fields that are counts.
pub inline fn viewsOf(comptime row: Row, words: []const i64) usize {
    var length = row.head;
    inline for (row.fields) |field| switch (field.times) {
        .fixed => {},
        .field => |count| length += wordAt(row, words, count),
    };
    return length;
}

/// The number of words of an instruction with views, from the same values.
pub inline fn lengthOf(comptime row: Row, words: []const i64) usize {
    comptime std.debug.assert(row.views.len > 0);
    var length = viewsOf(row, words);
    inline for (row.views) |view| {
        var one: usize = 3;
        if (!view.is_packed) inline for (view.axes) |axes| {
            one += switch (row.fields[axes.field].times) {
                .fixed => 1,
                .field => |count| wordAt(row, words, axes.part orelse count),
            };
        };
        length += one * if (view.times) |count| wordAt(row, words, count) else 1;
    }
    return length;
}

inline fn wordAt(comptime row: Row, words: []const i64, comptime field: usize) usize {
    return @intCast(words[row.fields[field].at]);
}

/// The words of the longest instruction that there may be.
pub const length_max: usize = blk: {
    @setEvalBranchQuota(1_000_000);
    var most = 0;
    for (rows) |row| {
        if (row.views.len == 0) continue;
        var words: [row.head]i64 = @splat(0);
        for (row.fields) |field| {
            if (field.at == row.head) continue;
            words[field.at] = switch (field.kind) {
                .rank => limits.rank_max - axesBeside(row, field.at),
                .within => words[row.fields[field.within.?].at],
                .operands => limits.inputs_max,
                else => 0,
            };
        }
        most = @max(most, lengthOf(row, &words));
    }
    break :blk most;
};

/// The most axes that a view has beside those of the field of sizes at that index.
pub fn axesBeside(comptime row: Row, comptime rank: usize) usize {
    var most = 0;
    for (row.views) |view| {
        var beside = 0;
        var runs_along = false;
        for (view.axes) |axes| switch (row.fields[axes.field].times) {
            .fixed => beside += 1,
            .field => |count| runs_along = runs_along or row.fields[count].at == rank,
        };
        if (runs_along) most = @max(most, beside);
    }
    return most;
}

/// The default of a struct's member; null if it has none.
pub fn defaultOf(comptime Payload: type, comptime name: []const u8) ?@FieldType(Payload, name) {
    const info = @typeInfo(Payload).@"struct";
    for (info.field_names, 0..) |one, k| {
        if (!std.mem.eql(u8, one, name)) continue;
        return info.field_attrs[k].defaultValue(@FieldType(Payload, name));
    }
    unreachable;
}

test "a row says where its words stand" {
    const expectEqual = std.testing.expectEqual;
    const fold = comptime of(.fold);
    try expectEqual(6, @backingInt(Opcode.fold));
    try expectEqual(10, comptime fold.place("shape"));
    try expectEqual(10, fold.head);
    // rank 3, of which 2 are kept, 1 operand.
    try expectEqual(10 + 3 + 5 + 6, lengthOf(fold, &.{ 6, 0, 0, 0, 3, 2, 1 }));
    try expectEqual(24, lengthOf(comptime of(.gather), &.{}));
    try expectEqual(9, lengthOf(comptime of(.random), &.{}));
    try expectEqual(2, comptime axesBeside(of(.matmul), of(.matmul).place("batchRank")));
    try expectEqual(.update, of(.scatter).views[0].access);
}
