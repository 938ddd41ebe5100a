/** What a loader and its workers tell each other. */
import type { BatchPlace } from "../augment/augmenter.ts";
import type { Augmentation } from "../augment/kinds.ts";
import type { Samples } from "../contract.ts";
import type { Arrays } from "./arrays.ts";

/** A module that gives a dataset. */
export interface ModulePlace {
  readonly href: string;
  /** The name of the export: a dataset, or a function of the argument that gives one. */
  readonly name: string;
  readonly argument: unknown;
}

/** The first message to a worker. */
export interface Setup {
  readonly augmentations: readonly Augmentation[];
  /** The arrays that samples are picked from; null if there are none. */
  readonly arrays: Arrays | null;
  /** The module whose dataset is asked for samples; null if there is none, and each job brings its batch along. */
  readonly module: ModulePlace | null;
}

/** A batch to be made: of the samples at places of the arrays or of the module's dataset, or of those that are sent. */
export interface Job {
  readonly place: BatchPlace;
  readonly source: Uint32Array | [x: Samples, y: Samples];
}

/** A batch as it can be sent: its structure, in which a number k stands for the k-th of the leaves. */
export interface Packed {
  readonly tree: unknown;
  readonly leaves: readonly Samples[];
}

/** What a worker says: a batch that is done, why it could not be made, or that it has nothing to do. */
export type Answer =
  | { readonly kind: "batch"; readonly batch: Packed }
  | { readonly kind: "error"; readonly error: Error }
  | { readonly kind: "idle" };
