/**
 * What a captured function does while it is recorded: its instructions, the numbers in them that each replay asks for
 * anew, and the conditions under which the recording holds.
 */
import { opcode } from "../../kernels/instruction.ts";
import { type Activity, activity } from "../array/activity.ts";
import type { NDArray } from "../array/ndarray.ts";
import { type Recorder, recordingTo, type Storage, type Stream } from "../array/stream.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { labelled } from "../tensor/labels.ts";
import { type Witness, witnessedBy } from "../tensor/witness.ts";

/** Something that each replay does on the host before the instructions run, in the order in which it was recorded. */
export type Action =
  /** Asks for the number that stands at the word `at`. */
  | { readonly at: number; readonly read: () => number }
  /** Changes state on the host, such as a count of steps. */
  | { readonly run: () => void };

/** A condition that the recording relied on: true as long as it has not changed. */
export type Guard = () => boolean;

/** How the recorded function used one tensor's `.grad`. */
export interface GradientUse {
  readonly tensor: Tensor;
  /** The gradient that was there at first, or null. */
  readonly found: Tensor | null;
  /** The memory of `found`, held until the recording ends. */
  readonly array: NDArray | null;
  /** True once `.grad` was assigned. */
  written: boolean;
  /** True if `.grad` was asked for before it was assigned. */
  read: boolean;
}

/** One recording under way: streams and tensors report to it. */
export class Recording implements Recorder, Witness {
  /** The stream of the one device that the function uses; null before its first instruction. */
  stream: Stream | null = null;
  /** All instruction words, as the device ran them. */
  readonly words: number[] = [];
  readonly actions: Action[] = [];
  readonly guards: Guard[] = [];
  readonly gradients = new Map<Tensor, GradientUse>();
  /** Tensors whose memory was asked for, with that memory. */
  readonly tensors = new Map<Tensor, Storage>();
  /** Memory that the host filled inside the function. Replays read it and must not change it. */
  readonly constants: Storage[] = [];
  /** What each instruction computes, by its first word. */
  readonly activities = new Map<number, Activity>();
  #pendingActivities: [start: number, activity: Activity][] = [];
  /** Live numbers of words that have not been run yet, by their place in the stream's buffer. */
  #pending: { at: number; read: () => number }[] = [];

  /** Notes that a device is used, and what the instruction computes that begins at `start`. */
  enter(stream: Stream, start?: number): void {
    this.stream ??= stream;
    if (start !== undefined) this.#pendingActivities.push([start, activity]);
    if (stream !== this.stream) {
      throw new Error(
        `Cannot capture: the function uses ${stream.device.name} beside ${this.stream.device.name}, it must stay on one`,
      );
    }
  }

  /** Copies words that were run. Words of another device only free what was made before the recording. */
  take(stream: Stream, words: Float64Array): void {
    if (stream !== this.stream) return;
    const base = this.words.length;
    for (const word of words) this.words.push(word);
    for (const { at, read } of this.#pending) this.actions.push({ at: base + at, read });
    this.#pending = [];
    for (const [at, activity] of this.#pendingActivities) this.activities.set(base + at, activity);
    this.#pendingActivities = [];
  }

  /** Forgets words that failed, but for their allocations and frees. */
  drop(stream: Stream, words: Float64Array): void {
    this.#pending = [];
    this.#pendingActivities = [];
    for (let at = 0; at < words.length; at += words[at + 1]!) {
      const isKept = words[at] === opcode.alloc || words[at] === opcode.free;
      if (isKept) this.take(stream, words.subarray(at, at + words[at + 1]!));
    }
  }

  /** Keeps memory that the host filled, since no instruction could fill it again. */
  constant(storage: Storage): void {
    storage.retain();
    this.constants.push(storage);
  }

  /** The number at a word of the stream's buffer is asked for anew at each replay. */
  live(at: number, read: () => number): void {
    this.#pending.push({ at, read });
  }

  /** Notes a host action after the live numbers so far. */
  act(run: () => void): void {
    // Live numbers of words that still wait come before the action.
    this.stream?.flush();
    this.actions.push({ run });
  }

  /** Notes a condition under which the recording holds. */
  guard(holds: Guard): void {
    this.guards.push(holds);
  }

  /** Notes that the tensor's memory was touched. */
  touch(tensor: Tensor, array: NDArray): void {
    if (!this.tensors.has(tensor)) this.tensors.set(tensor, array.storage);
  }

  /** Notes that the tensor's gradient, at present `found`, was asked for. */
  readGradient(tensor: Tensor, found: Tensor | null): void {
    const use = this.#gradient(tensor, found);
    if (!use.written) use.read = true;
  }

  /** Notes that the tensor's gradient, until then `found`, is assigned. */
  writeGradient(tensor: Tensor, found: Tensor | null): void {
    this.#gradient(tensor, found).written = true;
  }

  #gradient(tensor: Tensor, found: Tensor | null): GradientUse {
    let use = this.gradients.get(tensor);
    if (use === undefined) {
      const array = found?.cachedData?.share() ?? null;
      this.gradients.set(tensor, use = { tensor, found, array, written: false, read: false });
    }
    return use;
  }

  /** Lets go of the gradients that were held for the time of the recording. */
  end(): void {
    for (const { array } of this.gradients.values()) array?.dispose();
  }
}

/** Runs `body` while `recording` records. */
export function record<T>(recording: Recording, body: () => T): T {
  return recordingTo(recording, () => witnessedBy(recording, () => labelled(body)));
}
