//! Writes the text of a kernel that `map_plan.zig` planned in tiles, where a block walks a tile of
//! rows and columns: on a CPU the compiler turns the loop along the last axis into vectors. Tiles
//! allow any number of axes and of elements. Memory is the bound.

const std = @import("std");
const convert = @import("../program/convert.zig");
const map_plan = @import("map_plan.zig");
const map_text = @import("map_text.zig");
const row_text = @import("row_text.zig");
const table = @import("../rows/table.zig");
const text = @import("text.zig");
const Words = @import("words.zig").Words;

const Error = std.Io.Writer.Error;
const Source = map_text.Source;

/// Elements that a CPU computes without a branch before it tests whether one of them needs a
/// branch.
const stretch = 256;

/// Fills the arguments. The engine fills in the offset of each view in its buffer.
pub fn fill(plan: *const map_plan.Plan, words: *Words) void {
    words.* = .{};
    const tiles = &plan.walk.tiles;
    const axes = &plan.axes;
    words.push(&.{ tiles.rows, tiles.columns, tiles.rows_each, tiles.columns_each });
    words.push(axes.shape[0..axes.rank]);
    words.pushOffsets(plan.views_count);
    for (axes.strides[0..plan.views_count]) |*strides| words.pushStrides(strides[0..axes.rank]);
    for (plan.steps[0..plan.steps_count]) |*step| {
        for (step.values[0..step.scalars]) |value| words.push(&.{convert.bitsOf(step.compute, value)});
    }
    std.debug.assert(words.count == plan.wordsCount());
}

/// Writes everything but the head (`head.zig`). The kernel is called `run`.
pub fn write(plan: *const map_plan.Plan, writer: *std.Io.Writer, dialect: row_text.Dialect) Error!void {
    @branchHint(.cold);
    const source: Source = .{ .plan = plan, .writer = writer, .dialect = dialect };
    try kernel(&source);
    try writer.writeAll("}\n");
}

fn kernel(source: *const Source) Error!void {
    const plan = source.plan;
    const alone = plan.threads == 1;
    const last = plan.axes.rank - 1;
    try source.put("typedef struct {\nI64 rows, columns, rows_each, columns_each, sizes[@], offsets[@], strides[@][@];", .{
        plan.axes.rank, plan.views_count, plan.views_count, plan.axes.rank,
    });
    if (plan.scalars_count > 0) try source.put("U64 scalars[@];", .{plan.scalars_count});
    try source.put("} Parameters;", .{});
    try source.head();
    try source.put(
        \\const I64 row_end = p.rows < (GROUP_Y + 1) * p.rows_each ? p.rows : (GROUP_Y + 1) * p.rows_each;
        \\const I64 begin = GROUP_X * p.columns_each;
        \\const I64 end = p.columns < begin + p.columns_each ? p.columns : begin + p.columns_each;
        \\for (I64 row = GROUP_Y * p.rows_each + LANE_Y; row < row_end; row += @) {
    , .{plan.lanes()[1]});
    for (0..plan.views_count) |k| {
        if (plan.touched(k)) try source.put("GLOBAL U8 *x@ = y@ + p.offsets[@];", .{ k, k, k });
    }
    try walkRow(source, last);
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.loaded and seen.along == .zero) try load(source, k, last);
    }
    if (mayRepeat(plan)) {
        try source.put("for (I64 t = begin; t < end; t += @) {", .{stretch});
        try source.put("const I64 stop = end < t + @ ? end : t + @;\nint hard = 0;", .{ stretch, stretch });
        try source.put("INDEPENDENT\nfor (I64 j = t; j < stop; j++) {", .{});
        try body(source, last, true);
        try source.put("}\nif (hard) for (I64 j = t; j < stop; j++) {", .{});
        try body(source, last, false);
        return source.put("} } }", .{});
    }
    if (alone) try source.put("INDEPENDENT", .{});
    try source.put("for (I64 j = begin + LANE_X; j < end; j += @) {", .{plan.lanes()[0]});
    try body(source, last, false);
    try source.put("} }", .{});
}

/// Moves the pointers to a row, along all axes but the last.
fn walkRow(source: *const Source, last: usize) Error!void {
    const plan = source.plan;
    try source.put("{ I64 rest = row;", .{});
    var axis = last;
    while (axis > 0) {
        axis -= 1;
        if (axis == 0) {
            try source.put("{ const I64 at = rest;", .{});
        } else {
            try source.put("{ const I64 next = rest / p.sizes[@], at = rest - next * p.sizes[@]; rest = next;", .{ axis, axis });
        }
        for (0..plan.views_count) |k| {
            if (plan.touched(k)) try source.put("x@ += at * p.strides[@][@];", .{ k, k, axis });
        }
        try source.put("}", .{});
    }
    try source.put("}", .{});
}

/// Names the element of a view at index `j` of the last axis.
fn element(source: *const Source, k: usize, last: usize) Error!void {
    const seen = &source.plan.views[k];
    const name = text.typeName(seen.view.dtype);
    switch (seen.along) {
        .unit => try text.fill(source.writer, "((GLOBAL @ *)x@)[j]", .{ name, k }),
        .zero => try text.fill(source.writer, "*(GLOBAL @ *)x@", .{ name, k }),
        .strided => try text.fill(source.writer, "*(GLOBAL @ *)(x@ + j * p.strides[@][@])", .{ name, k, k, last }),
    }
}

fn load(source: *const Source, k: usize, last: usize) Error!void {
    try text.fill(source.writer, "const @ m@ = ", .{ text.typeName(source.plan.views[k].view.dtype), k });
    try element(source, k, last);
    try source.put(";", .{});
}

/// Writes the code for one index: loads, steps, stores.
fn body(source: *const Source, last: usize, easy: bool) Error!void {
    const plan = source.plan;
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (seen.loaded and seen.along != .zero) try load(source, k, last);
    }
    for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
        if (table.map_rows[step.row].uses_index) {
            const name = text.typeName(step.compute);
            try source.put("const @ i@ = (@)j;", .{ name, n, name });
        }
        try source.compute(n, "", easy);
    }
    for (0..plan.views_count) |k| {
        if (!plan.isStored(k)) continue;
        try element(source, k, last);
        try source.put(" = v@;", .{plan.views[k].written.?});
    }
}

/// Whether the loop gets a branch-free version, and may be run again with branches: then no store
/// may overwrite an operand.
fn mayRepeat(plan: *const map_plan.Plan) bool {
    if (plan.threads > 1) return false;
    for (0..plan.views_count) |k| {
        if (plan.views[k].loaded and plan.isStored(k)) return false;
    }
    for (plan.steps[0..plan.steps_count]) |*step| {
        if (text.isUneven(table.map_rows[step.row].tree, step.compute)) return true;
    }
    return false;
}
