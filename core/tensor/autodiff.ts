/**
 * Differentiation of functions: reverse (`grad`), forward (`jvp`) and numeric, and the check of gradients by differences.
 */
import { gradientsEnabled, noGrad, withAutocast, withGradients } from "../ambient/modes.ts";
import { gradientsOf } from "./backward.ts";
import { streamOf } from "../array/devices.ts";
import { checkCount, checkFunction, checkOptions, checkRange, refuse, shown } from "../pure/check.ts";
import { isFloat, isHalf } from "../pure/dtype.ts";
import { contiguous, fromTypedArray } from "../array/ndarray.ts";
import { differentiating } from "../array/recorder.ts";
import { sameShape, type Shape, showShape } from "../pure/shape.ts";
import type { TensorOp, TensorTupleOp } from "./op.ts";
import { unlessOverwritten } from "./overwritten.ts";
import { Tensor } from "./tensor.ts";
import { checkTensor, checkTensors, findTopoSort } from "./value.ts";

/** A function of tensors to one tensor. */
// deno-lint-ignore no-explicit-any
export type TensorFunction = (...inputs: any[]) => Tensor;

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
  if (typeof argnums !== "number" && !Array.isArray(argnums)) refuse("grad", argnums, "a place or a list of places");
  const list: readonly number[] = typeof argnums === "number" ? [argnums] : argnums;
  const places = Array.from(list, (place) => checkCount("grad", "the place", place, 0));
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
      const value = differentiating(() => f(...given));
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

/** The value in words, for messages: `a tensor [2, 3] of int32`. */
function kindOf(value: unknown): string {
  return value instanceof Tensor ? `a tensor ${showShape(value.shape)} of ${value.dtype}` : `of type ${typeof value}`;
}

/** The variables of one derivative: the arguments as the differentiated function sees them. */
class Variables {
  /** Whether the derivative may itself be on a graph. */
  readonly #isRecorded = gradientsEnabled();
  readonly #leaves = new Set<Tensor>();

  /** A tensor with the same elements. It is on the argument's graph if there is one, so that an outer gradient flows. */
  of(input: Tensor): Tensor {
    return this.#isRecorded && input.requiresGrad ? input.reshape(input.shape) : this.leaf(input);
  }

  /** A leaf that requires a gradient and shows the same elements. */
  leaf(tensor: Tensor): Tensor {
    const leaf = new Tensor(tensor.array.share(), { requiresGrad: true });
    this.#leaves.add(leaf);
    return leaf;
  }

  /** Whether a result depends on something else that wants a gradient. */
  leadOutside(result: Tensor): boolean {
    return this.#isRecorded &&
      findTopoSort([result], (node) => node.requiresGrad).some((node) =>
        node.inputs.length === 0 && !this.#leaves.has(node)
      );
  }

  /** A result, on its graph where that leads outside. */
  settled(result: Tensor): Tensor {
    return this.leadOutside(result) || !result.requiresGrad ? result : result.detach();
  }
}

/**
 * Forward mode: the value of f at `primals` and its derivative along `tangents`, carried in topological order.
 *
 * An op's tangent rule follows from its `gradient`, which is linear in the adjoint: differentiating it once more, with
 * respect to the adjoint, gives the Jacobian-vector product. TypeError unless each tangent has its primal's shape.
 *
 * @example
 * ```ts
 * import { jvp, tensor, type Tensor } from "deneb";
 *
 * const [y, dy] = jvp((x: Tensor) => x.square(), [tensor([3, 4])], [tensor([1, 0])]);
 * if (y.toArray().join() !== "9,16" || dy.toArray().join() !== "6,0") throw new Error("2 x along the first axis");
 * ```
 */
export function jvp(f: TensorFunction, primals: readonly Tensor[], tangents: readonly Tensor[]): [Tensor, Tensor] {
  checkFunction("jvp", f);
  for (const list of [primals, tangents]) checkTensors("jvp", list);
  if (primals.length !== tangents.length) {
    throw new TypeError(`Cannot jvp: ${primals.length} primals and ${tangents.length} tangents must be as many`);
  }
  primals.forEach((primal, k) => {
    if (!sameShape(primal.shape, tangents[k]!.shape)) {
      throw new TypeError(
        `Cannot jvp: tangent ${k} of shape ${showShape(tangents[k]!.shape)} for a primal of shape ${
          showShape(primal.shape)
        }`,
      );
    }
  });
  const variables = new Variables();
  return withGradients(true, () => {
    const leaves = primals.map((primal) => variables.of(primal)), output = differentiating(() => f(...leaves));
    if (!(output instanceof Tensor)) {
      throw new TypeError(`Cannot jvp: the function returned ${shown(output)}, it must be a tensor`);
    }
    const carried = new Map<Tensor, Tensor>(leaves.map((leaf, k) => [leaf, tangents[k]!]));
    for (const node of findTopoSort([output], (node) => node.requiresGrad)) {
      if (node.op === null || carried.has(node)) continue;
      const along = node.inputs.map((input) => carried.get(input));
      if (along.some((tangent) => tangent !== undefined)) {
        const one = variables.leaf(node.onesLike());
        carried.set(node, withAutocast(null, () => pushForward(node, along, one)));
      }
    }
    return [variables.settled(output), variables.settled(carried.get(output) ?? output.zerosLike())];
  });
}

/** The tangent of a node from the tangents of its inputs: d/du of the sum of gradient_k(u) · tangent_k. */
function pushForward(node: Tensor, along: readonly (Tensor | undefined)[], u: Tensor): Tensor {
  const { siblings } = node;
  const answer = unlessOverwritten(
    node,
    () =>
      siblings === null
        ? (node.op as TensorOp).gradient(u, node)
        : (node.op as TensorTupleOp).gradient(siblings.map((sibling) => sibling === node ? u : null), siblings),
  );
  const adjoints = Array.isArray(answer) ? answer as (Tensor | null)[] : [answer as Tensor];
  const seeds: [Tensor, Tensor][] = [];
  adjoints.forEach((adjoint, k) => {
    const tangent = along[k];
    if (adjoint && tangent && adjoint.requiresGrad) seeds.push([adjoint, tangent]);
  });
  if (seeds.length === 0) return node.zerosLike();
  return gradientsOf(seeds, [u], { createGraph: true })[0]!;
}

/** The difference quotients: from x to x + h, from x - h to x, or from x - h to x + h, which is one order more accurate. */
export type DifferenceScheme = "forward" | "backward" | "central";

/** Options of {@linkcode numericGrad}. */
export interface NumericOptions {
  /** The quotient; `central` by default. */
  scheme?: DifferenceScheme;
  /** The step; by default the one that balances truncation against rounding for the scheme and the type. */
  step?: number;
}

/**
 * The gradient of a scalar function by difference quotients, one element at a time.
 *
 * Forward: (f(x+h) - f(x)) / h; backward: (f(x) - f(x-h)) / h; central: (f(x+h) - f(x-h)) / 2h. TypeError for halves.
 *
 * @example
 * ```ts
 * import { numericGrad, tensor } from "deneb";
 *
 * const slope = numericGrad((x) => x.sin().sum(), tensor([0], { dtype: "float64" }), { scheme: "forward" });
 * if (Math.abs(slope.item() - 1) > 1e-6) throw new Error(`${slope.item()}, not cos 0`);
 * ```
 */
export function numericGrad(f: TensorFunction, x: Tensor, options: NumericOptions = {}): Tensor {
  checkFunction("numericGrad", f);
  refuseHalf("numericGrad", x);
  const { scheme = "central", step } = checkOptions(
    "numericGrad",
    options,
    '{ scheme: "forward" }',
    ["scheme", "step"],
  );
  if (!["central", "forward", "backward"].includes(scheme)) {
    throw new RangeError(`Cannot numericGrad: scheme ${shown(scheme)} must be forward, backward or central`);
  }
  if (step !== undefined) checkStep("numericGrad", step);
  const precision = x.dtype === "float64" ? 2 ** -52 : 2 ** -23;
  const h = step ?? (scheme === "central" ? Math.cbrt(precision) : Math.sqrt(precision));
  const at = elementwise(f, [x], 0);
  const here = scheme === "central" ? 0 : at(0, 0);
  const values = new Float64Array(x.size);
  for (let k = 0; k < values.length; k++) {
    if (scheme === "central") values[k] = (at(k, h) - at(k, -h)) / (2 * h);
    else if (scheme === "forward") values[k] = (at(k, h) - here) / h;
    else values[k] = (here - at(k, -h)) / h;
  }
  return new Tensor(values, { dtype: x.dtype, shape: x.shape, device: x.device, requiresGrad: false });
}

/** RangeError for a step from which no difference comes. */
function checkStep(action: string, step: number): void {
  if (Number.isFinite(step) && step > 0) return;
  throw new RangeError(`Cannot ${action}: step ${shown(step)} must be a positive number`);
}

/** TypeError for halves: their rounding is so coarse that no step gives a useful quotient. */
function refuseHalf(action: string, input: Tensor): void {
  checkTensor(action, input);
  if (isHalf(input.dtype)) {
    throw new TypeError(
      `Cannot ${action}: an input is ${input.dtype}, it must be float32 or float64; cast inside the function`,
    );
  }
}

/** f as a function of one element of one input, moved by `by`. */
function elementwise(
  f: TensorFunction,
  inputs: readonly Tensor[],
  place: number,
): (index: number, by: number) => number {
  const moved = inputs[place]!, flat = moved.toTypedArray();
  return (index, by) =>
    noGrad(() => {
      const copy = flat.slice();
      if (copy.length > 0) copy[index] = copy[index]! + by;
      const x = moved.wrap(fromTypedArray(streamOf(moved.device), copy, moved.shape as Shape, moved.dtype));
      const y = f(...inputs.map((input, k) => k === place ? x : input.detach()));
      if (!(y instanceof Tensor)) refuse("take differences", y, "a tensor, which the function returns");
      const value = Number(y.item());
      for (const used of [x, y]) used.dispose();
      return value;
    });
}

/** Options of {@linkcode gradCheck}. */
export interface GradCheckOptions {
  /** By how much each element is moved up and down; 1e-6 by default. */
  step?: number;
  /** The allowed difference, as a share of the larger of both numbers; 1e-5 by default. */
  relative?: number;
  /** Added to the allowed difference, for gradients near zero; 1e-7 by default. */
  absolute?: number;
}

/**
 * Compares the gradients of a scalar function with central differences. Inputs should be float64.
 *
 * Returns true, or throws an Error that names the input, the index and both numbers. With the default step of 1e-6 a
 * quotient has about nine good digits in float64, so that 1e-5 leaves room for badly scaled functions. TypeError for halves.
 *
 * @example
 * ```ts
 * import { gradCheck, randn, type Tensor } from "deneb";
 *
 * const x = randn([3, 4], { dtype: "float64" }), w = randn([4, 2], { dtype: "float64" });
 * gradCheck((x: Tensor, w: Tensor) => x.matmul(w).tanh().sum(), [x, w]);
 * ```
 */
export function gradCheck(f: TensorFunction, inputs: readonly Tensor[], options: GradCheckOptions = {}): true {
  checkFunction("gradCheck", f);
  checkTensors("gradCheck", inputs);
  const { step = 1e-6, relative = 1e-5, absolute = 1e-7 } = checkOptions(
    "gradCheck",
    options,
    "{ step: 1e-6 }",
    ["step", "relative", "absolute"],
  );
  checkStep("gradCheck", step);
  checkRange("gradCheck", "relative", relative, 0);
  checkRange("gradCheck", "absolute", absolute, 0);
  for (const input of inputs) refuseHalf("gradCheck", input);
  const argnums = inputs.flatMap((input, k) => isFloat(input.dtype) ? [k] : []);
  const leaves = inputs.map((input) => input.detach());
  const gradients = noGrad(() => grad(f, { argnums })(...leaves));
  argnums.forEach((place, k) => {
    const found = contiguousValues(gradients[k]!), at = elementwise(f, leaves, place);
    for (let index = 0; index < found.length; index++) {
      const numeric = (at(index, step) - at(index, -step)) / (2 * step), analytic = found[index]!;
      const error = Math.abs(numeric - analytic);
      if (!(error <= absolute + relative * Math.max(Math.abs(numeric), Math.abs(analytic)))) {
        throw new Error(
          `Cannot gradCheck: input ${place}, index ${index}: gradient ${analytic}, central difference ${numeric}`,
        );
      }
    }
  });
  return true;
}

function contiguousValues(tensor: Tensor): ArrayLike<number> {
  const dense = contiguous(tensor.array), values = dense.read();
  dense.dispose();
  return values;
}
