/**
 * Methods of linear algebra.
 */
import * as linear from "../composites/linear.ts";
import { matrixNorm, type MatrixNormOptions } from "../composites/reductions.ts";
import * as ops from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { WindowMethods } from "./windows.ts";

export type { MatrixNormOptions };

export type { AddmmOptions, SideOptions, TriangularOptions } from "../composites/linear.ts";

/**
 * The methods of {@linkcode Tensor} for linear algebra.
 *
 * Products of integers and bools are int32, which wraps. Factorizations and what solves equations compute in float64 on the
 * host, whatever the device, and give the tensor's float type. They read values, so they throw inside `capture`. Their
 * matrices lie along the last two axes; the axes before stretch as in NumPy.
 */
export abstract class LinearMethods extends WindowMethods {
  /** The matrix product over the last two axes; a vector counts as one row or column, as in NumPy. Integers give int32. */
  matmul(this: Tensor, other: Tensor): Tensor {
    return ops.matmul.call(this, other);
  }

  /** The product of two matrices, [m, k] and [k, n]. TypeError for other shapes. */
  mm(this: Tensor, other: Tensor): Tensor {
    return linear.product("mm", this, other, [2, 2]);
  }

  /** The products of as many pairs of matrices, [b, m, k] and [b, k, n]. TypeError for other shapes. */
  bmm(this: Tensor, other: Tensor): Tensor {
    return linear.product("bmm", this, other, [3, 3]);
  }

  /** The product of a matrix [m, k] and a vector [k]. TypeError for other shapes. */
  mv(this: Tensor, vector: Tensor): Tensor {
    return linear.product("mv", this, vector, [2, 1]);
  }

  /** The sum of the products of two vectors. TypeError for other shapes. */
  dot(this: Tensor, other: Tensor): Tensor {
    return linear.product("dot", this, other, [1, 1]);
  }

  /** The same as {@linkcode LinearMethods.dot}: numbers are real. */
  vdot(this: Tensor, other: Tensor): Tensor {
    return linear.product("vdot", this, other, [1, 1]);
  }

  /** The sum of products along an axis of two tensors that broadcast; PyTorch's `torch.linalg.vecdot`. */
  vecdot(this: Tensor, other: Tensor, axis = -1): Tensor {
    return linear.vecdot(this, other, axis);
  }

  /** The sums of products along the last axis of both, for all other places of both; a scalar multiplies. */
  inner(this: Tensor, other: Tensor): Tensor {
    return linear.inner(this, other);
  }

  /** The products of all pairs of elements of two vectors: [m] and [n] give [m, n]. */
  outer(this: Tensor, other: Tensor): Tensor {
    return linear.outer(this, other);
  }

  /** `beta * this + alpha * (a @ b)`, both factors 1 by default. At `beta` 0 nothing of this tensor counts, not even NaN. */
  addmm(this: Tensor, a: Tensor, b: Tensor, options: linear.AddmmOptions = {}): Tensor {
    return linear.addmm(this, a, b, options);
  }

  /**
   * The sums of products over pairs of axes: the last ones of this tensor and as many first ones of the other, two by default,
   * or those of two lists. The result has the other axes of this tensor, then those of the other.
   */
  tensordot(
    this: Tensor,
    other: Tensor,
    axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
  ): Tensor {
    return linear.tensordot(this, other, axes);
  }

  /** Kronecker's product: each element times all of the other tensor, as blocks. */
  kron(this: Tensor, other: Tensor): Tensor {
    return linear.kron(this, other);
  }

  /** The norm of the matrices along two axes, by default the last ones: the root of their sums of squares, or what `p` says. */
  matrixNorm(this: Tensor, options: MatrixNormOptions = {}): Tensor {
    return matrixNorm(this, options);
  }

  /** The sum of the diagonal of a matrix. */
  trace(this: Tensor): Tensor {
    return linear.trace(this);
  }

  /** The vector product along an axis of length 3, the last one by default; PyTorch's `torch.linalg.cross`. */
  cross(this: Tensor, other: Tensor, axis = -1): Tensor {
    return linear.cross(this, other, axis);
  }

  /** Matrices to the power of an integer; of a negative one their inverses. */
  matrixPower(this: Tensor, power: number): Tensor {
    return linear.matrixPower(this, power);
  }

  // Factorizations, and equations: not inside `capture`.

  /**
   * The lower triangle L with `L @ L.transpose()` this tensor: symmetric matrices, of which only the lower triangle is read.
   * Error for one that is not positive definite.
   */
  cholesky(this: Tensor): Tensor {
    return ops.cholesky.call(this);
  }

  /**
   * x with `this @ x` equal to `b`, or `x @ this` for `left: false`. `b` is [..., n, k], or a vector: [n], and [..., n] where
   * that is the shape of this tensor without its last axis. Error for a singular matrix.
   */
  solve(this: Tensor, b: Tensor, options: linear.SideOptions = {}): Tensor {
    return linear.solve(this, b, options);
  }

  /**
   * As {@linkcode LinearMethods.solve}, for triangular matrices: the lower triangle is read, or the `upper` one, with a
   * diagonal of ones if it is `unitriangular`. `b` is [..., n, k]. A 0 on the diagonal gives infinities or NaN.
   */
  solveTriangular(this: Tensor, b: Tensor, options: linear.TriangularOptions = {}): Tensor {
    return linear.solveTriangular(this, b, options);
  }

  /** The inverse of each matrix. Error for a singular one; `solve` is more accurate than a product with the inverse. */
  inverse(this: Tensor): Tensor {
    return ops.inverse.call(this);
  }

  /**
   * The determinants. That of a singular matrix is 0, with a derivative; to differentiate once more is an Error there.
   */
  det(this: Tensor): Tensor {
    return ops.det.call(this);
  }

  /** `[sign, log(abs(det))]`: 0 and -Infinity of a singular matrix, of which a gradient is an Error. */
  slogdet(this: Tensor): readonly [sign: Tensor, logabsdet: Tensor] {
    return ops.slogDet.call(this) as readonly Tensor[] as readonly [Tensor, Tensor];
  }

  /**
   * `[q, r]` with `q @ r` this tensor: orthonormal columns, and an upper triangle. Of matrices [m, n] they are [m, k] and
   * [k, n], with k the smaller of m and n: PyTorch's mode `reduced`.
   */
  qr(this: Tensor): readonly [q: Tensor, r: Tensor] {
    return ops.qr.call(this) as readonly Tensor[] as readonly [Tensor, Tensor];
  }

  /**
   * `[w, v]`: the eigenvalues of symmetric matrices in ascending order, and the eigenvectors as columns. Only the lower
   * triangle is read. The sign of an eigenvector is chance, and so is its direction where eigenvalues are equal.
   */
  eigh(this: Tensor): readonly [values: Tensor, vectors: Tensor] {
    return ops.eigh.call(this) as readonly Tensor[] as readonly [Tensor, Tensor];
  }

  /**
   * `[u, s, vh]` with `u.mul(s) @ vh` this tensor, and the singular values `s` in descending order. Of matrices [m, n] they
   * are [m, k], [k] and [k, n], with k the smaller of m and n: PyTorch's `full_matrices=False`.
   */
  svd(this: Tensor): readonly [u: Tensor, s: Tensor, vh: Tensor] {
    return ops.svd.call(this) as readonly Tensor[] as readonly [Tensor, Tensor, Tensor];
  }

  /**
   * The pseudoinverse. Singular values up to `rtol` times the largest count as 0: by default the larger length times the
   * distance from 1 to the next number of the type, as in PyTorch.
   */
  pinv(this: Tensor, options: ops.PinvOptions = {}): Tensor {
    return new ops.Pinv(options).call(this);
  }

  /**
   * x [..., n, k] with the least sum of squares of `this @ x - b`, of matrices of full rank; where these are wider than high,
   * of all solutions the shortest. The first of the results of PyTorch's `torch.linalg.lstsq`.
   */
  lstsq(this: Tensor, b: Tensor): Tensor {
    return linear.lstsq(this, b);
  }
}
