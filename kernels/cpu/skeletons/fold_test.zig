//! The fold and arg skeletons against plain loops: the meaning of each row, and the order of
//! joining that the head of `fold.zig` promises, bit for bit.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const cpu = @import("../engine.zig");
const expr = @import("../../rows/expr.zig");
const facts = @import("../../program/facts.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const testing = @import("../cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Fold = program.Fold;
const Layout = testing.Layout;

const Case = struct { kept: []const usize, reduced: []const usize };

const cases = [_]Case{
    .{ .kept = &.{}, .reduced = &.{} },
    .{ .kept = &.{}, .reduced = &.{0} },
    .{ .kept = &.{0}, .reduced = &.{5} },
    .{ .kept = &.{5}, .reduced = &.{0} },
    .{ .kept = &.{ 2, 3 }, .reduced = &.{} },
    .{ .kept = &.{}, .reduced = &.{1} },
    .{ .kept = &.{}, .reduced = &.{15} },
    .{ .kept = &.{}, .reduced = &.{16} },
    .{ .kept = &.{}, .reduced = &.{17} },
    .{ .kept = &.{3}, .reduced = &.{ 7, 9 } },
    .{ .kept = &.{1}, .reduced = &.{1023} },
    .{ .kept = &.{2}, .reduced = &.{1024} },
    .{ .kept = &.{3}, .reduced = &.{1025} },
    .{ .kept = &.{1}, .reduced = &.{ 33, 70 } },
    .{ .kept = &.{ 2, 1, 3 }, .reduced = &.{ 5, 1, 127 } },
    .{ .kept = &.{17}, .reduced = &.{128} },
    .{ .kept = &.{33}, .reduced = &.{129} },
    .{ .kept = &.{257}, .reduced = &.{5} },
    .{ .kept = &.{ 2, 40 }, .reduced = &.{ 13, 11 } },
    .{ .kept = &.{ 300, 4 }, .reduced = &.{31} },
    .{ .kept = &.{600}, .reduced = &.{70} },
    .{ .kept = &.{2}, .reduced = &.{20000} },
    .{ .kept = &.{3}, .reduced = &.{ 300, 50 } },
    .{ .kept = &.{ 2, 2, 2, 2 }, .reduced = &.{ 3, 2, 2, 2 } },
};

fn make(bench: *Bench, row: u16, inputs: usize, compute: DType, case: Case) !Fold {
    var fold: Fold = undefined;
    fold.row = row;
    fold.compute = compute;
    fold.kept = @intCast(case.kept.len);
    fold.rank = @intCast(case.kept.len + case.reduced.len);
    fold.inputs_count = @intCast(inputs);
    fold.scalars = @splat(0);
    @memcpy(fold.shape[0..fold.kept], case.kept);
    @memcpy(fold.shape[fold.kept..fold.rank], case.reduced);
    const shape = fold.shape[0..fold.rank];
    const out_layout: Layout = if (bench.below(3) == 0) .any else .dense;
    fold.out = try bench.view(bench.dtypeNear(compute), case.kept, out_layout);
    const layout = bench.pick(Layout);
    const plain = bench.below(2) == 0;
    for (fold.inputs[0..inputs], 0..) |*input, k| {
        const dtype = if (plain) compute else bench.dtypeNear(compute);
        const other = if (k == 0 or plain) layout else bench.pick(Layout);
        input.* = try bench.view(dtype, shape, other);
        // The second operand of most rows is one value for each result.
        if (k == 1 and bench.below(2) == 0) @memset(input.strides[fold.kept..fold.rank], 0);
    }
    return fold;
}

fn operandsAt(comptime T: type, fold: *const Fold, place: usize) [6]T {
    var operands: [6]T = undefined;
    for (fold.inputs[0..fold.inputs_count], 0..) |*input, k| {
        const shape = fold.shape[0..fold.rank];
        operands[k] = testing.get(T, input, testing.offsetOf(input, shape, place));
    }
    return operands;
}

/// One result, joined in the promised order.
fn ordered(
    comptime row: table.FoldRow,
    comptime T: type,
    fold: *const Fold,
    reduced: usize,
    kept: usize,
) T {
    const column = facts.isColumn(fold);
    const lanes: usize = if (column) 1 else if (T == f64) 8 else 16;
    const each: usize = if (column) 128 else 1024;
    const start = comptime row.start(T);
    if (reduced == 0) return start;
    var results: [1 << 13]T = undefined;
    var count: usize = 0;
    var first: usize = 0;
    while (first < reduced) : (first += each) {
        var running: [16]T = @splat(start);
        for (first..@min(reduced, first + each)) |p| {
            const environment: expr.Environment(T) = .{
                .operands = operandsAt(T, fold, kept * reduced + p),
                .index = convert.convert(T, @as(i32, @intCast(p))),
            };
            const value = if (row.of) |of|
                expr.eval(of, T, environment)
            else
                environment.operands[0];
            const lane = &running[(p - first) % lanes];
            lane.* = step(row, T, lane.*, value);
        }
        var half = lanes / 2;
        while (half > 0) : (half /= 2) {
            for (0..half) |l| running[l] = step(row, T, running[l], running[l + half]);
        }
        results[count] = running[0];
        count += 1;
    }
    return joined(row, T, results[0..count]);
}

/// The results of chunks, joined as a tree: a power of two of them, then the rest.
fn joined(comptime row: table.FoldRow, comptime T: type, results: []const T) T {
    if (results.len == 1) return results[0];
    const half = std.math.floorPowerOfTwo(usize, results.len - 1);
    return step(row, T, joined(row, T, results[0..half]), joined(row, T, results[half..]));
}

fn step(comptime row: table.FoldRow, comptime T: type, running: T, value: T) T {
    var environment: expr.Environment(T) = .{ .running = running };
    environment.operands[0] = value;
    return expr.eval(row.step, T, environment);
}

const Meaning = struct { value: f64, error_bound: f64 };

/// The meaning of the row's name in f64, and the largest error that a sum of rounded terms may
/// have.
fn meaning(
    comptime name: []const u8,
    comptime T: type,
    fold: *const Fold,
    reduced: usize,
    kept: usize,
) Meaning {
    const is = struct {
        fn is(comptime other: []const u8) bool {
            return std.mem.eql(u8, name, other);
        }
    }.is;
    var value: f64 = if (is("prod")) 1 else if (is("max")) -std.math.inf(f64) else if (is("min"))
        std.math.inf(f64)
    else
        0;
    var sizes: f64 = 0;
    for (0..reduced) |p| {
        var x: [6]f64 = undefined;
        for (&x, operandsAt(T, fold, kept * reduced + p)) |*wide, own| {
            wide.* = convert.convert(f64, own);
        }
        const term = if (comptime is("sumSquares"))
            x[0] * x[0]
        else if (comptime is("dot"))
            x[0] * x[1]
        else if (comptime is("sumSquaredDeviation"))
            (x[0] - x[1]) * (x[0] - x[1])
        else if (comptime is("dotNormal"))
            x[0] * (x[1] - x[2]) * x[3]
        else if (comptime is("sumDifference"))
            x[0] - x[1]
        else if (comptime is("sumExpSub"))
            @exp(x[0] - x[1])
        else if (comptime is("sumExpBelow"))
            if (x[0] == x[1]) 0 else @exp(x[0] - x[1])
        else if (comptime is("sumExpOthers"))
            if (x[2] == @as(f64, @floatFromInt(p))) 0 else @exp(x[0] - x[1])
        else if (comptime is("countEqual"))
            @as(f64, if (x[0] == x[1]) 1 else 0)
        else if (comptime is("pick"))
            if (x[1] == @as(f64, @floatFromInt(p))) x[0] else 0
        else
            x[0];
        if (comptime is("prod")) {
            value *= term;
            sizes = @abs(value);
        } else if (comptime is("max")) {
            if (term > value or term != term) value = term;
        } else if (comptime is("min")) {
            if (term < value or term != term) value = term;
        } else {
            value += term;
            sizes += @abs(term);
            // A difference of large numbers has a rounding error larger than the difference.
            if (comptime is("sumSquaredDeviation")) sizes += x[0] * x[0] + x[1] * x[1];
            if (comptime is("dotNormal")) sizes += @abs(x[0] * x[3]) * (@abs(x[1]) + @abs(x[2]));
            if (comptime is("sumDifference")) sizes += @abs(x[0]) + @abs(x[1]);
            const exponential = comptime (is("sumExpSub") or is("sumExpBelow") or is("sumExpOthers"));
            if (exponential) sizes += @abs(term) * (@abs(x[0]) + @abs(x[1]));
        }
    }
    return .{ .value = value, .error_bound = sizes * @as(f64, @floatFromInt(reduced + 8)) };
}

fn check(comptime row: table.FoldRow, comptime T: type, fold: *const Fold, meant: bool) !void {
    const reduced = axes_module.product(fold.shape[fold.kept..fold.rank]);
    const shape = fold.shape[0..fold.kept];
    for (0..axes_module.product(shape)) |kept| {
        var slot: [8]u8 align(8) = undefined;
        var one: testing.View = undefined;
        one.data = &slot;
        one.dtype = fold.out.dtype;
        testing.put(T, &one, 0, ordered(row, T, fold, reduced, kept));
        const got = testing.element(&fold.out, shape, kept);
        if (!testing.same(testing.get(f64, &one, 0), got)) {
            std.debug.print("{s} {any} of {any}, kept {d}: want {d}, got {d}\n", .{
                row.name, T, fold.shape[0..fold.rank], fold.kept, testing.get(f64, &one, 0), got,
            });
            return error.Different;
        }
        if (!meant or T == i32 or fold.out.dtype.bytes() != @sizeOf(T)) continue;
        if (fold.out.dtype == .int32) continue;
        // Products of many factors leave the range of the type before they end.
        if (comptime std.mem.eql(u8, row.name, "prod")) if (reduced > 16) continue;
        const want = meaning(row.name, T, fold, reduced, kept);
        if (@abs(want.value) > std.math.floatMax(f32)) continue;
        if (@abs(got) < std.math.floatMin(f32)) continue;
        const bound = want.error_bound * std.math.floatEps(T);
        if (@abs(want.value - got) <= bound) continue;
        std.debug.print("{s} {any}: want {d}, got {d}\n", .{ row.name, T, want.value, got });
        return error.Wrong;
    }
}

test "fold joins in the promised order, means what its name says, and writes nothing else" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(2);
    defer bench.deinit();
    inline for (table.fold_rows, 0..) |row, number| {
        inline for (convert.Compute, 0..) |T, code| {
            if (comptime row.types.has(T)) for (cases) |case| for (0..4) |round| {
                bench.reset();
                bench.special = round == 3;
                const fold = try make(&bench, number, row.operands, @fromBackingInt(code), case);
                const before = try bench.snapshot(&fold.out);
                const status = engine.execute(&.{ .fold = fold });
                try std.testing.expectEqual(.ok, status);
                try check(row, T, &fold, !bench.special);
                try bench.expectUntouched(before, &fold.out, case.kept);
            };
        }
    }
}

test "a fold of a million elements" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(3);
    defer bench.deinit();
    const number = comptime testing.rowNamed(table.fold_rows, "sum");
    const row = table.fold_rows[number];
    for ([_]Case{
        .{ .kept = &.{}, .reduced = &.{1_000_000} },
        .{ .kept = &.{3}, .reduced = &.{333_333} },
        .{ .kept = &.{}, .reduced = &.{ 1000, 1000 } },
    }) |case| for ([_]Layout{ .dense, .transposed, .any }) |layout| {
        bench.reset();
        var fold = try make(&bench, number, 1, .float32, case);
        fold.inputs[0] = try bench.view(.float32, fold.shape[0..fold.rank], layout);
        _ = engine.execute(&.{ .fold = fold });
        try check(row, f32, &fold, true);
    };
}

/// The index of the first NaN, else of the first best element; 0 if there are no elements.
fn naiveArg(comptime T: type, arg: *const Fold, greatest: bool, reduced: usize, kept: usize) i32 {
    var best: usize = 0;
    for (0..reduced) |p| {
        const value = operandsAt(T, arg, kept * reduced + p)[0];
        const other = operandsAt(T, arg, kept * reduced + best)[0];
        if (other != other) break;
        const ahead = if (greatest) value > other else value < other;
        if (ahead or value != value) best = p;
    }
    return @intCast(best);
}

test "arg finds the first of the best, and NaN before all" {
    var engine: cpu.Engine = undefined;
    try testing.open(&engine, 2);
    defer engine.deinit();
    var bench: Bench = .init(4);
    defer bench.deinit();
    inline for (.{ "argmax", "argmin" }) |name| {
        const number = comptime testing.rowNamed(table.arg_rows, name);
        inline for (convert.Compute, 0..) |T, code| for (cases) |case| for (0..6) |round| {
            bench.reset();
            bench.special = round == 3;
            var arg = try make(&bench, number, 1, @fromBackingInt(code), case);
            const layout: Layout = if (round % 2 == 0) .dense else .any;
            arg.out = try bench.view(.int32, case.kept, layout);
            // Few values, so that there are ties.
            if (round < 2) arg.inputs[0] = try bench.view(.uint8, arg.shape[0..arg.rank], layout);
            const before = try bench.snapshot(&arg.out);
            _ = engine.execute(&.{ .arg = arg });
            try bench.expectUntouched(before, &arg.out, case.kept);
            const reduced = axes_module.product(case.reduced);
            for (0..axes_module.product(case.kept)) |kept| {
                const greatest = comptime std.mem.eql(u8, name, "argmax");
                const want = naiveArg(T, &arg, greatest, reduced, kept);
                const got = testing.element(&arg.out, case.kept, kept);
                try std.testing.expectEqual(@as(f64, @floatFromInt(want)), got);
            }
        };
    }
}
