//! The tiles of a group: instructions that were arranged by `group.zig`, run on all threads.
//!
//! Every thread takes some indices of the cut axis and puts all instructions through them.
//! Temporaries that only the tiles use live in the thread's scratch.

const std = @import("std");
const arg = @import("../skeletons/arg.zig");
const axes_module = @import("../../program/axes.zig");
const fold = @import("../skeletons/fold.zig");
const fold_columns = @import("../skeletons/fold_columns.zig");
const group_access = @import("access.zig");
const map = @import("../skeletons/map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const Axes = axes_module.Axes;
const Bases = axes_module.Bases;
const Instruction = program.Instruction;
const Redirected = group_access.Redirected;
const operands_max = axes_module.operands_max;

/// Scratch of a thread, on its stack.
pub const scratch_bytes = 96 << 10;

/// `columns` is a fold over the cut axis itself: each tile adds to the results of that fold's
/// chunks.
pub const Kind = enum { map, fold, arg, columns };

/// An instruction prepared to be run in pieces of the cut axis.
pub const Step = struct {
    kind: Kind,
    operands: u8,
    layout: union { map: map.Prepared, fold: fold.Prepared },
    /// For each operand the index of its temporary in scratch; `none` for main memory.
    redirected: [operands_max]u8,
    /// Where the results of the step's chunks begin in the engine's scratch.
    partials: usize,

    pub const none = 255;
    /// Marks an operand that is the product before the tiles; each call sees one block of its rows.
    pub const head = 254;

    pub fn axes(step: *Step) *Axes {
        return if (step.kind == .map) &step.layout.map.axes else &step.layout.fold.axes;
    }

    pub fn bases(step: *const Step) *const Bases {
        return if (step.kind == .map) &step.layout.map.bases else &step.layout.fold.bases;
    }

    /// Takes new addresses and numbers from an instruction that differs from the prepared one in
    /// nothing else.
    fn rebind(step: *Step, instruction: *const Instruction) void {
        switch (instruction.*) {
            .map => |*one| step.layout.map.rebind(one),
            .fold, .arg => |*one| step.layout.fold.rebind(one),
            else => unreachable,
        }
    }

    pub fn cut(step: *const Step) usize {
        return if (step.kind == .map) step.layout.map.cut else step.layout.fold.cut;
    }

    fn run(
        step: *const Step,
        from: *const Bases,
        first: usize,
        count: usize,
        scratch: [*]u8,
    ) void {
        switch (step.kind) {
            .map => map.run(&step.layout.map, from, first, count),
            .fold => fold.run(&step.layout.fold, from, first, count),
            .arg => arg.run(&step.layout.fold, from, first, count),
            .columns => {
                const partials = scratch + step.partials;
                fold_columns.accumulate(&step.layout.fold, from, first, count, partials);
            },
        }
    }
};

/// The memory of an operand that moves on with the index of the cut axis, to be prefetched.
pub const Stream = struct {
    step: u8,
    operand: u8,
    low: isize,
    bytes: usize,
    written: bool,
    /// How many tiles before its use the memory is prefetched. A tile of rows takes as long as
    /// memory needs to answer; a tile of elements is done sooner, so it is prefetched earlier.
    ahead: usize,
    /// Bytes of a whole tile's memory that each step of the tile prefetches.
    share: usize = 0,
};

/// Instructions arranged to be run tile by tile.
pub const Tiles = struct {
    steps: []Step,
    redirected: []const Redirected,
    streams: []const Stream,
    places: usize,
    places_each: usize,
    tiles_each: usize,
    /// The engine's scratch; valid as long as the engine's number of threads stays.
    scratch: [*]align(64) u8,

    /// A copy of the tiles that outlives the plan.
    pub fn save(tiles: *const Tiles, allocator: std.mem.Allocator) error{OutOfMemory}!Tiles {
        var saved = tiles.*;
        saved.steps = try allocator.dupe(Step, tiles.steps);
        saved.redirected = try allocator.dupe(Redirected, tiles.redirected);
        saved.streams = try allocator.dupe(Stream, tiles.streams);
        return saved;
    }

    /// Takes the addresses and numbers of instructions that are otherwise like those arranged.
    pub fn rebind(tiles: *Tiles, instructions: []const Instruction) void {
        for (tiles.steps, instructions) |*step, *instruction| step.rebind(instruction);
    }

    /// Runs a range of the cut axis on the calling thread; `head_shift` is the distance in bytes
    /// from the product's storage to the buffer that holds a block of it.
    pub const runPlaces = placesOf;

    pub fn run(tiles: *const Tiles, pool: *Pool) void {
        const count = (tiles.places + tiles.places_each - 1) / tiles.places_each;
        pool.parallel(tiles, runPart, (count + tiles.tiles_each - 1) / tiles.tiles_each);
        tiles.finish();
    }

    /// Joins the results of chunks, once every index of the cut axis is done.
    pub fn finish(tiles: *const Tiles) void {
        for (tiles.steps) |*step| {
            if (step.kind != .columns) continue;
            fold_columns.finish(&step.layout.fold, tiles.scratch + step.partials);
        }
    }
};

/// Prefetches a share of a later tile's memory, so that it arrives while this tile is computed.
fn fetchAhead(tiles: *const Tiles, now: usize, end: usize, step: usize) void {
    for (tiles.streams) |*stream| {
        const first = now + stream.ahead * tiles.places_each;
        if (first >= end) continue;
        const bytes = @min(tiles.places_each, end - first) * stream.bytes;
        const begin = step * stream.share;
        if (begin >= bytes) continue;
        const base = tiles.steps[stream.step].bases()[stream.operand] +% @as(usize, @bitCast(stream.low));
        const tile = base + first * stream.bytes;
        fetch(stream.written, tile + begin, tile + @min(begin + stream.share, bytes));
    }
}

fn fetch(written: bool, begin: usize, end: usize) void {
    var at = begin;
    if (written) {
        while (at < end) : (at += 64) @prefetch(@as([*]const u8, @ptrFromInt(at)), .{ .rw = .write, .locality = 2 });
    } else {
        while (at < end) : (at += 64) @prefetch(@as([*]const u8, @ptrFromInt(at)), .{ .rw = .read, .locality = 2 });
    }
}

fn runPart(tiles: *const Tiles, part: usize) void {
    const each = tiles.tiles_each * tiles.places_each;
    tiles.runPlaces(part * each, @min(tiles.places, (part + 1) * each), 0);
}

fn placesOf(tiles: *const Tiles, from: usize, end: usize, head_shift: usize) void {
    var scratch: [scratch_bytes]u8 align(64) = undefined;
    var first = from;
    while (first < end) : (first += tiles.places_each) {
        const count = @min(tiles.places_each, end - first);
        for (tiles.steps, 0..) |*step, number_of_step| {
            fetchAhead(tiles, first, end, number_of_step);
            var bases = step.bases().*;
            for (step.redirected[0..step.operands], bases[0..step.operands]) |number, *base| {
                if (number == Step.none) continue;
                if (number == Step.head) {
                    base.* +%= head_shift;
                    continue;
                }
                const one = &tiles.redirected[number];
                // The first index of the tile lies at the temporary's offset.
                const shift = base.* -% one.base -% @as(usize, @bitCast(one.low));
                const begin = @intFromPtr(&scratch) + one.offset +% shift;
                base.* = begin -% axes_module.advance(0, one.stride, first);
            }
            step.run(&bases, first, count, tiles.scratch);
        }
    }
}
