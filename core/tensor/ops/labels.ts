/** The check of labels: classes that are counted from 0. */
import { checkLabels } from "../../array/places.ts";
import { isFloat } from "../../pure/dtype.ts";
import { aside } from "../aside.ts";
import type { Tensor } from "../tensor.ts";
import { withIntegers } from "./integers.ts";

/** RangeError for labels outside [0, classes), which some devices report later. */
export function checkAllLabels(labels: Tensor, classes: number): void {
  aside([labels], (labels) => {
    checkLabels(labels, classes);
    return [];
  });
}

/** As {@linkcode checkAllLabels}, of labels of any shape and type; RangeError also for what is no integer. */
export function checkClasses(labels: Tensor, classes: number): void {
  const all = labels.flatten();
  if (!isFloat(all.dtype)) return checkAllLabels(all, classes);
  withIntegers(all, "use label:", (integers) => {
    checkAllLabels(integers, classes);
    return integers;
  });
}
