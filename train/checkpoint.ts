/** The checkpoints of a run: its whole state in one file, when it is due. */
import { exists } from "../core/internal.ts";
import { scope } from "../core/mod.ts";
import { loadCheckpoint, type Parts, random, saveCheckpoint, type Stateful } from "../io/mod.ts";
import { Module } from "../nn/mod.ts";
import type { TrainOptions } from "./options.ts";

/** Saves and restores what a run is made of. */
export class Checkpoints {
  /** The file, or null for a run that saves none. */
  readonly path: string | null;
  readonly #parts: Parts;
  readonly #from: string | null;
  readonly #mayBeMissing: boolean;
  readonly #everySteps: number;
  readonly #everySeconds: number;
  #savedAt = performance.now();

  /** The parts of the run itself; null stands for one that it does not have. */
  constructor(options: TrainOptions, own: Readonly<Record<string, unknown>>) {
    const { checkpoint, resume = false, loss, optimizer, scheduler } = options;
    this.path = checkpoint?.path ?? null;
    this.#everySteps = checkpoint?.steps ?? Infinity;
    this.#everySeconds = checkpoint?.seconds ?? Infinity;
    this.#from = resume === false ? null : resume === true ? checkpoint!.path : resume;
    this.#mayBeMissing = resume === true;
    const all = { ...own, loss: loss instanceof Module ? loss : null, optimizer, scheduler, random };
    const given = Object.entries(all).filter(([, part]) => part !== null && part !== undefined);
    this.#parts = { ...Object.fromEntries(given) as Record<string, Stateful>, ...checkpoint?.parts };
  }

  /** Restores the run if it is to go on from a file. False if it is not, or if there is no file yet. */
  async resume(): Promise<boolean> {
    if (this.#from === null || (this.#mayBeMissing && !await isThere(this.#from))) return false;
    await loadCheckpoint(this.#from, this.#parts);
    return true;
  }

  /** Whether it is time to save after that step. */
  isDue(step: number): boolean {
    if (this.path === null) return false;
    return step % this.#everySteps === 0 || performance.now() - this.#savedAt >= this.#everySeconds * 1000;
  }

  /** Saves the run, and returns the path. */
  async save(): Promise<string> {
    await this.#begin();
    this.#savedAt = performance.now();
    return this.path!;
  }

  #begin(): Promise<void> {
    // All states are read before the first wait.
    using _ = scope();
    return saveCheckpoint(this.path!, this.#parts);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    return await exists(path);
  } catch (error) {
    throw new Error(`Cannot resume from ${path}: ${(error as Error).message}`, { cause: error });
  }
}
