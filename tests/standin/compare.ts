/** Compares groups on the stand-in's device with the same instructions one by one, and counts their launches. */
import { Stream } from "../../core/array/stream.ts";
import { openDevice } from "../../kernels/mod.ts";
import { difference, type Operand } from "../arrays.ts";
import { type Findings, ungrouped } from "../kernels.ts";
import { type Body, runGroup } from "../row_cases.ts";
import { get } from "./controls.ts";

export { type Body, operandsFrom } from "../row_cases.ts";

/** The number of allocations of the default device, which is the stand-in's. */
export const idle = get("allocations");

/** Runs a body as a group and one by one, and compares all results. Returns the number of launches of the group. */
export function compare(findings: Findings, what: string, operands: readonly Operand[], body: Body): number {
  const device = openDevice("cuda"), other = openDevice("cuda");
  try {
    const stream = new Stream(device), single = runGroup(new Stream(ungrouped(other)), { operands, body });
    let launches = 0;
    const grouped = runGroup(stream, { operands, body }, {
      before: () => launches -= get("launches"),
      after: () => launches += get("launches"),
    });
    grouped.forEach((flat, k) => findings.add(`${what}, result ${k}`, difference(flat, single[k]!)));
    return launches;
  } finally {
    device.close();
    other.close();
    const left = get("allocations") - idle;
    findings.add(`allocations after ${what}`, left === 0 ? null : `${left}`);
  }
}
