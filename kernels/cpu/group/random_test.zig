//! Groups of instructions drawn at random: broadcasts, updates in place, rows moved up and down,
//! matrices read along their other axis, and instructions that no run can hold.

const std = @import("std");
const cpu = @import("../engine.zig");
const group_test = @import("group_test.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const List = group_test.List;
const View = testing.View;
const sizes = group_test.sizes;

/// Draws instructions over a few storages that they read, overwrite and make anew.
const Draw = struct {
    list: List,
    full: std.ArrayList(View) = .empty,
    row: std.ArrayList(View) = .empty,
    column: std.ArrayList(View) = .empty,

    fn pool(draw: *Draw, kind: List.Kind) *std.ArrayList(View) {
        return switch (kind) {
            .full => &draw.full,
            .row => &draw.row,
            else => &draw.column,
        };
    }

    fn some(draw: *Draw, kind: List.Kind) View {
        const items = draw.pool(kind).items;
        return items[draw.list.bench.below(items.len)];
    }

    /// A view over the whole matrix.
    fn any(draw: *Draw) View {
        return switch (draw.list.bench.below(6)) {
            0 => draw.some(.row),
            1 => draw.some(.column),
            else => draw.some(.full),
        };
    }

    /// What is written: something known, or new.
    fn target(draw: *Draw, kind: List.Kind) View {
        const bench = draw.list.bench;
        if (bench.below(3) == 0) return draw.some(kind);
        const dtype: DType = switch (bench.below(8)) {
            0 => .float64,
            1 => .bool,
            else => .float32,
        };
        const temporary = bench.below(3) != 0;
        const result = if (temporary)
            draw.list.temporary(kind, dtype)
        else
            draw.list.make(kind, dtype);
        draw.pool(kind).append(bench.arena.allocator(), result) catch unreachable;
        return result;
    }

    fn start(draw: *Draw) void {
        const allocator = draw.list.bench.arena.allocator();
        for ([_]List.Kind{ .full, .row, .column }) |kind| for (0..2) |_| {
            draw.pool(kind).append(allocator, draw.list.make(kind, .float32)) catch unreachable;
        };
    }

    fn next(draw: *Draw) void {
        const list = &draw.list;
        const side: List.Kind = if (list.bench.below(2) == 0) .row else .column;
        // Inputs are chosen first: a new target has no values yet.
        switch (list.bench.below(16)) {
            0, 1 => {
                const inputs = [_]View{ draw.any(), draw.any() };
                list.map("sub", draw.target(.full), &inputs, @splat(0));
            },
            2 => {
                const inputs = [_]View{draw.some(.full)};
                list.map("relu", draw.target(.full), &inputs, @splat(0));
            },
            3, 4 => {
                const inputs = [_]View{ draw.any(), draw.any(), draw.any() };
                list.map("where", draw.target(.full), &inputs, @splat(0));
            },
            5 => {
                const row = draw.some(.row);
                const inputs = [_]View{ draw.some(.full), row, draw.some(.column), draw.any() };
                list.map("crossEntropyGradient", draw.target(.full), &inputs, @splat(0));
            },
            6, 7 => {
                const inputs = [_]View{draw.any()};
                const out = draw.target(side);
                switch (side) {
                    .row => list.fold("max", side, out, &inputs),
                    else => list.fold("sum", side, out, &inputs),
                }
            },
            8 => {
                const inputs = [_]View{ draw.some(.full), draw.some(side) };
                list.fold("sumSquaredDeviation", side, draw.target(side), &inputs);
            },
            9 => {
                const input = draw.some(.full);
                list.arg(side, draw.target(side), input);
            },
            10, 11 => {
                const inputs = [_]View{ draw.some(side), draw.some(side) };
                list.mapSide("add", side, draw.target(side), &inputs, @splat(0));
            },
            12 => draw.shifted(),
            13 => draw.flat(),
            14 => draw.turned(),
            else => draw.breaks(),
        }
    }

    /// Rows of one matrix into the rows below of another.
    fn shifted(draw: *Draw) void {
        const list = &draw.list;
        if (list.rows < 2) return;
        var source = draw.some(.full);
        var out = draw.some(.full);
        if (source.handle == out.handle) return;
        const shift = list.columns * (1 + list.bench.below(list.rows - 1));
        const moved = if (list.bench.below(2) == 0) &out else &source;
        moved.data += shift * moved.dtype.bytes();
        const shape = [_]usize{ list.rows - shift / list.columns, list.columns };
        list.mapOver("mulScalar", &shape, out, &.{source}, .{ 0.5, 0, 0 });
    }

    /// As one axis, or as three.
    fn flat(draw: *Draw) void {
        const list = &draw.list;
        var views = [_]View{ draw.some(.full), draw.some(.full), draw.some(.full) };
        const three = list.columns % 2 == 0;
        for (&views) |*view| {
            const width: isize = @intCast(list.columns);
            if (three) view.strides[0..3].* = .{ width, 2, 1 } else view.strides[0] = 1;
        }
        const shape = [_]usize{ list.rows, list.columns / 2, 2 };
        const count = [_]usize{list.rows * list.columns};
        list.mapOver("add", if (three) &shape else &count, views[0], views[1..], @splat(0));
    }

    /// A matrix read along its other axis.
    fn turned(draw: *Draw) void {
        const list = &draw.list;
        const out = draw.some(.full);
        var source = draw.some(.full);
        if (out.handle == source.handle) return;
        source.strides[0..2].* = .{ 1, @intCast(list.rows) };
        list.map("mul", out, &.{ source, draw.some(.column) }, @splat(0));
    }

    /// An instruction that is in no run.
    fn breaks(draw: *Draw) void {
        const list = &draw.list;
        if (list.columns > 130 or list.bench.below(2) == 0) {
            const out = list.make(.one, .float32);
            return list.fold("sum", .one, out, &.{draw.some(.full)});
        }
        const input = draw.some(.full);
        if (input.dtype != .float32) return;
        const weights = list.bench.view(.float32, &.{ list.columns, list.columns }, .dense) catch
            unreachable;
        const out = list.temporary(.full, .float32);
        list.multiply(out, input, weights);
        draw.full.append(list.bench.arena.allocator(), out) catch unreachable;
    }
};

test "lists drawn at random" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    for (0..20) |round| for (sizes, 0..) |size, i| {
        const seed = round * sizes.len + i + 1;
        var bench: Bench = .init(seed);
        defer bench.deinit();
        var draw: Draw = .{ .list = .{ .bench = &bench, .rows = size[0], .columns = size[1] } };
        draw.start();
        for (0..2 + bench.below(30)) |_| draw.next();
        errdefer std.debug.print("seed {d}\n", .{seed});
        try group_test.expectEqualRuns(&engine, &draw.list);
    };
}
