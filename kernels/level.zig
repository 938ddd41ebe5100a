//! The kernels of one CPU level as an object of its own: the library links one for each further
//! level. `cpu/level/level.zig` explains how. Imports: cpu/level.

const contract = @import("cpu/level/contract.zig");
const level = @import("cpu/level/level.zig");

comptime {
    @export(&level.own, .{ .name = contract.symbolOf(level.name), .visibility = .hidden });
}
