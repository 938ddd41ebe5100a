//! cuBLASLt, where the machine has it: a product of two float32 matrices that adds a bias to each
//! row before it writes the result, which spares reading and writing the result once more.
//!
//! The library's other epilogues do not compute what Deneb's rows do: its GELU is the approximation
//! by tanh, off by up to 5e-4, and its ReLU is a maximum with 0, which need not keep a NaN. GELU
//! and ReLU stay kernels.

const std = @import("std");
const builtin = @import("builtin");
const blas = @import("blas.zig");
const driver = @import("driver.zig");
const dynamic = @import("../host/dynamic.zig");

const Handle = opaque {};
const Description = opaque {};
const Layout = opaque {};
const Preference = opaque {};

/// `CUBLAS_COMPUTE_32F` and its variant that may round operands to TF32.
const compute_float = 68;
const compute_tf32 = 77;
const type_float = 0;
const epilogue_bias: c_int = 4;

const Attribute = enum(c_int) { a_operation = 3, b_operation = 4, epilogue = 7, bias_pointer = 8 };
const Wish = enum(c_int) { workspace_most = 1, a_alignment = 5, b_alignment = 6, c_alignment = 7, d_alignment = 8 };

const Algorithm = extern struct { data: [8]u64 };

const Found = extern struct {
    algorithm: Algorithm,
    workspace_bytes: usize,
    state: c_int,
    waves: f32,
    reserved: [4]c_int,

    comptime {
        std.debug.assert(@sizeOf(Found) == 96);
    }
};

const Functions = struct {
    cublasLtCreate: *const fn (handle: *?*Handle) callconv(.c) c_int,
    cublasLtDestroy: *const fn (handle: ?*Handle) callconv(.c) c_int,
    cublasLtMatmulDescCreate: *const fn (made: *?*Description, compute: c_int, scale: c_int) callconv(.c) c_int,
    cublasLtMatmulDescDestroy: *const fn (made: ?*Description) callconv(.c) c_int,
    cublasLtMatmulDescSetAttribute: *const fn (
        of: ?*Description,
        attribute: Attribute,
        value: *const anyopaque,
        bytes: usize,
    ) callconv(.c) c_int,
    cublasLtMatrixLayoutCreate: *const fn (made: *?*Layout, element: c_int, rows: u64, columns: u64, step: i64) callconv(.c) c_int,
    cublasLtMatrixLayoutDestroy: *const fn (made: ?*Layout) callconv(.c) c_int,
    cublasLtMatmulPreferenceCreate: *const fn (made: *?*Preference) callconv(.c) c_int,
    cublasLtMatmulPreferenceDestroy: *const fn (made: ?*Preference) callconv(.c) c_int,
    cublasLtMatmulPreferenceSetAttribute: *const fn (
        of: ?*Preference,
        wish: Wish,
        value: *const anyopaque,
        bytes: usize,
    ) callconv(.c) c_int,
    cublasLtMatmulAlgoGetHeuristic: *const fn (
        handle: ?*Handle,
        description: ?*Description,
        a: ?*Layout,
        b: ?*Layout,
        c: ?*Layout,
        d: ?*Layout,
        preference: ?*Preference,
        asked: c_int,
        results: [*]Found,
        count: *c_int,
    ) callconv(.c) c_int,
    cublasLtMatmul: *const fn (
        handle: ?*Handle,
        description: ?*Description,
        alpha: *const f32,
        a: driver.Address,
        a_layout: ?*Layout,
        b: driver.Address,
        b_layout: ?*Layout,
        beta: *const f32,
        c: driver.Address,
        c_layout: ?*Layout,
        d: driver.Address,
        d_layout: ?*Layout,
        algorithm: *const Algorithm,
        workspace: driver.Address,
        workspace_bytes: usize,
        stream: ?*driver.Stream,
    ) callconv(.c) c_int,
};

const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{ "cublasLt64_13.dll", "cublasLt64_12.dll", "cublasLt64_11.dll" },
    else => &.{ "libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11" },
};

/// Bytes of workspace that a product may need beside its operands.
pub const workspace_most: usize = 8 << 20;

/// What decides which algorithm computes a product.
const Shape = struct {
    sizes: [3]c_int,
    operations: [2]blas.Operation,
    columns: [3]c_int,
    alignment: u32,
};

/// The algorithm of a product, and the bytes of workspace that it takes.
pub const Choice = struct { algorithm: Algorithm, workspace_bytes: usize };

pub const Lt = struct {
    functions: Functions,
    handle: ?*Handle,
    compute: c_int,
    /// Null where the library has no algorithm for a product of that shape.
    choices: std.AutoHashMapUnmanaged(Shape, ?Choice) = .empty,

    /// Null where the library is absent, or lacks a function: biases are then added by maps. The
    /// device's context must be current.
    pub fn open(folders: []const []const u8, tf32: bool) ?Lt {
        const library = dynamic.open(names, folders) orelse return null;
        var lt: Lt = .{ .functions = undefined, .handle = null, .compute = if (tf32) compute_tf32 else compute_float };
        if (dynamic.fill(Functions, &lt.functions, library) != null) return null;
        return if (lt.functions.cublasLtCreate(&lt.handle) == 0) lt else null;
    }

    pub fn close(lt: *Lt, allocator: std.mem.Allocator) void {
        lt.choices.deinit(allocator);
        _ = lt.functions.cublasLtDestroy(lt.handle);
    }

    /// The library's descriptors of one product.
    const Described = struct {
        functions: *const Functions,
        description: ?*Description = null,
        layouts: [3]?*Layout = @splat(null),

        /// Returns the library's status.
        fn init(described: *Described, lt: *const Lt, product: *const blas.Product) c_int {
            const functions = &lt.functions;
            described.* = .{ .functions = functions };
            var status = functions.cublasLtMatmulDescCreate(&described.description, lt.compute, type_float);
            if (status != 0) return status;
            const operations = [2]c_int{ @backingInt(product.a.operation), @backingInt(product.b.operation) };
            const statuses = [_]c_int{
                described.set(.a_operation, &operations[0], @sizeOf(c_int)),
                described.set(.b_operation, &operations[1], @sizeOf(c_int)),
                described.set(.epilogue, &epilogue_bias, @sizeOf(c_int)),
                described.set(.bias_pointer, &product.bias, @sizeOf(driver.Address)),
            };
            for (statuses) |one| if (one != 0) return one;
            const plain_a = product.a.operation == .plain;
            const plain_b = product.b.operation == .plain;
            const extents = [3][2]c_int{
                if (plain_a) .{ product.m, product.k } else .{ product.k, product.m },
                if (plain_b) .{ product.k, product.n } else .{ product.n, product.k },
                .{ product.m, product.n },
            };
            const operands = [3]*const blas.Operand{ &product.a, &product.b, &product.c };
            for (&described.layouts, extents, operands) |*made, extent, operand| {
                status = functions.cublasLtMatrixLayoutCreate(made, type_float, @intCast(extent[0]), @intCast(extent[1]), operand.columns);
                if (status != 0) return status;
            }
            return 0;
        }

        fn set(described: *const Described, attribute: Attribute, value: *const anyopaque, bytes: usize) c_int {
            return described.functions.cublasLtMatmulDescSetAttribute(described.description, attribute, value, bytes);
        }

        fn deinit(described: *const Described) void {
            const functions = described.functions;
            for (described.layouts) |layout| if (layout != null) {
                _ = functions.cublasLtMatrixLayoutDestroy(layout);
            };
            if (described.description != null) _ = functions.cublasLtMatmulDescDestroy(described.description);
        }
    };

    /// The algorithm for a product with a bias; null where the library has none.
    pub fn choose(lt: *Lt, allocator: std.mem.Allocator, product: *const blas.Product) error{OutOfMemory}!?Choice {
        const shape = shapeOf(product);
        const known = try lt.choices.getOrPut(allocator, shape);
        if (!known.found_existing) known.value_ptr.* = lt.ask(product, shape.alignment);
        return known.value_ptr.*;
    }

    fn shapeOf(product: *const blas.Product) Shape {
        const together = product.a.address | product.b.address | product.c.address | product.bias;
        return .{
            .sizes = .{ product.m, product.n, product.k },
            .operations = .{ product.a.operation, product.b.operation },
            .columns = .{ product.a.columns, product.b.columns, product.c.columns },
            .alignment = blas.alignmentOf(together),
        };
    }

    fn ask(lt: *const Lt, product: *const blas.Product, alignment: u32) ?Choice {
        const functions = &lt.functions;
        var described: Described = undefined;
        defer described.deinit();
        if (described.init(lt, product) != 0) return null;
        var preference: ?*Preference = null;
        if (functions.cublasLtMatmulPreferenceCreate(&preference) != 0) return null;
        defer _ = functions.cublasLtMatmulPreferenceDestroy(preference);
        const set = functions.cublasLtMatmulPreferenceSetAttribute;
        if (set(preference, .workspace_most, &workspace_most, @sizeOf(usize)) != 0) return null;
        for ([_]Wish{ .a_alignment, .b_alignment, .c_alignment, .d_alignment }) |wish| {
            if (set(preference, wish, &alignment, @sizeOf(u32)) != 0) return null;
        }
        var found: [1]Found = undefined;
        var count: c_int = 0;
        const layouts = &described.layouts;
        const status = functions.cublasLtMatmulAlgoGetHeuristic(
            lt.handle,
            described.description,
            layouts[0],
            layouts[1],
            layouts[2],
            layouts[2],
            preference,
            1,
            &found,
            &count,
        );
        if (status != 0 or count < 1 or found[0].state != 0 or found[0].workspace_bytes > workspace_most) return null;
        return .{ .algorithm = found[0].algorithm, .workspace_bytes = found[0].workspace_bytes };
    }

    /// Runs the product by the chosen algorithm. Returns the library's status; 0 is success.
    pub fn multiply(lt: *const Lt, product: *const blas.Product, stream: ?*driver.Stream) c_int {
        const choice = (lt.choices.get(shapeOf(product)) orelse return not_supported) orelse return not_supported;
        var described: Described = undefined;
        defer described.deinit();
        const status = described.init(lt, product);
        if (status != 0) return status;
        const one: f32 = 1;
        const zero: f32 = 0;
        const layouts = &described.layouts;
        return lt.functions.cublasLtMatmul(
            lt.handle,
            described.description,
            &one,
            product.a.address,
            layouts[0],
            product.b.address,
            layouts[1],
            &zero,
            product.c.address,
            layouts[2],
            product.c.address,
            layouts[2],
            &choice.algorithm,
            product.workspace,
            choice.workspace_bytes,
            stream,
        );
    }
};

const not_supported = 15;
