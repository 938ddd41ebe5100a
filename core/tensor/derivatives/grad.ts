/** Reverse mode: gradients of functions whose result is a scalar. */
import { withGradients } from "../../ambient/modes.ts";
import { withoutReplays } from "../../array/recorder.ts";
import { checkCount, checkFunction, checkOptions, refuse } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { gradientsOf } from "../backward.ts";
import { Tensor } from "../tensor.ts";
import { kindOf, type TensorFunction, Variables } from "./variables.ts";

/** Options of {@linkcode grad} and {@linkcode valueAndGrad}. */
export interface GradOptions {
  /** One place, with a tensor as the gradient, or several, with a list of tensors; 0 by default, the first argument. */
  argnums?: number | readonly number[];
}

/** The gradient of one argument, or of several as a list. */
export type GradResult<O> = O extends { argnums: infer Places }
  ? Places extends number ? Tensor : Places extends readonly number[] ? Tensor[] : Tensor | Tensor[]
  : Tensor;

/**
 * The value and the gradient of a function whose result is a scalar.
 *
 * Both are on a graph where something else than the chosen arguments wants a gradient: a tensor that the function closes
 * over, another argument, or an outer differentiated function. So gradients of gradients, as in a gradient penalty, flow on
 * to parameters. Under `noGrad` they are on none. TypeError for an argument that is no tensor of a float type, and for a
 * result of more than one element.
 *
 * @example
 * ```ts
 * import { nn, tensor, type Tensor, valueAndGrad } from "deneb";
 *
 * const [y, g] = valueAndGrad((x: Tensor) => x.square().sum())(tensor([1, 2]));
 * if (y.item() !== 5 || g.toArray().join() !== "2,4") throw new Error("wrong");
 *
 * const w = new nn.Parameter([5]);
 * const [, slope] = valueAndGrad((x: Tensor) => w.mul(x).mul(x).sum())(tensor([3]));
 * slope.square().sum().backward(); // (2 w x)², whose derivative by w is 8 w x².
 * if (w.grad!.item() !== 360) throw new Error("wrong");
 * ```
 */
export function valueAndGrad<O extends GradOptions>(
  f: TensorFunction,
  options: O = {} as O,
): (...inputs: unknown[]) => [Tensor, GradResult<O>] {
  checkFunction("grad", f);
  const { argnums = 0 } = checkOptions<GradOptions>("grad", options, "{ argnums: [0, 1] }", ["argnums"]);
  const places = placesOf("grad", argnums);
  return (...inputs) => {
    const variables = new Variables(), given = inputs.slice();
    return withGradients(true, () => {
      const chosen = places.map((place) => {
        const input = inputs[place];
        if (!(input instanceof Tensor) || !isFloat(input.dtype)) {
          throw new TypeError(
            `Cannot grad: argument ${place} is ${kindOf(input)}, it must be a tensor of a float type`,
          );
        }
        // A place may be named twice.
        if (given[place] === input) given[place] = variables.of(input);
        return given[place] as Tensor;
      });
      const value = withoutReplays(() => f(...given));
      if (!(value instanceof Tensor) || value.size !== 1) {
        throw new TypeError(
          `Cannot grad: the function returned ${kindOf(value)}, it must be a tensor with one element`,
        );
      }
      if (!value.requiresGrad) return [value, answer(chosen.map((input) => input.zerosLike()))];
      const createGraph = variables.leadOutside(value);
      const found = gradientsOf([[value, value.onesLike()]], chosen, { createGraph, retainGraph: true });
      return [createGraph ? value : value.detach(), answer(found)];
    });
  };
  function answer(found: Tensor[]): GradResult<O> {
    return (typeof argnums === "number" ? found[0]! : found) as GradResult<O>;
  }
}

/**
 * The gradient of a function whose result is a scalar; see {@linkcode valueAndGrad}.
 *
 * TypeError for an argument that is no tensor of a float type, and for a result of more than one element.
 *
 * @example
 * ```ts
 * import { grad, tensor, type Tensor } from "deneb";
 *
 * const cube = (x: Tensor) => x.pow(3).sum();
 * if (grad(cube)(tensor([2])).item() !== 12) throw new Error("3 x² at 2");
 * const product = (x: Tensor, y: Tensor) => x.mul(y).sum();
 * const [dx, dy] = grad(product, { argnums: [0, 1] })(tensor([2]), tensor([5]));
 * if (dx!.item() !== 5 || dy!.item() !== 2) throw new Error("y and x");
 * ```
 */
export function grad<O extends GradOptions>(
  f: TensorFunction,
  options: O = {} as O,
): (...inputs: unknown[]) => GradResult<O> {
  const both = valueAndGrad(f, options);
  return (...inputs) => both(...inputs)[1];
}

/** The places of the arguments to differentiate by, as a list. */
export function placesOf(action: string, argnums: number | readonly number[]): readonly number[] {
  if (typeof argnums !== "number" && !Array.isArray(argnums)) refuse(action, argnums, "a place or a list of places");
  const list: readonly number[] = typeof argnums === "number" ? [argnums] : argnums;
  return Array.from(list, (place) => checkCount(action, "the place", place, 0));
}
