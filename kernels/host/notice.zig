//! Notices to the user about an absence that makes work slower, each printed once in a process, on
//! standard error. The description of a device contains the same text.

const std = @import("std");
const builtin = @import("builtin");

const Kind = enum { products, compiler, graphs, memory };

var said: std.EnumArray(Kind, std.atomic.Value(bool)) = .initFill(.init(false));

/// Text beyond 1024 bytes is cut off.
pub fn once(kind: Kind, comptime format: []const u8, values: anytype) void {
    if (said.getPtr(kind).swap(true, .monotonic)) return;
    var buffer: [1024]u8 = undefined;
    var writer: std.Io.Writer = .fixed(buffer[0 .. buffer.len - 1]);
    writer.print("deneb: " ++ format, values) catch {};
    const length = writer.end;
    buffer[length] = '\n';
    // If standard error is closed, the notice is lost.
    _ = write(standard_error, &buffer, @intCast(length + 1));
}

const standard_error = 2;
/// The C library's own, since `std.debug.print` would bring 100 KB of the standard library along.
const write = @extern(
    *const fn (file: c_int, bytes: [*]const u8, count: if (builtin.os.tag == .windows) c_uint else usize) callconv(.c) isize,
    .{ .name = if (builtin.os.tag == .windows) "_write" else "write" },
);
