//! A group gives the same bits as its instructions one by one: lists of instructions as ops emit
//! them, with and without temporaries in scratch, for several thread counts. `random_test.zig`
//! draws such lists at random.

const std = @import("std");
const cpu = @import("../engine.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Instruction = program.Instruction;
const View = testing.View;

/// Instructions over dense matrices of `rows` by `columns`, and over vectors along either side.
pub const List = struct {
    bench: *Bench,
    rows: usize,
    columns: usize,
    instructions: std.ArrayList(Instruction) = .empty,
    temporaries: std.ArrayList(u32) = .empty,

    pub const Kind = enum { full, row, column, one };

    /// A matrix, a value for each row or each column, or one value: strides `[rows, columns]`
    /// repeat it over the whole matrix.
    pub fn make(list: *List, kind: Kind, dtype: DType) View {
        const count = switch (kind) {
            .full => list.rows * list.columns,
            .row => list.rows,
            .column => list.columns,
            .one => 1,
        };
        var result = list.bench.view(dtype, &.{count}, .dense) catch unreachable;
        const width: isize = @intCast(list.columns);
        result.strides[0..2].* = switch (kind) {
            .full => .{ width, 1 },
            .row => .{ 1, 0 },
            .column => .{ 0, 1 },
            .one => .{ 0, 0 },
        };
        return result;
    }

    /// A view whose storage is released inside the group.
    pub fn temporary(list: *List, kind: Kind, dtype: DType) View {
        const result = list.make(kind, dtype);
        list.temporaries.append(list.bench.arena.allocator(), result.handle) catch unreachable;
        return result;
    }

    /// A temporary of `count` elements; the caller sets the strides.
    pub fn temporaryOf(list: *List, dtype: DType, count: usize) View {
        const result = list.bench.view(dtype, &.{count}, .dense) catch unreachable;
        list.temporaries.append(list.bench.arena.allocator(), result.handle) catch unreachable;
        return result;
    }

    pub fn add(list: *List, instruction: Instruction) void {
        list.instructions.append(list.bench.arena.allocator(), instruction) catch unreachable;
    }

    pub fn mapOver(
        list: *List,
        comptime name: []const u8,
        shape: []const usize,
        out: View,
        inputs: []const View,
        scalars: [3]f64,
    ) void {
        var one: program.Map = undefined;
        one.row = comptime testing.rowNamed(table.map_rows, name);
        one.compute = .float32;
        one.rank = @intCast(shape.len);
        one.inputs_count = @intCast(inputs.len);
        one.scalars = scalars;
        @memcpy(one.shape[0..shape.len], shape);
        one.out = out;
        @memcpy(one.inputs[0..inputs.len], inputs);
        list.add(.{ .map = one });
    }

    pub fn map(
        list: *List,
        comptime name: []const u8,
        out: View,
        inputs: []const View,
        s: [3]f64,
    ) void {
        list.mapOver(name, &.{ list.rows, list.columns }, out, inputs, s);
    }

    /// Adds a map over a value for each row, or for each column.
    pub fn mapSide(
        list: *List,
        comptime name: []const u8,
        kind: Kind,
        out: View,
        inputs: []const View,
        s: [3]f64,
    ) void {
        const axis: usize = if (kind == .row) 0 else 1;
        const size = if (kind == .row) list.rows else list.columns;
        var views: [6]View = undefined;
        for (inputs, views[0..inputs.len]) |input, *view| {
            view.* = input;
            view.strides[0] = input.strides[axis];
        }
        var target = out;
        target.strides[0] = out.strides[axis];
        list.mapOver(name, &.{size}, target, views[0..inputs.len], s);
    }

    /// Adds a fold along the rows (`.row` is kept), along the columns, or over all elements.
    pub fn fold(
        list: *List,
        comptime name: []const u8,
        kept: Kind,
        out: View,
        inputs: []const View,
    ) void {
        const number = comptime testing.rowNamed(table.fold_rows, name);
        list.add(.{ .fold = list.foldOf(number, kept, out, inputs) });
    }

    /// Adds a fold over the axes from `kept` on.
    pub fn foldOver(
        list: *List,
        comptime name: []const u8,
        shape: []const usize,
        kept: u8,
        out: View,
        inputs: []const View,
    ) void {
        var one: program.Fold = undefined;
        one.row = comptime testing.rowNamed(table.fold_rows, name);
        one.compute = .float32;
        one.rank = @intCast(shape.len);
        one.kept = kept;
        one.inputs_count = @intCast(inputs.len);
        one.scalars = @splat(0);
        @memcpy(one.shape[0..shape.len], shape);
        one.out = out;
        @memcpy(one.inputs[0..inputs.len], inputs);
        list.add(.{ .fold = one });
    }

    pub fn arg(list: *List, kept: Kind, out: View, input: View) void {
        list.add(.{ .arg = list.foldOf(0, kept, out, &.{input}) });
    }

    fn foldOf(list: *List, row: u16, kept: Kind, out: View, inputs: []const View) program.Fold {
        var one: program.Fold = undefined;
        one.row = row;
        one.compute = .float32;
        one.rank = 2;
        one.kept = if (kept == .one) 0 else 1;
        one.inputs_count = @intCast(inputs.len);
        one.scalars = @splat(0);
        one.shape[0..2].* = .{ list.rows, list.columns };
        one.out = out;
        @memcpy(one.inputs[0..inputs.len], inputs);
        if (kept != .column) return one;
        one.out.strides[0] = out.strides[1];
        one.shape[0..2].* = .{ list.columns, list.rows };
        for (one.inputs[0..inputs.len]) |*input| {
            std.mem.swap(isize, &input.strides[0], &input.strides[1]);
        }
        return one;
    }

    /// Adds the product out = a weights, with weights of `columns` by `columns`.
    pub fn multiply(list: *List, out: View, a: View, weights: View) void {
        list.add(.{ .matmul = .{
            .compute = .float32,
            .batch_rank = 0,
            .m = list.rows,
            .n = list.columns,
            .k = list.columns,
            .batch = undefined,
            .out = out,
            .a = a,
            .b = weights,
        } });
    }
};

fn contents(bench: *Bench) ![][]align(64) u8 {
    const all = try bench.arena.allocator().alloc([]align(64) u8, bench.storages.items.len);
    for (all, bench.storages.items) |*copy, storage| {
        copy.* = try bench.arena.allocator().alignedAlloc(u8, .@"64", storage.len);
        @memcpy(copy.*, storage);
    }
    return all;
}

fn restore(bench: *Bench, before: []const []align(64) u8) void {
    for (before, bench.storages.items) |copy, storage| @memcpy(storage, copy);
}

/// Checks that every storage but `ignored` holds the expected bytes.
fn compare(bench: *Bench, want: []const []align(64) u8, ignored: []const u32) !void {
    for (want, bench.storages.items, 1..) |copy, storage, handle| {
        if (std.mem.indexOfScalar(u32, ignored, @intCast(handle)) != null) continue;
        const place = std.mem.indexOfDiff(u8, copy, storage) orelse continue;
        std.debug.print("storage {d} differs at byte {d}\n", .{ handle, place });
        return error.Different;
    }
}

fn print(list: *const List) void {
    const temporaries = list.temporaries.items;
    std.debug.print("{d} by {d}, temporaries {any}\n", .{ list.rows, list.columns, temporaries });
    for (list.instructions.items) |*instruction| switch (instruction.*) {
        .map => |*one| {
            const name = table.map_rows[one.row].name;
            const shape = one.shape[0..one.rank];
            std.debug.print("  map {s} {any}: {d} <-", .{ name, shape, one.out.handle });
            for (one.inputs[0..one.inputs_count]) |*input| {
                std.debug.print(" {d}{any}", .{ input.handle, input.strides[0..one.rank] });
            }
            std.debug.print("\n", .{});
        },
        .fold, .arg => |*one| {
            const input = &one.inputs[0];
            const strides = input.strides[0..one.rank];
            const shape = one.shape[0..one.rank];
            std.debug.print("  {t} {d} {any}: ", .{ instruction.*, one.row, shape });
            std.debug.print("{d} <- {d}{any}\n", .{ one.out.handle, input.handle, strides });
        },
        else => std.debug.print("  {t}\n", .{instruction.*}),
    };
}

pub fn expectEqualRuns(engine: *cpu.Engine, list: *const List) !void {
    const bench = list.bench;
    const before = try contents(bench);
    try engine.setThreads(1);
    for (list.instructions.items) |*instruction| {
        try std.testing.expectEqual(.ok, engine.execute(instruction));
    }
    const want = try contents(bench);
    errdefer print(list);
    for ([_]usize{ 1, 2, 3 }) |threads| for ([_]bool{ true, false }) |released| {
        errdefer std.debug.print("{d} threads, released: {}\n", .{ threads, released });
        try engine.setThreads(threads);
        restore(bench, before);
        const temporaries: []const u32 = if (released) list.temporaries.items else &.{};
        const status = engine.runGroup(list.instructions.items, temporaries);
        try std.testing.expectEqual(.ok, status);
        try compare(bench, want, temporaries);
    };
}

pub const sizes = [_][2]usize{
    .{ 1, 5000 },  .{ 5000, 1 }, .{ 2, 3000 },  .{ 700, 10 }, .{ 64, 64 },  .{ 33, 130 },
    .{ 130, 257 }, .{ 4, 4 },    .{ 300, 100 }, .{ 17, 999 }, .{ 3, 7000 }, .{ 9000, 3 },
};

fn softmax(list: *List) void {
    const x = list.make(.full, .float32);
    const highest = list.temporary(.row, .float32);
    const powers = list.temporary(.full, .float32);
    const sum = list.temporary(.row, .float32);
    const out = list.make(.full, .float32);
    list.fold("max", .row, highest, &.{x});
    list.map("expSub", powers, &.{ x, highest }, @splat(0));
    list.fold("sum", .row, sum, &.{powers});
    list.map("div", out, &.{ powers, sum }, @splat(0));
}

fn crossEntropy(list: *List) void {
    const x = list.make(.full, .float32);
    const labels = list.make(.row, .int32);
    const scale = list.make(.row, .float32);
    const highest = list.temporary(.row, .float32);
    const others = list.temporary(.row, .float32);
    const chosen = list.temporary(.row, .float32);
    const behind = list.temporary(.row, .float32);
    const tail = list.temporary(.row, .float32);
    const losses = list.make(.row, .float32);
    const at_others = list.temporary(.row, .float32);
    const at_label = list.temporary(.row, .float32);
    const gradient = list.make(.full, .float32);
    list.fold("max", .row, highest, &.{x});
    list.fold("sumExpOthers", .row, others, &.{ x, highest, labels });
    list.fold("pick", .row, chosen, &.{ x, labels });
    list.mapSide("sub", .row, behind, &.{ highest, chosen }, @splat(0));
    list.mapSide("crossEntropyTail", .row, tail, &.{ others, behind }, @splat(0));
    list.mapSide("add", .row, losses, &.{ tail, behind }, @splat(0));
    list.mapSide("crossEntropyAtOthers", .row, at_others, &.{ scale, tail }, @splat(0));
    list.mapSide("crossEntropyAtLabel", .row, at_label, &.{ scale, tail, behind }, @splat(0));
    list.map("crossEntropyGradient", gradient, &.{ x, highest, labels, at_others, at_label }, @splat(0));
}

/// A normalization over the rows for `.row`, over the batch for `.column`.
fn normalize(list: *List, kept: List.Kind) void {
    const x = list.make(.full, .float32);
    const weight = list.make(.column, .float32);
    const sum = list.temporary(kept, .float32);
    const mean = list.temporary(kept, .float32);
    const squares = list.temporary(kept, .float32);
    const inverse = list.make(kept, .float32);
    const normal = list.temporary(.full, .float32);
    const out = list.make(.full, .float32);
    const count: f64 = @floatFromInt(if (kept == .row) list.columns else list.rows);
    list.fold("sum", kept, sum, &.{x});
    list.mapSide("mulScalar", kept, mean, &.{sum}, .{ 1 / count, 0, 0 });
    list.fold("sumSquaredDeviation", kept, squares, &.{ x, mean });
    list.mapSide("inverseDeviation", kept, inverse, &.{squares}, .{ 1 / count, 1e-5, 0 });
    list.map("normalize", normal, &.{ x, mean, inverse }, @splat(0));
    list.map("mulAdd", out, &.{ normal, weight, weight }, @splat(0));
}

fn layerNorm(list: *List) void {
    normalize(list, .row);
}

fn batchNorm(list: *List) void {
    normalize(list, .column);
}

/// A step of Adam in place, with a temporary.
fn adam(list: *List) void {
    const parameter = list.make(.full, .float32);
    const gradient = list.make(.full, .float32);
    const mean = list.make(.full, .float32);
    const square = list.make(.full, .float32);
    const decayed = list.temporary(.full, .float32);
    list.map("abs", square, &.{square}, @splat(0));
    list.map("addScaled", decayed, &.{ gradient, parameter }, .{ 0.01, 0, 0 });
    list.map("scaleAddScaled", mean, &.{ mean, decayed }, .{ 0.9, 0.1, 0 });
    list.map("scaleAddSquare", square, &.{ square, decayed }, .{ 0.999, 0.001, 0 });
    list.map("adaptiveStep", parameter, &.{ parameter, mean, square }, .{ 0.1, 0.9, 1e-8 });
}

test "lists as ops emit them" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: Bench = .init(13);
    defer bench.deinit();
    for ([_]*const fn (list: *List) void{
        softmax, crossEntropy, layerNorm, batchNorm, adam,
    }) |emit| {
        for (sizes) |size| {
            bench.reset();
            var list: List = .{ .bench = &bench, .rows = size[0], .columns = size[1] };
            emit(&list);
            try expectEqualRuns(&engine, &list);
        }
    }
}

test "a group stops at an index out of range" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(14);
    defer bench.deinit();
    var list: List = .{ .bench = &bench, .rows = 100, .columns = 100 };
    adam(&list);
    const index = list.make(.one, .int32);
    testing.put(i32, &index, 0, 100);
    var view = list.make(.full, .float32);
    view.strides[0..3].* = .{ 0, 100, 1 };
    const out = list.make(.column, .float32);
    list.add(.{ .gather = .{
        .outer = 1,
        .count = 1,
        .length = 100,
        .inner = 100,
        .out = bench.alias(&out, 0, &.{ 0, 0, 1 }),
        .source = view,
        .index = index,
    } });
    const status = engine.runGroup(list.instructions.items, list.temporaries.items);
    try std.testing.expectEqual(.range, status);
}
