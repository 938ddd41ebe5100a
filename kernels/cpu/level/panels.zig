//! Panels: B in the order in which tiles read it, some registers of columns wide, row after row.
//!
//! A product copies a block of k of a few panels at a time into scratch, where the order of B is
//! slow to read. A B that many products share can be copied into panels as a whole: block of k
//! after block, and panel after panel within a block; all panels but the last are as wide as a
//! tile.

const std = @import("std");
const contract = @import("contract.zig");
const divCeil = @import("../../program/axes.zig").divCeil;
const tile = @import("tile.zig");
const Pool = @import("../pool.zig").Pool;

/// How tiles get B: read in its own order, copied, or ready in panels.
pub const Right = enum { direct, rows, columns, any, ready };

/// The number of rows of A below which distant rows of B are read in place: a copy would serve too
/// few rows.
const rows_min = 64;

pub fn Panels(comptime T: type, comptime config: tile.Config) type {
    return struct {
        const Tile = tile.Tile(T, config);
        const lanes = Tile.lanes;
        const Arguments = contract.Args(T);

        pub fn rightOf(args: *const Arguments) Right {
            if (args.panels != null) return .ready;
            if (args.b_col == 1 or args.n == 1) {
                return if (args.m >= rows_min and compete(args)) .rows else .direct;
            }
            return if (args.b_row == 1 or args.k == 1) .columns else .any;
        }

        /// Whether rows of B are so far apart that they compete for the same cache sets.
        fn compete(args: *const Arguments) bool {
            return @abs(args.b_row) *| @sizeOf(T) >= 4 * apart(args.k) and args.n > Tile.vectors_max * lanes;
        }

        pub inline fn copy(
            right: Right,
            to: [*]T,
            from: [*]const T,
            args: *const Arguments,
            k: usize,
            columns: usize,
            vectors: usize,
        ) void {
            switch (right) {
                .direct, .rows => for (0..k) |p| {
                    Tile.copyRow(to + p * vectors * lanes, tile.stepped(from, p, args.b_row), vectors);
                },
                .columns => Tile.packColumns(to, from, args.b_col, k, columns, vectors),
                .any => Tile.packAny(to, from, args.b_row, args.b_col, k, columns, vectors),
                .ready => unreachable,
            }
        }

        /// Elements of one register's width of columns in a block of k.
        pub fn height(k: usize) usize {
            return std.mem.alignForward(usize, k, lanes);
        }

        /// The offset, among all panels, of a block of k of the panel that begins at that register.
        pub fn place(args: *const Arguments, first: usize, k: usize, vector: usize) usize {
            return first * vectorsOf(args.n) * lanes + vector * lanes * height(k);
        }

        /// Elements of all panels; 0 where products gain nothing by them.
        pub fn elements(args: *const Arguments) usize {
            if (args.m == 1 or args.n <= lanes or args.k <= 1) return 0;
            if (args.b_col == 1 and !compete(args)) return 0;
            return height(args.k) * vectorsOf(args.n) * lanes;
        }

        /// Copies B, the same for all items of the batch, into panels.
        pub fn pack(pool: *Pool, args: *const Arguments, to: [*]align(64) T) void {
            const job: Packing = .{ .args = args, .right = rightOf(args), .block = contract.blockOf(args.k), .to = to };
            pool.parallelWorkers(&job, Packing.panel, divCeil(args.n, Packing.width));
        }

        const Packing = struct {
            args: *const Arguments,
            right: Right,
            block: usize,
            to: [*]T,

            const width = Tile.vectors_max * lanes;

            fn panel(job: *const Packing, number: usize, _: usize) void {
                const args = job.args;
                const column = number * width;
                const columns = @min(args.n - column, width);
                var first: usize = 0;
                while (first < args.k) : (first += job.block) {
                    const k = @min(job.block, args.k - first);
                    const from = tile.stepped(tile.stepped(args.b, first, args.b_row), column, args.b_col);
                    const to = job.to + place(args, first, k, column / lanes);
                    copy(job.right, to, from, args, k, columns, vectorsOf(columns));
                }
            }
        };

        fn vectorsOf(columns: usize) usize {
            return divCeil(columns, lanes);
        }
    };
}

/// The row stride in bytes from which columns of A compete for cache sets; for rows of B four times
/// as many. Where a product reads its operands from main memory, smaller strides are copied, too.
pub fn apart(k: usize) usize {
    return if (k > contract.long_depth) 512 else 1024;
}
