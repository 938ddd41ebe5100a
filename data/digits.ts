/**
 * Digits drawn by code: handwriting-like 28 x 28 images, for machines that have neither MNIST nor a network.
 *
 * A digit is the strokes of a style, bent, slanted and scaled at random, drawn with a round pen, with a little noise. It
 * follows from the seed, the split and its number alone, so that the first n digits of a longer set are the set of n.
 */
import { checkCount, checkOptions, summary } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { Dataset, Samples } from "./contract.ts";
import { ArrayDataset } from "./dataset.ts";
import { drawDigit, pixelsPerImage, side } from "./draw.ts";
import { RandomStream } from "./random.ts";
import { checkIndex, checkIndices } from "./samples.ts";

/** The number of digits, to train on or to test with, which are different ones. Another seed (0 by default) draws others. */
export type DigitsOptions =
  & { seed?: number }
  & ({ train: number; test?: never } | { test: number; train?: never });

const digitsMost = 2 ** 22;

/**
 * Drawn digits as a dataset: x float32 [1, 28, 28] in 0..1, y int32 in 0..9.
 *
 * TypeError unless exactly one of `train` and `test` is given, RangeError for a count or seed that is negative or no integer,
 * and for more than 2^22 digits: they are kept in memory once they are drawn, 784 bytes each.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 * import { deepEqual } from "node:assert/strict";
 *
 * const [x, y] = await data.digits({ train: 1000, seed: 1 }).get(3);
 * deepEqual(x.shape, [1, 28, 28]);
 * deepEqual(y.dtype, "int32");
 * ```
 */
export function digits(options: DigitsOptions): Dataset {
  const action = "make digits";
  const { train, test, seed = 0 }: { train?: number; test?: number; seed?: number } = checkOptions(
    action,
    options as { train?: number; test?: number; seed?: number },
    "{ train: 1000 }",
    ["train", "test", "seed"],
  );
  if ((train === undefined) === (test === undefined)) {
    throw new TypeError(
      `Cannot ${action}: ${train === undefined ? "neither" : "both"} of train and test given, it must be one`,
    );
  }
  const split = train === undefined ? "test" : "train";
  const length = checkCount(action, split, (train ?? test)!, 0, digitsMost);
  checkCount(action, "seed", seed, 0);
  return new DrawnDigits(length, seed, split === "train" ? 0 : 1);
}

/** Draws each digit when it is first asked for, and keeps the pixels. */
class DrawnDigits implements Dataset {
  readonly length: number;
  readonly #seed: number;
  readonly #split: number;
  readonly #pixels: Uint8Array<ArrayBuffer>;
  readonly #labels: Int32Array<ArrayBuffer>;
  readonly #isDrawn: Uint8Array;
  readonly #kept: ArrayDataset;

  constructor(length: number, seed: number, split: number) {
    this.length = length;
    this.#seed = seed;
    this.#split = split;
    this.#pixels = new Uint8Array(length * pixelsPerImage);
    this.#labels = new Int32Array(length);
    this.#isDrawn = new Uint8Array(length);
    this.#kept = new ArrayDataset(
      { data: this.#pixels, shape: [length, 1, side, side] },
      { data: this.#labels, shape: [length] },
      { divisor: 255 },
    );
  }

  get(index: number): [x: Tensor, y: Tensor] {
    this.#draw([index]);
    return this.#kept.get(index);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return summary("digits", [[this.#split === 0 ? "train" : "test", this.length], ["seed", this.#seed]]);
  }

  batch(indices: ArrayLike<number>): [x: Samples, y: Samples] {
    this.#draw(indices);
    return this.#kept.batch(indices);
  }

  #draw(indices: ArrayLike<number>): void {
    checkIndices("get batch", indices);
    for (let k = 0; k < indices.length; k++) {
      const index = indices[k]!;
      checkIndex(index, this.length);
      if (this.#isDrawn[index]) continue;
      const random = new RandomStream(this.#seed, this.#split, index);
      const label = random.below(10), start = index * pixelsPerImage;
      drawDigit(label, random, this.#pixels.subarray(start, start + pixelsPerImage));
      this.#labels[index] = label;
      this.#isDrawn[index] = 1;
    }
  }
}
