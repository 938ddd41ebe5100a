//! Driver libraries: opened at run time by the first name that exists, and never closed, since
//! drivers keep threads of their own.
//!
//!     const Api = struct { clFinish: *const fn (?*Queue) callconv(.c) i32, ... };
//!     const library = dynamic.open(names, folders) orelse ...;
//!     if (dynamic.fill(Api, &api, library)) |missing| ...;
//!
//! A table of functions is a struct whose fields are the symbols; nothing is written twice.

const std = @import("std");
const builtin = @import("builtin");

pub const Library = *anyopaque;

extern "kernel32" fn LoadLibraryW(name: [*:0]const u16) callconv(.winapi) ?Library;
extern "kernel32" fn GetProcAddress(library: Library, name: [*:0]const u8) callconv(.winapi) ?*anyopaque;

/// Opens the first of the names that exists, in the folders and then wherever the system looks.
pub fn open(names: []const [:0]const u8, folders: []const []const u8) ?Library {
    var buffer: [1024]u8 = undefined;
    for (folders) |folder| {
        for (names) |name| {
            const path = std.fmt.bufPrintSentinel(&buffer, "{s}/{s}", .{ folder, name }, 0) catch continue;
            if (openOne(path)) |library| return library;
        }
    }
    for (names) |name| {
        if (openOne(name)) |library| return library;
    }
    return null;
}

fn openOne(path: [:0]const u8) ?Library {
    if (builtin.os.tag == .windows) {
        var wide: [1024]u16 = undefined;
        if (path.len >= wide.len) return null;
        const length = std.unicode.utf8ToUtf16Le(&wide, path) catch return null;
        wide[length] = 0;
        return LoadLibraryW(wide[0..length :0]);
    }
    return std.c.dlopen(path, .{ .LAZY = true });
}

extern "c" fn dlerror() ?[*:0]const u8;

/// Why the last name that was tried did not open.
pub fn reason() []const u8 {
    if (builtin.os.tag == .windows) return "it could not be loaded";
    return std.mem.span(dlerror() orelse return "it could not be loaded");
}

/// Fills the table from the library. Returns the name of the first required symbol that the library
/// lacks; a missing optional field is null.
pub fn fill(comptime Table: type, table: *Table, library: Library) ?[]const u8 {
    inline for (@typeInfo(Table).@"struct".field_names) |name| {
        const symbol = lookup(library, name);
        if (@typeInfo(@FieldType(Table, name)) == .optional) {
            @field(table, name) = @ptrCast(@alignCast(symbol));
        } else {
            @field(table, name) = @ptrCast(@alignCast(symbol orelse return name));
        }
    }
    return null;
}

fn lookup(library: Library, name: [:0]const u8) ?*anyopaque {
    if (builtin.os.tag == .windows) return GetProcAddress(library, name);
    return std.c.dlsym(library, name);
}

test "what is not there is null, and what is lacks symbols by name" {
    if (builtin.os.tag != .linux) return error.SkipZigTest;
    const none = open(&.{"libdeneb-has-no-such-library.so.7"}, &.{ "/nowhere", "" });
    try std.testing.expectEqual(null, none);
    const library = open(&.{"libc.so.6"}, &.{"/nowhere"}) orelse return error.SkipZigTest;
    const Table = struct {
        strlen: *const fn ([*:0]const u8) callconv(.c) usize,
        deneb_no_such_symbol: *const fn () callconv(.c) void,
    };
    var table: Table = undefined;
    try std.testing.expectEqualStrings("deneb_no_such_symbol", fill(Table, &table, library).?);
    try std.testing.expectEqual(4, table.strlen("four"));
}
