// The functions of `numbers/functions.zig` for one type of floats: the same steps, so that IEEE arithmetic gives the
// same bits. `head.zig` defines the words that stand for the type, and the constants and polynomials, whose names have
// the same suffix as the functions.

FUNCTION REAL NAME(abs)(REAL x) { return FROM_BITS(BITS(x) & MAX_INT); }
FUNCTION REAL NAME(copySign)(REAL x, REAL sign) { return FROM_BITS((BITS(x) & MAX_INT) | (BITS(sign) & ~MAX_INT)); }
FUNCTION REAL NAME(clamp)(REAL x, REAL low, REAL high) {
  REAL below = x > high ? high : x;
  return below < low ? low : below;
}

// x 2^n, rounded once.
FUNCTION REAL NAME(scale)(REAL x, INT n) {
  INT half_n = n >> 1;
  return x * POWER_OF_TWO(half_n) * POWER_OF_TWO(n - half_n);
}

FUNCTION REAL NAME(round)(REAL x) {
  REAL size = NAME(abs)(x);
  REAL rounded = NAME(copySign)((size + UNIT) - UNIT, x);
  return size < UNIT ? rounded : x;
}

FUNCTION REAL NAME(floor)(REAL x) { return floor(x); }
FUNCTION REAL NAME(ceil)(REAL x) { return ceil(x); }
FUNCTION REAL NAME(sqrt)(REAL x) { return sqrt(x); }

FUNCTION REAL NAME(max)(REAL x, REAL y) {
  REAL one = x > y ? x : y;
  REAL two = y > x ? y : x;
  return (x != x || y != y) ? x + y : FROM_BITS(BITS(one) & BITS(two));
}
FUNCTION REAL NAME(min)(REAL x, REAL y) {
  REAL one = x < y ? x : y;
  REAL two = y < x ? y : x;
  return (x != x || y != y) ? x + y : FROM_BITS(BITS(one) | BITS(two));
}

// x = n ln 2 + r + low.
typedef struct {
  INT n;
  REAL r;
  REAL low;
} NAME(Reduced);

FUNCTION NAME(Reduced) NAME(reduce)(REAL x) {
  REAL shifted = x * NAME(ln2_inverse) + NAME(shifter);
  REAL k = shifted - NAME(shifter);
  REAL high = x - k * NAME(ln2_high);
  REAL rest = k * NAME(ln2_low);
  NAME(Reduced) result;
  result.r = high - rest;
  result.n = (INT)((UINT)BITS(shifted) - (UINT)BITS(NAME(shifter)));
  result.low = (high - result.r) - rest;
  return result;
}

FUNCTION REAL NAME(expReduced)(REAL r) { return R(1.0) + (r + r * r * NAME(exp_tail)(r)); }
FUNCTION REAL NAME(expReducedLow)(REAL r, REAL low) { return R(1.0) + (r + (r * r * NAME(exp_tail)(r) + low)); }
FUNCTION REAL NAME(clampExponent)(REAL x) { return NAME(clamp)(x, NAME(exp_least), NAME(exp_most)); }

FUNCTION REAL NAME(exp)(REAL x) {
  NAME(Reduced) reduced = NAME(reduce)(NAME(clampExponent)(x));
  return NAME(scale)(NAME(expReduced)(reduced.r), reduced.n);
}

// 2^n ((1 - 2^-n) + r + tail).
FUNCTION REAL NAME(expm1)(REAL x) {
  NAME(Reduced) reduced = NAME(reduce)(NAME(clamp)(x, NAME(expm1_least), NAME(exp_most)));
  REAL r = reduced.r;
  REAL tail = r * r * NAME(exp_tail)(r) + reduced.low;
  INT n = reduced.n < 64 ? reduced.n : 64;
  REAL offset = R(1.0) - POWER_OF_TWO(-n);
  return NAME(copySign)(NAME(scale)((offset + r) + tail, reduced.n), x);
}

// x + x^3 P(x^2) near 0, and 1 - 2 / (e^2|x| + 1) beyond.
FUNCTION REAL NAME(tanh)(REAL x) {
  REAL size = NAME(clamp)(NAME(abs)(x), R(0.0), NAME(tanh_most));
  REAL square = size * size;
  REAL near = size + size * square * NAME(tanh_tail)(square);
  NAME(Reduced) reduced = NAME(reduce)(size + size);
  REAL growth = NAME(expReduced)(reduced.r) * POWER_OF_TWO(reduced.n);
  REAL far = R(1.0) - R(2.0) / (growth + R(1.0));
  return NAME(copySign)(size < NAME(tanh_near) ? near : far, x);
}

// x = m 2^k with m in [sqrt 1/2, sqrt 2].
typedef struct {
  REAL m;
  REAL k;
} NAME(Split);

FUNCTION NAME(Split) NAME(split)(REAL x) {
  int small = x < SMALLEST;
  INT lifted = BITS(small ? x * LIFT : x);
  INT root = BITS(NAME(sqrt_half));
  INT exponent = (INT)((UINT)lifted - (UINT)root) >> DIGITS;
  NAME(Split) result;
  result.m = FROM_BITS((INT)((UINT)lifted - ((UINT)exponent << DIGITS)));
  INT n = small ? exponent - (DIGITS + 2) : exponent;
  result.k = FROM_BITS((INT)((UINT)n + (UINT)BITS(NAME(shifter)))) - NAME(shifter);
  return result;
}

// log(1 + f) + k ln 2 + low, by the series in s = f / (2 + f).
FUNCTION REAL NAME(logSum)(REAL f, REAL k, REAL low, int has_low) {
  REAL half_square = R(0.5) * f * f;
  REAL s = f / (R(2.0) + f);
  REAL z = s * s;
  REAL series = z * NAME(log_tail)(z);
  REAL multiple = k * NAME(ln2_low);
  REAL rest = s * (half_square + series) + (has_low ? multiple + low : multiple);
  return k * NAME(ln2_high) - ((half_square - rest) - f);
}

FUNCTION REAL NAME(log)(REAL x) {
  NAME(Split) parts = NAME(split)(x);
  REAL value = NAME(logSum)(parts.m - R(1.0), parts.k, R(0.0), 0);
  REAL finite = x < INFINITE ? value : x;
  REAL positive = x == R(0.0) ? -INFINITE : finite;
  return x < R(0.0) ? NOT_A_NUMBER : positive;
}

FUNCTION REAL NAME(log1p)(REAL x) {
  REAL one = R(1.0);
  REAL whole = one + x;
  NAME(Split) parts = NAME(split)(whole);
  REAL lost = (x < one ? x - (whole - one) : one - (whole - x)) / whole;
  int near = parts.k == R(0.0);
  REAL f = near ? x : parts.m - one;
  REAL value = NAME(logSum)(f, parts.k, near ? R(0.0) : lost, 1);
  REAL finite = x < INFINITE ? value : x;
  REAL with_sign = x == R(0.0) ? x : finite;
  REAL defined = x == -one ? -INFINITE : with_sign;
  return x < -one ? NOT_A_NUMBER : defined;
}

// x + x P(x^2) near 0; beyond, 1 - e^-Q(|x|).
FUNCTION REAL NAME(erf)(REAL x) {
  REAL a = NAME(clamp)(NAME(abs)(x), R(0.0), NAME(erf_most));
  REAL near = a + a * NAME(erf_tail)(a * a);
  NAME(Reduced) reduced = NAME(reduce)(-NAME(erf_exponent)(a));
  REAL tail = NAME(expReduced)(reduced.r) * POWER_OF_TWO(reduced.n);
  REAL far = R(1.0) - tail;
  return NAME(copySign)(a < NAME(erf_near) ? near : far, x);
}

// e^(-t^2 / 2) P((t - c) / (t + c)) / (t + c) for t = |x|, and 1 less that for positive x.
FUNCTION REAL NAME(normalCdf)(REAL x) {
  REAL t = NAME(clamp)(NAME(abs)(x), R(0.0), NAME(cdf_most));
  REAL upper = FROM_BITS(BITS(t) & UPPER);
  REAL square = t * t;
  REAL lost = (upper * upper - square) + (t - upper) * (t + upper);
  NAME(Reduced) reduced = NAME(reduce)(R(-0.5) * square);
  REAL r = reduced.r + (reduced.low - R(0.5) * lost);
  REAL tail = r + r * r * NAME(exp_tail)(r);
  REAL inverse = R(1.0) / (t + NAME(cdf_center));
  REAL scaled = NAME(cdf_scaled)((t - NAME(cdf_center)) * inverse);
  REAL below = NAME(scale)((scaled + scaled * tail) * inverse, reduced.n);
  return x < R(0.0) ? below : R(1.0) - below;
}
