//! Groups of instructions drawn at random: broadcasts, updates in place, rows moved up and down,
//! transposed matrices, temporaries that several instructions write in parts, windows over them,
//! and instructions that no run can hold.

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

    /// A view to write: of a known storage, or of a new one.
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
        switch (list.bench.below(19)) {
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
                const inputs = [_]View{ draw.some(.full), row, draw.some(.column), draw.any(), draw.any() };
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
            15 => draw.breaks(),
            16, 17 => draw.parts(),
            else => draw.unwritten(),
        }
    }

    /// Copies rows of one matrix into later rows of another.
    fn shifted(draw: *Draw) void {
        const list = &draw.list;
        if (list.rows < 2) return;
        var source = draw.some(.full);
        var out = draw.some(.full);
        if (source.handle == out.handle) return;
        const shift = list.columns * (1 + list.bench.below(list.rows - 1));
        const lower = if (list.bench.below(2) == 0) &out else &source;
        lower.data += shift * lower.dtype.bytes();
        const shape = [_]usize{ list.rows - shift / list.columns, list.columns };
        list.mapOver("mulScalar", &shape, out, &.{source}, .{ 0.5, 0, 0 });
    }

    /// A map over one axis, or the same elements as three axes.
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

    /// A map that reads a transposed matrix.
    fn turned(draw: *Draw) void {
        const list = &draw.list;
        const out = draw.some(.full);
        var source = draw.some(.full);
        if (out.handle == source.handle) return;
        source.strides[0..2].* = .{ 1, @intCast(list.rows) };
        list.map("mul", out, &.{ source, draw.some(.column) }, @splat(0));
    }

    /// A temporary with wider rows than the matrices, which several instructions write in parts
    /// (padding, concatenation, every other element), and which windows read as a whole.
    fn parts(draw: *Draw) void {
        const list = &draw.list;
        const margin = 1 + list.bench.below(3);
        const interleaved = list.bench.below(4) == 0;
        const width = if (interleaved) 2 * list.columns else list.columns + 2 * margin;
        var wide = list.temporaryOf(.float32, list.rows * width);
        wide.strides[0..2].* = .{ @intCast(width), 1 };
        if (interleaved) {
            wide.strides[1] = 2;
            for ([_]usize{ 0, 1 }) |first| {
                list.map("square", moved(wide, first), &.{draw.any()}, @splat(0));
            }
        } else if (list.bench.below(2) == 0) {
            list.mapOver("fill", &.{ list.rows, width }, wide, &.{}, .{ 0.25, 0, 0 });
            list.map("relu", moved(wide, list.bench.below(2 * margin + 1)), &.{draw.any()}, @splat(0));
        } else {
            // A left and a right part that touch or overlap.
            list.map("negate", wide, &.{draw.any()}, @splat(0));
            list.map("square", moved(wide, 2 * margin), &.{draw.any()}, @splat(0));
            if (list.columns < 2 * margin) {
                const between = [_]usize{ list.rows, 2 * margin - list.columns };
                list.mapOver("fill", &between, moved(wide, list.columns), &.{}, .{ 0.5, 0, 0 });
            }
        }
        for (0..list.bench.below(3)) |_| draw.next();
        wide.strides[1] = 1;
        const window = if (interleaved) list.columns + 1 else 2 * margin + 1;
        const end = moved(wide, window - 1);
        switch (list.bench.below(3)) {
            0 => list.map("sub", draw.target(.full), &.{ wide, end }, @splat(0)),
            1 => list.mapOver("sub", &.{ list.rows, width }, wide, &.{ wide, draw.some(.row) }, @splat(0)),
            else => {
                var windows = wide;
                windows.strides[0..3].* = .{ @intCast(width), 1, 1 };
                const shape = [_]usize{ list.rows, list.columns, @min(window, 5) };
                list.foldOver("max", &shape, 2, draw.target(.full), &.{windows});
            },
        }
        list.map("add", draw.target(.full), &.{ wide, end }, @splat(0));
    }

    /// A temporary from which views read more than was written: nobody compares the undefined
    /// values.
    fn unwritten(draw: *Draw) void {
        const list = &draw.list;
        const bench = list.bench;
        const pitch = 2 + bench.below(8);
        const all = list.rows * pitch;
        const storage = list.temporaryOf(if (bench.below(3) == 0) .float64 else .float32, 4 * all + 32);
        var written = storage;
        written.strides[0..2].* = .{ @intCast(pitch), @intCast(bench.below(2) * all) };
        const second: usize = if (written.strides[1] != 0) 2 else 1;
        list.mapOver("negate", &.{ list.rows, second }, moved(written, bench.below(3)), &.{draw.some(.row)}, @splat(0));
        for (0..1 + bench.below(3)) |_| {
            var read = moved(storage, bench.below(3));
            const other = [_]usize{ 1 + bench.below(pitch), all, 2 * all, all + 1 };
            read.strides[0..3].* = .{
                @intCast(pitch),
                @intCast(other[bench.below(other.len)]),
                @intCast(1 + bench.below(4)),
            };
            const shape = [_]usize{ list.rows, 2, 2 };
            const reduces = bench.below(2) == 0;
            const count = if (reduces) list.rows else 4 * list.rows;
            var sink = list.temporaryOf(.float32, count);
            sink.strides[0..3].* = if (reduces) .{ 1, 0, 0 } else .{ 4, 2, 1 };
            if (reduces) {
                list.foldOver("sum", &shape, 1, sink, &.{read});
            } else list.mapOver("square", &shape, sink, &.{read}, @splat(0));
        }
    }

    fn moved(view: View, elements: usize) View {
        var result = view;
        result.data += elements * view.dtype.bytes();
        return result;
    }

    /// An instruction that cannot be part of a run.
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

/// Lists of each size. Many more rounds find rarer faults: 2000 take some minutes.
const rounds = 20;

test "lists drawn at random" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    for (0..rounds) |round| for (sizes, 0..) |size, i| {
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
