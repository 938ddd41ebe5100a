/**
 * The factorization of a square matrix into triangles, with rows exchanged, on the host.
 */
import { substitute } from "./triangular.ts";

/** The factors of a matrix [n, n]: its rows in another order are L U. */
export interface LU {
  /** L below the diagonal, which is ones, and U on and above it. */
  readonly factors: Float64Array;
  /** The row of the matrix that became each row of L U. */
  readonly order: readonly number[];
  /** 1 for an even number of exchanges, else -1. */
  readonly sign: number;
  /** Whether U has a 0 on its diagonal. */
  readonly isSingular: boolean;
}

/** Gaussian elimination with partial pivoting. It changes a [n, n], which becomes the factors. */
export function factorLU(a: Float64Array, n: number): LU {
  const order = Array.from({ length: n }, (_, row) => row);
  let sign = 1, isSingular = false;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let row = k + 1; row < n; row++) if (Math.abs(a[row * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = row;
    if (a[pivot * n + k] === 0) {
      isSingular = true;
      continue;
    }
    if (pivot !== k) {
      for (let column = 0; column < n; column++) exchange(a, k * n + column, pivot * n + column);
      [order[k], order[pivot]] = [order[pivot]!, order[k]!];
      sign = -sign;
    }
    for (let row = k + 1; row < n; row++) {
      const factor = a[row * n + k]! / a[k * n + k]!;
      a[row * n + k] = factor;
      if (factor === 0) continue;
      for (let column = k + 1; column < n; column++) a[row * n + column]! -= factor * a[k * n + column]!;
    }
  }
  return { factors: a, order, sign, isSingular };
}

function exchange(a: Float64Array, i: number, j: number): void {
  const kept = a[i]!;
  a[i] = a[j]!;
  a[j] = kept;
}

/** x [n, count] with a x = b, of a matrix a that is not singular. */
export function solveLU({ factors, order }: LU, b: Float64Array, count: number): Float64Array {
  const n = order.length, x = new Float64Array(n * count);
  order.forEach((from, row) => x.set(b.subarray(from * count, (from + 1) * count), row * count));
  substitute(factors, n, x, count, { upper: false, unitriangular: true });
  substitute(factors, n, x, count, { upper: true, unitriangular: false });
  return x;
}

/** The numbers on the diagonal of U, whose product is the determinant but for the sign. */
export function pivotsOf({ factors, order }: LU): number[] {
  const n = order.length;
  return order.map((_, k) => factors[k * n + k]!);
}

/** The determinant. */
export function determinant(lu: LU): number {
  return pivotsOf(lu).reduce((product, pivot) => product * pivot, lu.sign);
}
