/**
 * Hooks on modules: functions that see, and may replace, what goes into a module and comes out of it, forwards and backwards.
 *
 * Gradients are caught by two ops without a computation, one around the inputs and one around the outputs: when a sweep
 * reaches the one around the inputs, their gradients are whole.
 */
import { checkFlag, checkFunction, checkOptions, gradientsEnabled, mapLeaves, refuse } from "../core/internal.ts";
import { type Adjoints, HookHandle, type NDArray, Tensor, TensorTupleOp } from "../core/mod.ts";
import type { Gradients, HookKind, HookOptions, ModuleHooks } from "./hooks.ts";

// deno-lint-ignore no-explicit-any -- what a module takes and returns is its own.
type AnyHooks = ModuleHooks<any[], any, any>;

/** A hook as it was put on a module, since one function may be put there twice. */
interface Entry {
  readonly kind: HookKind;
  readonly hook: AnyHooks[HookKind];
  readonly once: boolean;
  readonly handle: HookHandle;
}

/** The hooks of a module, in the order in which they are called. A list is never changed, but replaced. */
export type Hooks = readonly Entry[];

/** Puts a hook among those that `get` gives and `set` replaces: null stands for none. */
export function addHook(
  kind: HookKind,
  hook: AnyHooks[HookKind],
  options: HookOptions,
  get: () => Hooks | null,
  set: (hooks: Hooks | null) => void,
): HookHandle {
  checkFunction(kind, hook);
  const { once = false, prepend = false } = checkOptions(kind, options, "{ once: true }", ["once", "prepend"]);
  checkFlag(kind, "once", once);
  checkFlag(kind, "prepend", prepend);
  const handle = new HookHandle(() => {
    const left = (get() ?? []).filter((each) => each !== entry);
    set(left.length > 0 ? left : null);
  });
  const entry: Entry = { kind, hook, once, handle }, before = get() ?? [];
  set(prepend ? [entry, ...before] : [...before, entry]);
  return handle;
}

/** The hooks of one kind. One that is called once is taken off before it is called. */
function* hooksOf<Kind extends HookKind>(hooks: Hooks, kind: Kind): Iterable<AnyHooks[Kind]> {
  for (const entry of hooks) {
    if (entry.kind !== kind) continue;
    if (entry.once) entry.handle.dispose();
    yield entry.hook as AnyHooks[Kind];
  }
}

/** Runs `forward` between the hooks of a module. */
export function callHooked<Inputs extends unknown[], Output>(
  module: object,
  hooks: Hooks,
  inputs: Inputs,
  forward: (...inputs: Inputs) => Output,
): Output {
  for (const hook of hooksOf(hooks, "beforeForward")) {
    const answer: unknown = hook(inputs, module) ?? inputs;
    if (!Array.isArray(answer)) refuse("call the module: the answer of beforeForward", answer, "the list of inputs");
    inputs = answer as Inputs;
  }
  const isWatched = gradientsEnabled() && hooks.some(({ kind }) => kind === "beforeBackward" || kind === "onBackward");
  const passage = isWatched ? new Passage(module, hooks) : null;
  if (passage !== null) inputs = passage.enter(inputs) as Inputs;
  let output = forward(...inputs);
  for (const hook of hooksOf(hooks, "onForward")) output = hook(output, inputs, module) ?? output;
  return passage === null ? output : passage.leave(output) as Output;
}

/** The tensors of a value, in order, also in arrays and plain objects. */
function tensorsOf(action: string, value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapLeaves(action, value, (leaf) => {
    if (leaf instanceof Tensor) found.push(leaf);
    return leaf;
  });
  return found;
}

/** What the hooks of one call of a module see of the sweeps through it. */
class Passage {
  readonly #module: object;
  readonly #hooks: Hooks;
  /** Which of the tensors among the inputs require a gradient. */
  #entered: readonly boolean[] = [];
  /** The gradients of the outputs, between the two ends of the module. */
  #outGrads: Gradients | null = null;

  constructor(module: object, hooks: Hooks) {
    this.#module = module;
    this.#hooks = hooks;
  }

  /** The inputs, behind an op that catches their gradients. */
  enter(inputs: unknown): unknown {
    this.#entered = tensorsOf("onBackward", inputs).map(({ requiresGrad }) => requiresGrad);
    return caught(inputs, (inGrads) => {
      const outGrads = this.#outGrads;
      // Gradients reach the inputs by another way than the outputs, such as one of a hidden value that was kept.
      if (outGrads === null) return inGrads;
      this.#outGrads = null;
      return this.#behind(inGrads, outGrads);
    });
  }

  /** The output, behind an op that catches its gradients. */
  leave(output: unknown): unknown {
    return caught(output, (given) => {
      let outGrads = given;
      for (const hook of hooksOf(this.#hooks, "beforeBackward")) {
        outGrads = answered("beforeBackward", hook(outGrads, this.#module), outGrads);
      }
      // A sweep that records no graph frees its gradients as it goes on: the second end needs these.
      const held = outGrads.map((grad) => grad === null || gradientsEnabled() ? grad : grad.detach());
      if (this.#entered.includes(true)) this.#outGrads = held;
      else this.#behind(this.#entered.map(() => null), held);
      return outGrads;
    });
  }

  /** The gradients of the inputs as the hooks leave them. */
  #behind(given: Gradients, outGrads: Gradients): Gradients {
    let inGrads = given;
    for (const hook of hooksOf(this.#hooks, "onBackward")) {
      inGrads = answered("onBackward", hook(inGrads, outGrads, this.#module), inGrads);
    }
    return inGrads;
  }
}

/** The gradients that a hook answered, or those that it was given. TypeError for a list of another length. */
function answered(kind: HookKind, answer: unknown, given: Gradients): Gradients {
  if (answer === undefined) return given;
  const wanted = `a list of ${given.length} gradients or null`;
  if (!Array.isArray(answer)) refuse(`backward: the answer of ${kind}`, answer, wanted);
  if (answer.length !== given.length) {
    throw new TypeError(`Cannot backward: ${kind} answered ${answer.length} gradients, it must be ${wanted}`);
  }
  return answer;
}

/** A value whose tensors, where they require gradients, are behind an op that has `pass` change what flows to them. */
function caught(value: unknown, pass: (gradients: Gradients) => Gradients): unknown {
  const all = tensorsOf("onBackward", value), places = all.flatMap(({ requiresGrad }, k) => requiresGrad ? [k] : []);
  if (places.length === 0) return value;
  const op = new Caught((given) => {
    const gradients: (Tensor | null)[] = all.map(() => null);
    places.forEach((place, k) => gradients[place] = given[k]!);
    const passed = pass(gradients);
    return places.map((place) => passed[place] ?? null);
  });
  const results = op.call(...places.map((place) => all[place]!));
  let next = 0;
  return mapLeaves("onBackward", value, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    const place = places.indexOf(next++);
    return place < 0 ? leaf : results[place];
  });
}

/** Its operands, and on the way back what a function makes of their gradients. */
class Caught extends TensorTupleOp {
  readonly #pass: (gradients: Gradients) => Gradients;

  constructor(pass: (gradients: Gradients) => Gradients) {
    super();
    this.#pass = pass;
  }

  override get arity(): number {
    return 0;
  }

  /** Each operand stays in its own type and on its device. */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    return inputs;
  }

  compute(...arrays: NDArray[]): readonly NDArray[] {
    return arrays.map((array) => array.share());
  }

  gradient(outGrads: Gradients): Adjoints {
    return this.#pass(outGrads);
  }

  /** Tangents pass unseen. */
  override jvp(tangents: Gradients, results: readonly Tensor[]): readonly Tensor[] {
    return results.map((result, k) => tangents[k] ?? result.zerosLike());
  }
}
