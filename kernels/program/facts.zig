//! Facts of instructions on which all engines must agree: in which order a fold joins, and which
//! element types go together.

const std = @import("std");

const program = @import("program.zig");

/// Whether a fold goes down columns: the kept axis is the one with the smaller stride. The first
/// operand that has a stride along one of the two axes decides. `core/capture` moves memory only
/// where this answer stays the same: its copy of the rule is tested by the same cases, in
/// `fold_orders.json`.
pub fn isColumn(fold: *const program.Fold) bool {
    const kept = lastLong(fold.shape[0..fold.kept]) orelse return false;
    const reduced = fold.kept + (lastLong(fold.shape[fold.kept..fold.rank]) orelse return true);
    for (fold.inputs[0..fold.inputs_count]) |*input| {
        const outside = @abs(input.strides[kept]);
        const inside = @abs(input.strides[reduced]);
        if (outside == 0 and inside == 0) continue;
        return outside != 0 and (inside == 0 or outside < inside);
    }
    return false;
}

fn lastLong(shape: []const usize) ?usize {
    var axis = shape.len;
    while (axis > 0) {
        axis -= 1;
        if (shape[axis] != 1) return axis;
    }
    return null;
}

/// Whether a product exists for the types of operands and result.
pub fn multiplies(product: *const program.MatMul) bool {
    return isUniform(product) or hasHalves(product);
}

/// Whether operands and result of a product all have the type in which it is computed.
pub fn isUniform(product: *const program.MatMul) bool {
    const compute = product.compute;
    return product.out.dtype == compute and product.a.dtype == compute and product.b.dtype == compute;
}

/// Whether operands and result of a convolution have the type in which it is computed.
pub fn convolves(one: *const program.Convolve) bool {
    const compute = one.compute;
    return one.out.dtype == compute and one.kernel.dtype == compute and one.input.dtype == compute;
}

/// Whether all places that a convolution looks at can be counted.
pub fn reaches(one: *const program.Convolve, most: usize) bool {
    const down = one.out_height *| one.step_height +| one.kernel_height *| one.dilation_height;
    const across = one.out_width *| one.step_width +| one.kernel_width *| one.dilation_width;
    return down <= most and across <= most and one.step_height > 0 and one.step_width > 0 and
        one.dilation_height > 0 and one.dilation_width > 0;
}

/// Whether operands and result of a product are halves or float32, and not all of them float32.
pub fn hasHalves(product: *const program.MatMul) bool {
    if (product.compute != .float32) return false;
    var halves = false;
    for ([_]program.DType{ product.out.dtype, product.a.dtype, product.b.dtype }) |dtype| {
        if (dtype.isHalf()) halves = true else if (dtype != .float32) return false;
    }
    return halves;
}

test "isColumn answers as core/capture reckons, case by case" {
    const Case = struct {
        name: []const u8,
        shape: []const usize,
        kept: u8,
        inputs: []const []const isize,
        column: bool,
    };
    const text = @embedFile("fold_orders.json");
    const cases = try std.json.parseFromSlice([]const Case, std.testing.allocator, text, .{});
    defer cases.deinit();
    for (cases.value) |case| {
        var fold: program.Fold = undefined;
        fold.rank = @intCast(case.shape.len);
        fold.kept = case.kept;
        @memcpy(fold.shape[0..case.shape.len], case.shape);
        fold.inputs_count = @intCast(case.inputs.len);
        for (case.inputs, fold.inputs[0..case.inputs.len]) |strides, *input| {
            @memcpy(input.strides[0..strides.len], strides);
        }
        std.testing.expectEqual(case.column, isColumn(&fold)) catch |err| {
            std.debug.print("{s}\n", .{case.name});
            return err;
        };
    }
}
