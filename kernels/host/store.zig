//! Programs that a device's driver has built, or measurements of an engine, for the next process:
//! bytes under the hash of their sources. The caller keeps the store in a file.
//!
//! A store is a sequence of records, each with that hash, its own length and the hash of its bytes:
//! a record that does not fit, or is cut off, is lost, and its program is built again. The record
//! that was not asked for longest is first, and is left out first where all would be too much.

const std = @import("std");

const Record = extern struct {
    magic: u64 = magic_number,
    /// The hash of the sources.
    origin: u64,
    /// The hash of the bytes that follow.
    bytes: u64,
    length: u64,

    const magic_number = 0x3130_6c63_6265_6e64;
};

const Entry = struct { bytes: []const u8, used: bool };

/// The most bytes of all records.
pub const bytes_max = 64 << 20;

pub const Store = struct {
    allocator: std.mem.Allocator,
    entries: std.AutoArrayHashMapUnmanaged(u64, Entry) = .empty,
    /// The records that were loaded, and those that were added.
    loaded: []u8 = &.{},
    own: std.ArrayList([]u8) = .empty,
    /// The number of records added.
    news: u32 = 0,

    pub fn deinit(store: *Store) void {
        const allocator = store.allocator;
        for (store.own.items) |bytes| allocator.free(bytes);
        store.own.deinit(allocator);
        store.entries.deinit(allocator);
        allocator.free(store.loaded);
    }

    pub fn hashOf(parts: []const []const u8) u64 {
        var hasher: std.hash.Wyhash = .init(0);
        for (parts) |part| hasher.update(part);
        return hasher.final();
    }

    /// The bytes of a record, valid until the store is loaded anew or closed.
    pub fn get(store: *Store, origin: u64) ?[]const u8 {
        const entry = store.entries.getPtr(origin) orelse return null;
        entry.used = true;
        return entry.bytes;
    }

    /// Adds a copy of the bytes. Without memory for the copy the program is built again another
    /// time.
    pub fn put(store: *Store, origin: u64, bytes: []const u8) void {
        const allocator = store.allocator;
        store.own.ensureUnusedCapacity(allocator, 1) catch return;
        store.entries.ensureUnusedCapacity(allocator, 1) catch return;
        const copy = allocator.dupe(u8, bytes) catch return;
        store.own.appendAssumeCapacity(copy);
        // The newest record is the last.
        _ = store.entries.orderedRemove(origin);
        store.entries.putAssumeCapacity(origin, .{ .bytes = copy, .used = true });
        store.news += 1;
    }

    /// Loads the bytes that `save` wrote on a device and driver of the same names. Records added
    /// meanwhile stay.
    pub fn load(store: *Store, bytes: []const u8) error{OutOfMemory}!void {
        const allocator = store.allocator;
        const whole = try allocator.dupe(u8, bytes);
        errdefer allocator.free(whole);
        var entries: @TypeOf(store.entries) = .empty;
        errdefer entries.deinit(allocator);
        var at: usize = 0;
        while (whole.len - at >= @sizeOf(Record)) {
            const record = std.mem.bytesToValue(Record, whole[at..][0..@sizeOf(Record)]);
            at += @sizeOf(Record);
            if (record.magic != Record.magic_number or record.length > whole.len - at) break;
            const own = whole[at..][0..@intCast(record.length)];
            at += own.len;
            if (std.hash.Wyhash.hash(0, own) != record.bytes) continue;
            try entries.put(allocator, record.origin, .{ .bytes = own, .used = false });
        }
        var known = store.entries.iterator();
        while (known.next()) |entry| {
            if (!store.owns(entry.value_ptr.bytes)) continue;
            try entries.put(allocator, entry.key_ptr.*, entry.value_ptr.*);
        }
        store.entries.deinit(allocator);
        allocator.free(store.loaded);
        store.entries = entries;
        store.loaded = whole;
    }

    fn owns(store: *const Store, bytes: []const u8) bool {
        for (store.own.items) |own| if (own.ptr == bytes.ptr) return true;
        return false;
    }

    /// Writes all records as far as they fit; returns how many bytes they take.
    pub fn save(store: *const Store, target: []u8) usize {
        var excess: usize = 0;
        for (store.entries.values()) |entry| excess += @sizeOf(Record) + entry.bytes.len;
        excess -|= bytes_max;
        var at: usize = 0;
        for ([_]bool{ false, true }) |used| {
            for (store.entries.keys(), store.entries.values()) |origin, entry| {
                if (entry.used != used) continue;
                const length = @sizeOf(Record) + entry.bytes.len;
                if (excess > 0) {
                    excess -|= length;
                    continue;
                }
                if (at <= target.len and target.len - at >= length) {
                    const record: Record = .{
                        .origin = origin,
                        .bytes = std.hash.Wyhash.hash(0, entry.bytes),
                        .length = entry.bytes.len,
                    };
                    @memcpy(target[at..][0..@sizeOf(Record)], std.mem.asBytes(&record));
                    @memcpy(target[at + @sizeOf(Record) ..][0..entry.bytes.len], entry.bytes);
                }
                at += length;
            }
        }
        return at;
    }
};

test "a store gives back what was put there, and passes over what is spoilt" {
    const allocator = std.testing.allocator;
    var first: Store = .{ .allocator = allocator };
    defer first.deinit();
    for ([_][]const u8{ "one", "two", "three" }, 1..) |bytes, origin| first.put(origin, bytes);
    const bytes = try allocator.alloc(u8, first.save(&.{}));
    defer allocator.free(bytes);
    try std.testing.expectEqual(bytes.len, first.save(bytes));

    var second: Store = .{ .allocator = allocator };
    defer second.deinit();
    second.put(4, "four");
    try second.load(bytes);
    try std.testing.expectEqualStrings("one", second.get(1).?);
    try std.testing.expectEqualStrings("four", second.get(4).?);
    try std.testing.expectEqual(null, second.get(5));
    // Records that were asked for come last.
    const again = try allocator.alloc(u8, second.save(&.{}));
    defer allocator.free(again);
    try std.testing.expectEqual(again.len, second.save(again));
    try std.testing.expectEqualStrings("two", again[@sizeOf(Record)..][0..3]);

    again[@sizeOf(Record)] ^= 1;
    try second.load(again[0 .. again.len - 1]);
    try std.testing.expectEqual(null, second.get(2));
    try std.testing.expectEqualStrings("three", second.get(3).?);
    try std.testing.expectEqualStrings("four", second.get(4).?);
}

test "the oldest are left out of a store that would be too large" {
    const allocator = std.testing.allocator;
    var store: Store = .{ .allocator = allocator };
    defer store.deinit();
    const large = try allocator.alloc(u8, bytes_max / 4);
    defer allocator.free(large);
    @memset(large, 7);
    for (1..6) |origin| store.put(origin, large);
    const length = store.save(&.{});
    try std.testing.expect(length <= bytes_max);
    const bytes = try allocator.alloc(u8, length);
    defer allocator.free(bytes);
    _ = store.save(bytes);
    var other: Store = .{ .allocator = allocator };
    defer other.deinit();
    try other.load(bytes);
    try std.testing.expectEqual(null, other.get(1));
    try std.testing.expect(other.get(5) != null);
}
