/** Tensors, the computation graph, and automatic differentiation. */
export { autocast, type AutocastOptions, noGrad } from "./ambient/modes.ts";
export { type AutocastType, type Owned, Scope, scope } from "./ambient/scope.ts";
export { capture, type Captured, live } from "./capture/capture.ts";
export { grad, type GradOptions, type GradResult, valueAndGrad } from "./tensor/derivatives/grad.ts";
export { hvp, jvp, linearize, vhp, vjp } from "./tensor/derivatives/products.ts";
export {
  hessian,
  type HessianResult,
  jacobian,
  type JacobianOptions,
  type JacobianResult,
} from "./tensor/derivatives/jacobian.ts";
export {
  type DifferenceScheme,
  gradCheck,
  type GradCheckOptions,
  numericGrad,
  type NumericOptions,
} from "./tensor/derivatives/differences.ts";
export { checkpoint } from "./tensor/derivatives/checkpoint.ts";
export { defineOp, type OpDefinition, type OutGrads } from "./tensor/derivatives/define.ts";
export { type AnomalyOptions, detectAnomalies } from "./tensor/derivatives/anomalies.ts";
export { vmap, type VmapOptions } from "./tensor/batching/vmap.ts";
export type { Like, TensorFunction, Tensors } from "./tensor/derivatives/variables.ts";
export { type GradientHook, HookHandle } from "./tensor/hooks.ts";
export { type BackwardOptions, computeGradientOfVariables } from "./tensor/backward.ts";
export { type DeviceEntry, devices, open, type OpenOptions, type Probe, setDefaultDevice } from "./open.ts";
export type { ProgressListener } from "./host/fetch.ts";
export { memory, type MemoryUse, setThreads } from "./array/devices.ts";
export type { DType, TypedArray } from "./pure/dtype.ts";
export * from "./tensor/factories.ts";
export * from "./tensor/functions/mod.ts";
export type { GeluOptions } from "./tensor/composites/activations.ts";
export type { Indices } from "./tensor/composites/indexing.ts";
export type { NanToNumOptions, RoundOptions, ScaledOptions } from "./tensor/composites/pointwise.ts";
export type { PutOptions, ScatterReduceOptions, ScatterReduction } from "./tensor/composites/scatter.ts";
export type {
  Interpolation,
  KeepOptions,
  Ordered,
  QuantileOptions,
  SortOptions,
  TopKOptions,
} from "./tensor/composites/sorting.ts";
export type {
  BincountOptions,
  SearchOptions,
  SortedSearchOptions,
  UniqueOptions,
  UniqueResult,
} from "./tensor/composites/search.ts";
export type { SegmentReduceOptions, SegmentReduction } from "./tensor/composites/segments.ts";
export type { MaxUnpoolOptions } from "./tensor/composites/unpooling.ts";
export { group } from "./tensor/group.ts";
export { keep } from "./tensor/keep.ts";
export { NDArray } from "./array/ndarray.ts";
/** Every op: its class, and for those without settings its one instance. */
export * as ops from "./tensor/ops/mod.ts";
// The ops that had a name here before there was a room for them; later ones stand under `ops` alone.
export {
  Abs,
  AddScalar,
  ArgExtremeOp,
  ArgMax,
  ArgMin,
  BinaryCrossEntropy,
  BinaryCrossEntropyWithLogits,
  BinaryLossOp,
  BroadcastTo,
  Cast,
  Ceil,
  ChoiceOp,
  Clip,
  Compare,
  type CompareRow,
  Cos,
  CrossEntropy,
  CrossEntropyGradient,
  DivScalar,
  DropoutOp,
  Erf,
  EWiseAdd,
  EWiseDiv,
  EWiseMul,
  EWiseMulAdd,
  EWisePow,
  EWiseSub,
  Exp,
  Expm1,
  ExtremeOp,
  Floor,
  FloorDiv,
  GELU,
  GELUGradient,
  InverseDeviation,
  Log,
  Log1p,
  LogSoftmax,
  LogSumExp,
  MatMul,
  Max,
  Maximum,
  Min,
  Minimum,
  Mod,
  type Moments,
  MomentsOp,
  MulScalar,
  Negate,
  Normalize,
  NormalizeGradient,
  type NormalizeOptions,
  NormalizeScaleShift,
  Not,
  type PinvOptions,
  PowerScalar,
  Product,
  Reciprocal,
  ReduceOp,
  ReLU,
  ReLUGradient,
  Reshape,
  Round,
  RoundingOp,
  RowOp,
  Rsqrt,
  ScalarOp,
  Sigmoid,
  SigmoidGradient,
  Sign,
  Sin,
  Slice,
  Softmax,
  SoftmaxOp,
  Sqrt,
  Square,
  SquaredDeviation,
  StepOp,
  Summation,
  Take,
  Tanh,
  TanhGradient,
  ToDevice,
  Transpose,
  Unslice,
  Untake,
  Where,
} from "./tensor/ops/mod.ts";
export { manualSeed } from "./array/counters.ts";
export * from "./profile/mod.ts";
export { build, type Feeds, Placeholder, placeholder, Session } from "./capture/session.ts";
export type { ProgramMemory } from "./capture/program.ts";
export type { Axes, AxisSlice, Shape } from "./pure/shape.ts";
export type { Windows } from "./pure/windows.ts";
export * from "./tensor/methods/mod.ts";
export { TensorNode } from "./tensor/node.ts";
export * from "./tensor/tensor.ts";
export { type Adjoints, OperandOp, TensorOp, TensorTupleOp, WideOp } from "./tensor/op.ts";
export type { Operand } from "./tensor/operands.ts";
export type { Precision } from "./tensor/precision.ts";
export { type Attributes, type Data, findTopoSort, Op, Value } from "./tensor/value.ts";
