//! What instructions mean, where every engine must answer alike: in which order a fold joins, and which
//! element types go together.

const program = @import("program.zig");

/// Whether a fold goes down columns: the kept axis is the one that lies closer in memory. The first
/// operand whose strides differ in the two axes decides. `core/capture` turns products by the same
/// rule.
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

/// Whether elements of such types are gathered and scattered, by such an index.
pub fn gathers(gather: *const program.Gather) bool {
    const indexed = switch (gather.index.dtype) {
        .int32, .uint8, .bool => true,
        .float32, .float64, .float16, .bfloat16 => false,
    };
    return indexed and gather.out.dtype == gather.source.dtype;
}

/// Whether operands and result of a product all have the type that it is computed in.
pub fn isUniform(product: *const program.MatMul) bool {
    const compute = product.compute;
    return product.out.dtype == compute and product.a.dtype == compute and product.b.dtype == compute;
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
