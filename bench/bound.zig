//! The bounds of this machine: the rate of fused multiply-adds in registers, and the rate of memory
//! that is copied or changed in place, whichever is faster (a copy must also fetch the lines that
//! it overwrites).
//!
//!     bound THREADS        prints {"gflops":...,"gigabytes":...}
//!
//! The bench compares kernels to these two figures.

const std = @import("std");

const lanes = std.simd.suggestVectorLength(f32) orelse 4;
const Vector = @Vector(lanes, f32);
/// Enough independent sums to hide the latency of a multiply-add on two ports.
const chains = 12;
const rounds = 10_000_000;
const bytes = 1 << 27;
const copies = 4;

/// The largest rate of three tries. Each thread does `work` on its own part of the memory.
fn best(comptime work: fn ([]u8, []u8) void, memory: []u8, threads: usize, io: std.Io, amount: f64) !f64 {
    var most: f64 = 0;
    for (0..3) |_| {
        var pool: [256]std.Thread = undefined;
        const part = memory.len / threads;
        const begun = std.Io.Clock.awake.now(io);
        for (pool[0..threads], 0..) |*thread, k| {
            const share = memory[k * part ..][0..part];
            thread.* = try std.Thread.spawn(.{}, work, .{ share[0 .. part / 2], share[part / 2 ..][0 .. part / 2] });
        }
        for (pool[0..threads]) |thread| thread.join();
        const elapsed = begun.durationTo(std.Io.Clock.awake.now(io));
        most = @max(most, amount / @as(f64, @floatFromInt(elapsed.toMicroseconds())) * 1e-3);
    }
    return most;
}

fn multiplyAdd(_: []u8, _: []u8) void {
    var sums: [chains]Vector = @splat(@splat(1.0));
    var factor: Vector = @splat(0.999999);
    std.mem.doNotOptimizeAway(&factor);
    for (0..rounds) |_| {
        inline for (&sums) |*sum| sum.* = @mulAdd(Vector, sum.*, factor, factor);
    }
    std.mem.doNotOptimizeAway(&sums);
}

fn copy(target: []u8, source: []u8) void {
    for (0..copies) |_| {
        @memcpy(target, source);
        std.mem.doNotOptimizeAway(target.ptr);
    }
}

fn update(target: []u8, source: []u8) void {
    for ([_][]u8{ target, source }) |half| {
        const vectors: []align(1) Vector = @ptrCast(half[0 .. half.len / @sizeOf(Vector) * @sizeOf(Vector)]);
        for (0..copies) |_| {
            for (vectors) |*vector| vector.* += @as(Vector, @splat(1));
            std.mem.doNotOptimizeAway(half.ptr);
        }
    }
}

pub fn main(init: std.process.Init) !void {
    const arena = init.arena.allocator();
    const words = try init.minimal.args.toSlice(arena);
    const threads = std.math.clamp(try std.fmt.parseInt(usize, words[1], 10), 1, 256);
    const memory = try arena.alloc(u8, 2 * bytes);
    @memset(memory, 1);

    const operations: f64 = @floatFromInt(threads * rounds * chains * lanes * 2);
    const gflops = try best(multiplyAdd, memory, threads, init.io, operations);
    // A byte copied is one read and one written.
    const copied = try best(copy, memory, threads, init.io, @floatFromInt(2 * bytes * copies));
    // Here both halves are read and written.
    const updated = try best(update, memory, threads, init.io, @floatFromInt(4 * bytes * copies));
    const gigabytes = @max(copied, updated);
    var buffer: [128]u8 = undefined;
    var output = std.Io.File.stdout().writer(init.io, &buffer);
    try output.interface.print("{{\"gflops\":{d:.1},\"gigabytes\":{d:.1}}}\n", .{ gflops, gigabytes });
    try output.interface.flush();
}
