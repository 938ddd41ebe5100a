//! The gather, scatter and random skeletons against plain loops.

const std = @import("std");
const cpu = @import("../engine.zig");
const convert = @import("../../program/convert.zig");
const join = @import("../../program/join.zig");
const philox = @import("../../numbers/philox.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Gather = program.Gather;
const Layout = testing.Layout;

const Shape = struct { outer: usize, count: usize, length: usize, inner: usize };

const shapes = [_]Shape{
    .{ .outer = 1, .count = 0, .length = 3, .inner = 2 },
    .{ .outer = 0, .count = 4, .length = 3, .inner = 2 },
    .{ .outer = 2, .count = 4, .length = 3, .inner = 0 },
    .{ .outer = 1, .count = 1, .length = 1, .inner = 1 },
    .{ .outer = 1, .count = 50, .length = 7, .inner = 1 },
    .{ .outer = 3, .count = 17, .length = 5, .inner = 2 },
    .{ .outer = 2, .count = 9, .length = 100, .inner = 33 },
    .{ .outer = 300, .count = 20, .length = 4, .inner = 9 },
    .{ .outer = 1, .count = 300, .length = 40, .inner = 200 },
    .{ .outer = 1, .count = 40000, .length = 200, .inner = 1 },
    .{ .outer = 1, .count = 400, .length = 300, .inner = 190 },
    .{ .outer = 3, .count = 9000, .length = 5, .inner = 3 },
};

fn make(bench: *Bench, dtype: DType, shape: Shape, scatter: bool) !Gather {
    const long = [3]usize{ shape.outer, shape.length, shape.inner };
    const short = [3]usize{ shape.outer, shape.count, shape.inner };
    const out_layout: Layout = if (bench.below(2) == 0) .dense else .any;
    var gather: Gather = .{
        .outer = shape.outer,
        .count = shape.count,
        .length = shape.length,
        .inner = shape.inner,
        .out = try bench.view(dtype, if (scatter) &long else &short, out_layout),
        .source = try bench.view(dtype, if (scatter) &short else &long, bench.pick(Layout)),
        .index = undefined,
    };
    const index_dtype: DType = if (bench.below(2) == 0 and shape.length < 256) .uint8 else .int32;
    const index_layout: Layout = if (bench.below(2) == 0) .dense else .any;
    if (bench.below(2) == 0) {
        gather.index = try bench.view(index_dtype, &.{shape.count}, index_layout);
        gather.index.strides[0..3].* = .{ 0, gather.index.strides[0], 0 };
    } else gather.index = try bench.view(index_dtype, &short, index_layout);
    for (0..shape.outer) |o| for (0..shape.count) |c| for (0..shape.inner) |i| {
        testing.put(i32, &gather.index, testing.offsetOf(&gather.index, &short, linear(short, o, c, i)), @intCast(bench.below(shape.length)));
    };
    return gather;
}

fn linear(shape: [3]usize, o: usize, c: usize, i: usize) usize {
    return (o * shape[1] + c) * shape[2] + i;
}

fn indexAt(gather: *const Gather, o: usize, c: usize, i: usize) usize {
    const short = [3]usize{ gather.outer, gather.count, gather.inner };
    return @trunc(testing.element(&gather.index, &short, linear(short, o, c, i)));
}

test "gather copies what the index names, and writes nothing else" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(8);
    defer bench.deinit();
    for (std.enums.values(DType)) |dtype| for (shapes) |shape| for (0..4) |_| {
        bench.reset();
        const gather = try make(&bench, dtype, shape, false);
        const before = try bench.snapshot(&gather.out);
        try std.testing.expectEqual(.ok, engine.execute(&.{ .gather = gather }));
        const out = [3]usize{ shape.outer, shape.count, shape.inner };
        const source = [3]usize{ shape.outer, shape.length, shape.inner };
        try bench.expectUntouched(before, &gather.out, &out);
        for (0..shape.outer) |o| for (0..shape.count) |c| for (0..shape.inner) |i| {
            const from = linear(source, o, indexAt(&gather, o, c, i), i);
            const to = linear(out, o, c, i);
            const want = testing.element(&gather.source, &source, from);
            try std.testing.expectEqual(want, testing.element(&gather.out, &out, to));
        };
    };
}

/// Joins the source into `target`, in order.
fn naiveScatter(comptime dtype: DType, comptime row: table.ScatterRow, scatter: *const Gather, target: *const testing.View) void {
    const T = convert.Stored(join.computeOf(dtype));
    const out = [3]usize{ scatter.outer, scatter.length, scatter.inner };
    const source = [3]usize{ scatter.outer, scatter.count, scatter.inner };
    for (0..scatter.outer) |o| for (0..scatter.count) |c| for (0..scatter.inner) |i| {
        const place = testing.offsetOf(target, &out, linear(out, o, indexAt(scatter, o, c, i), i));
        const x = testing.get(T, target, place);
        const y = testing.get(T, &scatter.source, testing.offsetOf(&scatter.source, &source, linear(source, o, c, i)));
        testing.put(T, target, place, row.join(T, x, y));
    };
}

test "scatter joins in order, and writes nothing else" {
    for ([_]usize{ 1, 2, 3 }) |threads| {
        var engine: cpu.Engine = undefined;
        try testing.open(&engine, threads);
        defer engine.deinit();
        var bench: Bench = .init(9);
        defer bench.deinit();
        inline for (comptime std.enums.values(DType)) |dtype| inline for (table.scatter_rows, 0..) |row, number| for (shapes) |shape| {
            bench.reset();
            var scatter = try make(&bench, dtype, shape, true);
            scatter.row = number;
            const before = try bench.snapshot(&scatter.out);
            const now = bench.storages.items[scatter.out.handle - 1];
            const status = engine.execute(&.{ .scatter = scatter });
            try std.testing.expectEqual(.ok, status);
            const out = [3]usize{ shape.outer, shape.length, shape.inner };
            try bench.expectUntouched(before, &scatter.out, &out);
            var want = scatter.out;
            want.data = before.ptr + (scatter.out.data - now.ptr);
            naiveScatter(dtype, row, &scatter, &want);
            try testing.expectSame(&want, &scatter.out, &out, .{ dtype, row.name, shape });
        };
    }
}

test "the first index out of range is refused with its value, and a scatter writes nothing" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(10);
    defer bench.deinit();
    for ([_]i32{ 5, -1, std.math.maxInt(i32), std.math.minInt(i32) }) |wrong| {
        inline for (.{ "gather", "scatter" }) |name| {
            bench.reset();
            const shape: Shape = .{ .outer = 2, .count = 9, .length = 5, .inner = 3 };
            var one = try make(&bench, .float32, shape, comptime std.mem.eql(u8, name, "scatter"));
            const short = [3]usize{ 2, 9, 3 };
            one.index = try bench.view(.int32, &short, .any);
            for (0..54) |k| testing.put(i32, &one.index, testing.offsetOf(&one.index, &short, k), 0);
            testing.put(i32, &one.index, testing.offsetOf(&one.index, &short, 40), -2);
            testing.put(i32, &one.index, testing.offsetOf(&one.index, &short, 22), wrong);
            const before = try bench.snapshot(&one.out);
            const status = engine.execute(&@unionInit(program.Instruction, name, one));
            try std.testing.expectEqual(.range, status);
            var buffer: [100]u8 = undefined;
            const format = "Cannot {s}: index {d} must lie in [0, 5)";
            const want = try std.fmt.bufPrint(&buffer, format, .{ name, wrong });
            try std.testing.expectEqualStrings(want, engine.reason().text());
            if (comptime std.mem.eql(u8, name, "scatter")) try bench.expectUntouched(before, &one.out, &.{0});
        }
    }
}

/// Element i of a call, computed from the words of its Philox block alone.
fn naiveRandom(one: *const program.Random, i: usize) f64 {
    const each: usize = if (one.out.dtype == .float64) 2 else 4;
    const block = one.counter +% i / each;
    const Scalar = philox.Philox(1);
    const low: u32 = @truncate(block);
    const high: u32 = @truncate(block >> 32);
    const words = Scalar.block(.{ @splat(low), @splat(high), @splat(0), @splat(0) }, one.key);
    const word = words[i % each * (4 / each)][0];
    return switch (one.out.dtype) {
        .float32 => @as(f64, @floatFromInt(word / 256)) / 16777216,
        .float64 => blk: {
            const next: f64 = @floatFromInt(words[i % each * 2 + 1][0] / 64);
            const first: f64 = @floatFromInt(word / 32);
            break :blk (first * 67108864 + next) / 9007199254740992;
        },
        .int32 => @floatFromInt(@as(i32, @bitCast(word))),
        .uint8 => @floatFromInt(word % 256),
        .bool => @floatFromInt(word % 2),
        .float16, .bfloat16 => unreachable,
    };
}

const counts = [_]usize{
    0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 1000, 16383, 16385, 70001,
};

test "random gives the words of its counter, whatever the count, the offset and the threads" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 1);
    defer engine.deinit();
    var bench: Bench = .init(12);
    defer bench.deinit();
    for ([_]usize{ 1, 3 }) |threads| for (std.enums.values(DType)) |dtype| {
        try engine.setThreads(threads);
        if (dtype.isHalf()) continue;
        for (counts) |count| {
            bench.reset();
            var one: program.Random = .{
                .count = count,
                .key = .{ bench.random.random().int(u32), 7 },
                .counter = if (count % 2 == 0) 0xffffffff_fffffffe else 0xfffffffe,
                .out = try bench.view(dtype, &.{count + 3}, .dense),
            };
            one.out.data += bench.below(3) * dtype.bytes();
            const before = try bench.snapshot(&one.out);
            _ = engine.execute(&.{ .random = one });
            try bench.expectUntouched(before, &one.out, &.{count});
            for (0..count) |i| {
                const got = testing.element(&one.out, &.{count}, i);
                try std.testing.expectEqual(naiveRandom(&one, i), got);
            }
        }
    };
}
