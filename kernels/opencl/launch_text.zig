//! The text of a launch's kernel. The order of its parameters is that of `launch.zig`.

const std = @import("std");
const expr = @import("../rows/expr.zig");
const launch_module = @import("launch.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");
const text = @import("../gpu/text.zig");

const DType = program.DType;
const Launch = launch_module.Launch;
const Writer = std.Io.Writer;
const Error = Writer.Error;

/// Elements whose values stand side by side before they are joined, and lanes that join them.
const tile = 256;
const lanes = launch_module.fold_lanes;

/// Everything but the head (`text.writeHead`). The kernel's name is `run`; its arguments are the
/// parameters and a pointer for each operand that is used.
pub fn write(launch: *const Launch, writer: *Writer) Error!void {
    @branchHint(.cold);
    const source: Source = .{ .launch = launch, .writer = writer };
    try source.signature();
    switch (launch.kind) {
        .map => try source.map(),
        .rows => try source.rows(),
        .columns => try source.columns(),
        .arg => try source.arg(),
    }
    try writer.writeAll("}\n");
}

const Source = struct {
    launch: *const Launch,
    writer: *Writer,

    /// A line of the text, or a few.
    inline fn put(source: *const Source, comptime template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template ++ "\n", values);
    }

    /// A part of a line.
    inline fn print(source: *const Source, template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template, values);
    }

    fn alone(source: *const Source) bool {
        return source.launch.shaping.lanes == 1;
    }

    fn signature(source: *const Source) Error!void {
        const launch = source.launch;
        try source.put("typedef struct { I64 v[@]; } Parameters;", .{launch.parameters_count});
        try source.put("KERNEL LANES(@, @) void run(const Parameters p", .{ launch.lanes[0], launch.lanes[1] });
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (!operand.used()) continue;
            try source.put(", GLOBAL @ *x@", .{ text.typeName(operand.view.dtype), k });
        }
        try source.put(") {", .{});
        var at = launch.placeOf(launch.operands_count);
        for (launch.steps[0..launch.steps_count], 0..) |*step, n| {
            for (0..launch.scalarsOf(step)) |k| {
                try source.put("const @ s@_@ = @p.v[@]);", .{ text.typeName(step.compute), n, k, text.scalarOf(step.compute), at });
                at += 1;
            }
        }
    }

    /// Offsets of the operands from the place `number` of axes `first..end`; `o{k}` hold them.
    fn walk(source: *const Source, number: []const u8, sizes: usize, first: usize, end: usize) Error!void {
        const launch = source.launch;
        if (first == end) return;
        try source.put("{ I64 rest = @;", .{number});
        var axis = end;
        while (axis > first) {
            axis -= 1;
            if (axis == first) {
                try source.put("{ const I64 at = rest;", .{});
            } else {
                try source.put("{ const I64 next = rest / p.v[@], at = rest - next * p.v[@]; rest = next;", .{
                    sizes + axis, sizes + axis,
                });
            }
            for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
                if (!operand.used()) continue;
                try source.put("o@ += at * p.v[@];", .{ k, launch.placeOf(k) + 1 + axis });
            }
            try source.put("}", .{});
        }
        try source.put("}", .{});
    }

    fn beginOffsets(source: *const Source) Error!void {
        const launch = source.launch;
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (operand.used()) try source.put("I64 o@ = p.v[@];", .{ k, launch.placeOf(k) });
        }
    }

    /// The element of operand `k` at place `j` of the axis that is walked along.
    fn element(source: *const Source, k: usize, j: []const u8, axis: usize) Error!void {
        const launch = source.launch;
        switch (launch.operands[k].along) {
            .unit => try source.print("x@[o@ + @]", .{ k, k, j }),
            .zero => try source.print("x@[o@]", .{ k, k }),
            .strided => try source.print("x@[o@ + @ * p.v[@]]", .{ k, k, j, launch.placeOf(k) + 1 + axis }),
        }
    }

    fn load(source: *const Source, number: usize, k: usize, j: []const u8, axis: usize) Error!void {
        try source.print("const @ v@ = ", .{ text.typeName(source.launch.values[number].dtype), number });
        try source.element(k, j, axis);
        try source.put(";", .{});
    }

    /// Loads of what is the same all along the axis, and of all else.
    fn loads(source: *const Source, still: bool, j: []const u8, axis: usize) Error!void {
        const launch = source.launch;
        for (launch.values[0..launch.values_count], 0..) |*value, number| {
            const k = value.operand orelse continue;
            if ((launch.operands[k].along == .zero) == still) try source.load(number, k, j, axis);
        }
    }

    fn operandsOf(source: *const Source, n: usize, index: []const u8, uses_index: bool) Error!void {
        const launch = source.launch;
        const step = &launch.steps[n];
        const name = text.typeName(step.compute);
        for (step.inputs[0..step.inputs_count], 0..) |input, k| {
            const value = &launch.values[input];
            const open = if (value.operand != null)
                text.loading(value.dtype, step.compute)
            else
                text.conversion(value.dtype, step.compute);
            try source.put("const @ a@_@ = @v@);", .{ name, n, k, open, input });
        }
        if (uses_index) try source.put("const @ i@ = (@)@;", .{ name, n, name, index });
    }

    fn stepOfMap(source: *const Source, n: usize, easy: bool) Error!void {
        const launch = source.launch;
        const step = &launch.steps[n];
        const row = table.map_rows[step.row];
        try source.operandsOf(n, "j", row.uses_index);
        const result = &launch.values[step.result];
        try source.print("const @ v@ = @", .{
            text.typeName(result.dtype), step.result, text.conversion(step.compute, result.dtype),
        });
        try text.expression(source.writer, row.tree, step.compute, n, easy);
        try source.put(");", .{});
    }

    /// Every element by itself: no order of them changes a bit.
    fn independent(source: *const Source) Error!void {
        if (source.alone()) try source.put("INDEPENDENT", .{});
    }

    fn map(source: *const Source) Error!void {
        const launch = source.launch;
        const last = launch.rank - 1;
        try source.put(
            \\const I64 row_end = p.v[0] < (GROUP_Y + 1) * p.v[2] ? p.v[0] : (GROUP_Y + 1) * p.v[2];
            \\const I64 begin = GROUP_X * p.v[3];
            \\const I64 end = p.v[1] < begin + p.v[3] ? p.v[1] : begin + p.v[3];
            \\for (I64 row = GROUP_Y * p.v[2] + LANE_Y; row < row_end; row += @) {
        , .{launch.lanes[1]});
        try source.beginOffsets();
        try source.walk("row", 4, 0, last);
        try source.loads(true, "0", last);
        if (source.mayRepeat()) {
            try source.put("for (I64 t = begin; t < end; t += @) {", .{tile});
            try source.put("const I64 stop = end < t + @ ? end : t + @;\nint hard = 0;", .{ tile, tile });
            try source.independent();
            try source.put("for (I64 j = t; j < stop; j++) {", .{});
            try source.body(last, true);
            try source.put("}\nif (hard) for (I64 j = t; j < stop; j++) {", .{});
            try source.body(last, false);
            return source.put("} } }", .{});
        }
        try source.independent();
        try source.put("for (I64 j = begin + LANE_X; j < end; j += @) {", .{launch.lanes[0]});
        try source.body(last, false);
        try source.put("} }", .{});
    }

    /// Whether a loop that has no branch is worth its text, and may be run again with branches:
    /// nothing that it reads is overwritten.
    fn mayRepeat(source: *const Source) bool {
        const launch = source.launch;
        if (!source.alone()) return false;
        for (launch.operands[0..launch.operands_count]) |*operand| {
            if (operand.loaded and operand.stored) return false;
        }
        for (launch.steps[0..launch.steps_count]) |*step| {
            if (text.isUneven(table.map_rows[step.row].tree, step.compute)) return true;
        }
        return false;
    }

    /// One element of every operand: loads, steps, stores.
    fn body(source: *const Source, axis: usize, easy: bool) Error!void {
        const launch = source.launch;
        try source.loads(false, "j", axis);
        for (0..launch.steps_count) |n| try source.stepOfMap(n, easy);
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (!operand.stored) continue;
            try source.element(k, "j", axis);
            try source.put(" = v@;", .{operand.value});
        }
    }

    /// Declares `name` as what is joined: the row's `of` at the elements loaded.
    fn term(source: *const Source, name: []const u8, index: []const u8) Error!void {
        const launch = source.launch;
        try source.operandsOf(0, index, launch.indexed);
        try source.print("@ = ", .{name});
        const own: expr.Tree = &.{ .operand = 0 };
        const of = if (launch.kind == .arg or launch.joins) own else table.fold_rows[launch.row].of orelse own;
        try text.expression(source.writer, of, launch.compute, 0, false);
        try source.put(";", .{});
    }

    /// `running = step(running, value)`.
    fn join(source: *const Source, running: []const u8, value: []const u8) Error!void {
        const name = text.typeName(source.launch.compute);
        try source.print("{ const @ r = @, a0_0 = @; @ = ", .{ name, running, value, running });
        try text.expression(source.writer, table.fold_rows[source.launch.row].step, source.launch.compute, 0, false);
        try source.put("; }", .{});
    }

    /// What a running value is before anything was joined.
    fn start(source: *const Source, buffer: *[40]u8) []const u8 {
        return text.startOf(buffer, table.fold_rows[source.launch.row].from, source.launch.compute);
    }

    fn store(source: *const Source, value: []const u8, compute: DType) Error!void {
        const launch = source.launch;
        const out = launch.operands_count - 1;
        try source.put("x@[o@@] = @@);", .{
            out,                                                       out,   if (launch.partial) " + GROUP_Y * p.v[5]" else "",
            text.conversion(compute, launch.operands[out].view.dtype), value,
        });
    }

    /// Opens the loop over this group's kept places and the part of the reduced ones that is its own.
    fn beginKept(source: *const Source) Error!void {
        const launch = source.launch;
        try source.put(
            \\const I64 begin = GROUP_Y * p.v[2];
            \\const I64 end = p.v[1] < begin + p.v[2] ? p.v[1] : begin + p.v[2];
            \\for (I64 first = GROUP_X * p.v[3]; first < (GROUP_X + 1) * p.v[3]; first += @) {
            \\const I64 place = first + LANE_Y;
            \\const int active = place < p.v[0];
        , .{launch.lanes[1]});
        try source.beginOffsets();
        try source.walk("place", 6, 0, launch.kept);
    }

    /// Opens the loop over stretches of the last axis within the part: `j` up to `stretch`.
    fn beginStretches(source: *const Source) Error!void {
        const launch = source.launch;
        const last = launch.rank - 1;
        try source.put(
            \\for (I64 at = active ? begin : end; at < end;) {
            \\const I64 outer = at / p.v[4];
            \\I64 j = at - outer * p.v[4];
            \\const I64 stretch = p.v[4] - j < end - at ? p.v[4] : j + (end - at);
            \\const I64 origin = at - j;
            \\at += stretch - j;
        , .{});
        for (launch.operands[0 .. launch.operands_count - 1], 0..) |*operand, k| {
            if (operand.used()) try source.put("const I64 kept@ = o@;", .{ k, k });
        }
        // Offsets of this stretch under the names of those of the place.
        try source.put("{", .{});
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (!operand.used()) continue;
            if (k + 1 == launch.operands_count) try source.put("I64 o@ = 0;", .{k}) else try source.put("I64 o@ = kept@;", .{ k, k });
        }
        try source.walk("outer", 6, launch.kept, last);
        try source.loads(true, "0", last);
    }

    fn rows(source: *const Source) Error!void {
        var buffer: [40]u8 = undefined;
        const launch = source.launch;
        const name = text.typeName(launch.compute);
        const last = launch.rank - 1;
        if (!source.alone()) try source.put("LOCAL @ shared[@][@];", .{ name, launch.lanes[1], launch.lanes[0] });
        try source.beginKept();
        if (source.alone()) {
            try source.put("@ sums[@], terms[@];", .{ name, lanes, tile });
            try source.put("for (int l = 0; l < @; l++) sums[l] = @;", .{ lanes, source.start(&buffer) });
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
            try source.put("j += count; } } }", .{});
            try source.put("for (int n = @; n > 0; n >>= 1) for (int l = 0; l < n; l++)", .{lanes / 2});
            try source.join("sums[l]", "sums[l + n]");
            try source.put("if (active) {", .{});
            try source.store("sums[0]", launch.compute);
            return source.put("} }", .{});
        }
        try source.put("@ sum = @;", .{ name, source.start(&buffer) });
        try source.beginStretches();
        try source.put("for (I64 k = j + LANE_X; k < stretch; k += @) { @ one;", .{ launch.lanes[0], name });
        try source.loads(false, "k", last);
        try source.term("one", "(origin + k)");
        try source.join("sum", "one");
        try source.put("} } }\nshared[LANE_Y][LANE_X] = sum;\nBARRIER;", .{});
        try source.put("for (int n = @; n > 0; n >>= 1) { if (LANE_X < n)", .{launch.lanes[0] / 2});
        try source.join("shared[LANE_Y][LANE_X]", "shared[LANE_Y][LANE_X + n]");
        try source.put("BARRIER; }\nif (active && LANE_X == 0) {", .{});
        try source.store("shared[LANE_Y][0]", launch.compute);
        try source.put("}\nBARRIER; }", .{});
    }

    fn columns(source: *const Source) Error!void {
        var buffer: [40]u8 = undefined;
        const launch = source.launch;
        const name = text.typeName(launch.compute);
        const side: usize = if (source.alone()) launch_module.column_block else launch.shaping.lanes;
        const axis = launch.kept - 1;
        const width = 6 + axis;
        try source.put(
            \\const I64 begin = GROUP_Y * p.v[2];
            \\const I64 end = p.v[1] < begin + p.v[2] ? p.v[1] : begin + p.v[2];
            \\const I64 blocks = (p.v[@] + @) / @, place = GROUP_X / blocks;
            \\const I64 first = (GROUP_X - place * blocks) * @;
            \\const int count = p.v[@] - first < @ ? (int)(p.v[@] - first) : @;
        , .{ width, side - 1, side, side, width, side, width, side });
        try source.beginOffsets();
        try source.walk("place", 6, 0, axis);
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (operand.used()) try source.put("o@ += first * p.v[@];", .{ k, launch.placeOf(k) + 1 + axis });
        }
        if (source.alone()) {
            try source.put("@ sums[@];\nfor (int c = 0; c < count; c++) sums[c] = @;", .{ name, side, source.start(&buffer) });
        } else try source.put("@ sum = @;\nconst int c = LANE_X;\nif (c < count)", .{ name, source.start(&buffer) });
        try source.put("for (I64 at = begin; at < end; at++) {", .{});
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (operand.used()) try source.put("const I64 kept@ = o@;", .{ k, k });
        }
        try source.put("{", .{});
        for (launch.operands[0..launch.operands_count], 0..) |*operand, k| {
            if (operand.used()) try source.put("I64 o@ = kept@;", .{ k, k });
        }
        try source.walk("at", 6, launch.kept, launch.rank);
        try source.loads(true, "0", axis);
        if (source.alone()) {
            try source.independent();
            try source.put("for (int c = 0; c < count; c++)", .{});
        }
        try source.put("{ @ one;", .{name});
        try source.loads(false, "c", axis);
        try source.term("one", "at");
        try source.join(if (source.alone()) "sums[c]" else "sum", "one");
        try source.put("} } }", .{});
        const out = launch.operands_count - 1;
        if (source.alone()) {
            try source.put("for (int c = 0; c < count; c++) {", .{});
        } else try source.put("if (c < count) {", .{});
        try source.put("const I64 kept@ = o@ + c * p.v[@];\n{ const I64 o@ = kept@;", .{ out, out, launch.placeOf(out) + 1 + axis, out, out });
        try source.store(if (source.alone()) "sums[c]" else "sum", launch.compute);
        try source.put("} }", .{});
    }

    fn arg(source: *const Source) Error!void {
        const launch = source.launch;
        const name = text.typeName(launch.compute);
        const last = launch.rank - 1;
        const wide = launch.lanes[0];
        if (!source.alone()) {
            try source.put("LOCAL @ shared[@][@];", .{ name, launch.lanes[1], wide });
            try source.put("LOCAL I64 places[@][@];", .{ launch.lanes[1], wide });
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

    /// Declares whether x beats y whatever their places: it is better, or the only NaN.
    fn beats(source: *const Source, x: []const u8, y: []const u8, name: []const u8) Error!void {
        const compute = source.launch.compute;
        try source.print("int @; { const @ a0_0 = @, r = @; @ = 0 != ", .{ name, text.typeName(compute), x, y, name });
        try text.expression(source.writer, table.arg_rows[source.launch.row].tree, compute, 0, false);
        if (compute == .int32) return source.put("; }", .{});
        try source.put(" || (a0_0 != a0_0 && r == r); }", .{});
    }
};
