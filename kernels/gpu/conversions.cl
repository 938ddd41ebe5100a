// Conversions of floats into integers: they saturate, and NaN is 0.

FUNCTION int int_of_f(float x) {
  return !(x > -2147483648.0f) ? (x <= -2147483648.0f ? (-2147483647 - 1) : 0) : (x >= 2147483648.0f ? 2147483647 : (int)x);
}
FUNCTION int int_of_d(double x) {
  return !(x > -2147483648.0) ? (x <= -2147483648.0 ? (-2147483647 - 1) : 0) : (x >= 2147483648.0 ? 2147483647 : (int)x);
}
FUNCTION I64 long_of_f(float x) {
  const I64 most = 0x7fffffffffffffffl;
  return !(x > -0x1p63f) ? (x <= -0x1p63f ? -most - 1 : 0) : (x >= 0x1p63f ? most : (I64)x);
}
FUNCTION I64 long_of_d(double x) {
  const I64 most = 0x7fffffffffffffffl;
  return !(x > -0x1p63) ? (x <= -0x1p63 ? -most - 1 : 0) : (x >= 0x1p63 ? most : (I64)x);
}

// Into the narrow types from `low` to `high`.
FUNCTION int clip_f(int low, int high, float x) { return min_i(max_i(int_of_f(x), low), high); }
FUNCTION int clip_d(int low, int high, double x) { return min_i(max_i(int_of_d(x), low), high); }
FUNCTION U32 word_of_f(float x) { return (U32)min_l(max_l(long_of_f(x), 0), 0xffffffffl); }
FUNCTION U32 word_of_d(double x) { return (U32)min_l(max_l(long_of_d(x), 0), 0xffffffffl); }
