//! Instructions with more elements than one launch counts (`Engine.places_most`), as several
//! instructions on parts of the same views. `launch.zig` calls these where an instruction is too
//! long; maps are cut there, with their vectors.

const std = @import("std");
const cuda = @import("engine.zig");
const launch = @import("launch.zig");
const program = @import("../program/program.zig");

const Engine = cuda.Engine;
const Failed = cuda.Failed;
const product = @import("../program/axes.zig").product;
const rank_max = program.rank_max;

fn move(view: *program.View, axis: usize, steps: usize) void {
    const stride = view.strides[axis] * @as(isize, @intCast(view.dtype.bytes()));
    view.data = @ptrFromInt(@intFromPtr(view.data) +% @as(usize, @bitCast(stride)) *% steps);
}

/// The first half of the longest kept axis, then the rest.
pub fn kept(
    engine: *Engine,
    one: *const program.Fold,
    run: *const fn (*Engine, *const program.Fold) Failed!void,
) Failed!void {
    const axis = std.mem.indexOfMax(usize, one.shape[0..one.kept]);
    const half = one.shape[axis] / 2;
    var part = one.*;
    part.shape[axis] = half;
    try run(engine, &part);
    part.shape[axis] = one.shape[axis] - half;
    move(&part.out, axis, half);
    for (part.inputs[0..part.inputs_count]) |*input| move(input, axis, half);
    return run(engine, &part);
}

/// Slices of the reduced elements, in order, each into a row of partial results; then those are joined.
pub fn reduced(engine: *Engine, one: *const program.Fold) Failed!void {
    const begin = one.kept;
    // A slice has all of the last axes, some of the one before them, and one place of the first.
    var each: [rank_max]usize = one.shape;
    var room = engine.places_most;
    var slices: usize = 1;
    var axis: usize = one.rank;
    while (axis > begin) {
        axis -= 1;
        each[axis] = @min(one.shape[axis], room);
        room /= each[axis];
        slices *= std.math.divCeil(usize, one.shape[axis], each[axis]) catch unreachable;
    }
    const line = product(one.shape[0..begin]) * one.compute.bytes();
    const partials = try engine.scratchOf(.slices, slices * line);
    var whole = one.*;
    whole.shape = each;
    const reduction: launch.Reduction = .init(&whole);

    var places: [rank_max]usize = @splat(0);
    for (0..slices) |slice| {
        var part = whole;
        part.out = rowOf(one, partials + slice * line);
        var first: usize = 0;
        for (begin..one.rank) |k| {
            part.shape[k] = @min(each[k], one.shape[k] - places[k]);
            for (part.inputs[0..part.inputs_count]) |*input| move(input, k, places[k]);
            first = first * one.shape[k] + places[k];
        }
        try launch.foldFrom(engine, &part, first);
        var k: usize = one.rank;
        while (k > begin) {
            k -= 1;
            places[k] += each[k];
            if (places[k] < one.shape[k]) break;
            places[k] = 0;
        }
    }
    return launch.join(engine, one, &reduction.arguments, partials, slices);
}

/// Results of the compute type side by side, one for each kept place.
fn rowOf(one: *const program.Fold, address: usize) program.View {
    var view: program.View = .{
        .data = @ptrFromInt(address),
        .dtype = one.compute,
        .strides = @splat(0),
        .handle = 0,
    };
    var stride: isize = 1;
    var axis: usize = one.kept;
    while (axis > 0) {
        axis -= 1;
        view.strides[axis] = stride;
        stride *= @intCast(one.shape[axis]);
    }
    return view;
}

const Side = enum { outer, count, inner };

pub fn gathered(engine: *Engine, one: *const program.Gather) Failed!void {
    var second = one.*;
    const side: Side = if (one.count >= @max(one.outer, one.inner))
        .count
    else if (one.outer >= one.inner) .outer else .inner;
    const half = halve(&second, side);
    if (side == .count) move(&second.out, 1, half);
    var first = one.*;
    sizeOf(&first, side).* = half;
    try launch.gather(engine, &first);
    return launch.gather(engine, &second);
}

/// Of an axis of indices the first half is added first.
pub fn scattered(engine: *Engine, one: *const program.Gather) Failed!void {
    var second = one.*;
    const side: Side = if (one.count > engine.places_most)
        .count
    else if (one.outer >= one.inner) .outer else .inner;
    const half = halve(&second, side);
    if (side == .count) move(&second.source, 1, half);
    var first = one.*;
    sizeOf(&first, side).* = half;
    try launch.scatter(engine, &first);
    return launch.scatter(engine, &second);
}

/// Leaves what follows the first half of a side, and returns how long that half is. Of the views that
/// lie along the indices only the indices' own is moved.
fn halve(one: *program.Gather, side: Side) usize {
    const size = sizeOf(one, side);
    const half = size.* / 2;
    size.* -= half;
    switch (side) {
        .count => move(&one.index, 0, half),
        .outer, .inner => for ([_]*program.View{ &one.out, &one.source }) |view| {
            move(view, if (side == .outer) 0 else 2, half);
        },
    }
    return half;
}

fn sizeOf(one: *program.Gather, side: Side) *usize {
    return switch (side) {
        .outer => &one.outer,
        .count => &one.count,
        .inner => &one.inner,
    };
}

/// The first half of the longest axis of the batch, then the rest.
pub fn batches(
    engine: *Engine,
    one: *const program.MatMul,
    run: *const fn (*Engine, *const program.MatMul) Failed!void,
) Failed!void {
    const axis = std.mem.indexOfMax(usize, one.batch[0..one.batch_rank]);
    const half = one.batch[axis] / 2;
    var part = one.*;
    part.batch[axis] = half;
    try run(engine, &part);
    part.batch[axis] = one.batch[axis] - half;
    for ([_]*program.View{ &part.out, &part.a, &part.b }) |view| move(view, axis, half);
    return run(engine, &part);
}
