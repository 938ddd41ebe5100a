//! The text of a kernel that `fold_plan.zig` planned: a fold along rows or columns, or an arg row.

const std = @import("std");
const expr = @import("../rows/expr.zig");
const fold_plan = @import("fold_plan.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");
const text = @import("../gpu/text.zig");
const tree_text = @import("../gpu/tree_text.zig");

const DType = program.DType;
const Plan = fold_plan.Plan;
const Writer = std.Io.Writer;
const Error = Writer.Error;

/// Elements whose values are computed in one vectorised loop before they are joined, and the lanes
/// that join them.
const tile = 256;
const lanes = fold_plan.fold_lanes;

/// Writes everything but the head (`gpu/head.zig`). The kernel is called `run`; its arguments are
/// the parameters and a pointer for each operand.
pub fn write(plan: *const Plan, writer: *Writer) Error!void {
    @branchHint(.cold);
    const source: Source = .{ .plan = plan, .writer = writer };
    try source.signature();
    switch (plan.kind) {
        .rows => try source.rows(),
        .columns => try source.columns(),
        .arg => try source.arg(),
    }
    try writer.writeAll("}\n");
}

const Source = struct {
    plan: *const Plan,
    writer: *Writer,

    /// Writes one or several lines of the text.
    inline fn put(source: *const Source, comptime template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template ++ "\n", values);
    }

    /// Writes a part of a line.
    inline fn print(source: *const Source, template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template, values);
    }

    fn alone(source: *const Source) bool {
        return source.plan.shaping.lanes == 1;
    }

    fn signature(source: *const Source) Error!void {
        const plan = source.plan;
        const rank = plan.axes.rank;
        try source.put("typedef struct {\nI64 kept, reduced, part, each, pitch, sizes[@], offsets[@], strides[@][@];", .{
            rank, plan.operands_count, plan.operands_count, rank,
        });
        const scalars = plan.scalarsCount();
        if (scalars > 0) try source.put("U64 scalars[@];", .{scalars});
        try source.put("} Parameters;\nKERNEL LANES(@, @) void run(const Parameters p", .{ plan.lanes[0], plan.lanes[1] });
        for (plan.operands[0..plan.operands_count], 0..) |*operand, k| {
            try source.put(", GLOBAL @ *x@", .{ text.typeName(operand.dtype), k });
        }
        try source.put(") {", .{});
        for (0..scalars) |k| {
            try source.put("const @ s0_@ = @p.scalars[@]);", .{ text.typeName(plan.compute), k, text.scalarOf(plan.compute), k });
        }
    }

    /// Computes the operands' offsets `o{k}` at index `number` of axes `first..end`.
    fn walk(source: *const Source, number: []const u8, first: usize, end: usize) Error!void {
        if (first == end) return;
        try source.put("{ I64 rest = @;", .{number});
        var axis = end;
        while (axis > first) {
            axis -= 1;
            if (axis == first) {
                try source.put("{ const I64 at = rest;", .{});
            } else {
                try source.put("{ const I64 next = rest / p.sizes[@], at = rest - next * p.sizes[@]; rest = next;", .{ axis, axis });
            }
            for (0..source.plan.operands_count) |k| try source.put("o@ += at * p.strides[@][@];", .{ k, k, axis });
            try source.put("}", .{});
        }
        try source.put("}", .{});
    }

    fn beginOffsets(source: *const Source) Error!void {
        for (0..source.plan.operands_count) |k| try source.put("I64 o@ = p.offsets[@];", .{ k, k });
    }

    /// Names the element of operand `k` at index `j` of the axis that is walked.
    fn element(source: *const Source, k: usize, j: []const u8, axis: usize) Error!void {
        switch (source.plan.along[k]) {
            .unit => try source.print("x@[o@ + @]", .{ k, k, j }),
            .zero => try source.print("x@[o@]", .{ k, k }),
            .strided => try source.print("x@[o@ + @ * p.strides[@][@]]", .{ k, k, j, k, axis }),
        }
    }

    /// Loads the operands that are repeated along the axis, or all others.
    fn loads(source: *const Source, still: bool, j: []const u8, axis: usize) Error!void {
        const plan = source.plan;
        for (plan.operands[0 .. plan.operands_count - 1], plan.along[0 .. plan.operands_count - 1], 0..) |*operand, along, k| {
            if ((along == .zero) != still) continue;
            try source.print("const @ m@ = ", .{ text.typeName(operand.dtype), k });
            try source.element(k, j, axis);
            try source.put(";", .{});
        }
    }

    /// Declares the inputs in the compute type, and the row's index.
    fn inputs(source: *const Source, index: []const u8) Error!void {
        const plan = source.plan;
        for (plan.inputs[0..plan.inputs_count], 0..) |operand, k| {
            const given: text.Source = .{ .from = .{ .read = operand }, .dtype = plan.operands[operand].dtype };
            try text.operand(source.writer, 0, k, plan.compute, given);
        }
        const name = text.typeName(plan.compute);
        if (plan.indexed) try source.put("const @ i0 = (@)@;", .{ name, name, index });
    }

    /// Joins element by element: used where no order changes a bit.
    fn independent(source: *const Source) Error!void {
        if (source.alone()) try source.put("INDEPENDENT", .{});
    }

    /// Declares `name` as the value to be joined: the row's `of` at the loaded elements.
    fn term(source: *const Source, name: []const u8, index: []const u8) Error!void {
        const plan = source.plan;
        try source.inputs(index);
        try source.print("@ = ", .{name});
        const own: expr.Tree = &.{ .operand = 0 };
        const of = if (plan.kind == .arg or plan.joins) own else table.fold_rows[plan.row].of orelse own;
        try text.expression(source.writer, of, plan.compute, 0, false);
        try source.put(";", .{});
    }

    /// Writes `running = step(running, value)`.
    fn join(source: *const Source, running: []const u8, value: []const u8) Error!void {
        const name = text.typeName(source.plan.compute);
        try source.print("{ const @ r = @, a0_0 = @; @ = ", .{ name, running, value, running });
        try text.expression(source.writer, table.fold_rows[source.plan.row].step, source.plan.compute, 0, false);
        try source.put("; }", .{});
    }

    /// Declares the running values, one or an array, as the begin of a tree.
    fn beginTree(source: *const Source, sum: []const u8, count: ?usize) Error!tree_text.Running {
        const plan = source.plan;
        const running: tree_text.Running = .{ .row = plan.row, .compute = plan.compute, .sum = sum, .count = count, .number = 0 };
        try tree_text.declareCounter(source.writer, 0);
        try running.declare(source.writer);
        return running;
    }

    /// Counts joins of each running value, and sets the values aside where a block is full.
    fn setAside(source: *const Source, running: *const tree_text.Running, joins: []const u8) Error!void {
        try tree_text.beginAside(source.writer, 0, joins);
        try running.setAside(source.writer, 0);
        try tree_text.endAside(source.writer, 0);
    }

    fn store(source: *const Source, value: []const u8, compute: DType) Error!void {
        const plan = source.plan;
        const out = plan.operands_count - 1;
        try source.put("x@[o@@] = @@);", .{
            out,                                                out,   if (plan.partial) " + GROUP_Y * p.pitch" else "",
            text.conversion(compute, plan.operands[out].dtype), value,
        });
    }

    /// Opens the loop over this group's kept indices and over the group's own part of the reduced
    /// ones.
    fn beginKept(source: *const Source) Error!void {
        const plan = source.plan;
        try source.put(
            \\const I64 begin = GROUP_Y * p.part;
            \\const I64 end = p.reduced < begin + p.part ? p.reduced : begin + p.part;
            \\for (I64 first = GROUP_X * p.each; first < (GROUP_X + 1) * p.each; first += @) {
            \\const I64 place = first + LANE_Y;
            \\const int active = place < p.kept;
        , .{plan.lanes[1]});
        try source.beginOffsets();
        try source.walk("place", 0, plan.kept_rank);
    }

    /// Opens the loop over stretches of the last axis within the part: `j` runs up to `stretch`.
    fn beginStretches(source: *const Source) Error!void {
        const plan = source.plan;
        const last = plan.axes.rank - 1;
        try source.put(
            \\for (I64 at = active ? begin : end; at < end;) {
            \\const I64 length = p.sizes[@], outer = at / length;
            \\I64 j = at - outer * length;
            \\const I64 stretch = length - j < end - at ? length : j + (end - at);
            \\const I64 origin = at - j;
            \\at += stretch - j;
        , .{last});
        for (0..plan.operands_count - 1) |k| try source.put("const I64 kept@ = o@;", .{ k, k });
        // Offsets of this stretch, under the names that the offsets of the kept index have.
        try source.put("{", .{});
        for (0..plan.operands_count) |k| {
            if (k + 1 == plan.operands_count) try source.put("I64 o@ = 0;", .{k}) else try source.put("I64 o@ = kept@;", .{ k, k });
        }
        try source.walk("outer", plan.kept_rank, last);
        try source.loads(true, "0", last);
    }

    fn rows(source: *const Source) Error!void {
        const plan = source.plan;
        const name = text.typeName(plan.compute);
        const last = plan.axes.rank - 1;
        if (!source.alone()) try source.put("LOCAL @ shared[@][@];", .{ name, plan.lanes[1], plan.lanes[0] });
        try source.beginKept();
        if (source.alone()) {
            try source.put("@ terms[@];", .{ name, tile });
            const running = try source.beginTree("sums", lanes);
            try source.beginStretches();
            try source.put("while (j < stretch) {", .{});
            try source.put("const int count = stretch - j < @ ? (int)(stretch - j) : @;", .{ tile, tile });
            try source.independent();
            try source.put("for (int l = 0; l < count; l++) { const I64 k = j + l;", .{});
            try source.loads(false, "k", last);
            try source.term("terms[l]", "(origin + k)");
            try source.put("}\nint t = 0;", .{});
            try source.put("for (; t + @ <= count; t += @) for (int l = 0; l < @; l++)", .{ lanes, lanes, lanes });
            try source.join("sums[l]", "terms[t + l]");
            try source.put("for (int l = 0; t < count; t++, l++)", .{});
            try source.join("sums[l]", "terms[t]");
            try source.put("j += count;", .{});
            try source.setAside(&running, std.fmt.comptimePrint("(count + {d}) / {d}", .{ lanes - 1, lanes }));
            try source.put("} } }", .{});
            try running.finish(source.writer, 0);
            try source.put("for (int n = @; n > 0; n >>= 1) for (int l = 0; l < n; l++)", .{lanes / 2});
            try source.join("sums[l]", "sums[l + n]");
            try source.put("if (active) {", .{});
            try source.store("sums[0]", plan.compute);
            return source.put("} }", .{});
        }
        const running = try source.beginTree("sum", null);
        try source.beginStretches();
        try source.put(
            \\for (I64 k = j + LANE_X; k < stretch;) {
            \\const I64 full = k + (I64)(@ - joins0) * @, stop = stretch < full ? stretch : full;
            \\for (; k < stop; k += @, joins0++) { @ one;
        , .{ tree_text.block, plan.lanes[0], plan.lanes[0], name });
        try source.loads(false, "k", last);
        try source.term("one", "(origin + k)");
        try source.join("sum", "one");
        try source.put("}", .{});
        try source.setAside(&running, "0");
        try source.put("} } }", .{});
        try running.finish(source.writer, 0);
        try source.put("shared[LANE_Y][LANE_X] = sum;\nBARRIER;", .{});
        try source.put("for (int n = @; n > 0; n >>= 1) { if (LANE_X < n)", .{plan.lanes[0] / 2});
        try source.join("shared[LANE_Y][LANE_X]", "shared[LANE_Y][LANE_X + n]");
        try source.put("BARRIER; }\nif (active && LANE_X == 0) {", .{});
        try source.store("shared[LANE_Y][0]", plan.compute);
        try source.put("}\nBARRIER; }", .{});
    }

    fn columns(source: *const Source) Error!void {
        const plan = source.plan;
        const name = text.typeName(plan.compute);
        const side: usize = if (source.alone()) fold_plan.column_block else plan.shaping.lanes;
        const axis = plan.kept_rank - 1;
        try source.put(
            \\const I64 begin = GROUP_Y * p.part;
            \\const I64 end = p.reduced < begin + p.part ? p.reduced : begin + p.part;
            \\const I64 width = p.sizes[@], blocks = (width + @) / @, place = GROUP_X / blocks;
            \\const I64 first = (GROUP_X - place * blocks) * @;
            \\const int count = width - first < @ ? (int)(width - first) : @;
        , .{ axis, side - 1, side, side, side, side });
        try source.beginOffsets();
        try source.walk("place", 0, axis);
        for (0..plan.operands_count) |k| try source.put("o@ += first * p.strides[@][@];", .{ k, k, axis });
        const running = try if (source.alone()) source.beginTree("sums", side) else source.beginTree("sum", null);
        if (!source.alone()) try source.put("const int c = LANE_X;\nif (c < count)", .{});
        try source.put("for (I64 at = begin; at < end; at++) {", .{});
        for (0..plan.operands_count) |k| try source.put("const I64 kept@ = o@;", .{ k, k });
        try source.put("{", .{});
        for (0..plan.operands_count) |k| try source.put("I64 o@ = kept@;", .{ k, k });
        try source.walk("at", plan.kept_rank, plan.axes.rank);
        try source.loads(true, "0", axis);
        if (source.alone()) {
            try source.independent();
            try source.put("for (int c = 0; c < count; c++)", .{});
        }
        try source.put("{ @ one;", .{name});
        try source.loads(false, "c", axis);
        try source.term("one", "at");
        try source.join(if (source.alone()) "sums[c]" else "sum", "one");
        try source.put("} }", .{});
        try source.setAside(&running, "1");
        try source.put("}", .{});
        try running.finish(source.writer, 0);
        const out = plan.operands_count - 1;
        if (source.alone()) {
            try source.put("for (int c = 0; c < count; c++) {", .{});
        } else try source.put("if (c < count) {", .{});
        try source.put("const I64 kept@ = o@ + c * p.strides[@][@];\n{ const I64 o@ = kept@;", .{ out, out, out, axis, out, out });
        try source.store(if (source.alone()) "sums[c]" else "sum", plan.compute);
        try source.put("} }", .{});
    }

    fn arg(source: *const Source) Error!void {
        const plan = source.plan;
        const name = text.typeName(plan.compute);
        const last = plan.axes.rank - 1;
        const wide = plan.lanes[0];
        if (!source.alone()) {
            try source.put("LOCAL @ shared[@][@];", .{ name, plan.lanes[1], wide });
            try source.put("LOCAL I64 places[@][@];", .{ plan.lanes[1], wide });
        }
        try source.beginKept();
        try source.put("@ best = 0;\nI64 found = -1;", .{name});
        try source.beginStretches();
        try source.put("for (I64 k = j + LANE_X; k < stretch; k += @) { @ one;", .{ wide, name });
        try source.loads(false, "k", last);
        try source.term("one", "k");
        try source.beats("one", "best", "better");
        try source.put("if (found < 0 || better) { best = one; found = origin + k; } } } }", .{});
        if (!source.alone()) {
            try source.put("shared[LANE_Y][LANE_X] = best;\nplaces[LANE_Y][LANE_X] = found;\nBARRIER;", .{});
            try source.put("for (int n = @; n > 0; n >>= 1) { if (LANE_X < n) {", .{wide / 2});
            try source.put("const @ x = shared[LANE_Y][LANE_X], y = shared[LANE_Y][LANE_X + n];", .{name});
            try source.put("const I64 mine = places[LANE_Y][LANE_X], other = places[LANE_Y][LANE_X + n];", .{});
            try source.beats("y", "x", "better");
            try source.beats("x", "y", "worse");
            try source.put(
                \\if (other >= 0 && (mine < 0 || better || (!worse && other < mine))) {
                \\shared[LANE_Y][LANE_X] = y; places[LANE_Y][LANE_X] = other; } }
                \\BARRIER; }
                \\found = places[LANE_Y][0];
            , .{});
            try source.put("if (active && LANE_X == 0) {", .{});
        } else try source.put("if (active) {", .{});
        try source.store("(int)(found < 0 ? 0 : found)", .int32);
        try source.put("}@ }", .{if (source.alone()) "" else "\nBARRIER;"});
    }

    /// Declares whether x beats y, whatever their indices: x is better, or x alone is NaN.
    fn beats(source: *const Source, x: []const u8, y: []const u8, name: []const u8) Error!void {
        const compute = source.plan.compute;
        try source.print("int @; { const @ a0_0 = @, r = @; @ = 0 != ", .{ name, text.typeName(compute), x, y, name });
        try text.expression(source.writer, table.arg_rows[source.plan.row].tree, compute, 0, false);
        if (compute == .int32) return source.put("; }", .{});
        try source.put(" || (a0_0 != a0_0 && r == r); }", .{});
    }
};
