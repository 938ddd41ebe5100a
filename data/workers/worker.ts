/**
 * A worker of a loader: it makes and augments the batches that it is sent, one after the other, and loads nothing of the
 * library but what that takes.
 */
import { Augmenter } from "../augment/augmenter.ts";
import { pickBatch } from "./arrays.ts";
import { serve } from "./serve.ts";

serve(({ augmentations, arrays }) => {
  const augmenter = new Augmenter(augmentations);
  return ({ place, source }) => ({
    tree: [0, 1],
    leaves: augmenter.apply(Array.isArray(source) ? source : pickBatch(arrays!, source), place),
  });
});
