//! The stand-in's cuBLAS: checks what cuBLAS checks and puts the product into the stream.

const queue = @import("queue.zig");
const state = @import("state.zig");

const DType = @import("kernels").program.DType;

const not_initialized = 1;
const invalid_value = 7;
const not_supported = 15;
pub const execution_failed = 13;

const Handle = struct {
    stream: ?*queue.Stream = null,
    tf32: bool = false,
    workspace: u64 = 0,
    workspace_bytes: usize = 0,
};

pub const functions = struct {
    pub fn cublasCreate_v2(handle: *?*Handle) callconv(.c) c_int {
        const made = state.allocator.create(Handle) catch return 3;
        made.* = .{};
        handle.* = made;
        return 0;
    }

    pub fn cublasDestroy_v2(handle: ?*Handle) callconv(.c) c_int {
        state.allocator.destroy(handle orelse return not_initialized);
        return 0;
    }

    pub fn cublasGetVersion_v2(_: *Handle, version: *c_int) callconv(.c) c_int {
        version.* = 120_401;
        return 0;
    }

    pub fn cublasSetStream_v2(handle: *Handle, stream: ?*queue.Stream) callconv(.c) c_int {
        handle.stream = stream;
        // cuBLAS uses its own workspace again.
        handle.workspace = 0;
        return 0;
    }

    pub fn cublasSetWorkspace_v2(handle: *Handle, workspace: u64, bytes: usize) callconv(.c) c_int {
        if (state.values.get(.workspaces) == 0) return not_supported;
        if (workspace % 256 != 0) return invalid_value;
        handle.workspace = workspace;
        handle.workspace_bytes = bytes;
        return 0;
    }

    pub fn cublasSetMathMode(handle: *Handle, mode: c_int) callconv(.c) c_int {
        const kind = mode & 15;
        if (mode & ~@as(c_int, 31) != 0 or (kind != 0 and kind != 3)) return invalid_value;
        handle.tf32 = kind == 3;
        return 0;
    }

    pub fn cublasGetStatusString(status: c_int) callconv(.c) [*:0]const u8 {
        return switch (status) {
            0 => "success",
            invalid_value => "an unsupported value or parameter was passed to the function",
            execution_failed => "the GPU program failed to execute",
            else => "another status",
        };
    }

    pub const cublasSgemmStridedBatched = gemm(f32);
    pub const cublasDgemmStridedBatched = gemm(f64);

    pub fn cublasGemmStridedBatchedEx(
        handle: *Handle,
        a_operation: c_int,
        b_operation: c_int,
        m: c_int,
        n: c_int,
        k: c_int,
        alpha: *const f32,
        a: u64,
        a_type: c_int,
        a_columns: c_int,
        a_stride: i64,
        b: u64,
        b_type: c_int,
        b_columns: c_int,
        b_stride: i64,
        beta: *const f32,
        c: u64,
        c_type: c_int,
        c_columns: c_int,
        c_stride: i64,
        count: c_int,
        compute: c_int,
        algorithm: c_int,
    ) callconv(.c) c_int {
        // Deneb asks for sums in float32 and leaves the algorithm to the library.
        if (compute != 68 or algorithm != -1 or alpha.* != 1 or beta.* != 0) return invalid_value;
        const element = halfOf(a_type) orelse return not_supported;
        const result: DType = if (c_type == 0) .float32 else halfOf(c_type) orelse return not_supported;
        if (b_type != a_type or (result != element and result != .float32)) return not_supported;
        return ask(handle, element, result, .{ a_operation, b_operation }, .{ m, n, k, count }, .{
            .{ .address = a, .columns = a_columns, .stride = a_stride },
            .{ .address = b, .columns = b_columns, .stride = b_stride },
            .{ .address = c, .columns = c_columns, .stride = c_stride },
        });
    }
};

fn gemm(comptime T: type) fn (*Handle, c_int, c_int, c_int, c_int, c_int, *const T, u64, c_int, i64, u64, c_int, i64, *const T, u64, c_int, i64, c_int) callconv(.c) c_int {
    return struct {
        fn call(
            handle: *Handle,
            a_operation: c_int,
            b_operation: c_int,
            m: c_int,
            n: c_int,
            k: c_int,
            alpha: *const T,
            a: u64,
            a_columns: c_int,
            a_stride: i64,
            b: u64,
            b_columns: c_int,
            b_stride: i64,
            beta: *const T,
            c: u64,
            c_columns: c_int,
            c_stride: i64,
            count: c_int,
        ) callconv(.c) c_int {
            if (alpha.* != 1 or beta.* != 0) return invalid_value;
            const element: DType = if (T == f64) .float64 else .float32;
            return ask(handle, element, element, .{ a_operation, b_operation }, .{ m, n, k, count }, .{
                .{ .address = a, .columns = a_columns, .stride = a_stride },
                .{ .address = b, .columns = b_columns, .stride = b_stride },
                .{ .address = c, .columns = c_columns, .stride = c_stride },
            });
        }
    }.call;
}

fn halfOf(code: c_int) ?DType {
    return switch (code) {
        2 => .float16,
        14 => .bfloat16,
        else => null,
    };
}

const Given = struct { address: u64, columns: c_int, stride: i64 };

/// Checks the operands of products. `sizes` are m, n, k and the number of products.
fn ask(
    handle: *Handle,
    element: DType,
    result: DType,
    operations: [2]c_int,
    sizes: [4]c_int,
    given: [3]Given,
) c_int {
    const m, const n, const k, const count = sizes;
    if (m < 0 or n < 0 or k < 0 or count < 0) return invalid_value;
    const rows = [3]c_int{ if (operations[0] == 0) m else k, if (operations[1] == 0) k else n, m };
    var matrices: [3]queue.Matrix = undefined;
    for (&matrices, given, rows) |*matrix, one, least| {
        if (one.columns < @max(1, least)) return invalid_value;
        matrix.* = .{ .address = one.address, .columns = @intCast(one.columns), .stride = one.stride };
    }
    const stream = handle.stream orelse return not_initialized;
    state.lock();
    defer state.unlock();
    // Without a workspace the library allocates and frees one during a capture.
    if (stream.capture) |capture| {
        if (handle.workspace == 0) capture.graph.allocates = true;
    }
    return push(stream, .{
        .element = element,
        .result = result,
        .tf32 = handle.tf32 and element == .float32,
        .transposed = .{ operations[0] != 0, operations[1] != 0 },
        .m = @intCast(m),
        .n = @intCast(n),
        .k = @intCast(k),
        .a = matrices[0],
        .b = matrices[1],
        .c = matrices[2],
        .count = @intCast(count),
        .workspace = handle.workspace,
        .workspace_bytes = handle.workspace_bytes,
    });
}

/// Puts a product into the stream, if its operands are there.
pub fn push(stream: *queue.Stream, asked: queue.Product) c_int {
    if (state.lost != 0) return execution_failed;
    const extents = [3][2]usize{
        if (asked.transposed[0]) .{ asked.k, asked.m } else .{ asked.m, asked.k },
        if (asked.transposed[1]) .{ asked.n, asked.k } else .{ asked.k, asked.n },
        .{ asked.m, asked.n },
    };
    const types = [3]DType{ asked.element, asked.element, asked.result };
    for ([3]queue.Matrix{ asked.a, asked.b, asked.c }, extents, types) |matrix, extent, dtype| {
        // The last element that is touched must lie in the same allocation as the first.
        const items: i64 = @as(i64, @intCast(asked.count)) - 1;
        const inside = @as(i64, @intCast(matrix.columns)) * (@as(i64, @intCast(extent[1])) - 1) + @as(i64, @intCast(extent[0]));
        const last = matrix.stride * items + inside;
        if (!state.holds(matrix.address, @as(usize, @intCast(@max(last, 0))) * dtype.bytes())) return execution_failed;
    }
    const product = state.allocator.create(queue.Product) catch return 3;
    product.* = asked;
    stream.push(.{ .product = product });
    return 0;
}
