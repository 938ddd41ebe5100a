/**
 * Tensor: a node of the computation graph, with every op as a method.
 *
 * The methods check shapes and types once, at this public door; the ops behind them trust what they are given.
 */
import { gradientsEnabled } from "../ambient/modes.ts";
import { type NestedArray, type TensorOptions, type TensorSource, wholeNumbers } from "../array/elements.ts";
import { filled, fromTypedArray, type NDArray } from "../array/ndarray.ts";
import { asking, refuse } from "../pure/check.ts";
import { checkDType, type DType, isFloat, isHalf, promote, promoteScalar, toFloat } from "../pure/dtype.ts";
import { choiceOf, placeOf, type PlaceOptions, type ReduceOptions, reductionOf } from "../pure/reduce_options.ts";
import {
  broadcastShapes,
  checkShape,
  countAlong,
  normalizeAxis,
  parseIndex,
  resolveReshape,
  sameShape,
  type Shape,
  showShape,
  sizeOf,
} from "../pure/shape.ts";
import { TensorNode } from "./node.ts";
import { inFloat32, productType, type TensorOp, type TensorTupleOp, wideInAutocast } from "./op.ts";
import * as ops from "./ops/mod.ts";
import { noValues, type Op, type Value } from "./value.ts";

export type { NestedArray, PlaceOptions, ReduceOptions, TensorOptions, TensorSource };

/** Ops without settings: one of each serves every node that it makes. */
const plain = {
  add: new ops.EWiseAdd(),
  sub: new ops.EWiseSub(),
  mul: new ops.EWiseMul(),
  mulAdd: new ops.EWiseMulAdd(),
  div: new ops.EWiseDiv(),
  pow: new ops.EWisePow(),
  floorDiv: new ops.FloorDiv(),
  mod: new ops.Mod(),
  maximum: new ops.Maximum(),
  minimum: new ops.Minimum(),
  negate: new ops.Negate(),
  exp: new ops.Exp(),
  expm1: new ops.Expm1(),
  log: new ops.Log(),
  log1p: new ops.Log1p(),
  sqrt: new ops.Sqrt(),
  rsqrt: new ops.Rsqrt(),
  reciprocal: new ops.Reciprocal(),
  square: new ops.Square(),
  sin: new ops.Sin(),
  cos: new ops.Cos(),
  tanh: new ops.Tanh(),
  erf: new ops.Erf(),
  abs: new ops.Abs(),
  sign: new ops.Sign(),
  floor: new ops.Floor(),
  ceil: new ops.Ceil(),
  round: new ops.Round(),
  relu: new ops.ReLU(),
  sigmoid: new ops.Sigmoid(),
  gelu: new ops.GELU(),
  not: new ops.Not(),
  where: new ops.Where(),
  matMul: new ops.MatMul(),
};

/**
 * An n-dimensional array that remembers how it was made.
 *
 * @example
 * ```ts
 * import { Tensor } from "deneb";
 *
 * const x = new Tensor([1, 2, 3]);
 * x.mul(x).sum().backward();
 * if (x.grad!.toArray().join() !== "2,4,6") throw new Error("wrong gradient");
 * ```
 */
export class Tensor extends TensorNode {
  /** A leaf around an array of its own, which it takes over. */
  static override makeConst(data: NDArray, { requiresGrad = false }: { requiresGrad?: boolean } = {}): Tensor {
    return new Tensor(data, { requiresGrad });
  }

  /** The same as `op.call(...inputs)`: the lecture's way to say it. */
  static override makeFromOp(op: Op, inputs: readonly Value[]): Tensor {
    return (op as TensorOp).call(...(inputs as Tensor[]));
  }

  /**
   * The tensor that `op` makes from `inputs`, recorded where one of them requires a gradient. Called by {@linkcode TensorOp},
   * on the first input. `saved` are further arguments of `compute`, and stay with the result for `gradient`.
   */
  derive(op: TensorOp, inputs: readonly Tensor[], saved: readonly Tensor[] = noValues): Tensor {
    let requiresGrad = false;
    let result: NDArray;
    if (saved.length > 0) {
      result = op.compute(...arraysOf(inputs), ...arraysOf(saved));
      if (!gradientsEnabled() || !inputs.some((input) => input.requiresGrad)) return new Tensor(result, unrecorded);
      const node = new Tensor(result, recorded, op, inputs);
      node.saved = saved;
      return node;
    }
    if (inputs.length === 1) {
      result = op.compute(this.array);
      requiresGrad = this.requiresGrad;
    } else if (inputs.length === 2) {
      const other = inputs[1]!;
      result = op.compute(this.array, other.array);
      requiresGrad = this.requiresGrad || other.requiresGrad;
    } else {
      result = op.compute(...arraysOf(inputs));
      requiresGrad = inputs.some((input) => input.requiresGrad);
    }
    return requiresGrad && gradientsEnabled() && isFloat(result.dtype)
      ? new Tensor(result, recorded, op, inputs)
      : new Tensor(result, unrecorded);
  }

  /** As {@linkcode Tensor.derive}, for an op with several results: those of a float type are recorded. */
  deriveAll(op: TensorTupleOp, inputs: readonly Tensor[], saved: readonly Tensor[]): readonly Tensor[] {
    const arrays = op.compute(...arraysOf(inputs), ...arraysOf(saved));
    const isRecorded = gradientsEnabled() && inputs.some((input) => input.requiresGrad);
    const results: readonly Tensor[] = arrays.map((array) =>
      isRecorded && isFloat(array.dtype) ? new Tensor(array, recorded, op, inputs) : new Tensor(array, unrecorded)
    );
    for (const result of results) {
      if (result.op === null) continue;
      result.saved = saved;
      result.siblings = results;
    }
    return results;
  }

  /** A leaf around `array`, on no graph. */
  override wrap(array: NDArray): Tensor {
    return new Tensor(array, unrecorded);
  }

  // Arithmetic. Binary methods broadcast as NumPy does and promote as PyTorch does.

  /** `a + b`. */
  add(other: Tensor | number): Tensor {
    if (typeof other === "number") return new ops.AddScalar(other).call(this.forScalar(other));
    if (other?.shape === this.shape) return plain.add.call(this, other);
    const [a, b] = this.meet("add", other);
    return plain.add.call(a, b);
  }

  /** `a - b`. */
  sub(other: Tensor | number): Tensor {
    if (typeof other === "number") return new ops.AddScalar(-other).call(this.forScalar(other));
    const [a, b] = this.meet("sub", other);
    return plain.sub.call(a, b);
  }

  /** `a * b`. */
  mul(other: Tensor | number): Tensor {
    if (typeof other === "number") return new ops.MulScalar(other).call(this.forScalar(other));
    const [a, b] = this.meet("mul", other);
    return plain.mul.call(a, b);
  }

  /** `a * b + c`, in one pass. */
  mulAdd(b: Tensor, c: Tensor): Tensor {
    const [x, factor] = this.meet("mulAdd", b), [wide, addend] = x.meet("mulAdd", c);
    return plain.mulAdd.call(wide, factor.cast(wide.dtype).broadcastTo(wide.shape), addend);
  }

  /** `a / b`; integers give float32. */
  div(other: Tensor | number): Tensor {
    if (typeof other === "number") return new ops.DivScalar(other).call(this.asFloat());
    const [a, b] = this.meet("div", other);
    return plain.div.call(a.asFloat(), b.asFloat());
  }

  /** `a` to the power `b`; integers give float32. */
  pow(other: Tensor | number): Tensor {
    if (typeof other === "number") return new ops.PowerScalar(other).call(this.asWide());
    const [a, b] = this.meet("pow", other);
    return plain.pow.call(a.asWide(), b.asWide());
  }

  /** The quotient rounded down; of integers 0 where the divisor is 0. Throws an Error when a gradient is asked for. */
  floorDiv(other: Tensor | number): Tensor {
    const [a, b] = this.meet("floorDiv", other);
    return plain.floorDiv.call(a, b);
  }

  /** The remainder, with the divisor's sign as in Python; of integers 0 where the divisor is 0. */
  mod(other: Tensor | number): Tensor {
    const [a, b] = this.meet("mod", other);
    return plain.mod.call(a, b);
  }

  /** The larger of each pair; ties share the gradient. */
  maximum(other: Tensor | number): Tensor {
    const [a, b] = this.meet("maximum", other);
    return plain.maximum.call(a, b);
  }

  /** The smaller of each pair; ties share the gradient. */
  minimum(other: Tensor | number): Tensor {
    const [a, b] = this.meet("minimum", other);
    return plain.minimum.call(a, b);
  }

  /** `-a`. */
  neg(): Tensor {
    return plain.negate.call(this);
  }
  /** `e^a`. */
  exp(): Tensor {
    return plain.exp.call(this.asWide());
  }
  /** `e^a - 1`, with all digits near 0. */
  expm1(): Tensor {
    return plain.expm1.call(this.asWide());
  }
  /** The natural logarithm: NaN below 0, -Infinity at 0. */
  log(): Tensor {
    return plain.log.call(this.asWide());
  }
  /** `log(1 + a)`, with all digits near 0. */
  log1p(): Tensor {
    return plain.log1p.call(this.asWide());
  }
  /** The square root: NaN below 0; its derivative at 0 is infinite. */
  sqrt(): Tensor {
    return plain.sqrt.call(this.asFloat());
  }
  /** `1 / sqrt(a)`. */
  rsqrt(): Tensor {
    return plain.rsqrt.call(this.asWide());
  }
  /** `1 / a`. */
  reciprocal(): Tensor {
    return plain.reciprocal.call(this.asWide());
  }
  /** `a * a`; integers stay integers, and wrap. */
  square(): Tensor {
    return plain.square.call(wideInAutocast(this));
  }
  /** The sine, to 2 ulp however large the angle is. */
  sin(): Tensor {
    return plain.sin.call(this.asFloat());
  }
  /** The cosine, as accurate as the sine. */
  cos(): Tensor {
    return plain.cos.call(this.asFloat());
  }
  /** The hyperbolic tangent. */
  tanh(): Tensor {
    return plain.tanh.call(this.asFloat());
  }
  /** The error function: 2/√π times the integral of exp(-t²) from 0 to `a`. */
  erf(): Tensor {
    return plain.erf.call(this.asFloat());
  }
  /** The magnitude; its derivative at 0 is 0, as PyTorch's. */
  abs(): Tensor {
    return plain.abs.call(this);
  }
  /** -1, 0 or 1; its derivative is zero everywhere. */
  sign(): Tensor {
    return plain.sign.call(this);
  }
  /** The largest integer that is not above `a`, as a float; its derivative is zero. */
  floor(): Tensor {
    return plain.floor.call(this.asFloat());
  }
  /** The smallest integer that is not below `a`, as a float; its derivative is zero. */
  ceil(): Tensor {
    return plain.ceil.call(this.asFloat());
  }
  /** The nearest integer, halves to even, as a float; its derivative is zero. */
  round(): Tensor {
    return plain.round.call(this.asFloat());
  }
  /** `max(a, 0)`, with a derivative of 0 at 0. */
  relu(): Tensor {
    return plain.relu.call(this);
  }
  /** `1 / (1 + exp(-a))`. */
  sigmoid(): Tensor {
    return plain.sigmoid.call(this.asFloat());
  }
  /** `x Φ(x)`, the erf form. */
  gelu(): Tensor {
    return plain.gelu.call(this.asFloat());
  }

  /** Into `[low, high]`; nothing flows where it was cut. */
  clip(low: number, high: number): Tensor {
    if (typeof low !== "number" || typeof high !== "number" || !(low <= high)) {
      throw new RangeError(`Cannot clip: low ${low} must not exceed high ${high}`);
    }
    return new ops.Clip(low, high).call(this);
  }

  // Comparisons give bool tensors.

  /** True where both are the same number; NaN equals nothing. */
  equal(other: Tensor | number): Tensor {
    return this.compare("equal", other);
  }
  /** True where they differ, or one is NaN. */
  notEqual(other: Tensor | number): Tensor {
    return this.compare("notEqual", other);
  }
  /** `a < b`. */
  less(other: Tensor | number): Tensor {
    return this.compare("less", other);
  }
  /** `a <= b`. */
  lessEqual(other: Tensor | number): Tensor {
    return this.compare("lessEqual", other);
  }
  /** `a > b`. */
  greater(other: Tensor | number): Tensor {
    return this.compare("greater", other);
  }
  /** `a >= b`. */
  greaterEqual(other: Tensor | number): Tensor {
    return this.compare("greaterEqual", other);
  }
  /** True where both differ from 0. */
  and(other: Tensor): Tensor {
    return this.compare("and", other);
  }
  /** True where one or both differ from 0. */
  or(other: Tensor): Tensor {
    return this.compare("or", other);
  }
  /** True where `a` is 0 or false. */
  not(): Tensor {
    return plain.not.call(this);
  }

  /** `a` where this tensor is true, `b` elsewhere. */
  where(a: Tensor | number, b: Tensor | number): Tensor {
    const lift = (x: Tensor | number, other: Tensor | number) => {
      if (x instanceof Tensor) return x;
      if (typeof x !== "number") refuse("where", x, numberOrTensor);
      return this.scalarLike(x, other instanceof Tensor ? other.dtype : "float32");
    };
    const [x, y] = lift(a, b).meet("where", lift(b, a));
    const shape = broadcastShapes("where", this.shape, x.shape);
    return plain.where.call(this.broadcastTo(shape), x.broadcastTo(shape), y.broadcastTo(shape));
  }

  /** The same values in another type. */
  cast(dtype: DType): Tensor {
    checkDType("cast", dtype);
    return dtype === this.dtype ? this : new ops.Cast(dtype).call(this);
  }

  /** The same values on another device, such as `cpu` or `opencl:1`: this tensor itself if it is there already. */
  to(device: string): Tensor {
    if (typeof device !== "string") refuse("move tensor", device, "a device's name");
    return device === this.device ? this : new ops.ToDevice(device).call(this);
  }

  // Reductions.

  /** The sum, of the same bits for any number of threads; integers and bools give int32, which wraps. */
  sum(options?: ReduceOptions): Tensor {
    return new ops.Summation(reductionOf("sum", this.shape, options)).call(this);
  }

  /** The product; integers and bools give int32. Its gradient is right at zeros, too. */
  prod(options?: ReduceOptions): Tensor {
    return new ops.Product(reductionOf("prod", this.shape, options)).call(this);
  }

  /** The mean; integers and bools give float32. NaN where there are no elements. */
  mean(options?: ReduceOptions): Tensor {
    const x = this.asFloat(), reduction = reductionOf("mean", this.shape, options);
    const mean = (x: Tensor) => {
      const sum = new ops.Summation(reduction).call(x);
      return new ops.DivScalar(countAlong(x.shape, reduction.axes)).call(sum);
    };
    // A sum may be too large for a half whose mean is not.
    return isHalf(x.dtype) ? inFloat32([x], mean) : mean(x);
  }

  /** The mean squared deviation; `correction` 1 divides by n - 1, as PyTorch does by default. */
  variance(options?: ReduceOptions & { correction?: number }): Tensor {
    const x = this.asFloat(), reduction = reductionOf("variance", this.shape, options, ["correction"]);
    return inFloat32([x], (x) => {
      const sum = new ops.SquaredDeviation(reduction).call(x);
      const count = countAlong(x.shape, reduction.axes) - (options?.correction ?? 1);
      return new ops.DivScalar(Math.max(0, count)).call(sum);
    });
  }

  /** The largest element; ties share the gradient. */
  max(options?: ReduceOptions): Tensor {
    return new ops.Max(choiceOf("max", this.shape, options)).call(this);
  }

  /** The smallest element; ties share the gradient. */
  min(options?: ReduceOptions): Tensor {
    return new ops.Min(choiceOf("min", this.shape, options)).call(this);
  }

  /** The place of the largest element (int32): along one axis, or in row-major order of all. */
  argmax(options?: PlaceOptions): Tensor {
    return new ops.ArgMax(placeOf("argmax", this.shape, options)).call(this);
  }

  /** The place of the smallest element (int32). */
  argmin(options?: PlaceOptions): Tensor {
    return new ops.ArgMin(placeOf("argmin", this.shape, options)).call(this);
  }

  /** `exp(x) / sum(exp(x))` along an axis. */
  softmax(axis = -1): Tensor {
    return new ops.Softmax(normalizeAxis("softmax", axis, this.shape.length)).call(this.asFloat());
  }

  /** `log(softmax(x))`, without its loss of digits. */
  logSoftmax(axis = -1): Tensor {
    return new ops.LogSoftmax(normalizeAxis("logSoftmax", axis, this.shape.length)).call(this.asFloat());
  }

  // Shapes.

  /** The matrix product over the last two axes; a vector counts as one row or one column, as in NumPy. */
  matmul(other: Tensor): Tensor {
    const rank = this.shape.length, otherRank = other?.shape?.length ?? refuse("matmul", other, "a tensor");
    if (rank === 0 || otherRank === 0) {
      throw new TypeError(
        `Cannot matmul: shapes ${showShape(this.shape)} and ${showShape(other.shape)} need an axis each`,
      );
    }
    if (rank === 1) {
      const row = this.reshape([1, this.shape[0]!]).matmul(other);
      return row.reshape(otherRank === 1 ? row.shape.slice(0, -1) : [...row.shape.slice(0, -2), row.shape.at(-1)!]);
    }
    if (otherRank === 1) return this.matmul(other.reshape([other.shape[0]!, 1])).reshape(this.shape.slice(0, -1));
    if (this.shape[rank - 1] !== other.shape[otherRank - 2]) {
      throw new TypeError(
        `Cannot matmul: shapes ${showShape(this.shape)} and ${showShape(other.shape)}, ` +
          `the inner lengths ${this.shape[rank - 1]} and ${other.shape[otherRank - 2]} must agree`,
      );
    }
    const dtype = productType(promote(this.dtype, other.dtype)), a = this.cast(dtype), b = other.cast(dtype);
    if (rank === 2 && otherRank === 2) return plain.matMul.call(a, b);
    if (otherRank === 2 && a.array.contiguous) {
      // All rows at once: with respect to `b` the gradient then is one product, not a sum of one for each matrix.
      const leading = a.shape.slice(0, -1), rows = a.reshape([sizeOf(leading), a.shape[rank - 1]!]);
      return plain.matMul.call(rows, b).reshape([...leading, b.shape[1]!]);
    }
    const batch = broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return plain.matMul.call(
      a.broadcastTo([...batch, ...a.shape.slice(-2)]),
      b.broadcastTo([...batch, ...b.shape.slice(-2)]),
    );
  }

  /** The axes in another order; without an order, the last two change places. */
  transpose(axes?: readonly number[]): Tensor {
    const rank = this.shape.length;
    if (axes === undefined) {
      if (rank < 2) throw new TypeError(`Cannot transpose: tensor ${showShape(this.shape)} must have two axes`);
      const order = this.shape.map((_, axis) => axis);
      order[rank - 1] = rank - 2;
      order[rank - 2] = rank - 1;
      return new ops.Transpose(order).call(this);
    }
    if (!Array.isArray(axes)) refuse("transpose", axes, "a list of all axes, such as [1, 0]");
    const order = axes.map((axis) => normalizeAxis("transpose", axis, rank));
    if (order.length !== rank || new Set(order).size !== rank) {
      throw new TypeError(
        `Cannot transpose: axes [${axes.join(", ")}] must name each axis of ${showShape(this.shape)}`,
      );
    }
    return new ops.Transpose(order).call(this);
  }

  /** Another shape of the same size; one `-1` is filled in. */
  reshape(shape: Shape): Tensor {
    return new ops.Reshape(resolveReshape(this.shape, shape)).call(this);
  }

  /** The axes from `startAxis` on as one. */
  flatten(startAxis = 0): Tensor {
    if (this.shape.length === 0) return this.reshape([1]);
    const start = normalizeAxis("flatten", startAxis, this.shape.length);
    return this.reshape([...this.shape.slice(0, start), sizeOf(this.shape.slice(start))]);
  }

  /** Stretched to `shape`, by NumPy's rule. */
  broadcastTo(shape: Shape): Tensor {
    if (sameShape(shape, this.shape)) return this;
    checkShape("broadcastTo", shape);
    if (!sameShape(broadcastShapes("broadcastTo", this.shape, shape), shape)) {
      throw new TypeError(`Cannot broadcastTo: shape ${showShape(this.shape)} does not stretch to ${showShape(shape)}`);
    }
    return new ops.BroadcastTo(shape).call(this);
  }

  /** A part, in NumPy's notation: `x.at("1:, ::-1")`, `x.at("0, ...")`. */
  at(index: string): Tensor {
    return new ops.Slice(parseIndex(index, this.shape)).call(this);
  }

  /** The slices at `indices` (integers) along an axis. RangeError for places outside it. */
  take(indices: Tensor | readonly number[], axis = 0): Tensor {
    const at = normalizeAxis("take", axis, this.shape.length);
    const index = indices instanceof Tensor ? indices : this.wrap(
      fromTypedArray(this.array.storage.stream, wholeNumbers("take", indices), [indices.length], "int32"),
    );
    if (isFloat(index.dtype)) throw new TypeError(`Cannot take: indices of type ${index.dtype} must be integers`);
    return asking("take", () => new ops.Take(at).call(this, index));
  }

  // What the methods above share.

  /** Integers and bools as float32. */
  private asFloat(): Tensor {
    const array = this.array;
    return isFloat(array.dtype) ? this : this.cast(toFloat(array.dtype));
  }

  /** As a float; under autocast as one that is no half. */
  private asWide(): Tensor {
    return wideInAutocast(this.asFloat());
  }

  /** In the type in which it meets the number `value`. */
  private forScalar(value: number): Tensor {
    return isFloat(this.array.dtype) ? this : this.cast(promoteScalar(this.dtype, value));
  }

  /** The number as a tensor without axes, on this device. */
  private scalarLike(value: number, dtype: DType): Tensor {
    return this.wrap(filled(this.array.storage.stream, [], promoteScalar(dtype, value), value));
  }

  /** Both operands in one shape and type. */
  private meet(action: string, other: Tensor | number): [Tensor, Tensor] {
    let [a, b]: [Tensor, Tensor] = [this, typeof other === "number" ? this.scalarLike(other, this.dtype) : other];
    // What is no tensor has no type, either.
    if (a.dtype !== b?.dtype) {
      if (!(b instanceof Tensor)) refuse(action, b, numberOrTensor);
      const dtype = promote(a.dtype, b.dtype);
      a = a.cast(dtype);
      b = b.cast(dtype);
    }
    if (!sameShape(a.shape, b.shape)) {
      const shape = broadcastShapes(action, a.shape, b.shape);
      a = a.broadcastTo(shape);
      b = b.broadcastTo(shape);
    }
    return [a, b];
  }

  /** A row that gives bool. */
  private compare(row: ops.CompareRow, other: Tensor | number): Tensor {
    const [a, b] = this.meet(row, other);
    return new ops.Compare(row).call(a, b);
  }
}

/** The data of each. */
function arraysOf(tensors: readonly Tensor[]): NDArray[] {
  return tensors.map((tensor) => tensor.array);
}

const recorded: TensorOptions = { requiresGrad: true };
const unrecorded: TensorOptions = { requiresGrad: false };
const numberOrTensor = "a tensor or a number";
