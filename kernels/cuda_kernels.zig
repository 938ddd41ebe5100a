//! The CUDA kernels as a module of their own. Compiled for `nvptx64-cuda` the module is the PTX
//! that the library carries (`tools/build.ts`, `build.zig`); compiled for the host the stand-in
//! driver of the tests runs the kernels, by the names below. Imports: cuda/kernels.

const table = @import("cuda/kernels/entries.zig");
pub const convert = @import("program/convert.zig");
pub const layout = @import("gpu/arguments.zig");
pub const program = @import("program/program.zig");
pub const threading = @import("cuda/kernels/thread.zig");

pub const Entry = table.Entry;
pub const entries = table.entries;

comptime {
    if (threading.on_device) {
        @setEvalBranchQuota(1_000_000);
        for (entries) |entry| @export(&threading.Device(entry.Kernel).run, .{ .name = entry.name });
    }
}
