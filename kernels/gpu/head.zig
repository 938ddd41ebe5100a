//! The head of a kernel's text: the words of its dialect, and the functions of `integers.cl`,
//! `real.cl` and others that the kernel calls, with the functions that these call: 120 lines for a
//! small kernel instead of 1100, of which NVRTC takes 66 ms instead of 75, and PoCL's compiler 380
//! ms instead of 470.
//!
//! `real.cl` and `pow.cl` are written once for both types of floats: REAL is the type, INT the
//! integers that hold its bits, NAME adds the type's letter, R writes a constant. The numbers and
//! polynomials of `numbers/coefficients.zig` are functions and words here that may be called like
//! any other.

const std = @import("std");
const coefficients = @import("../numbers/coefficients.zig");
const functions = @import("../numbers/functions.zig");
const text = @import("text.zig");

const Writer = std.Io.Writer;
const Error = Writer.Error;

const prelude = @embedFile("prelude.cl");

/// The words that stand for types in a source.
const Part = enum {
    plain,
    float,
    double,

    /// The suffix of names for a type of floats.
    fn suffix(part: Part) []const u8 {
        return switch (part) {
            .plain => "",
            .float => "_f",
            .double => "_d",
        };
    }
};

const Source = struct { text: []const u8, part: Part };

/// The sources in an order in which a called function precedes its caller.
const sources = [_]Source{
    .{ .text = @embedFile("integers.cl"), .part = .plain },
    .{ .text = @embedFile("real.cl"), .part = .float },
    .{ .text = @embedFile("real.cl"), .part = .double },
};
const wide: Source = .{ .text = @embedFile("wide.cl"), .part = .plain };
const narrow: Source = .{ .text = @embedFile("narrow.cl"), .part = .plain };
const last_sources = [_]Source{
    .{ .text = @embedFile("pow.cl"), .part = .float },
    .{ .text = @embedFile("pow.cl"), .part = .double },
    .{ .text = @embedFile("half.cl"), .part = .plain },
};

const float_words =
    \\#define REAL float
    \\#define IS_DOUBLE 0
    \\#define INT int
    \\#define UINT U32
    \\#define NAME(x) x##_f
    \\#define R(x) x##f
    \\#define BITS(x) AS_INT(x)
    \\#define FROM_BITS(x) AS_FLOAT(x)
    \\#define MAX_INT 0x7fffffff
    \\#define UPPER (~0xfff)
    \\#define BIAS 127
    \\#define DIGITS 23
    \\#define UNIT 8388608.0f
    \\#define LIFT 33554432.0f
    \\#define SMALLEST 0x1p-126f
    \\#define INFINITE INFINITY_FLOAT
    \\#define NOT_A_NUMBER AS_FLOAT(0x7fc00000)
    \\
;
const double_words =
    \\#define REAL double
    \\#define IS_DOUBLE 1
    \\#define INT I64
    \\#define UINT U64
    \\#define NAME(x) x##_d
    \\#define R(x) x
    \\#define BITS(x) AS_LONG(x)
    \\#define FROM_BITS(x) AS_DOUBLE(x)
    \\#define MAX_INT 0x7fffffffffffffffl
    \\#define UPPER (~0x7ffffffl)
    \\#define BIAS 1023
    \\#define DIGITS 52
    \\#define UNIT 4503599627370496.0
    \\#define LIFT 18014398509481984.0
    \\#define SMALLEST 0x1p-1022
    \\#define INFINITE ((double)INFINITY_FLOAT)
    \\#define NOT_A_NUMBER AS_DOUBLE(0x7ff8000000000000l)
    \\
;
const no_words =
    \\#undef REAL
    \\#undef IS_DOUBLE
    \\#undef INT
    \\#undef UINT
    \\#undef NAME
    \\#undef R
    \\#undef BITS
    \\#undef FROM_BITS
    \\#undef MAX_INT
    \\#undef UPPER
    \\#undef BIAS
    \\#undef DIGITS
    \\#undef UNIT
    \\#undef LIFT
    \\#undef SMALLEST
    \\#undef INFINITE
    \\#undef NOT_A_NUMBER
    \\
;

/// A definition, which the head contains if the text names it.
const Piece = struct {
    name: []const u8,
    part: Part,
    /// Empty for a definition from the table of coefficients, which names no other.
    text: []const u8 = "",
    write: ?*const fn (writer: *Writer) Error!void = null,

    fn isNamed(piece: *const Piece, found: Names.Name) bool {
        const end = piece.part.suffix();
        const name = found.name;
        if (piece.name.len + end.len != name.len + found.ending.len) return false;
        if (end.len == found.ending.len) return std.mem.eql(u8, piece.name, name) and std.mem.eql(u8, end, found.ending);
        if (end.len > 0) return std.mem.startsWith(u8, name, piece.name) and std.mem.endsWith(u8, name, end);
        return std.mem.startsWith(u8, piece.name, name) and std.mem.endsWith(u8, piece.name, found.ending);
    }
};

const pieces_max = 512;

const Pieces = struct {
    list: [pieces_max]Piece = undefined,
    needed: [pieces_max]bool = @splat(false),
    count: usize = 0,

    fn init(pieces: *Pieces, has_double: bool) void {
        pieces.* = .{};
        for (generated) |piece| pieces.add(piece);
        for (sources) |source| pieces.addAll(source);
        pieces.addAll(if (has_double) wide else narrow);
        for (last_sources) |source| pieces.addAll(source);
    }

    fn add(pieces: *Pieces, piece: Piece) void {
        pieces.list[pieces.count] = piece;
        pieces.count += 1;
    }

    /// The definitions of a source: each begins at the start of a line, and ends at the end of the
    /// line where its braces are closed.
    fn addAll(pieces: *Pieces, source: Source) void {
        var begin: ?usize = null;
        var depth: usize = 0;
        var line: usize = 0;
        while (line < source.text.len) {
            const end = std.mem.indexOfScalarPos(u8, source.text, line, '\n') orelse source.text.len;
            const words = source.text[line..end];
            if (begin == null and (std.mem.startsWith(u8, words, "FUNCTION ") or std.mem.startsWith(u8, words, "typedef "))) begin = line;
            depth = depth + std.mem.countScalar(u8, words, '{') - std.mem.countScalar(u8, words, '}');
            line = end + 1;
            const first = begin orelse continue;
            const definition = source.text[first..end];
            if (depth > 0 or std.mem.indexOfScalar(u8, definition, '{') == null) continue;
            pieces.add(.{ .name = nameOf(definition), .part = source.part, .text = definition });
            begin = null;
        }
    }

    /// The name that a definition gives: of a function the word after the type, of a struct the
    /// word after the fields.
    fn nameOf(definition: []const u8) []const u8 {
        const is_function = std.mem.startsWith(u8, definition, "FUNCTION ");
        const before = if (is_function) "FUNCTION ".len else std.mem.lastIndexOfScalar(u8, definition, '}').?;
        var names: Names = .{ .text = definition[before..], .part = .plain };
        if (is_function) _ = names.next();
        return names.next().?.name;
    }

    /// Notes the definitions that a text names. A definition precedes those that name it.
    fn note(pieces: *Pieces, words: []const u8, part: Part, before: usize) void {
        var names: Names = .{ .text = words, .part = part };
        while (names.next()) |found| {
            for (pieces.list[0..before], pieces.needed[0..before]) |*piece, *needed| {
                if (piece.isNamed(found)) needed.* = true;
            }
        }
    }
};

/// The names in a text, one after the other; a name within NAME( ) ends with the letter of the
/// part's type.
const Names = struct {
    text: []const u8,
    part: Part,
    at: usize = 0,

    const Name = struct { name: []const u8, ending: []const u8 };

    fn next(names: *Names) ?Name {
        const name = names.word() orelse return null;
        if (!std.mem.eql(u8, name, "NAME")) return .{ .name = name, .ending = "" };
        return .{ .name = names.word() orelse return null, .ending = names.part.suffix() };
    }

    fn word(names: *Names) ?[]const u8 {
        const all = names.text;
        while (names.at < all.len and !isLetter(all[names.at])) names.at += 1;
        const begin = names.at;
        while (names.at < all.len and isLetter(all[names.at])) names.at += 1;
        return if (begin == names.at) null else all[begin..names.at];
    }

    /// Numbers are read as words, which is harmless: no name is like a number.
    fn isLetter(byte: u8) bool {
        return std.ascii.isAlphanumeric(byte) or byte == '_';
    }
};

/// Writes the head of a kernel's text, and then the text.
pub fn writeAround(writer: *Writer, kernel: []const u8, has_double: bool) Error!void {
    @branchHint(.cold);
    var pieces: Pieces = undefined;
    pieces.init(has_double);
    pieces.note(kernel, .plain, pieces.count);
    var number = pieces.count;
    while (number > 0) {
        number -= 1;
        const piece = &pieces.list[number];
        if (pieces.needed[number]) pieces.note(piece.text, piece.part, number);
    }
    if (has_double) try writer.writeAll("#define HAS_DOUBLE\n");
    try writer.writeAll(prelude);
    var part: Part = .plain;
    for (pieces.list[0..pieces.count], pieces.needed[0..pieces.count]) |*piece, needed| {
        if (!needed) continue;
        if (piece.write) |write| {
            try write(writer);
            continue;
        }
        if (part != piece.part) {
            if (part != .plain) try writer.writeAll(no_words);
            try writer.writeAll(switch (piece.part) {
                .plain => "",
                .float => float_words,
                .double => double_words,
            });
            part = piece.part;
        }
        try writer.writeAll(piece.text);
        try writer.writeByte('\n');
    }
    if (part != .plain) try writer.writeAll(no_words);
    try writer.writeAll(kernel);
}

/// Writes the numbers and polynomials of the table of coefficients.
const generated = blk: {
    var list: []const Piece = &.{};
    for (std.meta.declarations(coefficients.numbers)) |name| {
        const number = @field(coefficients.numbers, name);
        if (number.single) |value| list = list ++ .{numberOf(name, .float, value)};
        list = list ++ .{numberOf(name, .double, number.double)};
    }
    for (std.meta.declarations(coefficients.polynomials)) |name| {
        const polynomial = @field(coefficients.polynomials, name);
        if (polynomial.single.len > 0) list = list ++ .{polynomialOf(name, .float, polynomial.single)};
        list = list ++ .{polynomialOf(name, .double, polynomial.double)};
    }
    list = list ++ .{Piece{ .name = "two_over_pi", .part = .plain, .write = writeDigits }};
    break :blk list[0..list.len].*;
};

fn numberOf(comptime name: []const u8, comptime part: Part, comptime value: anytype) Piece {
    return .{ .name = name, .part = part, .write = struct {
        fn write(writer: *Writer) Error!void {
            try text.fill(writer, "#define @@ (", .{ name, comptime part.suffix() });
            try constant(writer, value);
            try writer.writeAll(")\n");
        }
    }.write };
}

/// Writes a polynomial by the same steps as `Polynomial.at`.
fn polynomialOf(comptime name: []const u8, comptime part: Part, comptime list: anytype) Piece {
    return .{ .name = name, .part = part, .write = struct {
        fn write(writer: *Writer) Error!void {
            const type_name = comptime @tagName(part);
            try text.fill(writer, "FUNCTION @ @@(@ x) {\n@ y = ", .{ type_name, name, comptime part.suffix(), type_name, type_name });
            var k = list.len - 1;
            try constant(writer, list[k]);
            while (k > 0) {
                k -= 1;
                try writer.writeAll(";\ny = y * x + ");
                try constant(writer, list[k]);
            }
            try writer.writeAll(";\nreturn y;\n}\n");
        }
    }.write };
}

/// Writes a number by the shortest digits that give the same number back.
fn constant(writer: *Writer, value: anytype) Error!void {
    try writer.print(if (@TypeOf(value) == f32) "{e}f" else "{e}", .{value});
}

fn writeDigits(writer: *Writer) Error!void {
    try writer.writeAll("#define two_over_pi {");
    for (coefficients.two_over_pi) |word| try writer.print("0x{x}ul, ", .{word});
    try writer.writeAll("}\n");
}

fn expectHas(kernel: []const u8, has_double: bool, wanted: []const []const u8, unwanted: []const []const u8) !void {
    var whole: Writer.Allocating = .init(std.testing.allocator);
    defer whole.deinit();
    try writeAround(&whole.writer, kernel, has_double);
    for (wanted) |words| if (std.mem.indexOf(u8, whole.written(), words) == null) {
        std.debug.print("{s} lacks {s}\n", .{ kernel, words });
        return error.TestUnexpectedResult;
    };
    for (unwanted) |words| if (std.mem.indexOf(u8, whole.written(), words) != null) {
        std.debug.print("{s} has {s}\n", .{ kernel, words });
        return error.TestUnexpectedResult;
    };
}

test "every function has its text for each type" {
    for ([_]bool{ true, false }) |has_double| {
        var pieces: Pieces = undefined;
        pieces.init(has_double);
        for (std.enums.values(functions.Function)) |function| {
            for ("fdi") |letter| {
                if (letter == 'i' and !function.isForIntegers() or letter == 'd' and !has_double) continue;
                var buffer: [32]u8 = undefined;
                try expectPiece(&pieces, try std.fmt.bufPrint(&buffer, "{t}_{c}", .{ function, letter }), function.arity());
                if (letter == 'i' or !function.isUneven()) continue;
                const easy = try std.fmt.bufPrint(&buffer, "{t}Easy_{c}", .{ function, letter });
                try expectPiece(&pieces, easy, function.arity() + 1);
            }
        }
    }
}

fn expectPiece(pieces: *const Pieces, name: []const u8, arity: usize) !void {
    for (pieces.list[0..pieces.count]) |*piece| {
        if (!piece.isNamed(.{ .name = name, .ending = "" })) continue;
        const begin = std.mem.indexOf(u8, piece.text, piece.name).?;
        const open = std.mem.indexOfAnyPos(u8, piece.text, begin + piece.name.len + @intFromBool(piece.part != .plain), "(").?;
        const close = std.mem.indexOfScalarPos(u8, piece.text, open, ')').?;
        return std.testing.expectEqual(arity, std.mem.countScalar(u8, piece.text[open..close], ',') + 1);
    }
    std.debug.print("the text has no {s}\n", .{name});
    return error.TestUnexpectedResult;
}

test "a kernel has the functions that it calls, and what they call" {
    try expectHas("a + b", true, &.{"#define KERNEL"}, &.{ "FUNCTION int", "REAL", "ln2" });
    try expectHas("log_f(x)", true, &.{ "NAME(log)(", "NAME(logSum)(", "log_tail_f(", "ln2_low_f" }, &.{ "NAME(exp)", "REAL double" });
    try expectHas("pow_d(x, y)", true, &.{ "NAME(pow)(", "power_d(", "Pair logPair(", "} NAME(Split);", "exp_tail_d" }, &.{ "#define REAL float", "sinCos" });
    try expectHas("h_of_d(x)", true, &.{ "odd_of_d(", "h_of_f(" }, &.{"f_of_h("});
    try expectHas("sin_f(x)", true, &.{ "reduceFar(", "two_over_pi {" }, &.{"return sin(x)"});
    try expectHas("sin_f(x)", false, &.{"return sin(x)"}, &.{ "reduceFar", "REAL" });
}

/// Whether a number needs no name: a small integer or a mask of such size, times a power of two.
fn isPlain(value: f64) bool {
    if (value == 0) return true;
    const pattern: u64 = @bitCast(value);
    const digits = (pattern & ((1 << 52) - 1)) | 1 << 52;
    const odd = digits >> @intCast(@ctz(digits));
    return odd < 1 << 12 or @popCount(odd + 1) == 1;
}

test "no number of the table stands in the text, too" {
    for (sources ++ .{ wide, narrow } ++ last_sources) |source| {
        var lines = std.mem.splitScalar(u8, source.text, '\n');
        while (lines.next()) |line| {
            const end = std.mem.indexOf(u8, line, "//") orelse line.len;
            var words = std.mem.tokenizeAny(u8, line[0..end], " ()[]{},;*/<>=?:&|~!%\"");
            while (words.next()) |signed| {
                const word = std.mem.trimStart(u8, signed, "-+");
                if (word.len == 0) continue;
                if (!std.ascii.isDigit(word[0])) continue;
                const is_hex = std.mem.startsWith(u8, word, "0x");
                const digits = std.mem.trimEnd(u8, word, if (is_hex and std.mem.indexOfScalar(u8, word, 'p') == null) "ul" else "ulf");
                const value: f64 = if (is_hex and std.mem.indexOfScalar(u8, word, 'p') == null)
                    @floatFromInt(try std.fmt.parseInt(u64, digits, 0))
                else
                    try std.fmt.parseFloat(f64, digits);
                if (isPlain(value)) continue;
                std.debug.print("the text states {s}: numbers stand in coefficients.zig\n{s}\n", .{ word, line });
                return error.TestUnexpectedResult;
            }
        }
    }
}
