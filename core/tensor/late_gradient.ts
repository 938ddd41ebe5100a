/**
 * Gradients that captured functions leave: memory that becomes a tensor when somebody looks at it.
 *
 * A training step leaves one for each parameter, and the next step replaces them before anybody saw them. As tensors
 * outside every scope they would all be registered with the garbage collector, which costs more than a small net's
 * arithmetic.
 */
import type { NDArray } from "../array/ndarray.ts";
import type { Storage } from "../array/stream.ts";

/** One gradient of one program. */
export class UnseenGradient {
  readonly #show: (storage: Storage) => NDArray;
  #storage: Storage | null = null;

  constructor(show: (storage: Storage) => NDArray) {
    this.#show = show;
  }

  /** The memory to compute it into: that of the last time, if nobody took it since. */
  memory(allocate: () => Storage): Storage {
    // A call that failed may have taken it away.
    if (this.#storage === null || this.#storage.handle === 0) this.#storage = allocate();
    return this.#storage;
  }

  /** The gradient for somebody who looks at it, and who owns it from now on. */
  take(): NDArray {
    const storage = this.#storage!;
    this.#storage = null;
    return this.#show(storage);
  }

  /** Gives the memory back, unseen. */
  drop(): void {
    this.#storage?.release();
    this.#storage = null;
  }
}
