/**
 * Factorizations of matrices along the last two axes.
 *
 * In the formulas g is the adjoint of a result. The comment of a `gradient` gives the adjoint of the input. The ops compute
 * in float64 on the host, and throw inside {@linkcode capture}.
 */
import type { NDArray } from "../../array/ndarray.ts";
import { checkOptions, checkRange } from "../../pure/check.ts";
import { factorCholesky } from "../../pure/cholesky.ts";
import { eigenOf, singularOf } from "../../pure/jacobi.ts";
import { factorQR } from "../../pure/qr.ts";
import { turned } from "../../pure/turned.ts";
import { type Adjoints, TensorTupleOp, WideOp } from "../op.ts";
import type { Precision } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { SolveTriangular, SquareMatrixOp } from "./equations.ts";
import { arrayOf, asColumn, asRow, checkFinite, checkMatrices, lengthsOf, matricesOf, matrixAt } from "./matrices.ts";
import { Concat } from "./joins.ts";

/** L, a lower triangle, with a = L Lᵀ, of a symmetric matrix of which only the lower triangle is read. */
export class Cholesky extends SquareMatrixOp {
  /** Error for a matrix that is not positive definite. */
  compute(a: NDArray): NDArray {
    const found = matricesOf(a);
    found.forEach((matrix, place) => {
      if (factorCholesky(matrix, lengthsOf(a.shape).rows)) return;
      throw new Error(`Cannot cholesky: ${matrixAt(a, place)} is not positive definite`);
    });
    return arrayOf(a, found, a.shape);
  }
  /** L⁻ᵀ s L⁻¹ / 2, with s the symmetric matrix whose lower triangle is that of Lᵀ g. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const lower = y.transpose().matmul(g).tril();
    return fromRight(solveTurned(y, lower.add(lower.tril(-1).transpose()).mul(0.5)), y);
  }
}
/** {@linkcode Cholesky} as `Tensor` calls it. */
export const cholesky: Cholesky = new Cholesky();

/** L⁻ᵀ x. */
function solveTurned(lower: Tensor, x: Tensor): Tensor {
  return new SolveTriangular({ upper: true }).call(lower.transpose(), x);
}

/** x L⁻¹. */
function fromRight(x: Tensor, lower: Tensor): Tensor {
  return solveTurned(lower, x.transpose()).transpose();
}

/** A factorization into several matrices. */
export abstract class FactorsOp extends TensorTupleOp {
  /** @ignore */ override get precision(): Precision {
    return "wide";
  }
  /** Whether the matrices must be square. */
  protected get square(): boolean {
    return false;
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    checkMatrices(this.action, ready[0]!, this.square);
    return ready;
  }
}

/** q [..., m, k] with orthonormal columns and an upper triangle r [..., k, n], where a = q r and k is the smaller of m and n. */
export class QR extends FactorsOp {
  /** Householder's reflections. */
  compute(a: NDArray): readonly NDArray[] {
    const { batch, rows: m, columns: n } = lengthsOf(a.shape), k = Math.min(m, n);
    const found = matricesOf(a).map((matrix) => factorQR(matrix, m, n));
    return [
      arrayOf(a, found.map(({ q }) => q), [...batch, m, k]),
      arrayOf(a, found.map(({ r }) => r), [...batch, k, n]),
    ];
  }
  /**
   * (g_q + q s) r⁻ᵀ, with s the symmetric matrix whose upper triangle is that of g_r rᵀ - qᵀ g_q (Seeger et al. 2017). Where
   * a is wider than high, its columns beyond the square are q times those of r.
   */
  gradient([toQ = null, toR = null]: readonly (Tensor | null)[], [q, r]: readonly Tensor[]): Adjoints {
    const { rows: k, columns: n } = lengthsOf(r!.shape);
    if (n === k) return squareAdjoint(toQ, toR, q!, r!);
    // The columns beyond are c = q v, with v = qᵀ c.
    const square = { stop: k }, beyond = { start: k }, rest = r!.inputs[0]!.at("...", beyond);
    const toV = toR?.at("...", beyond) ?? rest.zerosLike(), more = rest.matmul(toV.transpose());
    const first = squareAdjoint(toQ?.add(more) ?? more, toR?.at("...", square) ?? null, q!, r!.at("...", square));
    return new Concat(-1).call(first, q!.matmul(toV));
  }
}
/** {@linkcode QR} as `Tensor` calls it. */
export const qr: QR = new QR();

/** The adjoint of a from those of q and of a square r, one of which may be null. */
function squareAdjoint(toQ: Tensor | null, toR: Tensor | null, q: Tensor, r: Tensor): Tensor {
  const fromQ = toQ === null ? null : q.transpose().matmul(toQ), fromR = toR?.matmul(r.transpose()) ?? null;
  const whole = fromQ === null ? fromR! : fromR?.sub(fromQ) ?? fromQ.neg();
  const inside = q.matmul(whole.triu().add(whole.triu(1).transpose()));
  return fromRight(toQ?.add(inside) ?? inside, r.transpose());
}

/** The eigenvalues w of symmetric matrices, in ascending order, and the eigenvectors as columns of v: a v = v diag(w). */
export class Eigh extends FactorsOp {
  /** @ignore */
  protected override get square(): boolean {
    return true;
  }
  /** Jacobi's rotations. Only the lower triangle is read. Error for NaN and the infinities. */
  compute(a: NDArray): readonly NDArray[] {
    const { batch, rows: n } = lengthsOf(a.shape), matrices = matricesOf(a);
    checkFinite(this.action, a, matrices);
    const found = matrices.map((matrix) => eigenOf(matrix, n));
    return [
      arrayOf(a, found.map(({ values }) => values), [...batch, n]),
      arrayOf(a, found.map((each) => each.vectors), a.shape),
    ];
  }
  /** v (diag(g_w) + vᵀ g_v / (w_j - w_i)) vᵀ: infinite or NaN where eigenvalues are equal and g_v is not 0, as PyTorch's. */
  gradient([toValues = null, toVectors = null]: readonly (Tensor | null)[], [w, v]: readonly Tensor[]): Adjoints {
    const turned = v!.transpose();
    if (toVectors === null) return v!.mul(asRow(toValues!)).matmul(turned);
    const parts = turned.matmul(toVectors).div(gapsOf(w!)), beside = parts.tril(-1).add(parts.triu(1));
    return v!.matmul(toValues === null ? beside : beside.add(toValues.diagEmbed())).matmul(turned);
  }
}
/** {@linkcode Eigh} as `Tensor` calls it. */
export const eigh: Eigh = new Eigh();

/** x_j - x_i in row i and column j, but 1 on the diagonal, by which nothing is divided. */
function gapsOf(x: Tensor): Tensor {
  return asRow(x).sub(asColumn(x)).add(x.onesLike().diagEmbed());
}

/**
 * u [..., m, k], the singular values s [..., k] in descending order, and vᵀ [..., k, n], with a = u diag(s) vᵀ and k the smaller
 * of m and n. The columns of u and the rows of vᵀ are orthonormal.
 */
export class SVD extends FactorsOp {
  /** Rotations of the columns, or of the rows where these are fewer. Error for NaN and the infinities. */
  compute(a: NDArray): readonly NDArray[] {
    const { batch, rows: m, columns: n } = lengthsOf(a.shape), k = Math.min(m, n), matrices = matricesOf(a);
    checkFinite(this.action, a, matrices);
    const found = matrices.map((matrix) => {
      if (m >= n) {
        const { u, s, v } = singularOf(turned(matrix, m, n), m, n);
        return { u: turned(u, n, m), s, vt: v };
      }
      const { u, s, v } = singularOf(matrix, n, m);
      return { u: turned(v, m, m), s, vt: u };
    });
    return [
      arrayOf(a, found.map(({ u }) => u), [...batch, m, k]),
      arrayOf(a, found.map(({ s }) => s), [...batch, k]),
      arrayOf(a, found.map(({ vt }) => vt), [...batch, k, n]),
    ];
  }
  /**
   * u (diag(g_s) + skew(uᵀ g_u) s / e + s skew(vᵀ g_v) / e) vᵀ, with skew(x) = x - xᵀ and e_ij = s_j² - s_i², and what leaves
   * the space of u or of v. Infinite or NaN where singular values are equal and an adjoint of u or v is not 0, as PyTorch's.
   */
  gradient(
    [toU = null, toS = null, toV = null]: readonly (Tensor | null)[],
    [u, s, vt]: readonly Tensor[],
  ): Adjoints {
    if (toU === null && toV === null) return u!.mul(asRow(toS!)).matmul(vt!);
    const m = u!.shape.at(-2)!, n = vt!.shape.at(-1)!, k = s!.shape.at(-1)!, ut = u!.transpose(), v = vt!.transpose();
    const gaps = gapsOf(s!.square());
    const skew = (x: Tensor) => x.sub(x.transpose()).div(gaps), sum = (a: Tensor | null, b: Tensor) => a?.add(b) ?? b;
    let inner = toS?.diagEmbed() ?? null;
    if (toU !== null) inner = sum(inner, skew(ut.matmul(toU)).mul(asRow(s!)));
    if (toV !== null) inner = sum(inner, asColumn(s!).mul(skew(vt!.matmul(toV.transpose()))));
    let adjoint = u!.matmul(inner!).matmul(vt!);
    if (m > k && toU !== null) {
      const scaled = toU.div(asRow(s!));
      adjoint = adjoint.add(scaled.sub(u!.matmul(ut.matmul(scaled))).matmul(vt!));
    }
    if (n > k && toV !== null) {
      const scaled = toV.div(asColumn(s!));
      adjoint = adjoint.add(u!.matmul(scaled.sub(scaled.matmul(v).matmul(vt!))));
    }
    return adjoint;
  }
}
/** {@linkcode SVD} as `Tensor` calls it. */
export const svd: SVD = new SVD();

/** The options of a pseudoinverse. */
export interface PinvOptions {
  /** The part of the largest singular value up to which others count as 0: by default that of rounding, times the size. */
  rtol?: number;
}

/** The pseudoinverse a⁺ [..., n, m] of Moore and Penrose. */
export class Pinv extends WideOp {
  /** See {@linkcode PinvOptions}; undefined for the default. */
  readonly rtol: number | undefined;
  /** RangeError for a negative tolerance. */
  constructor(options: PinvOptions = {}) {
    super();
    const { rtol } = checkOptions(this.action, options, "{ rtol: 1e-5 }", ["rtol"]);
    this.rtol = rtol === undefined ? undefined : checkRange(this.action, "rtol", rtol, 0);
  }
  /** @ignore */
  protected override prepare(inputs: readonly Tensor[]): readonly Tensor[] {
    const ready = super.prepare(inputs);
    checkMatrices(this.action, ready[0]!, false);
    return ready;
  }
  /** v diag(1 / s) uᵀ. Error for NaN and the infinities. */
  compute(a: NDArray): NDArray {
    const { batch, rows: m, columns: n } = lengthsOf(a.shape), matrices = matricesOf(a);
    checkFinite(this.action, a, matrices);
    const rtol = this.rtol ?? Math.max(m, n) * (a.dtype === "float64" ? 2 ** -52 : 2 ** -23);
    const found = matrices.map((matrix) => {
      const { u, s, v } = m >= n ? singularOf(turned(matrix, m, n), m, n) : singularOf(matrix, n, m);
      const least = rtol * (s[0] ?? 0), [left, right] = m >= n ? [v, u] : [u, v];
      return Float64Array.from({ length: n * m }, (_, at) => {
        const row = Math.floor(at / m), column = at % m;
        return s.reduce((sum, x, j) => x > least ? sum + left[j * n + row]! * right[j * m + column]! / x : sum, 0);
      });
    });
    return arrayOf(a, found, [...batch, n, m]);
  }
  /** -yᵀ g yᵀ + (1 - a y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y a) (Golub and Pereyra 1973). */
  gradient(g: Tensor, y: Tensor): Adjoints {
    const a = y.inputs[0]!, yt = y.transpose(), gt = g.transpose();
    const first = gt.matmul(y).matmul(yt), second = yt.matmul(y).matmul(gt);
    return yt.matmul(g).matmul(yt).neg()
      .add(first.sub(a.matmul(y.matmul(first))))
      .add(second.sub(second.matmul(y).matmul(a)));
  }
}
