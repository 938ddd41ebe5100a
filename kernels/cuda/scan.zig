//! From a scan to its launches: one, or three where its rows are scanned in parts.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const cuda = @import("engine.zig");
const kernels = @import("kernels/scan.zig");
const launch = @import("launch.zig");
const layout = @import("../gpu/arguments.zig");
const program = @import("../program/program.zig");
const split = @import("split.zig");
const table = @import("../rows/table.zig");

const Engine = cuda.Engine;
const Failed = cuda.Failed;
const Scan = program.Payload("scan");
const operands_max = layout.scan_operands;
const divCeil = axes_module.divCeil;

/// Blocks that keep a device busy, and the least tiles of a block's part.
const blocks_wanted = 1024;
const tiles_least = 4;
/// The same for threads that have a part each, and their elements.
const threads_wanted = 1 << 16;
const elements_least = 256;
/// The least elements of a row that a block shares, and the columns from which neighbouring threads
/// read neighbouring elements anyway.
const block_least = 64;
const columns_least = 32;

pub fn execute(engine: *Engine, one: *const Scan) Failed!void {
    const inner: usize = @max(one.rank, 1) - 1;
    if (axes_module.product(one.shape[0..inner]) > engine.places_most) {
        for (split.scanned(one)) |part| try execute(engine, &part);
        return;
    }
    const operands = @as(usize, one.inputs_count) + 1;
    var views: [operands_max]*const program.View = undefined;
    views[0] = &one.out;
    for (one.inputs[0..one.inputs_count], 1..) |*input, k| views[k] = input;
    var axes: axes_module.AxesOf(operands_max, layout.rank_max) = .{};
    axes.append(views[0..operands], one.shape[0..inner], &@as([operands_max]?usize, @splat(0)), 0);
    const rows = axes.elements();
    const length = if (one.rank == 0) 1 else one.shape[inner];

    var arguments: layout.Scan = .{ .length = length, .rows = .init(rows), .rank = @intCast(axes.rank) };
    for (views[0..operands], 0..) |view, k| {
        arguments.addresses[k] = @intFromPtr(view.data);
        arguments.dtypes[k] = @backingInt(view.dtype);
        arguments.along[k] = if (one.rank == 0) 0 else view.strides[inner] *% @as(isize, @intCast(view.dtype.bytes()));
    }
    axes.write(operands, 0, &arguments.divisors, &arguments.strides);

    const associates = table.scan_rows[one.row].associates();
    const columns = axes.rank > 0 and axes.shape[axes.rank - 1] >= columns_least and
        @abs(axes.strides[1][axes.rank - 1]) < @abs(arguments.along[1]);
    const shared = associates and !columns and length >= block_least;
    const wanted: usize = if (shared) blocks_wanted else threads_wanted;
    const least: usize = if (shared) tiles_least * kernels.tile else elements_least;
    const several = if (associates) @max(1, wanted / rows) else 1;
    arguments.each = if (several == 1) length else std.mem.alignForward(usize, @max(least, divCeil(length, several)), least);
    const parts = divCeil(length, arguments.each);
    arguments.items = @intCast(rows * parts);
    if (parts > 1) {
        arguments.carried = try engine.scratchOf(.partials, rows * parts * one.compute.bytes());
        arguments.totals = 1;
        try start(engine, one, shared, &arguments);
        arguments.totals = 0;
        const size: i64 = @intCast(one.compute.bytes());
        var carried: layout.Scan = .{
            .length = parts,
            .each = parts,
            .rows = .init(rows),
            .items = @intCast(rows),
            .rank = 1,
        };
        carried.divisors[0] = carried.rows;
        for (0..2) |k| {
            carried.addresses[k] = arguments.carried;
            carried.dtypes[k] = @backingInt(one.compute);
            carried.along[k] = size * @as(i64, @intCast(rows));
            carried.strides[k][0] = size;
        }
        try start(engine, one, parts >= block_least, &carried);
    }
    return start(engine, one, shared, &arguments);
}

fn start(engine: *Engine, one: *const Scan, shared: bool, arguments: *const layout.Scan) Failed!void {
    const blocks = if (shared) arguments.items else divCeil(arguments.items, layout.threads);
    const skeleton: launch.Skeleton = if (shared) .scan_block else .scan;
    return launch.start(engine, skeleton, @backingInt(one.compute), one.row, .{ blocks, 1 }, std.mem.asBytes(arguments));
}
