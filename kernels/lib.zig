//! The border: the functions of the library that TypeScript calls. Every function of `border` is
//! exported as `deneb_` and its name, and described in the manifest, from which `native/library.ts`
//! takes the signatures.
//!
//! Nothing that a caller passes may trap: handles are looked up, lengths compared, and a mistake is
//! a status with a message (`deneb_error`). Pointers are Deno's `buffer` arguments, each followed
//! by its length; in wasm they are addresses inside the module's own memory.

const std = @import("std");
const builtin = @import("builtin");
const cpu = @import("cpu/engine.zig");
const device = @import("border/device.zig");
const levels = @import("cpu/levels.zig");
const memory_module = @import("host/memory.zig");
const pool = @import("cpu/pool.zig");
const program = @import("program/program.zig");
const schema = @import("program/schema.zig");
const row_functions = @import("numbers/functions.zig");
const table = @import("rows/table.zig");
const Context = @import("border/context.zig").Context;
const Lock = @import("host/lock.zig").Lock;
const Settings = @import("host/settings.zig").Settings;
const Status = program.Status;

comptime {
    if (builtin.zig_version.order(.{ .major = 0, .minor = 17, .patch = 1 }) != .eq) {
        @compileError("Deneb is written for Zig 0.17.1, this is " ++ builtin.zig_version_string);
    }
}

const is_wasm = builtin.cpu.arch.isWasm();

/// Tells `cpu/levels.zig` that the further CPU levels are linked in.
pub const levels_linked = builtin.cpu.arch == .x86_64;

/// Tells `cuda/module.zig` that the CUDA kernels are linked in.
pub const cuda_linked = builtin.os.tag == .linux or builtin.os.tag == .windows;

const allocator = if (is_wasm) std.heap.wasm_allocator else std.heap.c_allocator;

/// The most contexts alive at once: one for each Worker that computes.
const contexts_max = 255;
/// Contexts by slot. A closed context stays allocated for the slot's next one, so that a late call
/// on another thread finds a lock to take and a number other than its own.
var slots: [contexts_max]std.atomic.Value(?*Context) = @splat(.init(null));
/// Held while a context is opened.
var opening: Lock = .{};
/// The message of the last failure to open a context, and the lock that guards the text: a reader
/// must not wait for a device that is being opened.
var refusal: program.Message = .{};
var refusal_lock: Lock = .{};

/// The locked context of that number: `slot + 1 + generation * 2^8`; number 0 is no context.
inline fn enter(number: u32) ?*Context {
    const place = (number & 0xff) -% 1;
    if (place >= contexts_max) return null;
    const context = slots[place].load(.acquire) orelse return null;
    context.lock.lock();
    if (context.number.load(.monotonic) != number) {
        context.lock.unlock();
        return null;
    }
    if (context.later.work) |work| context.catchUp(work);
    return context;
}

fn code(status: Status) u32 {
    return @backingInt(status);
}

fn copyText(text: []const u8, target: [*]u8, capacity: u32) u32 {
    const length = @min(text.len, capacity);
    @memcpy(target[0..length], text[0..length]);
    return @intCast(text.len);
}

pub const border = struct {
    /// Copies the manifest, JSON, as far as it fits. Returns its length.
    pub fn manifest(target: [*]u8, capacity: u32) callconv(.c) u32 {
        return copyText(manifest_text, target, capacity);
    }

    /// Opens a context with these settings (see `host/settings.zig`). Returns its number, 0 on
    /// failure; `deneb_error(0, ...)` then gives the reason.
    pub fn open(text: [*]const u8, length: u32) callconv(.c) u32 {
        var message: program.Message = .{};
        const number = openWith(text[0..length], &message);
        if (number == 0) {
            refusal_lock.lock();
            defer refusal_lock.unlock();
            refusal = message;
        }
        return number;
    }

    /// Copies a list of the devices of the settings' kind, as JSON: `devices`, or the `reason` why
    /// there are none. Returns the length of the JSON. No context is opened.
    pub fn devices(text: [*]const u8, length: u32, target: [*]u8, capacity: u32) callconv(.c) u32 {
        var message: program.Message = .{};
        var writer: std.Io.Writer = .fixed(target[0..capacity]);
        const settings = Settings.parse(text[0..length], &message) orelse {
            writer.writeAll("{\"reason\":\"there is no such setting\"}") catch {};
            return @intCast(writer.end);
        };
        if (!is_wasm) @import("host/pin.zig").pin();
        // A list that does not fit is cut off; the caller sees that from the length.
        device.Engine.list(&settings, &writer) catch {};
        return @intCast(writer.end);
    }

    /// Frees a context's storages and ends its threads.
    pub fn close(number: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        context.number.store(0, .monotonic);
        context.close();
        return code(.ok);
    }

    /// Tells that the program of this context is about to end. What it still calls is answered; the
    /// context closes when the thread that opened it opens another one, or ends.
    pub fn leave(number: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        context.left.store(true, .monotonic);
        return code(.ok);
    }

    /// Names the buffer of f64 words that `deneb_run` reads. It must outlive the context.
    pub fn attach(number: u32, words: [*]align(1) const u8, count: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        if (count == 0 or count > program.words_max or @intFromPtr(words) % 8 != 0) {
            return code(context.fail(.range, "Cannot attach: {d} words, there must be 1 to {d}, aligned to 8 bytes", .{
                count, program.words_max,
            }));
        }
        context.words = @as([*]const f64, @ptrCast(@alignCast(words)))[0..count];
        return code(.ok);
    }

    /// Runs the first `count` words of the buffer.
    pub fn run(number: u32, count: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        if (count > context.words.len) {
            return code(context.fail(.malformed, "Cannot run: {d} words of a buffer of {d}", .{ count, context.words.len }));
        }
        return code(context.run(context.words[0..count]));
    }

    /// Runs `count` words of another buffer, which must stay as it is until the call returns.
    pub fn run_words(number: u32, words: [*]align(1) const u8, count: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        if (@intFromPtr(words) % 8 != 0) return code(context.fail(.range, "Cannot run: words must be aligned to 8 bytes", .{}));
        return code(context.runProgram(@as([*]const f64, @ptrCast(@alignCast(words)))[0..count]));
    }

    /// Takes a copy of `count` words, which the next call on the context, whatever it is and on
    /// whichever thread, runs as `run_words` would before it does anything else.
    pub fn start_run(number: u32, words: [*]align(1) const u8, count: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        const list = @as([*]align(1) const f64, @ptrCast(words))[0..count];
        return started(context, context.later.run(context.allocator, list));
    }

    /// Has the next call read bytes of a storage first, for `landed`, as it runs what `start_run` took.
    pub fn start_read(number: u32, handle: u32, offset: f64, length: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        const refused = context.refuseBytes(handle, offset, @floatFromInt(length));
        if (refused != .ok) return code(refused);
        return started(context, context.later.read(context.allocator, handle, offset, length));
    }

    /// Does what was started last, unless another call has done it, and returns how that ended.
    pub fn wait(number: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        return code(context.later.outcome);
    }

    /// Copies the bytes that the last read has brought. Returns how many there are.
    pub fn landed(number: u32, target: [*]u8, capacity: u32) callconv(.c) u32 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return copyText(context.later.landed, target, capacity);
    }

    /// Copies bytes into a storage.
    pub fn write(number: u32, handle: u32, offset: f64, source: [*]const u8, length: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        return code(context.write(handle, offset, source[0..length]));
    }

    /// Copies bytes out of a storage.
    pub fn read(number: u32, handle: u32, offset: f64, target: [*]u8, length: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        return code(context.read(handle, offset, target[0..length]));
    }

    /// Bytes in live storages, or with `beside` the bytes held beside them; -1 if there is no such
    /// context.
    pub fn memory(number: u32, beside: u32) callconv(.c) f64 {
        const context = enter(number) orelse return -1;
        defer context.lock.unlock();
        if (beside == 0) return @floatFromInt(context.memory.bytes);
        return @floatFromInt(context.reserved());
    }

    /// Changes the number of threads.
    pub fn threads(number: u32, count: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        context.setThreads(@min(count, program.threads_max)) catch {
            return code(context.fail(.memory, "Cannot set threads: there is no memory for {d}", .{count}));
        };
        return code(.ok);
    }

    /// Copies a description of the context's device, such as the CPU level. Returns its length.
    pub fn describe(number: u32, target: [*]u8, capacity: u32) callconv(.c) u32 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return @intCast(context.engine.describe(target[0..capacity]).len);
    }

    /// Copies the name under which the programs that this context builds may be kept. Returns its
    /// length; 0 if the device builds none.
    pub fn store_name(number: u32, target: [*]u8, capacity: u32) callconv(.c) u32 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return @intCast(context.engine.storeName(target[0..capacity]).len);
    }

    /// How many programs were built that a store would spare the next process.
    pub fn store_news(number: u32) callconv(.c) u32 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return context.engine.storeNews();
    }

    /// Copies the store as far as it fits. Returns how many bytes the whole store has.
    pub fn store_save(number: u32, target: [*]u8, capacity: u32) callconv(.c) f64 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return @floatFromInt(context.engine.saveStore(target[0..capacity]));
    }

    /// Loads a store of this context's name. Damaged records are passed over.
    pub fn store_load(number: u32, source: [*]const u8, length: u32) callconv(.c) u32 {
        const context = enter(number) orelse return code(.context);
        defer context.lock.unlock();
        context.engine.loadStore(source[0..length]) catch {
            return code(context.fail(.memory, "Cannot load a store: there is no memory for {d} bytes", .{length}));
        };
        return code(.ok);
    }

    /// Copies the message of the context's last failure, or, for number 0, of the last failure to
    /// open a context. Returns its length.
    pub fn @"error"(number: u32, target: [*]u8, capacity: u32) callconv(.c) u32 {
        if (number == 0) {
            refusal_lock.lock();
            defer refusal_lock.unlock();
            return copyText(refusal.text(), target, capacity);
        }
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        return copyText(context.message.text(), target, capacity);
    }
};

/// Functions for wasm alone: its caller has no buffer to pass, and copies by itself.
pub const border_wasm = struct {
    /// Allocates memory for the caller; 0 if there is none. The memory is never freed.
    pub fn allocate(bytes: u32) callconv(.c) u32 {
        const slice = allocator.alignedAlloc(u8, .@"64", @max(bytes, 1)) catch return 0;
        return @intFromPtr(slice.ptr);
    }

    /// The address of these bytes of a storage; 0 if there are none, and `deneb_error` gives the
    /// reason.
    pub fn address(number: u32, handle: u32, offset: f64, length: f64) callconv(.c) u32 {
        const context = enter(number) orelse return 0;
        defer context.lock.unlock();
        const bytes = context.bytesOf(handle, offset, length) catch return 0;
        return @intFromPtr(bytes.ptr);
    }
};

fn started(context: *Context, result: error{OutOfMemory}!void) u32 {
    result catch return code(context.fail(.memory, "Cannot start: out of memory", .{}));
    return code(.ok);
}

/// Closes what the thread of that number has left open. A Worker that ends, or is terminated, leaves
/// its contexts so.
fn threadEnded(thread: usize) void {
    closeOf(thread, .all);
}

/// Closes contexts of that thread.
fn closeOf(thread: usize, which: enum { all, left }) void {
    for (&slots) |*slot| {
        const context = slot.load(.acquire) orelse continue;
        // The owner is looked at without the lock, which another thread's program may hold for long.
        if (context.owner.load(.monotonic) != thread) continue;
        if (which == .left and !context.left.load(.monotonic)) continue;
        context.lock.lock();
        defer context.lock.unlock();
        // Meanwhile the slot may have been closed, and opened by another thread.
        if (context.owner.load(.monotonic) != thread or context.number.load(.monotonic) == 0) continue;
        context.number.store(0, .monotonic);
        context.close();
    }
}

/// Opens a context; 0 on failure, with the reason in the message.
fn openWith(text: []const u8, message: *program.Message) u32 {
    opening.lock();
    defer opening.unlock();
    const settings = Settings.parse(text, message) orelse return 0;
    if (!is_wasm) @import("host/pin.zig").pin();
    const owner = if (is_wasm) 0 else @import("host/thread_end.zig").numberHere(threadEnded);
    // A thread may run one program after another, as `deno test` does.
    if (owner != 0) closeOf(owner, .left);
    for (&slots, 1..) |*slot, first| {
        const context = slot.load(.acquire) orelse make: {
            const made = allocator.create(Context) catch return exhausted(message);
            made.* = .{ .allocator = allocator };
            slot.store(made, .release);
            break :make made;
        };
        // The lock of an open context may be held for as long as a program runs; that of a closed
        // context until the context has given back its memory, or until a late call has seen its
        // number.
        if (context.number.load(.monotonic) != 0) continue;
        context.lock.lock();
        defer context.lock.unlock();
        context.open(&settings, message) catch |reason| return switch (reason) {
            error.OutOfMemory => exhausted(message),
            error.Refused => 0,
        };
        context.generation = (context.generation + 1) & 0xff_ffff;
        const number = @as(u32, @intCast(first)) | context.generation << 8;
        context.left.store(false, .monotonic);
        context.owner.store(owner, .monotonic);
        context.number.store(number, .monotonic);
        return number;
    }
    message.set("Cannot open: {d} contexts are open already", .{contexts_max});
    return 0;
}

fn exhausted(message: *program.Message) u32 {
    message.set("Cannot open: out of memory", .{});
    return 0;
}

/// The manifest, JSON made by reflection, so that nothing is written twice.
const manifest_text: []const u8 = blk: {
    @setEvalBranchQuota(100_000);
    var text: []const u8 = std.fmt.comptimePrint(
        "{{\"mode\":\"{t}\",\"arch\":\"{t}\",\"table\":{d}",
        .{ builtin.mode, builtin.cpu.arch, table.hash },
    );
    text = text ++ ",\"levels\":[";
    for (levels.all, 0..) |one, i| text = text ++ (if (i == 0) "" else ",") ++ "\"" ++ one.name ++ "\"";
    text = text ++ "],\"instructions\":" ++ schema.text ++ ",\"opcodes\":" ++ codesOf(program.Opcode) ++ ",\"dtypes\":" ++ codesOf(program.DType) ++
        ",\"statuses\":" ++ codesOf(program.Status);
    text = text ++ std.fmt.comptimePrint(
        ",\"limits\":{{\"rank\":{d},\"inputs\":{d},\"handles\":{d},\"generations\":{d},\"words\":{d},\"threads\":{d}}}",
        .{ program.rank_max, program.inputs_max, memory_module.handles_max, memory_module.generations_max, program.words_max, program.threads_max },
    );
    text = text ++ ",\"functions\":" ++ row_functions.json ++ ",\"symbols\":{";
    for (@typeInfo(border).@"struct".decl_names, 0..) |name, i| {
        const function = @typeInfo(@TypeOf(@field(border, name))).@"fn";
        text = text ++ (if (i == 0) "" else ",") ++ "\"deneb_" ++ name ++ "\":{\"parameters\":[";
        for (function.param_types, 0..) |T, k| {
            text = text ++ (if (k == 0) "" else ",") ++ "\"" ++ foreignName(T.?) ++ "\"";
        }
        text = text ++ "],\"result\":\"" ++ foreignName(function.return_type.?) ++ "\"}";
    }
    break :blk text ++ "}}";
};

fn codesOf(comptime Codes: type) []const u8 {
    var text: []const u8 = "{";
    for (@typeInfo(Codes).@"enum".field_names, 0..) |name, i| {
        const value = @backingInt(@field(Codes, name));
        text = text ++ (if (i == 0) "" else ",") ++ std.fmt.comptimePrint("\"{s}\":{d}", .{ name, value });
    }
    return text ++ "}";
}

/// The name of the type in Deno's FFI.
fn foreignName(comptime T: type) []const u8 {
    return switch (@typeInfo(T)) {
        .int, .float => @typeName(T),
        .pointer => "buffer",
        else => @compileError("the border has no type " ++ @typeName(T)),
    };
}

comptime {
    if (!builtin.is_test) {
        exportAll(border);
        if (is_wasm) exportAll(border_wasm);
    }
}

fn exportAll(comptime functions: type) void {
    for (@typeInfo(functions).@"struct".decl_names) |name| {
        @export(&@field(functions, name), .{ .name = "deneb_" ++ name });
    }
}

test "a context opens while another runs, and a refusal is read while one opens" {
    const running = border.open("", 0);
    // The lock is held, as a run would hold it. If opening another context waited for the lock, the
    // test would not end.
    const context = enter(running).?;
    const other = border.open("", 0);
    try std.testing.expect(other != 0 and other != running);
    try std.testing.expectEqual(0, border.open("level none", 10));
    opening.lock();
    var text: [256]u8 = undefined;
    const length = border.@"error"(0, &text, text.len);
    try std.testing.expect(std.mem.startsWith(u8, text[0..length], "Cannot open: "));
    opening.unlock();
    context.lock.unlock();
    for ([_]u32{ running, other }) |number| try std.testing.expectEqual(code(.ok), border.close(number));
}

test "a context closes with the thread that opened it, whatever it has still to do" {
    const Worker = struct {
        var number: u32 = 0;
        fn run() void {
            number = border.open("", 0);
            const words = [_]f64{ 1, 2 };
            _ = border.start_run(number, std.mem.asBytes(&words), 2);
        }
    };
    // More than there may be at once.
    for (0..contexts_max + 2) |_| {
        const thread: std.Thread = try .spawn(.{}, Worker.run, .{});
        thread.join();
        try std.testing.expect(Worker.number != 0);
        try std.testing.expectEqual(code(.context), border.close(Worker.number));
    }
}

test "a context that a program has left answers until its thread opens another one" {
    const stays = border.open("", 0);
    // More than there may be at once.
    for (0..contexts_max + 2) |_| {
        const number = border.open("", 0);
        try std.testing.expect(number != 0);
        for (0..2) |_| try std.testing.expectEqual(code(.ok), border.leave(number));
        try std.testing.expectEqual(code(.ok), border.wait(number));
    }
    try std.testing.expectEqual(code(.ok), border.close(stays));
    try std.testing.expectEqual(code(.context), border.leave(stays));
}

test "the next call does what was started, and how it ended is told until something else is" {
    const number = border.open("", 0);
    const wrong = [_]f64{ 99, 2 };
    try std.testing.expectEqual(code(.ok), border.wait(number));
    try std.testing.expectEqual(code(.ok), border.start_run(number, std.mem.asBytes(&wrong), 2));
    for (0..2) |_| try std.testing.expectEqual(code(.malformed), border.wait(number));
    try std.testing.expectEqual(code(.stale), border.start_read(number, 1, 0, 4));
    const made = [_]f64{ @backingInt(program.Opcode.alloc), 4, 1, 8 };
    try std.testing.expectEqual(code(.ok), border.start_run(number, std.mem.asBytes(&made), made.len));
    try std.testing.expectEqual(code(.ok), border.write(number, 1, 0, "abcdefgh", 8));
    try std.testing.expectEqual(code(.ok), border.start_read(number, 1, 2, 4));
    try std.testing.expectEqual(code(.ok), border.wait(number));
    var bytes: [8]u8 = undefined;
    try std.testing.expectEqual(4, border.landed(number, &bytes, bytes.len));
    try std.testing.expectEqualStrings("cdef", bytes[0..4]);
    try std.testing.expectEqual(code(.ok), border.close(number));
}

test {
    _ = cpu;
    _ = memory_module;
    _ = pool;
    _ = table;
    _ = schema;
    _ = @import("border/decode.zig");
    _ = @import("program/facts.zig");
    _ = @import("host/dynamic.zig");
    _ = @import("host/lock.zig");
    _ = @import("host/system_memory.zig");
    _ = @import("opencl/clblast.zig");
    _ = @import("opencl/product.zig");
    _ = @import("host/settings.zig");
    _ = @import("host/thread_end.zig");
    _ = @import("opencl/skeletons.zig");
    _ = @import("numbers/functions_test.zig");
    _ = @import("numbers/wide_integer.zig");
    _ = @import("gpu/arguments.zig");
    _ = @import("gpu/matrix.zig");
    _ = @import("gpu/head.zig");
    _ = @import("gpu/map_plan.zig");
    _ = @import("cuda/module.zig");
    _ = @import("host/store.zig");
    _ = @import("border/border_test.zig");
    _ = @import("cpu/kept_test.zig");
    _ = @import("cpu/panel_cache_test.zig");
    _ = @import("cpu/level/partial.zig");
}
