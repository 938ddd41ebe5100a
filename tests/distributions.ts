/** Distribution functions by their series and continued fractions, and the distances of samples from them. */

/** ln Γ(x) for x > 0, by Stirling's series at x + 10. */
export function logGamma(x: number): number {
  let product = 1;
  for (let k = 0; k < 10; k++) product *= x + k;
  const z = x + 10, series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5);
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

/** The distribution function of the gamma distribution with rate 1. Abramowitz and Stegun 6.5.29 and 6.5.31. */
export function gammaCdf(a: number, x: number): number {
  if (x <= 0) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a, sum = term;
    for (let k = 1; term > sum * 1e-16; k++) {
      term *= x / (a + k);
      sum += term;
    }
    return scale * sum;
  }
  let tail = 0;
  for (let k = 2000; k > 0; k--) tail = k * (k - a) / (x + 2 * k + 1 - a - tail);
  return 1 - scale / (x + 1 - a - tail);
}

/** The distribution function of the beta distribution, by its integral in many steps, for a and b of at least 1. */
export function betaCdf(a: number, b: number): (x: number) => number {
  const steps = 20000, sums = new Float64Array(steps + 1);
  const density = (x: number) => x ** (a - 1) * (1 - x) ** (b - 1);
  for (let k = 0; k < steps; k++) {
    const left = k / steps, right = (k + 1) / steps;
    sums[k + 1] = sums[k]! + (density(left) + 4 * density((left + right) / 2) + density(right)) / 6;
  }
  return (x) => {
    const place = x * steps, k = Math.min(steps - 1, Math.floor(place));
    return (sums[k]! + (sums[k + 1]! - sums[k]!) * (place - k)) / sums[steps]!;
  };
}

/**
 * The largest distance between the shares of a sample below each number and the distribution function (Kolmogorov and
 * Smirnov), times the root of the number of draws. It is above 1.95 by chance in one of 1000 samples.
 */
export function distance(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort(), n = sorted.length;
  let most = 0;
  for (let k = 0; k < n; k++) {
    const share = cdf(sorted[k]!);
    most = Math.max(most, Math.abs(share - k / n), Math.abs(share - (k + 1) / n));
  }
  return most * Math.sqrt(n);
}

/**
 * How far the counts of a sample of integers are from the probabilities, in standard deviations of Pearson's sum of squares.
 * Numbers with an expected count below 10 count as one.
 */
export function misfit(sample: ArrayLike<number>, probability: (k: number) => number, most: number): number {
  const counts = new Map<number, number>(), n = sample.length;
  for (let k = 0; k < n; k++) counts.set(sample[k]!, (counts.get(sample[k]!) ?? 0) + 1);
  let sum = 0, classes = 0, rest = n, seen = n;
  for (let k = 0; k <= most; k++) {
    const expected = n * probability(k), found = counts.get(k) ?? 0;
    if (expected < 10) continue;
    sum += (found - expected) ** 2 / expected;
    classes++;
    rest -= expected;
    seen -= found;
  }
  if (rest > 1) {
    sum += (seen - rest) ** 2 / rest;
    classes++;
  }
  return (sum - (classes - 1)) / Math.sqrt(2 * Math.max(1, classes - 1));
}
