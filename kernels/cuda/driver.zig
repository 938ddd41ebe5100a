//! The driver API of CUDA, as far as Deneb uses it: declared by hand, bound at run time by the
//! names that the driver's library exports (the suffix `_v2` tells newer signatures from older
//! ones).

const std = @import("std");
const builtin = @import("builtin");
const program = @import("../program/program.zig");
const dynamic = @import("../host/dynamic.zig");

pub const Result = enum(c_int) {
    success = 0,
    out_of_memory = 2,
    no_device = 100,
    not_ready = 600,
    _,
};

pub const Context = opaque {};
pub const Stream = opaque {};
pub const Event = opaque {};
pub const Module = opaque {};
pub const Function = opaque {};
pub const Pool = opaque {};
pub const Graph = opaque {};
pub const Executable = opaque {};
pub const Node = opaque {};
/// An address in the device's memory.
pub const Address = u64;
pub const Device = c_int;

pub const Attribute = enum(c_int) {
    integrated = 18,
    capability_major = 75,
    capability_minor = 76,
    memory_pools = 115,
};

pub const stream_non_blocking = 1;
pub const event_without_timing = 2;
/// The capture mode that leaves other calls allowed: cuBLAS may load a kernel when it first uses
/// one.
pub const capture_relaxed = 2;

/// The parameters of a graph's kernel node.
pub const KernelParameters = extern struct {
    function: ?*Function,
    grid: [3]c_uint,
    block: [3]c_uint,
    shared_bytes: c_uint = 0,
    arguments: [*]const ?*const anyopaque,
    extra: ?*anyopaque = null,
    kernel: ?*anyopaque = null,
    context: ?*Context = null,
};

/// The driver's functions, each of which returns a `Result`.
pub const Functions = struct {
    cuInit: *const fn (flags: c_uint) callconv(.c) Result,
    cuDriverGetVersion: *const fn (version: *c_int) callconv(.c) Result,
    cuGetErrorString: *const fn (result: Result, text: *?[*:0]const u8) callconv(.c) Result,
    cuDeviceGetCount: *const fn (count: *c_int) callconv(.c) Result,
    cuDeviceGet: *const fn (device: *Device, ordinal: c_int) callconv(.c) Result,
    cuDeviceGetName: *const fn (name: [*]u8, length: c_int, device: Device) callconv(.c) Result,
    cuDeviceTotalMem_v2: *const fn (bytes: *usize, device: Device) callconv(.c) Result,
    cuDeviceGetAttribute: *const fn (value: *c_int, attribute: Attribute, device: Device) callconv(.c) Result,
    cuDevicePrimaryCtxRetain: *const fn (context: *?*Context, device: Device) callconv(.c) Result,
    cuDevicePrimaryCtxRelease_v2: *const fn (device: Device) callconv(.c) Result,
    cuCtxSetCurrent: *const fn (context: ?*Context) callconv(.c) Result,
    cuStreamCreate: *const fn (stream: *?*Stream, flags: c_uint) callconv(.c) Result,
    cuStreamDestroy_v2: *const fn (stream: ?*Stream) callconv(.c) Result,
    cuStreamSynchronize: *const fn (stream: ?*Stream) callconv(.c) Result,
    cuEventCreate: *const fn (event: *?*Event, flags: c_uint) callconv(.c) Result,
    cuEventDestroy_v2: *const fn (event: ?*Event) callconv(.c) Result,
    cuEventRecord: *const fn (event: ?*Event, stream: ?*Stream) callconv(.c) Result,
    cuEventSynchronize: *const fn (event: ?*Event) callconv(.c) Result,
    cuMemAlloc_v2: *const fn (address: *Address, bytes: usize) callconv(.c) Result,
    cuMemFree_v2: *const fn (address: Address) callconv(.c) Result,
    cuMemGetInfo_v2: *const fn (free: *usize, total: *usize) callconv(.c) Result,
    cuMemAllocHost_v2: *const fn (memory: *?*anyopaque, bytes: usize) callconv(.c) Result,
    cuMemFreeHost: *const fn (memory: ?*anyopaque) callconv(.c) Result,
    cuMemcpyHtoDAsync_v2: *const fn (to: Address, from: *const anyopaque, bytes: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemcpyDtoHAsync_v2: *const fn (to: *anyopaque, from: Address, bytes: usize, stream: ?*Stream) callconv(.c) Result,
    cuModuleLoadData: *const fn (module: *?*Module, text: *const anyopaque) callconv(.c) Result,
    cuModuleUnload: *const fn (module: ?*Module) callconv(.c) Result,
    cuModuleGetFunction: *const fn (function: *?*Function, module: ?*Module, name: [*:0]const u8) callconv(.c) Result,
    cuLaunchKernel: *const fn (
        function: ?*Function,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        shared_bytes: c_uint,
        stream: ?*Stream,
        arguments: [*]const ?*const anyopaque,
        extra: ?*anyopaque,
    ) callconv(.c) Result,

    // These functions exist since CUDA 11.2.
    cuMemAllocAsync: ?*const fn (address: *Address, bytes: usize, stream: ?*Stream) callconv(.c) Result,
    cuMemFreeAsync: ?*const fn (address: Address, stream: ?*Stream) callconv(.c) Result,
    cuDeviceGetDefaultMemPool: ?*const fn (pool: *?*Pool, device: Device) callconv(.c) Result,
    cuMemPoolTrimTo: ?*const fn (pool: ?*Pool, bytes: usize) callconv(.c) Result,

    // These functions, all needed together for graphs, exist since CUDA 12.0.
    cuGraphCreate: ?*const fn (graph: *?*Graph, flags: c_uint) callconv(.c) Result,
    cuGraphDestroy: ?*const fn (graph: ?*Graph) callconv(.c) Result,
    cuGraphAddKernelNode_v2: ?*const fn (node: *?*Node, graph: ?*Graph, after: *const ?*Node, count: usize, parameters: *const KernelParameters) callconv(.c) Result,
    cuGraphAddChildGraphNode: ?*const fn (node: *?*Node, graph: ?*Graph, after: *const ?*Node, count: usize, child: ?*Graph) callconv(.c) Result,
    cuStreamBeginCapture_v2: ?*const fn (stream: ?*Stream, mode: c_int) callconv(.c) Result,
    cuStreamEndCapture: ?*const fn (stream: ?*Stream, graph: *?*Graph) callconv(.c) Result,
    cuGraphInstantiateWithFlags: ?*const fn (made: *?*Executable, graph: ?*Graph, flags: c_ulonglong) callconv(.c) Result,
    cuGraphExecDestroy: ?*const fn (made: ?*Executable) callconv(.c) Result,
    cuGraphExecKernelNodeSetParams_v2: ?*const fn (made: ?*Executable, node: ?*Node, parameters: *const KernelParameters) callconv(.c) Result,
    cuGraphExecChildGraphNodeSetParams: ?*const fn (made: ?*Executable, node: ?*Node, child: ?*Graph) callconv(.c) Result,
    cuGraphLaunch: ?*const fn (made: ?*Executable, stream: ?*Stream) callconv(.c) Result,
};

/// The oldest driver that has all required functions.
pub const version_least = 11_000;

pub const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{"nvcuda.dll"},
    else => &.{ "libcuda.so.1", "libcuda.so" },
};

/// The initialised driver. Null where there is none; the message says why.
pub fn open(folders: []const []const u8, functions: *Functions, message: *program.Message) ?c_int {
    const library = dynamic.open(names, folders) orelse {
        message.set("the driver's library {s} is not here: {s}", .{ names[0], dynamic.reason() });
        return null;
    };
    if (dynamic.fill(Functions, functions, library)) |missing| {
        message.set("the driver's library {s} has no {s}: it is too old", .{ names[0], missing });
        return null;
    }
    const started = functions.cuInit(0);
    if (started != .success) {
        message.set("cuInit failed: {s}", .{textOf(functions, started)});
        return null;
    }
    var version: c_int = 0;
    const asked = functions.cuDriverGetVersion(&version);
    if (asked != .success) {
        message.set("cuDriverGetVersion failed: {s}", .{textOf(functions, asked)});
        return null;
    }
    if (version < version_least) {
        message.set("the driver is of CUDA {d}.{d}, wanted {d}.{d} or later", .{
            @divTrunc(version, 1000),       @divTrunc(@rem(version, 1000), 10),
            @divTrunc(version_least, 1000), @divTrunc(@rem(version_least, 1000), 10),
        });
        return null;
    }
    return version;
}

pub fn textOf(functions: *const Functions, result: Result) []const u8 {
    var text: ?[*:0]const u8 = null;
    if (functions.cuGetErrorString(result, &text) == .success) {
        if (text) |known| return std.mem.span(known);
    }
    return "an error that the driver does not name";
}
