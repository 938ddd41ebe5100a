/**
 * The workers of a loop over a loader. Each makes its batches in the order in which it was asked, and which of them makes a
 * batch does not matter to what it holds.
 */
import type { BatchPlace } from "../augment/augmenter.ts";
import type { Augmentation } from "../augment/kinds.ts";
import type { Samples } from "../contract.ts";
import { mayRead } from "../../kernels/native/environment.ts";
import { unpacked } from "../stacked.ts";
import type { Answer, Job, Packed, Setup } from "./messages.ts";
import type { Source } from "./source.ts";

type Batch = [x: Samples, y: Samples];

/** A worker, and the promises of the batches that it was asked for and has not given. */
interface Seat {
  worker: Worker | null;
  readonly asked: PromiseWithResolvers<Packed>[];
}

/** What a worker runs; what it runs if it asks a dataset for samples; and the rooms of the library that they load files of. */
const program = new URL("./worker.ts", import.meta.url), itemProgram = new URL("./items.ts", import.meta.url);
const rooms = ["core", "data", "kernels"];

/** Workers that make batches of a dataset. They live until the pool is disposed of, or nobody asks for long. */
export class WorkerPool implements Disposable {
  readonly #source: Source | null;
  readonly #setup: Setup;
  readonly #seats: readonly Seat[];
  #isEnded = false;

  /** Error where workers may not read their code. */
  constructor(workers: number, source: Source | null, augmentations: readonly Augmentation[]) {
    this.#source = source;
    this.#setup = { augmentations, arrays: source?.arrays ?? null, module: source?.module ?? null };
    checkReadable();
    this.#seats = Array.from({ length: workers }, () => ({ worker: null, asked: [] }));
    for (const seat of this.#seats) this.#start(seat);
  }

  /**
   * A batch, made by the worker that has the least to do: of samples that were fetched, or where there are none, of those that
   * the worker gets by itself. It has `Stacked` in the place of tensors.
   */
  async make(place: BatchPlace, fetched?: Batch): Promise<unknown> {
    const source = fetched?.map(apart) as Batch | undefined ?? Uint32Array.from(place.indices, this.#source!.placeOf);
    const seat = this.#seats.reduce((best, each) => each.asked.length < best.asked.length ? each : best);
    const answer = Promise.withResolvers<Packed>();
    // Samples may be fetched after the loop has ended. Nobody waits for the batch then.
    if (this.#isEnded) return await answer.promise;
    seat.asked.push(answer);
    const job: Job = { place: { ...place, indices: Uint32Array.from(place.indices) }, source };
    (seat.worker ?? this.#start(seat)).postMessage(job);
    return unpacked(await answer.promise);
  }

  #start(seat: Seat): Worker {
    const worker = new Worker(this.#setup.module === null ? program : itemProgram, { type: "module" });
    seat.worker = worker;
    worker.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
      if (answer.kind === "batch") seat.asked.shift()!.resolve(answer.batch);
      else if (answer.kind === "error") seat.asked.shift()!.reject(answer.error);
      else if (seat.asked.length === 0) stop(seat);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new Error(`Cannot go on loading: a worker failed: ${event.message}`);
      for (const { reject } of seat.asked.splice(0)) reject(error);
      stop(seat);
    };
    worker.postMessage(this.#setup);
    return worker;
  }

  /** Ends all workers; what they were asked for never comes. */
  [Symbol.dispose](): void {
    this.#isEnded = true;
    for (const seat of this.#seats) stop(seat);
  }
}

/** Error unless workers may read their code. What is served over the network was granted with the import. */
function checkReadable(): void {
  if (program.protocol !== "file:") return;
  const paths = rooms.map((room) => decodeURIComponent(new URL(`../../${room}`, import.meta.url).pathname));
  const missing = paths.map((path) => Deno.build.os === "windows" ? path.slice(1) : path).filter((path) =>
    !mayRead(path)
  );
  if (missing.length > 0) throw new Error(`Cannot start workers: they need --allow-read=${missing.join()}`);
}

/** Ends a worker. A process does not end while one lives, so that those of a loop that nobody goes on with end too. */
function stop(seat: Seat): void {
  seat.worker?.terminate();
  seat.worker = null;
}

/** Samples in memory of their own: with a part of an array, all of it would be sent. */
function apart(samples: Samples): Samples {
  const { data } = samples;
  return data.byteLength === data.buffer.byteLength ? samples : { ...samples, data: data.slice() };
}
