//! C = A B where operands or results are float16 or bfloat16, on all threads of a pool: sums are
//! float32, and each is rounded once, at its end.
//!
//! Two kernels share the walk. One widens both operands as it copies them and multiplies them with
//! the tiles of float32: its results are the float32 product of the widened operands, rounded. The
//! other is for bfloat16 where the CPU adds the products of two neighbours in one instruction: it
//! copies pairs, and does twice as many flops in a step. That instruction takes subnormal numbers
//! for zero, so its bits differ from the first kernel's; the bits of both depend on the shape
//! alone.
//!
//! A part is some rows and columns of C. For each block of k the part's panel of B is copied once,
//! then strips of A one after another, and sums are kept in scratch until the last block is done. A
//! copy of B serves up to 256 rows and one of A up to 240 columns, so both cost a few percent of
//! the flops, which are the bound. Where B is in panels already, a part has half the rows and twice
//! the columns.

const std = @import("std");
const assert = std.debug.assert;
const builtin = @import("builtin");
const axes_module = @import("../../program/axes.zig");
const convert = @import("../../program/convert.zig");
const contract = @import("contract.zig");
const Pool = @import("../pool.zig").Pool;
const tile = @import("tile.zig");
const DType = @import("../../program/program.zig").DType;

const Args = contract.HalfArgs;
const Batch = contract.Batch;
const divCeil = axes_module.divCeil;
const partBegin = axes_module.partBegin;
const place = contract.place;

/// Rows and columns of a part, and the most copied elements of a column: 4 bytes each, which hold
/// one number or a pair.
const rows_part = 256;
const columns_part = 240;
const depth_max = contract.block_max;
const rows_strip = 8;
/// Whole registers are read and written, also beyond the last column.
const slack = 256;
const right_bytes = depth_max * columns_part * 4 + slack;
const sums_bytes = rows_part * columns_part * 4 + slack;
const left_bytes = depth_max * rows_strip * 4 + slack;
const scratch_bytes_each = right_bytes + sums_bytes + left_bytes;

comptime {
    assert(scratch_bytes_each <= contract.scratch_bytes);
    assert(right_bytes % 64 == 0 and sums_bytes % 64 == 0 and left_bytes % 64 == 0);
}

/// Whether this level's compiler knows the registers of the instruction for pairs.
pub const has_dots = builtin.zig_backend == .stage2_llvm and builtin.cpu.arch == .x86_64 and
    std.Target.x86.featureSetHas(builtin.cpu.features, .avx512f);

/// With `dots` the kernel of pairs: A and B must be bfloat16 and the CPU must have AVX512-BF16.
pub fn Gemm(comptime config: tile.Config, comptime dots: bool) type {
    return struct {
        const Tile = tile.Tile(f32, config);
        const lanes = Tile.lanes;
        const rows_max = Tile.rows_max;
        const vectors_max = Tile.vectors_max;
        const vectors_part = columns_part / lanes;
        /// The type of a copied element, and the steps of k in one.
        const Copied = if (dots) u32 else f32;
        const each = if (dots) 2 else 1;

        comptime {
            assert(rows_max <= rows_strip and columns_part % (lanes * vectors_max) == 0);
        }

        const Plan = struct {
            args: *const Args,
            batch: *const Batch,
            scratch: []align(64) u8,
            block: usize,
            items: usize,
            row_parts: usize,
            column_parts: usize,
            /// The least columns of a step in registers: one, or a whole panel where panels are
            /// ready.
            unit: usize,
            parts: usize,
            parts_each: usize,
        };

        pub fn run(
            pool: *Pool,
            args: *const Args,
            batch: *const Batch,
            scratch: [*]align(64) u8,
            scratch_length: usize,
        ) callconv(.c) void {
            var items: usize = 1;
            for (batch.shape[0..batch.rank]) |size| items *= size;
            if (args.m == 0 or args.n == 0 or items == 0) return;
            assert(scratch_length >= pool.threads * contract.scratch_bytes);
            const plan = makePlan(args, batch, items, pool.threads, scratch[0..scratch_length]);
            const parts = divCeil(plan.parts, plan.parts_each);
            pool.parallelWorkers(&plan, runParts, parts);
        }

        /// The least work for which a thread is worth waking, and the work of a part where there is
        /// enough.
        const part_work_min = 32 << 10;
        const part_work_good = 1 << 20;
        /// The number of rows below which another copy of B for these rows costs too much.
        const rows_min = 32;

        fn makePlan(
            args: *const Args,
            batch: *const Batch,
            items: usize,
            threads: usize,
            scratch: []align(64) u8,
        ) Plan {
            const unit = if (args.panels == null) 1 else vectors_max;
            const units = divCeil(args.n, unit * lanes);
            // Panels that are ready take no scratch: with fewer rows and more columns A is copied
            // less often.
            const wider: usize = if (args.panels == null) 1 else 2;
            var rows = divCeil(args.m, rows_part / wider);
            var columns = divCeil(units * unit, vectors_part * wider);
            const work = items *| (args.m * args.n *| @max(args.k, 16));
            const some = @min(threads, work / part_work_min);
            const wanted = if (threads == 1) 1 else @max(1, some, @min(4 * threads, work / part_work_good));
            if (items * rows * columns < wanted) {
                rows = @max(rows, @min(divCeil(wanted, items * columns), divCeil(args.m, rows_min)));
                columns = @max(columns, @min(divCeil(wanted, items * rows), units));
            }
            const parts = items * rows * columns;
            return .{
                .args = args,
                .batch = batch,
                .scratch = scratch,
                .block = blockOf(args.k),
                .items = items,
                .row_parts = rows,
                .column_parts = columns,
                .unit = unit,
                .parts = parts,
                .parts_each = @max(1, parts / wanted),
            };
        }

        /// Blocks of k; the widened product uses those of `gemm.zig`, so that its bits are the
        /// same.
        fn blockOf(k: usize) usize {
            return if (dots) depth_max * each else contract.blockOf(k);
        }

        fn runParts(plan: *const Plan, group: usize, worker: usize) void {
            const scratch: []align(64) u8 = @alignCast(plan.scratch[worker * scratch_bytes_each ..]);
            const first = group * plan.parts_each;
            for (first..@min(first + plan.parts_each, plan.parts)) |part| runPart(plan, part, scratch);
        }

        fn runPart(plan: *const Plan, part: usize, scratch: []align(64) u8) void {
            // Rows change fastest from part to part: the next part finds the columns of B in the
            // cache.
            const row_part = part % plan.row_parts;
            const column_part = part / plan.row_parts % plan.column_parts;
            var args = plan.args.*;
            const a, const b, const c = plan.batch.offsets(part / plan.row_parts / plan.column_parts);
            args.a.data = stepped(args.a.data, a, args.a.dtype, 1);
            args.b.data = stepped(args.b.data, b, args.b.dtype, 1);
            args.c.data = stepped(args.c.data, c, args.c.dtype, 1);
            const unit = plan.unit * lanes;
            const units = divCeil(args.n, unit);
            const row = partBegin(args.m, row_part, plan.row_parts);
            const column = partBegin(units, column_part, plan.column_parts) * unit;
            const row_end = partBegin(args.m, row_part + 1, plan.row_parts);
            const column_end = @min(partBegin(units, column_part + 1, plan.column_parts) * unit, args.n);
            args.m = row_end - row;
            args.n = column_end - column;
            args.a.data = args.a.at(row, 0);
            args.b.data = args.b.at(0, column);
            args.c.data = args.c.at(row, column);
            compute(plan, &args, column, scratch);
        }

        fn compute(plan: *const Plan, args: *const Args, column: usize, scratch: []align(64) u8) void {
            const block = plan.block;
            var right: [*]Copied = @ptrCast(scratch.ptr);
            const sums: [*]align(64) f32 = @ptrCast(@alignCast(scratch[right_bytes..].ptr));
            const left: [*]align(64) Copied = @ptrCast(@alignCast(scratch[right_bytes + sums_bytes ..].ptr));
            const vectors = divCeil(args.n, lanes);
            const pitch = vectors * lanes;
            if (args.k == 0) @memset(sums[0 .. args.m * pitch], 0);
            const strips = divCeil(args.m, rows_max);
            var first: usize = 0;
            while (first < args.k) : (first += block) {
                const count = @min(block, args.k - first);
                const depth = divCeil(count, each);
                var begin: usize = 0;
                if (args.panels) |panels| {
                    right = @as([*]Copied, @ptrCast(panels)) + panelPlace(plan.args, first, depth, column);
                } else while (begin < vectors) : (begin += vectors_max) {
                    const columns = @min(args.n - begin * lanes, vectors_max * lanes);
                    copyRight(args, first, count, begin * lanes, columns, right + begin * lanes * depth);
                }
                for (0..strips) |strip| {
                    const row = partBegin(args.m, strip, strips);
                    const rows = partBegin(args.m, strip + 1, strips) - row;
                    copyLeft(args, first, count, row, rows, left);
                    begin = 0;
                    while (begin < vectors) : (begin += vectors_max) {
                        const wide = @min(vectors_max, vectors - begin);
                        const panel: Panel = .{
                            .depth = depth,
                            .left = left,
                            .right = right + begin * lanes * depth,
                            .pitch = @min(args.n - begin * lanes, vectors_max * lanes),
                            .sums = sums + row * pitch + begin * lanes,
                            .sums_pitch = pitch,
                            .accumulate = first > 0,
                        };
                        multiply(rows, wide, &panel);
                    }
                }
            }
            const store = args.c.store;
            if (pitch == args.n) {
                return store(@constCast(args.c.data), @ptrCast(sums), args.m, args.n, args.c.row, args.c.column);
            }
            for (0..args.m) |row| {
                store(args.c.at(row, 0), @ptrCast(sums + row * pitch), 1, args.n, args.c.row, args.c.column);
            }
        }

        /// The offset of a block of k of a ready panel: all panels of one block lie before those of
        /// the next block.
        fn panelPlace(args: *const Args, first: usize, depth: usize, column: usize) usize {
            return first / each * args.n + column * depth;
        }

        pub fn pack(pool: *Pool, args: *const Args, to: ?[*]align(64) u8) callconv(.c) usize {
            if (args.m == 0 or args.n <= lanes or args.k <= 1) return 0;
            if (to) |panels| {
                const job: Packing = .{ .args = args, .to = @ptrCast(panels) };
                pool.parallelWorkers(&job, Packing.panel, divCeil(args.n, Packing.width));
            }
            return divCeil(args.k, each) * args.n * @sizeOf(Copied) + slack;
        }

        const Packing = struct {
            args: *const Args,
            to: [*]Copied,

            const width = vectors_max * lanes;

            fn panel(job: *const Packing, number: usize, _: usize) void {
                const args = job.args;
                const column = number * width;
                const columns = @min(args.n - column, width);
                const block = blockOf(args.k);
                var first: usize = 0;
                while (first < args.k) : (first += block) {
                    const count = @min(block, args.k - first);
                    const place_to = panelPlace(args, first, divCeil(count, each), column);
                    copyRight(args, first, count, column, columns, job.to + place_to);
                }
            }
        };

        /// Multiplies a strip of A by some registers' width of B.
        const Panel = struct {
            depth: usize,
            /// The strip of A: pairs lie column by column, single numbers row by row.
            left: [*]const Copied,
            right: [*]const Copied,
            pitch: usize,
            sums: [*]f32,
            sums_pitch: usize,
            accumulate: bool,
        };

        fn copyRight(args: *const Args, first: usize, count: usize, column: usize, columns: usize, to: [*]Copied) void {
            const from = args.b.at(first, column);
            if (dots) return copyPairs(to, from, count, columns, args.b.row, args.b.column);
            args.b.load(@ptrCast(to), from, count, columns, args.b.row, args.b.column);
        }

        fn copyLeft(args: *const Args, first: usize, count: usize, row: usize, rows: usize, to: [*]Copied) void {
            const from = args.a.at(row, first);
            if (dots) return copyPairs(to, from, count, rows, args.a.column, args.a.row);
            args.a.load(@ptrCast(to), from, rows, count, args.a.row, args.a.column);
        }

        inline fn multiply(rows: usize, vectors: usize, panel: *const Panel) void {
            if (dots) return dot_table[rows - 1][vectors - 1](panel);
            Tile.run(rows, vectors, &.{
                .k = panel.depth,
                .a = panel.left,
                .a_row = @intCast(panel.depth),
                .a_col = 1,
                .b = panel.right,
                .b_row = @intCast(panel.pitch),
                .c = panel.sums,
                .c_row = @intCast(panel.sums_pitch),
                .columns = vectors * lanes,
                .accumulate = panel.accumulate,
            });
        }

        const Run = *const fn (panel: *const Panel) void;

        const dot_table: [rows_max][vectors_max]Run = blk: {
            var functions: [rows_max][vectors_max]Run = undefined;
            for (0..rows_max) |r| {
                for (0..vectors_max) |v| functions[r][v] = Dots(r + 1, v + 1).run;
            }
            break :blk functions;
        };

        fn Dots(comptime rows: usize, comptime vectors: usize) type {
            return struct {
                fn run(panel: *const Panel) void {
                    var sums: [rows][vectors]Sum = @splat(@splat(@splat(0)));
                    var left = panel.left;
                    var right = panel.right;
                    for (0..panel.depth) |_| {
                        var pairs: [vectors]Pairs = undefined;
                        inline for (&pairs, 0..) |*vector, v| vector.* = right[v * lanes ..][0..lanes].*;
                        inline for (0..rows) |r| {
                            const one: Pairs = @splat(left[r]);
                            inline for (0..vectors) |v| sums[r][v] = addDots(sums[r][v], one, pairs[v]);
                        }
                        left += rows;
                        right += panel.pitch;
                    }
                    inline for (0..rows) |r| inline for (0..vectors) |v| {
                        const at = panel.sums[r * panel.sums_pitch + v * lanes ..][0..lanes];
                        at.* = if (panel.accumulate) @as(Sum, at.*) + sums[r][v] else sums[r][v];
                    };
                }
            };
        }
    };
}

const Sum = @Vector(16, f32);
const Pairs = @Vector(16, u32);

/// sum + x0 y0 + x1 y1 for each pair.
inline fn addDots(sum: Sum, x: Pairs, y: Pairs) Sum {
    return asm ("vdpbf16ps %[y], %[x], %[sum]"
        : [sum] "=v" (-> Sum),
        : [x] "v" (x),
          [y] "v" (y),
          [_] "0" (sum),
    );
}

/// Copies pairs of neighbours along k, row after row of `columns`; the last pair is completed by a
/// zero. Strides are in bytes.
fn copyPairs(to: [*]u32, from: [*]const u8, count: usize, columns: usize, along: isize, across: isize) void {
    const whole = count / 2;
    if (along == 2) {
        // Both halves of a pair are one word of 32 bits.
        convert.Loader(.int32, i32).load(@ptrCast(to), from, whole, columns, 4, across);
    } else for (0..whole) |p| {
        const low = elementAt(from, along, 2 * p);
        const high = elementAt(from, along, 2 * p + 1);
        const out = to + p * columns;
        var c: usize = 0;
        if (across == 2) inline for (.{ 16, 8 }) |width| {
            while (c + width <= columns) : (c += width) {
                const x: @Vector(width, u32) = @as(@Vector(width, u16), low[c..][0..width].*);
                const y: @Vector(width, u32) = @as(@Vector(width, u16), high[c..][0..width].*);
                out[c..][0..width].* = x | y << @splat(16);
            }
        };
        while (c < columns) : (c += 1) {
            const x: u32 = elementAt(@ptrCast(low), across, c)[0];
            const y: u32 = elementAt(@ptrCast(high), across, c)[0];
            out[c] = x | y << 16;
        }
    }
    if (count % 2 == 0) return;
    const last = elementAt(from, along, count - 1);
    for (0..columns) |c| to[whole * columns + c] = elementAt(@ptrCast(last), across, c)[0];
}

inline fn elementAt(from: [*]const u8, stride: isize, index: usize) [*]align(1) const u16 {
    return @ptrFromInt(place(@intFromPtr(from), stride, index, 0, 0));
}

fn stepped(data: anytype, stride: isize, dtype: DType, index: usize) @TypeOf(data) {
    const bytes: isize = @intCast(dtype.bytes());
    return @ptrFromInt(place(@intFromPtr(data), stride *% bytes, index, 0, 0));
}
