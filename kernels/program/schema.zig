//! The rows of instructions in `table.json` at compile time: which words an instruction has, which
//! views it takes, and what a group or a kept program may do with it.
//!
//! Everything that goes through words or views without asking what an instruction computes is a loop
//! over these rows: `border/decode.zig`, `cpu/kept.zig`, `Instruction.operand`, the manifest. A row
//! that says something wrong is a compile error that names it. `kernels/instruction.ts` explains the
//! words of a row and reads the same file; the manifest states what was understood here.

const std = @import("std");
const program = @import("program.zig");
const table = @import("../rows/table.zig");

/// What a field's words are.
pub const Kind = enum {
    /// The number of a storage.
    handle,
    bytes,
    /// The number of a row in the table's section that is called like the instruction.
    row,
    compute,
    /// The number of axes.
    rank,
    /// A number of axes, at most as many as the field it names.
    within,
    /// The number of operands that the row names.
    operands,
    /// Three kinds of numbers that may change from run to run: f64, u32 and a whole number below 2^53.
    number,
    key,
    counter,
    /// The length of an axis, an offset, or a bound.
    size,
    /// Row, compute type and a flag of a flat map in one word.
    code,
    /// What remains of the instruction.
    rest,

    /// Whether nothing but a number of the computation depends on the field.
    pub fn isLive(kind: Kind) bool {
        return switch (kind) {
            .number, .key, .counter => true,
            .handle, .bytes, .row, .compute, .rank, .within, .operands, .size, .code, .rest => false,
        };
    }
};

/// How many words a field has: so many, or as many as a field before it says.
pub const Times = union(enum) { fixed: usize, field: usize };

pub const Field = struct {
    /// As `table.json` has it, and as a member of a struct.
    name: []const u8,
    member: []const u8,
    /// The place of its first word in the instruction.
    at: usize,
    kind: Kind,
    times: Times,
    /// The field that a number of axes lies within.
    within: ?usize,
};

/// Some of the axes of a view: those of a field of sizes, or the first of them, as many as `part` says.
pub const Axes = struct { field: usize, part: ?usize };

/// `write` replaces what was there, `update` reads it, too.
pub const Access = enum { read, write, update };

pub const View = struct {
    name: []const u8,
    member: []const u8,
    access: Access,
    /// The element types that it may have; any if there are none.
    types: []const program.DType,
    /// Elements side by side, so that no strides stand in the words.
    is_packed: bool,
    axes: []const Axes,
    /// The field that its elements, which are indices, must lie below.
    below: ?usize,
    /// The field that says how many views of this kind there are; null for one.
    times: ?usize,
};

pub const Row = struct {
    name: []const u8,
    fields: []const Field,
    views: []const View,
    /// The result depends on nothing but the words and the elements that are read.
    pure: bool,
    /// A group may run it tile by tile.
    tiled: bool,
    /// Words before a field of several sizes, which is the last, and before the views.
    head: usize,

    pub fn place(comptime row: Row, comptime name: []const u8) usize {
        return row.field(name).at;
    }

    pub fn field(comptime row: Row, comptime name: []const u8) Field {
        return row.fields[indexOf(row, name)];
    }

    /// Whether a field or a view is called so in Zig.
    pub fn hasMember(comptime row: Row, comptime name: []const u8) bool {
        for (row.fields) |one| if (std.mem.eql(u8, one.member, name)) return true;
        for (row.views) |one| if (std.mem.eql(u8, one.member, name)) return true;
        return false;
    }

    /// Whether a view has an axis of that length.
    pub fn isAxis(comptime row: Row, comptime wanted: Field) bool {
        for (row.views) |view| for (view.axes) |axes| if (row.fields[axes.field].at == wanted.at) return true;
        return false;
    }

    /// Whether it writes what its first view shows.
    pub fn writes(comptime row: Row) bool {
        return row.views.len > 0 and row.views[0].access != .read;
    }
};

pub const rows: []const Row = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Row = &.{};
    for (table.section("instructions")) |entry| list = list ++ .{parse(entry)};
    break :blk list;
};

/// The first word of an instruction: the position of its row, counted from one.
pub const Opcode = blk: {
    var names: [rows.len][]const u8 = undefined;
    var codes: [rows.len]u32 = undefined;
    for (rows, &names, &codes, 1..) |row, *name, *code, number| {
        name.* = row.name;
        code.* = number;
    }
    break :blk @Enum(u32, .exhaustive, &names, &codes);
};

pub fn of(comptime opcode: Opcode) Row {
    return rows[@backingInt(opcode) - 1];
}

/// Where the views of an instruction begin among its words, from those of its fields that are counts.
pub inline fn viewsOf(comptime row: Row, words: []const i64) usize {
    var length = row.head;
    inline for (row.fields) |field| switch (field.times) {
        .fixed => {},
        .field => |count| length += wordAt(row, words, count),
    };
    return length;
}

/// The words of an instruction with views, likewise.
pub inline fn lengthOf(comptime row: Row, words: []const i64) usize {
    comptime std.debug.assert(row.views.len > 0);
    var length = viewsOf(row, words);
    inline for (row.views) |view| {
        var one: usize = 3;
        if (!view.is_packed) inline for (view.axes) |axes| {
            one += switch (row.fields[axes.field].times) {
                .fixed => 1,
                .field => |count| wordAt(row, words, axes.part orelse count),
            };
        };
        length += one * if (view.times) |count| wordAt(row, words, count) else 1;
    }
    return length;
}

inline fn wordAt(comptime row: Row, words: []const i64, comptime field: usize) usize {
    return @intCast(words[row.fields[field].at]);
}

/// The words of the longest instruction that there may be.
pub const length_max: usize = blk: {
    @setEvalBranchQuota(1_000_000);
    var most = 0;
    for (rows) |row| {
        if (row.views.len == 0) continue;
        var words: [row.head]i64 = @splat(0);
        for (row.fields) |field| {
            if (field.at == row.head) continue;
            words[field.at] = switch (field.kind) {
                .rank => program.rank_max - axesBeside(row, field.at),
                .within => words[row.fields[field.within.?].at],
                .operands => program.inputs_max,
                else => 0,
            };
        }
        most = @max(most, lengthOf(row, &words));
    }
    break :blk most;
};

/// The most axes that a view has beside those of a field whose number stands at that place.
pub fn axesBeside(comptime row: Row, comptime rank: usize) usize {
    var most = 0;
    for (row.views) |view| {
        var beside = 0;
        var runs_along = false;
        for (view.axes) |axes| switch (row.fields[axes.field].times) {
            .fixed => beside += 1,
            .field => |count| runs_along = runs_along or row.fields[count].at == rank,
        };
        if (runs_along) most = @max(most, beside);
    }
    return most;
}

/// The default of a struct's member; null if it has none.
pub fn defaultOf(comptime Payload: type, comptime name: []const u8) ?@FieldType(Payload, name) {
    const info = @typeInfo(Payload).@"struct";
    for (info.field_names, 0..) |one, k| {
        if (!std.mem.eql(u8, one, name)) continue;
        return info.field_attrs[k].defaultValue(@FieldType(Payload, name));
    }
    unreachable;
}

fn parse(comptime entry: table.Entry) Row {
    var row: Row = .{
        .name = entry.name,
        .fields = &.{},
        .views = &.{},
        .pure = truth(entry, "pure"),
        .tiled = truth(entry, "tiled"),
        .head = 2,
    };
    var is_last = false;
    for (table.entries(property(entry, "fields"))) |field| {
        if (is_last) fail(row, "\"" ++ field.name ++ "\" comes after a field of as many words as another says");
        row.fields = row.fields ++ .{parseField(row, field)};
        switch (row.fields[row.fields.len - 1].times) {
            .fixed => |count| row.head += count,
            .field => is_last = true,
        }
    }
    for (table.entries(property(entry, "views"))) |view| {
        const before = row.views;
        row.views = before ++ .{parseView(row, view)};
        if (before.len == 0) continue;
        if (row.views[before.len].access != .read) fail(row, "only the first view is written");
        if (before[before.len - 1].times != null) fail(row, "only the last view stands several times");
    }
    return row;
}

/// `KIND`, `KIND[3]`, `KIND[a field before]` or `within FIELD`.
fn parseField(comptime row: Row, comptime entry: table.Entry) Field {
    const words = wordsOf(row, entry);
    const word, const count = split(words[0]);
    const kind = std.meta.stringToEnum(Kind, word) orelse
        fail(row, "\"" ++ word ++ "\" of \"" ++ entry.name ++ "\" is no kind of field");
    const fixed: ?usize = std.fmt.parseInt(usize, count orelse "1", 10) catch null;
    if (words.len != @as(usize, if (kind == .within) 2 else 1)) fail(row, "write \"" ++ entry.name ++ "\" as \"size[rank]\" or \"within rank\"");
    return .{
        .name = entry.name,
        .member = memberOf(entry.name),
        .at = row.head,
        .kind = kind,
        .times = if (kind == .rest)
            .{ .fixed = 0 }
        else if (fixed) |number|
            .{ .fixed = number }
        else
            .{ .field = indexOf(row, count.?) },
        .within = if (kind == .within) indexOf(row, words[1]) else null,
    };
}

/// `ACCESS TYPE... [packed] AXIS... [below FIELD] [times FIELD]`, where an axis is a field of sizes,
/// or `FIELD[COUNT]` for the first so many of them.
fn parseView(comptime row: Row, comptime entry: table.Entry) View {
    const words = wordsOf(row, entry);
    var view: View = .{
        .name = entry.name,
        .member = memberOf(entry.name),
        .access = std.meta.stringToEnum(Access, words[0]) orelse
            fail(row, "\"" ++ entry.name ++ "\" begins with \"read\", \"write\" or \"update\""),
        .types = &.{},
        .is_packed = false,
        .axes = &.{},
        .below = null,
        .times = null,
    };
    var at = 1;
    while (at < words.len) : (at += 1) {
        const word = words[at];
        if (std.meta.stringToEnum(program.DType, word)) |dtype| {
            view.types = view.types ++ .{dtype};
        } else if (std.mem.eql(u8, word, "packed")) {
            view.is_packed = true;
        } else if (std.mem.eql(u8, word, "below") or std.mem.eql(u8, word, "times")) {
            at += 1;
            if (at == words.len) fail(row, "a field must follow \"" ++ word ++ "\"");
            @field(view, word) = indexOf(row, words[at]);
        } else {
            const field, const part = split(word);
            const axes: Axes = .{ .field = indexOf(row, field), .part = if (part) |name| indexOf(row, name) else null };
            if (row.fields[axes.field].kind != .size) fail(row, "\"" ++ field ++ "\" is no size for an axis");
            view.axes = view.axes ++ .{axes};
        }
    }
    return view;
}

fn wordsOf(comptime row: Row, comptime entry: table.Entry) []const []const u8 {
    if (entry.value[0] != '"') fail(row, "write \"" ++ entry.name ++ "\" as a string");
    var list: []const []const u8 = &.{};
    var words = std.mem.tokenizeScalar(u8, entry.value[1 .. entry.value.len - 1], ' ');
    while (words.next()) |word| list = list ++ .{word};
    if (list.len == 0) fail(row, "\"" ++ entry.name ++ "\" says nothing");
    return list;
}

/// What stands before and in brackets.
fn split(comptime word: []const u8) struct { []const u8, ?[]const u8 } {
    const open = std.mem.indexOfScalar(u8, word, '[') orelse return .{ word, null };
    return .{ word[0..open], word[open + 1 .. word.len - 1] };
}

fn indexOf(comptime row: Row, comptime name: []const u8) usize {
    for (row.fields, 0..) |field, index| if (std.mem.eql(u8, field.name, name)) return index;
    fail(row, "there is no field \"" ++ name ++ "\"");
}

fn property(comptime entry: table.Entry, comptime name: []const u8) []const u8 {
    for (table.entries(entry.value)) |one| if (std.mem.eql(u8, one.name, name)) return one.value;
    @compileError("instruction \"" ++ entry.name ++ "\": write \"" ++ name ++ "\"");
}

fn truth(comptime entry: table.Entry, comptime name: []const u8) bool {
    const value = property(entry, name);
    if (!std.mem.eql(u8, value, "true") and !std.mem.eql(u8, value, "false")) {
        @compileError("instruction \"" ++ entry.name ++ "\": write \"" ++ name ++ "\" as true or false");
    }
    return std.mem.eql(u8, value, "true");
}

fn fail(comptime row: Row, comptime message: []const u8) noreturn {
    @compileError("instruction \"" ++ row.name ++ "\": " ++ message);
}

/// `inputsCount` as Zig spells it: `inputs_count`.
fn memberOf(comptime name: []const u8) []const u8 {
    var member: []const u8 = "";
    for (name) |letter| {
        member = member ++ if (std.ascii.isUpper(letter)) .{ '_', std.ascii.toLower(letter) } else .{letter};
    }
    return member;
}

/// The rows as JSON, for the manifest.
pub const text: []const u8 = blk: {
    @setEvalBranchQuota(1_000_000);
    var json: []const u8 = "{";
    for (rows, 0..) |row, i| {
        json = json ++ (if (i == 0) "" else ",") ++ std.fmt.comptimePrint(
            "\"{s}\":{{\"head\":{d},\"pure\":{},\"tiled\":{},\"fields\":{{",
            .{ row.name, row.head, row.pure, row.tiled },
        );
        for (row.fields, 0..) |field, k| json = json ++ (if (k == 0) "" else ",") ++ fieldText(row, field);
        json = json ++ "},\"views\":{";
        for (row.views, 0..) |view, k| json = json ++ (if (k == 0) "" else ",") ++ viewText(row, view);
        json = json ++ "}}";
    }
    break :blk json ++ "}";
};

fn fieldText(comptime row: Row, comptime field: Field) []const u8 {
    return std.fmt.comptimePrint("\"{s}\":{{\"at\":{d},\"kind\":\"{t}\",\"times\":{s},\"within\":{s}}}", .{
        field.name,                  field.at, field.kind,
        switch (field.times) {
            .fixed => |count| std.fmt.comptimePrint("{d}", .{count}),
            .field => |count| nameText(row, count),
        },
        nameText(row, field.within),
    });
}

fn viewText(comptime row: Row, comptime view: View) []const u8 {
    var json: []const u8 = "\"" ++ view.name ++ "\":{\"access\":\"" ++ @tagName(view.access) ++ "\",\"types\":[";
    for (view.types, 0..) |dtype, k| json = json ++ (if (k == 0) "\"" else ",\"") ++ @tagName(dtype) ++ "\"";
    json = json ++ "],\"packed\":" ++ (if (view.is_packed) "true" else "false") ++ ",\"axes\":[";
    for (view.axes, 0..) |axes, k| {
        json = json ++ (if (k == 0) "[" else ",[") ++ nameText(row, axes.field) ++ "," ++ nameText(row, axes.part) ++ "]";
    }
    return json ++ "],\"below\":" ++ nameText(row, view.below) ++ ",\"times\":" ++ nameText(row, view.times) ++ "}";
}

fn nameText(comptime row: Row, comptime field: ?usize) []const u8 {
    return if (field) |index| "\"" ++ row.fields[index].name ++ "\"" else "null";
}

test "a row says where its words stand" {
    const expectEqual = std.testing.expectEqual;
    const fold = comptime of(.fold);
    try expectEqual(6, @backingInt(Opcode.fold));
    try expectEqual(10, comptime fold.place("shape"));
    try expectEqual(10, fold.head);
    // rank 3, of which 2 are kept, 1 operand.
    try expectEqual(10 + 3 + 5 + 6, lengthOf(fold, &.{ 6, 0, 0, 0, 3, 2, 1 }));
    try expectEqual(22, lengthOf(comptime of(.gather), &.{}));
    try expectEqual(9, lengthOf(comptime of(.random), &.{}));
    try expectEqual(2, comptime axesBeside(of(.matmul), of(.matmul).place("batchRank")));
    try expectEqual(.update, of(.scatter).views[0].access);
}
