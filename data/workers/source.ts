/** Which datasets workers can ask by themselves: arrays in memory, those that a module gives, and parts of both. */
import type { Dataset } from "../contract.ts";
import type { Arrays } from "./arrays.ts";
import type { ModulePlace } from "./messages.ts";

/** Arrays in shared memory or a module, either of which is null, and where in them a sample of the dataset stands. */
export interface Source {
  readonly arrays: Arrays | null;
  readonly module: ModulePlace | null;
  readonly placeOf: (index: number) => number;
}

const sources = new WeakMap<Dataset<unknown>, () => Source | null>();

/** Says how a dataset's samples can be shared. */
export function offerSource(dataset: Dataset<unknown>, source: () => Source | null): void {
  sources.set(dataset, source);
}

/** How workers get the samples of a dataset; null if only its methods give them. */
export function sourceOf(dataset: Dataset<unknown>): Source | null {
  return sources.get(dataset)?.() ?? null;
}
