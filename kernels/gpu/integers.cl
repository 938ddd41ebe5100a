// The functions of integers, and conversions into them.

// Sums and products of integers wrap, and nothing traps.

FUNCTION int add_i(int a, int b) { return (int)((U32)a + (U32)b); }
FUNCTION int sub_i(int a, int b) { return (int)((U32)a - (U32)b); }
FUNCTION int mul_i(int a, int b) { return (int)((U32)a * (U32)b); }
FUNCTION int negate_i(int a) { return (int)(0u - (U32)a); }
FUNCTION int abs_i(int a) { return a < 0 ? negate_i(a) : a; }
FUNCTION int shiftLeft_i(int a, int b) { return (int)((U32)a << (b & 31)); }
FUNCTION int shiftRight_i(int a, int b) { return a >> (b & 31); }
FUNCTION int max_i(int a, int b) { return a > b ? a : b; }
FUNCTION int min_i(int a, int b) { return a < b ? a : b; }

FUNCTION int floorDiv_i(int a, int b) {
  int special = b == 0 || b == -1;
  int divisor = special ? 1 : b;
  int quotient = a / divisor;
  int rest = a - quotient * divisor;
  int down = rest != 0 && (rest < 0) != (divisor < 0);
  return b == 0 ? 0 : (b == -1 ? negate_i(a) : quotient - down);
}

FUNCTION int mod_i(int a, int b) { return b == 0 ? 0 : sub_i(a, mul_i(floorDiv_i(a, b), b)); }

// Conversions from one type of element to another: floats saturate, NaN is 0, integers wrap into narrower ones.

FUNCTION int int_of_f(float x) {
  return !(x > -2147483648.0f) ? (x <= -2147483648.0f ? (-2147483647 - 1) : 0) : (x >= 2147483648.0f ? 2147483647 : (int)x);
}
FUNCTION U8 byte_of_f(float x) { return !(x > 0.0f) ? 0 : (x >= 256.0f ? 255 : (U8)(int)x); }
FUNCTION int int_of_d(double x) {
  return !(x > -2147483648.0) ? (x <= -2147483648.0 ? (-2147483647 - 1) : 0) : (x >= 2147483648.0 ? 2147483647 : (int)x);
}
FUNCTION U8 byte_of_d(double x) { return !(x > 0.0) ? 0 : (x >= 256.0 ? 255 : (U8)(int)x); }
