//! The part of OpenCL 1.2 that is used, loaded from whatever libOpenCL the machine has.
//!
//! Names and numbers are those of the specification; a symbol is a field of `Api`.

const std = @import("std");
const builtin = @import("builtin");
const dynamic = @import("../host/dynamic.zig");
const Lock = @import("../host/lock.zig").Lock;

pub const Platform = *opaque {};
pub const Device = *opaque {};
pub const Context = *opaque {};
pub const Queue = *opaque {};
pub const Buffer = *opaque {};
pub const Program = *opaque {};
pub const Kernel = *opaque {};

pub const Api = struct {
    clGetPlatformIDs: *const fn (u32, ?[*]Platform, ?*u32) callconv(.c) i32,
    clGetPlatformInfo: *const fn (Platform, u32, usize, ?*anyopaque, ?*usize) callconv(.c) i32,
    clGetDeviceIDs: *const fn (Platform, u64, u32, ?[*]Device, ?*u32) callconv(.c) i32,
    clGetDeviceInfo: *const fn (Device, u32, usize, ?*anyopaque, ?*usize) callconv(.c) i32,
    clCreateContext: *const fn (?[*]const isize, u32, [*]const Device, ?*const anyopaque, ?*anyopaque, *i32) callconv(.c) ?Context,
    clReleaseContext: *const fn (Context) callconv(.c) i32,
    clCreateCommandQueue: *const fn (Context, Device, u64, *i32) callconv(.c) ?Queue,
    clReleaseCommandQueue: *const fn (Queue) callconv(.c) i32,
    clCreateBuffer: *const fn (Context, u64, usize, ?*anyopaque, *i32) callconv(.c) ?Buffer,
    clReleaseMemObject: *const fn (Buffer) callconv(.c) i32,
    clCreateProgramWithSource: *const fn (Context, u32, [*]const [*]const u8, [*]const usize, *i32) callconv(.c) ?Program,
    clCreateProgramWithBinary: *const fn (Context, u32, [*]const Device, [*]const usize, [*]const [*]const u8, ?*i32, *i32) callconv(.c) ?Program,
    clBuildProgram: *const fn (Program, u32, ?[*]const Device, [*:0]const u8, ?*const anyopaque, ?*anyopaque) callconv(.c) i32,
    clGetProgramInfo: *const fn (Program, u32, usize, ?*anyopaque, ?*usize) callconv(.c) i32,
    clGetProgramBuildInfo: *const fn (Program, Device, u32, usize, ?*anyopaque, ?*usize) callconv(.c) i32,
    clReleaseProgram: *const fn (Program) callconv(.c) i32,
    clCreateKernel: *const fn (Program, [*:0]const u8, *i32) callconv(.c) ?Kernel,
    clReleaseKernel: *const fn (Kernel) callconv(.c) i32,
    clSetKernelArg: *const fn (Kernel, u32, usize, ?*const anyopaque) callconv(.c) i32,
    clEnqueueNDRangeKernel: *const fn (Queue, Kernel, u32, ?[*]const usize, [*]const usize, [*]const usize, u32, ?*const anyopaque, ?*anyopaque) callconv(.c) i32,
    clEnqueueReadBuffer: *const fn (Queue, Buffer, u32, usize, usize, *anyopaque, u32, ?*const anyopaque, ?*anyopaque) callconv(.c) i32,
    clEnqueueWriteBuffer: *const fn (Queue, Buffer, u32, usize, usize, *const anyopaque, u32, ?*const anyopaque, ?*anyopaque) callconv(.c) i32,
    clEnqueueMigrateMemObjects: *const fn (Queue, u32, [*]const Buffer, u64, u32, ?*const anyopaque, ?*anyopaque) callconv(.c) i32,
    clFlush: *const fn (Queue) callconv(.c) i32,
    clFinish: *const fn (Queue) callconv(.c) i32,
};

pub const platform_name = 0x0902;
pub const platform_version = 0x0901;

pub const device_type_all = 0xFFFFFFFF;
pub const device_type_cpu = 1 << 1;
pub const device_type_gpu = 1 << 2;

pub const device_type = 0x1000;
pub const device_compute_units = 0x1002;
pub const device_group_size_max = 0x1004;
pub const device_vector_width_float = 0x100A;
pub const device_allocation_max = 0x1010;
pub const device_single_config = 0x101B;
pub const device_memory = 0x101F;
pub const device_local_memory = 0x1023;
pub const device_name = 0x102B;
pub const driver_version = 0x102D;
pub const device_version = 0x102F;
pub const device_extensions = 0x1030;
pub const device_unified = 0x1035;
pub const device_native_width_float = 0x103A;

pub const single_correctly_rounded = 1 << 7;

pub const memory_read_write = 1 << 0;
pub const migrate_undefined = 1 << 1;

pub const program_binary_sizes = 0x1165;
pub const program_binaries = 0x1166;
pub const build_log = 0x1183;

pub const success = 0;

/// The name of an error code, for the errors that these calls return.
pub fn errorName(code: i32) []const u8 {
    return switch (code) {
        -1 => "device not found",
        -2 => "device not available",
        -3 => "compiler not available",
        -4 => "memory allocation failed",
        -5 => "out of resources",
        -6 => "out of host memory",
        -11 => "the program does not build",
        -14 => "an earlier command failed",
        -30 => "invalid value",
        -33 => "invalid device",
        -34 => "invalid context",
        -36 => "invalid queue",
        -38 => "invalid buffer",
        -42 => "invalid binary",
        -48 => "invalid kernel",
        -51 => "invalid argument size",
        -52 => "invalid kernel arguments",
        -54 => "invalid work group size",
        -61 => "invalid buffer size",
        -1001 => "no platform is installed",
        else => "another error",
    };
}

pub fn isMemory(code: i32) bool {
    return code == -4 or code == -5 or code == -6 or code == -61;
}

const names: []const [:0]const u8 = switch (builtin.os.tag) {
    .windows => &.{"OpenCL.dll"},
    .macos => &.{"/System/Library/Frameworks/OpenCL.framework/OpenCL"},
    else => &.{ "libOpenCL.so.1", "libOpenCL.so" },
};

/// The process's one table of functions, once it is loaded.
var api: Api = undefined;
var state: enum { unknown, absent, incomplete, ready } = .unknown;
var missing: []const u8 = "";
/// Held while `load` looks for the library.
var loading: Lock = .{};

/// The functions; null where there is no library, and `reason` says why. A library that is absent
/// is looked for again at the next call.
pub fn load(folders: []const []const u8) ?*const Api {
    loading.lock();
    defer loading.unlock();
    if (state == .unknown or state == .absent) {
        const library = dynamic.open(names, folders) orelse {
            state = .absent;
            return null;
        };
        if (dynamic.fill(Api, &api, library)) |name| {
            missing = name;
            state = .incomplete;
        } else state = .ready;
    }
    return if (state == .ready) &api else null;
}

/// Why `load` returned null.
pub fn reason(buffer: []u8) []const u8 {
    return (switch (state) {
        .incomplete => std.fmt.bufPrint(buffer, "{s} has no symbol {s}", .{ names[0], missing }),
        else => std.fmt.bufPrint(buffer, "{s} not found", .{names[0]}),
    }) catch buffer;
}
