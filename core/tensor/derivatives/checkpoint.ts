/**
 * checkpoint: a function whose intermediate results are not kept for its gradient, but computed once more (Chen et al. 2016,
 * Training deep nets with sublinear memory cost).
 */
import { autocastType, gradientsEnabled, withAutocast, withGradients } from "../../ambient/modes.ts";
import { innerScope, moveTo } from "../../ambient/scope.ts";
import { RandomPlace } from "../../array/counters.ts";
import type { NDArray } from "../../array/ndarray.ts";
import { withoutReplays } from "../../array/recorder.ts";
import { checkFunction } from "../../pure/check.ts";
import { sameShape } from "../../pure/shape.ts";
import { gradientsOf, type Seed } from "../backward.ts";
import { type Adjoints, TensorTupleOp } from "../op.ts";
import { Tensor } from "../tensor.ts";
import { checkTensors, noValues, type Value } from "../value.ts";
import { PassingWitness, witnessedBy } from "../witness.ts";
import { type Like, listOf, type Tensors } from "./variables.ts";

/**
 * The result of `f(...inputs)`, without what lies between: a backward sweep that reaches the result runs `f` once more. So a
 * deep net needs the memory of one part at a time, and the time of a third forward pass.
 *
 * Gradients flow to the inputs and to all that `f` closes over, such as parameters. The second run draws the same random
 * numbers and has the same autocast; what else `f` depends on must not change in between, and what it changes, such as running
 * means, it changes twice. `f` returns a tensor or a list of tensors. The gradients may be differentiated again, and it works
 * inside a captured function. TypeError for inputs and results that are no tensors.
 *
 * @example
 * ```ts
 * import { checkpoint, nn, randn } from "deneb";
 *
 * const block = new nn.Sequential(new nn.Linear(8, 32), new nn.GELU(), new nn.Dropout(0.1), new nn.Linear(32, 8));
 * const x = randn([4, 8], { requiresGrad: true });
 * const y = checkpoint((x) => block.call(x), x);
 * y.square().mean().backward();
 * if (x.grad === null || block.parameters().some(({ grad }) => grad === null)) throw new Error("no gradient");
 * ```
 */
export function checkpoint<Inputs extends readonly Tensor[], R extends Tensors>(
  f: (...inputs: Inputs) => R,
  ...inputs: Inputs
): Like<R> {
  checkFunction("checkpoint", f);
  checkTensors("checkpoint", inputs);
  if (!gradientsEnabled()) return f(...inputs) as unknown as Like<R>;
  const op = new Checkpoint(f as unknown as Repeatable, inputs.length), results = op.call(...inputs);
  return (op.givesList ? results : results[0]) as Like<R>;
}

type Repeatable = (...inputs: readonly Tensor[]) => Tensors;

/** A function that is run again for its gradient. After its inputs come the tensors that it closes over. */
class Checkpoint extends TensorTupleOp {
  /** Whether the function returned a list. */
  givesList = false;
  readonly #f: Repeatable;
  readonly #inputs: number;
  readonly #random: RandomPlace = new RandomPlace();
  readonly #autocast = autocastType();

  constructor(f: Repeatable, inputs: number) {
    super();
    this.#f = f;
    this.#inputs = inputs;
  }

  /** The function computes on tensors. */
  compute(): never {
    throw new TypeError(`Cannot compute: ${this.name} runs a function of tensors, use its call()`);
  }

  /** Runs the function, and frees all but its results. */
  override call(...inputs: Tensor[]): readonly Tensor[] {
    if (inputs.length !== this.#inputs) {
      throw new Error("Cannot checkpoint: a built graph cannot run a function again that closes over tensors");
    }
    const inner = innerScope("checkpoint()"), read = new Readings();
    let arrays: NDArray[], closedOver: Tensor[];
    try {
      // What is read of the inputs is told apart from what is closed over, though it may be the same.
      const given = inputs.map((input) => input.detach());
      arrays = witnessedBy(read, () => {
        const returned = withGradients(false, () => this.#run(given));
        this.givesList = Array.isArray(returned);
        return listOf("checkpoint", returned).map((result) => result.array.share());
      });
      closedOver = [...read.tensors].filter(({ owner, cachedData }) => owner !== inner && cachedData !== null);
    } finally {
      inner[Symbol.dispose]();
    }
    const all = [...inputs, ...closedOver], [first] = all;
    if (first === undefined) return arrays.map((array) => new Tensor(array, { requiresGrad: false }));
    return first.deriveAll(this, all, noValues, arrays);
  }

  #run(inputs: readonly Tensor[]): Tensors {
    return withoutReplays(() => this.#f(...inputs));
  }

  /** Runs the function again, with a graph, and sweeps back through that. */
  gradient(outGrads: readonly (Tensor | null)[], results: readonly Tensor[]): Adjoints {
    const { inputs } = results.find(({ op }) => op !== null)!;
    if (gradientsEnabled()) return this.#sweep(inputs, outGrads, results, true);
    const inner = innerScope("checkpoint()");
    try {
      return this.#sweep(inputs, outGrads, results, false).map((adjoint) => {
        if (adjoint?.owner === inner) moveTo(adjoint, inner.parent);
        return adjoint;
      });
    } finally {
      inner[Symbol.dispose]();
    }
  }

  /** The adjoints of `inputs`. They are on a graph, which then leads to the inputs, if `createGraph` is set. */
  #sweep(
    inputs: readonly Tensor[],
    outGrads: readonly (Tensor | null)[],
    results: readonly Tensor[],
    createGraph: boolean,
  ): (Tensor | null)[] {
    const closedOver = inputs.slice(this.#inputs),
      variables = inputs.slice(0, this.#inputs).map((input) => {
        if (!input.requiresGrad) return input;
        return createGraph ? input.reshape(input.shape) : new Tensor(input.array.share(), { requiresGrad: true });
      });
    const again = () => withAutocast(this.#autocast, () => this.#random.again(() => this.#run(variables)));
    const outputs = listOf("checkpoint", withGradients(true, again)), seeds: Seed[] = [];
    if (outputs.length !== results.length || outputs.some(({ shape }, k) => !sameShape(shape, results[k]!.shape))) {
      throw new Error("Cannot checkpoint: the function returned other shapes when it was run again");
    }
    outputs.forEach((output, k) => {
      if (outGrads[k] && output.requiresGrad) seeds.push([output, outGrads[k]]);
    });
    const ends = [...variables, ...closedOver], wanted = ends.filter(({ requiresGrad }) => requiresGrad);
    const found = apart(
      closedOver,
      () => gradientsOf(seeds, wanted, { createGraph }, { unhooked: new Set(closedOver) }),
    );
    return ends.map((end) => end.requiresGrad ? found[wanted.indexOf(end)]! : null);
  }
}

/** Runs a sweep inside another one, which has adjoints of these tensors under way. */
function apart<T>(tensors: readonly Tensor[], body: () => T): T {
  const before = tensors.map(({ adjoint, adjointIsSum }) => ({ adjoint, adjointIsSum }));
  for (const tensor of tensors) Object.assign(tensor, { adjoint: null, adjointIsSum: false });
  try {
    return body();
  } finally {
    tensors.forEach((tensor, k) => Object.assign(tensor, before[k]));
  }
}

/** Gathers the tensors that are read and want a gradient. */
class Readings extends PassingWitness {
  readonly tensors = new Set<Tensor>();

  override touch(tensor: Value, array: NDArray): void {
    if (tensor.requiresGrad) this.tensors.add(tensor as Tensor);
    super.touch(tensor, array);
  }
}
