/**
 * Values and ops: the computation graph itself, which knows nothing of tensors.
 *
 * A Value remembers the Op that made it and the Values that the op was given. An Op can `compute` its result from data and
 * write its `gradient` in further ops, so that gradients are graphs too and can be differentiated again.
 */
import type { NDArray } from "../array/ndarray.ts";
import { checkFunction, refuse } from "../pure/check.ts";
import { isPlain } from "../pure/nested.ts";

/**
 * An operation: `compute` on data, `gradient` in ops. Extend {@linkcode TensorOp} for one result, {@linkcode TensorTupleOp}
 * for several.
 */
export abstract class Op {
  /** The data of the result, or of each result, from the inputs' data. */
  abstract compute(...inputs: NDArray[]): NDArray | readonly NDArray[];

  /** Applies the op to values, and records a graph if one of them requires a gradient. */
  abstract call(...inputs: Value[]): Value | readonly Value[];

  /** The name of the class, for graphs and messages. */
  get name(): string {
    return this.constructor.name;
  }

  /**
   * The op's settings as plain data, for graphs and for writers of model files: `{ axes: [0], keepDims: false }`.
   * Settings are the public fields that hold numbers, booleans, text, or lists and objects of such, but not `row` and
   * `precision`, which are the same for all ops of a class.
   */
  attributes(): Attributes {
    const fields = Object.entries(this).filter(([name, value]) => !fixedFields.includes(name) && isPlainData(value));
    return structuredClone(Object.fromEntries(fields));
  }

  /** The attributes in one line: `axes=[0], keepDims=false`. */
  describe(): string {
    const shown = Object.entries(this.attributes()).filter(([, value]) => value !== undefined);
    return shown.map(([name, value]) => `${name}=${showData(value)}`).join(", ");
  }

  /** The text that `console.log` shows: `Summation(axes=[0], keepDims=false)`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.name}(${this.describe()})`;
  }
}

/** Data as JSON has it, and undefined for a setting that was left out. */
export type Data = number | boolean | string | undefined | readonly Data[] | { readonly [name: string]: Data };

/** The settings of an op by name. */
export type Attributes = Readonly<Record<string, Data>>;

const fixedFields = ["row", "precision"];

function isPlainData(value: unknown): value is Data {
  if (value === undefined || ["number", "boolean", "string"].includes(typeof value)) return true;
  return (Array.isArray(value) || isPlain(value)) && Object.values(value).every(isPlainData);
}

/** Plain data as text: numbers as JavaScript writes them, infinities too, and text without quotes. */
function showData(value: Data): string {
  if (Array.isArray(value)) return `[${value.map(showData).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  return `{ ${Object.entries(value).map(([name, each]) => `${name}: ${showData(each)}`).join(", ")} }`;
}

/** The inputs of a node whose graph an earlier backward has released. */
export const releasedInputs: readonly never[] = Object.freeze([]);
/** The saved values of nodes that have none. */
export const noValues: readonly never[] = Object.freeze([]);

/** A node of the computation graph. {@linkcode Tensor} is the only kind. */
export class Value {
  /** The op that made the value; null for a leaf. */
  declare op: Op | null;
  /** The values that the op was given. */
  declare inputs: readonly Value[];
  /** Values that the op saved for its gradient to read again. They are on no graph. */
  declare saved: readonly Value[];
  /** All results of an op with several, in order and with this value among them; null for an op with one result. */
  declare siblings: readonly Value[] | null;
  /** The data; null before it is computed and after it is freed. */
  declare cachedData: NDArray | null;
  /** True if gradients flow through the value. */
  declare requiresGrad: boolean;
  /** @ignore The number of the walk that visited the node last: a field is cheaper than a set of nodes. */
  declare mark: number;

  /** A node as it is described; {@linkcode Value.makeFromOp} also computes the data. */
  constructor(op: Op | null, inputs: readonly Value[], cachedData: NDArray | null, requiresGrad: boolean) {
    this.op = op;
    this.inputs = inputs;
    this.saved = noValues;
    this.siblings = null;
    this.cachedData = cachedData;
    this.requiresGrad = requiresGrad;
    this.mark = 0;
  }

  /** A leaf that holds `data`. */
  static makeConst(data: NDArray, { requiresGrad = false }: { requiresGrad?: boolean } = {}): Value {
    return new this(null, [], data, requiresGrad);
  }

  /** The result of `op` for `inputs`, computed at once. */
  static makeFromOp(op: Op, inputs: readonly Value[]): Value {
    const node = new this(op, inputs, null, inputs.some((input) => input.requiresGrad));
    node.realizeCachedData();
    return node;
  }

  /** The data, computed from the inputs if need be. */
  realizeCachedData(): NDArray {
    if (this.cachedData !== null) return this.cachedData;
    if (this.op === null) throw new Error("Cannot compute: a leaf without data");
    const data = this.op.compute(...this.inputs.map((input) => input.realizeCachedData()));
    if (Array.isArray(data)) throw new TypeError(`Cannot compute: ${this.op.name} has several results, use its call()`);
    return this.cachedData = data as NDArray;
  }

  /** True if no op made the value. */
  isLeaf(): boolean {
    return this.op === null;
  }
}

let visits = 0;

/** TypeError unless `given` is a tensor. */
export function checkTensor(action: string, given: unknown): void {
  if (!(given instanceof Value)) refuse(action, given, "a tensor");
}

/** TypeError unless `given` is a list of tensors. */
export function checkTensors(action: string, given: unknown): void {
  if (!Array.isArray(given)) refuse(action, given, "a list of tensors");
  for (const each of given) checkTensor(action, each);
}

/**
 * The nodes that `outputs` depend on, each after all of its inputs (post-order, depth first).
 *
 * The walk is iterative, so that the call stack does not limit a graph's depth. A node for which `follow` is false is left
 * out, together with what only it depends on.
 *
 * @example
 * ```ts
 * import { findTopoSort, Tensor } from "deneb";
 *
 * const x = new Tensor([2]), y = x.square(), z = y.add(x);
 * if (findTopoSort([z]).map((node) => [x, y, z].indexOf(node)).join() !== "0,1,2") throw new Error("another order");
 * ```
 */
export function findTopoSort<V extends Value>(
  outputs: readonly V[],
  follow: (node: V) => boolean = () => true,
): V[] {
  checkTensors("findTopoSort", outputs);
  checkFunction("findTopoSort", follow);
  const visit = ++visits, order: V[] = [], stack: V[] = [], next: number[] = [];
  for (const output of outputs) {
    if (output.mark === visit || !follow(output)) continue;
    output.mark = visit;
    stack.push(output);
    next.push(0);
    while (stack.length > 0) {
      const top = stack.length - 1, node = stack[top]!, place = next[top]!;
      if (place === node.inputs.length) {
        order.push(node);
        stack.pop();
        next.pop();
        continue;
      }
      next[top] = place + 1;
      const input = node.inputs[place]! as V;
      if (input.mark !== visit && follow(input)) {
        input.mark = visit;
        stack.push(input);
        next.push(0);
      }
    }
  }
  return order;
}
