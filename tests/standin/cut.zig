//! `cuda/module.zig` as a library for tests: it cuts a text of all kernels into the modules that
//! the driver is given.

const std = @import("std");
const module = @import("module");

const allocator = std.heap.c_allocator;

/// Writes the module of an entry, without the zero behind it, as far as it fits. Returns its
/// length; 0 if there is no such entry.
export fn cut(text: [*]const u8, text_length: usize, name: [*]const u8, name_length: usize, target: [*]u8, room: usize) usize {
    var modules: module.Modules = module.Modules.init(allocator, text[0..text_length]) catch return 0;
    defer modules.deinit(allocator);
    const whole = (modules.moduleOf(allocator, name[0..name_length]) catch return 0) orelse return 0;
    defer allocator.free(whole);
    const fitting = @min(whole.len, room);
    @memcpy(target[0..fitting], whole[0..fitting]);
    return whole.len;
}
