//! Describes CUDA devices for people: an open one with its libraries and what it lacks, and the
//! list of all that could be opened.

const std = @import("std");
const blas = @import("blas.zig");
const driver = @import("driver.zig");
const dynamic = @import("../host/dynamic.zig");
const nvrtc = @import("nvrtc.zig");
const program = @import("../program/program.zig");
const Engine = @import("engine.zig").Engine;
const Settings = @import("../host/settings.zig").Settings;

pub fn write(engine: *Engine, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    try writer.print("{s}, compute capability {d}.{d}, CUDA {d}.{d}, ", .{
        engine.name[0..engine.name_length],        @divTrunc(engine.capability, 10),
        @rem(engine.capability, 10),               @divTrunc(engine.version, 1000),
        @divTrunc(@rem(engine.version, 1000), 10),
    });
    if (engine.blas) |*one| {
        // NVRTC 11 encodes 11.4.2 as 11402, later versions encode 12.3.0 as 120300.
        const unit: c_int = if (one.version >= 100_000) 10_000 else 1000;
        const major = @divTrunc(one.version, unit);
        const minor = @divTrunc(@rem(one.version, unit), 100);
        try writer.print("cuBLAS {d}.{d}", .{ major, minor });
        if (engine.lt != null) try writer.writeAll(" and Lt");
    } else try writer.print("without cuBLAS: {s}", .{engine.blas_reason.text()});
    if (engine.compiled.compiler) |*one| {
        try writer.print(", NVRTC {d}.{d}", .{ one.version[0], one.version[1] });
    } else try writer.print(", without NVRTC: {s}", .{engine.compiled.reason.text()});
    if (engine.compiled.refused != 0) {
        try writer.print(", {d} kernels not compiled: {s}", .{ engine.compiled.refused, engine.compiled.refusal.text() });
    }
    if (engine.pool_reason.length != 0) try writer.print(", without memory pools: {s}", .{engine.pool_reason.text()});
    if (engine.graphs.reason.length != 0) try writer.print(", without graphs: {s}", .{engine.graphs.reason.text()});
}

pub fn list(settings: *const Settings, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    var functions: driver.Functions = undefined;
    var message: program.Message = .{};
    const version = driver.open(settings.folders(), &functions, &message) orelse
        return writer.print("{{\"reason\":{f}}}", .{std.json.fmt(message.text(), .{})});
    var count: c_int = 0;
    const result = functions.cuDeviceGetCount(&count);
    if (result != .success) {
        message.set("cuDeviceGetCount failed: {s}", .{driver.textOf(&functions, result)});
        return writer.print("{{\"reason\":{f}}}", .{std.json.fmt(message.text(), .{})});
    }
    const lacks = lackingOf(settings);
    try writer.writeAll("{\"devices\":[");
    for (0..@intCast(@max(count, 0))) |index| {
        var one: driver.Device = 0;
        var name: [128]u8 = @splat(0);
        var bytes: usize = 0;
        var integrated: c_int = 0;
        _ = functions.cuDeviceGet(&one, @intCast(index));
        _ = functions.cuDeviceGetName(&name, name.len, one);
        _ = functions.cuDeviceTotalMem_v2(&bytes, one);
        _ = functions.cuDeviceGetAttribute(&integrated, .integrated, one);
        const named = std.mem.sliceTo(&name, 0);
        try writer.print(
            "{s}{{\"platform\":\"CUDA {d}.{d}\",\"name\":{f},\"type\":\"gpu\",\"memory\":{d},\"unified\":{},\"lacks\":\"{s}\"}}",
            .{
                if (index == 0) "" else ",",                @divTrunc(version, 1000), @divTrunc(@rem(version, 1000), 10),
                std.json.fmt(printable(named, &name), .{}), bytes,                    integrated != 0,
                lacks,
            },
        );
    }
    try writer.writeAll("]}");
}

/// The absent libraries without which the device is much slower; empty where all are present.
fn lackingOf(settings: *const Settings) []const u8 {
    const has_products = dynamic.open(blas.names, settings.folders()) != null;
    const has_compiler = dynamic.open(nvrtc.names, settings.folders()) != null;
    if (has_products) return if (has_compiler) "" else "NVRTC";
    return if (has_compiler) "cuBLAS" else "cuBLAS and NVRTC";
}

fn printable(text: []const u8, buffer: *[128]u8) []const u8 {
    for (buffer[0..text.len]) |*byte| if (!std.ascii.isPrint(byte.*)) {
        byte.* = '?';
    };
    return text;
}
