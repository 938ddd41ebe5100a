//! Cuts the text of the kernels (PTX) into one module for each kernel, so that the driver compiles
//! only kernels that are used: all of them at once would take many seconds.
//!
//! A module is the head of the text, the functions and constants that the kernel names, and the
//! kernel. The library carries the text compressed, and inflates it when a device is opened.

const std = @import("std");

const root = @import("root");
const linked = @hasDecl(root, "cuda_linked") and root.cuda_linked;

const Text = extern struct { bytes: [*]const u8, length: u64 };

/// The library's own text (`cuda_text.zig`), which the caller must free; empty in a build without
/// CUDA.
pub fn ownText(allocator: std.mem.Allocator) error{ OutOfMemory, Damaged }![]u8 {
    if (!linked) return &.{};
    const whole = @extern(*const Text, .{ .name = "deneb_cuda_text" });
    return inflate(allocator, whole.bytes[0..whole.length]);
}

/// Inflates a gzip file, whose last word is the length of its contents.
fn inflate(allocator: std.mem.Allocator, file: []const u8) error{ OutOfMemory, Damaged }![]u8 {
    if (file.len < 18) return error.Damaged;
    var text: std.Io.Writer.Allocating = try .initCapacity(allocator, std.mem.readInt(u32, file[file.len - 4 ..][0..4], .little));
    errdefer text.deinit();
    var reader: std.Io.Reader = .fixed(file);
    var decompress: std.compress.flate.Decompress = .init(&reader, .gzip, &.{});
    _ = decompress.reader.streamRemaining(&text.writer) catch |failure|
        return if (failure == error.WriteFailed) error.OutOfMemory else error.Damaged;
    return text.toOwnedSlice();
}

const Item = struct {
    name: []const u8,
    text: []const u8,
    is_entry: bool,
};

pub const Modules = struct {
    head: []const u8 = "",
    entries: std.StringHashMapUnmanaged([]const u8) = .empty,
    /// Functions and constants, in the order of the text.
    others: std.ArrayList(Item) = .empty,

    pub fn init(allocator: std.mem.Allocator, whole: []const u8) error{OutOfMemory}!Modules {
        var modules: Modules = .{};
        errdefer modules.deinit(allocator);
        var at: usize = 0;
        while (next(whole, &at)) |item| {
            if (modules.head.len == 0) modules.head = whole[0 .. @intFromPtr(item.text.ptr) - @intFromPtr(whole.ptr)];
            if (item.is_entry) {
                try modules.entries.put(allocator, item.name, item.text);
            } else try modules.others.append(allocator, item);
        }
        return modules;
    }

    pub fn deinit(modules: *Modules, allocator: std.mem.Allocator) void {
        modules.entries.deinit(allocator);
        modules.others.deinit(allocator);
    }

    /// The module of an entry, with a zero behind it, which the caller must free. Null if there is
    /// no such entry.
    pub fn moduleOf(modules: *const Modules, allocator: std.mem.Allocator, name: []const u8) error{OutOfMemory}!?[:0]u8 {
        const entry = modules.entries.get(name) orelse return null;
        const others = modules.others.items;
        const needed = try allocator.alloc(bool, others.len);
        defer allocator.free(needed);
        @memset(needed, false);
        mark(others, needed, entry);
        // A needed function may need further ones, so the search repeats until none is added.
        var added = true;
        while (added) {
            const before = std.mem.count(bool, needed, &.{true});
            for (others, needed) |item, is_needed| if (is_needed) mark(others, needed, item.text);
            added = std.mem.count(bool, needed, &.{true}) != before;
        }
        var parts: std.ArrayList([]const u8) = .empty;
        defer parts.deinit(allocator);
        try parts.append(allocator, modules.head);
        for (others, needed) |item, is_needed| if (is_needed) try parts.append(allocator, item.text);
        try parts.append(allocator, entry);
        return try std.mem.concatWithSentinel(allocator, u8, parts.items, 0);
    }
};

fn mark(others: []const Item, needed: []bool, user: []const u8) void {
    for (others, needed) |item, *is_needed| {
        if (!is_needed.* and std.mem.indexOf(u8, user, item.name) != null) is_needed.* = true;
    }
}

/// The next item from `at` on: an entry or a function up to its closing brace, a declaration or a
/// constant up to its semicolon.
fn next(whole: []const u8, at: *usize) ?Item {
    while (at.* < whole.len) {
        const begin = at.*;
        const line = lineAt(whole, begin);
        at.* = begin + line.len;
        const is_entry = std.mem.startsWith(u8, line, ".visible .entry ");
        const is_function = std.mem.startsWith(u8, line, ".func");
        const is_constant = std.mem.startsWith(u8, line, ".global") or std.mem.startsWith(u8, line, ".const");
        if (!is_entry and !is_function and !is_constant) continue;
        var end = begin;
        while (end < whole.len) {
            const inner = std.mem.trimEnd(u8, lineAt(whole, end), " \r\n");
            end += lineAt(whole, end).len;
            if (is_constant and std.mem.endsWith(u8, inner, ";")) break;
            if (std.mem.eql(u8, inner, "}") or std.mem.eql(u8, inner, ";")) break;
        }
        at.* = end;
        const item = whole[begin..end];
        return .{ .name = nameOf(item, is_function, is_constant), .text = item, .is_entry = is_entry };
    }
    return null;
}

fn lineAt(whole: []const u8, begin: usize) []const u8 {
    const end = std.mem.indexOfScalarPos(u8, whole, begin, '\n') orelse whole.len - 1;
    return whole[begin .. end + 1];
}

/// The item's name: the last one before the list of parameters, or before the bracket of an array.
fn nameOf(item: []const u8, is_function: bool, is_constant: bool) []const u8 {
    var begin: usize = 0;
    // A function's result is in parentheses before its name.
    if (is_function) {
        const first = std.mem.indexOfScalar(u8, item, '(') orelse item.len;
        const named = std.mem.trim(u8, item[".func".len..first], " \n");
        if (named.len == 0) begin = (std.mem.indexOfScalar(u8, item, ')') orelse item.len - 1) + 1;
    }
    const closing = if (is_constant) "[=;" else "(";
    const end = std.mem.indexOfAnyPos(u8, item, begin, closing) orelse item.len;
    const named = std.mem.trimEnd(u8, item[begin..end], " \n");
    const space = std.mem.lastIndexOfAny(u8, named, " \n") orelse return named;
    return named[space + 1 ..];
}

test "what was compressed comes back, and what is cut off is said" {
    const flate = std.compress.flate;
    const allocator = std.testing.allocator;
    var text: [100_000]u8 = undefined;
    for (&text, 0..) |*byte, k| byte.* = "add.rn.f32 %f1, %f2;\n"[k * k % 21];
    var target: std.Io.Writer.Allocating = try .initCapacity(allocator, 16);
    defer target.deinit();
    const window = try allocator.alloc(u8, flate.max_window_len);
    defer allocator.free(window);
    var compress: flate.Compress = try .init(&target.writer, window, .gzip, .best);
    try compress.writer.writeAll(&text);
    try compress.finish();
    const file = target.written();
    try std.testing.expect(file.len < text.len / 7);
    const found = try inflate(allocator, file);
    defer allocator.free(found);
    try std.testing.expectEqualStrings(&text, found);
    for ([_][]const u8{ "", "short", file[0 .. file.len - 40] }) |part| {
        try std.testing.expectError(error.Damaged, inflate(allocator, part));
    }
}

test "a module holds the entry and what it names, and nothing else" {
    const whole =
        \\.version 6.3
        \\.target sm_75
        \\
        \\.func helper
        \\(
        \\    .param .b64 helper_param_0
        \\)
        \\;
        \\.func  (.param .b32 func_retval0) other
        \\(
        \\)
        \\;
        \\.global .align 8 .b8 digits[4] = {1, 2, 3, 4};
        \\.visible .entry first(
        \\    .param .b64 first_param_0
        \\)
        \\{
        \\    call helper;
        \\}
        \\.visible .entry second(
        \\)
        \\{
        \\}
        \\.func helper(
        \\    .param .b64 helper_param_0
        \\)
        \\{
        \\    digits
        \\}
        \\.func  (.param .b32 func_retval0) other(
        \\)
        \\{
        \\}
        \\
    ;
    const allocator = std.testing.allocator;
    var modules: Modules = try .init(allocator, whole);
    defer modules.deinit(allocator);
    const first = (try modules.moduleOf(allocator, "first")).?;
    defer allocator.free(first);
    const second = (try modules.moduleOf(allocator, "second")).?;
    defer allocator.free(second);
    try std.testing.expectEqual(null, try modules.moduleOf(allocator, "third"));
    try std.testing.expect(std.mem.startsWith(u8, first, ".version 6.3\n.target sm_75\n"));
    try std.testing.expectEqual(2, std.mem.count(u8, first, ".func helper"));
    try std.testing.expect(std.mem.indexOf(u8, first, "digits[4]") != null);
    try std.testing.expect(std.mem.indexOf(u8, first, "other") == null);
    try std.testing.expectEqualStrings(whole[0..28] ++ ".visible .entry second(\n)\n{\n}\n", second);
}
