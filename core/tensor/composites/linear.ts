/** Linear algebra of several ops, whose gradient is that of their parts. */
import { checkCount, checkFlag, checkOptions, refuse, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { normalizeAxis, type Shape, showShape } from "../../pure/shape.ts";
import { add, inverse, matmul, mul, Solve, SolveTriangular, where } from "../ops/mod.ts";
import { checkOperands } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { contract } from "./contraction.ts";

/** `x @ weight + bias`, in the type of the product: under autocast a half type, to which the bias is rounded. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const product = matmul.call(x, weight);
  if (bias === null) return product;
  return add.call(product, bias.dtype === product.dtype ? bias : bias.cast(product.dtype));
}

/** TypeError unless the tensors have so many axes each. */
function checkRanks(action: string, tensors: readonly Tensor[], ranks: readonly number[]): void {
  checkOperands({ action, arity: tensors.length, precision: "given" }, tensors, tensors.length);
  if (tensors.every(({ shape }, k) => shape.length === ranks[k])) return;
  const shapes = tensors.map(({ shape }) => showShape(shape)).join(" and ");
  throw new TypeError(`Cannot ${action}: shapes ${shapes} must have ${ranks.join(" and ")} axes`);
}

/** Throws the TypeError for two shapes that do not fit. */
function refuseShapes(action: string, a: Tensor, b: Tensor, wanted: string): never {
  throw new TypeError(`Cannot ${action}: shapes ${showShape(a.shape)} and ${showShape(b.shape)}, ${wanted}`);
}

/** The matrix product of tensors of these numbers of axes, without stretching. */
export function product(action: string, a: Tensor, b: Tensor, ranks: readonly [number, number]): Tensor {
  checkRanks(action, [a, b], ranks);
  const rows = Math.max(0, b.shape.length - 2);
  if (a.shape.at(-1) !== b.shape[rows]) refuseShapes(action, a, b, "the inner lengths must agree");
  if (rows === 1 && a.shape[0] !== b.shape[0]) refuseShapes(action, a, b, "there must be as many matrices");
  return matmul.call(a, b);
}

/** The sum of products along an axis of two tensors, which stretch to one shape. */
export function vecdot(a: Tensor, b: Tensor, axis: number): Tensor {
  const products = mul.call(asNumbers(a), b);
  return products.sum(normalizeAxis("vecdot", axis, products.shape.length));
}

/** The sums of products along the last axes, for all pairs of places along the others; of a scalar the multiple. */
export function inner(a: Tensor, b: Tensor): Tensor {
  checkOperands({ action: "inner", arity: 2, precision: "given" }, [a, b], 2);
  if (a.shape.length === 0 || b.shape.length === 0) return mul.call(a, b);
  if (a.shape.at(-1) !== b.shape.at(-1)) refuseShapes("inner", a, b, "the last lengths must agree");
  const left = a.shape.slice(0, -1).map((_, k) => `a${k}`), right = b.shape.slice(0, -1).map((_, k) => `b${k}`);
  return contract("inner", [a, b], [[...left, "k"], [...right, "k"]], [...left, ...right]);
}

/** The products of all pairs of elements of two vectors. */
export function outer(a: Tensor, b: Tensor): Tensor {
  checkRanks("outer", [a, b], [1, 1]);
  return mul.call(a.unsqueeze(1), b);
}

/** The factors of a sum of a tensor and a product. */
export interface AddmmOptions {
  /** By what the product is multiplied: 1 by default. */
  alpha?: number;
  /** By what the tensor is multiplied: 1 by default. At 0 nothing of it counts, not even NaN. */
  beta?: number;
}

/** `beta * x + alpha * (a @ b)`. */
export function addmm(x: Tensor, a: Tensor, b: Tensor, options: AddmmOptions): Tensor {
  const { alpha = 1, beta = 1 } = checkOptions("addmm", options, "{ beta: 0 }", ["alpha", "beta"]);
  for (const factor of [alpha, beta]) if (typeof factor !== "number") refuse("addmm", factor, "a number");
  const found = product("addmm", a, b, [2, 2]), scaled = alpha === 1 ? found : found.mul(alpha);
  const sum = beta === 0 ? scaled.add(x.zerosLike()) : scaled.add(beta === 1 ? x : x.mul(beta));
  if (sum.shape.length === 2 && sum.shape.every((length, axis) => length === found.shape[axis])) return sum;
  throw new TypeError(`Cannot addmm: shape ${showShape(x.shape)} does not stretch to ${showShape(found.shape)}`);
}

/** Sums of products over pairs of axes. */
export function tensordot(
  a: Tensor,
  b: Tensor,
  axes: number | readonly [number | readonly number[], number | readonly number[]],
): Tensor {
  const action = "tensordot";
  checkOperands({ action, arity: 2, precision: "given" }, [a, b], 2);
  const [ofA = [], ofB = []] = typeof axes === "number" ? lastAndFirst(a, b, axes) : listsOf(axes);
  if (ofA.length !== ofB.length) {
    throw new TypeError(`Cannot ${action}: ${ofA.length} axes and ${ofB.length}, there must be as many of each tensor`);
  }
  const left = a.shape.map((_, axis) => `a${axis}`), right = b.shape.map((_, axis) => `b${axis}`);
  ofA.forEach((axis, k) => {
    const from = normalizeAxis(action, axis, a.shape.length), to = normalizeAxis(action, ofB[k]!, b.shape.length);
    if (left[from]!.startsWith("k") || right[to]!.startsWith("k")) {
      throw new RangeError(`Cannot ${action}: an axis is named twice`);
    }
    const lengths = [a.shape[from]!, b.shape[to]!];
    if (lengths[0] !== lengths[1] && !lengths.includes(1)) {
      refuseShapes(action, a, b, `axes ${from} and ${to} must be as long as each other`);
    }
    left[from] = right[to] = `k${k}`;
  });
  return contract(action, [a, b], [left, right], [...left, ...right].filter((label) => !label.startsWith("k")));
}

/** The last axes of one tensor, and as many first ones of another. */
function lastAndFirst(a: Tensor, b: Tensor, count: number): [number[], number[]] {
  checkCount("tensordot", "axes", count, 0, Math.min(a.shape.length, b.shape.length));
  const first = Array.from({ length: count }, (_, k) => k);
  return [first.map((k) => a.shape.length - count + k), first];
}

/** The axes of each tensor, from a list that has a list or one axis for each. */
function listsOf(axes: readonly (number | readonly number[])[]): readonly (readonly number[])[] {
  // The length comes first: copying a long list takes long, even if there is nothing in it.
  const isPair = Array.isArray(axes) && axes.length === 2;
  const lists = isPair ? axes.map((each) => typeof each === "number" ? [each] : each) : [];
  if (isPair && lists.every(Array.isArray)) return lists;
  return refuse("tensordot", axes, "a number of axes, or a list of axes for each tensor");
}

/** Each element of `a` times all of `b`, as blocks. The tensor with fewer axes gets leading ones. */
export function kron(a: Tensor, b: Tensor): Tensor {
  checkOperands({ action: "kron", arity: 2, precision: "given" }, [a, b], 2);
  const rank = Math.max(a.shape.length, b.shape.length);
  const full = (shape: Shape) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const ofA = full(a.shape), ofB = full(b.shape);
  const blocks = a.reshape(ofA.flatMap((length) => [length, 1])),
    inside = b.reshape(ofB.flatMap((length) => [1, length]));
  return mul.call(blocks, inside).reshape(ofA.map((length, axis) => length * ofB[axis]!));
}

/** The sum of the diagonal of a matrix. */
export function trace(x: Tensor): Tensor {
  checkRanks("trace", [x], [2]);
  return x.diagonal().sum();
}

/** The vector product along an axis of length 3. */
export function cross(a: Tensor, b: Tensor, given: number): Tensor {
  checkOperands({ action: "cross", arity: 2, precision: "given" }, [a, b], 2);
  if (a.shape.length !== b.shape.length) refuseShapes("cross", a, b, "they must have as many axes");
  const axis = normalizeAxis("cross", given, a.shape.length);
  if (a.shape[axis] !== 3 || b.shape[axis] !== 3) refuseShapes("cross", a, b, `axis ${axis} must have length 3`);
  // Rolled by -1, the elements are those of y, z and x.
  const [nextA, nextB, lastA, lastB] = [a.roll(-1, axis), b.roll(-1, axis), a.roll(1, axis), b.roll(1, axis)];
  return nextA.mul(lastB).sub(lastA.mul(nextB));
}

/** Matrices multiplied so often with themselves; their inverses, for a negative number. */
export function matrixPower(x: Tensor, power: number): Tensor {
  if (!Number.isSafeInteger(power)) {
    throw new RangeError(`Cannot matrixPower: power ${shown(power)} must be an integer`);
  }
  const { shape } = x;
  if (shape.length < 2 || shape.at(-1) !== shape.at(-2)) {
    throw new TypeError(
      `Cannot matrixPower: tensor ${showShape(shape)} must have square matrices along its last two axes`,
    );
  }
  if (power === 0) {
    // A constant, which stays on the graph as in PyTorch: its derivative is 0.
    const identity = x.at("...", 0).onesLike().diagEmbed();
    return where.call(identity.less(0), x, identity);
  }
  // By repeated squares: each digit of the power in base 2 takes part with one of them.
  let square = power < 0 ? inverse.call(x) : x, result: Tensor | null = null;
  for (let rest = Math.abs(power);; square = matmul.call(square, square)) {
    if (rest % 2 === 1) result = result === null ? square : matmul.call(result, square);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result!;
  }
}

/** Which side the unknown stands on. */
export interface SideOptions {
  /** Whether a x = b is solved, else x a = b: true by default. */
  left?: boolean;
}

/** The solution of linear equations; b is a vector where its shape is that of `a` without the last axis. */
export function solve(a: Tensor, b: Tensor, options: SideOptions): Tensor {
  const { left = true } = checkOptions("solve", options, "{ left: false }", ["left"]);
  checkFlag("solve", "left", left);
  checkOperands({ action: "solve", arity: 2, precision: "wide" }, [a, b], 2);
  const isVector = b.shape.length === 1 ||
    (b.shape.length === a.shape.length - 1 && b.shape.every((length, axis) => length === a.shape[axis]));
  const op = new Solve(), matrix = left || a.shape.length < 2 ? a : a.transpose();
  if (isVector) return op.call(matrix, b.unsqueeze(-1)).squeeze(-1);
  return left || b.shape.length < 2 ? op.call(matrix, b) : op.call(matrix, b.transpose()).transpose();
}

/** Which triangle is read, and which side the unknown stands on. */
export interface TriangularOptions extends SideOptions {
  /** Whether the upper triangle is read, else the lower: false by default. */
  upper?: boolean;
  /** Whether the diagonal counts as ones: false by default. */
  unitriangular?: boolean;
}

/** The solution of linear equations with a triangular matrix. */
export function solveTriangular(a: Tensor, b: Tensor, options: TriangularOptions): Tensor {
  const names = ["upper", "left", "unitriangular"] as const;
  const { left = true, upper = false, unitriangular = false } = checkOptions(
    "solveTriangular",
    options,
    "{ upper: true }",
    names,
  );
  checkFlag("solveTriangular", "left", left);
  checkOperands({ action: "solveTriangular", arity: 2, precision: "wide" }, [a, b], 2);
  if (left || a.shape.length < 2 || b.shape.length < 2) return new SolveTriangular({ upper, unitriangular }).call(a, b);
  return new SolveTriangular({ upper: !upper, unitriangular }).call(a.transpose(), b.transpose()).transpose();
}

/**
 * x with the least sum of squares of a x - b, of matrices of full rank: where these are wider than high, of all solutions
 * the shortest.
 */
export function lstsq(a: Tensor, b: Tensor): Tensor {
  checkOperands({ action: "lstsq", arity: 2, precision: "wide" }, [a, b], 2);
  if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-2) !== b.shape.at(-2)) {
    refuseShapes("lstsq", a, b, "they must be matrices of as many rows");
  }
  const isWide = a.shape.at(-2)! < a.shape.at(-1)!, [q, r] = (isWide ? a.transpose() : a).qr();
  if (isWide) return q!.matmul(new SolveTriangular().call(r!.transpose(), b));
  return new SolveTriangular({ upper: true }).call(r!, q!.transpose().matmul(b));
}

/** Bools as int32, in which they are added; other tensors as they are. */
function asNumbers(x: Tensor): Tensor {
  return isFloat(x.dtype) ? x : x.cast("int32");
}
