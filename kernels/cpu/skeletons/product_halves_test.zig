//! Products of halves: those of widened operands have the bits of the float32 product, rounded
//! once; those by pairs are within the rounding error of their sums, and are equal on any number of
//! threads.

const std = @import("std");
const cpu = @import("../engine.zig");
const level = @import("../level/level.zig");
const levels = @import("../levels.zig");
const program = @import("../../program/program.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Layout = testing.Layout;
const MatMul = program.MatMul;
const View = testing.View;

const Case = struct { batch: usize = 1, m: usize, n: usize, k: usize };

const cases = [_]Case{
    .{ .m = 0, .n = 3, .k = 2 },
    .{ .m = 3, .n = 2, .k = 0 },
    .{ .m = 1, .n = 1, .k = 1 },
    .{ .m = 1, .n = 300, .k = 33 },
    .{ .m = 100, .n = 1, .k = 33 },
    .{ .m = 17, .n = 49, .k = 64 },
    .{ .m = 9, .n = 48, .k = 1025 },
    .{ .m = 2, .n = 3, .k = 2050 },
    .{ .m = 300, .n = 250, .k = 70 },
    .{ .m = 65, .n = 500, .k = 530 },
    .{ .batch = 20, .m = 20, .n = 20, .k = 21 },
};

const types = [_]DType{ .float16, .bfloat16, .float32 };

fn make(bench: *Bench, case: Case, dtypes: [3]DType, layouts: [3]Layout) !MatMul {
    return .{
        .compute = .float32,
        .batch_rank = 1,
        .m = case.m,
        .n = case.n,
        .k = case.k,
        .batch = .{ case.batch, 0, 0, 0, 0, 0, 0, 0 },
        .out = try bench.view(dtypes[0], &.{ case.batch, case.m, case.n }, layouts[0]),
        .a = try bench.view(dtypes[1], &.{ case.batch, case.m, case.k }, layouts[1]),
        .b = try bench.view(dtypes[2], &.{ case.batch, case.k, case.n }, layouts[2]),
    };
}

/// The same product of contiguous float32 operands.
fn widened(bench: *Bench, product: *const MatMul) !MatMul {
    const case: Case = .{ .batch = product.batch[0], .m = product.m, .n = product.n, .k = product.k };
    const wide = try make(bench, case, @splat(.float32), @splat(.dense));
    copy(&wide.a, &product.a, &.{ case.batch, case.m, case.k });
    copy(&wide.b, &product.b, &.{ case.batch, case.k, case.n });
    return wide;
}

fn copy(target: *const View, source: *const View, shape: []const usize) void {
    for (0..shape[0] * shape[1] * shape[2]) |i| {
        testing.put(f64, target, testing.offsetOf(target, shape, i), testing.element(source, shape, i));
    }
}

fn openLevel(engine: *cpu.Engine, name: []const u8) !void {
    var message: program.Message = .{};
    try engine.init(std.testing.allocator, &.{ .threads = 2, .level = name }, &message);
}

test "products of widened halves are float32 products, rounded once, and nothing else is written" {
    var engine: cpu.Engine = undefined;
    try openLevel(&engine, level.name);
    defer engine.deinit();
    var bench: Bench = .init(31);
    defer bench.deinit();
    for (cases) |case| for (types) |a| for (types) |b| for (types) |out| {
        if (!a.isHalf() and !b.isHalf() and !out.isHalf()) continue;
        // Of a large product only some elements are compared.
        if (case.m * case.n * @max(case.k, 1) > 100_000 and bench.below(8) != 0) continue;
        bench.reset();
        const out_layout: Layout = if (bench.below(2) == 0) .dense else .any;
        const layouts: [3]Layout = .{ out_layout, bench.pick(Layout), bench.pick(Layout) };
        const product = try make(&bench, case, .{ out, a, b }, layouts);
        const wide = try widened(&bench, &product);
        const shape = [3]usize{ case.batch, case.m, case.n };
        const before = try bench.snapshot(&product.out);
        try std.testing.expectEqual(.ok, engine.execute(&.{ .matmul = product }));
        try std.testing.expectEqual(.ok, engine.execute(&.{ .matmul = wide }));
        try bench.expectUntouched(before, &product.out, &shape);
        const rounded = try bench.view(out, &shape, .dense);
        copy(&rounded, &wide.out, &shape);
        try testing.expectSame(&rounded, &product.out, &shape, .{ case, a, b, out });
    };
}

test "products of pairs are within the rounding of their sums, and the same for any threads" {
    if (!levels.all[0].dots or !levels.all[0].supported()) return error.SkipZigTest;
    var engine: cpu.Engine = undefined;
    try openLevel(&engine, "");
    defer engine.deinit();
    var bench: Bench = .init(32);
    defer bench.deinit();
    for (cases) |case| for ([_]DType{ .bfloat16, .float32 }) |out| for (0..3) |_| {
        bench.reset();
        const layouts: [3]Layout = .{ .dense, bench.pick(Layout), bench.pick(Layout) };
        const product = try make(&bench, case, .{ out, .bfloat16, .bfloat16 }, layouts);
        const shape = [3]usize{ case.batch, case.m, case.n };
        try std.testing.expectEqual(.ok, engine.execute(&.{ .matmul = product }));
        try expectNear(&product, case);
        const first = try bench.snapshot(&product.out);
        for ([_]usize{ 1, 3, 8, 2 }) |threads| {
            try engine.setThreads(threads);
            try std.testing.expectEqual(.ok, engine.execute(&.{ .matmul = product }));
            var want = product.out;
            want.data = first.ptr;
            try testing.expectSame(&want, &product.out, &shape, .{ case, out, threads });
        }
    };
}

fn expectNear(product: *const MatMul, case: Case) !void {
    const shape_a = [3]usize{ case.batch, case.m, case.k };
    const shape_b = [3]usize{ case.batch, case.k, case.n };
    for (0..case.batch) |item| for (0..case.m) |i| for (0..case.n) |j| {
        var sum: f64 = 0;
        var sizes: f64 = 0;
        for (0..case.k) |p| {
            const x = testing.element(&product.a, &shape_a, (item * case.m + i) * case.k + p);
            const y = testing.element(&product.b, &shape_b, (item * case.k + p) * case.n + j);
            sum += x * y;
            sizes += @abs(x * y);
        }
        const shape = [3]usize{ case.batch, case.m, case.n };
        const got = testing.element(&product.out, &shape, (item * case.m + i) * case.n + j);
        const k: f64 = @floatFromInt(case.k);
        const last: f64 = if (product.out.dtype == .bfloat16) 0x1p-8 * @abs(sum) else 0;
        const bound = 1.01 * (k * 0x1p-24 * sizes + last);
        if (@abs(got - sum) <= bound) continue;
        std.debug.print("{any}: want {d}, got {d}, which is not within {d}\n", .{ case, sum, got, bound });
        return error.Wrong;
    };
}
