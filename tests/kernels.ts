/**
 * Helpers for tests of the kernels: a test for each device, compared with the reference device, and findings of many
 * cases.
 */
import { Stream } from "../core/array/stream.ts";
import { openCpu, openNative } from "../kernels/native/native.ts";
import { openChosen } from "./devices/native.ts";
import type { Device } from "../kernels/device.ts";
import { opcode } from "../kernels/instruction.ts";
import { openReference } from "../kernels/reference/reference.ts";
import { openWasm } from "../kernels/wasm.ts";
import { devices } from "../mod.ts";
import { testUnless } from "./permissions.ts";
import { assert, assertStrictEquals, required } from "./support.ts";

/** Collects differences, so that a test tells of every case, and fails at its end. */
export class Findings {
  readonly #lines: string[] = [];
  cases = 0;

  add(what: string, difference: string | null): void {
    this.cases++;
    if (difference !== null) this.#lines.push(`${what}: ${difference}`);
  }

  check(): void {
    assert(this.cases > 0, "there were no cases");
    const shown = this.#lines.slice(0, 30).join("\n");
    assertStrictEquals(this.#lines.length, 0, `${this.#lines.length} of ${this.cases} cases differ:\n${shown}`);
  }
}

/** The device without groups: each instruction runs by itself. */
export function ungrouped(device: Device): Device {
  const run = (length: number) => {
    const words = device.words;
    let end = 0;
    for (let at = 0; at < length;) {
      const count = words[at + 1]!;
      if (words[at] !== opcode.group && words[at] !== opcode.end) {
        words.copyWithin(end, at, at + count);
        end += count;
      }
      at += count;
    }
    device.run(end);
  };
  return Object.create(device, { run: { value: run } });
}

/** Opens a device for `body`, and closes it. Fails if storages are left on the device. */
export function withDevice(open: () => Device, body: (stream: Stream) => void): void {
  const stream = new Stream(open());
  try {
    body(stream);
    stream.flush();
    assertStrictEquals(stream.device.memory().bytes, 0, "storages are left");
  } finally {
    stream.device.close();
  }
}

const doors: Record<string, () => Device> = {
  cpu: openCpu,
  wasm: openWasm,
  opencl: () => openNative("opencl"),
  // The kernels that a GPU would run, on any OpenCL device.
  "opencl in lanes": () => ({ ...openChosen("opencl", { shape: "lanes" }), name: "opencl in lanes" }),
  cuda: () => openNative("cuda"),
  // Work of more elements than a launch counts is split. With a limit of 100 nearly all work is.
  "cuda in parts": () => ({ ...openChosen("cuda", { places: 100 }), name: "cuda in parts" }),
};

/** Why a device cannot be tested here; null if it can be, or must. */
export function absence(device: string): string | null {
  const kind = device.split(" ")[0]!;
  const { available = false, reason } = devices().find(({ name }) => name === kind) ?? {};
  return available || required.includes(kind) ? null : reason ?? "not built";
}

/** Registers a test for each device, which runs once with groups and once instruction by instruction. */
export function againstItself(name: string, body: (grouped: Stream, single: Stream) => void): void {
  for (const [device, open] of Object.entries(doors)) {
    testUnless(absence(device), `${name} [${device}]`, () => {
      withDevice(open, (grouped) => withDevice(() => ungrouped(open()), (single) => body(grouped, single)));
    });
  }
}

/** Registers a test for each device that is compared with the reference device. */
export function againstReference(name: string, body: (stream: Stream, reference: Stream) => void): void {
  for (const [device, open] of Object.entries(doors)) {
    testUnless(absence(device), `${name} [${device}]`, () => {
      withDevice(open, (stream) => withDevice(openReference, (reference) => body(stream, reference)));
    });
  }
}
