/**
 * The factorization of a matrix into orthonormal columns and an upper triangle, on the host.
 */
import { turned } from "./turned.ts";

/**
 * q [m, k] and r [k, n] with a [m, n] = q r and k the smaller of m and n, by Householder's reflections.
 *
 * As in LAPACK, a diagonal element of r has the other sign than the one that the reflection found in its place.
 */
export function factorQR(a: Float64Array, m: number, n: number): { q: Float64Array; r: Float64Array } {
  // Each column becomes a row, so that its elements lie side by side.
  const k = Math.min(m, n), columns = turned(a, m, n), scales = new Float64Array(k);
  for (let step = 0; step < k; step++) {
    const at = step * m + step, end = step * m + m, head = columns[at]!, tail = lengthOf(columns, at + 1, end);
    if (tail === 0) continue;
    // The reflection 1 - scale v vᵀ, with v 1 at its head, takes the column to a multiple of the unit vector.
    const length = Math.hypot(head, tail), target = head >= 0 ? -length : length;
    scales[step] = (target - head) / target;
    for (let place = at + 1; place < end; place++) columns[place]! /= head - target;
    columns[at] = target;
    for (let column = step + 1; column < n; column++) reflect(columns, step, scales[step]!, columns, column, m);
  }
  const r = new Float64Array(k * n), q = new Float64Array(k * m);
  for (let row = 0; row < k; row++) {
    for (let column = row; column < n; column++) r[row * n + column] = columns[column * m + row]!;
    q[row * m + row] = 1;
  }
  for (let step = k - 1; step >= 0; step--) {
    for (let column = step; column < k; column++) reflect(columns, step, scales[step]!, q, column, m);
  }
  return { q: turned(q, k, m), r };
}

/** The length of a vector, of which no square overflows. */
function lengthOf(a: Float64Array, start: number, end: number): number {
  let largest = 0, sum = 0;
  for (let k = start; k < end; k++) largest = Math.max(largest, Math.abs(a[k]!));
  if (largest === 0) return 0;
  for (let k = start; k < end; k++) sum += (a[k]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}

/** Applies the reflection that column `step` holds to a column of b. Columns have m elements. */
function reflect(columns: Float64Array, step: number, scale: number, b: Float64Array, column: number, m: number): void {
  if (scale === 0) return;
  const from = step * m, to = column * m;
  let sum = b[to + step]!;
  for (let row = step + 1; row < m; row++) sum += columns[from + row]! * b[to + row]!;
  sum *= scale;
  b[to + step]! -= sum;
  for (let row = step + 1; row < m; row++) b[to + row]! -= sum * columns[from + row]!;
}
