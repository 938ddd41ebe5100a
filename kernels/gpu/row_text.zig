//! Writes the text of a kernel that `row_plan.zig` planned, and fills the kernel's arguments.
//!
//! Each operand is read once and each result written once where a thread's elements stay in
//! registers: memory is the bound. The text depends on the rows, the types and on how many elements
//! a thread has, not on sizes or strides.

const std = @import("std");
const expr = @import("../rows/expr.zig");
const layout = @import("arguments.zig");
const row_plan = @import("row_plan.zig");
const table = @import("../rows/table.zig");
const text = @import("text.zig");
const tree_text = @import("tree_text.zig");

const Plan = row_plan.Plan;
const Writer = std.Io.Writer;
const Error = Writer.Error;

/// Threads of a warp, which exchange registers in CUDA.
const warp = 32;

/// How the text names memory.
pub const Dialect = enum {
    /// CUDA: by addresses among the parameters.
    cuda,
    /// OpenCL: by a pointer for each operand, and the offset of its first byte among the
    /// parameters.
    opencl,
};

/// Fills the arguments. The engine fills in the addresses.
pub fn fill(plan: *const Plan, arguments: *layout.Fused) void {
    arguments.* = .{ .elements = plan.reduced, .count = @intCast(plan.kept), .each = plan.geometry.each };
    for (plan.views[0..plan.views_count], arguments.strides[0..plan.views_count]) |*seen, *strides| {
        strides[0] = seen.strides[1];
        strides[1] = seen.strides[0];
    }
    layout.fillScalars(plan.steps[0..plan.steps_count], &arguments.scalars);
}

/// Writes everything but the head (`head.zig`), for blocks of several threads; `row_text_cpu.zig`
/// writes the text for blocks of one thread. The kernel is called `run`.
pub fn write(plan: *const Plan, writer: *Writer, dialect: Dialect) Error!void {
    @branchHint(.cold);
    const source: Source = .{ .plan = plan, .writer = writer, .dialect = dialect };
    try source.signature();
    try source.operands();
    for (0..plan.passes) |pass| try source.pass(pass);
    try source.storePlaces();
    try writer.writeAll("}\n");
}

/// Writes the struct of arguments, `layout.Fused`, for both dialects.
pub fn writeParameters(writer: *Writer) Error!void {
    try text.fill(writer,
        \\typedef struct { U32 size, multiplier, shift; } Divisor;
        \\typedef struct {
        \\  U64 addresses[@], scalars[@], elements;
        \\  U32 count, each;
        \\  Divisor divisors[@];
        \\  I64 strides[@][@];
        \\} Parameters;
        \\
    , .{
        layout.fused_views_max, layout.fused_scalars_max, layout.fused_rank_max, layout.fused_views_max, layout.fused_rank_max,
    });
}

pub const Source = struct {
    plan: *const Plan,
    writer: *Writer,
    dialect: Dialect,
    /// The suffix of a value that each place has one of.
    beside: []const u8 = "",

    /// Writes one or several lines of the text.
    pub inline fn put(source: *const Source, comptime template: []const u8, values: anytype) Error!void {
        try text.fill(source.writer, template ++ "\n", values);
    }

    /// Writes the kernel's name, arguments and scalars.
    pub fn head(source: *const Source, threads: usize) Error!void {
        const plan = source.plan;
        try writeParameters(source.writer);
        try text.fill(source.writer, "KERNEL LANES(@, 1) void run(const Parameters p", .{threads});
        if (source.dialect == .opencl) {
            for (0..plan.views_count) |k| if (plan.touched(k)) try text.fill(source.writer, ", GLOBAL U8 *y@", .{k});
        }
        try source.put(") {", .{});
        try text.scalars(source.writer, plan.steps[0..plan.steps_count]);
    }

    fn signature(source: *const Source) Error!void {
        const plan = source.plan;
        const geometry = plan.geometry;
        const threads = geometry.threads * geometry.places;
        try source.head(threads);
        for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
            const alone = geometry.threads == 1 or (source.dialect == .cuda and !geometry.column and geometry.threads <= warp);
            if (step.kind == .fold and !alone) {
                try source.put("LOCAL @ shared@[@];", .{ text.typeName(step.compute), n, threads });
            }
        }
        if (geometry.column) {
            try source.put("const U32 inside = LANE_X & @, rank = LANE_X / @;", .{ geometry.places - 1, geometry.places });
        } else {
            try source.put("const U32 inside = LANE_X / @, rank = LANE_X & @;", .{ geometry.threads, geometry.threads - 1 });
        }
        try source.put(
            \\const I64 place = (I64)GROUP_X * @ + inside;
            \\const int active = place < p.count;
            \\const I64 own = active ? place : 0;
            \\const U32 end = active ? (U32)p.elements : 0;
        , .{geometry.places});
    }

    fn operands(source: *const Source) Error!void {
        const plan = source.plan;
        for (0..plan.views_count) |k| {
            if (!plan.touched(k)) continue;
            switch (source.dialect) {
                .cuda => try source.put("GLOBAL U8 *x@ = (GLOBAL U8 *)p.addresses[@] + own * p.strides[@][1];", .{ k, k, k }),
                .opencl => try source.put("GLOBAL U8 *x@ = y@ + p.addresses[@] + own * p.strides[@][1];", .{ k, k, k, k }),
            }
        }
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            if (!seen.loaded) continue;
            const name = text.typeName(seen.dtype);
            if (seen.space == .place) {
                try source.put("const @ m@ = *(GLOBAL @ *)x@;", .{ name, k, name, k });
            } else if (plan.held) {
                try source.put("@ m@[@];", .{ name, k, plan.elements() });
            }
        }
        if (!plan.held) return;
        try source.put("UNROLL for (int e = 0; e < @; e++) {\nconst U32 at = rank + e * @;", .{ plan.elements(), plan.geometry.threads });
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            if (!seen.loaded or seen.space == .place) continue;
            const name = text.typeName(seen.dtype);
            try source.put("m@[e] = at < end ? *(GLOBAL @ *)(x@ + at * p.strides[@][0]) : (@)0;", .{ k, name, k, k, name });
        }
        try source.put("}", .{});
    }

    pub const Set = std.StaticBitSet(row_plan.steps_max);

    /// Writes the work of one pass over the elements: maps of elements, and folds.
    pub const Work = struct { maps: Set = .empty, folds: Set = .empty };

    pub fn workOf(source: *const Source, number: usize) ?Work {
        const plan = source.plan;
        var work: Work = .{};
        for (plan.steps[0..plan.steps_count], 0..) |*step, n| {
            if (step.kind == .fold) {
                if (step.pass == number + 1) work.folds.set(n);
            } else if (step.space == .full and step.pass == number and source.isStored(n)) work.maps.set(n);
        }
        if (work.folds.count() + work.maps.count() == 0) return null;
        var n = plan.steps_count;
        while (n > 0) {
            n -= 1;
            if (!work.folds.isSet(n) and !work.maps.isSet(n)) continue;
            for (plan.steps[n].inputs[0..plan.steps[n].inputs_count]) |input| {
                const from = input.from orelse continue;
                if (plan.steps[from].space == .full) work.maps.set(from);
            }
        }
        return work;
    }

    fn pass(source: *const Source, number: usize) Error!void {
        for (source.plan.steps[0..source.plan.steps_count], 0..) |*step, n| {
            if (step.kind == .map and step.space == .place and step.pass == number) try source.mapAt(n);
        }
        const work = source.workOf(number) orelse return;
        try source.walk(&work, number);
        if (work.folds.count() > 0) try source.join(&work.folds);
    }

    pub fn isStored(source: *const Source, n: usize) bool {
        const seen = &source.plan.views[source.plan.steps[n].out];
        return seen.stored and seen.written.? == n;
    }

    /// Writes the loop over the thread's elements: maps, stores of this pass, and running values.
    fn walk(source: *const Source, work: *const Work, number: usize) Error!void {
        const plan = source.plan;
        const threads = plan.geometry.threads;
        if (plan.held) {
            for (0..plan.steps_count) |n| if (work.folds.isSet(n)) {
                const step = &plan.steps[n];
                var buffer: [40]u8 = undefined;
                const start = text.startOf(&buffer, table.fold_rows[step.row].from, step.compute);
                try source.put("@ r@ = @;", .{ text.typeName(step.compute), n, start });
            };
            try source.put("UNROLL for (int e = 0; e < @; e++) {\nconst U32 at = rank + e * @;\nif (at < end) {", .{ plan.elements(), threads });
        } else {
            try source.beginTrees(&work.folds, null, number);
            const each = threads * tree_text.block;
            try source.put(
                \\for (U32 first = rank; first < end; first += @) {
                \\const U32 stop = end - first < @ ? end : first + @;
                \\#pragma unroll 4
                \\for (U32 at = first; at < stop; at += @) { {
            , .{ each, each, each, threads });
            for (plan.views[0..plan.views_count], 0..) |*seen, k| {
                if (seen.space == .place or !source.reads(work, k)) continue;
                const name = text.typeName(seen.dtype);
                try source.put("const @ m@ = *(GLOBAL @ *)(x@ + at * p.strides[@][0]);", .{ name, k, name, k, k });
            }
        }
        for (0..plan.steps_count) |n| {
            if (work.maps.isSet(n)) {
                try source.mapAt(n);
                if (plan.steps[n].pass == number and source.isStored(n)) {
                    const k = plan.steps[n].out;
                    const name = text.typeName(plan.views[k].dtype);
                    try source.put("*(GLOBAL @ *)(x@ + at * p.strides[@][0]) = v@;", .{ name, k, k, n });
                }
            } else if (work.folds.isSet(n)) try source.joinElement(n);
        }
        try source.put("} }", .{});
        if (plan.held) return;
        comptime std.debug.assert(tree_text.block == 64);
        try source.setAside(&work.folds, null, number, "64");
        try source.put("}", .{});
        try source.finishTrees(&work.folds, null, number);
    }

    fn runningOf(source: *const Source, n: usize, count: ?usize, buffer: []u8) tree_text.Running {
        const step = &source.plan.steps[n];
        return .{ .row = step.row, .compute = step.compute, .sum = numbered(buffer, "r", n), .count = count, .number = n };
    }

    /// Declares the running values of a pass, each one or an array, as the begins of trees.
    pub fn beginTrees(source: *const Source, folds: *const Set, count: ?usize, number: usize) Error!void {
        var buffer: [16]u8 = undefined;
        if (folds.count() == 0) return;
        try tree_text.declareCounter(source.writer, number);
        for (0..source.plan.steps_count) |n| {
            if (folds.isSet(n)) try source.runningOf(n, count, &buffer).declare(source.writer);
        }
    }

    /// Counts joins of each running value, and sets the values aside where a block is full.
    pub fn setAside(source: *const Source, folds: *const Set, count: ?usize, number: usize, joins: []const u8) Error!void {
        var buffer: [16]u8 = undefined;
        if (folds.count() == 0) return;
        try tree_text.beginAside(source.writer, number, joins);
        for (0..source.plan.steps_count) |n| {
            if (folds.isSet(n)) try source.runningOf(n, count, &buffer).setAside(source.writer, number);
        }
        try tree_text.endAside(source.writer, number);
    }

    pub fn finishTrees(source: *const Source, folds: *const Set, count: ?usize, number: usize) Error!void {
        var buffer: [16]u8 = undefined;
        for (0..source.plan.steps_count) |n| {
            if (folds.isSet(n)) try source.runningOf(n, count, &buffer).finish(source.writer, number);
        }
    }

    /// Whether a pass reads the view from memory.
    pub fn reads(source: *const Source, work: *const Work, k: usize) bool {
        for (source.plan.steps[0..source.plan.steps_count], 0..) |*step, n| {
            if (!work.maps.isSet(n) and !work.folds.isSet(n)) continue;
            for (step.inputs[0..step.inputs_count]) |input| if (input.view == k and input.from == null) return true;
        }
        return false;
    }

    /// Declares the operands of a step in its compute type, and its index.
    pub fn inputs(source: *const Source, n: usize) Error!void {
        const plan = source.plan;
        const step = &plan.steps[n];
        const name = text.typeName(step.compute);
        for (step.inputs[0..step.inputs_count], 0..) |input, k| {
            const seen = &plan.views[input.view];
            const beside = if (seen.space == .place) source.beside else "";
            const given: text.Source = if (input.from) |from|
                .{ .from = .{ .made = from }, .dtype = seen.dtype, .each = beside }
            else
                .{
                    .from = .{ .read = input.view },
                    .dtype = seen.dtype,
                    .each = if (seen.space == .full and plan.held) "[e]" else beside,
                };
            try text.operand(source.writer, n, k, step.compute, given);
        }
        switch (step.index) {
            .none => {},
            .elements => try source.put("const @ i@ = (@)at;", .{ name, n, name }),
            .places => try source.put("const @ i@ = (@)place;", .{ name, n, name }),
        }
    }

    pub fn mapAt(source: *const Source, n: usize) Error!void {
        const step = &source.plan.steps[n];
        try source.inputs(n);
        const out = source.plan.views[step.out].dtype;
        if (step.space == .full or source.beside.len == 0) {
            try text.fill(source.writer, "const @ ", .{text.typeName(out)});
        }
        const each = if (step.space == .place) source.beside else "";
        try text.fill(source.writer, "v@@ = @", .{ n, each, text.conversion(step.compute, out) });
        try text.expression(source.writer, table.map_rows[step.row].tree, step.compute, n, false);
        try source.put(");", .{});
    }

    fn joinElement(source: *const Source, n: usize) Error!void {
        try source.inputs(n);
        try text.fill(source.writer, "const @ t@ = ", .{ text.typeName(source.plan.steps[n].compute), n });
        try source.term(n);
        var running: [16]u8 = undefined;
        var value: [16]u8 = undefined;
        try source.joinTwo(n, numbered(&running, "r", n), numbered(&value, "t", n));
    }

    /// Writes the expression whose values a fold joins.
    pub fn term(source: *const Source, n: usize) Error!void {
        const step = &source.plan.steps[n];
        const own: expr.Tree = &.{ .operand = 0 };
        try text.expression(source.writer, table.fold_rows[step.row].of orelse own, step.compute, n, false);
        try source.put(";", .{});
    }

    pub fn numbered(buffer: []u8, letter: []const u8, n: usize) []const u8 {
        return std.fmt.bufPrint(buffer, "{s}{d}", .{ letter, n }) catch unreachable;
    }

    /// Writes running = step(running, value).
    pub fn joinTwo(source: *const Source, n: usize, running: []const u8, value: []const u8) Error!void {
        const step = &source.plan.steps[n];
        try text.fill(source.writer, "{ const @ r = @, a0_0 = @; @ = ", .{ text.typeName(step.compute), running, value, running });
        try text.expression(source.writer, table.fold_rows[step.row].step, step.compute, 0, false);
        try source.put("; }", .{});
    }

    /// Joins the results of the threads of a place as a tree, in the order of
    /// `cuda/kernels/fold.zig` and `opencl/fold_text.zig`.
    fn join(source: *const Source, folds: *const Set) Error!void {
        const geometry = source.plan.geometry;
        const in_warps = source.dialect == .cuda and !geometry.column and geometry.threads > 1;
        if (!in_warps or geometry.threads > warp) try source.joinShared(folds, in_warps);
        if (in_warps) try source.joinWarps(folds);
        const plan = source.plan;
        for (0..plan.steps_count) |n| if (folds.isSet(n)) {
            const step = &plan.steps[n];
            const out = plan.views[step.out].dtype;
            try source.put("const @ v@ = @", .{ text.typeName(out), n, text.conversion(step.compute, out) });
            if (geometry.threads == 1) {
                try source.put("r@);", .{n});
            } else if (in_warps and geometry.threads <= warp) {
                try source.put("__shfl_sync(0xffffffffu, r@, LANE_X & @));", .{ n, warp - geometry.threads });
            } else try source.put("shared@[inside * @]);", .{ n, if (geometry.column) 1 else geometry.threads });
        };
    }

    /// Joins in shared memory: the whole tree, or down to one warp, whose values are `r`.
    fn joinShared(source: *const Source, folds: *const Set, in_warps: bool) Error!void {
        const plan = source.plan;
        const geometry = plan.geometry;
        if (geometry.threads == 1) return;
        const lanes = if (geometry.column) geometry.places else 1;
        var mine: [64]u8 = undefined;
        var other: [64]u8 = undefined;
        for (0..plan.steps_count) |n| if (folds.isSet(n)) try source.put("shared@[LANE_X] = r@;", .{ n, n });
        const least: usize = if (in_warps) warp else 0;
        try source.put("BARRIER;\nfor (U32 span = @; span > @; span >>= 1) { if (rank < span) {", .{ geometry.threads / 2, least });
        for (0..plan.steps_count) |n| if (folds.isSet(n)) {
            const to = std.fmt.bufPrint(&mine, "shared{d}[LANE_X]", .{n}) catch unreachable;
            const from = std.fmt.bufPrint(&other, "shared{d}[LANE_X + span * {d}]", .{ n, lanes }) catch unreachable;
            try source.joinTwo(n, to, from);
        };
        try source.put("}\nBARRIER; }", .{});
        if (!in_warps) return;
        for (0..plan.steps_count) |n| if (folds.isSet(n)) {
            const from = std.fmt.bufPrint(&other, "shared{d}[LANE_X + {d}]", .{ n, warp }) catch unreachable;
            try source.put("r@ = shared@[LANE_X];\nif (rank < @)", .{ n, n, warp });
            try source.joinTwo(n, numbered(mine[0..16], "r", n), from);
        };
    }

    /// Joins the rest of the tree within warps; of several warps that share a place, the first has
    /// the result.
    fn joinWarps(source: *const Source, folds: *const Set) Error!void {
        const plan = source.plan;
        const threads = plan.geometry.threads;
        var buffer: [16]u8 = undefined;
        try source.put("UNROLL for (int span = @; span > 0; span >>= 1) {", .{@min(threads, warp) / 2});
        for (0..plan.steps_count) |n| if (folds.isSet(n)) {
            const name = text.typeName(plan.steps[n].compute);
            try source.put("{ const @ o = __shfl_down_sync(0xffffffffu, r@, span);", .{ name, n });
            try source.joinTwo(n, numbered(&buffer, "r", n), "o");
            try source.put("}", .{});
        };
        try source.put("}", .{});
        if (threads <= warp) return;
        try source.put("if (rank == 0) {", .{});
        for (0..plan.steps_count) |n| if (folds.isSet(n)) try source.put("shared@[LANE_X] = r@;", .{ n, n });
        try source.put("}\nBARRIER;", .{});
    }

    /// Stores results of one value for each place: the first thread of the place does, for all
    /// threads have the value.
    fn storePlaces(source: *const Source) Error!void {
        const plan = source.plan;
        try source.put("if (active && rank == 0) {", .{});
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            if (seen.space == .full or seen.written == null or !seen.stored) continue;
            try source.put("*(GLOBAL @ *)x@ = v@;", .{ text.typeName(seen.dtype), k, seen.written.? });
        }
        try source.put("}", .{});
    }
};
