/** The frequencies of transforms, and windows by which signals are multiplied before. */
import { checkCount, checkOptions, checkRange, refuse } from "../../pure/check.ts";
import { makeTypedArray } from "../../pure/dtype.ts";
import { type FactoryOptions, tensor } from "../factories.ts";
import type { Tensor } from "../tensor.ts";

/** The options of frequencies. */
export interface FrequencyOptions extends FactoryOptions {
  /** From one sample to the next: 1 by default. */
  d?: number;
}

function frequencies(action: string, n: number, count: number, first: number, options: FrequencyOptions): Tensor {
  const { d = 1, ...rest } = checkOptions(action, options, "{ d: 0.1 }", ["d", "dtype", "device", "requiresGrad"]);
  checkRange(action, "d", d, -Infinity);
  if (d === 0) throw new RangeError(`Cannot ${action}: d 0 must differ from 0`);
  const places = Float64Array.from({ length: count }, (_, k) => ((k + first) % n - first) / (n * d));
  return tensor(places, { dtype: "float32", ...rest });
}

/**
 * The frequencies of the results of `fft`, in cycles per unit of the distance `d` of samples: [0, 1, ..., -2, -1] / (n d).
 *
 * @example
 * ```ts
 * import { fftfreq } from "deneb";
 *
 * if (fftfreq(4).toArray().join() !== "0,0.25,-0.5,-0.25") throw new Error("wrong");
 * ```
 */
export function fftfreq(n: number, options: FrequencyOptions = {}): Tensor {
  checkCount("fftfreq", "n", n, 1);
  return frequencies("fftfreq", n, n, Math.floor(n / 2), options);
}

/**
 * The frequencies of the results of `rfft`, in cycles per unit of the distance `d` of samples: [0, 1, ..., n / 2] / (n d).
 *
 * @example
 * ```ts
 * import { rfftfreq } from "deneb";
 *
 * if (rfftfreq(4, { d: 0.5 }).toArray().join() !== "0,0.5,1") throw new Error("wrong");
 * ```
 */
export function rfftfreq(n: number, options: FrequencyOptions = {}): Tensor {
  checkCount("rfftfreq", "n", n, 1);
  return frequencies("rfftfreq", n, Math.floor(n / 2) + 1, 0, options);
}

/** The options of a window. */
export interface WindowOptions extends FactoryOptions {
  /** Whether the window continues periodically, as for `stft`; else its last number is as its first. True by default. */
  periodic?: boolean;
}

/** A window that is a sum of cosines. */
function cosineWindow(action: string, n: number, weights: readonly number[], options: WindowOptions): Tensor {
  const names = ["periodic", "dtype", "device", "requiresGrad"] as const;
  const { periodic = true, ...rest } = checkOptions(action, options, "{ periodic: false }", names);
  if (typeof periodic !== "boolean") refuse(action, periodic, "true or false");
  checkCount(action, "n", n, 0);
  const numbers = makeTypedArray("float64", n), length = periodic ? n : n - 1;
  for (let k = 0; k < n; k++) {
    numbers[k] = n === 1
      ? 1
      : weights.reduce((sum, weight, order) => sum + weight * Math.cos(2 * Math.PI * order * k / length), 0);
  }
  return tensor(numbers, { dtype: "float32", ...rest });
}

/**
 * The Hann window of n numbers: (1 - cos(2π k / n)) / 2.
 *
 * @example
 * ```ts
 * import { hannWindow } from "deneb";
 *
 * if (hannWindow(4).toArray().join() !== "0,0.5,1,0.5") throw new Error("wrong");
 * ```
 */
export function hannWindow(n: number, options: WindowOptions = {}): Tensor {
  return cosineWindow("hannWindow", n, [0.5, -0.5], options);
}

/** The options of a Hamming window. */
export interface HammingOptions extends WindowOptions {
  /** What stands before the cosine: 0.54 by default. */
  alpha?: number;
  /** By what the cosine is multiplied: 0.46 by default. */
  beta?: number;
}

/**
 * The Hamming window of n numbers: alpha - beta cos(2π k / n), by default 0.54 - 0.46 cos(2π k / n).
 *
 * @example
 * ```ts
 * import { hammingWindow } from "deneb";
 *
 * if (hammingWindow(4).max().item() !== 1) throw new Error("wrong");
 * ```
 */
export function hammingWindow(n: number, options: HammingOptions = {}): Tensor {
  const { alpha = 0.54, beta = 0.46, ...rest } = checkOptions("hammingWindow", options, "{ periodic: false }");
  for (const [name, weight] of Object.entries({ alpha, beta })) checkRange("hammingWindow", name, weight, -Infinity);
  return cosineWindow("hammingWindow", n, [alpha, -beta], rest);
}

/**
 * The Blackman window of n numbers: 0.42 - 0.5 cos(2π k / n) + 0.08 cos(4π k / n).
 *
 * @example
 * ```ts
 * import { blackmanWindow } from "deneb";
 *
 * if (blackmanWindow(4).max().item() !== 1) throw new Error("wrong");
 * ```
 */
export function blackmanWindow(n: number, options: WindowOptions = {}): Tensor {
  return cosineWindow("blackmanWindow", n, [0.42, -0.5, 0.08], options);
}
