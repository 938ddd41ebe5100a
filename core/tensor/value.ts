/**
 * Values and ops: the computation graph itself, as in the lecture, with nothing in it about tensors.
 *
 * A Value remembers the Op that made it and the Values it was made from. An Op knows how to `compute` its result from
 * data, and how to write its `gradient` in further ops, so that gradients are graphs too and can be differentiated again.
 */
import type { NDArray } from "../array/ndarray.ts";
import { refuse } from "../pure/check.ts";

/** An operation: `compute` on data, `gradient` in ops. {@linkcode TensorOp} shows one of a user's own. */
export abstract class Op {
  /** The result's data from the inputs' data. */
  abstract compute(...inputs: NDArray[]): NDArray;

  /**
   * The adjoint of each input, from the adjoint `outGrad` of the result `node`. Linear in `outGrad`.
   *
   * `null` for an input says that nothing flows to it; an op without a gradient throws instead.
   */
  abstract gradient(outGrad: Value, node: Value): readonly (Value | null)[] | Value;

  /** Applies the op and records it. */
  abstract call(...inputs: Value[]): Value;

  /** The class name, for graphs and messages. */
  get name(): string {
    return this.constructor.name;
  }

  /** The op's own settings, for graphs: `axes=[0]`. */
  describe(): string {
    return "";
  }
}

/** The inputs of a node whose graph an earlier backward gave back. */
export const releasedInputs: readonly never[] = Object.freeze([]);

/** A node of the computation graph: {@linkcode Tensor} is the one there is. */
export class Value {
  /** What made it; null for a leaf. */
  declare op: Op | null;
  /** What it was made from. */
  declare inputs: readonly Value[];
  /** The data, once computed. */
  declare cachedData: NDArray | null;
  /** True if gradients flow through it. */
  declare requiresGrad: boolean;
  /** @ignore The visit that saw it last: a field is cheaper than a set of nodes. */
  declare mark: number;

  /** Nothing is computed: {@linkcode Value.makeFromOp} does that, too. */
  constructor(op: Op | null, inputs: readonly Value[], cachedData: NDArray | null, requiresGrad: boolean) {
    this.op = op;
    this.inputs = inputs;
    this.cachedData = cachedData;
    this.requiresGrad = requiresGrad;
    this.mark = 0;
  }

  /** A leaf that holds `data`. */
  static makeConst(data: NDArray, { requiresGrad = false }: { requiresGrad?: boolean } = {}): Value {
    return new this(null, [], data, requiresGrad);
  }

  /** The node that `op` makes from `inputs`, computed at once. */
  static makeFromOp(op: Op, inputs: readonly Value[]): Value {
    const node = new this(op, inputs, null, inputs.some((input) => input.requiresGrad));
    node.realizeCachedData();
    return node;
  }

  /** The data, computed from the inputs if that has not happened yet. */
  realizeCachedData(): NDArray {
    if (this.cachedData !== null) return this.cachedData;
    if (this.op === null) throw new Error("Cannot compute: a leaf without data");
    this.cachedData = this.op.compute(...this.inputs.map((input) => input.realizeCachedData()));
    return this.cachedData;
  }

  /** True if no op made it. */
  isLeaf(): boolean {
    return this.op === null;
  }
}

let visits = 0;

/** Refuses what is no tensor. */
export function checkTensor(action: string, given: unknown): void {
  if (!(given instanceof Value)) refuse(action, given, "a tensor");
}

/**
 * The nodes that `outputs` depend on, each after all of its inputs (post-order, depth first).
 *
 * Iterative: the depth of a graph is not limited by the call stack. `follow` may leave out whole branches.
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
