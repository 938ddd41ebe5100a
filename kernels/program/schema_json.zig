//! Parses the rows of instructions in `table.json`, and writes them as JSON again for the manifest.

const std = @import("std");
const table = @import("../rows/table.zig");
const types = @import("instruction_row.zig");
const DType = @import("../numbers/dtype.zig").DType;

const Field = types.Field;
const Row = types.Row;
const View = types.View;
const fail = types.fail;
const indexOf = types.indexOf;

pub fn parse(comptime entry: table.Entry) Row {
    var row: Row = .{
        // The text must be a constant of its own, for type names are made of it.
        .name = "" ++ entry.name,
        .fields = &.{},
        .views = &.{},
        .pure = truth(entry, "pure"),
        .tiled = truth(entry, "tiled"),
        .head = 2,
    };
    const known = [_][]const u8{ "does", "fields", "views", "pure", "tiled" };
    for (table.entries(entry.value)) |one| {
        for (known) |name| {
            if (std.mem.eql(u8, name, one.name)) break;
        } else fail(row, "there is no property \"" ++ one.name ++ "\"");
    }
    _ = property(entry, "does");
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
    const kind = std.meta.stringToEnum(types.Kind, word) orelse
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

/// `ACCESS TYPE... [packed] AXIS... [below FIELD] [times FIELD]`, where an axis is a field of
/// sizes, or `FIELD[COUNT]` for the first so many of them.
fn parseView(comptime row: Row, comptime entry: table.Entry) View {
    const words = wordsOf(row, entry);
    var view: View = .{
        .name = entry.name,
        .member = memberOf(entry.name),
        .access = std.meta.stringToEnum(types.Access, words[0]) orelse
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
        if (std.meta.stringToEnum(DType, word)) |dtype| {
            view.types = view.types ++ .{dtype};
        } else if (std.mem.eql(u8, word, "packed")) {
            view.is_packed = true;
        } else if (std.mem.eql(u8, word, "below") or std.mem.eql(u8, word, "times")) {
            at += 1;
            if (at == words.len) fail(row, "a field must follow \"" ++ word ++ "\"");
            @field(view, word) = indexOf(row, words[at]);
        } else {
            const field, const part = split(word);
            const axes: types.Axes = .{ .field = indexOf(row, field), .part = if (part) |name| indexOf(row, name) else null };
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

/// The text before the bracket and the text in it.
fn split(comptime word: []const u8) struct { []const u8, ?[]const u8 } {
    const open = std.mem.indexOfScalar(u8, word, '[') orelse return .{ word, null };
    return .{ word[0..open], word[open + 1 .. word.len - 1] };
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

/// `inputsCount` as Zig spells it: `inputs_count`.
fn memberOf(comptime name: []const u8) []const u8 {
    var member: []const u8 = "";
    for (name) |letter| {
        member = member ++ if (std.ascii.isUpper(letter)) .{ '_', std.ascii.toLower(letter) } else .{letter};
    }
    return member;
}

/// The rows as JSON.
pub fn textOf(comptime rows: []const Row) []const u8 {
    @setEvalBranchQuota(1_000_000);
    var list: []const u8 = "{";
    for (rows, 0..) |row, i| {
        list = list ++ (if (i == 0) "" else ",") ++ std.fmt.comptimePrint(
            "\"{s}\":{{\"head\":{d},\"pure\":{},\"tiled\":{},\"fields\":{{",
            .{ row.name, row.head, row.pure, row.tiled },
        );
        for (row.fields, 0..) |field, k| list = list ++ (if (k == 0) "" else ",") ++ fieldText(row, field);
        list = list ++ "},\"views\":{";
        for (row.views, 0..) |view, k| list = list ++ (if (k == 0) "" else ",") ++ viewText(row, view);
        list = list ++ "}}";
    }
    return list ++ "}";
}

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
    var list: []const u8 = "\"" ++ view.name ++ "\":{\"access\":\"" ++ @tagName(view.access) ++ "\",\"types\":[";
    for (view.types, 0..) |dtype, k| list = list ++ (if (k == 0) "\"" else ",\"") ++ @tagName(dtype) ++ "\"";
    list = list ++ "],\"packed\":" ++ (if (view.is_packed) "true" else "false") ++ ",\"axes\":[";
    for (view.axes, 0..) |axes, k| {
        list = list ++ (if (k == 0) "[" else ",[") ++ nameText(row, axes.field) ++ "," ++ nameText(row, axes.part) ++ "]";
    }
    return list ++ "],\"below\":" ++ nameText(row, view.below) ++ ",\"times\":" ++ nameText(row, view.times) ++ "}";
}

fn nameText(comptime row: Row, comptime field: ?usize) []const u8 {
    return if (field) |index| "\"" ++ row.fields[index].name ++ "\"" else "null";
}
