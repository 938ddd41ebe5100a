/** State dicts of other frameworks, brought into the names and the order of a model's own. */
import { checkOptions, refuse, sameShape, shown, showShape } from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";
import { type AnyModule, Linear, Module } from "../nn/mod.ts";
import type { StateDict } from "./safetensors.ts";

/** Options of {@linkcode convert}. */
export interface ConvertOptions {
  /** The framework whose names and order the state has: `"pytorch"`. */
  from: "pytorch";
}

/** What {@linkcode convert} returns. */
export interface Converted {
  /** The tensors that the model has a place for, under its names and in its order. */
  state: StateDict;
  /** Why each of the other tensors was left, by its name in the given state. */
  left: Record<string, string>;
  /** The model's names for which the given state has nothing that fits. */
  missing: string[];
}

/**
 * Brings a state of PyTorch into a model's names and order: names in its spelling (`running_mean`) become the model's
 * (`runningMean`), and the weights of {@linkcode Linear} layers, which are [outFeatures, inFeatures] there, are transposed.
 * The beginnings `module.` and `_orig_mod.`, which PyTorch's wrappers give to names, are left out.
 * Nothing is lost in silence: what has no place in the model is reported, as is what the model lacks.
 *
 * TypeError for what is no state, no model, or another framework.
 *
 * @example
 * ```ts
 * import { io, nn, tensor } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Linear(2, 2, { bias: false }), new nn.BatchNorm1d(2));
 * const given = {
 *   "0.weight": tensor([[1, 2], [3, 4]]),
 *   "1.weight": tensor([1, 1]),
 *   "1.bias": tensor([0, 0]),
 *   "1.running_mean": tensor([5, 6]),
 *   "1.running_var": tensor([7, 8]),
 *   "1.num_batches_tracked": tensor(9),
 * };
 * const { state, left, missing } = io.convert(given, { from: "pytorch" }, net);
 * if (Object.keys(left).join() !== "1.num_batches_tracked" || missing.length > 0) throw new Error("another report");
 * net.loadStateDict(state);
 * if (net.stateDict()["0.weight"]!.toArray().join() !== "1,3,2,4") throw new Error("not transposed");
 * ```
 */
export function convert(stateDict: Readonly<StateDict>, options: ConvertOptions, model: AnyModule): Converted {
  const action = "convert";
  if (typeof stateDict !== "object" || stateDict === null) refuse(action, stateDict, "a state of tensors by name");
  const { from } = checkOptions(action, options, '{ from: "pytorch" }', ["from"]);
  if (from !== "pytorch") throw new TypeError(`Cannot ${action}: from ${shown(from)}, it must be "pytorch"`);
  if (!(model instanceof Module)) refuse(action, model, "a module");
  const transposed = new Set<unknown>(
    model.modules().filter((module) => module instanceof Linear).map(({ weight }) => weight),
  );
  const places = new Map([...model.namedParameters(), ...model.namedBuffers()].map(([name, target]) => [name, target]));
  const spellings = new Map([...places.keys()].map((name) => [spelling(name), name]));
  const state: StateDict = {}, left: Record<string, string> = {};
  for (const [given, value] of Object.entries(stateDict)) {
    const name = places.has(given)
      ? given
      : spellings.get(spelling(given)) ?? spellings.get(spelling(given.replace(wrappers, "")));
    const target = places.get(name!);
    if (!(value instanceof Tensor)) left[given] = `it is ${shown(value)}, not a tensor`;
    else if (target === undefined) {
      left[given] = /(^|\.)num_batches_tracked$/.test(given)
        ? "the model counts no batches, since its momentum is fixed"
        : "the model has no tensor of that name";
    } else if (Object.hasOwn(state, name!)) left[given] = `another tensor was taken for ${name}`;
    else {
      const isTransposed = transposed.has(target) && value.shape.length === 2;
      const wanted = isTransposed ? [...target.shape].reverse() : target.shape;
      if (sameShape(value.shape, wanted)) state[name!] = isTransposed ? value.detach().transpose() : value;
      else left[given] = `it has shape ${showShape(value.shape)}, ${name} takes ${showShape(wanted)}`;
    }
  }
  return { state, left, missing: [...places.keys()].filter((name) => !Object.hasOwn(state, name)) };
}

/** What PyTorch's modules around a model, for several GPUs and for compilation, put before all of its names. */
const wrappers = /^(module\.|_orig_mod\.)+/;

/** A name in one spelling for both frameworks: `running_mean` and `runningMean` are the same. */
function spelling(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
