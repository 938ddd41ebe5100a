/**
 * The memory of tensors that no scope owns. It is given back once the program can reach no array that shows it.
 *
 * A FinalizationRegistry would tell so between two turns of the event loop, and a loop that computes without pause has
 * none. So arrays are watched by weak references, and the collector is asked to run when much is watched. Arrays are watched
 * rather than tensors, since an op's `compute` may still hold the array of a tensor that nobody else can reach.
 */
import { collectGarbage } from "../host/collector.ts";
import type { NDArray } from "./ndarray.ts";
import { recorder, type Storage } from "./stream.ts";

/** A watched array. */
export interface Watch {
  /** The array while it is young; null once it is held weakly. */
  array: NDArray | null;
  weak: WeakRef<NDArray> | null;
  readonly storage: Storage;
  /** Bytes that are given back with the array; 0 if others show the memory. */
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

/** How much more may be watched than what the last collection left, before the next: a part of that, and at least this. */
const growth = { bytes: 2 ** 28, arrays: 2 ** 16 };
let bytes = 0, bytesMost = growth.bytes;
/** Weak references that were made since the last collection. */
let weakened = 0, weakenedMost = growth.arrays;

/** Watches an array that a tensor outside all scopes shows. */
export function watch(array: NDArray): Watch {
  const { storage } = array, own = storage.references === 1 ? storage.bytes : 0;
  const watched: Watch = { array, weak: null, storage, bytes: own, place: young.length };
  young.push(watched);
  bytes += own;
  // What is given back in a recording would become part of it.
  if ((bytes > bytesMost || young.length > youngMost + old.length) && recorder === null) tidy();
  return watched;
}

/** Watches an array no more, since its tensor gives it back or a scope has done so. */
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
    watched.weak = new WeakRef(watched.array!);
    watched.array = null;
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
  for (const watched of lost) {
    unwatch(watched);
    watched.storage.release();
  }
  weakened = 0;
  bytesMost = bytes + Math.max(growth.bytes, bytes / 2);
  weakenedMost = Math.max(growth.arrays, old.length / 4);
}
