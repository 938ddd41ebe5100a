// The functions of `numbers/functions.zig` for one type of floats: the same steps, so that IEEE arithmetic gives the same bits. REAL
// is the type, INT the integers that hold its bits, NAME adds the type's letter, R writes a constant, and PICK chooses
// between the constants of float and of double.

#define POWER_OF_TWO(n) FROM_BITS((INT)(((UINT)(n) + BIAS) << DIGITS))
#define SHIFTER (R(1.5) * UNIT)

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
  REAL shifted = x * R(1.442695040888963407359925) + SHIFTER;
  REAL k = shifted - SHIFTER;
  REAL high = x - k * PICK(0x1.62e4p-1f, 0x1.62e42feep-1);
  REAL rest = k * PICK(1.428606820309417232121458e-6f, 1.908214929270587816144266e-10);
  NAME(Reduced) result;
  result.r = high - rest;
  result.n = (INT)((UINT)BITS(shifted) - (UINT)BITS(SHIFTER));
  result.low = (high - result.r) - rest;
  return result;
}

// (e^r - 1 - r) / r^2 for |r| to ln 2 / 2.
FUNCTION REAL NAME(expTail)(REAL r) {
#ifdef IS_DOUBLE
  REAL y = 2.51175712269509e-08;
  y = y * r + 2.763091560418162e-07;
  y = y * r + 2.7557217326292805e-06;
  y = y * r + 2.4801491105560463e-05;
  y = y * r + 0.00019841269916080366;
  y = y * r + 0.0013888888945710845;
  y = y * r + 0.0083333333333079;
  y = y * r + 0.041666666666521385;
  y = y * r + 0.166666666666667;
  return y * r + 0.5000000000000012;
#else
  REAL y = 0.00139503868f;
  y = y * r + 0.00836885069f;
  y = y * r + 0.0416662097f;
  y = y * r + 0.166665196f;
  return y * r + 0.5f;
#endif
}

FUNCTION REAL NAME(expReduced)(REAL r) { return R(1.0) + (r + r * r * NAME(expTail)(r)); }
FUNCTION REAL NAME(expReducedLow)(REAL r, REAL low) { return R(1.0) + (r + (r * r * NAME(expTail)(r) + low)); }
FUNCTION REAL NAME(clampExponent)(REAL x) { return NAME(clamp)(x, PICK(-104.0f, -746.0), PICK(89.0f, 710.0)); }

FUNCTION REAL NAME(exp)(REAL x) {
  NAME(Reduced) reduced = NAME(reduce)(NAME(clampExponent)(x));
  return NAME(scale)(NAME(expReduced)(reduced.r), reduced.n);
}

// 2^n ((1 - 2^-n) + r + tail).
FUNCTION REAL NAME(expm1)(REAL x) {
  NAME(Reduced) reduced = NAME(reduce)(NAME(clamp)(x, PICK(-20.0f, -40.0), PICK(89.0f, 710.0)));
  REAL r = reduced.r;
  REAL tail = r * r * NAME(expTail)(r) + reduced.low;
  INT n = reduced.n < 64 ? reduced.n : 64;
  REAL offset = R(1.0) - POWER_OF_TWO(-n);
  return NAME(copySign)(NAME(scale)((offset + r) + tail, reduced.n), x);
}

// x + x^3 P(x^2) near 0, and 1 - 2 / (e^2|x| + 1) beyond.
FUNCTION REAL NAME(tanh)(REAL x) {
  REAL size = NAME(clamp)(NAME(abs)(x), R(0.0), PICK(10.0f, 20.0));
  REAL square = size * size;
#ifdef IS_DOUBLE
  REAL y = -1.5750123356982557e-05;
  y = y * square + 7.647788367423274e-05;
  y = y * square + -0.00022797124004525358;
  y = y * square + 0.0005860195439467128;
  y = y * square + -0.0014548669424293275;
  y = y * square + 0.0035919710009725894;
  y = y * square + -0.0088632187140968;
  y = y * square + 0.02186948739851763;
  y = y * square + -0.0539682539233842;
  y = y * square + 0.13333333333244846;
  y = y * square + -0.33333333333332726;
#else
  REAL y = -0.00564830332f;
  y = y * square + 0.020589817f;
  y = y * square + -0.0537251253f;
  y = y * square + 0.133312745f;
  y = y * square + -0.333332761f;
#endif
  REAL near = size + size * square * y;
  NAME(Reduced) reduced = NAME(reduce)(size + size);
  REAL growth = NAME(expReduced)(reduced.r) * POWER_OF_TWO(reduced.n);
  REAL far = R(1.0) - R(2.0) / (growth + R(1.0));
  return NAME(copySign)(size < R(0.625) ? near : far, x);
}

// x = m 2^k with m in [sqrt 1/2, sqrt 2].
typedef struct {
  REAL m;
  REAL k;
} NAME(Split);

FUNCTION NAME(Split) NAME(split)(REAL x) {
  int small = x < SMALLEST;
  INT lifted = BITS(small ? x * LIFT : x);
  INT root = BITS(R(0.707106781186547524400844));
  INT exponent = (INT)((UINT)lifted - (UINT)root) >> DIGITS;
  NAME(Split) result;
  result.m = FROM_BITS((INT)((UINT)lifted - ((UINT)exponent << DIGITS)));
  INT n = small ? exponent - (DIGITS + 2) : exponent;
  result.k = FROM_BITS((INT)((UINT)n + (UINT)BITS(SHIFTER))) - SHIFTER;
  return result;
}

// log(1 + f) + k ln 2 + low, by the series in s = f / (2 + f).
FUNCTION REAL NAME(logSum)(REAL f, REAL k, REAL low, int has_low) {
  REAL half_square = R(0.5) * f * f;
  REAL s = f / (R(2.0) + f);
  REAL z = s * s;
#ifdef IS_DOUBLE
  REAL y = 0.14793677636208735;
  y = y * z + 0.15314315908142836;
  y = y * z + 0.1818355214650456;
  y = y * z + 0.22222198851259203;
  y = y * z + 0.2857142873911188;
  y = y * z + 0.3999999999943308;
  y = y * z + 0.6666666666666731;
#else
  REAL y = 0.235806912f;
  y = y * z + 0.285374135f;
  y = y * z + 0.400003314f;
  y = y * z + 0.666666627f;
#endif
  REAL series = z * y;
  REAL multiple = k * PICK(1.428606820309417232121458e-6f, 1.908214929270587816144266e-10);
  REAL rest = s * (half_square + series) + (has_low ? multiple + low : multiple);
  return k * PICK(0x1.62e4p-1f, 0x1.62e42feep-1) - ((half_square - rest) - f);
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
  REAL a = NAME(clamp)(NAME(abs)(x), R(0.0), PICK(4.0f, 6.0));
  REAL z = a * a;
#ifdef IS_DOUBLE
  REAL y = 1.0475893086719962e-08;
  y = y * z + -1.5626596310243027e-07;
  y = y * z + 1.6388573175188997e-06;
  y = y * z + -1.4921050439543589e-05;
  y = y * z + 0.00012055147009527565;
  y = y * z + -0.0008548322178277719;
  y = y * z + 0.005223977546587322;
  y = y * z + -0.026866170637635325;
  y = y * z + 0.11283791670918555;
  y = y * z + -0.37612638903183054;
  y = y * z + 0.12837916709551256;
  REAL q = -1.433379215589997e-12;
  q = q * a + 6.381049402600349e-11;
  q = q * a + -1.3303301543049882e-09;
  q = q * a + 1.724643155275974e-08;
  q = q * a + -1.555019786140583e-07;
  q = q * a + 1.031017149601078e-06;
  q = q * a + -5.160099852081253e-06;
  q = q * a + 1.951196592560596e-05;
  q = q * a + -5.3563618343643075e-05;
  q = q * a + 8.96727238266249e-05;
  q = q * a + 9.932265855215398e-06;
  q = q * a + -0.0005909622953453094;
  q = q * a + 0.0017118817751581475;
  q = q * a + -0.00022981369644903878;
  q = q * a + -0.019112451974853104;
  q = q * a + 0.10276434129835538;
  q = q * a + 0.636622584287782;
  q = q * a + 1.128378592012073;
  q = q * a + 5.379546585740171e-08;
#else
  REAL y = -0.000622241758f;
  y = y * z + 0.00503587117f;
  y = y * z + -0.0267939549f;
  y = y * z + 0.112825245f;
  y = y * z + -0.376125574f;
  y = y * z + 0.128379151f;
  REAL q = -0.000199897637f;
  q = q * a + 0.0030819634f;
  q = q * a + -0.0223809145f;
  q = q * a + 0.104249991f;
  q = q * a + 0.636820853f;
  q = q * a + 1.12788928f;
  q = q * a + 0.000144232603f;
#endif
  REAL near = a + a * y;
  NAME(Reduced) reduced = NAME(reduce)(-q);
  REAL tail = NAME(expReduced)(reduced.r) * POWER_OF_TWO(reduced.n);
  REAL far = R(1.0) - tail;
  return NAME(copySign)(a < R(0.875) ? near : far, x);
}

#undef POWER_OF_TWO
#undef SHIFTER
