/**
 * Scans: ops that join the elements up to each one along an axis.
 *
 * In the formulas x is the input, y the result and g its adjoint; i and j count along the axis. The gradients are scans
 * themselves, from the other end, so that they can be differentiated again.
 */
import type { ScanRow } from "../../../kernels/instruction.ts";
import { checkPlaces, counting } from "../../array/indices.ts";
import { groupResults } from "../../array/group.ts";
import { map, type NDArray } from "../../array/ndarray.ts";
import { scan } from "../../array/scan.ts";
import { broadcastTo, reshape } from "../../array/views.ts";
import { checkFlag } from "../../pure/check.ts";
import { isFloat, promote } from "../../pure/dtype.ts";
import { normalizeAxis, type Shape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp, TensorTupleOp, WideOp } from "../op.ts";
import { checkOperands, commonShape, fitted } from "../operands.ts";
import { commonType, widened } from "../precision.ts";
import { Pad } from "./joins.ts";

/** The scanned axis of that shape, counted from 0. A shape without axes has one called 0 or -1. */
function axisOf(op: { readonly action: string; readonly axis: number }, shape: Shape): number {
  return normalizeAxis(op.action, op.axis, Math.max(shape.length, 1));
}

/**
 * Each element's neighbour before it along an axis, and a number for the first, which has none. A negative number of `steps`
 * is for the neighbours behind.
 */
function neighbours(x: Tensor, axis: number, steps: 1 | -1, edge: number): Tensor {
  const { shape } = x;
  if (shape.length === 0) return x.mul(0).add(edge);
  if (shape[axis] === 0) return x;
  const widths = new Array<number>(2 * (shape.length - 1 - axis)).fill(0);
  return new Pad([...widths, steps, -steps], edge).call(x);
}

/** An op that joins, for each element, those up to it along an axis. */
export abstract class ScanOp extends TensorOp {
  /** Along an axis; `fromEnd` joins each element with those behind it instead. */
  constructor(
    /** The axis, which may be negative. */
    readonly axis: number,
    /** Whether the scan begins at the axis' end. */
    readonly fromEnd: boolean = false,
  ) {
    super();
    checkFlag(this.action, "fromEnd", fromEnd);
  }
  /** Checks the axis. @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    axisOf(this, ready[0]!.shape);
    return ready;
  }
  /** The steps from an element to the one that is joined before it. */
  protected get before(): 1 | -1 {
    return this.fromEnd ? -1 : 1;
  }
}

/** Running sums; those of integers and bools are int32. */
export class CumSum extends ScanOp {
  /** @ignore */
  override get action(): string {
    return "cumsum";
  }
  /** Sums blocks, and these as they follow one another: in float64 on CPUs, as a tree on GPUs. */
  compute(x: NDArray): NDArray {
    return scan("sum", [x], axisOf(this, x.shape), this.fromEnd, promote(x.dtype, "int32"));
  }
  /** The sums of g from the other end. */
  gradient(g: Tensor): Adjoints {
    return new CumSum(this.axis, !this.fromEnd).call(g);
  }
  /** @ignore */
  override jvp([t]: readonly (Tensor | null)[]): Tensor {
    return this.call(t!);
  }
}

/** Running products; those of integers and bools are int32. */
export class CumProd extends ScanOp {
  /** @ignore */
  override get action(): string {
    return "cumprod";
  }
  /** One scan. */
  compute(x: NDArray): NDArray {
    return scan("prod", [x], axisOf(this, x.shape), this.fromEnd, promote(x.dtype, "int32"));
  }
  /**
   * The product of all before i, times what g has of all that follow: the sum over j >= i of g_j x_{i+1} ... x_j. Nothing is
   * divided by, so that zeros do no harm.
   */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const given = y.inputs[0]!, x = widened(given), axis = axisOf(this, x.shape);
    const products = x === given ? y : this.call(x);
    const behind = new LinearRecurrence(axis, !this.fromEnd).call(
      neighbours(x, axis, -this.before as 1 | -1, 0),
      widened(g),
    );
    return neighbours(products, axis, this.before, 1).mul(behind).cast(given.dtype);
  }
}

/** Logarithms of running sums of exponentials. */
export class LogCumSumExp extends WideOp {
  /** Along an axis. */
  constructor(/** The axis, which may be negative. */ readonly axis: number) {
    super();
  }
  /** @ignore */
  override get action(): string {
    return "logcumsumexp";
  }
  /** Checks the axis. @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    axisOf(this, ready[0]!.shape);
    return ready;
  }
  /** One scan, whose step is log(exp(r) + exp(x)): no exponential overflows. */
  compute(x: NDArray): NDArray {
    return scan("logSumExp", [x], axisOf(this, x.shape));
  }
  /**
   * exp(x_i - y_i) times the sum over j >= i of g_j exp(y_i - y_j), which is a recurrence from the end, whose coefficients
   * exp(y_i - y_{i+1}) are at most 1.
   */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const x = y.inputs[0]!, axis = axisOf(this, x.shape), next = neighbours(y, axis, -1, Infinity);
    // Between two infinities that are alike there is no step.
    const isFlat = next.equal(y).mul(y.abs().equal(Infinity)), fall = isFlat.where(0, y.sub(next)).exp();
    return new LinearRecurrence(axis, true).call(fall, g).mul(x.sub(y).exp());
  }
}

/** The recurrence y_i = a_i y_{i-1} + b_i, from 0 on; integers and bools give int32. */
export class LinearRecurrence extends ScanOp {
  /** @ignore */
  override get arity(): number {
    return 2;
  }
  /** Checks the axis, and brings both operands into one type and shape. @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const ready = fitted(inputs, promote(commonType(inputs), "int32"), commonShape(this, inputs));
    axisOf(this, ready[0]!.shape);
    return ready;
  }
  /** One scan, element after element. */
  compute(a: NDArray, b: NDArray): NDArray {
    return scan("recurrence", [b, a], axisOf(this, b.shape), this.fromEnd);
  }
  /** [h_i y_{i-1}, h_i], where h_i = g_i + a_{i+1} h_{i+1}. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], axis = axisOf(this, y.shape), steps = this.before;
    const behind = neighbours(a, axis, -steps as 1 | -1, 0);
    const h = new LinearRecurrence(axis, !this.fromEnd).call(behind, g);
    return [a.requiresGrad ? h.mul(neighbours(y, axis, steps, 0)) : null, b.requiresGrad ? h : null];
  }
}

/** Running extremes and their places (int32): the last of equal ones, and of elements that are NaN. */
export abstract class CumExtremeOp extends TensorTupleOp {
  /** @ignore */ protected abstract readonly row: ScanRow;
  /** Along an axis. */
  constructor(/** The axis, which may be negative. */ readonly axis: number) {
    super();
  }
  /** @ignore */
  override get action(): string {
    return this.name.toLowerCase();
  }
  /** Checks the axis. RangeError for more elements than int32 counts. @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs), { shape } = ready[0]!;
    axisOf(this, shape);
    checkPlaces(this.action, shape);
    return ready;
  }
  /** Two scans: of the elements, and of the places at which the extreme is met. */
  compute(x: NDArray): readonly NDArray[] {
    return groupResults(() => {
      const { shape } = x, axis = axisOf(this, shape), values = scan(this.row, [x], axis);
      const equal = map("equal", [x, values]);
      // Only NaN differs from itself.
      const isMet = isFloat(x.dtype) ? map("or", [equal, map("notEqual", [x, x])]) : equal;
      const line = counting(x.storage.stream, shape[axis] ?? 1);
      const places = broadcastTo(reshape(line, shape.map((length, k) => k === axis ? length : 1)), shape);
      return [values, scan("max", [map("mul", [isMet, places])], axis)];
    });
  }
  /** g, added up at the places from which the values are. */
  gradient([g]: readonly (Tensor | null)[], [values, places]: readonly Tensor[]): Adjoints {
    if (values!.shape.length === 0 || values!.size === 0) return g!;
    return g!.zerosLike().scatterAdd(axisOf(this, values!.shape), places!, g!);
  }
}

/** The largest of the elements up to each one, and its place. */
export class CumMax extends CumExtremeOp {
  /** @ignore */ protected readonly row: ScanRow = "max";
}

/** The smallest of the elements up to each one, and its place. */
export class CumMin extends CumExtremeOp {
  /** @ignore */ protected readonly row: ScanRow = "min";
}
