/** Opens the dataset that a module gives, where the loop runs and in workers alike. */
import { refuse } from "../../core/pure/check.ts";
import type { Dataset } from "../contract.ts";
import { isDataset } from "../samples.ts";
import type { ModulePlace } from "./messages.ts";

/** The dataset, whose errors name the sample. TypeError for an export that is none and gives none. */
export async function openModule({ href, name, argument }: ModulePlace): Promise<Dataset<unknown>> {
  const found: unknown = (await import(href))[name];
  const dataset = typeof found === "function" && !isDataset(found) ? await found(argument) : found;
  if (!isDataset(dataset)) return refuse(`open dataset ${name} of ${href}`, dataset, "a dataset with length and get()");
  const { batch } = dataset;
  return {
    get length() {
      return dataset.length;
    },
    get: async (index) => {
      try {
        return await dataset.get(index);
      } catch (cause) {
        throw new Error(`Cannot get sample ${index}: ${cause instanceof Error ? cause.message : cause}`, { cause });
      }
    },
    ...(batch !== undefined && { batch: (indices: ArrayLike<number>) => batch.call(dataset, indices) }),
  };
}
