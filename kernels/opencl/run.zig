//! Instructions on OpenCL: each becomes one or several kernels; consecutive maps of a group over
//! one shape become one kernel.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const enqueue = @import("enqueue.zig");
const fold_plan = @import("fold_plan.zig");
const fold_text = @import("fold_text.zig");
const opencl = @import("engine.zig");
const opencl_api = @import("api.zig");
const opencl_matmul = @import("product.zig");
const layout = @import("../gpu/arguments.zig");
const map_plan = @import("../gpu/map_plan.zig");
const map_text = @import("../gpu/map_text.zig");
const map_text_tiles = @import("../gpu/map_text_tiles.zig");
const program = @import("../program/program.zig");
const row_plan = @import("../gpu/row_plan.zig");
const row_text = @import("../gpu/row_text.zig");
const row_text_cpu = @import("../gpu/row_text_cpu.zig");
const scan = @import("scan.zig");
const skeletons = @import("skeletons.zig");
const Words = @import("../gpu/words.zig").Words;

const Arguments = enqueue.Arguments;
const Engine = opencl.Engine;
const Instruction = program.Instruction;
const Status = program.Status;
const View = program.View;

pub fn execute(engine: *Engine, instruction: *const Instruction) Status {
    const status = supported(engine, instruction);
    if (status != .ok) return status;
    switch (instruction.*) {
        .map => {
            const count = planMaps(engine, instruction[0..1], &.{});
            std.debug.assert(count == 1);
            return runMaps(engine);
        },
        .fold => |*one| return fold(engine, one),
        .arg => |*one| {
            var plan: fold_plan.Plan = undefined;
            plan.init(engine.shaping, one, true, false);
            plan.finish(1, 0);
            return runFold(engine, &plan, null);
        },
        .scan => |*one| return scan.execute(engine, one),
        .matmul => |*one| return opencl_matmul.execute(engine, one),
        .convolve => return convolve(engine),
        .gather => |*one| return gather(engine, one),
        .scatter => |*one| return scatter(engine, one),
        .sort => |*one| return sort(engine, one),
        .random => |*one| return random(engine, one),
        .check => |*one| return check(engine, one, .label),
    }
}

/// Refuses float64 where the device does not have it.
fn supported(engine: *Engine, instruction: *const Instruction) Status {
    if (engine.about.has_double) return .ok;
    const wide = switch (instruction.*) {
        .map => |*one| one.compute == .float64 or one.out.dtype == .float64 or anyDouble(one.inputs[0..one.inputs_count]),
        .fold, .arg => |*one| one.compute == .float64 or one.out.dtype == .float64 or anyDouble(one.inputs[0..one.inputs_count]),
        .scan => |*one| one.compute == .float64 or one.out.dtype == .float64 or anyDouble(one.inputs[0..one.inputs_count]),
        .matmul => |*one| one.compute == .float64,
        .convolve => |*one| one.compute == .float64,
        .gather, .scatter => |*one| one.out.dtype == .float64,
        .sort => |*one| one.x.dtype == .float64,
        .random => |*one| one.out.dtype == .float64,
        .check => false,
    };
    if (!wide) return .ok;
    engine.message.set("Cannot compute float64 on opencl: {s} has no double precision", .{engine.about.name.text()});
    return .unsupported;
}

/// Products of matrices do the work of convolutions on this device: see `core/array`.
fn convolve(engine: *Engine) Status {
    engine.message.set("Cannot convolve on opencl: only the CPU's devices have the instruction", .{});
    return .unsupported;
}

fn anyDouble(views: []const View) bool {
    for (views) |*view| {
        if (view.dtype == .float64) return true;
    }
    return false;
}

/// Runs the instructions as if one by one: maps and folds along the rows of one matrix, and
/// consecutive maps of one shape, run as one kernel.
pub fn runGroup(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) Status {
    var at: usize = 0;
    while (at < instructions.len) {
        const joined = planRows(engine, instructions[at..], temporaries);
        if (joined > 1) {
            const status = runRows(engine);
            if (status != .ok) return status;
            at += joined;
            continue;
        }
        const maps = if (instructions[at] == .map) planMaps(engine, instructions[at..], temporaries) else 0;
        const status = if (maps > 0) runMaps(engine) else execute(engine, &instructions[at]);
        if (status != .ok) return status;
        at += @max(maps, 1);
    }
    return .ok;
}

/// How many maps, from the first on, the engine's map plan covers; 0 where the first is not
/// supported.
fn planMaps(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) usize {
    const most = for (instructions, 0..) |*instruction, k| {
        if (k == map_plan.steps_max or supported(engine, instruction) != .ok) break k;
    } else instructions.len;
    const device: map_plan.Device = .{ .threads = engine.shaping.lanes, .tiles = true };
    return engine.planned.maps.build(instructions, most, temporaries, device);
}

/// How many instructions, from the first on, the engine's row plan covers; below two the plan is
/// not used.
fn planRows(engine: *Engine, instructions: []const Instruction, temporaries: []const u32) usize {
    if (instructions.len < 2) return 0;
    const count = engine.planned.rows.build(instructions, engine.shaping);
    if (count < 2 or !engine.planned.rows.finish(temporaries, instructions[count..])) return 0;
    for (instructions[0..count]) |*instruction| if (supported(engine, instruction) != .ok) return 0;
    return count;
}

fn writeRows(plan: *const row_plan.Plan, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    if (plan.geometry.lanes != 0) return row_text_cpu.write(plan, writer, .opencl);
    return row_text.write(plan, writer, .opencl);
}

fn runRows(engine: *Engine) Status {
    const plan = &engine.planned.rows;
    var buffer: [row_plan.Plan.key_max]u8 = undefined;
    const kernel = engine.programs.get(plan.key(&buffer), @as(*const row_plan.Plan, plan), writeRows) catch |failure|
        return enqueue.statusOf(engine, failure);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    var parameters: layout.Fused = undefined;
    row_text.fill(plan, &parameters);
    for (plan.views[0..plan.views_count], 0..) |*seen, k| {
        if (!plan.touched(k)) continue;
        const place = engine.placeOf(seen.data);
        parameters.addresses[k] = place.offset;
        arguments.addBuffer(place.buffer);
    }
    arguments.set(0, @sizeOf(layout.Fused), &parameters);
    const geometry = &plan.geometry;
    const lanes: u16 = if (geometry.lanes != 0) 1 else @intCast(geometry.threads * geometry.places);
    return arguments.enqueue(.{ plan.blocks(), 1, 1 }, .{ lanes, 1 });
}

fn writeMaps(plan: *const map_plan.Plan, writer: *std.Io.Writer) std.Io.Writer.Error!void {
    return switch (plan.walk) {
        .threads => map_text.write(plan, writer, .opencl),
        .tiles => map_text_tiles.write(plan, writer, .opencl),
    };
}

fn runMaps(engine: *Engine) Status {
    const plan = &engine.planned.maps;
    var buffer: [map_plan.Plan.key_max]u8 = undefined;
    const kernel = engine.programs.get(plan.key(&buffer), @as(*const map_plan.Plan, plan), writeMaps) catch |failure|
        return enqueue.statusOf(engine, failure);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    var begin: [map_plan.views_max]u64 = @splat(0);
    for (plan.views[0..plan.views_count], begin[0..plan.views_count], 0..) |*seen, *offset, k| {
        if (!plan.touched(k)) continue;
        const place = engine.placeOf(seen.view.data);
        offset.* = place.offset;
        arguments.addBuffer(place.buffer);
    }
    switch (plan.walk) {
        .threads => {
            var parameters: layout.Fused = undefined;
            map_text.fill(plan, &parameters);
            parameters.addresses = begin;
            arguments.set(0, @sizeOf(layout.Fused), &parameters);
        },
        .tiles => {
            var words: Words = undefined;
            map_text_tiles.fill(plan, &words);
            for (begin[0..plan.views_count], 0..) |offset, k| words.setOffset(k, offset);
            arguments.setWords(&words);
        },
    }
    const blocks = plan.blocks();
    return arguments.enqueue(.{ blocks[0], blocks[1], 1 }, plan.lanes());
}

/// The operand that lies in the scratch buffer instead of in a storage.
const InScratch = ?usize;

fn runFold(engine: *Engine, plan: *const fold_plan.Plan, in_scratch: InScratch) Status {
    var buffer: [fold_plan.Plan.key_max]u8 = undefined;
    const kernel = engine.programs.get(plan.key(&buffer), plan, fold_text.write) catch |failure| return enqueue.statusOf(engine, failure);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    var words: Words = undefined;
    plan.fill(&words);
    for (plan.operands[0..plan.operands_count], 0..) |*view, k| {
        if (in_scratch == k) {
            arguments.addBuffer(engine.scratch.?);
            continue;
        }
        const place = engine.placeOf(view.data);
        words.setOffset(k, place.offset / view.dtype.bytes());
        arguments.addBuffer(place.buffer);
    }
    arguments.setWords(&words);
    return arguments.enqueue(.{ plan.groups[0], plan.groups[1], 1 }, plan.lanes);
}

fn fold(engine: *Engine, one: *const program.Fold) Status {
    var plan: fold_plan.Plan = undefined;
    plan.init(engine.shaping, one, false, false);
    const parts = plan.parts();
    if (parts == 1) {
        plan.finish(1, 0);
        return runFold(engine, &plan, null);
    }
    const kept = axes_module.product(one.shape[0..one.kept]);
    const reserved = enqueue.reserve(engine, kept * parts * one.compute.bytes());
    if (reserved != .ok) return reserved;
    // Folds of rows leave their parts contiguous for each row, folds of columns leave a row of
    // results for each part.
    const column = plan.kind == .columns;
    const pitch = if (column) kept else 1;
    var partial: View = undefined;
    partial.dtype = one.compute;
    partial.handle = 0;
    partial.data = @ptrFromInt(@as(usize, 1) << opencl.offset_bits);
    var step: usize = if (column) 1 else parts;
    var axis: usize = one.kept;
    while (axis > 0) {
        axis -= 1;
        partial.strides[axis] = @intCast(step);
        step *= one.shape[axis];
    }
    partial.strides[one.kept] = @intCast(pitch);
    var first = one.*;
    first.out = partial;
    plan.init(engine.shaping, &first, false, false);
    plan.finish(parts, pitch);
    const status = runFold(engine, &plan, plan.operands_count - 1);
    if (status != .ok) return status;

    var second = one.*;
    second.rank = one.kept + 1;
    second.shape[one.kept] = parts;
    second.inputs_count = 1;
    second.inputs[0] = partial;
    plan.init(engine.shaping, &second, false, true);
    plan.finish(1, 0);
    return runFold(engine, &plan, 0);
}

fn offsetOf(engine: *const Engine, view: *const View) i64 {
    return @intCast(engine.placeOf(view.data).offset / view.dtype.bytes());
}

fn bufferOf(engine: *const Engine, view: *const View) opencl_api.Buffer {
    return engine.placeOf(view.data).buffer;
}

/// Queues a kernel that notes the first index out of range, on the device.
pub fn check(engine: *Engine, one: *const program.Gather, action: opencl.Check) Status {
    const sizes = one.indices();
    if (axes_module.product(&sizes) == 0) return .ok;
    const text: skeletons.Text = .{ .kind = .check, .index = one.index.dtype, .lanes = .{ engine.shaping.lanes, 1 } };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    arguments.addBuffer(bufferOf(engine, &one.index));
    arguments.addBuffer(engine.found.?);
    arguments.setParameters(&.{
        @intCast(sizes[0]),    @intCast(sizes[1]),            @intCast(sizes[2]),
        @intCast(one.length),  @backingInt(action),           offsetOf(engine, &one.index),
        one.index.strides[0],  one.index.strides[1],          one.index.strides[2],
    });
    engine.checking = true;
    return arguments.enqueue(.{ 1, 1, 1 }, text.lanes);
}

fn placesParameters(engine: *const Engine, one: *const program.Gather, each: usize) [17]i64 {
    var list: [17]i64 = undefined;
    for ([_]usize{ one.outer, one.count, one.length, one.inner, each }, list[0..5]) |size, *word| word.* = @intCast(size);
    for ([_]*const View{ &one.out, &one.source, &one.index }, 0..) |view, k| {
        list[5 + 4 * k] = offsetOf(engine, view);
        for (0..3) |axis| list[6 + 4 * k + axis] = view.strides[axis];
    }
    return list;
}

fn gather(engine: *Engine, one: *const program.Gather) Status {
    const status = check(engine, one, .gather);
    if (status != .ok) return status;
    const wide = engine.shaping.lanes;
    const lanes: [2]u16 = if (wide == 1) .{ 1, 1 } else if (one.inner >= 64) .{ 64, wide / 64 } else .{ 1, wide };
    const text: skeletons.Text = .{ .kind = .gather, .element = one.out.dtype, .index = one.index.dtype, .lanes = lanes };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    const slices = one.outer * one.count;
    const each = if (wide == 1) std.math.clamp(16384 / one.inner, 1, slices) else lanes[1];
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    for ([_]*const View{ &one.out, &one.source, &one.index }) |view| arguments.addBuffer(bufferOf(engine, view));
    arguments.setParameters(&placesParameters(engine, one, each));
    return arguments.enqueue(.{ axes_module.divCeil(slices, each), 1, 1 }, lanes);
}

fn scatter(engine: *Engine, one: *const program.Gather) Status {
    const status = check(engine, one, .scatter);
    if (status != .ok) return status;
    const wide = engine.shaping.lanes;
    const lanes: [2]u16 = if (wide == 1) .{ 1, 1 } else if (one.inner >= 64) .{ 64, wide / 64 } else .{ 1, wide };
    const text: skeletons.Text = .{ .kind = .scatter, .element = one.out.dtype, .index = one.index.dtype, .row = one.row, .lanes = lanes };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    const each = @min(one.inner, if (wide == 1) 256 else lanes[0]);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    for ([_]*const View{ &one.out, &one.source, &one.index }) |view| arguments.addBuffer(bufferOf(engine, view));
    arguments.addBuffer(engine.found.?);
    arguments.setParameters(&placesParameters(engine, one, each));
    return arguments.enqueue(.{
        axes_module.divCeil(one.outer, lanes[1]),
        axes_module.divCeil(one.inner, each),
        1,
    }, lanes);
}

fn sort(engine: *Engine, one: *const program.Sort) Status {
    const bytes: usize = if (one.x.dtype == .float64) 16 else 8;
    var parameters: layout.Sort = .of(one, 1, 1);
    const room = @as(usize, 1) << @intCast(parameters.room_bits);
    const all = axes_module.product(one.shape[0..one.rank]);
    const each = std.math.clamp(layout.sort_elements / room, 1, all);
    const reserved = enqueue.reserve(engine, if (room > layout.sort_tile) each * room * bytes else bytes);
    if (reserved != .ok) return reserved;
    parameters.out = @intCast(offsetOf(engine, &one.out));
    parameters.x = @intCast(offsetOf(engine, &one.x));
    while (parameters.first < all) : (parameters.first += each) {
        parameters.rows = @min(each, all - parameters.first);
        const groups = axes_module.divCeil(parameters.rows * room, layout.sort_tile);
        var steps: layout.SortSteps = .{ .room = room };
        while (steps.next()) |step| {
            parameters.size = step.size;
            parameters.distance = step.distance;
            const status = sortStep(engine, one, step.kind, &parameters, groups);
            if (status != .ok) return status;
        }
    }
    return .ok;
}

fn sortStep(
    engine: *Engine,
    one: *const program.Sort,
    kind: layout.SortSteps.Kind,
    parameters: *const layout.Sort,
    groups: usize,
) Status {
    const lanes = @min(engine.shaping.lanes, layout.sort_tile / 2);
    const text: skeletons.Text = .{ .kind = .sort, .element = one.x.dtype, .step = @backingInt(kind), .lanes = .{ lanes, 1 } };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    for ([_]*const View{ &one.out, &one.x }) |view| arguments.addBuffer(bufferOf(engine, view));
    arguments.addBuffer(engine.scratch.?);
    arguments.set(0, @sizeOf(layout.Sort), parameters);
    return arguments.enqueue(.{ groups, 1, 1 }, text.lanes);
}

fn random(engine: *Engine, one: *const program.Random) Status {
    const wide = engine.shaping.lanes;
    const text: skeletons.Text = .{ .kind = .random, .element = one.out.dtype, .lanes = .{ wide, 1 } };
    const kernel = text.get(&engine.programs) catch |failure| return enqueue.statusOf(engine, failure);
    const per_block: usize = if (one.out.dtype == .float64) 2 else 4;
    const blocks = axes_module.divCeil(one.count, per_block);
    const each: usize = if (wide == 1) 4096 else wide;
    var arguments: Arguments = .{ .engine = engine, .kernel = kernel };
    arguments.addBuffer(bufferOf(engine, &one.out));
    arguments.setParameters(&.{
        @intCast(one.count), one.key[0],
        one.key[1],          @bitCast(one.counter),
        @intCast(each),      offsetOf(engine, &one.out),
    });
    return arguments.enqueue(.{ axes_module.divCeil(blocks, each), 1, 1 }, text.lanes);
}
