//! The stand-in's cuBLASLt: products with a bias, as Deneb asks for them.

const queue = @import("queue.zig");
const state = @import("state.zig");
const blas = @import("blas.zig");

const invalid_value = 7;
const not_supported = 15;

const Handle = struct { unused: u8 = 0 };
const Description = struct { compute: c_int, operations: [2]c_int = @splat(0), epilogue: c_int = 1, bias: u64 = 0 };
const Layout = struct { rows: u64, columns: u64, step: i64 };
const Preference = struct { workspace: usize = 0, alignment: u32 = 256 };
const Found = extern struct { algorithm: [8]u64, workspace_bytes: usize, state: c_int, waves: f32, reserved: [4]c_int };

/// The number of the stand-in's only algorithm, and the workspace that the algorithm needs.
const number = 77;
const workspace_wanted = 4096;

fn make(comptime T: type, made: *?*T, value: T) c_int {
    const one = state.allocator.create(T) catch return 3;
    one.* = value;
    made.* = one;
    state.add(.described, 1);
    return 0;
}

fn destroy(comptime T: type, made: ?*T) c_int {
    state.allocator.destroy(made orelse return invalid_value);
    state.add(.described, -1);
    return 0;
}

pub const functions = struct {
    pub fn cublasLtCreate(handle: *?*Handle) callconv(.c) c_int {
        return make(Handle, handle, .{});
    }

    pub fn cublasLtDestroy(handle: ?*Handle) callconv(.c) c_int {
        return destroy(Handle, handle);
    }

    pub fn cublasLtMatmulDescCreate(made: *?*Description, compute: c_int, scale: c_int) callconv(.c) c_int {
        if ((compute != 68 and compute != 77) or scale != 0) return invalid_value;
        return make(Description, made, .{ .compute = compute });
    }

    pub fn cublasLtMatmulDescDestroy(made: ?*Description) callconv(.c) c_int {
        return destroy(Description, made);
    }

    pub fn cublasLtMatmulDescSetAttribute(of: *Description, attribute: c_int, value: *const anyopaque, bytes: usize) callconv(.c) c_int {
        if (bytes != @as(usize, if (attribute == 8) 8 else 4)) return invalid_value;
        const word: *const c_int = @ptrCast(@alignCast(value));
        switch (attribute) {
            3, 4 => of.operations[@intCast(attribute - 3)] = word.*,
            7 => of.epilogue = word.*,
            8 => of.bias = @as(*const u64, @ptrCast(@alignCast(value))).*,
            else => return invalid_value,
        }
        return 0;
    }

    pub fn cublasLtMatrixLayoutCreate(made: *?*Layout, element: c_int, rows: u64, columns: u64, step: i64) callconv(.c) c_int {
        if (element != 0 or rows == 0 or columns == 0 or step < rows) return invalid_value;
        return make(Layout, made, .{ .rows = rows, .columns = columns, .step = step });
    }

    pub fn cublasLtMatrixLayoutDestroy(made: ?*Layout) callconv(.c) c_int {
        return destroy(Layout, made);
    }

    pub fn cublasLtMatmulPreferenceCreate(made: *?*Preference) callconv(.c) c_int {
        return make(Preference, made, .{});
    }

    pub fn cublasLtMatmulPreferenceDestroy(made: ?*Preference) callconv(.c) c_int {
        return destroy(Preference, made);
    }

    pub fn cublasLtMatmulPreferenceSetAttribute(of: *Preference, wish: c_int, value: *const anyopaque, bytes: usize) callconv(.c) c_int {
        switch (wish) {
            1 => {
                if (bytes != 8) return invalid_value;
                of.workspace = @as(*const usize, @ptrCast(@alignCast(value))).*;
            },
            5...8 => {
                if (bytes != 4) return invalid_value;
                of.alignment = @min(of.alignment, @as(*const u32, @ptrCast(@alignCast(value))).*);
            },
            else => return invalid_value,
        }
        return 0;
    }

    /// Finds no algorithm for operands that do not lie at multiples of 16 bytes.
    pub fn cublasLtMatmulAlgoGetHeuristic(
        handle: ?*Handle,
        description: *const Description,
        a: *const Layout,
        b: *const Layout,
        c: *const Layout,
        d: *const Layout,
        preference: *const Preference,
        asked: c_int,
        results: [*]Found,
        count: *c_int,
    ) callconv(.c) c_int {
        count.* = 0;
        if (handle == null or asked < 1 or c != d) return invalid_value;
        if (!agree(description, a, b, d)) return invalid_value;
        if (preference.alignment < 16 or preference.workspace < workspace_wanted) return not_supported;
        results[0] = .{ .algorithm = @splat(number), .workspace_bytes = workspace_wanted, .state = 0, .waves = 1, .reserved = @splat(0) };
        count.* = 1;
        return 0;
    }

    pub fn cublasLtMatmul(
        handle: ?*Handle,
        description: *const Description,
        alpha: *const f32,
        a: u64,
        a_layout: *const Layout,
        b: u64,
        b_layout: *const Layout,
        beta: *const f32,
        c: u64,
        c_layout: *const Layout,
        d: u64,
        d_layout: *const Layout,
        algorithm: *const [8]u64,
        workspace: u64,
        workspace_bytes: usize,
        stream: *queue.Stream,
    ) callconv(.c) c_int {
        if (handle == null or alpha.* != 1 or beta.* != 0 or c != d or c_layout != d_layout) return invalid_value;
        if (algorithm[0] != number or description.epilogue != 4 or description.bias == 0) return not_supported;
        if (workspace_bytes < workspace_wanted or !agree(description, a_layout, b_layout, d_layout)) return invalid_value;
        if ((a | b | d | description.bias) % 16 != 0) return invalid_value;
        state.lock();
        defer state.unlock();
        if (!state.holds(workspace, workspace_bytes) or !state.holds(description.bias, d_layout.rows * 4)) return blas.execution_failed;
        const transposed = [2]bool{ description.operations[0] != 0, description.operations[1] != 0 };
        const status = blas.push(stream, .{
            .element = .float32,
            .result = .float32,
            .tf32 = description.compute == 77,
            .transposed = transposed,
            .m = d_layout.rows,
            .n = d_layout.columns,
            .k = if (transposed[0]) a_layout.rows else a_layout.columns,
            .a = .{ .address = a, .columns = @intCast(a_layout.step), .stride = 0 },
            .b = .{ .address = b, .columns = @intCast(b_layout.step), .stride = 0 },
            .c = .{ .address = d, .columns = @intCast(d_layout.step), .stride = 0 },
            .count = 1,
            .bias = description.bias,
            .workspace = workspace,
            .workspace_bytes = workspace_bytes,
        });
        if (status == 0) state.add(.biased, 1);
        return status;
    }
};

fn agree(description: *const Description, a: *const Layout, b: *const Layout, d: *const Layout) bool {
    const left = if (description.operations[0] == 0) [2]u64{ a.rows, a.columns } else [2]u64{ a.columns, a.rows };
    const right = if (description.operations[1] == 0) [2]u64{ b.rows, b.columns } else [2]u64{ b.columns, b.rows };
    return left[0] == d.rows and left[1] == right[0] and right[1] == d.columns;
}
