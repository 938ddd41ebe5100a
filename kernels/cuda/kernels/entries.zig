//! Every CUDA kernel under its name. The engine that launches them builds the same names.

const std = @import("std");
const convert = @import("../../program/convert.zig");
const fold = @import("fold.zig");
const map = @import("map.zig");
const matmul = @import("matmul.zig");
const places = @import("places.zig");
const program = @import("../../program/program.zig");
const table = @import("../../rows/table.zig");

pub const Entry = struct { name: []const u8, Kernel: type };

const type_names = [_][]const u8{ "float32", "float64", "int32" };

pub const entries: []const Entry = blk: {
    @setEvalBranchQuota(1_000_000);
    var list: []const Entry = &.{};
    for (convert.Compute, type_names) |T, of| {
        for (table.map_rows) |row| {
            if (T == i32 and !row.for_ints) continue;
            list = list ++ [_]Entry{
                .{ .name = "vector_" ++ row.name ++ "_" ++ of, .Kernel = map.Vector(row, T) },
                .{ .name = "strided_" ++ row.name ++ "_" ++ of, .Kernel = map.Strided(row, T) },
            };
        }
        for (table.fold_rows) |row| {
            if (T == i32 and !row.for_ints) continue;
            list = list ++ [_]Entry{
                .{ .name = "fold_" ++ row.name ++ "_" ++ of, .Kernel = fold.Fold(row, T, false) },
                .{ .name = "join_" ++ row.name ++ "_" ++ of, .Kernel = fold.Fold(row, T, true) },
            };
        }
        for (table.arg_rows) |row| {
            if (T == i32 and !row.for_ints) continue;
            list = list ++ [_]Entry{.{ .name = "arg_" ++ row.name ++ "_" ++ of, .Kernel = fold.Arg(row, T) }};
        }
        list = list ++ [_]Entry{.{ .name = "matmul_" ++ of, .Kernel = matmul.MatMul(T) }};
    }
    for (.{ u8, u16, u32, u64 }) |T| {
        const name = std.fmt.comptimePrint("gather_{d}", .{@sizeOf(T)});
        list = list ++ [_]Entry{.{ .name = name, .Kernel = places.Gather(T) }};
    }
    for (@typeInfo(program.DType).@"enum".field_names) |of| {
        list = list ++ [_]Entry{
            .{ .name = "scatter_" ++ of, .Kernel = places.Scatter(@field(program.DType, of)) },
            .{ .name = "scatter_first_" ++ of, .Kernel = places.ScatterFirst(@field(program.DType, of)) },
        };
    }
    for (.{ "float32", "float64", "int32" }) |of| {
        list = list ++ [_]Entry{.{ .name = "random_" ++ of, .Kernel = map.Random(@field(program.DType, of)) }};
    }
    list = list ++ [_]Entry{.{ .name = "check", .Kernel = places.Check }};
    break :blk list;
};
