/** Weight decay that is added to the gradient, as most optimizers offer it. */
import { apply, decided } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

/** g + weightDecay p: the gradient of the loss plus `weightDecay / 2` times the squared parameter. */
export function decayed(gradient: Tensor, p: Tensor, optimizer: { readonly weightDecay: number }): Tensor {
  if (decided(() => optimizer.weightDecay === 0)) return gradient;
  return apply("addScaled", [gradient, p], { s: () => optimizer.weightDecay });
}
