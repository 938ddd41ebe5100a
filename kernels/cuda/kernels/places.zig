//! gather, scatter and the check of indices on the GPU. Memory is the bound: each element is read
//! and written once.
//!
//! An index out of range stops nothing at once: `Check` notes the first such index in a `Fault`,
//! which the next read reports and clears. A gather leaves out the elements whose index is out of
//! range; a scatter writes nothing at all from the fault until that read. Every kernel tests the
//! indices that it uses, whatever `Check` found, so that no address outside a storage is touched.
//! Scatter adds with c ascending, as on every device, hence without atomic additions: either a
//! thread walks over all c (`Scatter`), or a block for each c does the work if its index occurs
//! there first (`ScatterFirst`).

const std = @import("std");
const convert = @import("../../program/convert.zig");
const layout = @import("../../gpu/arguments.zig");
const program = @import("../../program/program.zig");
const threading = @import("thread.zig");

const DType = program.DType;
const Stored = convert.Stored;
const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;
const global = threading.global;

/// The arguments of gather and scatter.
pub const PlacesArguments = extern struct {
    out: u64,
    source: u64,
    index: u64,
    fault: u64,
    out_strides: [3]i64,
    source_strides: [3]i64,
    index_stride: i64,
    length: u64,
    count: layout.Divisor,
    inner: layout.Divisor,
    /// `total` is what the threads share out: outer * inner, or outer * count * inner.
    outer: u32,
    total: u32,
    index_bytes: u32,
    /// Padding with a name and a value, so that equal arguments have equal bytes.
    unused: u32 = 0,
};

/// Arguments of the check that indices lie in `0..length`. `serial` is the number by which a fault
/// names the instruction.
pub const CheckArguments = extern struct {
    index: u64,
    fault: u64,
    stride: i64,
    length: u64,
    count: u32,
    index_bytes: u32,
    serial: u32,
    kind: u32,
};

pub const entries: []const Entry = blk: {
    var list: []const Entry = &.{.{ .name = "check", .Kernel = Check }};
    for (.{ u8, u16, u32, u64 }) |T| {
        const name = std.fmt.comptimePrint("gather_{d}", .{@sizeOf(T)});
        list = list ++ [_]Entry{.{ .name = name, .Kernel = Gather(T) }};
    }
    for (@typeInfo(DType).@"enum".field_names) |of| {
        list = list ++ [_]Entry{
            .{ .name = "scatter_" ++ of, .Kernel = Scatter(@field(DType, of)) },
            .{ .name = "scatter_first_" ++ of, .Kernel = ScatterFirst(@field(DType, of)) },
        };
    }
    break :blk list;
};

inline fn indexAt(arguments: anytype, stride: i64, c: u32) i32 {
    const address = advance(arguments.index, stride, c);
    return if (arguments.index_bytes == 4) global(i32, address).* else global(u8, address).*;
}

/// Whether any index was out of range since the last read.
inline fn faulty(arguments: *const PlacesArguments) bool {
    return global(layout.Fault, arguments.fault).claim != 0;
}

inline fn isInside(index: i32, length: u64) bool {
    return index >= 0 and @as(u32, @bitCast(index)) < length;
}

pub const Check = struct {
    pub const Arguments = CheckArguments;
    pub const Shared = void;
    pub const State = void;
    pub const phases = .{run};

    inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
        const place = thread.place();
        if (place >= arguments.count) return;
        const index = indexAt(arguments, arguments.stride, @truncate(place));
        if (isInside(index, arguments.length)) return;
        // Launches follow each other, so the first launch that meets an index out of range keeps
        // the claim.
        const fault = global(layout.Fault, arguments.fault);
        const before = @cmpxchgStrong(u32, &fault.claim, 0, arguments.serial, .monotonic, .monotonic) orelse 0;
        if (before != 0 and before != arguments.serial) return;
        const bits: u32 = @bitCast(index);
        _ = @atomicRmw(u64, &fault.first, .Min, place << 32 | bits, .monotonic);
        fault.length = arguments.length;
        fault.kind = arguments.kind;
    }
};

/// out[o, c, i] = source[o, index[c], i]; elements are copied as words of their size.
pub fn Gather(comptime T: type) type {
    return struct {
        pub const Arguments = PlacesArguments;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const place = thread.place();
            if (place >= arguments.total) return;
            const slice = arguments.inner.quotient(@truncate(place));
            const i = @as(u32, @truncate(place)) -% slice *% arguments.inner.size;
            const o = arguments.count.quotient(slice);
            const c = slice -% o *% arguments.count.size;
            const index = indexAt(arguments, arguments.index_stride, c);
            if (!isInside(index, arguments.length)) return;
            const to = three(arguments.out, &arguments.out_strides, o, c, i);
            const from = three(arguments.source, &arguments.source_strides, o, @bitCast(index), i);
            global(T, to).* = global(T, from).*;
        }
    };
}

inline fn three(address: u64, strides: *const [3]i64, o: u32, middle: u32, i: u32) u64 {
    return advance(advance(advance(address, strides[0], o), strides[1], middle), strides[2], i);
}

/// The sum of two elements as they lie in memory; each sum of halves is rounded.
inline fn add(comptime dtype: DType, x: Stored(dtype), y: Stored(dtype)) Stored(dtype) {
    return switch (dtype) {
        .float32, .float64 => x + y,
        .int32, .uint8 => x +% y,
        .bool => @intFromBool(x != 0 or y != 0),
        .float16, .bfloat16 => convert.toStored(dtype, f32, convert.fromStored(dtype, f32, x) + convert.fromStored(dtype, f32, y)),
    };
}

/// out[o, index[c], i] += source[o, c, i]: one thread for each o and i.
pub fn Scatter(comptime dtype: DType) type {
    const T = Stored(dtype);
    return struct {
        pub const Arguments = PlacesArguments;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const place = thread.place();
            if (place >= arguments.total or faulty(arguments)) return;
            const o = arguments.inner.quotient(@truncate(place));
            const i = @as(u32, @truncate(place)) -% o *% arguments.inner.size;
            for (0..arguments.count.size) |c_wide| {
                const c: u32 = @intCast(c_wide);
                const index = indexAt(arguments, arguments.index_stride, c);
                if (!isInside(index, arguments.length)) continue;
                const target = global(T, three(arguments.out, &arguments.out_strides, o, @bitCast(index), i));
                const value = global(T, three(arguments.source, &arguments.source_strides, o, c, i)).*;
                target.* = add(dtype, target.*, value);
            }
        }
    };
}

/// The sums of `Scatter`, by a block for each c in x, for all o and i, which blocks in y share. The
/// block of an index's first c adds the elements of all later c with that index.
pub fn ScatterFirst(comptime dtype: DType) type {
    const T = Stored(dtype);
    return struct {
        pub const Arguments = PlacesArguments;
        /// Whether the index occurs before c.
        pub const Shared = [layout.threads]u32;
        pub const State = void;
        pub const phases = .{ search, run };
        const Pointer = threading.SharedPointer(Shared);

        inline fn search(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            var found: u32 = 0;
            const index = indexAt(arguments, arguments.index_stride, thread.x);
            var c = thread.index;
            while (c < thread.x) : (c += layout.threads) {
                if (indexAt(arguments, arguments.index_stride, c) == index) found = 1;
            }
            shared[thread.index] = found;
        }

        inline fn run(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            for (0..layout.threads) |k| if (shared[k] != 0) return;
            if (faulty(arguments)) return;
            const wanted = indexAt(arguments, arguments.index_stride, thread.x);
            if (!isInside(wanted, arguments.length)) return;
            const index: u32 = @bitCast(wanted);
            const place = @as(u64, thread.y) * layout.threads + thread.index;
            if (place >= arguments.total) return;
            const o = arguments.inner.quotient(@truncate(place));
            const i = @as(u32, @truncate(place)) -% o *% arguments.inner.size;
            const target = global(T, three(arguments.out, &arguments.out_strides, o, index, i));
            var total = target.*;
            var c = thread.x;
            while (c < arguments.count.size) : (c += 1) {
                if (indexAt(arguments, arguments.index_stride, c) != wanted) continue;
                const source = three(arguments.source, &arguments.source_strides, o, c, i);
                total = add(dtype, total, global(T, source).*);
            }
            target.* = total;
        }
    };
}
