/** Parametrization: a module that computes a parameter of another. */
import type { Tensor } from "../core/mod.ts";
import type { AnyModule } from "./module.ts";

/** A module that computes a parameter from its originals: from one tensor, or from those that `originalsOf` gives. */
export interface Parametrization extends AnyModule {
  /** Tensors from which `forward` computes this value, or comes near to it. Without it the value itself is the original. */
  originalsOf?(value: Tensor): Tensor | readonly Tensor[];
}
