//! The product before a group (its head): whether the product can run together with the tiles, in
//! blocks of how many rows, and in what memory.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const facts = @import("../../program/facts.zig");
const group_access = @import("access.zig");
const matmul = @import("../skeletons/product.zig");
const program = @import("../../program/program.zig");

const Access = group_access.Access;
const MatMul = program.MatMul;

/// Bytes that a thread's block of the product should have, and the most that it may have.
const block_bytes = 192 << 10;
pub const buffer_bytes = 512 << 10;
/// Memory for the right operand, copied once into row-major order where its rows are not
/// contiguous.
pub const right_bytes = 4 << 20;
/// Memory for the results of chunks, of folds over the rows.
pub const partials_bytes = 1 << 20;
/// Bytes past the end of an operand's rows that the kernels may read.
pub const padding = 1 << 10;
/// A smaller product stays in a second-level cache anyhow, and a product of less work takes no
/// time: run alone, such a product is shared out better among the threads.
const bytes_min = 1 << 20;
const work_min = 8 << 20;
const blocks_min = 4;

/// Bytes that an engine holds for such products. Pages that are never touched cost nothing.
pub fn scratchBytes(threads: usize) usize {
    return partials_bytes + right_bytes + padding + threads * (buffer_bytes + padding);
}

/// The part of that memory in which the results of chunks live.
pub fn partials(memory: []align(64) u8) []align(64) u8 {
    return memory[0..partials_bytes];
}

/// What the tiles need to know of the product before them.
pub const Head = struct {
    /// Rows of all items of the batch; each row is one index of the tiles' cut axis.
    places: usize,
    handle: u32,
    base: usize,
    row_bytes: usize,
    /// What the product writes and reads: no other index of the cut axis may overlap these bytes.
    accesses: [3]Access,
    /// Rows of a block, and whether the block lives in a buffer.
    rows_each: usize = 0,
    buffered: bool = false,

    /// Whether all bytes that the access touches for an index are in the product's row of that
    /// index: a buffer holds no other bytes of the storage.
    pub fn holds(head: *const Head, other: *const Access) bool {
        const shift: isize = @bitCast(other.base -% head.base);
        return shift +| other.low >= 0 and shift +| other.high <= @as(isize, @intCast(head.row_bytes));
    }

    /// Sets the rows of a block, a multiple of `unit`, which is how many indices the tiles take at
    /// a time; false where there would be too few blocks. A block that is too large for the buffer
    /// is not buffered.
    pub fn setRows(head: *Head, unit: usize, threads: usize) bool {
        const rows = @min(block_bytes / head.row_bytes, head.places / (blocks_min * threads));
        head.rows_each = @max(rows / unit, 1) * unit;
        head.buffered = head.buffered and head.rows_each * head.row_bytes <= buffer_bytes;
        return head.places >= blocks_min * threads * head.rows_each / 2;
    }
};

/// The head that the product is for tiles; null if it cannot be one: operands must be of one type
/// and dense, and the product large enough.
pub fn headOf(product: *const MatMul) ?Head {
    const compute = product.compute;
    if (!facts.isUniform(product)) return null;
    const size = compute.bytes();
    var shape: [program.rank_max + 2]usize = undefined;
    const rank: usize = product.batch_rank;
    @memcpy(shape[0..rank], product.batch[0..rank]);
    const turned = matmul.turns(product);
    const rows = if (turned) product.n else product.m;
    const columns = if (turned) product.m else product.n;
    shape[rank..][0..2].* = .{ product.m, product.n };
    var out = product.out;
    if (turned) {
        std.mem.swap(usize, &shape[rank], &shape[rank + 1]);
        std.mem.swap(isize, &out.strides[rank], &out.strides[rank + 1]);
    }
    if (!axes_module.dense(&out, shape[0 .. rank + 2])) return null;
    const items = axes_module.product(shape[0..rank]);
    if (rows < 2 or columns < 16 or product.k == 0 or items * rows < 2) return null;
    if (items *| rows *| columns *| size < bytes_min) return null;
    if (items *| rows *| columns *| product.k < work_min) return null;
    if (product.panels == null and !rightLies(product)) {
        // The right operand is copied into row-major order once, so it must be one matrix.
        if (items != 1 or turned or product.k * columns * size > right_bytes) return null;
    }
    const row_bytes = columns * size;
    const out_address = @intFromPtr(product.out.data);
    return .{
        .places = items * rows,
        .handle = product.out.handle,
        .base = out_address,
        .row_bytes = row_bytes,
        .accesses = .{
            access(&product.out, true, @intCast(row_bytes), @intCast(row_bytes)),
            access(&product.a, false, 0, 1),
            access(&product.b, false, 0, 1),
        },
    };
}

fn access(view: *const program.View, written: bool, stride: isize, high: isize) Access {
    return .{
        .handle = view.handle,
        .written = written,
        .step = 0,
        .operand = 0,
        .base = @intFromPtr(view.data),
        .stride = stride,
        .low = 0,
        .high = high,
        .interval = 0,
    };
}

/// Whether each row of the kernel's right operand is contiguous.
pub fn rightLies(product: *const MatMul) bool {
    const rank = product.batch_rank;
    return if (matmul.turns(product)) product.a.strides[rank] == 1 else product.b.strides[rank + 1] == 1;
}
