/**
 * Where data lies: the first of an option, `DENEB_DATA` and the cache folder. Each step is taken only where its
 * permission is already granted; nothing here prompts.
 */
import { cacheFolder, environment, isGranted, mayRead } from "../kernels/native/environment.ts";

export { mayRead };

/** True if this very path may be written without a prompt. */
export function mayWrite(path: string): boolean {
  return isGranted({ name: "write", path });
}

/** True if the address may be fetched without a prompt. */
export function mayFetch(address: string): boolean {
  return isGranted({ name: "net", host: new URL(address).host });
}

/**
 * The folder that holds `mnist/` and `cifar-10-batches-bin/`: the one given, else `DENEB_DATA`, else the cache folder.
 * MissingDataError where there is none; whether it exists is not looked at.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * if (data.dataFolder("/data") !== "/data") throw new Error("another folder");
 * ```
 */
export function dataFolder(option?: string): string {
  const folder = option ?? environment("DENEB_DATA") ?? cacheFolder();
  if (folder === null) {
    throw new MissingDataError(
      "Cannot find the data folder: give { folder }, or --allow-env with DENEB_DATA set, or make ./.deneb",
    );
  }
  return folder;
}

/** Data that is neither on disk nor to be had from the network; whoever catches it may fall back on `digits()`. */
export class MissingDataError extends Error {
  /** For `error.name`, which survives where `instanceof` does not: between two copies of the library. */
  override readonly name = "MissingDataError";
}
