/**
 * Choosing devices by name. Only what is awaited here may fetch anything: the first op opens what is there.
 */
import { isGranted } from "../kernels/native/environment.ts";
import { cachedLibrary, libraryFile, release } from "../kernels/native/library.ts";
import { writeRefusal } from "../kernels/native/partial.ts";
import * as doors from "../kernels/mod.ts";
import { chooseStream, openedStream, streamOf } from "./array/devices.ts";
import { checkFunction, checkOptions } from "./pure/check.ts";
import { checkDigest, fetchBytes, type ProgressListener } from "./host/fetch.ts";
import { writeWhole } from "./host/files.ts";

export type { DeviceEntry, Probe } from "../kernels/mod.ts";

/**
 * What can be asked for, the best first, without opening it: names, and why a device is not available. The description of a
 * device that was opened says what it came to, such as the level of CPU by which it computes.
 *
 * @example
 * ```ts
 * import { devices } from "deneb";
 *
 * for (const { name, available, reason } of devices()) {
 *   if (!available && !reason) throw new Error(`${name} is absent for no reason`);
 * }
 * ```
 */
export function devices(): doors.DeviceEntry[] {
  return doors.devices().map((entry) => {
    const opened = openedStream(entry.name);
    return opened === undefined ? entry : { ...entry, description: opened.device.description };
  });
}

/** How a device is opened. */
export interface OpenOptions {
  /** Told while a published library is fetched. */
  progress?: ProgressListener;
}

/**
 * Opens a device, by default the best there is, and returns its name.
 *
 * Where the native library is absent, one is published for this machine, and the permissions to fetch it, to keep it in
 * the cache folder and to open it are granted, it is fetched first. Its SHA-256 stands in these sources.
 *
 * RangeError for a name that is none, Error for a device that is not there.
 *
 * @example
 * ```ts
 * import { open, zeros } from "deneb";
 *
 * const name = await open("wasm");
 * if (zeros([2], { device: name }).device !== "wasm") throw new Error(name);
 * ```
 */
export async function open(name = "auto", options: OpenOptions = {}): Promise<string> {
  const { progress } = checkOptions("open device", options, "{ progress: (report) => {} }", ["progress"]);
  if (progress !== undefined) checkFunction("open device", progress);
  if (name === "cpu") await fetchLibrary(options);
  // Without a network the best is what is there.
  else if (name === "auto") await fetchLibrary(options).catch(() => {});
  return streamOf(name === "auto" ? doors.defaultName() : name).device.name;
}

/**
 * Makes a device the one that new tensors live on: `auto`, `cpu`, `cuda`, `opencl`, `opencl:1`, `wasm` or `reference`.
 * Opens it as {@linkcode open} does.
 *
 * RangeError for a name that is none, Error for a device that is not there.
 *
 * @example
 * ```ts
 * import { ones, setDefaultDevice } from "deneb";
 *
 * await setDefaultDevice("wasm");
 * if (ones([2]).device !== "wasm") throw new Error("elsewhere");
 * ```
 */
export async function setDefaultDevice(name = "auto", options: OpenOptions = {}): Promise<void> {
  chooseStream(streamOf(await open(name, options)));
}

async function fetchLibrary({ progress }: OpenOptions): Promise<void> {
  const published = release(), path = cachedLibrary();
  if (published === undefined || path === null) return;
  if (doors.devices().find(({ name }) => name === "cpu")!.available) return;
  const file = libraryFile(), folder = path.slice(0, -file.length - 1);
  const url = new URL(`../releases/${Deno.build.arch}-${Deno.build.os}/${file}`, import.meta.url);
  const source = url.protocol === "file:"
    ? { name: "read", path: url } as const
    : { name: "net", host: url.host } as const;
  const permitted = isGranted(source) && isGranted({ name: "ffi", path }) && writeRefusal(path) === null;
  if (!permitted || !isGranted({ name: "write", path: folder })) return;
  try {
    const bytes = await fetchBytes(url, { file, bytesMax: published.bytes, progress });
    await checkDigest(bytes, published.sha256);
    await Deno.mkdir(folder, { recursive: true });
    await writeWhole(path, bytes);
  } catch (cause) {
    throw new Error(`Cannot fetch ${url}: ${(cause as Error).message}`, { cause });
  }
  doors.lookAgain();
}
