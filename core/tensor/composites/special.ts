/** Special functions of each element by several ops. */
import { checkCount } from "../../pure/check.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { ofFloats } from "./pointwise.ts";

/** p (p - 1) / 4 ln π + Σ lgamma(x - k / 2) over k below p. */
export function multigammaln(x: Tensor, p: number): Tensor {
  checkCount("multigammaln", "p", p, 1);
  return ofFloats("multigammaln", [x], (x) => {
    let sum = ops.lgamma.call(x!);
    for (let k = 1; k < p; k++) sum = sum.add(ops.lgamma.call(x!.sub(k / 2)));
    return p === 1 ? sum : sum.add(p * (p - 1) / 4 * Math.log(Math.PI));
  });
}
