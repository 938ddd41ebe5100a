//! Limits on what instructions may count. The manifest states these numbers.

/// The most axes of a view that an instruction walks; a product has two more.
pub const rank_max = 8;
pub const inputs_max = 6;
/// f64 words in an instruction buffer.
pub const words_max = 1 << 16;
/// The most threads that a pool starts.
pub const threads_max = 256;
