//! The inner pieces of `gemm.zig`: a tile of C held in registers, and the copies that bring
//! operands into the order in which tiles read them. Everything works on one block of k; nothing
//! here knows of threads or shapes.
//!
//! An element of a tile is one chain over k, `sum = sum + a * b` from zero upward, so its bits
//! depend neither on the tile's size nor on where the element stands in it.

const std = @import("std");
const builtin = @import("builtin");
const gemm_wasm = @import("tile_wasm.zig");

/// The choices of a CPU level; only `fma` changes bits.
pub const Config = struct {
    /// f32 elements of a register; half as many f64.
    lanes: u8,
    /// Whether the level has fused multiply-add.
    fma: bool,
    /// A tile of C is this many rows of this many registers.
    rows: u8,
    vectors: u8,
    /// Whether a panel of B is small enough to stay in the first-level cache while strips of A
    /// pass.
    strips_inner: bool = false,

    pub const x86_64_v2: Config = .{ .lanes = 4, .fma = false, .rows = 4, .vectors = 2 };
    pub const x86_64_v3: Config = .{ .lanes = 8, .fma = true, .rows = 6, .vectors = 2 };
    pub const x86_64_v4: Config = .{ .lanes = 16, .fma = true, .rows = 8, .vectors = 3 };
    pub const neon: Config = .{ .lanes = 4, .fma = true, .rows = 8, .vectors = 2 };
    pub const wasm: Config = .{ .lanes = 4, .fma = false, .rows = 3, .vectors = 3, .strips_inner = true };
};

pub fn Tile(comptime T: type, comptime config: Config) type {
    return struct {
        pub const lanes = @as(usize, config.lanes) * 4 / @sizeOf(T);
        pub const rows_max: usize = config.rows;
        pub const vectors_max: usize = config.vectors;
        pub const V = @Vector(lanes, T);

        /// Multiplies one block of k of some rows of A by a panel of B.
        pub const Block = struct {
            k: usize,
            a: [*]const T,
            a_row: isize,
            a_col: isize,
            /// The panel's rows; whole registers are read, so up to `lanes - 1` elements past
            /// `columns`.
            b: [*]const T,
            b_row: isize,
            c: [*]T,
            c_row: isize,
            /// Valid columns; all registers but the last are full.
            columns: usize,
            /// Whether C holds the sum of earlier blocks.
            accumulate: bool,
            /// Where the pieces of the chain begin, each of `k` steps, from `a` and from `b`.
            pieces: []const Piece = &.{.{}},
        };

        pub const Piece = struct { a: isize = 0, b: isize = 0 };

        const Run = *const fn (block: *const Block) void;

        const table: [rows_max][vectors_max]Run = blk: {
            var functions: [rows_max][vectors_max]Run = undefined;
            for (0..rows_max) |r| {
                for (0..vectors_max) |v| functions[r][v] = Kernel(r + 1, v + 1).run;
            }
            break :blk functions;
        };

        /// C[rows, columns] = A B, or += with `accumulate`.
        pub inline fn run(rows: usize, vectors: usize, block: *const Block) void {
            table[rows - 1][vectors - 1](block);
        }

        fn Kernel(comptime rows: usize, comptime vectors: usize) type {
            return struct {
                fn run(block: *const Block) void {
                    var sums: [rows][vectors]V = @splat(@splat(@splat(0)));
                    for (block.pieces) |*piece| {
                        if (comptime builtin.cpu.arch.isWasm()) {
                            gemm_wasm.multiply(T, rows, vectors, V, block, piece, &sums);
                        } else multiply(block, piece, &sums);
                    }
                    const last = block.columns - (vectors - 1) * lanes;
                    inline for (0..rows) |r| {
                        const c = offset(block.c, block.c_row * @as(isize, r));
                        inline for (0..vectors) |v| {
                            const at = c + v * lanes;
                            var sum = sums[r][v];
                            if (block.accumulate) sum = add(load(at), sum);
                            const full = v + 1 < vectors or last == lanes;
                            if (full) store(at, sum) else storeSome(at, sum, last);
                        }
                    }
                }

                inline fn multiply(block: *const Block, piece: *const Piece, sums: *[rows][vectors]V) void {
                    const a_row = block.a_row;
                    const a_col = block.a_col;
                    const b_row = block.b_row;
                    var a = offset(block.a, piece.a);
                    var b = offset(block.b, piece.b);
                    for (0..block.k) |_| {
                        var right: [vectors]V = undefined;
                        inline for (0..vectors) |v| right[v] = load(b + v * lanes);
                        inline for (0..rows) |r| {
                            const left: V = @splat(offset(a, a_row * @as(isize, r))[0]);
                            inline for (0..vectors) |v| {
                                sums[r][v] = multiplyAdd(left, right[v], sums[r][v]);
                            }
                        }
                        a = offset(a, a_col);
                        b = offset(b, b_row);
                    }
                }
            };
        }

        pub inline fn load(from: [*]const T) V {
            return @as(*align(@alignOf(T)) const V, @ptrCast(from)).*;
        }

        pub inline fn store(to: [*]T, vector: V) void {
            @as(*align(@alignOf(T)) V, @ptrCast(to)).* = vector;
        }

        /// Stores the first `count` elements, fewer than `lanes`, half by half.
        inline fn storeSome(to: [*]T, vector: V, count: usize) void {
            var at = to;
            var rest = vector;
            comptime var half = lanes / 2;
            inline while (half > 0) : (half /= 2) {
                if (count & half != 0) {
                    const piece = @shuffle(T, rest, undefined, std.simd.iota(i32, half));
                    @as(*align(@alignOf(T)) @Vector(half, T), @ptrCast(at)).* = piece;
                    rest = std.simd.shiftElementsLeft(rest, half, 0);
                    at += half;
                }
            }
        }

        pub inline fn multiplyAdd(a: V, b: V, c: V) V {
            if (T == i32) return c +% a *% b;
            return if (config.fma) @mulAdd(V, a, b, c) else c + a * b;
        }

        pub inline fn add(a: V, b: V) V {
            return if (T == i32) a +% b else a + b;
        }

        /// Copies one row of a panel, `vectors` registers wide.
        pub inline fn copyRow(to: [*]T, from: [*]const T, vectors: usize) void {
            for (0..vectors) |v| store(to + v * lanes, load(from + v * lanes));
        }

        /// Copies a panel of a column-major B: squares of registers are transposed. Writes rows up
        /// to the next multiple of `lanes`, reads up to `lanes - 1` elements past k.
        pub fn packColumns(
            to: [*]T,
            b: [*]const T,
            b_col: isize,
            k: usize,
            columns: usize,
            vectors: usize,
        ) void {
            for (0..vectors) |v| {
                var from: [lanes][*]const T = undefined;
                for (&from, 0..) |*column, i| {
                    const j: isize = @intCast(@min(v * lanes + i, columns - 1));
                    column.* = offset(b, j * b_col);
                }
                var p: usize = 0;
                while (p < k) : (p += lanes) {
                    var square: [lanes]V = undefined;
                    inline for (0..lanes) |i| square[i] = load(from[i] + p);
                    transpose(&square);
                    inline for (0..lanes) |i| {
                        store(to + ((p + i) * vectors + v) * lanes, square[i]);
                    }
                }
            }
        }

        /// Copies a panel of a B with any strides.
        pub fn packAny(
            to: [*]T,
            b: [*]const T,
            b_row: isize,
            b_col: isize,
            k: usize,
            columns: usize,
            vectors: usize,
        ) void {
            const width = vectors * lanes;
            var from = b;
            for (0..k) |p| {
                var element = from;
                for (0..columns) |j| {
                    to[p * width + j] = element[0];
                    element = offset(element, b_col);
                }
                for (columns..width) |j| to[p * width + j] = 0;
                from = offset(from, b_row);
            }
        }

        /// Transposes within 128 bits by interleaving, the one shuffle that every level has, then
        /// swaps pieces of 128 bits.
        pub inline fn transpose(square: *[lanes]V) void {
            @setEvalBranchQuota(10_000);
            const piece = 16 / @sizeOf(T);
            inline for (0..std.math.log2(piece)) |_| {
                var next: [lanes]V = undefined;
                inline for (0..lanes / 2) |i| {
                    const first = i / (piece / 2) * piece + i % (piece / 2);
                    const upper = square[first];
                    const lower = square[first + piece / 2];
                    next[2 * i] = @shuffle(T, upper, lower, interleave(false));
                    next[2 * i + 1] = @shuffle(T, upper, lower, interleave(true));
                }
                square.* = next;
            }
            comptime var distance = piece;
            inline while (distance < lanes) : (distance *= 2) {
                inline for (0..lanes) |i| {
                    if (i & distance == 0) {
                        const upper = square[i];
                        const lower = square[i + distance];
                        square[i] = @shuffle(T, upper, lower, swap(distance, false));
                        square[i + distance] = @shuffle(T, upper, lower, swap(distance, true));
                    }
                }
            }
        }

        fn interleave(high: bool) @Vector(lanes, i32) {
            const piece = 16 / @sizeOf(T);
            var mask: [lanes]i32 = undefined;
            for (&mask, 0..) |*from, i| {
                const half: usize = if (high) piece / 2 else 0;
                const own: i32 = @intCast(i / piece * piece + half + i % piece / 2);
                from.* = if (i % 2 == 0) own else ~own;
            }
            return mask;
        }

        fn swap(distance: usize, high: bool) @Vector(lanes, i32) {
            var mask: [lanes]i32 = undefined;
            for (&mask, 0..) |*from, i| {
                const own: i32 = @intCast(if (high) i | distance else i & ~distance);
                from.* = if (i & distance == 0) own else ~own;
            }
            return mask;
        }
    };
}

/// The pointer moved by a signed number of elements.
pub inline fn offset(pointer: anytype, elements: isize) @TypeOf(pointer) {
    return pointer + @as(usize, @bitCast(elements));
}

/// The pointer moved by `count` strides.
pub inline fn stepped(pointer: anytype, count: usize, stride: isize) @TypeOf(pointer) {
    return offset(pointer, @as(isize, @intCast(count)) *% stride);
}
