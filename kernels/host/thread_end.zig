//! The end of a thread: whoever owns something on behalf of a thread gives it back then. A Worker is
//! a thread of its own, and nothing else tells the library that a Worker was terminated.

const std = @import("std");
const builtin = @import("builtin");

const Value = if (builtin.os.tag == .windows) ?*anyopaque else *anyopaque;
const Destructor = *const fn (value: Value) callconv(if (builtin.os.tag == .windows) .winapi else .c) void;

extern "kernel32" fn FlsAlloc(destructor: Destructor) callconv(.winapi) u32;
extern "kernel32" fn FlsSetValue(index: u32, value: *anyopaque) callconv(.winapi) c_int;

const Key = if (builtin.os.tag == .windows) u32 else std.c.pthread_key_t;

/// The calling thread's number, from 1; 0 if its end cannot be seen. When the thread ends, the
/// system calls `ended` with the number, on that very thread. The library must not be unloaded
/// before. Calls that name the same function must not overlap, and count threads by themselves.
pub fn numberHere(comptime ended: fn (thread: usize) void) usize {
    const threads = struct {
        /// The slot in which each thread keeps its own number, so that the system calls `call` with it.
        var key: ?Key = null;
        var last: usize = 0;
        threadlocal var own: usize = 0;

        fn call(value: Value) callconv(if (builtin.os.tag == .windows) .winapi else .c) void {
            ended(@intFromPtr(value));
        }
    };
    if (threads.own != 0) return threads.own;
    if (threads.key == null) threads.key = newKey(threads.call) orelse return 0;
    const number = threads.last + 1;
    const value: *anyopaque = @ptrFromInt(number);
    const set = if (builtin.os.tag == .windows)
        FlsSetValue(threads.key.?, value) != 0
    else
        std.c.pthread_setspecific(threads.key.?, value) == 0;
    if (!set) return 0;
    threads.last = number;
    threads.own = number;
    return number;
}

fn newKey(destructor: Destructor) ?Key {
    if (builtin.os.tag == .windows) {
        const index = FlsAlloc(destructor);
        return if (index == std.math.maxInt(u32)) null else index;
    }
    var made: Key = undefined;
    return if (std.c.pthread_key_create(&made, destructor) == .SUCCESS) made else null;
}

test "a thread's end is told with the thread's number" {
    const Seen = struct {
        var number: usize = 0;
        var ended: usize = 0;
        fn end(thread: usize) void {
            ended = thread;
        }
        fn run() void {
            number = numberHere(end);
            std.testing.expectEqual(number, numberHere(end)) catch unreachable;
        }
    };
    for (0..2) |_| {
        const before = Seen.number;
        const thread: std.Thread = try .spawn(.{}, Seen.run, .{});
        thread.join();
        try std.testing.expect(Seen.number > before);
        try std.testing.expectEqual(Seen.number, Seen.ended);
    }
}
