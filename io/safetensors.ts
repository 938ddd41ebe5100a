/**
 * State dicts in safetensors files, which Python's package of that name reads and writes too.
 *
 * All element types of tensors are kept; other integers are read as int32 if every value fits. A file appears whole or not at
 * all: see `core/host/files.ts`.
 */
import { outsideScopes, readWhole, writeWhole } from "../core/internal.ts";
import { Tensor, tensor } from "../core/mod.ts";
import { type Elements, formatSafetensors, parseSafetensors } from "./format.ts";

/** Tensors by name, as `module.stateDict()` gives them. */
export type StateDict = Record<string, Tensor>;

/** Options of {@linkcode save}. */
export interface SaveOptions {
  /** Text by name that is saved beside the tensors. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Saves tensors as a safetensors file, whole or not at all.
 *
 * TypeError for a value that is no tensor; Error if the file cannot be written.
 *
 * @example
 * ```ts
 * import { io, tensor } from "deneb";
 * import { deepEqual } from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await io.save(path, { weight: tensor([[1, 2], [3, 4]]) });
 * const { weight } = await io.load(path);
 * deepEqual(weight!.toArray(), [[1, 2], [3, 4]]);
 * await Deno.remove(path);
 * ```
 */
export async function save(path: string, stateDict: Readonly<StateDict>, options: SaveOptions = {}): Promise<void> {
  await writeWhole(path, serialize(stateDict, options));
}

/**
 * The tensors of a safetensors file, by name, on the default device. They belong to no scope.
 *
 * SyntaxError if the file is malformed, before any tensor is made; RangeError for integers that do not fit int32; Error
 * if the file cannot be read.
 *
 * @example
 * ```ts
 * import { io, nn } from "deneb";
 *
 * const path = await Deno.makeTempFile();
 * await io.save(path, new nn.Linear(3, 2).stateDict());
 * const copy = new nn.Linear(3, 2);
 * copy.loadStateDict(await io.load(path));
 * await Deno.remove(path);
 * ```
 */
export async function load(path: string): Promise<StateDict> {
  return deserialize(await readWhole(path), path);
}

/**
 * The bytes of the file that `save` writes, for other places than files, such as the answer to a request.
 *
 * @example
 * ```ts
 * import { io, tensor } from "deneb";
 *
 * const bytes = io.serialize({ x: tensor([1, 2]) });
 * const { x } = io.deserialize(bytes);
 * if (x!.toArray().join() !== "1,2") throw new Error("lost");
 * ```
 */
export function serialize(
  stateDict: Readonly<StateDict>,
  { metadata = {} }: SaveOptions = {},
): Uint8Array<ArrayBuffer> {
  const elements = new Map<string, Elements>();
  if (typeof stateDict.stateDict === "function") throw new TypeError("Cannot save: not a state, pass its stateDict()");
  for (const [name, value] of Object.entries(stateDict)) {
    if (!(value instanceof Tensor)) {
      throw new TypeError(`Cannot save: ${JSON.stringify(name)} must be a Tensor; saveCheckpoint() keeps other values`);
    }
    elements.set(name, elementsOf(value));
  }
  return formatSafetensors(elements, metadata);
}

/** The tensors in the bytes of a safetensors file, as `load` returns them. Errors call the bytes `source`. */
export function deserialize(bytes: Uint8Array, source = "safetensors bytes"): StateDict {
  const { tensors } = parseSafetensors(bytes, source);
  return Object.fromEntries(Array.from(tensors, ([name, elements]) => [name, tensorOf(elements)]));
}

export function elementsOf(value: Tensor): Elements {
  return { dtype: value.dtype, shape: value.shape, data: value.toTypedArray() };
}

/** A new tensor outside every scope: after a file was awaited, the scope at hand may be another than that of the caller. */
export function tensorOf({ data, shape, dtype }: Elements, device?: string): Tensor {
  return outsideScopes(() => tensor(data, { shape, dtype, ...(device !== undefined && { device }) }));
}
