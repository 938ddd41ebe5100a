/** The measuring of a model on a test set. */
import { checkOptions, refuse } from "../core/internal.ts";
import type { PairLoader } from "../data/mod.ts";
import { type Loss, Module } from "../nn/mod.ts";
import { checkLoader, checkMethods } from "./check.ts";
import { measure, valuesOf } from "./measure.ts";
import { metricsOf } from "./metric_choice.ts";
import { Accuracy } from "./metrics.ts";
import type { MetricChoice } from "./options.ts";

/** Options of {@linkcode evaluate}. */
export interface EvaluateOptions {
  /** What is measured: names, such as `"accuracy"`, metrics or functions. */
  metrics?: readonly MetricChoice[];
  /** The loss, whose mean over the samples is measured as `loss`. */
  loss?: Pick<Loss, "call">;
}

/**
 * The share of samples, from 0 to 1, that `model` classifies correctly: whose logits [batch, classes] are largest at the
 * label.
 *
 * The model runs in evaluation mode and without gradients; afterwards each of its parts is in its former mode. RangeError if
 * the loader gives no batch; TypeError for logits and labels that {@linkcode countCorrect} refuses.
 *
 * @example
 * ```ts
 * import { data, nn, train } from "deneb";
 *
 * const untrained = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ test: 50 }), { batchSize: 25 });
 * const share = await train.evaluate(untrained, loader);
 * if (share > 0.5 || !untrained.training) throw new Error(`${share}`);
 * ```
 */
export function evaluate(model: Module, loader: PairLoader): Promise<number>;
/**
 * As without options, but measures what they ask for, by name. RangeError for a metric that is unknown or there twice.
 *
 * @example
 * ```ts
 * import { data, nn, train } from "deneb";
 *
 * const untrained = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 10));
 * const loader = new data.DataLoader(data.digits({ test: 50 }), { batchSize: 25 });
 * const found = await train.evaluate(untrained, loader, {
 *   metrics: ["accuracy", "top5", "perClass"],
 *   loss: new nn.CrossEntropyLoss(),
 * });
 * if (Object.keys(found).join() !== "loss,accuracy,top5,perClass") throw new Error(`${Object.keys(found)}`);
 * ```
 */
export function evaluate(
  model: Module,
  loader: PairLoader,
  options: EvaluateOptions,
): Promise<Record<string, unknown>>;
export async function evaluate(
  model: Module,
  loader: PairLoader,
  options?: EvaluateOptions,
): Promise<number | Record<string, unknown>> {
  const action = "evaluate";
  if (!(model instanceof Module)) refuse(action, model, "a module");
  checkLoader(action, loader);
  if (options === undefined) {
    const accuracy = new Accuracy();
    await measure(action, model, loader, [accuracy]);
    return accuracy.value();
  }
  const { metrics: choices = [], loss } = checkOptions(action, options, '{ metrics: ["accuracy"] }', [
    "metrics",
    "loss",
  ]);
  if (loss !== undefined) checkMethods(action, loss, ["call"], "a loss");
  const metrics = metricsOf(action, choices, loss ?? null);
  await measure(action, model, loader, metrics);
  return valuesOf(metrics);
}
