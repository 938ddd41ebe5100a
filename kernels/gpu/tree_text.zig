//! The text by which a thread joins many elements as a tree: after `block` joins the running values
//! are set aside, and values set aside are joined in pairs, pairs of pairs and so on. The error of a
//! sum then grows with the logarithm of its length. `cuda/kernels/fold.zig` has the same steps.

const std = @import("std");
const layout = @import("arguments.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");
const text = @import("text.zig");

const Writer = std.Io.Writer;
const Error = Writer.Error;

/// Joins before the running values are set aside.
pub const block = layout.fold_block;
const levels = layout.fold_levels;

/// The running values of one fold: one, or an array `sum` of `count`.
pub const Running = struct {
    row: u16,
    compute: program.DType,
    sum: []const u8,
    count: ?usize,
    /// Tells the names of one fold from those of others.
    number: usize,

    inline fn put(writer: *Writer, comptime template: []const u8, values: anytype) Error!void {
        try text.fill(writer, template ++ "\n", values);
    }

    fn each(running: *const Running, writer: *Writer) Error!void {
        if (running.count) |count| try text.fill(writer, "for (int q = 0; q < @; q++) ", .{count});
    }

    fn index(running: *const Running) []const u8 {
        return if (running.count == null) "" else "[q]";
    }

    /// Declares the values set aside, and the running ones with what they start from.
    pub fn declare(running: *const Running, writer: *Writer) Error!void {
        var buffer: [40]u8 = undefined;
        const name = text.typeName(running.compute);
        const start = text.startOf(&buffer, table.fold_rows[running.row].from, running.compute);
        if (running.count) |count| {
            try put(writer, "@ @[@], aside@[@][@];", .{ name, running.sum, count, running.number, levels, count });
        } else try put(writer, "@ @, aside@[@];", .{ name, running.sum, running.number, levels });
        try running.each(writer);
        try put(writer, "@@ = @;", .{ running.sum, running.index(), start });
    }

    fn join(running: *const Running, writer: *Writer) Error!void {
        const name = text.typeName(running.compute);
        try running.each(writer);
        try text.fill(writer, "{ const @ r = aside@[v]@, a0_0 = @@; @@ = ", .{
            name, running.number, running.index(), running.sum, running.index(), running.sum, running.index(),
        });
        try text.expression(writer, table.fold_rows[running.row].step, running.compute, 0, false);
        try put(writer, "; }", .{});
    }

    /// Sets the running values aside, between `beginAside` and `endAside`.
    pub fn setAside(running: *const Running, writer: *Writer, counter: usize) Error!void {
        var buffer: [40]u8 = undefined;
        const start = text.startOf(&buffer, table.fold_rows[running.row].from, running.compute);
        try put(writer, "{ int v = 0; for (; blocks@ >> v & 1; v++) {", .{counter});
        try running.join(writer);
        try put(writer, "}", .{});
        try running.each(writer);
        try put(writer, "{ aside@[v]@ = @@; @@ = @; } }", .{
            running.number, running.index(), running.sum, running.index(), running.sum, running.index(), start,
        });
    }

    /// Joins all values that were set aside to the running ones.
    pub fn finish(running: *const Running, writer: *Writer, counter: usize) Error!void {
        try put(writer, "for (int v = 0; blocks@ >> v; v++) if (blocks@ >> v & 1) {", .{ counter, counter });
        try running.join(writer);
        try put(writer, "}", .{});
    }
};

/// Declares how many blocks were set aside, and the joins since, of folds that run together.
pub fn declareCounter(writer: *Writer, counter: usize) Error!void {
    try text.fill(writer, "U32 blocks@ = 0, joins@ = 0;\n", .{ counter, counter });
}

/// Opens what is done after `joins` more joins where these fill a block.
pub fn beginAside(writer: *Writer, counter: usize, joins: []const u8) Error!void {
    try text.fill(writer, "joins@ += @;\nif (joins@ >= @) {\n", .{ counter, joins, counter, block });
}

pub fn endAside(writer: *Writer, counter: usize) Error!void {
    try text.fill(writer, "blocks@++; joins@ = 0; }\n", .{ counter, counter });
}
