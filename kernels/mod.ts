/**
 * The face of the kernels: devices by name, and where the library was looked for. What runs the arithmetic hides behind
 * the one interface of `device.ts`.
 */
export type { Device } from "./device.ts";
export { defaultName, type DeviceEntry, devices, openDevice } from "./devices.ts";
export { libraryCandidates, lookAgain, type Probe } from "./native/native.ts";
