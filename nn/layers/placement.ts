/** Where the parameters of a layer are made, and of which type: options that all layers with parameters have. */
import type { DType } from "../../core/mod.ts";

/** Where the parameters of a layer are made. */
export interface PlacementOptions {
  /** The parameters' element type, a float type; float32 by default. */
  dtype?: DType;
  /** The parameters' device; the default device when absent. */
  device?: string;
}
