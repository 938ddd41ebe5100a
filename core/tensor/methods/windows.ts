/**
 * Methods that look at windows of neighbouring elements: convolutions and pools.
 */
import { IndexMethods } from "./indexing.ts";

/** The methods of {@linkcode Tensor} that look at windows of neighbouring elements. */
export abstract class WindowMethods extends IndexMethods {}
