//! The OpenCL devices of this machine, numbered through all platforms.

const std = @import("std");
const opencl_api = @import("api.zig");
const Settings = @import("../host/settings.zig").Settings;

const Api = opencl_api.Api;
const Writer = std.Io.Writer;

const platforms_max = 16;
const devices_max = 64;

/// A driver's name for something, cut to the buffer, without characters that would break JSON or a
/// line of text.
pub const Name = struct {
    buffer: [128]u8 = undefined,
    length: usize = 0,

    pub fn text(name: *const Name) []const u8 {
        return name.buffer[0..name.length];
    }

    fn set(name: *Name, bytes: []const u8) void {
        name.length = 0;
        for (std.mem.trim(u8, bytes, " \x00")) |byte| {
            if (name.length == name.buffer.len) return;
            const plain = std.ascii.isPrint(byte) and byte != '"' and byte != '\\';
            name.buffer[name.length] = if (plain) byte else '?';
            name.length += 1;
        }
    }
};

pub const About = struct {
    platform: Name = .{},
    name: Name = .{},
    driver: Name = .{},
    version: Name = .{},
    type: enum { cpu, gpu, accelerator } = .accelerator,
    memory: u64 = 0,
    allocation_max: u64 = 0,
    group_max: usize = 1,
    compute_units: u32 = 1,
    /// Floats in a vector register of a CPU.
    vector: u32 = 1,
    has_double: bool = false,
    unified: bool = false,
    /// Whether the device can round division and square roots of float correctly.
    rounds_correctly: bool = false,

    pub fn of(api: *const Api, device: opencl_api.Device) About {
        var about: About = .{};
        var buffer: [8192]u8 = undefined;
        about.name.set(textOf(api, device, opencl_api.device_name, &buffer));
        about.driver.set(textOf(api, device, opencl_api.driver_version, &buffer));
        about.version.set(textOf(api, device, opencl_api.device_version, &buffer));
        const extensions = textOf(api, device, opencl_api.device_extensions, &buffer);
        about.has_double = std.mem.indexOf(u8, extensions, "cl_khr_fp64") != null;
        var platform: ?opencl_api.Platform = null;
        _ = api.clGetDeviceInfo(device, 0x1031, @sizeOf(?opencl_api.Platform), @ptrCast(&platform), null);
        if (platform) |one| {
            var length: usize = 0;
            if (api.clGetPlatformInfo(one, opencl_api.platform_name, buffer.len, &buffer, &length) == 0) {
                about.platform.set(buffer[0..length]);
            }
        }
        const kind = number(api, device, u64, opencl_api.device_type);
        about.type = if (kind & opencl_api.device_type_cpu != 0) .cpu else if (kind & opencl_api.device_type_gpu != 0) .gpu else .accelerator;
        about.memory = number(api, device, u64, opencl_api.device_memory);
        about.allocation_max = number(api, device, u64, opencl_api.device_allocation_max);
        about.group_max = @max(number(api, device, usize, opencl_api.device_group_size_max), 1);
        about.compute_units = @max(number(api, device, u32, opencl_api.device_compute_units), 1);
        about.vector = number(api, device, u32, opencl_api.device_native_width_float);
        about.unified = number(api, device, u32, opencl_api.device_unified) != 0;
        about.rounds_correctly = number(api, device, u64, opencl_api.device_single_config) & opencl_api.single_correctly_rounded != 0;
        return about;
    }
};

/// A number among the device's properties; 0 where the driver does not know the property.
fn number(api: *const Api, device: opencl_api.Device, comptime T: type, property: u32) T {
    var value: T = 0;
    if (api.clGetDeviceInfo(device, property, @sizeOf(T), &value, null) != opencl_api.success) return 0;
    return value;
}

fn textOf(api: *const Api, device: opencl_api.Device, property: u32, buffer: []u8) []const u8 {
    var length: usize = 0;
    if (api.clGetDeviceInfo(device, property, buffer.len, buffer.ptr, &length) != opencl_api.success) return "";
    return std.mem.trim(u8, buffer[0..@min(length, buffer.len)], " \x00");
}

/// Lists all devices, platform by platform; returns how many there are, or the status with which
/// the driver refused.
fn all(api: *const Api, target: *[devices_max]opencl_api.Device) union(enum) { count: usize, status: i32 } {
    var platforms: [platforms_max]opencl_api.Platform = undefined;
    var platforms_count: u32 = 0;
    const status = api.clGetPlatformIDs(platforms_max, &platforms, &platforms_count);
    if (status != opencl_api.success) return .{ .status = status };
    var count: usize = 0;
    for (platforms[0..@min(platforms_count, platforms_max)]) |platform| {
        var devices_count: u32 = 0;
        const room: u32 = @intCast(devices_max - count);
        if (room == 0) break;
        const answer = api.clGetDeviceIDs(platform, opencl_api.device_type_all, room, target[count..].ptr, &devices_count);
        if (answer == opencl_api.success) count += @min(devices_count, room);
    }
    return .{ .count = count };
}

pub fn find(api: *const Api, index: usize) ?opencl_api.Device {
    var devices: [devices_max]opencl_api.Device = undefined;
    return switch (all(api, &devices)) {
        .count => |count| if (index < count) devices[index] else null,
        .status => null,
    };
}

pub fn list(settings: *const Settings, writer: *Writer) Writer.Error!void {
    var buffer: [128]u8 = undefined;
    const api = opencl_api.load(settings.folders()) orelse {
        return writer.print("{{\"reason\":\"{s}\"}}", .{opencl_api.reason(&buffer)});
    };
    var devices: [devices_max]opencl_api.Device = undefined;
    const count = switch (all(api, &devices)) {
        .count => |count| count,
        .status => |status| return writer.print(
            "{{\"reason\":\"clGetPlatformIDs answered {d} ({s})\"}}",
            .{ status, opencl_api.errorName(status) },
        ),
    };
    try writer.writeAll("{\"devices\":[");
    for (devices[0..count], 0..) |device, i| {
        const about: About = .of(api, device);
        if (i > 0) try writer.writeByte(',');
        try writer.print(
            "{{\"platform\":\"{s}\",\"name\":\"{s}\",\"type\":\"{t}\",\"memory\":{d},\"unified\":{}}}",
            .{ about.platform.text(), about.name.text(), about.type, about.memory, about.unified },
        );
    }
    try writer.writeAll("]}");
}
