//! The map skeleton: one element of the output from one element of each operand.
//!
//! Operands that are contiguous in the compute type go straight through the row's kernel, in runs
//! as long as possible. Operands that are strided or of another type are loaded into a tile first,
//! two axes at a time where one axis is short or the operand is transposed, so that memory is read
//! a cache line at a time. Every element is computed by itself, so no cut changes a bit. Memory is
//! the bound, except in rows marked `slow`.

const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;

const Axes = axes_module.Axes;
const Bases = axes_module.Bases;
const advance = axes_module.advance;
const operands_max = axes_module.operands_max;
const rank_max = axes_module.rank_max;

/// Elements of a tile in a walk along one axis, and in a walk along two.
const tile_elements = 256;
const block_elements = 1024;
/// A last axis shorter than `vector_axis` is not worth a kernel's call, and one shorter than
/// `short_axis` is loaded and stored together with the axis before it.
const vector_axis = 16;
const short_axis = 64;
/// Rows and columns of a block that is transposed: distant writes cost more than distant reads, so
/// the output gets the long runs.
const transposed_rows = 16;
const transposed_columns = block_elements / transposed_rows;

/// The number of elements from which a map is worth a second thread, and the least elements of a
/// part.
pub const parallel_elements = 16 << 10;
pub const part_elements = 8 << 10;

/// Scalars in the compute type.
pub const Scalars = struct {
    bytes: [3]f64,

    pub fn init(compute: program.DType, scalars: *const [3]f64) Scalars {
        var result: Scalars = undefined;
        switch (compute) {
            .float32 => result.set(f32, scalars),
            .float64 => result.bytes = scalars.*,
            else => result.set(i32, scalars),
        }
        return result;
    }

    fn set(result: *Scalars, comptime T: type, scalars: *const [3]f64) void {
        const target: *[3]T = @ptrCast(&result.bytes);
        for (target, scalars) |*scalar, value| scalar.* = convert.convert(T, value);
    }
};

/// Operands that are one element of another type, converted to the compute type.
const Converted = [program.inputs_max]u64;

/// Strides for kernels that are called for a single index.
const no_strides: [operands_max]isize = @splat(0);

/// Whether the row's expression contains the index `i`.
const uses_index = table.mapFlags("uses_index");

const Mode = enum {
    /// Operands are read in place, or are one element for the whole last axis.
    rows,
    /// Operands are loaded into tiles along the last axis.
    tiles,
    /// Operands are loaded into tiles along the last two axes, because the last axis is short.
    blocks,
    /// The same, because an operand is transposed: its smallest stride is along the other axis.
    transposed,
};

/// A map whose axes are merged. Axis `cut` may be walked in pieces.
pub const Prepared = struct {
    tables: *const contract.Table,
    kernel: contract.MapKernel,
    compute: program.DType,
    indexed: bool,
    /// The output and the inputs.
    operands: u8,
    cut: u8,
    mode: Mode,
    scalars: Scalars,
    axes: Axes,
    bases: Bases,
    dtypes: [operands_max]program.DType,

    /// Takes the addresses and numbers of a map that differs from the prepared one in nothing else.
    pub fn rebind(prepared: *Prepared, map: *const program.Map) void {
        prepared.scalars = .init(map.compute, &map.scalars);
        axes_module.pointAt(&prepared.bases, map);
    }

    /// The length of the cut axis.
    pub fn length(prepared: *const Prepared) usize {
        return prepared.axes.shape[prepared.cut];
    }
};

fn setOperands(prepared: *Prepared, tables: *const contract.Table, map: *const program.Map) void {
    prepared.tables = tables;
    prepared.kernel = tables.map[@backingInt(map.compute)][map.row].?;
    prepared.compute = map.compute;
    prepared.indexed = uses_index[map.row];
    prepared.operands = map.inputs_count + 1;
    prepared.axes.rank = 0;
    prepared.dtypes[0] = map.out.dtype;
    for (map.inputs[0..map.inputs_count], 1..) |*input, k| prepared.dtypes[k] = input.dtype;
    prepared.rebind(map);
}

/// Appends axes `begin..end` of the map; the first of these is not merged with axes below
/// `barrier`.
fn appendAxes(
    prepared: *Prepared,
    map: *const program.Map,
    begin: usize,
    end: usize,
    barrier: usize,
) void {
    var views: [operands_max]*const program.View = undefined;
    views[0] = &map.out;
    for (map.inputs[0..map.inputs_count], views[1..][0..map.inputs_count]) |*input, *view| {
        view.* = input;
    }
    const places: [operands_max]?usize = @splat(begin);
    const n = prepared.operands;
    prepared.axes.append(views[0..n], map.shape[begin..end], places[0..n], barrier);
}

/// Prepares the map with all axes merged that can be; the cut axis is the longest.
pub fn prepare(prepared: *Prepared, tables: *const contract.Table, map: *const program.Map) void {
    setOperands(prepared, tables, map);
    const rank: usize = map.rank;
    if (prepared.indexed and rank > 0) {
        // The index `i` runs along the last axis, which therefore stays unmerged.
        appendAxes(prepared, map, 0, rank - 1, 0);
        appendLast(prepared, map);
    } else appendAxes(prepared, map, 0, rank, 0);
    prepared.axes.atLeast(1);
    const shape = prepared.axes.shape[0..prepared.axes.rank];
    var cut: usize = 0;
    for (shape, 0..) |size, axis| {
        if (size > shape[cut]) cut = axis;
    }
    // Cutting a long outer axis gives each thread longer runs of memory.
    prepared.cut = @intCast(if (shape[0] >= 256) 0 else cut);
    setMode(prepared, prepared.length());
}

fn appendLast(prepared: *Prepared, map: *const program.Map) void {
    const last = map.rank - 1;
    if (map.shape[last] == 1) return prepared.axes.atLeast(prepared.axes.rank + 1);
    appendAxes(prepared, map, last, last + 1, prepared.axes.rank);
}

/// Whether the first axes are cut or the last ones.
pub const Side = enum { leading, trailing };

/// Prepares the map for a group: the axes before `first` are merged into one, the cut axis, or else
/// the axes from `first` on are. False if these axes cannot be merged. The caller calls `setMode`
/// once the strides are final.
pub fn prepareCut(
    prepared: *Prepared,
    tables: *const contract.Table,
    map: *const program.Map,
    first: usize,
    side: Side,
) bool {
    setOperands(prepared, tables, map);
    const rank: usize = map.rank;
    const axes = &prepared.axes;
    if (prepared.indexed) {
        // The axis of the index `i` may be one of the cut axes only if it is the sole one.
        const inside = if (side == .leading) first == rank else true;
        const sole = if (side == .leading) rank == 1 else first + 1 == rank;
        if (inside and !sole) return false;
    }
    appendAxes(prepared, map, 0, first, 0);
    if (side == .leading and axes.rank > 1) return false;
    if (side == .leading) axes.atLeast(1);
    const barrier = axes.rank;
    if (prepared.indexed and side == .leading) {
        if (rank > first) appendLast(prepared, map);
    } else appendAxes(prepared, map, first, rank, barrier);
    if (side == .trailing) {
        if (axes.rank > barrier + 1) return false;
        axes.atLeast(barrier + 1);
    }
    prepared.cut = @intCast(if (side == .leading) 0 else barrier);
    return true;
}

/// Like `prepareCut`, for operands that are contiguous whatever the shape: `length` indices by the
/// rest, or the rest by `length` indices.
pub fn prepareFlat(
    prepared: *Prepared,
    tables: *const contract.Table,
    map: *const program.Map,
    length: usize,
    side: Side,
) bool {
    const shape = map.shape[0..map.rank];
    const count = axes_module.product(shape);
    if (uses_index[map.row] or length == 0 or count % length != 0) return false;
    setOperands(prepared, tables, map);
    const other = count / length;
    prepared.axes.rank = 2;
    prepared.axes.shape[0..2].* = if (side == .leading) .{ length, other } else .{ other, length };
    prepared.cut = if (side == .leading) 0 else 1;
    for (0..prepared.operands) |k| {
        const view = if (k == 0) &map.out else &map.inputs[k - 1];
        const bytes: isize = @intCast(view.dtype.bytes());
        const row = bytes *% @as(isize, @intCast(prepared.axes.shape[1]));
        prepared.axes.strides[k][0..2].* = if (axes_module.dense(view, shape))
            .{ row, bytes }
        else if (axes_module.single(view, shape))
            .{ 0, 0 }
        else
            return false;
    }
    return true;
}

/// Runs indices `first..first + count` of the cut axis on the calling thread.
pub fn run(prepared: *const Prepared, bases_all: *const Bases, first: usize, count: usize) void {
    const axes = &prepared.axes;
    const cut = prepared.cut;
    const n = prepared.operands;
    var bases: Bases = undefined;
    for (bases[0..n], bases_all[0..n], axes.strides[0..n]) |*base, all, *strides| {
        base.* = advance(all, strides[cut], first);
    }
    var shape = axes.shape;
    shape[cut] = count;
    const last = axes.rank - 1;
    const index = if (cut == last) first else 0;

    switch (prepared.mode) {
        .rows => runRows(prepared, &shape, &bases, index),
        .tiles => runTiles(prepared, &shape, &bases, index),
        .blocks => runBlocks(prepared, &shape, &bases, false),
        .transposed => runBlocks(prepared, &shape, &bases, true),
    }
}

/// Decides how the last axes are walked, for `places` indices of the cut axis at a time. Strides
/// must not change afterwards.
pub fn setMode(prepared: *Prepared, places: usize) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    const last = axes.rank - 1;
    var through = true;
    for (axes.strides[0..n], prepared.dtypes[0..n], 0..) |*strides, dtype, k| {
        const size: isize = @intCast(dtype.bytes());
        const along = dtype == prepared.compute and strides[last] == size;
        through = through and (along or (strides[last] == 0 and k != 0));
    }
    const length = if (prepared.cut == last) places else axes.shape[last];
    const plain = prepared.indexed or last == 0;
    prepared.mode = if (through and (plain or length >= vector_axis))
        .rows
    else if (plain)
        .tiles
    else if (length < short_axis)
        .blocks
    else for (axes.strides[0..n]) |*strides| {
        const outer = @abs(strides[last - 1]);
        if (outer != 0 and outer < @abs(strides[last])) break .transposed;
    } else .tiles;
}

/// Runs operands that are read in place, or are one element for the whole last axis. The kernel
/// also walks the last axis but one, unless elements are converted for each index of that axis.
fn runRows(
    prepared: *const Prepared,
    shape: *const [rank_max]usize,
    bases: *Bases,
    index: usize,
) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    const last = axes.rank - 1;
    var converted: Converted = undefined;
    var others: u32 = 0;
    var mask: u32 = 0;
    var pointers: [program.inputs_max][*]const u8 = undefined;
    for (1..n) |k| {
        if (axes.strides[k][last] != 0) continue;
        const bit = @as(u32, 1) << @intCast(k - 1);
        mask |= bit;
        if (prepared.dtypes[k] != prepared.compute) others |= bit;
    }
    const outer = if (others == 0) last -| 1 else last;
    const places = if (outer < last) shape[outer] else 1;
    var strides: [operands_max]isize = undefined;
    for (strides[0..n], axes.strides[0..n]) |*stride, *all| stride.* = all[outer];
    var walk: axes_module.Walk = .{};
    while (true) {
        for (1..n) |k| {
            pointers[k - 1] = @ptrFromInt(bases[k]);
            if (others >> @intCast(k - 1) & 1 == 0) continue;
            loader(prepared, k)(@ptrCast(&converted[k - 1]), pointers[k - 1], 1, 1, 0, 0);
            pointers[k - 1] = @ptrCast(&converted[k - 1]);
        }
        const out: [*]u8 = @ptrFromInt(bases[0]);
        prepared.kernel(out, &pointers, &strides, mask, &prepared.scalars, index, places, shape[last]);
        if (!walk.next(shape[0..outer], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

/// Runs along the last axis by tiles, into which the operands are loaded that cannot be read in
/// place.
noinline fn runTiles(
    prepared: *const Prepared,
    shape: *const [rank_max]usize,
    bases: *Bases,
    index: usize,
) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    const last = axes.rank - 1;
    var tiles: [operands_max][tile_elements * 8]u8 align(64) = undefined;
    var pointers: [program.inputs_max][*]const u8 = undefined;
    const size = prepared.compute.bytes();
    var walk: axes_module.Walk = .{};
    while (true) {
        var i: usize = 0;
        while (i < shape[last]) : (i += tile_elements) {
            const count = @min(tile_elements, shape[last] - i);
            for (1..n) |k| {
                const stride = axes.strides[k][last];
                const source: [*]const u8 = @ptrFromInt(advance(bases[k], stride, i));
                const own = prepared.dtypes[k] == prepared.compute;
                if (own and stride == @as(isize, @intCast(size))) {
                    pointers[k - 1] = source;
                    continue;
                }
                pointers[k - 1] = &tiles[k];
                // A repeated element is loaded once and stays in its tile.
                if (stride == 0 and i != 0) continue;
                loader(prepared, k)(&tiles[k], source, 1, count, 0, stride);
            }
            const stride = axes.strides[0][last];
            const target: [*]u8 = @ptrFromInt(advance(bases[0], stride, i));
            const straight = prepared.dtypes[0] == prepared.compute and
                stride == @as(isize, @intCast(size));
            const out: [*]u8 = if (straight) target else &tiles[0];
            prepared.kernel(out, &pointers, &no_strides, 0, &prepared.scalars, index + i, 1, count);
            if (!straight) storer(prepared)(target, out, 1, count, 0, stride);
        }
        if (!walk.next(shape[0..last], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

/// Runs along the last two axes by blocks.
noinline fn runBlocks(
    prepared: *const Prepared,
    shape: *const [rank_max]usize,
    bases: *Bases,
    transposed: bool,
) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    const last = axes.rank - 1;
    const all_rows = shape[last - 1];
    const all_columns = shape[last];
    const columns_max: usize = if (transposed) transposed_columns else short_axis;
    const columns_each = @min(all_columns, columns_max);
    const rows_each = if (transposed) transposed_rows else block_elements / columns_each;
    var tiles: [operands_max][block_elements * 8]u8 align(64) = undefined;
    var walk: axes_module.Walk = .{};
    while (true) {
        // Blocks are walked column after column: a transposed operand is then read on where the
        // block before stopped, so that few memory pages are in use at a time.
        var column: usize = 0;
        while (column < all_columns) : (column += columns_each) {
            var row: usize = 0;
            while (row < all_rows) : (row += rows_each) {
                const here: Block = .{
                    .row = row,
                    .column = column,
                    .rows = @min(rows_each, all_rows - row),
                    .columns = @min(columns_each, all_columns - column),
                };
                runBlock(prepared, bases, here, &tiles);
            }
        }
        if (!walk.next(shape[0 .. last - 1], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

const Block = struct { row: usize, column: usize, rows: usize, columns: usize };

fn runBlock(
    prepared: *const Prepared,
    bases: *const Bases,
    block: Block,
    tiles: *[operands_max][block_elements * 8]u8,
) void {
    const last = prepared.axes.rank - 1;
    const size: isize = @intCast(prepared.compute.bytes());
    const dense_row = size * @as(isize, @intCast(block.columns));
    var mask: u32 = 0;
    var pointers: [program.inputs_max][*]const u8 = undefined;
    var targets: [operands_max]usize = undefined;
    var straight: [operands_max]bool = undefined;
    for (0..prepared.operands) |k| {
        const strides = &prepared.axes.strides[k];
        const begin = advance(bases[k], strides[last - 1], block.row);
        targets[k] = advance(begin, strides[last], block.column);
        straight[k] = prepared.dtypes[k] == prepared.compute and strides[last] == size and
            (strides[last - 1] == dense_row or block.rows == 1);
        if (k == 0) continue;
        const source: [*]const u8 = @ptrFromInt(targets[k]);
        if (straight[k]) {
            pointers[k - 1] = source;
        } else if (strides[last] == 0 and strides[last - 1] == 0) {
            loader(prepared, k)(&tiles[k], source, 1, 1, 0, 0);
            mask |= @as(u32, 1) << @intCast(k - 1);
            pointers[k - 1] = &tiles[k];
        } else {
            const load = loader(prepared, k);
            load(&tiles[k], source, block.rows, block.columns, strides[last - 1], strides[last]);
            pointers[k - 1] = &tiles[k];
        }
    }
    const target: [*]u8 = @ptrFromInt(targets[0]);
    const out: [*]u8 = if (straight[0]) target else &tiles[0];
    const count = block.rows * block.columns;
    prepared.kernel(out, &pointers, &no_strides, mask, &prepared.scalars, 0, 1, count);
    if (straight[0]) return;
    const strides = &prepared.axes.strides[0];
    storer(prepared)(target, out, block.rows, block.columns, strides[last - 1], strides[last]);
}

fn loader(prepared: *const Prepared, k: usize) convert.Load {
    return prepared.tables.load[@backingInt(prepared.compute)][@backingInt(prepared.dtypes[k])];
}

fn storer(prepared: *const Prepared) convert.Store {
    return prepared.tables.store[@backingInt(prepared.compute)][@backingInt(prepared.dtypes[0])];
}

/// Runs the whole map, on all threads where it is large enough.
pub fn execute(tables: *const contract.Table, pool: *Pool, map: *const program.Map) void {
    const shape = map.shape[0..map.rank];
    const count = axes_module.product(shape);
    if (count == 0) return;
    if (executeDense(tables, pool, map, count)) return;
    executeAny(tables, pool, map, count);
}

noinline fn executeAny(
    tables: *const contract.Table,
    pool: *Pool,
    map: *const program.Map,
    count: usize,
) void {
    var prepared: Prepared = undefined;
    prepare(&prepared, tables, map);
    const length = prepared.length();
    if (count < parallel_elements) return run(&prepared, &prepared.bases, 0, length);
    const each = placesEach(length, count, pool.threads);
    const part: Part = .{ .prepared = &prepared, .each = each };
    pool.parallel(part, Part.runPart, (length + each - 1) / each);
}

const Part = struct {
    prepared: *const Prepared,
    each: usize,

    fn runPart(part: Part, number: usize) void {
        const prepared = part.prepared;
        const first = number * part.each;
        run(prepared, &prepared.bases, first, @min(prepared.length() - first, part.each));
    }
};

/// Indices of the cut axis in a part: several parts for each thread, none of them tiny, and borders
/// at whole blocks so that threads do not share cache lines.
pub fn placesEach(length: usize, count: usize, threads: usize) usize {
    if (threads == 1) return length;
    const elements_each = @max(1, count / length);
    const parts = @min(threads * 4, @max(1, count / part_elements));
    const each = @max((length + parts - 1) / parts, part_elements / 2 / elements_each, 1);
    const multiple: usize = if (length >= parts * 256) 64 else 1;
    return (each + multiple - 1) / multiple * multiple;
}

/// The most frequent case, fast for few elements: every operand is contiguous in the compute type
/// or is a single element.
inline fn executeDense(
    tables: *const contract.Table,
    pool: *Pool,
    map: *const program.Map,
    count: usize,
) bool {
    const shape = map.shape[0..map.rank];
    if (uses_index[map.row] and shape.len > 1) return false;
    if (map.out.dtype != map.compute or !axes_module.dense(&map.out, shape)) return false;
    var converted: Converted = undefined;
    var flat: Flat = undefined;
    flat.mask = 0;
    const bytes = map.compute.bytes();
    for (map.inputs[0..map.inputs_count], 0..) |*input, k| {
        const own = input.dtype == map.compute;
        flat.pointers[k] = input.data;
        if (own and axes_module.dense(input, shape)) continue;
        if (!axes_module.single(input, shape)) return false;
        flat.mask |= @as(u32, 1) << @intCast(k);
        if (own) continue;
        const load = tables.load[@backingInt(map.compute)][@backingInt(input.dtype)];
        load(@ptrCast(&converted[k]), input.data, 1, 1, 0, 0);
        flat.pointers[k] = @ptrCast(&converted[k]);
    }
    flat.scalars = .init(map.compute, &map.scalars);
    const kernel = tables.map[@backingInt(map.compute)][map.row].?;
    if (count < parallel_elements or pool.threads == 1) {
        kernel(map.out.data, &flat.pointers, &no_strides, flat.mask, &flat.scalars, 0, 1, count);
        return true;
    }
    flat.kernel = kernel;
    flat.out = map.out.data;
    flat.inputs = map.inputs_count;
    flat.bytes = bytes;
    flat.count = count;
    flat.each = placesEach(count, count, pool.threads);
    pool.parallel(@as(*const Flat, &flat), Flat.run, (count + flat.each - 1) / flat.each);
    return true;
}

const Flat = struct {
    kernel: contract.MapKernel,
    out: [*]u8,
    pointers: [program.inputs_max][*]const u8,
    mask: u32,
    inputs: usize,
    bytes: usize,
    scalars: Scalars,
    count: usize,
    each: usize,

    fn run(flat: *const Flat, part: usize) void {
        const first = part * flat.each;
        const offset = first * flat.bytes;
        var pointers = flat.pointers;
        for (pointers[0..flat.inputs], 0..) |*pointer, k| {
            if (flat.mask >> @intCast(k) & 1 == 0) pointer.* += offset;
        }
        const count = @min(flat.each, flat.count - first);
        flat.kernel(flat.out + offset, &pointers, &no_strides, flat.mask, &flat.scalars, first, 1, count);
    }
};
