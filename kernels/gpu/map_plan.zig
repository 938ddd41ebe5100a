//! The plan by which maps of a group over one shape become one kernel: a value that one map writes
//! and a later one reads stays in a register, and a temporary of the group is never written to
//! memory. `map_text.zig` writes the kernel.
//!
//! The bits are those of the maps run one by one: each value is rounded to its own type before it
//! is read. A map over one axis of contiguous elements fuses with maps over several axes of as many
//! elements, and the other way round. An engine whose own kernels are texts, too (OpenCL), plans a
//! single map in the same way.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const reads = @import("../program/reads.zig");
const layout = @import("arguments.zig");
const program = @import("../program/program.zig");
const row_plan = @import("row_plan.zig");
const table = @import("../rows/table.zig");
const words_max = @import("words.zig").words_max;

const DType = program.DType;
const Instruction = program.Instruction;
const View = program.View;
const product = axes_module.product;

pub const steps_max = 24;
pub const views_max = layout.fused_views_max;
const rank_max = program.rank_max;
/// Elements of a thread where operands are contiguous.
const width_most = 4;
/// The numbers of axes for which kernels that walk tiles are made: others are rounded up.
const tile_ranks = [_]usize{ 2, 4, rank_max };
/// Elements of a tile that one work item walks on a CPU.
const tile_elements = 16384;
/// Columns of such a tile where operands are transposed: nearby rows then share cache lines.
const tile_columns_strided = 64;
/// The most blocks along the second axis; devices limit the number.
const tile_rows_max = 32768;

/// How a device wants its maps divided.
pub const Device = struct {
    /// Threads of a block; one on a CPU, where the compiler turns a loop into vectors.
    threads: u16,
    /// Whether maps that cannot have one thread for each index are walked in tiles; if not, they
    /// have no plan.
    tiles: bool,
};

pub const Step = struct {
    row: u16,
    compute: DType,
    inputs_count: u8,
    inputs: [program.inputs_max]row_plan.Input = undefined,
    /// The index of the view that the step writes.
    out: u8 = undefined,
    values: [3]f64,
    /// The index of the step's first scalar among all scalars.
    scalar: u8,
    scalars: u8,
};

pub const Seen = struct {
    view: View,
    /// Whether the kernel reads the view's memory before any step has written the view.
    loaded: bool = false,
    /// The last step that wrote the view.
    written: ?u8 = null,
    /// Whether the result must be in memory after the kernel.
    stored: bool = true,
    /// How the view's elements lie along the last axis, for tiles.
    along: row_plan.Along = .unit,
};

/// One thread computes `width` contiguous elements along the last axis.
pub const Threads = struct {
    width: u8 = 1,
    /// A bit for each view that is one element along the last axis.
    repeated: u16 = 0,
};

/// A block computes some rows, or a part of one: `lanes` neighbouring threads walk along the last
/// axis, or a CPU's work item does alone.
pub const Tiles = struct {
    lanes: [2]u16 = .{ 1, 1 },
    rows: usize,
    columns: usize,
    rows_each: usize,
    columns_each: usize,
};

const Axes = axes_module.AxesOf(views_max, rank_max);

pub const Plan = struct {
    /// The shape over which all steps run.
    shape: [rank_max]usize = undefined,
    shape_rank: usize = 0,
    steps: [steps_max]Step = undefined,
    steps_count: usize = 0,
    views: [views_max]Seen = undefined,
    views_count: usize = 0,
    scalars_count: usize = 0,
    /// Whether some step reads the index along the last axis.
    indexed: bool = false,
    /// Threads of a block.
    threads: u16 = 1,
    axes: Axes = .{},
    walk: union(enum) { threads: Threads, tiles: Tiles } = undefined,

    /// Plans as many instructions, from the first on, as one kernel can compute, `most` at most;
    /// returns their number. `temporaries` are the storages that only the group uses.
    pub fn build(
        plan: *Plan,
        instructions: []const Instruction,
        most: usize,
        temporaries: []const u32,
        device: Device,
    ) usize {
        var count = plan.join(instructions[0..@min(most, steps_max)]);
        // Where the fused maps do not fit one kernel, fewer of them may.
        while (count > 0) : (count = plan.join(instructions[0 .. count / 2])) {
            if (plan.finish(temporaries, instructions[count..], device)) return count;
        }
        return 0;
    }

    fn join(plan: *Plan, instructions: []const Instruction) usize {
        plan.* = .{};
        for (instructions) |*instruction| {
            if (instruction.* != .map) break;
            const map = &instruction.map;
            if (plan.add(map, false)) continue;
            // A map whose output overlaps an input in other places runs alone.
            if (plan.steps_count == 0) _ = plan.add(map, true);
            break;
        }
        return plan.steps_count;
    }

    fn add(plan: *Plan, map: *const program.Map, overlaps: bool) bool {
        const shape = map.shape[0..map.rank];
        if (plan.steps_count == 0) {
            @memcpy(plan.shape[0..map.rank], shape);
            plan.shape_rank = map.rank;
        }
        var widened = false;
        if (!std.mem.eql(usize, plan.shape[0..plan.shape_rank], shape)) {
            if (product(plan.shape[0..plan.shape_rank]) != product(shape)) return false;
            widened = map.rank == 1 and isFlat(map);
            if (!widened and !plan.widen(shape)) return false;
        }
        const row = table.map_rows[map.row];
        const scalars: u8 = @intCast(row.scalars);
        if (plan.scalars_count + scalars > layout.fused_scalars_max) return false;
        const views_before = plan.views_count;
        var step: Step = .{
            .row = map.row,
            .compute = map.compute,
            .inputs_count = map.inputs_count,
            .values = map.scalars,
            .scalar = @intCast(plan.scalars_count),
            .scalars = scalars,
        };
        plan.addViews(map, &step, widened, overlaps) orelse {
            plan.views_count = views_before;
            return false;
        };
        for (step.inputs[0..step.inputs_count]) |*input| {
            const seen = &plan.views[input.view];
            input.from = seen.written;
            if (seen.written == null) seen.loaded = true;
        }
        plan.views[step.out].written = @intCast(plan.steps_count);
        plan.scalars_count += scalars;
        plan.indexed = plan.indexed or row.uses_index;
        plan.steps[plan.steps_count] = step;
        plan.steps_count += 1;
        return true;
    }

    fn addViews(plan: *Plan, map: *const program.Map, step: *Step, widened: bool, overlaps: bool) ?void {
        for (map.inputs[0..map.inputs_count], step.inputs[0..map.inputs_count]) |*input, *place| {
            place.* = .{ .view = plan.viewOf(input, widened, false, overlaps) orelse return null, .from = null };
        }
        step.out = plan.viewOf(&map.out, widened, true, overlaps) orelse return null;
    }

    /// Lets the maps planned so far run over the axes of `shape`; false unless they run over one
    /// axis of contiguous elements.
    fn widen(plan: *Plan, shape: []const usize) bool {
        if (plan.shape_rank != 1 or plan.indexed) return false;
        for (plan.views[0..plan.views_count]) |*seen| if (seen.view.strides[0] != 1) return false;
        for (plan.views[0..plan.views_count]) |*seen| spread(&seen.view, shape);
        @memcpy(plan.shape[0..shape.len], shape);
        plan.shape_rank = shape.len;
        return true;
    }

    fn isFlat(map: *const program.Map) bool {
        if (table.map_rows[map.row].uses_index or map.out.strides[0] != 1) return false;
        for (map.inputs[0..map.inputs_count]) |*input| if (input.strides[0] != 1) return false;
        return true;
    }

    /// Strides of contiguous elements, the last axis fastest.
    fn spread(view: *View, shape: []const usize) void {
        var stride: isize = 1;
        var axis = shape.len;
        while (axis > 0) {
            axis -= 1;
            view.strides[axis] = stride;
            stride *= @intCast(shape[axis]);
        }
    }

    /// The index of a view; null where there are too many views, or where the view shows elements
    /// of another view's storage at other indices and one of the two is written, unless that is
    /// allowed.
    fn viewOf(plan: *Plan, given: *const View, widened: bool, writes: bool, overlaps: bool) ?u8 {
        var view = given.*;
        const shape = plan.shape[0..plan.shape_rank];
        if (widened) spread(&view, shape);
        var found: ?u8 = null;
        for (plan.views[0..plan.views_count], 0..) |*seen, place| {
            if (seen.view.handle != view.handle) continue;
            const same = seen.view.data == view.data and seen.view.dtype == view.dtype and
                for (shape, seen.view.strides[0..shape.len], view.strides[0..shape.len]) |size, one, other| {
                    if (size != 1 and one != other) break false;
                } else true;
            if (same) found = @intCast(place) else if (!overlaps and (writes or seen.written != null)) return null;
        }
        if (found) |place| return place;
        if (plan.views_count == views_max) return null;
        plan.views[plan.views_count] = .{ .view = view };
        plan.views_count += 1;
        return @intCast(plan.views_count - 1);
    }

    /// Decides which results are stored and how indices are walked; false where no walk fits.
    fn finish(plan: *Plan, temporaries: []const u32, later: []const Instruction, device: Device) bool {
        const seen_views = plan.views[0..plan.views_count];
        if (plan.steps_count > 1) for (seen_views) |*seen| {
            if (seen.written == null) continue;
            const passing = std.mem.indexOfScalar(u32, temporaries, seen.view.handle) != null;
            seen.stored = !passing or reads.isRead(later, seen.view.handle);
        };
        var views: [views_max]*const View = undefined;
        for (seen_views, views[0..seen_views.len]) |*seen, *view| view.* = &seen.view;
        const begin: [views_max]?usize = @splat(0);
        const order: axes_module.Order = if (plan.indexed) .apart else .{ .sorted = plan.steps[0].out };
        plan.axes = .of(views[0..seen_views.len], plan.shape[0..plan.shape_rank], &begin, order);
        plan.axes.atLeast(1);
        plan.threads = device.threads;
        if (device.threads > 1 and plan.walkThreads()) return true;
        return device.tiles and plan.walkTiles();
    }

    fn walkThreads(plan: *Plan) bool {
        const last = plan.axes.rank - 1;
        if (plan.axes.rank > layout.fused_rank_max) return false;
        const threads = plan.threadsOf();
        const along = axes_module.divCeil(plan.axes.shape[last], threads.width);
        if (product(plan.axes.shape[0..last]) *| along > layout.places_max) return false;
        plan.walk = .{ .threads = threads };
        return true;
    }

    /// Whether the last axis allows vectors; if so, notes their width and the operands repeated
    /// along the axis.
    fn threadsOf(plan: *const Plan) Threads {
        const axes = &plan.axes;
        const last = axes.rank - 1;
        if (axes.rank > 1 and axes.shape[last] % width_most != 0) return .{};
        var repeated: u16 = 0;
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            const size = seen.view.dtype.bytes();
            if (axes.strides[k][last] == 0 and seen.written == null) {
                repeated |= @as(u16, 1) << @intCast(k);
                continue;
            }
            const bytes = @min(16, width_most * size);
            if (axes.strides[k][last] != size and axes.shape[last] != 1) return .{};
            if (@intFromPtr(seen.view.data) % bytes != 0) return .{};
            for (axes.strides[k][0..last]) |stride| if (@mod(stride, @as(isize, @intCast(bytes))) != 0) return .{};
        }
        return .{ .width = width_most, .repeated = repeated };
    }

    fn walkTiles(plan: *Plan) bool {
        const axes = &plan.axes;
        const rank = for (tile_ranks) |rank| {
            if (axes.rank <= rank) break rank;
        } else unreachable;
        axes.insert(0, rank - axes.rank);
        if (plan.wordsCount() > words_max) return false;
        const last = rank - 1;
        const strided = plan.noteAlong();
        const columns = axes.shape[last];
        const rows = product(axes.shape[0..last]);
        var tiles: Tiles = .{ .rows = rows, .columns = columns, .rows_each = 1, .columns_each = columns };
        const wide = plan.threads;
        if (wide == 1) {
            tiles.columns_each = @min(columns, if (strided) @as(usize, tile_columns_strided) else tile_elements);
            tiles.rows_each = std.math.clamp(tile_elements / tiles.columns_each, 1, rows);
        } else {
            tiles.lanes = if (rows < 4) .{ wide, 1 } else if (columns <= 16) .{ 16, wide / 16 } else .{ wide / 4, 4 };
            tiles.columns_each = @as(usize, tiles.lanes[0]) * 4;
            tiles.rows_each = tiles.lanes[1];
        }
        while (rows > tiles.rows_each * tile_rows_max) tiles.rows_each *= 2;
        plan.walk = .{ .tiles = tiles };
        return true;
    }

    /// Notes how views lie along the last axis: all of them contiguous or repeated, or all by
    /// strides; returns whether by strides. Each of these cases is a kernel of its own.
    fn noteAlong(plan: *Plan) bool {
        const last = plan.axes.rank - 1;
        const seen_views = plan.views[0..plan.views_count];
        if (plan.axes.shape[last] == 1) return false;
        var strided = false;
        for (seen_views, 0..) |*seen, k| {
            const stride = plan.axes.strides[k][last];
            seen.along = if (stride == 0 and seen.written == null) .zero else .unit;
            if (plan.touched(k) and seen.along == .unit and stride != seen.view.dtype.bytes()) strided = true;
        }
        if (strided) for (seen_views) |*seen| {
            seen.along = .strided;
        };
        return strided;
    }

    /// Words of the arguments of a kernel that walks tiles, as `map_text_tiles.zig` declares them.
    pub fn wordsCount(plan: *const Plan) usize {
        return 4 + plan.axes.rank + plan.views_count * (1 + plan.axes.rank) + plan.scalars_count;
    }

    /// The number of blocks in x and y.
    pub fn blocks(plan: *const Plan) [2]usize {
        switch (plan.walk) {
            .threads => return .{ axes_module.divCeil(plan.vectors(), plan.threads), 1 },
            .tiles => |*tiles| return .{
                axes_module.divCeil(tiles.columns, tiles.columns_each),
                axes_module.divCeil(tiles.rows, tiles.rows_each),
            },
        }
    }

    /// Threads of a block along x and y.
    pub fn lanes(plan: *const Plan) [2]u16 {
        return switch (plan.walk) {
            .threads => .{ plan.threads, 1 },
            .tiles => |*tiles| tiles.lanes,
        };
    }

    /// How many elements, or vectors of elements, the threads share out.
    pub fn vectors(plan: *const Plan) usize {
        const last = plan.axes.rank - 1;
        const along = axes_module.divCeil(plan.axes.shape[last], plan.walk.threads.width);
        return product(plan.axes.shape[0..last]) * along;
    }

    /// Whether the kernel reads or writes the view's memory.
    pub fn touched(plan: *const Plan, k: usize) bool {
        return plan.views[k].loaded or plan.isStored(k);
    }

    /// Whether the kernel stores a result in the view.
    pub fn isStored(plan: *const Plan, k: usize) bool {
        return plan.views[k].written != null and plan.views[k].stored;
    }

    /// Whether threads read or write the view by vectors.
    pub fn isVector(plan: *const Plan, k: usize) bool {
        return plan.walk.threads.width > 1 and plan.touched(k) and !plan.isRepeated(k);
    }

    fn isRepeated(plan: *const Plan, k: usize) bool {
        return plan.walk.threads.repeated >> @intCast(k) & 1 != 0;
    }

    pub const key_max = 32 + steps_max * (6 + 2 * program.inputs_max) + views_max * 3;

    /// The structure on which the text depends; built kernels are kept under it.
    pub fn key(plan: *const Plan, buffer: *[key_max]u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        plan.writeKey(&writer) catch unreachable;
        return writer.buffered();
    }

    fn writeKey(plan: *const Plan, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.writeAll("maps");
        switch (plan.walk) {
            .threads => |threads| try writer.writeAll(&.{ 0, threads.width }),
            .tiles => |*tiles| try writer.writeAll(&.{ 1, @intCast(tiles.lanes[0] >> 4), @intCast(tiles.lanes[1]) }),
        }
        try writer.writeAll(&.{ @intCast(plan.axes.rank), @intFromBool(plan.indexed) });
        try writer.writeAll(&.{ @intCast(plan.steps_count), @intCast(plan.views_count) });
        for (plan.steps[0..plan.steps_count]) |*step| {
            try writer.writeInt(u16, step.row, .little);
            try writer.writeAll(&.{ @backingInt(step.compute), step.inputs_count, step.out });
            for (step.inputs[0..step.inputs_count]) |input| try writer.writeAll(&.{ input.view, input.from orelse 255 });
        }
        for (plan.views[0..plan.views_count], 0..) |*seen, k| {
            const way: u8 = if (plan.walk == .threads) @intFromBool(plan.isRepeated(k)) else @backingInt(seen.along);
            const flags = @as(u8, @intFromBool(seen.loaded)) | @as(u8, @intFromBool(plan.isStored(k))) << 1;
            try writer.writeAll(&.{ @backingInt(seen.view.dtype), flags, way });
        }
    }
};

comptime {
    // Any single map fits one kernel, whatever its axes.
    for (table.map_rows) |row| {
        const views = row.operands + 1;
        std.debug.assert(4 + rank_max + views * (1 + rank_max) + row.scalars <= words_max);
    }
}

const Bench = struct {
    storages: [8][4096]u8 align(16) = undefined,

    fn view(bench: *Bench, handle: u32, strides: []const isize) View {
        var made: View = .{ .data = &bench.storages[handle], .dtype = .float32, .strides = @splat(0), .handle = handle };
        @memcpy(made.strides[0..strides.len], strides);
        return made;
    }

    /// A map by the first row of the table that takes one operand.
    fn map(shape: []const usize, out: View, input: View) Instruction {
        const row = comptime for (table.map_rows, 0..) |row, number| {
            if (row.operands == 1 and !row.uses_index) break number;
        } else unreachable;
        var made: program.Map = .{
            .row = row,
            .compute = .float32,
            .rank = @intCast(shape.len),
            .inputs_count = 1,
            .scalars = @splat(0),
            .shape = undefined,
            .out = out,
            .inputs = undefined,
        };
        @memcpy(made.shape[0..shape.len], shape);
        made.inputs[0] = input;
        return .{ .map = made };
    }
};

test "maps over one axis and over several are one kernel on every device" {
    var bench: Bench = .{};
    const flat = [_]isize{1};
    const rows = [_]isize{ 20, 1 };
    const list = [_]Instruction{
        Bench.map(&.{240}, bench.view(1, &flat), bench.view(0, &flat)),
        Bench.map(&.{ 12, 20 }, bench.view(2, &rows), bench.view(1, &rows)),
        Bench.map(&.{240}, bench.view(3, &flat), bench.view(2, &flat)),
        Bench.map(&.{ 12, 20 }, bench.view(4, &rows), bench.view(3, &.{ 1, 12 })),
    };
    const devices = [_]Device{
        .{ .threads = 256, .tiles = false },
        .{ .threads = 256, .tiles = true },
        .{ .threads = 1, .tiles = true },
    };
    for (devices) |device| {
        var plan: Plan = .{};
        // The last map reads storage 3 in another order than storage 3 is written in, so it is left
        // out.
        try std.testing.expectEqual(3, plan.build(&list, list.len, &.{ 1, 2 }, device));
        try std.testing.expectEqual(device.threads > 1, plan.walk == .threads);
        try std.testing.expectEqual(1, plan.axes.rank - @intFromBool(plan.walk == .tiles));
        try std.testing.expect(plan.touched(0) and !plan.touched(1) and !plan.touched(2) and plan.isStored(3));
        // A temporary that a later instruction of the group reads is written to memory.
        try std.testing.expectEqual(2, plan.build(&list, 2, &.{ 1, 2 }, device));
        try std.testing.expect(!plan.isStored(1) and plan.isStored(2));
    }
}

test "a map that overlaps itself runs alone, and only in tiles or threads that exist" {
    var bench: Bench = .{};
    const flat = [_]isize{1};
    var shifted = bench.view(0, &flat);
    shifted.data += 4;
    const list = [_]Instruction{
        Bench.map(&.{100}, shifted, bench.view(0, &flat)),
        Bench.map(&.{100}, bench.view(1, &flat), shifted),
    };
    var plan: Plan = .{};
    try std.testing.expectEqual(1, plan.build(&list, list.len, &.{}, .{ .threads = 1, .tiles = true }));
    // Five axes are too many for threads.
    const long: [5]usize = @splat(2);
    const apart = [_]isize{ 160, 80, 40, 20, 2 };
    const one = [_]Instruction{Bench.map(&long, bench.view(1, &apart), bench.view(0, &.{ 1, 2, 4, 8, 16 }))};
    try std.testing.expectEqual(0, plan.build(&one, 1, &.{}, .{ .threads = 256, .tiles = false }));
    try std.testing.expectEqual(1, plan.build(&one, 1, &.{}, .{ .threads = 256, .tiles = true }));
}

test "kernels of rows that differ by 256 have two keys" {
    var bench: Bench = .{};
    const list = [_]Instruction{Bench.map(&.{100}, bench.view(1, &.{1}), bench.view(0, &.{1}))};
    var plan: Plan = .{};
    _ = plan.build(&list, 1, &.{}, .{ .threads = 1, .tiles = true });
    var buffers: [2][Plan.key_max]u8 = undefined;
    const key = plan.key(&buffers[0]);
    plan.steps[0].row += 256;
    try std.testing.expect(!std.mem.eql(u8, key, plan.key(&buffers[1])));
}
