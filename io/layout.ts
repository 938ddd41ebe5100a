/**
 * Whose order the weights of a file are in. Deneb's files say that they are Deneb's; a file of PyTorch's is recognised by
 * what it says, or by its names and shapes, since the weight of a square layer would be taken as it is.
 */
import { notice } from "../core/internal.ts";
import type { Header } from "./format.ts";

/** What Deneb's files say of themselves, under the name `format`. */
export const format = "deneb";

/** Endings of names that PyTorch gives, and Deneb does not. */
const namesOfPyTorch = /(^|\.)(running_mean|running_var|num_batches_tracked)$/;

/** Why a file's weights are taken for PyTorch's; null if they are not. */
export function signOfPyTorch({ entries, metadata }: Header): string | null {
  if (metadata.format !== undefined) {
    const isTurned = metadata.format === "pt" && entries.some(({ shape }) => shape.length === 2);
    return isTurned ? 'its metadata has the format "pt"' : null;
  }
  const named = entries.find(({ name }) => namesOfPyTorch.test(name));
  if (named !== undefined) return `it has ${named.name}`;
  const shapes = new Map(entries.map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of shapes) {
    if (!/(^|\.)weight$/.test(name) || shape.length !== 2 || shape[0] === shape[1]) continue;
    const bias = shapes.get(name.replace(/weight$/, "bias"));
    if (bias?.length === 1 && bias[0] === shape[0]) return `${name} is [outFeatures, inFeatures]`;
  }
  return null;
}

/** Warns of a file whose weights seem to be PyTorch's. */
export function warnOfLayout(header: Header, source: string): void {
  const sign = signOfPyTorch(header);
  if (sign === null) return;
  notice(
    `${source} seems to be PyTorch's, for ${sign}: its linear layers are transposed; ` +
      'io.convert(state, { from: "pytorch" }, model) turns them, and io.load(path, { from: "pytorch" }) is silent',
  );
}
