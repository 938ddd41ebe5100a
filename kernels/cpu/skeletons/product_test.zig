//! The matmul skeleton against three plain loops, within the bound that rounding allows, and its
//! bits against each other: they depend neither on strides nor on how operands are copied.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const cpu = @import("../engine.zig");
const program = @import("../../program/program.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const MatMul = program.MatMul;
const View = testing.View;

/// The layout of a matrix: row-major, column-major, either of them with gaps between the lines, or
/// with gaps in both directions.
const Lie = enum { plain, turned, plain_apart, turned_apart, gaps };

/// A view `[batch..., rows, columns]`; a batch axis whose bit is set in `shared` has stride 0.
fn matrix(
    bench: *Bench,
    dtype: DType,
    batch: []const usize,
    rows: usize,
    columns: usize,
    lie: Lie,
    shared: u8,
) !View {
    const gap: usize = switch (lie) {
        .plain, .turned => 0,
        else => 3,
    };
    const between: usize = if (lie == .gaps) 2 else 1;
    const turned = lie == .turned or lie == .turned_apart;
    const inner = if (turned) rows else columns;
    const outer = if (turned) columns else rows;
    const pitch = inner * between + gap;
    const count = axes_module.product(batch) * outer * pitch;
    var view = try bench.view(dtype, &.{count}, .dense);
    var size: isize = @intCast(outer * pitch);
    var axis = batch.len;
    while (axis > 0) {
        axis -= 1;
        view.strides[axis] = if (shared >> @intCast(axis) & 1 != 0) 0 else size;
        size *= @intCast(batch[axis]);
    }
    const row = &view.strides[batch.len];
    const column = &view.strides[batch.len + 1];
    row.* = @intCast(if (turned) between else pitch);
    column.* = @intCast(if (turned) pitch else between);
    return view;
}

const Shape = struct { m: usize, n: usize, k: usize, batch: []const usize = &.{} };

fn make(bench: *Bench, dtype: DType, shape: Shape, lies: [3]Lie, shared: [2]u8) !MatMul {
    var product: MatMul = undefined;
    product.panels = null;
    product.compute = dtype;
    product.batch_rank = @intCast(shape.batch.len);
    @memcpy(product.batch[0..shape.batch.len], shape.batch);
    product.m = shape.m;
    product.n = shape.n;
    product.k = shape.k;
    product.out = try matrix(bench, dtype, shape.batch, shape.m, shape.n, lies[0], 0);
    product.a = try matrix(bench, dtype, shape.batch, shape.m, shape.k, lies[1], shared[0]);
    product.b = try matrix(bench, dtype, shape.batch, shape.k, shape.n, lies[2], shared[1]);
    return product;
}

/// Three plain loops in f64, or in i64 for integers, whose low bits are the expected result.
fn expectProduct(comptime T: type, product: *const MatMul) !void {
    const Wide = if (T == i32) i64 else f64;
    const rank: usize = product.batch_rank;
    const batch = product.batch[0..rank];
    for (0..axes_module.product(batch)) |item| {
        const a = testing.offsetOf(&product.a, batch, item);
        const b = testing.offsetOf(&product.b, batch, item);
        const c = testing.offsetOf(&product.out, batch, item);
        for (0..product.m) |i| for (0..product.n) |j| {
            var sum: Wide = 0;
            var sizes: f64 = 0;
            for (0..product.k) |p| {
                const x = testing.get(T, &product.a, a + step(&product.a, rank, i, p));
                const y = testing.get(T, &product.b, b + step(&product.b, rank, p, j));
                if (T == i32) {
                    sum +%= @as(Wide, x) * @as(Wide, y);
                } else {
                    sum += @as(Wide, x) * @as(Wide, y);
                    sizes += @abs(@as(Wide, x) * @as(Wide, y));
                }
            }
            const got = testing.get(T, &product.out, c + step(&product.out, rank, i, j));
            const k: f64 = @floatFromInt(product.k);
            const right = if (T == i32)
                got == @as(i32, @truncate(sum))
            else
                @abs(got - sum) <= k * std.math.floatEps(T) * sizes;
            if (right) continue;
            std.debug.print("{any} [{d}, {d}, {d}] at {d}, {d}: want {d}, got {d}\n", .{
                T, product.m, product.n, product.k, i, j, sum, got,
            });
            return error.Wrong;
        };
    }
}

fn step(view: *const View, rank: usize, i: usize, j: usize) isize {
    return view.strides[rank] * @as(isize, @intCast(i)) +
        view.strides[rank + 1] * @as(isize, @intCast(j));
}

fn run(engine: *cpu.Engine, bench: *Bench, product: *const MatMul, outside: bool) !void {
    const before = try bench.snapshot(&product.out);
    const status = engine.execute(&.{ .matmul = product.* });
    try std.testing.expectEqual(.ok, status);
    if (!outside) return;
    var shape: [program.rank_max]usize = undefined;
    const rank: usize = product.batch_rank;
    @memcpy(shape[0..rank], product.batch[0..rank]);
    shape[rank] = product.m;
    shape[rank + 1] = product.n;
    try bench.expectUntouched(before, &product.out, shape[0 .. rank + 2]);
}

const shapes = [_]Shape{
    .{ .m = 0, .n = 3, .k = 2 },
    .{ .m = 3, .n = 0, .k = 2 },
    .{ .m = 3, .n = 2, .k = 0 },
    .{ .m = 1, .n = 1, .k = 1 },
    .{ .m = 2, .n = 2, .k = 2 },
    .{ .m = 1, .n = 100, .k = 33 },
    .{ .m = 100, .n = 1, .k = 33 },
    .{ .m = 4, .n = 5, .k = 1 },
    .{ .m = 17, .n = 33, .k = 64 },
    .{ .m = 33, .n = 17, .k = 127 },
    .{ .m = 64, .n = 64, .k = 17 },
    .{ .m = 127, .n = 50, .k = 33 },
    .{ .m = 9, .n = 49, .k = 600 },
    .{ .m = 2, .n = 3, .k = 1100 },
    .{ .m = 65, .n = 300, .k = 520 },
    .{ .m = 5, .n = 6, .k = 7, .batch = &.{4} },
    .{ .m = 17, .n = 1, .k = 9, .batch = &.{3} },
    .{ .m = 3, .n = 17, .k = 5, .batch = &.{ 2, 3 } },
    .{ .m = 20, .n = 20, .k = 20, .batch = &.{ 5, 1, 4 } },
    .{ .m = 2, .n = 2, .k = 2, .batch = &.{ 0, 3 } },
    .{ .m = 1, .n = 1, .k = 40, .batch = &.{ 2, 2, 2, 2, 1, 3 } },
};

test "matmul gives what three loops give, and writes nothing else" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(5);
    defer bench.deinit();
    inline for (convert.Compute, 0..) |T, code| for (shapes) |shape| {
        for (std.enums.values(Lie)) |a| for (std.enums.values(Lie)) |b| {
            bench.reset();
            const lies: [3]Lie = .{ bench.pick(Lie), a, b };
            const shared: [2]u8 = .{ @intCast(bench.below(8)), @intCast(bench.below(8)) };
            const product = try make(&bench, @fromBackingInt(code), shape, lies, shared);
            try run(&engine, &bench, &product, true);
            try expectProduct(T, &product);
        };
    };
}

test "integers wrap" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: Bench = .init(6);
    defer bench.deinit();
    const shape: Shape = .{ .m = 9, .n = 20, .k = 30 };
    const product = try make(&bench, .int32, shape, @splat(.plain), .{ 0, 0 });
    for ([_]View{ product.a, product.b }) |view| for (0..30 * 9) |i| {
        testing.put(i32, &view, @intCast(i), bench.random.random().int(i32));
    };
    try run(&engine, &bench, &product, true);
    try expectProduct(i32, &product);
}

test "the product of a large odd shape has the same bits however operands lie, for any threads" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: Bench = .init(7);
    defer bench.deinit();
    for ([_]Shape{
        .{ .m = 250, .n = 333, .k = 771 },
        .{ .m = 1, .n = 333, .k = 771 },
        .{ .m = 7, .n = 20, .k = 1500, .batch = &.{3} },
    }) |shape| {
        bench.reset();
        engine.setThreads(1) catch unreachable;
        const first = try make(&bench, .float32, shape, @splat(.plain), .{ 0, 0 });
        try run(&engine, &bench, &first, false);
        try expectProduct(f32, &first);
        for ([_]usize{ 1, 2, 3, 8 }) |threads| for (std.enums.values(Lie)) |lie| {
            try engine.setThreads(threads);
            const lies: [3]Lie = .{ bench.pick(Lie), lie, bench.pick(Lie) };
            const other = try make(&bench, .float32, shape, lies, .{ 0, 0 });
            const ranks = shape.batch.len + 2;
            var sizes: [3]usize = undefined;
            @memcpy(sizes[0..shape.batch.len], shape.batch);
            sizes[ranks - 2 ..][0..2].* = .{ shape.m, shape.k };
            copy(&other.a, &first.a, sizes[0..ranks]);
            sizes[ranks - 2 ..][0..2].* = .{ shape.k, shape.n };
            copy(&other.b, &first.b, sizes[0..ranks]);
            try run(&engine, &bench, &other, false);
            sizes[ranks - 2 ..][0..2].* = .{ shape.m, shape.n };
            try testing.expectSame(&first.out, &other.out, sizes[0..ranks], .{ threads, lies });
        };
    }
}

fn copy(target: *const View, source: *const View, shape: []const usize) void {
    for (0..axes_module.product(shape)) |i| {
        const value = testing.element(source, shape, i);
        testing.put(f64, target, testing.offsetOf(target, shape, i), value);
    }
}
