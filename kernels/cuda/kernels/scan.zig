//! Scans on the GPU: the elements up to each one along the last axis, joined in a fixed order, so that
//! results repeat.
//!
//! The parts of rows are scanned by a thread each (`ScanThreads`: neighbours have neighbouring rows),
//! or by a block each (`ScanBlock`: a thread joins some neighbouring elements, the threads scan what
//! these join to as the tree of Hillis and Steele, and the next elements go on from there). Where there
//! are few rows these have several parts, in three launches: what each part joins to, a scan of these,
//! and the parts behind what comes before them. Each element is read and written once, in parts read
//! twice: memory is the bound.

const convert = @import("../../program/convert.zig");
const expr = @import("../../rows/expr.zig");
const layout = @import("../../gpu/arguments.zig");
const map = @import("map.zig");
const table = @import("../../rows/table.zig");
const threading = @import("thread.zig");

const Arguments = layout.Scan;
const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;

pub const entries: []const Entry = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Entry = &.{};
    for (convert.Compute, threading.type_names) |T, of| {
        for (table.scan_rows) |row| {
            if (!row.types.has(T)) continue;
            list = list ++ [_]Entry{.{ .name = "scan_" ++ row.name ++ "_" ++ of, .Kernel = ScanThreads(row, T) }};
            if (!row.associates()) continue;
            list = list ++ [_]Entry{.{ .name = "scan_block_" ++ row.name ++ "_" ++ of, .Kernel = ScanBlock(row, T) }};
        }
    }
    break :blk list;
};

/// Elements of a thread that shares a part with its block, and of the block.
pub const each = 4;
pub const tile = each * layout.threads;
/// Elements that a thread alone joins before it joins them to those before.
const stretch = layout.fold_block;

fn Join(comptime row: anytype, comptime T: type) type {
    return struct {
        const start: T = row.start(T);

        inline fn join(running: T, value: T) T {
            return joinTwo(running, value, value);
        }

        inline fn joinTwo(running: T, value: T, other: T) T {
            // The text of functions stands once in a kernel.
            return if (row.slow) @call(.never_inline, joined, .{ running, value, other }) else joined(running, value, other);
        }

        fn joined(running: T, value: T, other: T) T {
            var environment: expr.Environment(T) = .{ .running = running };
            environment.operands[0] = value;
            environment.operands[1] = other;
            return expr.eval(row.step, T, environment);
        }
    };
}

/// A part of a row: the addresses of the row's first elements, and the part's indices.
fn Part(comptime operands: usize) type {
    return struct {
        row: u32,
        number: u32,
        bases: [operands]u64,
        begin: u64,
        end: u64,

        inline fn of(arguments: *const Arguments, item: u32) @This() {
            const number = arguments.rows.quotient(item);
            const row = item -% number *% arguments.rows.size;
            var bases: [operands]u64 = undefined;
            inline for (&bases, 0..) |*base, k| base.* = arguments.addresses[k];
            var rest = row;
            // Axes are stored with the innermost first.
            inline for (0..layout.rank_max) |axis| {
                if (axis < arguments.rank) {
                    const divisor = arguments.divisors[axis];
                    const above = divisor.quotient(rest);
                    const own = rest -% above *% divisor.size;
                    inline for (&bases, 0..) |*base, k| base.* = advance(base.*, arguments.strides[k][axis], own);
                    rest = above;
                }
            }
            const begin = arguments.each * number;
            return .{ .row = row, .number = number, .bases = bases, .begin = begin, .end = @min(arguments.length, begin + arguments.each) };
        }

        inline fn load(part: *const @This(), comptime T: type, arguments: *const Arguments, comptime k: usize, j: u64) T {
            return map.load(T, arguments.dtypes[k], advance(part.bases[k], arguments.along[k], j));
        }

        inline fn store(part: *const @This(), comptime T: type, arguments: *const Arguments, j: u64, value: T) void {
            map.store(T, arguments.dtypes[0], advance(part.bases[0], arguments.along[0], j), value);
        }

        /// Where what this part joins to is carried, part after part and in each the rows.
        inline fn carried(part: *const @This(), comptime T: type, arguments: *const Arguments, number: u32) threading.Global(T) {
            const place = @as(u64, number) * arguments.rows.size + part.row;
            return threading.global(T, arguments.carried + place * @sizeOf(T));
        }

        inline fn before(part: *const @This(), comptime T: type, arguments: *const Arguments, start: T) T {
            if (arguments.totals != 0 or part.number == 0) return start;
            return part.carried(T, arguments, part.number - 1).*;
        }
    };
}

pub fn ScanThreads(comptime row: anytype, comptime T: type) type {
    const Joining = Join(row, T);
    const start = Joining.start;
    return struct {
        pub const Arguments = layout.Scan;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const layout.Scan, thread: Thread, _: anytype, _: anytype) void {
            const item = thread.place();
            if (item >= arguments.items) return;
            const part: Part(row.operands + 1) = .of(arguments, @truncate(item));
            var before = part.before(T, arguments, start);
            var j = part.begin;
            while (j < part.end) {
                if (comptime row.operands > 1) {
                    before = Joining.joinTwo(before, part.load(T, arguments, 1, j), part.load(T, arguments, 2, j));
                    part.store(T, arguments, j, before);
                    j += 1;
                } else {
                    const stop = @min(part.end, j + stretch);
                    var local = start;
                    while (j < stop) : (j += 1) {
                        local = Joining.join(local, part.load(T, arguments, 1, j));
                        if (arguments.totals == 0) part.store(T, arguments, j, Joining.join(before, local));
                    }
                    before = Joining.join(before, local);
                }
            }
            if (arguments.totals != 0) part.carried(T, arguments, part.number).* = before;
        }
    };
}

pub fn ScanBlock(comptime row: anytype, comptime T: type) type {
    const Joining = Join(row, T);
    const start = Joining.start;
    return struct {
        pub const Arguments = layout.Scan;
        pub const Shared = [2][layout.threads]T;
        pub const State = struct { first: u64, before: T, values: [each]T };
        pub const phases = .{begin} ++ .{join} ++ steps ++ .{write} ++ .{finish};
        pub const loop = .{ 1, phases.len - 1 };
        const Pointer = threading.SharedPointer(Shared);
        const Own = Part(2);

        pub inline fn rounds(arguments: *const layout.Scan) u64 {
            return (arguments.each + tile - 1) / tile;
        }

        inline fn begin(arguments: *const layout.Scan, thread: Thread, _: Pointer, state: *State) void {
            const part: Own = .of(arguments, thread.x);
            state.first = part.begin + thread.index * each;
            state.before = part.before(T, arguments, start);
        }

        inline fn join(arguments: *const layout.Scan, thread: Thread, shared: Pointer, state: *State) void {
            const part: Own = .of(arguments, thread.x);
            var local = start;
            inline for (&state.values, 0..) |*value, k| {
                const j = state.first + k;
                if (j < part.end) local = Joining.join(local, part.load(T, arguments, 1, j));
                value.* = local;
            }
            shared[0][thread.index] = local;
        }

        const steps = .{ Step(0).run, Step(1).run, Step(2).run, Step(3).run, Step(4).run, Step(5).run, Step(6).run, Step(7).run };
        comptime {
            if (1 << steps.len != layout.threads or steps.len % 2 != 0) @compileError("the threads end in the first half");
        }

        fn Step(comptime number: u5) type {
            return struct {
                inline fn run(_: *const layout.Scan, thread: Thread, shared: Pointer, _: *State) void {
                    const distance = 1 << number;
                    const from = number % 2;
                    var value = shared[from][thread.index];
                    if (thread.index >= distance) value = Joining.join(shared[from][thread.index - distance], value);
                    shared[1 - from][thread.index] = value;
                }
            };
        }

        inline fn write(arguments: *const layout.Scan, thread: Thread, shared: Pointer, state: *State) void {
            if (arguments.totals == 0) {
                const part: Own = .of(arguments, thread.x);
                inline for (state.values, 0..) |value, k| {
                    const j = state.first + k;
                    if (j < part.end) {
                        const joined = if (thread.index > 0) Joining.join(shared[0][thread.index - 1], value) else value;
                        part.store(T, arguments, j, Joining.join(state.before, joined));
                    }
                }
            }
            state.before = Joining.join(state.before, shared[0][layout.threads - 1]);
            state.first += tile;
        }

        inline fn finish(arguments: *const layout.Scan, thread: Thread, _: Pointer, state: *State) void {
            if (arguments.totals == 0 or thread.index != 0) return;
            const part: Own = .of(arguments, thread.x);
            part.carried(T, arguments, part.number).* = state.before;
        }
    };
}
