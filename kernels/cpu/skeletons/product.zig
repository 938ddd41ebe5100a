//! The matmul skeleton: passes the operands to the level's `gemm.zig`, which wants a
//! row-major output.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;

/// Runs a product of operands that all have the compute type.
pub fn execute(
    tables: *const contract.Table,
    pool: *Pool,
    scratch: []align(64) u8,
    product: *const program.MatMul,
) void {
    switch (product.compute) {
        inline .float32, .float64, .int32 => |known| {
            executeAs(convert.Compute[@backingInt(known)], tables, pool, scratch, product);
        },
        else => unreachable,
    }
}

fn executeAs(
    comptime T: type,
    tables: *const contract.Table,
    pool: *Pool,
    scratch: []align(64) u8,
    product: *const program.MatMul,
) void {
    const r = product.batch_rank;
    const out = product.out.strides[r..][0..2];
    const run = tables.gemm[@backingInt(product.compute)];
    const operands = operandsOf(T, product);
    if (out[1] == 1 or product.n == 1 or out[0] == 1 or product.m == 1) {
        return run(pool, &operands.args, &operands.batch, scratch.ptr, scratch.len);
    }
    columns(T, pool, operands.args, &operands.batch, out[1], run, scratch);
}

/// The operands as the kernel takes them: transposed where that makes C row-major, unless
/// C has gaps in both of its axes.
pub fn operandsOf(comptime T: type, product: *const program.MatMul) struct { args: contract.Args(T), batch: contract.Batch } {
    const r = product.batch_rank;
    var batch: contract.Batch = .of(product);
    const out = product.out.strides[r..][0..2];
    const a = product.a.strides[r..][0..2];
    const b = product.b.strides[r..][0..2];
    const plain: contract.Args(T) = .{
        .m = product.m,
        .n = product.n,
        .k = product.k,
        .a = @ptrCast(@alignCast(product.a.data)),
        .a_row = a[0],
        .a_col = a[1],
        .b = @ptrCast(@alignCast(product.b.data)),
        .b_row = b[0],
        .b_col = b[1],
        .c = @ptrCast(@alignCast(product.out.data)),
        .c_row = out[0],
        .panels = @ptrCast(product.panels),
    };
    if (!turns(product)) return .{ .args = plain, .batch = batch };
    std.mem.swap([program.rank_max]isize, &batch.a, &batch.b);
    return .{
        .args = .{
            .m = plain.n,
            .n = plain.m,
            .k = plain.k,
            .a = plain.b,
            .a_row = plain.b_col,
            .a_col = plain.b_row,
            .b = plain.a,
            .b_row = plain.a_col,
            .b_col = plain.a_row,
            .c = plain.c,
            .c_row = out[1],
            .panels = plain.panels,
        },
        .batch = batch,
    };
}

/// Whether the kernel computes the transposed product.
pub fn turns(product: *const program.MatMul) bool {
    const out = product.out.strides[product.batch_rank..][0..2];
    return out[1] != 1 and product.n != 1 and (out[0] == 1 or product.m == 1);
}

/// Copies the right operand into panels; see `contract.PackKernel`.
pub fn pack(tables: *const contract.Table, pool: *Pool, product: *const program.MatMul, to: ?[*]align(64) u8) usize {
    switch (product.compute) {
        inline .float32, .float64, .int32 => |known| {
            const operands = operandsOf(convert.Compute[@backingInt(known)], product);
            const run = tables.gemm_pack[@backingInt(known)] orelse return 0;
            return run(pool, &operands.args, to);
        },
        else => return 0,
    }
}

/// Runs column after column, each of which is a row-major matrix. This is slow, but
/// only an output that is a view with gaps in both axes needs it.
fn columns(
    comptime T: type,
    pool: *Pool,
    plain: contract.Args(T),
    batch: *const contract.Batch,
    stride: isize,
    run: contract.GemmKernel,
    scratch: []align(64) u8,
) void {
    const size = @sizeOf(T);
    for (0..plain.n) |j| {
        var column = plain;
        column.n = 1;
        column.panels = null;
        column.b = @ptrFromInt(advance(@intFromPtr(plain.b), plain.b_col *% size, j));
        column.c = @ptrFromInt(advance(@intFromPtr(plain.c), stride *% size, j));
        run(pool, &column, batch, scratch.ptr, scratch.len);
    }
}
