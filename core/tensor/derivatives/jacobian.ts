/** Jacobians and Hessians as tensors: one product for each element of the result, or for each of the inputs. */
import { filled } from "../../array/ndarray.ts";
import { checkFlag, checkFunction, checkOptions, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { vmap } from "../batching/vmap.ts";
import { eye } from "../factories.ts";
import { stack } from "../functions/shapes.ts";
import { Tensor } from "../tensor.ts";
import { grad, type GradOptions, type GradResult, placesOf } from "./grad.ts";
import { Linearized } from "./linearized.ts";
import { unitLike } from "./unit.ts";
import { kindOf, type TensorFunction, type Tensors } from "./variables.ts";

/** Options of {@linkcode jacobian} and {@linkcode hessian}. */
export interface JacobianOptions extends GradOptions {
  /**
   * `reverse` takes a backward sweep for each element of the result, `forward` a forward one for each element of the inputs.
   * By default it is forward if the inputs have fewer elements.
   */
  mode?: "reverse" | "forward";
  /**
   * Takes all sweeps as one, by {@linkcode vmap}: it is faster for many elements, and needs the memory of all sweeps. False by
   * default, since there are functions whose gradients `vmap` refuses.
   */
  vectorize?: boolean;
}

/** The Jacobian of one argument, or of several as a list; a list of such for a function that returns a list. */
export type JacobianResult<R, O> = R extends Tensor ? GradResult<O> : { -readonly [K in keyof R]: GradResult<O> };

/**
 * The Jacobian of a function: all derivatives of its result's elements by those of an argument, with the result's axes first
 * and then the argument's.
 *
 * As `torch.func.jacrev` and `jacfwd`, and `jax.jacobian`. A function may return a list of tensors; then the Jacobians are a
 * list. They are on a graph as the gradients of {@linkcode grad} are. TypeError for an argument that is no tensor of a float
 * type.
 *
 * @example
 * ```ts
 * import { jacobian, tensor, type Tensor } from "deneb";
 *
 * const x = tensor([1, 2]), byRows = jacobian((x: Tensor) => x.square())(x);
 * if (byRows.toArray().join() !== "2,0,0,4") throw new Error("2 x on the diagonal");
 *
 * const w = tensor([[1, 2, 3], [4, 5, 6]]);
 * const product = (x: Tensor, w: Tensor) => x.matmul(w);
 * const [byX, byW] = jacobian(product, { argnums: [0, 1] })(x.reshape([1, 2]), w);
 * if (byX!.shape.join() !== "1,3,1,2" || byW!.shape.join() !== "1,3,2,3") throw new Error("another shape");
 * ```
 */
export function jacobian<R extends Tensors, O extends JacobianOptions>(
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => R,
  options: O = {} as O,
): (...inputs: unknown[]) => JacobianResult<R, O> {
  return jacobianOf("jacobian", f, options) as (...inputs: unknown[]) => JacobianResult<R, O>;
}

/** The second derivatives by one argument, or by each pair of several as a list of lists. */
export type HessianResult<O> = O extends { argnums: infer Places }
  ? Places extends number ? Tensor : Places extends readonly number[] ? Tensor[][] : Tensor | Tensor[][]
  : Tensor;

/**
 * The Hessian of a function whose result is a scalar: the Jacobian of its gradient. For several arguments it is a list of
 * lists, in which the tensor `[i][j]` has the axes of argument i and then those of argument j.
 *
 * TypeError for an argument that is no tensor of a float type, and for a result of more than one element.
 *
 * @example
 * ```ts
 * import { hessian, tensor, type Tensor } from "deneb";
 *
 * const found = hessian((x: Tensor) => x.pow(3).sum())(tensor([1, 2]));
 * if (found.toArray().join() !== "6,0,0,12") throw new Error("6 x on the diagonal");
 * ```
 */
export function hessian<O extends JacobianOptions>(
  f: TensorFunction,
  options: O = {} as O,
): (...inputs: unknown[]) => HessianResult<O> {
  checkFunction("hessian", f);
  const { argnums = 0 } = checkJacobianOptions("hessian", options);
  return jacobianOf("hessian", grad(f, { argnums }), options) as (...inputs: unknown[]) => HessianResult<O>;
}

function checkJacobianOptions(action: string, options: JacobianOptions): JacobianOptions {
  const { mode, vectorize = false } = checkOptions<JacobianOptions>(
    action,
    options,
    '{ mode: "forward" }',
    ["argnums", "mode", "vectorize"],
  );
  checkFlag(action, "vectorize", vectorize);
  if (mode !== undefined && mode !== "reverse" && mode !== "forward") {
    throw new RangeError(`Cannot ${action}: mode ${shown(mode)} must be reverse or forward`);
  }
  return options;
}

type Nested = Tensor | readonly Nested[];

function jacobianOf(
  action: string,
  // deno-lint-ignore no-explicit-any
  f: (...inputs: any[]) => Tensors,
  options: JacobianOptions,
): (...inputs: unknown[]) => Nested {
  checkFunction(action, f);
  const { argnums = 0, mode, vectorize = false } = checkJacobianOptions(action, options),
    places = placesOf(action, argnums);
  return (...inputs) => {
    const chosen = [...new Set(places)].map((place) => {
      const input = inputs[place];
      if (input instanceof Tensor && isFloat(input.dtype)) return { place, input };
      throw new TypeError(
        `Cannot ${action}: argument ${place} is ${kindOf(input)}, it must be a tensor of a float type`,
      );
    });
    const linear = new Linearized(action, (...given: Tensor[]) => {
      const all = inputs.slice();
      chosen.forEach(({ place }, k) => all[place] = given[k]!);
      return f(...all);
    }, chosen.map(({ input }) => input));
    const variables = chosen.map(({ input }) => input);
    const isForward = mode === undefined ? elements(variables) < elements(linear.outputs) : mode === "forward";
    const found = (isForward ? byColumns : byRows)(linear, variables, vectorize ? atOnce : inTurn);
    const results = found.map((row) => {
      const asked = places.map((place) => row[chosen.findIndex((each) => each.place === place)]!);
      return typeof argnums === "number" ? asked[0]! : asked;
    });
    return Array.isArray(linear.returned) ? results : results[0]!;
  };
}

function elements(tensors: readonly Tensor[]): number {
  return tensors.reduce((count, { size }) => count + size, 0);
}

/** The Jacobians of each output by each input, from a backward sweep for each element of the outputs. */
function byRows(linear: Linearized<unknown>, inputs: readonly Tensor[], products: Products): Tensor[][] {
  return products(linear.outputs, inputs, (outGrads) => linear.pull(outGrads));
}

/** The same, from a forward sweep for each element of the inputs. */
function byColumns(linear: Linearized<unknown>, inputs: readonly Tensor[], products: Products): Tensor[][] {
  linear.makeRules();
  const { outputs } = linear, columns = products(inputs, outputs, (tangents) => linear.push(tangents));
  return outputs.map((output, k) =>
    inputs.map((input, place) => {
      const column = columns[place]![k]!.reshape([input.size, output.size]);
      return column.transpose().reshape([...output.shape, ...input.shape]);
    })
  );
}

/** All products of a linear map with the unit vectors of the tensors `from`, for each pair of these and of the tensors `to`. */
type Products = (
  from: readonly Tensor[],
  to: readonly Tensor[],
  map: (units: readonly (Tensor | null)[]) => readonly Tensor[],
) => Tensor[][];

/** The products by as many sweeps. */
const inTurn: Products = (from, to, map) =>
  from.map((start, place) => {
    const units = Array.from({ length: start.size }, (_, element) => unitLike(start, element));
    const found = units.map((unit) => map(from.map((_, k) => k === place ? unit : null)));
    const wholes = to.map((end, k) => {
      const shape = [...start.shape, ...end.shape];
      if (found.length === 0) return start.wrap(filled(start.facts.storage.stream, shape, end.dtype, 0));
      return stack(found.map((row) => row[k]!)).reshape(shape);
    });
    if (!wholes.some(({ requiresGrad }) => requiresGrad)) {
      for (const each of [...units, ...found.flat()]) each.dispose();
    }
    return wholes;
  });

/** The products by one sweep for each of the tensors `from`. */
const atOnce: Products = (from, to, map) =>
  from.map((start, place) => {
    const units = eye(start.size, { dtype: start.dtype, device: start.device }).reshape([start.size, ...start.shape]);
    const found = vmap((unit: Tensor) => map(from.map((_, k) => k === place ? unit : null)))(units) as Tensor[];
    return found.map((whole, k) => whole.reshape([...start.shape, ...to[k]!.shape]));
  });
