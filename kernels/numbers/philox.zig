//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011):
//! ten rounds of two 32 by 32 bit multiplications turn a 128-bit counter and a 64-bit key into four
//! words, which depend on nothing else.
//!
//! Block b of a call has the counter `counter + b` in its low 64 bits and gives four words in
//! order. float32 takes the top 24 bits of each word, times 2^-24; float64 the top 27 and 26 bits
//! of each pair of words, times 2^-53; int32 the words themselves; uint8 and bool the lowest byte
//! and bit of each.

const std = @import("std");
const DType = @import("dtype.zig").DType;

/// Writes elements from `first` on to `out`; `first` is a multiple of four.
pub const Kernel = *const fn (
    out: [*]u8,
    dtype: u8,
    key0: u32,
    key1: u32,
    counter: u64,
    first: usize,
    count: usize,
) callconv(.c) void;

const multipliers = [2]u32{ 0xD2511F53, 0xCD9E8D57 };
/// The golden ratio and sqrt(3) - 1, as fractions of 2^32.
const weyl = [2]u32{ 0x9E3779B9, 0xBB67AE85 };

/// `lanes` blocks side by side.
pub fn Philox(comptime lanes: usize) type {
    return struct {
        const W = @Vector(lanes, u32);
        const D = @Vector(lanes, u64);

        /// Words are kept in 64-bit lanes whose upper halves have no meaning, so that products need
        /// not be split.
        pub fn block(counter: [4]W, key: [2]u32) [4]W {
            const half: @Vector(lanes, u6) = @splat(32);
            const mask: D = @splat(0xffffffff);
            var words: [4]D = undefined;
            for (&words, counter) |*word, narrow| word.* = narrow;
            var keys = key;
            for (0..10) |_| {
                const left = (words[0] & mask) * @as(D, @splat(multipliers[0]));
                const right = (words[2] & mask) * @as(D, @splat(multipliers[1]));
                words = .{
                    (right >> half) ^ words[1] ^ @as(D, @splat(keys[0])),
                    right,
                    (left >> half) ^ words[3] ^ @as(D, @splat(keys[1])),
                    left,
                };
                keys = .{ keys[0] +% weyl[0], keys[1] +% weyl[1] };
            }
            var result: [4]W = undefined;
            for (&result, words) |*narrow, word| narrow.* = @truncate(word);
            return result;
        }

        /// The words of `lanes` blocks, in the order of the elements.
        fn wordsOf(key: [2]u32, counter: u64) [lanes * 4]u32 {
            const counters = @as(D, @splat(counter)) +% std.simd.iota(u64, lanes);
            const high: @Vector(lanes, u6) = @splat(32);
            const zero: W = @splat(0);
            const columns = block(.{
                @truncate(counters), @truncate(counters >> high), zero, zero,
            }, key);
            var result: [lanes * 4]u32 = undefined;
            inline for (0..4) |j| {
                const column: [lanes]u32 = columns[j];
                inline for (0..lanes) |l| result[l * 4 + j] = column[l];
            }
            return result;
        }

        pub fn fill(
            out: [*]u8,
            dtype: u8,
            key0: u32,
            key1: u32,
            counter: u64,
            first: usize,
            count: usize,
        ) callconv(.c) void {
            switch (@as(DType, @fromBackingInt(dtype))) {
                // Halves are never drawn directly: their uniform numbers are rounded ones of
                // float32.
                .float16, .bfloat16 => {},
                inline else => |known| {
                    const per_block = if (known == .float64) 2 else 4;
                    var i: usize = 0;
                    while (i < count) : (i += lanes * per_block) {
                        const begin = counter +% (first + i) / per_block;
                        const source = wordsOf(.{ key0, key1 }, begin);
                        const left = @min(lanes * per_block, count - i);
                        write(known, out, i, source, left);
                    }
                },
            }
        }

        fn write(
            comptime dtype: DType,
            out: [*]u8,
            first: usize,
            source: [lanes * 4]u32,
            count: usize,
        ) void {
            const T = switch (dtype) {
                .float32 => f32,
                .float64 => f64,
                .int32 => i32,
                .uint8, .bool => u8,
                .float16, .bfloat16 => unreachable,
            };
            const target: [*]T = @as([*]T, @ptrCast(@alignCast(out))) + first;
            const all = numbers(dtype, T, source);
            if (count == all.len) target[0..all.len].* = all else {
                for (target[0..count], all[0..count]) |*element, value| element.* = value;
            }
        }

        fn numbers(
            comptime dtype: DType,
            comptime T: type,
            source: [lanes * 4]u32,
        ) [if (dtype == .float64) lanes * 2 else lanes * 4]T {
            const words: @Vector(lanes * 4, u32) = source;
            switch (dtype) {
                .float32 => {
                    const unit: @Vector(lanes * 4, f32) = @splat(0x1p-24);
                    return signed(f32, words >> @splat(8)) * unit;
                },
                .float64 => {
                    // The two products and their sum are exact.
                    const halves = std.simd.deinterlace(2, words);
                    const high: @Vector(lanes * 2, f64) = @splat(0x1p-27);
                    const low: @Vector(lanes * 2, f64) = @splat(0x1p-53);
                    const shift: @Vector(lanes * 2, u5) = @splat(5);
                    return signed(f64, halves[0] >> shift) * high +
                        signed(f64, halves[1] >> shift >> @splat(1)) * low;
                },
                .int32 => return @as(@Vector(lanes * 4, i32), @bitCast(words)),
                .uint8 => return @as(@Vector(lanes * 4, u8), @truncate(words)),
                .bool => {
                    const lowest: @Vector(lanes * 4, u1) = @truncate(words);
                    return @as(@Vector(lanes * 4, u8), lowest);
                },
                .float16, .bfloat16 => unreachable,
            }
        }

        /// Converts words below 2^31 to floats: every level converts signed integers fast.
        fn signed(
            comptime T: type,
            words: anytype,
        ) @Vector(@typeInfo(@TypeOf(words)).vector.len, T) {
            const len = @typeInfo(@TypeOf(words)).vector.len;
            return @floatFromInt(@as(@Vector(len, i32), @bitCast(words)));
        }
    };
}

test "Philox4x32-10 gives the published known answers" {
    // Expected words from the file kat_vectors of Random123.
    const Case = struct { counter: [4]u32, key: [2]u32, words: [4]u32 };
    const ones = 0xffffffff;
    const cases = [_]Case{
        .{
            .counter = @splat(0),
            .key = @splat(0),
            .words = .{ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
        },
        .{
            .counter = @splat(ones),
            .key = @splat(ones),
            .words = .{ 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd },
        },
        .{
            .counter = .{ 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
            .key = .{ 0xa4093822, 0x299f31d0 },
            .words = .{ 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 },
        },
    };
    for (cases) |case| {
        inline for (.{ 1, 4, 16 }) |lanes| {
            var counter: [4]@Vector(lanes, u32) = undefined;
            for (&counter, case.counter) |*vector, word| vector.* = @splat(word);
            const words = Philox(lanes).block(counter, case.key);
            for (words, case.words) |vector, word| {
                for (@as([lanes]u32, vector)) |lane| try std.testing.expectEqual(word, lane);
            }
        }
    }
}

test "elements do not depend on lanes or on where a call begins" {
    inline for (@typeInfo(DType).@"enum".field_names) |field| {
        const dtype: DType = @field(DType, field);
        if (comptime dtype.isHalf()) continue;
        const code = @backingInt(dtype);
        var whole: [100 * 8]u8 align(8) = undefined;
        var parts: [100 * 8]u8 align(8) = undefined;
        const size = dtype.bytes();
        const counter = (1 << 32) - 3;
        Philox(16).fill(&whole, code, 1, 2, counter, 0, 99);
        Philox(4).fill(&parts, code, 1, 2, counter, 0, 8);
        Philox(1).fill(parts[8 * size ..].ptr, code, 1, 2, counter, 8, 91);
        try std.testing.expectEqualSlices(u8, whole[0 .. 99 * size], parts[0 .. 99 * size]);
    }
}
