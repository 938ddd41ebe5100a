//! Words that run again and again at one address do what they do the usual way, whatever changes in
//! them.

const std = @import("std");
const border = @import("../lib.zig").border;
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");

const expectEqual = std.testing.expectEqual;

fn rowOf(comptime name: []const u8) f64 {
    inline for (table.map_rows, 0..) |row, number| {
        if (comptime std.mem.eql(u8, row.name, name)) return number;
    }
    unreachable;
}

fn status(value: program.Status) u32 {
    return @backingInt(value);
}

/// Words as they are written, instruction after instruction.
const Words = struct {
    list: [256]f64 align(8) = undefined,
    length: u32 = 0,

    fn put(words: *Words, fields: []const f64) u32 {
        const begin = words.length;
        @memcpy(words.list[begin..][0..fields.len], fields);
        words.length += @intCast(fields.len);
        return begin;
    }

    fn run(words: *const Words, context: u32) u32 {
        return border.run_words(context, std.mem.asBytes(&words.list).ptr, words.length);
    }
};

const count = 8192;
const handles = struct {
    const x = 1;
    const y = 2;
    const out = 3;
    const other = 4;
    const temporary = 9;
};

/// out = (x s + y) y, with x s in a temporary, in a group.
fn build(words: *Words) struct { scale: u32, first: u32, second: u32, result: u32 } {
    _ = words.put(&.{ 3, 2, 1, 4, handles.temporary, 4 * count });
    const scale = words.put(&.{ 5, 18, rowOf("mulScalar"), 0, 1, 1, 3, 0, 0, count });
    _ = words.put(&.{ handles.temporary, 0, 0, 1, handles.x, 0, 0, 1 });
    _ = words.put(&.{ 5, 26, rowOf("mulAdd"), 0, 1, 3, 0, 0, 0, count });
    const result = words.put(&.{ handles.out, 0, 0, 1 });
    _ = words.put(&.{ handles.temporary, 0, 0, 1 });
    const first = words.put(&.{ handles.y, 0, 0, 1 });
    const second = words.put(&.{ handles.y, 0, 0, 1 });
    _ = words.put(&.{ 2, 3, handles.temporary, 4, 2 });
    return .{ .scale = scale + 6, .first = first, .second = second, .result = result };
}

fn fill(context: u32, handle: u32, value: f32) !void {
    var values: [count]f32 = undefined;
    for (&values, 0..) |*element, i| element.* = value + @as(f32, @floatFromInt(i % 7));
    try expectEqual(status(.ok), border.write(context, handle, 0, @ptrCast(&values), 4 * count));
}

fn expectResult(context: u32, handle: u32, x: f32, y: f32, z: f32, scale: f32) !void {
    var values: [count]f32 = undefined;
    try expectEqual(status(.ok), border.read(context, handle, 0, @ptrCast(&values), 4 * count));
    for (values, 0..) |value, i| {
        const more: f32 = @floatFromInt(i % 7);
        try expectEqual((x + more) * scale * (y + more) + (z + more), value);
    }
}

fn open() !u32 {
    const context = border.open("threads 2", 9);
    var words: Words = .{};
    for ([_]u32{ handles.x, handles.y, handles.out, handles.other }) |handle| {
        _ = words.put(&.{ 1, 4, @floatFromInt(handle), 4 * count });
    }
    try expectEqual(status(.ok), words.run(context));
    try fill(context, handles.x, 1);
    try fill(context, handles.y, 2);
    try fill(context, handles.other, 5);
    return context;
}

test "numbers, handles and offsets may change from run to run" {
    const context = try open();
    defer _ = border.close(context);
    var words: Words = .{};
    const places = build(&words);
    for (0..4) |_| {
        try expectEqual(status(.ok), words.run(context));
        try expectResult(context, handles.out, 1, 2, 2, 3);
    }
    try expectEqual(4 * 4 * count, border.memory(context, 0));
    for (0..3) |k| {
        words.list[places.scale] = @floatFromInt(k);
        try expectEqual(status(.ok), words.run(context));
        try expectResult(context, handles.out, 1, 2, 2, @floatFromInt(k));
    }
    // Two views of one storage become views of two, and of one again.
    for ([_]f64{ handles.other, handles.y, handles.other }) |handle| {
        words.list[places.second] = handle;
        for (0..3) |_| {
            try expectEqual(status(.ok), words.run(context));
            try expectResult(context, handles.out, 1, 2, if (handle == handles.y) 2 else 5, 2);
        }
    }
    // The output is an operand.
    words.list[places.result] = handles.other;
    try expectEqual(status(.ok), words.run(context));
    try expectResult(context, handles.other, 1, 2, 5, 2);
    words.list[places.result] = handles.out;
    try fill(context, handles.other, 5);
    // Changes a word that no captured function changes.
    words.list[places.scale - 4] = rowOf("divScalar");
    for (0..3) |_| {
        try expectEqual(status(.ok), words.run(context));
        try expectResult(context, handles.out, 1, 2, 5, 0.5);
    }
    try expectEqual(4 * 4 * count, border.memory(context, 0));
}

test "what went out of range or out of being is refused as ever" {
    const context = try open();
    defer _ = border.close(context);
    var words: Words = .{};
    const places = build(&words);
    for (0..3) |_| try expectEqual(status(.ok), words.run(context));
    for ([_]struct { u32, f64, program.Status }{
        .{ places.first + 2, 1, .range },
        .{ places.first + 2, 1e300, .malformed },
        .{ places.first + 2, -1, .malformed },
        .{ places.first, 77, .stale },
        .{ places.first, std.math.nan(f64), .malformed },
        .{ places.first + 1, 1, .range },
        .{ 5, 1 << 50, .memory },
    }) |case| {
        const before = words.list[case[0]];
        words.list[case[0]] = case[1];
        for (0..3) |_| try expectEqual(status(case[2]), words.run(context));
        words.list[case[0]] = before;
        for (0..3) |_| try expectEqual(status(.ok), words.run(context));
        try expectResult(context, handles.out, 1, 2, 2, 3);
    }
    // Frees the storage, and makes it anew with too few bytes under the same handle.
    var change: Words = .{};
    _ = change.put(&.{ 2, 3, handles.y, 1, 4, handles.y, 4 * count - 4 });
    try expectEqual(status(.ok), change.run(context));
    try expectEqual(status(.range), words.run(context));
    change.list[6] = 4 * count;
    try expectEqual(status(.ok), change.run(context));
    try fill(context, handles.y, 4);
    for (0..3) |_| {
        try expectEqual(status(.ok), words.run(context));
        try expectResult(context, handles.out, 1, 4, 4, 3);
    }
    try expectEqual(status(.ok), border.threads(context, 1));
    try expectEqual(status(.ok), words.run(context));
    try expectResult(context, handles.out, 1, 4, 4, 3);
}

test "more programs than are kept take turns" {
    const context = try open();
    defer _ = border.close(context);
    const list = try std.testing.allocator.alloc(Words, 20);
    defer std.testing.allocator.free(list);
    for (list, 0..) |*words, k| {
        words.* = .{};
        words.list[build(words).scale] = @floatFromInt(k);
    }
    for (0..4) |_| {
        for (list, 0..) |*words, k| {
            try expectEqual(status(.ok), words.run(context));
            try expectResult(context, handles.out, 1, 2, 2, @floatFromInt(k));
        }
    }
    try expectEqual(4 * 4 * count, border.memory(context, 0));
}

test "a group is cut into tiles anew where its views of one storage move apart" {
    const long = 4 * count;
    const context = border.open("threads 2", 9);
    defer _ = border.close(context);
    var words: Words = .{};
    for ([_]f64{ handles.x, handles.y, handles.out }) |handle| _ = words.put(&.{ 1, 4, handle, 4 * 2 * long });
    try expectEqual(status(.ok), words.run(context));
    // y = -x, out = y y: the second map reads the first map's result, or elements further on.
    words = .{};
    _ = words.put(&.{ 3, 2, 5, 18, rowOf("negate"), 0, 1, 1, 0, 0, 0, long });
    _ = words.put(&.{ handles.y, 0, 0, 1, handles.x, 0, 0, 1 });
    _ = words.put(&.{ 5, 18, rowOf("square"), 0, 1, 1, 0, 0, 0, long, handles.out, 0, 0, 1 });
    const offset = words.put(&.{ handles.y, 0, 0, 1, 4, 2 }) + 2;
    const values = try std.testing.allocator.alloc(f32, 2 * long);
    defer std.testing.allocator.free(values);
    for ([_]usize{ 0, 0, 0, 1, 1, 1, long, 7, 0, 0 }) |shift| {
        for ([_]u32{ handles.x, handles.y }, [_]f32{ 3, 5 }) |handle, value| {
            @memset(values, value);
            try expectEqual(status(.ok), border.write(context, handle, 0, @ptrCast(values.ptr), 4 * 2 * long));
        }
        words.list[offset] = @floatFromInt(shift);
        try expectEqual(status(.ok), words.run(context));
        try expectEqual(status(.ok), border.read(context, handles.out, 0, @ptrCast(values.ptr), 4 * long));
        for (values[0..long], shift..) |value, place| {
            try expectEqual(@as(f32, if (place < long) 9 else 25), value);
        }
    }
}
