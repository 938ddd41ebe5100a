//! CLBlast, where the caller asked for it and the machine has it: products of float32 and float64
//! whose operands are row-major or column-major, in strided batches, on the engine's own queue.
//! Products that CLBlast does not take, or fails at, are left to the kernels of `product.zig`.

const std = @import("std");
const builtin = @import("builtin");
const dynamic = @import("../host/dynamic.zig");
const facts = @import("../program/facts.zig");
const opencl = @import("engine.zig");
const opencl_api = @import("api.zig");
const program = @import("../program/program.zig");
const Matrix = @import("../gpu/matrix.zig").Matrix;

const Engine = opencl.Engine;
const MatMul = program.MatMul;

const row_major = 101;

const Operation = enum(c_int) { plain = 111, transposed = 112 };

fn Gemm(comptime T: type) type {
    return *const fn (
        layout: c_int,
        a_operation: Operation,
        b_operation: Operation,
        m: usize,
        n: usize,
        k: usize,
        alpha: T,
        a: opencl_api.Buffer,
        a_offset: usize,
        a_step: usize,
        a_stride: usize,
        b: opencl_api.Buffer,
        b_offset: usize,
        b_step: usize,
        b_stride: usize,
        beta: T,
        c: opencl_api.Buffer,
        c_offset: usize,
        c_step: usize,
        c_stride: usize,
        count: usize,
        queue: *opencl_api.Queue,
        event: ?*anyopaque,
    ) callconv(.c) c_int;
}

/// Like `Gemm`, for a single product: CLBlast then chooses among more kernels.
fn GemmAlone(comptime T: type) type {
    return *const fn (
        layout: c_int,
        a_operation: Operation,
        b_operation: Operation,
        m: usize,
        n: usize,
        k: usize,
        alpha: T,
        a: opencl_api.Buffer,
        a_offset: usize,
        a_step: usize,
        b: opencl_api.Buffer,
        b_offset: usize,
        b_step: usize,
        beta: T,
        c: opencl_api.Buffer,
        c_offset: usize,
        c_step: usize,
        queue: *opencl_api.Queue,
        event: ?*anyopaque,
    ) callconv(.c) c_int;
}

const Functions = struct {
    CLBlastSgemm: GemmAlone(f32),
    CLBlastDgemm: GemmAlone(f64),
    CLBlastSgemmStridedBatched: Gemm(f32),
    CLBlastDgemmStridedBatched: Gemm(f64),
    CLBlastClearCache: *const fn () callconv(.c) c_int,
};

const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{"clblast.dll"},
    .macos => &.{"libclblast.1.dylib"},
    else => &.{"libclblast.so.1"},
};

pub const Blas = struct {
    functions: Functions,

    /// Null where CLBlast is absent; the message says why.
    pub fn load(folders: []const []const u8, message: *program.Message) ?Blas {
        const library = dynamic.open(names, folders) orelse {
            message.set("{s} is not here: {s}", .{ names[0], dynamic.reason() });
            return null;
        };
        var blas: Blas = .{ .functions = undefined };
        if (dynamic.fill(Functions, &blas.functions, library)) |missing| {
            message.set("its library has no {s}", .{missing});
            return null;
        }
        return blas;
    }

    /// Clears CLBlast's cache, which keeps programs by the address of their context: another
    /// context may get the same address later.
    pub fn forget(blas: *const Blas) void {
        _ = blas.functions.CLBlastClearCache();
    }
};

const Operand = struct {
    buffer: opencl_api.Buffer,
    offset: usize,
    placed: Matrix,
    /// Elements from one item of the batch to the next.
    stride: usize,
};

fn operationOf(operand: Operand) Operation {
    return if (operand.placed.transposed) .transposed else .plain;
}

/// Elements from one item to the next if one step spans the whole batch, else null.
fn strideOf(one: *const MatMul, view: *const program.View) ?usize {
    var count: isize = 1;
    var stride: ?isize = null;
    var axis: usize = one.batch_rank;
    while (axis > 0) {
        axis -= 1;
        if (one.batch[axis] == 1) continue;
        const own = view.strides[axis];
        if (stride) |known| {
            if (own != known * count) return null;
        } else stride = own;
        count *= @intCast(one.batch[axis]);
    }
    return std.math.cast(usize, stride orelse 0);
}

fn operandOf(engine: *const Engine, one: *const MatMul, view: *const program.View, rows: usize, columns: usize) ?Operand {
    const place = engine.placeOf(view.data);
    return .{
        .buffer = place.buffer,
        .offset = place.offset / view.dtype.bytes(),
        .placed = Matrix.of(rows, columns, view.strides[one.batch_rank..][0..2]) orelse return null,
        .stride = strideOf(one, view) orelse return null,
    };
}

/// Whether CLBlast took the product. A failed call leaves nothing behind, and is not repeated.
pub fn multiply(engine: *Engine, one: *const MatMul) bool {
    if (one.k == 0 or !facts.isUniform(one)) return false;
    const a = operandOf(engine, one, &one.a, one.m, one.k) orelse return false;
    const b = operandOf(engine, one, &one.b, one.k, one.n) orelse return false;
    const c = operandOf(engine, one, &one.out, one.m, one.n) orelse return false;
    if (c.placed.transposed) return false;
    var count: usize = 1;
    for (one.batch[0..one.batch_rank]) |size| count *= size;
    if (count > 1 and c.stride == 0) return false;
    const functions = &engine.blas.?.functions;
    const status = switch (one.compute) {
        .float32 => call(f32, engine, functions.CLBlastSgemm, functions.CLBlastSgemmStridedBatched, one, .{ a, b, c }, count),
        .float64 => call(f64, engine, functions.CLBlastDgemm, functions.CLBlastDgemmStridedBatched, one, .{ a, b, c }, count),
        else => return false,
    };
    if (status == opencl_api.success) return true;
    engine.blas.?.forget();
    engine.blas = null;
    engine.blas_absence.set("it answered {d} ({s}) to a product of {d} x {d} x {d}", .{
        status, opencl_api.errorName(status), one.m, one.n, one.k,
    });
    return false;
}

fn call(
    comptime T: type,
    engine: *Engine,
    alone: GemmAlone(T),
    batched: Gemm(T),
    one: *const MatMul,
    operands: [3]Operand,
    count: usize,
) c_int {
    const a, const b, const c = operands;
    return if (count == 1) alone(
        row_major,
        operationOf(a),
        operationOf(b),
        one.m,
        one.n,
        one.k,
        1,
        a.buffer,
        a.offset,
        a.placed.step,
        b.buffer,
        b.offset,
        b.placed.step,
        0,
        c.buffer,
        c.offset,
        c.placed.step,
        &engine.queue,
        null,
    ) else batched(
        row_major,
        operationOf(a),
        operationOf(b),
        one.m,
        one.n,
        one.k,
        1,
        a.buffer,
        a.offset,
        a.placed.step,
        a.stride,
        b.buffer,
        b.offset,
        b.placed.step,
        b.stride,
        0,
        c.buffer,
        c.offset,
        c.placed.step,
        c.stride,
        count,
        &engine.queue,
        null,
    );
}

test "a batch has one step, or none" {
    var one: MatMul = undefined;
    one.batch_rank = 3;
    one.batch[0..3].* = .{ 2, 1, 3 };
    for ([_]struct { [3]isize, ?usize }{
        .{ .{ 36, 7, 12 }, 12 },
        .{ .{ 0, 0, 0 }, 0 },
        .{ .{ 0, 5, 12 }, null },
        .{ .{ 12, 5, 0 }, null },
        .{ .{ -36, 5, -12 }, null },
    }) |case| {
        one.a.strides[0..3].* = case[0];
        try std.testing.expectEqual(case[1], strideOf(&one, &one.a));
    }
}
