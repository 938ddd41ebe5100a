/**
 * What a recording came to: where each call finds the memory that the list takes from outside, in which state of the
 * world the recording holds, and how results and gradients are made anew.
 */
import type { Arguments, Pattern } from "./arguments.ts";
import { streamOf } from "../array/devices.ts";
import type { DType } from "../pure/dtype.ts";
import { isPlain } from "../pure/nested.ts";
import { type List, parse, peakBytes, type Slot } from "./list.ts";
import type { NDArray } from "../array/ndarray.ts";
import type { Storage, Stream } from "../array/stream.ts";
import type { GradientUse, Guard, Recording } from "./recording.ts";
import type { Shape } from "../pure/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** One call of a program. */
export interface Call {
  readonly inputs: Arguments;
  /** The gradients that the list reads, as the call found them. */
  readonly gradientsFound: readonly NDArray[];
  /** New memory for what outlives the list. */
  readonly fresh: ReadonlyMap<Slot, Storage>;
}

/** Where memory is at one call, and at which element of it the recorded memory began. */
export type Locate = (call: Call) => { readonly storage: Storage; readonly offset: number };

/** Memory that a list takes from outside. */
export interface Source {
  /** At which element it began when it was recorded. */
  readonly offset: number;
  readonly locate: Locate;
  /** The memory, where it is the same at each call. */
  readonly fixed: Storage | null;
}

/** How a tensor that shows a part of some memory is made. */
export interface ViewTemplate {
  readonly kind: "view";
  readonly locate: Locate;
  /** How many elements the tensor's first is beyond the place that `locate` finds. */
  readonly beyond: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly dtype: DType;
  readonly contiguous: boolean;
}

/** How a result is made at each replay. */
export type Template =
  /** The result is there already, as an input is. */
  | { kind: "existing"; find: (call: Call) => unknown }
  | ViewTemplate
  | { kind: "array"; items: Template[] }
  | { kind: "object"; entries: [string, Template][] };

/** What becomes of a tensor's `.grad` at a call. */
export interface GradientPlan {
  readonly owner: (inputs: Arguments) => Tensor;
  /** What the call must find: a gradient of this form, null for none, undefined where it does not matter. */
  readonly before: string | null | undefined;
  /** What the call leaves: a gradient that is made so, null for none, undefined where it stays as it was found. */
  readonly after: Template | null | undefined;
  /** Memory that this gradient alone shows, and the tensor that has it: no tensor is made of it before somebody looks. */
  readonly unshared: { readonly tensor: Tensor; readonly slot: Slot } | null;
}

/** A tensor from outside that the function closes over. */
export interface Live {
  readonly tensor: Tensor;
  readonly storage: Storage;
  readonly requiresGrad: boolean;
}

/** All that a recording came to. */
export interface Plan {
  readonly stream: Stream;
  readonly list: List;
  /** What the tensors among the arguments must be like. */
  readonly pattern: Pattern;
  /** Arguments that are no tensors. */
  readonly constantArguments: readonly [place: number, value: unknown][];
  /** Memory from outside, by the handle that it had. */
  readonly sources: ReadonlyMap<number, Source>;
  readonly live: readonly Live[];
  /** Inputs that show the memory of a live tensor, by their places. */
  readonly pinned: ReadonlyMap<number, { storage: Storage; offset: number }>;
  readonly guards: readonly Guard[];
  readonly gradients: readonly GradientPlan[];
  readonly results: Template;
  /** Memory that the host filled while the function was recorded. */
  readonly constants: readonly Storage[];
  readonly eagerBytes: number;
}

/** One call that was recorded. */
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
export function planOf(recorded: Recorded): Plan | null {
  const { recording, inputs, result } = recorded, { constants, words, actions, guards } = recording;
  const filledByHost = new Set(constants.map((storage) => storage.handle));
  const list = parse(words, actions, (handle) => filledByHost.has(handle), recording.activities);
  // Leaves that were made inside are gone by now, and so are their gradients.
  const uses = [...recording.gradients.values()].filter(({ tensor }) => tensor.cachedData !== null);
  const memory = memoryOf(recorded, list, uses);
  if (memory === null) return null;
  const templates = new Templates(recorded, memory, uses);
  const gradients = uses.map((use) => gradientOf(use, templates)), results = templates.ofValue(result);
  if (!letEscape(memory.made.values(), templates)) return null;
  return {
    stream: recording.stream ?? streamOf(),
    list,
    pattern: { structure: inputs.structure, given: inputs.given },
    constantArguments: [...inputs.leaves.entries()].filter(([, leaf]) => !(leaf instanceof Tensor)),
    sources: memory.sources,
    live: memory.live,
    pinned: memory.pinned,
    guards,
    gradients: gradients.map((gradient, k) => ({ ...gradient, unshared: unsharedBy(uses[k]!, gradient, templates) })),
    results,
    constants,
    eagerBytes: peakBytes(words),
  };
}

/** The memory that a recording used, parted by where it comes from. */
interface Memory extends Pick<Plan, "sources" | "live" | "pinned"> {
  /** Memory that was made inside and not given back, by its handle. */
  readonly made: ReadonlyMap<number, Slot>;
}

/** Finds where all memory of the list comes from. Null where some of it is not to be found at the next call. */
function memoryOf({ recording, arrays }: Recorded, list: List, uses: readonly GradientUse[]): Memory | null {
  const made = new Map<number, Slot>();
  for (const slot of list.slots) if (slot.bytes !== null && !slot.freed) made.set(slot.handle, slot);
  const read = uses.filter((use) => use.read && use.array !== null);
  const live = liveTensors(recording, made, read), liveStorages = new Set(live.map(({ storage }) => storage));

  const sources = new Map<number, Source>();
  for (const storage of [...recording.constants, ...liveStorages]) {
    sources.set(storage.handle, { offset: 0, locate: () => ({ storage, offset: 0 }), fixed: storage });
  }
  const pinned = new Map<number, { storage: Storage; offset: number }>();
  for (const [place, { storage, offset }] of arrays) {
    if (liveStorages.has(storage)) pinned.set(place, { storage, offset });
    else if (!sources.has(storage.handle)) {
      sources.set(storage.handle, { offset, locate: ({ inputs }) => inputs.array(place), fixed: null });
    }
  }
  for (const [k, { array }] of read.entries()) {
    const { storage: { handle }, offset } = array!;
    // Two names for one memory, of which either may change: not worth the bookkeeping.
    if (sources.has(handle)) return null;
    sources.set(handle, { offset, locate: ({ gradientsFound }) => gradientsFound[k]!, fixed: null });
  }
  const isFound = ({ bytes, handle }: Slot) => bytes !== null || sources.has(handle);
  return list.slots.every(isFound) ? { made, sources, live, pinned } : null;
}

/** The tensors that the function closes over: all that it touched but inputs, what it made, and gradients that it found. */
function liveTensors(
  { tensors }: Recording,
  made: ReadonlyMap<number, Slot>,
  read: readonly GradientUse[],
): Live[] {
  const gradientsRead = new Set(read.map(({ found }) => found));
  return [...tensors]
    .filter(([tensor, { handle }]) => tensor.cachedData !== null && !made.has(handle) && !gradientsRead.has(tensor))
    .map(([tensor, storage]) => ({ tensor, storage, requiresGrad: tensor.requiresGrad }));
}

/** Says how tensors and results are made at each call, and notes which of them show memory that was made inside. */
class Templates {
  /** The arrays, of results and gradients, that show memory made inside. */
  readonly arraysOf = new Map<Slot, Set<NDArray>>();
  readonly #memory: Memory;
  readonly #own: ReadonlySet<Tensor>;
  readonly #uses: readonly GradientUse[];
  /** Where the inputs stand among the arguments. */
  readonly #places: ReadonlyMap<unknown, number>;

  constructor({ inputs, own }: Recorded, memory: Memory, uses: readonly GradientUse[]) {
    this.#memory = memory;
    this.#own = own;
    this.#uses = uses;
    this.#places = new Map(inputs.leaves.map((leaf, place) => [leaf, place]));
  }

  isInput(tensor: Tensor): boolean {
    return this.#places.has(tensor);
  }

  /** The same tensor at another call: the input in its place if it is one. */
  ownerOf(tensor: Tensor): (inputs: Arguments) => Tensor {
    const place = this.#places.get(tensor);
    return place === undefined ? () => tensor : (inputs) => inputs.tensor(place);
  }

  /** The memory that a tensor shows, if it was made inside. */
  madeFor({ array }: Tensor): Slot | undefined {
    return this.#memory.made.get(array.storage.handle);
  }

  ofTensor(tensor: Tensor): Template {
    const owner = this.ownerOf(tensor);
    if (this.isInput(tensor)) return { kind: "existing", find: ({ inputs }) => owner(inputs) };
    const { array } = tensor, { shape, strides, offset, dtype, contiguous } = array;
    const slot = this.madeFor(tensor);
    if (slot !== undefined) {
      this.arraysOf.set(slot, (this.arraysOf.get(slot) ?? new Set()).add(array));
      const locate: Locate = ({ fresh }) => ({ storage: fresh.get(slot)!, offset: 0 });
      return { kind: "view", locate, beyond: offset, shape, strides, dtype, contiguous };
    }
    const source = this.#memory.sources.get(array.storage.handle);
    if (source === undefined) return { kind: "existing", find: () => tensor };
    const { locate } = source, beyond = offset - source.offset;
    return { kind: "view", locate, beyond, shape, strides, dtype, contiguous };
  }

  ofValue(value: unknown): Template {
    if (Array.isArray(value)) return { kind: "array", items: value.map((item) => this.ofValue(item)) };
    if (isPlain(value)) {
      return { kind: "object", entries: Object.entries(value).map(([name, item]) => [name, this.ofValue(item)]) };
    }
    if (!(value instanceof Tensor)) return { kind: "existing", find: () => value };
    if (this.#own.has(value) || this.isInput(value)) return this.ofTensor(value);
    const use = this.#uses.find(({ tensor }) => tensor.grad === value);
    if (use === undefined) return { kind: "existing", find: () => value };
    const owner = this.ownerOf(use.tensor);
    return { kind: "existing", find: ({ inputs }) => owner(inputs).grad };
  }
}

/** What becomes of a gradient that the recording asked for or assigned. */
function gradientOf({ tensor, found, array, read, written }: GradientUse, templates: Templates): GradientPlan {
  const { grad } = tensor, stays = !written || (read && grad === found);
  return {
    owner: templates.ownerOf(tensor),
    before: read ? (array === null ? null : formOf(array)) : undefined,
    after: stays ? undefined : grad === null ? null : templates.ofTensor(grad),
    unshared: null,
  };
}

/** The memory of a gradient that nothing else shows. An input's gradient is a new tensor at each call, like a result. */
function unsharedBy({ tensor }: GradientUse, { after }: GradientPlan, templates: Templates): GradientPlan["unshared"] {
  if (after?.kind !== "view" || templates.isInput(tensor)) return null;
  const slot = templates.madeFor(tensor.grad!);
  return slot !== undefined && templates.arraysOf.get(slot)!.size === 1 ? { tensor, slot } : null;
}

/** Marks memory that results and gradients show as outliving the list. False where somebody else holds some of it. */
function letEscape(made: Iterable<Slot>, { arraysOf }: Templates): boolean {
  for (const slot of made) {
    const arrays = [...arraysOf.get(slot) ?? []];
    if (arrays.length === 0 || arrays[0]!.storage.references !== arrays.length) return false;
    slot.escapes = true;
  }
  return true;
}

/** Type, shape and strides as text. */
export function formOf({ shape, strides, dtype }: NDArray): string {
  return `${dtype} ${shape} ${strides}`;
}
