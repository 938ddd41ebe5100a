/** Orders of samples as lists of their numbers: what samplers make, what splits cut, and what a loader asks for. */
import { refuse } from "../core/internal.ts";
import type { BatchSource, Sampler } from "./contract.ts";
import type { RandomStream } from "./random.ts";
import { checkIndex, checkIndices } from "./samples.ts";

/** The numbers in [start, end). */
export function numbers(start: number, end: number): Uint32Array {
  const all = new Uint32Array(end - start);
  for (let k = 0; k < all.length; k++) all[k] = start + k;
  return all;
}

/** A number in [0, 1) of 53 random bits: 32 would never hit the smallest of many weights. */
export function uniform(random: RandomStream): number {
  const high = random.word() >>> 5, low = random.word() >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}

/** The numbers of the samples of each class, in the order in which classes first appear. */
export function classesOf(action: string, labels: ArrayLike<number | string>): Uint32Array[] {
  checkIndices(action, labels as ArrayLike<number>);
  const classes = new Map<number | string, number[]>();
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index]!;
    if (typeof label !== "string" && !Number.isFinite(label)) {
      refuse(action, label, `the class of sample ${index}, a number or a text`);
    }
    const members = classes.get(label);
    if (members === undefined) classes.set(label, [index]);
    else members.push(index);
  }
  return Array.from(classes.values(), (members) => Uint32Array.from(members));
}

/** The number of batches of so many samples. */
export function batchesOf(samples: number, batchSize: number, dropLast: boolean): number {
  return dropLast ? Math.floor(samples / batchSize) : Math.ceil(samples / batchSize);
}

/** The order of an epoch as a list of its own. TypeError and RangeError for what a sampler must not give. */
export function orderOf(sampler: Sampler, seed: number, epoch: number, samples: number): Uint32Array {
  const order = sampler.order(seed, epoch);
  checkIndices("order samples", order);
  return Uint32Array.from(order, (index) => {
    checkIndex(index, samples);
    return index;
  });
}

/** The batches of an epoch as lists of their own. TypeError and RangeError for what a batch sampler must not give. */
export function checkBatches(source: BatchSource, seed: number, epoch: number, samples: number): Uint32Array[] {
  const batches: unknown = source.batches(seed, epoch), action = "order batches";
  if (!Array.isArray(batches)) return refuse(action, batches, "a list of batches, each a list of indices");
  return batches.map((batch: ArrayLike<number>, k) => {
    checkIndices(action, batch);
    if (batch.length === 0) throw new RangeError(`Cannot ${action}: batch ${k} is empty, it must have a sample`);
    return Uint32Array.from(batch, (index) => {
      checkIndex(index, samples);
      return index;
    });
  });
}
