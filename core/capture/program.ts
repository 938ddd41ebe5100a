/**
 * A recording made ready to be run again: each call fills in the memory and numbers that changed, runs all instructions
 * at once, and makes the results.
 */
import { autocastType, gradientsEnabled } from "../ambient/modes.ts";
import type { Arguments } from "./arguments.ts";
import { chosenStream } from "../array/devices.ts";
import { type Layout, layOut, type List, type Slot, target } from "./list.ts";
import { NDArray } from "../array/ndarray.ts";
import { ofView } from "../../kernels/schema.ts";
import { passes } from "./passes/mod.ts";
import {
  type Call,
  formOf,
  type GradientPlan,
  type Locate,
  type Plan,
  planOf,
  type Recorded,
  type Template,
  type ViewTemplate,
} from "./plan.ts";
import type { Storage, Stream } from "../array/stream.ts";
import type { Begun } from "../array/turns.ts";
import { unwatch, type Watch, watchProgram } from "../array/unowned.ts";
import type { Action, Guard } from "./recording.ts";
import { Tensor } from "../tensor/tensor.ts";
import { UnseenGradient } from "../tensor/late_gradient.ts";

/** What a captured function uses. */
export interface ProgramMemory {
  /** The most bytes that values between inputs and results take at once. */
  bytes: number;
  /** The most bytes of an eager call in a scope, which keeps all tensors to its end but those that `backward()` is done with. */
  eagerBytes: number;
  /** How many instructions are left after the passes that shorten the list. */
  instructions: number;
}

/** What a program holds and must give back at its end. */
class Held {
  readonly storages: Storage[];
  readonly handles: number[] = [];
  readonly unseen: Unseen[];

  constructor(readonly stream: Stream, { constants, gradients }: Plan, live: Iterable<Storage>) {
    this.storages = [...constants, ...live];
    this.unseen = gradients.flatMap(unseenOf);
  }

  release(): void {
    for (const one of this.unseen.splice(0)) settle(one);
    for (const storage of this.storages.splice(0)) storage.release();
    for (const handle of this.handles.splice(0)) this.stream.giveHandle(handle);
  }
}

/** A gradient that the program leaves on a tensor as memory: it becomes a tensor when somebody looks at it. */
interface Unseen {
  readonly tensor: Tensor;
  readonly slot: Slot;
  readonly show: (storage: Storage) => NDArray;
  gradient: UnseenGradient;
}

/** The gradient, if nothing else shows its memory, as a list of one or none. */
function unseenOf({ after, unshared }: GradientPlan): Unseen[] {
  if (unshared === null || after?.kind !== "view") return [];
  const show = (storage: Storage) => arrayOf(after, storage, 0);
  return [{ ...unshared, show, gradient: new UnseenGradient(show) }];
}

/** Ends the program's hold on a gradient: if the tensor still has it, it becomes a tensor that no replay writes to. */
function settle({ tensor, gradient }: Unseen): void {
  if (tensor.holdsUnseen(gradient)) void tensor.grad;
  else gradient.drop();
}

/** A recording, ready to be run again. */
export class Program implements Disposable {
  readonly list: List;
  readonly #plan: Plan;
  readonly #layout: Layout;
  readonly #held: Held;
  readonly #watched: Watch;
  readonly #liveStorages: ReadonlySet<Storage>;
  readonly #pinnedStorages: ReadonlySet<Storage>;
  readonly #guards: readonly Guard[];
  /** Memory that may be another at each call, and the words where its handles stand; the offsets follow two words later. */
  readonly #bindings: { locate: Locate; handles: readonly number[]; beyond: readonly number[] }[] = [];
  readonly #escaping: readonly Slot[];
  /** Memory from outside that the instructions write to: parameters, state and gradients. */
  readonly #written: readonly Locate[];
  /** How many calls are under way. */
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
    const { stream, list, live } = plan;
    this.#plan = plan;
    this.list = passes.reduce((current, pass) => pass(current), list);
    this.#layout = layOut(this.list);
    const unshared = new Set(plan.gradients.map(({ unshared }) => unshared?.slot));
    this.#escaping = list.slots.filter((slot) => slot.escapes && !unshared.has(slot));
    const targets = new Set(this.list.instructions.map((instruction) => target(instruction)?.slot));
    this.#written = [...targets].flatMap((slot) => slot?.bytes === null ? [plan.sources.get(slot.handle)!.locate] : []);
    this.#liveStorages = new Set(live.map(({ storage }) => storage));
    this.#pinnedStorages = new Set([...plan.pinned.values()].map(({ storage }) => storage));
    const withGradients = gradientsEnabled(), autocast = autocastType(), byDefault = chosenStream();
    this.#guards = [
      ...plan.guards,
      () => gradientsEnabled() === withGradients,
      () => autocastType() === autocast,
      () => chosenStream() === byDefault,
    ];
    // The program keeps this memory whatever becomes of the tensors that show it. The constants are its own already.
    for (const storage of this.#liveStorages) storage.retain();
    this.#held = new Held(stream, plan, this.#liveStorages);
    try {
      this.#bind(this.#runOnce());
    } catch (error) {
      this.#held.release();
      throw error;
    }
    // Other tensors count for the memory that the program only shares.
    const own = this.#held.storages.filter(({ references }) => references === 1);
    this.#watched = watchProgram(this, this.#held, own.reduce((sum, { bytes }) => sum + bytes, 0));
  }

  /** Writes the handles of memory that is the same at each call, and notes where those of other memory stand. */
  #bind(kept: ReadonlyMap<Slot, Storage>): void {
    const { stream, sources } = this.#plan, { words, handles } = this.#layout;
    const write = (places: readonly number[], handle: number) => {
      for (const at of places) words[at] = handle;
    };
    for (const [slot, places] of handles) {
      if (slot.escapes) continue;
      const once = kept.get(slot);
      if (once !== undefined) {
        write(places, once.handle);
      } else if (slot.bytes !== null) {
        const handle = stream.takeHandle();
        this.#held.handles.push(handle);
        write(places, handle);
      } else {
        const { locate, offset, fixed } = sources.get(slot.handle)!;
        if (fixed !== null) write(places, fixed.handle);
        else {this.#bindings.push({
            locate,
            handles: places,
            beyond: places.map((at) => words[at + ofView.offset]! - offset),
          });}
      }
    }
  }

  /** Runs the instructions that need to run only once, and says which memory holds their results. */
  #runOnce(): Map<Slot, Storage> {
    const { stream } = this.#plan, { once } = this.list;
    const found = new Map<Slot, Storage>();
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
      eagerBytes: this.#plan.eagerBytes,
      instructions: this.list.instructions.filter(({ words }) => words.length > 0).length,
    };
  }

  /** Whether the recording holds for these inputs and for the state of the world at hand. */
  fits(inputs: Arguments): boolean {
    const { constantArguments, live, pinned } = this.#plan;
    if (!inputs.resembles(this.#plan.pattern)) return false;
    if (!constantArguments.every(([place, value]) => Object.is(inputs.leaves[place], value))) return false;
    for (const { tensor, storage, requiresGrad } of live) {
      const array = tensor.cachedData;
      if ((array !== null && array.storage !== storage) || tensor.requiresGrad !== requiresGrad) return false;
    }
    for (const [place, { storage, offset }] of pinned) {
      const array = inputs.array(place);
      if (array.storage !== storage || array.offset !== offset) return false;
    }
    // Inputs may show a live tensor's memory only where they did so in the recording.
    for (const storage of inputs.storages) {
      if (this.#liveStorages.has(storage) && !this.#pinnedStorages.has(storage)) return false;
    }
    return this.#fitGradients(inputs) && this.#guards.every((holds) => holds());
  }

  /** Whether the gradients that the list reads are of the recorded forms, each in memory of its own. */
  #fitGradients(inputs: Arguments): boolean {
    let read: Set<Storage> | null = null;
    for (const { owner, before } of this.#plan.gradients) {
      if (before === undefined) continue;
      const array = owner(inputs).grad?.array;
      if (array === undefined || before === null) {
        if (array !== undefined || before !== null) return false;
        continue;
      }
      const { storage } = array;
      if (formOf(array) !== before || inputs.shows(storage) || this.#liveStorages.has(storage)) return false;
      if (read?.has(storage)) return false;
      (read ??= new Set()).add(storage);
    }
    return true;
  }

  /** True once the program can never fit again: a tensor that it updates or reads shows other memory now. */
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
      const { words, checked, cuts, activities } = this.#layout;
      try {
        this.#plan.stream.replay(words, checked, cuts, activities);
        return this.#finish(call);
      } catch (error) {
        // The gradients of the last call may be overwritten in part.
        for (const { tensor, gradient } of this.#held.unseen) if (tensor.holdsUnseen(gradient)) tensor.resetGrad();
        throw error;
      }
    } finally {
      this.#end(call);
    }
  }

  /** Begins a call on a thread of the device's own, where it has one. */
  start(inputs: Arguments): Begun<unknown> {
    // The gradients of the last call can be looked at until this call is done: it computes into memory of its own.
    for (const one of this.#held.unseen) {
      settle(one);
      one.gradient = new UnseenGradient(one.show);
    }
    this.#running++;
    let call: Call | null = null;
    const used: Storage[] = [];
    const end = () => {
      for (const storage of used) storage.release();
      this.#end(call);
    };
    try {
      const begun = call = this.#prepare(inputs);
      // Memory that the thread has yet to read must stay, though its tensor may be freed meanwhile.
      used.push(...inputs.storages, ...call.gradientsFound.map(({ storage }) => storage));
      for (const storage of used) storage.retain();
      const { words, checked, cuts, activities } = this.#layout;
      const started = this.#plan.stream.startReplay(words, checked, cuts, activities);
      return {
        started,
        end: () => {
          try {
            started?.finish();
            return this.#finish(begun);
          } finally {
            end();
          }
        },
      };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Gives back what belongs to a call, and all that the program holds if it was disposed of during the call. */
  #end(call: Call | null): void {
    if (call !== null) { for (const storage of call.fresh.values()) storage.release(); }
    if (--this.#running === 0 && this.#isDisposed) this.#held.release();
  }

  /** Fills in what changes from call to call. */
  #prepare(inputs: Arguments): Call {
    const { stream, gradients } = this.#plan, { words, handles, actions, checked } = this.#layout;
    const gradientsFound: NDArray[] = [];
    for (const { owner, before } of gradients) {
      if (typeof before === "string") gradientsFound.push(owner(inputs).grad!.array);
    }
    const fresh = new Map<Slot, Storage>(), call = { inputs, gradientsFound, fresh };
    for (const { locate, handles, beyond } of this.#bindings) {
      const { storage, offset } = locate(call);
      for (let k = 0; k < handles.length; k++) {
        const at = handles[k]!;
        words[at] = storage.handle;
        words[at + ofView.offset] = beyond[k]! + offset;
      }
    }
    // The checks come first: a call that they refuse has changed neither counts on the host nor memory.
    if (checked > 0) stream.replay(words, 0, [checked]);
    for (const locate of this.#written) locate(call).storage.wasWritten();
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
    const { gradients, results } = this.#plan;
    for (const { owner, after, unshared } of gradients) {
      if (after === undefined || unshared !== null) continue;
      owner(call.inputs).grad = after === null ? null : build(after, call) as Tensor;
    }
    for (const { tensor, gradient } of this.#held.unseen) tensor.leaveGradient(gradient);
    return build(results, call);
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    unwatch(this.#watched);
    this.#isDisposed = true;
    // A call that still waits for its thread names memory that the program holds: it gives that back at its end.
    if (this.#running === 0) this.#held.release();
  }
}

/** A result of a call. */
function build(template: Template, call: Call): unknown {
  switch (template.kind) {
    case "existing":
      return template.find(call);
    case "view": {
      const { storage, offset } = template.locate(call);
      storage.retain();
      return Tensor.makeConst(arrayOf(template, storage, offset));
    }
    case "array":
      return template.items.map((item) => build(item, call));
    case "object":
      return Object.fromEntries(template.entries.map(([name, item]) => [name, build(item, call)]));
    default:
      return template satisfies never;
  }
}

function arrayOf(view: ViewTemplate, storage: Storage, offset: number): NDArray {
  const { beyond, shape, strides, dtype, contiguous } = view;
  return new NDArray(storage, shape, strides, beyond + offset, dtype, contiguous);
}

function act(words: Float64Array, action: Action): void {
  if ("at" in action) words[action.at] = action.read();
  else action.run();
}
