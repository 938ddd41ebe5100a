//! What one CPU level offers: a table of kernels, the arguments of the kernels, and the numbers on
//! which kernels and callers must agree. Skeletons and groups import this file and never a kernel's
//! body, for bodies are compiled once for each level.

const std = @import("std");
const axes = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const philox = @import("../../numbers/philox.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;

const DType = program.DType;

/// A level of this library.
pub const Level = struct {
    name: []const u8,
    table: *const Table,
    supported: *const fn () bool,
    /// Whether products of bfloat16 are added in pairs, by the CPU's instruction for them.
    dots: bool = false,
};

const dtypes = @typeInfo(DType).@"enum".field_names.len;

fn List(comptime Kernel: type, comptime count: usize) type {
    return [convert.Compute.len][count]?Kernel;
}

/// Indexed by compute type, then by row; null where the row does not exist for the type.
pub const Table = extern struct {
    map: List(MapKernel, table.map_rows.len),
    chunks: List(ChunksKernel, table.fold_rows.len),
    short: List(ShortKernel, table.fold_rows.len),
    columns: List(ColumnsKernel, table.fold_rows.len),
    join: List(JoinKernel, table.fold_rows.len),
    arg: List(ArgKernel, table.arg_rows.len),
    arg_columns: List(ArgColumnsKernel, table.arg_rows.len),
    scan: List(ScanKernel, table.scan_rows.len),
    scan_columns: List(ScanColumnsKernel, table.scan_rows.len),
    scan_join: List(ScanJoinKernel, table.scan_rows.len),
    /// Indexed by compute type, then by the dtype in memory.
    load: [convert.Compute.len][dtypes]convert.Load,
    store: [convert.Compute.len][dtypes]convert.Store,
    random: philox.Kernel,
    /// Indexed by the dtype in memory.
    keys: [dtypes]KeysKernel,
    gemm: [convert.Compute.len]GemmKernel,
    /// Null in wasm, where no program comes again, so that panels gain nothing.
    gemm_pack: [convert.Compute.len]?PackKernel,
    convolve: [convert.Compute.len]ConvolveKernel,
    gemm_half: HalfKernel,
    gemm_half_pack: ?HalfPackKernel,
    /// The kernel of bfloat16 pairs where the CPU has AVX512-BF16; null on levels without that
    /// instruction.
    gemm_dots: ?HalfKernel,
    gemm_dots_pack: ?HalfPackKernel,
};

/// Bytes of the vector that holds a repeated operand: the widest vector of any level.
pub const repeated_bytes = 64;
/// Elements of a reduction in one chunk, which is joined before the next chunk is read.
pub const chunk = 1024;
/// Rows of one chunk in a fold whose kept axis is the contiguous one.
pub const column_chunk = 128;

/// Maps `count` elements at each of `places` indices; strides are in bytes from index to index, of
/// the output and then of the inputs. `index` is that of the first element at every one of them.
pub const MapKernel = *const fn (
    out: [*]u8,
    inputs: [*]const [*]const u8,
    strides: [*]const isize,
    repeated: u32,
    scalars: *const anyopaque,
    index: usize,
    places: usize,
    count: usize,
) callconv(.c) void;

/// Joins a row's elements: writes one result for each chunk, the last of which may be partial.
pub const ChunksKernel = *const fn (
    out: [*]u8,
    inputs: [*]const [*]const u8,
    repeated: u32,
    scalars: *const anyopaque,
    index: usize,
    count: usize,
) callconv(.c) void;

/// Joins `count` elements (at most a chunk) at each of `places` indices; input strides are in bytes
/// from index to index. An input whose bit is set in `repeated` is one element for the whole chunk.
/// The index `i` and the order are those of the first chunk of each row.
pub const ShortKernel = *const fn (
    out: [*]u8,
    inputs: [*]const [*]const u8,
    strides: [*]const isize,
    repeated: u32,
    scalars: *const anyopaque,
    places: usize,
    count: usize,
) callconv(.c) void;

/// Joins `rows` (at most `column_chunk`) of each of `columns` to what `out` holds, or from the
/// start if `fresh`; input strides are in bytes from row to row.
pub const ColumnsKernel = *const fn (
    out: [*]u8,
    inputs: [*]const [*]const u8,
    strides: [*]const isize,
    scalars: *const anyopaque,
    index: usize,
    rows: usize,
    columns: usize,
    fresh: bool,
) callconv(.c) void;

/// Joins one result to another, element by element: running[i] = step(running[i], values[i]).
pub const JoinKernel = *const fn (
    running: [*]u8,
    values: [*]const u8,
    scalars: *const anyopaque,
    count: usize,
) callconv(.c) void;

/// Improves `best` and `best_index` (negative before any element was seen) by `count` elements.
pub const ArgKernel = *const fn (
    best: *anyopaque,
    best_index: *i32,
    input: [*]const u8,
    index: usize,
    count: usize,
) callconv(.c) void;

/// Writes the row index of the best of `rows` (at least one) in each of `columns`; `stride` is in
/// bytes from row to row.
pub const ArgColumnsKernel = *const fn (
    out: [*]i32,
    input: [*]const u8,
    stride: isize,
    rows: usize,
    columns: usize,
) callconv(.c) void;

/// Elements of a scan that are joined with one another before they are joined with those before them:
/// part of the definition of a scan, the same on every level.
pub const scan_block = 1024;
/// The same for rows whose joins take long: fewer elements, one after the other, of which as many are
/// joined side by side as there are lanes.
pub const scan_block_slow = scan_block / scan_lanes;
/// Elements that a scan joins as a tree, or side by side.
pub const scan_lanes = 8;

/// The type in which a row of a scan joins: float32 has the digits of float64 until it is stored,
/// unless the row rounds nothing.
pub fn Accumulator(comptime row: table.ScanRow, comptime T: type) type {
    return if (T == i32 or row.chooses) T else f64;
}

/// Scans `count` contiguous elements, at most `scan_block`, behind what `carry`, an accumulator, holds of
/// the elements before; `carry` is then what the elements behind need. Without `out` it only writes
/// into `carry` what each block joins to.
pub const ScanKernel = *const fn (
    out: ?[*]u8,
    input: [*]const u8,
    carry: *anyopaque,
    count: usize,
) callconv(.c) void;

/// Scans `rows` of each of `columns`, which lie side by side; strides are in bytes from row to row.
/// `local` is an accumulator for each column, of what its block has before these rows and then with
/// them; `carry` of what the blocks before have. All rows but the last of a block come in multiples
/// of `scan_lanes`. A row that does not associate has no blocks: `local` is of all that came before.
pub const ScanColumnsKernel = *const fn (
    out: ?[*]u8,
    out_stride: isize,
    inputs: [*]const [*]const u8,
    strides: [*]const isize,
    local: *anyopaque,
    carry: *const anyopaque,
    rows: usize,
    columns: usize,
) callconv(.c) void;

/// Joins accumulators: running[i] = step(running[i], values[i]).
pub const ScanJoinKernel = *const fn (running: *anyopaque, values: *const anyopaque, count: usize) callconv(.c) void;

/// The longest block of k: part of the definition of a product, the same on every level.
pub const block_max = 512;
/// The number of terms from which a product reads its operands from main memory.
pub const long_depth = 2 * block_max;

/// The length of the blocks of k: as equal as possible, in steps that suit every level.
pub fn blockOf(k: usize) usize {
    if (k <= block_max) return k;
    const count = axes.divCeil(k, block_max);
    return std.mem.alignForward(usize, axes.divCeil(k, count), 16);
}

/// Bytes of scratch that a product needs for each thread, whatever its sizes.
pub const scratch_bytes = 768 << 10;

/// C[m, n] = A[m, k] B[k, n] of one type; strides in elements. C is row-major.
pub fn Args(comptime T: type) type {
    return struct {
        m: usize,
        n: usize,
        k: usize,
        a: [*]const T,
        a_row: isize,
        a_col: isize,
        b: [*]const T,
        b_row: isize,
        b_col: isize,
        c: [*]T,
        c_row: isize,
        /// B again, in the panels that a `PackKernel` wrote; null if it wrote none.
        panels: ?[*]align(64) T = null,
    };
}

/// The batch axes, over which the product repeats, and the strides of the pointers, 0 to broadcast.
pub const Batch = struct {
    pub const rank_max = 8;

    rank: usize = 0,
    shape: [rank_max]usize = undefined,
    a: [rank_max]isize = undefined,
    b: [rank_max]isize = undefined,
    c: [rank_max]isize = undefined,

    pub fn of(product: *const program.MatMul) Batch {
        var batch: Batch = .{ .rank = product.batch_rank };
        for (0..batch.rank) |axis| {
            batch.shape[axis] = product.batch[axis];
            batch.a[axis] = product.a.strides[axis];
            batch.b[axis] = product.b.strides[axis];
            batch.c[axis] = product.out.strides[axis];
        }
        return batch;
    }

    pub fn turned(batch: *const Batch) Batch {
        var result = batch.*;
        result.a = batch.b;
        result.b = batch.a;
        return result;
    }

    /// The distance of an item of the batch from the first, in elements of a, b and c.
    pub fn offsets(batch: *const Batch, item: usize) [3]isize {
        var found: [3]isize = @splat(0);
        var rest = item;
        var axis = batch.rank;
        while (axis > 0) {
            axis -= 1;
            const index: isize = @intCast(rest % batch.shape[axis]);
            rest /= batch.shape[axis];
            for (&found, [_]isize{ batch.a[axis], batch.b[axis], batch.c[axis] }) |*sum, stride| sum.* += index * stride;
        }
        return found;
    }

    pub fn items(batch: *const Batch) usize {
        var count: usize = 1;
        for (batch.shape[0..batch.rank]) |size| count *= size;
        return count;
    }
};

/// Writes the keys of `count` elements, `stride` bytes apart, each with the bits of `flip` turned,
/// and returns the least of them.
pub const KeysKernel = *const fn (
    keys: [*]u8,
    source: [*]const u8,
    count: usize,
    stride: isize,
    flip: u64,
) callconv(.c) u64;

/// A matrix product: `arguments` is an `Args` of the compute type; `scratch` has `scratch_bytes`
/// for each thread.
pub const GemmKernel = *const fn (
    pool: *Pool,
    arguments: *const anyopaque,
    batch: *const Batch,
    scratch: [*]align(64) u8,
    scratch_length: usize,
) callconv(.c) void;

/// Copies the right operand into panels for `arguments.panels`, and returns their bytes. Without
/// `to` it only returns the bytes: 0 where products gain nothing by panels.
pub const PackKernel = *const fn (pool: *Pool, arguments: *const anyopaque, to: ?[*]align(64) u8) callconv(.c) usize;

pub const Convolve = program.Convolve;

/// A convolution of operands and a result of one type; `scratch` has `scratch_bytes` for each
/// thread. False, with nothing written, if the kernel is not for such lengths and strides.
pub const ConvolveKernel = *const fn (
    pool: *Pool,
    one: *const Convolve,
    scratch: [*]align(64) u8,
    scratch_length: usize,
) callconv(.c) bool;

/// A matrix of halves or float32 in memory. Strides are in bytes.
pub const HalfOperand = struct {
    data: [*]const u8,
    dtype: DType,
    row: isize,
    column: isize,
    load: convert.Load,

    pub fn at(operand: *const HalfOperand, row: usize, column: usize) [*]const u8 {
        return @ptrFromInt(place(@intFromPtr(operand.data), operand.row, row, operand.column, column));
    }
};

pub const HalfResult = struct {
    data: [*]u8,
    dtype: DType,
    row: isize,
    column: isize,
    store: convert.Store,

    pub fn at(result: *const HalfResult, row: usize, column: usize) [*]u8 {
        return @ptrFromInt(place(@intFromPtr(result.data), result.row, row, result.column, column));
    }
};

pub fn place(base: usize, row: isize, r: usize, column: isize, c: usize) usize {
    const shift = row *% @as(isize, @intCast(r)) +% column *% @as(isize, @intCast(c));
    return base +% @as(usize, @bitCast(shift));
}

/// A product with an operand or a result of halves.
pub const HalfArgs = struct {
    m: usize,
    n: usize,
    k: usize,
    a: HalfOperand,
    b: HalfOperand,
    c: HalfResult,
    /// B again, in the panels that a `HalfPackKernel` wrote; null if it wrote none.
    panels: ?[*]align(64) u8 = null,
};

/// A product of halves: `scratch` has `scratch_bytes` for each thread.
pub const HalfKernel = *const fn (
    pool: *Pool,
    arguments: *const HalfArgs,
    batch: *const Batch,
    scratch: [*]align(64) u8,
    scratch_length: usize,
) callconv(.c) void;

/// Like `PackKernel`, for a product of halves.
pub const HalfPackKernel = *const fn (pool: *Pool, arguments: *const HalfArgs, to: ?[*]align(64) u8) callconv(.c) usize;

/// The types that the library and a level exchange. Most of these structs have no declared layout,
/// and the two objects are compiled separately.
const shared = .{ Table, Pool, Pool.Share, Batch, Args(f32), Args(f64), Args(i32), HalfArgs, HalfOperand, HalfResult, Convolve, program.View };

/// The name under which the table of a level is exported. The name encodes the layout of all shared
/// types, so that an object with another layout does not link.
pub fn symbolOf(comptime level: []const u8) []const u8 {
    @setEvalBranchQuota(1_000_000);
    var layout: []const u8 = "";
    for (shared) |Shared| {
        layout = layout ++ std.fmt.comptimePrint("{d}:", .{@sizeOf(Shared)});
        for (@typeInfo(Shared).@"struct".field_names) |field| {
            layout = layout ++ std.fmt.comptimePrint("{s} {d},", .{ field, @offsetOf(Shared, field) });
        }
    }
    return std.fmt.comptimePrint("deneb_level_{s}_{x}", .{ level, std.hash.Fnv1a_32.hash(layout) });
}
