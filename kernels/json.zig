//! `table.json` at compile time: its sections as entries of text, and the hash by which both sides of
//! the border check that they have the same table.

const std = @import("std");

const text = minify(@embedFile("table.json"));

/// FNV-1a over the bytes of `JSON.stringify(table)`.
pub const hash: u32 = blk: {
    @setEvalBranchQuota(1_000_000);
    break :blk std.hash.Fnv1a_32.hash(text);
};

/// A key of a JSON object and its value as text: a string with quotes, a number or an object.
pub const Entry = struct { name: []const u8, value: []const u8 };

/// The rows of one section of the table.
pub fn section(comptime name: []const u8) []const Entry {
    for (entries(text)) |entry| {
        if (std.mem.eql(u8, entry.name, name)) return entries(entry.value);
    }
    @compileError("table.json: write an object \"" ++ name ++ "\"");
}

/// The entries of a minified object that contains only what the table uses: strings without
/// escapes, numbers and objects.
pub fn entries(comptime object: []const u8) []const Entry {
    if (object[0] != '{') @compileError("table.json: write an object instead of " ++ object);
    var list: []const Entry = &.{};
    var at = 1;
    while (object[at] != '}') {
        if (object[at] == ',') at += 1;
        const name_end = skip(object, at);
        const value_end = skip(object, name_end + 1);
        if (object[at] != '"' or object[name_end] != ':') {
            @compileError("table.json: write \"name\": value instead of " ++ object[at..value_end]);
        }
        list = list ++ .{Entry{
            .name = object[at + 1 .. name_end - 1],
            .value = object[name_end + 1 .. value_end],
        }};
        at = value_end;
    }
    return list;
}

/// The end of the value that begins at `begin`.
fn skip(comptime json: []const u8, comptime begin: usize) usize {
    var at = begin;
    var depth = 0;
    while (at < json.len) : (at += 1) switch (json[at]) {
        '"' => {
            at = std.mem.indexOfScalarPos(u8, json, at + 1, '"') orelse json.len;
            if (depth == 0) return at + 1;
        },
        '{' => depth += 1,
        '}' => {
            if (depth == 0) return at;
            depth -= 1;
            if (depth == 0) return at + 1;
        },
        ',', ':' => if (depth == 0) return at,
        '[', ']', '\\' => @compileError("table.json: arrays and escapes have no meaning in it"),
        else => {},
    };
    @compileError("table.json: ends early");
}

/// The text without the white space outside of strings, as `JSON.stringify` writes it.
fn minify(comptime json: []const u8) []const u8 {
    @setEvalBranchQuota(1_000_000);
    var out: [json.len]u8 = undefined;
    var length: usize = 0;
    var in_string = false;
    for (json) |character| {
        if (character == '"') in_string = !in_string;
        if (!in_string and std.ascii.isWhitespace(character)) continue;
        out[length] = character;
        length += 1;
    }
    const kept = out[0..length].*;
    return &kept;
}

test "the hash is of the table without white space" {
    try std.testing.expectEqualStrings("{\"a b\":{\"c\":1}}", comptime minify("{ \"a b\":\n\t{ \"c\": 1 }\r\n}\n"));
    // A published value of FNV-1a.
    try std.testing.expectEqual(@as(u32, 0xbf9cf968), std.hash.Fnv1a_32.hash("foobar"));
}
