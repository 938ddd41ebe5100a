//! A product by panels has the bits of the product without panels; a program uses panels only of
//! weights that are unchanged, whoever writes them.

const std = @import("std");
const border = @import("../lib.zig").border;
const cpu = @import("engine.zig");
const levels = @import("levels.zig");
const panels = @import("panel_cache.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");
const testing = @import("cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const MatMul = program.MatMul;
const expectEqual = std.testing.expectEqual;

const Case = struct { items: usize = 1, m: usize, n: usize, k: usize };

const cases = [_]Case{
    .{ .m = 2, .n = 17, .k = 2 },
    .{ .m = 1, .n = 100, .k = 40 },
    .{ .m = 9, .n = 49, .k = 600 },
    .{ .m = 65, .n = 300, .k = 520 },
    .{ .m = 33, .n = 500, .k = 1030 },
    .{ .items = 5, .m = 20, .n = 70, .k = 21 },
    // Rows of 4 KB and more.
    .{ .m = 70, .n = 1100, .k = 30 },
    .{ .m = 3, .n = 530, .k = 2050 },
};

const types = [_][3]DType{
    @splat(.float32),
    @splat(.float64),
    @splat(.int32),
    @splat(.float16),
    @splat(.bfloat16),
    .{ .float32, .bfloat16, .bfloat16 },
    .{ .float32, .float32, .float16 },
};

fn make(bench: *Bench, case: Case, dtypes: [3]DType, weight_turned: bool) !MatMul {
    const compute: DType = if (dtypes[0].isHalf()) .float32 else dtypes[0];
    var product: MatMul = .{
        .compute = compute,
        .batch_rank = 1,
        .m = case.m,
        .n = case.n,
        .k = case.k,
        .batch = .{ case.items, 0, 0, 0, 0, 0, 0, 0 },
        .out = try bench.view(dtypes[0], &.{ case.items, case.m, case.n }, .dense),
        .a = try bench.view(dtypes[1], &.{ case.items, case.m, case.k }, .dense),
        .b = try bench.view(dtypes[2], &.{ case.k, case.n }, .dense),
    };
    const rows = [2]isize{ @intCast(case.n), 1 };
    const columns = [2]isize{ 1, @intCast(case.k) };
    product.b.strides[0..3].* = [1]isize{0} ++ if (weight_turned) columns else rows;
    return product;
}

/// The transposed product: its left operand is the weight, which the kernel takes as the right one.
fn exchanged(product: *const MatMul) MatMul {
    var other = product.*;
    std.mem.swap(usize, &other.m, &other.n);
    std.mem.swap(program.View, &other.a, &other.b);
    for ([_]*program.View{ &other.out, &other.a, &other.b }) |view| {
        std.mem.swap(isize, &view.strides[1], &view.strides[2]);
    }
    return other;
}

test "panels change no bit, at any level, for any types, strides and threads" {
    var bench: Bench = .init(41);
    defer bench.deinit();
    for (levels.all) |level| {
        if (!level.supported()) continue;
        var message: program.Message = .{};
        var engine: cpu.Engine = undefined;
        try engine.init(std.testing.allocator, &.{ .threads = 3, .level = level.name }, &message);
        defer engine.deinit();
        var used: usize = 0;
        for (cases) |case| for (types) |dtypes| for ([_][2]bool{
            .{ false, false },
            .{ false, true },
            .{ true, true },
        }) |turned| {
            bench.reset();
            var product = try make(&bench, case, dtypes, turned[1]);
            if (turned[0]) product = exchanged(&product);
            const bytes = panels.size(&engine.workspace, &product);
            if (bytes == 0) continue;
            used += 1;
            try expectEqual(.ok, engine.execute(&.{ .matmul = product }));
            const length = case.items * case.m * case.n * product.out.dtype.bytes();
            const want = try std.testing.allocator.dupe(u8, product.out.data[0..length]);
            defer std.testing.allocator.free(want);
            const memory = try std.testing.allocator.alignedAlloc(u8, .@"64", bytes);
            defer std.testing.allocator.free(memory);
            try expectEqual(bytes, panels.pack(&engine.workspace, &product, memory.ptr));
            product.panels = memory.ptr;
            for ([_]usize{ 1, 3, 8 }) |threads| {
                try engine.setThreads(threads);
                @memset(product.out.data[0..length], 0x5a);
                try expectEqual(.ok, engine.execute(&.{ .matmul = product }));
                if (std.mem.eql(u8, want, product.out.data[0..length])) continue;
                std.debug.print("{s}: {any} of {any}, turned {any}, {d} threads\n", .{ level.name, case, dtypes, turned, threads });
                return error.Different;
            }
        };
        try std.testing.expect(used > cases.len * types.len);
    }
}

const size = 40;
const x_handle = 1;
const weight_handle = 2;
const out_handle = 3;
const matrix_bytes: f64 = 4 * size * size;

/// out = x W^T, which needs panels: the kernel reads W down its columns.
const words align(8) = [_]f64{ @floatFromInt(@backingInt(program.Opcode.matmul)), 22, 0, 0, size, size, size } ++
    [_]f64{ out_handle, 0, 0, size, 1 } ++ [_]f64{ x_handle, 0, 0, size, 1 } ++ [_]f64{ weight_handle, 0, 0, 1, size };

fn runWords(context: u32, list: []align(8) const f64) !void {
    try expectEqual(0, border.run_words(context, std.mem.sliceAsBytes(list).ptr, @intCast(list.len)));
}

fn fill(context: u32, handle: u32, value: f32) !void {
    const values: [size * size]f32 = @splat(value);
    try expectEqual(0, border.write(context, handle, 0, @ptrCast(&values), 4 * size * size));
}

fn expectProduct(context: u32, weight: f32) !void {
    var values: [size * size]f32 = undefined;
    try expectEqual(0, border.read(context, out_handle, 0, @ptrCast(&values), 4 * size * size));
    for (values) |value| try expectEqual(2 * size * weight, value);
}

/// W = W + 1.
const increment align(8) = [_]f64{ 5, 18, testing.rowNamed(table.map_rows, "addScalar"), 0, 1, 1, 1, 0, 0, size * size } ++
    [_]f64{ weight_handle, 0, 0, 1 } ++ [_]f64{ weight_handle, 0, 0, 1 };

/// A context with x of twos and such a weight.
fn open(weight: f32) !u32 {
    const context = border.open("threads 2", 9);
    const create align(8) = [_]f64{ 1, 4, x_handle, matrix_bytes, 1, 4, weight_handle, matrix_bytes, 1, 4, out_handle, matrix_bytes };
    try runWords(context, &create);
    try fill(context, x_handle, 2);
    try fill(context, weight_handle, weight);
    return context;
}

test "a weight that is written gets other panels, whoever writes it" {
    const context = try open(3);
    defer _ = border.close(context);
    const before = border.memory(context, 1);
    for (0..6) |_| {
        try runWords(context, &words);
        try expectProduct(context, 3);
    }
    try std.testing.expect(border.memory(context, 1) >= before + matrix_bytes);
    for (0..3) |round| {
        // The weight is written by bytes from outside.
        try fill(context, weight_handle, 5);
        for (0..4) |_| {
            try runWords(context, &words);
            try expectProduct(context, 5);
        }
        // The weight is written by words of their own, which come again and are kept decoded in
        // turn.
        for (0..5) |k| {
            try runWords(context, &increment);
            const now: f32 = @floatFromInt(6 + k);
            for (0..1 + 2 * round) |_| {
                try runWords(context, &words);
                try expectProduct(context, now);
            }
        }
        // The weight is freed, and made anew under the same handle.
        const renew align(8) = [_]f64{ 2, 3, weight_handle, 1, 4, weight_handle, matrix_bytes };
        try runWords(context, &renew);
        try fill(context, weight_handle, 7);
        for (0..4) |_| {
            try runWords(context, &words);
            try expectProduct(context, 7);
        }
    }
    // Panels are freed with their weight, while the weight's block waits in the cache for the next
    // storage.
    const held = border.memory(context, 1);
    try runWords(context, &.{ 2, 3, weight_handle });
    try std.testing.expect(border.memory(context, 1) < held + matrix_bytes);
}

test "two programs share the panels of one weight, which changes between their runs" {
    const context = try open(3);
    defer _ = border.close(context);
    // The same product of fewer rows.
    var few align(8) = words;
    few[4] = size / 2;
    for (0..3) |_| {
        try runWords(context, &words);
        try runWords(context, &few);
    }
    for (0..4) |round| {
        const value: f32 = @floatFromInt(4 + round);
        try fill(context, weight_handle, value);
        // Each program meets the new weight first in turn, and has panels of the old one.
        const orders = [2][3][]align(8) const f64{ .{ &few, &words, &words }, .{ &words, &few, &few } };
        for (orders[round % 2]) |list| {
            try fill(context, out_handle, 0);
            try runWords(context, &words);
            try expectProduct(context, value);
            try runWords(context, list);
            try expectProduct(context, value);
        }
    }
}

test "a weight may be freed while its product waits" {
    const context = try open(3);
    defer _ = border.close(context);
    for (0..3) |_| try runWords(context, &words);
    const last align(8) = [_]f64{ 3, 2 } ++ words ++ [_]f64{ 2, 3, weight_handle, 4, 2 };
    try fill(context, out_handle, 0);
    try runWords(context, &last);
    try expectProduct(context, 3);
}

test "a program that writes its own weight has no panels of it" {
    const context = try open(0);
    defer _ = border.close(context);
    const step align(8) = words ++ increment;
    for (0..6) |k| {
        try runWords(context, &step);
        try expectProduct(context, @floatFromInt(k));
    }
}
