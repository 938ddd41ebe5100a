//! The keys of a row's elements, from which sorts tell their order; see `numbers/order.zig`.

const order = @import("../../numbers/order.zig");
const DType = @import("../../numbers/dtype.zig").DType;

pub fn Keys(comptime dtype: DType) type {
    const Word = order.Word(dtype);
    const Key = order.KeyOf(dtype);
    return struct {
        pub fn run(out: [*]u8, source: [*]const u8, count: usize, stride: isize, flip_bits: u64) callconv(.c) u64 {
            const keys: [*]Key = @ptrCast(@alignCast(out));
            const flip: Key = @truncate(flip_bits);
            var least = ~@as(Key, 0);
            if (stride == @sizeOf(Word)) {
                const words: [*]const Word = @ptrCast(@alignCast(source));
                for (keys[0..count], words[0..count]) |*to, word| {
                    const key = order.keyOf(dtype, word) ^ flip;
                    to.* = key;
                    least = @min(least, key);
                }
                return least;
            }
            var at = @intFromPtr(source);
            for (keys[0..count]) |*to| {
                const key = order.keyOf(dtype, @as(*const Word, @ptrFromInt(at)).*) ^ flip;
                to.* = key;
                least = @min(least, key);
                at +%= @bitCast(stride);
            }
            return least;
        }
    };
}
