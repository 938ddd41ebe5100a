//! gather, scatter and the check of indices on the GPU. Memory is the bound: each element is read
//! and written once.
//!
//! An index out of range stops nothing at once: `Check` notes the first such index in a `Fault`,
//! which the next read reports and clears. A gather leaves out the elements whose index is out of
//! range; a scatter writes nothing at all from the fault until that read. Every kernel tests the
//! indices that it uses, whatever `Check` found, so that no address outside a storage is touched.
//! Scatter joins with c ascending, as on every device, hence without atomics: either a thread walks
//! over all c (`Scatter`), or, where one index chooses a slice, a block for each c does the work if
//! its index occurs there first (`ScatterFirst`).

const std = @import("std");
const convert = @import("../../program/convert.zig");
const join = @import("../../program/join.zig");
const layout = @import("../../gpu/arguments.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
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
    index_strides: [3]i64,
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
    strides: [3]i64,
    length: u64,
    count: layout.Divisor,
    inner: layout.Divisor,
    total: u32,
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
        for (table.scatter_rows) |row| list = list ++ [_]Entry{
            .{ .name = "scatter_" ++ row.name ++ "_" ++ of, .Kernel = Scatter(row, @field(DType, of)) },
            .{ .name = "scatter_first_" ++ row.name ++ "_" ++ of, .Kernel = ScatterFirst(row, @field(DType, of)) },
        };
    }
    break :blk list;
};

inline fn indexAt(arguments: anytype, strides: *const [3]i64, o: u32, c: u32, i: u32) i32 {
    const address = three(arguments.index, strides, o, c, i);
    return if (arguments.index_bytes == 4) global(i32, address).* else global(u8, address).*;
}

/// Whether any index was out of range since the last read.
inline fn faulty(arguments: *const PlacesArguments) bool {
    return global(layout.Fault, arguments.fault).claim != 0;
}

inline fn isInside(index: i32, length: u64) bool {
    return index >= 0 and @as(u32, @bitCast(index)) < length;
}

/// The indices of a place along the three axes.
inline fn indicesOf(arguments: anytype, place: u32) [3]u32 {
    const slice = arguments.inner.quotient(place);
    const o = arguments.count.quotient(slice);
    return .{ o, slice -% o *% arguments.count.size, place -% slice *% arguments.inner.size };
}

pub const Check = struct {
    pub const Arguments = CheckArguments;
    pub const Shared = void;
    pub const State = void;
    pub const phases = .{run};

    inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
        const place = thread.place();
        if (place >= arguments.total) return;
        const o, const c, const i = indicesOf(arguments, @truncate(place));
        const index = indexAt(arguments, &arguments.strides, o, c, i);
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

/// out[o, c, i] = source[o, index[o, c, i], i]; elements are copied as words of their size.
pub fn Gather(comptime T: type) type {
    return struct {
        pub const Arguments = PlacesArguments;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const place = thread.place();
            if (place >= arguments.total) return;
            const o, const c, const i = indicesOf(arguments, @truncate(place));
            const index = indexAt(arguments, &arguments.index_strides, o, c, i);
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

/// The row joins source[o, c, i] into out[o, index[o, c, i], i]: one thread for each o and i.
pub fn Scatter(comptime row: table.ScatterRow, comptime dtype: DType) type {
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
                const index = indexAt(arguments, &arguments.index_strides, o, c, i);
                if (!isInside(index, arguments.length)) continue;
                const target = global(T, three(arguments.out, &arguments.out_strides, o, @bitCast(index), i));
                const value = global(T, three(arguments.source, &arguments.source_strides, o, c, i)).*;
                target.* = join.joined(row, dtype, target.*, value);
            }
        }
    };
}

/// The results of `Scatter` where one index chooses a slice, by a block for each c in x, for all o
/// and i, which blocks in y share. The block of an index's first c joins the elements of all later c
/// with that index.
pub fn ScatterFirst(comptime row: table.ScatterRow, comptime dtype: DType) type {
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
            const index = indexAt(arguments, &arguments.index_strides, 0, thread.x, 0);
            var c = thread.index;
            while (c < thread.x) : (c += layout.threads) {
                if (indexAt(arguments, &arguments.index_strides, 0, c, 0) == index) found = 1;
            }
            shared[thread.index] = found;
        }

        inline fn run(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            for (0..layout.threads) |k| if (shared[k] != 0) return;
            if (faulty(arguments)) return;
            const wanted = indexAt(arguments, &arguments.index_strides, 0, thread.x, 0);
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
                if (indexAt(arguments, &arguments.index_strides, 0, c, 0) != wanted) continue;
                const source = three(arguments.source, &arguments.source_strides, o, c, i);
                total = join.joined(row, dtype, total, global(T, source).*);
            }
            target.* = total;
        }
    };
}
