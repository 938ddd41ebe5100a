/**
 * Transforms of a batch of inputs: functions from a tensor [batch, ...] to another, which a loader takes as `transform`.
 * Random transforms draw from a stream that the loader names by seed, epoch and batch, so that a run can be repeated.
 */
import type { Tensor } from "../core/mod.ts";
import { checkFunction, checkTensor } from "../core/internal.ts";
import type { RandomStream } from "./random.ts";

/**
 * A function of a batch of inputs [batch, ...] and a stream of random numbers, which are the same in every run of one seed.
 *
 * @example
 * ```ts
 * import { data, type Tensor } from "deneb";
 *
 * // Brighter or darker by up to a tenth.
 * const brighten: data.Transform = (x: Tensor, random) => x.mul(random.between(0.9, 1.1));
 * const loader = new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, transform: brighten });
 * for await (const [x] of loader) if (x.shape.join() !== "8,1,28,28") throw new Error("another shape");
 * ```
 */
export type Transform = (x: Tensor, random: RandomStream) => Tensor;

/**
 * A transform that applies several, the first one first. TypeError for what is no function.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const transform = data.compose((x) => x.sub(0.5), data.flatten());
 * const loader = new data.DataLoader(data.digits({ train: 8 }), { batchSize: 8, transform });
 * for await (const [x] of loader) if (x.shape.join() !== "8,784") throw new Error("another shape");
 * ```
 */
export function compose(...transforms: readonly Transform[]): Transform {
  for (const transform of transforms) checkFunction("compose", transform);
  return (x, random) => transforms.reduce((value, transform) => transform(value, random), x);
}

/** A transform that joins all axes after the batch axis: [batch, 1, 28, 28] becomes [batch, 784]. TypeError for a scalar. */
export function flatten(): Transform {
  return (x) => {
    checkTensor("flatten", x);
    if (x.shape.length === 0) throw new TypeError("Cannot flatten: shape [] must be [batch, ...]");
    return x.reshape([x.shape[0]!, x.shape.slice(1).reduce((product, length) => product * length, 1)]);
  };
}
