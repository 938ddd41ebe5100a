//! Every row and every skeleton gives the same bits on any number of threads, and on every CPU
//! level of the library; a matrix product on every level that has fused multiply-add.

const std = @import("std");
const convert = @import("../program/convert.zig");
const cpu = @import("engine.zig");
const levels = @import("levels.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");
const testing = @import("cpu_test.zig");

const Bench = testing.Bench;
const DType = testing.DType;
const Settings = @import("../host/settings.zig").Settings;

const Instruction = program.Instruction;
const Layout = testing.Layout;
const View = testing.View;

const engines_max = 8;

/// Engines whose results must be equal.
const Set = struct {
    engines: [engines_max]cpu.Engine = undefined,
    count: usize = 0,
    bench: Bench,

    fn open(set: *Set, threads: usize, level: []const u8) !void {
        const engine = &set.engines[set.count];
        var message: program.Message = .{};
        const settings: Settings = .{ .threads = @intCast(threads), .level = level };
        try engine.init(std.testing.allocator, &settings, &message);
        set.count += 1;
    }

    fn close(set: *Set) void {
        for (set.engines[0..set.count]) |*engine| engine.deinit();
        set.bench.deinit();
    }

    /// Runs the instruction on every engine, from the same state.
    fn check(set: *Set, instruction: *const Instruction, what: []const u8) !void {
        const out = program.writtenBy(instruction).?.*;
        const storage = set.bench.storages.items[out.handle - 1];
        const before = try set.bench.snapshot(&out);
        var want: [2]?[]align(64) u8 = .{ null, null };
        for (set.engines[0..set.count]) |*engine| {
            @memcpy(storage, before);
            try std.testing.expectEqual(.ok, engine.execute(instruction));
            const plain = std.mem.eql(u8, engine.workspace.level.name, "x86_64_v2");
            const fused = (instruction.* == .matmul or instruction.* == .convolve) and !plain;
            const first = &want[@intFromBool(fused)];
            if (first.* == null) {
                first.* = try set.bench.snapshot(&out);
            } else if (differs(out.dtype, first.*.?, storage)) |place| {
                std.debug.print("{s}, {t} on {s}, {d} threads: element {d} differs\n", .{
                    what, out.dtype, engine.workspace.level.name, engine.workspace.pool.threads, place,
                });
                return error.Different;
            }
        }
    }
};

/// The first element that differs, where any NaN equals any other.
fn differs(dtype: DType, x: []align(64) const u8, y: []align(64) const u8) ?usize {
    const end = std.mem.indexOfDiff(u8, x, y) orelse return null;
    for (end / dtype.bytes()..x.len / dtype.bytes()) |i| {
        const offset: isize = @intCast(i);
        const value = testing.get(f64, &whole(dtype, x), offset);
        if (!testing.same(value, testing.get(f64, &whole(dtype, y), offset))) return i;
    }
    return null;
}

fn whole(dtype: DType, bytes: []align(64) const u8) View {
    return .{ .data = @constCast(bytes.ptr), .dtype = dtype, .strides = undefined, .handle = 0 };
}

fn checkMaps(set: *Set) !void {
    const bench = &set.bench;
    for (table.map_rows, 0..) |row, number| for (0..convert.Compute.len) |code| {
        const compute: DType = @fromBackingInt(@as(u8, @intCast(code)));
        if (row.types == @as(table.Types, if (compute == .int32) .floats else .integers)) continue;
        for ([_]Layout{ .dense, .any }) |layout| {
            bench.reset();
            var one: program.Map = undefined;
            one.row = @intCast(number);
            one.compute = compute;
            one.rank = 2;
            one.inputs_count = @intCast(row.operands);
            one.scalars = .{ 0.7, 1.3, -2 };
            one.shape[0..2].* = .{ 150, 301 };
            one.out = try bench.view(compute, one.shape[0..2], layout);
            for (one.inputs[0..row.operands]) |*input| {
                const dtype = if (layout == .dense) compute else bench.dtypeNear(compute);
                input.* = try bench.view(dtype, one.shape[0..2], layout);
            }
            try set.check(&.{ .map = one }, row.name);
        }
    };
}

const Fold = struct { kept: []const usize, reduced: []const usize };

const folds = [_]Fold{
    .{ .kept = &.{}, .reduced = &.{70_001} },
    .{ .kept = &.{ 3, 50 }, .reduced = &.{301} },
    .{ .kept = &.{300}, .reduced = &.{ 5, 40 } },
    .{ .kept = &.{2}, .reduced = &.{ 20_000, 2 } },
};

fn checkFolds(set: *Set, comptime kind: enum { fold, arg }) !void {
    const bench = &set.bench;
    const list = if (kind == .fold) table.fold_rows else table.arg_rows;
    for (list, 0..) |row, number| for (0..convert.Compute.len) |code| {
        const compute: DType = @fromBackingInt(@as(u8, @intCast(code)));
        if (row.types == @as(table.Types, if (compute == .int32) .floats else .integers)) continue;
        for (folds) |fold| for ([_]Layout{ .dense, .transposed, .any }) |layout| {
            bench.reset();
            var one: program.Fold = undefined;
            one.row = @intCast(number);
            one.compute = compute;
            one.kept = @intCast(fold.kept.len);
            one.rank = @intCast(fold.kept.len + fold.reduced.len);
            one.inputs_count = if (kind == .fold) @intCast(row.operands) else 1;
            one.scalars = @splat(0);
            @memcpy(one.shape[0..one.kept], fold.kept);
            @memcpy(one.shape[one.kept..one.rank], fold.reduced);
            one.out = try bench.view(if (kind == .fold) compute else .int32, fold.kept, .dense);
            for (one.inputs[0..one.inputs_count]) |*input| {
                const dtype = if (layout == .any) bench.dtypeNear(compute) else compute;
                input.* = try bench.view(dtype, one.shape[0..one.rank], layout);
            }
            try set.check(&@unionInit(Instruction, @tagName(kind), one), row.name);
        };
    };
}

const products = [_][4]usize{
    .{ 1, 130, 90, 771 }, .{ 1, 33, 300, 64 }, .{ 1, 1, 128, 784 },
    .{ 1, 500, 1, 200 },  .{ 9, 20, 30, 40 },  .{ 1, 64, 10, 1100 },
};

fn checkProducts(set: *Set) !void {
    const bench = &set.bench;
    for (products) |size| for (0..convert.Compute.len) |code| {
        for ([_]Layout{ .dense, .transposed, .any }) |layout| {
            bench.reset();
            const dtype: DType = @fromBackingInt(@as(u8, @intCast(code)));
            const items, const m, const n, const k = size;
            try set.check(&.{ .matmul = .{
                .compute = dtype,
                .batch_rank = 1,
                .m = m,
                .n = n,
                .k = k,
                .batch = .{ items, 0, 0, 0, 0, 0, 0, 0 },
                .out = try bench.view(dtype, &.{ items, m, n }, .dense),
                .a = try bench.view(dtype, &.{ items, m, k }, layout),
                .b = try bench.view(dtype, &.{ items, k, n }, layout),
            } }, "matmul");
        }
    };
}

/// Items, groups, output and input channels, lengths of the input, of the kernel and of the output;
/// then the step, the dilation and the border along both axes.
const convolutions = [_][13]usize{
    .{ 3, 1, 9, 70, 20, 33, 3, 3, 20, 33, 1, 1, 1 },
    .{ 2, 2, 20, 3, 17, 18, 3, 2, 8, 9, 2, 1, 1 },
    .{ 5, 30, 1, 1, 16, 18, 3, 3, 16, 18, 1, 1, 1 },
    .{ 9, 1, 70, 6, 18, 50, 16, 48, 3, 3, 1, 1, 0 },
    .{ 3, 2, 1, 40, 18, 600, 9, 300, 3, 3, 1, 2, 1 },
    .{ 1, 1, 50, 20, 40, 40, 5, 5, 40, 40, 1, 1, 2 },
};

fn checkConvolutions(set: *Set) !void {
    const bench = &set.bench;
    for (convolutions) |size| for (0..convert.Compute.len) |code| for ([_]Layout{ .dense, .any }) |layout| {
        bench.reset();
        const dtype: DType = @fromBackingInt(@as(u8, @intCast(code)));
        const n, const groups, const o, const c, const height, const width, const kernel_height, const kernel_width = size[0..8].*;
        const out_height, const out_width, const step, const dilation, const before = size[8..13].*;
        var one: program.Convolve = .{
            .compute = dtype,
            .n = n,
            .groups = groups,
            .o = o,
            .c = c,
            .height = height,
            .width = width,
            .kernel_height = kernel_height,
            .kernel_width = kernel_width,
            .out_height = out_height,
            .out_width = out_width,
            .step_height = step,
            .step_width = step,
            .dilation_height = dilation,
            .dilation_width = dilation,
            .before_height = before,
            .before_width = before,
            .out = try bench.view(dtype, &.{ n, groups, o, out_height, out_width }, .dense),
            .kernel = try bench.view(dtype, &.{ groups, o, c, kernel_height, kernel_width }, .dense),
            .input = try bench.view(dtype, &.{ n, groups, c, height, width }, layout),
        };
        if (kernel_height > out_height) {
            // As gradients of kernels are written: channels side by side.
            const across: isize = @intCast(o);
            const down: isize = @intCast(out_width);
            const items: isize = @intCast(n);
            const rows: isize = @intCast(out_height);
            one.out.strides[0..5].* = .{ down * across, items * rows * down * across, 1, items * down * across, across };
        }
        try set.check(&.{ .convolve = one }, "convolve");
    };
}

fn checkGathers(set: *Set) !void {
    const bench = &set.bench;
    for ([_][4]usize{ .{ 1, 500, 70, 100 }, .{ 40, 1000, 9, 3 }, .{ 1, 50_000, 40, 1 } }) |size| {
        const outer, const count, const length, const inner = size;
        for (std.enums.values(DType)) |dtype| {
            bench.reset();
            var one: program.Gather = .{
                .outer = outer,
                .count = count,
                .length = length,
                .inner = inner,
                .out = try bench.view(dtype, &.{ outer, count, inner }, .any),
                .source = try bench.view(dtype, &.{ outer, length, inner }, .any),
                .index = try bench.view(.int32, &.{ outer, count, inner }, .dense),
            };
            for (0..outer * count * inner) |k| {
                testing.put(i32, &one.index, @intCast(k), @intCast(bench.below(length)));
            }
            if (bench.below(2) == 0) one.index.strides[0..3].* = .{ 0, 1, 0 };
            try set.check(&.{ .gather = one }, "gather");
            std.mem.swap(View, &one.out, &one.source);
            try set.check(&.{ .scatter = one }, "scatter");
        }
    }
}

fn checkRandom(set: *Set) !void {
    const bench = &set.bench;
    for (std.enums.values(DType)) |dtype| {
        if (dtype.isHalf()) continue;
        bench.reset();
        const out = try bench.view(dtype, &.{70_001}, .dense);
        try set.check(&.{ .random = .{
            .count = 70_001,
            .key = .{ 5, 6 },
            .counter = 0xfffffff0,
            .out = out,
        } }, "random");
    }
}

fn checkAll(set: *Set) !void {
    set.bench.special = true;
    try checkMaps(set);
    try checkFolds(set, .fold);
    try checkFolds(set, .arg);
    try checkRandom(set);
    set.bench.special = false;
    try checkProducts(set);
    try checkConvolutions(set);
    try checkGathers(set);
}

/// Compares every level that the library holds and the machine runs with the best one.
pub fn expectEqualLevels() !void {
    if (levels.all.len == 1) return error.SkipZigTest;
    var set: Set = .{ .bench = .init(15) };
    defer set.close();
    for (levels.all) |*level| {
        if (level.supported()) try set.open(1, level.name);
    }
    if (set.count < 2) return error.SkipZigTest;
    try checkAll(&set);
}

test "the same bits for any number of threads" {
    var set: Set = .{ .bench = .init(16) };
    defer set.close();
    for ([_]usize{ 1, 2, 3, 8 }) |threads| try set.open(threads, "");
    try checkAll(&set);
}

test "the same bits on every level" {
    try expectEqualLevels();
}
