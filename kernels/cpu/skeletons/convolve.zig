//! The convolve skeleton: passes the instruction to the level's `windows.zig`, or takes the sums
//! element by element where an output is a view that no tile can write.

const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const Pool = @import("../pool.zig").Pool;

const Convolve = contract.Convolve;
const advance = axes_module.advance;

pub fn execute(tables: *const contract.Table, pool: *Pool, scratch: []align(64) u8, one: *const Convolve) void {
    if (tables.convolve[@backingInt(one.compute)](pool, one, scratch.ptr, scratch.len)) return;
    switch (one.compute) {
        inline .float32, .float64, .int32 => |known| {
            const T = convert.Compute[@backingInt(known)];
            pool.parallel(one, Plain(T).run, one.n * one.groups * one.o);
        },
        else => unreachable,
    }
}

fn Plain(comptime T: type) type {
    return struct {
        fn run(one: *const Convolve, number: usize) void {
            const o = number % one.o;
            const g = number / one.o % one.groups;
            const n = number / one.o / one.groups;
            for (0..one.out_height) |y| for (0..one.out_width) |x| {
                at(&one.out, .{ n, g, o, y, x }).* = sumOf(one, n, g, o, y, x);
            };
        }

        fn sumOf(one: *const Convolve, n: usize, g: usize, o: usize, y: usize, x: usize) T {
            var sum: T = 0;
            for (0..one.c) |c| for (0..one.kernel_height) |i| for (0..one.kernel_width) |j| {
                const row = (y * one.step_height + i * one.dilation_height) -% one.before_height;
                const column = (x * one.step_width + j * one.dilation_width) -% one.before_width;
                const inside = row < one.height and column < one.width;
                const element: T = if (inside) at(&one.input, .{ n, g, c, row, column }).* else 0;
                const product = .{ at(&one.kernel, .{ g, o, c, i, j }).*, element };
                if (T == i32) sum +%= product[0] *% product[1] else sum += product[0] * product[1];
            };
            return sum;
        }

        fn at(view: anytype, index: [5]usize) *T {
            var address = @intFromPtr(view.data);
            inline for (index, 0..) |place, axis| address = advance(address, view.strides[axis] *% @sizeOf(T), place);
            return @ptrFromInt(address);
        }
    };
}
