//! A thread that works for a context, so that the caller need not wait. Work is handed over together
//! with the context's lock: every other call waits until the work is done, whenever the thread gets
//! to it. Words and bytes are copied, since the caller may end before the work does.

const std = @import("std");
const lock = @import("../host/lock.zig");
const program = @import("../program/program.zig");
const Status = program.Status;

/// How many programs' words are held, each at an address of its own: the CPU knows the programs that
/// it keeps by the address of their words.
const programs_max = 16;

const Held = struct { source: usize = 0, words: []f64 = &.{} };

const idle = 0;
const asked = 1;
const ending = 2;

/// The thread of a context of that type, which has a `lock`, an `allocator`, `runProgram` and `read`.
pub fn Runner(comptime Context: type) type {
    return struct {
        const Self = @This();

        thread: ?std.Thread = null,
        state: std.atomic.Value(u32) = .init(idle),
        work: Work = undefined,
        /// How the last work ended.
        outcome: Status = .ok,
        held: [programs_max]Held = @splat(.{}),
        next: usize = 0,
        /// The bytes that the last read has brought.
        landed: []u8 = &.{},

        const Work = union(enum) {
            run: []const f64,
            read: struct { handle: u32, offset: f64 },
        };

        /// Runs the words that stand at `source`. The context's lock is held, and the work gives it back.
        pub fn run(runner: *Self, context: *Context, source: []align(1) const f64) error{ OutOfMemory, NoThread }!void {
            const words = try runner.hold(context.allocator, source);
            try runner.start(context, .{ .run = words });
        }

        /// Reads so many bytes, for `landed`. The lock is treated as by `run`.
        pub fn read(runner: *Self, context: *Context, handle: u32, offset: f64, length: u32) error{ OutOfMemory, NoThread }!void {
            runner.landed = try context.allocator.realloc(runner.landed, length);
            try runner.start(context, .{ .read = .{ .handle = handle, .offset = offset } });
        }

        fn hold(runner: *Self, allocator: std.mem.Allocator, source: []align(1) const f64) error{OutOfMemory}![]const f64 {
            const address = @intFromPtr(source.ptr);
            const held = for (&runner.held) |*one| {
                if (one.source == address and one.words.len == source.len) break one;
            } else next: {
                const one = &runner.held[runner.next];
                runner.next = (runner.next + 1) % programs_max;
                one.words = try allocator.realloc(one.words, source.len);
                one.source = address;
                break :next one;
            };
            @memcpy(std.mem.sliceAsBytes(held.words), std.mem.sliceAsBytes(source));
            return held.words;
        }

        fn start(runner: *Self, context: *Context, work: Work) error{NoThread}!void {
            runner.work = work;
            if (runner.thread == null) {
                runner.state.store(idle, .monotonic);
                runner.thread = std.Thread.spawn(.{}, serve, .{ runner, context }) catch return error.NoThread;
            }
            runner.state.store(asked, .release);
            lock.wake(&runner.state);
        }

        fn serve(runner: *Self, context: *Context) void {
            while (true) {
                switch (runner.state.load(.acquire)) {
                    idle => lock.sleep(&runner.state, idle),
                    asked => {
                        runner.state.store(idle, .monotonic);
                        runner.outcome = switch (runner.work) {
                            .run => |words| context.runProgram(words),
                            .read => |from| context.read(from.handle, from.offset, runner.landed),
                        };
                        context.lock.unlock();
                    },
                    else => return,
                }
            }
        }

        /// Ends the thread, which has nothing to do while the lock is held here.
        pub fn close(runner: *Self, allocator: std.mem.Allocator) void {
            if (runner.thread) |thread| {
                runner.state.store(ending, .release);
                lock.wake(&runner.state);
                thread.join();
            }
            for (&runner.held) |*one| allocator.free(one.words);
            allocator.free(runner.landed);
            runner.* = .{};
        }

        /// Bytes of copies.
        pub fn reserved(runner: *const Self) usize {
            var bytes = runner.landed.len;
            for (&runner.held) |*one| bytes += one.words.len * @sizeOf(f64);
            return bytes;
        }
    };
}
