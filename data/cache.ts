/** A dataset whose samples are computed once and kept as plain elements, as many as a limit allows. */
import { checkOptions, checkRange } from "../core/internal.ts";
import { mapLeaves } from "../core/pure/nested.ts";
import type { Dataset } from "./contract.ts";
import { asDataset } from "./sources.ts";
import { Stacked, withoutTensors, withTensors } from "./stacked.ts";

/** Options of {@linkcode cache}. */
export interface CacheOptions {
  /** The most bytes of elements and texts that are kept; 1 GiB by default. Further samples are asked for each time. */
  bytesMax?: number;
}

/** Bytes that a number, a flag or the frame of an array takes about. */
const bytesAround = 64;

/**
 * The samples of a dataset, each asked for only once: for those that take long to read or to compute. They stay in memory, until
 * `bytesMax` is reached, and tensors are made of them each time.
 *
 * What is random in a dataset is frozen by it: it belongs behind it, in `augment` or {@linkcode map}. RangeError for a limit that
 * is no number.
 *
 * @example
 * ```ts
 * import { data, tensor } from "deneb";
 *
 * let reads = 0;
 * const set = data.cache(data.map([1, 2], (k) => (reads++, tensor(k))));
 * for (let epoch = 0; epoch < 3; epoch++) for await (const _ of new data.DataLoader(set));
 * if (reads !== 2) throw new Error(`${reads} reads`);
 * ```
 */
export function cache<S>(dataset: Dataset<S> | readonly S[], options: CacheOptions = {}): Dataset<S> {
  const action = "cache dataset", given = asDataset(action, dataset);
  const { bytesMax = 2 ** 30 } = checkOptions(action, options, "{ bytesMax: 2 ** 30 }", ["bytesMax"]);
  let left = checkRange(action, "bytesMax", bytesMax, 0);
  const kept = new Map<number, unknown>();
  return {
    get length() {
      return given.length;
    },
    get: async (index) => {
      if (kept.has(index)) return withTensors(kept.get(index)) as S;
      const sample = await given.get(index), plain = withoutTensors(sample), bytes = bytesIn(plain);
      if (bytes <= left && !kept.has(index)) {
        left -= bytes;
        kept.set(index, plain);
      }
      return sample;
    },
  };
}

/** About how many bytes a sample takes. */
function bytesIn(sample: unknown): number {
  let bytes = 0;
  mapLeaves("cache sample", sample, (leaf) => {
    const held = leaf instanceof Stacked ? leaf.samples.data : leaf;
    bytes += bytesAround +
      (typeof held === "string" ? 2 * held.length : ArrayBuffer.isView(held) ? held.byteLength : 0);
    return leaf;
  });
  return bytes;
}
