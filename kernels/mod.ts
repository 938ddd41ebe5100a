/**
 * Opens devices by name. What runs the arithmetic hides behind the one interface of `device.ts`.
 */
import type { Device } from "./device.ts";
import { openReference } from "./reference.ts";

export type { Device } from "./device.ts";

export function openDevice(name: string): Device {
  if (name !== "reference") throw new RangeError(`Cannot open device: "${name}" is not one of reference`);
  return openReference();
}

export function defaultDevice(): Device {
  return openDevice("reference");
}

export function devices(): { name: string; available: boolean; reason?: string; description: string }[] {
  return [{ name: "reference", available: true, description: "plain JavaScript in f64: slow, and what others are tested against" }];
}
