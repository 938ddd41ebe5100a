//! The texts of `skeletons.cl`, compiled for element types and numbers of work items: kernels that
//! no row's expression makes.

const std = @import("std");
const join = @import("../program/join.zig");
const layout = @import("../gpu/arguments.zig");
const program = @import("../program/program.zig");
const schema = @import("../program/schema.zig");
const table = @import("../rows/table.zig");
const text = @import("../gpu/text.zig");

const DType = program.DType;
const Writer = std.Io.Writer;

const all = @embedFile("skeletons.cl");

/// An instruction whose kernel is compiled as `skeletons.cl` has it, or one of the two kernels of a
/// product. (The kernel of a map or a fold is made from its row.)
pub const Kind = blk: {
    var names: []const []const u8 = &.{ "vectors", "lanes" };
    for (schema.rows) |row| {
        if (row.views.len > 0 and !row.tiled and !std.mem.eql(u8, row.name, "matmul") and !std.mem.eql(u8, row.name, "convolve")) names = names ++ .{row.name};
    }
    break :blk @Enum(u8, .exhaustive, names, &std.simd.iota(u8, names.len));
};

/// Tiles of a matrix product. The choice of tile changes no bit.
pub const Tile = struct {
    /// Work items along one side of a group; 1 where one work item computes the whole tile.
    side: u16 = 1,
    /// Rows that a work item keeps in registers, and vectors (or columns) of each row.
    rows: u16,
    vectors: u16,
    width: u16 = 1,
    depth: u16,

    pub fn columns(tile: *const Tile) usize {
        return @as(usize, tile.vectors) * tile.width;
    }
};

/// Rows of a group with one work item.
pub const rows_max = 128;

/// Elements of a work item of a group that scans one part of a row.
pub const scan_each = 4;

/// A row of a scan, and which of its kernels.
pub const Scan = struct {
    row: u16 = 0,
    /// Whether a group shares a part of a row.
    grouped: bool = false,
    /// Whether it only finds what each part joins to.
    totals: bool = false,
};

pub const Text = struct {
    kind: Kind,
    element: DType = .float32,
    /// The types of a product's operands and result in memory, where these differ from the element
    /// type.
    stored: [3]DType = @splat(.float32),
    index: DType = .int32,
    /// The row of a scatter.
    row: u16 = 0,
    lanes: [2]u16 = .{ 1, 1 },
    batch_rank: u8 = 0,
    /// Which of the kernels of a sort.
    step: u8 = 0,
    tile: Tile = .{ .rows = 0, .vectors = 0, .depth = 0 },
    scan: Scan = .{},

    /// The kernel, built or kept by the engine's programs.
    pub fn get(
        one: *const Text,
        programs: anytype,
    ) @typeInfo(@TypeOf(@TypeOf(programs.*).get)).@"fn".return_type.? {
        return programs.get(std.mem.asBytes(&one.key()), one, write);
    }

    fn key(one: *const Text) [15]u16 {
        const tile = one.tile;
        var stored: u16 = 0;
        for (one.stored) |dtype| stored = stored << 4 | @backingInt(dtype);
        return .{
            // No key of a planned kernel begins with this word.
            0xff00 | @as(u16, @backingInt(one.kind)),
            @backingInt(one.element),
            @backingInt(one.index),
            one.lanes[0],
            one.lanes[1],
            one.batch_rank,
            tile.side,
            tile.rows,
            tile.vectors,
            tile.width,
            tile.depth,
            stored,
            one.scan.row << 2 | @as(u16, @intFromBool(one.scan.grouped)) << 1 | @intFromBool(one.scan.totals),
            one.row,
            one.step,
        };
    }

    pub fn write(one: *const Text, writer: *Writer) Writer.Error!void {
        @branchHint(.cold);
        try text.fill(writer, "#define LANES_X @\n#define LANES_Y @\n", .{ one.lanes[0], one.lanes[1] });
        switch (one.kind) {
            else => {
                // Elements are copied as words of their size, whatever type they have.
                try text.fill(writer, "#define ELEMENT @\n#define INDEX @\n", .{
                    text.typeName(one.element), text.typeName(one.index),
                });
                if (one.kind == .scatter) try one.writeJoin(writer);
                try writer.writeAll(section(@tagName(one.kind)));
            },
            .sort => {
                try text.fill(writer, "#define STEP @\n#define TILE @\n", .{ one.step, layout.sort_tile });
                try one.writeKeys(writer);
                try writer.writeAll(section("sort"));
            },
            .random => {
                const per_block: usize = if (one.element == .float64) 2 else 4;
                try text.fill(writer, "#define ELEMENT @\n#define PER_BLOCK @\n#define NUMBERS ", .{
                    text.typeName(one.element), per_block,
                });
                for (0..per_block) |n| {
                    if (n > 0) try writer.writeAll(", ");
                    switch (one.element) {
                        .float32 => try text.fill(writer, "(float)(int)(w@ >> 8) * 0x1p-24f", .{n}),
                        // The two products and their sum are exact.
                        .float64 => try text.fill(
                            writer,
                            "(double)(int)(w@ >> 5) * 0x1p-27 + (double)(int)(w@ >> 6) * 0x1p-53",
                            .{ 2 * n, 2 * n + 1 },
                        ),
                        else => try text.fill(writer, "(int)w@", .{n}),
                    }
                }
                try writer.writeAll("\n");
                try writer.writeAll(section("random"));
            },
            .scan => try one.writeScan(writer),
            .vectors, .lanes => try one.writeProduct(writer),
        }
    }

    /// The element type is that in which the row joins.
    fn writeScan(one: *const Text, writer: *Writer) Writer.Error!void {
        const row = &table.scan_rows[one.scan.row];
        var buffer: [40]u8 = undefined;
        try text.fill(writer, "#define ACCUMULATOR @\n#define START (@)\n#define ASSOCIATES @\n#define GROUPED @\n", .{
            text.typeName(one.element),                   text.startOf(&buffer, row.from, one.element),
            @as(usize, @intFromBool(row.associates())), @as(usize, @intFromBool(one.scan.grouped)),
        });
        try text.fill(writer, "#define TOTALS @\n#define EACH @\n#define RANK_MAX @\n", .{
            @as(usize, @intFromBool(one.scan.totals)), @as(usize, scan_each), @as(usize, program.rank_max),
        });
        for (one.stored, [_][]const u8{ "A", "B", "C" }, 0..) |dtype, letter, k| {
            const reads = if (k < 2) text.loading(dtype, one.element) else text.conversion(one.element, dtype);
            try text.fill(writer, "#define @_ELEMENT @\n#define OF_@(x) @x)\n", .{ letter, text.typeName(dtype), letter, reads });
        }
        try writer.writeAll("#define JOINED ");
        try text.expression(writer, row.step, one.element, 0, false);
        try writer.writeAll("\n");
        try writer.writeAll(section("scan"));
    }

    /// What the row makes of an element in memory and the one that comes to it.
    fn writeJoin(one: *const Text, writer: *Writer) Writer.Error!void {
        const compute = join.computeOf(one.element);
        const name = text.typeName(compute);
        try text.fill(writer, "#define JOIN_INTO(x, y) { const @ r = @(x)), a0_0 = @(y)); (x) = @", .{
            name,                             text.loading(one.element, compute), text.loading(one.element, compute),
            text.conversion(compute, one.element),
        });
        try text.expression(writer, table.scatter_rows[one.row].step, compute, 0, false);
        try writer.writeAll("); }\n");
    }

    /// The words of elements and their keys: see `numbers/order.zig`.
    fn writeKeys(one: *const Text, writer: *Writer) Writer.Error!void {
        const wide = one.element == .float64;
        const word = switch (one.element.bytes()) {
            1 => "U8",
            2 => "U16",
            4 => "U32",
            else => "U64",
        };
        try text.fill(writer, "#define WORD @\n#define IS_WIDE @\n#define IS_FLOAT @\n", .{
            word, @intFromBool(wide), @intFromBool(one.element.isFloat()),
        });
        switch (one.element) {
            .bool => try writer.writeAll("#define KEY_OF(word) ((word) != 0)\n"),
            .uint8 => try writer.writeAll("#define KEY_OF(word) (word)\n"),
            .int32 => try writer.writeAll("#define KEY_OF(word) ((word) ^ 0x80000000u)\n"),
            inline else => |dtype| try text.fill(writer, "#define SIGN ((WORD)1 << @)\n#define LARGEST ((WORD)@)\n", .{
                8 * dtype.bytes() - 1, comptime text.infinityOf(dtype),
            }),
        }
    }

    fn writeProduct(one: *const Text, writer: *Writer) Writer.Error!void {
        const tile = one.tile;
        // Unsigned integers wrap.
        const name = switch (one.element) {
            .float32 => "float",
            .float64 => "double",
            else => "uint",
        };
        try text.fill(writer, "#define ELEMENT @\n#define BATCH_RANK @\n#define DEPTH @\n", .{ name, one.batch_rank, tile.depth });
        for (one.stored, [_][]const u8{ "A", "B", "C" }, 0..) |dtype, letter, k| {
            const half = dtype.isHalf();
            const reads = if (k < 2) text.conversion(dtype, one.element) else text.conversion(one.element, dtype);
            try text.fill(writer, "#define @_ELEMENT @\n#define @_IS_HALF @\n#define OF_@(x) @x)\n", .{
                letter, if (half) text.typeName(dtype) else name,
                letter, @intFromBool(half),
                letter, if (half) reads else "(",
            });
        }
        try text.fill(writer, "#define MULTIPLY_ADD(x, y, z) @\n", .{if (one.element == .int32) "((x) * (y) + (z))" else "fma(x, y, z)"});
        if (one.kind == .lanes) {
            try text.fill(writer, "#define SIDE @\n#define EACH @\n", .{ tile.side, tile.rows });
        } else {
            try text.fill(writer, "#define ROWS @\n#define VECTORS @\n#define WIDTH @\n#define ROWS_MAX @\n", .{
                tile.rows, tile.vectors, tile.width, rows_max + tile.rows,
            });
            if (tile.width == 1) {
                try text.fill(writer, "#define VECTOR @\n#define LOAD(v, p) (p)[v]\n#define STORE(x, v, p) (p)[v] = (x)\n", .{name});
            } else try text.fill(
                writer,
                "#define VECTOR @@\n#define LOAD(v, p) vload@(v, p)\n#define STORE(x, v, p) vstore@(x, v, p)\n",
                .{ name, tile.width, tile.width, tile.width },
            );
        }
        try writer.writeAll(section("matmul"));
        try writer.writeAll(if (one.kind == .lanes) section("matmul lanes") else section("matmul vectors"));
    }
};

/// The part of the texts under the mark of that name.
fn section(name: []const u8) []const u8 {
    var parts = std.mem.splitSequence(u8, all, "//@ ");
    while (parts.next()) |part| {
        const end = std.mem.indexOfScalar(u8, part, '\n') orelse continue;
        if (std.mem.eql(u8, part[0..end], name)) return part[end..];
    }
    unreachable;
}

test "every skeleton has its text" {
    for (@typeInfo(Kind).@"enum".field_names) |name| {
        if (std.mem.eql(u8, name, "vectors") or std.mem.eql(u8, name, "lanes")) continue;
        try std.testing.expect(section(name).len > 100);
    }
    for ([_][]const u8{ "matmul", "matmul vectors", "matmul lanes" }) |name| {
        try std.testing.expect(section(name).len > 100);
    }
}
