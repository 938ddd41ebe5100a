/**
 * Elements that an index chooses along an axis, and elements that are joined into such places.
 *
 * The index has as many axes as the elements, and an entry for each of them; or it has one axis, and each of its entries
 * stands for a whole slice. Its entries are integers in [0, n), for n places along the axis: RangeError for others, at the
 * call on `cpu`, `wasm` and `reference`, at the next read on GPUs.
 */
import { counting } from "../../array/indices.ts";
import { copy, filled, map, type NDArray } from "../../array/ndarray.ts";
import { gather, scatter } from "../../array/places.ts";
import { broadcastTo, reshape } from "../../array/views.ts";
import { groupResult } from "../../array/group.ts";
import { asItIs } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, sameShape, type Shape, showShape } from "../../pure/shape.ts";
import type { ScatterRow } from "../../../kernels/instruction.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { commonType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { where } from "./compare.ts";
import { integersOf } from "./integers.ts";
import { addedAt, summed } from "./sums.ts";
import { BroadcastTo } from "./views.ts";

/** TypeError unless an index is of integers, and has one axis or the shape of the elements that it stands for. */
function checkIndex(action: string, index: Tensor, elements: Shape, axis: number): void {
  if (isFloat(index.dtype)) throw new TypeError(`Cannot ${action}: indices of type ${index.dtype} must be integers`);
  const { shape } = index, [count] = shape;
  if (shape.length === 1 ? count === elements[axis] : sameShape(shape, elements)) return;
  throw new TypeError(
    `Cannot ${action}: indices of shape ${showShape(shape)} for elements of shape ${showShape(elements)}`,
  );
}

/** The shape of what an index chooses from a shape. */
function chosenShape(shape: Shape, index: Shape, axis: number): Shape {
  return index.length === 1 ? shape.with(axis, index[0]!) : shape.with(axis, index[axis] ?? shape[axis]!);
}

/** The elements at places along an axis: one for each entry of the index, or a slice for each entry of one with one axis. */
export class Gather extends TensorOp {
  /** The axis is checked when the op is called. */
  constructor(/** The axis along which the index counts. */ readonly axis: number) {
    super();
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [source, index] = inputs as [Tensor, Tensor];
    const axis = normalizeAxis(this.action, this.axis, source.shape.length);
    checkIndex(this.action, index, chosenShape(source.shape, index.shape, axis), axis);
    return inputs;
  }
  /** Copies each element as often as the index names it. */
  compute(source: NDArray, index: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, source.shape.length);
    return groupResult(() => gather(source, index, axis, chosenShape(source.shape, index.shape, axis)));
  }
  /** [g, added into zeros at the places, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [source, index] = y.inputs as [Tensor, Tensor];
    return [new Ungather(this.axis, source.shape).call(g, index), null];
  }
}

/** Adds elements into zeros at places along an axis: the adjoint of {@linkcode Gather}. */
export class Ungather extends TensorOp {
  /** The shape of the whole. */
  readonly shape: Shape;
  /** The axis is checked when the op is called. */
  constructor(/** The axis along which the index counts. */ readonly axis: number, shape: Shape) {
    super();
    this.shape = asItIs(shape);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [part, index] = inputs as [Tensor, Tensor], axis = normalizeAxis(this.action, this.axis, this.shape.length);
    checkElements(this.action, part, index, this.shape, axis);
    return inputs;
  }
  /** Adds the elements in ascending order along the axis. */
  compute(part: NDArray, index: NDArray): NDArray {
    return addedAt(part, index, this.shape, normalizeAxis(this.action, this.axis, this.shape.length));
  }
  /** [the elements of g at the same places, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new Gather(this.axis).call(g, y.inputs[1]!), null];
  }
}

/** TypeError unless the elements that go to places of a whole have its lengths beside the axis, and the index fits them. */
function checkElements(action: string, elements: Tensor, index: Tensor, whole: Shape, axis: number): void {
  const { shape } = elements;
  if (shape.length !== whole.length || shape.some((length, each) => each !== axis && length !== whole[each])) {
    throw new TypeError(
      `Cannot ${action}: elements of shape ${showShape(shape)} beside ${showShape(whole)} along axis ${axis}`,
    );
  }
  checkIndex(action, index, shape, axis);
}

/**
 * A tensor with the elements of a source joined into its own at places along an axis: their sum, product, largest or least;
 * or set there, where the last stays. Elements of one place are joined in ascending order along the axis.
 */
export class Scatter extends TensorOp {
  /** The axis is checked when the op is called. */
  constructor(
    /** The axis along which the index counts. */ readonly axis: number,
    /** How elements that meet are joined. */ readonly join: ScatterRow,
  ) {
    super();
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 3);
    const [x, source, index] = inputs as [Tensor, Tensor, Tensor];
    checkElements(this.action, source, index, x.shape, normalizeAxis(this.action, this.axis, x.shape.length));
    if (x.dtype === source.dtype) return inputs;
    const dtype = commonType([x, source]);
    return [x.cast(dtype), source.cast(dtype), index];
  }
  /** Sums and products of halves are computed in float32. */
  compute(x: NDArray, source: NDArray, index: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, x.shape.length);
    const steps = (dtype: NDArray["dtype"]) => {
      const out = copy(x, dtype);
      scatter(this.join, out, dtype === x.dtype ? source : copy(source, dtype), index, axis);
      return out;
    };
    return this.join === "sum" || this.join === "prod" ? summed(x.dtype, steps) : groupResult(() => steps(x.dtype));
  }
  /**
   * Of a sum g; of a product g times the product of all others, exact at zeros to the second order; at the largest or least
   * g, shared evenly where several are equal; of what is set g where it stayed.
   */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [x, source, index] = y.inputs as [Tensor, Tensor, Tensor], at = new Gather(this.axis);
    switch (this.join) {
      case "sum":
        return [g, source.requiresGrad ? at.call(g, index) : null, null];
      case "set": {
        const isLast = integersOf([index], (places) => staying(places, x.shape, source.shape, this.#axisOf(x)));
        const none = new BroadcastTo(source.shape).call(g.wrap(filled(g.facts.storage.stream, [], g.dtype, 0)));
        return [
          x.requiresGrad ? this.call(g, none, index) : null,
          source.requiresGrad ? where.call(isLast, at.call(g, index), 0) : null,
          null,
        ];
      }
      case "max":
      case "min": {
        const isOwn = x.equal(y).cast("int32"), isTheirs = source.equal(at.call(y.detach(), index)).cast("int32");
        const share = g.div(new Scatter(this.axis, "sum").call(isOwn, isTheirs, index).cast(g.dtype));
        return [isOwn.mul(share), source.requiresGrad ? isTheirs.mul(at.call(share, index)) : null, null];
      }
      case "prod":
        return this.#gradientOfProduct(g, x, source, index);
    }
  }
  /**
   * The product of all others is that of those which are not zero, divided by the element's own, times the one zero among
   * the others if there is one; two zeros leave nothing. The zero stays a factor, for the derivative of the gradient.
   */
  #gradientOfProduct(g: Tensor, x: Tensor, source: Tensor, index: Tensor): Adjoints {
    const at = new Gather(this.axis), sum = new Scatter(this.axis, "sum");
    const isZero = [x, source].map((each) => each.equal(0)) as [Tensor, Tensor];
    const factors = [x, source].map((each, k) => where.call(isZero[k]!, 1, each)) as [Tensor, Tensor];
    const zeros = [x, source].map((each, k) => where.call(isZero[k]!, each, 0)) as [Tensor, Tensor];
    const counts = isZero.map((each) => each.cast("int32")) as [Tensor, Tensor];
    const product = this.call(...factors, index), zero = sum.call(...zeros, index);
    const count = sum.call(...counts, index);
    const others = (k: 0 | 1, of: (whole: Tensor) => Tensor) => {
      const left = of(count).sub(counts[k]), rest = of(product).div(factors[k]), one = of(zero).sub(zeros[k]);
      return where.call(left.equal(0), rest, where.call(left.equal(1), rest.mul(one), 0));
    };
    return [
      x.requiresGrad ? g.mul(others(0, (whole) => whole)) : null,
      source.requiresGrad ? at.call(g, index).mul(others(1, (whole) => at.call(whole, index))) : null,
      null,
    ];
  }
  #axisOf(x: Tensor): number {
    return normalizeAxis(this.action, this.axis, x.shape.length);
  }
}

/** Which elements of a source are the last in their place: bools of its shape. */
function staying(index: NDArray, whole: Shape, source: Shape, axis: number): NDArray {
  const { stream } = index.storage, isLine = index.shape.length === 1, along = isLine ? 0 : axis;
  const last = filled(stream, isLine ? [whole[axis]!] : whole, "int32", -1);
  const lying = (length: number) => source.map((_, each) => each === axis ? length : 1);
  const line = counting(stream, source[axis]!);
  const numbers = isLine ? line : broadcastTo(reshape(line, lying(line.size)), source);
  scatter("set", last, numbers, index, along);
  const isLast = map("equal", [gather(last, index, along, numbers.shape), numbers]);
  return isLine ? broadcastTo(reshape(isLast, lying(line.size)), source) : isLast;
}
