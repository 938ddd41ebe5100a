/** Choosing devices by name. */
import { chooseStream, streamOf } from "./devices.ts";
import * as doors from "../kernels/mod.ts";

/** What is there, without opening it: names, and why a device is not available. */
export function devices(): ReturnType<typeof doors.devices> {
  return doors.devices();
}

/** Opens the best device, fetching its library first where that is possible and allowed. Names it. */
export async function open(name?: string): Promise<string> {
  await Promise.resolve();
  return streamOf(name).device.name;
}

/** Makes a device the one that new tensors live on: `auto`, `cpu`, `wasm`, `reference`. */
export async function setDefaultDevice(name = "auto"): Promise<void> {
  await Promise.resolve();
  chooseStream(streamOf(name === "auto" ? doors.defaultName() : name));
}
