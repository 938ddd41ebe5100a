//! A row of the table as loops over memory, for one compute type: `Map`, `Fold` and `Arg`. Each
//! operand is read once: memory is the bound, except in rows marked `slow`.
//!
//! Every operand is contiguous in the compute type, or is one element (its bit in `repeated` is
//! set; for a fold it comes as a vector of equal elements), so a broadcast operand costs no memory
//! traffic. Skeletons bring other layouts into this form. The vector's width never changes a bit of
//! a map; a fold has the same virtual lanes on every level.

const std = @import("std");
const expr = @import("../../rows/expr.zig");
const contract = @import("contract.zig");
const partial = @import("partial.zig");

const chunk = contract.chunk;

fn Element(comptime V: type) type {
    return @typeInfo(V).vector.child;
}

fn environmentOf(comptime V: type, scalars_bytes: *const anyopaque) expr.Environment(V) {
    const scalars: *const [3]Element(V) = @ptrCast(@alignCast(scalars_bytes));
    return .{ .scalars = .{ @splat(scalars[0]), @splat(scalars[1]), @splat(scalars[2]) } };
}

/// index, index + 1, ... as numbers of the compute type, rounded once.
fn indices(comptime V: type, index: usize) V {
    const lanes = @typeInfo(V).vector.len;
    const T = Element(V);
    const low: u32 = @truncate(index);
    const whole = @as(@Vector(lanes, u32), @splat(low)) +% std.simd.iota(u32, lanes);
    if (T == i32) return @bitCast(whole);
    if (T == f32) return @floatFromInt(whole);
    // Exact below 2^53.
    const begin: f64 = @floatFromInt(@as(u64, index));
    return @as(V, @splat(begin)) + @as(V, @floatFromInt(std.simd.iota(u32, lanes)));
}

pub fn Map(comptime row: anytype, comptime T: type, comptime lanes: usize) type {
    const V = @Vector(lanes, T);
    const n = row.operands;
    return struct {
        pub fn run(
            out_bytes: [*]u8,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            repeated: u32,
            scalars: *const anyopaque,
            index: usize,
            places: usize,
            count: usize,
        ) callconv(.c) void {
            var environment = environmentOf(V, scalars);
            var splats: [n]V = undefined;
            var starts: [n + 1]usize = undefined;
            starts[n] = @intFromPtr(out_bytes);
            inline for (0..n) |k| starts[k] = @intFromPtr(inputs[k]);
            var place: usize = 0;
            while (true) {
                const out: [*]T = @ptrFromInt(starts[n]);
                var pointers: [n][*]const T = undefined;
                var steps: [n]usize = undefined;
                inline for (0..n) |k| {
                    pointers[k] = @ptrFromInt(starts[k]);
                    steps[k] = lanes;
                    if (repeated >> k & 1 != 0) {
                        splats[k] = @splat(pointers[k][0]);
                        pointers[k] = @ptrCast(&splats[k]);
                        steps[k] = 0;
                    }
                }
                // The last partial vector is read before anything is written, for the output may be
                // an operand; it is a whole vector that overlaps the one before, if there is one.
                const left = count % lanes;
                const begin = count -| lanes;
                var ends: [n]V = undefined;
                if (left != 0) inline for (0..n) |k| {
                    const still = steps[k] == 0;
                    ends[k] = if (count > lanes)
                        (pointers[k] + if (still) 0 else begin)[0..lanes].*
                    else
                        partial.load(lanes, T, pointers[k], if (still) lanes else count);
                };
                var i: usize = 0;
                while (i + lanes <= count) : (i += lanes) {
                    inline for (0..n) |k| {
                        environment.operands[k] = pointers[k][0..lanes].*;
                        pointers[k] += steps[k];
                    }
                    if (row.uses_index) environment.index = indices(V, index +% i);
                    out[i..][0..lanes].* = expr.eval(row.tree, V, environment);
                }
                if (left != 0) {
                    inline for (0..n) |k| environment.operands[k] = ends[k];
                    if (row.uses_index) environment.index = indices(V, index +% begin);
                    const last: [lanes]T = expr.eval(row.tree, V, environment);
                    if (count > lanes) {
                        out[begin..][0..lanes].* = last;
                    } else partial.store(lanes, T, out, &last, count);
                }
                place += 1;
                if (place == places) return;
                starts[n] +%= @bitCast(strides[0]);
                inline for (0..n) |k| starts[k] +%= @bitCast(strides[k + 1]);
            }
        }
    };
}

/// Virtual lanes, the same number on every level, so that there is one order of joining.
pub fn foldLanes(comptime T: type) usize {
    return if (T == f64) 8 else 16;
}

pub fn Fold(comptime row: anytype, comptime T: type, comptime level_lanes: usize) type {
    const n = row.operands;
    return struct {
        fn join(comptime V: type, scalars: [3]V, running: V, value: V) V {
            return expr.eval(row.step, V, expr.Environment(V){
                .operands = .{ value, undefined, undefined, undefined, undefined, undefined },
                .scalars = scalars,
                .running = running,
            });
        }

        fn element(comptime V: type, environment: expr.Environment(V)) V {
            const tree = row.of orelse return environment.operands[0];
            return expr.eval(tree, V, environment);
        }

        pub fn chunks(
            out_bytes: [*]u8,
            inputs: [*]const [*]const u8,
            repeated: u32,
            scalars: *const anyopaque,
            index: usize,
            count: usize,
        ) callconv(.c) void {
            const lanes = comptime foldLanes(T);
            const V = @Vector(lanes, T);
            const out: [*]T = @ptrCast(@alignCast(out_bytes));
            var pointers: [n][*]const T = undefined;
            var steps: [n]usize = undefined;
            inline for (0..n) |k| {
                pointers[k] = @ptrCast(@alignCast(inputs[k]));
                steps[k] = if (repeated >> k & 1 != 0) 0 else lanes;
            }
            var environment = environmentOf(V, scalars);
            const begin: V = @splat(comptime row.start(T));
            var first: usize = 0;
            while (first < count) : (first += chunk) {
                const end = @min(count, first + chunk);
                var running = begin;
                var i = first;
                while (i + lanes <= end) : (i += lanes) {
                    inline for (0..n) |k| {
                        environment.operands[k] = pointers[k][0..lanes].*;
                        pointers[k] += steps[k];
                    }
                    if (row.uses_index) environment.index = indices(V, index +% i);
                    const value = element(V, environment);
                    running = join(V, environment.scalars, running, value);
                }
                if (i < end) {
                    const left = end - i;
                    inline for (0..n) |k| {
                        const present = if (steps[k] == 0) lanes else left;
                        environment.operands[k] = partial.load(lanes, T, pointers[k], present);
                    }
                    if (row.uses_index) environment.index = indices(V, index +% i);
                    const value = element(V, environment);
                    const joined = join(V, environment.scalars, running, value);
                    const bound: @Vector(lanes, u32) = @splat(@intCast(left));
                    running = @select(T, std.simd.iota(u32, lanes) < bound, joined, running);
                }
                out[first / chunk] = joinLanes(lanes, environment.scalars, running);
            }
        }

        pub fn short(
            out_bytes: [*]u8,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            repeated: u32,
            scalars: *const anyopaque,
            places: usize,
            count: usize,
        ) callconv(.c) void {
            const out: [*]T = @ptrCast(@alignCast(out_bytes));
            // Each index is a chain of joins: several chains side by side hide the latency of one.
            const wide = if (n <= 2) 4 else 2;
            var place: usize = 0;
            while (place + wide <= places) : (place += wide) {
                out[place..][0..wide].* = beside(wide, inputs, strides, repeated, scalars, place, count);
            }
            while (place < places) : (place += 1) {
                out[place..][0..1].* = beside(1, inputs, strides, repeated, scalars, place, count);
            }
        }

        inline fn beside(
            comptime wide: usize,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            repeated: u32,
            scalars: *const anyopaque,
            place: usize,
            count: usize,
        ) [wide]T {
            const lanes = comptime foldLanes(T);
            const V = @Vector(lanes, T);
            var vectors: [n][wide]V = undefined;
            var pointers: [n][wide][*]const T = undefined;
            var steps: [n]usize = undefined;
            inline for (0..n) |k| {
                const fixed = repeated >> k & 1 != 0;
                steps[k] = if (fixed) 0 else 1;
                inline for (0..wide) |j| {
                    const shift = @as(usize, @bitCast(strides[k])) *% (place + j);
                    pointers[k][j] = @ptrFromInt(@intFromPtr(inputs[k]) +% shift);
                    if (fixed) {
                        vectors[k][j] = @splat(pointers[k][j][0]);
                        pointers[k][j] = @ptrCast(&vectors[k][j]);
                    }
                }
            }
            var environment = environmentOf(V, scalars);
            var running: [wide]V = @splat(@splat(comptime row.start(T)));
            var i: usize = 0;
            while (i + lanes <= count) : (i += lanes) {
                if (row.uses_index) environment.index = indices(V, i);
                inline for (0..wide) |j| {
                    inline for (0..n) |k| {
                        environment.operands[k] = pointers[k][j][i * steps[k] ..][0..lanes].*;
                    }
                    const value = element(V, environment);
                    running[j] = join(V, environment.scalars, running[j], value);
                }
            }
            const left = count - i;
            const bound: @Vector(lanes, u32) = @splat(@intCast(left));
            if (row.uses_index) environment.index = indices(V, i);
            var results: [wide]T = undefined;
            inline for (0..wide) |j| {
                if (left != 0) {
                    inline for (0..n) |k| {
                        const present = if (steps[k] == 0) lanes else left;
                        const rest = pointers[k][j] + i * steps[k];
                        environment.operands[k] = partial.load(lanes, T, rest, present);
                    }
                    const value = element(V, environment);
                    const joined = join(V, environment.scalars, running[j], value);
                    const some = std.simd.iota(u32, lanes) < bound;
                    running[j] = @select(T, some, joined, running[j]);
                }
                results[j] = joinLanes(lanes, environment.scalars, running[j]);
            }
            return results;
        }

        /// Joins lane l with lane l + half, then halves again, until one lane is left.
        fn joinLanes(
            comptime lanes: usize,
            scalars: [3]@Vector(foldLanes(T), T),
            running: @Vector(lanes, T),
        ) T {
            if (lanes == 1) return running[0];
            const half = lanes / 2;
            const V = @Vector(half, T);
            const low = std.simd.extract(running, 0, half);
            const high = std.simd.extract(running, half, half);
            var narrow: [3]V = undefined;
            inline for (0..3) |k| narrow[k] = @splat(scalars[k][0]);
            return joinLanes(half, scalars, join(V, narrow, low, high));
        }

        pub fn columns(
            out_bytes: [*]u8,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            scalars: *const anyopaque,
            index: usize,
            rows: usize,
            count: usize,
            fresh: bool,
        ) callconv(.c) void {
            const out: [*]T = @ptrCast(@alignCast(out_bytes));
            var i: usize = 0;
            comptime var width = level_lanes * 4;
            inline while (width > 0) : (width = if (width > level_lanes) level_lanes else width / 2) {
                while (i + width <= count) : (i += width) {
                    block(width, out + i, inputs, strides, scalars, index, rows, i, fresh);
                }
            }
        }

        fn block(
            comptime width: usize,
            out: [*]T,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            scalars: *const anyopaque,
            index: usize,
            rows: usize,
            offset: usize,
            fresh: bool,
        ) void {
            // Narrower vectors side by side: where a function has many steps, the compiler would
            // keep one wide vector in memory.
            const lanes = @min(width, level_lanes);
            const V = @Vector(lanes, T);
            const blocks = width / lanes;
            var addresses: [n]usize = undefined;
            inline for (0..n) |k| addresses[k] = @intFromPtr(inputs[k]) + offset * @sizeOf(T);
            var environment = environmentOf(V, scalars);
            var running: [blocks]V = @splat(@splat(comptime row.start(T)));
            if (!fresh) {
                inline for (0..blocks) |j| running[j] = out[j * lanes ..][0..lanes].*;
            }
            for (0..rows) |r| {
                if (row.uses_index) environment.index = @splat(indices(V, index +% r)[0]);
                inline for (0..blocks) |j| {
                    inline for (0..n) |k| {
                        const pointer: [*]const T = @ptrFromInt(addresses[k]);
                        environment.operands[k] = pointer[j * lanes ..][0..lanes].*;
                    }
                    const value = element(V, environment);
                    running[j] = join(V, environment.scalars, running[j], value);
                }
                inline for (0..n) |k| addresses[k] +%= @bitCast(strides[k]);
            }
            inline for (0..blocks) |j| out[j * lanes ..][0..lanes].* = running[j];
        }

        pub fn joins(
            running_bytes: [*]u8,
            values_bytes: [*]const u8,
            scalars: *const anyopaque,
            count: usize,
        ) callconv(.c) void {
            const running: [*]T = @ptrCast(@alignCast(running_bytes));
            const values: [*]const T = @ptrCast(@alignCast(values_bytes));
            const V = @Vector(level_lanes, T);
            const wide = environmentOf(V, scalars).scalars;
            const narrow = environmentOf(@Vector(1, T), scalars).scalars;
            var i: usize = 0;
            while (i + level_lanes <= count) : (i += level_lanes) {
                const slot = running[i..][0..level_lanes];
                slot.* = join(V, wide, slot.*, values[i..][0..level_lanes].*);
            }
            while (i < count) : (i += 1) {
                const slot = running[i..][0..1];
                slot.* = join(@Vector(1, T), narrow, slot.*, values[i..][0..1].*);
            }
        }
    };
}

pub fn Arg(comptime row: anytype, comptime T: type, comptime lanes: usize) type {
    return struct {
        const V = @Vector(lanes, T);
        const I = @Vector(lanes, i32);
        const chains = 4;

        fn better(comptime W: type, value: W, best: W) @Vector(@typeInfo(W).vector.len, bool) {
            const environment: expr.Environment(W) = .{
                .operands = .{ value, undefined, undefined, undefined, undefined, undefined },
                .scalars = undefined,
                .running = best,
            };
            const is_better = expr.eval(row.tree, W, environment) != @as(W, @splat(0));
            if (@typeInfo(T) != .float) return is_better;
            return is_better | ((value != value) & (best == best));
        }

        pub fn run(
            best_pointer: *anyopaque,
            best_index: *i32,
            input: [*]const u8,
            index: usize,
            count: usize,
        ) callconv(.c) void {
            const source: [*]const T = @ptrCast(@alignCast(input));
            const best: *T = @ptrCast(@alignCast(best_pointer));
            var i: usize = 0;
            if (count >= chains * lanes) {
                // Several chains run side by side, so that none waits for another.
                var values: [chains]V = undefined;
                var places: [chains]I = undefined;
                inline for (0..chains) |c| {
                    values[c] = source[c * lanes ..][0..lanes].*;
                    places[c] = place(I, index +% c * lanes);
                }
                i = chains * lanes;
                while (i + chains * lanes <= count) : (i += chains * lanes) {
                    inline for (0..chains) |c| {
                        const next: V = source[i + c * lanes ..][0..lanes].*;
                        const take = better(V, next, values[c]);
                        values[c] = @select(T, take, next, values[c]);
                        places[c] = @select(i32, take, place(I, index +% i +% c * lanes), places[c]);
                    }
                }
                inline for (1..chains) |c| merge(lanes, &values[0], &places[0], values[c], places[c]);
                const whole = across(lanes, values[0], places[0]);
                improve(best, best_index, whole.value, whole.place);
            }
            while (i < count) : (i += 1) {
                improve(best, best_index, source[i], place(@Vector(1, i32), index +% i)[0]);
            }
        }

        pub fn columns(
            out: [*]i32,
            input: [*]const u8,
            stride: isize,
            rows: usize,
            count: usize,
        ) callconv(.c) void {
            var i: usize = 0;
            while (i + lanes <= count) : (i += lanes) {
                out[i..][0..lanes].* = down(lanes, @intFromPtr(input) + i * @sizeOf(T), stride, rows);
            }
            while (i < count) : (i += 1) {
                out[i..][0..1].* = down(1, @intFromPtr(input) + i * @sizeOf(T), stride, rows);
            }
        }

        fn down(
            comptime width: usize,
            begin: usize,
            stride: isize,
            rows: usize,
        ) @Vector(width, i32) {
            const W = @Vector(width, T);
            var address = begin;
            var values: W = @as(*const [width]T, @ptrFromInt(address)).*;
            var places: @Vector(width, i32) = @splat(0);
            for (1..rows) |r| {
                address +%= @bitCast(stride);
                const next: W = @as(*const [width]T, @ptrFromInt(address)).*;
                const take = better(W, next, values);
                values = @select(T, take, next, values);
                const here: i32 = @bitCast(@as(u32, @truncate(r)));
                places = @select(i32, take, @as(@Vector(width, i32), @splat(here)), places);
            }
            return places;
        }

        fn place(comptime W: type, index: usize) W {
            const low: u32 = @truncate(index);
            const len = @typeInfo(W).vector.len;
            return @bitCast(@as(@Vector(len, u32), @splat(low)) +% std.simd.iota(u32, len));
        }

        /// The better of two elements in each lane; the first of equal ones.
        inline fn merge(
            comptime width: usize,
            values: *@Vector(width, T),
            places: *@Vector(width, i32),
            others: @Vector(width, T),
            other_places: @Vector(width, i32),
        ) void {
            const W = @Vector(width, T);
            const earlier = ~better(W, values.*, others) & (other_places < places.*);
            const take = better(W, others, values.*) | earlier;
            values.* = @select(T, take, others, values.*);
            places.* = @select(i32, take, other_places, places.*);
        }

        /// The best of all lanes: halves are compared until one lane is left.
        inline fn across(
            comptime width: usize,
            values: @Vector(width, T),
            places: @Vector(width, i32),
        ) struct { value: T, place: i32 } {
            if (width == 1) return .{ .value = values[0], .place = places[0] };
            const half = width / 2;
            const low = std.simd.iota(i32, half);
            const high = low + @as(@Vector(half, i32), @splat(half));
            var best = @shuffle(T, values, undefined, low);
            var best_places = @shuffle(i32, places, undefined, low);
            const others = @shuffle(T, values, undefined, high);
            merge(half, &best, &best_places, others, @shuffle(i32, places, undefined, high));
            const whole = across(half, best, best_places);
            return .{ .value = whole.value, .place = whole.place };
        }

        fn improve(best: *T, best_index: *i32, value: T, index: i32) void {
            const W = @Vector(1, T);
            const ahead = better(W, @splat(value), @splat(best.*))[0];
            const behind = better(W, @splat(best.*), @splat(value))[0];
            if (best_index.* >= 0 and (behind or (!ahead and index > best_index.*))) return;
            best.* = value;
            best_index.* = index;
        }
    };
}
