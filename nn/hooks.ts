/** The kinds of hooks on modules, and what they are given. */
import type { Tensor } from "../core/mod.ts";

/** Options of a hook. */
export interface HookOptions {
  /** Takes the hook off when it is called for the first time; false by default. */
  once?: boolean;
  /** Has the hook called before those that are there already; false by default. */
  prepend?: boolean;
}

/** Gradients of several tensors: null for one to which nothing flows. */
export type Gradients = readonly (Tensor | null)[];

/** The kinds of hooks, by the methods that add them. */
export interface ModuleHooks<Inputs extends readonly unknown[], Output, M> {
  /** Before `forward`: may return other inputs, as a list. */
  beforeForward(inputs: Inputs, module: M): Inputs | void;
  /** After `forward`: may return another output. */
  onForward(output: Output, inputs: Inputs, module: M): Output | void;
  /** In a sweep, before it goes through the module: may return other gradients of the outputs. */
  beforeBackward(outGrads: Gradients, module: M): Gradients | void;
  /** In a sweep, behind the module: may return other gradients of the inputs. */
  onBackward(inGrads: Gradients, outGrads: Gradients, module: M): Gradients | void;
}

/** The name of a kind of hooks. */
export type HookKind = keyof ModuleHooks<never, never, never>;
