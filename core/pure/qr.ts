/**
 * The factorization of a matrix into orthonormal columns and an upper triangle, on the host.
 */

/**
 * q [m, k] and r [k, n] with a = q r and k the smaller of m and n, by Householder's reflections. It changes a [m, n].
 *
 * As in LAPACK, a diagonal element of r has the other sign than the one that the reflection found in its place.
 */
export function factorQR(a: Float64Array, m: number, n: number): { q: Float64Array; r: Float64Array } {
  const k = Math.min(m, n), scales = new Float64Array(k);
  for (let step = 0; step < k; step++) {
    const head = a[step * n + step]!;
    let tail = 0;
    for (let row = step + 1; row < m; row++) tail = Math.hypot(tail, a[row * n + step]!);
    if (tail === 0) continue;
    // The reflection 1 - scale v vᵀ, with v 1 at its head, takes the column to a multiple of the unit vector.
    const length = Math.hypot(head, tail), target = head >= 0 ? -length : length;
    scales[step] = (target - head) / target;
    for (let row = step + 1; row < m; row++) a[row * n + step]! /= head - target;
    a[step * n + step] = target;
    for (let column = step + 1; column < n; column++) reflect(a, n, step, scales[step]!, a, n, column, m);
  }
  const r = new Float64Array(k * n), q = new Float64Array(m * k);
  for (let row = 0; row < k; row++) r.set(a.subarray(row * n + row, row * n + n), row * n + row);
  for (let row = 0; row < k; row++) q[row * k + row] = 1;
  for (let step = k - 1; step >= 0; step--) {
    for (let column = step; column < k; column++) reflect(a, n, step, scales[step]!, q, k, column, m);
  }
  return { q, r };
}

/** Applies the reflection that column `step` of a [m, n] holds to a column of b [m, width]. */
function reflect(
  a: Float64Array,
  n: number,
  step: number,
  scale: number,
  b: Float64Array,
  width: number,
  column: number,
  m: number,
): void {
  if (scale === 0) return;
  let sum = b[step * width + column]!;
  for (let row = step + 1; row < m; row++) sum += a[row * n + step]! * b[row * width + column]!;
  sum *= scale;
  b[step * width + column]! -= sum;
  for (let row = step + 1; row < m; row++) b[row * width + column]! -= sum * a[row * n + step]!;
}
