/**
 * Hostile arguments: values of every kind in every place of a call, and what a public function may make of them. It may take
 * a value, or refuse it in words of the library's own; whatever a caller's own code throws passes through.
 */
import { ones, type Tensor, tensor } from "../mod.ts";
import { assert } from "./std.ts";

/** Public classes that only others extend, and whose arguments no caller gives. */
export const bases: readonly string[] = [
  "AdaptiveMaxPoolLayer",
  "AdaptivePoolLayer",
  "KernelLayer",
  "PaddingLayer",
  "ParameterGroup",
  "RowTable",
  "TunedActivation",
];

/** What code of the caller's throws while the library asks it for something. */
const own = new Error("the caller's own");

const throwing = {
  get: () => {
    throw own;
  },
};

/** Hostile values by name, each made anew for every call. */
export const hostile: Readonly<Record<string, () => unknown>> = {
  "undefined": () => undefined,
  "null": () => null,
  "true": () => true,
  "NaN": () => NaN,
  "-1": () => -1,
  "1.5": () => 1.5,
  "2 ** 53": () => 2 ** 53,
  "1e308": () => 1e308,
  "-Infinity": () => -Infinity,
  "an empty text": () => "",
  "a text": () => "a",
  "a long text": () => "x".repeat(3_000_000),
  "a text with braces": () => "{0} %s \n\0",
  "a symbol": () => Symbol("s"),
  "a bigint": () => 10n,
  "a long bigint": () => 10n ** 4000n,
  "an object": () => ({}),
  "an object without a prototype": () => Object.create(null),
  "an object of another field": () => ({ nonsense: 1 }),
  "an object whose conversion throws": () => ({
    toString: throwing.get,
    valueOf: throwing.get,
    [Symbol.toPrimitive]: throwing.get,
  }),
  "an object that throws": () => new Proxy({}, { ...throwing, ownKeys: throwing.get, has: throwing.get }),
  "an object in itself": () => {
    const object: Record<string, unknown> = {};
    object.self = object;
    return object;
  },
  "an empty list": () => [],
  "a list of lists": () => [[1], [2, 3]],
  "a list of texts": () => ["a", "b"],
  "a list of symbols": () => [Symbol("s")],
  "a list of nulls": () => [null, undefined],
  "a list in itself": () => {
    const list: unknown[] = [];
    list.push(list);
    return list;
  },
  "a list that throws": () => new Proxy([1], throwing),
  "a sparse list": () => new Array(2 ** 32 - 1),
  "a list of lengths beyond all memory": () => [2 ** 53 - 1, 2 ** 53 - 1],
  "a list of lengths, one of them zero": () => [2 ** 53 - 1, 0],
  "a list of a hundred": () => Array.from({ length: 100 }, () => 1),
  "a function": () => () => 1,
  "an asynchronous function": () => async () => await 1,
  "a function that throws": () => throwing.get,
  "a class": () => class Nothing {},
  "an instance": () => new (class Nothing {})(),
  "a map": () => new Map([[1, 2]]),
  "a set": () => new Set([1]),
  "a date": () => new Date(0),
  "an invalid date": () => new Date(NaN),
  "a pattern": () => /a/,
  "a promise": () => Promise.resolve(1),
  "an error": () => new Error("none"),
  "a boxed number": () => Object(3),
  "an iterator": () => [1, 2].values(),
  "an ArrayBuffer": () => new ArrayBuffer(8),
  "a SharedArrayBuffer": () => new SharedArrayBuffer(8),
  "a DataView": () => new DataView(new ArrayBuffer(8)),
  "a Float32Array": () => Float32Array.of(0.5, NaN),
  "a Float64Array": () => Float64Array.of(1e300),
  "a Uint32Array": () => Uint32Array.of(4294967295),
  "an Int8Array": () => Int8Array.of(-1),
  "a BigInt64Array": () => BigInt64Array.of(1n),
  "an array in shared memory": () => new Float32Array(new SharedArrayBuffer(8)),
  "a detached array": () => {
    const array = new Float32Array(2);
    array.buffer.transfer();
    return array;
  },
  "a tensor": () => ones([2, 3]),
  "a tensor without axes": () => tensor(0.5),
  "a tensor without elements": () => ones([0]),
  "a tensor of integers": () => tensor(Int32Array.of(-7, 7)),
  "a freed tensor": () => {
    const freed = ones([2]);
    freed.dispose();
    return freed;
  },
  "a tensor of another device": () => {
    const here = ones([2, 3]);
    return here.to(here.device === "reference" ? "wasm" : "reference");
  },
};

/** A function, and arguments that it takes. */
export interface Door {
  name: string;
  // deno-lint-ignore no-explicit-any
  call: (...args: any[]) => unknown;
  /** Makes the arguments anew. Lists and objects among them are attacked in their parts too. */
  args: () => unknown[];
}

/** One call with one hostile value in it. */
interface Attack {
  text: string;
  run: () => unknown;
}

/** The places in arguments where another value may stand, as ways from the list of all arguments. */
function placesIn(value: unknown, way: readonly string[] = []): string[][] {
  if (!Array.isArray(value) && Object.getPrototypeOf(value ?? 0) !== Object.prototype) return [];
  return Object.keys(value as object).flatMap((name) => {
    const place = [...way, name];
    return [place, ...placesIn((value as Record<string, unknown>)[name], place)];
  });
}

/** Every hostile value in every place of a door's arguments, and calls with too few and too many arguments. */
function* attacksOn({ name, call, args }: Door): Generator<Attack> {
  for (const place of placesIn(args())) {
    for (const [what, make] of Object.entries(hostile)) {
      const text = `${name}: ${what} at ${place.join(".")}`;
      yield {
        text,
        run: () => {
          const given = args();
          // deno-lint-ignore no-explicit-any
          const holder = place.slice(0, -1).reduce((inside: any, key) => inside[key], given);
          holder[place.at(-1)!] = make();
          return call(...given);
        },
      };
    }
  }
  yield { text: `${name}: no argument`, run: () => call() };
  yield { text: `${name}: an argument more`, run: () => call(...args(), "a") };
}

/** Words of the engine, which begin as those of the library do. */
const engine = /^Cannot (read|set|convert|mix|perform|destructure|access|assign|add|define|delete|redefine) [^:]*$/;
const longest = 400;

/** What is wrong with an error that a call threw; null if nothing is. */
function faultOf(error: unknown): string | null {
  // A class is a function, which only its own call shows to be none.
  if (error === own || /^Class constructor/.test((error as Error).message)) return null;
  if (!(error instanceof Error)) return `threw ${typeof error}`;
  const { message } = error;
  if (message.length > longest) return `${message.length} letters: ${message.slice(0, 80)}`;
  if (!/^Cannot [^:]+: ./s.test(message) || engine.test(message)) return `${error.name}: ${message}`;
  return null;
}

/** Runs all attacks on a door, one after another. The answer has a line for each that was not met in the right words. */
export async function faultsOf(
  door: Door,
  around: (run: () => unknown) => unknown = (run) => run(),
): Promise<string[]> {
  const faults: string[] = [];
  for (const { text, run } of attacksOn(door)) {
    try {
      await around(run);
    } catch (error) {
      const fault = faultOf(error);
      if (fault !== null) faults.push(`${text}: ${fault}`);
    }
  }
  return faults;
}

/** Fails with all faults of a door. */
export async function assertMeetsHostile(door: Door, around?: (run: () => unknown) => unknown): Promise<void> {
  // The good arguments are good: an attack on a call that fails anyway would show nothing.
  await (around ?? ((run) => run()))(() => door.call(...door.args()));
  const faults = await faultsOf(door, around);
  assert(faults.length === 0, `${faults.length} faults:\n${faults.slice(0, 40).join("\n")}`);
}

/** Names of a class's own and inherited methods that users call, the constructor left out. */
export function methodsOf(type: { prototype: object }): string[] {
  const names = new Set<string>();
  for (let level = type.prototype; level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names];
}

/** A tensor that every method can be called on. */
export function subject(): Tensor {
  return tensor([[1, 2, 3], [4, 5, 6]], { requiresGrad: true });
}
