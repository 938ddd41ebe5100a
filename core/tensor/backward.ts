/**
 * Reverse-mode differentiation: one sweep over the graph in reverse topological order.
 *
 * Every op's `gradient` is written in ops, so with `createGraph` the adjoints are themselves a graph.
 */
import { innerScope, moveTo, type Scope } from "../ambient/scope.ts";
import { withAutocast, withGradients } from "../ambient/modes.ts";
import { contiguous, copy, mapInto, overwrite } from "../array/ndarray.ts";
import { rows } from "../array/rows.ts";
import { checkFlag, checkOptions } from "../pure/check.ts";
import { sameShape, showShape } from "../pure/shape.ts";
import { holdToHooks, hooks, hooksOf } from "./hooks.ts";
import type { Tensor } from "./tensor.ts";
import type { Adjoints, TensorOp, TensorTupleOp } from "./op.ts";
import { isIntact, unlessOverwritten } from "./overwritten.ts";
import { checkTensor, findTopoSort, noValues, type Op, releasedInputs } from "./value.ts";
import { witness } from "./witness.ts";

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

/** What a sweep leaves out. */
export interface Omissions {
  /** Nodes through which no way leads: the walk stops before them. */
  readonly walls?: ReadonlySet<Tensor>;
  /** Tensors whose hooks are not called. */
  readonly unhooked?: ReadonlySet<Tensor>;
}

/** What a sweep is, to all of its steps. */
interface Sweep {
  readonly createGraph: boolean;
  readonly retainGraph: boolean;
  /** The nodes that adjoints are for; null for all. */
  readonly needed: ReadonlySet<Tensor> | null;
  /** The nodes at which the sweep ends; null for leaves alone. */
  readonly ends: ReadonlySet<Tensor> | null;
  /** The tensors whose hooks are not called. */
  readonly unhooked: ReadonlySet<Tensor> | undefined;
  /** The scope whose adjoints are freed as soon as no node needs them; null if none are. */
  readonly own: Scope | null;
  /**
   * Adjoints that were added into sums. They are freed only after all inputs of a node have theirs, since an op may answer one
   * tensor for two inputs.
   */
  readonly unused: Tensor[];
}

/**
 * Carries the seeds' adjoints through the graph to the leaves, or to the tensors `wanted` and no further, and hands every
 * node with its adjoint to `visit`.
 *
 * If the scope `own` is given, adjoints that it owns are freed as soon as no node needs them, unless `visit` moved them to
 * another scope. Autocast is off: products are computed in the types of the graph.
 */
export function sweep(
  seeds: readonly Seed[],
  visit: (node: Tensor, adjoint: Tensor) => void,
  options: BackwardOptions,
  own: Scope | null = null,
  wanted: readonly Tensor[] | null = null,
  omissions: Omissions = {},
): void {
  withAutocast(null, () => sweepNow(seeds, visit, options, own, wanted, omissions));
}

function sweepNow(
  seeds: readonly Seed[],
  visit: (node: Tensor, adjoint: Tensor) => void,
  { createGraph = false, retainGraph = createGraph }: BackwardOptions,
  own: Scope | null,
  wanted: readonly Tensor[] | null,
  { walls, unhooked }: Omissions,
): void {
  const follow = walls === undefined ? needsGradient : (node: Tensor) => node.requiresGrad && !walls.has(node);
  let order = findTopoSort(seeds.map(([output]) => output), follow);
  const ends = wanted === null ? null : new Set(wanted), needed = ends === null ? null : leadingTo(ends, order);
  if (needed !== null) order = order.filter((node) => needed.has(node));
  const state: Sweep = { createGraph, retainGraph, needed, ends, unhooked, own, unused: [] };
  holdToHooks(order);
  let waiting: Map<readonly Tensor[], number> | null = null;
  try {
    for (const [output, outGrad] of seeds) if (isNeeded(state, output)) addAdjoint(state, output, outGrad, null);
    for (let k = order.length - 1; k >= 0; k--) {
      const node = order[k]!, siblings = node.siblings;
      if (hooks !== null && node.adjoint !== null) callHooks(state, node);
      const adjoint = node.adjoint;
      if (siblings !== null) {
        if (adjoint !== null) visit(node, adjoint);
        waiting ??= countSiblings(order);
        const left = waiting.get(siblings)! - 1;
        waiting.set(siblings, left);
        // The op's gradient needs the adjoints of all results. Its inputs come later in the sweep than every result.
        if (left === 0) sendOnAll(state, siblings);
        continue;
      }
      if (adjoint === null) continue;
      node.adjoint = null;
      node.adjointIsSum = false;
      visit(node, adjoint);
      if (node.op !== null) sendOn(state, node.op as TensorOp, node, adjoint);
      letGo(state, adjoint);
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

/** The nodes of the order on a way to the tensors `ends`. One whose graph was released may have been on such a way. */
function leadingTo(ends: ReadonlySet<Tensor>, order: readonly Tensor[]): Set<Tensor> {
  const found = new Set(ends);
  for (const node of order) {
    if (node.inputs === releasedInputs || node.inputs.some((input) => found.has(input))) found.add(node);
  }
  return found;
}

/** Gives a node's full adjoint to its hooks, any of which may answer another. */
function callHooks(state: Sweep, node: Tensor): void {
  if (state.unhooked?.has(node)) return;
  for (const { hook } of hooksOf(node)) {
    const before = node.adjoint!, answer = hook(before) ?? before;
    if (answer === before) continue;
    const after = fits(node, answer) ? answer : fitted(state, node, answer, "onGradient");
    node.adjoint = after;
    after.adjointOf++;
    node.adjointIsSum = false;
    letGo(state, before);
  }
}

function isNeeded({ needed }: Sweep, node: Tensor): boolean {
  return node.requiresGrad && (needed === null || needed.has(node));
}

/** The number of results in the order of each op with several. */
function countSiblings(order: readonly Tensor[]): Map<readonly Tensor[], number> {
  const counts = new Map<readonly Tensor[], number>();
  for (const { siblings } of order) {
    if (siblings !== null) counts.set(siblings, (counts.get(siblings) ?? 0) + 1);
  }
  return counts;
}

// Every node passes through these functions. What seldom happens, and what needs a closure, stands in functions of its own, so
// that the engine can make one piece of the rest.

/** Gives the inputs of a node the adjoints that its op computes from the node's adjoint. */
function sendOn(state: Sweep, op: TensorOp, node: Tensor, adjoint: Tensor): void {
  if (node.inputs === releasedInputs) throw wasReleased(node);
  if (state.needed !== null && isEnd(state, node)) return;
  const isPlain = witness === null && isIntact(node);
  const answer = isPlain ? op.gradient(adjoint, node) : carefulGradient(op, node, adjoint);
  distribute(state, op, node.inputs, answer);
  if (!state.retainGraph) releaseGraph(node);
}

function carefulGradient(op: TensorOp, node: Tensor, adjoint: Tensor): Adjoints {
  return watched(node, () => op.gradient(adjoint, node));
}

/** What a node's gradient answers, where somebody watches or memory was written to. */
function watched(node: Tensor, gradient: () => Adjoints): Adjoints {
  const answer = () => unlessOverwritten(node, gradient);
  return witness?.differentiate === undefined ? answer() : witness.differentiate(node, answer);
}

/** Sends on the adjoints of all results of an op with several, as `sendOn` does for an op with one. */
function sendOnAll(state: Sweep, results: readonly Tensor[]): void {
  const { needed, ends } = state, adjoints = results.map((result) => result.adjoint);
  // What ends at a result does not flow through its op.
  const outGrads = adjoints.map((adjoint, k) => ends !== null && ends.has(results[k]!) ? null : adjoint);
  for (const result of results) {
    result.adjoint = null;
    result.adjointIsSum = false;
  }
  const first = results.find((result) => result.op !== null)!, op = first.op as TensorTupleOp;
  if (outGrads.some((adjoint) => adjoint !== null)) {
    if (first.inputs === releasedInputs) throw wasReleased(first);
    if (needed === null || first.inputs.some((input) => needed.has(input))) {
      distribute(state, op, first.inputs, watched(first, () => op.gradient(outGrads, results)));
      if (!state.retainGraph) results.forEach(releaseGraph);
    }
  }
  for (const adjoint of adjoints) if (adjoint !== null) letGo(state, adjoint);
}

/** Whether the sweep ends at a node, or no input of it is needed. */
function isEnd({ needed, ends }: Sweep, node: Tensor): boolean {
  return ends!.has(node) || !node.inputs.some((input) => needed!.has(input));
}

/** The error of a node whose graph an earlier sweep has released. */
function wasReleased({ shape }: Tensor): Error {
  return new Error(
    `Cannot backward: the graph of tensor ${showShape(shape)} was freed by an earlier backward; pass retainGraph there`,
  );
}

/** Drops a node's inputs and saved values, whose memory only its gradient would have read. */
function releaseGraph(node: Tensor): void {
  node.inputs = releasedInputs;
  node.saved = noValues;
}

/** Frees an adjoint that was sent on, and those that went into sums on the way, unless a node still has them. */
function letGo({ own, unused }: Sweep, adjoint: Tensor): void {
  adjoint.adjointOf--;
  if (own === null) return;
  freeUnused(adjoint, own);
  while (unused.length > 0) freeUnused(unused.pop()!, own);
}

function freeUnused(adjoint: Tensor, own: Scope): void {
  if (adjoint.adjointOf === 0 && adjoint.owner === own) adjoint.dispose();
}

/** Adds the adjoints that an op's gradient has answered to those of the op's inputs. */
function distribute(state: Sweep, op: Op, inputs: readonly Tensor[], answer: Adjoints): void {
  const isList = Array.isArray(answer), count = isList ? inputs.length : 1;
  for (let place = 0; place < count; place++) {
    const input = inputs[place]!, given: Tensor | null | undefined = isList ? answer[place] : answer;
    if (!isNeeded(state, input) || given === null) continue;
    if (given === undefined) throw noAnswer(op, place);
    addAdjoint(state, input, given, op);
  }
}

function noAnswer({ name }: Op, place: number): Error {
  return new Error(`Cannot backward: ${name} gave no gradient for input ${place}; null says that none flows`);
}

function addAdjoint(state: Sweep, node: Tensor, given: Tensor, from: Op | null): void {
  const adjoint = fits(node, given) ? given : fitted(state, node, given, from?.name ?? "backward"),
    before = node.adjoint;
  if (before === null) {
    node.adjoint = adjoint;
    adjoint.adjointOf++;
    return;
  }
  if (state.own !== null) state.unused.push(adjoint);
  if (node.adjointIsSum && !state.createGraph && before.hasElements && adjoint.hasElements) {
    // The sum belongs to this sweep alone, so it grows in place.
    mapInto(before.array, rows.add, [before.array, adjoint.array]);
    return;
  }
  const sum = before.add(adjoint);
  before.adjointOf--;
  if (state.own !== null) state.unused.push(before);
  node.adjoint = sum;
  sum.adjointOf++;
  node.adjointIsSum = true;
}

/** Whether an adjoint has the shape and type of its node, and is on its device. */
function fits({ cachedData: wanted }: Tensor, { cachedData: array }: Tensor): boolean {
  return wanted !== null && !!array && wanted.code === array.code && wanted.storage.stream === array.storage.stream &&
    (wanted.shape === array.shape || sameShape(wanted.shape, array.shape));
}

/** The adjoint in the type of its node. TypeError if it is no tensor, of another shape or on another device. */
function fitted(state: Sweep, node: Tensor, adjoint: Tensor, action: string): Tensor {
  checkTensor(action, adjoint);
  if (!sameShape(adjoint.shape, node.shape)) {
    throw new TypeError(
      `Cannot ${action}: gradient of shape ${showShape(adjoint.shape)} for a tensor of shape ${showShape(node.shape)}`,
    );
  }
  // Of a node that was freed only the shape is known.
  if (node.cachedData === null) return adjoint;
  if (adjoint.device !== node.device) {
    throw new TypeError(`Cannot ${action}: gradient on ${adjoint.device} for a tensor on ${node.device}`);
  }
  if (state.own !== null) state.unused.push(adjoint);
  return adjoint.cast(node.dtype);
}

/**
 * Computes the gradient of `output` with respect to every leaf that requires one, and adds it to the leaf's `.grad`.
 *
 * `outGrad`, the adjoint of `output`, has its shape; for a single element it is 1 by default. TypeError if it is missing for
 * more elements; Error if an earlier backward has released the graph, and if a gradient needs elements that were overwritten
 * since. The name is the lecture's.
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
  checkTensor("backward", output);
  if (outGrad !== undefined) checkTensor("backward", outGrad);
  if (outGrad !== undefined && !sameShape(outGrad.shape, output.shape)) {
    throw new TypeError(
      `Cannot backward: outGrad of shape ${showShape(outGrad.shape)} for a tensor of shape ${showShape(output.shape)}`,
    );
  }
  const { createGraph = false, retainGraph = createGraph } = checkOptions(
    "backward",
    options,
    "{ retainGraph: true }",
    ["createGraph", "retainGraph"],
  );
  checkFlag("backward", "createGraph", createGraph);
  checkFlag("backward", "retainGraph", retainGraph);
  if (!output.requiresGrad) {
    throw new Error(`Cannot backward: tensor ${showShape(output.shape)} does not require a gradient`);
  }
  if (outGrad === undefined && output.size !== 1) {
    throw new TypeError(`Cannot backward: tensor ${showShape(output.shape)} is not a scalar, pass outGrad`);
  }
  if (createGraph) {
    sweep([[output, outGrad ?? output.onesLike()]], (node, adjoint) => {
      if (node.op !== null) return;
      // Other tensors may have the same adjoint, and a gradient may be changed in place: each leaf gets its own.
      node.grad = node.grad === null ? adjoint.mul(1) : sumFor(node, node.grad, adjoint);
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
    // A gradient that is on a graph is not changed: the graph may read it.
    if (grad.op !== null || grad.dtype !== leaf.dtype || !sameShape(grad.shape, leaf.shape)) {
      leaf.grad = sumFor(leaf, grad, adjoint);
    } else overwrite(grad.writable, rows.add, [grad.array, adjoint.array]);
  } else if (ours && adjoint.array.contiguous && adjoint.array.storage.references === 1) {
    leaf.grad = adjoint;
  } else leaf.grad = leaf.wrap(copy(adjoint.array));
}

/** The sum of a leaf's gradient and a further one. The first may be of a type or a shape that the leaf has had before. */
function sumFor(leaf: Tensor, grad: Tensor, more: Tensor): Tensor {
  if (!sameShape(grad.shape, leaf.shape)) {
    throw new TypeError(
      `Cannot backward: .grad has shape ${showShape(grad.shape)} and its tensor ${showShape(leaf.shape)}; reset it`,
    );
  }
  return grad.cast(leaf.dtype).add(more);
}

/**
 * The gradients of seeded outputs with respect to the tensors `wanted`, which need not be leaves, and of which each stands for
 * itself: what flows to one does not flow on to others. A tensor on which no output depends gets zeros.
 */
export function gradientsOf(
  seeds: readonly Seed[],
  wanted: readonly Tensor[],
  options: BackwardOptions,
  omissions: Omissions = {},
): Tensor[] {
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
    sweep(seeds, visit, options, null, wanted, omissions);
    return answer();
  }
  const inner = innerScope("grad()");
  try {
    return withGradients(false, () => {
      sweep(seeds, visit, options, inner, wanted, omissions);
      return answer().map((tensor) => {
        if (tensor.owner === inner) {
          moveTo(tensor, inner.parent);
          return tensor;
        }
        // The adjoint is a seed or a tensor of the caller's: the result must be a tensor of its own.
        const own = tensor.hasElements ? tensor.wrap(contiguous(tensor.array)) : tensor.detach();
        moveTo(own, inner.parent);
        return own;
      });
    });
  } finally {
    inner[Symbol.dispose]();
  }
}
