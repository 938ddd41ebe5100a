//! Splits an instruction with more elements than one launch counts (`Engine.places_most`) into
//! several instructions on parts of the same views. The code that launches the instruction launches
//! its parts, in order; maps are split in `cuda/launch.zig`, at whole vectors.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const program = @import("../program/program.zig");

const product = axes_module.product;
const rank_max = program.rank_max;

fn move(view: *program.View, axis: usize, steps: usize) void {
    const stride = view.strides[axis] * @as(isize, @intCast(view.dtype.bytes()));
    view.data = @ptrFromInt(@intFromPtr(view.data) +% @as(usize, @bitCast(stride)) *% steps);
}

/// Splits the longest kept axis into its first half and the rest.
pub fn kept(one: *const program.Fold) [2]program.Fold {
    const axis = std.mem.indexOfMax(usize, one.shape[0..one.kept]);
    const half = one.shape[axis] / 2;
    var parts: [2]program.Fold = @splat(one.*);
    parts[0].shape[axis] = half;
    parts[1].shape[axis] = one.shape[axis] - half;
    move(&parts[1].out, axis, half);
    for (parts[1].inputs[0..one.inputs_count]) |*input| move(input, axis, half);
    return parts;
}

/// Splits the longest axis of a scan's rows into its first half and the rest.
pub fn scanned(one: *const program.Payload("scan")) [2]program.Payload("scan") {
    const axis = std.mem.indexOfMax(usize, one.shape[0 .. one.rank - 1]);
    const half = one.shape[axis] / 2;
    var parts: [2]program.Payload("scan") = @splat(one.*);
    parts[0].shape[axis] = half;
    parts[1].shape[axis] = one.shape[axis] - half;
    move(&parts[1].out, axis, half);
    for (parts[1].inputs[0..one.inputs_count]) |*input| move(input, axis, half);
    return parts;
}

/// Slices of the reduced elements, in order, each joined into a row of partial results, which a
/// further fold joins.
pub const Slices = struct {
    one: *const program.Fold,
    /// The fold in the shape of a whole slice: all of the last axes, part of the axis before them,
    /// and one index of each axis before that.
    whole: program.Fold,
    count: usize = 1,
    done: usize = 0,
    /// The first index of the next slice.
    places: [rank_max]usize = @splat(0),

    /// A part of the fold, and the index of the part's first reduced element.
    pub const Slice = struct { part: program.Fold, first: usize };

    pub fn init(one: *const program.Fold, elements_most: usize) Slices {
        var slices: Slices = .{ .one = one, .whole = one.* };
        var room = elements_most;
        var axis: usize = one.rank;
        while (axis > one.kept) {
            axis -= 1;
            const each = @min(one.shape[axis], room);
            slices.whole.shape[axis] = each;
            room /= each;
            slices.count *= axes_module.divCeil(one.shape[axis], each);
        }
        return slices;
    }

    /// Bytes of a row of partial results.
    pub fn rowBytes(slices: *const Slices) usize {
        return product(slices.one.shape[0..slices.one.kept]) * slices.one.compute.bytes();
    }

    /// The next slice, with its row of partial results; null after the last.
    pub fn next(slices: *Slices, partials: usize) ?Slice {
        if (slices.done == slices.count) return null;
        const one = slices.one;
        const begin = one.kept;
        var slice: Slice = .{ .part = slices.whole, .first = 0 };
        slice.part.out = rowOf(one, partials + slices.done * slices.rowBytes());
        for (begin..one.rank) |axis| {
            const place = slices.places[axis];
            slice.part.shape[axis] = @min(slices.whole.shape[axis], one.shape[axis] - place);
            for (slice.part.inputs[0..one.inputs_count]) |*input| move(input, axis, place);
            slice.first = slice.first * one.shape[axis] + place;
        }
        var axis: usize = one.rank;
        while (axis > begin) {
            axis -= 1;
            slices.places[axis] += slices.whole.shape[axis];
            if (slices.places[axis] < one.shape[axis]) break;
            slices.places[axis] = 0;
        }
        slices.done += 1;
        return slice;
    }
};

/// A view of contiguous results in the compute type, one for each kept index.
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

/// The axes of a gather or a scatter, in order.
const Side = enum(u2) { outer, count, inner };

pub fn gathered(one: *const program.Gather) [2]program.Gather {
    var parts: [2]program.Gather = @splat(one.*);
    const side: Side = if (one.count >= @max(one.outer, one.inner))
        .count
    else if (one.outer >= one.inner) .outer else .inner;
    const half = halve(&parts[1], side);
    if (side == .count) move(&parts[1].out, 1, half);
    sizeOf(&parts[0], side).* = half;
    return parts;
}

/// The two parts of a scatter. An axis of indices longer than `elements_most` is halved, and its
/// first half is added first.
pub fn scattered(one: *const program.Gather, elements_most: usize) [2]program.Gather {
    var parts: [2]program.Gather = @splat(one.*);
    const side: Side = if (one.count > elements_most)
        .count
    else if (one.outer >= one.inner) .outer else .inner;
    const half = halve(&parts[1], side);
    if (side == .count) move(&parts[1].source, 1, half);
    sizeOf(&parts[0], side).* = half;
    return parts;
}

/// The two parts of a check, along its longest axis.
pub fn checked(one: *const program.Gather) [2]program.Gather {
    var parts: [2]program.Gather = @splat(one.*);
    const side: Side = if (one.count >= @max(one.outer, one.inner))
        .count
    else if (one.outer >= one.inner) .outer else .inner;
    const size = sizeOf(&parts[0], side).*;
    sizeOf(&parts[0], side).* = size / 2;
    sizeOf(&parts[1], side).* = size - size / 2;
    move(&parts[1].index, @backingInt(side), size / 2);
    return parts;
}

/// Moves the views past the first half of a side, and returns the length of that half. Of the views
/// along the axis of indices only that of the indices themselves is moved.
fn halve(one: *program.Gather, side: Side) usize {
    const size = sizeOf(one, side);
    const half = size.* / 2;
    size.* -= half;
    move(&one.index, @backingInt(side), half);
    if (side != .count) for ([_]*program.View{ &one.out, &one.source }) |view| move(view, @backingInt(side), half);
    return half;
}

fn sizeOf(one: *program.Gather, side: Side) *usize {
    return switch (side) {
        .outer => &one.outer,
        .count => &one.count,
        .inner => &one.inner,
    };
}

/// Splits the longest axis of the batch into its first half and the rest.
pub fn batches(one: *const program.MatMul) [2]program.MatMul {
    const axis = std.mem.indexOfMax(usize, one.batch[0..one.batch_rank]);
    const half = one.batch[axis] / 2;
    var parts: [2]program.MatMul = @splat(one.*);
    parts[0].batch[axis] = half;
    parts[1].batch[axis] = one.batch[axis] - half;
    for ([_]*program.View{ &parts[1].out, &parts[1].a, &parts[1].b }) |view| move(view, axis, half);
    return parts;
}
