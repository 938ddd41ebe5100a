/** The images that several examples read, from files or drawn by code. */
import { data } from "../mod.ts";

/**
 * The training and the test set: `"mnist"` or `"cifar10"`, which are read from `$DENEB_DATA` or the cache folder, or `"digits"`,
 * which are drawn by code. A `limit` other than 0 takes the first training images only.
 */
export async function openImages(name: string, limit = 0): Promise<[trainSet: data.Dataset, testSet: data.Dataset]> {
  if (name === "digits") return [data.digits({ train: limit || 20_000 }), data.digits({ test: limit || 2000 })];
  const open = name === "cifar10" ? data.cifar10 : data.mnist, trainSet = await open({ split: "train" });
  return [limit > 0 ? data.subset(trainSet, limit) : trainSet, await open({ split: "test" })];
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
