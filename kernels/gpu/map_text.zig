//! Writes the text of a kernel that `map_plan.zig` planned, and fills the kernel's arguments.
//!
//! Memory is the bound: each operand is read once and each result written once, by vectors where
//! the last axis allows. The text depends on the rows, the types, the number of axes and how
//! operands lie along the last axis, not on sizes.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const layout = @import("arguments.zig");
const map_plan = @import("map_plan.zig");
const row_text = @import("row_text.zig");
const table = @import("../rows/table.zig");
const text = @import("text.zig");

const Dialect = row_text.Dialect;
const Plan = map_plan.Plan;
const Writer = std.Io.Writer;
const Error = Writer.Error;

/// Fills the arguments of a plan for threads. The engine fills in the addresses.
pub fn fill(plan: *const Plan, arguments: *layout.Fused) void {
    const axes = &plan.axes;
    arguments.* = .{ .count = @intCast(plan.vectors()), .elements = axes.elements() };
    var cut = axes.*;
    const last = axes.rank - 1;
    const width = plan.walk.threads.width;
    cut.shape[last] = axes_module.divCeil(axes.shape[last], width);
    for (cut.strides[0..plan.views_count]) |*strides| strides[last] *= width;
    cut.write(plan.views_count, 0, &arguments.divisors, &arguments.strides);
    layout.fillScalars(plan.steps[0..plan.steps_count], &arguments.scalars);
}

/// Writes everything but the head (`head.zig`), for threads; `map_text_tiles.zig` writes the text
/// for tiles. The kernel is called `run`.
pub fn write(plan: *const Plan, writer: *Writer, dialect: Dialect) Error!void {
    @branchHint(.cold);
    const source: Source = .{ .plan = plan, .writer = writer, .dialect = dialect };
    try source.threads();
    try writer.writeAll("}\n");
}

pub const Source = struct {
    plan: *const Plan,
    writer: *Writer,
    dialect: Dialect,

    /// Writes one or several lines of the text.
    pub inline fn put(source: *const Source, comptime template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template ++ "\n", values);
    }

    /// Writes the kernel's name, arguments and scalars.
    pub fn head(source: *const Source) Error!void {
        const plan = source.plan;
        const lanes = plan.lanes();
        try text.fill(source.writer, "KERNEL LANES(@, @) void run(const Parameters p", .{ lanes[0], lanes[1] });
        if (source.dialect == .opencl) {
            for (0..plan.views_count) |k| if (plan.touched(k)) try text.fill(source.writer, ", GLOBAL U8 *y@", .{k});
        }
        try source.put(") {", .{});
        try text.scalars(source.writer, plan.steps[0..plan.steps_count]);
    }

    fn threads(source: *const Source) Error!void {
        const plan = source.plan;
        const width = plan.walk.threads.width;
        try row_text.writeParameters(source.writer);
        try source.head();
        try source.put("const U64 place = (U64)GROUP_X * @ + LANE_X;\nif (place >= p.count) return;", .{plan.threads});
        try source.put("U32 rest = (U32)place;", .{});
        for (0..plan.views_count) |k| {
            if (!plan.touched(k)) continue;
            switch (source.dialect) {
                .cuda => try source.put("GLOBAL U8 *x@ = (GLOBAL U8 *)p.addresses[@];", .{ k, k }),
                .opencl => try source.put("GLOBAL U8 *x@ = y@ + p.addresses[@];", .{ k, k, k }),
            }
        }
        if (plan.indexed) try source.put("U32 along = rest;", .{});
        for (0..plan.axes.rank - 1) |axis| {
            try source.put(
                \\{ const U32 above = (HIGH_PRODUCT_32(rest, p.divisors[@].multiplier) + rest) >> p.divisors[@].shift;
                \\const I64 own = rest - above * p.divisors[@].size;
            , .{ axis, axis, axis });
            if (plan.indexed and axis == 0) try source.put("along = (U32)own;", .{});
            try source.advance(axis, "own");
            try source.put("rest = above; }", .{});
        }
        try source.advance(plan.axes.rank - 1, "(I64)rest");
        if (width > 1) try source.put("const U64 left = p.elements - place * @;", .{width});
        try source.loads();
        try source.put("UNROLL for (int j = 0; j < @; j++) {", .{width});
        for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
            if (table.map_rows[step.row].uses_index) {
                const name = text.typeName(step.compute);
                try source.put("const @ i@ = (@)(along * @u + (U32)j);", .{ name, n, name, width });
            }
            try source.compute(n, "[j]", false);
            if (plan.isStored(step.out)) try source.put("r@[j] = v@;", .{ step.out, n });
        }
        try source.put("}", .{});
        try source.stores();
    }

    /// Moves the pointers along an axis; the innermost axis has number 0.
    fn advance(source: *const Source, axis: usize, own: []const u8) Error!void {
        const plan = source.plan;
        for (0..plan.views_count) |k| {
            if (plan.touched(k)) try source.put("x@ += @ * p.strides[@][@];", .{ k, own, k, axis });
        }
    }

    /// Loads every operand that is read from memory into `m`, an element for each lane.
    fn loads(source: *const Source) Error!void {
        const plan = source.plan;
        const width: usize = plan.walk.threads.width;
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            const name = text.typeName(seen.view.dtype);
            if (plan.isVector(k)) {
                const bytes = @min(16, width * seen.view.dtype.bytes());
                try source.put("typedef struct ALIGNED(@) { @ v[@]; } L@;", .{ bytes, name, width, k });
            }
            if (plan.isStored(k)) try source.put("@ r@[@];", .{ name, k, width });
            if (!seen.loaded) continue;
            try source.put("@ m@[@];", .{ name, k, width });
            if (!plan.isVector(k)) {
                try source.put("for (int j = 0; j < @; j++) m@[j] = *(GLOBAL @ *)x@;", .{ width, k, name, k });
                continue;
            }
            try text.fill(source.writer, "if (left >= @) { const L@ l = *(GLOBAL L@ *)x@;", .{ width, k, k, k });
            for (0..width) |j| try text.fill(source.writer, " m@[@] = l.v[@];", .{ k, j, j });
            try text.fill(source.writer, " } else {", .{});
            for (0..width) |j| {
                try text.fill(source.writer, " m@[@] = @ < left ? ((GLOBAL @ *)x@)[@] : (@)0;", .{ k, j, j, name, k, j, name });
            }
            try source.put(" }", .{});
        }
    }

    fn stores(source: *const Source) Error!void {
        const plan = source.plan;
        const width: usize = plan.walk.threads.width;
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            if (!plan.isStored(k)) continue;
            const name = text.typeName(seen.view.dtype);
            if (width == 1) {
                try source.put("*(GLOBAL @ *)x@ = r@[0];", .{ name, k, k });
                continue;
            }
            try text.fill(source.writer, "if (left >= @) { L@ s;", .{ width, k });
            for (0..width) |j| try text.fill(source.writer, " s.v[@] = r@[@];", .{ j, k, j });
            try text.fill(source.writer, " *(GLOBAL L@ *)x@ = s; } else {", .{ k, k });
            for (0..width) |j| {
                try text.fill(source.writer, " if (@ < left) ((GLOBAL @ *)x@)[@] = r@[@];", .{ j, name, k, j, k, j });
            }
            try source.put(" }", .{});
        }
    }

    /// Declares the operands of step `n` in its compute type, and the result `v`, rounded to the
    /// result's type. `each` selects the lane among loaded elements.
    pub fn compute(source: *const Source, n: usize, each: []const u8, easy: bool) Error!void {
        const plan = source.plan;
        const step = &plan.steps[n];
        for (step.inputs[0..step.inputs_count], 0..) |input, k| {
            const dtype = plan.views[input.view].view.dtype;
            const given: text.Source = if (input.from) |from|
                .{ .from = .{ .made = from }, .dtype = dtype }
            else
                .{ .from = .{ .read = input.view }, .dtype = dtype, .each = each };
            try text.operand(source.writer, n, k, step.compute, given);
        }
        const out = plan.views[step.out].view.dtype;
        try text.fill(source.writer, "const @ v@ = @", .{ text.typeName(out), n, text.conversion(step.compute, out) });
        try text.expression(source.writer, table.map_rows[step.row].tree, step.compute, n, easy);
        try source.put(");", .{});
    }
};
