/**
 * Reads what `torch.save` wrote: a zip archive with a pickle, `data.pkl`, and beside it the elements of each storage.
 *
 * Format: `torch/serialization.py` and `caffe2/serialize` of PyTorch. Files of versions before 1.6 are no zip archives.
 */
import { checkOptions, checkText, readWhole, shown } from "../../core/internal.ts";
import type { Tensor } from "../../core/mod.ts";
import type { StateDict } from "../safetensors.ts";
import { kindOf } from "../kinds.ts";
import { tensorOf } from "../tensors.ts";
import { unzipSync } from "./npm.ts";
import { Global, Outside, PickledObject, unpickle } from "./pickle.ts";
import { elementsIn, rebuilt, type Storages } from "./tensors.ts";

/** Options of {@linkcode loadPytorch}. */
export interface LoadPytorchOptions {
  /** Where the state stands in a file that holds more, with dots between names: `"model"`, `"checkpoint.state_dict"`. */
  key?: string;
}

/**
 * The state dict of a file that `torch.save(model.state_dict(), path)` wrote, or of a checkpoint under a `key`, on the default
 * device. Names and order are PyTorch's: `io.convert` brings them into a model's. The tensors belong to no scope.
 *
 * Nothing that the file says is executed: classes and functions of Python are only noted. Elements that lie in another order
 * than that of their axes, as those of a transposed tensor, are put in order.
 *
 * SyntaxError if the file is malformed; TypeError if what it holds is no state dict, or a tensor of a type that does not exist
 * here; Error if it cannot be read or `--allow-read` for it is missing.
 *
 * @example
 * ```ts ignore
 * import { io, nn } from "deneb";
 * import { loadPytorch } from "deneb/pytorch";
 *
 * const net = nn.models.resnet18();
 * const { state } = io.convert(await loadPytorch("resnet18.pth"), { from: "pytorch" }, net);
 * net.loadStateDict(state);
 * ```
 */
export async function loadPytorch(path: string, options: LoadPytorchOptions = {}): Promise<StateDict> {
  const { key } = checkOptions("load", options, '{ key: "model" }', ["key"]);
  if (key !== undefined) checkText("load", "key", key);
  const { value, subject, storages } = await parse(path);
  let found: unknown = value;
  for (const name of key === undefined ? [] : key.split(".")) {
    found = found instanceof Map ? found.get(name) : undefined;
  }
  const where = key === undefined ? "it" : key;
  if (!(found instanceof Map)) {
    throw new TypeError(`${subject}: ${where} holds ${kindOfValue(found)}, not a state dict${hint(value)}`);
  }
  const entries = [...found as Map<unknown, unknown>];
  const other = entries.find(([, each]) => !(each instanceof PickledObject && rebuilt(each) !== undefined));
  if (other !== undefined) {
    throw new TypeError(`${subject}: ${other[0]} is ${kindOfValue(other[1])}, not a tensor${hint(value)}`);
  }
  return made(new Map(entries.map(([name, each]) => [String(name), each])), storages, subject) as StateDict;
}

/**
 * Everything that a file of `torch.save` holds: dicts as plain objects (as Maps where a key is no text), lists and tuples as
 * arrays, tensors as tensors, and whatever else Python would have made as {@linkcode PickledObject}: its name and arguments.
 *
 * Errors are those of {@linkcode loadPytorch}.
 *
 * @example
 * ```ts ignore
 * import { readPytorch } from "deneb/pytorch";
 *
 * const { epoch, optimizer } = await readPytorch("checkpoint.pt") as { epoch: number; optimizer: unknown };
 * console.log(epoch, optimizer);
 * ```
 */
export async function readPytorch(path: string): Promise<unknown> {
  const { value, subject, storages } = await parse(path);
  return made(value, storages, subject);
}

/** The pickle of a file, run, and the storages beside it. */
async function parse(path: string): Promise<{ value: unknown; subject: string; storages: Storages }> {
  const bytes = await readWhole(checkText("load", "path", path), "load"), subject = `Cannot load ${path}`;
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (!isZip) {
    const kind = kindOf(bytes.subarray(0, 512));
    throw new SyntaxError(`${subject}: it is ${kind ?? "no zip archive"}, which torch.save since PyTorch 1.6 writes`);
  }
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, compression, size, originalSize }) => {
        if (compression !== 0 || size !== originalSize) throw new SyntaxError(`${name} is compressed`);
        return true;
      },
    });
  } catch (error) {
    throw new SyntaxError(`${subject}: its zip archive is malformed: ${(error as Error).message}`, { cause: error });
  }
  const names = Object.keys(files), pickle = names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new SyntaxError(`${subject}: its zip archive has no data.pkl, as torch.save writes it`);
  }
  const root = pickle.slice(0, -"data.pkl".length), order = files[`${root}byteorder`];
  if (order !== undefined && new TextDecoder().decode(order).trim() !== "little") {
    throw new SyntaxError(`${subject}: its elements are big-endian`);
  }
  const storages = new Map(
    names.filter((name) => name.startsWith(`${root}data/`)).map((name) => [name.slice(root.length + 5), files[name]!]),
  );
  return { value: unpickle(files[pickle]!, subject), subject, storages };
}

/** The value of a pickle, with tensors where the file describes them. If one cannot be made, the others are freed. */
function made(pickled: unknown, storages: Storages, subject: string): unknown {
  const tensors: Tensor[] = [];
  // Values may be held in several places, and in a circle: each is made once.
  const done = new Map<unknown, unknown>();
  const make = (value: unknown, path: string, depth: number): unknown => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    if (done.has(value)) return done.get(value);
    if (depth > 1000) throw new SyntaxError(`${subject}: ${path.slice(0, 100)} lies too deep`);
    const keep = <V>(result: V): V => {
      done.set(value, result);
      return result;
    };
    const below = (each: unknown, name: unknown) => make(each, path === "" ? `${name}` : `${path}.${name}`, depth + 1);
    if (value instanceof PickledObject) {
      const tensor = rebuilt(value);
      if (tensor !== undefined) {
        const result = tensorOf(elementsIn(tensor, storages, `${subject}: ${path}`));
        tensors.push(result);
        return keep(result);
      }
      const args: unknown[] = [], result = keep(new PickledObject(value.name, args));
      value.args.forEach((each, k) => args.push(below(each, k)));
      if (value.state !== undefined) result.state = below(value.state, "state");
      return result;
    }
    if (value instanceof Global) return keep(value.name);
    if (value instanceof Outside) return keep(below(value.id, "id"));
    if (value instanceof Map) {
      const isPlain = [...value.keys()].every((key) => typeof key === "string");
      const result = keep(isPlain ? {} : new Map<unknown, unknown>());
      for (const [key, each] of value) {
        const item = below(each, key);
        if (result instanceof Map) result.set(key, item);
        // By definition, not by assignment: the name may be "__proto__".
        else Object.defineProperty(result, key, { value: item, writable: true, enumerable: true, configurable: true });
      }
      return result;
    }
    if (value instanceof Set) return keep(new Set([...value].map((each, k) => below(each, k))));
    const items = keep([] as unknown[]);
    (value as unknown[]).forEach((each, k) => items.push(below(each, k)));
    return items;
  };
  try {
    return make(pickled, "", 0);
  } catch (error) {
    for (const tensor of tensors) tensor.dispose();
    throw error;
  }
}

/** A few words on a value of a pickle. */
function kindOfValue(value: unknown): string {
  if (value instanceof PickledObject) return rebuilt(value) === undefined ? `an object of ${value.name}` : "a tensor";
  if (value instanceof Map) return "a dict";
  return Array.isArray(value) ? "a list" : value === undefined ? "nothing" : shown(value);
}

/** Where a file that is no state dict has one, for a message. */
function hint(value: unknown): string {
  if (value instanceof PickledObject && /\.modules?\./.test(value.name)) return "; save model.state_dict()";
  if (!(value instanceof Map)) return "";
  const keys = [...value].filter(([, each]) => isState(each)).map(([key]) => `{ key: ${JSON.stringify(key)} }`);
  return keys.length === 0 ? "" : `; ${keys.slice(0, 3).join(" or ")} has one`;
}

function isState(value: unknown): boolean {
  return value instanceof Map && value.size > 0 &&
    [...value.values()].every((each) => each instanceof PickledObject && rebuilt(each) !== undefined);
}
