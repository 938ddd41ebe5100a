/** defineOp: a differentiable function with a gradient of its own. */
import { autocastType, gradientsEnabled, withAutocast, withGradients } from "../../ambient/modes.ts";
import { innerScope, moveTo } from "../../ambient/scope.ts";
import { RandomPlace } from "../../array/counters.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { withoutReplays } from "../../array/recorder.ts";
import { checkFunction, checkOptions, checkText } from "../../pure/check.ts";
import { isPlain } from "../../pure/nested.ts";
import { type Adjoints, TensorTupleOp } from "../op.ts";
import { Tensor } from "../tensor.ts";
import { checkTensors, noValues } from "../value.ts";
import { type Like, listOf, type Tensors } from "./variables.ts";

/** The adjoints of what an op returned: a tensor, or a list with null where nothing flows to a result. */
export type OutGrads<R> = R extends Tensor ? Tensor : { -readonly [K in keyof R]: Tensor | null };

/** What {@linkcode defineOp} makes an op of. */
export interface OpDefinition<Inputs extends readonly Tensor[], R extends Tensors> {
  /** The op's name in graphs and messages. */
  name: string;
  /**
   * The result: a tensor, or a list of tensors. It runs without a graph. With `{ value, saved }` it also returns tensors for
   * the gradient to read; all else that it makes is freed.
   */
  forward(...inputs: Inputs): R | { value: R; saved: readonly Tensor[] };
  /**
   * The adjoint of each input, from that of the result, in which it must be linear: a list with null where nothing flows, or
   * the only adjoint. Written in ops, it can be differentiated again.
   */
  gradient(outGrad: OutGrads<R>, result: Like<R>, inputs: Inputs, saved: readonly Tensor[]): Adjoints;
  /**
   * The tangent of the result from those of the inputs, null for an input without one. If it is left out, forward mode derives
   * it from `gradient`.
   */
  jvp?(
    tangents: { -readonly [K in keyof Inputs]: Tensor | null },
    result: Like<R>,
    inputs: Inputs,
    saved: readonly Tensor[],
  ): Like<R>;
}

/**
 * A function of tensors with a gradient of its own, such as PyTorch's `autograd.Function` and JAX's `custom_vjp`.
 *
 * `forward` and `gradient` are written in ops. Where a gradient is differentiated again, what `forward` saved is computed once
 * more with its graph, so that nothing is missing from second derivatives. In a captured function both run while it is
 * recorded: numbers and variables of the program are frozen then, but tensors, what is saved and `live` numbers are not. To
 * compute on memory, extend {@linkcode TensorOp}.
 *
 * @example
 * ```ts
 * import { defineOp, gradCheck, randn, tensor, type Tensor } from "deneb";
 *
 * // Rounds, and lets gradients pass: a straight-through estimator.
 * const rounded = defineOp({ name: "Rounded", forward: (x: Tensor) => x.round(), gradient: (g) => g });
 * const x = tensor([0.4, 1.6], { requiresGrad: true });
 * rounded(x).square().sum().backward();
 * if (x.grad!.toArray().join() !== "0,4") throw new Error("2 round(x)");
 *
 * const softplus = defineOp({
 *   name: "Softplus",
 *   forward(x: Tensor) {
 *     const e = x.exp();
 *     return { value: e.log1p(), saved: [e] };
 *   },
 *   gradient: (g, _y, _inputs, [e]) => g.mul(e!).div(e!.add(1)),
 * });
 * gradCheck(softplus, [randn([3], { dtype: "float64" })], { order: 2 });
 * ```
 */
export function defineOp<Inputs extends readonly Tensor[], R extends Tensors>(
  definition: OpDefinition<Inputs, R>,
): (...inputs: Inputs) => Like<R> {
  const { name, forward, gradient, jvp } = checkOptions(
    "defineOp",
    definition,
    "{ name, forward, gradient }",
    ["name", "forward", "gradient", "jvp"],
  );
  checkText("defineOp", "name", name);
  for (const each of jvp === undefined ? [forward, gradient] : [forward, gradient, jvp]) {
    checkFunction("defineOp", each);
  }
  // Each call has an op of its own, which holds what the second run needs.
  return (...inputs) => {
    const op = new DefinedOp(definition as unknown as AnyDefinition), results = op.call(...inputs);
    return (op.givesList ? results : results[0]) as Like<R>;
  };
}

type AnyDefinition = OpDefinition<readonly Tensor[], Tensors>;

/** One call of a function that {@linkcode defineOp} made. */
class DefinedOp extends TensorTupleOp {
  /** Whether `forward` returned a list. */
  givesList = false;
  readonly #definition: AnyDefinition;
  readonly #random: RandomPlace = new RandomPlace();
  readonly #autocast = autocastType();

  constructor(definition: AnyDefinition) {
    super();
    this.#definition = definition;
    if (definition.jvp !== undefined) this.jvp = (tangents, results) => this.#tangents(tangents, results);
  }

  override get name(): string {
    return this.#definition.name;
  }

  /** The function computes on tensors. */
  compute(): never {
    throw new TypeError(`Cannot compute: ${this.name} runs a function of tensors, use its call()`);
  }

  /** Runs `forward`, and frees all but its results and what it saved. */
  override call(...inputs: Tensor[]): readonly Tensor[] {
    checkTensors(this.action, inputs);
    const isRecorded = gradientsEnabled() && inputs.some(({ requiresGrad }) => requiresGrad);
    const inner = innerScope(`${this.action}()`);
    let arrays: NDArray[], saved: readonly Tensor[];
    try {
      const returned = withGradients(false, () => this.#forward(inputs));
      arrays = returned.results.map((result) => result.array.share());
      saved = isRecorded ? returned.saved : noValues;
      for (const each of saved) if (each.owner === inner) moveTo(each, inner.parent);
    } finally {
      inner[Symbol.dispose]();
    }
    if (isRecorded) return inputs[0]!.deriveAll(this, inputs, saved, arrays);
    return arrays.map((array) => new Tensor(array, { requiresGrad: false }));
  }

  #forward(inputs: readonly Tensor[]): { results: readonly Tensor[]; saved: readonly Tensor[] } {
    const returned = this.#definition.forward(...inputs);
    const { value, saved } = isPlain(returned) ? returned as { value: Tensors; saved: readonly Tensor[] } : {
      value: returned,
      saved: noValues,
    };
    checkTensors(this.action, saved);
    this.givesList = Array.isArray(value);
    return { results: listOf(this.action, value), saved };
  }

  /** What `forward` saved. For a gradient that is on a graph it is, too: it may depend on the inputs. */
  #savedFor({ inputs, saved }: Tensor): readonly Tensor[] {
    if (saved.length === 0 || !gradientsEnabled()) return saved;
    const again = () => this.#random.again(() => withoutReplays(() => this.#forward(inputs).saved));
    return withAutocast(this.#autocast, again);
  }

  gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints {
    const node = results.find(({ op }) => op !== null)!, saved = this.#savedFor(node);
    return this.#definition.gradient(
      this.#asReturned(outGrads) as Tensor,
      this.#asReturned(results),
      node.inputs,
      saved,
    );
  }

  #tangents(tangents: readonly (Tensor | null)[], results: readonly Tensor[]): readonly Tensor[] {
    const node = results.find(({ op }) => op !== null)!, saved = this.#savedFor(node);
    const found = this.#definition.jvp!(tangents.slice(), this.#asReturned(results), node.inputs, saved);
    return listOf(this.action, found);
  }

  #asReturned<T>(list: readonly T[]): T {
    return (this.givesList ? list : list[0]) as T;
  }
}
