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

// 2^n 2^r with |r| at most 1/2.
FUNCTION REAL NAME(exp2)(REAL x) {
  REAL bounded = NAME(clamp)(x, NAME(exp2_least), NAME(exp2_most));
  REAL shifted = bounded + NAME(shifter);
  REAL r = bounded - (shifted - NAME(shifter));
  REAL power = R(1.0) + r * NAME(exp2_tail)(r);
  return NAME(scale)(power, (INT)((UINT)BITS(shifted) - (UINT)BITS(NAME(shifter))));
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

// f^2 / 2 and s (f^2 / 2 + ...), of the series in s = f / (2 + f): log(1 + f) is f less the first plus the second.
typedef struct {
  REAL half_square;
  REAL rest;
} NAME(Series);

FUNCTION NAME(Series) NAME(seriesOf)(REAL f) {
  REAL s = f / (R(2.0) + f);
  REAL z = s * s;
  NAME(Series) result;
  result.half_square = R(0.5) * f * f;
  result.rest = s * (result.half_square + z * NAME(log_tail)(z));
  return result;
}

// log(1 + f) + k ln 2 + low.
FUNCTION REAL NAME(logSum)(REAL f, REAL k, REAL low, int has_low) {
  NAME(Series) series = NAME(seriesOf)(f);
  REAL multiple = k * NAME(ln2_low);
  REAL rest = series.rest + (has_low ? multiple + low : multiple);
  return k * NAME(ln2_high) - ((series.half_square - rest) - f);
}

// A logarithm's values at the ends of its domain, and beyond.
FUNCTION REAL NAME(atEnds)(REAL x, REAL value) {
  REAL finite = x < INFINITE ? value : x;
  REAL positive = x == R(0.0) ? -INFINITE : finite;
  return x < R(0.0) ? NOT_A_NUMBER : positive;
}

FUNCTION REAL NAME(log)(REAL x) {
  NAME(Split) parts = NAME(split)(x);
  return NAME(atEnds)(x, NAME(logSum)(parts.m - R(1.0), parts.k, R(0.0), 0));
}

// The logarithm of m in an upper part, whose multiple is exact, and a lower one; and the rounding error of the sum
// with the multiple of k.
FUNCTION REAL NAME(logOf)(REAL x, REAL inverse_high, REAL inverse_low, REAL two_high, REAL two_low, int has_low) {
  NAME(Split) parts = NAME(split)(x);
  REAL f = parts.m - R(1.0);
  NAME(Series) series = NAME(seriesOf)(f);
  REAL upper = FROM_BITS(BITS(f - series.half_square) & UPPER);
  REAL lower = ((f - upper) - series.half_square) + series.rest;
  REAL high = upper * inverse_high;
  REAL low = lower * inverse_high + (lower + upper) * inverse_low;
  REAL whole = parts.k * two_high;
  REAL more = has_low ? low + parts.k * two_low : low;
  REAL sum = whole + high;
  return NAME(atEnds)(x, sum + (more + ((whole - sum) + high)));
}

FUNCTION REAL NAME(log2)(REAL x) {
  return NAME(logOf)(x, NAME(log2e_high), NAME(log2e_low), NAME(one), R(0.0), 0);
}

FUNCTION REAL NAME(log10)(REAL x) {
  return NAME(logOf)(x, NAME(log10e_high), NAME(log10e_low), NAME(log10_2_high), NAME(log10_2_low), 1);
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

// t^2, and what its rounding lost.
typedef struct {
  REAL high;
  REAL low;
} NAME(Squared);

FUNCTION NAME(Squared) NAME(squareAndLost)(REAL t) {
  REAL upper = FROM_BITS(BITS(t) & UPPER);
  NAME(Squared) result;
  result.high = t * t;
  result.low = (upper * upper - result.high) + (t - upper) * (t + upper);
  return result;
}

// e^(-t^2 / 2) P((t - c) / (t + c)) / (t + c) for t = |x|, and 1 less that for positive x.
FUNCTION REAL NAME(normalCdf)(REAL x) {
  REAL t = NAME(clamp)(NAME(abs)(x), R(0.0), NAME(cdf_most));
  NAME(Squared) square = NAME(squareAndLost)(t);
  NAME(Reduced) reduced = NAME(reduce)(R(-0.5) * square.high);
  REAL r = reduced.r + (reduced.low - R(0.5) * square.low);
  REAL tail = r + r * r * NAME(exp_tail)(r);
  REAL inverse = R(1.0) / (t + NAME(cdf_center));
  REAL scaled = NAME(cdf_scaled)((t - NAME(cdf_center)) * inverse);
  REAL below = NAME(scale)((scaled + scaled * tail) * inverse, reduced.n);
  return x < R(0.0) ? below : R(1.0) - below;
}

// e^(-x^2) P((u - c) / (u + c)) 2 / (u + c) for u = |x| sqrt 2, and 2 less that for negative x.
FUNCTION REAL NAME(erfc)(REAL x) {
  REAL t = NAME(clamp)(NAME(abs)(x), R(0.0), NAME(erfc_most));
  NAME(Squared) square = NAME(squareAndLost)(t);
  NAME(Reduced) reduced = NAME(reduce)(-square.high);
  REAL r = reduced.r + (reduced.low - square.low);
  REAL tail = r + r * r * NAME(exp_tail)(r);
  REAL u = t * NAME(sqrt_two);
  REAL inverse = R(1.0) / (u + NAME(cdf_center));
  REAL scaled = NAME(cdf_scaled)((u - NAME(cdf_center)) * inverse);
  REAL beyond = NAME(scale)((scaled + scaled * tail) * (inverse + inverse), reduced.n);
  return x < R(0.0) ? R(2.0) - beyond : beyond;
}

// P((u - c) / (u + c)) 2 / (u + c) for u = |x| sqrt 2, and a series where erfc is 0; 2 e^(x^2) less that for negative x.
FUNCTION REAL NAME(erfcx)(REAL x) {
  REAL size = NAME(abs)(x);
  REAL t = NAME(clamp)(size, R(0.0), NAME(erfc_most));
  REAL u = t * NAME(sqrt_two);
  REAL inverse = R(1.0) / (u + NAME(cdf_center));
  REAL near = NAME(cdf_scaled)((u - NAME(cdf_center)) * inverse) * (inverse + inverse);
  REAL part = R(1.0) / size;
  REAL far = part * NAME(erfcx_far)(part * part);
  REAL above = size < NAME(erfc_most) ? near : far;
  NAME(Squared) square = NAME(squareAndLost)(t);
  NAME(Reduced) reduced = NAME(reduce)(square.high);
  REAL growth = NAME(scale)(NAME(expReduced)(reduced.r + (reduced.low + square.low)), reduced.n);
  return x < R(0.0) ? (growth + growth) - above : above;
}

// |x| up to 1/2, and beyond sqrt((1 - |x|) / 2): as root, and as the excess of its arcsine.
typedef struct {
  REAL root;
  REAL excess;
} NAME(Arc);

FUNCTION NAME(Arc) NAME(arcOf)(REAL size) {
  int far = size > R(0.5);
  REAL square = far ? (R(1.0) - size) * R(0.5) : size * size;
  NAME(Arc) result;
  result.root = far ? NAME(sqrt)(square) : size;
  result.excess = result.root * (square * NAME(asin_tail)(square));
  return result;
}

FUNCTION REAL NAME(asin)(REAL x) {
  REAL size = NAME(abs)(x);
  NAME(Arc) arc = NAME(arcOf)(size);
  REAL beside = NAME(quarter_turn_high) - (arc.root + arc.root);
  REAL beyond = beside - ((arc.excess + arc.excess) - NAME(quarter_turn_low));
  return NAME(copySign)(size > R(0.5) ? beyond : arc.root + arc.excess, x);
}

FUNCTION REAL NAME(acos)(REAL x) {
  REAL size = NAME(abs)(x);
  NAME(Arc) arc = NAME(arcOf)(size);
  REAL angle = arc.root + arc.excess;
  REAL near = NAME(quarter_turn_high) - (NAME(copySign)(angle, x) - NAME(quarter_turn_low));
  REAL missing = angle + angle;
  REAL negative = NAME(half_turn_high) - (missing - NAME(half_turn_low));
  return size > R(0.5) ? (x < R(0.0) ? negative : missing) : near;
}

// The angle of the point (x, y): atan(n / d) of the smaller and the larger of |x| and |y|, from n / d = 1/2 on as
// pi/4 + atan((n - d) / (n + d)).
FUNCTION REAL NAME(atan2)(REAL y, REAL x) {
  REAL rise = NAME(abs)(y);
  REAL run = NAME(abs)(x);
  int steep = rise > run;
  REAL n = steep ? run : rise;
  REAL d = steep ? rise : run;
  REAL part = d > R(1.0) ? R(0.5) : R(1.0);
  REAL shorter = n * part;
  REAL longer = d * part;
  int far = shorter + shorter >= longer;
  REAL difference = n == d ? R(0.0) : shorter - longer;
  REAL above = far ? difference : n;
  REAL below = far ? shorter + longer : d;
  REAL q = above / (d == R(0.0) ? R(1.0) : below);
  REAL square = q * q;
  REAL angle = q + q * (square * NAME(atan_tail)(square));
  REAL diagonal = NAME(eighth_turn_high) + (angle + NAME(eighth_turn_low));
  REAL low = far ? (d == R(0.0) ? R(0.0) : diagonal) : angle;
  int backwards = BITS(x) < 0;
  REAL leaning = backwards ? -low : low;
  REAL upright = NAME(quarter_turn_high) - (leaning - NAME(quarter_turn_low));
  REAL behind = NAME(half_turn_high) - (low - NAME(half_turn_low));
  REAL flat = backwards ? behind : low;
  return NAME(copySign)(steep ? upright : flat, y);
}

// A double may be so near to 1 that it needs a third polynomial.
FUNCTION REAL NAME(erfInverseFar)(REAL root) {
#if IS_DOUBLE
  if (root >= R(4.0)) return NAME(erf_inverse_far)(root - R(5.0));
#endif
  return NAME(erf_inverse_middle)(root - NAME(erf_inverse_middle_center));
}

// erfInverse(x) / x of w = -log(1 - x^2) and its root.
FUNCTION REAL NAME(quotient)(REAL w, REAL root) {
  REAL near = NAME(erf_inverse_near)(w - NAME(erf_inverse_near_center));
  return w < NAME(erf_inverse_near_most) ? near : NAME(erfInverseFar)(root);
}

FUNCTION REAL NAME(erfInverse)(REAL x) {
  REAL size = NAME(abs)(x);
  REAL w = -NAME(log)((R(1.0) - size) * (R(1.0) + size));
  REAL scaled = size * NAME(quotient)(w, NAME(sqrt)(w));
  return NAME(copySign)(size == R(1.0) ? INFINITE : scaled, x);
}

// sqrt 2 erfInverse(2p - 1), where 1 - (2p - 1)^2 is 4p (1 - p).
FUNCTION REAL NAME(normalQuantile)(REAL p) {
  REAL w = -NAME(log)((R(4.0) * p) * (R(1.0) - p));
  REAL root = NAME(sqrt)(w);
  REAL far = root * NAME(quantile_far)((root - NAME(quantile_far_center)) / (root + NAME(quantile_far_center)));
  REAL x = (p + p) - R(1.0);
  REAL scaled = (x * NAME(sqrt_two)) * (root < NAME(quantile_far_least) ? NAME(quotient)(w, root) : far);
  return w == INFINITE ? NAME(copySign)(INFINITE, x) : scaled;
}

// What lgamma and digamma compute first: y is |x|, or 1 + x for |x| below 1/2.
typedef struct {
  REAL size;
  REAL y;
  REAL inverse;
  REAL square;
  REAL part;
  int near;
  int middle;
} NAME(Argument);

FUNCTION NAME(Argument) NAME(argumentOf)(REAL x) {
  NAME(Argument) result;
  result.size = NAME(abs)(x);
  result.near = result.size < R(0.5);
  result.y = result.near ? R(1.0) + x : result.size;
  result.inverse = R(1.0) / result.y;
  result.square = result.inverse * result.inverse;
  result.middle = result.y < R(6.0);
  result.part = (result.y - NAME(gamma_center)) / (result.y + NAME(gamma_center));
  return result;
}

// sin(pi r) and cos(pi r) for the distance r of a number from the nearest integer.
typedef struct {
  REAL sine;
  REAL cosine;
} NAME(Turned);

FUNCTION NAME(Turned) NAME(turned)(REAL size) {
  REAL r = size - NAME(round)(size);
  int far = NAME(abs)(r) > R(0.25);
  REAL angle = (far ? R(0.5) - NAME(abs)(r) : r) * NAME(half_turn_high);
  REAL z = angle * angle;
  REAL sine = angle + angle * z * NAME(sin_tail)(z);
  REAL cosine = (R(1.0) - R(0.5) * z) + z * z * NAME(cos_tail)(z);
  NAME(Turned) result;
  result.sine = far ? NAME(copySign)(cosine, r) : sine;
  result.cosine = far ? sine : cosine;
  return result;
}

// (y - 1)(y - 2) P from 1/2 to 6, Stirling's series beyond; near 0 and below by the functional equations.
FUNCTION REAL NAME(lgamma)(REAL x) {
  NAME(Argument) argument = NAME(argumentOf)(x);
  REAL y = argument.y;
  REAL size_log = NAME(log)(argument.size);
  REAL below = argument.near ? x : y - R(1.0);
  REAL middle = (below * (y - R(2.0))) * NAME(lgamma_middle)(argument.part);
  REAL tail = NAME(lgamma_tail) + argument.inverse * NAME(lgamma_far)(argument.square);
  REAL far = (y - R(0.5)) * (size_log - R(1.0)) + tail;
  REAL above = (argument.middle ? middle : far) + R(0.0);
  REAL sine = NAME(abs)(NAME(turned)(argument.size).sine);
  REAL product = (argument.size * sine) * NAME(half_turn_inverse);
  REAL reflected = product == R(0.0) ? INFINITE : -NAME(log)(product) - above;
  REAL finite = argument.near ? above - size_log : (x < R(0.0) ? reflected : above);
  return argument.size == INFINITE ? INFINITE : finite;
}

// (y - z) P from 1/2 to 6, a logarithm less a series beyond; near 0 and below by the functional equations.
FUNCTION REAL NAME(digamma)(REAL x) {
  NAME(Argument) argument = NAME(argumentOf)(x);
  REAL y = argument.y;
  REAL middle = ((y - NAME(digamma_zero_high)) - NAME(digamma_zero_low)) * NAME(digamma_middle)(argument.part);
  REAL series = argument.square * NAME(digamma_far)(argument.square);
  REAL far = (NAME(log)(y) - R(0.5) * argument.inverse) - series;
  REAL above = argument.middle ? middle : far;
  NAME(Turned) wave = NAME(turned)(argument.size);
  REAL cotangent = NAME(half_turn_high) * wave.cosine / wave.sine;
  REAL reflected = wave.sine == R(0.0) ? NOT_A_NUMBER : above + (argument.inverse + cotangent);
  return argument.near ? above - R(1.0) / x : (x < R(0.0) ? reflected : above);
}

// e^-|x| P(x^2) up to 8, and beyond Q(16 / |x| - 1) / sqrt |x|.
FUNCTION REAL NAME(besselI0e)(REAL x) {
  REAL size = NAME(abs)(x);
  REAL t = NAME(clamp)(size, R(0.0), R(8.0));
  REAL near = NAME(exp)(-t) * NAME(bessel_i0_near)(t * t);
  REAL far = NAME(bessel_i0_far)(R(16.0) / size - R(1.0)) / NAME(sqrt)(size);
  return size > R(8.0) ? far : near;
}

// e^-|x| x P(x^2) up to 8, and beyond Q(16 / |x| - 1) / sqrt |x| with the sign of x.
FUNCTION REAL NAME(besselI1e)(REAL x) {
  REAL size = NAME(abs)(x);
  REAL t = NAME(clamp)(size, R(0.0), R(8.0));
  REAL near = NAME(exp)(-t) * (t * NAME(bessel_i1_near)(t * t));
  REAL far = NAME(bessel_i1_far)(R(16.0) / size - R(1.0)) / NAME(sqrt)(size);
  return NAME(copySign)(size > R(8.0) ? far : near, x);
}
