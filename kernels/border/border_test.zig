//! The border as a hostile caller sees it: nothing here may trap, whatever the words.

const std = @import("std");
const border = @import("../lib.zig").border;
const program = @import("../program/program.zig");
const schema = @import("../program/schema.zig");
const table = @import("../rows/table.zig");

const expectEqual = std.testing.expectEqual;

fn code(opcode: program.Opcode) f64 {
    return @floatFromInt(@backingInt(opcode));
}

fn status(value: program.Status) u32 {
    return @backingInt(value);
}

test "numbers of contexts that do not exist, or no longer, are refused" {
    var byte: [8]u8 align(8) = undefined;
    const context = border.open("", 0);
    try std.testing.expect(context != 0);
    try expectEqual(status(.ok), border.close(context));
    for ([_]u32{ 0, 1, 64, 65, 255, context, context + 256, 0xffff_ffff }) |number| {
        try expectEqual(status(.context), border.run(number, 0));
        try expectEqual(status(.context), border.attach(number, &byte, 1));
        try expectEqual(status(.context), border.write(number, 1, 0, &byte, 1));
        try expectEqual(status(.context), border.read(number, 1, 0, &byte, 1));
        try expectEqual(status(.context), border.threads(number, 2));
        try expectEqual(status(.context), border.close(number));
        try expectEqual(-1, border.memory(number, 0));
    }
    try expectEqual(0, border.open("level x86_64_v9", 15));
}

test "offsets and lengths are compared with the storage" {
    var words: [8]f64 align(8) = .{ 1, 4, 7, 100, 0, 0, 0, 0 };
    var bytes: [200]u8 = undefined;
    const context = border.open("", 0);
    defer _ = border.close(context);
    try expectEqual(status(.malformed), border.run(context, 1));
    try expectEqual(status(.range), border.attach(context, std.mem.asBytes(&words).ptr, 0));
    try expectEqual(status(.ok), border.attach(context, std.mem.asBytes(&words).ptr, words.len));
    try expectEqual(status(.malformed), border.run(context, 9));
    try expectEqual(status(.ok), border.run(context, 4));
    try expectEqual(status(.stale), border.run(context, 4));
    const nan = std.math.nan(f64);
    for ([_]f64{ -1, 1, 0.5, nan, 1e300, -1e300, 101 }) |offset| {
        try expectEqual(status(.range), border.write(context, 7, offset, &bytes, 100));
        try expectEqual(status(.range), border.read(context, 7, offset, &bytes, 100));
    }
    try expectEqual(status(.range), border.write(context, 7, 0, &bytes, 101));
    try expectEqual(status(.ok), border.write(context, 7, 100, &bytes, 0));
    try expectEqual(status(.ok), border.write(context, 7, 0, &bytes, 100));
    for ([_]u32{ 0, 6, 8, 7 + (1 << 20), 0xffff_ffff }) |handle| {
        try expectEqual(status(.stale), border.write(context, handle, 0, &bytes, 1));
    }
    try expectEqual(100, border.memory(context, 0));
}

test "a product of no terms has any strides" {
    // By the operands' strides the last item begins at 2^63 elements.
    const items = (1 << 23) + 1;
    const words = [_]f64{
        1, 4, 1, 64, 1, 4, 2,       64, code(.matmul), 26, 0, 1, 1,          1, 0, items, 1, 0, 0,
        0, 1, 1, 2,  0, 0, 1 << 40, 1,  1,             2,  0, 0, -(1 << 40), 1, 1,
    };
    const ones: [16]f32 = @splat(1);
    var value: [1]f32 = undefined;
    const context = border.open("threads 2", 9);
    defer _ = border.close(context);
    for ([_]u32{ 8, 26 }, [_]usize{ 0, 8 }) |count, first| {
        try expectEqual(status(.ok), border.run_words(context, std.mem.sliceAsBytes(words[first..]).ptr, count));
        if (first == 0) try expectEqual(status(.ok), border.write(context, 1, 0, std.mem.asBytes(&ones), 64));
    }
    try expectEqual(status(.ok), border.read(context, 1, 0, std.mem.asBytes(&value), 4));
    try expectEqual(0, value[0]);
}

test "nothing is read of a storage that there was no memory for" {
    const run = struct {
        fn run(context: u32, words: []const f64) u32 {
            return border.run_words(context, std.mem.sliceAsBytes(words).ptr, @intCast(words.len));
        }
    }.run;
    const context = border.open("", 0);
    defer _ = border.close(context);
    // The handle of storage 1 is taken, though the storage has no bytes; storage 2 has room for
    // results.
    try expectEqual(status(.memory), run(context, &.{ 1, 4, 1, 1 << 50 }));
    try expectEqual(status(.ok), run(context, &.{ 1, 4, 2, 64 }));
    for ([_]f64{ 0, 1, 6 }) |dtype| {
        const fold = [_]f64{ 6, 21, 0, 0, 2, 1, 1, 0, 0, 0, 4, 0, 2, 0, 0, 1, 1, dtype, 0, 0, 0 };
        const arg = [_]f64{ 7, 17, 0, 0, 2, 1, 4, 0, 2, 2, 0, 1, 1, dtype, 0, 0, 0 };
        for ([_][]const f64{ &fold, &arg }) |words| try expectEqual(status(.ok), run(context, words));
    }
    const product = [_]f64{ code(.matmul), 22, 0, 0, 2, 2, 0, 2, 0, 0, 2, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
    try expectEqual(status(.ok), run(context, &product));
}

fn runWords(context: u32, words: []align(8) const f64) u32 {
    return border.run_words(context, std.mem.sliceAsBytes(words).ptr, @intCast(words.len));
}

test "element types are compared before a product is measured for panels, at each run" {
    const size = 64;
    const context = border.open("threads 2", 9);
    defer _ = border.close(context);
    const create align(8) = [_]f64{ 1, 4, 1, 8 * size * size, 1, 4, 2, 8 * size * size, 1, 4, 3, 8 * size * size };
    try expectEqual(status(.ok), runWords(context, &create));
    for ([_]f64{ 0, 1, 2 }) |compute| for ([_]f64{ 0, 1, 2, 3, 4, 5, 6 }) |a| for ([_]f64{ 0, 1, 2, 3, 4, 5, 6 }) |b| {
        // The right operand is transposed, so that it would get panels. A storage of single bytes
        // would be too short for the compute type.
        const words align(8) = [_]f64{ code(.matmul), 22, compute, 0, size, size, size } ++
            [_]f64{ 3, a, 0, size, 1 } ++ [_]f64{ 1, a, 0, size, 1 } ++ [_]f64{ 2, b, 0, 1, size };
        const halves = compute == 0 and (a == 0 or a > 4) and (b == 0 or b > 4);
        const want: program.Status = if ((a == compute and b == compute) or halves) .ok else .unsupported;
        for (0..4) |_| try expectEqual(status(want), runWords(context, &words));
    };
    for ([_]program.Opcode{ .gather, .scatter }) |opcode| {
        const views = [_]f64{ 1, 1, 1, 1, 3, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 2, 2, 0, 0, 1, 0 };
        const gathers align(8) = [_]f64{ code(.gather), 24 } ++ views;
        const scatters align(8) = [_]f64{ code(.scatter), 25, 0 } ++ views;
        const words: []align(8) const f64 = if (opcode == .gather) &gathers else &scatters;
        for (0..4) |_| try expectEqual(status(.unsupported), runWords(context, words));
    }
}

test "flat maps that come again are run the usual way" {
    const context = border.open("", 0);
    defer _ = border.close(context);
    // Shorter than the map that they are read into: a fill at the very end of the words.
    const words align(8) = [_]f64{ 1, 4, 1, 4, code(.flat), 7, 0, 1, 1, 0, 0.5, 2, 3, 1 } ++ [_]f64{ 1, 4, 2, 4, code(.flat), 7, 0, 1, 2, 0, 0.5 };
    const forget align(8) = [_]f64{ 2, 3, 2 };
    for (0..5) |_| {
        try expectEqual(status(.ok), runWords(context, &words));
        try expectEqual(4, border.memory(context, 0));
        try expectEqual(status(.ok), runWords(context, &forget));
    }
}

test "a handle that was freed in a group is taken again only after the group" {
    const context = border.open("", 0);
    defer _ = border.close(context);
    const fill = [_]f64{ code(.flat), 7, 0, 1, 1, 0, 0.5 };
    const add = [_]f64{ code(.flat), 10, 8 * @as(f64, comptime table.mapNumber("add")), 1, 2, 0, 1, 0, 1, 0 };
    const make = [_]f64{ 1, 4, 1, 4 };
    const free = [_]f64{ 2, 3, 1 };
    const again align(8) = [_]f64{ 3, 2 } ++ make ++ fill ++ free ++ make ++ fill ++ [_]f64{ 4, 2 };
    try expectEqual(status(.stale), runWords(context, &again));
    // Neither allocation is left: the first was freed, the second refused.
    try expectEqual(0, border.memory(context, 0));
    const older align(8) = make ++ [_]f64{ 3, 2 } ++ fill ++ free ++ make ++ [_]f64{ 4, 2 };
    try expectEqual(status(.stale), runWords(context, &older));
    // Another generation of the handle is another handle, and the same one may come in the next
    // group.
    const next = 1 + (1 << 20);
    const result = [_]f64{ 1, 4, 2, 4 };
    const fine align(8) = result ++ [_]f64{ 3, 2 } ++ make ++ fill ++ free ++ [_]f64{ 1, 4, next, 4, code(.flat), 7, 0, 1, next, 0, 2.5 } ++
        [_]f64{ 2, 3, next, 4, 2, 3, 2 } ++ make ++ fill ++ add ++ free ++ [_]f64{ 4, 2 };
    try expectEqual(status(.ok), runWords(context, &fine));
    var value: [1]f32 = undefined;
    try expectEqual(status(.ok), border.read(context, 2, 0, std.mem.asBytes(&value), 4));
    try expectEqual(1, value[0]);
}

test "a flat map makes its output, even where something failed before it" {
    const check = [_]f64{ code(.check), 12, 1, 1, 0, 1, 1, 2, 0, 0, 1, 0 };
    const flat = [_]f64{ code(.flat), 7, 4, 25, 9, 0, 0.5 };
    var words: [20]f64 align(8) = undefined;
    const context = border.open("", 0);
    defer _ = border.close(context);
    try expectEqual(status(.ok), border.attach(context, std.mem.asBytes(&words).ptr, words.len));
    words[0..7].* = flat;
    try expectEqual(status(.ok), border.run(context, 7));
    try expectEqual(100, border.memory(context, 0));
    try expectEqual(status(.stale), border.run(context, 7));
    var values: [25]f32 = undefined;
    try expectEqual(status(.ok), border.read(context, 9, 0, @ptrCast(&values), 100));
    for (values) |value| try expectEqual(0.5, value);
    words[0..3].* = .{ 2, 3, 9 };
    try expectEqual(status(.ok), border.run(context, 3));
    // There is no storage 1 to check.
    words[0..12].* = check;
    words[12..19].* = flat;
    try expectEqual(status(.stale), border.run(context, 19));
    try expectEqual(100, border.memory(context, 0));
    // The storage is larger than the memory there is: the handle is taken all the same.
    words[0..7].* = flat;
    words[3] = 1 << 50;
    words[4] = 10;
    try expectEqual(status(.memory), border.run(context, 7));
    words[0..4].* = .{ 2, 4, 9, 10 };
    try expectEqual(status(.ok), border.run(context, 4));
    try expectEqual(0, border.memory(context, 0));
}

test "lengths count together only where one array has them" {
    const places = 2048;
    const length = 1 << 30;
    var words: [64]f64 align(8) = undefined;
    const context = border.open("", 0);
    defer _ = border.close(context);
    try expectEqual(status(.ok), border.attach(context, std.mem.asBytes(&words).ptr, words.len));
    // A source of one element and one index, both repeated by strides of 0; length times count
    // exceeds all sizes.
    words[0..12].* = .{ code(.alloc), 4, 1, 4, code(.alloc), 4, 2, 4, code(.alloc), 4, 3, 4 * places };
    try expectEqual(status(.ok), border.run(context, 12));
    var values: [places]f32 = @splat(2.5);
    try expectEqual(status(.ok), border.write(context, 1, 0, std.mem.asBytes(&values).ptr, 4));
    try expectEqual(status(.ok), border.write(context, 2, 0, &.{ 0, 0, 0, 0 }, 4));
    const gather = .{ code(.gather), 24, 1, places, length, 1, 3, 0, 0, places, 1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0 };
    words[0..24].* = gather;
    try expectEqual(status(.ok), border.run(context, 24));
    try expectEqual(status(.ok), border.read(context, 3, 0, std.mem.asBytes(&values).ptr, 4 * places));
    for (values) |value| try expectEqual(2.5, value);
    words[0..24].* = gather;
    words[4] = 1 << 40;
    words[5] = 2;
    words[11] = 0;
    try expectEqual(status(.range), border.run(context, 24));
    try expectMessage(context, "Cannot gather: shape [1, 1099511627776, 2] has more than 1099511627776 elements");
    const product = .{ code(.matmul), 22, 0, 0, 1, 3, 1 << 39, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
    words[0..22].* = product;
    try expectEqual(status(.range), border.run(context, 22));
    try expectMessage(context, "Cannot matmul: shape [549755813888, 3] has more than 1099511627776 elements");
    words[0..22].* = product;
    words[4] = 1 << 41;
    try expectEqual(status(.range), border.run(context, 22));
    try expectMessage(context, "Cannot matmul: an axis of 2199023255552 elements is longer than 1099511627776");
    words[0..20].* = .{ 6, 20, 0, 0, 2, 0, 1, 0, 0, 0, 1 << 30, 1 << 11, 3, 0, 0, 1, 0, 0, 0, 0 };
    try expectEqual(status(.range), border.run(context, 20));
    try expectMessage(context, "Cannot sum: shape [1073741824, 2048] has more than 1099511627776 elements");
    // The place of the best element is an int32.
    words[0..14].* = .{ 7, 14, 0, 0, 1, 0, 1 << 31, 3, 2, 0, 1, 0, 0, 0 };
    try expectEqual(status(.range), border.run(context, 14));
    try expectMessage(context, "Cannot argmax: the place of one element among 2147483648 does not fit an int32; wanted at most 2147483647");
}

fn expectMessage(context: u32, want: []const u8) !void {
    var text: [256]u8 = undefined;
    const length = border.@"error"(context, &text, text.len);
    try std.testing.expectEqualStrings(want, text[0..length]);
}

test "a failed list frees what it may without running the rest" {
    // A map into a storage that stays, then more frees than may wait, the first of which fails.
    const context = border.open("", 0);
    defer _ = border.close(context);
    var words: [2048]f64 align(8) = undefined;
    var length: usize = 0;
    const first = 10;
    const last = first + 300;
    for (first..last) |handle| {
        words[length..][0..4].* = .{ 1, 4, @floatFromInt(handle), 8 };
        length += 4;
    }
    const bytes = std.mem.asBytes(&words).ptr;
    try expectEqual(status(.ok), border.run_words(context, bytes, @intCast(length)));
    var zeros: [2]f32 = @splat(0);
    try expectEqual(status(.ok), border.write(context, last - 1, 0, std.mem.asBytes(&zeros), 8));
    const fill = [_]f64{ 5, 13, 0, 0, 1, 0, 7, 0, 0, 2, last - 1, 0, 0 } ++ .{1};
    length = 0;
    words[0..2].* = .{ 3, 2 };
    words[2..16].* = fill;
    words[3] = fill.len;
    // There is no storage 1 to free.
    words[16..19].* = .{ 2, 3, 1 };
    words[19..21].* = .{ 2, 2 + last - first - 1 };
    for (first..last - 1, words[21..][0 .. last - first - 1]) |handle, *word| word.* = @floatFromInt(handle);
    try expectEqual(status(.stale), border.run_words(context, bytes, 21 + last - first - 1));
    try expectEqual(status(.ok), border.read(context, last - 1, 0, std.mem.asBytes(&zeros), 8));
    try expectEqual(0, zeros[0]);
    try expectEqual(8, border.memory(context, 0));
}

test "random words never trap, and what they leave can be freed" {
    var prng: std.Random.DefaultPrng = .init(11);
    const random = prng.random();
    var words: [64]f64 align(8) = undefined;
    const context = border.open("threads 2", 9);
    defer _ = border.close(context);
    try expectEqual(status(.ok), border.attach(context, std.mem.asBytes(&words).ptr, words.len));
    const strange = [_]f64{ std.math.nan(f64), std.math.inf(f64), -std.math.inf(f64), -1, 0.5, 1e18, -1e18, 1 << 53, 1 << 40, 1 << 32, 1 << 20 };
    var ran: usize = 0;
    for (0..200_000) |_| {
        // Instructions consist of small whole numbers, so most random words are such.
        for (&words) |*word| word.* = if (random.uintLessThan(u8, 40) == 0)
            strange[random.uintLessThan(usize, strange.len)]
        else
            @floatFromInt(random.uintLessThan(u8, 5));
        const length = random.intRangeAtMost(u32, 3, 40);
        words[0] = @floatFromInt(random.intRangeAtMost(u8, 1, schema.rows.len));
        words[1] = @floatFromInt(length);
        if (words[0] == comptime code(.alloc)) words[3] = @floatFromInt(random.uintLessThan(u16, 300));
        if (words[0] == comptime code(.flat)) {
            words[2] = @floatFromInt(random.uintLessThan(u16, 8 * 70));
            // A flat map that makes its output may get all the memory it asks for, and fills that
            // memory.
            if (words[3] > 300) words[3] = @floatFromInt(random.uintLessThan(u16, 300));
        }
        // Most instructions have the length that their fields ask for; the others fail early.
        if (random.boolean()) words[1] = @floatFromInt(lengthOf(&words) orelse length);
        const count: u32 = @intFromFloat(@min(words[1], words.len));
        if (border.run(context, count) == status(.ok)) ran += 1;
    }
    try std.testing.expect(ran > 1000);
}

/// The length that the instruction's fields ask for, where the fields can be understood.
fn lengthOf(words: []const f64) ?u32 {
    var wholes: [16]i64 = undefined;
    for (&wholes, words[0..wholes.len]) |*whole, word| whole.* = if (word >= 0 and word < 9) @trunc(word) else 9;
    switch (@as(program.Opcode, @fromBackingInt(@as(u32, @trunc(words[0]))))) {
        .free => return 3,
        .flat => {
            if (words[2] >= 8 * table.map_rows.len) return null;
            const row = @as(usize, @trunc(words[2])) / 8;
            inline for (table.map_rows, 0..) |one, number| {
                if (row == number) return @intCast(schema.of(.flat).head + 2 * one.operands + one.scalars);
            }
            unreachable;
        },
        inline else => |opcode| {
            const row = comptime schema.of(opcode);
            return @intCast(if (row.views.len == 0) row.head else schema.lengthOf(row, &wholes));
        },
    }
}
