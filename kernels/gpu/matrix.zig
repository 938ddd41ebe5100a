//! A matrix as BLAS takes it: row-major or column-major, with contiguous rows or columns.

const std = @import("std");

pub const Matrix = struct {
    transposed: bool,
    /// Elements from row to row, or from column to column.
    step: usize,

    /// The layout of a rows x columns matrix with such strides; null where neither axis is
    /// contiguous.
    pub fn of(rows: usize, columns: usize, strides: *const [2]isize) ?Matrix {
        const row, const column = strides.*;
        if ((column == 1 or columns == 1) and (row >= columns or rows == 1)) {
            return .{ .transposed = false, .step = if (rows == 1) columns else @intCast(row) };
        }
        if ((row == 1 or rows == 1) and (column >= rows or columns == 1)) {
            return .{ .transposed = true, .step = if (columns == 1) rows else @intCast(column) };
        }
        return null;
    }
};

test "matrices are rows or columns without gaps between elements, or neither" {
    const expectEqual = std.testing.expectEqual;
    try expectEqual(Matrix{ .transposed = false, .step = 9 }, Matrix.of(3, 5, &.{ 9, 1 }).?);
    try expectEqual(Matrix{ .transposed = true, .step = 3 }, Matrix.of(3, 5, &.{ 1, 3 }).?);
    try expectEqual(Matrix{ .transposed = false, .step = 5 }, Matrix.of(1, 5, &.{ 0, 1 }).?);
    try expectEqual(Matrix{ .transposed = false, .step = 7 }, Matrix.of(3, 1, &.{ 7, 0 }).?);
    for ([_][2]isize{ .{ 0, 1 }, .{ 10, 2 }, .{ -5, 1 }, .{ 1, 0 }, .{ 1, -3 } }) |strides| {
        try expectEqual(null, Matrix.of(3, 5, &strides));
    }
}
