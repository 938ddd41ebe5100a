//! A scan on OpenCL: the parts of its rows, by one kernel or, where there are few rows, by three: what
//! each part joins to, a scan of these, and the parts behind what comes before them.
//!
//! Napkin: each element is read and written once, in parts read twice.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const enqueue = @import("enqueue.zig");
const opencl = @import("engine.zig");
const program = @import("../program/program.zig");
const skeletons = @import("skeletons.zig");
const table = @import("../rows/table.zig");

const Arguments = enqueue.Arguments;
const DType = program.DType;
const Engine = opencl.Engine;
const Scan = program.Payload("scan");
const Status = program.Status;

const rank_max = program.rank_max;
const operands_max = 3;

/// As the kernel's text declares it. Strides are in elements.
const Parameters = extern struct {
    rows: i64,
    length: i64,
    each: i64,
    parts: i64,
    items: i64,
    rank: i64,
    sizes: [rank_max]i64,
    offsets: [operands_max]i64,
    along: [operands_max]i64,
    strides: [operands_max][rank_max]i64,
};

/// Work items that keep a device busy, and the least elements of a part.
const wide_items = 16384;
const wide_least = 256;
/// The same for groups that share a part, and for the threads of a CPU.
const groups = 512;
const threads = 64;
const threads_least = 4096;
/// Parts of a CPU's work item.
const alone_elements = 16384;
/// The least elements of a row that a group shares.
const grouped_least = 64;

const Job = struct {
    parameters: Parameters,
    text: skeletons.Text,
    operands: usize,
    /// Whether all operands lie in the scratch buffer.
    in_scratch: bool = false,
    buffers: [operands_max]usize = @splat(0),

    fn launch(job: *Job, engine: *Engine, addresses: ?*const [operands_max][*]u8) Status {
        const p = &job.parameters;
        const wide = engine.shaping.lanes;
        const kernel = job.text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
        var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
        for (0..operands_max) |k| {
            arguments.addBuffer(if (addresses) |list| engine.placeOf(list[k]).buffer else engine.scratch.?);
        }
        arguments.addBuffer(engine.scratch.?);
        const items: usize = @intCast(p.rows * p.parts);
        var count = items;
        if (!job.text.scan.grouped) {
            const each: usize = @intCast(@min(p.each, p.length));
            const several = if (wide == 1) std.math.clamp(alone_elements / each, 1, items) else wide;
            p.items = @intCast(several);
            count = axes_module.divCeil(items, several);
        }
        arguments.set(0, @sizeOf(Parameters), p);
        return arguments.enqueue(.{ count, 1, 1 }, job.text.lanes);
    }
};

pub fn execute(engine: *Engine, one: *const Scan) Status {
    const wide = engine.shaping.lanes;
    const alone = wide == 1;
    const inner: usize = @max(one.rank, 1) - 1;
    const operands = @as(usize, one.inputs_count) + 1;
    var views: [operands_max]*const program.View = @splat(&one.inputs[0]);
    views[0] = &one.out;
    for (one.inputs[0..one.inputs_count], 1..) |*input, k| views[k] = input;

    var axes: axes_module.AxesOf(operands_max, rank_max) = .{};
    for (one.shape[0..inner], 0..) |size, axis| {
        if (size == 1) continue;
        var strides: [operands_max]isize = undefined;
        for (views, &strides) |view, *stride| stride.* = view.strides[axis];
        axes.add(size, &strides, 0);
    }
    const rows = axes.elements();
    const length = if (one.rank == 0) 1 else one.shape[inner];
    const row = &table.scan_rows[one.row];

    // A device that runs one work item at a time is a CPU, for which float64 costs nothing.
    const accumulator: DType = if (one.compute == .float32 and alone and engine.about.has_double) .float64 else one.compute;
    const near = axes.rank > 0 and one.rank > 0 and
        @abs(axes.strides[1][axes.rank - 1]) < @abs(one.inputs[0].strides[inner]) and axes.shape[axes.rank - 1] >= 32;
    const grouped = !alone and row.associates() and !near and length >= grouped_least;
    var job: Job = .{
        .parameters = undefined,
        .operands = operands,
        .text = .{
            .kind = .scan,
            .element = accumulator,
            .stored = .{ views[1].dtype, views[2].dtype, views[0].dtype },
            .lanes = .{ wide, 1 },
            .scan = .{ .row = one.row, .grouped = grouped },
        },
    };
    const p = &job.parameters;
    @memset(std.mem.asBytes(p), 0);
    p.rows = @intCast(rows);
    p.length = @intCast(length);
    p.rank = @intCast(axes.rank);
    var addresses: [operands_max][*]u8 = undefined;
    for (views, 0..) |view, k| {
        addresses[k] = view.data;
        p.offsets[k] = @intCast(engine.placeOf(view.data).offset / view.dtype.bytes());
        p.along[k] = if (one.rank == 0) 0 else view.strides[inner];
        for (0..axes.rank) |axis| p.strides[k][axis] = axes.strides[k][axis];
    }
    for (axes.shape[0..axes.rank], p.sizes[0..axes.rank]) |size, *word| word.* = @intCast(size);

    const each = partOf(rows, length, if (!row.associates()) null else if (alone)
        .{ threads, threads_least }
    else if (grouped)
        .{ groups, 4 * @as(usize, wide) * skeletons.scan_each }
    else
        .{ wide_items, wide_least });
    const parts = axes_module.divCeil(length, each);
    p.each = @intCast(each);
    p.parts = @intCast(parts);
    const reserved = enqueue.reserve(engine, rows * parts * accumulator.bytes());
    if (reserved != .ok) return reserved;
    if (parts > 1) {
        var first = job;
        first.text.scan.totals = true;
        var status = first.launch(engine, &addresses);
        if (status != .ok) return status;
        var second: Job = .{ .parameters = undefined, .operands = 2, .text = job.text };
        second.text.stored = @splat(accumulator);
        second.text.scan.grouped = !alone;
        const q = &second.parameters;
        @memset(std.mem.asBytes(q), 0);
        q.rows = p.rows;
        q.length = p.parts;
        q.each = p.parts;
        q.parts = 1;
        q.rank = 1;
        q.sizes[0] = p.rows;
        q.along = @splat(p.rows);
        for (&q.strides) |*strides| strides[0] = 1;
        status = second.launch(engine, null);
        if (status != .ok) return status;
    }
    return job.launch(engine, &addresses);
}

/// How many elements a part has, where so many parts are wanted of at least so many elements.
fn partOf(rows: usize, length: usize, parts: ?[2]usize) usize {
    const wanted, const least = parts orelse return length;
    const several = @max(1, wanted / rows);
    const each = @max(least, axes_module.divCeil(length, several));
    return @min(length, std.mem.alignForward(usize, each, least));
}
