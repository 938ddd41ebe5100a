/**
 * What a device is to the rest of Deneb: storages under handles, and a buffer of instructions that it runs.
 *
 * Handles are chosen by the caller (`core/array/stream.ts`), so that allocation and release are instructions like any other.
 */
export interface Device {
  /** The device's name, as in `--device`: "cpu", "opencl", "opencl:1", "wasm", "reference". */
  readonly name: string;
  /** A description for people, such as the library's file and CPU level. */
  readonly description: string;
  /** The instruction buffer. Read this property at each use: a run may move it. */
  readonly words: Float64Array;
  /** Runs the first `length` words. After an error the rest of the list is skipped, save `alloc` and `free`. */
  run(length: number): void;
  /** Runs words of another buffer, of any length, on devices that can read that buffer directly. */
  runWords?(words: Float64Array): void;
  /**
   * Has a copy of words of another buffer, of any length, run on another thread. A call on the device that comes before is
   * answered after the run.
   */
  startWords?(words: Float64Array): Started;
  /** Begins to copy bytes out of a storage, as `startWords` runs words; for devices that reading would have to wait for. */
  startRead?(handle: number, byteOffset: number, length: number): Started;
  /** Copies bytes into a storage. */
  write(handle: number, byteOffset: number, source: Uint8Array): void;
  /** Copies bytes out of a storage. */
  read(handle: number, byteOffset: number, target: Uint8Array): void;
  /** Bytes in live storages, and bytes held beside them in pools and caches. */
  memory(): { bytes: number; reserved: number };
  setThreads(count: number): void;
  close(): void;
}

/** Work that was handed to a device. */
export interface Started {
  /** Resolved when the work has ended, well or not. */
  readonly ended: Promise<unknown>;
  /** Waits for the end, throws if the work failed, and copies the bytes that were read into `target`. */
  finish(target?: Uint8Array): void;
}
