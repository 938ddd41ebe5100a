//! The parts of an instruction's row: its fields and its views, in the order of its words.

const std = @import("std");
const DType = @import("../numbers/dtype.zig").DType;

/// The kinds of an instruction's fields.
pub const Kind = enum {
    /// The handle of a storage.
    handle,
    bytes,
    /// The number of a row in the section of `table.json` that has the instruction's name.
    row,
    compute,
    /// The number of axes.
    rank,
    /// A number of axes, at most as many as another field names.
    within,
    /// The number of operands, which the row in the table fixes.
    operands,
    /// Three kinds of numbers that may change from run to run: f64, u32 and a whole number below
    /// 2^53.
    number,
    key,
    counter,
    /// The length of an axis, an offset, or a bound.
    size,
    /// Row, compute type and a flag of a flat map in one word.
    code,
    /// All remaining words of the instruction.
    rest,

    /// Whether the field is only a number of the computation: no size, offset or choice of code
    /// depends on it.
    pub fn isLive(kind: Kind) bool {
        return switch (kind) {
            .number, .key, .counter => true,
            .handle, .bytes, .row, .compute, .rank, .within, .operands, .size, .code, .rest => false,
        };
    }
};

/// How many words a field has: a constant, or the value of an earlier field.
pub const Times = union(enum) { fixed: usize, field: usize };

pub const Field = struct {
    /// The name in `table.json`, and the name as a member of a struct.
    name: []const u8,
    member: []const u8,
    /// The index of the field's first word in the instruction.
    at: usize,
    kind: Kind,
    times: Times,
    /// The field that bounds this number of axes.
    within: ?usize,
};

/// Some of the axes of a view: those of a field of sizes, or only its first `part` axes.
pub const Axes = struct { field: usize, part: ?usize };

/// `write` replaces the old elements, `update` also reads them.
pub const Access = enum { read, write, update };

pub const View = struct {
    name: []const u8,
    member: []const u8,
    access: Access,
    /// The element types that the view may have; empty for any.
    types: []const DType,
    /// The elements are contiguous, so that the words contain no strides.
    is_packed: bool,
    axes: []const Axes,
    /// The field that bounds the view's elements, which are indices.
    below: ?usize,
    /// The field that says how many views of this kind there are; null for a single view.
    times: ?usize,
};

pub const Row = struct {
    name: []const u8,
    fields: []const Field,
    views: []const View,
    /// The result depends only on the words and the elements that are read.
    pure: bool,
    /// A group may run it tile by tile.
    tiled: bool,
    /// Words before the field of several sizes, which is the last field, and words before the
    /// views.
    head: usize,

    pub fn place(comptime row: Row, comptime name: []const u8) usize {
        return row.field(name).at;
    }

    pub fn field(comptime row: Row, comptime name: []const u8) Field {
        return row.fields[indexOf(row, name)];
    }

    /// Whether a field or a view has that name in Zig.
    pub fn hasMember(comptime row: Row, comptime name: []const u8) bool {
        for (row.fields) |one| if (std.mem.eql(u8, one.member, name)) return true;
        for (row.views) |one| if (std.mem.eql(u8, one.member, name)) return true;
        return false;
    }

    /// Whether the instruction writes its first view.
    pub fn writes(comptime row: Row) bool {
        return row.views.len > 0 and row.views[0].access != .read;
    }
};

/// The index of a field among those of its row.
pub fn indexOf(comptime row: Row, comptime name: []const u8) usize {
    for (row.fields, 0..) |field, index| if (std.mem.eql(u8, field.name, name)) return index;
    fail(row, "there is no field \"" ++ name ++ "\"");
}

pub fn fail(comptime row: Row, comptime message: []const u8) noreturn {
    @compileError("instruction \"" ++ row.name ++ "\": " ++ message);
}
