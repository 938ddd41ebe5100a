/**
 * What an op that is one row gives if each of its steps is rounded: the bits of rows that call no functions, and the numbers
 * where a step of float32 is too large or too small, though the result is not.
 */
import { ops, type Tensor } from "../../mod.ts";
import { computeType, type DType } from "../../core/pure/dtype.ts";
import { table } from "../../kernels/instruction.ts";
import { type Environment, parseRow } from "../../kernels/reference/expression.ts";
import { roundTo } from "../arrays.ts";

/** The elements of the result, or null for an op that is no row. The operands are as the op sees them, in float64. */
export function rowSteps(
  op: unknown,
  operands: readonly Tensor[],
  dtype: DType,
  shape: readonly number[],
): Float64Array | null {
  if (!(op instanceof ops.RowOp)) return null;
  const round = computeType(dtype) === "float32" ? Math.fround : (x: number) => x;
  const steps = parseRow(table.map[op.row.name].is, false, round);
  const given = op instanceof ops.ScalarOp
    ? [op.scalar]
    : op instanceof ops.Clip
    ? [op.low ?? -Infinity, op.high ?? Infinity]
    : [];
  const [s = 0, t = 0] = given.map((one) => round(one));
  const flats = operands.map((operand) => {
    using stretched = operand.broadcastTo(shape);
    return Array.from(stretched.toTypedArray(), (x) => roundTo(dtype, x));
  });
  const env: Environment = { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0, s, t, u: 0, i: 0, r: 0 };
  return Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => {
    flats.forEach((flat, which) => env["abcdef"[which] as "a"] = flat[k]!);
    return roundTo(dtype, round(steps(env)));
  });
}
