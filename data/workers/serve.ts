/** The part of a worker that its loader talks to: it makes one batch after the other, in the order in which it was asked. */
/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import type { Answer, Job, Packed, Setup } from "./messages.ts";

/** Milliseconds without work after which a worker says so. */
const patience = 2000;

/** Answers the jobs that follow the setup with what a function made of the setup makes of each. */
export function serve(begin: (setup: Setup) => (job: Job) => Packed | Promise<Packed>): void {
  self.onmessage = ({ data: setup }: MessageEvent<Setup>) => {
    const make = begin(setup);
    let last: Promise<void> = Promise.resolve(), idle: ReturnType<typeof setTimeout> | undefined;
    self.onmessage = ({ data: job }: MessageEvent<Job>) => {
      last = last.then(async () => {
        clearTimeout(idle);
        await answer(make, job);
        idle = setTimeout(() => self.postMessage({ kind: "idle" } satisfies Answer), patience);
      });
    };
  };
}

async function answer(make: (job: Job) => Packed | Promise<Packed>, job: Job): Promise<void> {
  let batch: Packed;
  try {
    batch = await make(job);
  } catch (error) {
    sendError(error);
    return;
  }
  // Inputs that were not mixed may share their memory with targets: what is moved must be named once.
  const moved = [...new Set(batch.leaves.map(({ data }) => data.buffer))];
  self.postMessage({ kind: "batch", batch } satisfies Answer, moved);
}

/** An error may hold what cannot be sent. Then its text is. */
function sendError(error: unknown): void {
  try {
    self.postMessage({ kind: "error", error: error as Error } satisfies Answer);
  } catch {
    self.postMessage({ kind: "error", error: new Error(String(error)) } satisfies Answer);
  }
}
