//! The matrix product on the GPU without cuBLAS: of integers, which cuBLAS does not support, and of
//! floats where cuBLAS is absent. Tiles of 64 x 64 through shared memory, 4 x 4 results for each
//! thread, each summed with k ascending.
//!
//! Napkin: 2 m n k flops; a tile reads 128 elements for each step of k and computes 4096 products,
//! so arithmetic is the bound of large products.

const convert = @import("../../program/convert.zig");
const layout = @import("../../gpu/arguments.zig");
const threading = @import("thread.zig");

const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;
const global = threading.global;

/// Blocks in y are items of the batch, blocks in x are tiles.
pub const MatMulArguments = extern struct {
    addresses: [3]u64,
    m: u64,
    n: u64,
    k: u64,
    tiles: layout.Divisor,
    batch_rank: u32,
    /// The item of the batch that block 0 in y computes.
    batch_first: u32,
    /// Row and column strides of out, a, b, in bytes.
    strides: [3][2]i64,
    divisors: [layout.rank_max]layout.Divisor,
    batch_strides: [3][layout.rank_max]i64,
};

pub const entries: []const Entry = blk: {
    var list: []const Entry = &.{};
    for (convert.Compute, threading.type_names) |T, of| {
        list = list ++ [_]Entry{.{ .name = "matmul_" ++ of, .Kernel = MatMul(T) }};
    }
    break :blk list;
};

pub const side = 64;
const depth = 16;
const each = 4;
const across = side / each;

pub fn MatMul(comptime T: type) type {
    return struct {
        pub const Arguments = MatMulArguments;
        pub const Shared = extern struct {
            a: [depth][side]T,
            b: [depth][side]T,
        };
        pub const State = struct {
            sums: [each][each]T,
            addresses: [3]u64,
            k: u64,
        };
        pub const phases = .{ begin, load, multiply, finish };
        pub const loop = .{ 1, 3 };
        const Pointer = threading.SharedPointer(Shared);

        pub inline fn rounds(arguments: *const Arguments) u64 {
            return (arguments.k + depth - 1) / depth;
        }

        const Corner = struct { row: u64, column: u64 };

        inline fn corner(arguments: *const Arguments, thread: Thread) Corner {
            const down = arguments.tiles.quotient(thread.x);
            const right = thread.x -% down *% arguments.tiles.size;
            return .{ .row = @as(u64, down) * side, .column = @as(u64, right) * side };
        }

        inline fn begin(arguments: *const Arguments, thread: Thread, _: Pointer, state: *State) void {
            state.sums = @splat(@splat(0));
            state.k = 0;
            state.addresses = arguments.addresses;
            var rest = arguments.batch_first +% thread.y;
            inline for (0..layout.rank_max) |axis| {
                if (axis < arguments.batch_rank) {
                    const divisor = arguments.divisors[axis];
                    const above = divisor.quotient(rest);
                    const own = rest -% above *% divisor.size;
                    inline for (&state.addresses, 0..) |*address, k| {
                        address.* = advance(address.*, arguments.batch_strides[k][axis], own);
                    }
                    rest = above;
                }
            }
        }

        inline fn load(arguments: *const Arguments, thread: Thread, shared: Pointer, state: *State) void {
            const at = corner(arguments, thread);
            inline for (0..side * depth / layout.threads) |part| {
                const place = thread.index + part * layout.threads;
                // Neighbouring threads read contiguous elements: along k in a, along columns in b,
                // unless the operand is column-major.
                const along = @abs(arguments.strides[1][1]) <= @abs(arguments.strides[1][0]);
                const a_k = if (along) place % depth else place / side;
                const a_row = if (along) place / depth else place % side;
                shared.a[a_k][a_row] = element(arguments, 1, state, at.row + a_row, state.k + a_k, arguments.m, arguments.k);
                const straight = @abs(arguments.strides[2][1]) <= @abs(arguments.strides[2][0]);
                const b_k = if (straight) place / side else place % depth;
                const b_column = if (straight) place % side else place / depth;
                shared.b[b_k][b_column] = element(arguments, 2, state, state.k + b_k, at.column + b_column, arguments.k, arguments.n);
            }
        }

        inline fn element(
            arguments: *const Arguments,
            comptime operand: usize,
            state: *const State,
            row: u64,
            column: u64,
            rows: u64,
            columns: u64,
        ) T {
            if (row >= rows or column >= columns) return 0;
            const strides = &arguments.strides[operand];
            return global(T, advance(advance(state.addresses[operand], strides[0], row), strides[1], column)).*;
        }

        inline fn multiply(arguments: *const Arguments, thread: Thread, shared: Pointer, state: *State) void {
            const down = thread.index / across;
            const right = thread.index % across;
            const count = @min(depth, arguments.k - state.k);
            for (0..depth) |k| {
                if (k >= count) break;
                inline for (0..each) |r| {
                    const x = shared.a[k][down + r * across];
                    inline for (0..each) |c| {
                        const y = shared.b[k][right + c * across];
                        const sum = &state.sums[r][c];
                        sum.* = if (T == i32) sum.* +% x *% y else sum.* + x * y;
                    }
                }
            }
            state.k += depth;
        }

        inline fn finish(arguments: *const Arguments, thread: Thread, _: Pointer, state: *State) void {
            const at = corner(arguments, thread);
            const strides = &arguments.strides[0];
            inline for (0..each) |r| inline for (0..each) |c| {
                const row = at.row + thread.index / across + r * across;
                const column = at.column + thread.index % across + c * across;
                if (row < arguments.m and column < arguments.n) {
                    const address = advance(advance(state.addresses[0], strides[0], row), strides[1], column);
                    global(T, address).* = state.sums[r][c];
                }
            };
        }
    };
}
