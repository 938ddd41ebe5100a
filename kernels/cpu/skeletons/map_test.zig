//! The map skeleton against plain loops.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const cpu = @import("../engine.zig");
const expr = @import("../../rows/expr.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const View = testing.View;

fn naive(
    comptime row: table.MapRow,
    comptime T: type,
    map: *const program.Map,
    want: *const View,
) void {
    const shape = map.shape[0..map.rank];
    for (0..axes_module.product(shape)) |i| {
        var environment: expr.Environment(T) = .{};
        for (map.inputs[0..map.inputs_count], 0..) |*input, k| {
            environment.operands[k] = testing.get(T, input, testing.offsetOf(input, shape, i));
        }
        for (&environment.scalars, map.scalars) |*scalar, value| {
            scalar.* = convert.convert(T, value);
        }
        const last = if (shape.len == 0) 1 else shape[shape.len - 1];
        environment.index = convert.convert(T, @as(i32, @intCast(i % last)));
        testing.put(T, want, @intCast(i), expr.eval(row.tree, T, environment));
    }
}

const shapes = [_][]const usize{
    &.{},            &.{0},             &.{1},          &.{ 3, 0 },
    &.{15},          &.{16},            &.{17},         &.{ 5, 7 },
    &.{ 8, 8 },      &.{ 1, 33 },       &.{ 33, 1 },    &.{ 3, 1, 5 },
    &.{ 2, 3, 4 },   &.{ 31, 65 },      &.{ 70, 300 },  &.{ 2, 2, 2, 2, 2, 2, 2, 3 },
    &.{ 4, 10, 16 }, &.{ 1000, 10 },    &.{ 200, 200 }, &.{40000},
    &.{ 3, 1, 600 }, &.{ 300, 2, 100 },
};

fn make(bench: *Bench, row: u16, inputs: usize, compute: DType, shape: []const usize) !program.Map {
    var map: program.Map = undefined;
    map.row = row;
    map.compute = compute;
    map.rank = @intCast(shape.len);
    map.inputs_count = @intCast(inputs);
    map.scalars = .{ 3, 0.5, -2 };
    @memcpy(map.shape[0..shape.len], shape);
    const out_layout: testing.Layout = if (bench.below(3) == 0) .any else .dense;
    map.out = try bench.view(bench.dtypeNear(compute), shape, out_layout);
    const dense = bench.below(4) == 0;
    for (map.inputs[0..inputs]) |*input| {
        const layout: testing.Layout = if (dense) .dense else bench.pick(testing.Layout);
        input.* = try bench.view(if (dense) compute else bench.dtypeNear(compute), shape, layout);
    }
    return map;
}

test "map gives what plain loops give, and writes nothing else" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    const names = .{
        "fill",         "arange",            "copy", "add", "div", "mulAdd", "less", "where",
        "adaptiveStep", "normalizeGradient", "max",
    };
    var bench: Bench = .init(1);
    defer bench.deinit();
    bench.special = true;
    inline for (names) |name| {
        const number = comptime testing.rowNamed(table.map_rows, name);
        const row = table.map_rows[number];
        inline for (convert.Compute, 0..) |T, code| {
            if (comptime row.types.has(T)) for (shapes) |shape| for (0..3) |_| {
                bench.reset();
                const map = try make(&bench, number, row.operands, @fromBackingInt(code), shape);
                const want = try bench.view(map.out.dtype, shape, .dense);
                naive(row, T, &map, &want);
                const before = try bench.snapshot(&map.out);
                const status = engine.execute(&.{ .map = map });
                try std.testing.expectEqual(.ok, status);
                try testing.expectSame(&want, &map.out, shape, .{ name, code });
                try bench.expectUntouched(before, &map.out, shape);
            };
        }
    }
}
