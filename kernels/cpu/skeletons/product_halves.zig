//! The matmul skeleton where an operand or the result is float16 or bfloat16: passes them to the
//! level's `cpu/level/halves.zig`.

const std = @import("std");
const contract = @import("../level/contract.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

pub fn execute(
    level: *const contract.Level,
    pool: *Pool,
    scratch: []align(64) u8,
    product: *const program.MatMul,
) void {
    const operands = operandsOf(level, product);
    const run = if (operands.pairs) level.table.gemm_dots.? else level.table.gemm_half;
    run(pool, &operands.args, &operands.batch, scratch.ptr, scratch.len);
}

/// Copies the right operand into panels; see `contract.PackKernel`.
pub fn pack(level: *const contract.Level, pool: *Pool, product: *const program.MatMul, to: ?[*]align(64) u8) usize {
    const operands = operandsOf(level, product);
    const run = (if (operands.pairs) level.table.gemm_dots_pack else level.table.gemm_half_pack) orelse return 0;
    return run(pool, &operands.args, to);
}

/// The operands as the kernel takes them, and whether the kernel of pairs multiplies them.
fn operandsOf(
    level: *const contract.Level,
    product: *const program.MatMul,
) struct { args: contract.HalfArgs, batch: contract.Batch, pairs: bool } {
    const tables = level.table;
    const r = product.batch_rank;
    var batch: contract.Batch = .of(product);
    const out = &product.out;
    const size: isize = @intCast(out.dtype.bytes());
    var args: contract.HalfArgs = .{
        .m = product.m,
        .n = product.n,
        .k = product.k,
        .a = operand(tables, &product.a, r),
        .b = operand(tables, &product.b, r),
        .c = .{
            .data = out.data,
            .dtype = out.dtype,
            .row = out.strides[r] *% size,
            .column = out.strides[r + 1] *% size,
            .store = tables.store[@backingInt(program.DType.float32)][@backingInt(out.dtype)],
        },
        .panels = product.panels,
    };
    if (turns(product)) {
        // Results of the transposed product are stored in contiguous runs.
        std.mem.swap([program.rank_max]isize, &batch.a, &batch.b);
        std.mem.swap(usize, &args.m, &args.n);
        std.mem.swap(isize, &args.c.row, &args.c.column);
        std.mem.swap(contract.HalfOperand, &args.a, &args.b);
        std.mem.swap(isize, &args.a.row, &args.a.column);
        std.mem.swap(isize, &args.b.row, &args.b.column);
    }
    const pairs = level.dots and args.a.dtype == .bfloat16 and args.b.dtype == .bfloat16;
    return .{ .args = args, .batch = batch, .pairs = pairs };
}

/// Whether the kernel computes the transposed product.
pub fn turns(product: *const program.MatMul) bool {
    const out = product.out.strides[product.batch_rank..][0..2];
    return out[0] == 1 and out[1] != 1;
}

fn operand(tables: *const contract.Table, view: *const program.View, batch_rank: usize) contract.HalfOperand {
    const size: isize = @intCast(view.dtype.bytes());
    return .{
        .data = view.data,
        .dtype = view.dtype,
        .row = view.strides[batch_rank] *% size,
        .column = view.strides[batch_rank + 1] *% size,
        .load = tables.load[@backingInt(program.DType.float32)][@backingInt(view.dtype)],
    };
}
