//! Instructions from f64 words. Whatever the words are, a decoded instruction touches only elements
//! of live storages, and every size in it is small enough to be multiplied by the others.

const std = @import("std");
const facts = @import("../program/facts.zig");
const memory_module = @import("../host/memory.zig");
const program = @import("../program/program.zig");
const schema = @import("../program/schema.zig");
const table = @import("../rows/table.zig");
const words_module = @import("../program/words.zig");

const Memory = memory_module.Memory;
const Opcode = program.Opcode;
const View = program.View;

pub const Failure = error{ Malformed, Range, Stale, Unsupported };

/// How many operands and scalars each row has, and which types have the row.
const Signature = struct { operands: u8, scalars: u8, types: table.Types };

fn signatures(comptime rows: anytype) [rows.len]Signature {
    var list: [rows.len]Signature = undefined;
    for (rows, &list) |row, *signature| {
        const operands = if (@hasField(@TypeOf(row), "operands")) row.operands else 1;
        const scalars = if (@hasField(@TypeOf(row), "scalars")) row.scalars else 0;
        signature.* = .{ .operands = operands, .scalars = scalars, .types = row.types };
    }
    return list;
}

const maps = signatures(table.map_rows);

/// The facts of the rows that an instruction of that name may have.
fn signaturesOf(comptime name: []const u8) []const Signature {
    const list = comptime signatures(@field(table, name ++ "_rows"));
    return &list;
}

/// The names of the rows that an instruction of that name may have.
fn rowNamesOf(comptime name: []const u8) []const []const u8 {
    const rows = @field(table, name ++ "_rows");
    comptime var names: [rows.len][]const u8 = undefined;
    inline for (rows, &names) |row, *one| one.* = row.name;
    const list = names;
    return &list;
}

/// What an instruction is called in messages: the name of its row, where it has one.
fn nameOf(comptime row: schema.Row, target: anytype) []const u8 {
    inline for (row.fields) |field| {
        if (field.kind == .row) return (comptime rowNamesOf(row.name))[@field(target, field.member)];
    }
    return row.name;
}

/// A storage that a flat map makes for its output.
pub const Fresh = struct { handle: u32, bytes: u64 };

/// The first four fields of a flat map: its code, the number of elements, the output's handle and
/// offset.
const flat_at = blk: {
    const row = schema.of(.flat);
    for (.{ "code", "count", "handle", "offset" }, row.place("code")..) |name, at| {
        if (row.place(name) != at) @compileError("a flat map is read as code, count, handle, offset");
    }
    break :blk row.place("code");
};

/// The storage that a flat map of these words makes for its output; null if it makes none.
pub inline fn freshOf(words: []const f64) ?Fresh {
    if (words.len < flat_at + 4) return null;
    const word, const count, const handle, _ = words_module.wholesOf(4, words[flat_at..][0..4].*);
    if (word < 0 or word >= 1 << 32 or count < 0 or handle < 0 or handle >= 1 << 32) return null;
    const code: program.FlatCode = @bitCast(@as(u32, @intCast(word)));
    if (!code.allocates) return null;
    const compute: program.DType = switch (code.compute) {
        0 => .float32,
        1 => .float64,
        2 => .int32,
        else => return null,
    };
    return .{ .handle = @intCast(handle), .bytes = @as(u64, @intCast(count)) << compute.shift() };
}

/// The most words of an instruction, whatever its fields say, plus one vector, which is read at
/// once.
const longest = schema.length_max + lanes;
const lanes = 4;

/// Reads the fields of one instruction. The instruction's length is compared with what its first
/// fields ask for before any other field is read.
pub const Reader = struct {
    memory: *const Memory,
    message: *program.Message,
    /// The instruction's own words, opcode and length included.
    words: []const f64,
    /// The same words as whole numbers, as far as they are whole.
    wholes: [longest]i64 = undefined,
    /// The list in which views are noted; null if no program is being kept.
    found: ?*words_module.Found,

    pub inline fn init(reader: *Reader, memory: *const Memory, message: *program.Message, words: []const f64) void {
        reader.memory = memory;
        reader.message = message;
        reader.words = words;
        reader.found = null;
        const length = @min(words.len, longest - lanes);
        var at: usize = 0;
        while (at + lanes <= length) : (at += lanes) {
            reader.wholes[at..][0..lanes].* = words_module.wholesOf(lanes, words[at..][0..lanes].*);
        }
        while (at < length) : (at += 1) reader.wholes[at] = words_module.wholeOf(words[at]);
    }

    /// Decodes the instruction; false where it has nothing to do.
    pub fn read(reader: *const Reader, opcode: Opcode, target: *program.Instruction) Failure!bool {
        switch (opcode) {
            .flat => {
                target.* = .{ .map = undefined };
                return reader.flat(&target.map);
            },
            inline else => |tag| {
                const row = comptime schema.of(tag);
                if (row.views.len == 0) unreachable;
                target.* = @unionInit(program.Instruction, row.name, undefined);
                return reader.instruction(row, &@field(target, row.name));
            },
        }
    }

    /// Fills the members that the row names from the words, and the others with their defaults.
    fn instruction(reader: *const Reader, comptime row: schema.Row, target: anytype) Failure!bool {
        const Payload = @TypeOf(target.*);
        inline for (@typeInfo(Payload).@"struct".field_names) |name| {
            if (comptime row.hasMember(name)) continue;
            @field(target, name) = comptime schema.defaultOf(Payload, name) orelse
                @compileError("instruction \"" ++ row.name ++ "\": no field or view is called " ++ name);
        }
        try reader.atLeast(row.head);
        try reader.head(row, target);
        try reader.exactly(schema.lengthOf(row, &reader.wholes));
        inline for (row.fields) |field| if (field.times == .field) {
            const count = @field(target, row.fields[field.times.field].member);
            var whole: u64 = 1;
            const sizes = @field(target, field.member)[0..count];
            for (sizes, field.at..) |*size, at| size.* = try reader.sizeAt(at, nameOf(row, target));
            for (sizes) |size| whole = try reader.product(whole, size, nameOf(row, target), sizes);
        };
        const useful = try reader.views(row, target);
        try reader.together(row, target);
        return useful;
    }

    /// Refuses views that are right one by one, but not together. Engines trust that.
    inline fn together(reader: *const Reader, comptime row: schema.Row, target: anytype) Failure!void {
        if (comptime std.mem.eql(u8, row.name, "arg")) {
            var places: usize = 1;
            for (target.shape[target.kept..target.rank]) |size| places *= size;
            if (places > std.math.maxInt(i32)) return reader.refuse(
                error.Range,
                "Cannot {s}: the place of one element among {d} does not fit an int32; wanted at most {d}",
                .{ nameOf(row, target), places, std.math.maxInt(i32) },
            );
        }
        if (comptime std.mem.eql(u8, row.name, "sort")) {
            if (target.length > std.math.maxInt(i32)) return reader.refuse(
                error.Range,
                "Cannot sort: the place of one element among {d} does not fit an int32; wanted at most {d}",
                .{ target.length, std.math.maxInt(i32) },
            );
            if (target.taken > target.length) return reader.refuse(
                error.Range,
                "Cannot sort: there are no first {d} of {d} elements",
                .{ target.taken, target.length },
            );
        }
        if (@TypeOf(target.*) == program.MatMul and !facts.multiplies(target)) return reader.refuse(
            error.Unsupported,
            "Cannot multiply: the dtypes are {t} and {t}, for a result of {t}; wanted one dtype",
            .{ target.a.dtype, target.b.dtype, target.out.dtype },
        );
        if (@TypeOf(target.*) == program.Convolve) {
            if (!facts.convolves(target)) return reader.refuse(
                error.Unsupported,
                "Cannot convolve: the dtypes are {t} and {t}, for a result of {t}; wanted {t}",
                .{ target.kernel.dtype, target.input.dtype, target.out.dtype, target.compute },
            );
            if (!facts.reaches(target, words_module.elements_max)) return reader.refuse(
                error.Range,
                "Cannot convolve: steps and dilations must be at least 1, and reach at most {d} places",
                .{words_module.elements_max},
            );
        }
        if (@TypeOf(target.*) == program.Gather and comptime row.writes()) {
            if (target.out.dtype != target.source.dtype) return reader.refuse(
                error.Unsupported,
                "Cannot " ++ row.name ++ ": the dtypes are {t} and {t}; wanted two equal ones",
                .{ target.out.dtype, target.source.dtype },
            );
        }
    }

    /// Reads the words of a field, `count` of them, as the row says.
    inline fn head(reader: *const Reader, comptime row: schema.Row, target: anytype) Failure!void {
        var signature: Signature = .{ .operands = 0, .scalars = 0, .types = .any };
        inline for (row.fields) |field| if (field.times == .fixed) inline for (0..field.times.fixed) |k| {
            const at = field.at + k;
            const slot = words_module.slotOf(target, field, k);
            const bound = comptime boundOf(row, field);
            switch (field.kind) {
                .row => {
                    const list = comptime signaturesOf(row.name);
                    slot.* = @intCast(try reader.number(at, field.name, list.len));
                    signature = list[slot.*];
                },
                .compute => slot.* = try reader.computeOf(try reader.number(at, "compute type", bound), signature),
                .rank => slot.* = @intCast(try reader.number(at, field.name, bound)),
                .within => {
                    const most: u64 = @field(target, row.fields[field.within.?].member);
                    slot.* = @intCast(try reader.number(at, field.name, most + 1));
                },
                .operands => slot.* = try reader.operandsOf(at, signature),
                .size => slot.* = try reader.sizeAt(at, row.name),
                .number, .key, .counter => slot.* = words_module.liveOf(field.kind, @TypeOf(slot.*), reader.words[at]) orelse
                    return reader.fail(error.Malformed, "the " ++ field.name ++ " {d} must be a whole number in [0, {d})", .{
                        reader.words[at], bound,
                    }),
                .handle, .bytes, .code, .rest => comptime unreachable,
            }
        };
    }

    /// Reads the views as the row says; false where the instruction has nothing to do.
    inline fn views(reader: *const Reader, comptime row: schema.Row, target: anytype) Failure!bool {
        var at = schema.viewsOf(row, &reader.wholes);
        var useful = true;
        inline for (row.views) |view_row| {
            var room: [program.rank_max + 2]usize = undefined;
            const shape = try reader.shapeOf(row, view_row, target, &room);
            const member = &@field(target, view_row.member);
            const list: []View = if (@TypeOf(member.*) == View)
                member[0..1]
            else
                member[0..if (view_row.times) |times| @field(target, row.fields[times].member) else 1];
            for (list) |*each| {
                try reader.view(at, each, shape, view_row, row.name);
                at += 3 + if (view_row.is_packed) 0 else shape.len;
            }
            // The written view is empty, or there is nothing to add to it.
            if (comptime view_row.access == .write or (view_row.access == .read and row.views[0].access == .update)) {
                useful = useful and std.mem.indexOfScalar(usize, shape, 0) == null;
            }
            // Indices are checked before anything is written, so the instruction must not change
            // them.
            if (comptime row.writes() and view_row.below != null) {
                if (@field(target, row.views[0].member).handle == list[0].handle) {
                    return reader.fail(error.Unsupported, "the output lies in the storage of the indices", .{});
                }
            }
        }
        return useful;
    }

    /// The lengths of the view's axes, copied into `room` if they are not contiguous in the words.
    inline fn shapeOf(
        reader: *const Reader,
        comptime row: schema.Row,
        comptime view_row: schema.View,
        target: anytype,
        room: *[program.rank_max + 2]usize,
    ) Failure![]const usize {
        var rank: usize = 0;
        inline for (view_row.axes) |axes| {
            const field = row.fields[axes.field];
            const member = &@field(target, field.member);
            const list: []const usize = switch (field.times) {
                .fixed => member[0..1],
                .field => |count| member[0..@field(target, row.fields[axes.part orelse count].member)],
            };
            if (view_row.axes.len == 1) return list;
            @memcpy(room[rank..][0..list.len], list);
            rank += list.len;
        }
        var whole: u64 = 1;
        for (room[0..rank]) |size| whole = try reader.product(whole, size, row.name, room[0..rank]);
        return room[0..rank];
    }

    /// A flat map, in half the words of a map: most eager operations are one.
    fn flat(reader: *const Reader, target: *program.Map) Failure!bool {
        const head_length = comptime schema.of(.flat).head;
        try reader.atLeast(head_length);
        const past: program.FlatCode = .{ .compute = 0, .allocates = false, .row = maps.len };
        const word = try reader.number(flat_at, "row", @as(u32, @bitCast(past)));
        const code: program.FlatCode = @bitCast(@as(u32, @intCast(word)));
        target.row = @intCast(code.row);
        const signature = maps[target.row];
        const operands: usize = signature.operands;
        const scalars: usize = signature.scalars;
        target.compute = try reader.computeOf(code.compute, signature);
        target.rank = 1;
        target.inputs_count = signature.operands;
        try reader.exactly(head_length + 2 * operands + scalars);
        const count = try reader.sizeAt(flat_at + 1, (comptime rowNamesOf("map"))[target.row]);
        target.shape[0] = count;
        try reader.line(flat_at + 2, &target.out, count, target.compute);
        for (target.inputs[0..operands], 0..) |*input, k| {
            try reader.line(head_length + 2 * k, input, count, target.compute);
        }
        target.scalars = @splat(0);
        @memcpy(target.scalars[0..scalars], reader.words[head_length + 2 * operands ..][0..scalars]);
        return count != 0;
    }

    /// A view of `count` contiguous elements.
    inline fn line(reader: *const Reader, at: usize, target: *View, count: usize, dtype: program.DType) Failure!void {
        const handle: u32 = @intCast(try reader.number(at, "handle", 1 << 32));
        const offset = try reader.number(at + 1, "offset", words_module.elements_max);
        const storage = reader.memory.find(handle) orelse
            return reader.fail(error.Stale, "there is no storage {d}", .{handle});
        const elements = storage.block.bytes >> dtype.shift();
        if (count > elements or offset > elements - count) {
            return reader.fail(error.Range, "a view reaches {d}..{d} of {d} elements", .{ offset, offset + count, elements });
        }
        target.handle = handle;
        target.dtype = dtype;
        target.strides[0] = 1;
        target.data = storage.block.data + (offset << dtype.shift());
    }

    fn fail(reader: *const Reader, failure: Failure, comptime format: []const u8, values: anytype) Failure {
        return reader.refuse(failure, "Cannot run: " ++ format, values);
    }

    fn refuse(reader: *const Reader, failure: Failure, comptime format: []const u8, values: anytype) Failure {
        @branchHint(.cold);
        reader.message.set(format, values);
        return failure;
    }

    fn atLeast(reader: *const Reader, length: usize) Failure!void {
        if (reader.words.len < length) {
            return reader.fail(error.Malformed, "an instruction of {d} words ends early", .{reader.words.len});
        }
    }

    fn exactly(reader: *const Reader, length: usize) Failure!void {
        if (reader.words.len != length) {
            return reader.fail(error.Malformed, "an instruction of {d} words should have {d}", .{ reader.words.len, length });
        }
    }

    /// The whole number in word `at`, which must be below `bound`.
    inline fn number(reader: *const Reader, at: usize, comptime what: []const u8, bound: u64) Failure!usize {
        const whole: u64 = @bitCast(reader.wholes[at]);
        if (whole < bound) return @intCast(whole);
        return reader.fail(error.Malformed, "the " ++ what ++ " {d} must be a whole number in [0, {d})", .{ reader.words[at], bound });
    }

    /// The compute type, which must be one that the row supports.
    inline fn computeOf(reader: *const Reader, code: usize, signature: Signature) Failure!program.DType {
        if (code >= 3) return reader.fail(error.Malformed, "the compute type {d} must be a whole number in [0, 3)", .{code});
        const found: program.DType = @fromBackingInt(@as(u8, @intCast(code)));
        if (found == .int32 and signature.types == .floats) {
            return reader.fail(error.Unsupported, "the row does not exist for integers", .{});
        }
        if (found != .int32 and signature.types == .integers) {
            return reader.fail(error.Unsupported, "the row does not exist for floats", .{});
        }
        return found;
    }

    fn operandsOf(reader: *const Reader, at: usize, signature: Signature) Failure!u8 {
        const count = try reader.number(at, "number of inputs", program.inputs_max + 1);
        if (count != signature.operands) {
            return reader.fail(error.Malformed, "{d} inputs for a row of {d}", .{ count, signature.operands });
        }
        return @intCast(count);
    }

    /// The length of an axis in word `at`.
    inline fn sizeAt(reader: *const Reader, at: usize, name: []const u8) Failure!usize {
        const whole: u64 = @bitCast(reader.wholes[at]);
        if (whole <= words_module.elements_max) return @intCast(whole);
        if (reader.wholes[at] < 0) return reader.fail(error.Malformed, "the size {d} must be a whole number", .{reader.words[at]});
        return reader.refuse(error.Range, "Cannot {s}: an axis of {d} elements is longer than {d}", .{
            name, whole, words_module.elements_max,
        });
    }

    /// The elements of some axes multiplied by those of the next, of all axes `shape` of a view.
    /// Both factors are at most `words_module.elements_max`.
    inline fn product(reader: *const Reader, whole: u64, size: usize, name: []const u8, shape: []const usize) Failure!u64 {
        const more = multiplied(whole, @max(size, 1));
        if (more <= words_module.elements_max) return more;
        return reader.refuse(error.Range, "Cannot {s}: shape {f} has more than {d} elements", .{
            name, std.fmt.Alt([]const usize, writeShape){ .data = shape }, words_module.elements_max,
        });
    }

    /// A view of that shape, all of whose elements are in a live storage.
    fn view(
        reader: *const Reader,
        at: usize,
        target: *View,
        shape: []const usize,
        comptime row: schema.View,
        comptime name: []const u8,
    ) Failure!void {
        try reader.window(at, target, shape, !row.is_packed);
        if (row.types.len == 0 or std.mem.indexOfScalar(program.DType, row.types, target.dtype) != null) {
            if (reader.found) |found| found.views[found.count - 1].written = row.access != .read;
            return;
        }
        return reader.fail(error.Unsupported, "the " ++ row.name ++ " of " ++ name ++ " is {t}, wanted " ++ comptime typesText(row.types), .{target.dtype});
    }

    /// A view with strides, or of contiguous elements.
    fn window(reader: *const Reader, at: usize, target: *View, shape: []const usize, strided: bool) Failure!void {
        const handle: u32 = @intCast(try reader.number(at, "handle", 1 << 32));
        const codes = @typeInfo(program.DType).@"enum".field_names.len;
        target.handle = handle;
        target.dtype = @fromBackingInt(@as(u8, @intCast(try reader.number(at + 1, "element type", codes))));
        const offset = try reader.number(at + 2, "offset", words_module.elements_max);
        const storage = reader.memory.find(handle) orelse
            return reader.fail(error.Stale, "there is no storage {d}", .{handle});
        var low: i64 = @intCast(offset);
        var high = low;
        var empty = false;
        for (shape, target.strides[0..shape.len], at + 3..) |size, *stride, place| {
            const step: i64 = if (strided) reader.wholes[place] else 1;
            if (step > words_module.elements_max or step < -words_module.elements_max) {
                return reader.fail(error.Malformed, "the stride {d} must be a whole number", .{reader.words[place]});
            }
            stride.* = @intCast(step);
            if (size == 0) empty = true else {
                // A product that saturates is out of range, and so is any sum with it.
                const reach = multiplied(step, @intCast(size - 1));
                if (reach < 0) low +|= reach else high +|= reach;
            }
        }
        const shift = target.dtype.shift();
        target.data = storage.block.data;
        if (reader.found) |found| {
            const from: i64 = @intCast(offset);
            found.views[found.count] = .{ .at = @intCast(at), .low = low - from, .high = high - from, .empty = empty, .written = false };
            found.count += 1;
        }
        // A view without elements gets strides of 0: nothing reads through its strides, but they
        // may be too large for a skeleton to multiply.
        if (empty) {
            @memset(target.strides[0..shape.len], 0);
            return;
        }
        const elements = storage.block.bytes >> shift;
        if (low < 0 or high >= elements) {
            return reader.fail(error.Range, "a view reaches {d}..{d} of {d} elements", .{ low, high, elements });
        }
        target.data += offset << shift;
    }
};

/// One more than the largest value of the field's words.
fn boundOf(comptime row: schema.Row, comptime field: schema.Field) u64 {
    return switch (field.kind) {
        .compute => 3,
        .rank => program.rank_max + 1 - schema.axesBeside(row, field.at),
        .key => 1 << 32,
        .counter => 1 << 53,
        else => 0,
    };
}

fn writeShape(shape: []const usize, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    for (shape, 0..) |size, k| try writer.print("{s}{d}", .{ if (k == 0) "[" else ", ", size });
    try writer.writeAll(if (shape.len == 0) "[]" else "]");
}

fn typesText(comptime types: []const program.DType) []const u8 {
    var text: []const u8 = "";
    for (types, 0..) |dtype, k| {
        text = text ++ (if (k == 0) "" else if (k + 1 == types.len) " or " else ", ") ++ @tagName(dtype);
    }
    return text;
}

/// The product, saturated to the type. In 32-bit memory no product of decoded sizes exceeds the
/// type.
inline fn multiplied(a: anytype, b: @TypeOf(a)) @TypeOf(a) {
    return if (@bitSizeOf(usize) == 32) a * b else a *| b;
}
