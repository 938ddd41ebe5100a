//! The kernels of one CPU level as an object of its own: the root of what the library links in for
//! each further level. `cpu/level/level.zig` says how. Imports: cpu/level.

const level = @import("cpu/level/level.zig");

comptime {
    @export(&level.own, .{ .name = "deneb_level_" ++ level.name, .visibility = .hidden });
}
