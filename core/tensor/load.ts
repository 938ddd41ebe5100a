/**
 * Loading values into tensors that stay what they are: each keeps its shape, its element type, its device and its memory.
 *
 * All pairs of tensors are checked, and all values brought into the wanted types and devices, before the first tensor is
 * changed. So a state is loaded as a whole or not at all.
 */
import { innerScope } from "../ambient/scope.ts";
import { shown } from "../pure/check.ts";
import { isFloat } from "../pure/dtype.ts";
import { sameShape, showShape } from "../pure/shape.ts";
import { Tensor } from "./tensor.ts";
import { cloneOf } from "./update.ts";

/**
 * Why `source` cannot be loaded into `target`, in words that follow its name; null if it can. Floats are loaded into floats
 * of any type, all else into the same type alone.
 */
export function misfit(source: unknown, target: Tensor): string | null {
  if (!(source instanceof Tensor)) return `is ${shown(source)}, it must be a tensor`;
  if (!sameShape(source.shape, target.shape)) {
    return `has shape ${showShape(source.shape)}, it must be ${showShape(target.shape)}`;
  }
  const fits = source.dtype === target.dtype || (isFloat(source.dtype) && isFloat(target.dtype));
  return fits ? null : `is of type ${source.dtype}, it must be ${target.dtype}`;
}

/**
 * Copies each source, which must fit, into the target beside it. Sources may show the memory of targets, in any order. Error,
 * before anything is changed, for a freed tensor.
 */
export function load(pairs: readonly (readonly [target: Tensor, source: Tensor])[]): void {
  using _ = innerScope("loadStateDict()");
  const written = new Set(pairs.map(([target]) => target.array.storage));
  const fitted = pairs.map(([target, source]) => {
    const own = written.has(source.array.storage) ? source.wrap(cloneOf(source)) : source.detach();
    return own.to(target.device).cast(target.dtype);
  });
  pairs.forEach(([target], place) => target.data = fitted[place]!);
}
