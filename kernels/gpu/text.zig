//! The C that GPUs compile: types and their conversions, and the expressions of the rows.
//! `map_text.zig`, `row_text.zig` and OpenCL's own texts are made of these pieces; `head.zig`
//! writes the head before them.
//!
//! One text serves OpenCL C and CUDA C++; `prelude.cl` defines the few words in which the two
//! differ.

const std = @import("std");
const expr = @import("../rows/expr.zig");
const order = @import("../numbers/order.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");

const DType = program.DType;
const Writer = std.Io.Writer;

/// The word of infinity in a type of floats.
pub const infinityOf = order.infinityOf;

const Value = union(enum) {
    number: usize,
    word: []const u8,

    inline fn of(value: anytype) Value {
        return switch (@typeInfo(@TypeOf(value))) {
            .int, .comptime_int => .{ .number = value },
            else => .{ .word = value },
        };
    }
};

/// Writes a template, in which each "@" is replaced by the next of the values: numbers and words.
///
/// Templates are interpreted at run time: format strings taken apart at compile time, each into
/// code of its own, would take the compiler longer than everything else here.
pub inline fn fill(writer: *Writer, template: []const u8, values: anytype) Writer.Error!void {
    var list: [values.len]Value = undefined;
    inline for (values, &list) |value, *place| place.* = .of(value);
    return fillList(writer, template, &list);
}

noinline fn fillList(writer: *Writer, template: []const u8, values: []const Value) Writer.Error!void {
    @branchHint(.cold);
    var next: usize = 0;
    for (template) |byte| {
        if (byte != '@') {
            try writer.writeByte(byte);
            continue;
        }
        switch (values[next]) {
            .number => |number| try writer.printInt(number, 10, .lower, .{}),
            .word => |word| try writer.writeAll(word),
        }
        next += 1;
    }
    std.debug.assert(next == values.len);
}

/// The C type of an element in memory.
pub fn typeName(dtype: DType) []const u8 {
    return switch (dtype) {
        .float32 => "float",
        .float64 => "double",
        .int32 => "int",
        .uint8, .bool => "U8",
        .float16, .bfloat16 => "U16",
    };
}

/// The suffix of functions for a compute type.
pub fn suffix(compute: DType) []const u8 {
    return switch (compute) {
        .float32 => "f",
        .float64 => "d",
        else => "i",
    };
}

/// The opening half of an element's conversion from or into a compute type; one ")" closes it.
pub fn conversion(from: DType, to: DType) []const u8 {
    if (to == .bool) return if (from == .bool) "(" else "(U8)(0 != ";
    return switch (to) {
        .float32 => switch (from) {
            .float32 => "(",
            .float16 => "f_of_h(",
            .bfloat16 => "f_of_b(",
            else => "(float)(",
        },
        .float64 => switch (from) {
            .float64 => "(",
            .float16 => "d_of_h(",
            .bfloat16 => "d_of_b(",
            else => "(double)(",
        },
        .int32 => switch (from) {
            .int32 => "(",
            .float32 => "int_of_f(",
            .float64 => "int_of_d(",
            .uint8, .bool => "(int)(",
            .float16 => "i_of_h(",
            .bfloat16 => "i_of_b(",
        },
        .uint8 => switch (from) {
            .float32 => "byte_of_f(",
            .float64 => "byte_of_d(",
            .int32 => "(U8)(",
            .uint8, .bool => "(",
            .float16, .bfloat16 => unreachable,
        },
        .float16 => switch (from) {
            .float32 => "h_of_f(",
            .float64 => "h_of_d(",
            .int32 => "h_of_i(",
            else => unreachable,
        },
        .bfloat16 => switch (from) {
            .float32 => "b_of_f(",
            .float64 => "b_of_d(",
            .int32 => "b_of_i(",
            else => unreachable,
        },
        .bool => unreachable,
    };
}

/// The opening half of the conversion of an element that is stored as `from`; a bool is true unless
/// its byte is 0.
pub fn loading(from: DType, to: DType) []const u8 {
    if (from != .bool) return conversion(from, to);
    return switch (to) {
        .float32 => "(float)(0 != ",
        .float64 => "(double)(0 != ",
        .int32 => "(int)(0 != ",
        else => "(U8)(0 != ",
    };
}

/// The initial running value of a fold.
pub fn startOf(buffer: *[40]u8, from: table.From, compute: DType) []const u8 {
    return switch (from) {
        .number => |value| std.fmt.bufPrint(buffer, "({s}){d}", .{ typeName(compute), value }) catch unreachable,
        .lowest => switch (compute) {
            .float32 => "-INFINITY_FLOAT",
            .float64 => "-(double)INFINITY_FLOAT",
            else => "(-2147483647 - 1)",
        },
        .highest => switch (compute) {
            .float32 => "INFINITY_FLOAT",
            .float64 => "(double)INFINITY_FLOAT",
            else => "2147483647",
        },
    };
}

/// The opening half of the conversion of a scalar, in the low bytes of a word, into the compute
/// type.
pub fn scalarOf(compute: DType) []const u8 {
    return switch (compute) {
        .float32 => "AS_FLOAT((int)",
        .float64 => "AS_DOUBLE((I64)",
        else => "(int)(",
    };
}

/// Declares the scalars of a plan's steps as `s0_0`: the step's number, then the scalar's.
pub fn scalars(writer: *Writer, steps: anytype) Writer.Error!void {
    for (steps, 0..) |*step, n| {
        for (0..step.scalars) |k| {
            const name = typeName(step.compute);
            try fill(writer, "const @ s@_@ = @p.scalars[@]);\n", .{ name, n, k, scalarOf(step.compute), step.scalar + k });
        }
    }
}

/// The source of a step's operand.
pub const Source = struct {
    /// `v`, computed by step `made`, or `m`, loaded from view `read`.
    from: union(enum) { made: usize, read: usize },
    dtype: DType,
    /// Selects the lane where several elements are loaded.
    each: []const u8 = "",
};

/// Declares operand `k` of step `n` in the compute type: `a0_0`.
pub fn operand(writer: *Writer, n: usize, k: usize, compute: DType, source: Source) Writer.Error!void {
    const open = if (source.from == .made) conversion(source.dtype, compute) else loading(source.dtype, compute);
    const letter: []const u8, const number = switch (source.from) {
        .made => |step| .{ "v", step },
        .read => |view| .{ "m", view },
    };
    try fill(writer, "const @ a@_@ = @@@@);\n", .{ typeName(compute), n, k, open, letter, number, source.each });
}

/// Writes the expression of a row. Operands are `a0_0`, the step's number before the operand's;
/// scalars are `s0_0`, the index is `i0`, the running value `r`.
pub fn expression(
    writer: *Writer,
    tree: expr.Tree,
    compute: DType,
    step: usize,
    /// Whether functions are called by the variants that set `hard` instead of taking longer.
    easy: bool,
) Writer.Error!void {
    const one: Expression = .{ .writer = writer, .compute = compute, .step = step, .easy = easy };
    try one.arithmetic(tree);
}

/// Whether the row calls a function that takes longer for some arguments.
pub fn isUneven(tree: expr.Tree, compute: DType) bool {
    if (compute == .int32) return false;
    return switch (tree.*) {
        .number, .operand, .scalar, .index, .running => false,
        .negate, .not, .complement => |of| isUneven(of, compute),
        .binary => |binary| isUneven(binary.left, compute) or isUneven(binary.right, compute),
        .select => |select| isUneven(select.condition, compute) or isUneven(select.yes, compute) or
            isUneven(select.no, compute),
        .call => |call| call.function.isUneven() or for (call.arguments) |argument| {
            if (isUneven(argument, compute)) break true;
        } else false,
    };
}

const Expression = struct {
    writer: *Writer,
    compute: DType,
    step: usize,
    easy: bool,

    fn arithmetic(one: *const Expression, tree: expr.Tree) Writer.Error!void {
        const writer = one.writer;
        if (expr.isLogic(tree)) {
            try fill(writer, "(@)", .{typeName(one.compute)});
            return one.logic(tree);
        }
        switch (tree.*) {
            .number => |value| try one.number(value),
            .operand => |k| try fill(writer, "a@_@", .{ one.step, k }),
            .scalar => |k| try fill(writer, "s@_@", .{ one.step, k }),
            .index => try fill(writer, "i@", .{one.step}),
            .running => try writer.writeByte('r'),
            .negate => |of| {
                try writer.writeAll(if (one.compute == .int32) "negate_i(" else "(-");
                try one.arithmetic(of);
                try writer.writeByte(')');
            },
            .complement => |of| {
                try writer.writeAll("(~");
                try one.arithmetic(of);
                try writer.writeByte(')');
            },
            .binary => |binary| try one.operation(binary),
            .select => |select| {
                try writer.writeByte('(');
                try one.logic(select.condition);
                try writer.writeAll(" ? ");
                try one.arithmetic(select.yes);
                try writer.writeAll(" : ");
                try one.arithmetic(select.no);
                try writer.writeByte(')');
            },
            .call => |call| {
                const easy = one.easy and one.compute != .int32 and call.function.isUneven();
                try fill(writer, "@@_@(", .{ @tagName(call.function), if (easy) "Easy" else "", suffix(one.compute) });
                for (call.arguments, 0..) |argument, k| {
                    if (k > 0) try writer.writeAll(", ");
                    try one.arithmetic(argument);
                }
                try writer.writeAll(if (easy) ", &hard)" else ")");
            },
            .not => unreachable,
        }
    }

    fn operation(one: *const Expression, binary: expr.Binary) Writer.Error!void {
        const writer = one.writer;
        // Sums, products and shifts of integers are functions, which wrap.
        const function: []const u8 = if (one.compute != .int32) "" else switch (binary.operator) {
            .@"+" => "add_i",
            .@"-" => "sub_i",
            .@"*" => "mul_i",
            .@"<<" => "shiftLeft_i",
            .@">>" => "shiftRight_i",
            else => "",
        };
        try writer.writeAll(function);
        try writer.writeByte('(');
        try one.arithmetic(binary.left);
        if (function.len > 0) try writer.writeAll(", ") else try fill(writer, " @ ", .{@tagName(binary.operator)});
        try one.arithmetic(binary.right);
        try writer.writeByte(')');
    }

    fn number(one: *const Expression, value: f64) Writer.Error!void {
        switch (one.compute) {
            // The shortest digits that give the same number back.
            .float32 => try one.writer.print("({e}f)", .{@as(f32, @floatCast(value))}),
            .float64 => try one.writer.print("({e})", .{value}),
            else => try one.writer.print("({d})", .{@as(i32, @intFromFloat(value))}),
        }
    }

    fn logic(one: *const Expression, tree: expr.Tree) Writer.Error!void {
        const writer = one.writer;
        try writer.writeByte('(');
        if (!expr.isLogic(tree)) {
            try one.arithmetic(tree);
            try writer.writeAll(" != 0");
        } else if (tree.* == .not) {
            try writer.writeByte('!');
            try one.logic(tree.not);
        } else {
            const binary = tree.binary;
            const joins = binary.operator == .@"&&" or binary.operator == .@"||";
            if (joins) try one.logic(binary.left) else try one.arithmetic(binary.left);
            // Both sides of `?:` are computed, as on every device.
            try fill(writer, " @ ", .{switch (binary.operator) {
                .@"&&" => "&",
                .@"||" => "|",
                else => @tagName(binary.operator),
            }});
            if (joins) try one.logic(binary.right) else try one.arithmetic(binary.right);
        }
        try writer.writeByte(')');
    }
};
