/** Logits [..., classes] and their labels, as metrics read them. */
import { checkOptions, checkTensor, isFloat, sameShape, shown, showShape, type TypedArray } from "../core/internal.ts";
import { noGrad, scope, Tensor } from "../core/mod.ts";

/** TypeError unless these are logits [..., classes] of two classes at least, and labels [...]. */
export function checkLogits(action: string, logits: Tensor, labels: Tensor): void {
  checkTensor(action, logits);
  checkTensor(action, labels);
  const rows = logits.shape.slice(0, -1), classes = logits.shape.at(-1) ?? 0;
  if (classes < 2) {
    throw new TypeError(
      `Cannot ${action}: logits ${showShape(logits.shape)}, they must be [..., classes] with two classes at least`,
    );
  }
  if (!sameShape(rows, labels.shape)) {
    throw new TypeError(
      `Cannot ${action}: labels ${showShape(labels.shape)} for logits ${showShape(logits.shape)}, they must be ${
        showShape(rows)
      }`,
    );
  }
}

/** The options with their defaults. RangeError for what is no integer. */
export function checkClassOptions(
  action: string,
  options: { axis?: number; ignoreIndex?: number | null },
): { axis: number; ignoreIndex: number | null } {
  const { axis = -1, ignoreIndex = null } = checkOptions(action, options, "{ axis: 1 }", ["axis", "ignoreIndex"]);
  for (const [name, value] of Object.entries({ axis, ignoreIndex: ignoreIndex ?? 0 })) {
    if (Number.isSafeInteger(value)) continue;
    throw new RangeError(`Cannot ${action}: ${name} ${shown(value)} must be an integer`);
  }
  return { axis, ignoreIndex };
}

/** Labels [...], or rows of shares [..., classes] as the labels that are largest. */
export function labelsOf(logits: Tensor, labels: Tensor): Tensor {
  const areShares = logits instanceof Tensor && labels instanceof Tensor && labels.shape.length > 0 &&
    sameShape(labels.shape, logits.shape);
  return areShares ? labels.argmax({ axis: -1 }) : labels;
}

/** The elements of a tensor, halves as float32. */
export function numbersOf(tensor: Tensor): TypedArray {
  using _ = scope();
  const isNarrow = isFloat(tensor.dtype) && tensor.dtype !== "float64";
  return noGrad(() => isNarrow ? tensor.cast("float32") : tensor).toTypedArray();
}

/** The elements of checked logits and labels. */
export function readRows(
  action: string,
  logits: Tensor,
  labels: Tensor,
): { rows: Float32Array | Float64Array; classes: number; labels: number[] } {
  using _ = scope();
  const found = labelsOf(logits, labels);
  checkLogits(action, logits, found);
  const rows = noGrad(() => logits.dtype === "float64" ? logits : logits.cast("float32")).toTypedArray();
  return {
    rows: rows as Float32Array | Float64Array,
    classes: logits.shape.at(-1)!,
    labels: Array.from(found.toTypedArray(), Number),
  };
}

export function isClass(label: number, classes: number): boolean {
  return Number.isInteger(label) && label >= 0 && label < classes;
}

/** The class with the largest logit, the first of several; NaN is larger than all else. */
export function largestOf(logits: Float32Array | Float64Array): number {
  let best = 0;
  for (let other = 1; other < logits.length && !Number.isNaN(logits[best]); other++) {
    if (logits[other]! > logits[best]! || Number.isNaN(logits[other])) best = other;
  }
  return best;
}

/** How many classes come before one: those with larger logits, and of those with equal ones the earlier. */
export function rankOf(logits: Float32Array | Float64Array, label: number): number {
  // NaN is the largest.
  const own = logits[label]!, isLargest = Number.isNaN(own);
  let rank = 0;
  for (let other = 0; other < logits.length; other++) {
    const logit = logits[other]!;
    const isLarger = isLargest ? false : logit > own || Number.isNaN(logit);
    const isEqual = logit === own || (isLargest && Number.isNaN(logit));
    if (isLarger || (isEqual && other < label)) rank++;
  }
  return rank;
}
