/**
 * Transposes on the host, for algorithms on columns: these then lie side by side.
 */

/** The transpose of a matrix [m, n]. */
export function turned(a: Float64Array, m: number, n: number): Float64Array {
  const result = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) result[column * m + row] = a[row * n + column]!;
  }
  return result;
}
