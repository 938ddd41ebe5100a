/** What a loader and its workers tell each other. */
import type { BatchPlace } from "../augment/augmenter.ts";
import type { Augmentation } from "../augment/kinds.ts";
import type { Samples } from "../contract.ts";
import type { Arrays } from "./arrays.ts";

/** The first message to a worker. */
export interface Setup {
  readonly augmentations: readonly Augmentation[];
  /** The arrays that samples are picked from; null if each job brings its batch along. */
  readonly arrays: Arrays | null;
}

/** A batch to be made: of the samples at places of the arrays, or of those that are sent. */
export interface Job {
  readonly place: BatchPlace;
  readonly source: Uint32Array | [x: Samples, y: Samples];
}

/** What a worker says: a batch that is done, why it could not be made, or that it has nothing to do. */
export type Answer =
  | { readonly kind: "batch"; readonly batch: [x: Samples, y: Samples] }
  | { readonly kind: "error"; readonly error: Error }
  | { readonly kind: "idle" };
