//! The rows of instructions in `table.json` at compile time: which words an instruction has, which
//! views it takes, and what a group or a kept program may do with it.
//!
//! Everything that goes through words or views without asking what an instruction computes is a loop
//! over these rows: `border/decode.zig`, `cpu/kept.zig`, `Instruction.operand`, the manifest. A row
//! that says something wrong is a compile error that names it. `kernels/schema.ts` explains how a row
//! is written and reads the same file; the manifest states what was understood here.

const std = @import("std");
const json = @import("schema_json.zig");
const program = @import("program.zig");
const table = @import("../rows/table.zig");

/// What a field's words are.
pub const Kind = enum {
    /// The number of a storage.
    handle,
    bytes,
    /// The number of a row in the table's section that is called like the instruction.
    row,
    compute,
    /// The number of axes.
    rank,
    /// A number of axes, at most as many as the field it names.
    within,
    /// The number of operands that the row names.
    operands,
    /// Three kinds of numbers that may change from run to run: f64, u32 and a whole number below 2^53.
    number,
    key,
    counter,
    /// The length of an axis, an offset, or a bound.
    size,
    /// Row, compute type and a flag of a flat map in one word.
    code,
    /// What remains of the instruction.
    rest,

    /// Whether nothing but a number of the computation depends on the field.
    pub fn isLive(kind: Kind) bool {
        return switch (kind) {
            .number, .key, .counter => true,
            .handle, .bytes, .row, .compute, .rank, .within, .operands, .size, .code, .rest => false,
        };
    }
};

/// How many words a field has: so many, or as many as a field before it says.
pub const Times = union(enum) { fixed: usize, field: usize };

pub const Field = struct {
    /// As `table.json` has it, and as a member of a struct.
    name: []const u8,
    member: []const u8,
    /// The place of its first word in the instruction.
    at: usize,
    kind: Kind,
    times: Times,
    /// The field that a number of axes lies within.
    within: ?usize,
};

/// Some of the axes of a view: those of a field of sizes, or the first of them, as many as `part` says.
pub const Axes = struct { field: usize, part: ?usize };

/// `write` replaces what was there, `update` reads it, too.
pub const Access = enum { read, write, update };

pub const View = struct {
    name: []const u8,
    member: []const u8,
    access: Access,
    /// The element types that it may have; any if there are none.
    types: []const program.DType,
    /// Elements side by side, so that no strides stand in the words.
    is_packed: bool,
    axes: []const Axes,
    /// The field that its elements, which are indices, must lie below.
    below: ?usize,
    /// The field that says how many views of this kind there are; null for one.
    times: ?usize,
};

pub const Row = struct {
    name: []const u8,
    fields: []const Field,
    views: []const View,
    /// The result depends on nothing but the words and the elements that are read.
    pure: bool,
    /// A group may run it tile by tile.
    tiled: bool,
    /// Words before a field of several sizes, which is the last, and before the views.
    head: usize,

    pub fn place(comptime row: Row, comptime name: []const u8) usize {
        return row.field(name).at;
    }

    pub fn field(comptime row: Row, comptime name: []const u8) Field {
        return row.fields[json.indexOf(row, name)];
    }

    /// Whether a field or a view is called so in Zig.
    pub fn hasMember(comptime row: Row, comptime name: []const u8) bool {
        for (row.fields) |one| if (std.mem.eql(u8, one.member, name)) return true;
        for (row.views) |one| if (std.mem.eql(u8, one.member, name)) return true;
        return false;
    }

    /// Whether a view has an axis of that length.
    pub fn isAxis(comptime row: Row, comptime wanted: Field) bool {
        for (row.views) |view| for (view.axes) |axes| if (row.fields[axes.field].at == wanted.at) return true;
        return false;
    }

    /// Whether it writes what its first view shows.
    pub fn writes(comptime row: Row) bool {
        return row.views.len > 0 and row.views[0].access != .read;
    }
};

pub const rows: []const Row = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Row = &.{};
    for (table.section("instructions")) |entry| list = list ++ .{json.parse(entry)};
    break :blk list;
};

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

/// Where the views of an instruction begin among its words, from those of its fields that are counts.
pub inline fn viewsOf(comptime row: Row, words: []const i64) usize {
    var length = row.head;
    inline for (row.fields) |field| switch (field.times) {
        .fixed => {},
        .field => |count| length += wordAt(row, words, count),
    };
    return length;
}

/// The words of an instruction with views, likewise.
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
                .rank => program.rank_max - axesBeside(row, field.at),
                .within => words[row.fields[field.within.?].at],
                .operands => program.inputs_max,
                else => 0,
            };
        }
        most = @max(most, lengthOf(row, &words));
    }
    break :blk most;
};

/// The most axes that a view has beside those of a field whose number stands at that place.
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
    try expectEqual(22, lengthOf(comptime of(.gather), &.{}));
    try expectEqual(9, lengthOf(comptime of(.random), &.{}));
    try expectEqual(2, comptime axesBeside(of(.matmul), of(.matmul).place("batchRank")));
    try expectEqual(.update, of(.scatter).views[0].access);
}
