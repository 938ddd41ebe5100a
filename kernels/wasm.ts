/**
 * The wasm device: the CPU kernels built for WebAssembly, for places where no native library may be loaded. One thread,
 * SIMD of 128 bits, no permission.
 *
 * All contexts of a process share one module, and its memory grows: so views of the memory are made at each use.
 */
import { errorOf, readManifest } from "./native/border.ts";
import * as module from "./deneb.wasm";
import type { Device } from "./device.ts";
import { limits, status } from "./instruction.ts";

/** A view on `length` bytes of the module's memory. The module returns addresses as signed numbers. */
function bytesAt(address: number, length: number): Uint8Array {
  return new Uint8Array(module.memory.buffer, address >>> 0, length);
}

function allocate(bytes: number): number {
  const address = module.deneb_allocate(bytes);
  if (address === 0) throw new Error(`Cannot open wasm: there is no memory for ${bytes} bytes`);
  return address;
}

const textBytes = 1 << 14;
let textAddress = 0;

/** The text that `copy` writes into the module's memory. */
function textOf(copy: (target: number, capacity: number) => number): string {
  textAddress ||= allocate(textBytes);
  const length = Math.min(copy(textAddress, textBytes), textBytes);
  return new TextDecoder().decode(bytesAt(textAddress, length).slice());
}

/** A description of the module, or why it cannot be used. */
export function probeWasm(): { available: boolean; reason?: string; description: string } {
  try {
    const { mode } = readManifest(textOf(module.deneb_manifest));
    return {
      available: true,
      description: `WebAssembly with SIMD, one thread${mode === "fast" ? "" : `, mode ${mode}`}`,
    };
  } catch (error) {
    return { available: false, reason: (error as Error).message, description: "" };
  }
}

/** Opens a context in the module. */
export function openWasm(): Device {
  const { reason, description } = probeWasm();
  if (reason !== undefined) throw new Error(`Cannot open wasm: ${reason}`);
  const context = module.deneb_open(textAddress, 0);
  if (context === 0) throw new RangeError(textOf((target, capacity) => module.deneb_error(0, target, capacity)));
  const message = () => textOf((target, capacity) => module.deneb_error(context, target, capacity));
  const check = (code: number) => {
    if (code !== status.ok) throw errorOf(code, message());
  };
  const wordsAddress = allocate(8 * limits.words);
  check(module.deneb_attach(context, wordsAddress, limits.words));
  let words = new Float64Array(module.memory.buffer, wordsAddress >>> 0, limits.words);
  const place = (handle: number, offset: number, length: number) => {
    const address = module.deneb_address(context, handle, offset, length);
    if (address === 0) throw new RangeError(message());
    return bytesAt(address, length);
  };
  const run = module.deneb_run;
  return {
    name: "wasm",
    description,
    get words() {
      // Growth of the memory detaches the view.
      if (words.length === 0) words = new Float64Array(module.memory.buffer, wordsAddress >>> 0, limits.words);
      return words;
    },
    run(length) {
      const code = run(context, length);
      if (code !== status.ok) check(code);
    },
    write: (handle, offset, source) => place(handle, offset, source.length).set(source),
    read: (handle, offset, target) => target.set(place(handle, offset, target.length)),
    memory: () => ({ bytes: module.deneb_memory(context, 0), reserved: module.deneb_memory(context, 1) }),
    setThreads() {}, // There is but one.
    close: () => void module.deneb_close(context),
  };
}
