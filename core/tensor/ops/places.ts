/**
 * Ops that move elements: into another type, to another device, and by index along an axis.
 */
import { streamOf } from "../../array/devices.ts";
import { asItIs, asking, refuse } from "../../pure/check.ts";
import { checkDType, type DType, isFloat } from "../../pure/dtype.ts";
import { wholeNumbers } from "../../array/elements.ts";
import { copy, fromTypedArray, type NDArray } from "../../array/ndarray.ts";
import { gather } from "../../array/places.ts";
import { groupResult } from "../../array/group.ts";
import { reshape } from "../../array/views.ts";
import { normalizeAxis, sameShape, type Shape, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";
import { checkOperands, isTensor } from "../operands.ts";
import { withIntegers } from "./integers.ts";
import { addedAt } from "./sums.ts";

/** Another element type. */
export class Cast extends TensorOp {
  /** Floats become integers by truncation; numbers outside an integer type become its least or largest, NaN becomes 0. */
  constructor(/** The type of the result. */ readonly dtype: DType) {
    super();
    checkDType("cast", dtype);
  }
  /** Applies the op; a tensor that has the type already is returned itself. */
  override call(...inputs: Tensor[]): Tensor {
    const [x] = inputs;
    if (inputs.length !== 1 || !isTensor(x)) return super.call(...inputs);
    return x.dtype === this.dtype ? x : x.derive(this, inputs);
  }
  /** Always a copy. */
  compute(a: NDArray): NDArray {
    return copy(a, this.dtype);
  }
  /** g, cast back to the input's type. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.cast(y.inputs[0]!.dtype);
  }
}

/** The same elements on another device, copied through the host's memory. */
export class ToDevice extends TensorOp {
  /** The device is opened when the op is called. TypeError unless the name is text. */
  constructor(/** The device's name, such as `cpu` or `opencl:1`. */ readonly device: string) {
    super();
    if (typeof device !== "string") refuse("move tensor", device, "a device's name");
  }
  /** Applies the op; a tensor that is on the device already is returned itself. */
  override call(...inputs: Tensor[]): Tensor {
    const [x] = inputs;
    if (inputs.length !== 1 || !isTensor(x)) return super.call(...inputs);
    return x.device === this.device ? x : x.derive(this, inputs);
  }
  /** @ignore */
  override get action(): string {
    return "to";
  }
  /** Blocks until the input's device has computed it. */
  compute(a: NDArray): NDArray {
    return fromTypedArray(streamOf(this.device), a.read(), a.shape, a.dtype);
  }
  /** g, brought back to the input's device. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return g.to(y.inputs[0]!.device);
  }
}

/**
 * Slices at integer places along an axis: source [a, n, b] and index [i, j] along axis 1 give [a, i, j, b].
 *
 * RangeError for a place outside [0, n): at the call on `cpu`, `wasm` and `reference`, at the next read on GPUs.
 */
export class Take extends TensorOp {
  /** Axis 0 by default: the rows of an embedding. */
  constructor(/** The axis of the source along which the index counts. */ readonly axis: number = 0) {
    super();
  }
  /** Applies the op to a tensor, and to integers in a tensor. */
  override call(...inputs: Tensor[]): Tensor;
  /** Applies the op to a tensor, and to integers in a tensor of any type or a list. */
  override call(source: Tensor, index: Tensor | readonly number[]): Tensor;
  /** @ignore */
  override call(...inputs: (Tensor | readonly number[])[]): Tensor {
    const [source, index] = inputs;
    if (inputs.length === 2 && isTensor(index) && isFloat(index.dtype)) {
      return withIntegers(index, "take: index", (integers) => this.call(source as Tensor, integers));
    }
    return asking(this.action, () => super.call(...inputs as Tensor[]));
  }
  /** @ignore */
  protected override prepare(inputs: readonly (Tensor | readonly number[])[]): readonly Tensor[] {
    const [source, index] = inputs as [Tensor, Tensor | readonly number[]];
    checkOperands(this, [source]);
    if (inputs.length === 2 && !isTensor(index)) {
      return this.prepare([source, indexBeside(source, wholeNumbers(this.action, index))]);
    }
    checkOperands(this, inputs, 2);
    normalizeAxis(this.action, this.axis, source.shape.length);
    return inputs as readonly Tensor[];
  }
  /** Copies each slice as often as the index names it. */
  compute(source: NDArray, index: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, source.shape.length);
    return groupResult(() => {
      const shape = [...source.shape.slice(0, axis), ...index.shape, ...source.shape.slice(axis + 1)];
      return gather(source, placesOf(index), axis, shape);
    });
  }
  /** [the slices of g, added into zeros where they were taken from, nothing]: of a slice that was taken twice, both. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [source, index] = y.inputs as [Tensor, Tensor];
    return [new Untake(this.axis, source.shape).call(g, index), null];
  }
}

/** Adds slices into zeros at integer places: the adjoint of {@linkcode Take}. */
export class Untake extends TensorOp {
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
    checkIntegers(this.action, index);
    const shape = [...this.shape.slice(0, axis), ...index.shape, ...this.shape.slice(axis + 1)];
    if (!sameShape(part.shape, shape)) {
      throw new TypeError(`Cannot untake: slices of shape ${showShape(part.shape)}, they must be ${showShape(shape)}`);
    }
    return inputs;
  }
  /** Adds the slices in the order in which the index names them, so that the sums repeat to the bit. */
  compute(part: NDArray, index: NDArray): NDArray {
    const axis = normalizeAxis(this.action, this.axis, this.shape.length);
    return groupResult(() => addedAt(part, placesOf(index), this.shape, axis));
  }
  /** [the slices of g at the same places, nothing]. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return [new Take(this.axis).call(g, y.inputs[1]!), null];
  }
}

/** Integers as a tensor on the device of `beside`. */
function indexBeside(beside: Tensor, integers: Int32Array<ArrayBuffer>): Tensor {
  return beside.wrap(fromTypedArray(beside.facts.storage.stream, integers, [integers.length], "int32"));
}

/** TypeError unless the indices are integers or bools. */
function checkIntegers(action: string, index: Tensor): void {
  if (isFloat(index.dtype)) throw new TypeError(`Cannot ${action}: indices of type ${index.dtype} must be integers`);
}

/** Indices as one axis of int32, side by side in memory. */
function placesOf(index: NDArray): NDArray {
  const flat = reshape(index, [index.size]);
  return flat.dtype === "int32" && flat.contiguous ? flat : copy(flat, "int32");
}
