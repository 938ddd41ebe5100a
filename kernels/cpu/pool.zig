//! A fork-join pool: `parallel` runs the parts of a job on all threads and returns when every part
//! is done.
//!
//! Every thread has a share of the parts, the same one for each job of as many parts: what one job
//! leaves in a core's cache the next job finds there. A thread that is done takes parts from the
//! others, so a thread that comes late or is preempted holds up at most the part it has begun.
//! Between jobs the workers spin for half a millisecond, so that a series of small jobs costs about
//! 100 ns each, and then sleep. A job must give the same bits whichever thread runs which part: the
//! pool promises no order and no thread. Without threads (wasm) everything here is a plain loop.

const std = @import("std");
const builtin = @import("builtin");
const threads_max = @import("../program/limits.zig").threads_max;
const assert = std.debug.assert;
const lock = @import("../host/lock.zig");

const threaded = !builtin.single_threaded and !builtin.cpu.arch.isWasm();

/// A worker that has found nothing to do for this long goes to sleep; waking it takes tens of
/// microseconds.
const spin_nanoseconds = 500_000;
/// Spins between two looks at the clock, about a microsecond.
const spins_per_look = 32;
/// Spins of the caller before it yields its core to the thread that preempted a worker.
const spins_before_yield = 2_000;
/// The value of `remaining` that ends a worker.
const stopping = std.math.maxInt(u32);

/// The type of a job's body, called across objects that are compiled separately.
const Function = *const fn (context: *const anyopaque, part: usize, worker: usize) callconv(.c) void;

pub const Pool = struct {
    /// Threads that take parts, the caller among them. Workers read the number while it changes, so
    /// it is atomic.
    threads: usize = 1,
    workers: [threads_max]Worker = undefined,
    /// Set while a job runs; a caller that finds the flag set runs its own job on its own thread.
    busy: std.atomic.Value(bool) = .init(false),
    /// Parts that workers have finished. The counter has its own cache line, for the caller watches
    /// it.
    finished: std.atomic.Value(u32) align(128) = .init(0),
    function: Function align(128) = undefined,
    context: *const anyopaque = undefined,
    /// The shares of the caller and of each worker.
    shares: [threads_max]Share = undefined,

    /// The parts of one thread, on a cache line that the thread watches.
    pub const Share = struct {
        /// Parts that nobody has begun; their indices end before part `end`.
        remaining: std.atomic.Value(u32) align(128) = .init(0),
        asleep: std.atomic.Value(bool) = .init(false),
        end: u32 = 0,
    };

    const Worker = if (threaded) std.Thread else void;

    /// Starts `threads - 1` workers, fewer if the system refuses. The pool must not move
    /// afterwards.
    pub fn init(pool: *Pool, threads: usize) void {
        pool.* = .{};
        pool.shares[0] = .{};
        pool.start(threads);
    }

    /// Ends and joins the workers: the library must not be closed before; the process may end
    /// without it.
    pub fn deinit(pool: *Pool) void {
        pool.acquire();
        pool.stop();
        pool.release();
    }

    /// Changes the number of threads; waits for a job that is running.
    pub fn setThreads(pool: *Pool, threads: usize) void {
        pool.acquire();
        defer pool.release();
        if (std.math.clamp(threads, 1, threads_max) == pool.threads) return;
        pool.stop();
        pool.start(threads);
    }

    /// Runs `body(context, part)` for every index `part` below `parts`, in any order, on any
    /// thread.
    pub fn parallel(
        pool: *Pool,
        context: anytype,
        comptime body: fn (@TypeOf(context), part: usize) void,
        parts: usize,
    ) void {
        const Context = @TypeOf(context);
        pool.parallelWorkers(context, struct {
            fn run(inner: Context, part: usize, _: usize) void {
                body(inner, part);
            }
        }.run, parts);
    }

    /// Like `parallel`, but also tells the body the index of the worker that it runs on, below
    /// `threads`: the index of the worker's scratch.
    pub fn parallelWorkers(
        pool: *Pool,
        context: anytype,
        comptime body: fn (@TypeOf(context), part: usize, worker: usize) void,
        parts: usize,
    ) void {
        const Context = @TypeOf(context);
        const fork = threaded and parts > 1 and pool.threads > 1 and
            !pool.busy.swap(true, .acquire);
        if (!fork) {
            for (0..parts) |part| body(context, part, 0);
            return;
        }
        defer pool.release();
        const call = struct {
            fn call(pointer: *const anyopaque, part: usize, worker: usize) callconv(.c) void {
                const inner: *const Context = @ptrCast(@alignCast(pointer));
                body(inner.*, part, worker);
            }
        }.call;
        pool.run(call, @ptrCast(&context), @intCast(parts));
    }

    fn run(pool: *Pool, function: Function, context: *const anyopaque, parts: u32) void {
        assert(parts > 1 and parts < stopping);
        pool.function = function;
        pool.context = context;
        pool.finished.store(0, .monotonic);
        // Part 0 always runs on the caller.
        var begin: u32 = 1;
        const threads: u32 = @intCast(pool.threads);
        for (pool.shares[0..threads], 1..) |*share, next| {
            const end: u32 = @intCast(@as(u64, parts) * next / threads);
            if (end <= begin) continue;
            share.end = end;
            // Sequentially consistent, as `asleep` is: either the caller sees the sleeper or the
            // sleeper sees the parts.
            share.remaining.store(end - begin, .seq_cst);
            if (share.asleep.load(.seq_cst)) lock.wake(&share.remaining);
            begin = end;
        }
        function(context, 0, 0);
        const own = 1 + pool.take(0);
        var spins: u32 = 0;
        while (pool.finished.load(.acquire) != parts - own) {
            std.atomic.spinLoopHint();
            spins += 1;
            if (spins > spins_before_yield) std.Thread.yield() catch {};
        }
    }

    /// Begins and runs parts while there are any, its own first; returns how many it ran.
    fn take(pool: *Pool, worker: usize) u32 {
        var count: u32 = 0;
        const threads = @atomicLoad(usize, &pool.threads, .monotonic);
        for (0..threads) |distance| {
            const owner = (worker + distance) % threads;
            count += pool.takeFrom(&pool.shares[owner], worker);
        }
        return count;
    }

    fn takeFrom(pool: *Pool, share: *Share, worker: usize) u32 {
        var count: u32 = 0;
        var left = share.remaining.load(.monotonic);
        while (left != 0 and left != stopping) {
            left = share.remaining.cmpxchgWeak(left, left - 1, .acquire, .monotonic) orelse {
                // The job cannot end before this part does, so the job's fields do not change
                // meanwhile.
                pool.function(pool.context, share.end - left, worker);
                count += 1;
                left = share.remaining.load(.monotonic);
                continue;
            };
        }
        return count;
    }

    fn work(pool: *Pool, worker: usize) void {
        const share = &pool.shares[worker];
        while (true) {
            const count = pool.take(worker);
            if (count != 0) _ = pool.finished.fetchAdd(count, .release);
            if (share.remaining.load(.monotonic) == stopping) return;
            if (spin(share)) continue;
            share.asleep.store(true, .seq_cst);
            lock.sleep(&share.remaining, 0);
            share.asleep.store(false, .seq_cst);
        }
    }

    /// Waits a while for new parts; false if none came.
    fn spin(share: *const Share) bool {
        const io = std.Io.Threaded.global_single_threaded.io();
        const begin = std.Io.Clock.awake.now(io);
        while (true) {
            for (0..spins_per_look) |_| {
                if (share.remaining.load(.monotonic) != 0) return true;
                std.atomic.spinLoopHint();
            }
            const now = std.Io.Clock.awake.now(io);
            if (begin.durationTo(now).nanoseconds > spin_nanoseconds) return false;
        }
    }

    fn start(pool: *Pool, threads: usize) void {
        if (!threaded) return;
        const wanted = std.math.clamp(threads, 1, threads_max);
        // A worker looks at all shares: every share must exist before the first worker starts.
        for (pool.shares[1..wanted]) |*share| share.* = .{};
        var started: usize = 1;
        while (started < wanted) : (started += 1) {
            const config: std.Thread.SpawnConfig = .{ .stack_size = 1 << 20 };
            pool.workers[started - 1] = std.Thread.spawn(config, work, .{ pool, started }) catch break;
        }
        pool.publish(started);
    }

    fn publish(pool: *Pool, threads: usize) void {
        @atomicStore(usize, &pool.threads, threads, .monotonic);
    }

    fn stop(pool: *Pool) void {
        if (!threaded) return;
        for (pool.shares[1..pool.threads]) |*share| {
            share.remaining.store(stopping, .seq_cst);
            lock.wake(&share.remaining);
        }
        for (pool.workers[0 .. pool.threads - 1]) |worker| worker.join();
        pool.publish(1);
    }

    fn acquire(pool: *Pool) void {
        if (!threaded) return;
        while (pool.busy.swap(true, .acquire)) std.Thread.yield() catch {};
    }

    fn release(pool: *Pool) void {
        pool.busy.store(false, .release);
    }
};

test "every part runs once, whatever the number of threads" {
    const Mark = struct {
        fn body(marks: []std.atomic.Value(u32), part: usize) void {
            _ = marks[part].fetchAdd(1, .monotonic);
        }
    };
    var marks: [1000]std.atomic.Value(u32) = undefined;
    var pool: Pool = undefined;
    pool.init(1);
    defer pool.deinit();
    for ([_]usize{ 1, 2, 3, 8, 2, 1 }) |threads| {
        pool.setThreads(threads);
        try std.testing.expectEqual(threads, pool.threads);
        for ([_]usize{ 0, 1, 2, 3, 17, 1000 }) |parts| {
            for (0..50) |_| {
                for (&marks) |*mark| mark.raw = 0;
                pool.parallel(@as([]std.atomic.Value(u32), &marks), Mark.body, parts);
                for (&marks, 0..) |*mark, i| {
                    try std.testing.expectEqual(@intFromBool(i < parts), mark.raw);
                }
            }
        }
    }
}

test "workers wake from sleep, and a job inside a job runs alone" {
    const Sum = struct {
        pool: *Pool,
        total: *std.atomic.Value(u32),
        fn outer(sum: @This(), _: usize) void {
            sum.pool.parallel(sum, inner, 4);
        }
        fn inner(sum: @This(), part: usize) void {
            _ = sum.total.fetchAdd(@intCast(part), .monotonic);
        }
    };
    const io = std.testing.io;
    var pool: Pool = undefined;
    pool.init(3);
    defer pool.deinit();
    for (0..5) |_| {
        var total: std.atomic.Value(u32) = .init(0);
        pool.parallel(Sum{ .pool = &pool, .total = &total }, Sum.outer, 10);
        try std.testing.expectEqual(60, total.raw);
        try io.sleep(.fromMilliseconds(2), .awake);
    }
}

test "callers on several threads share a pool" {
    const Caller = struct {
        fn main(pool: *Pool, sum: *u64) void {
            for (0..2000) |_| {
                var parts: [7]u64 = @splat(0);
                pool.parallel(@as([]u64, &parts), one, parts.len);
                for (parts) |part| sum.* += part;
            }
        }
        fn one(parts: []u64, part: usize) void {
            parts[part] += part;
        }
    };
    var pool: Pool = undefined;
    pool.init(2);
    defer pool.deinit();
    var sums: [3]u64 = @splat(0);
    var callers: [3]std.Thread = undefined;
    for (&callers, &sums) |*caller, *sum| caller.* = try .spawn(.{}, Caller.main, .{ &pool, sum });
    for (callers) |caller| caller.join();
    for (sums) |sum| try std.testing.expectEqual(2000 * 21, sum);
}
