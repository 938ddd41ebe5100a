//! A fold prepared for its loops: axes merged, addresses, and the kernels of its row.

const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const convert = @import("../../program/convert.zig");
const facts = @import("../../program/facts.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");

const Axes = axes_module.Axes;
const Bases = axes_module.Bases;
const operands_max = axes_module.operands_max;

/// The start of every row of the table, which is also the result of a fold over no elements.
const starts: [3][table.fold_rows.len]f64 = blk: {
    var values: [3][table.fold_rows.len]f64 = undefined;
    for (convert.Compute, &values) |T, *list| {
        for (table.fold_rows, list) |row, *value| {
            value.* = if (T == i32) @floatFromInt(row.start(T)) else row.start(T);
        }
    }
    break :blk values;
};

/// A fold whose axes are merged; the kept axes come first. Axis `cut` is a kept axis and may be
/// walked in pieces.
pub const Prepared = struct {
    tables: *const contract.Table,
    row: u16,
    compute: program.DType,
    column: bool,
    operands: u8,
    kept: u8,
    cut: u8,
    /// The number of elements joined into one result.
    reduced: usize,
    scalars: map_module.Scalars,
    axes: Axes,
    bases: Bases,
    dtypes: [operands_max]program.DType,

    /// Takes the addresses and numbers of a fold that differs from the prepared one in nothing
    /// else.
    pub fn rebind(prepared: *Prepared, fold: *const program.Fold) void {
        prepared.scalars = .init(fold.compute, &fold.scalars);
        axes_module.pointAt(&prepared.bases, fold);
    }

    pub fn length(prepared: *const Prepared) usize {
        return prepared.axes.shape[prepared.cut];
    }

    pub fn keptCount(prepared: *const Prepared) usize {
        return axes_module.product(prepared.axes.shape[0..prepared.kept]);
    }

    pub fn chunks(prepared: *const Prepared) contract.ChunksKernel {
        return prepared.tables.chunks[@backingInt(prepared.compute)][prepared.row].?;
    }

    pub fn short(prepared: *const Prepared) contract.ShortKernel {
        return prepared.tables.short[@backingInt(prepared.compute)][prepared.row].?;
    }

    pub fn columnsKernel(prepared: *const Prepared) contract.ColumnsKernel {
        return prepared.tables.columns[@backingInt(prepared.compute)][prepared.row].?;
    }

    pub fn join(prepared: *const Prepared) contract.JoinKernel {
        return prepared.tables.join[@backingInt(prepared.compute)][prepared.row].?;
    }

    pub fn load(prepared: *const Prepared, k: usize) convert.Load {
        return prepared.tables.load[@backingInt(prepared.compute)][@backingInt(prepared.dtypes[k])];
    }

    pub fn store(prepared: *const Prepared) convert.Store {
        const list = &prepared.tables.store[@backingInt(prepared.compute)];
        return list[@backingInt(prepared.dtypes[0])];
    }
};

pub const Cut = union(enum) {
    /// Cuts the longest kept axis.
    any,
    /// Cuts all kept axes, merged into one.
    all,
};

/// Prepares the fold; false if its axes cannot be cut as `cut` asks.
pub fn prepare(
    prepared: *Prepared,
    tables: *const contract.Table,
    fold: *const program.Fold,
    cut: Cut,
) bool {
    prepared.tables = tables;
    prepared.row = fold.row;
    prepared.compute = fold.compute;
    prepared.column = facts.isColumn(fold);
    prepared.operands = fold.inputs_count + 1;
    prepared.rebind(fold);
    const reduced_shape = fold.shape[fold.kept..fold.rank];
    prepared.reduced = axes_module.product(reduced_shape);

    var views: [operands_max]*const program.View = undefined;
    var places: [operands_max]?usize = @splat(0);
    views[0] = &fold.out;
    for (fold.inputs[0..fold.inputs_count], views[1..][0..fold.inputs_count]) |*input, *view| {
        view.* = input;
    }
    const n = prepared.operands;
    for (views[0..n], prepared.dtypes[0..n]) |view, *dtype| dtype.* = view.dtype;
    const axes = &prepared.axes;
    axes.rank = 0;
    axes.append(views[0..n], fold.shape[0..fold.kept], places[0..n], 0);
    axes.atLeast(1);
    if (cut == .all and axes.rank > 1) return false;
    prepared.kept = @intCast(axes.rank);
    places = @splat(fold.kept);
    places[0] = null;
    axes.append(views[0..n], reduced_shape, places[0..n], axes.rank);
    var longest: usize = 0;
    for (axes.shape[0..prepared.kept], 0..) |size, axis| {
        if (size > axes.shape[longest]) longest = axis;
    }
    prepared.cut = @intCast(longest);
    return true;
}

/// Writes the start of the fold, as an element of its compute type.
pub fn setStart(prepared: *const Prepared, result: *f64) void {
    const value = starts[@backingInt(prepared.compute)][prepared.row];
    switch (prepared.compute) {
        .float32 => @as(*f32, @ptrCast(result)).* = @floatCast(value),
        .float64 => result.* = value,
        else => @as(*i32, @ptrCast(result)).* = @trunc(value),
    }
}

pub fn elementBytes(prepared: *const Prepared) usize {
    return prepared.compute.bytes();
}
