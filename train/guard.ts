/**
 * The guard against numbers that are not finite. A step is only asked for its loss, and for the norm of its gradients where
 * that is computed; when one of them is not finite, the step is done once more, eagerly and from the same weights, batch and
 * random numbers, to find where it began.
 */
import { isFloat, isPlain, type randomState, setRandomState } from "../core/internal.ts";
import { scope, Tensor } from "../core/mod.ts";
import { type AnyModule, Module } from "../nn/mod.ts";
import { Copies, tensorsOf } from "../optim/copies.ts";
import type { Found } from "./non_finite.ts";
import type { StepOptions } from "./options.ts";

/** A batch, with the random numbers that its step drew from. */
export interface Attempt {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly random: ReturnType<typeof randomState>;
  /** The loss that is differentiated: autocast and scale are part of it. */
  readonly lossOf: (x: Tensor, y: Tensor) => { value: Tensor; scaled: Tensor };
}

/** Keeps what a model is before a step, and finds out what went wrong in one. */
export class Guard implements Disposable {
  readonly #model: AnyModule;
  readonly #optimizer: StepOptions["optimizer"];
  readonly #parameters: [name: string, parameter: Tensor][];
  readonly #before: Copies;

  constructor(model: AnyModule, { loss, optimizer }: StepOptions) {
    this.#model = model;
    this.#optimizer = optimizer;
    const named = new Map<Tensor, string>();
    const add = (all: readonly (readonly [string, Tensor])[]) => {
      for (const [name, tensor] of all) if (!named.has(tensor)) named.set(tensor, name);
    };
    add(model.namedParameters());
    if (loss instanceof Module) add(loss.namedParameters().map(([name, tensor]) => [`loss.${name}`, tensor]));
    add((optimizer.params ?? []).map((tensor, place) => [`parameter ${place}`, tensor]));
    this.#parameters = [...named].map(([tensor, name]) => [name, tensor]);
    add(tensorsOf(model));
    this.#before = new Copies([...named].map(([tensor, name]) => [name, tensor]));
  }

  /** Keeps the weights and buffers as they are before a step. May be captured. */
  keep(): void {
    this.#before.take();
  }

  /** Puts the weights and buffers from before the step back, and finds what was the first that is not finite. */
  explain({ x, y, random, lossOf }: Attempt): Found {
    using _ = scope();
    this.#before.give();
    try {
      const given = this.#parameters.find(([, parameter]) => !isWhollyFinite(parameter));
      if (given !== undefined) return { kind: "parameter", place: given[0] };
      if (!isWhollyFinite(x) || !isWhollyFinite(y)) return { kind: "input", place: "" };
      setRandomState(random);
      this.#model.train();
      const { found, result } = watched(this.#model, () => lossOf(x, y));
      if (found !== null) return found;
      if (!isWhollyFinite(result.value)) return { kind: "loss", place: "" };
      for (const [, parameter] of this.#parameters) parameter.grad = null;
      result.scaled.backward();
      // The gradients of the last layers are computed first.
      const wrong = this.#parameters.findLast(([, { grad }]) => grad !== null && !isWhollyFinite(grad));
      return wrong === undefined ? { kind: "unknown", place: "" } : { kind: "gradient", place: wrong[0] };
    } finally {
      this.#optimizer.resetGrad();
      this.#before.give();
      setRandomState(random);
    }
  }

  [Symbol.dispose](): void {
    this.#before[Symbol.dispose]();
  }
}

/** Runs `body` and looks at the output of each module on its way. */
function watched<T>(model: AnyModule, body: () => T): { found: Found | null; result: T } {
  const modules = model.namedModules();
  let found: Found | null = null;
  for (const [place, module] of modules) {
    module.call = (...inputs: unknown[]) => {
      const output = Object.getPrototypeOf(module).call.apply(module, inputs);
      if (found === null && !allFinite(output)) found = { kind: "output", place, type: module.constructor.name };
      return output;
    };
  }
  try {
    return { result: body(), found };
  } finally {
    // The method of the class shows again.
    for (const [, module] of modules) delete (module as Partial<AnyModule>).call;
  }
}

/** Whether all elements of the tensors in a module's output are finite. */
function allFinite(output: unknown): boolean {
  if (output instanceof Tensor) return isWhollyFinite(output);
  if (Array.isArray(output)) return output.every(allFinite);
  return isPlain(output) ? Object.values(output).every(allFinite) : true;
}

/** Whether all elements are finite. */
function isWhollyFinite(tensor: Tensor): boolean {
  if (!isFloat(tensor.dtype)) return true;
  using _ = scope();
  const wide = tensor.dtype === "float64" ? tensor : tensor.detach().cast("float32");
  return (wide.toTypedArray() as Float32Array).every(Number.isFinite);
}
