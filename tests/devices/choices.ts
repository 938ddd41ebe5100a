/** The types and layouts with which a device is tested, if all of them would take too long. */
import type { Stream } from "../../core/array/stream.ts";
import { type DType, isHalf } from "../../core/pure/dtype.ts";
import { type ScatterRow, scatterRows } from "../../kernels/instruction.ts";
import { type Layout, layoutNames } from "../arrays.ts";

/** True for devices that compile each kernel, in a fifth of a second: most rows are tested with few layouts there. */
export function isBrief(stream: Stream): boolean {
  return stream.device.name.startsWith("opencl");
}

/**
 * The types of a list to test. A device in lanes differs only in how lanes share the work, so three types are enough there. A
 * `brief` test leaves halves out, since only loads and stores differ from float32, which other rows test.
 */
export function typesFor(stream: Stream, list: readonly DType[], brief = false): readonly DType[] {
  if (inLanes(stream)) list = list.filter((dtype) => ["float32", "float16", "bool"].includes(dtype));
  return brief ? list.filter((dtype) => !isHalf(dtype)) : list;
}

export function inLanes(stream: Stream): boolean {
  return stream.device.name === "opencl in lanes";
}

/**
 * True for a variant of a device, of which only the sharing of work is of interest: all rows are tested on the device
 * itself.
 */
export function isVariant(stream: Stream): boolean {
  return stream.device.name.includes(" in ");
}

/** The rows of scatters to test: on a device that compiles each, those that differ in more than an expression; one on a variant. */
export function scatterRowsFor(stream: Stream): readonly ScatterRow[] {
  return isVariant(stream) ? ["sum"] : isBrief(stream) ? ["sum", "max", "set"] : scatterRows;
}

/** A layout of each kind for which kernels differ: elements side by side, elements by strides, and a repeated element. */
const briefLayouts: readonly Layout[] = ["contiguous", "transposed", "broadcastColumns"];

export function layoutsFor(stream: Stream): readonly Layout[] {
  return isBrief(stream) ? briefLayouts : layoutNames;
}
