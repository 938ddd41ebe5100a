//! The axes along which an instruction walks through several operands together, merged where they
//! are contiguous.

const std = @import("std");
const program = @import("program.zig");

/// The output and the inputs of a row.
pub const operands_max = program.inputs_max + 1;
pub const rank_max = program.rank_max;

/// Addresses of the operands at one index of the walk; operand 0 is the output.
pub const Bases = [operands_max]usize;

/// The bases of a map or a fold.
pub fn pointAt(bases: *Bases, instruction: anytype) void {
    bases[0] = @intFromPtr(instruction.out.data);
    for (instruction.inputs[0..instruction.inputs_count], 1..) |*input, k| bases[k] = @intFromPtr(input.data);
}

/// In which order the operands' axes are walked.
pub const Order = union(enum) {
    given,
    /// The order in which this operand lies in memory.
    sorted: usize,
    /// The given order; the last axis is merged with no other.
    apart,
};

/// The axes of one row's operands, as the CPU walks them.
pub const Axes = AxesOf(operands_max, rank_max);

/// Axes from the outermost to the innermost, of `operands_max` operands at most. Strides are in
/// bytes where views are given, else in the caller's unit.
pub fn AxesOf(comptime operands_most: usize, comptime rank_most: usize) type {
    return struct {
        rank: usize = 0,
        shape: [rank_most]usize = undefined,
        strides: [operands_most][rank_most]isize = undefined,

        const Self = @This();

        /// The axes of `views` in the given order; `places` means the same as in `append`.
        pub fn of(
            views: []const *const program.View,
            shape: []const usize,
            places: []const ?usize,
            order: Order,
        ) Self {
            var list: [rank_most]usize = undefined;
            var count: usize = 0;
            for (shape, 0..) |size, axis| if (size != 1 or (order == .apart and axis + 1 == shape.len)) {
                list[count] = axis;
                count += 1;
            };
            if (order == .sorted) std.sort.insertion(usize, list[0..count], views[order.sorted], isFarther);
            var axes: Self = .{};
            for (list[0..count]) |axis| {
                const barrier = if (order == .apart and axis + 1 == shape.len) axes.rank else 0;
                axes.addViews(views, shape[axis], axis, places, barrier);
            }
            return axes;
        }

        fn isFarther(view: *const program.View, a: usize, b: usize) bool {
            return @abs(view.strides[a]) > @abs(view.strides[b]);
        }

        /// Adds axes of `views` inside the present ones. An axis of length 1 is left out.
        pub fn append(
            axes: *Self,
            views: []const *const program.View,
            shape: []const usize,
            /// The index of the first axis in each view; null for an operand that has none of these
            /// axes.
            places: []const ?usize,
            barrier: usize,
        ) void {
            for (shape, 0..) |size, axis| {
                if (size != 1) axes.addViews(views, size, axis, places, barrier);
            }
        }

        fn addViews(
            axes: *Self,
            views: []const *const program.View,
            size: usize,
            axis: usize,
            places: []const ?usize,
            barrier: usize,
        ) void {
            var strides: [operands_most]isize = undefined;
            for (views, places[0..views.len], strides[0..views.len]) |view, place, *stride| {
                const bytes: isize = @intCast(view.dtype.bytes());
                stride.* = if (place) |begin| view.strides[begin + axis] *% bytes else 0;
            }
            axes.add(size, strides[0..views.len], barrier);
        }

        /// Adds an axis inside the present ones. If the axis continues the one before it for every
        /// operand, both become one axis, unless the index of the one before is below `barrier`.
        pub fn add(axes: *Self, size: usize, strides: []const isize, barrier: usize) void {
            const last = axes.rank -% 1;
            const merges = axes.rank > barrier and for (strides, 0..) |stride, k| {
                if (axes.strides[k][last] != stride *% @as(isize, @intCast(size))) break false;
            } else true;
            const target = if (merges) last else axes.rank;
            axes.shape[target] = if (merges) axes.shape[last] * size else size;
            for (strides, 0..) |stride, k| axes.strides[k][target] = stride;
            axes.rank = target + 1;
        }

        /// Adds innermost axes of length 1 up to `count`, so that a loop has an axis to run over.
        pub fn atLeast(axes: *Self, rank: usize) void {
            while (axes.rank < rank) axes.insert(axes.rank, 1);
        }

        /// Inserts `count` axes of length 1 before axis `first`.
        pub fn insert(axes: *Self, first: usize, count: usize) void {
            const after = axes.rank - first;
            std.mem.copyBackwards(usize, axes.shape[first + count ..][0..after], axes.shape[first..][0..after]);
            @memset(axes.shape[first..][0..count], 1);
            for (&axes.strides) |*strides| {
                std.mem.copyBackwards(isize, strides[first + count ..][0..after], strides[first..][0..after]);
                @memset(strides[first..][0..count], 0);
            }
            axes.rank += count;
        }

        /// How many elements the axes hold.
        pub fn elements(axes: *const Self) usize {
            return product(axes.shape[0..axes.rank]);
        }

        /// Writes the axes into the arguments of a GPU's kernel from index `begin` on, the
        /// innermost axis first.
        pub fn write(axes: *const Self, operands: usize, begin: usize, divisors: anytype, strides: anytype) void {
            for (0..axes.rank) |back| {
                const axis = axes.rank - 1 - back;
                divisors[begin + back] = .init(axes.shape[axis]);
                for (0..operands) |k| strides[k][begin + back] = axes.strides[k][axis];
            }
        }
    };
}

pub fn advance(address: usize, stride: isize, steps: usize) usize {
    return address +% @as(usize, @bitCast(stride)) *% steps;
}

/// A walk over some axes in order, the last axis fastest.
pub const Walk = struct {
    places: [rank_max]usize = @splat(0),

    /// Moves `bases` to the next index; false after the last.
    pub fn next(
        walk: *Walk,
        shape: []const usize,
        strides: []const [rank_max]isize,
        first_axis: usize,
        bases: []usize,
    ) bool {
        var axis = shape.len;
        while (axis > 0) {
            axis -= 1;
            walk.places[axis] += 1;
            if (walk.places[axis] < shape[axis]) {
                for (bases, strides) |*base, stride| {
                    base.* = advance(base.*, stride[first_axis + axis], 1);
                }
                return true;
            }
            for (bases, strides) |*base, stride| {
                base.* = base.* -% advance(0, stride[first_axis + axis], shape[axis] - 1);
            }
            walk.places[axis] = 0;
        }
        return false;
    }
};

/// Whether elements are contiguous and row-major.
pub fn dense(view: *const program.View, shape: []const usize) bool {
    var expected: isize = 1;
    var axis = shape.len;
    while (axis > 0) {
        axis -= 1;
        if (shape[axis] == 1) continue;
        if (view.strides[axis] != expected) return false;
        expected *%= @intCast(shape[axis]);
    }
    return true;
}

/// Whether all strides are 0, so that every index names the same element.
pub fn single(view: *const program.View, shape: []const usize) bool {
    for (shape, view.strides[0..shape.len]) |size, stride| {
        if (stride != 0 and size != 1) return false;
    }
    return true;
}

/// How many parts of `each` there are; the last may be shorter.
pub inline fn divCeil(count: usize, each: usize) usize {
    return (count + each - 1) / each;
}

/// Where a part begins if `count` things are shared out as equally as whole numbers allow; the
/// larger parts are the first ones. No step exceeds `count`, however many parts there are.
pub inline fn partBegin(count: usize, part: usize, parts: usize) usize {
    return count / parts * part + @min(part, count % parts);
}

pub fn product(shape: []const usize) usize {
    var count: usize = 1;
    for (shape) |size| count *= size;
    return count;
}

/// The stride of all axes merged into one; null where they cannot be merged.
pub fn strideOf(shape: []const usize, strides: []const isize) ?isize {
    var stride: ?isize = null;
    var expected: isize = 0;
    var axis = shape.len;
    while (axis > 0) {
        axis -= 1;
        if (shape[axis] == 1) continue;
        if (stride == null) stride = strides[axis] else if (strides[axis] != expected) return null;
        expected = strides[axis] *% @as(isize, @intCast(shape[axis]));
    }
    return stride orelse 0;
}
