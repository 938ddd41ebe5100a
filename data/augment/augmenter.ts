/**
 * Augmentation of batches. What happens to a sample follows from the seed, the epoch and the sample's number alone, and what
 * happens to a batch as a whole from the seed, the epoch and the batch's number: not from who asks, nor when.
 */
import { sameShape, showShape, sizeOf } from "../../core/pure/shape.ts";
import type { Samples } from "../contract.ts";
import { RandomStream } from "../random.ts";
import { mixtureStream, sampleStream } from "../streams.ts";
import { affineStep } from "./affine.ts";
import { cropStep } from "./crop.ts";
import { cutoutStep } from "./cutout.ts";
import { elasticStep } from "./elastic.ts";
import { flipStep } from "./flip.ts";
import type { Augmentation, Mixture } from "./kinds.ts";
import { mix } from "./mixtures.ts";
import { normalizeStep } from "./normalize.ts";
import type { Step } from "./step.ts";

type SampleWise = Exclude<Augmentation, Mixture>;

/** What makes the step of each kind. */
const steps: {
  [Kind in SampleWise["kind"]]: (one: Extract<SampleWise, { kind: Kind }>, shape: readonly number[]) => Step;
} = {
  crop: cropStep,
  flip: flipStep,
  affine: affineStep,
  elastic: elasticStep,
  cutout: cutoutStep,
  normalize: normalizeStep,
};

/** Which batch is to be augmented: what its random numbers follow from. */
export interface BatchPlace {
  readonly seed: number;
  readonly epoch: number;
  readonly batch: number;
  /** The samples' numbers in the dataset. */
  readonly indices: ArrayLike<number>;
}

/** Whether an augmentation mixes the samples of a batch. */
export function isMixture(one: Augmentation): one is Mixture {
  return one.kind === "mixup" || one.kind === "cutmix";
}

/** Applies augmentations, in their order, to batch after batch. Their steps are made once for samples of one shape. */
export class Augmenter {
  readonly #sampleWise: readonly SampleWise[];
  readonly #mixtures: readonly Mixture[];
  #steps: readonly Step[] = [];
  #shape: readonly number[] | null = null;

  constructor(augmentations: readonly Augmentation[]) {
    this.#sampleWise = augmentations.filter((one) => !isMixture(one));
    this.#mixtures = augmentations.filter(isMixture);
  }

  /** The batch augmented: the inputs in place, the targets anew if they are mixed. TypeError for other inputs than float32. */
  apply([x, y]: [x: Samples, y: Samples], { seed, epoch, batch, indices }: BatchPlace): [x: Samples, y: Samples] {
    if (this.#sampleWise.length + this.#mixtures.length === 0) return [x, y];
    const { data, dtype = "float32" } = x, shape = x.shape.slice(1), size = sizeOf(shape);
    if (!(data instanceof Float32Array) || dtype !== "float32") {
      const given = data instanceof Float32Array ? dtype : data.constructor.name;
      throw new TypeError(
        `Cannot augment: inputs ${given} ${
          showShape(x.shape)
        } must be float32, as the divisor of a dataset makes bytes`,
      );
    }
    if (this.#shape === null || !sameShape(shape, this.#shape)) {
      this.#steps = this.#sampleWise.map((one) => stepOf(one, shape));
      this.#shape = shape;
    }
    for (let k = 0; k < indices.length; k++) {
      const random = new RandomStream(seed, sampleStream, epoch, indices[k]);
      for (const step of this.#steps) step(data, k * size, random);
    }
    if (this.#mixtures.length === 0) return [x, y];
    const random = new RandomStream(seed, mixtureStream, epoch, batch);
    return [x, mix(this.#mixtures[random.below(this.#mixtures.length)]!, x, y, random)];
  }
}

function stepOf<Kind extends SampleWise["kind"]>(
  one: Extract<SampleWise, { kind: Kind }>,
  shape: readonly number[],
): Step {
  return steps[one.kind as Kind](one, shape);
}
