//! Waiting asleep for another thread: a waiting thread leaves its core to the threads that compute.
//!
//! A `Lock` is held for as long as a program runs, so that spinning would take a core from the very
//! run that the thread waits for. The pool's workers rest in `sleep` until `wake`. Without threads
//! (wasm) a lock does nothing.

const std = @import("std");
const builtin = @import("builtin");

const threaded = !builtin.single_threaded and !builtin.cpu.arch.isWasm();

pub const Lock = struct {
    mutex: if (threaded) std.Io.Mutex else void = if (threaded) .init else {},

    pub inline fn lock(one: *Lock) void {
        if (threaded) one.mutex.lockUncancelable(system());
    }

    pub inline fn unlock(one: *Lock) void {
        if (threaded) one.mutex.unlock(system());
    }
};

/// Sleeps while the word has the expected value, until woken; may return earlier. The system
/// compares the word again before sleeping, so that an earlier wake is not lost.
pub fn sleep(word: *const std.atomic.Value(u32), expected: u32) void {
    system().futexWaitUncancelable(u32, &word.raw, expected);
}

/// Wakes one thread that sleeps on the word.
pub fn wake(word: *const std.atomic.Value(u32)) void {
    system().futexWake(u32, &word.raw, 1);
}

fn system() std.Io {
    return std.Io.Threaded.global_single_threaded.io();
}

test "a lock is held by one thread at a time, and those that wait for it sleep" {
    const Counter = struct {
        lock: Lock = .{},
        count: u64 = 0,

        fn add(counter: *@This()) void {
            for (0..20_000) |_| {
                counter.lock.lock();
                defer counter.lock.unlock();
                counter.count += 1;
            }
        }
    };
    var counter: Counter = .{};
    var threads: [4]std.Thread = undefined;
    for (&threads) |*thread| thread.* = try .spawn(.{}, Counter.add, .{&counter});
    for (threads) |thread| thread.join();
    try std.testing.expectEqual(4 * 20_000, counter.count);
}
