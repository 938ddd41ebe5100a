//! Fold and arg on the GPU, in a fixed order, so that results repeat.
//!
//! A block is `places` kept indices times 256 / places threads each. A thread joins every n-th
//! element of its kept index, four loads ahead; then the threads of a kept index are joined as a
//! tree. So are the elements of a thread, in blocks of 64: the error of a sum grows with the logarithm
//! of its length. Where there are few kept indices the reduced elements are split among blocks in y, whose
//! results a second launch joins (`Join`). Each element is read once: memory is the bound.

const std = @import("std");
const convert = @import("../../program/convert.zig");
const expr = @import("../../rows/expr.zig");
const layout = @import("../../gpu/arguments.zig");
const map = @import("map.zig");
const table = @import("../../rows/table.zig");
const threading = @import("thread.zig");

const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;

pub const entries: []const Entry = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Entry = &.{};
    for (convert.Compute, threading.type_names) |T, of| {
        for (table.fold_rows) |row| {
            if (!row.types.has(T)) continue;
            list = list ++ [_]Entry{
                .{ .name = "fold_" ++ row.name ++ "_" ++ of, .Kernel = Fold(row, T, false) },
                .{ .name = "join_" ++ row.name ++ "_" ++ of, .Kernel = Fold(row, T, true) },
            };
        }
        for (table.arg_rows) |row| {
            if (!row.types.has(T)) continue;
            list = list ++ [_]Entry{.{ .name = "arg_" ++ row.name ++ "_" ++ of, .Kernel = Arg(row, T) }};
        }
    }
    break :blk list;
};

/// The kept index and the reduced elements that a thread works on.
const Part = struct {
    place: u64,
    /// The thread's number among the threads of its kept index.
    rank: u32,
    /// How many threads a kept index has.
    threads: u32,
    /// The distance in threads of the block from rank r to rank r + 1.
    step: u32,

    inline fn of(arguments: anytype, thread: Thread) Part {
        const bits: u5 = @truncate(arguments.places_bits);
        const places = @as(u32, 1) << bits;
        const each = @as(u32, layout.threads) >> bits;
        const inside = if (arguments.column != 0) thread.index & (places - 1) else thread.index / each;
        return .{
            .place = (@as(u64, thread.x) << bits) + inside,
            .rank = if (arguments.column != 0) thread.index >> bits else thread.index & (each - 1),
            .threads = each,
            .step = if (arguments.column != 0) places else 1,
        };
    }
};

/// Moves the addresses from `first` on to index `place` of axes `begin..begin + rank`. Axes are
/// stored with the innermost first.
inline fn walk(
    comptime n: usize,
    addresses: *[n]u64,
    arguments: anytype,
    comptime begin: usize,
    rank: u32,
    place: u32,
    comptime first: usize,
) void {
    var rest = place;
    inline for (0..layout.rank_max) |axis| {
        if (axis + 1 < rank) {
            const divisor = arguments.divisors[begin + axis];
            const above = divisor.quotient(rest);
            const own = rest -% above *% divisor.size;
            inline for (first..n) |k| {
                addresses[k] = advance(addresses[k], arguments.strides[k][begin + axis], own);
            }
            rest = above;
        }
    }
    inline for (0..layout.rank_max) |axis| {
        if (axis + 1 == rank) inline for (first..n) |k| {
            addresses[k] = advance(addresses[k], arguments.strides[k][begin + axis], rest);
        };
    }
}

inline fn basesOf(comptime n: usize, arguments: anytype, place: u64) [n]u64 {
    var addresses: [n]u64 = undefined;
    inline for (&addresses, 0..) |*address, k| address.* = arguments.addresses[k];
    walk(n, &addresses, arguments, 0, arguments.kept_rank, @truncate(place), 0);
    return addresses;
}

/// With `joining`, a fold of other blocks' results: operand 1 is joined without the row's `of`.
pub fn Fold(comptime row: anytype, comptime T: type, comptime joining: bool) type {
    const n = if (joining) 2 else row.operands + 1;
    const ahead = 4;
    return struct {
        pub const Arguments = layout.Fold(n);
        pub const Shared = [layout.threads]T;
        pub const State = void;
        pub const phases = .{accumulate} ++ Halvings(@This()).phases ++ .{finish};
        const Pointer = threading.SharedPointer(Shared);

        inline fn accumulate(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            const part: Part = .of(arguments, thread);
            var tree: Tree = .{};
            if (part.place < arguments.kept) {
                const bases = basesOf(n, arguments, part.place);
                const begin = thread.y *% arguments.each;
                const end = @min(arguments.reduced, begin +% arguments.each);
                var at = begin + part.rank;
                const each = layout.fold_block * part.threads;
                const plain = joining or straight(arguments);
                while (at < end) {
                    const stop = @min(end, at + each);
                    if (plain) {
                        while (at + (ahead - 1) * part.threads < stop) : (at += ahead * part.threads) {
                            var values: [ahead]T = undefined;
                            inline for (&values, 0..) |*value, j| {
                                value.* = element(true, arguments, bases, at + @as(u32, j) * part.threads);
                            }
                            inline for (values) |value| tree.running = join(tree.running, value);
                        }
                        while (at < stop) : (at += part.threads) {
                            tree.running = join(tree.running, element(true, arguments, bases, at));
                        }
                    } else while (at < stop) : (at += part.threads) {
                        tree.running = join(tree.running, element(false, arguments, bases, at));
                    }
                    tree.setAside();
                }
                tree.finish();
            }
            shared[thread.index] = tree.running;
        }

        /// A thread's elements: level l of the results set aside is of 2^l blocks where bit l of
        /// `blocks` is set.
        const Tree = struct {
            running: T = row.start(T),
            aside: [layout.fold_levels]T = undefined,
            blocks: u32 = 0,

            inline fn setAside(tree: *Tree) void {
                var level: u5 = 0;
                while (tree.blocks >> level & 1 != 0) : (level += 1) tree.running = join(tree.aside[level], tree.running);
                tree.aside[level] = tree.running;
                tree.running = comptime row.start(T);
                tree.blocks += 1;
            }

            inline fn finish(tree: *Tree) void {
                var level: u5 = 0;
                while (tree.blocks >> level != 0) : (level += 1) {
                    if (tree.blocks >> level & 1 != 0) tree.running = join(tree.aside[level], tree.running);
                }
            }
        };

        /// Whether all operands have the compute type and lie along a single reduced axis.
        inline fn straight(arguments: *const Arguments) bool {
            if (arguments.reduced_rank > 1) return false;
            inline for (1..n) |k| if (arguments.dtypes[k] != comptime map.codeOf(T)) return false;
            return true;
        }

        inline fn element(comptime fast: bool, arguments: *const Arguments, bases: [n]u64, at: u32) T {
            var environment: expr.Environment(T) = .{ .scalars = map.scalarsOf(T, &arguments.scalars) };
            if (fast) {
                inline for (1..n) |k| {
                    const address = advance(bases[k], arguments.strides[k][layout.rank_max], at);
                    environment.operands[k - 1] = threading.global(T, address).*;
                }
            } else {
                var addresses = bases;
                walk(n, &addresses, arguments, layout.rank_max, arguments.reduced_rank, at, 1);
                inline for (1..n) |k| environment.operands[k - 1] = map.load(T, arguments.dtypes[k], addresses[k]);
            }
            if (joining or row.of == null) return environment.operands[0];
            if (row.uses_index) environment.index = map.indexOf(T, arguments.first +% at);
            return expr.eval(row.of.?, T, environment);
        }

        inline fn join(running: T, value: T) T {
            var environment: expr.Environment(T) = .{ .running = running };
            environment.operands[0] = value;
            return expr.eval(row.step, T, environment);
        }

        inline fn joinAt(shared: Pointer, to: u32, from: u32) void {
            shared[to] = join(shared[to], shared[from]);
        }

        inline fn finish(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            const part: Part = .of(arguments, thread);
            if (part.rank != 0 or part.place >= arguments.kept) return;
            const address = basesOf(n, arguments, part.place)[0] + thread.y * arguments.split_stride;
            map.store(T, arguments.dtypes[0], address, shared[thread.index]);
        }
    };
}

/// A phase for each halving of the threads of a kept index.
fn Halvings(comptime Kernel: type) type {
    return struct {
        const phases = .{
            Halving(Kernel, 128).run, Halving(Kernel, 64).run, Halving(Kernel, 32).run, Halving(Kernel, 16).run,
            Halving(Kernel, 8).run,   Halving(Kernel, 4).run,  Halving(Kernel, 2).run,  Halving(Kernel, 1).run,
        };
        comptime {
            std.debug.assert(1 << phases.len == layout.threads);
        }
    };
}

fn Halving(comptime Kernel: type, comptime half: u32) type {
    return struct {
        inline fn run(
            arguments: *const Kernel.Arguments,
            thread: Thread,
            shared: threading.SharedPointer(Kernel.Shared),
            _: *Kernel.State,
        ) void {
            const part: Part = .of(arguments, thread);
            if (half < part.threads and part.rank < half) {
                Kernel.joinAt(shared, thread.index, thread.index + half * part.step);
            }
        }
    };
}

/// The index of the first best element along the reduced axes; the first NaN beats all others.
pub fn Arg(comptime row: anytype, comptime T: type) type {
    const n = 2;
    return struct {
        pub const Arguments = layout.Fold(n);
        /// A negative index in `places` means that no element was seen.
        pub const Shared = extern struct { values: [layout.threads]T, places: [layout.threads]i32 };
        pub const State = void;
        pub const phases = .{search} ++ Halvings(@This()).phases ++ .{finish};
        const Pointer = threading.SharedPointer(Shared);

        inline fn search(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            const part: Part = .of(arguments, thread);
            var best: T = 0;
            var best_place: i32 = -1;
            if (part.place < arguments.kept) {
                const bases = basesOf(n, arguments, part.place);
                var at = part.rank;
                while (at < arguments.reduced) : (at += part.threads) {
                    var addresses = bases;
                    walk(n, &addresses, arguments, layout.rank_max, arguments.reduced_rank, at, 1);
                    const value = map.load(T, arguments.dtypes[1], addresses[1]);
                    if (best_place < 0 or better(value, best)) {
                        best = value;
                        best_place = @bitCast(at);
                    }
                }
            }
            shared.values[thread.index] = best;
            shared.places[thread.index] = best_place;
        }

        inline fn better(value: T, best: T) bool {
            var environment: expr.Environment(T) = .{ .running = best };
            environment.operands[0] = value;
            if (expr.eval(row.tree, T, environment) != 0) return true;
            return @typeInfo(T) == .float and value != value and best == best;
        }

        inline fn joinAt(shared: Pointer, to: u32, from: u32) void {
            const value = shared.values[from];
            const place = shared.places[from];
            if (place < 0) return;
            const best = shared.values[to];
            const known = shared.places[to];
            const takes = known < 0 or better(value, best) or (!better(best, value) and place < known);
            if (!takes) return;
            shared.values[to] = value;
            shared.places[to] = place;
        }

        inline fn finish(arguments: *const Arguments, thread: Thread, shared: Pointer, _: *State) void {
            const part: Part = .of(arguments, thread);
            if (part.rank != 0 or part.place >= arguments.kept) return;
            const address = basesOf(n, arguments, part.place)[0];
            // An arg over no elements has no answer; its result is 0.
            threading.global(i32, address).* = @max(shared.places[thread.index], 0);
        }
    };
}
