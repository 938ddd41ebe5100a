//! The matrix product on the GPU: floats by cuBLAS, in strided batches; integers, and floats where
//! cuBLAS is absent, by the kernel of `cuda/kernels/matmul.zig`, which takes any strides.
//!
//! cuBLAS is column-major, so it is asked for the transposed product of the transposed operands,
//! which are row-major here. An operand with gaps in both axes is copied first; a result with such
//! gaps is copied last. cuBLAS multiplies halves, into halves or float32, but not a half by another
//! type: such operands are converted to float32 first, and a result that cuBLAS cannot round is
//! rounded last.
//!
//! Napkin: 2 m n k flops, bound by arithmetic from a few dozen rows upward and by the reading of
//! the operands below.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const blas = @import("blas.zig");
const cuda = @import("engine.zig");
const facts = @import("../program/facts.zig");
const later_module = @import("../program/reads.zig");
const launch = @import("launch.zig");
const layout = @import("../gpu/arguments.zig");
const matmul = @import("kernels/matmul.zig");
const program = @import("../program/program.zig");
const split = @import("split.zig");
const table = @import("../rows/table.zig");
const Matrix = @import("../gpu/matrix.zig").Matrix;

const Engine = cuda.Engine;
const Failed = cuda.Failed;
const rank_max = layout.rank_max;

const int_max = std.math.maxInt(c_int);
/// Rows and columns of a tile of Deneb's own kernel, and the most blocks in y; see
/// `cuda/kernels/matmul.zig`.
const side = 64;
const batches_each = 1 << 15;

const copy_row = table.mapNumber("copy");
const add_row = table.mapNumber("add");

pub fn multiply(engine: *Engine, one: *const program.MatMul) Failed!void {
    const compute = one.compute;
    const halves = facts.hasHalves(one);
    const whole = one.k != 0 and @max(one.m, one.n, one.k) <= int_max;
    if (engine.blas != null and whole and compute != .int32) return byBlas(engine, one);
    if (!halves) return byKernel(engine, one);
    var wide = one.*;
    // With k = 0 the operands have no elements, so there is nothing to convert.
    if (one.k != 0) {
        if (one.a.dtype != compute) try contiguous(engine, .a, &wide, &wide.a, one.m, one.k, compute);
        if (one.b.dtype != compute) try contiguous(engine, .b, &wide, &wide.b, one.k, one.n, compute);
    }
    if (wide.out.dtype != compute) try place(engine, .c, &wide, &wide.out, one.m, one.n, compute);
    try byKernel(engine, &wide);
    if (one.out.dtype != compute) try copy(engine, &wide, &wide.out, &one.out, one.m, one.n);
}

/// The layout (row-major or column-major) of a rows x columns matrix with such strides, where
/// cuBLAS can represent the step; null where neither axis is contiguous.
fn placed(rows: usize, columns: usize, strides: *const [2]isize) ?Matrix {
    const found = Matrix.of(rows, columns, strides) orelse return null;
    return if (found.step <= int_max) found else null;
}

fn byBlas(engine: *Engine, given: *const program.MatMul) Failed!void {
    var one = given.*;
    const r = one.batch_rank;
    const element = if (one.a.dtype == one.b.dtype) one.a.dtype else one.compute;
    const result = if (one.out.dtype == element) element else one.compute;
    if (!suits(&one.a, r, one.m, one.k, element)) try contiguous(engine, .a, &one, &one.a, one.m, one.k, element);
    if (!suits(&one.b, r, one.k, one.n, element)) try contiguous(engine, .b, &one, &one.b, one.k, one.n, element);
    const direct = suits(&one.out, r, one.m, one.n, result);
    if (!direct) try place(engine, .c, &one, &one.out, one.m, one.n, result);
    try batches(engine, &one);
    if (!direct) try copy(engine, &one, &one.out, &given.out, one.m, one.n);
}

fn suits(view: *const program.View, batch_rank: u8, rows: usize, columns: usize, dtype: program.DType) bool {
    if (view.dtype != dtype) return false;
    for (view.strides[0..batch_rank]) |stride| if (stride < 0) return false;
    return placed(rows, columns, view.strides[batch_rank..][0..2]) != null;
}

/// Copies an operand into scratch memory, in that type and without gaps.
fn contiguous(
    engine: *Engine,
    which: cuda.Scratch,
    one: *const program.MatMul,
    view: *program.View,
    rows: usize,
    columns: usize,
    dtype: program.DType,
) Failed!void {
    const from = view.*;
    try place(engine, which, one, view, rows, columns, dtype);
    return copy(engine, one, &from, view, rows, columns);
}

/// Redirects the view to scratch memory, without gaps. Axes of the batch with stride 0 keep it.
fn place(
    engine: *Engine,
    which: cuda.Scratch,
    one: *const program.MatMul,
    view: *program.View,
    rows: usize,
    columns: usize,
    dtype: program.DType,
) Failed!void {
    const r = one.batch_rank;
    view.dtype = dtype;
    view.strides[r] = @intCast(columns);
    view.strides[r + 1] = 1;
    var count = rows * columns;
    var axis: usize = r;
    while (axis > 0) {
        axis -= 1;
        if (view.strides[axis] == 0) continue;
        view.strides[axis] = @intCast(count);
        count *= one.batch[axis];
    }
    view.data = @ptrFromInt(try engine.scratchOf(which, count * view.dtype.bytes()));
}

fn copy(
    engine: *Engine,
    one: *const program.MatMul,
    from: *const program.View,
    to: *const program.View,
    rows: usize,
    columns: usize,
) Failed!void {
    const r: usize = one.batch_rank;
    var shape: [rank_max + 2]usize = undefined;
    for (shape[0..r], one.batch[0..r], to.strides[0..r]) |*size, items, stride| {
        size.* = if (stride == 0) 1 else items;
    }
    shape[r..][0..2].* = .{ rows, columns };
    // A map has fewer axes than a product may have, so the outermost axes are walked here.
    const walked = (r + 2) -| rank_max;
    var index: [2]usize = @splat(0);
    while (true) {
        var move: program.Map = .{
            .row = copy_row,
            .compute = one.compute,
            .rank = @intCast(r + 2 - walked),
            .inputs_count = 1,
            .scalars = @splat(0),
            .shape = undefined,
            .out = part(to, walked, &index, r),
            .inputs = undefined,
        };
        move.inputs[0] = part(from, walked, &index, r);
        @memcpy(move.shape[0..move.rank], shape[walked..][0..move.rank]);
        try launch.map(engine, &move);
        var axis = walked;
        while (axis > 0) {
            axis -= 1;
            index[axis] += 1;
            if (index[axis] < shape[axis]) break;
            index[axis] = 0;
        } else return;
    }
}

fn part(view: *const program.View, walked: usize, index: *const [2]usize, r: usize) program.View {
    var result = view.*;
    for (0..walked) |axis| {
        const bytes: isize = view.strides[axis] * @as(isize, @intCast(view.dtype.bytes()));
        result.data = @ptrFromInt(@intFromPtr(result.data) +% @as(usize, @bitCast(bytes)) *% index[axis]);
    }
    for (walked..r + 2) |axis| result.strides[axis - walked] = view.strides[axis];
    return result;
}

/// Makes one call for the longest axis of the batch, repeated for each index of the other axes.
fn batches(engine: *Engine, one: *const program.MatMul) Failed!void {
    var shape: [rank_max]usize = undefined;
    var strides: [3][rank_max]isize = undefined;
    var rank: usize = 0;
    const views = [3]*const program.View{ &one.out, &one.a, &one.b };
    for (one.batch[0..one.batch_rank], 0..) |size, axis| {
        if (size == 1) continue;
        // An axis that continues the one before is merged with it.
        const merges = rank > 0 and for (views, 0..) |view, k| {
            if (strides[k][rank - 1] != view.strides[axis] * @as(isize, @intCast(size))) break false;
        } else true;
        if (!merges) {
            shape[rank] = 1;
            rank += 1;
        }
        shape[rank - 1] *= size;
        for (views, 0..) |view, k| strides[k][rank - 1] = view.strides[axis];
    }
    var longest: usize = 0;
    for (shape[0..rank], 0..) |size, axis| if (size > shape[longest]) {
        longest = axis;
    };
    const count = if (rank == 0) 1 else shape[longest];
    const steps: [3]isize = if (rank == 0) @splat(0) else .{ strides[0][longest], strides[1][longest], strides[2][longest] };
    if (rank > 0) shape[longest] = 1;
    var index: [rank_max]usize = @splat(0);
    while (true) {
        var offsets: [3]isize = @splat(0);
        for (0..rank) |axis| for (&offsets, 0..) |*offset, k| {
            offset.* += strides[k][axis] * @as(isize, @intCast(index[axis]));
        };
        try batch(engine, one, offsets, steps, count);
        var axis = rank;
        while (axis > 0) {
            axis -= 1;
            index[axis] += 1;
            if (index[axis] < shape[axis]) break;
            index[axis] = 0;
        } else return;
    }
}

fn batch(
    engine: *Engine,
    one: *const program.MatMul,
    offsets: [3]isize,
    steps: [3]isize,
    count: usize,
) Failed!void {
    const product = productOf(one, offsets, steps);
    var first: usize = 0;
    while (first < count) : (first += batches_each) {
        var some = product;
        some.count = @intCast(@min(count - first, batches_each));
        for ([3]*blas.Operand{ &some.a, &some.b, &some.c }, [3]program.DType{ some.element, some.element, some.result }) |each, dtype| {
            each.address +%= @as(u64, @bitCast(each.stride)) *% first *% dtype.bytes();
        }
        if (!try engine.graphs.noteProduct(engine, &some)) try engine.multiplyNow(&some);
    }
}

/// One product of the batch in cuBLAS's terms.
fn productOf(one: *const program.MatMul, offsets: [3]isize, steps: [3]isize) blas.Product {
    const r = one.batch_rank;
    const out = placed(one.m, one.n, one.out.strides[r..][0..2]).?;
    const a = placed(one.m, one.k, one.a.strides[r..][0..2]).?;
    const b = placed(one.k, one.n, one.b.strides[r..][0..2]).?;
    const c_operand = operand(&one.out, out, false, offsets[0], steps[0]);
    // A row-major c is computed as its column-major transpose: c' = b' a'. For a column-major c, c
    // = a b, and each row-major operand is passed as transposed.
    return if (!out.transposed) .{
        .element = one.a.dtype,
        .result = one.out.dtype,
        .a = operand(&one.b, b, b.transposed, offsets[2], steps[2]),
        .b = operand(&one.a, a, a.transposed, offsets[1], steps[1]),
        .c = c_operand,
        .m = @intCast(one.n),
        .n = @intCast(one.m),
        .k = @intCast(one.k),
        .count = 0,
    } else .{
        .element = one.a.dtype,
        .result = one.out.dtype,
        .a = operand(&one.a, a, !a.transposed, offsets[1], steps[1]),
        .b = operand(&one.b, b, !b.transposed, offsets[2], steps[2]),
        .c = c_operand,
        .m = @intCast(one.m),
        .n = @intCast(one.n),
        .k = @intCast(one.k),
        .count = 0,
    };
}

/// Runs a product and the sum that adds a row of biases to it as one product with a bias, if the
/// sum alone reads the product. False where the two are no such pair, or cuBLASLt is absent or
/// refuses.
pub fn multiplyBias(
    engine: *Engine,
    given: *const program.MatMul,
    sum: *const program.Map,
    temporaries: []const u32,
    later: []const program.Instruction,
) Failed!bool {
    if (engine.lt == null or engine.blas == null) return false;
    var one = given.*;
    const bias = biasOf(&one, sum) orelse return false;
    if (std.mem.indexOfScalar(u32, temporaries, given.out.handle) == null) return false;
    if (later_module.isRead(later, given.out.handle)) return false;
    var product = productOf(&one, @splat(0), @splat(0));
    product.count = 1;
    product.bias = @intFromPtr(bias.data);
    const choice = try engine.lt.?.choose(engine.allocator, &product) orelse return false;
    if (choice.workspace_bytes > 0) {
        product.workspace = engine.workspace orelse return false;
    }
    if (!try engine.graphs.noteProduct(engine, &product)) try engine.multiplyNow(&product);
    return true;
}

/// The bias that `sum` adds to every row of the product; the product's output becomes that of
/// `sum`.
fn biasOf(one: *program.MatMul, sum: *const program.Map) ?*const program.View {
    const r: usize = one.batch_rank;
    if (sum.row != add_row or sum.compute != .float32 or one.compute != .float32 or sum.rank == 0) return null;
    const shape = sum.shape[0..sum.rank];
    const last = shape.len - 1;
    const whole = one.k != 0 and @max(one.m, one.n, one.k) <= int_max and axes_module.product(one.batch[0..r]) == 1;
    if (!whole or shape[last] != one.n or axes_module.product(shape[0..last]) != one.m) return null;
    for ([_]*const program.View{ &sum.out, &sum.inputs[0], &sum.inputs[1], &one.out, &one.a, &one.b }) |view| {
        if (view.dtype != .float32) return null;
    }
    const is_first = sum.inputs[0].handle == one.out.handle;
    const product = &sum.inputs[if (is_first) 0 else 1];
    const bias = &sum.inputs[if (is_first) 1 else 0];
    if (product.handle != one.out.handle or product.data != one.out.data) return null;
    const from = matrixOf(product, shape) orelse return null;
    if (one.m != 1 and from[0] != one.out.strides[r]) return null;
    if (one.n != 1 and from[1] != one.out.strides[r + 1]) return null;
    const along = matrixOf(bias, shape) orelse return null;
    if ((one.m != 1 and along[0] != 0) or (one.n != 1 and along[1] != 1)) return null;
    // The output must overlap none of the operands.
    for ([_]*const program.View{ bias, &one.a, &one.b }) |view| if (view.handle == sum.out.handle) return null;
    const to = matrixOf(&sum.out, shape) orelse return null;
    one.out = sum.out;
    one.out.strides[r..][0..2].* = to;
    const suited = suits(&one.a, one.batch_rank, one.m, one.k, .float32) and
        suits(&one.b, one.batch_rank, one.k, one.n, .float32) and suits(&one.out, one.batch_rank, one.m, one.n, .float32);
    if (!suited or placed(one.m, one.n, &to).?.transposed) return null;
    return bias;
}

/// The row stride, whichever axes the rows have, and the stride along the last axis.
fn matrixOf(view: *const program.View, shape: []const usize) ?[2]isize {
    const last = shape.len - 1;
    const rows = axes_module.strideOf(shape[0..last], view.strides[0..last]) orelse return null;
    return .{ rows, view.strides[last] };
}

fn operand(
    view: *const program.View,
    lies: Matrix,
    transposed: bool,
    offset: isize,
    step: isize,
) blas.Operand {
    const bytes: u64 = @bitCast(@as(i64, offset) * @as(i64, @intCast(view.dtype.bytes())));
    return .{
        .address = @intFromPtr(view.data) +% bytes,
        .operation = if (transposed) .transposed else .plain,
        .columns = @intCast(lies.step),
        .stride = step,
    };
}

fn byKernel(engine: *Engine, one: *const program.MatMul) Failed!void {
    const r: usize = one.batch_rank;
    const down = (one.m + side - 1) / side;
    const right = (one.n + side - 1) / side;
    const batch_count = axes_module.product(one.batch[0..r]);
    if (batch_count > engine.places_most) {
        for (split.batches(one)) |half| try byKernel(engine, &half);
        return;
    }
    if (down * right > layout.places_max) return engine.unsupported(
        "Cannot multiply: a product of {d} x {d} is too large at once",
        .{ one.m, one.n },
    );
    var arguments: matmul.MatMulArguments = .{
        .addresses = undefined,
        .m = one.m,
        .n = one.n,
        .k = one.k,
        .tiles = .init(right),
        .batch_rank = one.batch_rank,
        .batch_first = 0,
        .strides = undefined,
        .divisors = @splat(.{}),
        .batch_strides = @splat(@splat(0)),
    };
    const size: i64 = @intCast(one.compute.bytes());
    for ([3]*const program.View{ &one.out, &one.a, &one.b }, 0..) |view, k| {
        arguments.addresses[k] = @intFromPtr(view.data);
        for (0..2) |axis| arguments.strides[k][axis] = view.strides[r + axis] * size;
        for (0..r) |back| arguments.batch_strides[k][back] = view.strides[r - 1 - back] * size;
    }
    for (0..r) |back| arguments.divisors[back] = .init(one.batch[r - 1 - back]);
    while (arguments.batch_first < batch_count) : (arguments.batch_first += batches_each) {
        const some = @min(batch_count - arguments.batch_first, batches_each);
        try launch.start(engine, .matmul, @backingInt(one.compute), 0, .{ down * right, some }, std.mem.asBytes(&arguments));
    }
}
