/**
 * Opens devices by name. What runs the arithmetic hides behind the one interface of `device.ts`.
 */
import { openCpu, probeCpu } from "./cpu.ts";
import type { Device } from "./device.ts";
import { environment } from "./environment.ts";
import { openReference } from "./reference.ts";
import { openWasm, probeWasm } from "./wasm.ts";

export { libraryCandidates, lookAgain } from "./cpu.ts";
export type { Device } from "./device.ts";

/** Whether a device is there, and what describes it or why it is not. */
interface Probe {
  available: boolean;
  reason?: string;
  description: string;
}

/** A device that can be asked for. */
export interface DeviceEntry extends Probe {
  /** As in `--device`. */
  name: string;
}

const doors: Record<string, { probe: () => Probe; open: () => Device }> = {
  cpu: { probe: probeCpu, open: openCpu },
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
  if (!Object.hasOwn(doors, name)) {
    throw new RangeError(`Cannot open device: "${name}" is not one of auto, ${Object.keys(doors).join(", ")}`);
  }
  return doors[name]!.open();
}

/** The name of the device that is taken when none is named: `DENEB_DEVICE`, else the native CPU, else wasm. */
export function defaultName(): string {
  const named = environment("DENEB_DEVICE");
  if (named !== undefined && named !== "auto") return named;
  return Object.keys(doors).find((name) => doors[name]!.probe().available)!;
}

/** Every device that can be asked for, the best first. None is opened. */
export function devices(): DeviceEntry[] {
  return Object.entries(doors).map(([name, { probe }]) => ({ name, ...probe() }));
}
