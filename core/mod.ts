/** Tensors, the computation graph, and automatic differentiation. */
export { autocast, type AutocastOptions, noGrad } from "./ambient/modes.ts";
export { type AutocastType, type Owned, Scope, scope } from "./ambient/scope.ts";
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
export { group } from "./tensor/group.ts";
export { keep } from "./tensor/keep.ts";
export { NDArray } from "./array/ndarray.ts";
export * from "./tensor/ops/mod.ts";
export { manualSeed } from "./array/counters.ts";
export { build, type Feeds, Placeholder, placeholder, Session } from "./capture/session.ts";
export type { ProgramMemory } from "./capture/program.ts";
export type { Axes, AxisSlice, Shape } from "./pure/shape.ts";
export { TensorNode } from "./tensor/node.ts";
export * from "./tensor/tensor.ts";
export { type Adjoints, TensorOp, TensorTupleOp, WideOp } from "./tensor/op.ts";
export { type Attributes, type Data, findTopoSort, Op, Value } from "./tensor/value.ts";
