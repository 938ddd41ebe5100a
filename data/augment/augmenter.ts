/**
 * Augmentation of batches. What happens to a sample follows from the seed, the epoch and the sample's number alone, and what
 * happens to a batch as a whole from the seed, the epoch and the batch's number: not from who asks, nor when.
 */
import { sameShape, showShape, sizeOf } from "../../core/pure/shape.ts";
import type { Samples } from "../contract.ts";
import { RandomStream } from "../random.ts";
import { mixtureStream, sampleStream } from "../streams.ts";
import { affineWarp } from "./affine.ts";
import { cropStep } from "./crop.ts";
import { cutoutStep } from "./cutout.ts";
import { elasticWarp } from "./elastic.ts";
import { flipStep } from "./flip.ts";
import type { Augmentation, ElasticDistortion, Mixture, RandomAffine } from "./kinds.ts";
import { mix } from "./mixtures.ts";
import { normalizeStep } from "./normalize.ts";
import type { Step } from "./step.ts";
import { type Warp, warpStep } from "./warp.ts";

type SampleWise = Exclude<Augmentation, Mixture>;
type Warping = RandomAffine | ElasticDistortion;

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
      this.#steps = stepsOf(this.#sampleWise, shape);
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

/** The steps of augmentations, the first one first. Warps without another kind between them are one step. */
function stepsOf(augmentations: readonly SampleWise[], shape: readonly number[]): readonly Step[] {
  const steps: Step[] = [], warps: Warp[] = [];
  const endWarps = () => {
    if (warps.length > 0) steps.push(warpStep(warps.splice(0), shape));
  };
  for (const one of augmentations) {
    if (one.kind === "affine" || one.kind === "elastic") {
      warps.push(warpOf(one, shape));
    } else {
      endWarps();
      steps.push(stepOf(one, shape));
    }
  }
  endWarps();
  return steps;
}

function warpOf(one: Warping, shape: readonly number[]): Warp {
  return one.kind === "affine" ? affineWarp(one, shape) : elasticWarp(one, shape);
}

function stepOf(one: Exclude<SampleWise, Warping>, shape: readonly number[]): Step {
  switch (one.kind) {
    case "crop":
      return cropStep(one, shape);
    case "flip":
      return flipStep(one, shape);
    case "cutout":
      return cutoutStep(one, shape);
    case "normalize":
      return normalizeStep(one, shape);
    default:
      return one satisfies never;
  }
}
