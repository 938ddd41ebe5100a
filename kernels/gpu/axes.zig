//! The axes that a launch walks along, merged where they lie end to end for all operands.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const layout = @import("arguments.zig");
const program = @import("../program/program.zig");

const View = program.View;
const rank_max = layout.rank_max;

pub const Order = union(enum) {
    given,
    /// That in which this operand lies in memory.
    sorted: usize,
    /// As given, and the last axis stays one of its own.
    apart,
};

/// Strides are in bytes.
pub fn Axes(comptime operands_max: usize) type {
    return struct {
        rank: usize = 0,
        shape: [rank_max]usize = undefined,
        strides: [operands_max][rank_max]isize = undefined,

        const Self = @This();

        /// `begin` is where the axes stand in each view; null for operands without them.
        pub fn of(views: []const *const View, shape: []const usize, begin: []const ?usize, order: Order) Self {
            var list: [rank_max]usize = undefined;
            var count: usize = 0;
            for (shape, 0..) |size, axis| if (size != 1 or (order == .apart and axis + 1 == shape.len)) {
                list[count] = axis;
                count += 1;
            };
            if (order == .sorted) std.sort.insertion(usize, list[0..count], views[order.sorted], farther);
            var axes: Self = .{};
            for (list[0..count]) |axis| {
                var strides: [operands_max]isize = undefined;
                for (views, begin[0..views.len], strides[0..views.len]) |view, place, *stride| {
                    const bytes: isize = @intCast(view.dtype.bytes());
                    stride.* = if (place) |first| view.strides[first + axis] *% bytes else 0;
                }
                axes.add(shape[axis], strides[0..views.len], order == .apart and axis + 1 == shape.len);
            }
            return axes;
        }

        fn farther(view: *const View, a: usize, b: usize) bool {
            return @abs(view.strides[a]) > @abs(view.strides[b]);
        }

        pub fn add(axes: *Self, size: usize, strides: []const isize, apart: bool) void {
            const last = axes.rank -% 1;
            const merges = !apart and axes.rank > 0 and for (strides, 0..) |stride, k| {
                if (axes.strides[k][last] != stride *% @as(isize, @intCast(size))) break false;
            } else true;
            const target = if (merges) last else axes.rank;
            axes.shape[target] = if (merges) axes.shape[last] * size else size;
            for (strides, 0..) |stride, k| axes.strides[k][target] = stride;
            axes.rank = target + 1;
        }

        pub fn places(axes: *const Self) usize {
            return axes_module.product(axes.shape[0..axes.rank]);
        }

        /// Into a kernel's arguments from place `begin` on, the last axis first.
        pub fn write(axes: *const Self, operands: usize, begin: usize, divisors: anytype, strides: anytype) void {
            for (0..axes.rank) |back| {
                const axis = axes.rank - 1 - back;
                divisors[begin + back] = .init(axes.shape[axis]);
                for (0..operands) |k| strides[k][begin + back] = axes.strides[k][axis];
            }
        }
    };
}
