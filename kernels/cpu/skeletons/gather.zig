//! The gather skeleton: elements along one axis, chosen by indices, are copied out, whole slices at
//! once where one index chooses a slice. Memory is the bound: each element is read and written once.

const axes_module = @import("../../program/axes.zig");
const indices = @import("indices.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;
const bytesOf = indices.bytesOf;
const place = indices.place;

/// Bytes of the long array among which the indices of a block choose: they stay in the second-level
/// cache.
const block_bytes = 512 << 10;

/// How many lines ahead memory is asked for, since lines of a block do not lie side by side.
pub const ahead = 8;

/// How many slices ahead memory is asked for, and how much of one: the processor itself goes on from
/// there.
pub const ahead_slices = 3;
pub const fetched_bytes = 1024;

/// The elements of the inner axis that are worked on together, along all of the indices, where
/// every element has an index of its own: a block of the long array that stays in cache.
pub fn blockOf(gather: *const program.Gather, threads: usize) usize {
    const line = 64 / gather.out.dtype.bytes();
    const room = block_bytes / @max(1, gather.length * gather.out.dtype.bytes());
    const share = axes_module.divCeil(gather.inner, threads);
    return @min(@max(@min(room, share, indices.line_most) / line * line, line), gather.inner);
}

/// out[o, c, i] = source[o, index[o, c, i], i]. The first index out of range, or null.
pub fn execute(pool: *Pool, gather: *const program.Gather) ?i64 {
    const count = gather.outer * gather.count * gather.inner;
    if (count == 0) return null;
    var first: indices.First = .{};
    var job: Job = .{ .gather = gather, .first = &first };
    const small = count < map_module.parallel_elements or pool.threads == 1;
    const places = gather.outer * gather.count;
    if (gather.indices()[2] == 1) {
        if (gather.inner > 1) if (indices.outside(pool, gather)) |wrong| return wrong;
        job.each = if (small) places else map_module.placesEach(places, count, pool.threads);
        const parts = axes_module.divCeil(places, job.each);
        if (gather.inner == 1) pool.parallel(job, Job.runLines, parts) else pool.parallel(job, Job.runSlices, parts);
    } else {
        job.block = blockOf(gather, if (small) 1 else pool.threads);
        job.each = if (small) gather.count else @max(1, map_module.part_elements / job.block);
        const blocks = axes_module.divCeil(gather.inner, job.block);
        pool.parallel(job, Job.runBlocks, gather.outer * blocks * axes_module.divCeil(gather.count, job.each));
    }
    return first.index(gather);
}

const Job = struct {
    gather: *const program.Gather,
    first: *indices.First,
    each: usize = 0,
    block: usize = 0,

    fn runSlices(job: Job, part: usize) void {
        const first = part * job.each;
        const end = @min(job.gather.outer * job.gather.count, first + job.each);
        switch (job.gather.out.dtype.bytes()) {
            1 => slices(u8, job.gather, first, end),
            2 => slices(u16, job.gather, first, end),
            4 => slices(u32, job.gather, first, end),
            else => slices(u64, job.gather, first, end),
        }
    }

    fn runLines(job: Job, part: usize) void {
        job.byType("lines", part);
    }

    fn runBlocks(job: Job, part: usize) void {
        job.byType("blocks", part);
    }

    fn byType(job: Job, comptime name: []const u8, part: usize) void {
        const bytes = job.gather.out.dtype.bytes();
        inline for (.{ u8, u16, u32, u64 }) |T| if (bytes == @sizeOf(T)) {
            if (job.gather.index.dtype == .int32) {
                @field(Lines(T, i32), name)(job, part);
            } else @field(Lines(T, u8), name)(job, part);
        };
    }
};

/// Elements of the output side by side, each with an index.
fn Lines(comptime T: type, comptime I: type) type {
    return struct {
        const Line = @This();

        out: usize,
        out_step: isize,
        source: usize,
        /// Bytes in the source for one more in an index, and from one element of the line to the next.
        by_index: isize,
        source_step: isize,
        index: usize,
        index_step: isize,

        /// The line that begins there, along the axis of the indices or along the inner one.
        inline fn at(gather: *const program.Gather, comptime along: usize, o: usize, c: usize, i: usize) Line {
            const out = bytesOf(&gather.out);
            const source = bytesOf(&gather.source);
            const index = bytesOf(&gather.index);
            return .{
                .out = place(@intFromPtr(gather.out.data), out, o, c, i),
                .out_step = out[along],
                .source = place(@intFromPtr(gather.source.data), source, o, 0, i),
                .by_index = source[1],
                .source_step = if (along == 2) source[2] else 0,
                .index = place(@intFromPtr(gather.index.data), index, o, c, i),
                .index_step = index[along],
            };
        }

        /// Elements of outer and count, where the inner axis has one.
        pub fn lines(job: Job, part: usize) void {
            const gather = job.gather;
            var first = part * job.each;
            const end = @min(gather.outer * gather.count, first + job.each);
            while (first < end) {
                const o = first / gather.count;
                const c = first % gather.count;
                const some = @min(end - first, gather.count - c, indices.line_most);
                const good = at(gather, 1, o, c, 0).copy(some, gather.length);
                if (good < some) return job.first.note(first + good);
                first += some;
            }
        }

        /// Some lines of a block of the inner axis.
        pub fn blocks(job: Job, part: usize) void {
            const gather = job.gather;
            const all = axes_module.divCeil(gather.inner, job.block);
            const pieces = axes_module.divCeil(gather.count, job.each);
            const o = part / pieces / all;
            const i = part / pieces % all * job.block;
            const first = part % pieces * job.each;
            const some = @min(gather.inner - i, job.block);
            const out_step = bytesOf(&gather.out)[1];
            const index_step = bytesOf(&gather.index)[1];
            var line = at(gather, 2, o, first, i);
            for (first..@min(gather.count, first + job.each)) |c| {
                indices.fetch(advance(line.index, index_step, ahead), some * @sizeOf(I), .read);
                indices.fetch(advance(line.out, out_step, ahead), some * @sizeOf(T), .write);
                const good = line.copy(some, gather.length);
                if (good < some) return job.first.note((o * gather.count + c) * gather.inner + i + good);
                line.out = advance(line.out, out_step, 1);
                line.index = advance(line.index, index_step, 1);
            }
        }

        /// How many indices come before the first out of range; all, once the line is copied.
        inline fn copy(one: *const Line, count: usize, length: usize) usize {
            const good = indices.before(I, one.index, one.index_step, count, length);
            if (good < count) return good;
            const size = @sizeOf(T);
            if (one.out_step == size and one.index_step == @sizeOf(I)) {
                const out: [*]T = @ptrFromInt(one.out);
                const index: [*]const I = @ptrFromInt(one.index);
                if (one.by_index == size and one.source_step == 0) {
                    const source: [*]const T = @ptrFromInt(one.source);
                    for (out[0..count], index[0..count]) |*element, chosen| element.* = source[@as(usize, @intCast(chosen))];
                } else {
                    var source = one.source;
                    for (out[0..count], index[0..count]) |*element, chosen| {
                        const from: *const T = @ptrFromInt(advance(source, one.by_index, @intCast(chosen)));
                        element.* = from.*;
                        source = advance(source, one.source_step, 1);
                    }
                }
            } else for (0..count) |k| {
                const chosen: usize = @intCast(indices.load(I, advance(one.index, one.index_step, k)));
                const from: *const T = @ptrFromInt(advance(advance(one.source, one.by_index, chosen), one.source_step, k));
                const to: *T = @ptrFromInt(advance(one.out, one.out_step, k));
                to.* = from.*;
            }
            return count;
        }
    };
}

/// Slices that one index each chooses, all of which are in range.
fn slices(comptime T: type, gather: *const program.Gather, first: usize, end: usize) void {
    const out = bytesOf(&gather.out);
    const source = bytesOf(&gather.source);
    const index = bytesOf(&gather.index);
    const size = @sizeOf(T);
    const straight = out[2] == size and source[2] == size;
    var o = first / gather.count;
    var c = first % gather.count;
    for (first..end) |_| {
        const to = place(@intFromPtr(gather.out.data), out, o, c, 0);
        const from = slice(gather, source, index, o, c);
        if (straight and gather.inner > 4) {
            const bytes = gather.inner * size;
            if (c + ahead_slices < gather.count) {
                indices.fetch(slice(gather, source, index, o, c + ahead_slices), @min(bytes, fetched_bytes), .read);
            }
            const target: [*]u8 = @ptrFromInt(to);
            @memmove(target[0..bytes], @as([*]const u8, @ptrFromInt(from))[0..bytes]);
        } else for (0..gather.inner) |i| {
            const target: *T = @ptrFromInt(advance(to, out[2], i));
            target.* = @as(*const T, @ptrFromInt(advance(from, source[2], i))).*;
        }
        c += 1;
        if (c == gather.count) {
            c = 0;
            o += 1;
        }
    }
}

/// The address of the slice that an index chooses.
inline fn slice(gather: *const program.Gather, source: [3]isize, index: [3]isize, o: usize, c: usize) usize {
    const address = place(@intFromPtr(gather.index.data), index, o, c, 0);
    const chosen: usize = @intCast(if (gather.index.dtype == .int32) indices.load(i32, address) else indices.load(u8, address));
    return place(@intFromPtr(gather.source.data), source, o, chosen, 0);
}
