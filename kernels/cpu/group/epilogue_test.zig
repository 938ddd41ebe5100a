//! A product that runs together with the group after it gives the bits of the two one after the
//! other, for several thread counts; and the product runs alone where it must.

const std = @import("std");
const cpu = @import("../engine.zig");
const group = @import("group.zig");
const testing = @import("../cpu_test.zig");
const List = @import("group_test.zig").List;
const expectEqualRuns = @import("group_test.zig").expectEqualRuns;

const none: [3]f64 = @splat(0);

/// A product of `rows` by `columns`, of a left and a right operand.
const Product = struct { out: testing.View, left: testing.View, right: testing.View };

const Kind = enum { plain, turned_right, turned_left, turned_out };

fn multiply(list: *List, kind: Kind, released: bool) Product {
    const out = if (released) list.temporary(.full, .float32) else list.make(.full, .float32);
    const left = list.make(.full, .float32);
    const right = list.bench.view(.float32, &.{ list.columns, list.columns }, switch (kind) {
        .turned_right => .transposed,
        else => .dense,
    }) catch unreachable;
    list.multiply(out, left, right);
    const one = &list.instructions.items[list.instructions.items.len - 1].matmul;
    switch (kind) {
        .turned_left => one.a.strides[0..2].* = .{ 1, @intCast(list.rows) },
        // The same product with a column-major output.
        .turned_out => {
            std.mem.swap(usize, &one.m, &one.n);
            std.mem.swap(testing.View, &one.a, &one.b);
            for ([_]*testing.View{ &one.out, &one.a, &one.b }) |view| {
                std.mem.swap(isize, &view.strides[0], &view.strides[1]);
            }
        },
        else => {},
    }
    return .{ .out = out, .left = left, .right = right };
}

fn linearRelu(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const sum = list.temporary(.full, .float32);
    list.map("add", sum, &.{ product.out, list.make(.column, .float32) }, none);
    list.map("relu", list.make(.full, .float32), &.{sum}, none);
}

fn linearGelu(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const sum = list.make(.full, .float32);
    const part = list.make(.full, .float32);
    list.map("add", sum, &.{ product.out, list.make(.column, .float32) }, none);
    list.map("normalCdf", part, &.{sum}, none);
    list.map("mul", list.make(.full, .float32), &.{ sum, part }, none);
}

/// The product is kept, and its left operand is added to it.
fn residual(list: *List, kind: Kind) void {
    const product = multiply(list, kind, false);
    const sum = list.temporary(.full, .float32);
    list.map("add", sum, &.{ product.out, list.make(.column, .float32) }, none);
    list.map("add", list.make(.full, .float32), &.{ sum, product.left }, none);
}

/// A backward pass: the derivative of the activation, and the gradient of the bias.
fn backward(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const gradient = list.make(.full, .float32);
    const x = list.make(.full, .float32);
    list.map("geluGradient", gradient, &.{ product.out, x, list.make(.full, .float32) }, none);
    list.fold("sum", .column, list.make(.column, .float32), &.{gradient});
}

fn inPlace(list: *List, kind: Kind) void {
    const product = multiply(list, kind, false);
    list.map("add", product.out, &.{ product.out, list.make(.column, .float32) }, none);
    list.map("relu", product.out, &.{product.out}, none);
}

fn softmax(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const highest = list.temporary(.row, .float32);
    list.fold("max", .row, highest, &.{product.out});
    list.map("expSub", list.make(.full, .float32), &.{ product.out, highest }, none);
}

/// The left operand is overwritten as soon as the product is known.
fn writesLeft(list: *List, kind: Kind) void {
    const product = multiply(list, kind, false);
    list.map("add", product.left, &.{ product.out, product.left }, none);
}

/// The right operand is overwritten as soon as the product is known.
fn writesRight(list: *List, kind: Kind) void {
    const product = multiply(list, kind, false);
    const side = list.columns;
    var corner = product.out;
    corner.strides[0..2].* = .{ @intCast(side), 1 };
    list.mapOver("sub", &.{ @min(side, list.rows), side }, product.right, &.{ product.right, corner }, none);
}

fn readsBackwards(list: *List, kind: Kind) void {
    const product = multiply(list, kind, false);
    var flipped = product.out;
    flipped.strides[0] = -flipped.strides[0];
    flipped.data += (list.rows - 1) * list.columns * 4;
    list.map("add", list.make(.full, .float32), &.{ product.out, flipped }, none);
}

/// Windows of three neighbours in each row of the product.
fn windows(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const shape = [_]usize{ list.rows, list.columns - 2, 3 };
    const width: isize = @intCast(list.columns);
    var neighbours = product.out;
    neighbours.strides[0..3].* = .{ width, 1, 1 };
    const out = list.bench.view(.float32, &shape, .dense) catch unreachable;
    list.mapOver("square", &shape, out, &.{neighbours}, none);
}

/// The left half of the product is overwritten, and then the right half except its first column.
fn overwritten(list: *List, kind: Kind) void {
    const product = multiply(list, kind, true);
    const half = list.columns / 2;
    var right = product.out;
    right.data += (half + 1) * 4;
    list.mapOver("negate", &.{ list.rows, half }, product.out, &.{product.left}, none);
    list.mapOver("square", &.{ list.rows, list.columns - half - 1 }, right, &.{product.left}, none);
    list.map("relu", list.make(.full, .float32), &.{product.out}, none);
}

/// The product is one half of its storage, and the undefined other half is read, too: no buffer of
/// rows holds that half.
fn beyond(list: *List, kind: Kind) void {
    _ = multiply(list, kind, true);
    const all = list.rows * list.columns;
    const both = list.temporaryOf(.float32, 2 * all);
    const out = &list.instructions.items[list.instructions.items.len - 1].matmul.out;
    out.handle = both.handle;
    out.data = both.data;
    var pairs = both;
    pairs.strides[0..2].* = .{ @intCast(list.columns), @intCast(all) };
    var unread = list.temporaryOf(.float32, 2 * list.rows);
    unread.strides[0..2].* = .{ 2, 1 };
    list.mapOver("square", &.{ list.rows, 2 }, unread, &.{pairs}, none);
}

fn unrelated(list: *List, kind: Kind) void {
    _ = multiply(list, kind, false);
    list.map("relu", list.make(.full, .float32), &.{list.make(.full, .float32)}, none);
}

const Case = struct { emit: *const fn (list: *List, kind: Kind) void, together: bool };

const cases = [_]Case{
    .{ .emit = linearRelu, .together = true },
    .{ .emit = linearGelu, .together = true },
    .{ .emit = residual, .together = true },
    .{ .emit = backward, .together = true },
    .{ .emit = inPlace, .together = true },
    .{ .emit = softmax, .together = true },
    .{ .emit = windows, .together = true },
    .{ .emit = overwritten, .together = true },
    .{ .emit = beyond, .together = true },
    .{ .emit = writesLeft, .together = false },
    .{ .emit = writesRight, .together = false },
    .{ .emit = readsBackwards, .together = false },
    .{ .emit = unrelated, .together = false },
};

test "products and what follows them" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: testing.Bench = .init(15);
    defer bench.deinit();
    for ([_][2]usize{ .{ 8192, 48 }, .{ 4999, 65 }, .{ 2600, 130 }, .{ 1001, 333 }, .{ 40, 700 }, .{ 300, 20 } }) |size| {
        for (std.enums.values(Kind)) |kind| for (cases, 0..) |case, number| {
            errdefer std.debug.print("case {d}, {t}\n", .{ number, kind });
            bench.reset();
            var list: List = .{ .bench = &bench, .rows = size[0], .columns = size[1] };
            case.emit(&list, kind);
            try expectEqualRuns(&engine, &list);
            try engine.setThreads(2);
            const allocator = bench.arena.allocator();
            const parts = try group.saveParts(&engine.workspace, list.instructions.items, list.temporaries.items, allocator);
            const large = size[0] >= 1000;
            if (large or !case.together) try std.testing.expectEqual(case.together, parts[0].head != null);
            if (parts[0].head) |*head| {
                try std.testing.expectEqual(list.temporaries.items.len > 0 and
                    list.temporaries.items[0] == head.handle, head.buffered);
            }
        };
    }
}

test "items of a batch, each a part of a block or several of them" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: testing.Bench = .init(16);
    defer bench.deinit();
    for ([_][2]usize{ .{ 120, 64 }, .{ 6, 1000 }, .{ 1500, 64 } }) |shape| {
        const items, const rows = shape;
        bench.reset();
        var list: List = .{ .bench = &bench, .rows = items * rows, .columns = 48 };
        const out = list.temporary(.full, .float32);
        const weights = try bench.view(.float32, &.{ rows, rows }, .transposed);
        const x = list.make(.full, .float32);
        list.add(.{ .matmul = .{
            .compute = .float32,
            .batch_rank = 1,
            .m = rows,
            .n = 48,
            .k = rows,
            .batch = @splat(items),
            .out = bench.alias(&out, 0, &.{ @intCast(rows * 48), 48, 1 }),
            .a = bench.alias(&weights, 0, &.{ 0, weights.strides[0], weights.strides[1] }),
            .b = bench.alias(&x, 0, &.{ @intCast(rows * 48), 48, 1 }),
        } });
        const sum = list.make(.full, .float32);
        list.map("add", sum, &.{ out, list.make(.row, .float32) }, none);
        list.fold("sum", .column, list.make(.column, .float32), &.{sum});
        try expectEqualRuns(&engine, &list);
    }
}
