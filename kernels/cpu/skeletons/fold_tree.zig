//! The order in which the results of a fold's chunks are joined: neighbours first, then the results
//! of pairs, and so on. Each element passes through as many joins as the tree is high, so that the
//! error of a sum grows with the logarithm of its length. The shape of the tree depends on the
//! number of chunks alone.
//!
//! Napkin: one join for each chunk, as from left to right.

const prepared_module = @import("fold_prepared.zig");

const Prepared = prepared_module.Prepared;

/// A tree of this height has chunks for more elements than a machine can address.
const levels_max = 48;

/// A tree that takes the chunks one after the other, each with the results of up to `places_most`
/// places.
pub fn Tree(comptime places_most: usize) type {
    return struct {
        /// How many chunks were added. Level l holds the result of 2^l of them where bit l is set.
        count: usize,
        levels: [levels_max][places_most]f64,

        const Self = @This();

        pub fn init(tree: *Self) void {
            tree.count = 0;
        }

        /// Adds the next chunk, of which there is a result for each of `places`.
        pub fn add(tree: *Self, prepared: *const Prepared, values: [*]const u8, places: usize) void {
            var from = values;
            var level: usize = 0;
            while (tree.count >> @intCast(level) & 1 != 0) : (level += 1) {
                const to: [*]u8 = @ptrCast(&tree.levels[level]);
                prepared.join()(to, from, &prepared.scalars, places);
                from = to;
            }
            const bytes = places * prepared_module.elementBytes(prepared);
            const to: [*]u8 = @ptrCast(&tree.levels[level]);
            @memcpy(to[0..bytes], from[0..bytes]);
            tree.count += 1;
        }

        /// Joins what the levels hold; there must have been a chunk.
        pub fn result(tree: *Self, prepared: *const Prepared, places: usize) [*]u8 {
            var level: usize = @ctz(tree.count);
            var from: [*]u8 = @ptrCast(&tree.levels[level]);
            while (tree.count >> @intCast(level) > 1) {
                level += 1;
                if (tree.count >> @intCast(level) & 1 == 0) continue;
                const to: [*]u8 = @ptrCast(&tree.levels[level]);
                prepared.join()(to, from, &prepared.scalars, places);
                from = to;
            }
            return from;
        }
    };
}

/// Joins the results of all chunks, which lie one after the other, into those of the first.
pub fn joinAll(prepared: *const Prepared, values: [*]u8, chunks: usize, places: usize) void {
    const bytes = places * prepared_module.elementBytes(prepared);
    var step: usize = 1;
    while (step < chunks) : (step *= 2) {
        var at: usize = 0;
        while (at + step < chunks) : (at += 2 * step) {
            prepared.join()(values + at * bytes, values + (at + step) * bytes, &prepared.scalars, places);
        }
    }
}
