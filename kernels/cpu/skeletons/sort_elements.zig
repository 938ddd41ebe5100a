//! Elements of one row to be sorted: a key in the upper half, the place in the row in the lower. No
//! two are equal, so every way to sort them gives the one stable order.
//!
//! Many are sorted digit by digit from the last to the first (LSD radix sort), which moves all of
//! them once for each digit in which keys differ; few by insertion.

const std = @import("std");

/// So many elements, or fewer, are sorted by insertion.
pub const few = 48;
/// Rows of so many elements, or more, have fewer and wider digits.
const wide_least = 1 << 14;
pub const narrow_bits = 8;
pub const wide_bits = 11;
pub const wide_buckets = 1 << wide_bits;

pub fn Elements(comptime Key: type) type {
    return struct {
        pub const bits = @bitSizeOf(Key);
        pub const Element = @Int(.unsigned, 2 * bits);
        const Shift = std.math.Log2Int(Element);

        pub inline fn make(key: Key, place: usize) Element {
            return @as(Element, key) << bits | place;
        }

        pub inline fn keyOf(element: Element) Key {
            return @truncate(element >> bits);
        }

        pub inline fn placeOf(element: Element) i32 {
            return @bitCast(@as(u32, @truncate(element)));
        }

        /// The digit of a key that begins at bit `shift`.
        pub inline fn digitOf(comptime width: comptime_int, element: Element, shift: usize) usize {
            const from: Shift = @intCast(bits + shift);
            return @as(usize, @truncate(element >> from)) & ((1 << width) - 1);
        }

        /// Sorts `elements` on one thread; `differ` has the bits in which any two keys differ.
        /// Returns where the sorted ones are: in `elements`, or in `other`, which is as long.
        pub fn sort(elements: []Element, other: []Element, differ: Key) []Element {
            if (elements.len <= few) {
                insert(elements);
                return elements;
            }
            if (elements.len < wide_least) return byDigits(narrow_bits, elements, other, differ);
            return byDigits(wide_bits, elements, other, differ);
        }

        pub fn insert(elements: []Element) void {
            for (1..@max(elements.len, 1)) |k| {
                const element = elements[k];
                var at = k;
                while (at > 0 and elements[at - 1] > element) : (at -= 1) elements[at] = elements[at - 1];
                elements[at] = element;
            }
        }

        fn byDigits(comptime width: comptime_int, elements: []Element, other: []Element, differ: Key) []Element {
            var from = elements;
            var to = other[0..elements.len];
            var shift: usize = 0;
            while (shift < bits) : (shift += width) {
                if (!differs(width, differ, shift)) continue;
                var begins: [1 << width]u32 = @splat(0);
                for (from) |element| begins[digitOf(width, element, shift)] += 1;
                var sum: u32 = 0;
                for (&begins) |*begin| {
                    const count = begin.*;
                    begin.* = sum;
                    sum += count;
                }
                move(width, from, to, &begins, shift);
                std.mem.swap([]Element, &from, &to);
            }
            return from;
        }

        pub inline fn differs(comptime width: comptime_int, differ: Key, shift: usize) bool {
            return digitOf(width, make(differ, 0), shift) != 0;
        }

        /// Moves elements in order to the places that their digits have next.
        pub inline fn move(
            comptime width: comptime_int,
            from: []const Element,
            to: []Element,
            begins: *[1 << width]u32,
            shift: usize,
        ) void {
            for (from) |element| {
                const begin = &begins[digitOf(width, element, shift)];
                to[begin.*] = element;
                begin.* += 1;
            }
        }
    };
}
