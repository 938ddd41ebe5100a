/**
 * Opens devices by name: each implements the one interface of `device.ts`.
 */
import type { Device } from "./device.ts";
import { environment, notice } from "./native/environment.ts";
import { mayHaveGpu } from "./native/gpu_nodes.ts";
import { type Kind, openCpu, openNative, type Probe, probeCpu, probeNative } from "./native/native.ts";
import { openReference } from "./reference/reference.ts";
import { openWasm, probeWasm } from "./wasm.ts";

/** A device that can be asked for. */
export interface DeviceEntry extends Probe {
  /** The device's name, as in `--device`. */
  name: string;
}

interface Door {
  probe: (index: number | null) => Probe;
  open: (index: number | null) => Device;
}

function native(kind: Kind): Door {
  return { probe: (index) => probeNative(kind, index), open: (index) => openNative(kind, index) };
}

/** Kinds with several devices, which are numbered: "opencl:1". The first kind that has a GPU drives it best. */
const numbered: Record<string, Door> = { cuda: native("cuda"), opencl: native("opencl") };

const doors: Record<string, Door> = {
  cpu: { probe: probeCpu, open: openCpu },
  ...numbered,
  wasm: { probe: probeWasm, open: openWasm },
  reference: {
    probe: () => ({
      available: true,
      description: "plain JavaScript in f64: slow, and what others are tested against",
    }),
    open: openReference,
  },
};

/** Opens a device. Throws TypeError for what is no text, RangeError for an unknown name, Error for a device that is absent. */
export function openDevice(name: string): Device {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot open device: a name of type ${typeof name}, it must be a text`);
  }
  const [kind, digits] = name.split(":", 2) as [string, string?];
  const known = Object.hasOwn(doors, kind) &&
    (digits === undefined ||
      (Object.hasOwn(numbered, kind) && /^\d{1,3}$/.test(digits) && name === `${kind}:${digits}`));
  if (known) return doors[kind]!.open(digits === undefined ? null : Number(digits));
  const names = Object.keys(doors).map((each) => Object.hasOwn(numbered, each) ? `${each}, ${each}:N` : each);
  throw new RangeError(
    `Cannot open device: ${JSON.stringify(name.slice(0, 40))} is not one of auto, ${names.join(", ")}`,
  );
}

/**
 * The name of the default device: `DENEB_DEVICE`, else a GPU with memory of its own, else the native CPU, else wasm.
 */
export function defaultName(): string {
  const named = environment("DENEB_DEVICE");
  if (named !== undefined && named !== "auto") return named;
  if (mayHaveGpu()) {
    for (const [name, { probe }] of Object.entries(numbered)) if (probe(null).discrete) return name;
  }
  const { available, reason } = probeCpu();
  if (available) return "cpu";
  tellOfWasm(reason!);
  return "wasm";
}

let told = false;

/** Tells that wasm stands in for the native library, and why: else only slowness would show that. */
function tellOfWasm(reason: string): void {
  // Where there is no Deno, there is nothing native to be had.
  if (told || typeof Deno === "undefined") return;
  told = true;
  if (environment("DENEB_LIB") !== undefined) {
    notice(`Deneb computes on wasm, for DENEB_LIB cannot be opened: ${reason}`);
    return;
  }
  const build = /no such file/.test(reason) ? "; `deno task build` makes it" : "";
  notice(`Deneb computes on wasm, with one thread; the native library is several times as fast: ${reason}${build}`);
}

/** Lists every device that `openDevice` takes. None is opened. */
export function devices(): DeviceEntry[] {
  return Object.entries(doors).map(([name, { probe }]) => ({ name, ...probe(null) }));
}
