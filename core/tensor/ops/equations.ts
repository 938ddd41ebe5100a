/**
 * Systems of linear equations, inverses and determinants, of matrices along the last two axes.
 *
 * In the formulas y is the result and g its adjoint. The comment of a `gradient` gives the adjoint of the input, or the
 * adjoints of all inputs in brackets. The ops compute in float64 on the host, and throw inside {@linkcode capture}.
 */
import type { NDArray } from "../../array/ndarray.ts";
import { checkFlag, checkOptions } from "../../pure/check.ts";
import { singularOf } from "../../pure/jacobi.ts";
import { determinant, factorLU, type LU, pivotsOf, solveLU } from "../../pure/lu.ts";
import { broadcastShapes, showShape } from "../../pure/shape.ts";
import { substitute, type Triangle } from "../../pure/triangular.ts";
import { turned } from "../../pure/turned.ts";
import { type Adjoints, TensorTupleOp, WideOp } from "../op.ts";
import { checkOperands } from "../operands.ts";
import { commonType, operandType, type Precision } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { arrayOf, asMatrix, checkMatrices, lengthsOf, matricesOf, matrixAt } from "./matrices.ts";

/** An op of a tensor of square matrices. */
export abstract class SquareMatrixOp extends WideOp {
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    checkMatrices(this.action, ready[0]!, true);
    return ready;
  }
}

/** x with a x = b, for matrices a [..., n, n] and b [..., n, k], of which the axes before stretch to one shape. */
export abstract class EquationsOp extends WideOp {
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    checkOperands(this, inputs, 2);
    const [a, b] = inputs as [Tensor, Tensor];
    checkMatrices(this.action, a, true);
    checkMatrices(this.action, b, false);
    if (a.shape.at(-1) !== b.shape.at(-2)) {
      throw new TypeError(
        `Cannot ${this.action}: shapes ${showShape(a.shape)} and ${showShape(b.shape)}, ` +
          `there must be as many equations as rows on the right`,
      );
    }
    const dtype = operandType(this.precision, commonType(inputs));
    const batch = broadcastShapes(this.action, a.shape.slice(0, -2), b.shape.slice(0, -2));
    const fit = inputs.map((each) => each.cast(dtype).broadcastTo([...batch, ...each.shape.slice(-2)]));
    return fit.every((each, k) => each === inputs[k]) ? inputs : fit;
  }
}

/** The factors of each matrix. Error for a singular one, in which `action` is named, unless singular ones are `allowed`. */
function factors(action: string, a: NDArray, allowed = false): LU[] {
  const { rows } = lengthsOf(a.shape);
  return matricesOf(a).map((matrix, place) => {
    const lu = factorLU(matrix, rows);
    if (lu.isSingular && !allowed) throw new Error(`Cannot ${action}: ${matrixAt(a, place)} is singular`);
    return lu;
  });
}

/** x with a x = b, by elimination with partial pivoting. Error for a singular matrix. */
export class Solve extends EquationsOp {
  /** Substitution into the triangles of a. */
  compute(a: NDArray, b: NDArray): NDArray {
    const right = matricesOf(b), { columns } = lengthsOf(b.shape);
    return arrayOf(b, factors(this.action, a).map((lu, k) => solveLU(lu, right[k]!, columns)), b.shape);
  }
  /** [-h yᵀ, h], with h = a⁻ᵀ g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], h = this.call(a.transpose(), g);
    return [a.requiresGrad ? h.matmul(y.transpose()).neg() : null, b.requiresGrad ? h : null];
  }
}

/** x with a x = b, of triangular matrices a. Numbers are divided by zeros on the diagonal, too. */
export class SolveTriangular extends EquationsOp {
  /** @ignore */ readonly triangle: Triangle;
  /** The lower triangle, with its diagonal as it is, by default. */
  constructor(options: Partial<Triangle> = {}) {
    super();
    const { upper = false, unitriangular = false } = checkOptions(this.action, options, "{ upper: true }", [
      "upper",
      "unitriangular",
    ]);
    checkFlag(this.action, "upper", upper);
    checkFlag(this.action, "unitriangular", unitriangular);
    this.triangle = { upper, unitriangular };
  }
  /** Substitution. */
  compute(a: NDArray, b: NDArray): NDArray {
    const left = matricesOf(a), right = matricesOf(b), { rows, columns } = lengthsOf(b.shape);
    left.forEach((matrix, k) => substitute(matrix, rows, right[k]!, columns, this.triangle));
    return arrayOf(b, right, b.shape);
  }
  /** [-h yᵀ within the triangle, h], with h = a⁻ᵀ g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const [a, b] = y.inputs as [Tensor, Tensor], { upper, unitriangular } = this.triangle;
    const h = new SolveTriangular({ upper: !upper, unitriangular }).call(a.transpose(), g);
    const first = unitriangular ? 1 : 0, read = (x: Tensor) => upper ? x.triu(first) : x.tril(-first);
    return [a.requiresGrad ? read(h.matmul(y.transpose())).neg() : null, b.requiresGrad ? h : null];
  }
}

/** a⁻¹. Error for a singular matrix. */
export class Inverse extends SquareMatrixOp {
  /** The solution for the columns of the unit matrix. */
  compute(a: NDArray): NDArray {
    const { rows } = lengthsOf(a.shape), unit = new Float64Array(rows * rows);
    for (let k = 0; k < rows; k++) unit[k * rows + k] = 1;
    return arrayOf(a, factors(this.action, a).map((lu) => solveLU(lu, unit, rows)), a.shape);
  }
  /** -yᵀ g yᵀ. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const turned = y.transpose();
    return turned.matmul(g).matmul(turned).neg();
  }
}
/** {@linkcode Inverse} as `Tensor` calls it. */
export const inverse: Inverse = new Inverse();

/** The determinant: 0 of a singular matrix, and 1 of one without elements. */
export class Det extends SquareMatrixOp {
  /** The product of the pivots. */
  compute(a: NDArray): NDArray {
    return arrayOf(a, [factors(this.action, a, true).map(determinant)], a.shape.slice(0, -2));
  }
  /** g times the cofactors, which singular matrices have too. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return asMatrix(g).mul(new Cofactors().call(y.inputs[0]!));
  }
}
/** {@linkcode Det} as `Tensor` calls it. */
export const det: Det = new Det();

/** The cofactors, det(a) a⁻ᵀ: the derivatives of the determinant. */
export class Cofactors extends SquareMatrixOp {
  /** With a = u s vᵀ: each singular value becomes the product of the others, so that nothing is divided by it. */
  compute(a: NDArray): NDArray {
    const { rows: n } = lengthsOf(a.shape);
    const found = matricesOf(a).map((matrix) => {
      const { u, s, v } = singularOf(turned(matrix, n, n), n, n);
      const others = Array.from(s, (_, k) => s.reduce((product, x, j) => j === k ? product : product * x, 1));
      // u and v are orthogonal: their determinants are 1 or -1.
      const sign = Math.sign(determinant(factorLU(u.slice(), n)) * determinant(factorLU(v.slice(), n)));
      return Float64Array.from({ length: n * n }, (_, at) => {
        const row = Math.floor(at / n), column = at % n;
        return others.reduce((sum, other, k) => sum + sign * other * u[k * n + row]! * v[k * n + column]!, 0);
      });
    });
    return arrayOf(a, found, a.shape);
  }
  /** With b = a⁻ᵀ: sum(g y) b - det(a) b gᵀ b. Error for a singular matrix. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, b = inverse.call(a).transpose(), all = g.mul(y).sum({ axes: [-2, -1], keepDims: true });
    return all.mul(b).sub(asMatrix(det.call(a)).mul(b.matmul(g.transpose()).matmul(b)));
  }
}

/** The sign of the determinant, and the logarithm of its magnitude: 0 and -Infinity of a singular matrix. */
export class SlogDet extends TensorTupleOp {
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** @ignore */
  override get action(): string {
    return "slogdet";
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    checkMatrices(this.action, ready[0]!, true);
    return ready;
  }
  /** The sum of the pivots' logarithms. */
  compute(a: NDArray): readonly NDArray[] {
    const shape = a.shape.slice(0, -2), found = factors(this.action, a, true);
    const signs = found.map((lu) => pivotsOf(lu).reduce((sign, pivot) => sign * Math.sign(pivot), lu.sign));
    const logs = found.map((lu) => pivotsOf(lu).reduce((sum, pivot) => sum + Math.log(Math.abs(pivot)), 0));
    return [arrayOf(a, [signs], shape), arrayOf(a, [logs], shape)];
  }
  /** a⁻ᵀ times the adjoint of the logarithm; the sign moves in steps. Error for a singular matrix. */
  gradient([, toLog]: readonly (Tensor | null)[], [sign]: readonly Tensor[]): Adjoints {
    const a = sign!.inputs[0]!;
    return toLog ? asMatrix(toLog).mul(inverse.call(a).transpose()) : a.zerosLike();
  }
}
/** {@linkcode SlogDet} as `Tensor` calls it. */
export const slogDet: SlogDet = new SlogDet();
