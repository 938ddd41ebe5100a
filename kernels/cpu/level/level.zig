//! All row kernels for one CPU level, behind one table of function pointers.
//!
//! The library contains this file several times. The library imports it once, for the CPU that the
//! library itself is compiled for (the baseline), and on x86_64 links objects whose root is
//! `kernels/level.zig`:
//!
//!     -mcpu=x86_64_v3                        exports the table of x86_64_v3
//!     -mcpu=x86_64_v4-prefer_256_bit         exports the table of x86_64_v4
//!
//! Each object is position independent, and has the library's optimize mode and stripping. The
//! library's root file says `pub const levels_linked = true;` where these objects are linked; else
//! only the baseline exists, as in tests, in wasm and on aarch64. `cpu/levels.zig` chooses among
//! the levels when a context is opened.

const std = @import("std");
const builtin = @import("builtin");
const table = @import("../../rows/table.zig");
const rows = @import("row_kernels.zig");
const contract = @import("contract.zig");
const convert = @import("../../program/convert.zig");
const gemm = @import("gemm.zig");
const gemm_half = @import("halves.zig");
const gemm_panels = @import("panels.zig");
const keys = @import("keys.zig");
const philox = @import("../../numbers/philox.zig");
const program = @import("../../program/program.zig");
const scans = @import("scan.zig");
const tile = @import("tile.zig");
const windows = @import("windows.zig");
const Pool = @import("../pool.zig").Pool;

const x86 = std.Target.x86;
const is_x86 = builtin.cpu.arch == .x86_64;

/// Bits of the widest register that this level computes with.
const register_bits = if (is_x86 and x86.featureSetHas(builtin.cpu.features, .avx512f))
    512
else if (is_x86 and x86.featureSetHas(builtin.cpu.features, .avx2))
    256
else
    128;

/// The level's name in `--level` and in the manifest.
pub const name = if (builtin.cpu.arch.isWasm()) "wasm" else if (!is_x86)
    @tagName(builtin.cpu.arch)
else switch (register_bits) {
    512 => "x86_64_v4",
    256 => "x86_64_v3",
    else => "x86_64_v2",
};

fn lanes(comptime T: type) usize {
    return register_bits / @bitSizeOf(T);
}

const config: tile.Config = if (builtin.cpu.arch.isWasm())
    .wasm
else if (!is_x86)
    .neon
else switch (register_bits) {
    512 => .x86_64_v4,
    256 => .x86_64_v3,
    else => .x86_64_v2,
};

fn Gemm(comptime T: type) type {
    return struct {
        fn run(
            pool: *Pool,
            arguments: *const anyopaque,
            batch: *const contract.Batch,
            scratch: [*]align(64) u8,
            scratch_length: usize,
        ) callconv(.c) void {
            const args: *const contract.Args(T) = @ptrCast(@alignCast(arguments));
            gemm.Gemm(T, config).runBatch(pool, args.*, batch, scratch[0..scratch_length]);
        }

        fn pack(pool: *Pool, arguments: *const anyopaque, to: ?[*]align(64) u8) callconv(.c) usize {
            const args: *const contract.Args(T) = @ptrCast(@alignCast(arguments));
            const Panels = gemm_panels.Panels(T, config);
            if (to) |panels| Panels.pack(pool, args, @ptrCast(panels));
            return Panels.elements(args) * @sizeOf(T);
        }
    };
}

fn Convolution(comptime T: type) type {
    return struct {
        fn run(pool: *Pool, one: *const contract.Convolve, scratch: [*]align(64) u8, scratch_length: usize) callconv(.c) bool {
            return windows.Convolution(T, config).run(pool, one, scratch[0..scratch_length]);
        }
    };
}

const has_panels = !builtin.cpu.arch.isWasm();

fn exists(comptime row: anytype, comptime T: type) bool {
    return row.types.has(T);
}

pub const own: contract.Table = blk: {
    @setEvalBranchQuota(1_000_000);
    var all: contract.Table = undefined;
    for (convert.Compute, 0..) |T, code| {
        for (table.map_rows, 0..) |row, i| {
            all.map[code][i] = if (exists(row, T)) &rows.Map(row, T, lanes(T)).run else null;
        }
        for (table.fold_rows, 0..) |row, i| {
            const Fold = rows.Fold(row, T, lanes(T));
            all.chunks[code][i] = if (exists(row, T)) &Fold.chunks else null;
            all.short[code][i] = if (exists(row, T)) &Fold.short else null;
            all.columns[code][i] = if (exists(row, T)) &Fold.columns else null;
            all.join[code][i] = if (exists(row, T)) &Fold.joins else null;
        }
        for (table.arg_rows, 0..) |row, i| {
            const Arg = rows.Arg(row, T, lanes(T));
            all.arg[code][i] = if (exists(row, T)) &Arg.run else null;
            all.arg_columns[code][i] = if (exists(row, T)) &Arg.columns else null;
        }
        for (table.scan_rows, 0..) |row, i| {
            const Scan = scans.Scan(row, T);
            const blocks = row.associates();
            all.scan[code][i] = if (exists(row, T) and blocks) &Scan.rows else null;
            all.scan_columns[code][i] = if (exists(row, T)) &Scan.columns else null;
            all.scan_join[code][i] = if (exists(row, T) and blocks) &Scan.joins else null;
        }
        for (std.enums.values(program.DType)) |dtype| {
            const stored = @backingInt(dtype);
            all.load[code][stored] = &convert.Loader(dtype, T).load;
            all.store[code][stored] = &convert.Storer(dtype, T).store;
        }
        all.gemm[code] = &Gemm(T).run;
        all.convolve[code] = &Convolution(T).run;
        all.gemm_pack[code] = if (has_panels) &Gemm(T).pack else null;
    }
    for (std.enums.values(program.DType)) |dtype| all.keys[@backingInt(dtype)] = &keys.Keys(dtype).run;
    all.gemm_half = &gemm_half.Gemm(config, false).run;
    all.gemm_half_pack = if (has_panels) &gemm_half.Gemm(config, false).pack else null;
    all.gemm_dots = if (gemm_half.has_dots) &gemm_half.Gemm(config, true).run else null;
    all.gemm_dots_pack = if (gemm_half.has_dots) &gemm_half.Gemm(config, true).pack else null;
    all.random = &philox.Philox(lanes(u32)).fill;
    break :blk all;
};
