//! One kernel of a GPU, planned: maps of one shape as a single kernel, a fold, or an arg row. From a
//! launch come the text of its kernel (`launch_text.zig`) and the numbers that it is called with.
//!
//! All that changes with the data (sizes, strides, offsets, scalars) is in `parameters`; what is
//! left is the structure, by which kernels are kept: `key`. Fused maps compute what they compute
//! one by one, since every value between them is rounded to its element type.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const convert = @import("../program/convert.zig");
const program = @import("../program/program.zig");
const row_plan = @import("../gpu/row_plan.zig");
const table = @import("../rows/table.zig");

const DType = program.DType;
const View = program.View;

pub const operands_max = 16;
pub const steps_max = 24;
pub const parameters_max = 112;
const rank_max = program.rank_max;
pub const key_max = 16 + operands_max * 4 + steps_max * (4 + program.inputs_max);
/// Lanes in which a work item of a CPU joins the elements of a row.
pub const fold_lanes = 16;
/// Columns of a fold that one work item of a CPU joins side by side.
pub const column_block = 64;
/// Columns that do not fit a second-level cache are slower at once than pass by pass: each of their
/// rows lies on another page.
const columns_bytes_max = 512 << 10;
/// Kept and reduced axes, and one that was added so that there is one to walk along.
pub const axes_max = 2 * rank_max;

/// How a device wants its work cut.
pub const Shaping = struct {
    /// Work items that share a group; one on a CPU, where a loop is what becomes vectors.
    lanes: u16,
    has_double: bool,

    /// How a fold joins the rows of a matrix; null where it takes more than one launch.
    pub fn rowGeometry(shaping: Shaping, fold: *const program.Fold) ?row_plan.Geometry {
        var launch: Launch = undefined;
        launch.initFold(shaping, fold, false, false);
        if (launch.parts() > 1) return null;
        launch.finishFold(1, 0);
        const column = launch.kind == .columns;
        if (column and shaping.lanes == 1) {
            const bytes = launch.counts()[1] *| (column_block * fold.inputs[0].dtype.bytes());
            if (bytes > columns_bytes_max) return null;
        }
        if (shaping.lanes > 1) return .{
            .threads = if (column) 1 else launch.lanes[0],
            .places = if (column) launch.lanes[0] else launch.lanes[1],
            .column = column,
        };
        return .{
            .threads = 1,
            .places = if (column) column_block else 1,
            .column = column,
            .lanes = fold_lanes,
            .each = if (column) 0 else @intCast(launch.parameters[3]),
        };
    }
};

/// How the last axis of an operand lies.
pub const Along = enum(u8) { unit, zero, strided };

/// A view that the kernel loads, stores, or both.
pub const Operand = struct {
    view: View,
    loaded: bool,
    stored: bool,
    /// The value that the view holds by now.
    value: u8,
    strides: [axes_max]isize = undefined,
    along: Along = .unit,

    pub fn used(operand: *const Operand) bool {
        return operand.loaded or operand.stored;
    }
};

/// What a value is made by.
pub const Value = struct { dtype: DType, operand: ?u8 };

pub const Step = struct {
    row: u16,
    compute: DType,
    inputs_count: u8,
    inputs: [program.inputs_max]u8,
    scalars: [3]f64,
    result: u8,
};

pub const Kind = enum(u8) { map, rows, columns, arg };

pub const Launch = struct {
    kind: Kind,
    shaping: Shaping,
    /// Of a fold or an arg row. A fold that joins what parts of it left has no `of`.
    row: u16 = 0,
    compute: DType = .float32,
    joins: bool = false,
    /// Whether the results are parts, for a second launch to join.
    partial: bool = false,
    indexed: bool = false,

    operands: [operands_max]Operand = undefined,
    operands_count: usize = 0,
    values: [operands_max + steps_max]Value = undefined,
    values_count: usize = 0,
    steps: [steps_max]Step = undefined,
    steps_count: usize = 0,

    /// Axes of the kernel, merged: the kept ones come first; all of them in a map.
    shape: [axes_max]usize = undefined,
    rank: usize = 0,
    kept: usize = 0,
    /// Work items of a group along x and y.
    lanes: [2]u16 = .{ 1, 1 },

    parameters: [parameters_max]i64 = undefined,
    parameters_count: usize = 0,
    operands_begin: usize = 0,
    /// Groups along x and y.
    groups: [2]usize = .{ 1, 1 },

    fn rawShape(map: *const program.Map) []const usize {
        return map.shape[0..map.rank];
    }

    const no_value = 255;

    /// A launch of one map. Others may follow by `addMap`, and `finishMaps` ends it.
    pub fn beginMaps(launch: *Launch, shaping: Shaping, map: *const program.Map) void {
        launch.* = .{ .kind = .map, .shaping = shaping };
        const fits = launch.append(map, rawShape(map), true);
        std.debug.assert(fits);
    }

    /// Adds a map of the same shape; false, and no change, where it cannot run in the same kernel.
    pub fn addMap(launch: *Launch, first: *const program.Map, map: *const program.Map) bool {
        if (!std.mem.eql(usize, rawShape(first), rawShape(map))) return false;
        const before = launch.*;
        if (launch.append(map, rawShape(map), false)) return true;
        launch.* = before;
        return false;
    }

    fn append(launch: *Launch, map: *const program.Map, shape: []const usize, alone: bool) bool {
        if (launch.steps_count == steps_max) return false;
        const row = table.map_rows[map.row];
        const step = &launch.steps[launch.steps_count];
        step.* = .{
            .row = map.row,
            .compute = map.compute,
            .inputs_count = map.inputs_count,
            .inputs = undefined,
            .scalars = map.scalars,
            .result = undefined,
        };
        for (map.inputs[0..map.inputs_count], 0..) |*input, k| {
            const place = launch.find(input, shape) orelse place: {
                if (!alone and launch.touches(input.handle, true)) return false;
                break :place launch.addOperand(input) orelse return false;
            };
            const operand = &launch.operands[place];
            if (operand.value == no_value) {
                operand.loaded = true;
                operand.value = launch.addValue(.{ .dtype = input.dtype, .operand = @intCast(place) });
            }
            step.inputs[k] = operand.value;
        }
        const place = launch.find(&map.out, shape) orelse place: {
            if (!alone and launch.touches(map.out.handle, false)) return false;
            break :place launch.addOperand(&map.out) orelse return false;
        };
        step.result = launch.addValue(.{ .dtype = map.out.dtype, .operand = null });
        launch.operands[place].stored = true;
        launch.operands[place].value = step.result;
        launch.steps_count += 1;
        launch.indexed = launch.indexed or row.uses_index;
        return launch.roomFor(shape);
    }

    /// Whether the parameters have room, however the axes merge.
    fn roomFor(launch: *const Launch, shape: []const usize) bool {
        var rank: usize = 1;
        for (shape) |size| {
            if (size != 1) rank += 1;
        }
        rank = padded(rank, &map_axes);
        var scalars: usize = 0;
        for (launch.steps[0..launch.steps_count]) |*step| scalars += table.map_rows[step.row].scalars;
        return 6 + rank + launch.operands_count * (1 + rank) + scalars <= parameters_max;
    }

    fn addOperand(launch: *Launch, view: *const View) ?usize {
        if (launch.operands_count == operands_max) return null;
        const place = launch.operands_count;
        launch.operands[place] = .{ .view = view.*, .loaded = false, .stored = false, .value = no_value };
        launch.operands_count += 1;
        return place;
    }

    fn addValue(launch: *Launch, value: Value) u8 {
        launch.values[launch.values_count] = value;
        launch.values_count += 1;
        return @intCast(launch.values_count - 1);
    }

    /// The operand that shows the very same elements in the same order.
    fn find(launch: *const Launch, view: *const View, shape: []const usize) ?usize {
        for (launch.operands[0..launch.operands_count], 0..) |*operand, place| {
            const known = &operand.view;
            if (known.handle != view.handle or known.data != view.data or known.dtype != view.dtype) continue;
            const same = for (shape, 0..) |size, axis| {
                if (size != 1 and known.strides[axis] != view.strides[axis]) break false;
            } else true;
            if (same) return place;
        }
        return null;
    }

    /// Whether an operand lies in that storage.
    fn touches(launch: *const Launch, handle: u32, stored_only: bool) bool {
        for (launch.operands[0..launch.operands_count]) |*operand| {
            if (operand.view.handle == handle and (operand.stored or !stored_only)) return true;
        }
        return false;
    }

    /// Says that nobody reads what the kernel would store there.
    pub fn drop(launch: *Launch, handle: u32) void {
        for (launch.operands[0..launch.operands_count]) |*operand| {
            if (operand.view.handle == handle) operand.stored = false;
        }
    }

    pub fn finishMaps(launch: *Launch, first: *const program.Map) void {
        const shape = rawShape(first);
        const last = shape.len -| 1;
        if (launch.indexed and shape.len > 0) {
            launch.appendAxes(shape[0..last], 0, 0);
            // The index runs along the last axis, even where that has one place.
            launch.appendAxis(shape[last], last, launch.rank);
        } else launch.appendAxes(shape, 0, 0);
        launch.pad(0, &map_axes);
        launch.kept = launch.rank;
        launch.noteLast();
        const columns = launch.shape[launch.rank - 1];
        const rows = axes_module.product(launch.shape[0 .. launch.rank - 1]);
        var rows_each: usize = 1;
        var columns_each: usize = 1;
        if (launch.shaping.lanes == 1) {
            // Where operands run across memory, near rows meet the same cache lines.
            columns_each = @min(columns, @as(usize, if (launch.operands[0].along == .strided) 64 else 16384));
            rows_each = std.math.clamp(16384 / columns_each, 1, rows);
        } else {
            const wide = launch.shaping.lanes;
            launch.lanes = if (rows < 4) .{ wide, 1 } else if (columns <= 16) .{ 16, wide / 16 } else .{ wide / 4, 4 };
            columns_each = @as(usize, launch.lanes[0]) * 4;
            rows_each = launch.lanes[1];
        }
        launch.groups = .{ divide(columns, columns_each), divide(rows, rows_each) };
        // Devices have bounds for the second axis.
        while (launch.groups[1] > 32768) {
            rows_each *= 2;
            launch.groups[1] = divide(rows, rows_each);
        }
        launch.begin(&.{ rows, columns, rows_each, columns_each });
        for (launch.shape[0..launch.rank]) |size| launch.push(size);
        launch.pushOperands();
    }

    /// A fold or an arg row; `joins` for one that joins the parts another left. `finishFold` ends it.
    pub fn initFold(
        launch: *Launch,
        shaping: Shaping,
        fold: *const program.Fold,
        is_arg: bool,
        joins: bool,
    ) void {
        launch.* = .{ .kind = if (is_arg) .arg else .rows, .shaping = shaping, .joins = joins };
        launch.row = fold.row;
        launch.compute = fold.compute;
        const shape = fold.shape[0..fold.rank];
        var inputs: [program.inputs_max]u8 = undefined;
        for (fold.inputs[0..fold.inputs_count], 0..) |*input, k| {
            const place = launch.find(input, shape) orelse launch.addOperand(input).?;
            const operand = &launch.operands[place];
            if (operand.value == no_value) {
                operand.loaded = true;
                operand.value = launch.addValue(.{ .dtype = input.dtype, .operand = @intCast(place) });
            }
            inputs[k] = operand.value;
        }
        launch.steps[0] = .{
            .row = fold.row,
            .compute = fold.compute,
            .inputs_count = fold.inputs_count,
            .inputs = inputs,
            .scalars = fold.scalars,
            .result = 0,
        };
        launch.steps_count = 1;
        launch.indexed = !is_arg and !joins and table.fold_rows[fold.row].uses_index;
        var out = fold.out;
        for (out.strides[fold.kept..fold.rank]) |*stride| stride.* = 0;
        const place = launch.addOperand(&out).?;
        launch.operands[place].stored = true;
        launch.appendAxes(shape[0..fold.kept], 0, 0);
        launch.pad(0, &fold_axes);
        launch.kept = launch.rank;
        launch.appendAxes(shape[fold.kept..], fold.kept, launch.kept);
        launch.pad(launch.kept, &fold_axes);
        if (!is_arg and launch.isColumn()) launch.kind = .columns;
        launch.noteLast();
    }

    /// Places that are kept, and elements that are joined for each.
    pub fn counts(launch: *const Launch) [2]usize {
        return .{
            axes_module.product(launch.shape[0..launch.kept]),
            axes_module.product(launch.shape[launch.kept..launch.rank]),
        };
    }

    /// Columns that a group walks down side by side.
    fn block(launch: *const Launch) usize {
        return if (launch.shaping.lanes == 1) column_block else launch.shaping.lanes;
    }

    fn columnBlocks(launch: *const Launch) usize {
        const outer = axes_module.product(launch.shape[0 .. launch.kept - 1]);
        return outer * divide(launch.shape[launch.kept - 1], launch.block());
    }

    /// In how many parts the elements of each place should be joined, so that there is work for the
    /// whole device. It depends on the shape alone, and so do the bits.
    pub fn parts(launch: *const Launch) usize {
        const kept, const reduced = launch.counts();
        if (launch.kind == .arg or launch.joins) return 1;
        const alone = launch.shaping.lanes == 1;
        const groups: usize = if (launch.kind == .columns) launch.columnBlocks() else kept;
        const wanted = (if (alone) @as(usize, 16) else 256) / @max(groups, 1);
        const least: usize = if (launch.kind == .columns)
            (if (alone) 256 else 64)
        else if (alone) 4096 else 1024;
        return std.math.clamp(wanted, 1, @max(reduced / least, 1));
    }

    /// Ends a fold that joins in so many parts, each of which stores its results `pitch` elements
    /// after the part before.
    pub fn finishFold(launch: *Launch, parts_count: usize, pitch: usize) void {
        const kept, const reduced = launch.counts();
        const part = @max(divide(reduced, parts_count), 1);
        launch.partial = parts_count > 1;
        var each: usize = 1;
        if (launch.kind == .columns) {
            if (launch.shaping.lanes > 1) launch.lanes = .{ launch.shaping.lanes, 1 };
            launch.groups[0] = launch.columnBlocks();
        } else {
            if (launch.shaping.lanes == 1) {
                each = std.math.clamp(16384 / @max(part, 1), 1, kept);
            } else {
                const wide = launch.shaping.lanes;
                launch.lanes = if (part <= 64) .{ 16, wide / 16 } else if (part <= 1024) .{ wide / 4, 4 } else .{ wide, 1 };
                each = launch.lanes[1];
            }
            launch.groups[0] = divide(kept, each);
        }
        launch.groups[1] = parts_count;
        launch.begin(&.{ kept, reduced, part, each, launch.shape[launch.rank - 1], pitch });
        for (launch.shape[0..launch.rank]) |size| launch.push(size);
        launch.pushOperands();
    }

    fn isColumn(launch: *const Launch) bool {
        const kept = launch.kept - 1;
        const reduced = launch.rank - 1;
        if (launch.shape[kept] == 1) return false;
        if (launch.shape[reduced] == 1) return true;
        // The last operand is the output.
        for (launch.operands[0 .. launch.operands_count - 1]) |*operand| {
            const outside = @abs(operand.strides[kept]);
            const inside = @abs(operand.strides[reduced]);
            if (outside == 0 and inside == 0) continue;
            return outside != 0 and (inside == 0 or outside < inside);
        }
        return false;
    }

    fn appendAxes(launch: *Launch, shape: []const usize, first: usize, barrier: usize) void {
        for (shape, first..) |size, axis| {
            if (size != 1) launch.appendAxis(size, axis, barrier);
        }
    }

    /// Adds an axis inside the present ones, merged with the last of them where all operands allow
    /// it and that is not below `barrier`.
    fn appendAxis(launch: *Launch, size: usize, axis: ?usize, barrier: usize) void {
        const operands = launch.operands[0..launch.operands_count];
        const last = launch.rank -% 1;
        const merges = launch.rank > barrier and for (operands) |*operand| {
            const stride = if (axis) |place| operand.view.strides[place] else 0;
            if (operand.strides[last] != stride *% @as(isize, @intCast(size))) break false;
        } else true;
        const target = if (merges) last else launch.rank;
        launch.shape[target] = if (merges) launch.shape[last] * size else size;
        for (operands) |*operand| operand.strides[target] = if (axis) |place| operand.view.strides[place] else 0;
        launch.rank = target + 1;
    }

    fn begin(launch: *Launch, sizes: []const usize) void {
        launch.parameters_count = 0;
        for (sizes) |size| launch.push(size);
    }

    fn push(launch: *Launch, size: usize) void {
        launch.pushSigned(@intCast(size));
    }

    fn pushSigned(launch: *Launch, value: i64) void {
        launch.parameters[launch.parameters_count] = value;
        launch.parameters_count += 1;
    }

    /// Offsets and strides in elements, then scalars by their bits. The offsets are the engine's to
    /// fill in.
    fn pushOperands(launch: *Launch) void {
        launch.operands_begin = launch.parameters_count;
        for (launch.operands[0..launch.operands_count]) |*operand| {
            if (!operand.used()) continue;
            launch.push(0);
            for (operand.strides[0..launch.rank]) |stride| launch.pushSigned(stride);
        }
        for (launch.steps[0..launch.steps_count]) |*step| {
            for (step.scalars[0..launch.scalarsOf(step)]) |scalar| launch.pushSigned(@bitCast(convert.bitsOf(step.compute, scalar)));
        }
    }

    /// How many scalars a step reads.
    pub fn scalarsOf(launch: *const Launch, step: *const Step) usize {
        return switch (launch.kind) {
            .map => table.map_rows[step.row].scalars,
            .rows, .columns => if (launch.joins) 0 else table.fold_rows[step.row].scalars,
            .arg => 0,
        };
    }

    /// Says where in its buffer operand `place` begins, in elements.
    pub fn setOffset(launch: *Launch, place: usize, elements: usize) void {
        launch.parameters[launch.placeOf(place)] = @intCast(elements);
    }

    /// Where the parameters of an operand stand: its offset, then its strides.
    pub fn placeOf(launch: *const Launch, place: usize) usize {
        var at = launch.operands_begin;
        for (launch.operands[0..place]) |*operand| {
            if (operand.used()) at += 1 + launch.rank;
        }
        return at;
    }

    /// The structure, by which kernels are kept.
    pub fn key(launch: *const Launch, buffer: *[key_max]u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        launch.writeKey(&writer) catch unreachable;
        return writer.buffered();
    }

    fn writeKey(launch: *const Launch, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        const bytes = [_]u8{
            @backingInt(launch.kind),       @intCast(launch.row),
            @backingInt(launch.compute),    @intFromBool(launch.joins),
            @intFromBool(launch.partial),   @intFromBool(launch.indexed),
            @intCast(launch.rank),          @intCast(launch.kept),
            @intCast(launch.lanes[0] >> 4), @intCast(launch.lanes[1]),
            @intCast(launch.steps_count),
        };
        try writer.writeAll(&bytes);
        for (launch.operands[0..launch.operands_count]) |*operand| {
            const flags = @as(u8, @intFromBool(operand.loaded)) | @as(u8, @intFromBool(operand.stored)) << 1;
            try writer.writeAll(&.{ flags, @backingInt(operand.view.dtype), @backingInt(operand.along), operand.value });
        }
        for (launch.steps[0..launch.steps_count]) |*step| {
            try writer.writeAll(&.{ @intCast(step.row), @backingInt(step.compute), step.result });
            try writer.writeByte(@backingInt(launch.values[step.result].dtype));
            try writer.writeAll(step.inputs[0..step.inputs_count]);
        }
    }

    /// Puts axes of one place before those from `first` on, so that few numbers of axes occur: each
    /// is a kernel of its own.
    fn pad(launch: *Launch, first: usize, numbers: []const usize) void {
        const before = launch.rank - first;
        const more = padded(before, numbers) - before;
        if (more == 0) return;
        std.mem.copyBackwards(usize, launch.shape[first + more ..][0..before], launch.shape[first..][0..before]);
        @memset(launch.shape[first..][0..more], 1);
        for (launch.operands[0..launch.operands_count]) |*operand| {
            const strides = &operand.strides;
            std.mem.copyBackwards(isize, strides[first + more ..][0..before], strides[first..][0..before]);
            @memset(strides[first..][0..more], 0);
        }
        launch.rank += more;
    }

    /// Notes how operands lie along the axis that is walked: all of them end to end or standing
    /// still, or all by strides. Each of these ways is a kernel of its own, too.
    fn noteLast(launch: *Launch) void {
        const axis = if (launch.kind == .columns) launch.kept - 1 else launch.rank - 1;
        const operands = launch.operands[0..launch.operands_count];
        const walks = if (launch.kind == .map) operands else operands[0 .. operands.len - 1];
        const long = launch.shape[axis] != 1;
        var strided = false;
        for (walks) |*operand| {
            operand.along = if (operand.strides[axis] == 0 and !operand.stored and long) .zero else .unit;
            if (operand.used() and operand.along == .unit and operand.strides[axis] != 1 and long) strided = true;
        }
        if (!strided) return;
        for (walks) |*operand| operand.along = .strided;
    }
};

comptime {
    // Whatever the axes, a fold's parameters have room, and all arguments are within 1024 bytes.
    for (table.fold_rows) |row| {
        const most = 6 + axes_max + (row.operands + 1) * (1 + axes_max) + row.scalars;
        std.debug.assert(most <= parameters_max);
    }
    std.debug.assert((parameters_max + operands_max) * 8 <= 1024);
}

/// Numbers of axes that kernels are made for.
const map_axes = [_]usize{ 2, 4, rank_max + 1 };
const fold_axes = [_]usize{ 1, 3, rank_max };

fn padded(count: usize, numbers: []const usize) usize {
    for (numbers) |number| {
        if (count <= number) return number;
    }
    unreachable;
}

fn divide(x: usize, y: usize) usize {
    return std.math.divCeil(usize, x, y) catch unreachable;
}
