/** Which types and layouts a device is tested with, where all of them would take too long. */
import type { Stream } from "../../core/array/stream.ts";
import { type DType, isHalf } from "../../core/pure/dtype.ts";
import { type Layout, layoutNames } from "../arrays.ts";

/** Where each structure is compiled on its own, which takes a fifth of a second, most rows make do with few of them. */
export function isBrief(stream: Stream): boolean {
  return stream.device.name.startsWith("opencl");
}

/**
 * In lanes the expressions are the same again: only what the lanes share out is of interest. Of brief rows halves are left
 * out, since they are float32 but for loads and stores, which other rows and the tests of ops show.
 */
export function typesFor(stream: Stream, list: readonly DType[], brief = false): readonly DType[] {
  if (inLanes(stream)) list = list.filter((dtype) => ["float32", "float16", "bool"].includes(dtype));
  return brief ? list.filter((dtype) => !isHalf(dtype)) : list;
}

export function inLanes(stream: Stream): boolean {
  return stream.device.name === "opencl in lanes";
}

/** Whether the device is one that was seen with all rows under its own name, and of interest is how work is shared out. */
export function isVariant(stream: Stream): boolean {
  return stream.device.name.includes(" in ");
}

/** Layouts of each kind that kernels tell apart: elements side by side, by strides, and one again and again. */
const briefLayouts: readonly Layout[] = ["contiguous", "transposed", "broadcastColumns"];

export function layoutsFor(stream: Stream): readonly Layout[] {
  return isBrief(stream) ? briefLayouts : layoutNames;
}
