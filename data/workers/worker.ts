/**
 * A worker of a loader: it makes and augments the batches that it is sent, one after the other, and loads nothing of the
 * library but what that takes.
 */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { Augmenter } from "../augment/augmenter.ts";
import { pickBatch } from "./arrays.ts";
import type { Answer, Job, Setup } from "./messages.ts";

/** Milliseconds without work after which a worker says so. */
const patience = 2000;

let setup: Setup, augmenter: Augmenter, idle: ReturnType<typeof setTimeout>;

self.onmessage = ({ data: first }: MessageEvent<Setup>) => {
  setup = first;
  augmenter = new Augmenter(setup.augmentations);
  self.onmessage = ({ data: job }: MessageEvent<Job>) => {
    clearTimeout(idle);
    idle = setTimeout(() => self.postMessage({ kind: "idle" } satisfies Answer), patience);
    answer(job);
  };
};

function answer({ place, source }: Job): void {
  let made;
  try {
    made = augmenter.apply(Array.isArray(source) ? source : pickBatch(setup.arrays!, source), place);
  } catch (error) {
    self.postMessage({ kind: "error", error: error as Error } satisfies Answer);
    return;
  }
  // Inputs that were not mixed may share their memory with targets: what is moved must be named once.
  const moved = [...new Set(made.map(({ data }) => data.buffer))];
  self.postMessage({ kind: "batch", batch: made } satisfies Answer, moved);
}
