//! The scan skeleton: the elements up to each one along the last axis, joined.
//!
//! `level/scan.zig` has the order of joining, which is the same along rows, down columns that lie
//! side by side, and for any number of threads: the elements of a block are joined in themselves, and
//! then with what the blocks before join to. Threads share out rows or columns; where there are few,
//! they share out the blocks of each, in two rounds: first what each block joins to, then the blocks
//! behind what was carried so far. The rounds go over some blocks at a time, which the second finds
//! in cache. A row of two operands has no blocks, and runs down columns always.
//!
//! Napkin: each element is read and written once: memory is the bound.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");
const Pool = @import("../pool.zig").Pool;

const Scan = program.Payload("scan");
const Walk = axes_module.Walk;
const advance = axes_module.advance;
const rank_max = axes_module.rank_max;

/// The elements of a block, or of several blocks of a slow row.
const block = contract.scan_block;
/// The output and the inputs of a row.
const operands_max = 3;
/// Columns that are scanned side by side.
const columns_each = 256;
/// The tile into which operands are brought that do not lie side by side in the compute type.
const tile_columns = 32;
const tile_rows = 64;
/// Rows of at most so many elements are brought into columns, where there are enough of them.
const short_most = 64;
const columns_least = 8;
/// The most accumulators of blocks whose threads have not met.
pub const totals_max = 8192;
/// About so many elements are in the two rounds before the next ones are read.
const wave_elements = 256 << 10;

comptime {
    std.debug.assert(tile_rows % contract.scan_lanes == 0 and block % tile_rows == 0);
    std.debug.assert(contract.scan_block_slow % tile_rows == 0);
    std.debug.assert(totals_max >= 2 * contract.scan_lanes * columns_each);
}

const Axes = axes_module.AxesOf(operands_max, rank_max);
const Bases = [operands_max]usize;
/// An accumulator for each column; narrow ones take half of the room.
const Accumulators = [columns_each]u64;

/// The start of each row, as the bits of an accumulator, and how many bytes that has.
const Start = struct { bits: u64, bytes: u8 };
const starts: [3][table.scan_rows.len]Start = blk: {
    var values: [3][table.scan_rows.len]Start = undefined;
    for (convert.Compute, &values) |T, *list| {
        for (table.scan_rows, list) |row, *value| {
            const A = contract.Accumulator(row, T);
            const bits: @Int(.unsigned, @bitSizeOf(A)) = @bitCast(row.start(A));
            value.* = .{ .bits = bits, .bytes = @sizeOf(A) };
        }
    }
    break :blk values;
};

const associates: [table.scan_rows.len]bool = blk: {
    var flags: [table.scan_rows.len]bool = undefined;
    for (table.scan_rows, &flags) |row, *flag| flag.* = row.associates();
    break :blk flags;
};

const slow: [table.scan_rows.len]bool = blk: {
    var flags: [table.scan_rows.len]bool = undefined;
    for (table.scan_rows, &flags) |row, *flag| flag.* = row.slow;
    break :blk flags;
};

/// A scan whose outer axes are merged.
const Prepared = struct {
    tables: *const contract.Table,
    row: u16,
    compute: program.DType,
    operands: usize,
    dtypes: [operands_max]program.DType = undefined,
    /// The elements along the scanned axis, and their strides in bytes.
    length: usize,
    along: [operands_max]isize = undefined,
    /// The other axes; columns lie along the last of them.
    axes: Axes = .{},
    bases: Bases = undefined,
    columns: bool = undefined,
    /// The longest of the other axes, which may be walked in pieces.
    cut: usize = 0,

    fn init(tables: *const contract.Table, scan: *const Scan) Prepared {
        const inner: usize = @max(scan.rank, 1) - 1;
        var prepared: Prepared = .{
            .tables = tables,
            .row = scan.row,
            .compute = scan.compute,
            .operands = @as(usize, scan.inputs_count) + 1,
            .length = if (scan.rank == 0) 1 else scan.shape[inner],
        };
        var views: [operands_max]*const program.View = undefined;
        views[0] = &scan.out;
        for (scan.inputs[0..scan.inputs_count], 1..) |*input, k| views[k] = input;
        for (views[0..prepared.operands], 0..) |view, k| {
            prepared.dtypes[k] = view.dtype;
            prepared.bases[k] = @intFromPtr(view.data);
            prepared.along[k] = if (scan.rank == 0) 0 else view.strides[inner] *% @as(isize, @intCast(view.dtype.bytes()));
        }
        const axes = &prepared.axes;
        axes.append(views[0..prepared.operands], scan.shape[0..inner], &@as([operands_max]?usize, @splat(0)), 0);
        axes.atLeast(1);
        var near = axes.rank - 1;
        for (0..axes.rank) |axis| {
            if (@abs(axes.strides[1][axis]) < @abs(axes.strides[1][near])) near = axis;
        }
        const last = axes.rank - 1;
        std.mem.swap(usize, &axes.shape[near], &axes.shape[last]);
        for (axes.strides[0..prepared.operands]) |*strides| std.mem.swap(isize, &strides[near], &strides[last]);
        const count = axes.shape[last];
        prepared.columns = !associates[scan.row] or
            (count > 1 and @abs(axes.strides[1][last]) < @abs(prepared.along[1])) or
            (count >= columns_least and prepared.length <= short_most);
        for (axes.shape[0..axes.rank], 0..) |size, axis| {
            if (size > axes.shape[prepared.cut]) prepared.cut = axis;
        }
        return prepared;
    }

    /// The elements that are joined with one another before they are joined with those before them.
    fn blockLength(prepared: *const Prepared) usize {
        return if (slow[prepared.row]) contract.scan_block_slow else block;
    }

    fn load(prepared: *const Prepared, k: usize) convert.Load {
        return prepared.tables.load[@backingInt(prepared.compute)][@backingInt(prepared.dtypes[k])];
    }

    fn store(prepared: *const Prepared) convert.Store {
        return prepared.tables.store[@backingInt(prepared.compute)][@backingInt(prepared.dtypes[0])];
    }

    fn elementBytes(prepared: *const Prepared) usize {
        return prepared.compute.bytes();
    }

    fn accumulatorBytes(prepared: *const Prepared) usize {
        return starts[@backingInt(prepared.compute)][prepared.row].bytes;
    }

    fn setStart(prepared: *const Prepared, accumulators: [*]u8, count: usize) void {
        const start = starts[@backingInt(prepared.compute)][prepared.row];
        if (start.bytes == 4) {
            @memset(@as([*]u32, @ptrCast(@alignCast(accumulators)))[0..count], @truncate(start.bits));
        } else @memset(@as([*]u64, @ptrCast(@alignCast(accumulators)))[0..count], start.bits);
    }

    fn join(prepared: *const Prepared, running: [*]u8, values: [*]const u8, count: usize) void {
        prepared.tables.scan_join[@backingInt(prepared.compute)][prepared.row].?(running, values, count);
    }

    /// Whether the elements of operand `k` that follow one another by `stride` bytes lie side by side
    /// in the compute type.
    fn passes(prepared: *const Prepared, k: usize, stride: isize, count: usize) bool {
        if (prepared.dtypes[k] != prepared.compute) return false;
        return count == 1 or stride == @as(isize, @intCast(prepared.elementBytes()));
    }
};

/// Runs indices `first..first + count` of the cut axis on the calling thread.
fn run(prepared: *const Prepared, first: usize, count: usize) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    var bases = prepared.bases;
    for (bases[0..n], axes.strides[0..n]) |*base, *strides| base.* = advance(base.*, strides[prepared.cut], first);
    var shape = axes.shape;
    shape[prepared.cut] = count;
    const outer = if (prepared.columns) axes.rank - 1 else axes.rank;
    const all = if (prepared.columns) shape[outer] else 1;
    var walk: Walk = .{};
    var carry: Accumulators align(64) = undefined;
    while (true) {
        var column: usize = 0;
        while (column < all) : (column += columns_each) {
            const columns = @min(columns_each, all - column);
            prepared.setStart(@ptrCast(&carry), columns);
            var begin: usize = 0;
            while (begin < prepared.length) : (begin += block) {
                runBlock(prepared, &bases, column, columns, begin, true, @ptrCast(&carry));
            }
        }
        if (!walk.next(shape[0..outer], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

/// Scans the elements from `begin` on, of some columns or of a row, and moves `carry` past them; or
/// only writes into `carry` what each of their blocks joins to.
fn runBlock(
    prepared: *const Prepared,
    bases: *const Bases,
    column: usize,
    columns: usize,
    begin: usize,
    writes: bool,
    carry: [*]u8,
) void {
    const count = @min(block, prepared.length - begin);
    var places: Bases = undefined;
    const last = prepared.axes.rank - 1;
    for (0..prepared.operands) |k| {
        const first = if (prepared.columns) advance(bases[k], prepared.axes.strides[k][last], column) else bases[k];
        places[k] = advance(first, prepared.along[k], begin);
    }
    if (!prepared.columns) return runRow(prepared, &places, count, writes, carry);
    if (!associates[prepared.row]) return runColumns(prepared, &places, columns, count, writes, carry, carry);
    const each = prepared.blockLength();
    var local: Accumulators align(64) = undefined;
    var first: usize = 0;
    while (first < count) : (first += each) {
        const own = if (writes) @as([*]u8, @ptrCast(&local)) else carry + first / each * columns * prepared.accumulatorBytes();
        prepared.setStart(own, columns);
        runColumns(prepared, &places, columns, @min(each, count - first), writes, own, carry);
        if (writes) prepared.join(carry, own, columns);
        for (places[0..prepared.operands], prepared.along[0..prepared.operands]) |*place, stride| place.* = advance(place.*, stride, each);
    }
}

fn runRow(prepared: *const Prepared, places: *const Bases, count: usize, writes: bool, carry: [*]u8) void {
    const kernel = prepared.tables.scan[@backingInt(prepared.compute)][prepared.row].?;
    const reads = prepared.passes(1, prepared.along[1], count);
    const stores = !writes or prepared.passes(0, prepared.along[0], count);
    if (reads and stores) return kernel(if (writes) @ptrFromInt(places[0]) else null, @ptrFromInt(places[1]), carry, count);
    rowThroughTile(prepared, places, count, writes, carry, kernel);
}

/// The tile's elements are read before the results take their places.
noinline fn rowThroughTile(
    prepared: *const Prepared,
    places: *const Bases,
    count: usize,
    writes: bool,
    carry: [*]u8,
    kernel: contract.ScanKernel,
) void {
    var tile: [block * 8]u8 align(64) = undefined;
    prepared.load(1)(&tile, @ptrFromInt(places[1]), 1, count, 0, prepared.along[1]);
    kernel(if (writes) &tile else null, &tile, carry, count);
    if (writes) prepared.store()(@ptrFromInt(places[0]), &tile, 1, count, 0, prepared.along[0]);
}

fn runColumns(
    prepared: *const Prepared,
    places: *const Bases,
    columns: usize,
    count: usize,
    writes: bool,
    local: [*]u8,
    carry: [*]const u8,
) void {
    const kernel = prepared.tables.scan_columns[@backingInt(prepared.compute)][prepared.row].?;
    const last = prepared.axes.rank - 1;
    const straight = for (0..prepared.operands) |k| {
        if (k == 0 and !writes) continue;
        if (!prepared.passes(k, prepared.axes.strides[k][last], columns)) break false;
    } else true;
    if (!straight) return columnsThroughTiles(prepared, places, columns, count, writes, local, carry, kernel);
    var pointers: [operands_max - 1][*]const u8 = undefined;
    for (1..prepared.operands) |k| pointers[k - 1] = @ptrFromInt(places[k]);
    const out: ?[*]u8 = if (writes) @ptrFromInt(places[0]) else null;
    kernel(out, prepared.along[0], &pointers, prepared.along[1..], local, carry, count, columns);
}

noinline fn columnsThroughTiles(
    prepared: *const Prepared,
    places: *const Bases,
    columns: usize,
    count: usize,
    writes: bool,
    local: [*]u8,
    carry: [*]const u8,
    kernel: contract.ScanColumnsKernel,
) void {
    var tiles: [operands_max][tile_rows * tile_columns * 8]u8 align(64) = undefined;
    var pointers: [operands_max - 1][*]const u8 = undefined;
    for (&pointers, tiles[1..]) |*pointer, *tile| pointer.* = tile;
    const strides = &prepared.axes.strides;
    const last = prepared.axes.rank - 1;
    var column: usize = 0;
    while (column < columns) : (column += tile_columns) {
        const wide = @min(tile_columns, columns - column);
        const line: isize = @intCast(wide * prepared.elementBytes());
        const lines: [operands_max - 1]isize = @splat(line);
        const done = column * prepared.accumulatorBytes();
        var first: usize = 0;
        while (first < count) : (first += tile_rows) {
            const rows = @min(tile_rows, count - first);
            var at: Bases = undefined;
            for (0..prepared.operands) |k| {
                at[k] = advance(advance(places[k], strides[k][last], column), prepared.along[k], first);
            }
            for (1..prepared.operands) |k| {
                prepared.load(k)(&tiles[k], @ptrFromInt(at[k]), rows, wide, prepared.along[k], strides[k][last]);
            }
            kernel(if (writes) &tiles[0] else null, line, &pointers, &lines, local + done, carry + done, rows, wide);
            if (!writes) continue;
            const target: [*]u8 = @ptrFromInt(at[0]);
            if (@abs(prepared.along[0]) < @abs(strides[0][last])) {
                // The tile is transposed, so that memory is written line by line; the inputs' is free.
                prepared.tables.load[@backingInt(prepared.compute)][@backingInt(prepared.compute)](
                    &tiles[1],
                    &tiles[0],
                    wide,
                    rows,
                    @intCast(prepared.elementBytes()),
                    line,
                );
                prepared.store()(target, &tiles[1], wide, rows, strides[0][last], prepared.along[0]);
            } else prepared.store()(target, &tiles[0], rows, wide, prepared.along[0], strides[0][last]);
        }
    }
}

/// Runs the whole scan, on all threads where it is large enough. `totals` belongs to the caller's
/// context.
pub fn execute(tables: *const contract.Table, pool: *Pool, totals: *[totals_max]u64, scan: *const Scan) void {
    const prepared: Prepared = .init(tables, scan);
    const axes = &prepared.axes;
    const length = axes.shape[prepared.cut];
    const count = axes.elements() * prepared.length;
    if (count < map_module.parallel_elements or pool.threads == 1) return run(&prepared, 0, length);
    const is_column = prepared.columns and prepared.cut == axes.rank - 1;
    const enough = pool.threads * @as(usize, if (is_column) 64 else 2);
    if (length < enough and prepared.length >= 4 * block and associates[prepared.row]) {
        return executeBlocks(pool, &prepared, totals);
    }
    var each = map_module.placesEach(length, count, pool.threads);
    if (is_column) each = @max(each, @min(length, 16));
    const places: Places = .{ .prepared = &prepared, .each = each };
    pool.parallel(places, Places.runPart, axes_module.divCeil(length, each));
}

const Places = struct {
    prepared: *const Prepared,
    each: usize,

    fn runPart(places: Places, part: usize) void {
        const first = part * places.each;
        const length = places.prepared.axes.shape[places.prepared.cut];
        run(places.prepared, first, @min(length - first, places.each));
    }
};

/// Some elements of a row, or of columns side by side.
const Wave = struct {
    prepared: *const Prepared,
    bases: *const Bases,
    column: usize,
    columns: usize,
    first: usize = 0,
    blocks: usize = 0,
    each: usize = 0,
    totals: [*]u8,

    /// What block after block joins to, and later what comes before the first of them.
    fn totalsOf(wave: *const Wave, number: usize) [*]u8 {
        return wave.totals + number * block / wave.prepared.blockLength() * wave.columns * wave.prepared.accumulatorBytes();
    }

    fn runBlocks(wave: *const Wave, part: usize, writes: bool) void {
        const begin = part * wave.each;
        for (begin..@min(wave.blocks, begin + wave.each)) |number| {
            const place = (wave.first + number) * block;
            runBlock(wave.prepared, wave.bases, wave.column, wave.columns, place, writes, wave.totalsOf(number));
        }
    }

    fn join(wave: Wave, part: usize) void {
        wave.runBlocks(part, false);
    }

    fn write(wave: Wave, part: usize) void {
        wave.runBlocks(part, true);
    }
};

/// For few rows or columns: threads share out the blocks of each.
noinline fn executeBlocks(pool: *Pool, prepared: *const Prepared, totals: *[totals_max]u64) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    const outer = if (prepared.columns) axes.rank - 1 else axes.rank;
    const all = if (prepared.columns) axes.shape[outer] else 1;
    var bases = prepared.bases;
    var walk: Walk = .{};
    while (true) {
        var column: usize = 0;
        while (column < all) : (column += columns_each) {
            const columns = @min(columns_each, all - column);
            const wave: Wave = .{
                .prepared = prepared,
                .bases = &bases,
                .column = column,
                .columns = columns,
                .totals = @ptrCast(totals),
            };
            runWaves(pool, wave);
        }
        if (!walk.next(axes.shape[0..outer], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

fn runWaves(pool: *Pool, begun: Wave) void {
    var wave = begun;
    const prepared = wave.prepared;
    const columns = wave.columns;
    const bytes = columns * prepared.accumulatorBytes();
    var carry: Accumulators align(64) = undefined;
    const carried: [*]u8 = @ptrCast(&carry);
    prepared.setStart(carried, columns);
    var before: Accumulators align(64) = undefined;
    const all = axes_module.divCeil(prepared.length, block);
    const several = block / prepared.blockLength();
    const most = @min(totals_max / columns / several, @max(wave_elements / (block * columns), 4 * pool.threads));
    while (wave.first < all) : (wave.first += wave.blocks) {
        wave.blocks = @min(most, all - wave.first);
        wave.each = @max(1, wave.blocks / (pool.threads * 4));
        const parts = axes_module.divCeil(wave.blocks, wave.each);
        pool.parallel(wave, Wave.join, parts);
        // What blocks join to makes way for what comes before them.
        for (0..wave.blocks) |number| {
            const totals = wave.totalsOf(number);
            const left = prepared.length - (wave.first + number) * block;
            @memcpy(@as([*]u8, @ptrCast(&before))[0..bytes], carried[0..bytes]);
            for (0..@min(several, axes_module.divCeil(left, prepared.blockLength()))) |k| {
                prepared.join(carried, totals + k * bytes, columns);
            }
            @memcpy(totals[0..bytes], @as([*]u8, @ptrCast(&before))[0..bytes]);
        }
        pool.parallel(wave, Wave.write, parts);
    }
}
