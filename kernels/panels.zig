//! Right operands that do not change from run to run, kept in the order in which tiles read them.
//!
//! A product copies a right operand into panels where it does not lie well, at each run: a transposed
//! weight, one with long rows, one of halves. For programs that come again a context holds such
//! panels of their weights, as long as nobody writes these. Programs that read one weight, as for
//! several sizes of batch, share its panels. They cost as much memory as the weights, so there is a
//! bound to them.

const std = @import("std");
const cpu = @import("cpu.zig");
const matmul = @import("matmul.zig");
const matmul_half = @import("matmul_half.zig");
const memory_module = @import("memory.zig");
const program = @import("program.zig");

const MatMul = program.MatMul;
const Memory = memory_module.Memory;
const View = program.View;

/// Bytes of all panels of a context, and how many there may be.
const bytes_max = 128 << 20;
const entries_max = 64;
/// Runs after which panels that none of them used may make room for others. A program whose weights
/// do not all fit keeps what it has, instead of making all of them anew at each run.
const runs_idle = 256;

/// Everything that the contents of panels depend on.
const Key = struct {
    handle: u32 = 0,
    /// When the weight was last written.
    written: u64 = 0,
    data: [*]const u8 = undefined,
    rows: usize = 0,
    columns: usize = 0,
    strides: [2]isize = undefined,
    dtype: program.DType = undefined,
    /// The kernel, which depends on the other operand's dtype as well.
    other: program.DType = undefined,
};

/// The operand that the kernel takes for the right one.
pub fn right(product: *MatMul) *View {
    const turned = if (matmul_half.takes(product)) matmul_half.turns(product) else matmul.turns(product);
    return if (turned) &product.a else &product.b;
}

fn keyOf(product: *MatMul, written: u64) Key {
    const weight = right(product);
    const turned = weight == &product.a;
    const strides = weight.strides[product.batch_rank..];
    return .{
        .handle = weight.handle,
        .written = written,
        .data = weight.data,
        .rows = product.k,
        .columns = if (turned) product.m else product.n,
        .strides = if (turned) .{ strides[1], strides[0] } else strides[0..2].*,
        .dtype = weight.dtype,
        .other = if (turned) product.b.dtype else product.a.dtype,
    };
}

/// Writes the panels of a product, as many bytes as it returns. Without `to` it only says how many: 0
/// where they are of no use.
pub fn pack(engine: *cpu.Engine, product: *const MatMul, to: ?[*]align(64) u8) usize {
    if (matmul_half.takes(product)) return matmul_half.pack(engine.level, &engine.pool, product, to);
    return matmul.pack(engine.level.table, &engine.pool, product, to);
}

/// The right operand of a product of a program.
pub const Weight = struct {
    product: *MatMul,
    bytes: usize,
    /// What it was at the last run.
    before: Key = .{},
    entry: usize = 0,

    /// Null if panels of it would be of no use.
    pub fn of(engine: *cpu.Engine, product: *MatMul) ?Weight {
        const rank = product.batch_rank;
        for (right(product).strides[0..rank], product.batch[0..rank]) |stride, items| {
            if (stride != 0 and items != 1) return null;
        }
        const bytes = pack(engine, product, null);
        return if (bytes == 0 or bytes > bytes_max) null else .{ .product = product, .bytes = bytes };
    }
};

/// The panels that a context holds.
pub const Cache = struct {
    entries: [entries_max]Entry = @splat(.{}),
    bytes: usize = 0,
    /// Runs so far.
    clock: u64 = 0,

    const Entry = struct { key: Key = .{}, panels: []align(64) u8 = &.{}, used: u64 = 0 };

    /// Gives products of a program that is about to run the panels of those weights that are as they
    /// were at its last run.
    pub fn bring(cache: *Cache, weights: []Weight, engine: *cpu.Engine, memory: *const Memory) void {
        if (weights.len == 0) return;
        cache.clock += 1;
        for (weights) |*weight| {
            const product = weight.product;
            const key = keyOf(product, memory.find(right(product).handle).?.written);
            const same = std.meta.eql(key, weight.before);
            weight.before = key;
            product.panels = if (same) cache.panelsOf(weight, engine, memory) else null;
        }
    }

    fn panelsOf(cache: *Cache, weight: *Weight, engine: *cpu.Engine, memory: *const Memory) ?[*]align(64) u8 {
        if (!std.meta.eql(cache.entries[weight.entry].key, weight.before)) {
            weight.entry = for (&cache.entries, 0..) |*entry, i| {
                if (std.meta.eql(entry.key, weight.before)) break i;
            } else cache.make(weight, engine, memory) orelse return null;
        }
        const entry = &cache.entries[weight.entry];
        entry.used = cache.clock;
        return entry.panels.ptr;
    }

    fn make(cache: *Cache, weight: *const Weight, engine: *cpu.Engine, memory: *const Memory) ?usize {
        cache.dropWritten(engine.allocator, memory);
        while (cache.bytes + weight.bytes > bytes_max) {
            if (!cache.dropIdle(engine.allocator)) return null;
        }
        const place = for (&cache.entries, 0..) |*entry, i| {
            if (entry.panels.len == 0) break i;
        } else return null;
        const panels = engine.allocator.alignedAlloc(u8, .@"64", weight.bytes) catch return null;
        _ = pack(engine, weight.product, panels.ptr);
        memory.find(weight.before.handle).?.paneled = true;
        cache.entries[place] = .{ .key = weight.before, .panels = panels };
        cache.bytes += panels.len;
        return place;
    }

    /// Those of weights that were written since.
    fn dropWritten(cache: *Cache, allocator: std.mem.Allocator, memory: *const Memory) void {
        for (&cache.entries) |*entry| {
            const storage = memory.find(entry.key.handle) orelse continue;
            if (storage.written != entry.key.written) cache.drop(entry, allocator);
        }
    }

    /// A weight is freed.
    pub fn forget(cache: *Cache, handle: u32, allocator: std.mem.Allocator) void {
        for (&cache.entries) |*entry| if (entry.key.handle == handle) cache.drop(entry, allocator);
    }

    /// What was used longest ago, if that is long. False if nothing is.
    fn dropIdle(cache: *Cache, allocator: std.mem.Allocator) bool {
        var oldest: ?*Entry = null;
        for (&cache.entries) |*entry| {
            if (entry.panels.len == 0) continue;
            if (oldest == null or entry.used < oldest.?.used) oldest = entry;
        }
        const entry = oldest orelse return false;
        if (entry.used + runs_idle > cache.clock) return false;
        cache.drop(entry, allocator);
        return true;
    }

    fn drop(cache: *Cache, entry: *Entry, allocator: std.mem.Allocator) void {
        cache.bytes -= entry.panels.len;
        allocator.free(entry.panels);
        entry.* = .{};
    }

    /// Gives all memory back.
    pub fn clear(cache: *Cache, allocator: std.mem.Allocator) void {
        for (&cache.entries) |*entry| cache.drop(entry, allocator);
    }
};
