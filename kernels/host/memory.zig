//! Storages: memory under handles that the caller chooses, and a cache of blocks that were freed.
//!
//! A handle is `index + generation * handles_max`; the generation tells a freed storage from the
//! one that later got its index. Freed blocks wait in lists by size class, so that a training step
//! finds the memory of the step before, with its pages already mapped. Blocks in use and in the
//! cache together never exceed the most that was ever in use at once, give or take `floor_bytes`.
//!
//! Blocks come from a `Source`: the host's memory, or addresses of a device. Nothing here reads or
//! writes a block, so the lists of free blocks are kept outside of them.
//!
//! Every block has `padding` bytes at its end, which kernels may read.

const std = @import("std");
const builtin = @import("builtin");
const system_memory = @import("system_memory.zig");
const assert = std.debug.assert;

pub const handles_max = 1 << 20;
/// Few enough that the caller can keep a handle in a signed 32-bit number.
pub const generations_max = 1 << 11;
/// The size beyond which a storage is refused before anything is computed from the size.
pub const bytes_max = if (@bitSizeOf(usize) == 32) 1 << 31 else 1 << 46;

pub const alignment = 64;
/// Bytes that kernels may read past the end of a storage; the values are never used.
const padding = 64 * 8;
/// Bytes of cache that are never given back.
const floor_bytes = 64 << 20;
/// The size from which a block comes straight from the system, in pages that may be huge.
const mapped_bytes = 1 << 20;
const huge_page_bytes = 2 << 20;
/// Eight size classes for each power of two, so that at most an eighth of a block is wasted.
const class_bits = 3;
const classes = 48 << class_bits;

pub const Block = struct {
    data: [*]align(alignment) u8,
    /// The size that was asked for, without padding and rounding.
    bytes: usize,
};

pub const Storage = struct {
    /// 0 while no storage has this index.
    handle: u32 = 0,
    /// The batch of instructions that allocated the storage; see `border/context.zig`.
    batch: u32 = 0,
    block: Block = undefined,
    /// The count of all writes when the storage was last written.
    written: u64 = 0,
    /// Whether the engine keeps data made from the elements, so that it must be told when the
    /// storage is freed.
    watched: bool = false,
};

/// The block of a claimed handle without memory: an address that no source returns.
const nowhere: [*]align(alignment) u8 = @ptrFromInt(alignment);

/// Where blocks come from. Sizes are multiples of the alignment; only the engine that made a block
/// may use its address as one, to everybody else the address is a number.
pub const Source = struct {
    context: *anyopaque,
    /// Null where there is no memory for that many bytes.
    map: *const fn (context: *anyopaque, size: usize) ?[*]align(alignment) u8,
    unmap: *const fn (context: *anyopaque, data: [*]align(alignment) u8, size: usize) void,
};

/// A node of a list of free blocks. Nodes are named by their index in `nodes`, 0 for none.
const Free = struct { data: [*]align(alignment) u8, next: u32 };

pub const Memory = struct {
    allocator: std.mem.Allocator,
    source: Source,
    storages: []Storage = &.{},
    free: [classes]u32 = @splat(0),
    nodes: []Free = &.{},
    /// The first node that holds no block.
    spare: u32 = 0,
    /// Only classes up to this one may have free blocks.
    highest: usize = 0,
    /// Bytes in live storages, as asked for.
    bytes: usize = 0,
    /// Bytes of blocks in use and in the cache, and the most that were ever in use at once.
    used: usize = 0,
    cached: usize = 0,
    /// Bytes of blocks that kept programs hold, as asked for.
    kept: usize = 0,
    used_most: usize = 0,
    /// The count of writes, and of storages made, so far.
    writes: u64 = 0,

    pub fn init(allocator: std.mem.Allocator, source: Source) Memory {
        return .{ .allocator = allocator, .source = source };
    }

    pub fn deinit(memory: *Memory) void {
        for (memory.storages) |*storage| {
            if (storage.handle != 0) memory.release(storage.block);
        }
        memory.trim(0);
        memory.allocator.free(memory.nodes);
        memory.allocator.free(memory.storages);
    }

    pub fn find(memory: *const Memory, handle: u32) ?*Storage {
        const index = handle % handles_max;
        if (index >= memory.storages.len) return null;
        const storage = &memory.storages[index];
        return if (storage.handle == handle and handle != 0) storage else null;
    }

    /// Bytes that the context holds beside live storages.
    pub fn reserved(memory: *const Memory) usize {
        return memory.cached + memory.kept + memory.storages.len * @sizeOf(Storage) + memory.nodes.len * @sizeOf(Free);
    }

    pub const CreateError = error{ OutOfMemory, BadHandle };

    /// Puts a storage with undefined contents under a handle whose index is free.
    pub fn create(memory: *Memory, handle: u32, bytes: usize, batch: u32) CreateError!void {
        const storage = try memory.vacant(handle);
        const block = try memory.allocate(bytes);
        storage.* = .{ .handle = handle, .batch = batch, .block = block };
        memory.touch(storage);
    }

    /// The same, in a block of the caller's.
    pub fn createIn(memory: *Memory, handle: u32, block: Block, batch: u32) CreateError!void {
        const storage = try memory.vacant(handle);
        storage.* = .{ .handle = handle, .batch = batch, .block = block };
        memory.touch(storage);
    }

    /// Notes that the contents of a storage change.
    pub inline fn touch(memory: *Memory, storage: *Storage) void {
        memory.writes += 1;
        storage.written = memory.writes;
    }

    /// The entry for the storage of a handle whose index is free.
    inline fn vacant(memory: *Memory, handle: u32) CreateError!*Storage {
        const index = handle % handles_max;
        if (index == 0) return error.BadHandle;
        if (index >= memory.storages.len) try memory.grow(index);
        const storage = &memory.storages[index];
        return if (storage.handle != 0) error.BadHandle else storage;
    }

    /// Whether storages of these sizes have blocks of one size class.
    pub fn alike(a: usize, b: usize) bool {
        return a <= bytes_max and b <= bytes_max and classOf(a + padding) == classOf(b + padding);
    }

    /// Hands a freed storage's block to a kept program.
    pub fn keep(memory: *Memory, block: Block) void {
        memory.bytes -= block.bytes;
        memory.kept += block.bytes;
    }

    /// Takes a block back from a kept program, into the cache.
    pub fn giveBack(memory: *Memory, block: Block) void {
        memory.kept -= block.bytes;
        memory.bytes += block.bytes;
        memory.release(block);
    }

    /// Takes a handle, if it is free, for a storage without memory: one of no bytes.
    pub fn claim(memory: *Memory, handle: u32, batch: u32) void {
        @branchHint(.cold);
        memory.createIn(handle, .{ .data = nowhere, .bytes = 0 }, batch) catch {};
    }

    /// Frees the handle and returns its block, which the caller must `release`.
    pub fn detach(memory: *Memory, handle: u32) ?Block {
        const storage = memory.find(handle) orelse return null;
        storage.handle = 0;
        return storage.block;
    }

    fn grow(memory: *Memory, index: usize) error{OutOfMemory}!void {
        const length = @min(@max(1024, 2 * (index + 1)), handles_max);
        const before = memory.storages.len;
        memory.storages = try memory.allocator.realloc(memory.storages, length);
        @memset(memory.storages[before..], .{});
    }

    fn allocate(memory: *Memory, bytes: usize) error{OutOfMemory}!Block {
        if (bytes > bytes_max) return error.OutOfMemory;
        const class = classOf(bytes + padding);
        const size = sizeOf(class);
        const node = memory.free[class];
        const data = if (node != 0) cached: {
            memory.cached -= size;
            break :cached memory.take(class);
        } else try memory.fresh(size);
        memory.bytes += bytes;
        memory.used += size;
        memory.used_most = @max(memory.used_most, memory.used);
        return .{ .data = data, .bytes = bytes };
    }

    fn fresh(memory: *Memory, size: usize) error{OutOfMemory}![*]align(alignment) u8 {
        @branchHint(.unlikely);
        const source = memory.source;
        const room = @max(memory.used_most, floor_bytes);
        memory.trim(room -| (memory.used + size));
        return source.map(source.context, size) orelse {
            // The blocks in the cache have other sizes: they are given back to the system, to make
            // room.
            memory.trim(0);
            return source.map(source.context, size) orelse error.OutOfMemory;
        };
    }

    /// The first free block of a class that has one.
    inline fn take(memory: *Memory, class: usize) [*]align(alignment) u8 {
        const place = memory.free[class];
        const node = &memory.nodes[place];
        memory.free[class] = node.next;
        node.next = memory.spare;
        memory.spare = place;
        return node.data;
    }

    /// Puts a block back into the cache.
    pub fn release(memory: *Memory, block: Block) void {
        if (block.data == nowhere) return;
        const class = classOf(block.bytes + padding);
        const size = sizeOf(class);
        memory.bytes -= block.bytes;
        memory.used -= size;
        if (memory.spare == 0) memory.moreNodes() catch {
            // No node can be allocated for the block, so the block goes back to the system.
            return memory.source.unmap(memory.source.context, block.data, size);
        };
        memory.cached += size;
        memory.highest = @max(memory.highest, class);
        const place = memory.spare;
        const node = &memory.nodes[place];
        memory.spare = node.next;
        node.* = .{ .data = block.data, .next = memory.free[class] };
        memory.free[class] = place;
    }

    fn moreNodes(memory: *Memory) error{OutOfMemory}!void {
        @branchHint(.cold);
        const before = memory.nodes.len;
        const length = @max(256, 2 * before);
        memory.nodes = try memory.allocator.realloc(memory.nodes, length);
        // Index 0 stands for no node.
        for (@max(before, 1)..length) |place| {
            memory.nodes[place].next = memory.spare;
            memory.spare = @intCast(place);
        }
    }

    /// Gives cached blocks back to the system, the largest first, until `room` bytes or fewer wait.
    fn trim(memory: *Memory, room: usize) void {
        while (memory.cached > room) {
            if (memory.free[memory.highest] == 0) {
                memory.highest -= 1;
                continue;
            }
            const size = sizeOf(memory.highest);
            memory.cached -= size;
            memory.source.unmap(memory.source.context, memory.take(memory.highest), size);
        }
    }
};

/// The host's own memory. The allocator must not move.
pub fn host(allocator: *const std.mem.Allocator) Source {
    return .{ .context = @constCast(allocator), .map = mapHost, .unmap = unmapHost };
}

fn allocatorOf(context: *anyopaque) std.mem.Allocator {
    return @as(*const std.mem.Allocator, @ptrCast(@alignCast(context))).*;
}

fn mapHost(context: *anyopaque, size: usize) ?[*]align(alignment) u8 {
    if (builtin.cpu.arch.isWasm() or size < mapped_bytes) {
        const slice = allocatorOf(context).alignedAlloc(u8, .fromByteUnits(alignment), size) catch return null;
        return slice.ptr;
    }
    if (!system_memory.hasRoomFor(size)) return null;
    const pages = std.heap.page_allocator;
    const slice = pages.alignedAlloc(u8, .fromByteUnits(huge_page_bytes), size) catch return null;
    if (builtin.os.tag == .linux) {
        // Huge pages cause fewer page faults; if the system refuses them, nothing is lost.
        const whole = size / huge_page_bytes * huge_page_bytes;
        _ = std.os.linux.madvise(slice.ptr, whole, std.os.linux.MADV.HUGEPAGE);
    }
    return slice.ptr;
}

fn unmapHost(context: *anyopaque, data: [*]align(alignment) u8, size: usize) void {
    if (builtin.cpu.arch.isWasm() or size < mapped_bytes) {
        return allocatorOf(context).free(@as([]align(alignment) u8, data[0..size]));
    }
    std.heap.page_allocator.free(@as([]align(huge_page_bytes) u8, @alignCast(data[0..size])));
}

/// The smallest class whose blocks hold `bytes`, which are at least `padding`.
fn classOf(bytes: usize) usize {
    assert(bytes >= padding);
    const top = std.math.log2_int(usize, bytes - 1);
    const shift: std.math.Log2Int(usize) = @intCast(top - class_bits);
    // The upper bits of `bytes - 1`; the leading bit stands for the power of two.
    const step = (bytes - 1) >> shift;
    return (@as(usize, top) << class_bits) + (step & ((1 << class_bits) - 1));
}

fn sizeOf(class: usize) usize {
    const top = class >> class_bits;
    const step = (class & ((1 << class_bits) - 1)) + (1 << class_bits) + 1;
    return step << @intCast(top - class_bits);
}

test "a class holds what it is asked to, and an eighth more at most" {
    var bytes: usize = padding;
    while (bytes < 1 << 20) : (bytes += 1 + bytes / 37) {
        const size = sizeOf(classOf(bytes));
        try std.testing.expect(size >= bytes and size - bytes <= bytes / 8);
        try std.testing.expect(size % alignment == 0);
    }
    try std.testing.expect(classOf(bytes_max + padding) < classes);
}

test "handles are found, freed and told from their successors" {
    var memory: Memory = .init(std.testing.allocator, host(&std.testing.allocator));
    defer memory.deinit();
    try memory.create(1, 100, 0);
    try memory.create(5000, 0, 0);
    try std.testing.expectError(error.BadHandle, memory.create(1, 4, 0));
    try std.testing.expectError(error.BadHandle, memory.create(handles_max, 4, 0));
    try std.testing.expectError(error.OutOfMemory, memory.create(2, bytes_max + 1, 0));
    try std.testing.expectEqual(100, memory.find(1).?.block.bytes);
    try std.testing.expectEqual(null, memory.find(2));
    try std.testing.expectEqual(null, memory.find(0));
    memory.release(memory.detach(1).?);
    try std.testing.expectEqual(null, memory.find(1));
    const next = 1 + handles_max;
    try memory.create(next, 90, 0);
    try std.testing.expectEqual(null, memory.find(1));
    try std.testing.expectEqual(null, memory.detach(1));
    try std.testing.expectEqual(90, memory.bytes);
}

test "a handle that there is no memory for is taken, and freed like any other" {
    const none = struct {
        fn map(_: *anyopaque, _: usize) ?[*]align(alignment) u8 {
            return null;
        }
        fn unmap(_: *anyopaque, _: [*]align(alignment) u8, _: usize) void {
            unreachable;
        }
    };
    var nothing: u8 = 0;
    var memory: Memory = .init(std.testing.allocator, .{ .context = &nothing, .map = none.map, .unmap = none.unmap });
    defer memory.deinit();
    try std.testing.expectError(error.OutOfMemory, memory.create(1, 0, 0));
    memory.claim(1, 0);
    try std.testing.expectError(error.BadHandle, memory.create(1, 0, 0));
    memory.claim(1 + handles_max, 0);
    memory.claim(handles_max, 0);
    try std.testing.expect(memory.find(1) != null and memory.find(1 + handles_max) == null);
    memory.release(memory.detach(1).?);
    try std.testing.expectEqual(null, memory.find(1));
    memory.claim(1, 0);
}

test "the same sizes come from the cache, and other sizes push it out" {
    var memory: Memory = .init(std.testing.allocator, host(&std.testing.allocator));
    defer memory.deinit();
    const size = 24 << 20;
    for (0..5) |_| {
        for (1..9) |handle| try memory.create(@intCast(handle), size, 0);
        for (1..9) |handle| memory.release(memory.detach(@intCast(handle)).?);
    }
    const most = memory.used_most;
    try std.testing.expectEqual(0, memory.used);
    try std.testing.expectEqual(most, memory.cached);
    for (1..5) |handle| try memory.create(@intCast(handle), 40 << 20, 0);
    try std.testing.expect(memory.used + memory.cached <= most);
}
