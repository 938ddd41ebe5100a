/** A metric of the validation set that is watched: whether it got better, and how long it did not. */
import { checkCount, checkState, shown } from "../core/internal.ts";
import type { EarlyStopping, TrainOptions, Watched } from "./options.ts";

/** Metrics of which a smaller value is better. */
const falling: readonly string[] = ["loss", "mae", "mse", "rmse", "perplexity"];

/** The best value so far, and its epoch. */
export interface Best {
  readonly epoch: number;
  readonly value: number;
}

/** The state of a {@linkcode Watch}. */
interface WatchState {
  best: Best | null;
  /** The number of epochs in a row that were not better. */
  waited: number;
}

/** Watches one metric. */
export class Watch {
  readonly #metric: string;
  readonly #sign: 1 | -1;
  readonly #minDelta: number;
  readonly #patience: number;
  #best: Best | null = null;
  #waited = 0;

  constructor({ metric, mode, minDelta = 0, patience = Infinity }: Watched & Partial<EarlyStopping>) {
    this.#metric = metric;
    this.#sign = (mode ?? (falling.includes(metric) ? "min" : "max")) === "min" ? -1 : 1;
    this.#minDelta = minDelta;
    this.#patience = patience;
  }

  /** The best value so far. */
  get best(): Best | null {
    return this.#best;
  }

  /** Whether there was no better value for so long that the run is to end. */
  get isOver(): boolean {
    return this.#waited >= this.#patience;
  }

  /** Looks at the metrics of an epoch, and says whether the watched one is the best so far. TypeError if it is no number. */
  judge(epoch: number, values: Readonly<Record<string, unknown>>): boolean {
    const value = values[this.#metric];
    if (typeof value !== "number") {
      throw new TypeError(`Cannot train: the watched metric ${this.#metric} is ${shown(value)}, it must be a number`);
    }
    const isBetter = this.#best === null
      ? !Number.isNaN(value)
      : this.#sign * (value - this.#best.value) > this.#minDelta;
    if (isBetter) this.#best = { epoch, value };
    this.#waited = isBetter ? 0 : this.#waited + 1;
    return isBetter;
  }

  stateDict(): WatchState {
    return { best: this.#best, waited: this.#waited };
  }

  loadStateDict(state: WatchState): void {
    const { best, waited } = checkState("load watch", state);
    this.#waited = checkCount("load watch", "waited", waited, 0);
    this.#best = best === null ? null : { ...checkState("load watch", best) };
  }
}

/** What early stopping and keep-best watch. RangeError for a metric that is not measured. */
export function watchesOf(
  action: string,
  { earlyStopping, keepBest = false }: TrainOptions,
  measured: readonly string[],
): { stopping: Watch | null; keeping: Watch | null } {
  const usual: Watched = earlyStopping ?? { metric: measured.includes("accuracy") ? "accuracy" : "loss" };
  const kept: Watched | null = keepBest === false
    ? null
    : keepBest !== true
    ? keepBest
    : { metric: usual.metric, ...(usual.mode !== undefined && { mode: usual.mode }) };
  for (const watched of [earlyStopping, kept]) {
    if (watched === undefined || watched === null || measured.includes(watched.metric)) continue;
    throw new RangeError(
      `Cannot ${action}: the metric ${shown(watched.metric)} is not measured; there are ${measured.join(", ")}`,
    );
  }
  return {
    stopping: earlyStopping === undefined ? null : new Watch(earlyStopping),
    keeping: kept === null ? null : new Watch(kept),
  };
}
