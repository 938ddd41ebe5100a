/** Tensors, the computation graph, and automatic differentiation. */
export { autocast, type AutocastOptions, type AutocastType, noGrad, type Owned, Scope, scope } from "./ambient.ts";
export { capture, type Captured, live } from "./capture.ts";
export {
  type DifferenceScheme,
  grad,
  gradCheck,
  type GradCheckOptions,
  type GradOptions,
  type GradResult,
  jvp,
  numericGrad,
  type NumericOptions,
  type TensorFunction,
  valueAndGrad,
} from "./autodiff.ts";
export { type BackwardOptions, computeGradientOfVariables } from "./backward.ts";
export { type DeviceEntry, devices, open, type OpenOptions, type Probe, setDefaultDevice } from "./open.ts";
export type { ProgressListener } from "./fetch.ts";
export { memory, type MemoryUse, setThreads } from "./devices.ts";
export type { DType, TypedArray } from "./dtype.ts";
export * from "./factories.ts";
export { group } from "./internal.ts";
export { NDArray } from "./ndarray.ts";
export * from "./ops/mod.ts";
export { manualSeed } from "./random.ts";
export { build, type Feeds, Placeholder, placeholder, Session } from "./session.ts";
export type { ProgramMemory } from "./replay.ts";
export type { Axes, AxisSlice, Shape } from "./shape.ts";
export * from "./tensor.ts";
export { type Adjoints, TensorOp, WideOp } from "./tensor_op.ts";
export { findTopoSort, Op, Value } from "./value.ts";

import { checkTensor } from "./door.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Moves a tensor to the enclosing scope, or to none, so that it outlives this one. Returns it.
 *
 * @example
 * ```ts
 * import { keep, ones, scope } from "deneb";
 *
 * function four() {
 *   using _ = scope();
 *   return keep(ones([2, 2]).sum());
 * }
 * if (four().item() !== 4) throw new Error("freed");
 * ```
 */
export function keep<T extends Tensor>(tensor: T): T {
  checkTensor("keep", tensor);
  return tensor.keep();
}
