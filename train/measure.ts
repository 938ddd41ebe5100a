/** A pass over a test set: what the model makes of each batch is shown to metrics. */
import { noGrad, scope } from "../core/mod.ts";
import type { PairLoader } from "../data/mod.ts";
import type { AnyModule } from "../nn/mod.ts";
import { checkPair } from "./check.ts";
import type { Metric } from "./metrics.ts";
import { Turns } from "./turns.ts";

/**
 * Shows the metrics, from their beginning, what the model makes of all batches. False if the signal ended it before the last
 * one.
 */
export async function measure(
  action: string,
  model: AnyModule,
  loader: PairLoader,
  metrics: readonly Metric[],
  signal?: AbortSignal,
): Promise<boolean> {
  const modes = model.modules().map((part): [AnyModule, boolean] => [part, part.training]);
  for (const metric of metrics) metric.reset();
  const turns = new Turns();
  let isEmpty = true;
  model.eval();
  try {
    for await (const batch of loader) {
      if (turns.isDue) await turns.give();
      if (signal?.aborted) return false;
      using _ = scope();
      const [x, y] = checkPair(action, batch), output = noGrad(() => model.call(x));
      for (const metric of metrics) metric.update(output, y);
      isEmpty = false;
    }
  } finally {
    restore(modes);
  }
  if (isEmpty) throw new RangeError(`Cannot ${action}: the loader gave no batch`);
  return true;
}

/** The values of metrics by name. */
export function valuesOf(metrics: readonly Metric[]): Record<string, unknown> {
  return Object.fromEntries(metrics.map((metric) => [metric.name, metric.value()]));
}

/** Puts modules back into their modes. A change reaches all parts of a module, so that it may take a round for each. */
export function restore(modes: readonly [AnyModule, boolean][]): void {
  for (let round = 0; round < modes.length; round++) {
    const wrong = modes.filter(([part, training]) => part.training !== training);
    if (wrong.length === 0) return;
    for (const [part, training] of wrong) part.train(training);
  }
}
