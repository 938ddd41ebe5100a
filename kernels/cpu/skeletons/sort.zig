//! The sort skeleton: for each row along the last axis the places of its elements in order, or of
//! the first so many. The order is the only stable one, whoever computes which part of it.
//!
//! Threads share out the rows; a long row they sort together, each its part of the elements digit
//! by digit. Where few of many elements are wanted, most are only compared with the best so far.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const elements_module = @import("sort_elements.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const advance = axes_module.advance;
const few = elements_module.few;
const wide_bits = elements_module.wide_bits;

/// Keys that are loaded at once.
const chunk = 256;
/// The first of a row are selected where they are no more than the row's length by this.
const select_share = 8;
/// So many of the first, or fewer, are kept in order while they are selected.
const select_few = 32;
/// Elements that are looked at together while the first are selected.
const select_chunk = 64;
/// The least elements of a row that threads sort together, and of a row for which they do so though
/// there are rows enough for all of them: so the memory does not grow with the threads.
const together_least = 1 << 15;
const together_always = 1 << 20;

/// Memory for the elements of rows, which grows as it is asked for.
pub const Room = struct {
    bytes: []align(64) u8 = &.{},

    pub fn deinit(room: *Room, allocator: std.mem.Allocator) void {
        allocator.free(room.bytes);
        room.bytes = &.{};
    }

    fn reserve(room: *Room, allocator: std.mem.Allocator, comptime T: type, count: usize) error{OutOfMemory}![]T {
        const bytes = std.math.mul(usize, count, @sizeOf(T)) catch return error.OutOfMemory;
        if (bytes > room.bytes.len) {
            room.deinit(allocator);
            room.bytes = try allocator.alignedAlloc(u8, .@"64", bytes);
        }
        return @as([*]T, @ptrCast(room.bytes.ptr))[0..count];
    }
};

pub fn execute(
    tables: *const contract.Table,
    pool: *Pool,
    room: *Room,
    allocator: std.mem.Allocator,
    sort: *const program.Sort,
) error{OutOfMemory}!void {
    const kernel = tables.keys[@backingInt(sort.x.dtype)];
    if (sort.x.dtype == .float64) return Sort(u64).execute(kernel, pool, room, allocator, sort);
    return Sort(u32).execute(kernel, pool, room, allocator, sort);
}

fn Sort(comptime Key: type) type {
    return struct {
        const Own = @This();
        const elements = elements_module.Elements(Key);
        const Element = elements.Element;

        kernel: contract.KeysKernel,
        /// All ones where the order is descending, else none.
        flip: Key,
        length: usize,
        taken: usize,
        selects: bool,
        rows: usize,
        axes: axes_module.Axes,
        begins: [2]usize,
        /// Bytes from one element of a row to the next: of the output, then of the input.
        steps: [2]isize,
        rows_each: usize = 0,
        memory: []Element = &.{},

        fn execute(
            kernel: contract.KeysKernel,
            pool: *Pool,
            room: *Room,
            allocator: std.mem.Allocator,
            sort: *const program.Sort,
        ) error{OutOfMemory}!void {
            const shape = sort.shape[0..sort.rank];
            const size: isize = @intCast(sort.x.dtype.bytes());
            var own: Own = .{
                .kernel = kernel,
                .flip = if (sort.descending != 0) ~@as(Key, 0) else 0,
                .length = sort.length,
                .taken = sort.taken,
                .selects = sort.length > 2 * select_chunk and sort.taken <= sort.length / select_share,
                .rows = axes_module.product(shape),
                .axes = .of(&.{ &sort.out, &sort.x }, shape, &.{ 0, 0 }, .given),
                .begins = .{ @intFromPtr(sort.out.data), @intFromPtr(sort.x.data) },
                .steps = .{ sort.out.strides[sort.rank] *% 4, sort.x.strides[sort.rank] *% size },
            };
            if (pool.threads > 1 and own.length >= together_least and
                (own.rows < pool.threads or own.length >= together_always))
            {
                return own.together(pool, room, allocator);
            }
            const count = std.math.mul(usize, own.rows, own.length) catch return error.OutOfMemory;
            const parallel = count >= map_module.parallel_elements;
            own.rows_each = if (parallel) map_module.placesEach(own.rows, count, pool.threads) else own.rows;
            const all = std.math.mul(usize, own.rowElements(), if (parallel) pool.threads else 1) catch return error.OutOfMemory;
            own.memory = try room.reserve(allocator, Element, all);
            pool.parallelWorkers(@as(*const Own, &own), runRows, axes_module.divCeil(own.rows, own.rows_each));
        }

        /// Elements of memory that one row needs.
        fn rowElements(own: *const Own) usize {
            if (own.selects) return 2 * own.selectRoom();
            return if (own.length <= few) 0 else 2 * own.length;
        }

        fn runRows(own: *const Own, part: usize, worker: usize) void {
            const first = part * own.rows_each;
            const each = own.rowElements();
            for (first..@min(own.rows, first + own.rows_each)) |row| own.runRow(row, own.memory[worker * each ..][0..each]);
        }

        fn runRow(own: *const Own, row: usize, memory: []Element) void {
            const bases = own.basesOf(row);
            if (own.length <= few) {
                var room: [few]Element = undefined;
                _ = own.fill(bases[1], 0, room[0..own.length]);
                elements.insert(room[0..own.length]);
                return own.write(bases[0], 0, room[0..own.taken]);
            }
            if (own.selects) return own.write(bases[0], 0, own.select(bases[1], 0, own.length, memory));
            const half = memory.len / 2;
            const differ = own.fill(bases[1], 0, memory[0..half]).differ();
            const sorted = elements.sort(memory[0..half], memory[half..], differ);
            own.write(bases[0], 0, sorted[0..own.taken]);
        }

        /// The addresses of a row's first place in the output, and of its first element.
        fn basesOf(own: *const Own, row: usize) [2]usize {
            var bases = own.begins;
            var rest = row;
            var axis = own.axes.rank;
            while (axis > 0) {
                axis -= 1;
                const size = own.axes.shape[axis];
                const at = if (axis == 0) rest else rest % size;
                for (&bases, own.axes.strides[0..2]) |*base, *strides| base.* = advance(base.*, strides[axis], at);
                if (axis > 0) rest /= size;
            }
            return bases;
        }

        /// The bits that all keys have, and those that any has.
        const Bits = struct {
            all: Key = ~@as(Key, 0),
            any: Key = 0,

            fn differ(some: Bits) Key {
                return some.any & ~some.all;
            }

            fn and_(some: Bits, more: Bits) Bits {
                return .{ .all = some.all & more.all, .any = some.any | more.any };
            }
        };

        /// The keys of elements of a row from place `first` on; returns the least.
        inline fn load(own: *const Own, base: usize, first: usize, keys: []Key) Key {
            const source = advance(base, own.steps[1], first);
            return @truncate(own.kernel(@ptrCast(keys.ptr), @ptrFromInt(source), keys.len, own.steps[1], own.flip));
        }

        /// Makes elements of those of a row from place `first` on.
        fn fill(own: *const Own, base: usize, first: usize, target: []Element) Bits {
            var bits: Bits = .{};
            var keys: [chunk]Key = undefined;
            var at: usize = 0;
            while (at < target.len) : (at += chunk) {
                const some = keys[0..@min(chunk, target.len - at)];
                _ = own.load(base, first + at, some);
                for (some, target[at..][0..some.len], first + at..) |key, *element, place| {
                    bits.all &= key;
                    bits.any |= key;
                    element.* = elements.make(key, place);
                }
            }
            return bits;
        }

        /// Writes the places of elements into a row of the output, from `first` on.
        fn write(own: *const Own, base: usize, first: usize, sorted: []const Element) void {
            const begin = advance(base, own.steps[0], first);
            if (own.steps[0] == 4) {
                const out: [*]i32 = @ptrFromInt(begin);
                for (out[0..sorted.len], sorted) |*place, element| place.* = elements.placeOf(element);
            } else for (sorted, 0..) |element, k| {
                @as(*i32, @ptrFromInt(advance(begin, own.steps[0], k))).* = elements.placeOf(element);
            }
        }

        /// Elements of which the first are selected at a time.
        fn selectRoom(own: *const Own) usize {
            return selectAt(own.taken) + select_chunk;
        }

        fn selectAt(taken: usize) usize {
            return @max(2 * taken, select_chunk);
        }

        /// The first `taken` elements, sorted, of `count` elements of a row from place `first` on.
        fn select(own: *const Own, base: usize, first: usize, count: usize, memory: []Element) []Element {
            const half = memory.len / 2;
            const kept = memory[0..half];
            const other = memory[half..];
            var kept_count: usize = 0;
            // No element with this key or a greater one is among the first.
            var bound: ?Key = null;
            var keys: [select_chunk]Key = undefined;
            var at: usize = 0;
            while (at < count) : (at += select_chunk) {
                const some = keys[0..@min(select_chunk, count - at)];
                const least = own.load(base, first + at, some);
                if (bound) |known| if (least >= known) continue;
                if (own.taken <= select_few) {
                    for (some, first + at..) |key, place| {
                        if (bound) |known| if (key >= known) continue;
                        kept_count = keep(kept, kept_count, own.taken, elements.make(key, place));
                        if (kept_count == own.taken) bound = elements.keyOf(kept[kept_count - 1]);
                    }
                    continue;
                }
                for (some, first + at..) |key, place| {
                    kept[kept_count] = elements.make(key, place);
                    kept_count += @intFromBool(bound == null or key < bound.?);
                }
                if (kept_count >= selectAt(own.taken)) {
                    kept_count = reduce(kept[0..kept_count], other, own.taken);
                    if (own.taken > 0 and kept_count == own.taken) bound = elements.keyOf(kept[kept_count - 1]);
                }
            }
            if (own.taken <= select_few) return kept[0..kept_count];
            return kept[0..reduce(kept[0..kept_count], other, own.taken)];
        }

        /// Puts an element among the first `taken` in order, and says how many there are now.
        inline fn keep(kept: []Element, count: usize, taken: usize, element: Element) usize {
            var place = @min(count, taken - 1);
            while (place > 0 and kept[place - 1] > element) : (place -= 1) kept[place] = kept[place - 1];
            kept[place] = element;
            return @min(count + 1, taken);
        }

        /// Sorts elements, and says how many of the first `taken` there are.
        fn reduce(kept: []Element, other: []Element, taken: usize) usize {
            var bits: Bits = .{};
            for (kept) |element| bits = bits.and_(.{ .all = elements.keyOf(element), .any = elements.keyOf(element) });
            const sorted = elements.sort(kept, other, bits.differ());
            const count = @min(taken, kept.len);
            if (sorted.ptr != kept.ptr) @memcpy(kept[0..count], sorted[0..count]);
            return count;
        }

        /// Sorts one row after the other, each on all threads.
        fn together(own: *const Own, pool: *Pool, room: *Room, allocator: std.mem.Allocator) error{OutOfMemory}!void {
            const parts = pool.threads;
            const each = own.rowElements();
            // The selected ones of all parts lie side by side, with as much room again.
            const selects = own.selects and 2 * parts * own.taken <= own.length;
            const count = if (selects) std.math.mul(usize, parts, each) catch return error.OutOfMemory else 2 * own.length;
            const tables = axes_module.divCeil(parts * @sizeOf(Counts), @sizeOf(Element));
            const memory = try room.reserve(allocator, Element, count + tables);
            for (0..own.rows) |row| {
                var job: Together = .{
                    .own = own,
                    .bases = own.basesOf(row),
                    .parts = parts,
                    .from = memory[0 .. count / 2],
                    .to = memory[count / 2 .. count],
                    .counts = @as([*]Counts, @ptrCast(@alignCast(memory[count..].ptr)))[0..parts],
                };
                if (selects) job.select(pool, memory[0..count]) else job.sort(pool);
            }
        }

        const Counts = extern struct {
            begins: [elements_module.wide_buckets]u32,
            all: Key,
            any: Key,
        };

        const Together = struct {
            own: *const Own,
            bases: [2]usize,
            parts: usize,
            from: []Element,
            to: []Element,
            counts: []Counts,
            shift: usize = 0,

            fn range(job: *const Together, part: usize) [2]usize {
                const length = job.own.length;
                return .{ axes_module.partBegin(length, part, job.parts), axes_module.partBegin(length, part + 1, job.parts) };
            }

            fn sort(job: *Together, pool: *Pool) void {
                pool.parallel(@as(*const Together, job), fillPart, job.parts);
                var bits: Bits = .{};
                for (job.counts) |*counts| bits = bits.and_(.{ .all = counts.all, .any = counts.any });
                const differ = bits.differ();
                while (job.shift < elements.bits) : (job.shift += wide_bits) {
                    if (!elements.differs(wide_bits, differ, job.shift)) continue;
                    pool.parallel(@as(*const Together, job), countPart, job.parts);
                    var sum: u32 = 0;
                    for (0..elements_module.wide_buckets) |digit| for (job.counts) |*counts| {
                        const count = counts.begins[digit];
                        counts.begins[digit] = sum;
                        sum += count;
                    };
                    pool.parallel(@as(*const Together, job), movePart, job.parts);
                    std.mem.swap([]Element, &job.from, &job.to);
                }
                pool.parallel(@as(*const Together, job), writePart, job.parts);
            }

            fn fillPart(job: *const Together, part: usize) void {
                const begin, const end = job.range(part);
                const bits = job.own.fill(job.bases[1], begin, job.from[begin..end]);
                job.counts[part].all = bits.all;
                job.counts[part].any = bits.any;
            }

            fn countPart(job: *const Together, part: usize) void {
                const begin, const end = job.range(part);
                const counts = &job.counts[part].begins;
                @memset(counts, 0);
                for (job.from[begin..end]) |element| counts[elements.digitOf(wide_bits, element, job.shift)] += 1;
            }

            fn movePart(job: *const Together, part: usize) void {
                const begin, const end = job.range(part);
                elements.move(wide_bits, job.from[begin..end], job.to, &job.counts[part].begins, job.shift);
            }

            fn writePart(job: *const Together, part: usize) void {
                const begin, const end = job.range(part);
                const last = @min(end, job.own.taken);
                if (begin < last) job.own.write(job.bases[0], begin, job.from[begin..last]);
            }

            fn select(job: *Together, pool: *Pool, memory: []Element) void {
                job.from = memory;
                pool.parallel(@as(*const Together, job), selectPart, job.parts);
                const each = job.own.rowElements();
                var count: usize = 0;
                for (0..job.parts) |part| {
                    // What a part selected lies at the beginning of its memory.
                    const begin, const end = job.range(part);
                    const own_count = @min(job.own.taken, end - begin);
                    std.mem.copyForwards(Element, memory[count..][0..own_count], memory[part * each ..][0..own_count]);
                    count += own_count;
                }
                const found = reduce(memory[0..count], memory[memory.len / 2 ..], job.own.taken);
                job.own.write(job.bases[0], 0, memory[0..found]);
            }

            fn selectPart(job: *const Together, part: usize) void {
                const begin, const end = job.range(part);
                const each = job.own.rowElements();
                _ = job.own.select(job.bases[1], begin, end - begin, job.from[part * each ..][0..each]);
            }
        };
    };
}
