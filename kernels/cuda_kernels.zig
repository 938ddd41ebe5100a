//! Every CUDA kernel under its name. Compiled for `nvptx64-cuda` this file is the PTX that the
//! library carries (`tools/build.ts`, `build.zig`); compiled for the host it is what the tests'
//! driver runs in its place. `cuda.zig` builds the same names.

const std = @import("std");
pub const convert = @import("convert.zig");
const fold = @import("cuda_fold.zig");
const map = @import("cuda_map.zig");
const matmul = @import("cuda_matmul.zig");
const places = @import("cuda_places.zig");
pub const program = @import("program.zig");
const table = @import("table.zig");
pub const layout = @import("cuda_layout.zig");
pub const threading = @import("cuda_thread.zig");

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

comptime {
    if (threading.on_device) {
        @setEvalBranchQuota(1_000_000);
        for (entries) |entry| @export(&threading.Device(entry.Kernel).run, .{ .name = entry.name });
    }
}
