//! The argument structs of the CUDA kernels, which the host fills and a kernel receives by value,
//! and the division by multiplication with which a kernel turns a linear index into the indices of
//! axes.
//!
//! Addresses are numbers, so that the same structs serve the device and the host.

const std = @import("std");
const convert = @import("../program/convert.zig");
const program = @import("../program/program.zig");

pub const rank_max = program.rank_max;
pub const operands_max = program.inputs_max + 1;
/// Threads of a block, the same for every kernel.
pub const threads = 256;
/// The most elements, or vectors of elements, that a launch counts: the divisions below are exact
/// up to this number.
pub const places_max = (1 << 31) - 1;
/// How many elements a thread joins before it sets their result aside, and the most levels of the
/// tree of these results.
pub const fold_block = 64;
pub const fold_levels = 32;

/// Division by a number that is the same for all threads: n / d is (high(n m) + n) >> shift, with
/// m = 2^32 (2^shift - d) / d + 1 (Granlund and Montgomery, 1994), for n below 2^31.
pub const Divisor = extern struct {
    size: u32 = 1,
    multiplier: u32 = 1,
    shift: u32 = 0,

    pub fn init(size: usize) Divisor {
        std.debug.assert(size >= 1 and size <= places_max);
        const shift: u6 = @intCast(std.math.log2_int_ceil(usize, size));
        const excess = (@as(u64, 1) << shift) - size;
        const multiplier = (excess << 32) / size + 1;
        return .{ .size = @intCast(size), .multiplier = @intCast(multiplier), .shift = shift };
    }

    pub inline fn quotient(divisor: Divisor, n: u32) u32 {
        const high: u32 = @truncate((@as(u64, n) * divisor.multiplier) >> 32);
        return (high +% n) >> @truncate(divisor.shift);
    }
};

/// A row of the table over the indices of `axes`, the last axis fastest. A kernel declares the
/// struct with as many operands as it has, and the host passes a prefix of the longest one.
pub fn Map(comptime operands: usize) type {
    return extern struct {
        /// The output, then the inputs.
        addresses: [operands_max]u64 = @splat(0),
        /// The scalars in the compute type, in the low bytes.
        scalars: [3]u64 = @splat(0),
        /// The first value of the index `i` along the last axis.
        first: u64 = 0,
        /// How many elements, or vectors of elements, the threads share out.
        count: u32 = 0,
        rank: u32 = 0,
        /// How many elements the last axis has; the vector kernel's last vector may be partial.
        elements: u64 = 0,
        dtypes: [operands_max]u8 = @splat(0),
        /// A bit for each operand that is one element along the last axis.
        repeated: u8 = 0,
        divisors: [rank_max]Divisor = @splat(.{}),
        /// Strides in bytes.
        strides: [operands][rank_max]i64 = @splat(@splat(0)),
    };
}

/// Bytes of arguments that every OpenCL device takes: the least CL_DEVICE_MAX_PARAMETER_SIZE that
/// the standard allows. CUDA takes four times as many.
pub const arguments_bytes_max = 1024;

pub const fused_views_max = 16;
pub const fused_scalars_max = 24;
pub const fused_rank_max = 4;

/// The arguments of several maps, or of maps and folds along the rows of a matrix, fused into one
/// kernel, whose text declares the same fields.
pub const Fused = extern struct {
    addresses: [fused_views_max]u64 = @splat(0),
    scalars: [fused_scalars_max]u64 = @splat(0),
    /// The same fields as in `Map`.
    elements: u64 = 0,
    count: u32 = 0,
    /// Fields of `row_plan.Geometry`.
    each: u32 = 0,
    divisors: [fused_rank_max]Divisor = @splat(.{}),
    strides: [fused_views_max][fused_rank_max]i64 = @splat(@splat(0)),

    comptime {
        // On OpenCL a pointer for each view is a further argument.
        std.debug.assert(@sizeOf(Fused) + fused_views_max * @sizeOf(u64) <= arguments_bytes_max);
    }
};

/// The scalars of the steps of a plan, each in its compute type.
pub fn fillScalars(steps: anytype, scalars: *[fused_scalars_max]u64) void {
    for (steps) |*step| {
        const words = scalars[step.scalar..][0..step.scalars];
        for (words, step.values[0..step.scalars]) |*word, value| word.* = convert.bitsOf(step.compute, value);
    }
}

/// The most operands of a scan.
pub const scan_operands = 3;

/// The arguments of a scan: the scanned axis apart, then the axes of its rows, the innermost first.
pub const Scan = extern struct {
    addresses: [scan_operands]u64 = @splat(0),
    /// What each part joins to, and then what the parts up to it do, in the compute type.
    carried: u64 = 0,
    /// Strides in bytes.
    along: [scan_operands]i64 = @splat(0),
    strides: [scan_operands][rank_max]i64 = @splat(@splat(0)),
    /// The elements of a row, and those of a part of it.
    length: u64 = 0,
    each: u64 = 0,
    rows: Divisor = .{},
    /// How many parts all rows have.
    items: u32 = 0,
    rank: u32 = 0,
    /// 1 where only what each part joins to is wanted.
    totals: u32 = 0,
    dtypes: [4]u8 = @splat(0),
    divisors: [rank_max]Divisor = @splat(.{}),

    comptime {
        // Equal arguments have equal bytes.
        std.debug.assert(@sizeOf(Scan) == 8 * (6 + 3 + scan_operands * rank_max) + 12 + 4 * 4 + 12 * rank_max + 4);
    }
};

/// The arguments of a fold or arg: the kept axes, then the reduced ones.
pub fn Fold(comptime operands: usize) type {
    return extern struct {
        addresses: [operands_max]u64 = @splat(0),
        scalars: [3]u64 = @splat(0),
        dtypes: [operands_max]u8 = @splat(0),
        /// Whether neighbouring threads work on neighbouring kept indices.
        column: u8 = 0,
        kept_rank: u32 = 0,
        reduced_rank: u32 = 0,
        kept: u32 = 0,
        reduced: u32 = 0,
        /// Reduced elements for each block in y.
        each: u32 = 0,
        /// Binary logarithm of the kept indices of a block.
        places_bits: u32 = 0,
        /// Bytes from the result of one block to that of the next in y.
        split_stride: u64 = 0,
        /// The index `i` of the first reduced element.
        first: u64 = 0,
        divisors: [2 * rank_max]Divisor = @splat(.{}),
        strides: [operands][2 * rank_max]i64 = @splat(@splat(0)),
    };
}

/// Elements of a sort that a block sorts in the memory that its threads share.
pub const sort_tile = 1024;
/// The most elements of a sort that lie in scratch memory at once, unless one row has more.
pub const sort_elements = 1 << 27;

/// The arguments of a sort. Each row has room for a power of two of elements; those that it does
/// not have come after all others.
pub const Sort = extern struct {
    out: u64,
    x: u64,
    /// The elements of rows that are longer than a tile: a key and a place each.
    elements: u64,
    /// The index of the first row among all, and the number of rows.
    first: u64,
    rows: u64,
    length: u32,
    taken: u32,
    /// The base-2 logarithm of the room of a row.
    room_bits: u32,
    descending: u32,
    /// What is sorted so far are runs of `size` / 2 elements; elements that lie `distance` apart are
    /// compared.
    size: u64 = 0,
    distance: u64 = 0,
    rank: u64,
    /// The lengths of the axes of rows, and the bytes (on OpenCL the elements) from one to the next.
    shape: [rank_max]u64 = @splat(1),
    out_strides: [rank_max]i64 = @splat(0),
    x_strides: [rank_max]i64 = @splat(0),
    out_step: i64,
    x_step: i64,

    /// The arguments of an instruction, whose strides count units of that many bytes for each
    /// element of the output and of the input.
    pub fn of(one: *const program.Sort, out_bytes: i64, x_bytes: i64) Sort {
        const room = @max(std.math.log2_int_ceil(usize, @max(one.length, 1)), 1);
        var sort: Sort = .{
            .out = @intFromPtr(one.out.data),
            .x = @intFromPtr(one.x.data),
            .elements = 0,
            .first = 0,
            .rows = 0,
            .length = @intCast(one.length),
            .taken = @intCast(one.taken),
            .room_bits = room,
            .descending = @intFromBool(one.descending != 0),
            .rank = one.rank,
            .out_step = one.out.strides[one.rank] *% out_bytes,
            .x_step = one.x.strides[one.rank] *% x_bytes,
        };
        for (0..one.rank) |axis| {
            sort.shape[axis] = one.shape[axis];
            sort.out_strides[axis] = one.out.strides[axis] *% out_bytes;
            sort.x_strides[axis] = one.x.strides[axis] *% x_bytes;
        }
        return sort;
    }
};

/// The launches of a sort in order, for rows of that room: each block sorts its tiles, then runs of
/// `size` / 2 elements become runs of `size`, in steps of which those over short distances are one.
pub const SortSteps = struct {
    room: u64,
    size: u64 = 0,
    distance: u64 = 0,

    pub const Kind = enum(u8) { tile, exchange, merge };
    pub const Step = struct { kind: Kind, size: u64, distance: u64 };

    pub fn next(steps: *SortSteps) ?Step {
        if (steps.size == 0) {
            steps.size = sort_tile;
            steps.distance = 0;
            return .{ .kind = .tile, .size = sort_tile, .distance = 0 };
        }
        if (steps.distance == 0) {
            if (steps.size >= steps.room) return null;
            steps.size *= 2;
            steps.distance = steps.size / 2;
        }
        const distance = steps.distance;
        const is_short = distance < sort_tile;
        steps.distance = if (is_short) 0 else distance / 2;
        return .{ .kind = if (is_short) .merge else .exchange, .size = steps.size, .distance = distance };
    }
};

/// The first instruction that met an index out of range, and the first such index.
pub const Fault = extern struct {
    /// The instruction's serial, 0 for none.
    claim: u32 = 0,
    kind: u32 = 0,
    /// The position of the index in the upper half, the index's 32 bits in the lower.
    first: u64 = std.math.maxInt(u64),
    length: u64 = 0,
};

pub const FaultKind = enum(u32) { label, gather, scatter };

test "a sort of four tiles takes six launches" {
    var steps: SortSteps = .{ .room = 4 * sort_tile };
    const kinds = [_]SortSteps.Kind{ .tile, .exchange, .merge, .exchange, .exchange, .merge };
    for (kinds) |kind| try std.testing.expectEqual(kind, steps.next().?.kind);
    try std.testing.expectEqual(null, steps.next());
}

test "a divisor divides" {
    var size: usize = 1;
    while (size <= places_max) : (size += 1 + size / 3) {
        const divisor: Divisor = .init(size);
        const d: u32 = @intCast(size);
        const edges = [_]u32{ 0, 1, d - 1, d, d +| 1, 2 *| d, (places_max / d) * d, (places_max / d) * d - 1, places_max };
        for (edges) |n| {
            if (n > places_max) continue;
            try std.testing.expectEqual(n / d, divisor.quotient(n));
        }
        var n: u32 = 0;
        while (n < places_max - 100_000_007) : (n += 100_000_007) {
            try std.testing.expectEqual(n / d, divisor.quotient(n));
        }
    }
    _ = Divisor.init(places_max);
}
