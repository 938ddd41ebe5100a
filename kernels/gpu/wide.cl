// sin, cos, pow, floorDiv and mod, which need numbers with more digits than float has: the steps of `trigonometry.zig`,
// `power.zig` and `division.zig` where the device has double, else the device's own functions.

#ifdef HAS_DOUBLE

// x + y and x y exactly.
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
  double scaled = x * 134217729.0;
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

// The remainder by quarter turns, and their number in the lowest bits.
typedef struct {
  double high;
  double low;
  int turns;
} Turned;

FUNCTION U64 digitsFrom(U32 first) {
  // The first binary digits of 2/pi, after 64 zeros.
  const U64 digits[21] = {
      0,                     0xa2f9836e4e441529ul, 0xfc2757d1f534ddc0ul, 0xdb6295993c439041ul, 0xfe5163abdebbc561ul,
      0xb7246e3a424dd2e0ul, 0x06492eea09d1921cul, 0xfe1deb1cb129a73eul, 0xe88235f52ebb4484ul, 0xe99c7026b45f7e41ul,
      0x3991d639835339f4ul, 0x9c845f8bbdf9283bul, 0x1ff897ffde05980ful, 0xef2f118b5a0a6d1ful, 0x6d366ecf27cb09b7ul,
      0x4f463f669e5fea2dul, 0x7527bac7ebe5f17bul, 0x3d0739f78a5292eaul, 0x6bfb5fb11f8d5d08ul, 0x56033046fc7b6babul,
      0xf0cfbc209af4361dul};
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
  double high = number.high * 1.1754943508222875e-38, low = number.low * 1.1754943508222875e-38;
  Pair product = exactProduct(high, 0x1.921fb54442d18p0);
  double small = product.low + high * 0x1.1a62633145c07p-54 + low * 0x1.921fb54442d18p0;
  double sum = product.high + small;
  double left = (product.high - sum) + small;
  Turned result;
  result.high = x < 0 ? -sum : sum;
  result.low = x < 0 ? -left : left;
  result.turns = x < 0 ? -(int)(turns & 3) : (int)(turns & 3);
  return result;
}

// Where *hard is set, an argument was among the few that take longer: the caller then computes again with the functions
// whose names say nothing. So the loop that is run almost always has no branch.
FUNCTION float sinCos_f(float x, int ahead, int easy, int *hard) {
  double wide = (double)x;
  double shifted = wide * 0x1.45f306dc9c883p-1 + 6755399441055744.0;
  double k = shifted - 6755399441055744.0;
  int turns = (int)(U32)(U64)AS_LONG(shifted);
  double rest = wide - k * 0x1.921fbp0;
  rest -= k * 0x1.5110bp-22;
  rest -= k * 0x1.18469898cc517p-44;
  float r = (float)rest;
  float size = abs_f(x);
  if (easy) {
    *hard |= size > 1e9f && size < INFINITY_FLOAT;
  } else if (size > 1e9f && size < INFINITY_FLOAT) {
    Turned far = reduceFar(wide);
    r = (float)far.high;
    turns = far.turns;
  }
  turns += ahead;
  float z = r * r;
  float s = -0.000195172703f;
  s = s * z + 0.00833217893f;
  s = s * z + -0.166666552f;
  float sine = r + r * z * s;
  float c = 2.44391213e-05f;
  c = c * z + -0.00138873747f;
  c = c * z + 0.0416666456f;
  float cosine = (1.0f - 0.5f * z) + z * z * c;
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
  double shifted = x * 0x1.45f306dc9c883p-1 + 6755399441055744.0;
  double k = shifted - 6755399441055744.0;
  int turns = (int)(U32)(U64)AS_LONG(shifted);
  double first = x - k * 0x1.921fb544p0;
  Pair second = exactSum(first, -(k * 0x1.0b4611a6p-34));
  Pair third = exactSum(second.high, -(k * 0x1.3198a2ep-69));
  double low = second.low + (third.low - k * 0x1.b839a252049c1p-104);
  double r = third.high + low;
  double rest = (third.high - r) + low;
  double size = abs_d(x);
  if (easy) {
    *hard |= size > 1e6 && size < (double)INFINITY_FLOAT;
  } else if (size > 1e6 && size < (double)INFINITY_FLOAT) {
    Turned far = reduceFar(x);
    r = far.high;
    rest = far.low;
    turns = far.turns;
  }
  turns += ahead;
  double z = r * r;
  double s = 1.5896858705200874e-10;
  s = s * z + -2.505075966186832e-08;
  s = s * z + 2.7557313705594502e-06;
  s = s * z + -0.0001984126982986229;
  s = s * z + 0.00833333333332251;
  s = s * z + -0.16666666666666632;
  double sine = r + (r * z * s + rest * (1.0 - 0.5 * z));
  double c = -1.1361209196046812e-11;
  c = c * z + 2.087575632574236e-09;
  c = c * z + -2.7557314622214874e-07;
  c = c * z + 2.480158729053653e-05;
  c = c * z + -0.0013888888888876074;
  c = c * z + 0.041666666666666616;
  double half_square = 0.5 * z;
  double most = 1.0 - half_square;
  double cosine = most + (((1.0 - most) - half_square) + (z * z * c - r * rest));
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
  double y = 0.059947717076120184;
  y = y * z + 0.05837377445628358;
  y = y * z + 0.06668160275215346;
  y = y * z + 0.07692278394836156;
  y = y * z + 0.09090909435752761;
  y = y * z + 0.11111111108763387;
  y = y * z + 0.14285714285722576;
  y = y * z + 0.1999999999999999;
  Pair third = exactSum(0.333333333333333333333333, z * y);
  third.low += 0x1.5555555555555p-56;
  Pair series = multiplyPairs(s, multiplyPairs(square, third));
  Pair sum = exactSum(s.high, series.high);
  double low = sum.low + (s.low + series.low);
  Pair whole = exactSum(parts.k * 0x1.62e42feep-1, sum.high + sum.high);
  double rest = whole.low + (parts.k * 0x1.a39ef35793c76p-33 + (low + low));
  Pair result;
  result.high = whole.high + rest;
  result.low = (whole.high - result.high) + rest;
  return result;
}

FUNCTION float power_f(float x, float y) {
  return (float)exp_d(clamp_d((double)y, -0x1p66, 0x1p66) * log_d((double)x));
}

FUNCTION double power_d(double x, double y) {
  double bounded = clamp_d(y, -0x1p66, 0x1p66);
  Pair logarithm = logPair(x);
  Pair product = exactProduct(bounded, logarithm.high);
  double low = product.low + bounded * logarithm.low;
  double clamped = clampExponent_d(product.high);
  Reduced_d reduced = reduce_d(clamped);
  double rest = reduced.low + (clamped == product.high ? low : 0.0);
  Pair r = exactSum(reduced.r, rest);
  return scale_d(expReducedLow_d(r.high, r.low), reduced.n);
}

FUNCTION float floorDiv_f(float a, float b) { return (float)floor((double)a / (double)b); }
FUNCTION double floorDiv_d(double a, double b) { return floor(a / b); }

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

FUNCTION double pow_d(double x, double y) {
  double infinity = (double)INFINITY_FLOAT;
  double size = abs_d(x);
  double z = power_d(size, y);
  int whole = trunc(y) == y;
  z = x < 0.0 && !whole ? AS_DOUBLE(0x7ff8000000000000l) : z;
  z = size == 0.0 ? (y < 0.0 ? infinity : 0.0) : z;
  z = size == infinity ? (y < 0.0 ? 0.0 : infinity) : z;
  double half_y = 0.5 * y;
  int odd = whole && trunc(half_y) != half_y && abs_d(y) < 0x1p53;
  z = odd && AS_LONG(x) < 0 ? -z : z;
  z = x != x || y != y ? x + y : z;
  return x == 1.0 || y == 0.0 ? 1.0 : z;
}

FUNCTION int int_of_d(double x) {
  return !(x > -2147483648.0) ? (x <= -2147483648.0 ? (-2147483647 - 1) : 0) : (x >= 2147483648.0 ? 2147483647 : (int)x);
}
FUNCTION U8 byte_of_d(double x) { return !(x > 0.0) ? 0 : (x >= 256.0 ? 255 : (U8)(int)x); }

#else

// Nothing is hard here.
#define sinEasy_f(x, hard) sin_f(x)
#define cosEasy_f(x, hard) cos_f(x)
#define modEasy_f(x, y, hard) mod_f(x, y)
FUNCTION float sin_f(float x) { return sin(x); }
FUNCTION float cos_f(float x) { return cos(x); }
FUNCTION float power_f(float x, float y) { return pow(x, y); }
FUNCTION float floorDiv_f(float a, float b) { return floor(a / b); }
FUNCTION float mod_f(float a, float b) {
  float r = fmod(a, b);
  return r != 0.0f && (r < 0.0f) != (b < 0.0f) ? r + b : r;
}

#endif

// The special cases of C99.
FUNCTION float pow_f(float x, float y) {
  float size = abs_f(x);
  float z = power_f(size, y);
  int whole = trunc(y) == y;
  z = x < 0.0f && !whole ? AS_FLOAT(0x7fc00000) : z;
  z = size == 0.0f ? (y < 0.0f ? INFINITY_FLOAT : 0.0f) : z;
  z = size == INFINITY_FLOAT ? (y < 0.0f ? 0.0f : INFINITY_FLOAT) : z;
  float half_y = 0.5f * y;
  int odd = whole && trunc(half_y) != half_y && abs_f(y) < 0x1p53f;
  z = odd && AS_INT(x) < 0 ? -z : z;
  z = x != x || y != y ? x + y : z;
  return x == 1.0f || y == 0.0f ? 1.0f : z;
}
