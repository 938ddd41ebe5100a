//! C = A B for f32, f64 and i32, on all threads of a pool.
//!
//! An element of C is a sum over blocks of k, added in order, and within a block a chain from the
//! first product to the last. Where the blocks end depends on k alone, so the bits are the same
//! whatever the threads, the tile, the copies made and the strides; levels with and without fused
//! multiply-add differ in the rounding of a product.
//!
//! C is cut into parts of rows and columns. A part goes through its columns in chunks that fit the
//! second-level cache, through k in blocks, and through its rows in strips as high as a tile. B is
//! copied into panels only where its own order is slow to read: columns that are not contiguous, or
//! rows so far apart that they compete for the same cache sets.
//!
//! Napkin: 2 m n k flops. A tile needs `rows` broadcasts and `vectors` loads for `rows * vectors`
//! multiply-adds, so arithmetic is the bound from a few dozen rows upward.
//!
//! Up to 64 elements past the end of a row of A, B or C may be read, and are never used; nothing is
//! written outside C.

const std = @import("std");
const assert = std.debug.assert;
const contract = @import("contract.zig");
const axes_module = @import("../../program/axes.zig");
const Pool = @import("../pool.zig").Pool;
const panels_module = @import("panels.zig");
const row_module = @import("row.zig");
const tile = @import("tile.zig");
const divCeil = axes_module.divCeil;
const offset = tile.offset;
const partBegin = axes_module.partBegin;
const stepped = tile.stepped;

const Args = contract.Args;
const Batch = contract.Batch;
const block_max = contract.block_max;
const long_depth = contract.long_depth;

const Config = tile.Config;

/// Bytes of copied elements of B, and of A, that a thread holds at once.
const packed_right_bytes = 512 << 10;
const packed_left_bytes = 128 << 10;
/// How many rows ahead a copy prefetches, since each row lies on another memory page.
const rows_ahead = 8;
/// The number of columns from which a single row of C has a loop of its own.
const row_columns_min = 64;
/// A matrix of fewer elements stays in a second-level cache, where tiles are as fast as that loop.
const row_elements_min = 256 << 10;
const scratch_bytes_each = packed_right_bytes + packed_left_bytes;

comptime {
    assert(scratch_bytes_each <= contract.scratch_bytes);
}

pub fn Gemm(comptime T: type, comptime config: Config) type {
    return struct {
        const Tile = tile.Tile(T, config);
        const lanes = Tile.lanes;
        const Row = row_module.Row(T, config);
        const Panels = panels_module.Panels(T, config);
        const Arguments = Args(T);
        /// Elements copied for each column of a strip of A, in whole pieces of 128 bits: elements
        /// past the strip are overwritten by the next column.
        const left_width = std.mem.alignForward(usize, Tile.rows_max, 16 / @sizeOf(T));
        /// Elements of a copied strip of A, and how many strips a thread holds.
        const left_elements = block_max * Tile.rows_max + left_width;
        const left_strips = packed_left_bytes / @sizeOf(T) / left_elements;

        const Plan = struct {
            args: Arguments,
            batch: *const Batch,
            scratch: []align(64) u8,
            right: panels_module.Right,
            /// Whether strips of A are copied.
            left: bool,
            block: usize,
            /// How many parts an item has along rows, and along columns.
            row_parts: usize,
            column_parts: usize,
            items: usize,
            /// Items of a part: more than one only if the part is whole items.
            items_each: usize,
            /// The least columns of a chunk, in registers: one, or a whole panel where panels are
            /// ready.
            unit: usize,
        };

        pub fn run(pool: *Pool, args: Arguments, scratch: []align(64) u8) void {
            runBatch(pool, args, &.{}, scratch);
        }

        /// Like `run`, for each item of the batch; the C of different items must not overlap.
        pub fn runBatch(
            pool: *Pool,
            args: Arguments,
            batch: *const Batch,
            scratch: []align(64) u8,
        ) void {
            const items = batch.items();
            if (args.m == 0 or args.n == 0 or items == 0) return;
            assert(scratch.len >= pool.threads * contract.scratch_bytes);
            const turns = args.n == 1 and args.m != 1 and args.c_row == 1;
            const plan = if (turns)
                makePlan(turned(args), &batch.turned(), items, pool.threads, scratch)
            else
                makePlan(args, batch, items, pool.threads, scratch);
            const parts = if (plan.items_each > 1)
                divCeil(items, plan.items_each)
            else
                items * plan.row_parts * plan.column_parts;
            pool.parallelWorkers(&plan, runPart, parts);
        }

        /// A single column of C is computed as a single row of the transposed product, which reads
        /// A in order.
        fn turned(args: Arguments) Arguments {
            return .{
                .m = 1,
                .n = args.m,
                .k = args.k,
                .a = args.b,
                .a_row = args.b_col,
                .a_col = args.b_row,
                .b = args.a,
                .b_row = args.a_col,
                .b_col = args.a_row,
                .c = args.c,
                .c_row = 0,
            };
        }

        fn makePlan(
            args: Arguments,
            batch: *const Batch,
            items: usize,
            threads: usize,
            scratch: []align(64) u8,
        ) Plan {
            var plan: Plan = .{
                .args = args,
                .batch = batch,
                .scratch = scratch,
                .right = Panels.rightOf(&args),
                .left = false,
                .block = contract.blockOf(args.k),
                .row_parts = 1,
                .column_parts = 1,
                .items = items,
                .items_each = 1,
                .unit = if (args.panels == null) 1 else Tile.vectors_max,
            };
            plan.left = args.a_row == 1 and @abs(args.a_col) *| @sizeOf(T) >= panels_module.apart(args.k) and
                args.n > Tile.vectors_max * lanes;
            split(&plan, threads);
            return plan;
        }

        /// Chooses the parts: none so small that taking one costs more than it saves, and several
        /// for each thread where parts are large, so that a thread that is held up holds up little.
        fn split(plan: *Plan, threads: usize) void {
            const args = plan.args;
            const work = plan.items *| (args.m * args.n *| @max(args.k, 16));
            if (threads == 1 or work < 2 * part_work_min) {
                plan.items_each = plan.items;
                return;
            }
            var wanted = @min(threads, work / part_work_min);
            const each_work = work / wanted;
            if (each_work > 2 * part_work_good) wanted *= @min(4, each_work / part_work_good);
            if (plan.items >= wanted) {
                plan.items_each = @max(1, plan.items / wanted);
                return;
            }
            const each = divCeil(wanted, plan.items);
            const copy: usize = switch (plan.right) {
                .direct, .ready => 1,
                .rows => if (args.k > long_depth) 12 else 3,
                .columns => 6,
                .any => 24,
            };
            const row_groups = divCeil(args.m, Tile.rows_max);
            const units = divCeil(args.n, plan.unit * lanes);
            var best: usize = std.math.maxInt(usize);
            var columns: usize = 1;
            while (columns <= @min(each, units)) : (columns *= 2) {
                const rows = @min(divCeil(each, columns), row_groups);
                const height = divCeil(row_groups, rows) * Tile.rows_max;
                const width = divCeil(units, columns) * plan.unit;
                const turns = divCeil(rows * columns * plan.items, threads);
                const cost = turns * (height * width + copy * width + height);
                if (cost < best) {
                    best = cost;
                    plan.row_parts = rows;
                    plan.column_parts = columns;
                }
            }
        }

        const part_work_min = 16 << 10;
        const part_work_good = 512 << 10;

        fn runPart(plan: *const Plan, part: usize, worker: usize) void {
            const begin = worker * scratch_bytes_each;
            const scratch: []align(64) u8 = @alignCast(plan.scratch[begin..]);
            if (plan.items_each > 1) {
                const first = part * plan.items_each;
                const end = @min(first + plan.items_each, plan.items);
                for (first..end) |item| runItem(plan, item, 0, 0, scratch);
                return;
            }
            const parts = plan.row_parts * plan.column_parts;
            const rest = part % parts;
            runItem(plan, part / parts, rest % plan.row_parts, rest / plan.row_parts, scratch);
        }

        fn runItem(
            plan: *const Plan,
            item: usize,
            row_part: usize,
            column_part: usize,
            scratch: []align(64) u8,
        ) void {
            var args = plan.args;
            const a, const b, const c = plan.batch.offsets(item);
            args.a = offset(args.a, a);
            args.b = offset(args.b, b);
            args.c = offset(args.c, c);
            const unit = plan.unit * lanes;
            const units = divCeil(args.n, unit);
            const row = partBegin(args.m, row_part, plan.row_parts);
            const column = partBegin(units, column_part, plan.column_parts) * unit;
            const row_end = partBegin(args.m, row_part + 1, plan.row_parts);
            const units_end = partBegin(units, column_part + 1, plan.column_parts);
            const column_end = @min(units_end * unit, args.n);
            args.a = stepped(args.a, row, args.a_row);
            args.b = stepped(args.b, column, args.b_col);
            args.c = stepped(args.c, row, args.c_row) + column;
            args.m = row_end - row;
            args.n = column_end - column;
            if (args.k == 0) return clear(args);
            if (args.m == 1 and args.n >= row_columns_min and args.n * args.k >= row_elements_min) {
                if (args.b_col == 1) return Row.down(&args, plan.block);
                if (args.b_row == 1) return Row.across(&args, plan.block);
            }
            const chunk = packed_right_bytes / @sizeOf(T) / block_max / unit * unit;
            const whole = args;
            const width = divCeil(args.n, unit);
            const chunks = divCeil(width * unit, chunk);
            for (0..chunks) |i| {
                const from = partBegin(width, i, chunks) * unit;
                const to = @min(partBegin(width, i + 1, chunks) * unit, args.n);
                args.n = to - from;
                args.b = stepped(whole.b, from, whole.b_col);
                args.c = whole.c + from;
                runChunk(plan, &args, (column + from) / lanes, scratch);
                args.n = whole.n;
            }
        }

        fn clear(args: Arguments) void {
            for (0..args.m) |i| @memset(stepped(args.c, i, args.c_row)[0..args.n], 0);
        }

        /// A chunk of columns in one block of k.
        const Chunk = struct {
            args: *const Arguments,
            first: usize,
            k: usize,
            b: [*]const T,
            right: [*]T,
            left: [*]align(64) T,
            vectors: usize,
            panels: usize,
            strips: usize,

            fn panelBegin(chunk: *const Chunk, panel: usize) usize {
                // Panels that are ready have the full width, except the last one.
                if (chunk.args.panels != null) return @min(panel * Tile.vectors_max, chunk.vectors);
                return partBegin(chunk.vectors, panel, chunk.panels);
            }

            fn panelColumns(chunk: *const Chunk, panel: usize) usize {
                const end = @min(chunk.panelBegin(panel + 1) * lanes, chunk.args.n);
                return end - chunk.panelBegin(panel) * lanes;
            }

            fn stripBegin(chunk: *const Chunk, strip: usize) usize {
                return partBegin(chunk.args.m, strip, chunk.strips);
            }

            /// The address of a panel among the copies.
            fn panelOf(chunk: *const Chunk, panel: usize) [*]T {
                return chunk.right + chunk.panelBegin(panel) * lanes * Panels.height(chunk.k);
            }
        };

        /// Runs few enough columns that a block of k of them stays in the cache while all rows
        /// pass.
        fn runChunk(plan: *const Plan, args: *const Arguments, column: usize, scratch: []align(64) u8) void {
            const vectors = divCeil(args.n, lanes);
            var chunk: Chunk = .{
                .args = args,
                .first = 0,
                .k = 0,
                .b = args.b,
                .right = @ptrCast(scratch.ptr),
                .left = @ptrCast(@alignCast(scratch[packed_right_bytes..].ptr)),
                .vectors = vectors,
                .panels = divCeil(vectors, Tile.vectors_max),
                .strips = divCeil(args.m, Tile.rows_max),
            };
            const group = if (plan.left or config.strips_inner) left_strips else chunk.strips;
            while (chunk.first < args.k) : (chunk.first += plan.block) {
                chunk.k = @min(plan.block, args.k - chunk.first);
                chunk.b = stepped(args.b, chunk.first, args.b_row);
                if (args.panels) |panels| {
                    chunk.right = panels + Panels.place(&plan.args, chunk.first, chunk.k, column);
                } else copyRight(plan, &chunk);
                var strip: usize = 0;
                while (strip < chunk.strips) : (strip += group) {
                    const end = @min(strip + group, chunk.strips);
                    if (plan.left) copyLeft(&chunk, strip, end);
                    runStrips(plan, &chunk, strip, end);
                }
            }
        }

        fn copyRight(plan: *const Plan, chunk: *const Chunk) void {
            const args = chunk.args;
            switch (plan.right) {
                .direct, .ready => return,
                .rows => return copyRows(chunk),
                .columns, .any => {},
            }
            for (0..chunk.panels) |panel| {
                const first = chunk.panelBegin(panel);
                const width = chunk.panelBegin(panel + 1) - first;
                const columns = chunk.panelColumns(panel);
                const from = stepped(chunk.b, first * lanes, args.b_col);
                Panels.copy(plan.right, chunk.panelOf(panel), from, args, chunk.k, columns, width);
            }
        }

        /// Copies row after row into all panels: rows of B may be on a memory page each.
        fn copyRows(chunk: *const Chunk) void {
            for (0..chunk.k) |p| {
                const from = stepped(chunk.b, p, chunk.args.b_row);
                fetch(stepped(from, rows_ahead, chunk.args.b_row), chunk.args.n);
                for (0..chunk.panels) |panel| {
                    const first = chunk.panelBegin(panel);
                    const width = chunk.panelBegin(panel + 1) - first;
                    const to = chunk.panelOf(panel) + p * width * lanes;
                    Tile.copyRow(to, from + first * lanes, width);
                }
            }
        }

        /// Copies strips of a column-major A: one column of all strips after the other.
        fn copyLeft(chunk: *const Chunk, strip: usize, end: usize) void {
            const a = stepped(chunk.args.a, chunk.first, chunk.args.a_col);
            for (0..chunk.k) |p| {
                const from = stepped(a, p, chunk.args.a_col);
                const begin = chunk.stripBegin(strip);
                const ahead = stepped(from, rows_ahead, chunk.args.a_col);
                fetch(ahead + begin, chunk.stripBegin(end) - begin);
                for (strip..end) |s| {
                    const to = chunk.left + (s - strip) * left_elements + p * Tile.rows_max;
                    to[0..left_width].* = from[chunk.stripBegin(s)..][0..left_width].*;
                }
            }
        }

        /// Prefetches elements that are copied soon; an address without memory does no harm.
        inline fn fetch(from: [*]const T, count: usize) void {
            var i: usize = 0;
            while (i < count) : (i += 64 / @sizeOf(T)) @prefetch(from + i, .{ .locality = 2 });
        }

        /// Multiplies some strips by all panels. The inner loop runs through the smaller of the
        /// two, panels or strips, which the second-level cache then delivers again and again.
        fn runStrips(plan: *const Plan, chunk: *const Chunk, first: usize, end: usize) void {
            if (config.strips_inner) {
                for (0..chunk.panels) |panel| {
                    for (first..end) |strip| runTile(plan, chunk, strip, strip - first, panel);
                }
            } else for (first..end) |strip| {
                for (0..chunk.panels) |panel| runTile(plan, chunk, strip, strip - first, panel);
            }
        }

        inline fn runTile(
            plan: *const Plan,
            chunk: *const Chunk,
            strip: usize,
            copy: usize,
            panel: usize,
        ) void {
            const args = chunk.args;
            const row = chunk.stripBegin(strip);
            const rows = chunk.stripBegin(strip + 1) - row;
            const first = chunk.panelBegin(panel);
            const width = chunk.panelBegin(panel + 1) - first;
            var block: Tile.Block = .{
                .k = chunk.k,
                .a = stepped(stepped(args.a, chunk.first, args.a_col), row, args.a_row),
                .a_row = args.a_row,
                .a_col = args.a_col,
                .b = chunk.b + first * lanes,
                .b_row = args.b_row,
                .c = stepped(args.c, row, args.c_row) + first * lanes,
                .c_row = args.c_row,
                .columns = chunk.panelColumns(panel),
                .accumulate = chunk.first > 0,
            };
            if (plan.left) {
                block.a = chunk.left + copy * left_elements;
                block.a_row = 1;
                block.a_col = Tile.rows_max;
            }
            if (plan.right != .direct) {
                block.b = chunk.panelOf(panel);
                block.b_row = @intCast(width * lanes);
            }
            Tile.run(rows, width, &block);
        }
    };
}
