//! The matrix product on OpenCL: the available shapes of tiles, and the one that is fastest on the
//! device, found by a short measurement at the first large product. All tiles give the same bits.
//! CLBlast, where the caller asked for it, multiplies what it supports.
//!
//! Napkin: 2 m n k flops; from a few dozen rows upward arithmetic is the bound, below that the
//! reading of the operands.

const std = @import("std");
const clblast = @import("clblast.zig");
const enqueue = @import("enqueue.zig");
const opencl = @import("engine.zig");
const opencl_api = @import("api.zig");
const program = @import("../program/program.zig");
const skeletons = @import("skeletons.zig");
const divCeil = @import("../program/axes.zig").divCeil;
const Store = @import("../host/store.zig").Store;

const Engine = opencl.Engine;
const MatMul = program.MatMul;
const Status = program.Status;
const Tile = skeletons.Tile;
const View = program.View;

/// The shapes of tiles; widths are in floats.
const vector_tiles = [_]Tile{
    .{ .rows = 8, .vectors = 3, .width = 16, .depth = 256 },
    .{ .rows = 6, .vectors = 4, .width = 16, .depth = 128 },
    .{ .rows = 4, .vectors = 3, .width = 8, .depth = 256 },
    .{ .rows = 4, .vectors = 2, .width = 4, .depth = 256 },
};
const lane_tiles = [_]Tile{
    .{ .side = 16, .rows = 4, .vectors = 4, .depth = 16 },
    .{ .side = 8, .rows = 4, .vectors = 4, .depth = 16 },
    .{ .side = 16, .rows = 6, .vectors = 6, .depth = 8 },
    .{ .side = 16, .rows = 2, .vectors = 2, .depth = 16 },
};

/// A product of this many multiplications is worth the measurement of all tiles.
const tuned_from = 256 * 256 * 256;
const trial_size = 384;

pub fn tiles(engine: *const Engine) []const Tile {
    return tilesFor(engine.shaping.lanes == 1);
}

fn tilesFor(cores: bool) []const Tile {
    return if (cores) &vector_tiles else &lane_tiles;
}

/// The tile of that number; null if there is none, or if the device cannot run its groups.
pub fn chosen(engine: *const Engine, number: u8) ?u8 {
    const all = tiles(engine);
    return if (number < all.len and fits(engine, &all[number])) number else null;
}

fn fits(engine: *const Engine, tile: *const Tile) bool {
    return @as(usize, tile.side) * tile.side <= engine.about.group_max;
}

/// The tile used before there was a large product: the first that the device can run.
fn usual(engine: *const Engine) u8 {
    for (tiles(engine), 0..) |*tile, number| {
        if (fits(engine, tile)) return @intCast(number);
    }
    return 0;
}

pub fn execute(engine: *Engine, one: *const MatMul) Status {
    const compute = one.compute;
    if (engine.blas != null and clblast.multiply(engine, &turned(one))) return .ok;
    if (engine.tile == null) engine.tile = recall(engine);
    if (engine.tile == null and compute == .float32 and one.m * one.n * @max(one.k, 1) >= tuned_from) {
        const status = tune(engine);
        if (status != .ok) return status;
    }
    return run(engine, one, tiles(engine)[engine.tile orelse usual(engine)], null);
}

fn noteName(cores: bool) u64 {
    return Store.hashOf(&.{if (cores) "tile of cores" else "tile of lanes"});
}

/// Takes the tile that an earlier process measured as the fastest.
fn recall(engine: *Engine) ?u8 {
    return chosen(engine, noted(&engine.programs.store, engine.shaping.lanes == 1) orelse return null);
}

fn noted(store: *Store, cores: bool) ?u8 {
    const found = store.get(noteName(cores)) orelse return null;
    return if (found.len == 1 and found[0] < tilesFor(cores).len) found[0] else null;
}

fn note(store: *Store, cores: bool, tile: u8) void {
    store.put(noteName(cores), &.{tile});
}

/// The product with a row-major result: the transposed product if necessary.
fn turned(one: *const MatMul) MatMul {
    var result = one.*;
    const r = one.batch_rank;
    if (one.out.strides[r + 1] == 1 or one.n == 1 or one.out.strides[r] != 1) return result;
    result.m = one.n;
    result.n = one.m;
    result.a = one.b;
    result.b = one.a;
    for ([_]*View{ &result.out, &result.a, &result.b }) |view| {
        std.mem.swap(isize, &view.strides[r], &view.strides[r + 1]);
    }
    return result;
}

fn run(engine: *Engine, given: *const MatMul, tile: Tile, trial: ?opencl_api.Buffer) Status {
    const one = turned(given);
    const alone = engine.shaping.lanes == 1;
    const r: usize = one.batch_rank;
    var own = tile;
    if (alone and one.compute == .float64) own.width = @max(tile.width / 2, 1);
    const edge = @as(usize, own.side) * own.rows;
    var parameters: [13 + 4 * (program.rank_max + 1)]i64 = undefined;
    const columns: usize = if (alone) own.columns() else edge;
    const column_groups = divCeil(one.n, columns);
    // Few groups would leave cores idle, so a group gets fewer rows until every core has two
    // groups.
    var rows: usize = if (alone) skeletons.rows_max else edge;
    const units = engine.about.compute_units;
    while (alone and rows > 32 and divCeil(one.m, rows) * column_groups < 2 * units) rows /= 2;
    for ([_]usize{ one.m, one.n, one.k }, parameters[0..3]) |size, *word| word.* = @intCast(size);
    const views = [3]*const View{ &one.a, &one.b, &one.out };
    for (views, 0..) |view, k| {
        parameters[3 + 2 * k] = view.strides[r];
        parameters[4 + 2 * k] = view.strides[r + 1];
        parameters[9 + k] = if (trial == null) @intCast(engine.placeOf(view.data).offset / view.dtype.bytes()) else 0;
    }
    parameters[12] = @intCast(rows);
    var items: usize = 1;
    for (0..r) |axis| {
        items *= one.batch[axis];
        parameters[13 + 4 * axis] = @intCast(one.batch[axis]);
        for (views, 0..) |view, k| parameters[14 + 4 * axis + k] = view.strides[axis];
    }
    @memset(parameters[13 + 4 * r ..][0..4], 0);
    const text: skeletons.Text = .{
        .kind = if (alone) .vectors else .lanes,
        .element = one.compute,
        .stored = .{ one.a.dtype, one.b.dtype, one.out.dtype },
        .batch_rank = one.batch_rank,
        .lanes = .{ own.side, own.side },
        .tile = own,
    };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    var arguments: enqueue.Arguments = .{ .engine = engine, .kernel = kernel };
    for (views) |view| arguments.addBuffer(trial orelse engine.placeOf(view.data).buffer);
    arguments.setParameters(parameters[0 .. 13 + 4 * (r + 1)]);
    return arguments.enqueue(.{ column_groups, divCeil(one.m, rows), items }, text.lanes);
}

/// Times every tile on a product of its own, twice after the run that builds the tile.
fn tune(engine: *Engine) Status {
    const size = trial_size;
    const reserved = enqueue.reserve(engine, size * size * 4);
    if (reserved != .ok) return reserved;
    var view: View = .{ .data = undefined, .dtype = .float32, .strides = undefined, .handle = 0 };
    view.strides[0..2].* = .{ size, 1 };
    const trial: MatMul = .{
        .compute = .float32,
        .batch_rank = 0,
        .m = size,
        .n = size,
        .k = size,
        .batch = undefined,
        .out = view,
        .a = view,
        .b = view,
    };
    // The operands' values matter little, but infinities would be slow on some devices.
    const zeros: [4096]u8 = @splat(0);
    var at: usize = 0;
    while (at < size * size * 4) : (at += zeros.len) {
        const status = engine.api.clEnqueueWriteBuffer(engine.queue, engine.scratch.?, 1, at, zeros.len, &zeros, 0, null, null);
        if (status != opencl_api.success) return engine.fail("clEnqueueWriteBuffer", status);
    }
    const io = std.Io.Threaded.global_single_threaded.io();
    var best: i96 = std.math.maxInt(i96);
    for (tiles(engine), 0..) |tile, number| {
        if (!fits(engine, &tile)) continue;
        var least: i96 = std.math.maxInt(i96);
        for (0..3) |round| {
            const begun = std.Io.Clock.awake.now(io);
            const status = run(engine, &trial, tile, engine.scratch.?);
            if (status != .ok) break;
            if (engine.api.clFinish(engine.queue) != opencl_api.success) break;
            if (round > 0) least = @min(least, begun.durationTo(std.Io.Clock.awake.now(io)).nanoseconds);
        }
        if (least < best) {
            best = least;
            engine.tile = @intCast(number);
        }
    }
    if (engine.tile == null) {
        engine.message.set("Cannot multiply on opencl: none of the tiles runs on {s}", .{engine.about.name.text()});
        return .device;
    }
    note(&engine.programs.store, engine.shaping.lanes == 1, engine.tile.?);
    engine.programs.built += 1;
    return .ok;
}

test "the choice of a tile is kept, and one that is none is not taken" {
    const allocator = std.testing.allocator;
    var first: Store = .{ .allocator = allocator };
    defer first.deinit();
    note(&first, true, 2);
    note(&first, false, 3);
    note(&first, false, 1);
    const bytes = try allocator.alloc(u8, first.save(&.{}));
    defer allocator.free(bytes);
    try std.testing.expectEqual(bytes.len, first.save(bytes));
    {
        var second: Store = .{ .allocator = allocator };
        defer second.deinit();
        try std.testing.expectEqual(null, noted(&second, true));
        try second.load(bytes);
        try std.testing.expectEqual(2, noted(&second, true).?);
        try std.testing.expectEqual(1, noted(&second, false).?);
    }
    // The stored bytes are damaged, or of another length or tile number than there are.
    bytes[bytes.len - 1] ^= 2;
    var third: Store = .{ .allocator = allocator };
    defer third.deinit();
    try third.load(bytes);
    try std.testing.expectEqual(null, noted(&third, false));
    for ([_][]const u8{ "", &.{ 1, 1 }, &.{vector_tiles.len}, &.{255} }) |wrong| {
        third.put(noteName(true), wrong);
        try std.testing.expectEqual(null, noted(&third, true));
    }
}
