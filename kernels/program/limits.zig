//! How much there may be of what instructions count. The manifest states these numbers.

/// Axes of a view that an instruction walks along; a product has two more.
pub const rank_max = 8;
pub const inputs_max = 6;
/// f64 words in an instruction buffer.
pub const words_max = 1 << 16;
/// More threads than this are never started.
pub const threads_max = 256;
