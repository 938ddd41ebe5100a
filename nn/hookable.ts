/** Hookable: the hooks of a module, which see and may replace what goes through it. */
import type { HookHandle } from "../core/mod.ts";
import { addHook, type Hooks } from "./hooked.ts";
import type { HookKind, HookOptions, ModuleHooks } from "./hooks.ts";

/**
 * The hooks of a module. What it takes and returns is not part of their types: a module of an optional input would be none of
 * those without it.
 */
// deno-lint-ignore no-explicit-any -- see above.
export type AnyHooks<M> = ModuleHooks<any[], any, M>;

/** All of {@linkcode Module} that has to do with hooks. `M` is any module. */
export abstract class Hookable<M> {
  #hooks: Hooks | null = null;

  /** @ignore The hooks in the order in which they are called; null for none. */
  protected get hooks(): Hooks | null {
    return this.#hooks;
  }

  /**
   * Has `hook(inputs, module)` called before each `forward`. A list that it returns takes the place of the inputs. It is
   * PyTorch's `register_forward_pre_hook`.
   *
   * Hooks of one kind are called in the order in which they were put on the module, each with what the one before returned.
   * The handle takes the hook off, as does the end of its `using`. A captured function calls hooks while it is recorded, and
   * replays what they computed; it records anew for other hooks.
   *
   * @example
   * ```ts
   * import { nn, ones } from "deneb";
   *
   * const layer = new nn.Linear(2, 3), seen: string[] = [];
   * {
   *   using _ = layer.beforeForward(([x]) => void seen.push(`${x.shape}`));
   *   layer.call(ones([4, 2]));
   * }
   * layer.call(ones([5, 2]));
   * if (seen.join(" ") !== "4,2") throw new Error(seen.join(" "));
   * ```
   */
  beforeForward(hook: AnyHooks<M>["beforeForward"], options: HookOptions = {}): HookHandle {
    return this.#hook("beforeForward", hook, options);
  }

  /**
   * Has `hook(output, inputs, module)` called after each `forward`. What it returns takes the place of the output. It is
   * PyTorch's `register_forward_hook`; see {@linkcode Hookable.beforeForward}.
   *
   * @example
   * ```ts
   * import { nn, ones } from "deneb";
   *
   * const layer = new nn.ReLU();
   * using _ = layer.onForward((y) => y.mul(2));
   * if (layer.call(ones([1])).item() !== 2) throw new Error("not replaced");
   * ```
   */
  onForward(hook: AnyHooks<M>["onForward"], options: HookOptions = {}): HookHandle {
    return this.#hook("onForward", hook, options);
  }

  /**
   * Has `hook(outGrads, module)` called in each backward sweep before it goes through the module: with the gradient of each
   * tensor of the output in order, null where none flows. A list that it returns takes their place. It is PyTorch's
   * `register_full_backward_pre_hook`; see {@linkcode Hookable.beforeForward}.
   *
   * The output may be a tensor, or an array or plain object of tensors. As in {@linkcode Tensor.onGradient}, the hook must not
   * change gradients in place, and passes what it wants to keep to {@linkcode keep}.
   *
   * @example
   * ```ts
   * import { nn, Tensor } from "deneb";
   *
   * const layer = new nn.Identity(), x = new Tensor([1]);
   * using _ = layer.beforeBackward(([grad]) => [grad!.mul(10)]);
   * layer.call(x).sum().backward();
   * if (x.grad!.item() !== 10) throw new Error("not replaced");
   * ```
   */
  beforeBackward(
    hook: AnyHooks<M>["beforeBackward"],
    options: HookOptions = {},
  ): HookHandle {
    return this.#hook("beforeBackward", hook, options);
  }

  /**
   * Has `hook(inGrads, outGrads, module)` called in each backward sweep, once the gradients of all inputs are known: with that
   * of each tensor among the inputs in order, null for one that requires none (PyTorch: zeros), and those of the output. A list that it returns
   * takes the place of the inputs' gradients. It is PyTorch's `register_full_backward_hook`; see
   * {@linkcode Hookable.beforeBackward}. If no input requires a gradient it is called when those of the output are known.
   *
   * @example
   * ```ts
   * import { nn, Tensor } from "deneb";
   *
   * const layer = new nn.Tanh(), x = new Tensor([0]), seen: number[] = [];
   * using _ = layer.onBackward(([inGrad], [outGrad]) => void seen.push(inGrad!.item(), outGrad!.item()));
   * layer.call(x).mul(3).sum().backward();
   * if (seen.join() !== "3,3") throw new Error(seen.join());
   * ```
   */
  onBackward(hook: AnyHooks<M>["onBackward"], options: HookOptions = {}): HookHandle {
    return this.#hook("onBackward", hook, options);
  }

  #hook(kind: HookKind, hook: AnyHooks<M>[HookKind], options: HookOptions): HookHandle {
    return addHook(kind, hook, options, () => this.#hooks, (hooks) => this.#hooks = hooks);
  }
}
