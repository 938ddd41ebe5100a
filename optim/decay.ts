/** Weight decay as a part of the gradient, which most optimizers offer. */
import { apply, decided } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";

/** The gradient of the loss with `weightDecay / 2` times the squared parameter added to it: g + weightDecay p. */
export function decayed(gradient: Tensor, p: Tensor, optimizer: { readonly weightDecay: number }): Tensor {
  if (decided(() => optimizer.weightDecay === 0)) return gradient;
  return apply("addScaled", [gradient, p], { s: () => optimizer.weightDecay });
}
