//! The plan of a fold or an arg row on OpenCL: the text of its kernel (`fold_text.zig`) and the
//! kernel's arguments are made from it.
//!
//! All that changes with the data (sizes, strides, offsets, scalars) is among the arguments; the
//! rest is the structure, the `key` under which built kernels are kept.
//!
//! Napkin: a fold reads each element once, and memory is the bound.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const convert = @import("../program/convert.zig");
const facts = @import("../program/facts.zig");
const program = @import("../program/program.zig");
const row_plan = @import("../gpu/row_plan.zig");
const table = @import("../rows/table.zig");
const words_module = @import("../gpu/words.zig");

const DType = program.DType;
const View = program.View;
const product = axes_module.product;

const operands_max = program.inputs_max + 1;
/// Virtual lanes in which one work item of a CPU joins the elements of a row.
pub const fold_lanes = 16;
/// Columns of a fold that one work item of a CPU joins side by side.
pub const column_block = 64;
/// Columns beyond a second-level cache are faster with one pass per instruction than fused: each of
/// their rows lies on another memory page.
const columns_bytes_max = 512 << 10;
/// The most axes of a fold, kept and reduced ones together.
const axes_max = 2 * program.rank_max;
/// The numbers of kept axes, and of reduced axes, for which kernels are made: others are rounded
/// up.
const ranks = [_]usize{ 1, 3, program.rank_max };

/// How a device wants its work cut.
pub const Shaping = struct {
    /// Work items that share a group; one on a CPU, where the compiler turns a loop into vectors.
    lanes: u16,
    has_double: bool,

    /// How a fold joins the rows of a matrix; null where it takes more than one launch.
    pub fn rowGeometry(shaping: Shaping, fold: *const program.Fold) ?row_plan.Geometry {
        var plan: Plan = undefined;
        plan.init(shaping, fold, false, false);
        if (plan.parts() > 1) return null;
        plan.finish(1, 0);
        const column = plan.kind == .columns;
        if (column and shaping.lanes == 1) {
            const bytes = plan.reduced *| (column_block * fold.inputs[0].dtype.bytes());
            if (bytes > columns_bytes_max) return null;
        }
        if (shaping.lanes > 1) return .{
            .threads = if (column) 1 else plan.lanes[0],
            .places = if (column) plan.lanes[0] else plan.lanes[1],
            .column = column,
        };
        return .{
            .threads = 1,
            .places = if (column) column_block else 1,
            .column = column,
            .lanes = fold_lanes,
            .each = if (column) 0 else @intCast(plan.each),
        };
    }
};

pub const Kind = enum(u8) { rows, columns, arg };

pub const Plan = struct {
    kind: Kind,
    shaping: Shaping,
    row: u16,
    compute: DType,
    /// Whether the fold joins the partial results of an earlier one; such a fold has no `of`.
    joins: bool,
    /// Whether the fold's results are partial, for a second launch to join.
    partial: bool = false,
    indexed: bool,
    scalars: [3]f64,

    /// The index among `operands` of each input; inputs that show the same elements share an
    /// operand.
    inputs: [program.inputs_max]u8 = undefined,
    inputs_count: u8,
    /// The inputs, then the output.
    operands: [operands_max]View = undefined,
    along: [operands_max]row_plan.Along = @splat(.unit),
    operands_count: usize = 0,

    /// The merged axes, the kept ones first. Strides are in elements.
    axes: axes_module.AxesOf(operands_max, axes_max) = .{},
    kept_rank: usize = 0,
    /// The number of kept indices, and the number of elements joined for each.
    kept: usize = 0,
    reduced: usize = 0,

    /// Work items of a group along x and y.
    lanes: [2]u16 = .{ 1, 1 },
    /// Groups along x and y.
    groups: [2]usize = .{ 1, 1 },
    /// Elements of a part, kept indices of a group, and the distance in elements from the results
    /// of one part to those of the next.
    part: usize = 0,
    each: usize = 1,
    pitch: usize = 0,

    /// Plans a fold or an arg row; `joins` plans the fold that joins another's partial results.
    /// `finish` completes the plan.
    pub fn init(plan: *Plan, shaping: Shaping, fold: *const program.Fold, is_arg: bool, joins: bool) void {
        plan.* = .{
            .kind = if (is_arg) .arg else .rows,
            .shaping = shaping,
            .row = fold.row,
            .compute = fold.compute,
            .joins = joins,
            .indexed = !is_arg and !joins and table.fold_rows[fold.row].uses_index,
            .scalars = fold.scalars,
            .inputs_count = fold.inputs_count,
        };
        const shape = fold.shape[0..fold.rank];
        for (fold.inputs[0..fold.inputs_count], plan.inputs[0..fold.inputs_count]) |*input, *place| {
            place.* = plan.find(input, shape) orelse plan.addOperand(input);
        }
        var out = fold.out;
        for (out.strides[fold.kept..fold.rank]) |*stride| stride.* = 0;
        _ = plan.addOperand(&out);
        plan.append(shape[0..fold.kept], 0, 0);
        plan.kept_rank = plan.axes.rank;
        plan.append(shape[fold.kept..], fold.kept, plan.kept_rank);
        const axes = plan.axes.shape[0..plan.axes.rank];
        plan.kept = product(axes[0..plan.kept_rank]);
        plan.reduced = product(axes[plan.kept_rank..]);
        if (!is_arg and facts.isColumn(fold)) plan.kind = .columns;
        plan.noteAlong();
    }

    fn addOperand(plan: *Plan, view: *const View) u8 {
        plan.operands[plan.operands_count] = view.*;
        plan.operands_count += 1;
        return @intCast(plan.operands_count - 1);
    }

    /// The operand that shows the very same elements in the same order.
    fn find(plan: *const Plan, view: *const View, shape: []const usize) ?u8 {
        for (plan.operands[0..plan.operands_count], 0..) |*known, place| {
            if (known.handle != view.handle or known.data != view.data or known.dtype != view.dtype) continue;
            const same = for (shape, known.strides[0..shape.len], view.strides[0..shape.len]) |size, one, other| {
                if (size != 1 and one != other) break false;
            } else true;
            if (same) return @intCast(place);
        }
        return null;
    }

    /// Appends the axes of the shape, whose indices in the views begin at `first`, after as many
    /// axes of size 1 as give a number of axes for which kernels are made.
    fn append(plan: *Plan, shape: []const usize, first: usize, barrier: usize) void {
        const operands = plan.operands[0..plan.operands_count];
        for (shape, first..) |size, axis| {
            if (size == 1) continue;
            var strides: [operands_max]isize = undefined;
            for (operands, strides[0..operands.len]) |*view, *stride| stride.* = view.strides[axis];
            plan.axes.add(size, strides[0..operands.len], barrier);
        }
        const rank = plan.axes.rank - barrier;
        const wanted = for (ranks) |wanted| {
            if (rank <= wanted) break wanted;
        } else unreachable;
        plan.axes.insert(barrier, wanted - rank);
    }

    /// Columns that one group walks down together.
    fn block(plan: *const Plan) usize {
        return if (plan.shaping.lanes == 1) column_block else plan.shaping.lanes;
    }

    fn columnBlocks(plan: *const Plan) usize {
        const outer = product(plan.axes.shape[0 .. plan.kept_rank - 1]);
        return outer * axes_module.divCeil(plan.axes.shape[plan.kept_rank - 1], plan.block());
    }

    /// How many parts the elements of each kept index should be split into, so that the whole
    /// device has work. The number depends on the shape alone, and so do the bits.
    pub fn parts(plan: *const Plan) usize {
        if (plan.kind == .arg or plan.joins) return 1;
        const alone = plan.shaping.lanes == 1;
        const groups: usize = if (plan.kind == .columns) plan.columnBlocks() else plan.kept;
        const wanted = (if (alone) @as(usize, 16) else 256) / @max(groups, 1);
        const least: usize = if (plan.kind == .columns)
            (if (alone) 256 else 64)
        else if (alone) 4096 else 1024;
        return std.math.clamp(wanted, 1, @max(plan.reduced / least, 1));
    }

    /// Completes the plan of a fold in that many parts; the results of one part lie `pitch`
    /// elements after those of the part before.
    pub fn finish(plan: *Plan, parts_count: usize, pitch: usize) void {
        plan.part = @max(axes_module.divCeil(plan.reduced, parts_count), 1);
        plan.partial = parts_count > 1;
        plan.pitch = pitch;
        const wide = plan.shaping.lanes;
        if (plan.kind == .columns) {
            if (wide > 1) plan.lanes = .{ wide, 1 };
            plan.groups[0] = plan.columnBlocks();
        } else {
            if (wide == 1) {
                plan.each = std.math.clamp(16384 / plan.part, 1, plan.kept);
            } else {
                plan.lanes = if (plan.part <= 64) .{ 16, wide / 16 } else if (plan.part <= 1024) .{ wide / 4, 4 } else .{ wide, 1 };
                plan.each = plan.lanes[1];
            }
            plan.groups[0] = axes_module.divCeil(plan.kept, plan.each);
        }
        plan.groups[1] = parts_count;
    }

    /// Notes how the inputs lie along the axis that is walked: every one contiguous or repeated, or
    /// all by strides. Each of these cases is a kernel of its own.
    fn noteAlong(plan: *Plan) void {
        const axis = if (plan.kind == .columns) plan.kept_rank - 1 else plan.axes.rank - 1;
        if (plan.axes.shape[axis] == 1) return;
        const inputs = plan.along[0 .. plan.operands_count - 1];
        var strided = false;
        for (inputs, 0..) |*along, k| {
            const stride = plan.axes.strides[k][axis];
            along.* = if (stride == 0) .zero else .unit;
            if (stride != 0 and stride != 1) strided = true;
        }
        if (strided) @memset(inputs, .strided);
    }

    /// How many scalars the row of `table.json` reads.
    pub fn scalarsCount(plan: *const Plan) usize {
        return if (plan.kind == .arg or plan.joins) 0 else table.fold_rows[plan.row].scalars;
    }

    /// Fills the arguments, as `fold_text.zig` declares them. The engine fills in the offset of
    /// each operand in its buffer.
    pub fn fill(plan: *const Plan, words: *words_module.Words) void {
        const axes = &plan.axes;
        words.* = .{};
        words.push(&.{ plan.kept, plan.reduced, plan.part, plan.each, plan.pitch });
        words.push(axes.shape[0..axes.rank]);
        words.pushOffsets(plan.operands_count);
        for (axes.strides[0..plan.operands_count]) |*strides| words.pushStrides(strides[0..axes.rank]);
        for (plan.scalars[0..plan.scalarsCount()]) |value| words.push(&.{convert.bitsOf(plan.compute, value)});
    }

    pub const key_max = 24 + program.inputs_max + operands_max * 2;

    /// The structure of the plan, under which built kernels are kept.
    pub fn key(plan: *const Plan, buffer: *[key_max]u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        plan.writeKey(&writer) catch unreachable;
        return writer.buffered();
    }

    fn writeKey(plan: *const Plan, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        try writer.writeAll("fold");
        try writer.writeInt(u16, plan.row, .little);
        try writer.writeAll(&.{
            @backingInt(plan.kind),       @backingInt(plan.compute), @intFromBool(plan.joins),
            @intFromBool(plan.partial),   @intCast(plan.axes.rank),  @intCast(plan.kept_rank),
            @intCast(plan.lanes[0] >> 4), @intCast(plan.lanes[1]),   plan.inputs_count,
        });
        try writer.writeAll(plan.inputs[0..plan.inputs_count]);
        for (plan.operands[0..plan.operands_count], plan.along[0..plan.operands_count]) |*view, along| {
            try writer.writeAll(&.{ @backingInt(view.dtype), @backingInt(along) });
        }
    }
};

comptime {
    // The arguments have room for any number of axes.
    for (table.fold_rows) |row| {
        const most = 5 + axes_max + (row.operands + 1) * (1 + axes_max) + row.scalars;
        std.debug.assert(most <= words_module.words_max);
    }
}
