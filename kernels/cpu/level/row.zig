//! One row of C: a vector times a matrix, where memory is the bound.
//!
//! The bits are those of `tile.zig`: a chain over k for each element, blocks of k added in order.
//! The difference is in reading B: along its lines, several side by side, each line once.
//!
//! Napkin: k n elements of B are read for 2 k n flops, so the speed is that of reading B.

const tile = @import("tile.zig");
const offset = tile.offset;

/// Columns of B computed together: their sums stay in the first-level cache.
const columns_each = 1024;
/// Lines of B that are read side by side.
const steps = 8;

pub fn Row(comptime T: type, comptime config: tile.Config) type {
    return struct {
        const Tile = tile.Tile(T, config);
        const V = Tile.V;
        const lanes = Tile.lanes;

        /// For a row-major B; `args.m` is 1, `args.k` is not 0.
        pub fn down(args: anytype, block: usize) void {
            var sums: [columns_each]T align(64) = undefined;
            var column: usize = 0;
            while (column < args.n) : (column += columns_each) {
                const columns = @min(columns_each, args.n - column);
                var first: usize = 0;
                while (first < args.k) : (first += block) {
                    const end = @min(first + block, args.k);
                    @memset(sums[0..@min(columns_each, columns + lanes)], 0);
                    var p = first;
                    while (p + steps <= end) : (p += steps) add(steps, args, p, column, columns, &sums);
                    while (p < end) : (p += 1) add(1, args, p, column, columns, &sums);
                    finish(args.c + column, &sums, columns, first > 0);
                }
            }
        }

        fn add(
            comptime count: usize,
            args: anytype,
            p: usize,
            column: usize,
            columns: usize,
            sums: *align(64) [columns_each]T,
        ) void {
            const line = offset(args.b, args.b_row * @as(isize, @intCast(p))) + column;
            const a = offset(args.a, args.a_col * @as(isize, @intCast(p)));
            var left: [count]V = undefined;
            inline for (&left, 0..) |*one, i| one.* = @splat(offset(a, args.a_col * i)[0]);
            var j: usize = 0;
            while (j < columns) : (j += lanes) {
                var sum = Tile.load(sums[j..].ptr);
                inline for (0..count) |i| {
                    const right = Tile.load(offset(line, args.b_row * i) + j);
                    sum = Tile.multiplyAdd(left[i], right, sum);
                }
                Tile.store(sums[j..].ptr, sum);
            }
        }

        fn finish(c: [*]T, sums: *align(64) [columns_each]T, columns: usize, accumulate: bool) void {
            for (c[0..columns], sums[0..columns]) |*element, sum| {
                element.* = if (!accumulate) sum else if (T == i32) element.* +% sum else element.* + sum;
            }
        }

        /// For a column-major B: squares of it are transposed in registers.
        pub fn across(args: anytype, block: usize) void {
            var column: usize = 0;
            while (column < args.n) : (column += lanes) {
                const columns = @min(lanes, args.n - column);
                var from: [lanes][*]const T = undefined;
                for (&from, 0..) |*line, i| {
                    line.* = offset(args.b, args.b_col * @as(isize, @intCast(@min(column + i, args.n - 1))));
                }
                var sums: [lanes]T align(64) = undefined;
                var first: usize = 0;
                while (first < args.k) : (first += block) {
                    const end = @min(first + block, args.k);
                    var sum: V = @splat(0);
                    var p = first;
                    while (p + lanes <= end) : (p += lanes) {
                        const square = squareAt(&from, p);
                        const a = offset(args.a, args.a_col * @as(isize, @intCast(p)));
                        inline for (square, 0..) |right, i| {
                            const left: V = @splat(offset(a, args.a_col * i)[0]);
                            sum = Tile.multiplyAdd(left, right, sum);
                        }
                    }
                    if (p < end) {
                        const square = squareAt(&from, p);
                        for (square[0 .. end - p], p..) |right, at| {
                            const left: V = @splat(offset(args.a, args.a_col * @as(isize, @intCast(at)))[0]);
                            sum = Tile.multiplyAdd(left, right, sum);
                        }
                    }
                    if (first > 0) sum = Tile.add(Tile.load(&sums), sum);
                    Tile.store(&sums, sum);
                }
                @memcpy(args.c[column..][0..columns], sums[0..columns]);
            }
        }

        inline fn squareAt(from: *const [lanes][*]const T, p: usize) [lanes]V {
            var square: [lanes]V = undefined;
            inline for (&square, from) |*line, source| line.* = Tile.load(source + p);
            Tile.transpose(&square);
            return square;
        }
    };
}
