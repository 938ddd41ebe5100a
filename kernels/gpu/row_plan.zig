//! The plan by which maps and folds of a group along the rows of one matrix, or along its columns,
//! become one kernel: a softmax, a norm, a cross entropy. `row_text.zig` writes the kernel.
//!
//! The matrix has `kept` places and `reduced` elements for each place; where rows are joined, a
//! place is a row, else a column. Some threads of a block share a place: each thread walks its own
//! elements, and after every fold all of them know the result. Values that depend on no fold are
//! computed in the first pass over the elements, values that depend on one fold in the second, and
//! so on; a pass computes anew the values that it needs of earlier passes, so that only operands
//! are kept. Values between instructions are rounded to their types, and a fold joins in the order
//! of the device's own kernel, so that the bits are those of the instructions one by one.
//!
//! Each operand must have one stride from place to place and one from element to element; the plan
//! does not look at sizes beyond that.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const facts = @import("../program/facts.zig");
const later_module = @import("../program/reads.zig");
const layout = @import("arguments.zig");
const program = @import("../program/program.zig");
const table = @import("../rows/table.zig");

const DType = program.DType;
const Instruction = program.Instruction;
const product = axes_module.product;

pub const steps_max = 24;
pub const views_max = layout.fused_views_max;
const scalars_max = layout.fused_scalars_max;
/// The most folds of a kernel; each needs memory that the threads of a block share.
pub const folds_max = 8;
/// A thread keeps its elements in registers from pass to pass up to this many elements, and up to
/// this many words of all operands; longer rows are read again.
const held_max = 32;
const held_words_max = 64;

/// How a device joins the elements of a place.
pub const Geometry = struct {
    /// Threads of a place, a power of two: thread r takes the elements r + n * threads.
    threads: u32,
    /// Places that a block of threads works on at once.
    places: u32,
    /// Whether neighbouring threads work on neighbouring places.
    column: bool,
    /// 0 on a GPU. On a CPU, where a block is one thread, the virtual lanes in which the thread
    /// joins the elements of a row; columns are joined side by side.
    lanes: u8 = 0,
    /// Places that a block computes one after the other.
    each: u32 = 0,
};

/// How elements lie that a CPU's thread meets one after the other.
pub const Along = enum(u8) { unit, zero, strided };

pub const Space = enum(u8) {
    /// A value for each element of each place.
    full,
    /// A value for each place.
    place,
};

pub const Seen = struct {
    handle: u32,
    data: [*]u8,
    dtype: DType,
    space: Space,
    /// Strides in bytes: from place to place, and from element to element.
    strides: [2]isize,
    /// Whether the kernel reads the view's memory before any step has written the view.
    loaded: bool = false,
    written: ?u8 = null,
    /// Whether the result must be in memory after the kernel.
    stored: bool = true,
    along: Along = .unit,
};

pub const Input = struct {
    view: u8,
    /// The step that computed the operand; null if it is read from memory.
    from: ?u8,
};

/// What the index `i` of a row's expression counts.
pub const Index = enum(u8) { none, elements, places };

pub const Step = struct {
    kind: enum(u8) { map, fold },
    row: u16,
    compute: DType,
    inputs_count: u8,
    inputs: [program.inputs_max]Input = undefined,
    out: u8 = undefined,
    values: [3]f64,
    /// The index of the step's first scalar among all scalars.
    scalar: u8 = undefined,
    scalars: u8,
    index: Index,
    /// The space of the result.
    space: Space,
    /// The pass before which, or in which, the result is known.
    pass: u8 = 0,
};

pub const Plan = struct {
    geometry: Geometry = undefined,
    kept: usize = 0,
    reduced: usize = 0,
    steps: [steps_max]Step = undefined,
    steps_count: usize = 0,
    views: [views_max]Seen = undefined,
    views_count: usize = 0,
    scalars_count: usize = 0,
    folds_count: usize = 0,
    passes: usize = 0,
    /// Whether each thread keeps its elements of the operands in registers from pass to pass.
    held: bool = false,

    /// Plans as many instructions, from the first on, as one kernel can compute, and returns their
    /// number; 0 where no fold is among them. `device.rowGeometry(fold)` gives the order in which
    /// the device joins a fold in one kernel, null where it needs several.
    pub fn build(plan: *Plan, instructions: []const Instruction, device: anytype) usize {
        plan.steps_count = 0;
        plan.views_count = 0;
        plan.scalars_count = 0;
        plan.folds_count = 0;
        plan.passes = 0;
        const first = for (instructions[0..@min(instructions.len, steps_max)]) |*instruction| switch (instruction.*) {
            .map => continue,
            .fold => |*one| break one,
            else => return 0,
        } else return 0;
        plan.kept = product(first.shape[0..first.kept]);
        plan.reduced = product(first.shape[first.kept..first.rank]);
        if (plan.reduced < 2 or plan.kept == 0) return 0;
        if (plan.kept > layout.places_max or plan.reduced > layout.places_max) return 0;
        plan.geometry = device.rowGeometry(first) orelse return 0;
        for (instructions) |*instruction| if (!plan.add(instruction)) break;
        return if (plan.folds_count == 0) 0 else plan.steps_count;
    }

    fn add(plan: *Plan, instruction: *const Instruction) bool {
        if (plan.steps_count == steps_max) return false;
        const views = plan.views_count;
        const fits = switch (instruction.*) {
            .map => |*one| plan.addMap(one),
            .fold => |*one| plan.addFold(one),
            else => false,
        };
        if (!fits) plan.views_count = views;
        return fits;
    }

    fn addMap(plan: *Plan, map: *const program.Map) bool {
        const shape = map.shape[0..map.rank];
        const count = product(shape);
        const row = table.map_rows[map.row];
        const cut: Cut = if (count == plan.kept)
            .places
        else if (count == plan.kept * plan.reduced)
            plan.cutOf(shape)
        else
            return false;
        var index: Index = .none;
        if (row.uses_index) {
            if (shape.len == 0 or cut == .flat) return false;
            const last = shape[shape.len - 1];
            // The index `i` runs along the last axis.
            const along = if (cut == .places or plan.geometry.column) plan.kept else plan.reduced;
            if (last != along) return false;
            index = if (cut == .places or plan.geometry.column) .places else .elements;
        }
        return plan.addStep(.{
            .kind = .map,
            .row = map.row,
            .compute = map.compute,
            .inputs_count = map.inputs_count,
            .values = map.scalars,
            .scalars = @intCast(row.scalars),
            .index = index,
            .space = if (cut == .places) .place else .full,
        }, map.inputs[0..map.inputs_count], &map.out, shape, cut, cut);
    }

    fn addFold(plan: *Plan, fold: *const program.Fold) bool {
        const shape = fold.shape[0..fold.rank];
        if (product(shape[0..fold.kept]) != plan.kept or product(shape[fold.kept..]) != plan.reduced) return false;
        if (facts.isColumn(fold) != plan.geometry.column) return false;
        if (plan.folds_count == folds_max) return false;
        const row = table.fold_rows[fold.row];
        const added = plan.addStep(.{
            .kind = .fold,
            .row = fold.row,
            .compute = fold.compute,
            .inputs_count = fold.inputs_count,
            .values = fold.scalars,
            .scalars = @intCast(row.scalars),
            .index = if (row.uses_index) .elements else .none,
            .space = .place,
        }, fold.inputs[0..fold.inputs_count], &fold.out, shape, .{ .at = .{ .axis = fold.kept, .leading = true } }, .{ .first = fold.kept });
        if (added) plan.folds_count += 1;
        return added;
    }

    /// How the axes of a shape divide into places and elements.
    const Cut = union(enum) {
        /// All axes are places.
        places,
        /// The first axes, this many, are places, and there are no elements.
        first: usize,
        /// The shape is one axis of contiguous elements, or merges into one.
        flat,
        /// The axes before `axis` are places and the others elements; the other way round without
        /// `leading`.
        at: struct { axis: usize, leading: bool },
    };

    fn cutOf(plan: *const Plan, shape: []const usize) Cut {
        const leading = !plan.geometry.column;
        const wanted = if (leading) plan.kept else plan.reduced;
        var count: usize = 1;
        for (0..shape.len + 1) |axis| {
            if (count == wanted and product(shape[axis..]) == plan.kept * plan.reduced / wanted) {
                return .{ .at = .{ .axis = axis, .leading = leading } };
            }
            if (axis < shape.len) count *= shape[axis];
        }
        return .flat;
    }

    /// Adds a step with these inputs and this output.
    fn addStep(
        plan: *Plan,
        given: Step,
        inputs: []const program.View,
        out: *const program.View,
        shape: []const usize,
        inputs_cut: Cut,
        out_cut: Cut,
    ) bool {
        var step = given;
        if (plan.scalars_count + step.scalars > scalars_max) return false;
        var known: [program.inputs_max]u8 = undefined;
        for (inputs, known[0..inputs.len]) |*input, *place| {
            place.* = plan.viewOf(input, shape, inputs_cut, false) orelse return false;
        }
        step.out = plan.viewOf(out, shape, out_cut, true) orelse return false;
        if (plan.views[step.out].space != step.space) return false;
        for (known[0..inputs.len], step.inputs[0..inputs.len]) |place, *input| {
            const seen = &plan.views[place];
            input.* = .{ .view = place, .from = seen.written };
            // The step runs no earlier than the passes that compute its operands.
            if (seen.written) |from| step.pass = @max(step.pass, plan.steps[from].pass);
            if (seen.written == null) seen.loaded = true;
        }
        if (step.kind == .fold) step.pass += 1;
        plan.passes = @max(plan.passes, step.pass + 1);
        plan.views[step.out].written = @intCast(plan.steps_count);
        step.scalar = @intCast(plan.scalars_count);
        plan.scalars_count += step.scalars;
        plan.steps[plan.steps_count] = step;
        plan.steps_count += 1;
        return true;
    }

    /// The index of a view; null where the view is not of such a matrix, where there are too many
    /// views, or where the view shows elements of another view's storage at other indices and one
    /// of the two is written.
    fn viewOf(plan: *Plan, view: *const program.View, shape: []const usize, cut: Cut, writes: bool) ?u8 {
        const bytes: isize = @intCast(view.dtype.bytes());
        var strides = plan.stridesOf(view, shape, cut) orelse return null;
        for (&strides) |*stride| stride.* *%= bytes;
        if (plan.kept == 1) strides[0] = 0;
        const space: Space = if (strides[1] == 0) .place else .full;
        if (writes and !plan.isApart(strides, space, bytes)) return null;
        var found: ?u8 = null;
        for (plan.views[0..plan.views_count], 0..) |*seen, place| {
            if (seen.handle != view.handle) continue;
            const same = seen.data == view.data and seen.dtype == view.dtype and std.mem.eql(isize, &seen.strides, &strides);
            if (same) found = @intCast(place) else if (writes or seen.written != null) return null;
        }
        if (found) |place| return place;
        if (plan.views_count == views_max) return null;
        plan.views[plan.views_count] = .{
            .handle = view.handle,
            .data = view.data,
            .dtype = view.dtype,
            .space = space,
            .strides = strides,
        };
        plan.views_count += 1;
        return @intCast(plan.views_count - 1);
    }

    /// Whether no two elements of the view share an address.
    fn isApart(plan: *const Plan, strides: [2]isize, space: Space, bytes: isize) bool {
        const place: usize = @abs(strides[0]);
        const element: usize = @abs(strides[1]);
        if (plan.kept > 1 and place < bytes) return false;
        if (space == .place or plan.kept == 1) return true;
        return place >= element *| plan.reduced or element >= place *| plan.kept;
    }

    /// The strides in elements: from place to place, and from element to element.
    fn stridesOf(plan: *const Plan, view: *const program.View, shape: []const usize, cut: Cut) ?[2]isize {
        const strides = view.strides[0..shape.len];
        switch (cut) {
            .places => return .{ axes_module.strideOf(shape, strides) orelse return null, 0 },
            .first => |axis| return .{ axes_module.strideOf(shape[0..axis], strides[0..axis]) orelse return null, 0 },
            .flat => {
                const stride = axes_module.strideOf(shape, strides) orelse return null;
                const far = stride *% @as(isize, @intCast(if (plan.geometry.column) plan.kept else plan.reduced));
                return if (plan.geometry.column) .{ stride, far } else .{ far, stride };
            },
            .at => |at| {
                const before = axes_module.strideOf(shape[0..at.axis], strides[0..at.axis]) orelse return null;
                const behind = axes_module.strideOf(shape[at.axis..], strides[at.axis..]) orelse return null;
                return if (at.leading) .{ before, behind } else .{ behind, before };
            },
        }
    }

    /// Decides which results are stored. False where one kernel is impossible: an operand that a
    /// later pass reads again must not have been overwritten. `later` are the instructions of the
    /// group that follow.
    pub fn finish(plan: *Plan, temporaries: []const u32, later: []const Instruction) bool {
        var words: usize = 0;
        var in_place = false;
        for (plan.views[0..plan.views_count]) |*seen| {
            if (seen.loaded and seen.space == .full) words += axes_module.divCeil(seen.dtype.bytes(), 4);
            if (seen.written == null) continue;
            const passing = std.mem.indexOfScalar(u32, temporaries, seen.handle) != null;
            seen.stored = !passing or later_module.isRead(later, seen.handle);
            if (seen.loaded and seen.space == .full and seen.stored) in_place = true;
        }
        const alone = plan.geometry.lanes != 0;
        if (alone) for (plan.views[0..plan.views_count]) |*seen| {
            const stride = seen.strides[if (plan.geometry.column) 0 else 1];
            seen.along = if (stride == seen.dtype.bytes()) .unit else if (stride == 0) .zero else .strided;
        };
        const each = plan.elements();
        plan.held = !alone and each <= held_max and each * words <= held_words_max;
        return plan.held or !in_place;
    }

    /// How many elements each thread has.
    pub fn elements(plan: *const Plan) usize {
        return axes_module.divCeil(plan.reduced, plan.geometry.threads);
    }

    pub fn blocks(plan: *const Plan) usize {
        const each = @max(plan.geometry.places, plan.geometry.each);
        return axes_module.divCeil(plan.kept, each);
    }

    pub const key_max = 32 + steps_max * (8 + 2 * program.inputs_max) + views_max * 4;

    /// The structure on which the text depends; built kernels are kept under it.
    pub fn key(plan: *const Plan, buffer: *[key_max]u8) []const u8 {
        var writer: std.Io.Writer = .fixed(buffer);
        plan.writeKey(&writer) catch unreachable;
        return writer.buffered();
    }

    fn writeKey(plan: *const Plan, writer: *std.Io.Writer) std.Io.Writer.Error!void {
        const geometry = &plan.geometry;
        const held: u8 = if (plan.held) @intCast(plan.elements()) else 0;
        try writer.writeAll("rows");
        try writer.writeAll(&.{ std.math.log2_int(u32, geometry.threads), std.math.log2_int(u32, geometry.places) });
        try writer.writeAll(&.{ @intFromBool(geometry.column), geometry.lanes, held });
        try writer.writeAll(&.{ @intCast(plan.steps_count), @intCast(plan.views_count) });
        for (plan.steps[0..plan.steps_count]) |*step| {
            try writer.writeAll(&.{ @backingInt(step.kind), @backingInt(step.compute), @backingInt(step.index), @backingInt(step.space) });
            try writer.writeInt(u16, step.row, .little);
            try writer.writeAll(&.{ step.inputs_count, step.out });
            for (step.inputs[0..step.inputs_count]) |input| try writer.writeAll(&.{ input.view, input.from orelse 255 });
        }
        for (plan.views[0..plan.views_count]) |*seen| {
            const stored = seen.written != null and seen.stored;
            const flags = @as(u8, @intFromBool(seen.loaded)) | @as(u8, @intFromBool(stored)) << 1;
            try writer.writeAll(&.{ @backingInt(seen.dtype), @backingInt(seen.space), flags, @backingInt(seen.along) });
        }
    }

    /// Whether the kernel reads or writes the view's memory.
    pub fn touched(plan: *const Plan, k: usize) bool {
        const seen = &plan.views[k];
        return seen.loaded or (seen.written != null and seen.stored);
    }
};
