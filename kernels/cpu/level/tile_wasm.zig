//! The inner loop of a tile, written for the compilers that engines have for WebAssembly.
//!
//! Such a compiler checks the bounds of each load, keeps 15 registers of 128 bits and moves nothing
//! across instructions, so the cost of a loop is the sum of its instructions: a multiplication, an
//! addition, and a share of the loads, each of which is three instructions, or two where an earlier
//! load has the same constant offset. Steps of k are thus written out, and each step moves its
//! pointers, so that all steps use the same few offsets. The optimizer would undo that, and would
//! bring all loads of all steps to the front, where they do not fit in registers: `pin` prevents
//! both.
//!
//! A broadcast costs no arithmetic unit when it is a load, but one when it is a shuffle: elements
//! of A are loaded one by one.

/// Steps of k that are written out in the loop.
const steps = 8;
/// The same number where each row of A has its own pointer, which moves once for all these steps.
const steps_across = 4;

/// Adds the products over one piece of a block of k to the sums; both are those of `tile.zig`.
pub inline fn multiply(
    comptime T: type,
    comptime rows: usize,
    comptime vectors: usize,
    comptime V: type,
    block: anytype,
    piece: anytype,
    sums: *[rows][vectors]V,
) void {
    const Loop = Loops(T, rows, vectors, V);
    var b = @intFromPtr(block.b) +% bytes(T, piece.b);
    const b_row = bytes(T, block.b_row);
    const a_row = bytes(T, block.a_row);
    const a_col = bytes(T, block.a_col);
    var a: [rows]usize = undefined;
    for (&a, 0..) |*row, i| row.* = @intFromPtr(block.a) +% bytes(T, piece.a) +% i *% a_row;
    var rest = block.k;
    if (block.a_row == 1) {
        while (rest >= steps) : (rest -= steps) {
            inline for (0..steps) |_| Loop.down(sums, &a[0], a_col, &b, b_row);
        }
        inline for (1..rows) |i| a[i] = a[0] +% i * @sizeOf(T);
    } else if (block.a_col == 1) {
        while (rest >= steps_across) : (rest -= steps_across) {
            inline for (0..steps_across) |step| Loop.across(sums, &a, step, &b, b_row);
            inline for (&a) |*row| {
                row.* +%= steps_across * @sizeOf(T);
                pin(row);
            }
        }
    }
    while (rest > 0) : (rest -= 1) {
        Loop.across(sums, &a, 0, &b, b_row);
        inline for (&a) |*row| row.* +%= a_col;
    }
}

fn bytes(comptime T: type, elements: isize) usize {
    return @bitCast(elements *% @sizeOf(T));
}

fn Loops(comptime T: type, comptime rows: usize, comptime vectors: usize, comptime V: type) type {
    return struct {
        /// One step for a column-major A.
        inline fn down(sums: *[rows][vectors]V, a: *usize, a_col: usize, b: *usize, b_row: usize) void {
            const right = load(b.*);
            inline for (0..rows) |i| add(&sums[i], broadcast(a.*, i), &right);
            b.* +%= b_row;
            pin(b);
            a.* +%= a_col;
            pin(a);
        }

        /// One step for a row-major A, or for any A if `step` is 0.
        inline fn across(sums: *[rows][vectors]V, a: *const [rows]usize, comptime step: usize, b: *usize, b_row: usize) void {
            const right = load(b.*);
            inline for (0..rows) |i| add(&sums[i], broadcast(a[i], step), &right);
            b.* +%= b_row;
            pin(b);
        }

        inline fn load(address: usize) [vectors]V {
            var right: [vectors]V = undefined;
            inline for (&right, 0..) |*vector, v| {
                vector.* = @as(*align(@alignOf(T)) const V, @ptrFromInt(address + v * @sizeOf(V))).*;
                pin(vector);
            }
            return right;
        }

        inline fn broadcast(address: usize, comptime element: usize) V {
            return @splat(@as(*const T, @ptrFromInt(address + element * @sizeOf(T))).*);
        }

        inline fn add(sums: *[vectors]V, left: V, right: *const [vectors]V) void {
            inline for (sums, right) |*sum, vector| {
                sum.* = if (T == i32) sum.* +% left *% vector else sum.* + left * vector;
                pin(sum);
            }
        }
    };
}

/// The value, of which the optimizer knows nothing from here on. Costs no instruction.
inline fn pin(value: anytype) void {
    value.* = asm volatile (""
        : [_] "=r" (-> @TypeOf(value.*)),
        : [_] "0" (value.*),
    );
}
