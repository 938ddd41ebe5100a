/**
 * Systems of equations with a triangular matrix, on the host.
 */

/** How a triangular matrix is read. */
export interface Triangle {
  /** Whether the upper triangle is read, else the lower; the other may hold anything. */
  readonly upper: boolean;
  /** Whether the diagonal counts as ones, whatever it holds. */
  readonly unitriangular: boolean;
}

/**
 * Replaces b [n, count] by x with a x = b, by substitution. A 0 on the diagonal of a [n, n] is divided by, as other numbers
 * are.
 */
export function substitute(a: Float64Array, n: number, b: Float64Array, count: number, triangle: Triangle): void {
  const { upper, unitriangular } = triangle;
  for (let step = 0; step < n; step++) {
    const row = upper ? n - 1 - step : step, first = upper ? row + 1 : 0, end = upper ? n : row, at = row * count;
    for (let k = first; k < end; k++) {
      const factor = a[row * n + k]!, from = k * count;
      for (let column = 0; column < count; column++) b[at + column]! -= factor * b[from + column]!;
    }
    if (unitriangular) continue;
    const pivot = a[row * n + row]!;
    for (let column = 0; column < count; column++) b[at + column]! /= pivot;
  }
}
