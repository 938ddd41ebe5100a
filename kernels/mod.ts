/**
 * The face of the kernels: devices by name, and the places where the library was looked for.
 */
export type { Device } from "./device.ts";
export { defaultName, type DeviceEntry, devices, openDevice } from "./devices.ts";
export { libraryCandidates, lookAgain, type Probe } from "./native/native.ts";
