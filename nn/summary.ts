/**
 * summary: what each part of a model gives, holds and costs for an input.
 *
 * The model is run once in evaluation, on no graph and without its hooks, and the products in its instructions are counted.
 * Modes, buffers and the random numbers that follow are afterwards what they were.
 */
import {
  cloneOf,
  countingProducts,
  itemBytes,
  load,
  mapLeaves,
  randomState,
  refuse,
  refuseRecording,
  setRandomState,
  shown,
  showShape,
} from "../core/internal.ts";
import { noGrad, scope, Tensor, zeros } from "../core/mod.ts";
import { type AnyModule, Module } from "./module.ts";
import { watchedBy } from "./watch.ts";

/** A module in a {@linkcode Summary}. What is counted leaves its parts out, so that the sums of all rows are the whole's. */
export interface SummaryRow {
  /** The path of the module; empty for the model itself. */
  readonly path: string;
  /** The name of its class. */
  readonly type: string;
  /** The shapes of the tensors that it returned when it was called last; null if it never was. */
  readonly outputs: readonly (readonly number[])[] | null;
  /** How often it was called. */
  readonly calls: number;
  /** The elements of its own parameters. One that several modules share counts for the first of them. */
  readonly parameters: number;
  /** Those of them that are not frozen. */
  readonly trainable: number;
  /** The multiplications of products and convolutions that it did itself, each with its addition. */
  readonly multiplyAdds: number;
  /** The bytes of its own parameters and buffers. */
  readonly parameterBytes: number;
  /** The bytes of what it returned, for all calls; 0 for a module that has parts. */
  readonly activationBytes: number;
}

/** The sums of all rows of a {@linkcode Summary}. */
export type SummaryTotal = Pick<
  SummaryRow,
  "parameters" | "trainable" | "multiplyAdds" | "parameterBytes" | "activationBytes"
>;

/** The numbers of a row that are summed. */
const counted = ["parameters", "trainable", "multiplyAdds", "parameterBytes", "activationBytes"] as const;

/** What {@linkcode summary} found. */
export class Summary {
  /** The model and all of its parts, each before its own. */
  readonly rows: readonly SummaryRow[];

  /** @ignore */
  constructor(rows: readonly SummaryRow[]) {
    this.rows = rows;
  }

  /** The sums of all rows. */
  get total(): SummaryTotal {
    const sums = counted.map((name) => [name, this.rows.reduce((sum, row) => sum + row[name], 0)]);
    return Object.fromEntries(sums) as SummaryTotal;
  }

  /** The rows as a table, and the sums below it. */
  toString(): string {
    const head = ["module", "output", "calls", "parameters", "multiply-adds"];
    const lines = this.rows.map(({ path, type, outputs, calls, parameters, multiplyAdds }) => [
      `${"  ".repeat(path === "" ? 0 : path.split(".").length)}${path === "" ? "" : `${path} `}${type}`,
      outputs === null ? "not called" : outputs.map(showShape).join(", "),
      String(calls),
      grouped(parameters),
      grouped(multiplyAdds),
    ]);
    const all = [head, ...lines], widths = head.map((_, k) => Math.max(...all.map((line) => line[k]!.length)));
    const text = all.map((line) =>
      line.map((cell, k) => k < 2 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)).join("  ").trimEnd()
    );
    const { parameters, trainable, multiplyAdds, parameterBytes, activationBytes } = this.total;
    return [
      ...text,
      "",
      `${grouped(parameters)} parameters, ${grouped(trainable)} of them trainable; ${
        grouped(multiplyAdds)
      } multiply-adds`,
      `${grouped(parameterBytes)} bytes of parameters and buffers, ${grouped(activationBytes)} bytes of activations`,
    ].join("\n");
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** A count with a comma at each thousand. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** What was seen of a module. */
interface Seen {
  calls: number;
  outputs: (readonly number[])[] | null;
  outputBytes: number;
  multiplyAdds: number;
}

/**
 * Runs a model once and tells what each of its parts gives, holds and costs. The input is the shape of one, batch included, which
 * is filled with zeros of the parameters' type, or the list of what `forward` takes.
 *
 * Multiply-adds are counted in the instructions that products and convolutions become, whichever module or function asks for
 * them, so that they are exact; a convolution counts the zeros around its input too. The model is not changed: it runs in
 * evaluation, without gradients and hooks, and its modes, its buffers and the random numbers that follow stay what they are.
 *
 * TypeError for what is no module, and for inputs of another kind; Error inside a captured function.
 *
 * @example
 * ```ts
 * import { nn } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10));
 * const summary = nn.summary(net, [32, 784]);
 * if (summary.total.parameters !== 101_770 || summary.total.multiplyAdds !== 32 * (784 * 128 + 1280)) {
 *   throw new Error(`${summary}`);
 * }
 * if (summary.rows[3]!.outputs!.join() !== "32,10") throw new Error(`${summary}`);
 * ```
 */
export function summary(model: AnyModule, input: readonly number[] | readonly unknown[]): Summary {
  if (!(model instanceof Module)) refuse("summary", model, "a module");
  if (!Array.isArray(input)) refuse("summary", input, "the shape of an input, or the list of inputs");
  refuseRecording("summary() is called");
  const named = model.namedModules(), modules = named.map(([, module]) => module);
  const seen = new Map(modules.map((module): [object, Seen] => [
    module,
    { calls: 0, outputs: null, outputBytes: 0, multiplyAdds: 0 },
  ]));
  const modes = modules.map(({ training }) => training), random = randomState();
  const buffers = model.namedBuffers().map(([, buffer]) => ({ buffer, written: buffer.facts.storage.lastWrite }));
  using _ = scope();
  const copies = buffers.map(({ buffer }) => buffer.wrap(cloneOf(buffer)));
  try {
    noGrad(() => {
      const inputs = inputsOf(model, input);
      model.eval();
      watchedBy((module, forward) => {
        const one = seen.get(module);
        const output: unknown = countingProducts((count) => one !== undefined && (one.multiplyAdds += count), forward);
        if (one === undefined) return output;
        one.calls++;
        one.outputs = [];
        mapLeaves("summary", output, (leaf) => {
          if (!(leaf instanceof Tensor)) return leaf;
          one.outputs!.push(leaf.shape);
          one.outputBytes += leaf.size * itemBytes(leaf.dtype);
          return leaf;
        });
        return output;
      }, () => model.call(...inputs));
    });
  } finally {
    modules.forEach((module, k) => module.train(modes[k]));
    setRandomState(random);
    // A buffer that nobody wrote to is left alone: a graph may still read it.
    load(
      buffers.flatMap(({ buffer, written }, k) =>
        buffer.facts.storage.lastWrite === written ? [] : [[buffer, copies[k]!] as const]
      ),
    );
  }
  return new Summary(rowsOf(model, named, seen));
}

/** The inputs: zeros of a shape, or those that were given. */
function inputsOf(model: AnyModule, input: readonly unknown[]): readonly unknown[] {
  if (input.some((each) => typeof each !== "number")) {
    if (input.some((each) => typeof each === "number")) {
      throw new TypeError(`Cannot summary: inputs ${shown(input)} are neither a shape nor a list of inputs`);
    }
    return input;
  }
  const [parameter] = model.parameters(), shape = input as readonly number[];
  return [zeros(shape, parameter === undefined ? {} : { dtype: parameter.dtype, device: parameter.device })];
}

function rowsOf(
  model: AnyModule,
  named: readonly [name: string, module: AnyModule][],
  seen: ReadonlyMap<object, Seen>,
): SummaryRow[] {
  const rows = new Map(named.map(([path, module]) => {
    const { calls, outputs, outputBytes, multiplyAdds } = seen.get(module)!, hasParts = module.children().length > 0;
    return [path, {
      path,
      type: module.constructor.name,
      outputs,
      calls,
      parameters: 0,
      trainable: 0,
      multiplyAdds,
      parameterBytes: 0,
      activationBytes: hasParts ? 0 : outputBytes,
    }];
  }));
  const parameters = model.namedParameters();
  for (const [name, tensor] of [...parameters, ...model.namedBuffers()]) {
    // The longest path of a module that the name begins with: names of fields may have dots themselves.
    const paths = [...rows.keys()].filter((path) => path === "" || name.startsWith(`${path}.`));
    const row = rows.get(paths.reduce((best, path) => path.length > best.length ? path : best, ""))!;
    row.parameterBytes += tensor.size * itemBytes(tensor.dtype);
    if (!parameters.some(([, parameter]) => parameter === tensor)) continue;
    row.parameters += tensor.size;
    if (tensor.requiresGrad) row.trainable += tensor.size;
  }
  return [...rows.values()];
}
