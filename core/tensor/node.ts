/**
 * TensorNode: a node of the computation graph that holds an array on a device. It manages memory, ownership and gradient, and
 * turns values into elements and elements into values. The class Tensor adds every op as a method.
 */
import { currentScope, moveTo, type Owned, type Scope } from "../ambient/scope.ts";
import { copy, filled, NDArray, overwrite } from "../array/ndarray.ts";
import { arrayFrom, type TensorOptions, type TensorSource } from "../array/elements.ts";
import { writesSoFar } from "../array/stream.ts";
import { refuseRecording } from "../array/recorder.ts";
import { settleTurns } from "../array/turns.ts";
import { unwatch, type Watch, watch } from "../array/unowned.ts";
import { refuse } from "../pure/check.ts";
import { type DType, isFloat, type TypedArray } from "../pure/dtype.ts";
import { nestedOf } from "../pure/nested.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../pure/shape.ts";
import { type BackwardOptions, computeGradientOfVariables } from "./backward.ts";
import { addHook, type GradientHook, type HookHandle } from "./hooks.ts";
import { UnseenGradient } from "./late_gradient.ts";
import type { TensorOp, TensorTupleOp } from "./op.ts";
import { inspectTensor, printGraph, toDot } from "./print.ts";
import type { Tensor } from "./tensor.ts";
import { checkTensor, noValues, Value } from "./value.ts";
import { witness } from "./witness.ts";

/** All of {@linkcode Tensor} but its ops. */
export abstract class TensorNode extends Value implements Owned {
  /** The scope that will free the tensor; null if none does. */
  declare owner: Scope | null;
  /** @ignore */ declare older: Owned | null;
  /** @ignore */ declare newer: Owned | null;
  /** @ignore The node's adjoint during a backward sweep. */
  declare adjoint: Tensor | null;
  /** @ignore True while the adjoint is a sum that only the sweep can see. */
  declare adjointIsSum: boolean;
  /** @ignore The number of nodes whose adjoint this tensor is. */
  declare adjointOf: number;
  /** @ignore How many writes to memory had happened when the tensor was made: later ones may have changed what it came from. */
  declare madeAt: number;
  declare private ownGrad: Tensor | UnseenGradient | null;
  /** The scope that freed the tensor, for the message to whoever reads it all the same. */
  declare private freedBy: Scope | null;
  declare private freedShape: Shape;
  /** How the garbage collector finds the array of a tensor outside all scopes. */
  declare private watched: Watch | null;

  /** The op that made the tensor; null for a leaf, and if no graph was recorded. */
  declare op: TensorOp | TensorTupleOp | null;
  /** The tensors that the op was given. `backward` releases them, unless `retainGraph` is set. */
  declare inputs: readonly Tensor[];
  /** Tensors that the op saved for its gradient to read again. They are on no graph. */
  declare saved: readonly Tensor[];
  /** All results of an op with several, in order and with this tensor among them; null for an op with one result. */
  declare siblings: readonly Tensor[] | null;

  /**
   * A tensor from nested arrays, a number or a flat typed array. As in the lecture, it requires a gradient by default,
   * unless its type is an integer or bool.
   */
  constructor(
    source: TensorSource | NDArray,
    options: TensorOptions = {},
    op: TensorOp | TensorTupleOp | null = null,
    inputs: readonly Tensor[] = noValues,
  ) {
    const array = (source instanceof NDArray ? source : arrayFrom(source, options)).taken();
    super(op, inputs, array, options.requiresGrad ?? isFloat(array.dtype));
    this.owner = null;
    this.older = null;
    this.newer = null;
    this.adjoint = null;
    this.adjointIsSum = false;
    this.adjointOf = 0;
    this.madeAt = writesSoFar;
    this.ownGrad = null;
    this.freedBy = null;
    this.freedShape = unknownShape;
    this.watched = null;
    if (this.requiresGrad && !isFloat(array.dtype)) {
      array.release();
      throw new TypeError(`Cannot make tensor: requiresGrad with type ${array.dtype}, it must be a float type`);
    }
    this.enter();
  }

  /** Gives the new tensor to the innermost scope, or to the garbage collector if there is none. */
  private enter(): void {
    const scope = currentScope();
    if (scope !== null) scope.add(this);
    else this.unowned();
  }

  /** The data. Error if the tensor was freed. */
  get array(): NDArray {
    const array = this.cachedData;
    if (array === null) throw this.freedError();
    witness?.touch(this, array);
    return array;
  }

  /**
   * @ignore The data for whoever writes to it. Elements that share a place in memory, as those of a stretched axis do, get
   * places of their own first.
   */
  get writable(): NDArray {
    if (this.array.isRepeated) this.replaceData(copy(this.array));
    return this.array;
  }

  /** Shows other memory from here on. */
  private replaceData(array: NDArray): void {
    const own = array.taken(), isWatched = this.watched !== null;
    this.letGo(this.cachedData!);
    this.cachedData = own;
    own.storage.wasWritten();
    if (isWatched) this.unowned();
  }

  /** @ignore The data, for questions about its type and place: unlike `array`, this is not reported to a recording. */
  get facts(): NDArray {
    if (this.cachedData === null) throw this.freedError();
    return this.cachedData;
  }

  /** @ignore Whether there are elements to be read: those of one example of many, inside `vmap`, are not. */
  get hasElements(): boolean {
    return true;
  }

  /** The error for whoever asks for the data after it was freed. */
  private freedError(): Error {
    const shape = showShape(this.freedShape);
    return new Error(
      this.freedBy === null
        ? `Cannot read tensor ${shape}: dispose() freed it`
        : `Cannot read tensor ${shape}: the scope opened in ${this.freedBy.place} freed it; keep() it`,
    );
  }

  /** The data, as {@linkcode Tensor.array}: a tensor is computed when it is made. */
  override realizeCachedData(): NDArray {
    return this.array;
  }

  /** A leaf around `array`, on no graph. */
  abstract wrap(array: NDArray): Tensor;

  // The members of Owned, which scopes call.

  /** @ignore Gives the memory back. Called by the scope that owns the tensor. */
  free(by: Scope): void {
    const array = this.cachedData;
    if (array === null) return;
    this.freedBy = by;
    this.freedShape = array.shape;
    this.letGo(array);
  }

  /** Gives the array back. */
  private letGo(array: NDArray): void {
    this.cachedData = null;
    if (this.watched !== null) unwatch(this.watched);
    this.watched = null;
    array.release();
  }

  /** @ignore Leaves the tensor to the garbage collector. Called when it leaves every scope. */
  unowned(): void {
    if (this.watched !== null || this.cachedData === null) return;
    this.watched = watch(this.cachedData);
  }

  /** Frees the memory now. Using the tensor afterwards throws. */
  dispose(): void {
    const array = this.cachedData;
    if (array === null) return;
    this.freedShape = array.shape;
    this.owner?.remove(this);
    this.letGo(array);
  }

  /** As {@linkcode Tensor.dispose}, at the end of `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Moves the tensor from its scope to the enclosing one, or out of all scopes. Returns the tensor. */
  keep(): this {
    if (this.owner !== null) moveTo(this, this.owner.enclosing);
    return this;
  }

  // Shape, type, place and gradient.

  /** The length of each axis; [] for a scalar. It is known even after the tensor was freed. */
  get shape(): Shape {
    return this.cachedData === null ? this.freedShape : this.cachedData.shape;
  }

  /** The element type. */
  get dtype(): DType {
    return this.facts.dtype;
  }

  /** The number of elements. */
  get size(): number {
    return this.facts.size;
  }

  /** The name of the device that holds the elements. */
  get device(): string {
    return this.facts.storage.stream.device.name;
  }

  /** @ignore Whether there is a gradient. Unlike `grad`, this is not reported to a recording. */
  get hasGradient(): boolean {
    return this.ownGrad !== null;
  }

  /**
   * The gradient that `backward` left: null until then, and after `resetGrad()`. While an async call of a captured function
   * goes on, it is that of the call before.
   */
  get grad(): Tensor | null {
    const grad = this.seenGradient();
    witness?.readGradient(this, grad);
    return grad;
  }

  set grad(grad: Tensor | null) {
    settleTurns();
    if (witness !== null) witness.writeGradient(this, this.seenGradient());
    if (grad === this.ownGrad) return;
    if (grad !== null) {
      checkTensor("set grad", grad);
      if (!sameShape(grad.shape, this.shape)) {
        throw new TypeError(
          `Cannot set grad: shape ${showShape(grad.shape)} for a tensor of shape ${showShape(this.shape)}`,
        );
      }
      if (grad.dtype !== this.dtype || grad.device !== this.device) {
        const [given, wanted] = [grad, this].map(({ dtype, device }) => `${dtype} on ${device}`);
        throw new TypeError(`Cannot set grad: ${given} for a tensor of ${wanted}`);
      }
      // A gradient lives as long as its tensor does, whatever scope it was made in.
      moveTo(grad, this.owner);
    }
    this.replaceGradient(grad);
  }

  /** Holds the new gradient, and lets the old one go. */
  private replaceGradient(grad: Tensor | UnseenGradient | null): void {
    const before = this.ownGrad, scope = currentScope();
    this.ownGrad = grad;
    if (before instanceof UnseenGradient) before.drop();
    // The old gradient stays readable until the scope at hand ends.
    else if (before !== null && scope !== null && before.owner === this.owner) moveTo(before, scope);
  }

  /** The gradient as a tensor. A gradient that a captured function left becomes one now. */
  private seenGradient(): Tensor | null {
    const grad = this.ownGrad;
    if (!(grad instanceof UnseenGradient)) return grad;
    const seen = this.wrap(grad.take());
    moveTo(seen, this.owner);
    return this.ownGrad = seen;
  }

  /** @ignore Puts a gradient in the place of the old one. Called by captured functions. */
  leaveGradient(grad: UnseenGradient): void {
    if (this.ownGrad !== grad) this.replaceGradient(grad);
  }

  /** @ignore Whether nobody has looked at the gradient since a captured function left it here. */
  holdsUnseen(grad: UnseenGradient): boolean {
    return this.ownGrad === grad;
  }

  /**
   * The same data on no graph. Assigning copies the elements, also those of a view of this tensor: into its memory if shape,
   * type and device agree, else into new memory. TypeError if one type is a float type and the other is not.
   */
  get data(): Tensor {
    return this.detach();
  }

  set data(value: Tensor) {
    const array = this.array, source = value?.array ?? refuse("set data", value, "a tensor");
    if (sameShape(array.shape, source.shape) && array.dtype === source.dtype && this.device === value.device) {
      overwrite(this.writable, "copy", [value.array]);
      return;
    }
    if (isFloat(array.dtype) !== isFloat(source.dtype)) {
      throw new TypeError(`Cannot set data: type ${source.dtype} for a tensor of type ${array.dtype}`);
    }
    this.replaceData(copy(source));
  }

  /** The same data as a leaf that requires no gradient. */
  detach(): Tensor {
    return this.wrap(this.array.share());
  }

  /** Forgets the gradient. */
  resetGrad(): void {
    this.grad = null;
  }

  /**
   * Computes the gradient of this tensor with respect to every leaf that requires one, and adds it to their `.grad`.
   *
   * `outGrad` is the adjoint of this tensor and has its shape; for a single element it is 1 by default. TypeError if it is
   * missing for more elements; Error if an earlier backward has released the graph, and if a gradient needs elements that
   * were overwritten since, as an optimizer's step does with weights.
   */
  backward(this: Tensor, outGrad?: Tensor, options: BackwardOptions = {}): void {
    computeGradientOfVariables(this, outGrad, options);
  }

  /**
   * Has `hook` called with the gradient of this tensor in each backward sweep that reaches it: once, with the sum of all that
   * flows to it, before it flows on, and before it is added to a leaf's `.grad`. A tensor that the hook returns takes the
   * gradient's place. It is PyTorch's `register_hook`.
   *
   * The hook must not change the gradient in place, and what it wants to keep it passes to {@linkcode keep}: a sweep frees its
   * gradients. With `createGraph` what it computes is recorded. A captured function calls hooks while it is recorded, and
   * replays what they computed. Error for a tensor that requires no gradient.
   *
   * @example
   * ```ts
   * import { Tensor } from "deneb";
   *
   * const x = new Tensor([3, 4]);
   * {
   *   using _ = x.onGradient((grad) => grad.clip(-1, 1));
   *   x.square().sum().backward();
   * }
   * if (x.grad!.toArray().join() !== "1,1") throw new Error("not clipped");
   * ```
   */
  onGradient(this: Tensor, hook: GradientHook): HookHandle {
    return addHook(this, hook);
  }

  // Elements as values.

  /** The only element: a number, or a boolean for bool. RangeError unless there is exactly one. */
  // deno-lint-ignore no-explicit-any
  item(): any {
    if (this.size !== 1) throw new RangeError(`Cannot item: tensor ${showShape(this.shape)} must have one element`);
    const value = this.array.readFirst();
    return this.dtype === "bool" ? value !== 0 : value;
  }

  /** The elements, flat and in row-major order. */
  toTypedArray(): TypedArray {
    return this.array.read();
  }

  /**
   * As {@linkcode toTypedArray}, as a promise: other code runs until the device has computed the elements. They are those
   * of this moment, whatever is done to the tensor afterwards.
   */
  read(): Promise<TypedArray> {
    refuseRecording("a value is read");
    return Promise.try(() => this.array.readLater());
  }

  /** The elements as nested arrays; a plain number for a scalar. RangeError where there are none, in millions of lists. */
  // deno-lint-ignore no-explicit-any
  toArray<T = any>(): T {
    const flat = this.array.read(), bool = this.dtype === "bool";
    const lists = sizeOf(this.shape.slice(0, this.shape.indexOf(0)));
    if (this.size === 0 && lists > emptyMost) {
      throw new RangeError(`Cannot toArray: shape ${showShape(this.shape)} has more than ${emptyMost} empty lists`);
    }
    return nestedOf(bool ? Array.from(flat, (x) => x !== 0) : flat, this.shape) as T;
  }

  /** Shape and values. */
  override toString(this: Tensor): string {
    return inspectTensor(this);
  }

  /** The text that `console.log` shows in Deno and Jupyter. */
  [Symbol.for("Deno.customInspect")](this: Tensor): string {
    return inspectTensor(this);
  }

  /** The text that `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](this: Tensor): string {
    return inspectTensor(this);
  }

  /** Prints the graph that made this tensor, one node a line, inputs first. Returns the text. */
  print(this: Tensor): string {
    const text = printGraph(this);
    console.log(text);
    return text;
  }

  /** The graph that made this tensor, in Graphviz's language. */
  toDot(this: Tensor): string {
    return toDot(this);
  }

  /** Zeros of this shape, type and device. */
  zerosLike(): Tensor {
    return this.wrap(filled(this.facts.storage.stream, this.shape, this.dtype, 0));
  }

  /** Ones of this shape, type and device. */
  onesLike(): Tensor {
    return this.wrap(filled(this.facts.storage.stream, this.shape, this.dtype, 1));
  }
}

const unknownShape: Shape = [];
/** How many lists without an element `toArray` makes: of those with some, there are no more than elements. */
const emptyMost = 2 ** 24;
