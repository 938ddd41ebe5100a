/**
 * Cholesky's factorization of a matrix on the host.
 */

/**
 * Replaces the symmetric matrix a [n, n], of which only the lower triangle is read, by the lower triangle L with a = L Lᵀ, row
 * by row (Banachiewicz). False if the matrix is not positive definite.
 */
export function factorCholesky(a: Float64Array, n: number): boolean {
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = a[row * n + column]!;
      for (let k = 0; k < column; k++) rest -= a[row * n + k]! * a[column * n + k]!;
      // NaN is not positive.
      if (row === column && !(rest > 0)) return false;
      a[row * n + column] = row === column ? Math.sqrt(rest) : rest / a[column * n + column]!;
    }
    a.fill(0, row * n + row + 1, row * n + n);
  }
  return true;
}
