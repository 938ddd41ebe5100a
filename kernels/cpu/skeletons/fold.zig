//! The fold skeleton: the elements along the reduced axes joined into one.
//!
//! The order of joining is part of the result and depends only on the declared shape and strides:
//! `isColumn` of `program/facts.zig` decides between two orders.
//! - Row: chunks of 1024 along the linear reduced index; in a chunk element p goes to lane p % 16
//!   (8 for f64), and lanes are joined as a tree.
//! - Column: each column runs down chunks of 128 rows.
//! In both, the results of chunks are joined as a tree, too: `fold_tree.zig`.
//! Threads share out kept indices, or whole chunks where there are few kept indices; a chunk is
//! never split. Each element is read once: memory is the bound.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const columns = @import("fold_columns.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const map_module = @import("map.zig");
const prepared_module = @import("fold_prepared.zig");
const program = @import("../../program/program.zig");
const tree_module = @import("fold_tree.zig");
const Pool = @import("../pool.zig").Pool;

const Bases = axes_module.Bases;
const Walk = axes_module.Walk;
const advance = axes_module.advance;
const rank_max = axes_module.rank_max;
const inputs_max = program.inputs_max;

pub const Prepared = prepared_module.Prepared;
pub const prepare = prepared_module.prepare;

const columns_each = columns.columns_each;
const tile_elements = 1024;
/// The most results of chunks that are kept until they are joined, in f64 elements.
pub const partials_max = 8192;

comptime {
    std.debug.assert(tile_elements >= contract.chunk);
    std.debug.assert(partials_max >= 16 * columns_each);
}

/// A vector of equal elements for every operand that is one repeated element.
const Repeated = struct {
    vectors: [program.inputs_max][contract.repeated_bytes]u8 align(contract.repeated_bytes),

    /// Fills operand `k` from `source`, an element of the compute type.
    inline fn fill(repeated: *Repeated, k: usize, bytes: usize, source: *const anyopaque) void {
        const vector: *align(64) [contract.repeated_bytes]u8 = @alignCast(&repeated.vectors[k]);
        if (bytes == 8) {
            const value: *const u64 = @ptrCast(@alignCast(source));
            @as(*[8]u64, @ptrCast(vector)).* = @splat(value.*);
        } else {
            const value: *const u32 = @ptrCast(@alignCast(source));
            @as(*[16]u32, @ptrCast(vector)).* = @splat(value.*);
        }
    }

    /// Like `fill`, from an element of another type.
    fn fillFrom(
        repeated: *Repeated,
        k: usize,
        bytes: usize,
        load: convert.Load,
        source: [*]const u8,
    ) void {
        var value: u64 align(8) = undefined;
        load(@ptrCast(&value), source, 1, 1, 0, 0);
        repeated.fill(k, bytes, &value);
    }
};

/// Runs kept indices `first..first + count` of the cut axis on the calling thread.
pub fn run(prepared: *const Prepared, bases_all: *const Bases, first: usize, count: usize) void {
    const axes = &prepared.axes;
    const n = prepared.operands;
    var bases: Bases = undefined;
    for (bases[0..n], bases_all[0..n], axes.strides[0..n]) |*base, all, *strides| {
        base.* = advance(all, strides[prepared.cut], first);
    }
    var shape: [rank_max]usize = axes.shape;
    shape[prepared.cut] = count;
    const kept = prepared.kept;
    if (!prepared.column) {
        var walk: Walk = .{};
        const straight = rowPasses(prepared);
        const short = prepared.reduced > 0 and prepared.reduced <= contract.chunk;
        if (straight and kept == 1 and axes.rank == 2 and short) {
            return reduceShort(prepared, &bases, count);
        }
        while (true) {
            var result: f64 = undefined;
            if (straight) {
                reduceStraight(prepared, &bases, &result);
            } else reduceTiles(prepared, &bases, &result);
            finish(prepared, bases[0], &result);
            if (!walk.next(shape[0..kept], axes.strides[0..n], 0, bases[0..n])) return;
        }
    }
    var walk: Walk = .{};
    while (true) {
        columns.run(prepared, &bases, shape[kept - 1]);
        if (!walk.next(shape[0 .. kept - 1], axes.strides[0..n], 0, bases[0..n])) return;
    }
}

/// Converts and stores one result of the compute type.
fn finish(prepared: *const Prepared, address: usize, result: *const f64) void {
    prepared.store()(@ptrFromInt(address), @ptrCast(result), 1, 1, 0, 0);
}

/// Whether the chunk kernels can read every operand in place, without a tile.
fn rowPasses(prepared: *const Prepared) bool {
    const axes = &prepared.axes;
    if (axes.rank > prepared.kept + 1) return false;
    const size: isize = @intCast(prepared_module.elementBytes(prepared));
    for (1..prepared.operands) |k| {
        const own = prepared.dtypes[k] == prepared.compute;
        if (axes.rank == prepared.kept) {
            if (!own) return false;
            continue;
        }
        const stride = axes.strides[k][prepared.kept];
        if (stride != 0 and (stride != size or !own)) return false;
    }
    return true;
}

const Inputs = struct {
    pointers: [inputs_max][*]const u8,
    mask: u32,
    repeated: Repeated,

    /// Moves the addresses to elements `first..` of the reduced axis.
    inline fn set(
        inputs: *Inputs,
        prepared: *const Prepared,
        bases: *const Bases,
        first: usize,
    ) void {
        inputs.mask = 0;
        const plain = prepared.axes.rank == prepared.kept;
        for (1..prepared.operands) |k| {
            const stride = if (plain) 0 else prepared.axes.strides[k][prepared.kept];
            const source: [*]const u8 = @ptrFromInt(advance(bases[k], stride, first));
            inputs.pointers[k - 1] = source;
            if (stride != 0 or plain) continue;
            const size = prepared_module.elementBytes(prepared);
            if (prepared.dtypes[k] == prepared.compute) {
                inputs.repeated.fill(k - 1, size, source);
            } else inputs.repeated.fillFrom(k - 1, size, prepared.load(k), source);
            inputs.pointers[k - 1] = &inputs.repeated.vectors[k - 1];
            inputs.mask |= @as(u32, 1) << @intCast(k - 1);
        }
    }
};

/// Kept indices whose results are stored together.
const places_each = 64;

/// Reduces `count` kept indices of one chunk each.
noinline fn reduceShort(prepared: *const Prepared, bases: *const Bases, count: usize) void {
    const axes = &prepared.axes;
    const size = prepared_module.elementBytes(prepared);
    var loaded: [inputs_max][places_each]f64 = undefined;
    var results: [places_each]f64 = undefined;
    var pointers: [inputs_max][*]const u8 = undefined;
    var strides: [inputs_max]isize = undefined;
    var first: usize = 0;
    while (first < count) : (first += places_each) {
        const places = @min(places_each, count - first);
        var mask: u32 = 0;
        for (1..prepared.operands) |k| {
            const stride = axes.strides[k][0];
            pointers[k - 1] = @ptrFromInt(advance(bases[k], stride, first));
            strides[k - 1] = stride;
            if (axes.strides[k][1] != 0) continue;
            mask |= @as(u32, 1) << @intCast(k - 1);
            if (prepared.dtypes[k] == prepared.compute) continue;
            const target: [*]u8 = @ptrCast(&loaded[k - 1]);
            prepared.load(k)(target, pointers[k - 1], 1, places, 0, stride);
            pointers[k - 1] = target;
            strides[k - 1] = @intCast(size);
        }
        const out: [*]u8 = @ptrCast(&results);
        const scalars = &prepared.scalars;
        prepared.short()(out, &pointers, &strides, mask, scalars, places, prepared.reduced);
        const stride = axes.strides[0][0];
        prepared.store()(@ptrFromInt(advance(bases[0], stride, first)), out, 1, places, 0, stride);
    }
}

/// Chunks whose results are computed before they are joined.
const wave = 64;

inline fn reduceStraight(prepared: *const Prepared, bases: *const Bases, result: *f64) void {
    // An operand without elements has not even one element that could be repeated.
    if (prepared.reduced == 0) return prepared_module.setStart(prepared, result);
    var inputs: Inputs = undefined;
    inputs.set(prepared, bases, 0);
    const scalars = &prepared.scalars;
    if (prepared.reduced <= contract.chunk) {
        const out: [*]u8 = @ptrCast(result);
        return prepared.chunks()(out, &inputs.pointers, inputs.mask, scalars, 0, prepared.reduced);
    }
    reduceLong(prepared, bases, result);
}

noinline fn reduceLong(prepared: *const Prepared, bases: *const Bases, result: *f64) void {
    var partials: [wave]f64 = undefined;
    var inputs: Inputs = undefined;
    var tree: RowTree = undefined;
    tree.init();
    var first: usize = 0;
    while (first < prepared.reduced) : (first += wave * contract.chunk) {
        inputs.set(prepared, bases, first);
        const count = @min(wave * contract.chunk, prepared.reduced - first);
        const out: [*]u8 = @ptrCast(&partials);
        prepared.chunks()(out, &inputs.pointers, inputs.mask, &prepared.scalars, first, count);
        const size = prepared_module.elementBytes(prepared);
        for (0..axes_module.divCeil(count, contract.chunk)) |i| tree.add(prepared, out + i * size, 1);
    }
    setResult(prepared, result, tree.result(prepared, 1));
}

const RowTree = tree_module.Tree(1);

/// Copies one element of the compute type.
fn setResult(prepared: *const Prepared, result: *f64, value: [*]const u8) void {
    const size = prepared_module.elementBytes(prepared);
    const to: [*]u8 = @ptrCast(result);
    @memcpy(to[0..size], value[0..size]);
}

/// Loads elements `first..first + count` of the linear reduced index into a tile.
pub fn loadRange(
    prepared: *const Prepared,
    base: usize,
    k: usize,
    out: [*]u8,
    first: usize,
    count: usize,
) void {
    const axes = &prepared.axes;
    const kept: usize = prepared.kept;
    const size = prepared_module.elementBytes(prepared);
    const load = prepared.load(k);
    if (axes.rank == kept) return load(out, @ptrFromInt(base), 1, count, 0, 0);
    const last = axes.rank - 1;
    var done: usize = 0;
    while (done < count) {
        var rest = first + done;
        const inner = rest % axes.shape[last];
        const run_count = @min(axes.shape[last] - inner, count - done);
        var address = advance(base, axes.strides[k][last], inner);
        rest /= axes.shape[last];
        var axis = last;
        while (axis > kept) {
            axis -= 1;
            address = advance(address, axes.strides[k][axis], rest % axes.shape[axis]);
            rest /= axes.shape[axis];
        }
        load(out + done * size, @ptrFromInt(address), 1, run_count, 0, axes.strides[k][last]);
        done += run_count;
    }
}

/// Whether the operand is one element for all that is joined.
fn isRepeated(prepared: *const Prepared, k: usize) bool {
    for (prepared.axes.strides[k][prepared.kept..prepared.axes.rank]) |stride| {
        if (stride != 0) return false;
    }
    return true;
}

/// Where elements `first..first + count` of the linear reduced index lie, if the kernel can read them
/// in place.
fn lineAt(prepared: *const Prepared, base: usize, k: usize, first: usize, count: usize) ?[*]const u8 {
    const axes = &prepared.axes;
    const last = axes.rank - 1;
    const size: isize = @intCast(prepared_module.elementBytes(prepared));
    if (last < prepared.kept or prepared.dtypes[k] != prepared.compute or axes.strides[k][last] != size) return null;
    const inner = first % axes.shape[last];
    if (inner + count > axes.shape[last]) return null;
    var address = advance(base, size, inner);
    var rest = first / axes.shape[last];
    var axis = last;
    while (axis > prepared.kept) {
        axis -= 1;
        address = advance(address, axes.strides[k][axis], rest % axes.shape[axis]);
        rest /= axes.shape[axis];
    }
    return @ptrFromInt(address);
}

noinline fn reduceTiles(prepared: *const Prepared, bases: *const Bases, result: *f64) void {
    if (prepared.reduced == 0) return prepared_module.setStart(prepared, result);
    var tree: RowTree = undefined;
    tree.init();
    var first: usize = 0;
    while (first < prepared.reduced) : (first += contract.chunk) {
        var value: f64 = undefined;
        chunkTiles(prepared, bases, first, &value);
        tree.add(prepared, @ptrCast(&value), 1);
    }
    setResult(prepared, result, tree.result(prepared, 1));
}

/// Joins one chunk of operands that need a tile: strided, or of another type.
noinline fn chunkTiles(
    prepared: *const Prepared,
    bases: *const Bases,
    first: usize,
    result: *f64,
) void {
    var tiles: [inputs_max][tile_elements * 8]u8 align(64) = undefined;
    var pointers: [inputs_max][*]const u8 = undefined;
    const count = @min(contract.chunk, prepared.reduced - first);
    var mask: u32 = 0;
    var repeated: Repeated = undefined;
    for (1..prepared.operands) |k| {
        if (isRepeated(prepared, k)) {
            const source: [*]const u8 = @ptrFromInt(bases[k]);
            const size = prepared_module.elementBytes(prepared);
            if (prepared.dtypes[k] == prepared.compute) {
                repeated.fill(k - 1, size, source);
            } else repeated.fillFrom(k - 1, size, prepared.load(k), source);
            pointers[k - 1] = &repeated.vectors[k - 1];
            mask |= @as(u32, 1) << @intCast(k - 1);
            continue;
        }
        if (lineAt(prepared, bases[k], k, first, count)) |line| {
            pointers[k - 1] = line;
            continue;
        }
        loadRange(prepared, bases[k], k, &tiles[k - 1], first, count);
        pointers[k - 1] = &tiles[k - 1];
    }
    prepared.chunks()(@ptrCast(result), &pointers, mask, &prepared.scalars, first, count);
}

/// Runs the whole fold, on all threads where it is large enough. `partials` belongs to the caller's
/// context.
pub fn execute(
    tables: *const contract.Table,
    pool: *Pool,
    partials: *[partials_max]f64,
    fold: *const program.Fold,
) void {
    if (axes_module.product(fold.shape[0..fold.kept]) == 0) return;
    var prepared: Prepared = undefined;
    _ = prepare(&prepared, tables, fold, .any);
    const kept_count = prepared.keptCount();
    const count = kept_count * prepared.reduced;
    const length = prepared.length();
    if (count < map_module.parallel_elements or pool.threads == 1) {
        return run(&prepared, &prepared.bases, 0, length);
    }
    const enough = pool.threads * @as(usize, if (prepared.column) 64 else 2);
    const job: Job = .{ .prepared = &prepared, .partials = partials };
    if (length < enough and prepared.reduced >= 2 * job.chunkLength()) {
        return executeChunks(pool, job);
    }
    var places = job;
    places.each = map_module.placesEach(length, count, pool.threads);
    if (prepared.column) places.each = @max(places.each, @min(length, 16));
    pool.parallel(places, Job.runPlaces, (length + places.each - 1) / places.each);
}

const Job = struct {
    prepared: *const Prepared,
    partials: *[partials_max]f64,
    /// Kept indices of the cut axis, or chunks, in a part.
    each: usize = 0,
    bases: Bases = undefined,
    first_chunk: usize = 0,
    chunks: usize = 0,
    column: usize = 0,
    columns: usize = 0,

    fn chunkLength(job: Job) usize {
        return if (job.prepared.column) contract.column_chunk else contract.chunk;
    }

    fn runPlaces(job: Job, part: usize) void {
        const first = part * job.each;
        const count = @min(job.each, job.prepared.length() - first);
        run(job.prepared, &job.prepared.bases, first, count);
    }

    fn runChunks(job: Job, part: usize) void {
        const prepared = job.prepared;
        const size = prepared_module.elementBytes(prepared);
        const begin = part * job.each;
        const end = @min(job.chunks, begin + job.each);
        const out: [*]u8 = @ptrCast(job.partials);
        const straight = !prepared.column and rowPasses(prepared);
        if (straight) {
            const first = (job.first_chunk + begin) * contract.chunk;
            const last = @min(prepared.reduced, (job.first_chunk + end) * contract.chunk);
            var inputs: Inputs = undefined;
            inputs.set(prepared, &job.bases, first);
            const target = out + begin * size;
            const kernel = prepared.chunks();
            const count = last - first;
            return kernel(target, &inputs.pointers, inputs.mask, &prepared.scalars, first, count);
        }
        for (begin..end) |chunk| {
            const first = (job.first_chunk + chunk) * job.chunkLength();
            if (prepared.column) {
                const target = out + chunk * job.columns * size;
                columns.chunk(prepared, &job.bases, job.column, job.columns, first, target);
            } else {
                var value: f64 = undefined;
                chunkTiles(prepared, &job.bases, first, &value);
                @memcpy(out[chunk * size ..][0..size], std.mem.asBytes(&value)[0..size]);
            }
        }
    }
};

/// For few kept indices: threads share out the chunks of each.
noinline fn executeChunks(pool: *Pool, job_begun: Job) void {
    var job = job_begun;
    const prepared = job.prepared;
    const axes = &prepared.axes;
    const n = prepared.operands;
    // In a column fold all indices of the last kept axis are joined together.
    const outer: usize = if (prepared.column) prepared.kept - 1 else prepared.kept;
    const all_columns = if (prepared.column) axes.shape[prepared.kept - 1] else 1;
    job.bases = prepared.bases;
    var walk: Walk = .{};
    while (true) {
        job.column = 0;
        while (job.column < all_columns) : (job.column += columns_each) {
            job.columns = @min(columns_each, all_columns - job.column);
            joinChunks(pool, &job);
        }
        if (!walk.next(axes.shape[0..outer], axes.strides[0..n], 0, job.bases[0..n])) return;
    }
}

fn joinChunks(pool: *Pool, job: *Job) void {
    const prepared = job.prepared;
    const size = prepared_module.elementBytes(prepared);
    const all = (prepared.reduced + job.chunkLength() - 1) / job.chunkLength();
    const chunks_each = partials_max / job.columns;
    var tree: columns.Tree = undefined;
    tree.init();
    const partials: [*]const u8 = @ptrCast(job.partials);
    job.first_chunk = 0;
    while (job.first_chunk < all) : (job.first_chunk += chunks_each) {
        job.chunks = @min(chunks_each, all - job.first_chunk);
        job.each = @max(1, job.chunks / (pool.threads * 4));
        pool.parallel(job.*, Job.runChunks, (job.chunks + job.each - 1) / job.each);
        for (0..job.chunks) |chunk| {
            tree.add(prepared, partials + chunk * job.columns * size, job.columns);
        }
    }
    const stride = if (prepared.column) prepared.axes.strides[0][prepared.kept - 1] else 0;
    const target: [*]u8 = @ptrFromInt(advance(job.bases[0], stride, job.column));
    prepared.store()(target, tree.result(prepared, job.columns), 1, job.columns, 0, stride);
}
