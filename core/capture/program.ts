/**
 * A recording made ready to be run again: which memory its instructions take from outside at each call, when it still
 * holds, and how its results and effects are made.
 */
import { autocastType, gradientsEnabled } from "../ambient/modes.ts";
import { type Arguments, isPlain, type Pattern } from "./arguments.ts";
import { chosenStream, streamOf } from "../array/devices.ts";
import type { DType } from "../pure/dtype.ts";
import { type Layout, layOut, type List, parse, peakBytes, type Slot } from "./list.ts";
import { NDArray } from "../array/ndarray.ts";
import { passes } from "./passes/mod.ts";
import type { Storage, Stream } from "../array/stream.ts";
import type { Action, Guard, Recording } from "./recording.ts";
import type { Shape } from "../pure/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { UnseenGradient } from "../tensor/late_gradient.ts";

/** What a captured function uses. */
export interface ProgramMemory {
  /** The most bytes that values between inputs and results take at once. */
  bytes: number;
  /** The same of an eager call in a scope, which keeps what it makes to the end, save what `backward()` is done with. */
  eagerBytes: number;
  /** How many there are left after the passes that shorten the list. */
  instructions: number;
}

/** One call of a program. */
interface Call {
  readonly inputs: Arguments;
  /** The gradients that the list reads, as the call found them. */
  readonly found: readonly NDArray[];
  /** New memory for what outlives the list. */
  readonly fresh: ReadonlyMap<Slot, Storage>;
}

/** Memory as one call finds it. */
type Find = (call: Call) => { readonly storage: Storage; readonly offset: number };

/** Memory that a list takes from outside: where it was when it was recorded, and where it is at a call. */
interface Source {
  readonly offset: number;
  readonly now: Find;
  /** The memory, where it is the same at each call. */
  readonly fixed: Storage | null;
}

/** A tensor that shows a part of some memory. */
interface View {
  readonly kind: "view";
  readonly now: Find;
  readonly beyond: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly dtype: DType;
  readonly contiguous: boolean;
}

/** How a result is made at each replay. */
type Template =
  | { kind: "is"; now: (call: Call) => unknown }
  | View
  | { kind: "array"; items: Template[] }
  | { kind: "object"; entries: [string, Template][] };

/** A tensor's `.grad`: how it must be found, and as what it is left. */
interface Gradient {
  readonly owner: (inputs: Arguments) => Tensor;
  /** Its layout if it is read, null if it must be absent, undefined if it does not matter. */
  readonly wanted: string | null | undefined;
  /** How the new one is made: undefined if it stays, null if it is taken away. */
  readonly after: Template | null | undefined;
  /** The memory that it alone shows, and the tensor whose it is: nobody need make one of it. */
  readonly alone: { readonly tensor: Tensor; readonly slot: Slot } | null;
}

/** A tensor from outside that the function closes over. */
interface Live {
  readonly tensor: Tensor;
  readonly storage: Storage;
  readonly requiresGrad: boolean;
}

/** All that a recording came to. */
interface Plan {
  readonly stream: Stream;
  readonly list: List;
  /** What arguments must be like. */
  readonly pattern: Pattern;
  /** Arguments that are no tensors. */
  readonly others: readonly [place: number, value: unknown][];
  /** Memory from outside, by the handle that it had. */
  readonly sources: ReadonlyMap<number, Source>;
  readonly live: readonly Live[];
  /** Inputs that show the memory of a live tensor. */
  readonly pinned: ReadonlyMap<number, { storage: Storage; offset: number }>;
  readonly guards: readonly Guard[];
  readonly gradients: readonly Gradient[];
  readonly results: Template;
  readonly constants: readonly Storage[];
  readonly eagerBytes: number;
}

/** What was called, and what came of it. */
export interface Recorded {
  readonly recording: Recording;
  readonly inputs: Arguments;
  /** The memory of the inputs, by their places. */
  readonly arrays: ReadonlyMap<number, NDArray>;
  readonly result: unknown;
  /** The tensors in the result that were made for it. */
  readonly own: ReadonlySet<Tensor>;
}

/**
 * What a replay must do to do the same. Null if none could: where memory that was made inside lives on, as state set up
 * at the first call does, or where the function freed what it was given.
 */
function planOf({ recording, inputs, arrays, result, own }: Recorded): Plan | null {
  const { constants, words, actions, guards } = recording;
  const filled = new Set(constants.map((storage) => storage.handle));
  const list = parse(words, actions, (handle) => filled.has(handle));
  const made = new Map<number, Slot>();
  for (const slot of list.slots) if (slot.bytes !== null && !slot.freed) made.set(slot.handle, slot);
  // Leaves that were made inside are gone by now, and so are their gradients.
  const uses = [...recording.gradients.values()].filter(({ tensor }) => tensor.cachedData !== null);
  const read = uses.filter((use) => use.read && use.array !== null);

  const sources = new Map<number, Source>(), live: Live[] = [];
  const hold = (storage: Storage) =>
    sources.set(storage.handle, { offset: 0, now: () => ({ storage, offset: 0 }), fixed: storage });
  constants.forEach(hold);
  for (const [tensor, storage] of recording.tensors) {
    if (tensor.cachedData === null || made.has(storage.handle) || read.some(({ found }) => found === tensor)) continue;
    live.push({ tensor, storage, requiresGrad: tensor.requiresGrad });
    hold(storage);
  }
  const pinned = new Map<number, { storage: Storage; offset: number }>();
  for (const [place, { storage, offset }] of arrays) {
    if (live.some((one) => one.storage === storage)) pinned.set(place, { storage, offset });
    else if (!sources.has(storage.handle)) {
      sources.set(storage.handle, { offset, now: ({ inputs }) => inputs.tensor(place).array, fixed: null });
    }
  }
  for (const [k, { array }] of read.entries()) {
    const { handle } = array!.storage;
    // Two names for one memory, of which either may change: not worth the bookkeeping.
    if (sources.has(handle)) return null;
    sources.set(handle, { offset: array!.offset, now: ({ found }) => found[k]!, fixed: null });
  }
  if (list.slots.some(({ bytes, handle }) => bytes === null && !sources.has(handle))) return null;

  const places = new Map(inputs.leaves.map((leaf, place) => [leaf, place]));
  const ownerOf = (tensor: Tensor) => {
    const place = places.get(tensor);
    return place === undefined ? () => tensor : (now: Arguments) => now.tensor(place);
  };
  const shown = new Map<Slot, Set<NDArray>>();
  const view = (tensor: Tensor): Template => {
    const place = places.get(tensor);
    if (place !== undefined) return { kind: "is", now: ({ inputs }) => inputs.tensor(place) };
    const { array } = tensor,
      { shape, strides, offset, dtype, contiguous } = array,
      slot = made.get(array.storage.handle);
    if (slot === undefined) {
      const source = sources.get(array.storage.handle);
      if (source === undefined) return { kind: "is", now: () => tensor };
      return { kind: "view", now: source.now, beyond: offset - source.offset, shape, strides, dtype, contiguous };
    }
    shown.set(slot, (shown.get(slot) ?? new Set()).add(array));
    const now: Find = ({ fresh }) => ({ storage: fresh.get(slot)!, offset: 0 });
    return { kind: "view", now, beyond: offset, shape, strides, dtype, contiguous };
  };
  const template = (value: unknown): Template => {
    if (Array.isArray(value)) return { kind: "array", items: value.map(template) };
    if (isPlain(value)) {
      return { kind: "object", entries: Object.entries(value).map(([name, item]) => [name, template(item)]) };
    }
    if (value instanceof Tensor && (own.has(value) || places.has(value))) return view(value);
    const use = value instanceof Tensor ? uses.find(({ tensor }) => tensor.grad === value) : undefined;
    if (use === undefined) return { kind: "is", now: () => value };
    const owner = ownerOf(use.tensor);
    return { kind: "is", now: ({ inputs }) => owner(inputs).grad };
  };
  const gradients = uses.map(({ tensor, found, array, read, written }): Gradient => {
    const { grad } = tensor, stays = !written || (read && grad === found);
    return {
      owner: ownerOf(tensor),
      wanted: read ? (array === null ? null : layoutOf(array)) : undefined,
      after: stays ? undefined : grad === null ? null : view(grad),
      alone: null,
    };
  });
  const results = template(result);
  for (const slot of made.values()) {
    const arrays = [...shown.get(slot) ?? []];
    // Somebody beside the results and gradients holds it.
    if (arrays.length === 0 || arrays[0]!.storage.references !== arrays.length) return null;
    slot.escapes = true;
  }
  // An input's gradient is a new tensor at each call, like a result.
  const alone = gradients.map((gradient, k): Gradient => {
    const { tensor } = uses[k]!;
    if (gradient.after?.kind !== "view" || places.has(tensor)) return gradient;
    const slot = made.get(tensor.grad!.array.storage.handle);
    return slot !== undefined && shown.get(slot)!.size === 1 ? { ...gradient, alone: { tensor, slot } } : gradient;
  });
  const others = [...inputs.leaves.entries()].filter(([, leaf]) => !(leaf instanceof Tensor));
  return {
    stream: recording.stream ?? streamOf(),
    list,
    pattern: { structure: inputs.structure, given: inputs.given },
    others,
    sources,
    live,
    pinned,
    guards,
    gradients: alone,
    results,
    constants,
    eagerBytes: peakBytes(words),
  };
}

function layoutOf({ shape, strides, dtype }: NDArray): string {
  return `${dtype} ${shape} ${strides}`;
}

/** What a program must give back. */
interface Held {
  readonly stream: Stream;
  readonly storages: Storage[];
  readonly handles: number[];
  readonly unseen: Unseen[];
}

/** A gradient that the program leaves, and where it does. */
interface Unseen {
  readonly tensor: Tensor;
  readonly slot: Slot;
  readonly show: (storage: Storage) => NDArray;
  gradient: UnseenGradient;
}

/** Cuts the gradient loose: where it still is a tensor's own, it becomes one that nobody else writes to. */
function settle({ tensor, gradient }: Unseen): void {
  if (tensor.holdsUnseen(gradient)) void tensor.grad;
  else gradient.drop();
}

function letGo({ stream, storages, handles, unseen }: Held): void {
  for (const one of unseen.splice(0)) settle(one);
  for (const storage of storages.splice(0)) storage.release();
  for (const handle of handles.splice(0)) stream.giveHandle(handle);
}

/** The last net under captured functions that nobody disposes of. */
const registry = new FinalizationRegistry<Held>(letGo);

/** A recording, ready to be run again. */
export class Program implements Disposable {
  readonly list: List;
  readonly #plan: Plan;
  readonly #layout: Layout;
  readonly #eagerBytes: number;
  readonly #held: Held;
  readonly #liveStorages: ReadonlySet<Storage>;
  readonly #pinnedStorages: ReadonlySet<Storage>;
  readonly #guards: readonly Guard[];
  /** Where the handles and offsets of memory stand that is another at each call. */
  readonly #bindings: { now: Find; handles: readonly number[]; beyond: readonly number[] }[] = [];
  readonly #escaping: readonly Slot[];
  /** Calls under way. */
  #running = 0;
  #isDisposed = false;

  /** The program of a recording, or null if it cannot be replayed. */
  static make(recorded: Recorded): Program | null {
    const plan = planOf(recorded);
    if (plan !== null) return new Program(plan);
    for (const storage of recorded.recording.constants) storage.release();
    return null;
  }

  private constructor(plan: Plan) {
    const { stream, list, sources, live, constants } = plan;
    this.#plan = plan;
    this.#eagerBytes = plan.eagerBytes;
    this.list = passes.reduce((current, pass) => pass(current), list);
    this.#layout = layOut(this.list);
    const alone = new Set(plan.gradients.map(({ alone }) => alone?.slot));
    this.#escaping = list.slots.filter((slot) => slot.escapes && !alone.has(slot));
    this.#liveStorages = new Set(live.map(({ storage }) => storage));
    this.#pinnedStorages = new Set([...plan.pinned.values()].map(({ storage }) => storage));
    const withGradients = gradientsEnabled(), autocast = autocastType(), byDefault = chosenStream();
    this.#guards = [
      ...plan.guards,
      () => gradientsEnabled() === withGradients,
      () => autocastType() === autocast,
      () => chosenStream() === byDefault,
    ];
    // It keeps this memory whatever becomes of the tensors that show it. The constants are its own already.
    for (const storage of this.#liveStorages) storage.retain();
    const unseen = plan.gradients.flatMap(({ after, alone }): Unseen[] => {
      if (alone === null || after?.kind !== "view") return [];
      const show = (storage: Storage) => arrayOf(after, storage, 0);
      return [{ ...alone, show, gradient: new UnseenGradient(show) }];
    });
    this.#held = { stream, storages: [...constants, ...this.#liveStorages], handles: [], unseen };
    registry.register(this, this.#held, this);

    const kept = this.#runOnce(), { words, handles } = this.#layout;
    for (const [slot, places] of handles) {
      if (slot.escapes) continue;
      const once = kept.get(slot);
      if (once !== undefined) {
        for (const at of places) words[at] = once.handle;
      } else if (slot.bytes !== null) {
        const handle = stream.takeHandle();
        this.#held.handles.push(handle);
        for (const at of places) words[at] = handle;
      } else {
        const { now, offset, fixed } = sources.get(slot.handle)!;
        if (fixed !== null) {
          for (const at of places) words[at] = fixed.handle;
        } else {
          this.#bindings.push({ now, handles: places, beyond: places.map((at) => words[at + 2]! - offset) });
        }
      }
    }
  }

  /** Computes what stays the same, and says which memory holds it. */
  #runOnce(): Map<Slot, Storage> {
    const { stream } = this.#plan, found = new Map<Slot, Storage>(), { once } = this.list;
    if (once === undefined || once.kept.size === 0) return found;
    const results = new Set(once.kept.values()), own: number[] = [];
    const { words, handles, cuts } = layOut({ instructions: once.instructions, slots: [] }, results);
    for (const [stand, slot] of once.kept) {
      const storage = stream.allocate(slot.bytes!);
      this.#held.storages.push(storage);
      found.set(stand, storage);
      for (const at of handles.get(slot)!) words[at] = storage.handle;
    }
    for (const [slot, places] of handles) {
      if (results.has(slot)) continue;
      const handle = slot.bytes === null ? slot.handle : stream.takeHandle();
      if (slot.bytes !== null) own.push(handle);
      for (const at of places) words[at] = handle;
    }
    stream.replay(words, 0, cuts);
    for (const handle of own) stream.giveHandle(handle);
    return found;
  }

  get memory(): ProgramMemory {
    return {
      bytes: this.#layout.bytes,
      eagerBytes: this.#eagerBytes,
      instructions: this.list.instructions.filter(({ words }) => words.length > 0).length,
    };
  }

  /** Whether these inputs and the state of the world are those of the recording. */
  fits(inputs: Arguments): boolean {
    const { others, live, pinned, gradients } = this.#plan;
    if (
      !inputs.resembles(this.#plan.pattern) || !others.every(([place, value]) => Object.is(inputs.leaves[place], value))
    ) return false;
    for (const { tensor, storage, requiresGrad } of live) {
      const array = tensor.cachedData;
      if ((array !== null && array.storage !== storage) || tensor.requiresGrad !== requiresGrad) return false;
    }
    for (const [place, { storage, offset }] of pinned) {
      const { array } = inputs.tensor(place);
      if (array.storage !== storage || array.offset !== offset) return false;
    }
    // Inputs may not show memory that they did not show then.
    for (const storage of inputs.storages) {
      if (this.#liveStorages.has(storage) && !this.#pinnedStorages.has(storage)) return false;
    }
    let read: Set<Storage> | null = null;
    for (const { owner, wanted } of gradients) {
      if (wanted === undefined) continue;
      const array = owner(inputs).grad?.array;
      if (array === undefined || wanted === null) {
        if (array !== undefined || wanted !== null) return false;
        continue;
      }
      const { storage } = array;
      if (layoutOf(array) !== wanted || inputs.shows(storage) || this.#liveStorages.has(storage)) return false;
      if (read?.has(storage)) return false;
      (read ??= new Set()).add(storage);
    }
    return this.#guards.every((holds) => holds());
  }

  /** True once it can never fit again: a tensor that it updates or reads shows other memory now. */
  get isStale(): boolean {
    return this.#plan.live.some(({ tensor, storage }) =>
      tensor.cachedData !== null && tensor.cachedData.storage !== storage
    );
  }

  run(inputs: Arguments): unknown {
    this.#running++;
    let call: Call | null = null;
    try {
      call = this.#prepare(inputs);
      const { words, checked, cuts } = this.#layout;
      try {
        this.#plan.stream.replay(words, checked, cuts);
        return this.#finish(call);
      } catch (error) {
        // What it left the last time may be overwritten in part.
        for (const { tensor, gradient } of this.#held.unseen) if (tensor.holdsUnseen(gradient)) tensor.resetGrad();
        throw error;
      }
    } finally {
      this.#end(call);
    }
  }

  async runAsync(inputs: Arguments): Promise<unknown> {
    // Until it is done, the gradients of the last call can be looked at.
    for (const one of this.#held.unseen) {
      settle(one);
      one.gradient = new UnseenGradient(one.show);
    }
    this.#running++;
    let call: Call | null = null;
    const used: Storage[] = [];
    try {
      call = this.#prepare(inputs);
      // Whoever frees an input meanwhile may come before the thread that reads it.
      used.push(...inputs.storages, ...call.found.map(({ storage }) => storage));
      for (const storage of used) storage.retain();
      const { words, checked, cuts } = this.#layout;
      await this.#plan.stream.replayAsync(words, checked, cuts);
      return this.#finish(call);
    } finally {
      for (const storage of used) storage.release();
      this.#end(call);
    }
  }

  /** Gives back what belongs to a call, and what was to be given back in the course of it. */
  #end(call: Call | null): void {
    if (call !== null) { for (const storage of call.fresh.values()) storage.release(); }
    if (--this.#running === 0 && this.#isDisposed) letGo(this.#held);
  }

  /** Fills in what changes from call to call. */
  #prepare(inputs: Arguments): Call {
    const { stream, gradients } = this.#plan, { words, handles, actions, checked } = this.#layout;
    const found: NDArray[] = [];
    for (const { owner, wanted } of gradients) if (typeof wanted === "string") found.push(owner(inputs).grad!.array);
    const fresh = new Map<Slot, Storage>(), call = { inputs, found, fresh };
    for (const { now, handles, beyond } of this.#bindings) {
      const { storage, offset } = now(call);
      for (let k = 0; k < handles.length; k++) {
        const at = handles[k]!;
        words[at] = storage.handle;
        words[at + 2] = beyond[k]! + offset;
      }
    }
    // What they refuse has not changed anything: neither counts on the host nor memory.
    if (checked > 0) stream.replay(words, 0, [checked]);
    for (const action of actions) act(words, action);
    for (const slot of this.#escaping) {
      const storage = stream.allocate(slot.bytes!);
      fresh.set(slot, storage);
      for (const at of handles.get(slot) ?? []) words[at] = storage.handle;
    }
    for (const { slot, gradient } of this.#held.unseen) {
      const { handle } = gradient.memory(() => stream.allocate(slot.bytes!)), places = handles.get(slot) ?? [];
      if (words[places[0]!] !== handle) { for (const at of places) words[at] = handle; }
    }
    return call;
  }

  /** Makes the results and sets the gradients. */
  #finish(call: Call): unknown {
    const build = (template: Template): unknown => {
      switch (template.kind) {
        case "is":
          return template.now(call);
        case "view": {
          const { storage, offset } = template.now(call);
          storage.retain();
          return Tensor.makeConst(arrayOf(template, storage, offset));
        }
        case "array":
          return template.items.map(build);
        case "object":
          return Object.fromEntries(template.entries.map(([name, item]) => [name, build(item)]));
        default:
          return template satisfies never;
      }
    };
    const { gradients, results } = this.#plan;
    for (const { owner, after, alone } of gradients) {
      if (after === undefined || alone !== null) continue;
      owner(call.inputs).grad = after === null ? null : build(after) as Tensor;
    }
    for (const { tensor, gradient } of this.#held.unseen) tensor.leaveGradient(gradient);
    return build(results);
  }

  [Symbol.dispose](): void {
    registry.unregister(this);
    this.#isDisposed = true;
    // A call that a thread has yet to begin names what is held.
    if (this.#running === 0) letGo(this.#held);
  }
}

function arrayOf({ beyond, shape, strides, dtype, contiguous }: View, storage: Storage, offset: number): NDArray {
  return new NDArray(storage, shape, strides, beyond + offset, dtype, contiguous);
}

function act(words: Float64Array, action: Action): void {
  if ("at" in action) words[action.at] = action.read();
  else action.run();
}
