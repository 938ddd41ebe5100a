//! How a context is opened, as the caller wrote it: lines of `key value`.
//!
//!     device opencl
//!     index 0
//!     threads 2
//!     level x86_64_v3
//!     tf32 1
//!     clblast 1
//!     folder /some/where
//!
//! Each key may occur once, except `folder`: the folders are searched for driver libraries, in
//! order.

const std = @import("std");
const builtin = @import("builtin");
const program = @import("../program/program.zig");

const folders_max = 16;

/// The engines that there are: `border/device.zig` has one for each.
pub const Kind = if (builtin.cpu.arch.isWasm()) enum { cpu } else enum { cpu, opencl, cuda };

/// The errors of opening an engine; for a refusal the message gives the reason.
pub const OpenError = error{ OutOfMemory, Refused };

pub const Settings = struct {
    device: Kind = .cpu,
    /// The number of the device among those of its kind.
    index: u32 = 0,
    threads: u32 = 1,
    /// The name of the CPU level; empty for the best.
    level: []const u8 = "",
    /// How a device with work items divides its kernels: one work item for each core, or groups of
    /// lanes; `own` is the division that fits the device.
    shape: enum { own, core, lanes } = .own,
    /// Whether products of float32 may round their operands to 10 binary digits, on GPUs that are
    /// faster at it.
    tf32: bool = false,
    /// Whether products on OpenCL use CLBlast, where the machine has it.
    clblast: bool = false,
    /// Choices of tests and measurements on OpenCL: one of the products' tiles instead of the
    /// fastest, and a device without float64.
    tile: ?u8 = null,
    double: bool = true,
    /// A choice of tests on CUDA: the most elements that a launch counts; 0 for the real limit.
    places: u32 = 0,
    folders_buffer: [folders_max][]const u8 = undefined,
    folders_count: usize = 0,

    pub fn folders(settings: *const Settings) []const []const u8 {
        return settings.folders_buffer[0..settings.folders_count];
    }

    /// Null where the text is no valid list of settings; the message then says why. Texts are not
    /// copied.
    pub fn parse(text: []const u8, message: *program.Message) ?Settings {
        var settings: Settings = .{};
        var lines = std.mem.splitScalar(u8, text, '\n');
        while (lines.next()) |line| {
            if (line.len == 0) continue;
            const end = std.mem.indexOfScalar(u8, line, ' ') orelse line.len;
            const value = if (end < line.len) line[end + 1 ..] else "";
            if (settings.take(line[0..end], value)) continue;
            message.set("Cannot open: there is no setting \"{f}\"", .{program.printable(line)});
            return null;
        }
        return settings;
    }

    fn take(settings: *Settings, key: []const u8, value: []const u8) bool {
        const Key = enum { device, index, threads, level, shape, tf32, folder };
        switch (std.meta.stringToEnum(Key, key) orelse return !builtin.cpu.arch.isWasm() and settings.takeOfGpu(key, value)) {
            .device => settings.device = std.meta.stringToEnum(Kind, value) orelse return false,
            .index => settings.index = std.fmt.parseInt(u32, value, 10) catch return false,
            .threads => {
                const threads = std.fmt.parseInt(u32, value, 10) catch return false;
                settings.threads = @min(threads, program.threads_max);
            },
            .level => settings.level = value,
            .shape => settings.shape = std.meta.stringToEnum(@TypeOf(settings.shape), value) orelse return false,
            .tf32 => settings.tf32 = isOne(value) orelse return false,
            .folder => {
                if (settings.folders_count == folders_max or value.len == 0) return false;
                settings.folders_buffer[settings.folders_count] = value;
                settings.folders_count += 1;
            },
        }
        return true;
    }

    fn takeOfGpu(settings: *Settings, key: []const u8, value: []const u8) bool {
        switch (std.meta.stringToEnum(enum { clblast, tile, double, places }, key) orelse return false) {
            .clblast => settings.clblast = isOne(value) orelse return false,
            .tile => settings.tile = std.fmt.parseInt(u8, value, 10) catch return false,
            .double => settings.double = isOne(value) orelse return false,
            .places => settings.places = std.fmt.parseInt(u32, value, 10) catch return false,
        }
        return true;
    }

    fn isOne(value: []const u8) ?bool {
        if (std.mem.eql(u8, value, "1")) return true;
        return if (std.mem.eql(u8, value, "0")) false else null;
    }
};

test "settings are lines, and others are refused by name" {
    const expect = std.testing.expect;
    var message: program.Message = .{};
    const settings = Settings.parse("threads 3\nlevel x86_64_v3\nindex 2\nclblast 1\ndouble 0\ntile 3\n", &message).?;
    try expect(settings.threads == 3 and settings.index == 2 and settings.device == .cpu);
    try expect(settings.clblast and !settings.double and settings.tile == 3 and !settings.tf32);
    try std.testing.expectEqualStrings("x86_64_v3", settings.level);
    try expect(Settings.parse("", &message) != null);
    for ([_][]const u8{ "threads", "threads -1", "index x", "device tpu", "speed 9", "tf32 2", "tile 256", "\x00\xff" }) |text| {
        try expect(Settings.parse(text, &message) == null);
        try expect(std.mem.startsWith(u8, message.text(), "Cannot open: "));
    }
}
