/**
 * What a device is to the rest of Deneb: storages under handles, and a buffer of instructions that it runs.
 *
 * Handles are chosen by the caller (`core/array/stream.ts`), so that allocation and release are instructions like any other.
 */
export interface Device {
  /** As in `--device`: "cpu", "opencl", "opencl:1", "wasm", "reference". */
  readonly name: string;
  /** For people: the library's file and CPU level, say. */
  readonly description: string;
  /** The instruction buffer. Read this property at each use: a run may move it. */
  readonly words: Float64Array;
  /** Runs the first `length` words. After an error the rest of the list is skipped, save `alloc` and `free`. */
  run(length: number): void;
  /** Runs words of another buffer, of any length, where it can read them there. */
  runWords?(words: Float64Array): void;
  /** Runs words of another buffer, of any length, without blocking. Other calls wait until it has begun and ended. */
  runWordsAsync?(words: Float64Array): Promise<void>;
  /** Copies bytes into a storage. */
  write(handle: number, byteOffset: number, source: Uint8Array): void;
  /** Copies bytes out of a storage. */
  read(handle: number, byteOffset: number, target: Uint8Array): void;
  /** Bytes in live storages, and bytes held beside them in pools and caches. */
  memory(): { bytes: number; reserved: number };
  setThreads(count: number): void;
  close(): void;
}
