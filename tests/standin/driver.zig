//! A stand-in for libcuda and libcublas that computes on the CPU, for tests on machines without a
//! GPU. It takes the calls that Deneb makes, checks what the real driver would check, and runs the
//! very kernels whose PTX it is given, compiled for the host.
//!
//! It is one library under both names. A test makes settings with `standin_set`, and reads counts
//! with `standin_get`.

const std = @import("std");
const kernels = @import("kernels");
const options = @import("options");
const queue = @import("queue.zig");
const state = @import("state.zig");

const Stream = queue.Stream;
const Event = queue.Event;

/// The text of a kernel's module, or a library that the stand-in's NVRTC made.
const Module = struct { text: []const u8, block: ?queue.Block = null };
/// An entry, and the module that it was taken from.
pub const Function = struct { entry: usize, module: *Module };

var started = false;
var device_handles: [16]u8 = undefined;
var retained: [16]u32 = @splat(0);
threadlocal var current: ?*anyopaque = null;

/// The driver's functions. Each answers a status of the driver's.
const functions = struct {
    pub fn cuInit(flags: c_uint) callconv(.c) c_int {
        if (flags != 0) return state.invalid_value;
        if (state.values.get(.devices) == 0) return state.no_device;
        started = true;
        return 0;
    }

    pub fn cuDriverGetVersion(version: *c_int) callconv(.c) c_int {
        version.* = @intFromFloat(state.values.get(.version));
        return 0;
    }

    pub fn cuGetErrorString(code: c_int, text: *?[*:0]const u8) callconv(.c) c_int {
        text.* = switch (code) {
            0 => "no error",
            state.invalid_value => "invalid argument",
            state.out_of_memory => "out of memory",
            state.not_initialized => "initialization error",
            state.no_device => "no CUDA-capable device is detected",
            state.invalid_device => "invalid device ordinal",
            state.invalid_image => "device kernel image is invalid",
            state.invalid_context => "invalid device context",
            state.invalid_handle => "invalid resource handle",
            state.not_found => "named symbol not found",
            state.illegal_address => "an illegal memory access was encountered",
            state.launch_failed => "unspecified launch failure",
            state.not_supported => "operation not supported",
            state.capture_unsupported => "operation not permitted when stream is capturing",
            state.capture_invalidated => "operation failed due to a previous error during capture",
            state.capture_implicit => "operation would make the legacy stream depend on a capturing blocking stream",
            state.captured_event => "operation not permitted on an event last recorded in a capturing stream",
            state.capture_wrong_thread => "attempt to terminate a thread-local capture sequence from another thread",
            state.update_failure => "the graph update was not performed because it included changes which violated constraints",
            else => return state.invalid_value,
        };
        return 0;
    }

    pub fn cuDeviceGetCount(count: *c_int) callconv(.c) c_int {
        if (!started) return state.not_initialized;
        count.* = @intFromFloat(state.values.get(.devices));
        return 0;
    }

    pub fn cuDeviceGet(device: *c_int, ordinal: c_int) callconv(.c) c_int {
        if (!isDevice(ordinal)) return state.invalid_device;
        device.* = ordinal;
        return 0;
    }

    pub fn cuDeviceGetName(name: [*]u8, length: c_int, device: c_int) callconv(.c) c_int {
        if (!isDevice(device)) return state.invalid_device;
        const text = std.fmt.bufPrintSentinel(name[0..@intCast(length)], "Stand-in {d}", .{device}, 0) catch return state.invalid_value;
        _ = text;
        return 0;
    }

    pub fn cuDeviceTotalMem_v2(bytes: *usize, device: c_int) callconv(.c) c_int {
        if (!isDevice(device)) return state.invalid_device;
        bytes.* = @intFromFloat(state.values.get(.memory));
        return 0;
    }

    pub fn cuDeviceGetAttribute(value: *c_int, attribute: c_int, device: c_int) callconv(.c) c_int {
        if (!isDevice(device)) return state.invalid_device;
        const capability: c_int = @intFromFloat(state.values.get(.capability));
        value.* = switch (attribute) {
            16 => 8,
            18 => 0,
            75 => @divTrunc(capability, 10),
            76 => @rem(capability, 10),
            115 => @intFromFloat(state.values.get(.pools)),
            else => return state.invalid_value,
        };
        return 0;
    }

    pub fn cuDevicePrimaryCtxRetain(context: *?*anyopaque, device: c_int) callconv(.c) c_int {
        if (!isDevice(device)) return state.invalid_device;
        state.lock();
        defer state.unlock();
        context.* = &device_handles[@intCast(device)];
        retained[@intCast(device)] += 1;
        state.add(.contexts, 1);
        return state.lost;
    }

    pub fn cuDevicePrimaryCtxRelease_v2(device: c_int) callconv(.c) c_int {
        if (!isDevice(device) or retained[@intCast(device)] == 0) return state.invalid_context;
        state.lock();
        defer state.unlock();
        retained[@intCast(device)] -= 1;
        state.add(.contexts, -1);
        // With the last context its failure is gone.
        if (state.values.get(.contexts) == 0) state.lost = 0;
        return 0;
    }

    pub fn cuCtxSetCurrent(context: ?*anyopaque) callconv(.c) c_int {
        current = context;
        return state.lost;
    }

    pub fn cuStreamCreate(stream: *?*Stream, flags: c_uint) callconv(.c) c_int {
        if (flags != 1) return state.invalid_value;
        if (enter()) |code| return code;
        defer state.unlock();
        const made = state.allocator.create(Stream) catch return state.out_of_memory;
        made.* = .{};
        stream.* = made;
        state.add(.streams, 1);
        return 0;
    }

    pub fn cuStreamDestroy_v2(stream: ?*Stream) callconv(.c) c_int {
        const own = stream orelse return state.invalid_handle;
        state.lock();
        defer state.unlock();
        if (own.capture != null) graphs.end(own);
        _ = own.run(null);
        own.deinit();
        state.allocator.destroy(own);
        state.add(.streams, -1);
        return 0;
    }

    pub fn cuStreamSynchronize(stream: ?*Stream) callconv(.c) c_int {
        const own = stream orelse return refuses(null).?;
        if (own.capture) |*capture| {
            capture.invalid = true;
            return state.capture_unsupported;
        }
        if (enter()) |code| if (code != state.lost) return code else state.lock();
        defer state.unlock();
        state.add(.waits, 1);
        return own.run(null);
    }

    pub fn cuEventCreate(event: *?*Event, flags: c_uint) callconv(.c) c_int {
        if (flags != 2) return state.invalid_value;
        if (enter()) |code| return code;
        defer state.unlock();
        const made = state.allocator.create(Event) catch return state.out_of_memory;
        made.* = .{};
        event.* = made;
        state.add(.events, 1);
        return 0;
    }

    pub fn cuEventDestroy_v2(event: *Event) callconv(.c) c_int {
        if (event.stream) |stream| if (stream.capture != null) return state.captured_event;
        state.lock();
        defer state.unlock();
        // The event may be in its stream, whose tasks are done first.
        if (event.stream) |stream| _ = stream.run(null);
        state.allocator.destroy(event);
        state.add(.events, -1);
        return 0;
    }

    pub fn cuEventRecord(event: *Event, stream: ?*Stream) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        event.* = .{ .reached = false, .recordings = event.recordings + 1, .stream = stream };
        stream.?.push(.{ .record = .{ .event = event, .number = event.recordings } });
        return 0;
    }

    pub fn cuEventSynchronize(event: *Event) callconv(.c) c_int {
        if (event.stream) |stream| if (stream.capture) |*capture| {
            capture.invalid = true;
            return state.captured_event;
        };
        if (enter()) |code| return code;
        defer state.unlock();
        state.add(.waits, 1);
        return if (event.stream) |stream| stream.run(event) else 0;
    }

    pub fn cuMemAlloc_v2(address: *u64, bytes: usize) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        return allocate(address, bytes);
    }

    pub fn cuMemFree_v2(address: u64) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        state.lock();
        defer state.unlock();
        return if (state.free(address, false)) state.lost else state.invalid_value;
    }

    pub fn cuMemAllocAsync(address: *u64, bytes: usize, stream: ?*Stream) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        if (state.values.get(.pools) == 0) return state.not_supported;
        const refusal: c_int = @intFromFloat(state.values.get(.pool_refusal));
        if (refusal != 0) return refusal;
        // This would be memory of the graph's own, which Deneb never asks for.
        if (stream.?.capture) |capture| {
            capture.graph.allocates = true;
            return state.not_supported;
        }
        if (enter()) |code| return code;
        defer state.unlock();
        return allocate(address, bytes);
    }

    pub fn cuMemFreeAsync(address: u64, stream: ?*Stream) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        state.lock();
        defer state.unlock();
        // While a stream is captured, only memory of the graph's own can be freed in it.
        if (!state.holds(address, 0) or stream.?.capture != null) return state.invalid_value;
        stream.?.push(.{ .free = address });
        return state.lost;
    }

    pub fn cuDeviceGetDefaultMemPool(pool: *?*anyopaque, device: c_int) callconv(.c) c_int {
        if (!isDevice(device)) return state.invalid_device;
        pool.* = &device_handles[@intCast(device)];
        return 0;
    }

    pub fn cuMemPoolTrimTo(pool: ?*anyopaque, _: usize) callconv(.c) c_int {
        return if (pool == null) state.invalid_value else 0;
    }

    pub fn cuMemGetInfo_v2(free: *usize, total: *usize) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        total.* = @intFromFloat(state.values.get(.memory));
        free.* = @intFromFloat(state.values.get(.memory) - state.values.get(.bytes));
        return 0;
    }

    pub fn cuMemAllocHost_v2(memory: *u64, bytes: usize) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        memory.* = state.allocate(bytes, true);
        return if (memory.* == 0) state.out_of_memory else 0;
    }

    pub fn cuMemFreeHost(memory: u64) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        state.lock();
        defer state.unlock();
        return if (state.free(memory, true)) 0 else state.invalid_value;
    }

    pub fn cuMemcpyHtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: ?*Stream) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        if (!state.holds(to, bytes) or !state.holdsPinned(from, bytes)) return state.invalid_value;
        stream.?.push(.{ .copy = .{ .to = to, .from = from, .bytes = bytes } });
        return 0;
    }

    pub fn cuMemcpyDtoHAsync_v2(to: u64, from: u64, bytes: usize, stream: ?*Stream) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        if (!state.holds(from, bytes) or !state.holdsPinned(to, bytes)) return state.invalid_value;
        stream.?.push(.{ .copy = .{ .to = to, .from = from, .bytes = bytes } });
        return 0;
    }

    pub fn cuModuleLoadData(module: *?*Module, text: [*:0]const u8) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        if (enter()) |code| return code;
        defer state.unlock();
        const whole = std.mem.span(text);
        if (std.mem.startsWith(u8, whole, nvrtc.prefix)) {
            const library = std.c.dlopen(text + nvrtc.prefix.len, .{ .NOW = true }) orelse return state.invalid_image;
            const block = std.c.dlsym(library, "standin_block") orelse return state.invalid_image;
            const made = state.allocator.create(Module) catch return state.out_of_memory;
            made.* = .{ .text = state.allocator.dupe(u8, whole) catch return state.out_of_memory, .block = @ptrCast(block) };
            module.* = made;
            state.add(.modules, 1);
            return 0;
        }
        if (std.mem.indexOf(u8, whole, ".version ") == null or std.mem.indexOf(u8, whole, ".target sm_75") == null or
            std.mem.indexOf(u8, whole, ".address_size 64") == null) return state.invalid_image;
        const made = state.allocator.create(Module) catch return state.out_of_memory;
        made.* = .{ .text = state.allocator.dupe(u8, whole) catch return state.out_of_memory };
        module.* = made;
        state.add(.modules, 1);
        return 0;
    }

    pub fn cuModuleUnload(module: *Module) callconv(.c) c_int {
        if (graphs.unsafeCall()) |code| return code;
        state.lock();
        defer state.unlock();
        for (handed.items) |*one| if (one.*) |function| if (function.module == module) {
            state.allocator.destroy(function);
            one.* = null;
        };
        state.allocator.free(module.text);
        state.allocator.destroy(module);
        state.add(.modules, -1);
        return 0;
    }

    pub fn cuModuleGetFunction(function: *?*Function, module: *Module, name: [*:0]const u8) callconv(.c) c_int {
        if (enter()) |code| return code;
        defer state.unlock();
        const wanted = std.mem.span(name);
        if (module.block != null) {
            if (!std.mem.eql(u8, wanted, "run")) return state.not_found;
            return hand(function, .{ .entry = 0, .module = module });
        }
        for (entry_names, argument_bytes, 0..) |entry, bytes, i| {
            if (!std.mem.eql(u8, entry, wanted)) continue;
            // The arguments are as long on the device as on the host.
            var buffer: [256]u8 = undefined;
            const form = ".visible .entry {s}(\n\t.param .align 8 .b8 {s}_param_0[{d}]\n)";
            const head = std.fmt.bufPrint(&buffer, form, .{ entry, entry, bytes }) catch return state.not_found;
            if (std.mem.indexOf(u8, module.text, head) == null) return state.not_found;
            return hand(function, .{ .entry = i, .module = module });
        }
        return state.not_found;
    }

    pub fn cuLaunchKernel(
        function: ?*const Function,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        shared_bytes: c_uint,
        stream: ?*Stream,
        arguments: ?[*]const [*]const u8,
        extra: ?*anyopaque,
    ) callconv(.c) c_int {
        if (refuses(stream)) |code| return code;
        if (function == null) return state.invalid_handle;
        if (enter()) |code| return code;
        defer state.unlock();
        const launch = launchOf(function, .{ grid_x, grid_y, grid_z }, .{ block_x, block_y, block_z }, shared_bytes, arguments, extra) orelse
            return state.invalid_value;
        stream.?.push(.{ .launch = launch });
        return 0;
    }
};

/// The status if work cannot go into a stream. The stream without a handle waits for all others, so
/// that Deneb must never use it, and the driver refuses it while anything is captured.
pub fn refuses(stream: ?*Stream) ?c_int {
    if (stream != null) return null;
    return if (graphs.isCapturing()) state.capture_implicit else state.invalid_handle;
}

/// Bytes of a block's own memory, and of a kernel's parameters, on every device of the supported
/// generations.
const shared_max = 48 << 10;
const parameters_max = 4096;

/// A launch as it is put into a stream or a graph; null if a GPU would refuse it, or if it is not
/// of the kind for which the kernels are written: blocks of 256 threads in two axes, without
/// dynamic memory.
pub fn launchOf(
    function: ?*const Function,
    grid: [3]c_uint,
    block: [3]c_uint,
    shared_bytes: c_uint,
    arguments: ?[*]const [*]const u8,
    extra: ?*anyopaque,
) ?*queue.Launch {
    const own = function orelse return null;
    const given = arguments orelse return null;
    const fits = grid[0] > 0 and grid[0] < 1 << 31 and grid[1] > 0 and grid[1] < 1 << 16 and
        grid[2] > 0 and grid[2] < 1 << 16 and block[0] > 0 and block[0] <= 1024 and
        block[1] > 0 and block[1] <= 1024 and block[2] > 0 and block[2] <= 64 and
        block[0] * block[1] * block[2] <= 1024 and shared_bytes <= shared_max and extra == null;
    const expected = grid[2] == 1 and block[0] == kernels.layout.threads and block[1] == 1 and block[2] == 1 and
        shared_bytes == 0;
    if (!fits or !expected) return null;
    const launch = state.allocator.create(queue.Launch) catch return null;
    launch.* = .{
        .entry = own.entry,
        .block = own.module.block,
        .blocks = .{ grid[0], grid[1] },
        .arguments = undefined,
    };
    const bytes = if (own.module.block != null) @sizeOf(kernels.layout.Fused) else argument_bytes[own.entry];
    @memcpy(launch.arguments[0..bytes], given[0][0..bytes]);
    return launch;
}

const argument_bytes: [kernels.entries.len]usize = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: [kernels.entries.len]usize = undefined;
    for (kernels.entries, &list) |entry, *bytes| {
        bytes.* = @sizeOf(entry.Kernel.Arguments);
        std.debug.assert(bytes.* <= @min(queue.arguments_max, parameters_max));
        std.debug.assert(@sizeOf(entry.Kernel.Shared) <= shared_max);
    }
    break :blk list;
};

const entry_names: [kernels.entries.len][]const u8 = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: [kernels.entries.len][]const u8 = undefined;
    for (kernels.entries, &list) |entry, *name| name.* = entry.name;
    break :blk list;
};

/// Functions that modules gave out.
var handed: std.ArrayList(?*Function) = .empty;

fn hand(function: *?*Function, what: Function) c_int {
    const made = state.allocator.create(Function) catch return state.out_of_memory;
    made.* = what;
    handed.append(state.allocator, made) catch return state.out_of_memory;
    function.* = made;
    return 0;
}

fn isDevice(device: c_int) bool {
    return device >= 0 and @as(f64, @floatFromInt(device)) < state.values.get(.devices);
}

/// Locks the state; or the status if a call on the present context cannot be made.
pub fn enter() ?c_int {
    if (!started) return state.not_initialized;
    if (current == null) return state.invalid_context;
    if (state.lost != 0) return state.lost;
    state.lock();
    return null;
}

fn allocate(address: *u64, bytes: usize) c_int {
    if (bytes == 0) return state.invalid_value;
    address.* = state.allocate(bytes, false);
    return if (address.* == 0) state.out_of_memory else 0;
}

const blas = @import("blas.zig").functions;
const blas_lt = @import("blas_lt.zig").functions;
const nvrtc = @import("nvrtc.zig");
const graphs = @import("graphs.zig");

const tests = struct {
    pub fn standin_set(key: u32, value: f64) callconv(.c) void {
        state.values.set(@fromBackingInt(key), value);
    }

    pub fn standin_get(key: u32) callconv(.c) f64 {
        return state.values.get(@fromBackingInt(key));
    }
};

comptime {
    for (.{ functions, blas, blas_lt, nvrtc.functions, graphs.functions, tests }) |list| {
        for (@typeInfo(list).@"struct".decl_names) |name| {
            if (std.mem.eql(u8, name, options.without)) continue;
            @export(&@field(list, name), .{ .name = name });
        }
    }
}
