/**
 * Checkpoints: the states of modules, optimizers, schedules, loaders and the random generator, or of anything else with
 * `stateDict()` and `loadStateDict()`, in one safetensors file, restored bit for bit.
 *
 * Tensors lie in the file under their paths, such as `optimizer.first.0`. The rest of each state, with the paths of the
 * tensors, is JSON in the file's metadata.
 */
import { Tensor } from "../core/mod.ts";
import {
  checkText,
  checkWritable,
  isPlain,
  randomState,
  refuse,
  setRandomState,
  shown,
  type Source,
  withFile,
  writeWhole,
} from "../core/internal.ts";
import { type Elements, formatSafetensors } from "./format.ts";
import { brief, parseStrictJson } from "./json.ts";
import { format } from "./layout.ts";
import { elementsOf, readHeader, readTensors, tensorOf } from "./tensors.ts";

/** A part of a checkpoint. Its state consists of tensors, numbers, strings, booleans, null, lists and plain objects. */
export interface Stateful {
  /** The state. `saveCheckpoint` reads it before it first waits. */
  stateDict(): unknown;
  /** Restores a state: all of it, or none if it throws. */
  // deno-lint-ignore no-explicit-any -- each part takes the type that its own stateDict() gives.
  loadStateDict(state: any): unknown;
}

/** The parts of a checkpoint by name: `{ model, optimizer, scheduler, loader, random }`, say. */
export type Parts = Readonly<Record<string, Stateful>>;

/** The random generator of `rand`, initialisation and dropout, as a part of a checkpoint. */
export const random: Stateful = { stateDict: randomState, loadStateDict: setRandomState };

const metadataKey = "deneb.checkpoint";

/** JSON with one addition: an object with a single key that begins with `$` stands for what JSON cannot say. */
type Encoded = null | boolean | number | string | Encoded[] | { [key: string]: Encoded };

/**
 * Saves the state of all parts in one file, whole or not at all. The states are read before the first await.
 *
 * @example
 * ```ts
 * import { data, io, nn, optim } from "deneb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const model = new nn.Linear(784, 10), optimizer = new optim.Adam(model.parameters());
 * const loader = new data.DataLoader(data.digits({ train: 100 }), { batchSize: 32, shuffle: true });
 * await io.saveCheckpoint(path, { model, optimizer, loader, random: io.random });
 * await io.loadCheckpoint(path, { model, optimizer, loader, random: io.random });
 * await Deno.remove(path);
 * ```
 */
export async function saveCheckpoint(path: string, parts: Parts): Promise<void> {
  checkWritable("save checkpoint", checkText("save checkpoint", "path", path));
  checkParts("save checkpoint", parts, ["stateDict"]);
  const tensors = new Map<string, Elements>();
  const states = Object.entries(parts).map(([name, part]) => [name, encode(part.stateDict(), name, tensors)]);
  const metadata = { format, [metadataKey]: JSON.stringify(Object.fromEntries(states)) };
  await writeWhole(path, formatSafetensors(tensors, metadata));
}

/**
 * Restores the given parts from a file that `saveCheckpoint` wrote, all of them or none; further parts in the file are left
 * alone.
 *
 * RangeError for a part that the file does not hold, SyntaxError for a malformed file, and the error of a part that refuses
 * its state: the parts before it then get their old states back, copies of which are held until the end.
 *
 * @example
 * ```ts
 * import { io, manualSeed, nn, rand } from "deneb";
 *
 * const path = await Deno.makeTempFile(), model = new nn.Linear(2, 1);
 * manualSeed(1);
 * await io.saveCheckpoint(path, { model, random: io.random });
 * const drawn = rand([3]).toArray().join();
 * await io.loadCheckpoint(path, { model, random: io.random });
 * if (rand([3]).toArray().join() !== drawn) throw new Error("the generator did not go back");
 * await Deno.remove(path);
 * ```
 */
export async function loadCheckpoint(path: string, parts: Parts): Promise<void> {
  checkText("load checkpoint", "path", path);
  checkParts("load checkpoint", parts, ["stateDict", "loadStateDict"]);
  loadStates(await withFile("load checkpoint", path, (source) => readStates(source, path, parts)));
}

/** TypeError unless each of the parts has these methods. */
function checkParts(action: string, parts: Parts, methods: readonly (keyof Stateful)[]): void {
  if (typeof parts !== "object" || parts === null) refuse(action, parts, "an object of parts by name");
  for (const [name, part] of Object.entries(parts)) {
    const missing = methods.find((method) => typeof part?.[method] !== "function");
    if (missing !== undefined) {
      throw new TypeError(`Cannot ${action}: part ${name} is ${shown(part)}, it must have ${missing}()`);
    }
  }
}

/** A part, and the state that a file has for it. */
interface Restored {
  readonly part: Stateful;
  readonly state: unknown;
}

/** Reads the states of the parts and their tensors, but no others. */
async function readStates(source: Source, path: string, parts: Parts): Promise<Restored[]> {
  const action = `read checkpoint ${path}`, header = await readHeader(source, path);
  const text = header.metadata[metadataKey];
  if (text === undefined) throw new SyntaxError(`Cannot ${action}: its metadata has no ${metadataKey}`);
  const states = parseStrictJson(action, text) as Record<string, Encoded> | null;
  if (typeof states !== "object" || states === null || Array.isArray(states)) {
    throw new SyntaxError(`Cannot ${action}: ${metadataKey} is no object`);
  }
  for (const name of Object.keys(parts)) {
    if (!Object.hasOwn(states, name)) {
      throw new RangeError(`Cannot ${action}: it holds ${Object.keys(states).join(", ")}, but no ${name}`);
    }
  }
  // The states are read twice: a state that is malformed is found before its tensors are made.
  const wanted = new Set<string>(), named = new Set(header.entries.map(({ name }) => name));
  const note = (name: string) => named.has(name) && wanted.add(name);
  for (const name of Object.keys(parts)) decode(states[name]!, note, action);
  const tensors = await readTensors(source, header, path, (name) => wanted.has(name));
  const read = (name: string) => tensors.get(name);
  return Object.entries(parts).map(([name, part]) => ({ part, state: decode(states[name]!, read, action) }));
}

/** Gives each part its state. If one refuses it, those before it get back the states that they had. */
function loadStates(all: readonly Restored[]): void {
  // A part that refuses its state has changed nothing, so that the last one is never taken back.
  const before = all.slice(0, -1).map(({ part }) => ({ part, state: copied(part.stateDict()) }));
  let loaded = 0;
  try {
    for (; loaded < all.length; loaded++) all[loaded]!.part.loadStateDict(all[loaded]!.state);
  } catch (error) {
    // Backwards, since a schedule sets the rate of the optimizer before it.
    for (const { part, state } of before.slice(0, loaded).reverse()) part.loadStateDict(state());
    throw error;
  }
}

/** Copies a state, whose tensors may share the memory of what they belong to. Returns a function that makes it again. */
function copied(state: unknown): () => unknown {
  if (state instanceof Tensor) {
    const elements = elementsOf(state), { device } = state;
    return () => tensorOf(elements, device);
  }
  if (Array.isArray(state)) {
    const items = state.map(copied);
    return () => items.map((item) => item());
  }
  if (!isPlain(state)) return () => state;
  const entries = Object.entries(state).map(([name, value]) => [name, copied(value)] as const);
  return () => Object.fromEntries(entries.map(([name, value]) => [name, value()]));
}

function encode(value: unknown, path: string, tensors: Map<string, Elements>): Encoded {
  if (value instanceof Tensor) {
    if (tensors.has(path)) throw new RangeError(`Cannot save checkpoint: two tensors have the path ${path}`);
    tensors.set(path, elementsOf(value));
    return { $tensor: path };
  }
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? "-0" : `${value}` };
    case "bigint":
      return { $bigint: `${value}` };
    case "object": {
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item, place) => encode(item, `${path}.${place}`, tensors));
      if (!isPlain(value)) break;
      const entries = Object.entries(value).filter(([, item]) => item !== undefined);
      if (entries.some(([key]) => key.startsWith("$"))) {
        throw new TypeError(`Cannot save checkpoint: the state at ${path} has a key that begins with $`);
      }
      return Object.fromEntries(entries.map(([key, item]) => [key, encode(item, `${path}.${key}`, tensors)]));
    }
  }
  const kind = typeof value === "object" ? value!.constructor?.name : typeof value;
  throw new TypeError(
    `Cannot save checkpoint: the state at ${path} is a ${kind}; a state holds tensors, numbers, strings, lists and objects`,
  );
}

/** The most lists and objects that a state may have inside one another: recursion must not exhaust the stack. */
const depthMax = 256;

/** The value that the JSON stands for. `tensorAt` gives the tensor of a name, and nothing if the file has none. */
function decode(value: Encoded, tensorAt: (name: string) => unknown, action: string, depth = 0): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > depthMax) throw new SyntaxError(`Cannot ${action}: its states are nested more than ${depthMax} deep`);
  if (Array.isArray(value)) return value.map((item) => decode(item, tensorAt, action, depth + 1));
  const entries = Object.entries(value);
  const [key, content] = entries.length === 1 ? entries[0]! : ["", null];
  if (!key.startsWith("$")) {
    return Object.fromEntries(entries.map(([key, item]) => [key, decode(item, tensorAt, action, depth + 1)]));
  }
  if (typeof content === "string") {
    const tensor = key === "$tensor" && tensorAt(content);
    if (tensor) return tensor;
    if (key === "$number" && ["NaN", "Infinity", "-Infinity", "-0"].includes(content)) return Number(content);
    if (key === "$bigint" && /^-?\d+$/.test(content)) return BigInt(content);
  }
  throw new SyntaxError(`Cannot ${action}: ${brief(value)} stands for nothing`);
}
