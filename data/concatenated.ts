/** Several datasets as one. Where all give many samples at once, so does the whole. */
import { dtypeOfArray, makeTypedArray, showShape, sizeOf } from "../core/internal.ts";
import type { Dataset, Samples } from "./contract.ts";
import { checkDataset, checkIndex, checkSamples } from "./samples.ts";

/** Datasets one after the other. */
export class Concatenated implements Dataset<unknown> {
  readonly length: number;
  readonly #parts: readonly Dataset<unknown>[];
  /** The number of the first sample of each part. */
  readonly #starts: readonly number[];
  /** As `get`, for many samples; absent where a part has none. */
  declare batch?: NonNullable<Dataset<unknown>["batch"]>;

  constructor(action: string, parts: readonly Dataset<unknown>[]) {
    let length = 0;
    this.#parts = parts;
    this.#starts = parts.map((part) => {
      const start = length;
      length += checkDataset(action, part);
      return start;
    });
    this.length = length;
    if (parts.every((part) => part.batch !== undefined)) this.batch = (indices) => this.#batch(indices);
  }

  get(index: number): unknown {
    const part = this.#partOf(index);
    return this.#parts[part]!.get(index - this.#starts[part]!);
  }

  #partOf(index: number): number {
    checkIndex(index, this.length);
    return this.#starts.findLastIndex((start) => start <= index);
  }

  /** Asks each part for its samples at once, and puts them where they belong. */
  async #batch(indices: ArrayLike<number>): Promise<Samples[]> {
    const placesOf = this.#parts.map((): number[] => []);
    for (let place = 0; place < indices.length; place++) placesOf[this.#partOf(indices[place]!)]!.push(place);
    let whole: Samples[] | null = null;
    for (const [part, places] of placesOf.entries()) {
      if (places.length === 0) continue;
      const own = places.map((place) => indices[place]! - this.#starts[part]!);
      const answer = (await this.#parts[part]!.batch!(own)).map((one) => checkSamples("get batch", one));
      whole ??= answer.map((one) => room(one, indices.length));
      for (const [k, one] of answer.entries()) copyRows(whole[k], one, places);
    }
    return whole ?? [];
  }
}

/** Zeros for `count` samples like the given ones. */
function room({ data, shape: [, ...inner], dtype }: Samples, count: number): Samples {
  const type = dtype ?? dtypeOfArray(data)!;
  return { data: makeTypedArray(type, count * sizeOf(inner)), shape: [count, ...inner], dtype: type };
}

/** Copies samples to their places. TypeError unless they are of the shape and type of what is there. */
function copyRows(target: Samples | undefined, source: Samples, places: readonly number[]): void {
  const shape = source.shape.slice(1), size = sizeOf(shape), dtype = source.dtype ?? dtypeOfArray(source.data)!;
  const [own, wanted] = [`${dtype} ${showShape(shape)}`, `${target?.dtype} ${showShape(target?.shape.slice(1) ?? [])}`];
  if (target === undefined || own !== wanted) {
    throw new TypeError(`Cannot concatenate samples: ${own} and ${wanted} must be the same`);
  }
  for (const [k, place] of places.entries()) {
    target.data.set(source.data.subarray(k * size, (k + 1) * size), place * size);
  }
}
