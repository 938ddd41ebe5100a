//! The arguments of a kernel whose text declares a struct of words as long as this kernel needs it.

const std = @import("std");

/// Words of the longest one: with a pointer for each of 16 operands they are within the 1024 bytes
/// that every device of OpenCL takes.
pub const words_max = 112;

/// The fields one after the other.
pub const Words = struct {
    list: [words_max]u64 = undefined,
    count: usize = 0,
    /// Where the beginnings of the operands stand, which are the engine's to fill in.
    offsets: usize = 0,

    pub fn push(words: *Words, values: []const usize) void {
        for (values, words.list[words.count..][0..values.len]) |value, *word| word.* = value;
        words.count += values.len;
    }

    pub fn pushStrides(words: *Words, strides: []const isize) void {
        for (strides) |stride| words.push(&.{@bitCast(stride)});
    }

    /// Room for the beginnings of so many operands.
    pub fn pushOffsets(words: *Words, count: usize) void {
        words.offsets = words.count;
        @memset(words.list[words.count..][0..count], 0);
        words.count += count;
    }

    pub fn setOffset(words: *Words, operand: usize, offset: usize) void {
        words.list[words.offsets + operand] = offset;
    }
};

comptime {
    std.debug.assert((words_max + 16) * @sizeOf(u64) <= 1024);
}
