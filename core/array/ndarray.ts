/**
 * NDArray: elements in a storage seen through shape, strides and offset; and the map skeleton, which computes one array
 * from others element by element.
 *
 * This is the layer below automatic differentiation: an op's `compute` is written in the functions of this file, of
 * `skeletons.ts` and of `views.ts`.
 */
import { dtypeCode, limits, type MapRow, opcode } from "../../kernels/instruction.ts";
import { flatCode, headOf, placeOf, wordsMost } from "../../kernels/schema.ts";
import {
  bytesOf,
  codeOf,
  computeType,
  type DType,
  itemBytes,
  makeTypedArray,
  promote,
  readElements,
  type TypedArray,
} from "../pure/dtype.ts";
import type { Started } from "../../kernels/device.ts";
import { temporaries } from "./group.ts";
import { askAgain, numberNow, refuseRecording, type Scalar } from "./recorder.ts";
import { readBytes, recorder, startRead, type Storage, type Stream, writeBytes, writeView } from "./stream.ts";
import { areTurnsTaken, type Begun, takeTurn } from "./turns.ts";
import { type MapInfo, rows } from "./rows.ts";
import { isContiguous, sameShape, type Shape, showShape, sizeOf, stridesOf } from "../pure/shape.ts";

/** Who gives a window back: nobody any more, the code that made it, or a tensor. */
const nobody = 0, maker = 1, tensor = 2;

/**
 * A strided window on device memory: what an op's `compute` is given and gives back. Windows are counted rather than
 * collected: each is disposed of once, and the memory is freed with the last.
 *
 * @example
 * ```ts
 * import { tensor } from "deneb";
 *
 * const { array } = tensor([[1, 2, 3], [4, 5, 6]]).transpose();
 * if (array.shape.join() !== "3,2" || array.strides.join() !== "1,3" || array.contiguous) throw new Error("a copy");
 * if (array.read().join() !== "1,4,2,5,3,6") throw new Error("another order");
 * ```
 */
export class NDArray {
  // Fields are declared rather than defined, as in all classes of which each op makes one: defining fields costs a call for
  // each at construction, all together a tenth of a small op.
  /** @ignore */ declare readonly storage: Storage;
  /** The length of each axis. */
  declare readonly shape: Shape;
  /** Steps along each axis, in elements: zero repeats one element, a negative one runs backwards. */
  declare readonly strides: readonly number[];
  /** The first element, counted from the storage's start. */
  declare readonly offset: number;
  /** The element type. */
  declare readonly dtype: DType;
  /** @ignore */ declare readonly code: number;
  /** The number of elements that the window shows, each as often as it is repeated. */
  declare readonly size: number;
  /** True if the elements lie in row-major order without gaps. */
  declare readonly contiguous: boolean;
  declare private holder: number;

  /** @ignore Takes over one reference to `storage`. */
  constructor(
    storage: Storage,
    shape: Shape,
    strides: readonly number[],
    offset: number,
    dtype: DType,
    contiguous: boolean,
  ) {
    this.storage = storage;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.dtype = dtype;
    this.code = codeOf(dtype);
    this.size = sizeOf(shape);
    this.contiguous = contiguous;
    this.holder = maker;
    if (temporaries !== null) temporaries.push(this);
  }

  /** The text that `console.log` shows: shape, type and device. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `NDArray ${showShape(this.shape)} ${this.dtype} on ${this.storage.stream.device.name}`;
  }

  /** Another window on the same elements. */
  view(shape: Shape, strides: readonly number[], offset: number = this.offset): NDArray {
    this.storage.retain();
    return new NDArray(this.storage, shape, strides, offset, this.dtype, isContiguous(shape, strides));
  }

  /** The same window again, to be disposed of by itself. */
  share(): NDArray {
    this.storage.retain();
    return new NDArray(this.storage, this.shape, this.strides, this.offset, this.dtype, this.contiguous);
  }

  /** Whether several elements of the window are one place in memory, as those of a stretched axis are. */
  get isRepeated(): boolean {
    return this.strides.some((step, axis) => step === 0 && this.shape[axis]! > 1);
  }

  /**
   * Gives back this window; the memory is freed with the last one. The window of a tensor, such as an op's `compute` is
   * given, stays the tensor's.
   */
  dispose(): void {
    if (this.holder === maker) this.release();
  }

  /** @ignore The window for a tensor to hold and to `release`: this one, or another if it is no longer its maker's. */
  taken(): NDArray {
    const own = this.holder === maker ? this : this.share();
    own.holder = tensor;
    return own;
  }

  /** @ignore Gives back the window, whoever holds it. */
  release(): void {
    if (this.holder === nobody) return;
    this.holder = nobody;
    this.storage.release();
  }

  /** The elements in row-major order, once they are computed. Throws inside {@linkcode capture}. */
  read(): TypedArray {
    refuseRecording("a value is read");
    if (this.size === 0) return makeTypedArray(this.dtype, 0);
    const source = this.contiguous ? this : copy(this);
    try {
      return source.readLine(this.size);
    } finally {
      if (source !== this) source.dispose();
    }
  }

  /**
   * The elements as they are now, as {@linkcode NDArray.read}, without keeping the program waiting: what is asked for
   * afterwards takes its place behind.
   */
  async readLater(): Promise<TypedArray> {
    const canWait = this.storage.stream.device.startRead !== undefined && this.size > 0;
    if (!areTurnsTaken() && !canWait) return this.read();
    // The tensor may be freed before its turn comes.
    const own = this.share();
    return await takeTurn(() => own.startRead(), () => own.dispose());
  }

  /** Begins to read, where the device can do so by itself. */
  private startRead(): Begun<TypedArray> {
    const source = this.contiguous ? this.share() : copy(this), bytes = itemBytes(this.dtype);
    let started: Started | null = null;
    try {
      if (source.size > 0) started = startRead(source.storage, source.offset * bytes, source.size * bytes);
    } catch (error) {
      source.dispose();
      throw error;
    }
    const end = () => {
      try {
        if (started === null) return source.read();
        return readElements(source.dtype, source.size, (bytes) => started.finish(bytes));
      } finally {
        source.dispose();
      }
    };
    return { started, end };
  }

  /** One element, by its place in row-major order of a one-element or contiguous array. */
  readFirst(): number {
    refuseRecording("a value is read");
    return this.readLine(1)[0]!;
  }

  /** The first `count` elements as they lie in memory. */
  private readLine(count: number): TypedArray {
    const at = this.offset * itemBytes(this.dtype);
    return readElements(this.dtype, count, (bytes) => readBytes(this.storage, at, bytes));
  }
}

/** The stream of arrays that must lie on one device. Throws if they do not, or if one was freed. */
export function commonStream(
  action: string,
  inputs: readonly NDArray[],
  stream: Stream = inputs[0]!.storage.stream,
): Stream {
  for (let k = 0; k < inputs.length; k++) {
    const { storage } = inputs[k]!;
    if (storage.handle === 0 || storage.stream !== stream) refuseInput(action, inputs[k]!, stream);
  }
  return stream;
}

/** Throws the error of an array that was freed, or that lies on another device. */
function refuseInput(action: string, { storage, shape }: NDArray, stream: Stream): never {
  if (storage.handle === 0) throw new Error(`Cannot ${action}: tensor ${showShape(shape)} was freed`);
  throw new TypeError(
    `Cannot ${action}: tensors are on ${stream.device.name} and ${storage.stream.device.name}, they must be on one device`,
  );
}

/** An array with undefined contents. */
export function empty(stream: Stream, shape: Shape, dtype: DType): NDArray {
  const storage = stream.allocate(sizeOf(shape) * itemBytes(dtype));
  return new NDArray(storage, shape, stridesOf(shape), 0, dtype, true);
}

/** An array holding `flat`, whose length must be the shape's size, and whose type that of `makeTypedArray(dtype)`. */
export function fromTypedArray(stream: Stream, flat: TypedArray, shape: Shape, dtype: DType): NDArray {
  const array = empty(stream, shape, dtype);
  if (flat.byteLength === 0) {
    stream.flush();
    return array;
  }
  try {
    writeBytes(array.storage, 0, bytesOf(flat, dtype));
  } catch (error) {
    array.dispose();
    throw error;
  }
  if (recorder === null) return array;
  // A replay cannot fill the memory again, and may write to the array. So the memory stays, and each replay copies it.
  recorder.constant(array.storage);
  const own = copy(array);
  array.dispose();
  return own;
}

/** The scalars of a row, which the device rounds to the type that it computes in. */
export interface Scalars {
  s?: Scalar;
  t?: Scalar;
  u?: Scalar;
}

/** Evaluates `row` for each element of `out`, which nobody has seen yet. The inputs have its shape, by repetition where need be. */
export function mapInto(
  out: NDArray,
  row: MapRow | MapInfo,
  inputs: readonly NDArray[],
  s: Scalar = 0,
  t: Scalar = 0,
  u: Scalar = 0,
): void {
  const info = typeof row === "string" ? rows[row] : row, stream = commonStream(info.name, inputs, out.storage.stream);
  writeMap(stream, info, out, inputs, s, t, u, codeOf(computeType(out.dtype)));
}

/**
 * As {@linkcode mapInto}, for memory that tensors show: all writes to such memory are made here. An input may be `out` itself;
 * one that shows the same memory in another way is copied first, since a device takes the elements in any order.
 */
export function overwrite(
  out: NDArray,
  row: MapRow | MapInfo,
  inputs: readonly NDArray[],
  s: Scalar = 0,
  t: Scalar = 0,
  u: Scalar = 0,
): void {
  let apart: NDArray[] | null = null;
  for (let k = 0; k < inputs.length; k++) {
    if (isMixed(inputs[k]!, out)) (apart ??= inputs.slice())[k] = copy(inputs[k]!);
  }
  mapInto(out, row, apart ?? inputs, s, t, u);
  out.storage.wasWritten();
  apart?.forEach((array, k) => array !== inputs[k] && array.dispose());
}

/** Whether an input shows memory of `out` at another place than `out` does. */
function isMixed(input: NDArray, out: NDArray): boolean {
  if (input.storage !== out.storage || input === out) return false;
  if (input.offset === out.offset && sameShape(input.strides, out.strides)) return false;
  const [first, last] = reach(input), [firstWritten, lastWritten] = reach(out);
  return first <= lastWritten && firstWritten <= last;
}

/** The first and the last place in its storage that an array shows. */
function reach({ shape, strides, offset }: NDArray): [first: number, last: number] {
  let first = offset, last = offset;
  shape.forEach((length, axis) => {
    const step = (length - 1) * strides[axis]!;
    if (step < 0) first += step;
    else last += step;
  });
  return [first, last];
}

/** As `writeMap`, for an output that was just made: if the map is refused, the output is given back. */
function writeNewMap(
  stream: Stream,
  row: MapInfo,
  out: NDArray,
  inputs: readonly NDArray[],
  s: Scalar,
  t: Scalar,
  u: Scalar,
  compute: number,
): NDArray {
  try {
    writeMap(stream, row, out, inputs, s, t, u, compute);
    return out;
  } catch (error) {
    out.dispose();
    throw error;
  }
}

// Numbers of the words as constants of this module: an op of few elements is little more than these writes.
const { code: codeAt, count: countAt, handle: handleAt, offset: offsetAt } = placeOf.flat;
const { row: rowAt, compute: computeAt, rank: rankAt, inputsCount: inputsAt } = placeOf.map;
const { scalars: scalarsAt, shape: shapeAt } = placeOf.map;
const { map: mapOpcode, flat: flatOpcode } = opcode, { map: mapWords, flat: flatWords } = wordsMost;
const flatHead = headOf.flat, codePerRow = flatCode(1, false, 0), codeFresh = flatCode(0, true, 0);

function writeMap(
  stream: Stream,
  row: MapInfo,
  out: NDArray,
  inputs: readonly NDArray[],
  s: Scalar,
  t: Scalar,
  u: Scalar,
  compute: number,
): void {
  const count = inputs.length;
  let flat = out.contiguous && (!row.usesIndex || out.shape.length === 1);
  for (let k = 0; flat && k < count; k++) flat = inputs[k]!.contiguous;
  if (compute === dtypeCode.int32 && !row.forInts) {
    throw new TypeError(`Cannot ${row.name}: it does not exist for integers, ${out.dtype} must be a float type`);
  }
  if (compute !== dtypeCode.int32 && !row.forFloats) {
    throw new TypeError(
      `Cannot ${row.name}: it does not exist for floats, ${out.dtype} must be an integer type or bool`,
    );
  }
  const rank = flat ? 1 : out.shape.length;
  if (rank > limits.rank) {
    throw new RangeError(`Cannot ${row.name}: shape ${showShape(out.shape)} has more than ${limits.rank} axes`);
  }
  let x = 0, y = 0, z = 0;
  if (row.scalars > 0) {
    x = typeof s === "number" ? s : numberNow(s);
    if (row.scalars > 1) y = typeof t === "number" ? t : numberNow(t);
    if (row.scalars > 2) z = typeof u === "number" ? u : numberNow(u);
  }
  if (flat && recorder === null && out.code === compute) {
    let same = true;
    for (let k = 0; same && k < count; k++) same = inputs[k]!.code === compute;
    if (same) return writeFlat(stream, stream.open(flatWords), false, row, out, inputs, x, y, z);
  }
  const start = stream.open(mapWords), words = stream.words, scalars = start + scalarsAt;
  words[start] = mapOpcode;
  words[start + rowAt] = row.number;
  words[start + computeAt] = compute;
  words[start + rankAt] = rank;
  words[start + inputsAt] = count;
  words[scalars] = x;
  words[scalars + 1] = y;
  words[scalars + 2] = z;
  if (recorder !== null) [s, t, u].forEach((scalar, k) => askAgain(scalars + k, scalar));
  let at = start + shapeAt;
  if (flat) {
    words[at] = out.size;
    at = writeView(words, at + 1, out);
    words[at++] = 1;
    for (let k = 0; k < count; k++) {
      at = writeView(words, at, inputs[k]!);
      words[at++] = 1;
    }
  } else {
    at = writeNumbers(words, at, out.shape);
    at = writeNumbers(words, writeView(words, at, out), out.strides);
    for (const input of inputs) at = writeNumbers(words, writeView(words, at, input), input.strides);
  }
  stream.close(start, at, out.size);
}

/** Writes a map in half the words, where all elements lie side by side in the type that is computed in. */
function writeFlat(
  stream: Stream,
  start: number,
  allocates: boolean,
  row: MapInfo,
  out: NDArray,
  inputs: readonly NDArray[],
  s: number,
  t: number,
  u: number,
): void {
  const { words } = stream;
  words[start] = flatOpcode;
  words[start + codeAt] = row.number * codePerRow + (allocates ? codeFresh : 0) + out.code;
  words[start + countAt] = out.size;
  words[start + handleAt] = out.storage.handle;
  words[start + offsetAt] = out.offset;
  let at = start + flatHead;
  for (let k = 0; k < inputs.length; k++) {
    const { storage, offset } = inputs[k]!;
    words[at++] = storage.handle;
    words[at++] = offset;
  }
  if (row.scalars > 0) {
    words[at++] = s;
    if (row.scalars > 1) words[at++] = t;
    if (row.scalars > 2) words[at++] = u;
  }
  stream.close(start, at, out.size);
}

export function writeNumbers(words: Float64Array, at: number, numbers: readonly number[]): number {
  for (let k = 0; k < numbers.length; k++) words[at + k] = numbers[k]!;
  return at + numbers.length;
}

/**
 * A new array: `row` of inputs of one shape. Its type is the one in which the inputs meet, unless `dtype` gives another or
 * the row compares, which gives bool.
 */
export function map(
  row: MapRow | MapInfo,
  inputs: readonly NDArray[],
  { s = 0, t = 0, u = 0 }: Scalars = {},
  dtype?: DType,
): NDArray {
  return mapScalars(typeof row === "string" ? rows[row] : row, inputs, s, t, u, dtype);
}

/** As {@linkcode map}, without an object for the scalars. */
export function mapScalars(
  row: MapInfo,
  inputs: readonly NDArray[],
  s: Scalar = 0,
  t: Scalar = 0,
  u: Scalar = 0,
  dtype?: DType,
): NDArray {
  const first = inputs[0]!, stream = commonStream(row.name, inputs);
  if (dtype === undefined && recorder === null && areFlat(row, inputs)) {
    let x = 0, y = 0, z = 0;
    if (row.scalars > 0) {
      x = typeof s === "number" ? s : numberNow(s);
      if (row.scalars > 1) y = typeof t === "number" ? t : numberNow(t);
      if (row.scalars > 2) z = typeof u === "number" ? u : numberNow(u);
    }
    const bytes = first.size * itemBytes(first.dtype), start = stream.openFresh(flatWords, bytes);
    const storage = stream.claim(bytes);
    const out = new NDArray(storage, first.shape, first.strides, 0, first.dtype, true);
    writeFlat(stream, start, true, row, out, inputs, x, y, z);
    return out;
  }
  let compute = first.dtype;
  for (let k = 1; k < inputs.length; k++) compute = promote(compute, inputs[k]!.dtype);
  if (!row.toBool && dtype !== undefined) compute = dtype;
  const type = row.toBool ? "bool" : compute;
  const storage = stream.allocate(first.size * itemBytes(type));
  const strides = first.contiguous ? first.strides : stridesOf(first.shape);
  const out = new NDArray(storage, first.shape, strides, 0, type, true);
  return writeNewMap(stream, row, out, inputs, s, t, u, codeOf(computeType(compute)));
}

/** True where the operands lie side by side and have one type, in which the row computes and which its result has. */
function areFlat(row: MapInfo, inputs: readonly NDArray[]): boolean {
  const { code, shape } = inputs[0]!;
  if (row.toBool || code > (row.forInts ? dtypeCode.int32 : dtypeCode.float64)) return false;
  if (!row.forFloats && code < dtypeCode.int32) return false;
  if (row.usesIndex && shape.length !== 1) return false;
  for (let k = 0; k < inputs.length; k++) if (!inputs[k]!.contiguous || inputs[k]!.code !== code) return false;
  return true;
}

/** A new array holding one number. */
export function filled(stream: Stream, shape: Shape, dtype: DType, value: Scalar): NDArray {
  return writeNewMap(stream, rows.fill, empty(stream, shape, dtype), [], value, 0, 0, codeOf(computeType(dtype)));
}

/** A contiguous copy, of another type if asked: floats become integers by truncation, saturating. */
export function copy(array: NDArray, dtype: DType = array.dtype): NDArray {
  const stream = commonStream("copy", [array]), out = empty(stream, array.shape, dtype);
  const compute = codeOf(computeType(promote(array.dtype, dtype)));
  return writeNewMap(stream, rows.copy, out, [array], 0, 0, 0, compute);
}

/** The same window again if its elements already lie in order, else a copy. Either is to be disposed of. */
export function contiguous(array: NDArray): NDArray {
  return array.contiguous ? array.share() : copy(array);
}
