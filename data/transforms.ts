/**
 * Transforms of a batch of inputs: functions from a tensor [batch, ...] to another, which a loader takes as `transform`.
 * Random transforms draw from a stream that the loader names by seed, epoch and batch, so that a run can be repeated.
 */
import { type Tensor, tensor } from "../core/mod.ts";
import {
  asItIs,
  checkCount,
  checkFunction,
  checkRange,
  checkShare,
  checkTensor,
  refuse,
  showShape,
} from "../core/internal.ts";
import { RandomStream } from "./random.ts";

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
 * const transform = data.compose(data.randomShift(2), data.normalize(0.1307, 0.3081), data.flatten());
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

/**
 * A transform to (x - mean) / deviation. Both are numbers, or lists with a number for each channel of [batch, channels, ...].
 *
 * MNIST has the mean 0.1307 and the deviation 0.3081. RangeError for a number that is not finite, and for a deviation of 0;
 * TypeError for lists of another length than there are channels.
 */
export function normalize(mean: number | readonly number[], deviation: number | readonly number[]): Transform {
  for (const value of Array.isArray(mean) ? mean : [mean]) checkRange("normalize", "mean", value, -Infinity);
  for (const value of Array.isArray(deviation) ? deviation : [deviation]) {
    if (checkRange("normalize", "deviation", value, -Infinity) === 0) {
      throw new RangeError("Cannot normalize: deviation 0 must be another number");
    }
  }
  const [means, deviations] = [asItIs(mean), asItIs(deviation)];
  return (x) => {
    checkTensor("normalize", x);
    const perChannel = (values: number | readonly number[]) => {
      if (typeof values === "number") return values;
      if (values.length !== x.shape[1]) {
        throw new TypeError(
          `Cannot normalize: ${values.length} values do not fit the channels of ${showShape(x.shape)}`,
        );
      }
      const shape = [values.length, ...new Array<number>(x.shape.length - 2).fill(1)];
      return tensor(Float32Array.from(values), { shape });
    };
    return x.sub(perChannel(means)).div(perChannel(deviations));
  };
}

/**
 * A transform that mirrors each image of [batch, channels, height, width] left to right with the given probability.
 * RangeError unless that lies in [0, 1].
 */
export function randomFlip(probability = 0.5): Transform {
  checkShare("flip", "probability", probability);
  return (x, random) => {
    const width = imageShape("flip", x, random)[3];
    const source = x.toTypedArray(), target = source.slice(), size = x.size / x.shape[0]!;
    for (let image = 0; image < x.shape[0]!; image++) {
      if (random.between(0, 1) >= probability) continue;
      for (let row = image * size; row < (image + 1) * size; row += width) {
        target.subarray(row, row + width).reverse();
      }
    }
    return tensor(target, { shape: x.shape, dtype: x.dtype });
  };
}

/**
 * A transform that shifts each image of [batch, channels, height, width] by up to `padding` pixels each way, over zeros.
 * RangeError unless that is a count.
 */
export function randomShift(padding = 4): Transform {
  checkCount("shift", "padding", padding, 0);
  return (x, random) => {
    const [batch, channels, height, width] = imageShape("shift", x, random);
    const source = x.toTypedArray(), target = source.slice().fill(0);
    for (let image = 0; image < batch; image++) {
      const down = random.below(2 * padding + 1) - padding, right = random.below(2 * padding + 1) - padding;
      const columns = Math.max(0, width - Math.abs(right));
      for (let plane = image * channels; plane < (image + 1) * channels; plane++) {
        for (let row = Math.max(0, down); row < Math.min(height, height + down); row++) {
          const from = (plane * height + row - down) * width + Math.max(0, -right);
          target.set(source.subarray(from, from + columns), (plane * height + row) * width + Math.max(0, right));
        }
      }
    }
    return tensor(target, { shape: x.shape, dtype: x.dtype });
  };
}

function imageShape(action: string, x: Tensor, random: RandomStream): readonly [number, number, number, number] {
  checkTensor(action, x);
  if (!(random instanceof RandomStream)) refuse(action, random, "a RandomStream");
  if (x.shape.length !== 4) {
    throw new TypeError(`Cannot ${action}: shape ${showShape(x.shape)} must be [batch, channels, height, width]`);
  }
  return x.shape as unknown as readonly [number, number, number, number];
}
