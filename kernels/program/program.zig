//! The instructions as the kernels see them: decoded from f64 words and checked once by
//! `border/decode.zig`, trusted from then on. `kernels/schema.ts` describes the words; TypeScript
//! compares its numbers with those of the manifest.

const std = @import("std");
const limits = @import("limits.zig");
const schema = @import("schema.zig");
pub const DType = @import("../numbers/dtype.zig").DType;

pub const rank_max = limits.rank_max;
pub const inputs_max = limits.inputs_max;
pub const words_max = limits.words_max;
pub const threads_max = limits.threads_max;

pub const Opcode = schema.Opcode;

/// The status of a call; every status but `ok` comes with a message.
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
        // Text beyond the buffer is cut off.
        var writer: std.Io.Writer = .fixed(&message.buffer);
        writer.print(format, values) catch {};
        message.length = writer.end;
    }
};

/// A caller's text, cut to what a message can hold: one line of visible characters.
pub fn printable(text: []const u8) std.fmt.Alt([]const u8, writePrintable) {
    return .{ .data = text };
}

fn writePrintable(text: []const u8, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    for (text[0..@min(text.len, 64)]) |byte| {
        try writer.writeByte(if (std.ascii.isPrint(byte)) byte else '?');
    }
}

/// A view: elements of a storage seen through strides. `data` is the address of the element whose
/// indices are all 0.
pub const View = struct {
    data: [*]u8,
    dtype: DType,
    /// Strides in elements; the instruction says how many axes there are.
    strides: [rank_max + 2]isize,
    /// The storage's handle, by which a group recognises its temporaries.
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

/// The three values that the first word of a flat map packs.
pub const FlatCode = packed struct(u32) {
    /// The code of the compute type.
    compute: u2,
    /// Whether the map allocates the storage of its output.
    allocates: bool,
    row: u29,
};

/// A fold, also an arg row, whose `out` is int32.
pub const Fold = struct {
    row: u16,
    compute: DType,
    rank: u8,
    /// The first `kept` axes are kept, the others are reduced.
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
    /// The right operand again, in panels, the order in which the kernel reads it; see
    /// `cpu/panel_cache.zig`.
    panels: ?[*]align(64) u8 = null,
};

/// gather: out[o, c, i] = source[o, index[o, c, i], i]; scatter: the row joins source[o, c, i] into
/// out[o, index[o, c, i], i], c ascending; each result of halves is rounded. check: only compares
/// the indices with `length`.
pub const Gather = struct {
    row: u16 = 0,
    outer: usize,
    count: usize,
    length: usize,
    inner: usize,
    out: View = undefined,
    source: View = undefined,
    index: View,

    /// The lengths of the axes along which there are several indices: others have length one.
    pub fn indices(gather: *const Gather) [3]usize {
        var sizes: [3]usize = .{ gather.outer, gather.count, gather.inner };
        for (&sizes, gather.index.strides[0..3]) |*size, stride| if (stride == 0 and size.* > 1) {
            size.* = 1;
        };
        return sizes;
    }
};

pub const Convolve = Payload("convolve");
pub const Random = Payload("random");
pub const Sort = Payload("sort");

/// The structs of instructions that need more than the words of their rows. Members have the names
/// of fields and views; a member that the row does not name has a default.
const payloads = struct {
    pub const map = Map;
    pub const fold = Fold;
    pub const arg = Fold;
    pub const matmul = MatMul;
    pub const gather = Gather;
    pub const scatter = Gather;
    pub const check = Gather;
};

/// The struct that the instruction of that name is decoded into: one made of its row, unless
/// `payloads` has one.
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

/// A union of the instructions with views, by the names of their rows.
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

/// The view of that index, in the order of the words.
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
    /// How the instruction uses the first `writes` views; it only reads the others.
    first: schema.Access,

    fn add(views: *Views, view: *const View) void {
        views.list[views.count] = view;
        views.count += 1;
    }

    pub fn all(views: *const Views) []const *const View {
        return views.list[0..views.count];
    }

    /// Whether the view's elements are needed as operands: those of an `update` are.
    pub fn sources(views: *const Views) []const *const View {
        return views.all()[@intFromBool(views.first == .write)..];
    }
};
