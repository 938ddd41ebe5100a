/**
 * The opened devices: a stream for each, and which of them new tensors are made on.
 *
 * Nothing is opened before the first tensor: importing Deneb touches no file and no library.
 */
import { defaultName, openDevice } from "../../kernels/mod.ts";
import { limits } from "../../kernels/instruction.ts";
import { shown } from "../pure/check.ts";
import { Stream } from "./stream.ts";

const streams = new Map<string, Stream>();
let chosen: Stream | null = null;
let threads: number | null = null;

/** The stream of the device called `name`, or of the default device. Opens the device if need be. */
export function streamOf(name?: string): Stream {
  if (name === undefined) return chosen ??= streamOf(defaultName());
  const known = streams.get(name);
  if (known) return known;
  const device = openDevice(name);
  if (threads !== null) device.setThreads(threads);
  const stream = new Stream(device);
  streams.set(name, stream);
  return stream;
}

/** The stream of the device called `name`; undefined unless it was opened under that name. */
export function openedStream(name: string): Stream | undefined {
  return streams.get(name);
}

/** The default device's stream; null before it is opened. */
export function chosenStream(): Stream | null {
  return chosen;
}

/** Makes `stream` the default. */
export function chooseStream(stream: Stream): void {
  chosen = stream;
}

/** Every stream that was opened. */
export function openStreams(): Stream[] {
  return [...streams.values()];
}

/**
 * How many threads native devices use, now and when they are opened later: 1 to 256. The results have the same bits.
 *
 * @example
 * ```ts
 * import { ones, setThreads } from "deneb";
 *
 * setThreads(2);
 * if (ones([1000, 100]).sum().item() !== 100_000) throw new Error("wrong");
 * ```
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > limits.threads) {
    throw new RangeError(`Cannot set threads: ${shown(count)} must be an integer in [1, ${limits.threads}]`);
  }
  threads = count;
  for (const stream of openStreams()) stream.device.setThreads(count);
}

/** What live tensors use, and what devices hold beside them. */
export interface MemoryUse {
  /** How many storages are alive. Tensors that are views of one another share a storage. */
  tensors: number;
  /** Bytes that live storages use. */
  bytes: number;
  /** Bytes that devices hold beside the storages: pools, caches and programs. */
  reserved: number;
}

/**
 * The memory in use on one device, or on all opened ones.
 *
 * @example
 * ```ts
 * import { memory, zeros } from "deneb";
 *
 * const before = memory().bytes;
 * const x = zeros([16]);
 * if (memory().bytes !== before + 4 * x.size) throw new Error("miscounted");
 * ```
 */
export function memory(device?: string): MemoryUse {
  const total = { tensors: 0, bytes: 0, reserved: 0 };
  for (const stream of device === undefined ? openStreams() : [streamOf(device)]) {
    total.reserved += stream.reserved;
    total.tensors += stream.count;
    total.bytes += stream.bytes;
  }
  return total;
}
