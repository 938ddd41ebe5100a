/**
 * The data folder: an option, else `DENEB_DATA`, else the cache folder. Variables and files are read only if the
 * permission is granted already, so that nothing prompts.
 */
import { checkText } from "../core/internal.ts";
import { cacheFolder, environment } from "../kernels/native/environment.ts";

/**
 * The folder that holds `mnist/` and `cifar-10-batches-bin/`: the one given, else `DENEB_DATA`, else the cache folder.
 *
 * MissingDataError if none of these is known. The folder need not exist.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * if (data.dataFolder("/data") !== "/data") throw new Error("another folder");
 * ```
 */
export function dataFolder(option?: string): string {
  if (option !== undefined && checkText("find the data folder", "folder", option) === "") {
    throw new RangeError('Cannot find the data folder: folder "" must be a path');
  }
  const folder = option ?? environment("DENEB_DATA") ?? cacheFolder();
  if (folder === null) {
    throw new MissingDataError(
      "Cannot find the data folder: give { folder }, or --allow-env with DENEB_DATA set, or make a ./.deneb of your own",
    );
  }
  return folder;
}

/** The error for data that is neither on disk nor available from the network. A program may then use `digits()` instead. */
export class MissingDataError extends Error {
  /** The name tells the error also between two copies of the library, where `instanceof` does not. */
  override readonly name = "MissingDataError";
}
