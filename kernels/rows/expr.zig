//! The expressions of the rows: `parse` reads the text at compile time into a tree, and `eval`
//! evaluates the tree over numbers or vectors of f32, f64 or i32, with the same bits for both.
//!
//!     const tree = expr.parse("relu", "a < 0 ? 0 : a");
//!     const y = expr.eval(tree, @Vector(16, f32), environment);
//!
//! An expression contains numbers, the names `a`-`f` (operands), `s t u` (scalars), `i` (index) and
//! `r` (running value), `+ - * /`, comparisons, `?:`, `&& || !`, the operators of bits
//! `& | ^ ~ << >>` and the functions of `numbers/functions.zig`. A comparison is 1 or 0 where a
//! number is wanted; a number is a condition that holds unless the number is 0. Nothing branches:
//! both sides of `?:` are computed. Integers wrap, and have no `/`; floats have no bits. Of the
//! count of a shift the lowest five bits are taken, and `>>` keeps the sign.

const std = @import("std");
const math = @import("../numbers/functions.zig");

pub const Tree = *const Node;

pub const Node = union(enum) {
    number: f64,
    /// Which of `a`-`f`.
    operand: u8,
    /// Which of `s t u`.
    scalar: u8,
    index,
    running,
    negate: Tree,
    not: Tree,
    /// The other bits: `~`.
    complement: Tree,
    binary: Binary,
    select: Select,
    call: Call,
};

pub const Binary = struct { operator: Operator, left: Tree, right: Tree };
pub const Select = struct { condition: Tree, yes: Tree, no: Tree };
pub const Call = struct { function: math.Function, arguments: []const Tree };

pub const Operator = enum {
    @"||",
    @"&&",
    @"|",
    @"^",
    @"&",
    @"==",
    @"!=",
    @"<",
    @"<=",
    @">",
    @">=",
    @"<<",
    @">>",
    @"+",
    @"-",
    @"*",
    @"/",

    fn isLogic(operator: Operator) bool {
        return switch (operator) {
            .@"||", .@"&&", .@"==", .@"!=", .@"<", .@"<=", .@">", .@">=" => true,
            else => false,
        };
    }

    fn isOfBits(operator: Operator) bool {
        return switch (operator) {
            .@"|", .@"^", .@"&", .@"<<", .@">>" => true,
            else => false,
        };
    }
};

/// Binary operators, the loosest first, as in C; operators of one line associate to the left.
const precedence: []const []const Operator = &.{
    &.{.@"||"},
    &.{.@"&&"},
    &.{.@"|"},
    &.{.@"^"},
    &.{.@"&"},
    &.{ .@"==", .@"!=" },
    &.{ .@"<", .@"<=", .@">", .@">=" },
    &.{ .@"<<", .@">>" },
    &.{ .@"+", .@"-" },
    &.{ .@"*", .@"/" },
};

/// The tree of a row's text, or a compile error that names the row.
pub fn parse(comptime row: []const u8, comptime text: []const u8) Tree {
    comptime {
        @setEvalBranchQuota(1_000_000);
        var parser: Parser = .{ .text = text };
        const tree = parser.whole() catch @compileError("row \"" ++ row ++ "\": \"" ++ text ++
            "\": " ++ parser.message);
        return tree;
    }
}

/// A parser that reads tokens as it goes; used in compile-time code only, where memory is free.
const Parser = struct {
    text: []const u8,
    at: usize = 0,
    message: []const u8 = "",

    const Error = error{Malformed};

    fn fail(parser: *Parser, message: []const u8) Error {
        parser.message = message;
        return error.Malformed;
    }

    fn whole(parser: *Parser) Error!Tree {
        const tree = try parser.choice();
        if (parser.at == parser.text.len) return tree;
        return parser.fail("write an operator, or end it, before \"" ++ parser.rest() ++ "\"");
    }

    fn rest(parser: *Parser) []const u8 {
        return parser.text[parser.at..];
    }

    fn skipSpace(parser: *Parser) void {
        while (parser.at < parser.text.len and parser.text[parser.at] == ' ') parser.at += 1;
    }

    /// Consumes the token if it comes next.
    fn take(parser: *Parser, token: []const u8) bool {
        parser.skipSpace();
        if (!std.mem.startsWith(u8, parser.rest(), token)) return false;
        parser.at += token.len;
        parser.skipSpace();
        return true;
    }

    fn expect(parser: *Parser, token: []const u8) Error!void {
        if (parser.take(token)) return;
        if (parser.at == parser.text.len) return parser.fail("write \"" ++ token ++ "\" at its end");
        return parser.fail("write \"" ++ token ++ "\" before \"" ++ parser.rest() ++ "\"");
    }

    fn choice(parser: *Parser) Error!Tree {
        const condition = try parser.level(0);
        if (!parser.take("?")) return condition;
        const yes = try parser.choice();
        try parser.expect(":");
        const no = try parser.choice();
        return node(.{ .select = .{ .condition = condition, .yes = yes, .no = no } });
    }

    fn level(parser: *Parser, loosest: usize) Error!Tree {
        if (loosest == precedence.len) return parser.unary();
        var left = try parser.level(loosest + 1);
        while (parser.operatorOf(precedence[loosest])) |operator| {
            const right = try parser.level(loosest + 1);
            left = node(.{ .binary = .{ .operator = operator, .left = left, .right = right } });
        }
        return left;
    }

    fn operatorOf(parser: *Parser, operators: []const Operator) ?Operator {
        parser.skipSpace();
        for (operators) |operator| {
            const token = @tagName(operator);
            if (parser.operatorLength() == token.len and parser.take(token)) return operator;
        }
        return null;
    }

    /// The length of the longest operator that comes next: "<" must not take the beginning of "<=".
    fn operatorLength(parser: *Parser) usize {
        var longest: usize = 0;
        for (std.enums.values(Operator)) |operator| {
            const token = @tagName(operator);
            if (token.len > longest and std.mem.startsWith(u8, parser.rest(), token)) longest = token.len;
        }
        return longest;
    }

    fn unary(parser: *Parser) Error!Tree {
        if (parser.take("-")) {
            const of = try parser.unary();
            if (of.* == .number) return node(.{ .number = -of.number });
            return node(.{ .negate = of });
        }
        if (parser.take("!")) return node(.{ .not = try parser.unary() });
        if (parser.take("~")) return node(.{ .complement = try parser.unary() });
        if (parser.take("(")) {
            const inner = try parser.choice();
            try parser.expect(")");
            return inner;
        }
        parser.skipSpace();
        if (parser.at == parser.text.len) return parser.fail("write an operand at its end");
        const begin = parser.at;
        if (std.ascii.isDigit(parser.text[begin])) return parser.number();
        while (parser.at < parser.text.len and
            (std.ascii.isAlphanumeric(parser.text[parser.at]) or parser.text[parser.at] == '_'))
        {
            parser.at += 1;
        }
        const name = parser.text[begin..parser.at];
        if (name.len == 0) return parser.fail("write an operand before \"" ++ parser.rest() ++ "\"");
        if (parser.take("(")) return parser.call(name);
        if (name.len == 1) switch (name[0]) {
            'a'...'f' => |letter| return node(.{ .operand = letter - 'a' }),
            's'...'u' => |letter| return node(.{ .scalar = letter - 's' }),
            'i' => return node(.index),
            'r' => return node(.running),
            else => {},
        };
        return parser.fail("there is no \"" ++ name ++
            "\"; operands are a b c d e f, scalars s t u, the index i, the running value r");
    }

    fn number(parser: *Parser) Error!Tree {
        const begin = parser.at;
        parser.digits();
        if (parser.at < parser.text.len and parser.text[parser.at] == '.') {
            parser.at += 1;
            parser.digits();
        }
        if (parser.at < parser.text.len and parser.text[parser.at] | 0x20 == 'e') {
            parser.at += 1;
            if (parser.at < parser.text.len and
                (parser.text[parser.at] == '+' or parser.text[parser.at] == '-')) parser.at += 1;
            parser.digits();
        }
        const token = parser.text[begin..parser.at];
        const value = std.fmt.parseFloat(f64, token) catch
            return parser.fail("\"" ++ token ++ "\" is no number");
        return node(.{ .number = value });
    }

    fn digits(parser: *Parser) void {
        while (parser.at < parser.text.len and std.ascii.isDigit(parser.text[parser.at])) {
            parser.at += 1;
        }
    }

    fn call(parser: *Parser, name: []const u8) Error!Tree {
        const function = std.meta.stringToEnum(math.Function, name) orelse {
            var list: []const u8 = "";
            for (@typeInfo(math.Function).@"enum".field_names) |known| list = list ++ " " ++ known;
            return parser.fail("there is no function \"" ++ name ++ "\"; there are" ++ list);
        };
        var arguments: []const Tree = &.{try parser.choice()};
        while (parser.take(",")) arguments = arguments ++ .{try parser.choice()};
        try parser.expect(")");
        if (arguments.len != function.arity()) {
            const wanted = if (function.arity() == 1) "one argument" else "two arguments";
            return parser.fail("give \"" ++ name ++ "\" " ++ wanted);
        }
        return node(.{ .call = .{ .function = function, .arguments = arguments } });
    }

    fn node(comptime content: Node) Tree {
        const kept = content;
        return &kept;
    }
};

/// What a tree needs of its environment.
pub const Uses = struct {
    /// One more than the index of the last operand named.
    operands: usize = 0,
    scalars: usize = 0,
    index: bool = false,
    running: bool = false,
    /// Whether the tree calls a slow function.
    slow: bool = false,

    pub fn join(x: Uses, y: Uses) Uses {
        return .{
            .operands = @max(x.operands, y.operands),
            .scalars = @max(x.scalars, y.scalars),
            .index = x.index or y.index,
            .running = x.running or y.running,
            .slow = x.slow or y.slow,
        };
    }
};

pub fn uses(comptime tree: Tree) Uses {
    return switch (tree.*) {
        .number => .{},
        .operand => |k| .{ .operands = k + 1 },
        .scalar => |k| .{ .scalars = k + 1 },
        .index => .{ .index = true },
        .running => .{ .running = true },
        .negate, .not, .complement => |of| uses(of),
        .binary => |binary| uses(binary.left).join(uses(binary.right)),
        .select => |select| uses(select.condition).join(uses(select.yes)).join(uses(select.no)),
        .call => |call| {
            var all: Uses = .{ .slow = call.function.isSlow() };
            for (call.arguments) |argument| all = all.join(uses(argument));
            return all;
        },
    };
}

/// Why a tree cannot be evaluated over integers, or null.
pub fn notForIntegers(comptime tree: Tree) ?[]const u8 {
    switch (tree.*) {
        .number => |value| {
            if (value == @trunc(value) and @abs(value) < 0x1p31) return null;
            return "a number that is no int32";
        },
        .operand, .scalar, .index, .running => return null,
        .negate, .not, .complement => |of| return notForIntegers(of),
        .binary => |binary| {
            if (binary.operator == .@"/") return "\"/\"; write floorDiv";
            return notForIntegers(binary.left) orelse notForIntegers(binary.right);
        },
        .select => |select| return notForIntegers(select.condition) orelse
            notForIntegers(select.yes) orelse notForIntegers(select.no),
        .call => |call| {
            if (!call.function.isForIntegers()) return @tagName(call.function);
            for (call.arguments) |argument| {
                if (notForIntegers(argument)) |reason| return reason;
            }
            return null;
        },
    }
}

/// Whether the tree names bits, which floats do not have.
pub fn isOfBits(comptime tree: Tree) bool {
    return switch (tree.*) {
        .number, .operand, .scalar, .index, .running => false,
        .complement => true,
        .negate, .not => |of| isOfBits(of),
        .binary => |binary| binary.operator.isOfBits() or isOfBits(binary.left) or isOfBits(binary.right),
        .select => |select| isOfBits(select.condition) or isOfBits(select.yes) or isOfBits(select.no),
        .call => |call| for (call.arguments) |argument| {
            if (isOfBits(argument)) break true;
        } else false,
    };
}

/// Whether the tree is a comparison or a join of them, so that its value is 1 or 0.
pub fn isLogic(tree: Tree) bool {
    return switch (tree.*) {
        .not => true,
        .binary => |binary| binary.operator.isLogic(),
        else => false,
    };
}

/// The tree's value. `V` is f32, f64, i32 or a vector of them; `environment` has `operands: [6]V`,
/// `scalars: [3]V`, `index: V`, `running: V`, of which only the ones that the tree names are read.
pub inline fn eval(comptime tree: Tree, comptime V: type, environment: anytype) V {
    if (@typeInfo(V) == .vector) return arithmetic(tree, V, &environment);
    // A scalar runs the same code as a vector of one lane, so the bits are the same.
    const W = @Vector(1, V);
    const one: Environment(W) = .{
        .operands = if (comptime uses(tree).operands > 0) lanes(6, W, environment.operands) else undefined,
        .scalars = if (comptime uses(tree).scalars > 0) lanes(3, W, environment.scalars) else undefined,
        .index = if (comptime uses(tree).index) @splat(environment.index) else undefined,
        .running = if (comptime uses(tree).running) @splat(environment.running) else undefined,
    };
    return arithmetic(tree, W, &one)[0];
}

/// The environment of a tree; any struct with these fields works.
pub fn Environment(comptime V: type) type {
    return struct {
        operands: [6]V = undefined,
        scalars: [3]V = undefined,
        index: V = undefined,
        running: V = undefined,
    };
}

inline fn lanes(comptime n: usize, comptime W: type, values: [n]@typeInfo(W).vector.child) [n]W {
    var out: [n]W = undefined;
    inline for (&out, values) |*vector, value| vector.* = @splat(value);
    return out;
}

inline fn arithmetic(comptime tree: Tree, comptime V: type, environment: anytype) V {
    const T = @typeInfo(V).vector.child;
    if (comptime isLogic(tree)) {
        const one: V = @splat(1);
        const zero: V = @splat(0);
        return @select(T, logic(tree, V, environment), one, zero);
    }
    switch (tree.*) {
        .number => |value| return @splat(comptime constant(T, value)),
        .operand => |k| return environment.operands[k],
        .scalar => |k| return environment.scalars[k],
        .index => return environment.index,
        .running => return environment.running,
        .negate => |of| {
            const x = arithmetic(of, V, environment);
            return if (T == i32) -%x else -x;
        },
        .complement => |of| return ~arithmetic(of, V, environment),
        .binary => |binary| {
            const x = arithmetic(binary.left, V, environment);
            const y = arithmetic(binary.right, V, environment);
            return switch (binary.operator) {
                .@"+" => if (T == i32) x +% y else x + y,
                .@"-" => if (T == i32) x -% y else x - y,
                .@"*" => if (T == i32) x *% y else x * y,
                .@"/" => x / y,
                .@"|" => x | y,
                .@"^" => x ^ y,
                .@"&" => x & y,
                .@"<<" => x << shiftOf(y),
                .@">>" => x >> shiftOf(y),
                else => comptime unreachable,
            };
        },
        .select => |select| {
            const condition = logic(select.condition, V, environment);
            const yes = arithmetic(select.yes, V, environment);
            const no = arithmetic(select.no, V, environment);
            return @select(T, condition, yes, no);
        },
        .call => |call| {
            const x = arithmetic(call.arguments[0], V, environment);
            if (comptime call.arguments.len == 1) return math.call(call.function, V, .{x});
            const y = arithmetic(call.arguments[1], V, environment);
            return math.call(call.function, V, .{ x, y });
        },
        .not => comptime unreachable,
    }
}

/// The lowest five bits of a shift's count.
inline fn shiftOf(count: anytype) @Vector(@typeInfo(@TypeOf(count)).vector.len, u5) {
    return @truncate(@as(@Vector(@typeInfo(@TypeOf(count)).vector.len, u32), @bitCast(count)));
}

fn constant(comptime T: type, comptime value: f64) T {
    return if (T == i32) @trunc(value) else @floatCast(value);
}

inline fn logic(
    comptime tree: Tree,
    comptime V: type,
    environment: anytype,
) @Vector(@typeInfo(V).vector.len, bool) {
    if (comptime !isLogic(tree)) return arithmetic(tree, V, environment) != @as(V, @splat(0));
    if (tree.* == .not) return ~logic(tree.not, V, environment);
    const binary = tree.binary;
    switch (binary.operator) {
        .@"||" => return logic(binary.left, V, environment) | logic(binary.right, V, environment),
        .@"&&" => return logic(binary.left, V, environment) & logic(binary.right, V, environment),
        else => {},
    }
    const x = arithmetic(binary.left, V, environment);
    const y = arithmetic(binary.right, V, environment);
    return switch (binary.operator) {
        .@"==" => x == y,
        .@"!=" => x != y,
        .@"<" => x < y,
        .@"<=" => x <= y,
        .@">" => x > y,
        .@">=" => x >= y,
        else => comptime unreachable,
    };
}
