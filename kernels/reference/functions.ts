/**
 * The closed list of functions that rows may call, in f64: the meaning with which every device is compared.
 */

/** Rounds ties to even, as IEEE 754 does. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x), rest = x - floor;
  if (rest < 0.5) return floor === 0 && x < 0 ? -0 : floor;
  if (rest > 0.5) return x < 0 && floor === -1 ? -0 : floor + 1;
  if (Number.isNaN(rest)) return x;
  return floor % 2 === 0 ? floor : (floor === -1 ? -0 : floor + 1);
}

/**
 * The error function. Below 3 the series 2/√π e^(-x²) Σ 2^k x^(2k+1) / (2k+1)!! (all terms positive, so no digits are
 * lost); above, 1 - erfc by the continued fraction of Laplace. Abramowitz and Stegun 7.1.6 and 7.1.14.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x) || z === 0) return x;
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let term = z, sum = z;
    for (let k = 1; term > sum * 1e-18; k++) {
      term *= 2 * z * z / (2 * k + 1);
      sum += term;
    }
    return Math.sign(x) * sum * Math.exp(-z * z) * (2 / Math.sqrt(Math.PI));
  }
  let tail = z;
  for (let k = 60; k > 0; k--) tail = z + (k / 2) / tail;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * tail));
}

/**
 * The distribution function of the standard normal. Below -1 the continued fraction of Laplace, which keeps the digits of
 * small results; nearer to 0 the series 1/2 + φ(x) Σ x^(2k+1) / (2k+1)!!. Abramowitz and Stegun 26.2.14 and 26.2.11.
 */
export function normalCdf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (z > 40) return x < 0 ? 0 : 1;
  // The square of z in two parts, since an exponential loses the digits that its argument has lost.
  const upper = Math.fround(z), rest = (z - upper) * (z + upper);
  const density = Math.exp(-upper * upper / 2) * Math.exp(-rest / 2) / Math.sqrt(2 * Math.PI);
  if (z < 1) {
    let term = x, sum = x;
    for (let k = 3; Math.abs(term) > Math.abs(sum) * 1e-18; k += 2) {
      term *= x * x / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let tail = z;
  for (let k = 400; k > 0; k--) tail = z + k / tail;
  return x < 0 ? density / tail : 1 - density / tail;
}

/** 1 - erf(x), by Laplace's continued fraction where the difference would lose digits. Abramowitz and Stegun 7.1.14. */
function erfc(x: number): number {
  if (x < 0.7 || Number.isNaN(x)) return 1 - erf(x);
  if (x > 28) return 0;
  // The square in two parts, since an exponential loses the digits that its argument has lost.
  const upper = Math.fround(x), rest = (x - upper) * (x + upper);
  let tail = x;
  for (let k = 400; k > 0; k--) tail = x + (k / 2) / tail;
  return Math.exp(-upper * upper) * Math.exp(-rest) / (Math.sqrt(Math.PI) * tail);
}

/** e^(x²) erfc(x), from 1 on Laplace's continued fraction alone. Abramowitz and Stegun 7.1.14. */
function erfcx(x: number): number {
  const upper = Math.fround(Math.abs(x)), rest = (Math.abs(x) - upper) * (Math.abs(x) + upper);
  if (x < 1) return x < -27 ? Infinity : Math.exp(upper * upper) * Math.exp(rest) * erfc(x);
  if (x === Infinity || Number.isNaN(x)) return 1 / x;
  let tail = x;
  for (let k = 400; k > 0; k--) tail = x + (k / 2) / tail;
  return 1 / Math.sqrt(Math.PI) / tail;
}

/**
 * The inverse of {@linkcode normalCdf}: around 1/2 by that of {@linkcode erf}, else by Newton's method for its logarithm,
 * which is concave, on the lower side.
 */
function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p > 0.25 && p < 0.75) return Math.SQRT2 * erfInverse(2 * p - 1);
  if (p > 0.5) return -normalQuantile(1 - p);
  let y = p < 0.1 ? -Math.sqrt(-2 * Math.log(p)) : 0;
  for (let k = 0; k < 100; k++) {
    // The quotient of distribution and density, which neither of them can give far below 0.
    const quotient = erfcx(-y / Math.SQRT2) * Math.sqrt(Math.PI / 2);
    const reached = Math.log(quotient / Math.sqrt(2 * Math.PI)) - y * y / 2, step = (Math.log(p) - reached) * quotient;
    y += step;
    if (Math.abs(step) <= 1e-16 * Math.abs(y)) break;
  }
  return y;
}

/** The inverse of {@linkcode erf}, by Newton's method; from 1/2 on through {@linkcode erfc}, whose digits count there. */
function erfInverse(x: number): number {
  const size = Math.abs(x);
  if (size === 0 || Number.isNaN(x)) return x;
  if (size >= 1) return size === 1 ? x * Infinity : NaN;
  let y = size * Math.sqrt(Math.PI) / 2;
  for (let k = 0; k < 200; k++) {
    const missing = size < 0.5 ? size - erf(y) : erfc(y) - (1 - size);
    const step = missing * Math.exp(y * y) * Math.sqrt(Math.PI) / 2;
    // Begun below, where the tangent is too flat; so the first steps are bounded.
    y += Math.min(step, 0.5);
    if (Math.abs(step) < 1e-16 * y) break;
  }
  return Math.sign(x) * y;
}

/** ζ(k) - 1 for k from 2 on: the first terms of the sum, and the formula of Euler and Maclaurin for the others. */
const zetaTails: readonly number[] = Array.from({ length: 30 }, (_, place) => {
  const k = place + 2, n = 100;
  let sum = n ** (1 - k) / (k - 1) + n ** -k / 2 + k * n ** (-k - 1) / 12 - k * (k + 1) * (k + 2) * n ** (-k - 3) / 720;
  for (let each = n - 1; each > 1; each--) sum += each ** -k;
  return sum;
});

/**
 * The logarithm of |Γ(x)|: near its zeros at 1 and 2 by a series, to which the recurrence Γ(x + 1) = x Γ(x) leads down from
 * 20; beyond by Stirling's; below 1/2 by the reflection. Abramowitz and Stegun 6.1.33, 6.1.40 and 6.1.17.
 */
function lgamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (Math.abs(x) === Infinity || (x <= 0 && Number.isInteger(x))) return Infinity;
  if (Math.abs(x) < 1e-20) return -Math.log(Math.abs(x));
  if (x < 0.5) return Math.log(Math.PI / Math.abs(sineOfTurns(x))) - lgamma(1 - x);
  if (x > 20) {
    const w = 1 / (x * x), series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188))))) / x;
    return (x - 0.5) * (Math.log(x) - 1) + (Math.log(2 * Math.PI) - 1) / 2 + series;
  }
  let product = 1, y = x;
  while (y > 2.5) product *= --y;
  const t = y - (y < 1.5 ? 1 : 2), euler = 0.5772156649015329;
  const sum = zetaTails.reduceRight((sum, tail, place) => tail / (place + 2) - t * sum, 0);
  return Math.log(product) + t * ((1 - euler) + t * sum) - (y < 1.5 ? Math.log1p(t) : 0);
}

/** sin(πx), of the distance from the nearest integer; its sign is that of the distance. */
function sineOfTurns(x: number): number {
  return Math.sin(Math.PI * (x - Math.round(x)));
}

/** The zero of {@linkcode digamma} above 0, and what a number does not hold of it. */
const digammaZero = 1.4616321449683622, digammaZeroRest = 9.549995429965698e-17;

/**
 * The derivative of {@linkcode lgamma}: from 20 on a series; below by the distance from the zero r above 0, as the sum of
 * 1 / (k + r) - 1 / (k + x), of which the terms from 100 on are that series; below 1/2 the reflection. Abramowitz and Stegun
 * 6.3.16, 6.3.18 and 6.3.7.
 */
function digamma(x: number): number {
  if (x === 0) return -1 / x;
  if (x === -Infinity || (x < 0 && Number.isInteger(x))) return NaN;
  if (x === Infinity || Number.isNaN(x)) return x;
  if (Math.abs(x) < 1e-20) return -1 / x;
  if (x < 0.5) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)));
  if (x > 20) {
    const w = 1 / (x * x), series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132)))));
    return Math.log(x) - 0.5 / x - series;
  }
  const distance = (x - digammaZero) - digammaZeroRest, n = 100, p = n + x, q = n + digammaZero, product = p * q;
  let sum = 0.5 / product + (p + q) / (product * product) * (1 / 12 - (1 / (p * p) + 1 / (q * q)) / 120);
  for (let k = n - 1; k >= 0; k--) sum += 1 / ((k + x) * (k + digammaZero));
  return distance * sum + Math.log1p(distance / q);
}

/**
 * e^-|x| times the modified Bessel function of order 0 or 1: by its power series up to 25, by the asymptotic one beyond.
 * Abramowitz and Stegun 9.6.10 and 9.7.1.
 */
function besselScaled(order: 0 | 1, x: number): number {
  const size = Math.abs(x), sign = order === 1 && (x < 0 || Object.is(x, -0)) ? -1 : 1;
  if (size === Infinity || Number.isNaN(x)) return sign / size;
  let term = 1, sum = 1;
  if (size < 25) {
    for (let k = 1; term > sum * 1e-18; k++) sum += term *= size * size / 4 / (k * (k + order));
    return sign * (order === 1 ? size / 2 : 1) * sum * Math.exp(-size);
  }
  for (let k = 1; k < 25; k++) sum += term *= ((2 * k - 1) ** 2 - 4 * order) / (8 * k * size);
  return sign * sum / (Math.sqrt(2 * Math.PI) * Math.sqrt(size));
}

/** C's pow: for a base of ±1 with an infinite or NaN exponent JavaScript gives NaN, IEEE 754 gives 1. */
function pow(a: number, b: number): number {
  if (a === 1 || b === 0) return 1;
  if (a === -1 && Math.abs(b) === Infinity) return 1;
  return Math.pow(a, b);
}

/** The remainder with the divisor's sign; an integer divisor of zero gives 0. */
function mod(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && (rest < 0) !== (b < 0) ? rest + b : rest;
}

/** The quotient rounded down, for which floorDiv(a, b) b + mod(a, b) is a. From 2^53 on it is the rounded quotient. */
function floorDiv(a: number, b: number): number {
  const quotient = a / b, rest = a % b;
  if (b === 0 || Math.abs(quotient) >= 2 ** 53 && Number.isFinite(quotient)) return quotient;
  const whole = Math.round((a - rest) / b);
  if (rest !== 0 && (rest < 0) !== (b < 0)) return whole - 1;
  return whole === 0 ? quotient * 0 : whole;
}

/**
 * The functions by name; a function's length is its number of arguments. `max` and `min` are JavaScript's: NaN wins and
 * -0 < 0.
 */
export const functions: Record<string, (a: number, b: number) => number> = {
  exp: Math.exp,
  exp2: (a) => pow(2, a),
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  log10: Math.log10,
  pow,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  asin: Math.asin,
  acos: Math.acos,
  atan2: Math.atan2,
  sqrt: Math.sqrt,
  erf,
  erfc,
  erfcx,
  erfInverse,
  normalCdf,
  normalQuantile,
  lgamma,
  digamma,
  besselI0e: (a) => besselScaled(0, a),
  besselI1e: (a) => besselScaled(1, a),
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  max: Math.max,
  min: Math.min,
  floorDiv,
  mod,
};

/** The functions of integers, whose results the caller wraps to 32 bits. */
export const integerFunctions: Record<string, (a: number, b: number) => number> = {
  abs: Math.abs,
  max: Math.max,
  min: Math.min,
  floorDiv: (a, b) => b === 0 ? 0 : Math.floor(a / b),
  mod: (a, b) => b === 0 ? 0 : mod(a, b),
};
