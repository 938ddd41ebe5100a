/**
 * The arguments of a captured function, taken apart: which of them are tensors, and what of those chooses a recording.
 */
import { shown } from "../pure/check.ts";
import { isPlain, outermost, within } from "../pure/nested.ts";
import type { NDArray } from "../array/ndarray.ts";
import type { Storage } from "../array/stream.ts";
import { sameShape } from "../pure/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What of a tensor among the arguments chooses a recording. The array is no tensor, so it keeps no memory alive. */
interface Given {
  readonly array: NDArray;
  readonly requiresGrad: boolean;
  /** Where the same tensor stood before, or -1. */
  readonly same: number;
  /** Where its memory was shown first, and how far from there it begins. */
  readonly first: number;
  readonly beyond: number;
}

function sameGiven(a: Given, b: Given): boolean {
  const x = a.array, y = b.array;
  return x.dtype === y.dtype && sameShape(x.shape, y.shape) && sameShape(x.strides, y.strides) &&
    x.storage.stream === y.storage.stream && a.requiresGrad === b.requiresGrad &&
    a.same === b.same && a.first === b.first && a.beyond === b.beyond;
}

/** What of the arguments chooses a recording, beside those that are no tensors. */
export type Pattern = Pick<Arguments, "structure" | "given">;

/** The arguments of one call, taken apart: arrays and plain objects count by what is in them. */
export class Arguments {
  /** Tensors and everything else, in order. */
  readonly leaves: unknown[] = [];
  /** How arrays and objects hold them. */
  readonly structure: string;
  readonly given: Given[] = [];
  readonly #storages = new Map<Storage, { place: number; offset: number }>();

  constructor(values: readonly unknown[]) {
    let structure = "";
    for (let place = 0; place < values.length; place++) structure += this.#take(values[place], place, outermost);
    this.structure = structure;
  }

  #take(value: unknown, argument: number, around: readonly object[]): string {
    if (value instanceof Tensor) {
      const { array, requiresGrad } = value, { storage, offset } = array, place = this.leaves.length;
      const same = this.leaves.indexOf(value);
      let first = this.#storages.get(storage);
      if (first === undefined) this.#storages.set(storage, first = { place, offset });
      this.leaves.push(value);
      this.given.push({ array, requiresGrad, same, first: first.place, beyond: offset - first.offset });
      return "t";
    }
    if (Array.isArray(value)) {
      const inside = within("capture", around, value, `argument ${argument}`);
      return `[${value.map((item) => this.#take(item, argument, inside))}]`;
    }
    if (isPlain(value)) {
      const inside = within("capture", around, value, `argument ${argument}`);
      const parts = Object.entries(value).map(([name, item]) =>
        `${JSON.stringify(name)}:${this.#take(item, argument, inside)}`
      );
      return `{${parts}}`;
    }
    if (typeof value === "function" || (typeof value === "object" && value !== null)) {
      const where = around === outermost ? "is" : "holds";
      // It may change and stay the same object: what was recorded would go on with what it was.
      throw new TypeError(
        `Cannot capture: argument ${argument} ${where} ${shown(value)}, it must be of tensors, numbers, strings and ` +
          "booleans, in arrays and plain objects; the function may close over other things",
      );
    }
    this.leaves.push(value);
    return "-";
  }

  /** Whether a recording of the other arguments may serve for these. */
  resembles({ structure, given }: Pattern): boolean {
    return structure === this.structure && given.every((one, k) => sameGiven(one, this.given[k]!));
  }

  tensor(place: number): Tensor {
    return this.leaves[place] as Tensor;
  }

  /** Whether a tensor shows this memory. */
  shows(storage: Storage): boolean {
    return this.#storages.has(storage);
  }

  /** Each memory that tensors show. */
  get storages(): Iterable<Storage> {
    return this.#storages.keys();
  }
}
