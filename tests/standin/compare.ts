/** What groups on the stand-in's device give, beside the same instructions one by one, and in how many launches. */
import { Stream } from "../../core/array/stream.ts";
import { openDevice } from "../../kernels/mod.ts";
import { difference, type Operand } from "../arrays.ts";
import { type Findings, ungrouped } from "../kernels.ts";
import { type Body, runGroup } from "../row_cases.ts";
import { get } from "./controls.ts";

export { type Body, operandsFrom } from "../row_cases.ts";

/** What the default device holds, which is this one. */
export const idle = get("allocations");

/** Runs a body as a group and one by one, and compares all results; returns how many launches the group took. */
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
