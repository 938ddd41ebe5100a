/**
 * Turns of the event loop. Steps that wait for nothing but one another keep timers, messages and signals of the system from being
 * heard, so that an interrupt would wait for the end of an epoch: now and then they let all else have its turn.
 */

/** The milliseconds between two turns. A turn takes about one. */
const interval = 100;

/** Gives the event loop its turn when it has had none for a while. */
export class Turns {
  #last = performance.now();

  /** Whether it is time. */
  get isDue(): boolean {
    return performance.now() - this.#last >= interval;
  }

  /** Waits until all else has had its turn. */
  async give(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#last = performance.now();
  }
}
