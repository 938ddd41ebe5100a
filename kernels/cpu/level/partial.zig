//! The end of a row: fewer elements than a vector.

const std = @import("std");

/// Bytes of the smallest memory pages of any machine.
const page_bytes = 4096;

/// Loads the first `count` elements, then zeros. A page is readable whole or not at all: where a
/// vector does not cross the end of a page, the whole vector is read, and the elements past `count`
/// are dropped.
pub fn load(comptime lanes: usize, comptime T: type, source: [*]const T, count: usize) @Vector(lanes, T) {
    const V = @Vector(lanes, T);
    const none: V = @splat(0);
    if (@intFromPtr(source) % page_bytes <= page_bytes - lanes * @sizeOf(T)) {
        const bound: @Vector(lanes, u32) = @splat(@intCast(count));
        return @select(T, std.simd.iota(u32, lanes) < bound, @as(V, source[0..lanes].*), none);
    }
    return atPageEnd(lanes, T, source, count);
}

noinline fn atPageEnd(comptime lanes: usize, comptime T: type, source: [*]const T, count: usize) [lanes]T {
    var buffer: [lanes]T = @splat(0);
    for (buffer[0..count], source[0..count]) |*element, value| element.* = value;
    return buffer;
}

/// Stores the first `count` elements, fewer than a vector has, as two runs that may overlap.
pub noinline fn store(comptime lanes: usize, comptime T: type, target: [*]T, values: *const [lanes]T, count: usize) void {
    comptime var half = lanes / 2;
    inline while (half > 0) : (half /= 2) {
        if (count >= half) {
            target[0..half].* = values[0..half].*;
            target[count - half ..][0..half].* = values[count - half ..][0..half].*;
            return;
        }
    }
}

fn storeWhole(comptime lanes: usize, target: [*]f32, values: @Vector(lanes, f32)) void {
    @as(*align(4) @Vector(lanes, f32), @ptrCast(target)).* = values;
}

test "the compiler stores the elements of a vector, and no more" {
    inline for (.{ 1, 2, 3, 8 }) |lanes| {
        var target: [24]f32 = @splat(7);
        storeWhole(lanes, &target, @splat(1));
        const after = std.mem.allEqual(f32, target[lanes..], 7);
        // Zig's own backend for x86-64, which compiles without optimization, stores 16 bytes of a
        // shorter vector: whatever runs on several threads then overwrites its neighbour's results.
        if (!after) std.debug.print("A vector of {d} floats overwrites its neighbours: compile with -fllvm, or -O safe\n", .{lanes});
        try std.testing.expect(after);
    }
}

test "the end of a page is not crossed" {
    const linux = std.os.linux;
    if (@import("builtin").os.tag != .linux) return error.SkipZigTest;
    const pages = try std.heap.page_allocator.alignedAlloc(u8, .fromByteUnits(page_bytes), 2 * std.heap.pageSize());
    defer std.heap.page_allocator.free(pages);
    // An access to the second page kills the process.
    const guard = pages[pages.len / 2 ..];
    try std.testing.expectEqual(0, linux.mprotect(guard.ptr, guard.len, .{}));
    defer _ = linux.mprotect(guard.ptr, guard.len, .{ .READ = true, .WRITE = true });
    const floats: []f32 = @alignCast(std.mem.bytesAsSlice(f32, pages[0 .. pages.len / 2]));
    for (floats, 0..) |*float, i| float.* = @floatFromInt(i);
    for (0..40) |distance| {
        for (1..@min(distance, 16) + 1) |count| {
            const place = floats.len - distance;
            const loaded: [16]f32 = load(16, f32, floats[place..].ptr, count);
            for (loaded, 0..) |value, i| {
                const expected: usize = if (i < count) place + i else 0;
                try std.testing.expectEqual(@as(f32, @floatFromInt(expected)), value);
            }
            if (count == 16) continue;
            store(16, f32, floats[place..].ptr, &loaded, count);
        }
    }
    for (floats, 0..) |float, i| try std.testing.expectEqual(@as(f32, @floatFromInt(i)), float);
}
