//! The axes that several operands are walked along together, merged where they lie end to end.

const program = @import("program.zig");

/// The output and the inputs of a row.
pub const operands_max = program.inputs_max + 1;
pub const rank_max = program.rank_max;

/// Addresses of the operands at one place of the walk; operand 0 is the output.
pub const Bases = [operands_max]usize;

/// Those of a map or a fold.
pub fn pointAt(bases: *Bases, instruction: anytype) void {
    bases[0] = @intFromPtr(instruction.out.data);
    for (instruction.inputs[0..instruction.inputs_count], 1..) |*input, k| bases[k] = @intFromPtr(input.data);
}

/// Axes from the outermost to the innermost. Strides are in bytes.
pub const Axes = struct {
    rank: usize = 0,
    shape: [rank_max]usize = undefined,
    strides: [operands_max][rank_max]isize = undefined,

    /// Adds axes of `views` inside the present ones. An axis of size 1 vanishes; one that
    /// continues the axis before it becomes part of that axis, unless that one has a number below
    /// `barrier`.
    pub fn append(
        axes: *Axes,
        views: []const *const program.View,
        shape: []const usize,
        /// Where the axes stand in each view; null for an operand that does not have them.
        places: []const ?usize,
        barrier: usize,
    ) void {
        for (shape, 0..) |size, axis| {
            if (size == 1) continue;
            var strides: [operands_max]isize = undefined;
            for (views, places, strides[0..views.len]) |view, place, *stride| {
                const bytes: isize = @intCast(view.dtype.bytes());
                stride.* = if (place) |begin| view.strides[begin + axis] *% bytes else 0;
            }
            axes.add(size, strides[0..views.len], barrier);
        }
    }

    fn add(axes: *Axes, size: usize, strides: []const isize, barrier: usize) void {
        const last = axes.rank -% 1;
        const merges = axes.rank > barrier and for (strides, 0..) |stride, k| {
            if (axes.strides[k][last] != stride *% @as(isize, @intCast(size))) break false;
        } else true;
        const target = if (merges) last else axes.rank;
        axes.shape[target] = if (merges) axes.shape[last] * size else size;
        for (strides, 0..) |stride, k| axes.strides[k][target] = stride;
        axes.rank = target + 1;
    }

    /// Adds an axis of size 1 where there is none in `from..`, so that a loop has one to run over.
    pub fn atLeast(axes: *Axes, rank: usize) void {
        while (axes.rank < rank) {
            axes.shape[axes.rank] = 1;
            for (&axes.strides) |*strides| strides[axes.rank] = 0;
            axes.rank += 1;
        }
    }
};

pub fn advance(address: usize, stride: isize, steps: usize) usize {
    return address +% @as(usize, @bitCast(stride)) *% steps;
}

/// A walk over some axes in order, the last fastest.
pub const Walk = struct {
    places: [rank_max]usize = @splat(0),

    /// Moves `bases` to the next place; false after the last.
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

/// Whether elements lie end to end, the last axis fastest.
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

/// Whether every index gives the same element.
pub fn single(view: *const program.View, shape: []const usize) bool {
    for (shape, view.strides[0..shape.len]) |size, stride| {
        if (stride != 0 and size != 1) return false;
    }
    return true;
}

/// How many parts of so many `each` there are, the last of them perhaps shorter.
pub inline fn divCeil(count: usize, each: usize) usize {
    return (count + each - 1) / each;
}

pub fn product(shape: []const usize) usize {
    var count: usize = 1;
    for (shape) |size| count *= size;
    return count;
}

/// The stride of axes as if they were one; null where they are not.
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
