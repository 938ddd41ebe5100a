/**
 * State dicts in safetensors files, which Python's package of that name reads and writes too.
 *
 * All element types of tensors are kept; other integers are read as int32 if every value fits. A file appears whole or not at
 * all: see `core/host/files.ts`.
 */
import { checkOptions, checkText, checkWritable, refuse, withFile, writeWhole } from "../core/internal.ts";
import { Tensor } from "../core/mod.ts";
import { beginningBytes, type Elements, formatSafetensors, headerEnd, parseHeader, readElementsOf } from "./format.ts";
import { format, warnOfLayout } from "./layout.ts";
import { elementsOf, readHeader, readTensors, tensorOf } from "./tensors.ts";

/** Tensors by name, as `module.stateDict()` gives them. */
export type StateDict = Record<string, Tensor>;

/** Options of {@linkcode save}. */
export interface SaveOptions {
  /** Text by name that is saved beside the tensors. Without a `format` of its own the file says `format: "deneb"`. */
  metadata?: Readonly<Record<string, string>>;
}

/** Options of {@linkcode load}. */
export interface LoadOptions {
  /** The framework that wrote the file, for {@linkcode convert}: without a word of it, a file of PyTorch's is warned of. */
  from?: "pytorch";
}

/**
 * Saves tensors as a safetensors file, whole or not at all.
 *
 * TypeError for a value that is no tensor; Error if the file cannot be written, before anything is done if that is for want
 * of a permission: the temporary file needs `--allow-write` and `--allow-read` for the folder.
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
  checkWritable("save", checkText("save", "path", path));
  await writeWhole(path, piecesOf(stateDict, options));
}

/**
 * The tensors of a safetensors file, by name, on the default device. They belong to no scope.
 *
 * SyntaxError if the file is malformed, which names what it is instead where that can be told; RangeError for integers that
 * do not fit int32; Error if the file cannot be read or `--allow-read` for it is missing. A file with the weights of PyTorch's
 * layers, which are transposed, is warned of on the console: {@linkcode convert} brings them into Deneb's order.
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
export async function load(path: string, options: LoadOptions = {}): Promise<StateDict> {
  checkText("load", "path", path);
  const { from } = checkOptions("load", options, '{ from: "pytorch" }', ["from"]);
  return await withFile("load", path, async (source) => {
    const header = await readHeader(source, path);
    const loaded = await readTensors(source, header, path);
    if (from === undefined) warnOfLayout(header, path);
    return Object.fromEntries(loaded);
  });
}

/**
 * The texts by name that a safetensors file holds beside its tensors, which are not read.
 *
 * SyntaxError for a malformed file, Error if it cannot be read, as for {@linkcode load}.
 *
 * @example
 * ```ts
 * import { io, tensor } from "deneb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await io.save(path, { x: tensor([1]) }, { metadata: { epoch: "3" } });
 * if ((await io.loadMetadata(path)).epoch !== "3") throw new Error("lost");
 * await Deno.remove(path);
 * ```
 */
export async function loadMetadata(path: string): Promise<Record<string, string>> {
  checkText("load metadata", "path", path);
  return await withFile("load metadata", path, async (source) => ({ ...(await readHeader(source, path)).metadata }));
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
export function serialize(stateDict: Readonly<StateDict>, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  const pieces = piecesOf(stateDict, options),
    bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The bytes of the file, in pieces. */
function piecesOf(stateDict: Readonly<StateDict>, options: SaveOptions): Uint8Array<ArrayBuffer>[] {
  const { metadata = {} } = checkOptions("save", options, '{ metadata: { epoch: "3" } }', ["metadata"]);
  const elements = new Map<string, Elements>();
  if (typeof stateDict !== "object" || stateDict === null) refuse("save", stateDict, "a state of tensors by name");
  if (typeof stateDict.stateDict === "function") throw new TypeError("Cannot save: not a state, pass its stateDict()");
  for (const [name, value] of Object.entries(stateDict)) {
    if (!(value instanceof Tensor)) {
      throw new TypeError(`Cannot save: ${JSON.stringify(name)} must be a Tensor; saveCheckpoint() keeps other values`);
    }
    elements.set(name, elementsOf(value));
  }
  return formatSafetensors(elements, { format, ...metadata });
}

/** How much of a name messages show. */
const sourceMost = 200;

/** The tensors in the bytes of a safetensors file, as `load` returns them. Errors call the bytes `source`. */
export function deserialize(bytes: Uint8Array, source = "safetensors bytes"): StateDict {
  if (typeof source !== "string") refuse("read safetensors", source, "the name of the bytes");
  source = source.slice(0, sourceMost);
  if (!(bytes instanceof Uint8Array)) refuse(`read ${source}`, bytes, "a Uint8Array");
  const end = headerEnd(bytes.subarray(0, beginningBytes), bytes.length, source);
  const header = parseHeader(bytes.subarray(8, end), bytes.length, source);
  // The copy gives each tensor a buffer of its own that is aligned, wherever the tensor lies in the bytes. All values are
  // checked before any tensor is made.
  const all = header.entries.map((entry) =>
    readElementsOf(entry, new Uint8Array(bytes.subarray(entry.start, entry.end)), source)
  );
  warnOfLayout(header, source);
  return Object.fromEntries(all.map((elements, place) => [header.entries[place]!.name, tensorOf(elements)]));
}
