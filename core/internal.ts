/**
 * What the rooms above need of the core beyond its public names.
 */
export { exists, notice } from "../kernels/native/environment.ts";
export { gradientsEnabled } from "./ambient/modes.ts";
export { currentScope, detachedScope, moveTo, outsideScopes } from "./ambient/scope.ts";
export { randomState, setRandomState } from "./array/counters.ts";
export { asModule } from "./array/activity.ts";
export { countingProducts } from "./array/counting.ts";
export { decided, eachTime, isActivityAsked, refuseRecording } from "./array/recorder.ts";
export { checkDigest, fetchBytes, type ProgressListener } from "./host/fetch.ts";
export { checkWritable, readWhole, type Source, withFile, writeWhole } from "./host/files.ts";
export {
  asItIs,
  checkCount,
  checkFlag,
  checkFunction,
  checkInteger,
  checkOptions,
  checkRange,
  checkShare,
  checkState,
  checkText,
  integerList,
  nearest,
  refuse,
  shown,
  shownList,
} from "./pure/check.ts";
export { summary } from "./pure/summary.ts";
export { isPlain, mapLeaves } from "./pure/nested.ts";
export {
  bytesOf,
  checkDType,
  type DType,
  dtypeOfArray,
  isFloat,
  isHalf,
  itemBytes,
  makeTypedArray,
  readElements,
  type TypedArray,
} from "./pure/dtype.ts";
export { sameShape, type Shape, showShape, sizeOf } from "./pure/shape.ts";
export { extentOf, perAxis } from "./pure/windows.ts";
export { group } from "./tensor/group.ts";
export { load, misfit } from "./tensor/load.ts";
export { affine } from "./tensor/composites/linear.ts";
export { inFloat32, wideInAutocast, widened } from "./tensor/precision.ts";
export { checkClasses } from "./tensor/ops/labels.ts";
export { momentsOf } from "./tensor/ops/moments.ts";
export { hidden as maskedSoftmax } from "./tensor/ops/scores.ts";
export { adopt, apartFrom, apply, cloneOf, noiseLike, promptValues, update } from "./tensor/update.ts";
export { isMeantToTrain, knownToTrain, meantToTrain, tellOf, tellOfUntrained } from "./tensor/trained.ts";
export { checkTensor } from "./tensor/value.ts";
