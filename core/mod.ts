/** Tensors, the computation graph, and automatic differentiation. */
export { noGrad, Scope, scope } from "./ambient.ts";
export { capture, type Captured, live } from "./capture.ts";
export { grad, gradCheck, jvp, numericGrad, valueAndGrad } from "./autodiff.ts";
export { type BackwardOptions, computeGradientOfVariables } from "./backward.ts";
export { devices, open, setDefaultDevice } from "./open.ts";
export { memory, setThreads } from "./devices.ts";
export type { DType, TypedArray } from "./dtype.ts";
export * from "./factories.ts";
export { group } from "./internal.ts";
export { NDArray } from "./ndarray.ts";
export * from "./ops/mod.ts";
export { manualSeed } from "./random.ts";
export { build, type Feeds, Placeholder, placeholder, Session } from "./session.ts";
export type { Shape } from "./shape.ts";
export * from "./tensor.ts";
export { TensorOp } from "./tensor_op.ts";
export { findTopoSort, Op, Value } from "./value.ts";

import type { Tensor } from "./tensor.ts";

/** Moves a tensor to the enclosing scope, or to none, so that it outlives this one. Returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  return tensor.keep();
}
