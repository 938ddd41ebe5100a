//! Every CUDA kernel under its name, file by file.

const threading = @import("thread.zig");

pub const Entry = threading.Entry;

pub const entries: []const Entry = @import("map.zig").entries ++ @import("fold.zig").entries ++
    @import("scan.zig").entries ++ @import("matmul.zig").entries ++ @import("places.zig").entries ++
    @import("sort.zig").entries;
