//! The scatter skeleton: elements are joined into places along one axis, chosen by indices, in
//! ascending order along the axis of the indices. Every index is checked before anything is written.
//!
//! Threads share out what the order does not touch: the outer and the inner axis, in blocks that
//! stay in cache. Where both are short, one thread does it all: two that divide the places would
//! each read all indices, which takes as long as joining the elements.

const axes_module = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const gather_module = @import("gather.zig");
const indices = @import("indices.zig");
const join = @import("../../program/join.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;
const bytesOf = indices.bytesOf;
const place = indices.place;
const Stored = convert.Stored;

/// The least elements of the inner axis in one part.
const inner_each = 64;

/// The row joins source[o, c, i] into out[o, index[o, c, i], i], c ascending, once `indices.outside`
/// has found that all of them are in range.
pub fn execute(pool: *Pool, scatter: *const program.Gather) void {
    const count = scatter.outer * scatter.count * scatter.inner;
    if (count == 0) return;
    var job: Job = .{ .scatter = scatter, .block = scatter.inner };
    const large = count >= map_module.parallel_elements and pool.threads > 1;
    const blocks = large and (scatter.inner >= 2 * inner_each);
    if (scatter.indices()[2] > 1) {
        job.block = gather_module.blockOf(scatter, if (blocks) pool.threads else 1);
    } else if (blocks) {
        job.block = @max(inner_each, axes_module.divCeil(scatter.inner, pool.threads * 16) * 16);
    }
    const parts = scatter.outer * axes_module.divCeil(scatter.inner, job.block);
    // Short parts go together.
    job.each = if (large) @max(1, map_module.part_elements / (scatter.count * job.block)) else parts;
    pool.parallel(job, Job.run, axes_module.divCeil(parts, job.each));
}

const Job = struct {
    scatter: *const program.Gather,
    /// Elements of the inner axis in one part, and how many parts go together.
    block: usize,
    each: usize = 1,

    fn run(job: Job, number: usize) void {
        const blocks = axes_module.divCeil(job.scatter.inner, job.block);
        const end = @min(job.scatter.outer * blocks, (number + 1) * job.each);
        for (number * job.each..end) |one| {
            const first = one % blocks * job.block;
            byType(job.scatter, .{
                .outer = one / blocks,
                .first = first,
                .end = @min(job.scatter.inner, first + job.block),
            });
        }
    }
};

/// A part: one outer index, and some of the inner ones.
const Part = struct { outer: usize, first: usize, end: usize };

fn byType(scatter: *const program.Gather, part: Part) void {
    switch (scatter.out.dtype) {
        inline else => |dtype| inline for (table.scatter_rows, 0..) |row, number| {
            if (scatter.row == number) return Scatter(row, dtype).all(scatter, part);
        },
    }
}

fn Scatter(comptime row: table.ScatterRow, comptime dtype: program.DType) type {
    const T = Stored(dtype);
    return struct {
        inline fn joinInto(element: *T, value: T) void {
            element.* = join.joined(row, dtype, element.*, value);
        }

        fn all(scatter: *const program.Gather, part: Part) void {
            if (scatter.index.dtype == .int32) byShape(i32, scatter, part) else byShape(u8, scatter, part);
        }

        fn byShape(comptime I: type, scatter: *const program.Gather, part: Part) void {
            const out = bytesOf(&scatter.out);
            const source = bytesOf(&scatter.source);
            const index = bytesOf(&scatter.index);
            const start = place(@intFromPtr(scatter.index.data), index, part.outer, 0, part.first);
            const target = place(@intFromPtr(scatter.out.data), out, part.outer, 0, part.first);
            const values = place(@intFromPtr(scatter.source.data), source, part.outer, 0, part.first);
            if (scatter.inner == 1) {
                const one: Line(I) = .{
                    .count = scatter.count,
                    .out = target,
                    .by_index = out[1],
                    .out_step = 0,
                    .source = values,
                    .source_step = source[1],
                    .index = start,
                    .index_step = index[1],
                };
                return one.run();
            }
            const count = part.end - part.first;
            if (index[2] == 0 or count == 1) {
                const bytes = @min(count * @sizeOf(T), gather_module.fetched_bytes);
                for (0..scatter.count) |c| {
                    const later = c + gather_module.ahead_slices;
                    if (count > 4 and later < scatter.count) {
                        const next: usize = @intCast(indices.load(I, advance(start, index[1], later)));
                        indices.fetch(advance(target, out[1], next), bytes, .write);
                    }
                    const chosen: usize = @intCast(indices.load(I, advance(start, index[1], c)));
                    slice(advance(target, out[1], chosen), out[2], advance(values, source[1], c), source[2], count);
                }
                return;
            }
            var one: Line(I) = .{
                .count = count,
                .out = target,
                .by_index = out[1],
                .out_step = out[2],
                .source = values,
                .source_step = source[2],
                .index = start,
                .index_step = index[2],
            };
            for (0..scatter.count) |_| {
                indices.fetch(advance(one.index, index[1], gather_module.ahead), count * @sizeOf(I), .read);
                indices.fetch(advance(one.source, source[1], gather_module.ahead), count * @sizeOf(T), .read);
                one.run();
                one.source = advance(one.source, source[1], 1);
                one.index = advance(one.index, index[1], 1);
            }
        }

        /// Elements that one index sends to places side by side.
        fn slice(to: usize, to_step: isize, from: usize, from_step: isize, count: usize) void {
            if (to_step == @sizeOf(T) and from_step == @sizeOf(T)) {
                const target: [*]T = @ptrFromInt(to);
                const values: [*]const T = @ptrFromInt(from);
                for (target[0..count], values[0..count]) |*element, value| joinInto(element, value);
            } else for (0..count) |k| {
                const value: *const T = @ptrFromInt(advance(from, from_step, k));
                joinInto(@ptrFromInt(advance(to, to_step, k)), value.*);
            }
        }

        /// Elements with an index each.
        fn Line(comptime I: type) type {
            return struct {
                const Self = @This();

                count: usize,
                out: usize,
                /// Bytes in the output for one more in an index, and from one element to the next.
                by_index: isize,
                out_step: isize,
                source: usize,
                source_step: isize,
                index: usize,
                index_step: isize,

                inline fn run(one: *const Self) void {
                    if (one.source_step != @sizeOf(T) or one.index_step != @sizeOf(I)) {
                        for (0..one.count) |k| {
                            const at: usize = @intCast(indices.load(I, advance(one.index, one.index_step, k)));
                            const value: *const T = @ptrFromInt(advance(one.source, one.source_step, k));
                            joinInto(@ptrFromInt(advance(advance(one.out, one.by_index, at), one.out_step, k)), value.*);
                        }
                        return;
                    }
                    const index: [*]const I = @ptrFromInt(one.index);
                    const values: [*]const T = @ptrFromInt(one.source);
                    var out = one.out;
                    for (index[0..one.count], values[0..one.count]) |at, value| {
                        joinInto(@ptrFromInt(advance(out, one.by_index, @intCast(at))), value);
                        out = advance(out, one.out_step, 1);
                    }
                }
            };
        }
    };
}
