/** A group of instructions has the bits that the instructions have one by one. */
import { difference } from "./arrays.ts";
import { againstItself, Findings } from "./kernels.ts";
import { rowCases, runGroup } from "./row_cases.ts";

againstItself("rows and columns of a group have the bits of each instruction", (grouped, single) => {
  const findings = new Findings();
  for (const each of rowCases) {
    // PoCL takes a second to build a kernel of a group.
    if (grouped.device.name === "opencl in lanes" && each.what.includes("float64")) continue;
    const found = runGroup(grouped, each), expected = runGroup(single, each);
    found.forEach((flat, k) => findings.add(`${each.what}, result ${k}`, difference(flat, expected[k]!)));
  }
  findings.check();
});
