//! The instructions as the kernels see them: decoded from f64 words and checked once by
//! `decode.zig`, trusted from then on. `kernels/instruction.ts` is the page that describes the
//! words; the numbers here are in the manifest, which the other side compares with its own.

const std = @import("std");

pub const rank_max = 8;
pub const inputs_max = 6;
/// f64 words in an instruction buffer.
pub const words_max = 1 << 16;

pub const Opcode = enum(u32) {
    alloc = 1,
    free = 2,
    group = 3,
    end = 4,
    map = 5,
    fold = 6,
    arg = 7,
    matmul = 8,
    gather = 9,
    scatter = 10,
    random = 11,
    check = 12,
    flat = 13,
};

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

pub const DType = enum(u8) {
    float32 = 0,
    float64 = 1,
    int32 = 2,
    uint8 = 3,
    bool = 4,
    /// Storage types: what is computed with them is float32.
    float16 = 5,
    bfloat16 = 6,

    pub fn isHalf(dtype: DType) bool {
        return dtype == .float16 or dtype == .bfloat16;
    }

    pub fn bytes(dtype: DType) usize {
        return @as(usize, 1) << dtype.shift();
    }

    /// The logarithm of it, to the base of 2.
    pub fn shift(dtype: DType) u2 {
        return switch (dtype) {
            .float64 => 3,
            .float32, .int32 => 2,
            .float16, .bfloat16 => 1,
            .uint8, .bool => 0,
        };
    }
};

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

/// Also arg: there `out` is int32 and `inputs_count` is 1.
pub const Fold = struct {
    row: u16,
    compute: DType,
    rank: u8,
    /// The first `kept` axes are kept, the others joined.
    kept: u8,
    inputs_count: u8,
    scalars: [3]f64,
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
/// each sum of halves is rounded.
pub const Gather = struct {
    outer: usize,
    count: usize,
    length: usize,
    inner: usize,
    out: View,
    source: View,
    index: View,
};

pub const Random = struct {
    count: usize,
    key: [2]u32,
    counter: u64,
    out: View,
};

pub const Instruction = union(enum) {
    map: Map,
    fold: Fold,
    arg: Fold,
    matmul: MatMul,
    gather: Gather,
    scatter: Gather,
    random: Random,

    /// Its views by number: the output first, then what is read.
    pub fn operand(instruction: *Instruction, number: usize) *View {
        return switch (instruction.*) {
            inline .map, .fold, .arg => |*one| if (number == 0) &one.out else &one.inputs[number - 1],
            .matmul => |*one| ([3]*View{ &one.out, &one.a, &one.b })[number],
            .gather, .scatter => |*one| ([3]*View{ &one.out, &one.source, &one.index })[number],
            .random => |*one| &one.out,
        };
    }
};
