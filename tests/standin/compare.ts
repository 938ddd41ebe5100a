/** What groups on the stand-in's device give, beside the same instructions one by one, and in how many launches. */
import { composeAll, type NDArray } from "../../core/ndarray.ts";
import { Stream } from "../../core/program.ts";
import { openDevice } from "../../kernels/mod.ts";
import { difference, type Layout, type Operand, operand, put, randomOf } from "../arrays.ts";
import { type Findings, ungrouped } from "../kernels.ts";
import { get } from "./controls.ts";

/** What the default device holds, which is this one. */
export const idle = get("allocations");

export type Body = (arrays: NDArray[]) => readonly NDArray[];

/** Runs a body as a group and one by one, and compares all results; returns how many launches the group took. */
export function compare(findings: Findings, what: string, operands: readonly Operand[], body: Body): number {
  const device = openDevice("cuda"), other = openDevice("cuda");
  try {
    let launches = 0;
    const [grouped, single] = [device, ungrouped(other)].map((on) => {
      const stream = new Stream(on), arrays = operands.map((each) => put(stream, each));
      arrays[0]?.read();
      const before = get("launches"),
        results = composeAll(() => body(arrays)),
        flats = results.map((one) => one.read());
      if (on === device) launches = get("launches") - before;
      for (const one of [...results, ...arrays]) one.dispose();
      stream.flush();
      return flats;
    });
    grouped!.forEach((flat, k) => findings.add(`${what}, result ${k}`, difference(flat, single![k]!)));
    return launches;
  } finally {
    device.close();
    other.close();
    const left = get("allocations") - idle;
    findings.add(`allocations after ${what}`, left === 0 ? null : `${left}`);
  }
}

/** Makes operands of random values, the same ones for the same seed. */
export function operandsFrom(seed: number) {
  const random = randomOf(seed);
  return (dtype: Operand["dtype"], shape: number[], layout: Layout = "contiguous"): Operand =>
    operand(dtype, shape, layout, random);
}
