//! Maps of a group over one shape as one kernel: what one of them writes and the next one reads stays
//! in a register, and what only the group sees is never written to memory. The bits are those of
//! the maps one by one: each value is rounded to its own type before it is read.
//!
//! Memory bounds it: each operand is read once and each result written once, by vectors where the
//! last axis allows it.

const std = @import("std");
const axes_module = @import("../gpu/axes.zig");
const convert = @import("../program/convert.zig");
const later_module = @import("../program/reads.zig");
const layout = @import("../gpu/arguments.zig");
const program = @import("../program/program.zig");
const row_text = @import("../gpu/row_text.zig");
const table = @import("../rows/table.zig");
const text_module = @import("../gpu/text.zig");
const product = @import("../program/axes.zig").product;

const View = program.View;
const Writer = std.Io.Writer;

pub const steps_max = 24;
pub const views_max = layout.fused_views_max;
const scalars_max = layout.fused_scalars_max;
const rank_max = layout.fused_rank_max;
/// Elements of a thread where they lie side by side.
const width_most = 4;

const Operand = struct {
    /// Which of the views.
    view: u8,
    /// The step whose result it is, where one wrote it before.
    from: ?u8,
};

const Step = struct {
    map: *const program.Map,
    inputs: [program.inputs_max]Operand,
    out: u8,
    scalar: u8,
    scalars: u8,
};

const Seen = struct {
    view: View,
    /// Whether memory is read before any step has written it.
    loaded: bool = false,
    written: ?u8 = null,
    /// Whether the result must be in memory at the end.
    stored: bool = true,
};

pub const Fused = struct {
    /// What all steps run over.
    shape: [program.rank_max]usize = undefined,
    axes_count: usize = 0,
    steps: [steps_max]Step = undefined,
    steps_count: usize = 0,
    views: [views_max]Seen = undefined,
    views_count: usize = 0,
    scalars_count: usize = 0,
    indexed: bool = false,
    rank: usize = 0,
    width: usize = 1,
    repeated: u32 = 0,
    arguments: layout.Fused = .{},

    /// As many of the instructions, from the first on, as one kernel can do.
    pub fn plan(fused: *Fused, instructions: []const program.Instruction) usize {
        fused.* = .{};
        for (instructions) |*instruction| {
            if (instruction.* != .map or fused.steps_count == steps_max) break;
            if (!fused.add(&instruction.map)) break;
        }
        return fused.steps_count;
    }

    fn add(fused: *Fused, map: *const program.Map) bool {
        const shape = map.shape[0..map.rank];
        if (fused.steps_count == 0) {
            @memcpy(fused.shape[0..map.rank], shape);
            fused.axes_count = map.rank;
        }
        // What lies end to end is written as one axis, and may run with what is not.
        var widened = false;
        if (!std.mem.eql(usize, fused.shape[0..fused.axes_count], shape)) {
            if (product(fused.shape[0..fused.axes_count]) != product(shape)) return false;
            widened = map.rank == 1 and isFlat(map);
            if (!widened and !fused.widen(shape)) return false;
        }
        const saved = fused.views_count;
        const number: u8 = @intCast(fused.steps_count);
        const scalars: u8 = @intCast(table.map_rows[map.row].scalars);
        var step: Step = .{
            .map = map,
            .inputs = undefined,
            .out = 0,
            .scalar = @intCast(fused.scalars_count),
            .scalars = scalars,
        };
        var places: [program.inputs_max]u8 = undefined;
        const taken = blk: {
            if (fused.scalars_count + scalars > scalars_max) break :blk false;
            for (map.inputs[0..map.inputs_count], places[0..map.inputs_count]) |*input, *place| {
                place.* = fused.viewOf(input, widened, false) orelse break :blk false;
            }
            step.out = fused.viewOf(&map.out, widened, true) orelse break :blk false;
            break :blk true;
        };
        if (!taken) {
            fused.views_count = saved;
            return false;
        }
        for (places[0..map.inputs_count], step.inputs[0..map.inputs_count]) |place, *operand| {
            const seen = &fused.views[place];
            operand.* = .{ .view = place, .from = seen.written };
            if (seen.written == null) seen.loaded = true;
        }
        fused.views[step.out].written = number;
        fused.scalars_count += scalars;
        fused.indexed = fused.indexed or table.map_rows[map.row].uses_index;
        fused.steps[number] = step;
        fused.steps_count += 1;
        return true;
    }

    /// Lets what is planned, where it is one axis whose elements lie end to end, run over axes.
    fn widen(fused: *Fused, shape: []const usize) bool {
        if (fused.axes_count != 1 or fused.indexed) return false;
        for (fused.views[0..fused.views_count]) |*seen| if (seen.view.strides[0] != 1) return false;
        for (fused.views[0..fused.views_count]) |*seen| spread(&seen.view, shape);
        @memcpy(fused.shape[0..shape.len], shape);
        fused.axes_count = shape.len;
        return true;
    }

    fn isFlat(map: *const program.Map) bool {
        if (table.map_rows[map.row].uses_index or map.out.strides[0] != 1) return false;
        for (map.inputs[0..map.inputs_count]) |*input| if (input.strides[0] != 1) return false;
        return true;
    }

    /// Strides of elements end to end, the last axis fastest.
    fn spread(view: *View, shape: []const usize) void {
        var stride: isize = 1;
        var axis = shape.len;
        while (axis > 0) {
            axis -= 1;
            view.strides[axis] = stride;
            stride *= @intCast(shape[axis]);
        }
    }

    /// The number of a view; null where there are too many, or where it shows the elements of another
    /// view of the same storage in other places, one of which is written.
    fn viewOf(fused: *Fused, given: *const View, widened: bool, writes: bool) ?u8 {
        var view = given.*;
        const shape = fused.shape[0..fused.axes_count];
        if (widened) spread(&view, shape);
        var found: ?u8 = null;
        for (fused.views[0..fused.views_count], 0..) |*seen, place| {
            if (seen.view.handle != view.handle) continue;
            const same = seen.view.data == view.data and seen.view.dtype == view.dtype and
                for (shape, seen.view.strides[0..shape.len], view.strides[0..shape.len]) |size, one, other| {
                    if (size != 1 and one != other) break false;
                } else true;
            if (same) found = @intCast(place) else if (writes or seen.written != null) return null;
        }
        if (found) |place| return place;
        if (fused.views_count == views_max) return null;
        fused.views[fused.views_count] = .{ .view = view };
        fused.views_count += 1;
        return @intCast(fused.views_count - 1);
    }

    /// Fills the arguments; false where this is nothing for one kernel. `later` are the instructions
    /// of the group that follow.
    pub fn prepare(fused: *Fused, temporaries: []const u32, later: []const program.Instruction) bool {
        for (fused.views[0..fused.views_count]) |*seen| {
            if (seen.written == null) continue;
            const passing = std.mem.indexOfScalar(u32, temporaries, seen.view.handle) != null;
            seen.stored = !passing or later_module.isRead(later, seen.view.handle);
        }
        const lead = fused.steps[0].out;
        const count = fused.views_count;
        var views: [views_max]*const View = undefined;
        for (fused.views[0..count], views[0..count]) |*seen, *view| view.* = &seen.view;
        const begin: [views_max]?usize = @splat(0);
        const order: axes_module.Order = if (fused.indexed) .apart else .{ .sorted = lead };
        var axes: Axes = .of(views[0..count], fused.shape[0..fused.axes_count], &begin, order);
        if (axes.rank == 0) axes.add(1, @as([views_max]isize, @splat(0))[0..count], false);
        if (axes.rank > rank_max) return false;
        fused.chooseWidth(views[0..count], &axes);
        const arguments = &fused.arguments;
        const elements = axes.places();
        const last = axes.rank - 1;
        if (fused.width > 1) {
            axes.shape[last] = (axes.shape[last] + fused.width - 1) / fused.width;
            for (axes.strides[0..count]) |*strides| strides[last] *= @intCast(fused.width);
        }
        if (axes.places() > layout.places_max) return false;
        arguments.count = @intCast(axes.places());
        arguments.elements = elements;
        axes.write(count, 0, &arguments.divisors, &arguments.strides);
        fused.rank = axes.rank;
        for (fused.views[0..count], arguments.addresses[0..count]) |*seen, *address| address.* = @intFromPtr(seen.view.data);
        for (fused.steps[0..fused.steps_count]) |*step| {
            const scalars = arguments.scalars[step.scalar..][0..step.scalars];
            for (scalars, step.map.scalars[0..step.scalars]) |*word, value| word.* = convert.bitsOf(step.map.compute, value);
        }
        return true;
    }

    const Axes = axes_module.Axes(views_max);

    fn chooseWidth(fused: *Fused, views: []const *const View, axes: *const Axes) void {
        const last = axes.rank - 1;
        if (axes.rank > 1 and axes.shape[last] % width_most != 0) return;
        var repeated: u32 = 0;
        for (views, 0..) |view, k| {
            const size = view.dtype.bytes();
            const written = fused.views[k].written != null;
            if (axes.strides[k][last] == 0 and !written) {
                repeated |= @as(u32, 1) << @intCast(k);
                continue;
            }
            const bytes = @min(16, width_most * size);
            if (axes.strides[k][last] != size and axes.shape[last] != 1) return;
            if (@intFromPtr(view.data) % bytes != 0) return;
            for (axes.strides[k][0..last]) |stride| if (@mod(stride, @as(isize, @intCast(bytes))) != 0) return;
        }
        fused.width = width_most;
        fused.repeated = repeated;
    }

    pub fn blocks(fused: *const Fused) usize {
        return (fused.arguments.count + layout.threads - 1) / layout.threads;
    }

    pub const key_max = 16 + steps_max * (4 + 2 * program.inputs_max) + views_max * 2;

    /// All that the text depends on, by which kernels are kept.
    pub fn key(fused: *const Fused, buffer: *[key_max]u8) []const u8 {
        var writer: Writer = .fixed(buffer);
        fused.writeKey(&writer) catch unreachable;
        return writer.buffered();
    }

    fn writeKey(fused: *const Fused, writer: *Writer) Writer.Error!void {
        try writer.writeAll("maps");
        try writer.writeAll(&.{ @intCast(fused.rank), @intCast(fused.width), @intFromBool(fused.indexed) });
        try writer.writeAll(&.{ @intCast(fused.steps_count), @intCast(fused.views_count) });
        for (fused.steps[0..fused.steps_count]) |*step| {
            try writer.writeAll(&.{ @intCast(step.map.row), @backingInt(step.map.compute), step.map.inputs_count, step.out });
            for (step.inputs[0..step.map.inputs_count]) |input| try writer.writeAll(&.{ input.view, input.from orelse 255 });
        }
        for (fused.views[0..fused.views_count], 0..) |*seen, k| {
            const stored = seen.written != null and seen.stored;
            const flags = @as(u8, @intFromBool(seen.loaded)) | @as(u8, @intFromBool(stored)) << 1;
            try writer.writeAll(&.{ @backingInt(seen.view.dtype), flags | @as(u8, @intFromBool(fused.isRepeated(k))) << 2 });
        }
    }

    /// The kernel's text without the head; it is called `run`. It depends on the rows and the types,
    /// on how many axes there are and on how operands lie along the last one, not on sizes.
    pub fn write(fused: *const Fused, writer: *Writer) Writer.Error!void {
        const w = fused.width;
        try row_text.writeParameters(writer);
        try writer.print(
            \\KERNEL LANES({d}, 1) void run(const Parameters p) {{
            \\  const U64 place = (U64)GROUP_X * {d} + LANE_X;
            \\  if (place >= p.count) return;
            \\  U32 rest = (U32)place;
            \\
        , .{ layout.threads, layout.threads });
        for (0..fused.views_count) |k| if (fused.touched(k)) try writer.print("  U64 x{d} = p.addresses[{d}];\n", .{ k, k });
        if (fused.indexed) try writer.writeAll("  U32 along = rest;\n");
        for (0..fused.rank - 1) |axis| {
            try writer.print(
                \\  {{
                \\    const U32 above = (__umulhi(rest, p.divisors[{d}].multiplier) + rest) >> p.divisors[{d}].shift;
                \\    const I64 own = rest - above * p.divisors[{d}].size;
                \\
            , .{ axis, axis, axis });
            if (fused.indexed and axis == 0) try writer.writeAll("    along = (U32)own;\n");
            try fused.walk(writer, axis, "own");
            try writer.writeAll("    rest = above;\n  }\n");
        }
        try fused.walk(writer, fused.rank - 1, "(I64)rest");
        if (w > 1) try writer.print("  const U64 left = p.elements - place * {d};\n", .{w});
        try fused.loads(writer);
        for (fused.steps[0..fused.steps_count], 0..) |*step, n| {
            const name = text_module.typeName(step.map.compute);
            for (0..step.scalars) |k| {
                const read = text_module.scalarOf(step.map.compute);
                try writer.print("  const {s} s{d}_{d} = {s}p.scalars[{d}]);\n", .{ name, n, k, read, step.scalar + k });
            }
        }
        if (w > 1) try writer.print("  #pragma unroll\n  for (int j = 0; j < {d}; j++) {{\n", .{w}) else try writer.writeAll("  { const int j = 0;\n");
        for (0..fused.steps_count) |n| try fused.compute(writer, n);
        try writer.writeAll("  }\n");
        try fused.stores(writer);
        try writer.writeAll("}\n");
    }

    fn touched(fused: *const Fused, k: usize) bool {
        const seen = &fused.views[k];
        return seen.loaded or (seen.written != null and seen.stored);
    }

    fn isRepeated(fused: *const Fused, k: usize) bool {
        return fused.repeated >> @intCast(k) & 1 != 0;
    }

    fn walk(fused: *const Fused, writer: *Writer, axis: usize, own: []const u8) Writer.Error!void {
        for (0..fused.views_count) |k| {
            if (fused.touched(k)) try writer.print("    x{d} += {s} * p.strides[{d}][{d}];\n", .{ k, own, k, axis });
        }
    }

    /// Every operand that is read from memory into `m`, an element for each lane.
    fn loads(fused: *const Fused, writer: *Writer) Writer.Error!void {
        const w = fused.width;
        for (fused.views[0..fused.views_count], 0..) |*seen, k| {
            const name = text_module.typeName(seen.view.dtype);
            if (seen.written != null and seen.stored) try writer.print("  {s} r{d}[{d}];\n", .{ name, k, w });
            if (!seen.loaded) continue;
            try writer.print("  {s} m{d}[{d}];\n", .{ name, k, w });
            if (w == 1 or fused.isRepeated(k)) {
                try writer.print("  for (int j = 0; j < {d}; j++) m{d}[j] = *({s} *)x{d};\n", .{ w, k, name, k });
            } else {
                try writer.print("  struct alignas({d}) L{d} {{ {s} v[{d}]; }};\n", .{ alignment(&seen.view, w), k, name, w });
                try writer.print("  if (left >= {d}) {{ const L{d} l = *(L{d} *)x{d};", .{ w, k, k, k });
                for (0..w) |j| try writer.print(" m{d}[{d}] = l.v[{d}];", .{ k, j, j });
                try writer.print(" }} else {{", .{});
                for (0..w) |j| try writer.print(" m{d}[{d}] = {d} < left ? (({s} *)x{d})[{d}] : ({s})0;", .{ k, j, j, name, k, j, name });
                try writer.writeAll(" }\n");
            }
        }
    }

    fn alignment(view: *const View, w: usize) usize {
        return @min(16, w * view.dtype.bytes());
    }

    fn compute(fused: *const Fused, writer: *Writer, n: usize) Writer.Error!void {
        const step = &fused.steps[n];
        const compute_type = step.map.compute;
        const name = text_module.typeName(compute_type);
        for (step.inputs[0..step.map.inputs_count], 0..) |operand, k| {
            const dtype = fused.views[operand.view].view.dtype;
            if (operand.from) |from| {
                try writer.print("    const {s} a{d}_{d} = {s}v{d});\n", .{ name, n, k, text_module.conversion(dtype, compute_type), from });
            } else {
                try writer.print("    const {s} a{d}_{d} = {s}m{d}[j]);\n", .{ name, n, k, text_module.loading(dtype, compute_type), operand.view });
            }
        }
        if (table.map_rows[step.map.row].uses_index) {
            try writer.print("    const {s} i{d} = ({s})(along * {d}u + (U32)j);\n", .{ name, n, name, fused.width });
        }
        const out = fused.views[step.out].view.dtype;
        try writer.print("    const {s} v{d} = {s}", .{ text_module.typeName(out), n, text_module.conversion(compute_type, out) });
        try text_module.expression(writer, table.map_rows[step.map.row].tree, compute_type, n, false);
        try writer.writeAll(");\n");
        if (fused.views[step.out].stored) try writer.print("    r{d}[j] = v{d};\n", .{ step.out, n });
    }

    fn stores(fused: *const Fused, writer: *Writer) Writer.Error!void {
        const w = fused.width;
        for (fused.views[0..fused.views_count], 0..) |*seen, k| {
            if (seen.written == null or !seen.stored) continue;
            const name = text_module.typeName(seen.view.dtype);
            if (w == 1) {
                try writer.print("  *({s} *)x{d} = r{d}[0];\n", .{ name, k, k });
                continue;
            }
            try writer.print("  struct alignas({d}) S{d} {{ {s} v[{d}]; }};\n", .{ alignment(&seen.view, w), k, name, w });
            try writer.print("  if (left >= {d}) {{ S{d} s;", .{ w, k });
            for (0..w) |j| try writer.print(" s.v[{d}] = r{d}[{d}];", .{ j, k, j });
            try writer.print(" *(S{d} *)x{d} = s; }} else {{", .{ k, k });
            for (0..w) |j| try writer.print(" if ({d} < left) (({s} *)x{d})[{d}] = r{d}[{d}];", .{ j, name, k, j, k, j });
            try writer.writeAll(" }\n");
        }
    }
};
