//! How a scatter joins two elements as they lie in memory, the same on all engines.

const convert = @import("convert.zig");
const program = @import("program.zig");
const table = @import("../rows/table.zig");

const Stored = convert.Stored;

/// The type in which elements of that type are joined.
pub fn computeOf(dtype: program.DType) program.DType {
    return switch (dtype) {
        .float32, .float16, .bfloat16 => .float32,
        .float64 => .float64,
        .int32, .uint8, .bool => .int32,
    };
}

/// What the row makes of an element and the one that comes to it.
pub inline fn joined(
    comptime row: table.ScatterRow,
    comptime dtype: program.DType,
    running: Stored(dtype),
    value: Stored(dtype),
) Stored(dtype) {
    const T = Stored(computeOf(dtype));
    const result = row.join(T, convert.fromStored(dtype, T, running), convert.fromStored(dtype, T, value));
    return convert.toStored(dtype, T, result);
}
