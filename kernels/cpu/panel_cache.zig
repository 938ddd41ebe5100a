//! Weights that do not change from run to run, kept in panels: the order in which tiles read a
//! right operand.
//!
//! A product copies its right operand into panels at each run where that operand's own order is
//! slow to read: a transposed weight, one with long rows, one of halves. For programs that come
//! again a context keeps the panels of their weights, as long as nobody writes these weights: a
//! weight that is unchanged since the run before gets panels. Programs that read one weight, as for
//! several sizes of batch, share its panels. Panels cost as much memory as the weights, so their
//! total is bounded.

const std = @import("std");
const facts = @import("../program/facts.zig");
const matmul = @import("skeletons/product.zig");
const matmul_half = @import("skeletons/product_halves.zig");
const memory_module = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const Workspace = @import("group/workspace.zig").Workspace;

const MatMul = program.MatMul;
const Memory = memory_module.Memory;
const View = program.View;

/// The most bytes of all panels of a context, and the most weights that it knows.
const bytes_max = 128 << 20;
const entries_max = 128;
/// A panel that was used in none of this many runs of programs may make room for others. A program
/// whose weights do not all fit keeps the panels it has, instead of making all of them anew at each
/// run.
const runs_idle = 256;

/// What tells one weight's panels from another's.
const Key = struct {
    handle: u32,
    data: [*]const u8,
    rows: usize,
    columns: usize,
    strides: [2]isize,
    dtype: program.DType,
    /// The other operand's type, on which the choice of kernel depends as well.
    other: program.DType,

    fn of(product: *MatMul) Key {
        const weight = right(product);
        const turned = weight == &product.a;
        const strides = weight.strides[product.batch_rank..];
        return .{
            .handle = weight.handle,
            .data = weight.data,
            .rows = product.k,
            .columns = if (turned) product.m else product.n,
            .strides = if (turned) .{ strides[1], strides[0] } else strides[0..2].*,
            .dtype = weight.dtype,
            .other = if (turned) product.b.dtype else product.a.dtype,
        };
    }
};

/// The operand that the kernel takes as its right one.
pub fn right(product: *MatMul) *View {
    const turned = if (facts.hasHalves(product)) matmul_half.turns(product) else matmul.turns(product);
    return if (turned) &product.a else &product.b;
}

/// Bytes of a product's panels; 0 where panels gain nothing.
pub fn size(workspace: *Workspace, product: *MatMul) usize {
    const rank = product.batch_rank;
    for (right(product).strides[0..rank], product.batch[0..rank]) |stride, items| {
        if (stride != 0 and items != 1) return 0;
    }
    return pack(workspace, product, null);
}

/// Writes a product's panels; without `to` it only returns their bytes.
pub fn pack(workspace: *Workspace, product: *const MatMul, to: ?[*]align(64) u8) usize {
    // Panels are made of the operand itself, whatever panels the product had in an earlier run.
    var bare = product.*;
    bare.panels = null;
    if (facts.hasHalves(product)) return matmul_half.pack(workspace.level, &workspace.pool, &bare, to);
    return matmul.pack(workspace.level.table, &workspace.pool, &bare, to);
}

/// The panels that a context holds, and the weights that may get panels.
pub const Cache = struct {
    entries: [entries_max]Entry = @splat(.{}),
    /// One more than the highest entry that was ever in use.
    count: usize = 0,
    bytes: usize = 0,
    /// Runs of programs so far.
    clock: u64 = 0,

    const Entry = struct {
        /// Null if the entry is free.
        key: ?Key = null,
        /// When the weight was last written.
        written: u64 = 0,
        panels: []align(64) u8 = &.{},
        used: u64 = 0,
    };

    /// The panels for a product whose right operand the running program has not written: none when
    /// the operand is seen for the first time, or was written since. `bytes` is the result of
    /// `size`.
    pub fn bring(cache: *Cache, product: *MatMul, bytes: usize, workspace: *Workspace, memory: *const Memory) ?[*]align(64) u8 {
        if (bytes == 0 or bytes > bytes_max) return null;
        const key: Key = .of(product);
        const storage = memory.find(key.handle).?;
        const known = cache.find(key);
        const entry = known orelse cache.vacant() orelse return null;
        if (known == null or entry.written != storage.written) {
            cache.drop(entry, workspace.allocator);
            entry.* = .{ .key = key, .written = storage.written, .used = cache.clock };
            storage.watched = true;
            return null;
        }
        entry.used = cache.clock;
        if (entry.panels.len == 0) {
            if (!cache.makeRoom(bytes, workspace.allocator, memory)) return null;
            entry.panels = workspace.allocator.alignedAlloc(u8, .@"64", bytes) catch return null;
            cache.bytes += bytes;
            _ = pack(workspace, product, entry.panels.ptr);
        }
        return entry.panels.ptr;
    }

    fn find(cache: *Cache, key: Key) ?*Entry {
        for (cache.entries[0..cache.count]) |*entry| {
            const other = entry.key orelse continue;
            if (other.handle == key.handle and std.meta.eql(other, key)) return entry;
        }
        return null;
    }

    /// The entry for a new weight: a free one, else the one without panels that was not seen for
    /// longest.
    fn vacant(cache: *Cache) ?*Entry {
        var oldest: ?*Entry = null;
        for (cache.entries[0..cache.count]) |*entry| {
            if (entry.key == null) return entry;
            if (entry.panels.len == 0 and (oldest == null or entry.used < oldest.?.used)) oldest = entry;
        }
        if (cache.count == entries_max) return oldest;
        cache.count += 1;
        return &cache.entries[cache.count - 1];
    }

    fn makeRoom(cache: *Cache, bytes: usize, allocator: std.mem.Allocator, memory: *const Memory) bool {
        if (cache.bytes + bytes <= bytes_max) return true;
        // Panels of a weight that was written since are useless; panels that this run uses must
        // stay.
        for (cache.entries[0..cache.count]) |*entry| {
            if (entry.panels.len == 0 or entry.used == cache.clock) continue;
            if (memory.find(entry.key.?.handle).?.written != entry.written) cache.drop(entry, allocator);
        }
        while (cache.bytes + bytes > bytes_max) {
            const idle = cache.longestIdle() orelse return false;
            cache.drop(idle, allocator);
        }
        return true;
    }

    /// The entry whose panels were not used for longest, if that is long enough ago.
    fn longestIdle(cache: *Cache) ?*Entry {
        var oldest: ?*Entry = null;
        for (cache.entries[0..cache.count]) |*entry| {
            if (entry.panels.len == 0 or entry.used + runs_idle > cache.clock) continue;
            if (oldest == null or entry.used < oldest.?.used) oldest = entry;
        }
        return oldest;
    }

    /// Forgets a weight whose storage is freed.
    pub fn forget(cache: *Cache, handle: u32, allocator: std.mem.Allocator) void {
        for (cache.entries[0..cache.count]) |*entry| {
            const key = entry.key orelse continue;
            if (key.handle == handle) cache.drop(entry, allocator);
        }
    }

    fn drop(cache: *Cache, entry: *Entry, allocator: std.mem.Allocator) void {
        cache.bytes -= entry.panels.len;
        allocator.free(entry.panels);
        entry.* = .{};
    }

    /// Gives all memory back.
    pub fn clear(cache: *Cache, allocator: std.mem.Allocator) void {
        for (cache.entries[0..cache.count]) |*entry| cache.drop(entry, allocator);
    }
};
