/** vmap: a function of one example, applied to all examples at once. */
import { gradientsEnabled, withAutocast } from "../../ambient/modes.ts";
import { innerScope, inScope, moveTo, type Scope } from "../../ambient/scope.ts";
import { withoutReplays } from "../../array/recorder.ts";
import { checkFunction, checkOptions, refuse, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis } from "../../pure/shape.ts";
import { type Like, likeReturned, listOf, type Tensors } from "../derivatives/variables.ts";
import { type TensorOp, TensorTupleOp } from "../op.ts";
import { Tensor } from "../tensor.ts";
import type { Op, Value } from "../value.ts";
import { PassingWitness, witnessedBy } from "../witness.ts";
import { Example, type Run } from "./example.ts";
import { batched, type Operand } from "./rules.ts";

/** Options of {@linkcode vmap}. */
export interface VmapOptions {
  /**
   * The axis of each argument along which the examples lie, or null for an argument that is the same for all of them; 0 by
   * default. One number stands for all arguments.
   */
  inAxes?: number | null | readonly (number | null)[];
  /** The axis of each result along which the examples are to lie; 0 by default. One number stands for all results. */
  outAxes?: number | readonly number[];
}

/**
 * Makes a function of many examples from a function of one, as `torch.vmap` and `jax.vmap`.
 *
 * The function runs once, on tensors of one example's shape: each op in it is applied to all examples at once, or to one after
 * the other where the op has no rule for more. It returns a tensor or a list of tensors. Derivatives may be taken inside and
 * outside, so that `vmap(grad(f))` gives a gradient for each example; nested vmaps and captured functions around it work, too.
 * Random numbers that the function draws are the same for all examples.
 *
 * The function cannot read elements, nor use `backward()`, dropout, `checkpoint`, `defineOp` and whatever else changes or
 * reads memory: an Error says so. TypeError for arguments that do not have as many examples as one another.
 *
 * @example
 * ```ts
 * import { grad, tensor, type Tensor, vmap } from "deneb";
 *
 * const dot = (x: Tensor, y: Tensor) => x.mul(y).sum();
 * const x = tensor([[1, 2], [3, 4], [5, 6]]), y = tensor([1, 10]);
 * const products = vmap(dot, { inAxes: [0, null] })(x, y);
 * if (products.toArray().join() !== "21,43,65") throw new Error("wrong");
 *
 * const slopes = vmap(grad((x: Tensor) => x.square().sum()))(x);
 * if (slopes.toArray().join() !== "2,4,6,8,10,12") throw new Error("a gradient for each row");
 * ```
 */
export function vmap<R extends Tensors>(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => R,
  options: VmapOptions = {},
): (...inputs: unknown[]) => Like<R> {
  checkFunction("vmap", f);
  const { inAxes = 0, outAxes = 0 } = checkOptions<VmapOptions>(
    "vmap",
    options,
    "{ inAxes: [0, null] }",
    ["inAxes", "outAxes"],
  );
  checkAxes("inAxes", inAxes, (axis) => axis === null || Number.isInteger(axis), "an axis, null, or a list of such");
  checkAxes("outAxes", outAxes, Number.isInteger, "an axis, or a list of axes");
  return (...inputs) => {
    if (Array.isArray(inAxes) && inAxes.length !== inputs.length) {
      throw new TypeError(`Cannot vmap: ${inputs.length} arguments and ${inAxes.length} axes must be as many`);
    }
    const level = new Level(), inner = level.scope;
    try {
      let count = -1;
      const given = inputs.map((input, place) => {
        const axis = Array.isArray(inAxes) ? inAxes[place] : inAxes as number | null;
        if (axis === null) return input;
        if (!(input instanceof Tensor)) refuse("vmap", input, `a tensor, since its axis is ${axis}`);
        const from = normalizeAxis("vmap", axis, input.shape.length), length = input.shape[from]!;
        if (count >= 0 && length !== count) {
          throw new TypeError(`Cannot vmap: argument ${place} has ${length} examples, those before have ${count}`);
        }
        count = length;
        return new Example(level, from === 0 ? input : input.movedim(from, 0), input.requiresGrad);
      });
      if (count < 0) throw new TypeError("Cannot vmap: no argument has an axis of examples");
      level.count = count;
      const returned = witnessedBy(level, () => withoutReplays(() => f(...given))), results = listOf("vmap", returned);
      if (Array.isArray(outAxes) && outAxes.length !== results.length) {
        throw new TypeError(`Cannot vmap: ${results.length} results and ${outAxes.length} axes must be as many`);
      }
      const wholes = inScope(inner, () =>
        results.map((result, place) => {
          const axis: number = Array.isArray(outAxes) ? outAxes[place] : outAxes as number;
          const isOwn = result instanceof Example && result.level === level;
          const whole = isOwn ? result.whole : result.broadcastTo([count, ...result.shape]);
          const to = normalizeAxis("vmap", axis, whole.shape.length);
          const placed = to === 0 ? whole : whole.movedim(0, to);
          // What was there before the call stays the caller's.
          return placed.owner === inner ? placed : placed.reshape(placed.shape);
        }));
      // The graph of a result needs what lies between.
      if (wholes.some(({ requiresGrad }) => requiresGrad)) inner.handOver(inner.parent);
      for (const whole of wholes) moveTo(whole, inner.parent);
      return likeReturned(returned, wholes);
    } finally {
      inner[Symbol.dispose]();
    }
  };
}

function checkAxes(name: string, given: unknown, fits: (axis: unknown) => boolean, wanted: string): void {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  for (const axis of list) {
    if (!fits(axis)) throw new TypeError(`Cannot vmap: ${name} ${shown(axis)}, it must be ${wanted}`);
  }
}

/** One run of a function for all examples. Ops that are given its examples are applied to the tensors that hold all. */
class Level extends PassingWitness implements Run {
  /** Owns what is made of all examples. */
  readonly scope: Scope = innerScope("vmap()");
  /** The number of examples. */
  count = 0;

  override derive(op: Op, inputs: readonly Value[], saved: readonly Value[]): readonly Value[] | null {
    if (!inputs.some((each) => this.#owns(each)) && !saved.some((each) => this.#owns(each))) {
      return super.derive(op, inputs, saved);
    }
    const [operands, kept] = [inputs, saved].map((list) => list.map((each) => this.#operand(each as Tensor)));
    const own = op as TensorOp | TensorTupleOp;
    const wholes = witnessedBy(
      this.behind,
      () => inScope(this.scope, () => withAutocast(null, () => batched(own, operands!, kept!, this.count))),
    );
    const isRecorded = gradientsEnabled() && inputs.some(({ requiresGrad }) => requiresGrad);
    const results: readonly Tensor[] = wholes.map((whole) =>
      isRecorded && isFloat(whole.dtype)
        ? new Example(this, whole, true, own, inputs as readonly Tensor[])
        : new Example(this, whole, false)
    );
    for (const result of results) {
      if (result.op === null) continue;
      result.saved = saved as readonly Tensor[];
      if (own instanceof TensorTupleOp) result.siblings = results;
    }
    return results;
  }

  #owns(tensor: Value): tensor is Example {
    return tensor instanceof Example && tensor.level === this;
  }

  #operand(tensor: Tensor): Operand {
    return this.#owns(tensor)
      ? { tensor: tensor.whole, isBatched: true, shape: tensor.shape }
      : { tensor, isBatched: false, shape: tensor.shape };
  }
}
