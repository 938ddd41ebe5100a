/**
 * Reverse-mode differentiation: one sweep over the graph in reverse topological order.
 *
 * Every op's `gradient` is written in ops, so with `createGraph` the adjoints are themselves a graph.
 */
import { innerScope, moveTo, type Scope } from "../ambient/scope.ts";
import { withAutocast, withGradients } from "../ambient/modes.ts";
import { contiguous, copy, mapInto } from "../array/ndarray.ts";
import { rows } from "../array/rows.ts";
import { sameShape, showShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";
import type { Adjoints, TensorOp, TensorTupleOp } from "./op.ts";
import { findTopoSort, noValues, type Op, releasedInputs } from "./value.ts";

/** Options of a backward sweep. */
export interface BackwardOptions {
  /** Records the adjoints, so that they can be differentiated again; false by default. */
  createGraph?: boolean;
  /** Keeps the graph for another sweep; by default as `createGraph`. */
  retainGraph?: boolean;
}

const needsGradient = (node: Tensor) => node.requiresGrad;

/** One output and the adjoint to start from. */
export type Seed = readonly [output: Tensor, outGrad: Tensor];

/**
 * Carries the seeds' adjoints through the graph to the leaves, and hands every node with its adjoint to `visit`.
 *
 * If the scope `own` is given, adjoints that it owns are freed as soon as no node needs them, unless `visit` moved them to
 * another scope. Autocast is off: products are computed in the types of the graph.
 */
export function sweep(
  seeds: readonly Seed[],
  visit: (node: Tensor, adjoint: Tensor) => void,
  options: BackwardOptions,
  own: Scope | null = null,
): void {
  withAutocast(null, () => sweepNow(seeds, visit, options, own));
}

function sweepNow(
  seeds: readonly Seed[],
  visit: (node: Tensor, adjoint: Tensor) => void,
  options: BackwardOptions,
  own: Scope | null,
): void {
  const { createGraph = false, retainGraph = createGraph } = options;
  const order = findTopoSort(seeds.map(([output]) => output), needsGradient);
  /** Adjoints that were added into sums. They are freed only after all inputs of a node have theirs, since an op may answer
   * one tensor for two inputs. Null if nothing is freed. */
  const unused: Tensor[] | null = own === null ? null : [];
  let waiting: Map<readonly Tensor[], number> | null = null;
  try {
    for (const [output, outGrad] of seeds) addAdjoint(output, outGrad, createGraph, unused);
    for (let k = order.length - 1; k >= 0; k--) {
      const node = order[k]!, adjoint = node.adjoint, siblings = node.siblings;
      if (siblings !== null) {
        if (adjoint !== null) visit(node, adjoint);
        waiting ??= countSiblings(order);
        const left = waiting.get(siblings)! - 1;
        waiting.set(siblings, left);
        // The op's gradient needs the adjoints of all results. Its inputs come later in the sweep than every result.
        if (left === 0) sendOnAll(siblings, createGraph, retainGraph, unused, own);
        continue;
      }
      if (adjoint === null) continue;
      node.adjoint = null;
      node.adjointIsSum = false;
      visit(node, adjoint);
      if (node.op !== null) {
        sendOn(node.op as TensorOp, node, adjoint, createGraph, unused);
        if (!retainGraph) releaseGraph(node);
      }
      letGo(adjoint, unused, own);
    }
  } catch (error) {
    // Adjoints must not be left for the next sweep to find.
    for (const node of order) {
      if (node.adjoint !== null) node.adjoint.adjointOf--;
      node.adjoint = null;
      node.adjointIsSum = false;
    }
    throw error;
  }
}

/** The number of results in the order of each op with several. */
function countSiblings(order: readonly Tensor[]): Map<readonly Tensor[], number> {
  const counts = new Map<readonly Tensor[], number>();
  for (const { siblings } of order) {
    if (siblings !== null) counts.set(siblings, (counts.get(siblings) ?? 0) + 1);
  }
  return counts;
}

/** Drops a node's inputs and saved values, whose memory only its gradient would have read. */
function releaseGraph(node: Tensor): void {
  node.inputs = releasedInputs;
  node.saved = noValues;
}

/** Sends on the adjoints of all results of an op with several, as `sendOn` does for an op with one. */
function sendOnAll(
  results: readonly Tensor[],
  createGraph: boolean,
  retainGraph: boolean,
  unused: Tensor[] | null,
  own: Scope | null,
): void {
  const outGrads = results.map((result) => result.adjoint);
  for (const result of results) {
    result.adjoint = null;
    result.adjointIsSum = false;
  }
  if (outGrads.some((adjoint) => adjoint !== null)) {
    const first = results.find((result) => result.op !== null)!, op = first.op as TensorTupleOp;
    checkGraph(first);
    distribute(op, first.inputs, op.gradient(outGrads, results), createGraph, unused);
    if (!retainGraph) results.forEach(releaseGraph);
  }
  for (const adjoint of outGrads) if (adjoint !== null) letGo(adjoint, unused, own);
}

/** Frees an adjoint that was sent on, and those that went into sums on the way, unless a node still has them. */
function letGo(adjoint: Tensor, unused: Tensor[] | null, own: Scope | null): void {
  adjoint.adjointOf--;
  if (own === null || unused === null) return;
  freeUnused(adjoint, own);
  while (unused.length > 0) freeUnused(unused.pop()!, own);
}

function freeUnused(adjoint: Tensor, own: Scope): void {
  if (adjoint.adjointOf === 0 && adjoint.owner === own) adjoint.dispose();
}

/** Gives the inputs of a node the adjoints that its op computes from the node's adjoint. */
function sendOn(op: TensorOp, node: Tensor, adjoint: Tensor, createGraph: boolean, unused: Tensor[] | null): void {
  checkGraph(node);
  distribute(op, node.inputs, op.gradient(adjoint, node), createGraph, unused);
}

/** Throws if an earlier sweep has released the graph behind a node. */
function checkGraph(node: Tensor): void {
  if (node.inputs !== releasedInputs) return;
  throw new Error(
    `Cannot backward: the graph of tensor ${showShape(node.shape)} was freed by an earlier backward; ` +
      "pass retainGraph there",
  );
}

/** Adds the adjoints that an op's gradient has answered to those of the op's inputs. */
function distribute(
  op: Op,
  inputs: readonly Tensor[],
  answer: Adjoints,
  createGraph: boolean,
  unused: Tensor[] | null,
): void {
  if (!Array.isArray(answer)) {
    if (inputs[0]!.requiresGrad) addAdjoint(inputs[0]!, answer as Tensor, createGraph, unused, op);
    return;
  }
  for (let place = 0; place < inputs.length; place++) {
    const input = inputs[place]!, given = answer[place];
    if (!input.requiresGrad) continue;
    if (given === undefined) {
      throw new Error(
        `Cannot backward: ${op.name} gave no gradient for input ${place}; null says that none flows`,
      );
    }
    if (given !== null) addAdjoint(input, given, createGraph, unused, op);
  }
}

function addAdjoint(
  node: Tensor,
  adjoint: Tensor,
  createGraph: boolean,
  unused: Tensor[] | null,
  from: Op | null = null,
): void {
  const before = node.adjoint;
  if (before === null) {
    if (!sameShape(adjoint.shape, node.shape)) {
      throw new TypeError(
        `Cannot ${from?.name ?? "backward"}: gradient of shape ${showShape(adjoint.shape)} for a tensor of shape ${
          showShape(node.shape)
        }`,
      );
    }
    node.adjoint = adjoint;
    adjoint.adjointOf++;
    return;
  }
  unused?.push(adjoint);
  if (node.adjointIsSum && !createGraph && adjoint.dtype === before.dtype) {
    // The sum belongs to this sweep alone, so it grows in place.
    mapInto(before.array, rows.add, [before.array, adjoint.array]);
    return;
  }
  const sum = before.add(adjoint);
  before.adjointOf--;
  unused?.push(before);
  node.adjoint = sum;
  sum.adjointOf++;
  node.adjointIsSum = true;
}

/**
 * Computes the gradient of `output` with respect to every leaf that requires one, and adds it to the leaf's `.grad`.
 *
 * `outGrad`, the adjoint of `output`, has its shape; for a single element it is 1 by default. TypeError if it is missing for
 * more elements; Error if an earlier backward has released the graph. The name is the lecture's.
 *
 * @example
 * ```ts
 * import { computeGradientOfVariables, Tensor } from "deneb";
 *
 * const x = new Tensor([3]);
 * computeGradientOfVariables(x.square()); // As x.square().backward().
 * if (x.grad!.item() !== 6) throw new Error("wrong");
 * ```
 */
export function computeGradientOfVariables(output: Tensor, outGrad?: Tensor, options: BackwardOptions = {}): void {
  if (!output.requiresGrad) {
    throw new Error(`Cannot backward: tensor ${showShape(output.shape)} does not require a gradient`);
  }
  if (outGrad === undefined && output.size !== 1) {
    throw new TypeError(`Cannot backward: tensor ${showShape(output.shape)} is not a scalar, pass outGrad`);
  }
  const { createGraph = false } = options;
  if (createGraph) {
    sweep([[output, outGrad ?? output.onesLike()]], (node, adjoint) => {
      if (node.op === null) node.grad = node.grad === null ? adjoint : node.grad.add(adjoint);
    }, options);
    return;
  }
  const inner = innerScope("backward()");
  try {
    withGradients(false, () =>
      sweep(
        [[output, outGrad ?? output.onesLike()]],
        (node, adjoint) => {
          if (node.op === null) accumulate(node, adjoint, adjoint.owner === inner);
        },
        options,
        inner,
      ));
  } finally {
    inner[Symbol.dispose]();
  }
}

/** Adds to a leaf's `.grad` in place. The first adjoint itself becomes `.grad` if nobody else can see its memory. */
function accumulate(leaf: Tensor, adjoint: Tensor, ours: boolean): void {
  const grad = leaf.grad;
  if (grad !== null) {
    mapInto(grad.array, rows.add, [grad.array, adjoint.array]);
  } else if (
    ours && adjoint.array.contiguous && adjoint.array.storage.references === 1 && adjoint.dtype === leaf.dtype
  ) {
    leaf.grad = adjoint;
  } else {
    leaf.grad = leaf.wrap(copy(adjoint.array, leaf.dtype));
  }
}

/**
 * The gradients of seeded outputs with respect to the tensors `wanted`, which need not be leaves. A tensor on which no output
 * depends gets zeros.
 */
export function gradientsOf(seeds: readonly Seed[], wanted: readonly Tensor[], options: BackwardOptions): Tensor[] {
  const found = new Map<Tensor, Tensor>();
  const visit = (node: Tensor, adjoint: Tensor) => {
    if (!wanted.includes(node)) return;
    found.set(node, adjoint);
    // The count keeps the sweep from freeing the adjoint, which is a result.
    adjoint.adjointOf++;
  };
  const answer = () =>
    wanted.map((tensor) => {
      const adjoint = found.get(tensor);
      return adjoint ?? tensor.zerosLike();
    });
  if (options.createGraph) {
    sweep(seeds, visit, options);
    return answer();
  }
  const inner = innerScope("grad()");
  try {
    return withGradients(false, () => {
      sweep(seeds, visit, options, inner);
      return answer().map((tensor) => {
        if (tensor.owner === inner) {
          moveTo(tensor, inner.parent);
          return tensor;
        }
        // The adjoint is a seed or a tensor of the caller's: the result must be a tensor of its own.
        const own = tensor.wrap(contiguous(tensor.array));
        moveTo(own, inner.parent);
        return own;
      });
    });
  } finally {
    inner[Symbol.dispose]();
  }
}
