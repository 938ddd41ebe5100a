/**
 * Maps and folds along the rows or columns of one matrix run as one kernel, with the bits of the instructions one by one.
 * `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver; the texts stay in its folder.
 */
import { Findings } from "../kernels.ts";
import { rowCases } from "../row_cases.ts";
import { compare } from "./compare.ts";

Deno.test("rows and columns are one launch, and the bits are those of each instruction", () => {
  const findings = new Findings();
  for (const each of rowCases) {
    const launches = compare(findings, each.what, each.operands, each.body);
    findings.add(`launches of ${each.what}`, !each.single || launches === 1 ? null : `${launches}`);
  }
  findings.check();
});
