//! A driver's library, opened at run time: its functions by name into a struct of function pointers.
//! What is missing is said by name.

const std = @import("std");
const builtin = @import("builtin");
const program = @import("program.zig");

const is_windows = builtin.os.tag == .windows;

extern "kernel32" fn LoadLibraryA(name: [*:0]const u8) callconv(.winapi) ?*anyopaque;
extern "kernel32" fn GetProcAddress(library: *anyopaque, name: [*:0]const u8) callconv(.winapi) ?*anyopaque;
extern "c" fn dlerror() ?[*:0]const u8;

pub const Library = struct {
    handle: *anyopaque,

    /// Looks in the folders, in order, then where the system looks by itself. An opened library stays
    /// in the process: what it started there cannot be unloaded.
    pub fn open(folders: []const []const u8, names: []const [:0]const u8) ?Library {
        for (folders) |folder| for (names) |name| {
            var buffer: [1024]u8 = undefined;
            const path = std.fmt.bufPrintSentinel(&buffer, "{s}/{s}", .{ folder, name }, 0) catch continue;
            if (openOne(path)) |library| return library;
        };
        for (names) |name| if (openOne(name)) |library| return library;
        return null;
    }

    fn openOne(path: [:0]const u8) ?Library {
        const handle = if (is_windows) LoadLibraryA(path) else std.c.dlopen(path, .{ .NOW = true });
        return .{ .handle = handle orelse return null };
    }

    /// Why the last one could not be opened.
    pub fn reason() []const u8 {
        if (is_windows) return "it could not be loaded";
        return std.mem.span(dlerror() orelse return "it could not be loaded");
    }

    fn find(library: Library, name: [:0]const u8) ?*anyopaque {
        return if (is_windows) GetProcAddress(library.handle, name) else std.c.dlsym(library.handle, name);
    }

    /// Fills every field that is a function pointer with the function of its name. Optional ones may
    /// be missing; the name of another that is missing is returned.
    pub fn bind(library: Library, functions: anytype) ?[]const u8 {
        const Functions = @typeInfo(@TypeOf(functions)).pointer.child;
        inline for (@typeInfo(Functions).@"struct".field_names) |name| {
            const T = @FieldType(Functions, name);
            const found = library.find(name ++ "");
            if (@typeInfo(T) == .optional) {
                @field(functions, name) = @ptrCast(@alignCast(found));
            } else {
                @field(functions, name) = @ptrCast(@alignCast(found orelse return name));
            }
        }
        return null;
    }
};
