//! A group of instructions, tile by tile, with the bits that they have one after another.
//!
//! Consecutive maps and folds that can all be cut along one axis (the elements of flat maps, the
//! rows of a softmax, the columns of a batch norm) become a run: every thread takes some indices of
//! the cut axis and puts all instructions through them while their data is in cache. A storage that
//! only the run uses never reaches main memory: each tile sees its part of the storage in a
//! thread's scratch. An instruction that does not fit ends the run, and is executed by itself.
//!
//! An axis can be cut if, in every storage that the run writes, the elements of one index of the
//! axis overlap those of no other index. A fold of columns over the cut axis itself (the gradient
//! of the weights of a norm of rows) keeps the results of its chunks until all tiles are done. All
//! these decisions look at addresses and strides alone; the order of a fold depends on its declared
//! shape, so tiles and threads do not change it.
//!
//! Napkin: run one by one, a group moves every operand of every instruction; in tiles it moves only
//! what it shares with the rest of the program, and memory is still the bound.
//!
//! The caller must not release a storage into another one's memory before the group has ended.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const builtin = @import("builtin");
const contract = @import("../level/contract.zig");
const epilogue = @import("epilogue.zig");
const facts = @import("../../program/facts.zig");
const fold = @import("../skeletons/fold.zig");
const fold_columns = @import("../skeletons/fold_columns.zig");
const group_access = @import("access.zig");
const group_head = @import("head.zig");
const group_plan = @import("plan.zig");
const group_tiles = @import("tiles.zig");
const map = @import("../skeletons/map.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Workspace = @import("workspace.zig").Workspace;

const Access = group_access.Access;
const Instruction = program.Instruction;
const accesses_max = group_plan.accesses_max;
const redirected_max = group_plan.redirected_max;
const steps_max = group_plan.steps_max;
const Redirected = group_access.Redirected;
const Head = group_head.Head;
const Kind = group_tiles.Kind;
const Step = group_tiles.Step;
const Tiles = group_tiles.Tiles;
const operands_max = axes_module.operands_max;
const scratch_bytes = group_tiles.scratch_bytes;

/// Bytes that all operands of a tile should fit in, and the bytes that a tile may take to have
/// `places_min` indices of the cut axis: each instruction has a fixed cost in each tile, so tiny
/// tiles are slow.
const tile_bytes = 16 << 10;
const tile_bytes_max = 32 << 10;
const places_min = 8;
/// Tiles of columns that do not fit a second-level cache are slower than whole passes: every row of
/// a tile lies on another page.
const columns_bytes_max = 512 << 10;
/// Runs in which no instruction has this many elements, and runs whose storages are smaller than a
/// second-level cache, stay in cache without tiles.
const elements_min = 4096;
const run_bytes_min = 512 << 10;
/// Rows of the cut axis in one chunk of a fold over that axis.
const chunk_places = contract.column_chunk;

/// The most bytes of scratch that aligning one temporary can take.
const around_bytes = 64 + group_access.element_bytes_max;

/// An operand with fewer bytes than this for each index of the cut axis is read as single elements.
/// Prefetching such an operand pays only where none of the run's rows (of `table.json`) is slow:
/// else the processor's own prefetching is early enough.
const row_bytes_min = 256;

const slow = table.mapFlags("slow");

/// The plan of a group, which the workspace holds.
pub const Plan = group_plan.Plan;

/// Executes the instructions in order, as if one by one. `temporaries` are the storages that were
/// allocated and released inside the group; nobody reads their contents afterwards.
pub fn run(
    workspace: *Workspace,
    instructions: []const Instruction,
    temporaries: []const u32,
) program.Status {
    var parts: Parts = .{ .workspace = workspace, .instructions = instructions, .temporaries = temporaries };
    while (parts.next()) |next| {
        var part = next;
        const status = part.run(workspace, instructions);
        if (status != .ok) return status;
    }
    return .ok;
}

/// Copies the parts into which a group is cut, so that `runParts` can run the group again.
pub fn saveParts(
    workspace: *Workspace,
    instructions: []const Instruction,
    temporaries: []const u32,
    allocator: std.mem.Allocator,
) error{OutOfMemory}![]Part {
    var list: std.ArrayList(Part) = .empty;
    var parts: Parts = .{ .workspace = workspace, .instructions = instructions, .temporaries = temporaries };
    while (parts.next()) |part| {
        var saved = part;
        if (part.tiles) |*tiles| saved.tiles = try tiles.save(allocator);
        try list.append(allocator, saved);
    }
    return list.items;
}

/// Runs a group again by its saved parts: its instructions may have other addresses and numbers,
/// and are the same in all else.
pub fn runParts(workspace: *Workspace, instructions: []const Instruction, parts: []Part) program.Status {
    for (parts) |*part| {
        if (part.tiles) |*tiles| {
            const begin = @intFromBool(part.head != null);
            tiles.rebind(instructions[part.first..][begin..part.count]);
        }
        const status = part.run(workspace, instructions);
        if (status != .ok) return status;
    }
    return .ok;
}

/// Consecutive instructions of a group, executed tile by tile or one after another.
pub const Part = struct {
    first: usize,
    count: usize,
    tiles: ?Tiles,
    /// The first instruction is a product that runs together with the tiles of the others.
    head: ?Head = null,

    fn run(part: *Part, workspace: *Workspace, instructions: []const Instruction) program.Status {
        if (part.tiles) |*tiles| {
            if (!builtin.cpu.arch.isWasm()) if (part.head) |*head| {
                epilogue.run(workspace, &instructions[part.first].matmul, head, tiles);
                return .ok;
            };
            tiles.run(&workspace.pool);
            return .ok;
        }
        for (instructions[part.first..][0..part.count]) |*instruction| {
            const status = workspace.execute(instruction);
            if (status != .ok) return status;
        }
        return .ok;
    }
};

/// The parts of a group, in order. The tiles of a part are valid until the next part is asked for.
const Parts = struct {
    workspace: *Workspace,
    instructions: []const Instruction,
    temporaries: []const u32,
    first: usize = 0,
    noted: bool = false,

    fn next(parts: *Parts) ?Part {
        const first = parts.first;
        const rest = parts.instructions[first..];
        if (rest.len == 0) return null;
        const plan = parts.workspace.plan;
        var part: Part = .{ .first = first, .count = 1, .tiles = null };
        if (rest.len > 1 and large(&rest[0]) and elementwise(&rest[1])) {
            parts.begin(parts.workspace.scratch);
            part.count = @max(1, longest(plan, parts.workspace.level.table, rest));
            if (part.count > 1 and arrange(plan, first)) part.tiles = plan.tiles();
        }
        if (!builtin.cpu.arch.isWasm() and rest.len > 1 and rest[0] == .matmul and elementwise(&rest[1])) {
            parts.addHead(&part);
        }
        parts.first += part.count;
        return part;
    }

    fn begin(parts: *Parts, scratch: []align(64) u8) void {
        const plan = parts.workspace.plan;
        plan.scratch = scratch;
        plan.threads = parts.workspace.pool.threads;
        plan.head = null;
        if (!parts.noted) plan.noteTemporaries(parts.instructions, parts.temporaries);
        parts.noted = true;
    }

    /// Runs a product together with the tiles that follow it, where the product and the tiles allow
    /// that.
    fn addHead(parts: *Parts, part: *Part) void {
        const workspace = parts.workspace;
        const plan = workspace.plan;
        const first = part.first;
        const rest = parts.instructions[first..];
        const head = group_head.headOf(&rest[0].matmul) orelse return;
        const memory = workspace.epilogueMemory() orelse return;
        parts.begin(group_head.partials(memory));
        plan.head = head;
        const count = build(plan, workspace.level.table, rest[1..], head.places, .leading);
        var reads = false;
        var within = true;
        for (plan.accesses[0..plan.accesses_count]) |*access| {
            if (access.handle != head.handle) continue;
            reads = true;
            within = within and head.holds(access);
        }
        if (count == 0 or !reads) return;
        if (plan.find(head.handle)) |place| {
            const temporary = &plan.temporaries[place];
            const own = temporary.first == first and temporary.last <= first + count;
            plan.head.?.buffered = own and within;
        }
        if (!arrange(plan, first + 1)) return;
        const unit = if (plan.partials_bytes != 0) chunk_places else plan.places_each;
        if (!plan.head.?.setRows(unit, plan.threads)) return;
        part.count = count + 1;
        part.tiles = plan.tiles();
        part.head = plan.head;
    }
};

fn elementwise(instruction: *const Instruction) bool {
    return switch (instruction.*) {
        inline else => |_, tag| comptime program.rowOf(tag).tiled,
    };
}

fn elementsOf(instruction: *const Instruction) usize {
    return switch (instruction.*) {
        .map => |*one| axes_module.product(one.shape[0..one.rank]),
        .fold, .arg => |*one| axes_module.product(one.shape[0..one.rank]),
        else => 0,
    };
}

fn large(instruction: *const Instruction) bool {
    return elementwise(instruction) and elementsOf(instruction) >= elements_min;
}

/// Fills the plan with the longest run that starts at the first instruction and that one of the
/// possible cuts allows; returns the run's length.
fn longest(plan: *Plan, tables: *const contract.Table, rest: []const Instruction) usize {
    // The first fold decides the cut: its kept axes are the best ones to cut along.
    for (rest[0..@min(rest.len, steps_max)]) |*instruction| {
        switch (instruction.*) {
            .map => continue,
            .fold, .arg => |*one| {
                const kept = axes_module.product(one.shape[0..one.kept]);
                const joined = axes_module.product(one.shape[one.kept..one.rank]);
                const column = facts.isColumn(one);
                if (column and joined *| 2 * 32 * one.inputs[0].dtype.bytes() > columns_bytes_max) {
                    // Several folds over the same rows then read those rows once.
                    return build(plan, tables, rest, joined, .leading);
                }
                const side: map.Side = if (column) .trailing else .leading;
                const length = build(plan, tables, rest, kept, side);
                if (length > 1 and plan.has_fold) return length;
            },
            else => {},
        }
        break;
    }
    if (rest[0] != .map) return 0;
    const one = &rest[0].map;
    const length = build(plan, tables, rest, elementsOf(&rest[0]), .leading);
    if (length > 1) return length;
    for (one.shape[0..one.rank]) |size| {
        if (size != 1) return build(plan, tables, rest, size, .leading);
    }
    return 0;
}

/// Adds instructions to an empty plan until one does not fit.
fn build(
    plan: *Plan,
    tables: *const contract.Table,
    rest: []const Instruction,
    places: usize,
    side: map.Side,
) usize {
    plan.steps_count = 0;
    plan.accesses_count = 0;
    plan.elements = 0;
    plan.places = places;
    plan.side = side;
    plan.has_fold = false;
    plan.has_slow = false;
    plan.partials_bytes = 0;
    if (places < 2) return 0;
    for (rest[0..@min(rest.len, steps_max)]) |*instruction| {
        const step = &plan.steps[plan.steps_count];
        const fits = switch (instruction.*) {
            .map => |*one| addMap(step, tables, one, places, side),
            .fold => |*one| addFold(step, tables, one, places, .fold) or
                addColumns(plan, step, tables, one),
            .arg => |*one| addFold(step, tables, one, places, .arg),
            else => false,
        };
        if (!fits or !addAccesses(plan, instruction)) break;
        if (step.kind == .columns) {
            const chunks = axes_module.divCeil(places, chunk_places);
            const bytes = fold_columns.partialBytes(&step.layout.fold) * chunks;
            plan.partials_bytes += std.mem.alignForward(usize, bytes, 64);
        } else if (step.kind != .map) plan.has_fold = true;
        plan.has_slow = plan.has_slow or (step.kind == .map and slow[instruction.map.row]);
        plan.steps_count += 1;
        plan.elements += elementsOf(instruction);
    }
    return plan.steps_count;
}

fn addMap(
    step: *Step,
    tables: *const contract.Table,
    one: *const program.Map,
    places: usize,
    side: map.Side,
) bool {
    step.kind = .map;
    step.operands = one.inputs_count + 1;
    step.layout = .{ .map = undefined };
    const layout = &step.layout.map;
    const shape = one.shape[0..one.rank];
    var count: usize = 1;
    if (side == .leading) {
        for (shape, 1..) |size, end| {
            count *= size;
            if (count > places) break;
            if (count == places) {
                if (map.prepareCut(layout, tables, one, end, side)) return true;
                break;
            }
        }
    } else {
        var begin = shape.len;
        while (begin > 0) {
            begin -= 1;
            count *= shape[begin];
            if (count > places) break;
            if (count == places) {
                if (map.prepareCut(layout, tables, one, begin, side)) return true;
                break;
            }
        }
    }
    return map.prepareFlat(layout, tables, one, places, side);
}

fn addFold(
    step: *Step,
    tables: *const contract.Table,
    one: *const program.Fold,
    places: usize,
    kind: Kind,
) bool {
    step.kind = kind;
    step.operands = one.inputs_count + 1;
    step.layout = .{ .fold = undefined };
    const layout = &step.layout.fold;
    if (axes_module.product(one.shape[0..one.kept]) != places) return false;
    return fold.prepare(layout, tables, one, .all) and layout.kept == 1;
}

/// Adds a fold over the cut axis, if the scratch has room for the results of all chunks and every
/// thread can get a chunk.
fn addColumns(
    plan: *const Plan,
    step: *Step,
    tables: *const contract.Table,
    one: *const program.Fold,
) bool {
    if (plan.side != .leading or !facts.isColumn(one)) return false;
    if (axes_module.product(one.shape[one.kept..one.rank]) != plan.places) return false;
    step.kind = .columns;
    const layout = &step.layout.fold;
    if (!fold.prepare(layout, tables, one, .all)) return false;
    if (layout.kept != 1 or layout.axes.rank != 2 or !fold_columns.passes(layout)) return false;
    layout.cut = 1;
    const chunks = axes_module.divCeil(plan.places, chunk_places);
    if (chunks < plan.threads) return false;
    step.partials = plan.partials_bytes;
    const room = plan.scratch.len -| plan.partials_bytes;
    return chunks <= room / fold_columns.partialBytes(layout);
}

fn viewsOf(instruction: *const Instruction, views: *[operands_max]*const program.View) usize {
    switch (instruction.*) {
        inline .map, .fold, .arg => |*one| {
            views[0] = &one.out;
            for (one.inputs[0..one.inputs_count], 1..) |*input, k| views[k] = input;
            return one.inputs_count + 1;
        },
        else => return 0,
    }
}

/// Adds the accesses of the newest step; false if two indices of the cut axis would touch the same
/// bytes.
fn addAccesses(plan: *Plan, instruction: *const Instruction) bool {
    var views: [operands_max]*const program.View = undefined;
    const n = viewsOf(instruction, &views);
    const before = plan.accesses_count;
    if (before + n > accesses_max) return false;
    const step = &plan.steps[plan.steps_count];
    for (views[0..n], 0..) |view, k| {
        const base = step.bases()[k];
        const access: Access = .of(step.axes(), step.cut(), k, base, view, plan.steps_count);
        // The results of chunks are joined after the last tile: only then is the fold's output
        // touched.
        const late = k == 0 and step.kind == .columns;
        if (access.written and !late and !access.apart(&access, plan.places)) break;
        if (!apartFrom(plan.accesses[0..plan.accesses_count], &access, plan.places)) break;
        // An index may touch only its own row of the product, and must not write the product's
        // operands.
        if (plan.head) |*head| if (!apartFrom(&head.accesses, &access, plan.places)) break;
        plan.accesses[plan.accesses_count] = access;
        plan.accesses_count += 1;
    } else return true;
    plan.accesses_count = before;
    return false;
}

/// Whether no index of the cut axis touches what another index writes, in this access or in the
/// others.
fn apartFrom(others: []const Access, access: *const Access, places: usize) bool {
    return for (others) |*other| {
        if (other.handle != access.handle) continue;
        if (!other.written and !access.written) continue;
        if (!access.apart(other, places)) break false;
    } else true;
}

/// Chooses the tile's size and moves temporaries into scratch; false if running in tiles gains
/// nothing.
fn arrange(plan: *Plan, first: usize) bool {
    const threads = plan.threads;
    const last = first + plan.steps_count - 1;
    plan.redirected_count = 0;
    plan.streams_count = 0;
    for (plan.steps[0..plan.steps_count]) |*step| step.redirected = @splat(Step.none);
    // Bytes for one index of the cut axis: of all storages, and of the temporaries in scratch.
    var bytes_all: usize = 0;
    for (plan.accesses[0..plan.accesses_count], 0..) |*access, i| {
        const number = redirect(plan, access, first, last);
        plan.steps[access.step].redirected[access.operand] = number;
        const seen = for (plan.accesses[0..i]) |*other| {
            if (other.handle == access.handle) break true;
        } else false;
        if (!seen and access.stride != 0) bytes_all += access.placeBytes();
        if (!seen and number == Step.none) noteStream(plan, access);
    }
    var bytes_scratch: usize = 0;
    for (plan.redirected[0..plan.redirected_count]) |*one| bytes_scratch += one.bytes();
    const shared = threads > 1 and plan.side == .leading and plan.elements >= map.parallel_elements;
    if (bytes_all *| plan.places < run_bytes_min and !shared) return false;
    const unit: usize = if (plan.side == .trailing) 16 else 1;
    const some = @min(tile_bytes_max / @max(bytes_all, 1), places_min);
    var each = @max(tile_bytes / @max(bytes_all, 1), some, 1);
    if (plan.side == .trailing) each = @max(each / unit * unit, 2 * unit);
    if (plan.side == .trailing and bytes_all *| each > columns_bytes_max) return false;
    const room = (scratch_bytes - redirected_max * around_bytes) / @max(bytes_scratch, 1);
    each = @min(each, plan.places, room / unit * unit);
    if (each == 0) return false;
    var unit_tiles: usize = 1;
    if (plan.partials_bytes != 0) {
        // One thread computes a chunk, in order: so tiles divide a chunk, and a thread's part is
        // whole chunks.
        each = @min(std.math.floorPowerOfTwo(usize, each), chunk_places);
        unit_tiles = chunk_places / each;
    }
    plan.places_each = each;
    layOut(plan);
    const count = (plan.places + each - 1) / each;
    var parts: usize = 1;
    if (threads > 1 and plan.elements >= map.parallel_elements) {
        parts = @min(threads * 4, plan.elements / map.part_elements, count);
    }
    plan.tiles_each = std.mem.alignForward(usize, (count + parts - 1) / parts, unit_tiles);
    return true;
}

fn noteStream(plan: *Plan, access: *const Access) void {
    if (access.stride <= 0 or access.high - access.low > access.stride) return;
    const is_row = access.stride >= row_bytes_min;
    if (!is_row and plan.has_slow) return;
    if (plan.streams_count == plan.streams.len) return;
    plan.streams[plan.streams_count] = .{
        .step = access.step,
        .operand = access.operand,
        .low = access.low,
        .bytes = @intCast(access.stride),
        .written = access.written,
        .ahead = if (is_row) 1 else 2,
    };
    plan.streams_count += 1;
}

/// The number, new or known, of the temporary that the access belongs to; `none` if the temporary
/// must stay in main memory.
fn redirect(plan: *Plan, access: *const Access, first: usize, last: usize) u8 {
    if (plan.head) |*head| {
        if (access.handle == head.handle) return Step.head;
    }
    for (plan.redirected[0..plan.redirected_count], 0..) |*one, number| {
        if (one.handle == access.handle) return @intCast(number);
    }
    const temporary = plan.temporaries[plan.find(access.handle) orelse return Step.none];
    if (temporary.first < first or temporary.last > last) return Step.none;
    if (!access.written or plan.redirected_count == redirected_max) return Step.none;
    if (plan.steps[access.step].kind == .columns) return Step.none;
    const accesses = plan.accesses[0..plan.accesses_count];
    const one = Redirected.of(accesses, access, plan.places) orelse return Step.none;
    plan.redirected[plan.redirected_count] = one;
    plan.redirected_count += 1;
    return @intCast(plan.redirected_count - 1);
}

/// Gives each temporary its offset in scratch for the tile's size; rows that spanned the whole cut
/// axis shrink to the length of a tile.
fn layOut(plan: *Plan) void {
    var offset: usize = 0;
    for (plan.redirected[0..plan.redirected_count]) |*one| {
        one.offset = offset + one.misalignment();
        offset = one.offset + one.bytes() * plan.places_each;
        offset = std.mem.alignForward(usize, offset, 64);
    }
    std.debug.assert(offset <= scratch_bytes);
    for (plan.steps[0..plan.steps_count]) |*step| {
        const axes = step.axes();
        const cut = step.cut();
        for (step.redirected[0..step.operands], 0..) |number, k| {
            if (number == Step.none or number == Step.head) continue;
            const one = &plan.redirected[number];
            if (one.interval == 0) continue;
            const row = one.stride * @as(isize, @intCast(plan.places_each));
            for (axes.strides[k][0..axes.rank], 0..) |*stride, axis| {
                if (axis != cut) stride.* = @divExact(stride.*, one.interval) * row;
            }
        }
        if (step.kind == .map) map.setMode(&step.layout.map, plan.places_each);
    }
}
