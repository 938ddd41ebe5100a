//! The fold skeleton where the kept axis has the smaller stride: columns run down side by side.
//!
//! `run` computes whole columns. `accumulate` is for a group whose tiles are rows: it continues
//! each chunk of rows from where the last tile ended, and `finish` joins the chunks. Both join in
//! the order that `fold.zig` promises. Each element is read once: memory is the bound.

const std = @import("std");
const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const prepared_module = @import("fold_prepared.zig");
const program = @import("../../program/program.zig");
const tree_module = @import("fold_tree.zig");

const Bases = axes_module.Bases;
const Prepared = prepared_module.Prepared;
const advance = axes_module.advance;
const inputs_max = program.inputs_max;

/// Columns that are joined side by side.
pub const columns_each = 256;
/// Columns of a tile into which operands are loaded.
const tile_columns = 32;

/// The results of chunks of columns that are joined side by side.
pub const Tree = tree_module.Tree(columns_each);

comptime {
    std.debug.assert(columns_each % tile_columns == 0);
}

/// Whether the column kernels can read every operand in place, without a tile.
pub fn passes(prepared: *const Prepared) bool {
    const axes = &prepared.axes;
    const kept = prepared.kept;
    if (axes.rank > kept + 1) return false;
    const size: isize = @intCast(prepared_module.elementBytes(prepared));
    for (1..prepared.operands) |k| {
        if (prepared.dtypes[k] != prepared.compute) return false;
        if (axes.strides[k][kept - 1] != size) return false;
    }
    return true;
}

/// Folds the last kept axis at one index of the other kept axes.
pub noinline fn run(prepared: *const Prepared, bases: *const Bases, count: usize) void {
    if (prepared.reduced > contract.column_chunk) return runLong(prepared, bases, count);
    var running: [columns_each]f64 = undefined;
    const size = prepared_module.elementBytes(prepared);
    const stride = prepared.axes.strides[0][prepared.kept - 1];
    const straight = prepared.dtypes[0] == prepared.compute and stride == @as(isize, @intCast(size));
    var column: usize = 0;
    while (column < count) : (column += columns_each) {
        const columns = @min(columns_each, count - column);
        const target: [*]u8 = @ptrFromInt(advance(bases[0], stride, column));
        const out: [*]u8 = if (straight) target else @ptrCast(&running);
        if (prepared.reduced == 0) {
            for (0..columns) |i| {
                var value: f64 = undefined;
                prepared_module.setStart(prepared, &value);
                @memcpy(out[i * size ..][0..size], std.mem.asBytes(&value)[0..size]);
            }
        } else chunk(prepared, bases, column, columns, 0, out);
        if (!straight) prepared.store()(target, out, 1, columns, 0, stride);
    }
}

/// An operand with kept axes alone may be the output itself, which is therefore written only when
/// all chunks are joined.
noinline fn runLong(prepared: *const Prepared, bases: *const Bases, count: usize) void {
    var values: [columns_each]f64 = undefined;
    var tree: Tree = undefined;
    const stride = prepared.axes.strides[0][prepared.kept - 1];
    var column: usize = 0;
    while (column < count) : (column += columns_each) {
        const columns = @min(columns_each, count - column);
        tree.init();
        var first: usize = 0;
        while (first < prepared.reduced) : (first += contract.column_chunk) {
            chunk(prepared, bases, column, columns, first, @ptrCast(&values));
            tree.add(prepared, @ptrCast(&values), columns);
        }
        const target: [*]u8 = @ptrFromInt(advance(bases[0], stride, column));
        prepared.store()(target, tree.result(prepared, columns), 1, columns, 0, stride);
    }
}

/// Joins the chunk of rows that begins at `first`, for some columns.
pub fn chunk(
    prepared: *const Prepared,
    bases: *const Bases,
    column: usize,
    columns: usize,
    first: usize,
    out: [*]u8,
) void {
    const axes = &prepared.axes;
    const kept = prepared.kept;
    const count = @min(contract.column_chunk, prepared.reduced - first);
    if (!passes(prepared)) {
        return tiles(prepared, bases, column, columns, first, out);
    }
    var pointers: [inputs_max][*]const u8 = undefined;
    var strides: [inputs_max]isize = undefined;
    for (1..prepared.operands) |k| {
        const stride = if (axes.rank == kept) 0 else axes.strides[k][kept];
        const begin = advance(bases[k], axes.strides[k][kept - 1], column);
        pointers[k - 1] = @ptrFromInt(advance(begin, stride, first));
        strides[k - 1] = stride;
    }
    prepared.columnsKernel()(
        out,
        &pointers,
        &strides,
        &prepared.scalars,
        first,
        count,
        columns,
        true,
    );
}

noinline fn tiles(
    prepared: *const Prepared,
    bases: *const Bases,
    column: usize,
    columns: usize,
    first: usize,
    out: [*]u8,
) void {
    const axes = &prepared.axes;
    const kept = prepared.kept;
    const size = prepared_module.elementBytes(prepared);
    const count = @min(contract.column_chunk, prepared.reduced - first);
    var loaded: [inputs_max][contract.column_chunk * tile_columns * 8]u8 align(64) = undefined;
    var pointers: [inputs_max][*]const u8 = undefined;
    var i: usize = 0;
    while (i < columns) : (i += tile_columns) {
        const wide = @min(tile_columns, columns - i);
        const strides: [inputs_max]isize = @splat(@intCast(wide * size));
        for (1..prepared.operands) |k| {
            const stride = axes.strides[k][kept - 1];
            const begin = advance(bases[k], stride, column + i);
            pointers[k - 1] = &loaded[k - 1];
            if (axes.rank <= kept + 1) {
                const along = if (axes.rank == kept) 0 else axes.strides[k][kept];
                const address = advance(begin, along, first);
                prepared.load(k)(&loaded[k - 1], @ptrFromInt(address), count, wide, along, stride);
            } else for (0..count) |r| {
                const address = rowAddress(prepared, begin, k, first + r);
                const tile = loaded[k - 1][r * wide * size ..].ptr;
                prepared.load(k)(tile, @ptrFromInt(address), 1, wide, 0, stride);
            }
        }
        const target = out + i * size;
        prepared.columnsKernel()(
            target,
            &pointers,
            &strides,
            &prepared.scalars,
            first,
            count,
            wide,
            true,
        );
    }
}

fn rowAddress(prepared: *const Prepared, base: usize, k: usize, linear: usize) usize {
    const axes = &prepared.axes;
    var address = base;
    var rest = linear;
    var axis = axes.rank;
    while (axis > prepared.kept) {
        axis -= 1;
        address = advance(address, axes.strides[k][axis], rest % axes.shape[axis]);
        rest /= axes.shape[axis];
    }
    return address;
}

/// Bytes of the results that `accumulate` keeps for all chunks.
pub fn partialBytes(prepared: *const Prepared) usize {
    return prepared.axes.shape[0] * prepared_module.elementBytes(prepared);
}

/// Joins rows `first..first + count`, which follow on those joined before, into the results of
/// their chunks; for one kept and one reduced axis whose operands are read in place.
pub fn accumulate(
    prepared: *const Prepared,
    bases: *const Bases,
    first: usize,
    count: usize,
    partials: [*]u8,
) void {
    const columns = prepared.axes.shape[0];
    var pointers: [inputs_max][*]const u8 = undefined;
    var strides: [inputs_max]isize = undefined;
    for (1..prepared.operands) |k| strides[k - 1] = prepared.axes.strides[k][1];
    var row = first;
    while (row < first + count) {
        const number = row / contract.column_chunk;
        const end = @min(first + count, (number + 1) * contract.column_chunk);
        for (1..prepared.operands) |k| {
            pointers[k - 1] = @ptrFromInt(advance(bases[k], strides[k - 1], row));
        }
        prepared.columnsKernel()(
            partials + number * partialBytes(prepared),
            &pointers,
            &strides,
            &prepared.scalars,
            row,
            end - row,
            columns,
            row % contract.column_chunk == 0,
        );
        row = end;
    }
}

/// Joins the chunks' results and stores them.
pub fn finish(prepared: *const Prepared, partials: [*]u8) void {
    const columns = prepared.axes.shape[0];
    const chunks = axes_module.divCeil(prepared.reduced, contract.column_chunk);
    tree_module.joinAll(prepared, partials, chunks, columns);
    const target: [*]u8 = @ptrFromInt(prepared.bases[0]);
    prepared.store()(target, partials, 1, columns, 0, prepared.axes.strides[0][0]);
}
