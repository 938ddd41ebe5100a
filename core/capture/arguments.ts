/**
 * The arguments of a captured function, taken apart: which of them are tensors, and by which of their properties a
 * recording is chosen.
 */
import { shown } from "../pure/check.ts";
import { isPlain, outermost, within } from "../pure/nested.ts";
import type { NDArray } from "../array/ndarray.ts";
import type { Storage } from "../array/stream.ts";
import { sameShape } from "../pure/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * The properties of a tensor among the arguments by which a recording is chosen. They hold the tensor's array rather than
 * the tensor, since an array keeps no memory alive.
 */
interface Given {
  readonly array: NDArray;
  readonly requiresGrad: boolean;
  /** The place of an earlier leaf that is the same tensor, or -1. */
  readonly same: number;
  /** The place of the first leaf that shows the same memory. */
  readonly first: number;
  /** How many elements this tensor begins behind that leaf. */
  readonly beyond: number;
}

function sameGiven(a: Given, b: Given): boolean {
  const x = a.array, y = b.array;
  return x.dtype === y.dtype && sameShape(x.shape, y.shape) && sameShape(x.strides, y.strides) &&
    x.storage.stream === y.storage.stream && a.requiresGrad === b.requiresGrad &&
    a.same === b.same && a.first === b.first && a.beyond === b.beyond;
}

/** How a recording's arguments were built, and what its tensors were like; other leaves are compared one by one. */
export type Pattern = Pick<Arguments, "structure" | "given">;

/** The arguments of one call. Arrays and plain objects are taken apart down to their leaves. */
export class Arguments {
  /** Tensors and everything else, in order. */
  readonly leaves: unknown[] = [];
  /** How arrays and objects hold the leaves, as text. */
  readonly structure: string;
  readonly given: Given[] = [];
  readonly #arrays = new Map<number, NDArray>();
  readonly #storages = new Map<Storage, { place: number; offset: number }>();

  constructor(values: readonly unknown[]) {
    let structure = "";
    for (let place = 0; place < values.length; place++) structure += this.#take(values[place], place, outermost);
    this.structure = structure;
  }

  #take(value: unknown, argument: number, around: readonly object[]): string {
    if (value instanceof Tensor) {
      const { array, requiresGrad } = value, { storage, offset } = array;
      const place = this.leaves.length, same = this.leaves.indexOf(value);
      let first = this.#storages.get(storage);
      if (first === undefined) this.#storages.set(storage, first = { place, offset });
      this.leaves.push(value);
      this.#arrays.set(place, array);
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
      // Such an object may change and stay the same object: a replay would go on with what it held at the recording.
      throw new TypeError(
        `Cannot capture: argument ${argument} ${where} ${shown(value)}, it must be of tensors, numbers, strings and ` +
          "booleans, in arrays and plain objects; the function may close over other things",
      );
    }
    this.leaves.push(value);
    return "-";
  }

  /** Whether a recording whose arguments had this pattern may serve these, as far as structure and tensors go. */
  resembles({ structure, given }: Pattern): boolean {
    return structure === this.structure && given.every((one, k) => sameGiven(one, this.given[k]!));
  }

  /** The leaf at this place, which is a tensor. */
  tensor(place: number): Tensor {
    return this.leaves[place] as Tensor;
  }

  /** The array of the tensor at this place, as it was when the arguments were given. */
  array(place: number): NDArray {
    return this.#arrays.get(place)!;
  }

  /** Whether a tensor among the arguments shows this memory. */
  shows(storage: Storage): boolean {
    return this.#storages.has(storage);
  }

  /** The memory that tensors among the arguments show, each once. */
  get storages(): Iterable<Storage> {
    return this.#storages.keys();
  }
}
