//! How much memory the system still has. Linux grants more than it has and ends a process that uses
//! what is not there, so a large block is compared with this before it is asked for.

const std = @import("std");
const builtin = @import("builtin");

/// Bytes below which nothing is compared: reading the system's files takes some microseconds.
const large_bytes = 1 << 30;

/// Whether there is room for a block of that size, as far as the system tells.
pub fn hasRoomFor(size: usize) bool {
    if (size < large_bytes or builtin.os.tag != .linux) return true;
    // Some is left to the process for everything else.
    const wanted = @as(u64, size) + size / 32;
    return wanted <= @min(ofMachine(), ofGroup());
}

const unknown = std.math.maxInt(u64);

fn ofMachine() u64 {
    var buffer: [4096]u8 = undefined;
    const text = read("/proc/meminfo", &buffer) orelse return unknown;
    const kilobytes = field(text, "MemAvailable:") orelse return unknown;
    return 1024 * (kilobytes + (field(text, "SwapFree:") orelse 0));
}

/// What a container may still use; files in the cache give way.
fn ofGroup() u64 {
    var buffer: [4096]u8 = undefined;
    const most = field(read("/sys/fs/cgroup/memory.max", &buffer) orelse return unknown, "") orelse return unknown;
    const current = field(read("/sys/fs/cgroup/memory.current", &buffer) orelse return unknown, "") orelse return unknown;
    const stat = read("/sys/fs/cgroup/memory.stat", &buffer) orelse return unknown;
    return most -| (current -| (field(stat, "file ") orelse 0));
}

/// The number in the line that begins with that name; null where there is none.
fn field(text: []const u8, name: []const u8) ?u64 {
    var lines = std.mem.tokenizeScalar(u8, text, '\n');
    while (lines.next()) |line| {
        if (!std.mem.startsWith(u8, line, name)) continue;
        const value = std.mem.trimStart(u8, line[name.len..], " ");
        const end = std.mem.indexOfNone(u8, value, "0123456789") orelse value.len;
        return std.fmt.parseInt(u64, value[0..end], 10) catch null;
    }
    return null;
}

/// The first bytes of a file of the system's.
fn read(path: [*:0]const u8, buffer: []u8) ?[]const u8 {
    const linux = std.os.linux;
    const opened = linux.open(path, .{ .CLOEXEC = true }, 0);
    if (linux.errno(opened) != .SUCCESS) return null;
    const file: linux.fd_t = @intCast(opened);
    defer _ = linux.close(file);
    const length = linux.read(file, buffer.ptr, buffer.len);
    return if (linux.errno(length) == .SUCCESS) buffer[0..length] else null;
}

test "a block of more bytes than the machine has is refused, and a small one is not looked at" {
    if (builtin.os.tag != .linux) return;
    try std.testing.expect(hasRoomFor(large_bytes - 1));
    try std.testing.expect(!hasRoomFor(1 << 46));
    try std.testing.expect(ofMachine() > 0 and ofMachine() < 1 << 46);
}

test "a field is the number of its line" {
    const text = "MemTotal:       24689004 kB\nMemFree:    123 kB\nSwapFree:       0 kB\nfile 77\nmax\n";
    try std.testing.expectEqual(123, field(text, "MemFree:"));
    try std.testing.expectEqual(0, field(text, "SwapFree:"));
    try std.testing.expectEqual(77, field(text, "file "));
    try std.testing.expectEqual(null, field(text, "MemAvailable:"));
    try std.testing.expectEqual(null, field("max\n", ""));
    try std.testing.expectEqual(4096, field("4096\n", ""));
}
