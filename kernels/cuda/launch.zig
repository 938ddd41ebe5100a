//! From a checked instruction to launches: merges and orders the axes, chooses the kernel, fills
//! its arguments. Products are in `product.zig`.

const std = @import("std");
const axes_module = @import("../program/axes.zig");
const convert = @import("../program/convert.zig");
const cuda = @import("engine.zig");
const driver = @import("driver.zig");
const facts = @import("../program/facts.zig");
const layout = @import("../gpu/arguments.zig");
const map_kernels = @import("kernels/map.zig");
const places_kernels = @import("kernels/places.zig");
const program = @import("../program/program.zig");
const split = @import("split.zig");
const table = @import("../rows/table.zig");

const Engine = cuda.Engine;
const Geometry = @import("../gpu/row_plan.zig").Geometry;
const Failed = cuda.Failed;
const View = program.View;
const product = axes_module.product;
const operands_max = layout.operands_max;
const rank_max = layout.rank_max;
const threads = layout.threads;

/// Bytes that a thread reads at once.
const vector_bytes = 16;
/// The most axes of the vector kernel; see `cuda/kernels/map.zig`.
const vector_rank_max = 3;
/// Fewer blocks than `blocks_least` leave some device idle: such a reduction is split, into about
/// `blocks_wanted` blocks. The numbers are the same for all devices, so that all join in one order.
const blocks_least = 256;
const blocks_wanted = 1024;
/// The most elements of all rows that a block works on at once.
const row_elements = 8192;
/// The least number of elements that a thread of a split reduction joins.
const elements_least = 32;
const splits_max = 1024;
/// The most indices, and the most elements for all of them, for which a scatter takes a block for
/// each index.
const scatter_first_count = 8192;
const scatter_first_elements = 1 << 18;

const rows_max = @max(table.map_rows.len, table.fold_rows.len, table.arg_rows.len, table.scan_rows.len);

pub const Skeleton = enum {
    vector,
    strided,
    fold,
    join,
    arg,
    scan,
    scan_block,
    matmul,
    gather,
    scatter,
    scatter_first,
    sort_tile,
    sort_exchange,
    sort_merge,
    random,
    check,
};

/// Loaded kernels, by skeleton, type and row.
pub const Functions = struct {
    list: [@typeInfo(Skeleton).@"enum".field_names.len][types][rows_max]?*driver.Function = @splat(@splat(@splat(null))),

    const types = @typeInfo(program.DType).@"enum".field_names.len;
};

/// `type_code` is a compute type, a dtype, or for gather and for the merges of sorts the base-2
/// logarithm of the bytes of an element or a key.
fn nameOf(buffer: []u8, skeleton: Skeleton, type_code: usize, row: usize) [:0]const u8 {
    const dtype: program.DType = @fromBackingInt(@as(u8, @intCast(type_code)));
    const print = std.fmt.bufPrintSentinel;
    return switch (skeleton) {
        .vector, .strided => print(buffer, "{t}_{s}_{t}", .{ skeleton, map_names[row], dtype }, 0),
        .fold, .join => print(buffer, "{t}_{s}_{t}", .{ skeleton, fold_names[row], dtype }, 0),
        .arg => print(buffer, "arg_{s}_{t}", .{ arg_names[row], dtype }, 0),
        .scatter, .scatter_first => print(buffer, "{t}_{s}_{t}", .{ skeleton, scatter_names[row], dtype }, 0),
        .scan, .scan_block => print(buffer, "{t}_{s}_{t}", .{ skeleton, scan_names[row], dtype }, 0),
        .matmul, .sort_tile, .random => print(buffer, "{t}_{t}", .{ skeleton, dtype }, 0),
        .gather => print(buffer, "gather_{d}", .{@as(u8, 1) << @intCast(type_code)}, 0),
        .sort_exchange, .sort_merge => print(buffer, "{t}_{d}", .{ skeleton, @as(u8, 8) << @intCast(type_code) }, 0),
        .check => print(buffer, "check", .{}, 0),
    } catch unreachable;
}

fn namesOf(comptime rows: anytype) [rows.len][]const u8 {
    var names: [rows.len][]const u8 = undefined;
    for (rows, &names) |row, *name| name.* = row.name;
    return names;
}

const map_names = namesOf(table.map_rows);
const fold_names = namesOf(table.fold_rows);
const arg_names = namesOf(table.arg_rows);
const scan_names = namesOf(table.scan_rows);
const scatter_names = namesOf(table.scatter_rows);

fn kernelOf(engine: *Engine, skeleton: Skeleton, type_code: usize, row: usize) Failed!*driver.Function {
    const place = &engine.functions.list[@backingInt(skeleton)][type_code][row];
    if (place.*) |known| return known;
    var buffer: [96]u8 = undefined;
    const name = nameOf(&buffer, skeleton, type_code, row);
    const text = try engine.modules.moduleOf(engine.allocator, name) orelse {
        engine.message.set("the library has no kernel {s}", .{name});
        return error.Failed;
    };
    defer engine.allocator.free(text);
    try engine.loaded.ensureUnusedCapacity(engine.allocator, 1);
    var module: ?*driver.Module = null;
    try engine.try_("cuModuleLoadData", engine.cuda.cuModuleLoadData(&module, text.ptr));
    engine.loaded.appendAssumeCapacity(module);
    var function: ?*driver.Function = null;
    try engine.try_("cuModuleGetFunction", engine.cuda.cuModuleGetFunction(&function, module, name));
    place.* = function;
    return function.?;
}

/// Launches a grid of blocks in x and y with `arguments`, the bytes of a struct of
/// `gpu/arguments.zig`.
pub fn start(
    engine: *Engine,
    skeleton: Skeleton,
    type_code: usize,
    row: usize,
    blocks: [2]usize,
    arguments: []align(8) const u8,
) Failed!void {
    const function = try kernelOf(engine, skeleton, type_code, row);
    if (try engine.graphs.note(engine, function, blocks, arguments)) return;
    const list = [1]?*const anyopaque{arguments.ptr};
    const x: c_uint = @intCast(blocks[0]);
    const y: c_uint = @intCast(blocks[1]);
    const result = engine.cuda.cuLaunchKernel(function, x, y, 1, threads, 1, 1, 0, engine.stream, &list, null);
    if (result == .success) return;
    var buffer: [96]u8 = undefined;
    var call: [128]u8 = undefined;
    const name = nameOf(&buffer, skeleton, type_code, row);
    return engine.try_(std.fmt.bufPrint(&call, "the launch of {s}", .{name}) catch name, result);
}

/// The bytes of the arguments that a kernel of that many operands declares, from a struct with the
/// most operands.
fn bytesOf(arguments: anytype, operands: usize) []align(8) const u8 {
    const Struct = @typeInfo(@TypeOf(arguments)).pointer.child;
    const each = @sizeOf(@typeInfo(@FieldType(Struct, "strides")).array.child);
    return std.mem.asBytes(arguments)[0 .. @offsetOf(Struct, "strides") + operands * each];
}

fn blocksOf(count: usize) usize {
    return (count + threads - 1) / threads;
}

const Axes = axes_module.AxesOf(operands_max, rank_max);

/// The output's view and the inputs'.
fn viewsOf(buffer: *[operands_max]*const View, one: anytype) []*const View {
    buffer[0] = &one.out;
    for (one.inputs[0..one.inputs_count], buffer[1..][0..one.inputs_count]) |*input, *view| view.* = input;
    return buffer[0 .. one.inputs_count + 1];
}

const Arguments = layout.Map(operands_max);

/// The scalars in the compute type, in the low bytes of words.
fn scalarsOf(one: anytype) [3]u64 {
    var bits: [3]u64 = undefined;
    for (&bits, one.scalars) |*word, scalar| word.* = convert.bitsOf(one.compute, scalar);
    return bits;
}

pub fn map(engine: *Engine, one: *const program.Map) Failed!void {
    var buffer: [operands_max]*const View = undefined;
    const views = viewsOf(&buffer, one);
    const begin: [operands_max]?usize = @splat(0);
    const indexed = uses_index[one.row];
    var axes: Axes = .of(views, one.shape[0..one.rank], begin[0..views.len], if (indexed) .apart else .{ .sorted = 0 });
    var arguments: Arguments = .{ .scalars = scalarsOf(one) };
    for (views, 0..) |view, k| {
        arguments.addresses[k] = @intFromPtr(view.data);
        arguments.dtypes[k] = @backingInt(view.dtype);
    }
    axes.atLeast(1);
    const width = vector_bytes / one.compute.bytes();
    return mapAxes(engine, one, &axes, &arguments, repeatedIn(one, views, &axes, width), width);
}

const uses_index = table.mapFlags("uses_index");
const to_bool = table.mapFlags("to_bool");

/// A bit for each operand that is repeated along the last axis, where all others allow vector loads
/// and stores; null where one does not.
fn repeatedIn(one: *const program.Map, views: []const *const View, axes: *const Axes, width: usize) ?u8 {
    if (axes.rank > vector_rank_max) return null;
    const last = axes.rank - 1;
    if (axes.rank > 1 and axes.shape[last] % width != 0) return null;
    var repeated: u8 = 0;
    for (views, 0..) |view, k| {
        const is_bool = k == 0 and to_bool[one.row] and view.dtype == .bool;
        if (view.dtype != one.compute and !is_bool) return null;
        const size = view.dtype.bytes();
        const stride = axes.strides[k][last];
        if (k > 0 and stride == 0) {
            repeated |= @as(u8, 1) << @intCast(k);
            continue;
        }
        if (stride != size and axes.shape[last] != 1) return null;
        if (@intFromPtr(view.data) % (width * size) != 0) return null;
        for (axes.strides[k][0..last]) |outer| if (@mod(outer, @as(isize, @intCast(width * size))) != 0) return null;
    }
    return repeated;
}

fn mapAxes(
    engine: *Engine,
    one: *const program.Map,
    axes: *Axes,
    arguments: *Arguments,
    repeated: ?u8,
    width: usize,
) Failed!void {
    const count = axes.elements();
    if (count > engine.places_most) return mapHalves(engine, one, axes, arguments, repeated, width);
    const operands = one.inputs_count + 1;
    var cut: Axes = axes.*;
    const last = axes.rank - 1;
    if (repeated) |bits| {
        arguments.repeated = bits;
        cut.shape[last] = (axes.shape[last] + width - 1) / width;
        for (cut.strides[0..operands]) |*strides| strides[last] *= @intCast(width);
    }
    arguments.rank = @intCast(cut.rank);
    arguments.elements = count;
    arguments.count = @intCast(cut.elements());
    cut.write(operands, 0, &arguments.divisors, &arguments.strides);
    const skeleton: Skeleton = if (repeated != null) .vector else .strided;
    const blocks = blocksOf(arguments.count);
    return start(engine, skeleton, @backingInt(one.compute), one.row, .{ blocks, 1 }, bytesOf(arguments, operands));
}

/// Launches the first half of the longest axis, then the rest.
fn mapHalves(
    engine: *Engine,
    one: *const program.Map,
    axes: *const Axes,
    arguments: *const Arguments,
    repeated: ?u8,
    width: usize,
) Failed!void {
    const axis = std.mem.indexOfMax(usize, axes.shape[0..axes.rank]);
    const size = axes.shape[axis];
    const is_last = axis == axes.rank - 1;
    // The last axis is cut at a multiple of a vector.
    const half = if (is_last and repeated != null) std.mem.alignBackward(usize, size / 2, width) else size / 2;
    var first = axes.*;
    first.shape[axis] = half;
    var of_first = arguments.*;
    try mapAxes(engine, one, &first, &of_first, repeated, width);
    var second = axes.*;
    second.shape[axis] = size - half;
    var of_second = arguments.*;
    for (0..one.inputs_count + 1) |k| {
        of_second.addresses[k] +%= @as(u64, @bitCast(@as(i64, axes.strides[k][axis]))) *% half;
    }
    if (is_last) of_second.first += half;
    return mapAxes(engine, one, &second, &of_second, repeated, width);
}

const FoldArguments = layout.Fold(operands_max);

/// What all launches of one reduction share.
const Reduction = struct {
    kept: Axes,
    reduced: Axes,
    kept_count: usize,
    reduced_count: usize,
    operands: usize,
    column: bool,
    arguments: FoldArguments,

    pub fn init(one: *const program.Fold) Reduction {
        var buffer: [operands_max]*const View = undefined;
        const views = viewsOf(&buffer, one);
        var begin: [operands_max]?usize = @splat(0);
        const kept_shape = one.shape[0..one.kept];
        const reduced_shape = one.shape[one.kept..one.rank];
        var reduction: Reduction = .{
            .kept = .of(views, kept_shape, begin[0..views.len], .given),
            .reduced = .{},
            .kept_count = 0,
            .reduced_count = 0,
            .operands = views.len,
            .column = facts.isColumn(one),
            .arguments = .{ .scalars = scalarsOf(one) },
        };
        reduction.kept_count = reduction.kept.elements();
        if (std.mem.indexOfScalar(usize, reduced_shape, 0) == null) {
            begin = @splat(one.kept);
            begin[0] = null;
            reduction.reduced = .of(views, reduced_shape, begin[0..views.len], .given);
            reduction.reduced_count = reduction.reduced.elements();
        }
        const arguments = &reduction.arguments;
        for (views, 0..) |view, k| {
            arguments.addresses[k] = @intFromPtr(view.data);
            arguments.dtypes[k] = @backingInt(view.dtype);
        }
        arguments.column = @intFromBool(reduction.column);
        arguments.kept_rank = @intCast(reduction.kept.rank);
        arguments.reduced_rank = @intCast(reduction.reduced.rank);
        arguments.kept = @intCast(reduction.kept_count);
        arguments.reduced = @intCast(reduction.reduced_count);
        arguments.each = arguments.reduced;
        arguments.places_bits = placesBits(reduction.column, reduction.kept_count, reduction.reduced_count);
        reduction.kept.write(reduction.operands, 0, &arguments.divisors, &arguments.strides);
        reduction.reduced.write(reduction.operands, rank_max, &arguments.divisors, &arguments.strides);
        return reduction;
    }

    fn blocks(reduction: *const Reduction) usize {
        const each = @as(usize, 1) << @intCast(reduction.arguments.places_bits);
        return (reduction.kept_count + each - 1) / each;
    }
};

/// The binary logarithm of the kept indices of a block: 5 (a warp) where kept elements are
/// contiguous, down to 3 (one sector of memory) where there would be too few blocks; else 3 (one
/// for each warp), less where there are few kept indices or long rows, and more where each thread
/// still gets an element.
fn placesBits(column: bool, kept: usize, reduced: usize) u32 {
    const threads_bits = std.math.log2_int(usize, threads);
    const kept_bits = std.math.log2_int_ceil(usize, @max(kept, 1));
    const reduced_bits = std.math.log2_int_ceil(usize, @max(reduced, 1));
    var wanted: u5 = if (column) 5 else 3;
    if (column) {
        while (wanted > 3 and kept >> wanted < blocks_least) wanted -= 1;
    } else {
        while (wanted > 0 and (kept >> wanted < 4 * blocks_least or reduced << wanted > row_elements)) wanted -= 1;
    }
    const spare = @max(threads_bits -| reduced_bits, wanted);
    return @min(spare, kept_bits, threads_bits);
}

/// How many parts the elements of each kept index are split into, for blocks of that many kept
/// indices.
fn splitsOf(places_bits: u32, blocks: usize, reduced: usize) usize {
    if (blocks >= blocks_least) return 1;
    const each_block = (@as(usize, threads) >> @intCast(places_bits)) * elements_least;
    return @max(@min(blocks_wanted / blocks, reduced / each_block, splits_max), 1);
}

/// How `fold` joins the rows of a matrix; null where it takes more than one launch.
pub fn rowGeometry(one: *const program.Fold) ?Geometry {
    const column = facts.isColumn(one);
    const kept = product(one.shape[0..one.kept]);
    const reduced = product(one.shape[one.kept..one.rank]);
    const bits = placesBits(column, kept, reduced);
    const places = @as(u32, 1) << @intCast(bits);
    const blocks = (kept + places - 1) / places;
    if (splitsOf(bits, blocks, reduced) > 1) return null;
    return .{ .threads = threads / places, .places = places, .column = column };
}

pub fn fold(engine: *Engine, one: *const program.Fold) Failed!void {
    if (product(one.shape[0..one.kept]) > engine.places_most) {
        for (split.kept(one)) |part| try fold(engine, &part);
        return;
    }
    if (product(one.shape[one.kept..one.rank]) > engine.places_most) return foldSlices(engine, one);
    return foldFrom(engine, one, 0);
}

fn foldSlices(engine: *Engine, one: *const program.Fold) Failed!void {
    var slices: split.Slices = .init(one, engine.places_most);
    const partials = try engine.scratchOf(.slices, slices.count * slices.rowBytes());
    const reduction: Reduction = .init(&slices.whole);
    while (slices.next(partials)) |slice| try foldFrom(engine, &slice.part, slice.first);
    return join(engine, one, &reduction.arguments, partials, slices.count);
}

/// Launches a fold that needs no split; its first reduced element has the index `first`.
fn foldFrom(engine: *Engine, one: *const program.Fold, first: usize) Failed!void {
    var reduction: Reduction = .init(one);
    const arguments = &reduction.arguments;
    arguments.first = first;
    const code = @backingInt(one.compute);
    const blocks = reduction.blocks();
    const splits = splitsOf(arguments.places_bits, blocks, reduction.reduced_count);
    if (splits <= 1) return start(engine, .fold, code, one.row, .{ blocks, 1 }, bytesOf(arguments, reduction.operands));
    const whole = arguments.*;
    const line = reduction.kept_count * one.compute.bytes();
    arguments.each = @intCast((reduction.reduced_count + splits - 1) / splits);
    const parts = (reduction.reduced_count + arguments.each - 1) / arguments.each;
    const partials = try engine.scratchOf(.partials, parts * line);
    arguments.addresses[0] = partials;
    arguments.dtypes[0] = @backingInt(one.compute);
    arguments.strides[0] = partialStrides(one, &whole);
    arguments.split_stride = line;
    try start(engine, .fold, code, one.row, .{ blocks, parts }, bytesOf(arguments, reduction.operands));
    return join(engine, one, &whole, partials, parts);
}

/// Joins `count` partial results for each kept index, which lie row after row in `partials`, into
/// the output of the fold with these arguments.
fn join(
    engine: *Engine,
    one: *const program.Fold,
    whole: *const FoldArguments,
    partials: driver.Address,
    parts: usize,
) Failed!void {
    var joins: FoldArguments = .{
        .addresses = whole.addresses,
        .dtypes = whole.dtypes,
        .column = 1,
        .kept_rank = whole.kept_rank,
        .reduced_rank = 1,
        .kept = whole.kept,
        .reduced = @intCast(parts),
        .each = @intCast(parts),
        .places_bits = placesBits(true, whole.kept, parts),
        .divisors = whole.divisors,
    };
    joins.strides[0] = whole.strides[0];
    joins.addresses[1] = partials;
    joins.dtypes[1] = @backingInt(one.compute);
    joins.strides[1] = partialStrides(one, whole);
    joins.strides[1][rank_max] = @intCast(whole.kept * one.compute.bytes());
    const places = @as(usize, 1) << @intCast(joins.places_bits);
    return start(engine, .join, @backingInt(one.compute), one.row, .{ (whole.kept + places - 1) / places, 1 }, bytesOf(&joins, 2));
}

/// A view of contiguous results in the compute type, one for each kept index.
fn partialStrides(one: *const program.Fold, whole: *const FoldArguments) [2 * rank_max]i64 {
    var strides: [2 * rank_max]i64 = @splat(0);
    var stride: i64 = @intCast(one.compute.bytes());
    for (0..whole.kept_rank) |axis| {
        strides[axis] = stride;
        stride *= whole.divisors[axis].size;
    }
    return strides;
}

pub fn arg(engine: *Engine, one: *const program.Fold) Failed!void {
    if (product(one.shape[0..one.kept]) > engine.places_most) {
        for (split.kept(one)) |part| try arg(engine, &part);
        return;
    }
    const reduction: Reduction = .init(one);
    return start(engine, .arg, @backingInt(one.compute), one.row, .{ reduction.blocks(), 1 }, bytesOf(&reduction.arguments, 2));
}

/// Products of matrices do the work of convolutions on this device: see `core/array`.
pub fn convolve(engine: *Engine, _: *const program.Convolve) Failed!void {
    return engine.unsupported("Cannot convolve on cuda: only the CPU's devices have the instruction", .{});
}

/// Launches the check of indices; the next read reports one out of range.
pub fn check(engine: *Engine, one: *const program.Gather, kind: layout.FaultKind) Failed!void {
    const sizes = one.indices();
    const total = product(&sizes);
    if (total == 0) return;
    // Every launch has a serial of its own, so that a fault names the first launch that met an
    // index out of range.
    if (total > engine.places_most) {
        var whole = one.*;
        whole.outer, whole.count, whole.inner = sizes;
        for (split.checked(&whole)) |part| try check(engine, &part, kind);
        return;
    }
    const arguments: places_kernels.CheckArguments = .{
        .index = @intFromPtr(one.index.data),
        .fault = engine.fault,
        .strides = stridesOf(&one.index),
        .length = one.length,
        .count = .init(sizes[1]),
        .inner = .init(sizes[2]),
        .total = @intCast(total),
        .index_bytes = @intCast(one.index.dtype.bytes()),
        .serial = engine.nextSerial(),
        .kind = @backingInt(kind),
    };
    try start(engine, .check, 0, 0, .{ blocksOf(total), 1 }, std.mem.asBytes(&arguments));
}

/// The three strides of a view in bytes.
fn stridesOf(view: *const View) [3]i64 {
    var strides: [3]i64 = undefined;
    for (&strides, view.strides[0..3]) |*bytes, stride| bytes.* = stride * @as(i64, @intCast(view.dtype.bytes()));
    return strides;
}

/// Launches the check of the indices and returns the arguments of gather and scatter; the caller
/// sets `total`.
fn placesOf(engine: *Engine, one: *const program.Gather, kind: layout.FaultKind, total: usize) Failed!places_kernels.PlacesArguments {
    try check(engine, one, kind);
    return .{
        .out = @intFromPtr(one.out.data),
        .source = @intFromPtr(one.source.data),
        .index = @intFromPtr(one.index.data),
        .fault = engine.fault,
        .out_strides = stridesOf(&one.out),
        .source_strides = stridesOf(&one.source),
        .index_strides = stridesOf(&one.index),
        .length = one.length,
        .count = .init(one.count),
        .inner = .init(one.inner),
        .outer = @intCast(one.outer),
        .total = @intCast(total),
        .index_bytes = @intCast(one.index.dtype.bytes()),
    };
}

pub fn gather(engine: *Engine, one: *const program.Gather) Failed!void {
    const total = one.outer * one.count * one.inner;
    if (total == 0) return;
    if (total > engine.places_most) {
        for (split.gathered(one)) |part| try gather(engine, &part);
        return;
    }
    const places = try placesOf(engine, one, .gather, total);
    const code = std.math.log2_int(usize, one.out.dtype.bytes());
    return start(engine, .gather, code, 0, .{ blocksOf(total), 1 }, std.mem.asBytes(&places));
}

pub fn scatter(engine: *Engine, one: *const program.Gather) Failed!void {
    const total = one.outer * one.inner;
    if (total * one.count == 0) return;
    if (@max(total, one.count) > engine.places_most) {
        for (split.scattered(one, engine.places_most)) |part| try scatter(engine, &part);
        return;
    }
    const places = try placesOf(engine, one, .scatter, total);
    const code = @backingInt(one.out.dtype);
    const sizes = one.indices();
    const chooses_slices = sizes[0] == 1 and sizes[2] == 1;
    if (chooses_slices and one.count <= scatter_first_count and total <= scatter_first_elements) {
        return start(engine, .scatter_first, code, one.row, .{ one.count, blocksOf(total) }, std.mem.asBytes(&places));
    }
    return start(engine, .scatter, code, one.row, .{ blocksOf(total), 1 }, std.mem.asBytes(&places));
}

pub fn sort(engine: *Engine, one: *const program.Sort) Failed!void {
    var arguments: layout.Sort = .of(one, 4, @intCast(one.x.dtype.bytes()));
    const room = @as(usize, 1) << @intCast(arguments.room_bits);
    const all = product(one.shape[0..one.rank]);
    const each = std.math.clamp(@min(layout.sort_elements, engine.places_most) / room, 1, all);
    const code: usize = if (one.x.dtype == .float64) 3 else 2;
    if (room > layout.sort_tile) {
        const bytes = std.math.mul(usize, each * room, @as(usize, 2) << @intCast(code)) catch return error.OutOfMemory;
        arguments.elements = try engine.scratchOf(.sort, bytes);
    }
    while (arguments.first < all) : (arguments.first += each) {
        arguments.rows = @min(each, all - arguments.first);
        const blocks = (arguments.rows * room + layout.sort_tile - 1) / layout.sort_tile;
        var steps: layout.SortSteps = .{ .room = room };
        while (steps.next()) |step| {
            arguments.size = step.size;
            arguments.distance = step.distance;
            const skeleton: Skeleton = switch (step.kind) {
                .tile => .sort_tile,
                .exchange => .sort_exchange,
                .merge => .sort_merge,
            };
            const type_code = if (step.kind == .tile) @backingInt(one.x.dtype) else code;
            try start(engine, skeleton, type_code, 0, .{ blocks, 1 }, std.mem.asBytes(&arguments));
        }
    }
}

pub fn random(engine: *Engine, one: *const program.Random) Failed!void {
    const arguments: map_kernels.RandomArguments = .{
        .out = @intFromPtr(one.out.data),
        .counter = one.counter,
        .count = one.count,
        .key = one.key,
    };
    const each: usize = if (one.out.dtype == .float64) 2 else 4;
    const blocks = blocksOf((one.count + each - 1) / each);
    if (blocks > layout.places_max) return engine.unsupported("Cannot run: {d} random numbers are too many at once", .{one.count});
    return start(engine, .random, @backingInt(one.out.dtype), 0, .{ blocks, 1 }, std.mem.asBytes(&arguments));
}
