/** Which datasets workers can pick samples of by themselves: those that are arrays in memory, and parts of them. */
import type { Dataset } from "../contract.ts";
import type { Arrays } from "./arrays.ts";

/** Arrays in shared memory, and where in them a sample of the dataset stands. */
export interface Source {
  readonly arrays: Arrays;
  readonly placeOf: (index: number) => number;
}

const sources = new WeakMap<Dataset<unknown>, () => Source | null>();

/** Says how a dataset's samples can be shared. */
export function offerSource(dataset: Dataset<unknown>, source: () => Source | null): void {
  sources.set(dataset, source);
}

/** The samples of a dataset in shared memory; null if only its methods give them. */
export function sourceOf(dataset: Dataset<unknown>): Source | null {
  return sources.get(dataset)?.() ?? null;
}
