//! The types of elements in memory. Their codes are the same in instructions and in the manifest.

pub const DType = enum(u8) {
    float32 = 0,
    float64 = 1,
    int32 = 2,
    uint8 = 3,
    bool = 4,
    /// Storage types only: their elements are computed with as float32.
    float16 = 5,
    bfloat16 = 6,

    pub fn isFloat(dtype: DType) bool {
        return switch (dtype) {
            .float32, .float64, .float16, .bfloat16 => true,
            .int32, .uint8, .bool => false,
        };
    }

    pub fn isHalf(dtype: DType) bool {
        return dtype == .float16 or dtype == .bfloat16;
    }

    pub fn bytes(dtype: DType) usize {
        return @as(usize, 1) << dtype.shift();
    }

    /// The base-2 logarithm of the bytes of an element.
    pub fn shift(dtype: DType) u2 {
        return switch (dtype) {
            .float64 => 3,
            .float32, .int32 => 2,
            .float16, .bfloat16 => 1,
            .uint8, .bool => 0,
        };
    }
};
