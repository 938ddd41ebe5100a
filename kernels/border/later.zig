//! Work that a context was handed and has still to do: the first call that enters the context does
//! it, on its own thread, before anything else. So a caller that need not wait lets another thread
//! enter, and one that must has its work done here. Words and bytes are copied, since the caller may
//! end before the work does.

const std = @import("std");
const program = @import("../program/program.zig");

/// How many programs' words are held, each at an address of its own: the CPU knows the programs that
/// it keeps by the address of their words.
const programs_max = 16;

const Held = struct { source: usize = 0, words: []f64 = &.{} };

pub const Later = struct {
    /// Null if there is nothing to do.
    work: ?Work = null,
    /// How the last work ended.
    outcome: program.Status = .ok,
    held: [programs_max]Held = @splat(.{}),
    next: usize = 0,
    /// The bytes that the last read has brought, or is to bring.
    landed: []u8 = &.{},

    pub const Work = union(enum) {
        run: []const f64,
        /// Bytes of a storage, for `landed`.
        read: struct { handle: u32, offset: f64 },
    };

    /// Takes a copy of words to run.
    pub fn run(later: *Later, allocator: std.mem.Allocator, source: []align(1) const f64) error{OutOfMemory}!void {
        const address = @intFromPtr(source.ptr);
        const held = for (&later.held) |*one| {
            if (one.source == address and one.words.len == source.len) break one;
        } else next: {
            const one = &later.held[later.next];
            later.next = (later.next + 1) % programs_max;
            one.words = try allocator.realloc(one.words, source.len);
            one.source = address;
            break :next one;
        };
        // A caller who gives a wrong count may reach into the copy itself.
        @memmove(std.mem.sliceAsBytes(held.words), std.mem.sliceAsBytes(source));
        later.work = .{ .run = held.words };
    }

    /// Makes room for bytes to read.
    pub fn read(
        later: *Later,
        allocator: std.mem.Allocator,
        handle: u32,
        offset: f64,
        length: u32,
    ) error{OutOfMemory}!void {
        later.landed = try allocator.realloc(later.landed, length);
        later.work = .{ .read = .{ .handle = handle, .offset = offset } };
    }

    /// Forgets what was to be done, and gives the copies back.
    pub fn close(later: *Later, allocator: std.mem.Allocator) void {
        for (&later.held) |*one| allocator.free(one.words);
        allocator.free(later.landed);
        later.* = .{};
    }

    /// Bytes of copies.
    pub fn reserved(later: *const Later) usize {
        var bytes = later.landed.len;
        for (&later.held) |*one| bytes += one.words.len * @sizeOf(f64);
        return bytes;
    }
};
