//! The gather and scatter skeletons: slices along one axis, chosen by indices, are copied out or
//! added in. Every index is checked before anything is written. Memory is the bound: each element
//! is read and written once.

const axes_module = @import("../../program/axes.zig");
const half = @import("../../numbers/half.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;

/// The least elements of the inner axis in one part of a scatter.
const inner_each = 64;

/// The first index outside `0..length`; null if there is none. The caller must have refused dtypes
/// that are no indices.
pub fn outside(gather: *const program.Gather) ?i64 {
    for (0..gather.count) |c| {
        const index = indexAt(gather, c);
        if (index < 0 or index >= gather.length) return index;
    }
    return null;
}

inline fn indexAt(gather: *const program.Gather, c: usize) i64 {
    const stride = gather.index.strides[0];
    const base = @intFromPtr(gather.index.data);
    switch (gather.index.dtype) {
        .int32 => return @as(*const i32, @ptrFromInt(advance(base, stride *% 4, c))).*,
        else => return @as(*const u8, @ptrFromInt(advance(base, stride, c))).*,
    }
}

/// The three strides of a view in bytes.
fn bytesOf(view: *const program.View) [3]isize {
    const size: isize = @intCast(view.dtype.bytes());
    return .{ view.strides[0] *% size, view.strides[1] *% size, view.strides[2] *% size };
}

fn place(base: usize, strides: [3]isize, outer: usize, middle: usize, inner: usize) usize {
    return advance(advance(advance(base, strides[0], outer), strides[1], middle), strides[2], inner);
}

const Job = struct {
    gather: *const program.Gather,
    each: usize,

    fn runGather(job: Job, part: usize) void {
        const all = job.gather.outer * job.gather.count;
        const first = part * job.each;
        gatherSome(job.gather, first, @min(all, first + job.each));
    }

    fn runScatter(job: Job, part: usize) void {
        const first = part * job.each;
        const end = @min(job.gather.inner, first + job.each);
        for (0..job.gather.outer) |o| scatterSome(job.gather, o, first, end);
    }

    fn runScatterOuter(job: Job, part: usize) void {
        const first = part * job.each;
        const end = @min(job.gather.outer, first + job.each);
        for (first..end) |o| scatterSome(job.gather, o, 0, job.gather.inner);
    }
};

/// out[o, c, i] = source[o, index[c], i].
pub fn executeGather(pool: *Pool, gather: *const program.Gather) void {
    const slices = gather.outer * gather.count;
    const count = slices * gather.inner;
    if (count == 0) return;
    if (count < map_module.parallel_elements) return gatherSome(gather, 0, slices);
    const each = map_module.placesEach(slices, count, pool.threads);
    const job: Job = .{ .gather = gather, .each = each };
    pool.parallel(job, Job.runGather, (slices + each - 1) / each);
}

fn gatherSome(gather: *const program.Gather, first: usize, end: usize) void {
    switch (gather.out.dtype.bytes()) {
        1 => gatherAs(u8, gather, first, end),
        2 => gatherAs(u16, gather, first, end),
        4 => gatherAs(u32, gather, first, end),
        else => gatherAs(u64, gather, first, end),
    }
}

fn gatherAs(comptime T: type, gather: *const program.Gather, first: usize, end: usize) void {
    const out = bytesOf(&gather.out);
    const source = bytesOf(&gather.source);
    const size = @sizeOf(T);
    const straight = out[2] == size and source[2] == size;
    for (first..end) |slice| {
        const o = slice / gather.count;
        const c = slice % gather.count;
        const index: usize = @intCast(indexAt(gather, c));
        const to = place(@intFromPtr(gather.out.data), out, o, c, 0);
        const from = place(@intFromPtr(gather.source.data), source, o, index, 0);
        if (straight and gather.inner > 4) {
            const bytes = gather.inner * size;
            const target: [*]u8 = @ptrFromInt(to);
            @memmove(target[0..bytes], @as([*]const u8, @ptrFromInt(from))[0..bytes]);
        } else for (0..gather.inner) |i| {
            const target: *T = @ptrFromInt(advance(to, out[2], i));
            target.* = @as(*const T, @ptrFromInt(advance(from, source[2], i))).*;
        }
    }
}

/// out[o, index[c], i] += source[o, c, i], c ascending. Threads share out o and i, never c.
pub fn executeScatter(pool: *Pool, scatter: *const program.Gather) void {
    const count = scatter.outer * scatter.count * scatter.inner;
    if (count == 0) return;
    var job: Job = .{ .gather = scatter, .each = scatter.inner };
    const large = count >= map_module.parallel_elements;
    if (large and scatter.inner >= 2 * inner_each) {
        const part = (scatter.inner + pool.threads - 1) / pool.threads;
        job.each = @max(inner_each, (part + 15) / 16 * 16);
    } else if (large and scatter.outer > 1) {
        job.each = (scatter.outer + pool.threads - 1) / pool.threads;
        const parts = (scatter.outer + job.each - 1) / job.each;
        return pool.parallel(job, Job.runScatterOuter, parts);
    }
    pool.parallel(job, Job.runScatter, (scatter.inner + job.each - 1) / job.each);
}

fn scatterSome(scatter: *const program.Gather, o: usize, first: usize, end: usize) void {
    switch (scatter.out.dtype) {
        .float32 => scatterAs(f32, add, scatter, o, first, end),
        .float64 => scatterAs(f64, add, scatter, o, first, end),
        .int32 => scatterAs(i32, addWrapping, scatter, o, first, end),
        .uint8 => scatterAs(u8, addWrapping, scatter, o, first, end),
        .bool => scatterAs(u8, either, scatter, o, first, end),
        inline .float16, .bfloat16 => |dtype| scatterAs(u16, Halves(dtype).add, scatter, o, first, end),
    }
}

fn add(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    return x + y;
}

fn addWrapping(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    return x +% y;
}

fn Halves(comptime dtype: program.DType) type {
    return struct {
        fn add(x: u16, y: u16) u16 {
            const operands = half.widen(dtype, @Vector(2, u16){ x, y });
            return half.narrow(dtype, @Vector(1, f32){operands[0] + operands[1]})[0];
        }
    };
}

fn either(x: anytype, y: @TypeOf(x)) @TypeOf(x) {
    return @intFromBool(x != 0 or y != 0);
}

fn scatterAs(
    comptime T: type,
    comptime join: anytype,
    scatter: *const program.Gather,
    o: usize,
    first: usize,
    end: usize,
) void {
    const out = bytesOf(&scatter.out);
    const source = bytesOf(&scatter.source);
    const straight = out[2] == @sizeOf(T) and source[2] == @sizeOf(T);
    for (0..scatter.count) |c| {
        const index: usize = @intCast(indexAt(scatter, c));
        const to = place(@intFromPtr(scatter.out.data), out, o, index, first);
        const from = place(@intFromPtr(scatter.source.data), source, o, c, first);
        if (straight) {
            const target: [*]T = @ptrFromInt(to);
            const values: [*]const T = @ptrFromInt(from);
            for (target[0 .. end - first], values[0 .. end - first]) |*element, value| {
                element.* = join(element.*, value);
            }
        } else for (0..end - first) |i| {
            const element: *T = @ptrFromInt(advance(to, out[2], i));
            element.* = join(element.*, @as(*const T, @ptrFromInt(advance(from, source[2], i))).*);
        }
    }
}
