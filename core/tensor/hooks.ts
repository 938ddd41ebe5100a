/**
 * Hooks on the gradients of tensors, which sweeps call. They stand beside the tensors, so that tensors without hooks carry
 * nothing and sweeps of programs without any ask for one variable only.
 */
import { recorder } from "../array/stream.ts";
import { checkFunction } from "../pure/check.ts";
import { showShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";
import { checkTensor } from "./value.ts";

/** Is given the gradient of a tensor, and may return another in its place. */
export type GradientHook = (grad: Tensor) => Tensor | null | undefined | void;

/** A hook as it was put on a tensor, since one function may be put there twice. */
interface Entry {
  readonly hook: GradientHook;
}

/** The hooks of each tensor; null until there is one. A list is never changed, but replaced. */
export let hooks: WeakMap<Tensor, readonly Entry[]> | null = null;
/** How often a list was replaced. */
let changes = 0;
const none: readonly Entry[] = [];

/** The hooks of a tensor, in the order in which they were put there. */
export function hooksOf(tensor: Tensor): readonly Entry[] {
  return hooks?.get(tensor) ?? none;
}

/** What takes a hook off again; see {@linkcode Tensor.onGradient}. */
export class HookHandle implements Disposable {
  readonly #remove: () => void;

  /** @ignore */
  constructor(remove: () => void) {
    this.#remove = remove;
  }

  /** Takes the hook off. A second time does nothing. */
  dispose(): void {
    this.#remove();
  }

  /** As {@linkcode HookHandle.dispose}, at the end of `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Puts a hook on a tensor. Error for one that requires no gradient. */
export function addHook(tensor: Tensor, hook: GradientHook): HookHandle {
  checkFunction("onGradient", hook);
  checkTensor("onGradient", tensor);
  if (!tensor.requiresGrad) {
    throw new Error(`Cannot onGradient: tensor ${showShape(tensor.shape)} does not require a gradient`);
  }
  const entry = { hook };
  replace(tensor, [...hooksOf(tensor), entry]);
  return new HookHandle(() => replace(tensor, hooksOf(tensor).filter((each) => each !== entry)));
}

function replace(tensor: Tensor, list: readonly Entry[]): void {
  hooks ??= new WeakMap();
  if (list.length > 0) hooks.set(tensor, list);
  else hooks.delete(tensor);
  changes++;
}

/** Has a captured function that is being recorded record anew when a leaf of the sweep is given other hooks. */
export function holdToHooks(order: readonly Tensor[]): void {
  if (recorder === null) return;
  const leaves = order.filter(({ op }) => op === null), found = leaves.map(hooksOf);
  let seen = changes;
  recorder.guard(() => {
    if (changes === seen) return true;
    if (leaves.some((leaf, k) => hooksOf(leaf) !== found[k])) return false;
    seen = changes;
    return true;
  });
}
