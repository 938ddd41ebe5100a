/**
 * Eigenvalues of symmetric matrices and singular values, on the host, by Jacobi's rotations: each makes two columns
 * orthogonal, and the sweeps over all pairs converge quadratically.
 */

import { turned } from "./turned.ts";

/** More sweeps than matrices need: about log2 of the size, and a few. */
const sweepsMost = 60;
/** The relative size of what rounding leaves. */
const unit = 2 ** -53;

/** The cosine and sine of the angle below π/4 by which a symmetric [[p, r], [r, q]] is turned to be diagonal. */
function rotation(p: number, q: number, r: number): [cosine: number, sine: number] {
  const cotangent = (q - p) / (2 * r);
  // A square that overflows stands for an angle of nearly 0.
  const tangent = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.sqrt(cotangent * cotangent + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  return [cosine, cosine * tangent];
}

/** Turns rows i and j of a matrix with rows of this length. */
function turnRows(
  a: Float64Array,
  length: number,
  i: number,
  j: number,
  [cosine, sine]: readonly [number, number],
): void {
  for (let x = i * length, y = j * length, end = x + length; x < end; x++, y++) {
    const first = a[x]!, second = a[y]!;
    a[x] = cosine * first - sine * second;
    a[y] = sine * first + cosine * second;
  }
}

/** The unit matrix [n, n]. */
function unitMatrix(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) result[k * n + k] = 1;
  return result;
}

/** Rows in another order. */
function inOrder(a: Float64Array, length: number, order: readonly number[]): Float64Array {
  const result = new Float64Array(order.length * length);
  order.forEach((from, to) => result.set(a.subarray(from * length, (from + 1) * length), to * length));
  return result;
}

/**
 * The eigenvalues of a symmetric matrix a [n, n] in ascending order, and its eigenvectors as columns. Only the lower triangle
 * is read; it is changed.
 */
export function eigenOf(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  let largest = 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      const x = a[row * n + column]!;
      a[column * n + row] = x;
      largest = Math.max(largest, Math.abs(x));
    }
  }
  const vectors = unitMatrix(n);
  for (let sweep = 0, isTurned = true; isTurned && sweep < sweepsMost; sweep++) {
    isTurned = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const beside = a[i * n + j]!;
        if (Math.abs(beside) <= unit / 4 * largest) continue;
        isTurned = true;
        const turn = rotation(a[i * n + i]!, a[j * n + j]!, beside);
        turnSymmetric(a, n, i, j, turn, beside);
        turnRows(vectors, n, i, j, turn);
      }
    }
  }
  const order = Array.from({ length: n }, (_, k) => k).sort((i, j) => a[i * n + i]! - a[j * n + j]!);
  return { values: Float64Array.from(order, (k) => a[k * n + k]!), vectors: turned(inOrder(vectors, n, order), n, n) };
}

/** Turns rows and columns i and j of a symmetric matrix, which makes the element of both, `beside`, 0. */
function turnSymmetric(
  a: Float64Array,
  n: number,
  i: number,
  j: number,
  turn: readonly [number, number],
  beside: number,
): void {
  const change = beside * turn[1] / turn[0], first = a[i * n + i]! - change, second = a[j * n + j]! + change;
  turnRows(a, n, i, j, turn);
  for (let k = 0; k < n; k++) {
    a[k * n + i] = a[i * n + k]!;
    a[k * n + j] = a[j * n + k]!;
  }
  a[i * n + i] = first;
  a[j * n + j] = second;
  a[i * n + j] = a[j * n + i] = 0;
}

/**
 * The singular values of a matrix [m, n] with m >= n, in descending order, and the columns of u [m, n] and v [n, n], with
 * u diag(s) vᵀ the matrix. Its columns, and those of u and v, lie one after the other, so that they are rows here. One-sided:
 * only columns are turned, until they are orthogonal (Hestenes 1958). It changes the columns.
 */
export function singularOf(
  columns: Float64Array,
  m: number,
  n: number,
): { u: Float64Array; s: Float64Array; v: Float64Array } {
  // Squares of numbers near 1 neither overflow nor vanish.
  const largest = columns.reduce((most, x) => Math.max(most, Math.abs(x)), 0), scale = largest || 1;
  for (let k = 0; k < columns.length; k++) columns[k]! /= scale;
  const v = unitMatrix(n);
  for (let sweep = 0, isTurned = true; isTurned && sweep < sweepsMost; sweep++) {
    isTurned = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const beside = product(columns, m, i, j),
          squares = product(columns, m, i, i),
          others = product(columns, m, j, j);
        if (Math.abs(beside) <= 2 * unit * Math.sqrt(squares) * Math.sqrt(others)) continue;
        isTurned = true;
        const turn = rotation(squares, others, beside);
        turnRows(columns, m, i, j, turn);
        turnRows(v, n, i, j, turn);
      }
    }
  }
  const lengths = Array.from({ length: n }, (_, k) => Math.sqrt(product(columns, m, k, k)));
  const order = lengths.map((_, k) => k).sort((i, j) => lengths[j]! - lengths[i]!);
  const u = inOrder(columns, m, order), s = Float64Array.from(order, (k) => lengths[k]!);
  s.forEach((length, k) => {
    if (length === 0) complete(u, m, k);
    else for (let at = k * m; at < (k + 1) * m; at++) u[at]! /= length;
  });
  return { u, s: s.map((length) => length * scale), v: inOrder(v, n, order) };
}

/** The inner product of two rows. */
function product(a: Float64Array, length: number, i: number, j: number): number {
  let sum = 0;
  for (let x = i * length, y = j * length, end = x + length; x < end; x++, y++) sum += a[x]! * a[y]!;
  return sum;
}

/** Makes a row of zeros a unit vector that is orthogonal to the rows before it. */
function complete(u: Float64Array, length: number, row: number): void {
  // Of all unit vectors, one has at least 1 / length of its square outside the space of fewer rows.
  for (let axis = 0; axis < length; axis++) {
    for (let k = 0; k < length; k++) u[row * length + k] = k === axis ? 1 : 0;
    // The second pass takes away what the rounding of the first has left.
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < row; before++) {
        const part = product(u, length, before, row);
        for (let k = 0; k < length; k++) u[row * length + k]! -= part * u[before * length + k]!;
      }
    }
    const rest = Math.sqrt(product(u, length, row, row));
    if (rest * rest < 0.5 / length) continue;
    for (let k = 0; k < length; k++) u[row * length + k]! /= rest;
    return;
  }
}
