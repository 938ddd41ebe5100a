/** The digits that several examples read, from MNIST or drawn by code. */
import { data } from "../mod.ts";

/**
 * The training and the test set: `"mnist"`, which is read from `$DENEB_DATA/mnist` or the cache folder and downloaded once where it
 * is missing, or `"digits"`, which are drawn by code. A `limit` other than 0 takes the first training images only.
 */
export async function openDigits(name: string, limit = 0): Promise<[trainSet: data.Dataset, testSet: data.Dataset]> {
  if (name === "digits") return [data.digits({ train: limit || 20_000 }), data.digits({ test: limit || 2000 })];
  const trainSet = await data.mnist({ split: "train" });
  return [limit > 0 ? data.subset(trainSet, limit) : trainSet, await data.mnist({ split: "test" })];
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
