//! The instructions as the kernels see them: decoded from f64 words and checked once by
//! `decode.zig`, trusted from then on. `kernels/instruction.ts` is the page that describes the
//! words; the numbers here are in the manifest, which the other side compares with its own.

const std = @import("std");
const limits = @import("limits.zig");
const schema = @import("schema.zig");
pub const DType = @import("../numbers/dtype.zig").DType;

pub const rank_max = limits.rank_max;
pub const inputs_max = limits.inputs_max;
pub const words_max = limits.words_max;
pub const threads_max = limits.threads_max;

pub const Opcode = schema.Opcode;

/// What a call answers; anything but `ok` comes with a message.
pub const Status = enum(u32) {
    ok = 0,
    malformed = 1,
    range = 2,
    memory = 3,
    stale = 4,
    context = 5,
    unsupported = 6,
    /// A driver failed: the device is lost, or refused what it was asked to do.
    device = 7,
};

/// Why the last call failed.
pub const Message = struct {
    buffer: [256]u8 = undefined,
    length: usize = 0,

    pub fn text(message: *const Message) []const u8 {
        return message.buffer[0..message.length];
    }

    pub fn set(message: *Message, comptime format: []const u8, values: anytype) void {
        // What does not fit is cut off.
        var writer: std.Io.Writer = .fixed(&message.buffer);
        writer.print(format, values) catch {};
        message.length = writer.end;
    }
};

/// A text of the caller's as far as a message can hold it: one line of visible characters.
pub fn printable(text: []const u8) std.fmt.Alt([]const u8, writePrintable) {
    return .{ .data = text };
}

fn writePrintable(text: []const u8, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    for (text[0..@min(text.len, 64)]) |byte| {
        try writer.writeByte(if (std.ascii.isPrint(byte)) byte else '?');
    }
}

/// Elements of a storage seen through strides. `data` points at the element with all indices zero.
pub const View = struct {
    data: [*]u8,
    dtype: DType,
    /// In elements; as many as the instruction says.
    strides: [rank_max + 2]isize,
    /// Which storage this is, so that a group can tell its own temporaries.
    handle: u32,
};

pub const Map = struct {
    row: u16,
    compute: DType,
    rank: u8,
    inputs_count: u8,
    scalars: [3]f64,
    shape: [rank_max]usize,
    out: View,
    inputs: [inputs_max]View,
};

/// What the first field of a flat map says in one word.
pub const FlatCode = packed struct(u32) {
    /// The number of the compute type.
    compute: u2,
    /// Whether the map makes the storage of its output.
    allocates: bool,
    row: u29,
};

/// Also arg: there `out` is int32.
pub const Fold = struct {
    row: u16,
    compute: DType,
    rank: u8,
    /// The first `kept` axes are kept, the others joined.
    kept: u8,
    inputs_count: u8 = 1,
    scalars: [3]f64 = @splat(0),
    shape: [rank_max]usize,
    out: View,
    inputs: [inputs_max]View,
};

/// Strides of `out`, `a`, `b`: the batch axes, then rows, then columns.
pub const MatMul = struct {
    compute: DType,
    batch_rank: u8,
    m: usize,
    n: usize,
    k: usize,
    batch: [rank_max]usize,
    out: View,
    a: View,
    b: View,
    /// The right operand once more, in the order in which the kernel reads it; see `cpu/panel_cache.zig`.
    panels: ?[*]align(64) u8 = null,
};

/// gather: out[o, c, i] = source[o, index[c], i]; scatter: out[o, index[c], i] += source[o, c, i], c ascending;
/// each sum of halves is rounded. check: nothing but that indices lie below `length`.
pub const Gather = struct {
    outer: usize = 1,
    count: usize,
    length: usize,
    inner: usize = 1,
    out: View = undefined,
    source: View = undefined,
    index: View,
};

pub const Random = Payload("random");

/// What instructions are decoded to that are more than the words of their rows. Members are called as
/// fields and views are; what a row does not name has a default.
const payloads = struct {
    pub const map = Map;
    pub const fold = Fold;
    pub const arg = Fold;
    pub const matmul = MatMul;
    pub const gather = Gather;
    pub const scatter = Gather;
    pub const check = Gather;
};

/// What the instruction of that name is decoded to: a struct of its row, if nothing else is said.
pub fn Payload(comptime name: []const u8) type {
    if (@hasDecl(payloads, name)) return @field(payloads, name);
    const row = schema.of(@field(Opcode, name));
    var names: []const []const u8 = &.{};
    var types: []const type = &.{};
    for (row.fields) |field| {
        const Word = WordOf(field.kind);
        names = names ++ .{field.member};
        types = types ++ .{switch (field.times) {
            .fixed => |count| if (count == 1) Word else [count]Word,
            .field => [rank_max]Word,
        }};
    }
    for (row.views) |view| {
        names = names ++ .{view.member};
        types = types ++ .{if (view.times == null) View else [inputs_max]View};
    }
    return @Struct(.auto, null, names, types[0..names.len], &@splat(.{}));
}

fn WordOf(comptime kind: schema.Kind) type {
    return switch (kind) {
        .row => u16,
        .compute => DType,
        .rank, .within, .operands => u8,
        .number => f64,
        .key => u32,
        .counter => u64,
        .size => usize,
        .handle, .bytes, .code, .rest => @compileError("an instruction with views has no field of the kind " ++ @tagName(kind)),
    };
}

/// An instruction with views, by the name of its row.
pub const Instruction = blk: {
    var names: []const []const u8 = &.{};
    var types: []const type = &.{};
    for (schema.rows) |row| if (row.views.len > 0) {
        names = names ++ .{row.name};
        types = types ++ .{Payload(row.name)};
    };
    const Tag = @Enum(u8, .exhaustive, names, &std.simd.iota(u8, names.len));
    break :blk @Union(.auto, Tag, names, types[0..names.len], &@splat(.{}));
};

/// The row of an instruction by the union's tag.
pub fn rowOf(comptime tag: std.meta.Tag(Instruction)) schema.Row {
    return schema.of(@field(Opcode, @tagName(tag)));
}

/// The views of an instruction in the order of its words.
pub fn viewsOf(instruction: *const Instruction) Views {
    var found: Views = .{ .list = undefined, .count = 0, .first = undefined };
    switch (instruction.*) {
        inline else => |*one, tag| {
            const row = comptime rowOf(tag);
            found.first = row.views[0].access;
            inline for (row.views) |view| {
                const member = &@field(one, view.member);
                if (@TypeOf(member.*) == View) found.add(member) else {
                    const count = if (view.times) |times| @field(one, row.fields[times].member) else 1;
                    for (member[0..count]) |*each| found.add(each);
                }
            }
        },
    }
    return found;
}

/// The view that an instruction changes; null if it only checks.
pub inline fn writtenBy(instruction: *const Instruction) ?*const View {
    switch (instruction.*) {
        inline else => |*one, tag| {
            const row = comptime rowOf(tag);
            return if (comptime row.writes()) &@field(one, row.views[0].member) else null;
        },
    }
}

/// The view of that number, in the same order.
pub fn operandOf(instruction: *Instruction, number: usize) *View {
    switch (instruction.*) {
        inline else => |*one, tag| {
            inline for (comptime rowOf(tag).views, 0..) |view, before| {
                const member = &@field(one, view.member);
                if (@TypeOf(member.*) != View) return &member[number - before];
                if (number == before) return member;
            }
            unreachable;
        },
    }
}

pub const Views = struct {
    list: [inputs_max + 1]*const View,
    count: usize,
    /// What the instruction does with the first of them; it reads the others.
    first: schema.Access,

    fn add(views: *Views, view: *const View) void {
        views.list[views.count] = view;
        views.count += 1;
    }

    pub fn all(views: *const Views) []const *const View {
        return views.list[0..views.count];
    }

    /// Those whose elements it needs: what it adds to is one of them.
    pub fn sources(views: *const Views) []const *const View {
        return views.all()[@intFromBool(views.first == .write)..];
    }
};
