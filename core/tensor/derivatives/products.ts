/** Products with the derivatives of a function: with its Jacobian from either side, and with its Hessian. */
import { checkFunction } from "../../pure/check.ts";
import type { Tensor } from "../tensor.ts";
import { checkTensors } from "../value.ts";
import { valueAndGrad } from "./grad.ts";
import { Linearized } from "./linearized.ts";
import { checkAlike, type Like, likeReturned, type TensorFunction, type Tensors } from "./variables.ts";

/**
 * The value of a function, and the map that pulls adjoints of its result back to adjoints of its inputs: for the adjoint v it
 * gives the products of v with the Jacobian, one for each input.
 *
 * The function may return a list of tensors; then the map takes a list of adjoints, and adds what each of them gives. It runs
 * once, however often the map is called, and its graph is kept as long as the map. Value and products are on a graph as those
 * of {@linkcode valueAndGrad} are, the products also where the adjoints are. TypeError for an input that is no tensor of a
 * float type, and for adjoints of other shapes than the results'.
 *
 * @example
 * ```ts
 * import { tensor, type Tensor, vjp } from "deneb";
 *
 * const [y, pullback] = vjp((x: Tensor) => x.square(), tensor([3, 4]));
 * if (y.toArray().join() !== "9,16") throw new Error("wrong");
 * const [first] = pullback(tensor([1, 0])), [second] = pullback(tensor([0, 1]));
 * if (first!.toArray().join() !== "6,0" || second!.toArray().join() !== "0,8") throw new Error("the rows of [2 x]");
 * ```
 */
export function vjp<R extends Tensors>(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => R,
  ...inputs: readonly Tensor[]
): [output: Like<R>, pullback: (outGrad: Like<R>) => Tensor[]] {
  const linear = new Linearized("vjp", f, inputs);
  const pullback = (outGrad: Like<R>) => {
    const given = (Array.isArray(outGrad) ? outGrad : [outGrad]) as readonly Tensor[];
    checkAlike("vjp", "adjoint", given, "result", linear.outputs);
    return linear.pull(given);
  };
  return [likeReturned(linear.returned, linear.values), pullback];
}

/**
 * The value of a function at `primals`, and the map that pushes tangents of its inputs forward to tangents of its result.
 *
 * As {@linkcode jvp}, which it equals, but the function runs once, however often the map is called. `primals` are a list, and
 * so are tangents.
 *
 * @example
 * ```ts
 * import { linearize, tensor, type Tensor } from "deneb";
 *
 * const [y, pushforward] = linearize((x: Tensor) => x.square(), [tensor([3, 4])]);
 * if (y.toArray().join() !== "9,16") throw new Error("wrong");
 * if (pushforward([tensor([1, 0])]).toArray().join() !== "6,0") throw new Error("wrong");
 * if (pushforward([tensor([0, 2])]).toArray().join() !== "0,16") throw new Error("wrong");
 * ```
 */
export function linearize<R extends Tensors>(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => R,
  primals: readonly Tensor[],
): [output: Like<R>, pushforward: (tangents: readonly Tensor[]) => Like<R>] {
  const linear = new Linearized("linearize", f, primals);
  linear.makeRules();
  const pushforward = (tangents: readonly Tensor[]) => {
    checkAlike("linearize", "tangent", tangents, "primal", primals);
    return likeReturned(linear.returned, linear.push(tangents));
  };
  return [likeReturned(linear.returned, linear.values), pushforward];
}

/**
 * Forward mode: the value of f at `primals` and its derivative along `tangents`, carried in topological order.
 *
 * An op's tangent rule follows from its `gradient`, which is linear in the adjoint: differentiating it once more, with
 * respect to the adjoint, gives the Jacobian-vector product. An op may have a rule of its own, `jvp`. The function may return
 * a list of tensors; then both results are lists. TypeError unless each tangent has its primal's shape.
 *
 * @example
 * ```ts
 * import { jvp, tensor, type Tensor } from "deneb";
 *
 * const [y, dy] = jvp((x: Tensor) => x.square(), [tensor([3, 4])], [tensor([1, 0])]);
 * if (y.toArray().join() !== "9,16" || dy.toArray().join() !== "6,0") throw new Error("2 x along the first axis");
 * ```
 */
export function jvp<R extends Tensors>(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => R,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): [output: Like<R>, tangent: Like<R>] {
  checkFunction("jvp", f);
  checkTensors("jvp", primals);
  checkAlike("jvp", "tangent", tangents, "primal", primals);
  const linear = new Linearized("jvp", f, primals);
  return [likeReturned(linear.returned, linear.values), likeReturned(linear.returned, linear.push(tangents))];
}

/** The value and the gradients of a scalar function by all of its inputs, as a function at a point. */
function linearizedGradients(
  action: string,
  f: TensorFunction,
  inputs: readonly Tensor[],
  vectors: readonly Tensor[],
): Linearized<readonly Tensor[]> {
  checkFunction(action, f);
  checkTensors(action, inputs);
  checkAlike(action, "vector", vectors, "input", inputs);
  const both = valueAndGrad(f, { argnums: inputs.map((_, place) => place) });
  return new Linearized(action, (...given: Tensor[]): readonly Tensor[] => {
    const [value, gradients] = both(...given);
    return [value, ...gradients];
  }, inputs);
}

/**
 * The value of a scalar function, and the products of its Hessian with the vectors `v`, one for each input.
 *
 * It is forward mode over reverse mode: the gradients' derivative along v. Where second derivatives are continuous the
 * Hessian is symmetric, so that {@linkcode vhp} gives the same for less. Both are differentiable again, as
 * {@linkcode valueAndGrad} is. TypeError for a result of more than one element, and for vectors of other shapes than the
 * inputs'.
 *
 * @example
 * ```ts
 * import { hvp, tensor, type Tensor } from "deneb";
 *
 * const f = (x: Tensor) => x.pow(3).sum();
 * const [y, [product]] = hvp(f, [tensor([1, 2])], [tensor([1, 10])]);
 * if (y.item() !== 9 || product!.toArray().join() !== "6,120") throw new Error("6 x v");
 * ```
 */
export function hvp(
  f: TensorFunction,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
): [output: Tensor, products: Tensor[]] {
  const linear = linearizedGradients("hvp", f, inputs, v), products = linear.push(v).slice(1);
  return [linear.values[0]!, products];
}

/**
 * The value of a scalar function, and the products of the vectors `v` with its Hessian, one for each input: reverse mode
 * twice. See {@linkcode hvp}.
 *
 * @example
 * ```ts
 * import { tensor, type Tensor, vhp } from "deneb";
 *
 * const f = (x: Tensor, y: Tensor) => x.mul(y).sum();
 * const [, [byX, byY]] = vhp(f, [tensor([1]), tensor([2])], [tensor([3]), tensor([5])]);
 * if (byX!.item() !== 5 || byY!.item() !== 3) throw new Error("v [[0, 1], [1, 0]]");
 * ```
 */
export function vhp(
  f: TensorFunction,
  inputs: readonly Tensor[],
  v: readonly Tensor[],
): [output: Tensor, products: Tensor[]] {
  const linear = linearizedGradients("vhp", f, inputs, v), products = linear.pull([null, ...v]);
  return [linear.values[0]!, products];
}
