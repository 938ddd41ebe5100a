/**
 * The static graph in the lecture's own words: placeholders, a graph that is built once, and a session that runs it with
 * values fed in. Behind it is {@linkcode capture}.
 */
import { noGrad } from "../ambient/modes.ts";
import { capture, type Captured } from "./capture.ts";
import { streamOf } from "../array/devices.ts";
import { checkOptions, refuse } from "../pure/check.ts";
import { checkDType, type DType, isFloat } from "../pure/dtype.ts";
import { filled } from "../array/ndarray.ts";
import { checkShape, sameShape, type Shape, showShape } from "../pure/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkTensor, checkTensors, findTopoSort } from "../tensor/value.ts";

/** A place in a graph where a value will be fed in. Until then it shows zeros. */
export class Placeholder extends Tensor {
  /** A placeholder of type float32, on the default device, unless the options say otherwise. */
  constructor(shape: Shape, options: { dtype?: DType; device?: string } = {}) {
    const { dtype = "float32", device } = checkOptions(
      "make placeholder",
      options,
      '{ dtype: "int32" }',
      ["dtype", "device"],
    );
    checkShape("make placeholder", shape);
    checkDType("make placeholder", dtype);
    // Requiring a gradient is what makes ops remember their inputs.
    super(filled(streamOf(device), shape.slice(), dtype, 0), { requiresGrad: isFloat(dtype) });
  }
}

/**
 * A place in a graph where a value of this shape will be fed in; {@linkcode build} shows it at work. Gradients flow
 * through one of a float type; one of integers must meet another of floats in the graph.
 */
export function placeholder(shape: Shape, options: { dtype?: DType; device?: string } = {}): Placeholder {
  return new Placeholder(shape, options);
}

/** What is fed into which placeholder. */
export type Feeds = Iterable<readonly [Placeholder, Tensor]>;

/** The value for each placeholder. TypeError for what is no list of such pairs. */
function feedsOf(feeds: Feeds): Map<Tensor, Tensor> {
  const given = new Map<Tensor, Tensor>(), wanted = "a list of pairs [placeholder, tensor]";
  if (typeof feeds?.[Symbol.iterator] !== "function" || ArrayBuffer.isView(feeds)) refuse("run", feeds, wanted);
  for (const pair of feeds) {
    if (!Array.isArray(pair) || pair.length !== 2) refuse("run", pair, "a pair [placeholder, tensor]");
    for (const each of pair) checkTensor("run", each);
    given.set(pair[0], pair[1]);
  }
  return given;
}

/** A graph that was built, ready to be run; see {@linkcode build}. */
export class Session implements Disposable {
  readonly #placeholders: readonly Placeholder[];
  readonly #run: Captured<Tensor[], Tensor[]>;

  /** TypeError if the outputs come from no placeholder of a float type. */
  constructor(outputs: readonly Tensor[]) {
    checkTensors("build", outputs);
    const wanted = outputs.slice(), order = findTopoSort(wanted);
    // A backward sweep lets a node forget its inputs.
    const steps = order.map(({ op, inputs, siblings }, k) => ({ op, inputs, results: siblings ?? [order[k]!] }));
    this.#placeholders = order.filter((node) => node instanceof Placeholder);
    if (this.#placeholders.length === 0) {
      throw new TypeError("Cannot build: the outputs come from no placeholder of a float type");
    }
    this.#run = capture((...values: Tensor[]) =>
      noGrad(() => {
        const known = new Map<Tensor, Tensor>(this.#placeholders.map((place, k) => [place, values[k]!]));
        for (const { op, inputs, results } of steps) {
          if (op === null || known.has(results[0]!)) continue;
          const made = op.call(...inputs.map((input) => known.get(input) ?? input));
          results.forEach((each, k) => known.set(each, Array.isArray(made) ? made[k] : made));
        }
        return wanted.map((output) => known.get(output) ?? output);
      })
    );
  }

  /** The outputs for these values. TypeError for a placeholder that is not fed, or fed another shape or type. */
  run(options: { feeds: Feeds }): Tensor[] {
    const { feeds } = checkOptions("run", options, "{ feeds: [[x, value]] }", ["feeds"]);
    const given = feedsOf(feeds);
    const values = this.#placeholders.map((place, k) => {
      const value = given.get(place), wanted = `${place.dtype} ${showShape(place.shape)}`;
      if (value === undefined) throw new TypeError(`Cannot run: placeholder ${k}, ${wanted}, is not fed`);
      if (value.dtype !== place.dtype || !sameShape(value.shape, place.shape)) {
        throw new TypeError(
          `Cannot run: placeholder ${k} is fed ${value.dtype} ${showShape(value.shape)}, not ${wanted}`,
        );
      }
      given.delete(place);
      return value;
    });
    if (given.size > 0) throw new TypeError(`Cannot run: ${given.size} feeds are for placeholders of other graphs`);
    return this.#run(...values);
  }

  /** Prints the instructions of the graph, and returns the text; nothing before the first run. */
  print(): string {
    return this.#run.print();
  }

  /** Frees what the graph's program holds. */
  [Symbol.dispose](): void {
    this.#run[Symbol.dispose]();
  }
}

/**
 * Builds the graph that leads from placeholders to `outputs`: define first, run afterwards, as in the lecture.
 *
 * Parameters keep their place, so that a run sees what training made of them.
 *
 * @example
 * ```ts
 * import { build, nn, placeholder, tensor } from "deneb";
 *
 * const x = placeholder([2, 3]), layer = new nn.Linear(3, 1);
 * using session = build([layer.call(x).sum(), x.mul(2)]);
 * const value = tensor([[1, 2, 3], [4, 5, 6]]);
 * const [sum, twice] = session.run({ feeds: [[x, value]] });
 * if (Math.abs(sum!.item() - layer.call(value).sum().item()) > 1e-5) throw new Error("another sum");
 * if (twice!.toArray()[1][2] !== 12) throw new Error("not fed");
 * ```
 */
export function build(outputs: readonly Tensor[]): Session {
  return new Session(outputs);
}
