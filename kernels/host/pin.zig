//! Keeps the library loaded once it runs threads: these may still be in its code when the process
//! ends and the loader unloads what was opened.

const std = @import("std");
const builtin = @import("builtin");

/// The loader's facts about an address.
const Info = extern struct {
    file: ?[*:0]const u8,
    base: ?*anyopaque,
    symbol: ?[*:0]const u8,
    address: ?*anyopaque,
};

extern "c" fn dladdr(address: *const anyopaque, info: *Info) c_int;
extern "kernel32" fn GetModuleHandleExW(
    flags: u32,
    address: *const anyopaque,
    module: *?*anyopaque,
) callconv(.winapi) c_int;

var pinned: std.atomic.Value(bool) = .init(false);

/// Pins the library; where the system refuses, the library stays as it was opened.
pub fn pin() void {
    if (pinned.swap(true, .monotonic)) return;
    switch (builtin.os.tag) {
        .linux, .macos => {
            var info: Info = undefined;
            if (dladdr(&pinned, &info) == 0) return;
            // Opens the loaded library again, this time so that it is never unloaded.
            _ = std.c.dlopen(info.file orelse return, .{ .LAZY = true, .NOLOAD = true, .NODELETE = true });
        },
        .windows => {
            const from_address_and_pin = 0x4 | 0x1;
            var module: ?*anyopaque = null;
            _ = GetModuleHandleExW(from_address_and_pin, &pinned, &module);
        },
        else => {},
    }
}
