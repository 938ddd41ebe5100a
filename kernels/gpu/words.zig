//! Arguments of a kernel whose text declares a struct of as many words as the kernel needs.

const layout = @import("arguments.zig");

/// Words of the longest arguments: a pointer for each operand is a further argument.
pub const words_max = layout.arguments_bytes_max / @sizeOf(u64) - layout.fused_views_max;

/// The argument words, field after field.
pub const Words = struct {
    list: [words_max]u64 = undefined,
    count: usize = 0,
    /// The index of the operands' offsets, which the engine fills in.
    offsets: usize = 0,

    pub fn push(words: *Words, values: []const usize) void {
        for (values, words.list[words.count..][0..values.len]) |value, *word| word.* = value;
        words.count += values.len;
    }

    pub fn pushStrides(words: *Words, strides: []const isize) void {
        for (strides) |stride| words.push(&.{@bitCast(stride)});
    }

    /// Appends room for the offsets of that many operands.
    pub fn pushOffsets(words: *Words, count: usize) void {
        words.offsets = words.count;
        @memset(words.list[words.count..][0..count], 0);
        words.count += count;
    }

    pub fn setOffset(words: *Words, operand: usize, offset: usize) void {
        words.list[words.offsets + operand] = offset;
    }
};
