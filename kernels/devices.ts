/**
 * Opens devices by name. What runs the arithmetic hides behind the one interface of `device.ts`.
 */
import type { Device } from "./device.ts";
import { environment, mayRead } from "./native/environment.ts";
import { type Kind, openCpu, openNative, type Probe, probeCpu, probeNative } from "./native/native.ts";
import { openReference } from "./reference/reference.ts";
import { openWasm, probeWasm } from "./wasm.ts";

/** A device that can be asked for. */
export interface DeviceEntry extends Probe {
  /** As in `--device`. */
  name: string;
}

interface Door {
  probe: (index: number | null) => Probe;
  open: (index: number | null) => Device;
}

function native(kind: Kind): Door {
  return { probe: (index) => probeNative(kind, index), open: (index) => openNative(kind, index) };
}

/** Doors to several devices, which are numbered: "opencl:1". A GPU that has both is best driven by the first. */
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

/** Opens a device. RangeError for a name that is none, Error where it is not there. */
export function openDevice(name: string): Device {
  const [kind, digits] = name.split(":", 2) as [string, string?];
  const known = Object.hasOwn(doors, kind) &&
    (digits === undefined ||
      (Object.hasOwn(numbered, kind) && /^\d{1,3}$/.test(digits) && name === `${kind}:${digits}`));
  if (known) return doors[kind]!.open(digits === undefined ? null : Number(digits));
  const names = Object.keys(doors).map((each) => Object.hasOwn(numbered, each) ? `${each}, ${each}:N` : each);
  throw new RangeError(`Cannot open device: "${name}" is not one of auto, ${names.join(", ")}`);
}

/** What Linux shows of a GPU: of the kernel's own drivers, AMD's, NVIDIA's and Windows' below it. */
const gpuNodes = ["/dev/dri", "/dev/kfd", "/dev/nvidiactl", "/dev/dxg"];

/** Spares most machines without a GPU the loading of drivers, which takes longer than all else at the start. */
function mayHaveGpu(): boolean {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return true;
  return gpuNodes.some((path) => {
    if (!mayRead(path)) return true;
    try {
      return Deno.statSync(path) !== null;
    } catch (error) {
      return !(error instanceof Deno.errors.NotFound);
    }
  });
}

/**
 * The name of the device that is taken when none is named: `DENEB_DEVICE`, else a GPU with memory of its own, else the
 * native CPU, else wasm.
 */
export function defaultName(): string {
  const named = environment("DENEB_DEVICE");
  if (named !== undefined && named !== "auto") return named;
  if (mayHaveGpu()) {
    for (const [name, { probe }] of Object.entries(numbered)) if (probe(null).discrete) return name;
  }
  const { available, reason } = probeCpu();
  if (available) return "cpu";
  warnOfNamed(reason!);
  return "wasm";
}

let warned = false;

/** A library that the user named and that is not taken would else be missed by its slowness alone. */
function warnOfNamed(reason: string): void {
  if (warned || environment("DENEB_LIB") === undefined) return;
  warned = true;
  console.warn(`Deneb computes on wasm, for DENEB_LIB cannot be opened: ${reason}`);
}

/** Every device that can be asked for. None is opened. */
export function devices(): DeviceEntry[] {
  return Object.entries(doors).map(([name, { probe }]) => ({ name, ...probe(null) }));
}
