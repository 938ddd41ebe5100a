/**
 * capture: a function recorded once and replayed natively, the static graph of the lecture.
 *
 * Call 1 runs eagerly and leaves a list of instructions; passes make it shorter; later calls fill in what changes from
 * call to call (inputs, live numbers, memory for the results) and run the whole list at once.
 */
import { gradientsEnabled, innerScope, moveTo } from "./ambient.ts";
import { streamOf } from "./devices.ts";
import type { DType } from "./dtype.ts";
import { type Layout, layOut, type List, parse, show, type Slot } from "./instructions.ts";
import { filled, NDArray } from "./ndarray.ts";
import { passes } from "./passes.ts";
import type { Storage, Stream } from "./program.ts";
import { type Action, type Guard, record, Recording, recording } from "./recording.ts";
import { isContiguous, sameShape, type Shape } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** What a captured function uses. */
export interface ProgramMemory {
  /** The most bytes that values between inputs and results take at once. */
  bytes: number;
  /** The same without reuse: each value kept from when it is made to the end, as an eager step in one scope does. */
  eagerBytes: number;
  instructions: number;
}

/** A captured function; see {@linkcode capture}. */
export interface Captured<Inputs extends unknown[], Result> extends Disposable {
  (...inputs: Inputs): Result;
  /** As a call, without blocking where the device can compute on threads of its own. Calls run one after another. */
  async: (...inputs: Inputs) => Promise<Result>;
  /** Prints the instructions of the last recording with shapes, groups and bytes, and returns the text. */
  print(): string;
  /** The same as a graph in Graphviz's language. */
  toDot(): string;
  /** Of the last recording; null before the first call. */
  readonly memory: ProgramMemory | null;
}

/** Recordings kept for one function: a batch of another size, train and eval. */
const programsMax = 8;

/**
 * Records `f` at its first call and replays the instructions at later ones, with the same bits and far less overhead.
 *
 * Tensors among the arguments are inputs; shapes, types and all other arguments choose the recording. Parameters,
 * optimizer state and buffers are updated in place; results are new tensors, without a graph, at each call. Learning rate,
 * dropout, step counts and `live(() => x)` are asked anew; loop counts and plain numbers are frozen. A change of mode
 * (`eval()`, `noGrad`, a gradient that is there or not) records once more.
 *
 * Throws when `f` reads a value, returns a promise, or steps a schedule.
 *
 * @example
 * ```ts
 * import { capture, manualSeed, nn, optim, tensor } from "deneb";
 *
 * manualSeed(0);
 * const model = new nn.Linear(1, 1), optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
 * const loss = new nn.MSELoss();
 * const step = capture((x, y) => {
 *   const value = loss.call(model.call(x), y);
 *   optimizer.resetGrad();
 *   value.backward();
 *   optimizer.step();
 *   return value;
 * });
 * const x = tensor([[0], [1]]), y = tensor([[1], [3]]);
 * let last = Infinity;
 * for (let k = 0; k < 200; k++) last = step(x, y).item();
 * if (last > 1e-3) throw new Error(`the loss is ${last}`);
 * ```
 */
export function capture<Inputs extends unknown[] = Tensor[], Result = Tensor>(
  f: (...inputs: Inputs) => Result,
): Captured<Inputs, Result> {
  const programs: Program[] = [];
  let last: Program | null = null, queue: Promise<unknown> = Promise.resolve();

  const find = (inputs: readonly unknown[]): Program | null => {
    const key = keyOf(inputs);
    const found = programs.find((program) => program.fits(key, inputs));
    return found === undefined ? null : last = found;
  };
  const recordNew = (inputs: Inputs): Result => {
    const { result, program } = recordCall(f, inputs);
    if (program !== null) {
      if (programs.length === programsMax) programs.shift()![Symbol.dispose]();
      programs.push(last = program);
    }
    return result;
  };
  const call = (...inputs: Inputs): Result => {
    // Inside another recording the outer one takes it all.
    if (recording !== null) return f(...inputs);
    const program = find(inputs);
    return program === null ? recordNew(inputs) : program.run(inputs) as Result;
  };
  const later = (...inputs: Inputs): Promise<Result> => {
    const next = queue.then(() => {
      const program = find(inputs);
      return program === null ? recordNew(inputs) : program.runAsync(inputs) as Promise<Result>;
    });
    queue = next.catch(() => {});
    return next;
  };
  const members = {
    async: later,
    print() {
      const text = last === null ? "" : show(last.list);
      console.log(text);
      return text;
    },
    toDot: () => last === null ? "digraph {}" : toDot(last.list),
    [Symbol.dispose]() {
      for (const program of programs.splice(0)) program[Symbol.dispose]();
      last = null;
    },
    get memory() {
      return last === null ? null : last.memory;
    },
  };
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(members)) as Captured<Inputs, Result>;
}

/**
 * A number that a captured function asks for at each replay, as a tensor without axes.
 *
 * @example
 * ```ts
 * import { capture, live, ones, type Tensor } from "deneb";
 *
 * let factor = 2;
 * const scaled = capture((x: Tensor) => x.mul(live(() => factor)));
 * scaled(ones([1]));
 * factor = 5;
 * if (scaled(ones([1])).item() !== 5) throw new Error("frozen");
 * ```
 */
export function live(read: () => number, { dtype = "float32" }: { dtype?: DType } = {}): Tensor {
  return Tensor.makeConst(filled(streamOf(), [], dtype, read));
}

/** What of the inputs chooses a recording: layouts, and which of them share memory. */
function keyOf(inputs: readonly unknown[]): string {
  const storages: Storage[] = [];
  return inputs.map((input) => {
    if (!(input instanceof Tensor)) return "-";
    const { storage, dtype, shape, strides } = input.array;
    let place = storages.indexOf(storage);
    if (place < 0) place = storages.push(storage) - 1;
    return `${dtype} ${shape} ${strides} ${place} ${input.requiresGrad}`;
  }).join(";");
}

/** How a result is made at each replay. */
type Template =
  | { kind: "own"; slot: Slot; shape: Shape; strides: readonly number[]; offset: number; dtype: DType }
  | { kind: "input"; place: number }
  | { kind: "value"; value: unknown }
  | { kind: "array"; items: Template[] }
  | { kind: "object"; entries: [string, Template][] };

/** Runs `f` and records it; the program is null where only a second call can tell what it does. */
function recordCall<Inputs extends unknown[], Result>(
  f: (...inputs: Inputs) => Result,
  inputs: Inputs,
): { result: Result; program: Program | null } {
  const first = inputs.find((input): input is Tensor => input instanceof Tensor);
  const stream = first?.array.storage.stream ?? streamOf();
  stream.flush();
  const recorded = new Recording(stream), key = keyOf(inputs);
  const results: Tensor[] = [];
  let result: Result | undefined;
  try {
    record(recorded, () => {
      const inner = innerScope("capture()");
      try {
        const value = f(...inputs);
        if (value instanceof Promise) {
          value.catch(() => {});
          throw new TypeError("Cannot capture: the function returned a promise, it must be synchronous");
        }
        result = mapTensors(value, (tensor) => {
          if (inputs.includes(tensor)) return tensor;
          // A leaf of its own: the graph behind it dies with the recording.
          const own = tensor.detach();
          moveTo(own, inner.parent);
          results.push(own);
          return own;
        }) as Result;
      } finally {
        inner[Symbol.dispose]();
        stream.flush();
      }
    });
  } catch (error) {
    for (const storage of recorded.constants) storage.release();
    for (const own of results) own.dispose();
    throw error;
  }
  return { result: result as Result, program: Program.make(recorded, key, inputs, result) };
}

/** A value with each tensor in it, in arrays and plain objects to any depth, replaced. */
function mapTensors(value: unknown, change: (tensor: Tensor) => unknown): unknown {
  if (value instanceof Tensor) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, change));
  if (isPlain(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTensors(item, change)]));
  }
  return value;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Something that a list takes from outside at each call: where its handle and offset stand. */
interface Binding {
  /** The memory at this call. */
  readonly array: (inputs: readonly unknown[]) => NDArray;
  readonly handles: readonly number[];
  /** Where offsets stand, and what they are beyond the array's own. */
  readonly offsets: readonly [at: number, beyond: number][];
}

/** A recording, ready to be run again. */
class Program implements Disposable {
  readonly list: List;
  readonly #key: string;
  readonly #stream: Stream;
  readonly #layout: Layout;
  /** Arguments that are no tensors. */
  readonly #others: readonly [place: number, value: unknown][];
  readonly #guards: readonly Guard[];
  readonly #bindings: Binding[] = [];
  readonly #ownHandles: number[] = [];
  /** Memory from outside that the words name by its handle. */
  readonly #held: Storage[];
  readonly #results: Template;
  readonly #escaping: Slot[] = [];
  readonly #gradients: { tensor: Tensor; replaced: boolean; after: Template | null }[] = [];
  readonly #eagerBytes: number;

  /** The program of a recording; null if memory that was made inside lives on, as state set up at the first call does. */
  static make(recorded: Recording, key: string, inputs: readonly unknown[], result: unknown): Program | null {
    const constants = new Set(recorded.constants.map((storage) => storage.handle));
    const list = parse(recorded.words, recorded.actions, (handle) => constants.has(handle));
    const alive = new Map(
      list.slots.filter((slot) => slot.bytes !== null && !slot.freed).map((slot) => [slot.handle, slot]),
    );
    const known = new Set<Slot>();
    const template = (value: unknown): Template => {
      if (Array.isArray(value)) return { kind: "array", items: value.map(template) };
      if (isPlain(value)) {
        return { kind: "object", entries: Object.entries(value).map(([name, item]) => [name, template(item)]) };
      }
      if (!(value instanceof Tensor)) return { kind: "value", value };
      const place = inputs.indexOf(value);
      if (place >= 0) return { kind: "input", place };
      const { storage, shape, strides, offset, dtype } = value.array, slot = alive.get(storage.handle);
      if (slot === undefined) return { kind: "value", value };
      known.add(slot);
      return { kind: "own", slot, shape, strides, offset, dtype };
    };
    const results = template(result);
    const gradients = [...recorded.gradients.values()].map((use) => {
      const grad = use.tensor.grad;
      const after = !use.written || grad === null ? null : template(grad);
      return { use, after };
    });
    if ([...alive.values()].some((slot) => !known.has(slot))) {
      for (const storage of recorded.constants) storage.release();
      return null;
    }
    for (const slot of known) slot.escapes = true;
    return new Program(recorded, key, inputs, list, results, gradients);
  }

  private constructor(
    recorded: Recording,
    key: string,
    inputs: readonly unknown[],
    list: List,
    results: Template,
    gradients: {
      use: { tensor: Tensor; found: Tensor | null; written: boolean; read: boolean };
      after: Template | null;
    }[],
  ) {
    this.#eagerBytes = list.slots.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
    this.list = passes.reduce((current, pass) => pass(current), list);
    this.#layout = layOut(this.list);
    this.#key = key;
    this.#stream = recorded.stream;
    this.#results = results;
    this.#others = inputs.map((value, place): [number, unknown] => [place, value])
      .filter(([, value]) => !(value instanceof Tensor));

    const { words, handles } = this.#layout, bound = new Set<Slot>(), guards: Guard[] = [...recorded.guards];
    const slotOf = new Map(
      [...handles.keys()].filter(({ bytes }) => bytes === null).map((slot) => [slot.handle, slot]),
    );
    const bind = (array: NDArray, now: Binding["array"]) => {
      const slot = slotOf.get(array.storage.handle);
      if (slot === undefined || bound.has(slot)) return;
      bound.add(slot);
      const places = handles.get(slot)!;
      this.#bindings.push({
        array: now,
        handles: places,
        offsets: places.map((at): [number, number] => [at + 2, words[at + 2]! - array.offset]),
      });
    };
    inputs.forEach((input, place) => {
      if (input instanceof Tensor) bind(input.array, (inputs) => (inputs[place] as Tensor).array);
    });
    const withGradients = gradientsEnabled(), stream = this.#stream;
    guards.push(() => gradientsEnabled() === withGradients, () => streamOf() === stream || inputs.length > 0);
    for (const { use: { tensor, found, written, read }, after } of gradients) {
      if (read) guards.push(() => (tensor.grad === null) === (found === null));
      if (read && found !== null) {
        const { shape, dtype } = found.array;
        guards.push(() =>
          sameShape(tensor.grad!.shape, shape) && tensor.grad!.dtype === dtype && tensor.grad!.array.contiguous
        );
        bind(found.array, () => tensor.grad!.array);
      }
      if (!written) continue;
      const kept = after?.kind === "value" && after.value === found;
      if (!kept) this.#gradients.push({ tensor, replaced: !read, after });
    }
    // What is left from outside is held by its memory, as long as its tensor shows that.
    this.#held = recorded.constants.slice();
    for (const [tensor, storage] of recorded.tensors) {
      const slot = slotOf.get(storage.handle);
      if (slot === undefined || bound.has(slot) || recorded.constants.includes(storage)) continue;
      // Views that were made inside are gone by now.
      if (tensor.cachedData !== null) guards.push(() => tensor.cachedData?.storage === storage);
      if (this.#held.includes(storage)) continue;
      storage.retain();
      this.#held.push(storage);
    }
    this.#guards = guards;
    for (const [slot, places] of handles) {
      if (slot.bytes === null) {
        if (!bound.has(slot)) { for (const at of places) words[at] = slot.handle; }
      } else if (slot.escapes) {
        this.#escaping.push(slot);
      } else {
        const handle = this.#stream.takeHandle();
        this.#ownHandles.push(handle);
        for (const at of places) words[at] = handle;
      }
    }
  }

  get memory(): ProgramMemory {
    return {
      bytes: this.#layout.bytes,
      eagerBytes: this.#eagerBytes,
      instructions: this.list.instructions.filter(({ words }) => words.length > 0).length,
    };
  }

  /** Whether these inputs and the state of the world are those of the recording. */
  fits(key: string, inputs: readonly unknown[]): boolean {
    return key === this.#key && this.#others.every(([place, value]) => Object.is(inputs[place], value)) &&
      this.#guards.every((holds) => holds());
  }

  run(inputs: readonly unknown[]): unknown {
    const fresh = this.#prepare(inputs);
    try {
      this.#stream.replay(this.#layout.words, this.#layout.cuts);
    } catch (error) {
      for (const storage of fresh.values()) storage.destroy();
      throw error;
    }
    return this.#finish(inputs, fresh);
  }

  async runAsync(inputs: readonly unknown[]): Promise<unknown> {
    const fresh = this.#prepare(inputs);
    try {
      await this.#stream.replayAsync(this.#layout.words, this.#layout.cuts);
    } catch (error) {
      for (const storage of fresh.values()) storage.destroy();
      throw error;
    }
    return this.#finish(inputs, fresh);
  }

  /** Fills in what changes from call to call. */
  #prepare(inputs: readonly unknown[]): Map<Slot, Storage> {
    const { words, handles, actions } = this.#layout;
    // A gradient that will be replaced unread is let go first, so that the new one may take its memory.
    for (const { tensor, replaced } of this.#gradients) if (replaced) tensor.grad = null;
    for (const { array, handles, offsets } of this.#bindings) {
      const { storage, offset } = array(inputs);
      for (const at of handles) words[at] = storage.handle;
      for (const [at, beyond] of offsets) words[at] = beyond + offset;
    }
    const fresh = new Map<Slot, Storage>();
    for (const slot of this.#escaping) {
      const storage = this.#stream.allocate(slot.bytes!);
      fresh.set(slot, storage);
      for (const at of handles.get(slot)!) words[at] = storage.handle;
    }
    for (const action of actions) act(words, action);
    return fresh;
  }

  /** Makes the results and sets the gradients. */
  #finish(inputs: readonly unknown[], fresh: Map<Slot, Storage>): unknown {
    const taken = new Set<Storage>();
    const build = (template: Template): unknown => {
      switch (template.kind) {
        case "own": {
          const { slot, shape, strides, offset, dtype } = template, storage = fresh.get(slot)!;
          // The first to show it takes over the reference that it was made with.
          if (taken.has(storage)) storage.retain();
          taken.add(storage);
          return Tensor.makeConst(
            new NDArray(storage, shape, strides, offset, dtype, isContiguous(shape, strides)),
          );
        }
        case "input":
          return inputs[template.place];
        case "value":
          return template.value;
        case "array":
          return template.items.map(build);
        case "object":
          return Object.fromEntries(template.entries.map(([name, item]) => [name, build(item)]));
        default:
          return template satisfies never;
      }
    };
    const result = build(this.#results);
    for (const { tensor, after } of this.#gradients) {
      tensor.grad = after === null ? null : build(after) as Tensor;
    }
    return result;
  }

  [Symbol.dispose](): void {
    for (const storage of this.#held.splice(0)) storage.release();
    for (const handle of this.#ownHandles.splice(0)) this.#stream.giveHandle(handle);
  }
}

function act(words: Float64Array, action: Action): void {
  if ("at" in action) words[action.at] = action.read();
  else action.run();
}

/** The list as a graph: boxes are instructions, arrows are the memory that they pass on. */
function toDot(list: List): string {
  const lines = show({ ...list, instructions: list.instructions }).split("\n").filter((line) =>
    !line.startsWith("group")
  );
  const edges: string[] = [], writers = new Map<Slot, number>();
  list.instructions.filter(({ words }) => words.length > 0).forEach(({ views }, place) => {
    for (const { slot } of views.slice(1)) {
      const writer = writers.get(slot);
      if (writer !== undefined) edges.push(`  n${writer} -> n${place};`);
    }
    if (views.length > 0) writers.set(views[0]!.slot, place);
  });
  const nodes = lines.map((line, place) => `  n${place} [shape=box, label=${JSON.stringify(line.trim())}];`);
  return `digraph {\n${nodes.join("\n")}\n${edges.join("\n")}\n}`;
}
