//! The indices of a gather or a scatter: lines of them, and the check that they are in range.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;

/// Indices that are checked before they are used, as many as stay in the first-level cache.
pub const line_most = 2048;

/// The three strides of a view in bytes.
pub fn bytesOf(view: *const program.View) [3]isize {
    const size: isize = @intCast(view.dtype.bytes());
    return .{ view.strides[0] *% size, view.strides[1] *% size, view.strides[2] *% size };
}

/// The address of an element.
pub fn place(base: usize, strides: [3]isize, outer: usize, middle: usize, inner: usize) usize {
    return advance(advance(advance(base, strides[0], outer), strides[1], middle), strides[2], inner);
}

/// The type of the indices in memory: bools are bytes.
pub fn indexType(comptime dtype: program.DType) type {
    return if (dtype == .int32) i32 else u8;
}

pub inline fn load(comptime I: type, address: usize) i64 {
    return @as(*const I, @ptrFromInt(address)).*;
}

/// Asks for memory that is read or written soon. The address may lie outside of what there is.
pub inline fn fetch(address: usize, bytes: usize, comptime rw: std.builtin.PrefetchOptions.Rw) void {
    var at: usize = 0;
    while (at < bytes) : (at += 64) {
        @prefetch(@as([*]allowzero const u8, @ptrFromInt(address +% at)), .{ .rw = rw, .locality = 2 });
    }
}

/// How many of `count` indices come before the first that is outside `0..length`.
pub fn before(comptime I: type, address: usize, stride: isize, count: usize, length: usize) usize {
    if (I == u8 and length > std.math.maxInt(u8)) return count;
    var at: usize = 0;
    if (stride == @sizeOf(I)) {
        // A negative index is a large one without its sign.
        const lanes = 16;
        const U = @Int(.unsigned, @bitSizeOf(I));
        const line: [*]const U = @ptrFromInt(address);
        const least: @Vector(lanes, U) = @splat(@intCast(@min(length, std.math.maxInt(U))));
        if (length <= std.math.maxInt(U)) while (at + lanes <= count) : (at += lanes) {
            const some: @Vector(lanes, U) = line[at..][0..lanes].*;
            if (@reduce(.Or, some >= least)) break;
        };
    }
    while (at < count) : (at += 1) {
        const index = load(I, advance(address, stride, at));
        if (index < 0 or index >= length) break;
    }
    return at;
}

/// The first index outside `0..length`; null if there is none. The caller must have refused dtypes
/// that are no indices.
pub fn outside(pool: *Pool, gather: *const program.Gather) ?i64 {
    const sizes = gather.indices();
    if (axes_module.product(&sizes) == 0) return null;
    const strides = bytesOf(&gather.index);
    var first: First = .{};
    // Lines lie along the last axis that has several indices.
    const along: usize = if (sizes[2] > 1) 2 else 1;
    const lines = if (along == 2) sizes[0] * sizes[1] else sizes[0];
    const count = sizes[along];
    const pieces = axes_module.divCeil(count, line_most);
    const all = lines * pieces;
    const job: Check = .{
        .gather = gather,
        .first = &first,
        .sizes = sizes,
        .strides = strides,
        .along = along,
        .each = if (lines * count < map_module.parallel_elements) all else map_module.placesEach(all, lines * count, pool.threads),
    };
    pool.parallel(job, Check.run, axes_module.divCeil(all, job.each));
    return first.index(gather);
}

/// The first index out of range that any thread met, by its place in row-major order.
pub const First = struct {
    place: std.atomic.Value(usize) = .init(none),

    const none = std.math.maxInt(usize);

    pub fn note(first: *First, at: usize) void {
        _ = first.place.fetchMin(at, .monotonic);
    }

    pub fn index(first: *const First, gather: *const program.Gather) ?i64 {
        const at = first.place.load(.monotonic);
        if (at == none) return null;
        const slice = at / gather.inner;
        const outer = slice / gather.count;
        const middle = slice % gather.count;
        const base = @intFromPtr(gather.index.data);
        const address = place(base, bytesOf(&gather.index), outer, middle, at % gather.inner);
        return if (gather.index.dtype == .int32) load(i32, address) else load(u8, address);
    }
};

const Check = struct {
    gather: *const program.Gather,
    first: *First,
    sizes: [3]usize,
    strides: [3]isize,
    along: usize,
    each: usize,

    fn run(job: Check, part: usize) void {
        if (job.gather.index.dtype == .int32) job.lines(i32, part) else job.lines(u8, part);
    }

    fn lines(job: Check, comptime I: type, part: usize) void {
        const gather = job.gather;
        const count = job.sizes[job.along];
        const pieces = axes_module.divCeil(count, line_most);
        const all = pieces * job.sizes[0] * if (job.along == 2) job.sizes[1] else 1;
        for (part * job.each..@min(all, (part + 1) * job.each)) |piece| {
            const line = piece / pieces;
            const begin = piece % pieces * line_most;
            const outer, const middle = if (job.along == 2)
                .{ line / job.sizes[1], line % job.sizes[1] }
            else
                .{ line, 0 };
            const start = place(@intFromPtr(gather.index.data), job.strides, outer, middle, 0);
            const some = @min(count - begin, line_most);
            const stride = job.strides[job.along];
            const good = before(I, advance(start, stride, begin), stride, some, gather.length);
            if (good == some) continue;
            const at = begin + good;
            return job.first.note(if (job.along == 2)
                (outer * gather.count + middle) * gather.inner + at
            else
                (outer * gather.count + at) * gather.inner);
        }
    }
};
