//! Scan rows as loops over memory, for one compute type. Floats are joined in float64 whatever their
//! type, so that a sum of float32 is rounded where it is stored and nowhere else; only extremes, which
//! round nothing, stay in their type.
//!
//! The order of joining is the same along rows, down columns, and on every level. Eight elements are
//! joined as a tree (of Sklansky, 1960), these eights one after the other within a block, and the
//! blocks one after the other. Rows whose joins take long have shorter blocks, of elements that are
//! joined one after the other; along a row eight such blocks are scanned side by side. Joining to the
//! start changes nothing.
//!
//! Napkin: each element is read and written once. Eight elements of a row take 5 vectors of joins,
//! down columns 28 / 8, of slow rows 2: memory is the bound of all other rows.

const contract = @import("contract.zig");
const expr = @import("../../rows/expr.zig");

const lanes = contract.scan_lanes;

pub fn Scan(comptime row: anytype, comptime T: type) type {
    const A = contract.Accumulator(row, T);
    const start: A = row.start(A);
    const V = @Vector(lanes, A);
    const in_order = row.slow or row.operands > 1;
    return struct {
        inline fn join(comptime W: type, running: W, value: W) W {
            // The text of functions stands once for each width.
            return if (row.slow) @call(.never_inline, joined, .{ W, running, value }) else joined(W, running, value);
        }

        fn joined(comptime W: type, running: W, value: W) W {
            @setEvalBranchQuota(10_000);
            var environment: expr.Environment(W) = .{ .running = running };
            environment.operands[0] = value;
            return expr.eval(row.step, W, environment);
        }

        inline fn widen(comptime width: usize, values: @Vector(width, T)) @Vector(width, A) {
            return if (T == A) values else @as(@Vector(width, A), @floatCast(values));
        }

        inline fn narrow(comptime width: usize, values: @Vector(width, A)) @Vector(width, T) {
            return if (T == A) values else @as(@Vector(width, T), @floatCast(values));
        }

        /// Each lane joined with those before it.
        inline fn across(values: V) V {
            var result = values;
            comptime var distance = 1;
            inline while (distance < lanes) : (distance *= 2) {
                result = join(V, beneath(distance, result), result);
            }
            return result;
        }

        /// For the upper half of each 2 `distance` lanes the last of the lower half, for the lower the start.
        inline fn beneath(comptime distance: usize, values: V) V {
            comptime var mask: @Vector(lanes, i32) = undefined;
            inline for (0..lanes) |lane| mask[lane] = if (lane & distance == 0) -1 else (lane & ~@as(usize, 2 * distance - 1)) + distance - 1;
            return @shuffle(A, values, @as(@Vector(1, A), @splat(start)), mask);
        }

        pub fn rows(out: ?[*]u8, input: [*]const u8, carry_bytes: *anyopaque, count: usize) callconv(.c) void {
            const source: [*]const T = @ptrCast(@alignCast(input));
            const carry: [*]A = @ptrCast(@alignCast(carry_bytes));
            const target: ?[*]T = @ptrCast(@alignCast(out));
            if (row.slow) return beside(target, source, carry, count);
            if (target) |elements| {
                carry[0] = joinOne(carry[0], along(true, elements, source, carry[0], count));
            } else carry[0] = along(false, undefined, source, undefined, count);
        }

        inline fn joinOne(running: A, value: A) A {
            return join(@Vector(1, A), @splat(running), @splat(value))[0];
        }

        /// Scans one block, and returns what all of it joins to.
        fn along(comptime writes: bool, out: [*]T, source: [*]const T, carry: A, count: usize) A {
            const above: V = if (writes) @splat(carry) else undefined;
            var local: V = @splat(start);
            var i: usize = 0;
            while (i + lanes <= count) : (i += lanes) {
                const eight = across(widen(lanes, source[i..][0..lanes].*));
                if (writes) out[i..][0..lanes].* = narrow(lanes, join(V, above, join(V, local, eight)));
                // The last lane of what was joined, in all lanes: the next eight wait for one join alone.
                local = join(V, local, @splat(eight[lanes - 1]));
            }
            if (i == count) return local[0];
            const left = count - i;
            var end: [lanes]A = @splat(start);
            for (end[0..left], source[i..][0..left]) |*element, value| element.* = widen(1, @splat(value))[0];
            const scanned: [lanes]A = join(V, local, across(end));
            if (writes) {
                const last: [lanes]T = narrow(lanes, join(V, above, scanned));
                @memcpy(out[i..][0..left], last[0..left]);
            }
            return scanned[left - 1];
        }

        /// Scans eight blocks side by side, of which the last may be short or missing.
        fn beside(out: ?[*]T, source: [*]const T, carry: [*]A, count: usize) void {
            const each = contract.scan_block_slow;
            const blocks = (count + each - 1) / each;
            const steps = @min(each, count);
            var tile: [each]V = undefined;
            var local: V = @splat(start);
            for (tile[0..steps], 0..) |*values, t| {
                var next: [lanes]A = @splat(start);
                inline for (&next, 0..) |*value, lane| {
                    const i = lane * each + t;
                    if (i < count) value.* = source[i];
                }
                local = join(V, local, next);
                values.* = local;
            }
            const totals: [lanes]A = local;
            const target = out orelse {
                @memcpy(carry[0..blocks], totals[0..blocks]);
                return;
            };
            var above: [lanes]A = @splat(start);
            for (above[0..blocks], totals[0..blocks]) |*before, total| {
                before.* = carry[0];
                carry[0] = joinOne(carry[0], total);
            }
            for (tile[0..steps], 0..) |values, t| {
                const scanned: [lanes]T = narrow(lanes, join(V, above, values));
                inline for (scanned, 0..) |value, lane| {
                    const i = lane * each + t;
                    if (i < count) target[i] = value;
                }
            }
        }

        pub fn columns(
            out: ?[*]u8,
            out_stride: isize,
            inputs: [*]const [*]const u8,
            strides: [*]const isize,
            local: *anyopaque,
            carry: *const anyopaque,
            rows_count: usize,
            columns_count: usize,
        ) callconv(.c) void {
            const to = if (out) |bytes| @intFromPtr(bytes) else 0;
            var r: usize = 0;
            while (r < rows_count) : (r += lanes) {
                var group: Group = .{
                    .out = step(to, out_stride, r),
                    .strides = .{ out_stride, strides[0], if (row.operands > 1) strides[1] else 0 },
                    .local = @ptrCast(@alignCast(local)),
                    .carry = @ptrCast(@alignCast(carry)),
                    .rows = @min(lanes, rows_count - r),
                };
                inline for (0..row.operands) |k| group.inputs[k] = step(@intFromPtr(inputs[k]), strides[k], r);
                var i: usize = 0;
                if (group.rows == lanes) {
                    while (i + lanes <= columns_count) : (i += lanes) group.down(lanes, true, i, out != null);
                } else {
                    while (i + lanes <= columns_count) : (i += lanes) group.down(lanes, false, i, out != null);
                }
                while (i < columns_count) : (i += 1) group.down(1, false, i, out != null);
            }
        }

        inline fn step(address: usize, stride: isize, steps: usize) usize {
            return address +% @as(usize, @bitCast(stride)) *% steps;
        }

        /// Up to eight rows of some columns.
        const Group = struct {
            out: usize,
            inputs: [2]usize = undefined,
            strides: [3]isize,
            local: [*]A,
            carry: [*]const A,
            rows: usize,

            inline fn load(group: *const Group, comptime width: usize, k: usize, r: usize, i: usize) @Vector(width, A) {
                const source: [*]const T = @ptrFromInt(step(group.inputs[k], group.strides[k + 1], r));
                return widen(width, source[i..][0..width].*);
            }

            inline fn store(group: *const Group, comptime width: usize, r: usize, i: usize, values: @Vector(width, A)) void {
                const target: [*]T = @ptrFromInt(step(group.out, group.strides[0], r));
                target[i..][0..width].* = narrow(width, values);
            }

            inline fn down(group: *const Group, comptime width: usize, comptime whole: bool, i: usize, writes: bool) void {
                @setEvalBranchQuota(100_000);
                const W = @Vector(width, A);
                const slot = group.local[i..][0..width];
                const above: W = if (row.operands == 1) group.carry[i..][0..width].* else undefined;
                if (in_order) {
                    var running: W = slot.*;
                    for (0..group.rows) |r| {
                        if (comptime row.operands > 1) {
                            var environment: expr.Environment(W) = .{ .running = running };
                            inline for (0..row.operands) |k| environment.operands[k] = group.load(width, k, r, i);
                            running = expr.eval(row.step, W, environment);
                            if (writes) group.store(width, r, i, running);
                        } else {
                            running = join(W, running, group.load(width, 0, r, i));
                            if (writes) group.store(width, r, i, join(W, above, running));
                        }
                    }
                    slot.* = running;
                    return;
                }
                var values: [lanes]W = undefined;
                inline for (&values, 0..) |*value, r| {
                    value.* = if (whole or r < group.rows) group.load(width, 0, r, i) else @splat(start);
                }
                comptime var distance = 1;
                inline while (distance < lanes) : (distance *= 2) {
                    inline for (0..lanes) |r| {
                        if (r & distance != 0) values[r] = join(W, values[(r & ~@as(usize, 2 * distance - 1)) + distance - 1], values[r]);
                    }
                }
                const local: W = slot.*;
                inline for (0..lanes) |r| {
                    if (whole or r < group.rows) {
                        const last = if (whole) r == lanes - 1 else r + 1 == group.rows;
                        if (writes or last) {
                            const scanned = join(W, local, values[r]);
                            if (writes) group.store(width, r, i, join(W, above, scanned));
                            if (last) slot.* = scanned;
                        }
                    }
                }
            }
        };

        pub fn joins(running_bytes: *anyopaque, values_bytes: *const anyopaque, count: usize) callconv(.c) void {
            const running: [*]A = @ptrCast(@alignCast(running_bytes));
            const values: [*]const A = @ptrCast(@alignCast(values_bytes));
            for (running[0..count], values[0..count]) |*slot, value| {
                slot.* = joinOne(slot.*, value);
            }
        }
    };
}
