//! The stand-in's cuBLAS: checks what cuBLAS checks and puts the product into the stream.

const std = @import("std");
const queue = @import("queue.zig");
const state = @import("state.zig");

const not_initialized = 1;
const invalid_value = 7;
pub const execution_failed = 13;

const Handle = struct { stream: ?*queue.Stream = null };

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
        return 0;
    }

    pub fn cublasSetMathMode(_: *Handle, mode: c_int) callconv(.c) c_int {
        return if (mode == 0 or mode == 3) 0 else invalid_value;
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
            if (m < 0 or n < 0 or k < 0 or count < 0 or alpha.* != 1 or beta.* != 0) return invalid_value;
            const a_rows = if (a_operation == 0) m else k;
            const b_rows = if (b_operation == 0) k else n;
            if (a_columns < @max(1, a_rows) or b_columns < @max(1, b_rows) or c_columns < @max(1, m)) return invalid_value;
            const stream = handle.stream orelse return not_initialized;
            state.lock();
            defer state.unlock();
            return push(stream, @sizeOf(T), .{
                .double = T == f64,
                .transposed = .{ a_operation != 0, b_operation != 0 },
                .m = @intCast(m),
                .n = @intCast(n),
                .k = @intCast(k),
                .a = .{ .address = a, .columns = @intCast(a_columns), .stride = a_stride },
                .b = .{ .address = b, .columns = @intCast(b_columns), .stride = b_stride },
                .c = .{ .address = c, .columns = @intCast(c_columns), .stride = c_stride },
                .count = @intCast(count),
            });
        }
    }.call;
}

/// Puts a product of elements of so many bytes into the stream, if its operands are there.
pub fn push(stream: *queue.Stream, bytes: usize, asked: queue.Product) c_int {
    if (state.lost != 0) return execution_failed;
    const extents = [3][2]usize{
        if (asked.transposed[0]) .{ asked.k, asked.m } else .{ asked.m, asked.k },
        if (asked.transposed[1]) .{ asked.n, asked.k } else .{ asked.k, asked.n },
        .{ asked.m, asked.n },
    };
    for ([3]queue.Matrix{ asked.a, asked.b, asked.c }, extents) |matrix, extent| {
        // The last element that is touched must lie in the same allocation as the first.
        const items: i64 = @as(i64, @intCast(asked.count)) - 1;
        const inside = @as(i64, @intCast(matrix.columns)) * (@as(i64, @intCast(extent[1])) - 1) + @as(i64, @intCast(extent[0]));
        const last = matrix.stride * items + inside;
        if (!state.holds(matrix.address, @as(usize, @intCast(@max(last, 0))) * bytes)) return execution_failed;
    }
    const product = state.allocator.create(queue.Product) catch return 3;
    product.* = asked;
    stream.push(.{ .product = product });
    return 0;
}
