//! Sorts on the GPU: a bitonic sort (Batcher 1968) of rows with room for a power of two of
//! elements. Blocks sort tiles in the memory that their threads share; longer runs are merged by
//! exchanges in the device's memory, and again in tiles where the distances are short. No two
//! elements are equal, for the place in the row tells equal keys apart, so the order is stable.
//!
//! `gpu/arguments.zig` has the order of the launches. Every launch reads and writes all elements.

const std = @import("std");
const layout = @import("../../gpu/arguments.zig");
const order = @import("../../numbers/order.zig");
const program = @import("../../program/program.zig");
const threading = @import("thread.zig");

const DType = program.DType;
const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;
const global = threading.global;
const tile = layout.sort_tile;

pub const entries: []const Entry = blk: {
    var list: []const Entry = &.{};
    for (@typeInfo(DType).@"enum".field_names) |of| {
        list = list ++ [_]Entry{.{ .name = "sort_tile_" ++ of, .Kernel = Tile(@field(DType, of)) }};
    }
    for (.{ u32, u64 }) |Key| {
        const bits = std.fmt.comptimePrint("{d}", .{@bitSizeOf(Key)});
        list = list ++ [_]Entry{
            .{ .name = "sort_exchange_" ++ bits, .Kernel = Exchange(Key) },
            .{ .name = "sort_merge_" ++ bits, .Kernel = Merge(Key) },
        };
    }
    break :blk list;
};

/// A key, and the element's place in its row, which is less for no other element.
pub fn Element(comptime Key: type) type {
    return extern struct { key: Key, place: Key };
}

inline fn isBefore(x: anytype, y: @TypeOf(x)) bool {
    return x.key < y.key or (x.key == y.key and x.place < y.place);
}

/// The row of an element among those of the launch, and its place there.
inline fn placeOf(arguments: *const layout.Sort, at: u64) struct { u64, u32 } {
    const bits: u6 = @truncate(arguments.room_bits);
    const room = @as(u64, 1) << bits;
    return .{ at >> bits, @truncate(at & (room - 1)) };
}

/// The address of a place in a row.
inline fn addressOf(arguments: *const layout.Sort, base: u64, strides: *const [layout.rank_max]i64, row: u64) u64 {
    var address = base;
    var rest = arguments.first + row;
    var axis = arguments.rank;
    while (axis > 1) {
        axis -= 1;
        const next = rest / arguments.shape[axis];
        address = advance(address, strides[axis], rest - next * arguments.shape[axis]);
        rest = next;
    }
    return if (axis == 0) address else advance(address, strides[0], rest);
}

/// The first of two elements that are compared: pairs are counted without gaps.
inline fn lowOf(pair: u64, distance: u64) u64 {
    return 2 * pair - (pair & (distance - 1));
}

/// Whether the run of which an element is part descends: every other one does, but the last.
inline fn descends(arguments: *const layout.Sort, at: u64, size: u64) bool {
    const bits: u6 = @truncate(arguments.room_bits);
    return at & ((@as(u64, 1) << bits) - 1) & size != 0;
}

/// What tiles share: their elements, and how runs of them become one of `size`.
fn Shorter(comptime Key: type) type {
    return struct {
        pub const Shared = [tile]Element(Key);
        pub const State = struct { size: u64, distance: u64 };
        const Pointer = threading.SharedPointer(Shared);

        inline fn exchange(arguments: *const layout.Sort, thread: Thread, shared: Pointer, state: *State) void {
            const begin = @as(u64, thread.x) * tile;
            var pair = thread.index;
            while (pair < tile / 2) : (pair += layout.threads) {
                const low: u32 = @truncate(lowOf(pair, state.distance));
                const high = low + @as(u32, @truncate(state.distance));
                const x = shared[low];
                const y = shared[high];
                if (isBefore(y, x) == descends(arguments, begin + low, state.size)) continue;
                shared[low] = y;
                shared[high] = x;
            }
            state.distance /= 2;
            if (state.distance > 0) return;
            state.size *= 2;
            state.distance = state.size / 2;
        }

        inline fn store(arguments: *const layout.Sort, thread: Thread, shared: Pointer, _: *State) void {
            const begin = @as(u64, thread.x) * tile;
            const bits: u6 = @truncate(arguments.room_bits);
            const is_last = arguments.size >= @as(u64, 1) << bits;
            var n = thread.index;
            while (n < tile) : (n += layout.threads) {
                const element = shared[n];
                if (!is_last) {
                    global(Element(Key), arguments.elements + (begin + n) * @sizeOf(Element(Key))).* = element;
                    continue;
                }
                const row, const place = placeOf(arguments, begin + n);
                if (row >= arguments.rows or place >= arguments.taken) continue;
                const line = addressOf(arguments, arguments.out, &arguments.out_strides, row);
                global(i32, advance(line, arguments.out_step, place)).* = @bitCast(@as(u32, @truncate(element.place)));
            }
        }
    };
}

/// Sorts each tile, or the rows in it.
pub fn Tile(comptime dtype: DType) type {
    const Key = order.KeyOf(dtype);
    const Base = Shorter(Key);
    return struct {
        pub const Arguments = layout.Sort;
        pub const Shared = Base.Shared;
        pub const State = Base.State;
        pub const phases = .{ load, Base.exchange, Base.store };
        pub const loop = .{ 1, 2 };

        pub inline fn rounds(arguments: *const Arguments) u32 {
            // The type is stated: that of the least of a number and a constant has few bits.
            const bits: u32 = @min(arguments.room_bits, comptime std.math.log2_int(u32, tile));
            return bits * (bits + 1) / 2;
        }

        inline fn load(arguments: *const Arguments, thread: Thread, shared: Base.Pointer, state: *State) void {
            const begin = @as(u64, thread.x) * tile;
            const flip: Key = if (arguments.descending != 0) ~@as(Key, 0) else 0;
            var n = thread.index;
            while (n < tile) : (n += layout.threads) {
                const row, const place = placeOf(arguments, begin + n);
                if (row < arguments.rows and place < arguments.length) {
                    const line = addressOf(arguments, arguments.x, &arguments.x_strides, row);
                    const word = global(order.Word(dtype), advance(line, arguments.x_step, place)).*;
                    shared[n] = .{ .key = order.keyOf(dtype, word) ^ flip, .place = place };
                } else shared[n] = .{ .key = ~@as(Key, 0), .place = ~@as(u32, 0) };
            }
            state.* = .{ .size = 2, .distance = 1 };
        }
    };
}

/// Exchanges elements that lie a tile apart, or farther.
pub fn Exchange(comptime Key: type) type {
    return struct {
        pub const Arguments = layout.Sort;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            var n = thread.index;
            while (n < tile / 2) : (n += layout.threads) {
                const low = lowOf(@as(u64, thread.x) * (tile / 2) + n, arguments.distance);
                const address = arguments.elements + low * @sizeOf(Element(Key));
                const first = global(Element(Key), address);
                const second = global(Element(Key), address + arguments.distance * @sizeOf(Element(Key)));
                const x = first.*;
                const y = second.*;
                if (isBefore(y, x) == descends(arguments, low, arguments.size)) continue;
                first.* = y;
                second.* = x;
            }
        }
    };
}

/// Makes all further exchanges for runs of `size`, which are within tiles.
pub fn Merge(comptime Key: type) type {
    const Base = Shorter(Key);
    return struct {
        pub const Arguments = layout.Sort;
        pub const Shared = Base.Shared;
        pub const State = Base.State;
        pub const phases = .{ load, Base.exchange, Base.store };
        pub const loop = .{ 1, 2 };

        pub inline fn rounds(_: *const Arguments) u32 {
            return comptime std.math.log2_int(u32, tile);
        }

        inline fn load(arguments: *const Arguments, thread: Thread, shared: Base.Pointer, state: *State) void {
            const begin = @as(u64, thread.x) * tile;
            var n = thread.index;
            while (n < tile) : (n += layout.threads) {
                shared[n] = global(Element(Key), arguments.elements + (begin + n) * @sizeOf(Element(Key))).*;
            }
            state.* = .{ .size = arguments.size, .distance = tile / 2 };
        }
    };
}
