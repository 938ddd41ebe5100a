//! Maps and folds of a group along the rows of one matrix, or along its columns, planned as one
//! kernel: a softmax, a norm, a cross entropy. `row_text.zig` writes it.
//!
//! The matrix has `kept` places and `reduced` elements for each; where its rows are joined, a place
//! is a row. Some threads of a block share a place: each walks its own elements, and after every
//! fold all of them know its result. What depends on no fold is computed in the first pass over the
//! elements, what depends on one fold in the second, and so on; passes compute anew what they need
//! of those before, so that nothing but operands has to be kept. Values between instructions are
//! rounded to their types, and a fold joins in the order in which the device's own kernel does, so
//! that the bits are those of the instructions one by one.
//!
//! Each operand must have one stride from place to place and one from element to element; nothing
//! here looks at sizes beyond that.

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
/// Each has memory that the threads of a block share.
pub const folds_max = 8;
/// Up to so many elements of a thread, and so many words of them in all operands, stay in registers
/// from pass to pass; longer rows are read again.
const held_max = 32;
const held_words_max = 64;

/// How a device joins the elements of a place.
pub const Geometry = struct {
    /// Threads of a place, a power of two: thread r takes every element r + n * threads.
    threads: u32,
    /// Places that a block of threads works on at once.
    places: u32,
    /// Whether neighbouring threads take neighbouring places.
    column: bool,
    /// Where this is not 0, a block is one thread, on a CPU: it joins the elements of a row in so many
    /// lanes, or those of all its columns side by side.
    lanes: u8 = 0,
    /// Places of a block, one after the other.
    each: u32 = 0,
};

/// How the elements lie that a thread on a CPU meets one after the other.
pub const Along = enum(u8) { unit, zero, strided };

pub const Space = enum(u8) {
    /// An element for each place and each of its elements.
    full,
    /// An element for each place.
    place,
};

pub const Seen = struct {
    handle: u32,
    data: [*]u8,
    dtype: DType,
    space: Space,
    /// In bytes: from place to place, and from element to element.
    strides: [2]isize,
    /// Whether memory is read before any step has written it.
    loaded: bool = false,
    written: ?u8 = null,
    /// Whether the result must be in memory at the end.
    stored: bool = true,
    along: Along = .unit,
};

pub const Input = struct {
    view: u8,
    /// The step whose result it is, where one wrote it before.
    from: ?u8,
};

/// What the index of a row counts.
pub const Index = enum(u8) { none, elements, places };

pub const Step = struct {
    kind: enum(u8) { map, fold },
    row: u16,
    compute: DType,
    inputs_count: u8,
    inputs: [program.inputs_max]Input = undefined,
    out: u8 = undefined,
    values: [3]f64,
    /// Where its scalars stand among all.
    scalar: u8 = undefined,
    scalars: u8,
    index: Index,
    /// Of the result.
    space: Space,
    /// The pass before which, or in which, it is known.
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
    /// Whether each thread keeps its elements of the operands from pass to pass.
    held: bool = false,

    /// As many of the instructions, from the first on, as one kernel can do; 0 where no fold is among
    /// them. `device.rowGeometry(fold)` says how it would join, if by one kernel.
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
            // The index runs along the last axis.
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

    /// How the axes of a shape are places and elements.
    const Cut = union(enum) {
        /// All of them are places.
        places,
        /// The first so many are, and there are no elements.
        first: usize,
        /// One axis or several that are one: elements end to end.
        flat,
        /// Those before the axis are places, and those from it on elements; or the other way round.
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

    /// Adds a step without inputs and output, which these are.
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
            // Elements are not known to all threads of a place, only to one of them.
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

    /// The number of a view; null where it is none of such a matrix, where there are too many, or where
    /// it shows elements of another view's storage in other places, one of which is written.
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

    /// Whether no two elements are one.
    fn isApart(plan: *const Plan, strides: [2]isize, space: Space, bytes: isize) bool {
        const place: usize = @abs(strides[0]);
        const element: usize = @abs(strides[1]);
        if (plan.kept > 1 and place < bytes) return false;
        if (space == .place or plan.kept == 1) return true;
        return place >= element *| plan.reduced or element >= place *| plan.kept;
    }

    /// In elements: from place to place, and from element to element.
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

    /// Decides what goes to memory. False where it cannot be one kernel: what is read again must not
    /// have been overwritten. `later` are the instructions of the group that follow.
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

    /// Elements of each thread.
    pub fn elements(plan: *const Plan) usize {
        return axes_module.divCeil(plan.reduced, plan.geometry.threads);
    }

    pub fn blocks(plan: *const Plan) usize {
        const each = @max(plan.geometry.places, plan.geometry.each);
        return axes_module.divCeil(plan.kept, each);
    }

    pub const key_max = 32 + steps_max * (8 + 2 * program.inputs_max) + views_max * 4;

    /// All that the text depends on, by which kernels are kept.
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

    /// Whether the kernel touches the view's memory.
    pub fn touched(plan: *const Plan, k: usize) bool {
        const seen = &plan.views[k];
        return seen.loaded or (seen.written != null and seen.stored);
    }
};
