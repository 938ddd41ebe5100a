//! cuBLAS, where the machine has it: products of floats in strided batches. Sums of halves are
//! float32, and each is rounded once.

const std = @import("std");
const builtin = @import("builtin");
const driver = @import("driver.zig");
const program = @import("../program/program.zig");
const dynamic = @import("../host/dynamic.zig");

pub const Handle = opaque {};

pub const Operation = enum(c_int) { plain = 0, transposed = 1 };

const MathMode = packed struct(c_int) {
    /// Math mode 3 lets products of float32 round their operands to TF32.
    mode: u4 = 0,
    /// This mode forbids rounding parts of a sum to halves before they are joined.
    whole_sums: bool = true,
    unused: u27 = 0,
};

/// `CUBLAS_COMPUTE_32F`, and the code that lets the library choose its algorithm.
const compute_float = 68;
const algorithm_default = -1;

/// The library's `cudaDataType`.
fn typeOf(dtype: program.DType) c_int {
    return switch (dtype) {
        .float32 => 0,
        .float16 => 2,
        .bfloat16 => 14,
        else => unreachable,
    };
}

fn Gemm(comptime T: type) type {
    return *const fn (
        handle: ?*Handle,
        a_operation: Operation,
        b_operation: Operation,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const T,
        a: driver.Address,
        a_columns: c_int,
        a_stride: c_longlong,
        b: driver.Address,
        b_columns: c_int,
        b_stride: c_longlong,
        beta: *const T,
        c: driver.Address,
        c_columns: c_int,
        c_stride: c_longlong,
        count: c_int,
    ) callconv(.c) c_int;
}

const Functions = struct {
    cublasCreate_v2: *const fn (handle: *?*Handle) callconv(.c) c_int,
    cublasDestroy_v2: *const fn (handle: ?*Handle) callconv(.c) c_int,
    cublasGetVersion_v2: *const fn (handle: ?*Handle, version: *c_int) callconv(.c) c_int,
    cublasSetStream_v2: *const fn (handle: ?*Handle, stream: ?*driver.Stream) callconv(.c) c_int,
    cublasSetWorkspace_v2: ?*const fn (handle: ?*Handle, workspace: driver.Address, bytes: usize) callconv(.c) c_int,
    cublasSetMathMode: *const fn (handle: ?*Handle, mode: MathMode) callconv(.c) c_int,
    cublasSgemmStridedBatched: Gemm(f32),
    cublasDgemmStridedBatched: Gemm(f64),
    cublasGemmStridedBatchedEx: *const fn (
        handle: ?*Handle,
        a_operation: Operation,
        b_operation: Operation,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        a: driver.Address,
        a_type: c_int,
        a_columns: c_int,
        a_stride: c_longlong,
        b: driver.Address,
        b_type: c_int,
        b_columns: c_int,
        b_stride: c_longlong,
        beta: *const f32,
        c: driver.Address,
        c_type: c_int,
        c_columns: c_int,
        c_stride: c_longlong,
        count: c_int,
        compute: c_int,
        algorithm: c_int,
    ) callconv(.c) c_int,
    cublasGetStatusString: ?*const fn (status: c_int) callconv(.c) ?[*:0]const u8,
};

pub const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{ "cublas64_13.dll", "cublas64_12.dll", "cublas64_11.dll" },
    else => &.{ "libcublas.so.13", "libcublas.so.12", "libcublas.so.11" },
};

/// One product of a batch, as the column-major library sees it: c = a b, m x k by k x n.
pub const Product = struct {
    /// The type of a and b, and that of c: the types differ where products of halves are float32.
    element: program.DType,
    result: program.DType,
    a: Operand,
    b: Operand,
    c: Operand,
    m: c_int,
    n: c_int,
    k: c_int,
    count: c_int,
    /// The address of an element for each row of c, which cuBLASLt adds to that row; 0 for no bias.
    bias: driver.Address = 0,
    workspace: driver.Address = 0,

    /// The product with each address replaced by its alignment, which decides the kernel that the
    /// library chooses.
    pub fn shape(product: Product) Product {
        var bare = product;
        inline for (.{ &bare.a.address, &bare.b.address, &bare.c.address, &bare.bias, &bare.workspace }) |address| {
            address.* = alignmentOf(address.*);
        }
        return bare;
    }
};

/// The alignment of an address in bytes, as far as the library distinguishes it; 0 for no address.
pub fn alignmentOf(address: driver.Address) u32 {
    return if (address == 0) 0 else @as(u32, 1) << @intCast(@min(@ctz(address), 8));
}

pub const Operand = struct {
    address: driver.Address,
    operation: Operation = .plain,
    /// Elements from column to column, and from one item of the batch to the next.
    columns: c_int,
    stride: c_longlong = 0,
};

pub const Blas = struct {
    functions: Functions,
    handle: ?*Handle,
    version: c_int,

    /// Null where cuBLAS is absent; the message says why. The device's context must be current.
    pub fn open(
        folders: []const []const u8,
        stream: ?*driver.Stream,
        tf32: bool,
        message: *program.Message,
    ) ?Blas {
        const library = dynamic.open(names, folders) orelse {
            message.set("{s} (or 12, or 11) is not here: {s}", .{ names[0], dynamic.reason() });
            return null;
        };
        var blas: Blas = .{ .functions = undefined, .handle = null, .version = 0 };
        if (dynamic.fill(Functions, &blas.functions, library)) |missing| {
            message.set("its library has no {s}", .{missing});
            return null;
        }
        const functions = &blas.functions;
        const created = functions.cublasCreate_v2(&blas.handle);
        if (created != 0) {
            message.set("cublasCreate failed: {s}", .{blas.textOf(created)});
            return null;
        }
        const set = [_]c_int{
            functions.cublasGetVersion_v2(blas.handle, &blas.version),
            functions.cublasSetStream_v2(blas.handle, stream),
            blas.setMode(if (tf32) 3 else 0),
        };
        for (set) |status| if (status != 0) {
            message.set("it could not be set up: {s}", .{blas.textOf(status)});
            blas.close();
            return null;
        };
        return blas;
    }

    fn setMode(blas: *const Blas, mode: u4) c_int {
        const set = blas.functions.cublasSetMathMode;
        // The oldest libraries do not know the flag about reduced precision.
        return if (set(blas.handle, .{ .mode = mode }) == 0) 0 else set(blas.handle, .{ .mode = mode, .whole_sums = false });
    }

    /// Sets the workspace that products use in place of the library's own, which the library would
    /// allocate anew in each capture. False where the library does not take the workspace.
    pub fn setWorkspace(blas: *const Blas, workspace: driver.Address, bytes: usize) bool {
        const set = blas.functions.cublasSetWorkspace_v2 orelse return false;
        return set(blas.handle, workspace, bytes) == 0;
    }

    pub fn close(blas: *Blas) void {
        _ = blas.functions.cublasDestroy_v2(blas.handle);
    }

    pub fn textOf(blas: *const Blas, status: c_int) []const u8 {
        const name = blas.functions.cublasGetStatusString orelse return statusName(status);
        return std.mem.span(name(status) orelse return statusName(status));
    }

    /// Returns cuBLAS's status; 0 is success.
    pub fn multiply(blas: *const Blas, product: *const Product) c_int {
        return switch (product.element) {
            .float64 => blas.multiplyAs(f64, product),
            .float32 => blas.multiplyAs(f32, product),
            else => blas.multiplyHalves(product),
        };
    }

    fn multiplyHalves(blas: *const Blas, product: *const Product) c_int {
        const one: f32 = 1;
        const zero: f32 = 0;
        return blas.functions.cublasGemmStridedBatchedEx(
            blas.handle,
            product.a.operation,
            product.b.operation,
            product.m,
            product.n,
            product.k,
            &one,
            product.a.address,
            typeOf(product.element),
            product.a.columns,
            product.a.stride,
            product.b.address,
            typeOf(product.element),
            product.b.columns,
            product.b.stride,
            &zero,
            product.c.address,
            typeOf(product.result),
            product.c.columns,
            product.c.stride,
            product.count,
            compute_float,
            algorithm_default,
        );
    }

    fn multiplyAs(blas: *const Blas, comptime T: type, product: *const Product) c_int {
        const function = if (T == f32) blas.functions.cublasSgemmStridedBatched else blas.functions.cublasDgemmStridedBatched;
        const one: T = 1;
        const zero: T = 0;
        return function(
            blas.handle,
            product.a.operation,
            product.b.operation,
            product.m,
            product.n,
            product.k,
            &one,
            product.a.address,
            product.a.columns,
            product.a.stride,
            product.b.address,
            product.b.columns,
            product.b.stride,
            &zero,
            product.c.address,
            product.c.columns,
            product.c.stride,
            product.count,
        );
    }
};

fn statusName(status: c_int) []const u8 {
    return switch (status) {
        1 => "it is not initialized",
        3 => "an allocation failed",
        7 => "an invalid value",
        8 => "the device's architecture is not supported",
        11 => "a mapping failed",
        13 => "the execution failed",
        14 => "an internal error",
        15 => "it is not supported",
        else => "an error without a name",
    };
}
