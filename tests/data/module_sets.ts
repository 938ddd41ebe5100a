/** Datasets that tests open as a module, also in workers. */
import { type Tensor, tensor } from "../../mod.ts";

type Pair = [x: Tensor, y: Tensor];

/** Images by number, which come later, and of which one may be broken. */
export default function images({ count, broken = -1 }: { count: number; broken?: number }) {
  return Promise.resolve({
    length: count,
    get: async (index: number): Promise<Pair> => {
      await Promise.resolve();
      if (index === broken) throw new RangeError("its file is cut");
      return [tensor([[[index, 1, 2], [3, 4, 5]]]), tensor(index, { dtype: "int32" })];
    },
  });
}

/** A dataset itself, whose samples are no pairs. */
export const records = {
  length: 7,
  get: (index: number) => ({ name: `record ${index}`, x: tensor([index]), parts: [index, index % 2 === 0] }),
};

/** A dataset that gives batches at once. */
export const whole = {
  length: 5,
  get: (index: number): Pair => [tensor([index]), tensor(index)],
  batch: (indices: ArrayLike<number>) => {
    const shape = [indices.length, 1], data = Float32Array.from(indices);
    return [{ data, shape }, { data: data.slice(), shape: [indices.length] }];
  },
};

/** What cannot be sent as an error. */
export const strange = {
  length: 1,
  get: () => {
    throw () => "a function";
  },
};

/** No dataset. */
export const nothing = 3;
