/**
 * What no scope owns: the memory of tensors outside all scopes, and what captured functions hold. It is given back once the
 * program can reach no array that shows it, or no such function.
 *
 * A FinalizationRegistry would tell so between two turns of the event loop, and a loop that computes without pause has
 * none. So arrays are watched by weak references, and the collector is asked to run when much is watched. Arrays are watched
 * rather than tensors, since an op's `compute` may still hold the array of a tensor that nobody else can reach.
 */
import { collectGarbage } from "../host/collector.ts";
import type { NDArray } from "./ndarray.ts";
import { recorder } from "./stream.ts";

/** What an array or another object holds outside the JavaScript heap. */
interface Held {
  release(): void;
}

/** A watched object. */
export interface Watch {
  /** The object while it is young; null once it is held weakly. */
  target: object | null;
  weak: WeakRef<object> | null;
  /** What is given back with the object. */
  readonly held: Held;
  /** How many bytes that is; 0 if others show the memory. */
  readonly bytes: number;
  /** The place in the list. */
  place: number;
}

/**
 * The youngest arrays, held strongly: many, such as the gradients of a training step, are given back soon, and a weak
 * reference costs as much as a small op.
 */
const young: Watch[] = [];
const old: Watch[] = [];
const youngMost = 1024;
/** What a captured function's recording counts for at least, since it takes much of the JavaScript heap. */
const programBytes = 2 ** 18;

/** How much more may be watched than what the last collection left, before the next: a part of that, and at least this. */
const growth = { bytes: 2 ** 28, arrays: 2 ** 16 };
let bytes = 0, bytesMost = growth.bytes;
/** Weak references that were made since the last collection. */
let weakened = 0, weakenedMost = growth.arrays;

/** Watches an array that a tensor outside all scopes shows. */
export function watch(array: NDArray): Watch {
  const { storage } = array, own = storage.references === 1 ? storage.bytes : 0;
  const watched: Watch = { target: array, weak: null, held: storage, bytes: own, place: young.length };
  young.push(watched);
  bytes += own;
  // What is given back in a recording would become part of it.
  if ((bytes > bytesMost || young.length > youngMost + old.length) && recorder === null) tidy();
  return watched;
}

/** Watches a captured function's recording, weakly from the first, since few are given back soon. */
export function watchProgram(target: object, held: Held, size: number): Watch {
  const own = Math.max(size, programBytes);
  const watched: Watch = { target: null, weak: new WeakRef(target), held, bytes: own, place: old.length };
  old.push(watched);
  weakened++;
  bytes += own;
  if (bytes > bytesMost && recorder === null) tidy();
  return watched;
}

/** Watches no more, since what is held is given back otherwise. */
export function unwatch(watched: Watch): void {
  const list = watched.weak === null ? young : old, last = list.pop()!;
  bytes -= watched.bytes;
  if (last === watched) return;
  last.place = watched.place;
  list[last.place] = last;
}

/** Holds the young arrays weakly, and collects if much is watched. */
function tidy(): void {
  for (const watched of young) {
    watched.weak = new WeakRef(watched.target!);
    watched.target = null;
    watched.place = old.length;
    old.push(watched);
  }
  weakened += young.length;
  young.length = 0;
  if (bytes > bytesMost || weakened > weakenedMost) collect();
}

/** Gives back the memory of all arrays that the program can reach no more. */
function collect(): void {
  collectGarbage();
  const lost = old.filter(({ weak }) => weak!.deref() === undefined);
  // Giving back may make tensors, which are watched: by then the lists must be in order.
  for (const watched of lost) unwatch(watched);
  for (const { held } of lost) held.release();
  weakened = 0;
  bytesMost = bytes + Math.max(growth.bytes, bytes / 2);
  weakenedMost = Math.max(growth.arrays, old.length / 4);
}
