/** Keeps up to date which op computes, and for which module, for recordings and profiles. */
import { type Activity, activity, computing, during } from "../array/activity.ts";
import type { Op, Value } from "./value.ts";
import { PassingWitness, witnessedBy } from "./witness.ts";

/** Runs `body` with ops that say when they compute. */
export function labelled<T>(body: () => T): T {
  return witnessedBy(new Labeller(), body);
}

/** Notes each op before it computes and forgets it when its result is there. */
export class Labeller extends PassingWitness {
  /** In which module each tensor was made: that is where its gradient belongs. */
  readonly #made = new WeakMap<Value, Activity>();

  override derive(op: Op, inputs: readonly Value[], saved: readonly Value[]): readonly Value[] | null {
    computing(op.name);
    return super.derive(op, inputs, saved);
  }

  override made(tensor: Value, op: Op, inputs: readonly Value[]): void {
    this.#made.set(tensor, activity);
    computing(null);
    super.made(tensor, op, inputs);
  }

  override differentiate<T>(node: Value, gradient: () => T): T {
    const { module, owner } = this.#made.get(node) ?? activity;
    return during(
      { module, owner, op: node.op?.name ?? null, backward: true },
      () => super.differentiate(node, gradient),
    );
  }
}
