//! The arg skeleton: the index of the best element along the reduced axes, the first of equal ones;
//! the first NaN beats all others. The answer depends on no order. Each element is read once:
//! memory is the bound.

const axes_module = @import("../../program/axes.zig");
const contract = @import("../level/contract.zig");
const fold_columns = @import("fold_columns.zig");
const fold_module = @import("fold.zig");
const map_module = @import("map.zig");
const program = @import("../../program/program.zig");
const Pool = @import("../pool.zig").Pool;

const Bases = axes_module.Bases;
const Prepared = fold_module.Prepared;
const rank_max = axes_module.rank_max;

/// Runs kept indices `first..first + count` of the cut axis on the calling thread.
pub fn run(prepared: *const Prepared, bases_all: *const Bases, first: usize, count: usize) void {
    const axes = &prepared.axes;
    var bases: [2]usize = undefined;
    for (&bases, bases_all[0..2], axes.strides[0..2]) |*base, all, *strides| {
        base.* = axes_module.advance(all, strides[prepared.cut], first);
    }
    var shape: [rank_max]usize = axes.shape;
    shape[prepared.cut] = count;
    const kept = prepared.kept;
    if (prepared.column and prepared.reduced > 0 and fold_columns.passes(prepared)) {
        return runColumns(prepared, &bases, &shape, false);
    }
    const short = prepared.reduced > 0 and prepared.reduced <= short_each;
    if (short and axes.rank == kept + 1 and kept > 0 and shape[kept - 1] >= columns_min) {
        return runColumns(prepared, &bases, &shape, true);
    }
    if (short and axes.rank > kept + 1 and kept > 0 and windowsBeside(shape[0..kept]) >= columns_min) {
        return runWindows(prepared, &bases, &shape);
    }
    const size: isize = @intCast(prepared.compute.bytes());
    const plain = axes.rank <= kept + 1 and prepared.dtypes[1] == prepared.compute and
        (axes.rank == kept or axes.strides[1][kept] == size);
    const kernel = prepared.tables.arg[@backingInt(prepared.compute)][prepared.row].?;
    const ints = @backingInt(program.DType.int32);
    const store = prepared.tables.store[ints][@backingInt(prepared.dtypes[0])];
    var walk: axes_module.Walk = .{};
    while (true) {
        var best: f64 = undefined;
        var place: i32 = -1;
        if (plain) {
            kernel(&best, &place, @ptrFromInt(bases[1]), 0, prepared.reduced);
        } else runTiles(prepared, kernel, bases[1], &best, &place);
        // An arg over no elements has no answer; its result is 0.
        place = @max(place, 0);
        store(@ptrFromInt(bases[0]), @ptrCast(&place), 1, 1, 0, 0);
        if (!walk.next(shape[0..kept], axes.strides[0..2], 0, &bases)) return;
    }
}

/// Columns that are compared side by side.
const columns_each = 256;
/// Rows of at most `short_each` elements are transposed into columns of a tile, `short_columns`
/// rows at a time, where there are at least `columns_min`: starting a row costs some dozens of
/// elements.
const short_each = 64;
const short_columns = 64;
const columns_min = 8;

/// Compares columns side by side: the kept axis has the smaller stride, or was transposed
/// (`brought`).
noinline fn runColumns(
    prepared: *const Prepared,
    bases: *[2]usize,
    shape: *const [rank_max]usize,
    brought: bool,
) void {
    const axes = &prepared.axes;
    const last = prepared.kept - 1;
    const kernel = prepared.tables.arg_columns[@backingInt(prepared.compute)][prepared.row].?;
    const ints = @backingInt(program.DType.int32);
    const store = prepared.tables.store[ints][@backingInt(prepared.dtypes[0])];
    const row_stride = if (axes.rank == prepared.kept) 0 else axes.strides[1][prepared.kept];
    const each: usize = if (brought) short_columns else columns_each;
    var tile: [short_each * short_columns * 8]u8 align(64) = undefined;
    var places: [columns_each]i32 = undefined;
    var walk: axes_module.Walk = .{};
    while (true) {
        var column: usize = 0;
        while (column < shape[last]) : (column += each) {
            const count = @min(each, shape[last] - column);
            const input = axes_module.advance(bases[1], axes.strides[1][last], column);
            if (brought) {
                const load = prepared.load(1);
                load(&tile, @ptrFromInt(input), prepared.reduced, count, row_stride, axes.strides[1][last]);
                const stride: isize = @intCast(count * prepared.compute.bytes());
                kernel(&places, &tile, stride, prepared.reduced, count);
            } else kernel(&places, @ptrFromInt(input), row_stride, prepared.reduced, count);
            const out = axes_module.advance(bases[0], axes.strides[0][last], column);
            store(@ptrFromInt(out), @ptrCast(&places), 1, count, 0, axes.strides[0][last]);
        }
        if (!walk.next(shape[0..last], axes.strides[0..2], 0, bases)) return;
    }
}

/// How many windows lie along the last two kept axes, which a tile may hold together.
fn windowsBeside(shape: []const usize) usize {
    return shape[shape.len - 1] * if (shape.len > 1) shape[shape.len - 2] else 1;
}

/// Compares windows side by side, whose elements lie along several axes: each element of all windows
/// is a row of a tile.
noinline fn runWindows(prepared: *const Prepared, bases: *[2]usize, shape: *const [rank_max]usize) void {
    const axes = &prepared.axes;
    const last = prepared.kept - 1;
    const kernel = prepared.tables.arg_columns[@backingInt(prepared.compute)][prepared.row].?;
    const ints = @backingInt(program.DType.int32);
    const store = prepared.tables.store[ints][@backingInt(prepared.dtypes[0])];
    const load = prepared.load(1);
    const size = prepared.compute.bytes();
    // A tile has several lines of windows where they are short.
    const outer = last -| 1;
    const lines = if (last > 0) shape[outer] else 1;
    const line_strides = if (last > 0) [2]isize{ axes.strides[0][outer], axes.strides[1][outer] } else [2]isize{ 0, 0 };
    const strides = [2]isize{ axes.strides[0][last], axes.strides[1][last] };
    const most = @min(columns_each, short_each * short_columns / prepared.reduced);
    const columns = @min(most, shape[last]);
    const rows = most / columns;
    var tile: [short_each * short_columns * 8]u8 align(64) = undefined;
    var places: [columns_each]i32 = undefined;
    var walk: axes_module.Walk = .{};
    while (true) {
        var line: usize = 0;
        while (line < lines) : (line += rows) {
            const down = @min(rows, lines - line);
            var column: usize = 0;
            while (column < shape[last]) : (column += columns) {
                const across = @min(columns, shape[last] - column);
                const count = down * across;
                var element: [1]usize = .{
                    axes_module.advance(axes_module.advance(bases[1], line_strides[1], line), strides[1], column),
                };
                var inner: axes_module.Walk = .{};
                for (0..prepared.reduced) |i| {
                    load(tile[i * count * size ..].ptr, @ptrFromInt(element[0]), down, across, line_strides[1], strides[1]);
                    _ = inner.next(axes.shape[prepared.kept..axes.rank], axes.strides[1..2], prepared.kept, &element);
                }
                kernel(&places, &tile, @intCast(count * size), prepared.reduced, count);
                const out = axes_module.advance(axes_module.advance(bases[0], line_strides[0], line), strides[0], column);
                store(@ptrFromInt(out), @ptrCast(&places), down, across, line_strides[0], strides[0]);
            }
        }
        if (!walk.next(shape[0..outer], axes.strides[0..2], 0, bases)) return;
    }
}

noinline fn runTiles(
    prepared: *const Prepared,
    kernel: contract.ArgKernel,
    base: usize,
    best: *f64,
    place: *i32,
) void {
    var tile: [contract.chunk * 8]u8 align(64) = undefined;
    var first: usize = 0;
    while (first < prepared.reduced) : (first += contract.chunk) {
        const count = @min(contract.chunk, prepared.reduced - first);
        fold_module.loadRange(prepared, base, 1, &tile, first, count);
        kernel(best, place, &tile, first, count);
    }
}

/// Runs the whole instruction, on all threads where it is large enough.
pub fn execute(tables: *const contract.Table, pool: *Pool, arg: *const program.Fold) void {
    const kept_count = axes_module.product(arg.shape[0..arg.kept]);
    if (kept_count == 0) return;
    var prepared: Prepared = undefined;
    _ = fold_module.prepare(&prepared, tables, arg, .any);
    const length = prepared.length();
    const count = kept_count * prepared.reduced;
    if (count < map_module.parallel_elements) return run(&prepared, &prepared.bases, 0, length);
    const each = map_module.placesEach(length, count, pool.threads);
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
