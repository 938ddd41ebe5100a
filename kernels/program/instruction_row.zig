//! What the row of an instruction says: its fields and its views, in the order of its words.

const std = @import("std");
const DType = @import("../numbers/dtype.zig").DType;

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
    types: []const DType,
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
        return row.fields[indexOf(row, name)];
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

/// The position of a field among those of its row.
pub fn indexOf(comptime row: Row, comptime name: []const u8) usize {
    for (row.fields, 0..) |field, index| if (std.mem.eql(u8, field.name, name)) return index;
    fail(row, "there is no field \"" ++ name ++ "\"");
}

pub fn fail(comptime row: Row, comptime message: []const u8) noreturn {
    @compileError("instruction \"" ++ row.name ++ "\": " ++ message);
}
