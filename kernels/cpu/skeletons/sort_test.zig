//! The sort skeleton against insertion, for any number of threads.

const std = @import("std");
const cpu = @import("../engine.zig");
const program = @import("../../program/program.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Layout = testing.Layout;

const Shape = struct { rows: usize, length: usize, taken: usize };

/// Lengths at which rows are sorted in another way, and rows that threads share out or sort
/// together.
const shapes = [_]Shape{
    .{ .rows = 3, .length = 1, .taken = 1 },
    .{ .rows = 500, .length = 5, .taken = 4 },
    .{ .rows = 4, .length = 48, .taken = 48 },
    .{ .rows = 4, .length = 49, .taken = 49 },
    .{ .rows = 3, .length = 300, .taken = 20 },
    .{ .rows = 3, .length = 600, .taken = 60 },
    .{ .rows = 40, .length = 700, .taken = 700 },
    .{ .rows = 1, .length = 20_000, .taken = 20_000 },
    .{ .rows = 1, .length = 40_000, .taken = 39_000 },
    .{ .rows = 1, .length = 40_000, .taken = 3 },
    .{ .rows = 2, .length = 40_000, .taken = 700 },
};

/// Whether x comes after y in that order; NaN is greater than all numbers.
fn isAfter(x: f64, y: f64, descending: bool) bool {
    if (std.math.isNan(x) or std.math.isNan(y)) {
        return if (descending) std.math.isNan(y) and !std.math.isNan(x) else std.math.isNan(x) and !std.math.isNan(y);
    }
    return if (descending) x < y else x > y;
}

fn expectSorted(sort: *const program.Sort) !void {
    const rows = sort.shape[0];
    const long = [2]usize{ rows, sort.length };
    const short = [2]usize{ rows, sort.taken };
    const allocator = std.testing.allocator;
    const places = try allocator.alloc(usize, sort.length);
    defer allocator.free(places);
    for (0..rows) |row| {
        const Context = struct {
            view: *const program.View,
            shape: *const [2]usize,
            first: usize,
            descending: bool,

            fn lessThan(own: @This(), a: usize, b: usize) bool {
                const x = testing.element(own.view, own.shape, own.first + a);
                const y = testing.element(own.view, own.shape, own.first + b);
                return isAfter(y, x, own.descending);
            }
        };
        for (places, 0..) |*place, k| place.* = k;
        const context: Context = .{
            .view = &sort.x,
            .shape = &long,
            .first = row * sort.length,
            .descending = sort.descending != 0,
        };
        // The standard library's block sort is stable.
        std.sort.block(usize, places, context, Context.lessThan);
        for (places[0..sort.taken], 0..) |place, k| {
            const found = testing.get(f64, &sort.out, testing.offsetOf(&sort.out, &short, row * sort.taken + k));
            try std.testing.expectEqual(@as(f64, @floatFromInt(place)), found);
        }
    }
}

test "sort gives the places of a stable sort, and writes nothing else, on any number of threads" {
    for ([_]usize{ 1, 2, 3 }) |threads| {
        var engine: cpu.Engine = undefined;
        try testing.open(&engine, threads);
        defer engine.deinit();
        var bench: Bench = .init(21);
        defer bench.deinit();
        bench.special = true;
        for (std.enums.values(DType)) |dtype| for (shapes) |shape| {
            // Two layouts of short rows, one of long ones.
            for (0..if (shape.length < 1000) 2 else 1) |k| {
                bench.reset();
                const layout: Layout = if (k == 0) .dense else .any;
                var sort: program.Sort = undefined;
                sort.rank = 1;
                sort.taken = shape.taken;
                sort.length = shape.length;
                sort.descending = bench.below(2);
                sort.shape[0] = shape.rows;
                sort.x = try bench.view(dtype, &.{ shape.rows, shape.length }, layout);
                sort.out = try bench.view(.int32, &.{ shape.rows, shape.taken }, layout);
                const before = try bench.snapshot(&sort.out);
                try std.testing.expectEqual(.ok, engine.execute(&.{ .sort = sort }));
                try bench.expectUntouched(before, &sort.out, &.{ shape.rows, shape.taken });
                try expectSorted(&sort);
            }
        };
    }
}
