/**
 * The operands of ops: checks, and conversion to a common type and shape.
 */
import { filled } from "../array/ndarray.ts";
import type { MapInfo } from "../array/rows.ts";
import { dtypeCode } from "../../kernels/instruction.ts";
import { refuse } from "../pure/check.ts";
import { type DType, elementOf, isFloat, promote, promoteScalar } from "../pure/dtype.ts";
import { broadcastShapes, sameShape, type Shape } from "../pure/shape.ts";
import { commonType, type Precision, rowType } from "./precision.ts";
import type { Tensor } from "./tensor.ts";
import { Value } from "./value.ts";

/** An operand of an op that takes several: a tensor, or a number, which stands for a tensor that holds it everywhere. */
export type Operand = Tensor | number;

/** The properties of an op that the checks of its operands need. */
export interface OperandOwner {
  readonly action: string;
  readonly arity: number;
  readonly precision: Precision;
  /** What a row does where all operands are bools: gives bool, computes in int32, or refuses. */
  readonly bools?: "given" | "int32" | "refused";
}

/** Whether an operand is a tensor. */
export function isTensor(operand: unknown): operand is Tensor {
  return operand instanceof Value;
}

/** The wanted operand, in messages of ops that take numbers too. */
export const numberOrTensor = "a tensor or a number";

/**
 * TypeError unless there are `count` operands (0: at least one), all of them tensors on one device, or numbers if `wanted`
 * says so. Error for a tensor that was freed.
 */
export function checkOperands(
  op: OperandOwner,
  operands: readonly unknown[],
  count = 0,
  wanted = "a tensor",
): asserts operands is readonly Tensor[] {
  if (count === 0 ? operands.length === 0 : operands.length !== count) {
    throw new TypeError(`Cannot ${op.action}: ${operands.length} operands, it takes ${count || "at least one"}`);
  }
  let first: Tensor | null = null;
  for (const operand of operands) {
    if (wanted === numberOrTensor && typeof operand === "number") continue;
    if (!isTensor(operand)) refuse(op.action, operand, wanted);
    if (first === null) first = operand;
    else if (operand.facts.storage.stream !== first.facts.storage.stream) {
      throw new TypeError(
        `Cannot ${op.action}: tensors are on ${first.device} and ${operand.device}, they must be on one device`,
      );
    }
  }
}

/** Whether the operands are `count` tensors of one shape and one type, float32 or float64, which every row takes. */
export function areAlike(operands: readonly Operand[], count: number): boolean {
  if (operands.length !== count) return false;
  const first = (operands[0] as Tensor | undefined)?.cachedData;
  if (first === undefined || first === null || first.code > dtypeCode.float64) return false;
  for (let k = 1; k < count; k++) {
    const other = (operands[k] as Tensor | undefined)?.cachedData;
    if (other === undefined || other === null || other.code !== first.code) return false;
    if (other.shape !== first.shape && !sameShape(other.shape, first.shape)) return false;
  }
  return true;
}

/** The operands of a row, converted to one type and one shape. Returns the very list if they agree already. */
export function meet(op: OperandOwner, row: MapInfo, operands: readonly Operand[]): readonly Tensor[] {
  checkOperands(op, operands, op.arity, op.arity > 1 ? numberOrTensor : "a tensor");
  const tensors = lifted(op, operands), dtype = rowOperandType(op, row, tensors);
  return fitted(tensors, rowType(op.precision, dtype, row.forInts), commonShape(op, tensors));
}

/** The type in which a row's operands meet. */
function rowOperandType(op: OperandOwner, row: MapInfo, tensors: readonly Tensor[]): DType {
  const dtype = commonType(tensors);
  if (isFloat(dtype)) {
    if (row.forFloats) return dtype;
    throw new TypeError(`Cannot ${op.action}: type ${dtype}, it must be an integer type or bool; cast first`);
  }
  // A comparison does not give its operands' type, so a single int32 beside many uint8 may keep its value.
  if (row.toBool) return tensors.map((tensor) => tensor.dtype).reduce(promote);
  if (dtype !== "bool" || op.bools === undefined || op.bools === "given") return dtype;
  if (op.bools === "int32") return "int32";
  throw new TypeError(`Cannot ${op.action}: type bool, it must be a number type; cast first`);
}

/** The tensors, cast to `dtype` and stretched to `shape`. Returns the very list if none changes. */
export function fitted(tensors: readonly Tensor[], dtype: DType, shape: Shape): readonly Tensor[] {
  let fit: Tensor[] | null = null;
  for (let k = 0; k < tensors.length; k++) {
    const given = tensors[k]!, cast = given.dtype === dtype ? given : given.cast(dtype);
    const tensor = sameShape(cast.shape, shape) ? cast : cast.broadcastTo(shape);
    if (tensor !== given) fit ??= tensors.slice();
    if (fit !== null) fit[k] = tensor;
  }
  return fit ?? tensors;
}

/** The shape to which all tensors stretch. TypeError if their shapes do not broadcast. */
export function commonShape(op: OperandOwner, tensors: readonly Tensor[]): Shape {
  let shape = tensors[0]!.shape;
  for (let k = 1; k < tensors.length; k++) shape = broadcastShapes(op.action, shape, tensors[k]!.shape);
  return shape;
}

/**
 * The operands with each number made a tensor without axes. Returns the very list if there are none. TypeError for
 * numbers alone.
 */
export function lifted(op: OperandOwner, operands: readonly Operand[]): readonly Tensor[] {
  if (!operands.some((operand) => typeof operand === "number")) return operands as readonly Tensor[];
  const tensors = operands.filter(isTensor), beside = tensors[0] ?? refuse(op.action, operands[0], "a tensor");
  return operands.map((operand) =>
    isTensor(operand) ? operand : numberBeside(op, beside, operand, commonType(tensors))
  );
}

/**
 * A number as a tensor without axes on the device of `beside`, in the type to which it and `dtype` are promoted. RangeError
 * for an integer that this type does not have.
 */
export function numberBeside(op: OperandOwner, beside: Tensor, value: number, dtype: DType): Tensor {
  const type = promoteScalar(dtype, value);
  if (!isFloat(type)) elementOf(op.action, type, value);
  return beside.wrap(filled(beside.facts.storage.stream, [], type, value));
}
