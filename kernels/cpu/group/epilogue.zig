//! A product and the group that follows it, block of rows by block of rows.
//!
//! A thread multiplies some rows, all columns of them, and puts the block through the tiles of the
//! group while it is in the thread's cache: bias, activation and residual of a layer forward,
//! derivative and bias gradient backward. A product that only the group reads never reaches main
//! memory: it lives in a buffer of the thread. An element of the product is the same sum whatever
//! the block, so no bit changes.
//!
//! Only products of many rows run so: a product of few rows, or a small one, stays in cache anyhow.

const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const group_access = @import("access.zig");
const group_head = @import("head.zig");
const group_tiles = @import("tiles.zig");
const map = @import("../skeletons/map.zig");
const matmul = @import("../skeletons/product.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;
const Workspace = @import("workspace.zig").Workspace;

const Head = group_head.Head;
const MatMul = program.MatMul;
const Tiles = group_tiles.Tiles;

/// A pool of one thread: a block's product runs on the calling thread only.
var alone: Pool = .{};

fn Run(comptime T: type) type {
    return struct {
        kernel: contract.GemmKernel,
        args: contract.Args(T),
        batch: contract.Batch,
        tiles: *const Tiles,
        head: *const Head,
        scratch: []align(64) u8,
        buffers: []align(64) u8,

        fn block(job: *const @This(), number: usize, worker: usize) void {
            const head = job.head;
            const first = number * head.rows_each;
            const end = @min(first + head.rows_each, head.places);
            const scratch_each = contract.scratch_bytes;
            const scratch: []align(64) u8 = @alignCast(job.scratch[worker * scratch_each ..][0..scratch_each]);
            const own = @intFromPtr(job.buffers[worker * (group_head.buffer_bytes + group_head.padding) ..].ptr);
            const place = head.base + first * head.row_bytes;
            // Keeps an element as aligned in the buffer as in memory, for storages with elements
            // wider than the product's.
            const shift = if (head.buffered) own + place % group_access.element_bytes_max -% place else 0;
            var at = first;
            while (at < end) {
                const item = at / job.args.m;
                const row = at % job.args.m;
                const rows = @min(job.args.m - row, end - at);
                var args = job.args;
                const a, const b, _ = job.batch.offsets(item);
                args.m = rows;
                args.a = moved(args.a, a + @as(isize, @intCast(row)) * args.a_row);
                args.b = moved(args.b, b);
                args.c = @ptrFromInt(head.base + at * head.row_bytes +% shift);
                const none: contract.Batch = .{};
                job.kernel(&alone, &args, &none, scratch.ptr, scratch.len);
                at += rows;
            }
            job.tiles.runPlaces(first, end, shift);
        }

        inline fn moved(pointer: [*]const T, elements: isize) [*]const T {
            return pointer + @as(usize, @bitCast(elements));
        }
    };
}

pub fn run(workspace: *Workspace, product: *const MatMul, head: *Head, tiles: *const Tiles) void {
    head.base = @intFromPtr(product.out.data);
    switch (product.compute) {
        inline .float32, .float64, .int32 => |known| runAs(convert.Compute[@backingInt(known)], workspace, product, head, tiles),
        else => unreachable,
    }
}

const copy_row = table.mapNumber("copy");

fn runAs(
    comptime T: type,
    workspace: *Workspace,
    product: *const MatMul,
    head: *const Head,
    tiles: *const Tiles,
) void {
    const memory = workspace.epilogue;
    var ordered = product.*;
    if (product.panels == null and !group_head.rightLies(product)) {
        ordered.b.data = memory[group_head.partials_bytes..].ptr;
        ordered.b.strides[product.batch_rank..][0..2].* = .{ @intCast(product.n), 1 };
        var copy: program.Map = undefined;
        copy.row = copy_row;
        copy.compute = product.compute;
        copy.rank = 2;
        copy.inputs_count = 1;
        copy.shape[0..2].* = .{ product.k, product.n };
        copy.out = ordered.b;
        copy.out.strides[0..2].* = .{ @intCast(product.n), 1 };
        copy.inputs[0] = product.b;
        copy.inputs[0].strides[0..2].* = product.b.strides[product.batch_rank..][0..2].*;
        copy.scalars = @splat(0);
        map.execute(workspace.level.table, &workspace.pool, &copy);
    }
    const operands = matmul.operandsOf(T, &ordered);
    const context: Run(T) = .{
        .kernel = workspace.level.table.gemm[@backingInt(product.compute)],
        .args = operands.args,
        .batch = operands.batch,
        .tiles = tiles,
        .head = head,
        .scratch = workspace.scratch,
        .buffers = @alignCast(memory[group_head.partials_bytes + group_head.right_bytes + group_head.padding ..]),
    };
    const blocks = (head.places + head.rows_each - 1) / head.rows_each;
    workspace.pool.parallelWorkers(&context, Run(T).block, blocks);
    tiles.finish();
}
