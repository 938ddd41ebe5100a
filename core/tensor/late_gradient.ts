/**
 * Gradients that captured functions leave: memory that becomes a tensor only when somebody looks at it.
 *
 * A training step leaves a gradient for each parameter, and the next step mostly replaces it before anybody has looked. As
 * tensors outside every scope, gradients would be registered with the garbage collector, which costs more than a small
 * net's arithmetic.
 */
import type { NDArray } from "../array/ndarray.ts";
import type { Storage } from "../array/stream.ts";

/** A gradient that one program computes at each call, for one tensor. */
export class UnseenGradient {
  readonly #show: (storage: Storage) => NDArray;
  #storage: Storage | null = null;

  constructor(show: (storage: Storage) => NDArray) {
    this.#show = show;
  }

  /** The memory into which the gradient is computed: that of the last call, unless somebody has taken it since. */
  memory(allocate: () => Storage): Storage {
    // A call that failed may have freed the memory.
    if (this.#storage === null || this.#storage.handle === 0) this.#storage = allocate();
    return this.#storage;
  }

  /** The gradient as an array, which the caller owns from now on. */
  take(): NDArray {
    const storage = this.#storage!;
    this.#storage = null;
    return this.#show(storage);
  }

  /** Gives the memory of a gradient back that nobody has looked at. */
  drop(): void {
    this.#storage?.release();
    this.#storage = null;
  }
}
