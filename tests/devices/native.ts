/** Contexts of the native library with settings that only tests choose. */
import type { Device } from "../../kernels/device.ts";
import { type Kind, openContext, settingsFor } from "../../kernels/native/native.ts";

/** Settings of the library beside those of every context; see `kernels/host/settings.zig`. */
export interface Choices {
  /** How kernels are divided on OpenCL: for cores, for lanes that work in step, or as the device's own kind needs. */
  shape?: "own" | "core" | "lanes";
  /** One of the tiles of products on OpenCL, instead of the fastest. */
  tile?: number;
  /** 0 for an OpenCL device without float64. */
  double?: 0 | 1;
  /** The most elements that a launch on CUDA counts. */
  places?: number;
  /** The most bytes that one call copies between the host and the device. */
  bytesAtOnce?: number;
}

/** Opens the device of that kind with such settings. */
export function openChosen(kind: Kind, { bytesAtOnce, ...choices }: Choices): Device {
  return openContext(kind, { ...settingsFor(kind), ...choices }, bytesAtOnce);
}
