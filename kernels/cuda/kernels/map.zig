//! Map and random on the GPU: a thread computes one element, or one vector of elements.
//!
//! Memory bounds a map: every operand is read once, 16 contiguous bytes for each thread where the
//! last axis allows it (`Vector`), else element by element with any strides and types (`Strided`).
//! Both evaluate the row by the code of all devices, so the bits are the same everywhere.

const convert = @import("../../program/convert.zig");
const expr = @import("../../rows/expr.zig");
const layout = @import("../../gpu/arguments.zig");
const philox = @import("../../numbers/philox.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const threading = @import("thread.zig");

const Entry = threading.Entry;
const Thread = threading.Thread;
const advance = threading.advance;
const global = threading.global;

pub const entries: []const Entry = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Entry = &.{};
    for (convert.Compute, type_names) |T, of| {
        for (table.map_rows) |row| {
            if (!row.types.has(T)) continue;
            list = list ++ [_]Entry{
                .{ .name = "vector_" ++ row.name ++ "_" ++ of, .Kernel = Vector(row, T) },
                .{ .name = "strided_" ++ row.name ++ "_" ++ of, .Kernel = Strided(row, T) },
            };
        }
        list = list ++ [_]Entry{.{ .name = "random_" ++ of, .Kernel = Random(@field(program.DType, of)) }};
    }
    break :blk list;
};

const type_names = threading.type_names;

/// Elements of a vector.
pub fn lanes(comptime T: type) comptime_int {
    return 16 / @sizeOf(T);
}

/// An element converted from its type in memory to the compute type. All threads of a launch take
/// the same branch.
pub inline fn load(comptime T: type, code: u8, address: u64) T {
    if (code == comptime codeOf(T)) return global(T, address).*;
    return switch (@as(program.DType, @fromBackingInt(code))) {
        inline else => |dtype| convert.fromStored(dtype, T, global(convert.Stored(dtype), address).*),
    };
}

pub inline fn store(comptime T: type, code: u8, address: u64, value: T) void {
    if (code == comptime codeOf(T)) {
        global(T, address).* = value;
        return;
    }
    switch (@as(program.DType, @fromBackingInt(code))) {
        inline else => |dtype| global(convert.Stored(dtype), address).* = convert.toStored(dtype, T, value),
    }
}

pub fn codeOf(comptime T: type) u8 {
    return @backingInt(@as(program.DType, switch (T) {
        f32 => .float32,
        f64 => .float64,
        i32 => .int32,
        else => unreachable,
    }));
}

pub inline fn scalarsOf(comptime T: type, bits: *const [3]u64) [3]T {
    var scalars: [3]T = undefined;
    inline for (&scalars, 0..) |*scalar, k| {
        scalar.* = @bitCast(@as(@Int(.unsigned, @bitSizeOf(T)), @truncate(bits[k])));
    }
    return scalars;
}

/// A linear index as the number `i` of a row's expression, rounded once.
pub inline fn indexOf(comptime T: type, index: u64) T {
    const low: u32 = @truncate(index);
    if (T == i32) return @bitCast(low);
    return @floatFromInt(if (T == f32) low else index);
}

/// The most axes of the vector kernel: maps with more axes are rare, and run element by element.
pub const vector_rank_max = 3;

/// Addresses of the operands at a linear index.
inline fn addressesAt(comptime n: usize, comptime axes: usize, arguments: anytype, place: u32) [n]u64 {
    var addresses: [n]u64 = undefined;
    inline for (&addresses, 0..) |*address, k| address.* = arguments.addresses[k];
    const rank = arguments.rank;
    var rest = place;
    inline for (1..axes) |steps| {
        if (steps < rank) {
            // Axes are stored with the innermost first, so that no axis is addressed by a run-time
            // variable.
            const divisor = arguments.divisors[steps - 1];
            const above = divisor.quotient(rest);
            const own = rest -% above *% divisor.size;
            inline for (&addresses, 0..) |*address, k| {
                address.* = advance(address.*, arguments.strides[k][steps - 1], own);
            }
            rest = above;
        }
    }
    inline for (1..axes + 1) |last| {
        if (rank == last) inline for (&addresses, 0..) |*address, k| {
            address.* = advance(address.*, arguments.strides[k][last - 1], rest);
        };
    }
    return addresses;
}

/// The index along the last axis.
inline fn placeInLast(arguments: anytype, place: u32) u32 {
    if (arguments.rank < 2) return place;
    const divisor = arguments.divisors[0];
    return place -% divisor.quotient(place) *% divisor.size;
}

/// Maps whose operands all have the compute type (a row to bool may write bytes), and are
/// contiguous and aligned along the last axis, or repeated there. The last axis counts vectors.
pub fn Vector(comptime row: anytype, comptime T: type) type {
    const n = row.operands + 1;
    const width = lanes(T);
    return struct {
        pub const Arguments = layout.Map(n);
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const place_wide = thread.place();
            if (place_wide >= arguments.count) return;
            const place: u32 = @truncate(place_wide);
            const addresses = addressesAt(n, vector_rank_max, arguments, place);
            const begin = @as(u64, place) * width;
            const left = arguments.elements - begin;
            const scalars = scalarsOf(T, &arguments.scalars);
            var operands: [n][width]T = undefined;
            if (left >= width) {
                inline for (1..n) |k| operands[k] = vector(arguments, k, addresses[k]);
            } else {
                inline for (1..n) |k| {
                    const size: u64 = if (arguments.repeated >> k & 1 != 0) 0 else @sizeOf(T);
                    inline for (0..width) |lane| {
                        operands[k][lane] = if (lane < left) global(T, addresses[k] + lane * size).* else 0;
                    }
                }
            }
            const index = if (row.uses_index) @as(u64, placeInLast(arguments, place)) * width else 0;
            var results: [width]T = undefined;
            inline for (&results, 0..) |*result, lane| {
                var environment: expr.Environment(T) = .{ .scalars = scalars };
                inline for (1..n) |k| environment.operands[k - 1] = operands[k][lane];
                if (row.uses_index) environment.index = indexOf(T, arguments.first +% index +% lane);
                result.* = expr.eval(row.tree, T, environment);
            }
            if (row.to_bool and arguments.dtypes[0] == comptime @backingInt(program.DType.bool)) {
                return write(u8, addresses[0], results, left);
            }
            write(T, addresses[0], results, left);
        }

        inline fn vector(arguments: *const Arguments, comptime k: usize, address: u64) [width]T {
            if (arguments.repeated >> k & 1 != 0) return @splat(global(T, address).*);
            return threading.globalSide(width, T, address).*;
        }

        inline fn write(comptime S: type, address: u64, results: [width]T, left: u64) void {
            var out: [width]S = undefined;
            inline for (&out, results) |*element, value| element.* = if (S == T) value else @intFromBool(value != 0);
            if (left >= width) {
                threading.globalSide(width, S, address).* = out;
            } else inline for (out, 0..) |value, lane| {
                if (lane < left) global(S, address + lane * @sizeOf(S)).* = value;
            }
        }
    };
}

/// Maps with any strides and types.
pub fn Strided(comptime row: anytype, comptime T: type) type {
    const n = row.operands + 1;
    return struct {
        pub const Arguments = layout.Map(n);
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const place_wide = thread.place();
            if (place_wide >= arguments.count) return;
            const place: u32 = @truncate(place_wide);
            const addresses = addressesAt(n, layout.rank_max, arguments, place);
            var environment: expr.Environment(T) = .{ .scalars = scalarsOf(T, &arguments.scalars) };
            inline for (1..n) |k| environment.operands[k - 1] = load(T, arguments.dtypes[k], addresses[k]);
            if (row.uses_index) environment.index = indexOf(T, arguments.first +% placeInLast(arguments, place));
            store(T, arguments.dtypes[0], addresses[0], expr.eval(row.tree, T, environment));
        }
    };
}

pub const RandomArguments = extern struct {
    out: u64,
    counter: u64,
    count: u64,
    key: [2]u32,
};

/// Random elements, one Philox block for each thread.
pub fn Random(comptime dtype: program.DType) type {
    const per_thread = if (dtype == .float64) 2 else 4;
    return struct {
        pub const Arguments = RandomArguments;
        pub const Shared = void;
        pub const State = void;
        pub const phases = .{run};
        pub const each = per_thread;

        inline fn run(arguments: *const Arguments, thread: Thread, _: anytype, _: anytype) void {
            const first = thread.place() * per_thread;
            if (first >= arguments.count) return;
            const size = comptime dtype.bytes();
            const out: [*]u8 = @ptrFromInt(arguments.out + first * size);
            const count = @min(per_thread, arguments.count - first);
            const key = arguments.key;
            philox.Philox(1).fill(out, @backingInt(dtype), key[0], key[1], arguments.counter, first, count);
        }
    };
}
