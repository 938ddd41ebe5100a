/**
 * The one writer of instructions: storages, their handles, and the stream that each device reads.
 *
 * Eager operations on small tensors write a few words each and share a call into the device; a large one is run at once,
 * and so is one that can be refused for its data, so that its error is thrown where it was made. Inside `group` the words
 * pile up between a `group` and an `end` instruction, so that the device may run them tile by tile.
 */
import type { Device } from "../../kernels/device.ts";
import { limits, opcode } from "../../kernels/instruction.ts";
import { headOf, placeOf, wordsMost } from "../../kernels/schema.ts";
import { groupDepth, joinGroup } from "./group.ts";

/** Memory on a device, counted by the arrays that show it. */
export class Storage {
  declare readonly stream: Stream;
  declare readonly bytes: number;
  /** Zero once freed: no instruction can name it any more. */
  declare handle: number;
  /** How many arrays show it. */
  declare references: number;

  constructor(stream: Stream, handle: number, bytes: number) {
    this.stream = stream;
    this.handle = handle;
    this.bytes = bytes;
    this.references = 1;
  }

  retain(): void {
    this.references++;
  }

  release(): void {
    if (--this.references === 0) this.destroy();
  }

  /** Frees the memory whoever still counts on it. */
  destroy(): void {
    if (this.handle === 0) return;
    this.stream.free(this.handle, this.bytes);
    this.handle = 0;
  }
}

/** What a stream writes of an array: see `view` in the instruction layout. */
export interface Viewed {
  readonly storage: Storage;
  readonly code: number;
  readonly offset: number;
}

/** What a stream reports to while a captured function is recorded; see `core/capture/recording.ts`. */
export interface Recorder {
  /** A device is used. */
  enter(stream: Stream): void;
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
  /** What was recorded holds as long as this is true. */
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

/** A result of more bytes than this is computed at once. */
const smallBytes = 1 << 14;
/** So is what takes more steps, each an element read or a product added: some microseconds. */
const smallWork = 1 << 14;
/** Words of small operations that wait for one another: some twenty of them. */
const waitingWords = 512;

const ofAlloc = placeOf.alloc, allocWords = wordsMost.alloc, freeWords = wordsMost.free;

/** Writes instructions for one device and runs them. */
export class Stream {
  readonly device: Device;
  #words: Float64Array;
  #length = 0;
  #inGroup = false;
  /** True where what was written last must not wait. */
  #isUrgent = false;
  /** Where a `free` begins that ends where nothing was written yet; no place else. */
  #freesStart = 0;
  #freesEnd = -1;
  /** Handles of freed storages, each already of its next generation. */
  readonly #freeHandles: number[] = [];
  /** Of words that run elsewhere, those copies that no run uses now. */
  readonly #copies = new WeakMap<Float64Array, Float64Array[]>();
  #handlesMade = 0;
  /** Storages that the words not yet run will allocate: the first so many of the list. */
  readonly #unborn: Storage[] = [];
  #unbornCount = 0;
  #bytes = 0;
  #count = 0;

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

  allocate(bytes: number): Storage {
    recorder?.enter(this);
    const at = this.openFresh(allocWords, bytes), storage = this.claim(bytes), words = this.#words;
    words[at] = opcode.alloc;
    words[at + 1] = allocWords;
    words[at + ofAlloc.handle] = storage.handle;
    words[at + ofAlloc.bytes] = bytes;
    this.#length = at + allocWords;
    return storage;
  }

  /** Makes room, as {@linkcode open}, for an instruction that makes a storage of so many bytes. */
  openFresh(count: number, bytes: number): number {
    if (bytes > smallBytes) this.runAlone();
    return this.open(count);
  }

  /** A storage that an instruction is about to make, for which room was made before. */
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
        `Cannot allocate: ${limits.handles - 1} tensors are alive on ${this.device.name}; free some`,
      );
    }
    return ++this.#handlesMade;
  }

  /** Called by a storage. The instruction waits for the next flush; handles freed in a row share one. */
  free(handle: number, bytes: number): void {
    const words = this.#words, end = this.#length;
    if (this.#freesEnd === end && end + freeWords <= limits.words) {
      words[this.#freesStart + 1]!++;
      words[end] = handle;
      this.#length = end + 1;
    } else {
      const at = this.open(freeWords), words = this.#words;
      words[at] = opcode.free;
      words[at + 1] = freeWords;
      words[at + placeOf.free.handles] = handle;
      this.#freesStart = at;
      this.#length = at + freeWords;
    }
    this.#freesEnd = this.#length;
    this.#bytes -= bytes;
    this.#count--;
    this.#freeHandles.push(this.#nextGeneration(handle));
  }

  /**
   * Says that the next instruction runs at once, and by itself: if it fails, what was computed before it is not lost.
   * Inside a group that holds for the group.
   */
  runAlone(): void {
    if (groupDepth > 0) return;
    this.flush();
    this.#isUrgent = true;
  }

  /** Makes room for `count` words and says where they start; the writer then calls {@linkcode close}. */
  open(count: number): number {
    if (this.#length + count + headOf.end > limits.words) this.flush();
    // In wasm another context's allocation moves the words of this one, too.
    if (this.#words.length === 0) this.#words = this.device.words;
    if (groupDepth > 0 && !this.#inGroup) {
      this.flush();
      this.#inGroup = true;
      joinGroup(this);
      this.#words[this.#length] = opcode.group;
      this.#words[this.#length + 1] = headOf.group;
      this.#length += headOf.group;
    }
    return this.#length;
  }

  get words(): Float64Array {
    return this.#words;
  }

  /** Ends the instruction that began at `start`, of so many steps. Outside a group it runs now or with the next few. */
  close(start: number, end: number, work: number): void {
    recorder?.enter(this);
    this.#words[start + 1] = end - start;
    this.#length = end;
    if (groupDepth === 0 && (this.#isUrgent || work > smallWork || end > waitingWords)) this.flush();
  }

  /** Runs what was written. If that fails, the storages it would have filled are freed. */
  flush(): void {
    if (this.#inGroup) {
      this.#inGroup = false;
      const words = this.device.words;
      words[this.#length] = opcode.end;
      words[this.#length + 1] = headOf.end;
      this.#length += headOf.end;
    }
    this.#isUrgent = false;
    const length = this.#length;
    if (length === 0) return;
    const unborn = this.#unbornCount;
    this.#length = 0;
    this.#freesEnd = -1;
    this.#unbornCount = 0;
    try {
      this.device.run(length);
    } catch (error) {
      this.#words = this.device.words;
      recorder?.drop(this, this.#words.subarray(0, length));
      for (const storage of this.#unborn.slice(0, unborn)) storage.destroy();
      throw error;
    }
    this.#words = this.device.words;
    recorder?.take(this, this.#words.subarray(0, length));
  }

  /** A handle of the caller's own, for memory that a list allocates and frees again by itself. */
  takeHandle(): number {
    return this.#freeHandles.pop() ?? this.#newHandle();
  }

  /** Gives such a handle back. */
  giveHandle(handle: number): void {
    this.#freeHandles.push(this.#nextGeneration(handle));
  }

  #nextGeneration(handle: number): number {
    const next = handle + limits.handles;
    return next < limits.handles * limits.generations ? next : handle % limits.handles;
  }

  /**
   * Runs words that were laid out before, from `begin` on and cut at `cuts`, so that each part fits the buffer. If one
   * fails, what follows it is skipped, but all its storages are freed.
   */
  replay(words: Float64Array, begin: number, cuts: readonly number[]): void {
    // The words have groups of their own.
    if (this.#inGroup) this.flush();
    if (this.device.runWords !== undefined) {
      this.flush();
      return this.device.runWords(words.subarray(begin, cuts.at(-1)));
    }
    if (this.#words.length === 0) this.#words = this.device.words;
    let failure: unknown = null;
    for (const end of cuts) {
      // What waits, such as new storages for the results, runs together with the first part.
      if (this.#length + end - begin > limits.words) this.flush();
      const part = words.subarray(begin, end);
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

  /** As {@linkcode replay}; where the device can, on a thread of its own. */
  async replayAsync(words: Float64Array, begin: number, cuts: readonly number[]): Promise<void> {
    if (this.device.runWordsAsync === undefined) return this.replay(words, begin, cuts);
    this.flush();
    // The caller may change its words meanwhile. A copy is used again when its run is over, so that a program which
    // comes again stands where it stood: the CPU knows kept programs by that.
    const spare = this.#copies.get(words) ?? [], length = words.length - begin;
    this.#copies.set(words, spare);
    const last = spare.pop(), copy = last?.length === length ? last : new Float64Array(length);
    copy.set(words.subarray(begin));
    try {
      await this.device.runWordsAsync(copy);
    } finally {
      spare.push(copy);
    }
  }

  /** Writes those of the instructions that allocate or free. */
  #keepStorages(words: Float64Array): void {
    for (let at = 0; at < words.length; at += words[at + 1]!) {
      if (words[at] !== opcode.alloc && words[at] !== opcode.free) continue;
      this.#words.set(words.subarray(at, at + words[at + 1]!), this.#length);
      this.#length += words[at + 1]!;
    }
  }
}

/** Writes a view's handle, type and offset, and says where its strides go. */
export function writeView(words: Float64Array, at: number, view: Viewed): number {
  words[at] = view.storage.handle;
  words[at + 1] = view.code;
  words[at + 2] = view.offset;
  return at + 3;
}

/** Copies bytes into a storage. */
export function writeBytes(storage: Storage, byteOffset: number, source: Uint8Array): void {
  storage.stream.flush();
  storage.stream.device.write(storage.handle, byteOffset, source);
}

/** Copies bytes out of a storage, after all that was written before. */
export function readBytes(storage: Storage, byteOffset: number, target: Uint8Array): void {
  storage.stream.flush();
  storage.stream.device.read(storage.handle, byteOffset, target);
}
