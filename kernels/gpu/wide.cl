// sin, cos, pow, floorDiv and mod, which need numbers with more digits than float has: the steps of `trigonometry.zig`,
// `power.zig` and `division.zig`, for devices that have double. `narrow.cl` is for the others.

// Sum x + y and product x y, exactly.
typedef struct {
  double high;
  double low;
} Pair;

FUNCTION Pair exactSum(double x, double y) {
  Pair result;
  result.high = x + y;
  double of_y = result.high - x;
  result.low = (x - (result.high - of_y)) + (y - of_y);
  return result;
}

FUNCTION double upperHalf(double x) {
  double scaled = x * splitter_d;
  return scaled - (scaled - x);
}

FUNCTION Pair exactProduct(double x, double y) {
  Pair result;
  result.high = x * y;
  double a = upperHalf(x), b = upperHalf(y);
  double c = x - a, d = y - b;
  result.low = ((a * b - result.high) + a * d + c * b) + c * d;
  return result;
}

// The remainder after whole quarter turns, and the number of these in the lowest bits.
typedef struct {
  double high;
  double low;
  int turns;
} Turned;

FUNCTION U64 digitsFrom(U32 first) {
  // The first binary digits of 2/pi, after 64 zeros.
  const U64 digits[] = two_over_pi;
  U32 word = first / 64, shift = first % 64;
  U64 begin = digits[word] << shift;
  return shift == 0 ? begin : begin | digits[word + 1] >> (64 - shift);
}

// x = m 2^e times those digits of 2/pi that are not whole turns (Payne and Hanek).
FUNCTION Turned reduceFar(double x) {
  U64 pattern = (U64)AS_LONG(x) & 0x7fffffffffffffffl;
  U64 m = (pattern & 0xfffffffffffffl) | 0x10000000000000l;
  U32 first = (U32)((int)(pattern >> 52) - 1075 - 2 + 64);
  U64 a = digitsFrom(first), b = digitsFrom(first + 64), c = digitsFrom(first + 128);
  U64 middle = m * b + HIGH_PRODUCT_64(m, c);
  U64 carry = middle < m * b ? 1 : 0;
  U64 upper = m * a + HIGH_PRODUCT_64(m, b) + carry;
  U64 turns = (upper + 0x2000000000000000l) >> 62;
  I64 rest = (I64)(upper - (turns << 62));
  // The rest in units of 2^-126, as a double and what that leaves.
  double most = (double)rest;
  double lower = (double)(rest - (I64)most) * 18446744073709551616.0 + (double)middle;
  Pair number = exactSum(most * 18446744073709551616.0, lower);
  double high = number.high * 0x1p-126, low = number.low * 0x1p-126;
  Pair product = exactProduct(high, half_pi_high_d);
  double small = product.low + high * half_pi_low_d + low * half_pi_high_d;
  double sum = product.high + small;
  double left = (product.high - sum) + small;
  Turned result;
  result.high = x < 0 ? -sum : sum;
  result.low = x < 0 ? -left : left;
  result.turns = x < 0 ? -(int)(turns & 3) : (int)(turns & 3);
  return result;
}

// A function with `easy` sets *hard where an argument is among the few that take longer: the caller then computes again
// with the functions of the plain names. So the loop that almost always runs has no branch.
FUNCTION float sinCos_f(float x, int ahead, int easy, int *hard) {
  double wide = (double)x;
  double shifted = wide * half_pi_inverse_d + shifter_d;
  double k = shifted - shifter_d;
  int turns = (int)(U32)(U64)AS_LONG(shifted);
  double rest = wide - k * half_pi_short_1_d;
  rest -= k * half_pi_short_2_d;
  rest -= k * half_pi_short_3_d;
  float r = (float)rest;
  float size = abs_f(x);
  if (easy) {
    *hard |= size > turns_most_f && size < INFINITY_FLOAT;
  } else if (size > turns_most_f && size < INFINITY_FLOAT) {
    Turned far = reduceFar(wide);
    r = (float)far.high;
    turns = far.turns;
  }
  turns += ahead;
  float z = r * r;
  float sine = r + r * z * sin_tail_f(z);
  float cosine = (1.0f - 0.5f * z) + z * z * cos_tail_f(z);
  float y = (turns & 1) ? cosine : sine;
  return (turns & 2) ? -y : y;
}

FUNCTION float sinEasy_f(float x, int *hard) {
  float y = sinCos_f(x, 0, 1, hard);
  return x == 0.0f ? x : y;
}
FUNCTION float cosEasy_f(float x, int *hard) { return sinCos_f(x, 1, 1, hard); }
FUNCTION float sin_f(float x) {
  float y = sinCos_f(x, 0, 0, 0);
  return x == 0.0f ? x : y;
}
FUNCTION float cos_f(float x) { return sinCos_f(x, 1, 0, 0); }

FUNCTION double sinCos_d(double x, int ahead, int easy, int *hard) {
  double shifted = x * half_pi_inverse_d + shifter_d;
  double k = shifted - shifter_d;
  int turns = (int)(U32)(U64)AS_LONG(shifted);
  double first = x - k * half_pi_long_1_d;
  Pair second = exactSum(first, -(k * half_pi_long_2_d));
  Pair third = exactSum(second.high, -(k * half_pi_long_3_d));
  double low = second.low + (third.low - k * half_pi_long_4_d);
  double r = third.high + low;
  double rest = (third.high - r) + low;
  double size = abs_d(x);
  if (easy) {
    *hard |= size > turns_most_d && size < (double)INFINITY_FLOAT;
  } else if (size > turns_most_d && size < (double)INFINITY_FLOAT) {
    Turned far = reduceFar(x);
    r = far.high;
    rest = far.low;
    turns = far.turns;
  }
  turns += ahead;
  double z = r * r;
  double sine = r + (r * z * sin_tail_d(z) + rest * (1.0 - 0.5 * z));
  double half_square = 0.5 * z;
  double most = 1.0 - half_square;
  double cosine = most + (((1.0 - most) - half_square) + (z * z * cos_tail_d(z) - r * rest));
  double y = (turns & 1) ? cosine : sine;
  return (turns & 2) ? -y : y;
}

FUNCTION double sinEasy_d(double x, int *hard) {
  double y = sinCos_d(x, 0, 1, hard);
  return x == 0.0 ? x : y;
}
FUNCTION double cosEasy_d(double x, int *hard) { return sinCos_d(x, 1, 1, hard); }
FUNCTION double sin_d(double x) {
  double y = sinCos_d(x, 0, 0, 0);
  return x == 0.0 ? x : y;
}
FUNCTION double cos_d(double x) { return sinCos_d(x, 1, 0, 0); }

FUNCTION Pair multiplyPairs(Pair x, Pair y) {
  Pair product = exactProduct(x.high, y.high);
  Pair result;
  result.low = product.low + (x.high * y.low + x.low * y.high);
  result.high = product.high;
  return result;
}

// log x to about 65 binary digits.
FUNCTION Pair logPair(double x) {
  Split_d parts = split_d(x);
  double f = parts.m - 1.0;
  Pair g = exactSum(parts.m, 1.0);
  Pair s;
  s.high = f / g.high;
  Pair back = exactProduct(s.high, g.high);
  s.low = (((f - back.high) - back.low) - s.high * g.low) / g.high;
  Pair square = multiplyPairs(s, s);
  double z = square.high;
  Pair third = exactSum(third_high_d, z * log_pair_tail_d(z));
  third.low += third_low_d;
  Pair series = multiplyPairs(s, multiplyPairs(square, third));
  Pair sum = exactSum(s.high, series.high);
  double low = sum.low + (s.low + series.low);
  Pair whole = exactSum(parts.k * ln2_high_d, sum.high + sum.high);
  double rest = whole.low + (parts.k * ln2_low_d + (low + low));
  Pair result;
  result.high = whole.high + rest;
  result.low = (whole.high - result.high) + rest;
  return result;
}

FUNCTION float power_f(float x, float y) {
  return (float)exp_d(clamp_d((double)y, -exponent_most_d, exponent_most_d) * log_d((double)x));
}

FUNCTION double power_d(double x, double y) {
  double bounded = clamp_d(y, -exponent_most_d, exponent_most_d);
  Pair logarithm = logPair(x);
  Pair product = exactProduct(bounded, logarithm.high);
  double low = product.low + bounded * logarithm.low;
  double clamped = clampExponent_d(product.high);
  Reduced_d reduced = reduce_d(clamped);
  double rest = reduced.low + (clamped == product.high ? low : 0.0);
  Pair r = exactSum(reduced.r, rest);
  return scale_d(expReducedLow_d(r.high, r.low), reduced.n);
}

FUNCTION int isApart(double x, double y) { return (x < 0.0 && y > 0.0) || (x > 0.0 && y < 0.0); }

// The quotient where one of the numbers is infinite, or where it is less than 1; else the given one.
FUNCTION double atEnds(double x, double y, double quotient) {
  double infinity = (double)INFINITY_FLOAT;
  double small = isApart(x, y) && abs_d(x) < abs_d(y) ? -1.0 : quotient;
  return abs_d(x) == infinity && y != 0.0 ? AS_DOUBLE(0x7ff8000000000000l) : small;
}

FUNCTION float floorDiv_f(float a, float b) {
  return (float)atEnds((double)a, (double)b, floor((double)a / (double)b));
}

FUNCTION double floorDiv_d(double x, double y) {
  double quotient = x / y;
  double n = trunc(quotient);
  int large = abs_d(y) >= 0x1p900;
  Pair product = exactProduct(n, large ? y * 0x1p-200 : y);
  double r = ((large ? x * 0x1p-200 : x) - product.high) - product.low;
  double down = isApart(r, y) ? n - 1.0 : n;
  return atEnds(x, y, abs_d(quotient) < 0x1p53 ? down : quotient);
}

FUNCTION double powerOfTwo(int n) { return AS_DOUBLE((I64)(n + 1023) << 52); }

// Long division of the digits, for finite numbers and a divisor that is not 0.
FUNCTION double longRemainder(double x, double y) {
  if (abs_d(x) < abs_d(y)) return x;
  U64 a = (U64)AS_LONG(x) & 0x7fffffffffffffffl, b = (U64)AS_LONG(y) & 0x7fffffffffffffffl;
  U64 mask = 0xfffffffffffffl;
  int p = (int)(a >> 52), q = (int)(b >> 52);
  U64 numerator = p == 0 ? a & mask : (a & mask) | (mask + 1);
  U64 divisor = q == 0 ? b & mask : (b & mask) | (mask + 1);
  int exponent = q == 0 ? -1074 : q - 1075;
  int left = (p == 0 ? -1074 : p - 1075) - exponent;
  U64 r = numerator % divisor;
  while (left > 0) {
    int step = left < 11 ? left : 11;
    r = (r << step) % divisor;
    left -= step;
  }
  int half_exponent = exponent >> 1;
  return copySign_d((double)r * powerOfTwo(half_exponent) * powerOfTwo(exponent - half_exponent), x);
}

// The remainder with the sign of x, or, where the quotient was rounded up, that less y.
FUNCTION double remainder_d(double x, double y, int single, int easily, int *hard) {
  double infinity = (double)INFINITY_FLOAT;
  double quotient = x / y;
  double n = trunc(quotient);
  Pair product = exactProduct(n, y);
  double r = single ? x - n * y : (x - product.high) - product.low;
  r = abs_d(y) == infinity && abs_d(x) < infinity ? x : r;
  int easy = abs_d(quotient) < (single ? 0x1p29 : 0x1p52) && abs_d(y) < 0x1p990;
  int longer = !easy && abs_d(x) < infinity && abs_d(y) < infinity && y != 0.0;
  if (easily) {
    *hard |= longer;
  } else if (longer) {
    r = longRemainder(x, y);
  }
  return r == 0.0 ? copySign_d(r, x) : r;
}

FUNCTION float signed_f(float r, float b) { return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r; }
FUNCTION double signed_d(double r, double b) { return r != 0.0 && (r < 0.0) != (b < 0.0) ? r + b : r; }
FUNCTION float modEasy_f(float a, float b, int *hard) {
  return signed_f((float)remainder_d((double)a, (double)b, 1, 1, hard), b);
}
FUNCTION double modEasy_d(double a, double b, int *hard) { return signed_d(remainder_d(a, b, 0, 1, hard), b); }
FUNCTION float mod_f(float a, float b) { return signed_f((float)remainder_d((double)a, (double)b, 1, 0, 0), b); }
FUNCTION double mod_d(double a, double b) { return signed_d(remainder_d(a, b, 0, 0, 0), b); }
