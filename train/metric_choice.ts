/** Metrics by name, by themselves or by a function, as options list them. */
import { checkFunction, refuse, shown } from "../core/internal.ts";
import type { Loss } from "../nn/mod.ts";
import { AUROC } from "./auroc.ts";
import { F1, IoU, Precision, Recall } from "./class_metrics.ts";
import { Accuracy, ConfusionMatrix, MeanLoss, type Metric, PerClass, TopK } from "./metrics.ts";
import { MeanAbsoluteError, MeanSquaredError, R2 } from "./number_metrics.ts";
import type { MetricChoice, MetricFunction, MetricName } from "./options.ts";
import { Perplexity } from "./perplexity.ts";

const byName: Record<Exclude<MetricName, "loss" | `top${number}`>, () => Metric> = {
  accuracy: () => new Accuracy(),
  confusion: () => new ConfusionMatrix(),
  perClass: () => new PerClass(),
  precision: () => new Precision(),
  recall: () => new Recall(),
  f1: () => new F1(),
  iou: () => new IoU(),
  auroc: () => new AUROC(),
  mae: () => new MeanAbsoluteError(),
  mse: () => new MeanSquaredError(),
  rmse: () => new MeanSquaredError({ root: true }),
  r2: () => new R2(),
  perplexity: () => new Perplexity(),
};

/**
 * The metrics of a list, with the loss at first if there is one. TypeError for what is no metric, RangeError for a name that
 * is unknown or there twice.
 */
export function metricsOf(action: string, choices: readonly MetricChoice[], loss: Pick<Loss, "call"> | null): Metric[] {
  if (!Array.isArray(choices)) refuse(action, choices, 'a list of metrics, such as ["accuracy"]');
  const metrics = loss === null ? [] : [new MeanLoss(loss)] as Metric[];
  for (const choice of choices) {
    if (choice === "loss") {
      if (loss === null) throw new RangeError(`Cannot ${action}: the metric "loss" needs the option loss`);
      continue;
    }
    const metric = metricOf(action, choice);
    if (metrics.some(({ name }) => name === metric.name)) {
      throw new RangeError(`Cannot ${action}: the metric ${shown(metric.name)} is there twice, it must be there once`);
    }
    metrics.push(metric);
  }
  return metrics;
}

function metricOf(action: string, choice: unknown): Metric {
  if (typeof choice === "string") {
    const k = /^top(\d+)$/.exec(choice)?.[1];
    if (k !== undefined && Number(k) > 0) return new TopK(Number(k));
    if (Object.hasOwn(byName, choice)) return byName[choice as keyof typeof byName]();
    const known = ["loss", ...Object.keys(byName), "top5 (or another number)"].join(", ");
    throw new RangeError(`Cannot ${action}: the metric ${shown(choice)} is unknown; there are ${known}`);
  }
  if (typeof choice === "function") return meanOf(choice as MetricFunction);
  const given = choice as Partial<Metric> | null | undefined;
  if (typeof given !== "object" || typeof given?.name !== "string") {
    return refuse(
      action,
      choice,
      "a metric: a name, a function, or an object with name, update(), value() and reset()",
    );
  }
  for (const method of ["update", "value", "reset"] as const) checkFunction(action, given[method]);
  return given as Metric;
}

/** The mean of a function of one's own, under its name. */
function meanOf(f: MetricFunction): Metric {
  const mean = new MeanLoss({ call: f as Loss["call"] });
  return {
    name: f.name || "metric",
    update: (output, target) => mean.update(output, target),
    value: () => mean.value(),
    reset: () => mean.reset(),
  };
}
