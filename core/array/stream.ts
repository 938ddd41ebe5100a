/**
 * The one writer of instructions: storages, their handles, and the stream that each device reads.
 *
 * Eager operations on small tensors write a few words each and share a call into the device; a large one is run at once,
 * and so is one that can be refused for its data, so that its error is thrown where it was made. Inside `group` the words
 * pile up between a `group` and an `end` instruction, so that the device may run them tile by tile.
 */
import type { Device, Started } from "../../kernels/device.ts";
import { limits, opcode } from "../../kernels/instruction.ts";
import { ofView, placeOf, wordsMost } from "../../kernels/schema.ts";
import { type Activity, activity } from "./activity.ts";
import { partsOf } from "./costs.ts";
import { groupDepth, joinGroup } from "./group.ts";
import { isTurnUnderWay, room, settleTurns } from "./turns.ts";

/** How often memory that tensors show has been written to, all together: the time that tells earlier writes from later ones. */
export let writesSoFar = 0;

/** Whether a device, by its name, has computed an instruction when the call that wrote it returns: GPUs have not. */
export function isPrompt(device: string): boolean {
  return device === "cpu" || device === "wasm" || device === "reference";
}

/** Memory on a device, counted by the arrays that show it. */
export class Storage {
  declare readonly stream: Stream;
  declare readonly bytes: number;
  /** Zero once freed: no instruction can name it any more. */
  declare handle: number;
  /** How many arrays show it. */
  declare references: number;
  /** The number, among all writes, of the last one to this memory; 0 if it has only been filled when it was made. */
  declare lastWrite: number;

  constructor(stream: Stream, handle: number, bytes: number) {
    this.stream = stream;
    this.handle = handle;
    this.bytes = bytes;
    this.references = 1;
    this.lastWrite = 0;
  }

  /** Notes that the elements are other ones from here on, so that a gradient that needs the old ones is refused. */
  wasWritten(): void {
    this.lastWrite = ++writesSoFar;
  }

  retain(): void {
    this.references++;
  }

  release(): void {
    if (--this.references === 0) this.destroy();
  }

  /** Frees the memory, even if arrays still show it. */
  destroy(): void {
    if (this.handle === 0) return;
    this.stream.free(this.handle, this.bytes);
    this.handle = 0;
  }
}

/** An array as a stream writes it into a view of an instruction. */
export interface Viewed {
  readonly storage: Storage;
  readonly code: number;
  readonly offset: number;
}

/** What a stream reports to while a captured function is recorded; see `core/capture/recording.ts`. */
export interface Recorder {
  /** A device is used, for an instruction that begins at the word `start` of its buffer. */
  enter(stream: Stream, start?: number): void;
  /** The device ran these words. */
  take(stream: Stream, words: Float64Array): void;
  /** The device refused these words. */
  drop(stream: Stream, words: Float64Array): void;
  /** The host filled this memory. */
  constant(storage: Storage): void;
  /** The number at a word of the stream's buffer is asked for anew at each replay. */
  live(at: number, read: () => number): void;
  /** The host does something that each replay must do again, after the live numbers so far. */
  act(run: () => void): void;
  /** The recording holds as long as `holds` answers true. */
  guard(holds: () => boolean): void;
}

/** The recorder of the function that is being captured, or null. A variable rather than a function: every op asks. */
export let recorder: Recorder | null = null;

/** Runs `body` while streams report to `next`. Recording is synchronous: no other task can run in between. */
export function recordingTo<T>(next: Recorder | null, body: () => T): T {
  const before = recorder;
  recorder = next;
  try {
    return body();
  } finally {
    recorder = before;
  }
}

/** What a meter is told of words beside themselves. */
export interface Metered {
  /** What was computed by each instruction, where that is known. */
  readonly activities: readonly Activity[];
  /** Whether the words are part of a replay. */
  readonly replayed: boolean;
}

/** Runs words of a stream and measures them: one instruction that computes, or a group, and what they allocate and free. */
export type Meter = (stream: Stream, words: Float64Array, metered: Metered, run: () => void) => void;

/** Whoever measures, or null. A variable, as {@linkcode recorder} is. */
export let meter: Meter | null = null;

/** Has another meter measure from here on, or none. */
export function setMeter(next: Meter | null): void {
  meter = next;
}

/** What each instruction of a replay computes, by its first word. */
export type Activities = ReadonlyMap<number, Activity>;
const noActivities: Activities = new Map();

/** A result of more bytes is computed at once; a smaller one may wait for the next instructions. */
const smallBytes = 1 << 14;
/** No device has more bytes, and sums of fewer are exact. */
const bytesMost = 2 ** 48;
/** An instruction of more steps runs at once. A step reads an element or adds a product: all take some microseconds. */
const smallWork = 1 << 14;
/** Once so many words wait, they are run: some twenty small instructions. */
const waitingWords = 512;
/** The buffer has room for so many. */
const wordsAtMost: number = limits.words;

// Numbers of the words as constants of this module: each small op allocates and frees.
const { alloc: allocOpcode, free: freeOpcode, group: groupOpcode, end: endOpcode } = opcode;
const { alloc: allocWords, free: freeWords, group: groupWords, end: endWords } = wordsMost;
const { handle: handleAt, bytes: bytesAt } = placeOf.alloc, handlesAt = placeOf.free.handles;

/** Writes instructions for one device and runs them. */
export class Stream {
  readonly device: Device;
  #words: Float64Array;
  #length = 0;
  #inGroup = false;
  /** True if the next instruction must run as soon as it is written. */
  #isUrgent = false;
  /** The last `free` that was written: where it begins, and where it ends. The next handle joins it if nothing follows. */
  #freesStart = 0;
  #freesEnd = -1;
  /** Handles of freed storages, each already of its next generation. */
  readonly #freeHandles: number[] = [];
  #handlesMade = 0;
  /** Storages that the words not yet run will allocate: the first `#unbornCount` of the list. */
  readonly #unborn: Storage[] = [];
  #unbornCount = 0;
  #bytes = 0;
  #count = 0;
  #reserved = 0;
  /** What the instructions compute that wait, where a meter is on. */
  #activities: Activity[] = [];
  #isReplaying = false;

  constructor(device: Device) {
    this.device = device;
    this.#words = device.words;
  }

  /** Bytes that live storages use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many storages are alive. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that the device holds beside them; as it was before, while the device works for a turn. */
  get reserved(): number {
    if (isTurnUnderWay()) return this.#reserved;
    this.flush();
    return this.#reserved = this.device.memory().reserved;
  }

  allocate(bytes: number): Storage {
    recorder?.enter(this);
    if (bytes > smallBytes) this.#runLarge(bytes);
    const at = this.#openBeside(allocWords), storage = this.claim(bytes), words = this.#words;
    words[at] = allocOpcode;
    words[at + 1] = allocWords;
    words[at + handleAt] = storage.handle;
    words[at + bytesAt] = bytes;
    this.#length = at + allocWords;
    return storage;
  }

  /** As {@linkcode open}, for an instruction that makes a storage of so many bytes. */
  openFresh(count: number, bytes: number): number {
    if (bytes > smallBytes) this.#runLarge(bytes);
    return this.open(count);
  }

  /** Lets the next instruction, which makes so many bytes, run by itself. */
  #runLarge(bytes: number): void {
    if (bytes > bytesMost) {
      throw new RangeError(`Cannot allocate ${bytes} bytes: ${this.device.name} has room for ${bytesMost} at most`);
    }
    this.runAlone();
  }

  /** A storage for the instruction that is about to be written, for which {@linkcode openFresh} made room. */
  claim(bytes: number): Storage {
    const handle = this.#freeHandles.pop() ?? this.#newHandle();
    this.#bytes += bytes;
    this.#count++;
    const storage = new Storage(this, handle, bytes);
    this.#unborn[this.#unbornCount++] = storage;
    return storage;
  }

  #newHandle(): number {
    if (this.#handlesMade >= limits.handles - 1) {
      throw new RangeError(
        `Cannot allocate: ${
          limits.handles - 1
        } tensors are alive on ${this.device.name}; open a scope around each step`,
      );
    }
    return ++this.#handlesMade;
  }

  /** Frees a storage's memory at the next flush. Storages that are freed in a row share one instruction. */
  free(handle: number, bytes: number): void {
    const words = this.#words, end = this.#length;
    if (this.#freesEnd === end && end + freeWords <= wordsAtMost) {
      words[this.#freesStart + 1]!++;
      words[end] = handle;
      this.#length = end + 1;
    } else {
      const at = this.#openBeside(freeWords), words = this.#words;
      words[at] = freeOpcode;
      words[at + 1] = freeWords;
      words[at + handlesAt] = handle;
      this.#freesStart = at;
      this.#length = at + freeWords;
    }
    this.#freesEnd = this.#length;
    this.#bytes -= bytes;
    this.#count--;
    this.#freeHandles.push(this.#nextGeneration(handle));
  }

  /**
   * Lets the next instruction run at once and by itself, so that nothing computed before it is lost if it fails. Inside a
   * group it runs with the group.
   */
  runAlone(): void {
    if (groupDepth > 0) return;
    this.flush();
    this.#isUrgent = true;
  }

  /** Makes room for `count` words and says where they begin. After writing them the writer calls {@linkcode close}. */
  open(count: number): number {
    // In wasm any allocation may move all memory; the old view of the words is empty then.
    if (this.#length + count + endWords > room || this.#words.length === 0 || groupDepth > 0) this.#prepare(count);
    return this.#length;
  }

  /** As {@linkcode open}, for words that allocate and free: no turn depends on these. */
  #openBeside(count: number): number {
    if (this.#length + count + endWords > wordsAtMost || this.#words.length === 0 || groupDepth > 0) {
      this.#prepare(count);
    }
    return this.#length;
  }

  /** The part of {@linkcode open} that few ops need. */
  #prepare(count: number): void {
    const isUrgent = this.#isUrgent;
    settleTurns();
    this.#isUrgent ||= isUrgent;
    if (this.#length + count + endWords > limits.words) this.flush();
    if (this.#words.length === 0) this.#words = this.device.words;
    if (groupDepth === 0 || this.#inGroup) return;
    this.flush();
    this.#inGroup = true;
    joinGroup(this);
    this.#words[this.#length] = groupOpcode;
    this.#words[this.#length + 1] = groupWords;
    this.#length += groupWords;
  }

  /** The instruction buffer. */
  get words(): Float64Array {
    return this.#words;
  }

  /** Ends the instruction from `start` to `end`. Outside a group it runs now, or with the next few if its work is small. */
  close(start: number, end: number, work: number): void {
    recorder?.enter(this, start);
    this.#words[start + 1] = end - start;
    this.#length = end;
    if (meter !== null) this.#activities.push(activity);
    if (groupDepth === 0 && (this.#isUrgent || work > smallWork || end > waitingWords || meter !== null)) this.flush();
  }

  /** Runs the words that wait. If they fail, the storages that they would have made are freed. */
  flush(): void {
    if (this.#inGroup) {
      this.#inGroup = false;
      const words = this.device.words;
      words[this.#length] = endOpcode;
      words[this.#length + 1] = endWords;
      this.#length += endWords;
    }
    this.#isUrgent = false;
    const length = this.#length;
    if (length === 0) return;
    const unborn = this.#unbornCount;
    this.#length = 0;
    this.#freesEnd = -1;
    this.#unbornCount = 0;
    try {
      if (meter === null) this.device.run(length);
      else this.#runMetered(meter, length);
    } catch (error) {
      this.#words = this.device.words;
      recorder?.drop(this, this.#words.subarray(0, length));
      for (const storage of this.#unborn.slice(0, unborn)) storage.destroy();
      throw error;
    }
    this.#words = this.device.words;
    recorder?.take(this, this.#words.subarray(0, length));
  }

  #runMetered(meter: Meter, length: number): void {
    const metered = { activities: this.#activities, replayed: this.#isReplaying };
    this.#activities = [];
    meter(this, this.device.words.subarray(0, length), metered, () => this.device.run(length));
  }

  /** A handle for memory that a laid out list allocates and frees by itself. */
  takeHandle(): number {
    return this.#freeHandles.pop() ?? this.#newHandle();
  }

  /** Gives a handle back that {@linkcode takeHandle} gave. */
  giveHandle(handle: number): void {
    this.#freeHandles.push(this.#nextGeneration(handle));
  }

  /** The handle's number for its next storage, so that the old number names nothing any more. */
  #nextGeneration(handle: number): number {
    const next = handle + limits.handles;
    return next < limits.handles * limits.generations ? next : handle % limits.handles;
  }

  /**
   * Runs words that were laid out before, from `begin` on, in parts that end at `cuts` and fit the buffer. If a part
   * fails, the parts after it are skipped but for their allocations and frees. A meter has each instruction and each group
   * run by itself, with the same bits.
   */
  replay(words: Float64Array, begin: number, cuts: readonly number[], activities: Activities = noActivities): void {
    // The words hold groups of their own, which must not lie in another one.
    if (this.#inGroup) this.flush();
    if (meter !== null) {
      this.flush();
      this.#isReplaying = true;
      try {
        this.#replayParts(words, begin, partsOf(words, begin, cuts.at(-1)!), activities);
      } finally {
        this.#isReplaying = false;
      }
      return;
    }
    if (this.device.runWords !== undefined) {
      this.flush();
      return this.device.runWords(words.subarray(begin, cuts.at(-1)));
    }
    this.#replayParts(words, begin, cuts, noActivities);
  }

  #replayParts(words: Float64Array, begin: number, cuts: readonly number[], activities: Activities): void {
    if (this.#words.length === 0) this.#words = this.device.words;
    let failure: unknown = null;
    for (const end of cuts) {
      // Instructions that wait, such as allocations of results, run together with the first part.
      if (this.#length + end - begin > limits.words) this.flush();
      const part = words.subarray(begin, end);
      if (activities.size > 0) {
        for (let at = begin; at < end; at += words[at + 1]!) {
          const known = activities.get(at);
          if (known !== undefined) this.#activities.push(known);
        }
      }
      if (failure === null) {
        this.#words.set(part, this.#length);
        this.#length += part.length;
      } else this.#keepStorages(part);
      try {
        this.flush();
      } catch (error) {
        failure ??= error;
      }
      begin = end;
    }
    if (failure !== null) throw failure;
  }

  /** Begins a replay on another thread. Where the device has none the replay is done now, and null is the answer. */
  startReplay(
    words: Float64Array,
    begin: number,
    cuts: readonly number[],
    activities: Activities = noActivities,
  ): Started | null {
    if (this.device.startWords === undefined || meter !== null) {
      this.replay(words, begin, cuts, activities);
      return null;
    }
    this.flush();
    this.#reserved = this.device.memory().reserved;
    return this.device.startWords(words.subarray(begin));
  }

  /** Writes only the instructions that allocate or free. */
  #keepStorages(words: Float64Array): void {
    for (let at = 0; at < words.length; at += words[at + 1]!) {
      if (words[at] !== allocOpcode && words[at] !== freeOpcode) continue;
      this.#words.set(words.subarray(at, at + words[at + 1]!), this.#length);
      this.#length += words[at + 1]!;
    }
  }
}

/** Writes a view's handle, type and offset, and says where its strides go. */
export function writeView(words: Float64Array, at: number, view: Viewed): number {
  words[at] = view.storage.handle;
  words[at + ofView.dtype] = view.code;
  words[at + ofView.offset] = view.offset;
  return at + ofView.strides;
}

/** Copies bytes into a storage that no turn knows of yet. */
export function writeBytes(storage: Storage, byteOffset: number, source: Uint8Array): void {
  storage.stream.flush();
  storage.stream.device.write(storage.handle, byteOffset, source);
}

/** Copies bytes out of a storage, after all that was written before. */
export function readBytes(storage: Storage, byteOffset: number, target: Uint8Array): void {
  settleTurns();
  storage.stream.flush();
  storage.stream.device.read(storage.handle, byteOffset, target);
}

/** Begins to copy bytes out of a storage, where the device can do so without keeping the program waiting; else null. */
export function startRead({ stream, handle }: Storage, byteOffset: number, length: number): Started | null {
  if (stream.device.startRead === undefined) return null;
  stream.flush();
  return stream.device.startRead(handle, byteOffset, length);
}
