//! A product and the group that follows it, block of rows by block of rows.
//!
//! A thread multiplies some rows, all columns of them, and puts them through the tiles of the group
//! while they are in its cache: bias, activation and residual of a layer forward, derivative and
//! bias gradient backward. A product that only the group reads never reaches main memory: it stands
//! in a buffer of the thread's. An element of it is the same sum whatever the block, so no bit
//! changes.
//!
//! This is for products of many rows. What has few, or is small, is in cache as it is.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const cpu = @import("../engine.zig");
const facts = @import("../../program/facts.zig");
const group_access = @import("access.zig");
const group_tiles = @import("tiles.zig");
const map = @import("../skeletons/map.zig");
const matmul = @import("../skeletons/product.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;

const Access = group_access.Access;
const MatMul = program.MatMul;
const Tiles = group_tiles.Tiles;

/// A thread's rows of the product, about so many bytes of them and at most so many.
const block_bytes = 192 << 10;
const buffer_bytes = 512 << 10;
/// Memory for a right operand whose rows do not lie side by side, brought into that order once.
const right_bytes = 4 << 20;
/// Results of chunks of folds over the rows.
const partials_bytes = 1 << 20;
/// Past the end of an operand's rows as much may be read.
const padding = 1 << 10;
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
fn rightLies(product: *const MatMul) bool {
    const rank = product.batch_rank;
    return if (matmul.turns(product)) product.a.strides[rank] == 1 else product.b.strides[rank + 1] == 1;
}

/// A block is one thread's: no other takes part in its product.
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
            const own = @intFromPtr(job.buffers[worker * (buffer_bytes + padding) ..].ptr);
            const place = head.base + first * head.row_bytes;
            // A wider element of the storage stands in the buffer as it is aligned in memory.
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

pub fn run(engine: *cpu.Engine, product: *const MatMul, head: *Head, tiles: *const Tiles) void {
    head.base = @intFromPtr(product.out.data);
    switch (product.compute) {
        inline .float32, .float64, .int32 => |known| runAs(convert.Compute[@backingInt(known)], engine, product, head, tiles),
        else => unreachable,
    }
}

const copy_row = table.mapNumber("copy");

fn runAs(
    comptime T: type,
    engine: *cpu.Engine,
    product: *const MatMul,
    head: *const Head,
    tiles: *const Tiles,
) void {
    const memory = engine.epilogue;
    var ordered = product.*;
    if (product.panels == null and !rightLies(product)) {
        ordered.b.data = memory[partials_bytes..].ptr;
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
        map.execute(engine.level.table, &engine.pool, &copy);
    }
    const operands = matmul.operandsOf(T, &ordered);
    const context: Run(T) = .{
        .kernel = engine.level.table.gemm[@backingInt(product.compute)],
        .args = operands.args,
        .batch = operands.batch,
        .tiles = tiles,
        .head = head,
        .scratch = engine.scratch,
        .buffers = @alignCast(memory[partials_bytes + right_bytes + padding ..]),
    };
    const blocks = (head.places + head.rows_each - 1) / head.rows_each;
    engine.pool.parallelWorkers(&context, Run(T).block, blocks);
    tiles.finish();
}
