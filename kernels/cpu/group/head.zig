//! The product before a group: whether it can run together with the tiles, in blocks of how many
//! rows, and in what memory.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const facts = @import("../../program/facts.zig");
const group_access = @import("access.zig");
const matmul = @import("../skeletons/product.zig");
const program = @import("../../program/program.zig");

const Access = group_access.Access;
const MatMul = program.MatMul;

/// A thread's rows of the product, about so many bytes of them and at most so many.
const block_bytes = 192 << 10;
pub const buffer_bytes = 512 << 10;
/// Memory for a right operand whose rows do not lie side by side, brought into that order once.
pub const right_bytes = 4 << 20;
/// Results of chunks of folds over the rows.
pub const partials_bytes = 1 << 20;
/// Past the end of an operand's rows as much may be read.
pub const padding = 1 << 10;
/// A smaller product is in a second-level cache anyhow, and one of less work takes no time: they are
/// shared out better alone.
const bytes_min = 1 << 20;
const work_min = 8 << 20;
const blocks_min = 4;

/// Bytes that an engine holds for them. Untouched, they cost nothing.
pub fn scratchBytes(threads: usize) usize {
    return partials_bytes + right_bytes + padding + threads * (buffer_bytes + padding);
}

/// Where in them the results of chunks stand.
pub fn partials(memory: []align(64) u8) []align(64) u8 {
    return memory[0..partials_bytes];
}

/// What tiles need to know of the product before them.
pub const Head = struct {
    /// Rows of all items, one place of the tiles each.
    places: usize,
    handle: u32,
    base: usize,
    row_bytes: usize,
    /// What is written and read by it: no place of the group may meet another's.
    accesses: [3]Access,
    /// Rows of a block, and whether they stand in a buffer.
    rows_each: usize = 0,
    buffered: bool = false,

    /// Whether all that the access touches for a place is in the product's row of that place: of
    /// the storage a buffer holds nothing else.
    pub fn holds(head: *const Head, other: *const Access) bool {
        const shift: isize = @bitCast(other.base -% head.base);
        return shift +| other.low >= 0 and shift +| other.high <= @as(isize, @intCast(head.row_bytes));
    }

    /// Places in a block, of which tiles take so many at a time.
    pub fn setRows(head: *Head, unit: usize, threads: usize) bool {
        const rows = @min(block_bytes / head.row_bytes, head.places / (blocks_min * threads));
        head.rows_each = @max(rows / unit, 1) * unit;
        head.buffered = head.buffered and head.rows_each * head.row_bytes <= buffer_bytes;
        return head.places >= blocks_min * threads * head.rows_each / 2;
    }
};

/// What stands before tiles, if the product can: all of one type, dense, and worth it.
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
        // Brought into order once, so it must be one matrix.
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

/// Whether the columns of what stands to the right lie side by side.
pub fn rightLies(product: *const MatMul) bool {
    const rank = product.batch_rank;
    return if (matmul.turns(product)) product.a.strides[rank] == 1 else product.b.strides[rank + 1] == 1;
}
