/** Tensors, the computation graph, and automatic differentiation. */
export {
  autocast,
  type AutocastOptions,
  type AutocastType,
  noGrad,
  type Owned,
  Scope,
  scope,
} from "./ambient/scope.ts";
export { capture, type Captured, live } from "./capture/capture.ts";
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
} from "./tensor/autodiff.ts";
export { type BackwardOptions, computeGradientOfVariables } from "./tensor/backward.ts";
export { type DeviceEntry, devices, open, type OpenOptions, type Probe, setDefaultDevice } from "./open.ts";
export type { ProgressListener } from "./host/fetch.ts";
export { memory, type MemoryUse, setThreads } from "./array/devices.ts";
export type { DType, TypedArray } from "./pure/dtype.ts";
export * from "./tensor/factories.ts";
export { group } from "./internal.ts";
export { NDArray } from "./array/ndarray.ts";
export * from "./tensor/ops/mod.ts";
export { manualSeed } from "./array/counters.ts";
export { build, type Feeds, Placeholder, placeholder, Session } from "./capture/session.ts";
export type { ProgramMemory } from "./capture/program.ts";
export type { Axes, AxisSlice, Shape } from "./pure/shape.ts";
export * from "./tensor/tensor.ts";
export { type Adjoints, TensorOp, WideOp } from "./tensor/op.ts";
export { findTopoSort, Op, Value } from "./tensor/value.ts";

import { checkTensor } from "./pure/check.ts";
import type { Tensor } from "./tensor/tensor.ts";

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
