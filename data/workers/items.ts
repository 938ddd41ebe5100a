/** A worker of a loader that asks a dataset of the user's own for samples, and so loads the library. */
import { Augmenter } from "../augment/augmenter.ts";
import type { Dataset } from "../contract.ts";
import { augmented, fetchBatch } from "../samples.ts";
import { packed } from "../stacked.ts";
import { openModule } from "./module.ts";
import { serve } from "./serve.ts";

serve(({ augmentations, module }) => {
  const augmenter = augmentations.length > 0 ? new Augmenter(augmentations) : null;
  let dataset: Promise<Dataset<unknown>> | null = null;
  return async ({ place, source }) => {
    const batch = await fetchBatch(await (dataset ??= openModule(module!)), source as Uint32Array);
    return packed(augmenter === null ? batch : augmented(batch, (pair) => augmenter.apply(pair, place)));
  };
});
