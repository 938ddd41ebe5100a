//! What the tests of the skeletons share: storages full of numbers, views of every kind that a
//! program can make over them, and access to them element by element.
//!
//! The tests themselves are in `skeletons/`: `map_test.zig`, `fold_test.zig` and others, each
//! against plain loops.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const convert = @import("../program/convert.zig");
const cpu = @import("engine.zig");
const program = @import("../program/program.zig");

pub const DType = program.DType;
pub const View = program.View;
const rank_max = program.rank_max;
const padding = 64 * 8;

pub const Layout = enum { dense, transposed, reversed, broadcast, any };

/// The memory for every storage of a case, and the numbers that fill it.
pub const Bench = struct {
    arena: std.heap.ArenaAllocator,
    random: std.Random.DefaultPrng,
    storages: std.ArrayList([]align(64) u8) = .empty,
    /// Whether some of the floats are NaN, infinite or a zero of either sign.
    special: bool = false,

    pub fn init(seed: u64) Bench {
        return .{ .arena = .init(std.testing.allocator), .random = .init(seed) };
    }

    pub fn deinit(bench: *Bench) void {
        bench.arena.deinit();
    }

    /// Forgets all storages.
    pub fn reset(bench: *Bench) void {
        bench.storages = .empty;
        _ = bench.arena.reset(.retain_capacity);
    }

    pub fn below(bench: *Bench, bound: usize) usize {
        return bench.random.random().uintLessThan(usize, bound);
    }

    pub fn pick(bench: *Bench, comptime Enum: type) Enum {
        return bench.random.random().enumValue(Enum);
    }

    /// A dtype to load from or store to: most often the compute type itself.
    pub fn dtypeNear(bench: *Bench, compute: DType) DType {
        return if (bench.below(3) != 0) compute else bench.pick(DType);
    }

    /// A fresh storage with one view of that shape over it; `layout` says in which order the view's
    /// axes lie, with which gaps, and in which direction.
    pub fn view(bench: *Bench, dtype: DType, shape: []const usize, layout: Layout) !View {
        var result: View = undefined;
        result.dtype = dtype;
        var order: [rank_max]usize = undefined;
        for (order[0..shape.len], 0..) |*axis, i| axis.* = shape.len - 1 - i;
        if (layout == .transposed) std.mem.reverse(usize, order[0..shape.len]);
        if (layout == .any) bench.random.random().shuffle(usize, order[0..shape.len]);
        var pitch: isize = if (layout == .any) @intCast(1 + bench.below(2)) else 1;
        var low: isize = if (layout == .any) @intCast(bench.below(3)) else 0;
        for (order[0..shape.len]) |axis| {
            const size: isize = @intCast(shape[axis]);
            var stride = pitch;
            if (layout == .broadcast and bench.below(2) == 0) stride = 0;
            if (layout == .reversed or (layout == .any and bench.below(4) == 0)) stride = -stride;
            result.strides[axis] = stride;
            if (stride < 0 and size > 0) low += -stride * (size - 1);
            if (stride != 0) pitch *= @max(size, 1);
            if (layout == .any and bench.below(4) == 0) pitch += 1;
        }
        const storage = try bench.allocate(dtype, @intCast(pitch + low));
        result.handle = @intCast(bench.storages.items.len);
        result.data = storage.ptr + @as(usize, @intCast(low)) * dtype.bytes();
        return result;
    }

    /// A view of other strides and another offset over the same storage.
    pub fn alias(bench: *const Bench, of: *const View, offset: usize, strides: []const isize) View {
        var result = of.*;
        result.data = bench.storages.items[of.handle - 1].ptr + offset * of.dtype.bytes();
        @memcpy(result.strides[0..strides.len], strides);
        return result;
    }

    /// Fills the elements, and the padding behind them, which kernels may read, with values that
    /// would spoil any result.
    fn allocate(bench: *Bench, dtype: DType, count: usize) ![]align(64) u8 {
        const allocator = bench.arena.allocator();
        const bytes = count * dtype.bytes();
        const result = try allocator.alignedAlloc(u8, .@"64", bytes + padding);
        bench.fill(dtype, result[0..bytes]);
        @memset(result[bytes..], 0xff);
        try bench.storages.append(allocator, result);
        return result;
    }

    pub fn fill(bench: *Bench, dtype: DType, bytes: []align(64) u8) void {
        const random = bench.random.random();
        for (0..bytes.len / dtype.bytes()) |i| {
            const number = if (bench.special and bench.below(16) == 0)
                specials[bench.below(specials.len)]
            else
                random.floatNorm(f64) * 3;
            switch (dtype) {
                .float32 => @as([*]f32, @ptrCast(bytes.ptr))[i] = @floatCast(number),
                .float64 => @as([*]f64, @ptrCast(bytes.ptr))[i] = number,
                .int32 => @as([*]i32, @ptrCast(bytes.ptr))[i] = convert.convert(i32, number),
                .uint8 => bytes[i] = random.int(u8),
                .bool => bytes[i] = random.uintLessThan(u8, 2),
                inline .float16, .bfloat16 => |known| {
                    @as([*]u16, @ptrCast(bytes.ptr))[i] = convert.toStored(known, f64, number);
                },
            }
        }
    }

    const specials = [_]f64{ std.math.nan(f64), std.math.inf(f64), -std.math.inf(f64), 0.0, -0.0 };

    /// The storage of a view as it is now.
    pub fn snapshot(bench: *Bench, of: *const View) ![]align(64) u8 {
        const source = bench.storages.items[of.handle - 1];
        const result = try bench.arena.allocator().alignedAlloc(u8, .@"64", source.len);
        @memcpy(result, source);
        return result;
    }

    /// Checks that nothing but the view's own elements has changed since.
    pub fn expectUntouched(
        bench: *Bench,
        before: []const u8,
        of: *const View,
        shape: []const usize,
    ) !void {
        const now = bench.storages.items[of.handle - 1];
        const own = try bench.arena.allocator().alloc(bool, now.len);
        @memset(own, false);
        for (0..axes_module.product(shape)) |i| {
            const place = at(of, offsetOf(of, shape, i)) - now.ptr;
            @memset(own[place..][0..of.dtype.bytes()], true);
        }
        for (now, before, own, 0..) |new, old, mine, i| {
            if (mine or new == old) continue;
            std.debug.print("byte {d} of {d} was changed\n", .{ i, now.len });
            return error.Touched;
        }
    }
};

/// An engine must not move: `var engine: Engine = undefined; try engine.init(...)`.
pub fn open(engine: *cpu.Engine, threads: usize) !void {
    var message: program.Message = .{};
    try engine.init(std.testing.allocator, &.{ .threads = @intCast(threads) }, &message);
}

/// The element at that linear index, in elements from the view's data.
pub fn offsetOf(view: *const View, shape: []const usize, linear: usize) isize {
    var rest = linear;
    var offset: isize = 0;
    var axis = shape.len;
    while (axis > 0) {
        axis -= 1;
        offset += view.strides[axis] * @as(isize, @intCast(rest % shape[axis]));
        rest /= shape[axis];
    }
    return offset;
}

fn at(view: *const View, offset: isize) [*]u8 {
    const bytes: isize = @intCast(view.dtype.bytes());
    return @ptrFromInt(axes_module.advance(@intFromPtr(view.data), offset * bytes, 1));
}

pub fn get(comptime T: type, view: *const View, offset: isize) T {
    const bytes = at(view, offset);
    return switch (view.dtype) {
        .float32 => convert.convert(T, @as(*f32, @ptrCast(@alignCast(bytes))).*),
        .float64 => convert.convert(T, @as(*f64, @ptrCast(@alignCast(bytes))).*),
        .int32 => convert.convert(T, @as(*i32, @ptrCast(@alignCast(bytes))).*),
        .uint8 => convert.convert(T, bytes[0]),
        .bool => if (bytes[0] != 0) 1 else 0,
        inline .float16, .bfloat16 => |known| convert.fromStored(known, T, @as(*u16, @ptrCast(@alignCast(bytes))).*),
    };
}

pub fn put(comptime T: type, view: *const View, offset: isize, value: T) void {
    const bytes = at(view, offset);
    switch (view.dtype) {
        .float32 => @as(*f32, @ptrCast(@alignCast(bytes))).* = convert.convert(f32, value),
        .float64 => @as(*f64, @ptrCast(@alignCast(bytes))).* = convert.convert(f64, value),
        .int32 => @as(*i32, @ptrCast(@alignCast(bytes))).* = convert.convert(i32, value),
        .uint8 => bytes[0] = convert.convert(u8, value),
        .bool => bytes[0] = @intFromBool(value != 0),
        inline .float16, .bfloat16 => |known| {
            @as(*u16, @ptrCast(@alignCast(bytes))).* = convert.toStored(known, T, value);
        },
    }
}

/// Reads the element at the linear index.
pub fn element(view: *const View, shape: []const usize, linear: usize) f64 {
    return get(f64, view, offsetOf(view, shape, linear));
}

/// Whether two values are equal bit by bit, any NaN being equal to any other.
pub fn same(x: f64, y: f64) bool {
    return @as(u64, @bitCast(x)) == @as(u64, @bitCast(y)) or (x != x and y != y);
}

/// Checks that both views hold the same values; `what` names the case where they differ.
pub fn expectSame(want: *const View, got: *const View, shape: []const usize, what: anytype) !void {
    for (0..axes_module.product(shape)) |i| {
        const x = element(want, shape, i);
        const y = element(got, shape, i);
        if (same(x, y)) continue;
        std.debug.print("{any}: want {d}, got {d} at {d} of {any}\n", .{ what, x, y, i, shape });
        return error.Different;
    }
}

pub fn rowNamed(comptime list: anytype, comptime name: []const u8) u16 {
    comptime {
        for (list, 0..) |row, i| if (std.mem.eql(u8, row.name, name)) return i;
        @compileError("there is no row " ++ name);
    }
}
