//! `table.json` at compile time: its rows in order, with their expressions parsed, and the hash by
//! which both sides of the border check that they have the same table.
//!
//! A row with a mistake is a compile error that names the row. `kernels/instruction.ts` imports the
//! same file; a row's number is its position.

const std = @import("std");
const expr = @import("expr.zig");

comptime {
    for (.{ map_rows, fold_rows, arg_rows, scan_rows, scatter_rows }) |rows| if (rows.len > 256) {
        @compileError("more than 256 rows: the keys of compiled kernels hold the number of a row in a byte");
    };
}

/// The compute types that have a row.
pub const Types = enum {
    floats,
    any,
    integers,

    pub fn has(types: Types, comptime T: type) bool {
        return types != @as(Types, if (T == i32) .floats else .integers);
    }
};

/// A map row: one element from the elements of up to six operands.
pub const MapRow = struct {
    name: []const u8,
    tree: expr.Tree,
    operands: usize,
    scalars: usize,
    uses_index: bool,
    /// Whether the arithmetic takes longer than memory.
    slow: bool,
    types: Types,
    /// Whether the result is 1 or 0.
    to_bool: bool,
};

/// A fold row: many elements joined into one: `running = step(running, of(operands))`.
pub const FoldRow = struct {
    name: []const u8,
    from: From,
    /// The expression over `r` and `a`, where `a` is the value of `of`.
    step: expr.Tree,
    /// The expression of the joined value; null for `a` itself.
    of: ?expr.Tree,
    operands: usize,
    scalars: usize,
    uses_index: bool,
    types: Types,

    /// The result of a fold over no elements, from which every fold starts. The ends of
    /// floats are infinities: the maximum of elements that are all -inf is -inf.
    pub fn start(comptime row: FoldRow, comptime T: type) T {
        return startOf(row.from, T);
    }
};

fn startOf(comptime from: From, comptime T: type) T {
    const float = @typeInfo(T) == .float;
    return switch (from) {
        .lowest => if (float) -std.math.inf(T) else std.math.minInt(T),
        .highest => if (float) std.math.inf(T) else std.math.maxInt(T),
        .number => |number| if (float) number else @trunc(number),
    };
}

/// The kinds of starts; `lowest` and `highest` are the ends of the type, infinities included.
pub const From = union(enum) { number: f64, lowest, highest };

/// An arg row: the index of the best element, where the expression says whether `a` is better than
/// `r`.
pub const ArgRow = struct {
    name: []const u8,
    tree: expr.Tree,
    types: Types,
};

/// A scan row: `running = step(running, a)` for the elements up to each one. Joined to an element, the
/// start gives that element.
pub const ScanRow = struct {
    name: []const u8,
    from: From,
    /// The expression over `r`, `a` and, in a row of two operands, `b`.
    step: expr.Tree,
    operands: usize,
    /// Whether a join takes longer than memory.
    slow: bool,
    types: Types,
    /// Whether the step is one of its operands, so that nothing is rounded.
    chooses: bool,

    pub fn start(comptime row: ScanRow, comptime T: type) T {
        return startOf(row.from, T);
    }

    /// Whether what was joined from several elements is joined as one element is. The elements of other
    /// rows follow one another.
    pub fn associates(row: *const ScanRow) bool {
        return row.operands == 1;
    }
};

/// A scatter row: an element joined with another that comes to its place.
pub const ScatterRow = struct {
    name: []const u8,
    /// The expression over `r` and `a`, where `a` comes to `r`.
    step: expr.Tree,
    types: Types,

    pub inline fn join(comptime row: ScatterRow, comptime T: type, running: T, value: T) T {
        var environment: expr.Environment(T) = .{ .running = running };
        environment.operands[0] = value;
        return expr.eval(row.step, T, environment);
    }
};

const text = minify(@embedFile("../table.json"));

/// FNV-1a over the bytes of `JSON.stringify(table)`.
pub const hash: u32 = blk: {
    @setEvalBranchQuota(1_000_000);
    break :blk std.hash.Fnv1a_32.hash(text);
};

pub const map_rows: []const MapRow = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const MapRow = &.{};
    for (section("map")) |entry| list = list ++ .{mapRow(entry)};
    break :blk list;
};

pub const fold_rows: []const FoldRow = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const FoldRow = &.{};
    for (section("fold")) |entry| list = list ++ .{foldRow(entry)};
    break :blk list;
};

pub const arg_rows: []const ArgRow = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const ArgRow = &.{};
    for (section("arg")) |entry| list = list ++ .{argRow(entry)};
    break :blk list;
};

pub const scan_rows: []const ScanRow = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const ScanRow = &.{};
    for (section("scan")) |entry| list = list ++ .{scanRow(entry)};
    break :blk list;
};

pub const scatter_rows: []const ScatterRow = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const ScatterRow = &.{};
    for (section("scatter")) |entry| list = list ++ .{scatterRow(entry)};
    break :blk list;
};

/// The number of a map row that kernels use by name.
pub fn mapNumber(comptime name: []const u8) u16 {
    for (map_rows, 0..) |row, number| if (std.mem.eql(u8, row.name, name)) return number;
    @compileError("table.json: kernels need the row \"" ++ name ++ "\"");
}

/// A property of all map rows, indexed by a row's number.
pub fn mapFlags(comptime field: []const u8) [map_rows.len]bool {
    var flags: [map_rows.len]bool = undefined;
    for (&flags, map_rows) |*flag, row| flag.* = @field(row, field);
    return flags;
}

fn mapRow(comptime entry: Entry) MapRow {
    const row: Row = .init(entry, &.{ "is", "for", "to" });
    const tree = expr.parse(row.name, row.string("is") orelse row.lacks("is", "\"a + b\""));
    const uses = expr.uses(tree);
    if (uses.running) row.fail("only a fold has a running value \"r\"");
    const to = row.string("to");
    if (to != null and !std.mem.eql(u8, to.?, "bool")) row.fail("write \"to\": \"bool\", or nothing");
    if (to != null and !expr.isLogic(tree)) row.fail("\"to\": \"bool\" wants a comparison");
    return .{
        .name = row.name,
        .tree = tree,
        .operands = uses.operands,
        .scalars = uses.scalars,
        .uses_index = uses.index,
        .slow = uses.slow,
        .types = row.types(&.{tree}),
        .to_bool = to != null,
    };
}

fn foldRow(comptime entry: Entry) FoldRow {
    const row: Row = .init(entry, &.{ "from", "step", "of", "for" });
    const step = expr.parse(row.name, row.string("step") orelse row.lacks("step", "\"r + a\""));
    const in_step = expr.uses(step);
    if (in_step.operands > 1 or in_step.scalars > 0 or in_step.index) {
        row.fail("\"step\" may name only \"r\" and \"a\"; write the rest as \"of\"");
    }
    const of: ?expr.Tree = if (row.string("of")) |of_text| expr.parse(row.name, of_text) else null;
    const uses = expr.uses(of orelse comptime &expr.Node{ .operand = 0 });
    if (uses.running) row.fail("\"of\" has no running value \"r\"");
    return .{
        .name = row.name,
        .from = row.from(),
        .step = step,
        .of = of,
        .operands = uses.operands,
        .scalars = uses.scalars,
        .uses_index = uses.index,
        .types = row.types(if (of) |tree| &.{ step, tree } else &.{step}),
    };
}

fn argRow(comptime entry: Entry) ArgRow {
    const row: Row = .init(entry, &.{ "better", "for" });
    const tree = expr.parse(row.name, row.string("better") orelse row.lacks("better", "\"a > r\""));
    const uses = expr.uses(tree);
    if (uses.operands > 1 or uses.scalars > 0 or uses.index or !expr.isLogic(tree)) {
        row.fail("\"better\" compares \"a\" with \"r\"");
    }
    return .{ .name = row.name, .tree = tree, .types = row.types(&.{tree}) };
}

fn scanRow(comptime entry: Entry) ScanRow {
    const row: Row = .init(entry, &.{ "from", "step", "for" });
    const step = expr.parse(row.name, row.string("step") orelse row.lacks("step", "\"r + a\""));
    const uses = expr.uses(step);
    if (uses.operands < 1 or uses.operands > 2 or uses.scalars > 0 or uses.index) {
        row.fail("\"step\" joins \"r\" and \"a\", or \"r\", \"a\" and \"b\"");
    }
    return .{
        .name = row.name,
        .from = row.from(),
        .step = step,
        .operands = uses.operands,
        .slow = uses.slow,
        .types = row.types(&.{step}),
        .chooses = step.* == .call and (step.call.function == .max or step.call.function == .min),
    };
}

fn scatterRow(comptime entry: Entry) ScatterRow {
    const row: Row = .init(entry, &.{ "step", "for" });
    const step = expr.parse(row.name, row.string("step") orelse row.lacks("step", "\"r + a\""));
    const uses = expr.uses(step);
    if (uses.operands > 1 or uses.scalars > 0 or uses.index) row.fail("\"step\" may name only \"r\" and \"a\"");
    const types = row.types(&.{step});
    if (types != .any) row.fail("a scatter takes any type; write \"for\": \"any\"");
    return .{ .name = row.name, .step = step, .types = types };
}

/// Reads a row's fields, and reports errors that name the row.
const Row = struct {
    name: []const u8,
    fields: []const Entry,

    fn init(comptime entry: Entry, comptime known: []const []const u8) Row {
        const row: Row = .{ .name = entry.name, .fields = entries(entry.value) };
        for (row.fields) |field| {
            for (known) |name| {
                if (std.mem.eql(u8, name, field.name)) break;
            } else {
                var list: []const u8 = "";
                for (known) |name| list = list ++ " " ++ name;
                row.fail("there is no field \"" ++ field.name ++ "\"; there are" ++ list);
            }
        }
        return row;
    }

    fn fail(comptime row: Row, comptime message: []const u8) noreturn {
        @compileError("row \"" ++ row.name ++ "\": " ++ message);
    }

    fn lacks(comptime row: Row, comptime field: []const u8, comptime example: []const u8) noreturn {
        row.fail("write a field \"" ++ field ++ "\", like " ++ example);
    }

    fn field_of(comptime row: Row, comptime name: []const u8) ?[]const u8 {
        for (row.fields) |field| {
            if (std.mem.eql(u8, field.name, name)) return field.value;
        }
        return null;
    }

    fn string(comptime row: Row, comptime name: []const u8) ?[]const u8 {
        const value = row.field_of(name) orelse return null;
        if (value[0] != '"') row.fail("write \"" ++ name ++ "\" as a string, not " ++ value);
        return value[1 .. value.len - 1];
    }

    fn from(comptime row: Row) From {
        const value = row.field_of("from") orelse row.lacks("from", "0");
        if (std.mem.eql(u8, value, "\"lowest\"")) return .lowest;
        if (std.mem.eql(u8, value, "\"highest\"")) return .highest;
        const number = std.fmt.parseFloat(f64, value) catch
            row.fail("write \"from\" as a number, \"lowest\" or \"highest\", not " ++ value);
        return .{ .number = number };
    }

    /// The types that the row says, over which its trees must have a meaning: by default floats.
    fn types(comptime row: Row, comptime trees: []const expr.Tree) Types {
        const value = row.string("for") orelse "floats";
        const found = std.meta.stringToEnum(Types, value) orelse row.fail("write \"for\": \"any\" or \"integers\"");
        if (found != .integers) for (trees) |tree| {
            if (expr.isOfBits(tree)) row.fail("floats have no bits; write \"for\": \"integers\"");
        };
        if (found == .floats) return found;
        for (trees) |tree| {
            const reason = expr.notForIntegers(tree) orelse continue;
            row.fail("integers have no " ++ reason ++ "; or leave out \"for\"");
        }
        if (row.field_of("from")) |start| {
            if (start[0] != '"' and std.mem.indexOfAny(u8, start, ".eE") != null) {
                row.fail("\"from\" is no integer");
            }
        }
        return found;
    }
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

test "the table's rows stand in the order of the file" {
    const expect = std.testing.expect;
    try std.testing.expectEqualStrings("fill", map_rows[0].name);
    try std.testing.expectEqualStrings("sum", fold_rows[0].name);
    try std.testing.expectEqualStrings("argmax", arg_rows[0].name);
    try expect(map_rows[0].scalars == 1 and map_rows[0].operands == 0 and map_rows[0].types == .any);
    try std.testing.expectEqualStrings("sum", scan_rows[0].name);
    inline for (map_rows) |row| {
        if (comptime std.mem.eql(u8, row.name, "where")) try expect(row.operands == 3);
        if (comptime std.mem.eql(u8, row.name, "arange")) try expect(row.uses_index);
        if (comptime std.mem.eql(u8, row.name, "less")) try expect(row.to_bool and row.types == .any);
        if (comptime std.mem.eql(u8, row.name, "exp")) try expect(!row.to_bool and row.types == .floats);
        if (comptime std.mem.eql(u8, row.name, "bitwiseNot")) try expect(row.types == .integers);
    }
    inline for (fold_rows) |row| {
        if (comptime std.mem.eql(u8, row.name, "max")) try expect(row.from == .lowest);
        if (comptime std.mem.eql(u8, row.name, "dot")) try expect(row.operands == 2);
        if (comptime std.mem.eql(u8, row.name, "prod")) try expect(row.from.number == 1);
    }
}

test "the hash is of the table without white space" {
    try std.testing.expectEqualStrings("{\"a b\":{\"c\":1}}", comptime minify("{ \"a b\":\n\t{ \"c\": 1 }\r\n}\n"));
    // A published value of FNV-1a.
    try std.testing.expectEqual(@as(u32, 0xbf9cf968), std.hash.Fnv1a_32.hash("foobar"));
}
