/**
 * Eigenvalues of symmetric matrices and singular values, on the host, by Jacobi's rotations: each makes two columns
 * orthogonal, and the sweeps over all pairs converge quadratically.
 */

/** More sweeps than matrices need: about log2 of the size, and a few. */
const sweepsMost = 60;
/** The relative size of what rounding leaves. */
const unit = 2 ** -53;

/** The cosine and sine of the angle below π/4 by which a symmetric [[p, r], [r, q]] is turned to be diagonal. */
function rotation(p: number, q: number, r: number): [cosine: number, sine: number] {
  const cotangent = (q - p) / (2 * r);
  const tangent = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(cotangent, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  return [cosine, cosine * tangent];
}

/** Turns columns i and j of a matrix with `rows` rows and `width` columns. */
function turnColumns(
  a: Float64Array,
  rows: number,
  width: number,
  i: number,
  j: number,
  [cosine, sine]: readonly [number, number],
): void {
  for (let at = 0; at < rows * width; at += width) {
    const x = a[at + i]!, y = a[at + j]!;
    a[at + i] = cosine * x - sine * y;
    a[at + j] = sine * x + cosine * y;
  }
}

/** The unit matrix [n, n]. */
function unitMatrix(n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) result[k * n + k] = 1;
  return result;
}

/** Columns of a [rows, width] in another order. */
function inOrder(a: Float64Array, rows: number, width: number, order: readonly number[]): Float64Array {
  const result = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    order.forEach((from, to) => result[row * width + to] = a[row * width + from]!);
  }
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
  for (let sweep = 0, turned = true; turned && sweep < sweepsMost; sweep++) {
    turned = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const beside = a[i * n + j]!;
        if (Math.abs(beside) <= unit / 4 * largest) continue;
        turned = true;
        const turn = rotation(a[i * n + i]!, a[j * n + j]!, beside);
        turnColumns(a, n, n, i, j, turn);
        turnRows(a, n, i, j, turn);
        a[i * n + j] = a[j * n + i] = 0;
        turnColumns(vectors, n, n, i, j, turn);
      }
    }
  }
  const order = Array.from({ length: n }, (_, k) => k).sort((i, j) => a[i * n + i]! - a[j * n + j]!);
  return { values: Float64Array.from(order, (k) => a[k * n + k]!), vectors: inOrder(vectors, n, n, order) };
}

/** Turns rows i and j of a matrix [n, n]. */
function turnRows(a: Float64Array, n: number, i: number, j: number, [cosine, sine]: readonly [number, number]): void {
  for (let column = 0; column < n; column++) {
    const x = a[i * n + column]!, y = a[j * n + column]!;
    a[i * n + column] = cosine * x - sine * y;
    a[j * n + column] = sine * x + cosine * y;
  }
}

/**
 * The singular values of a matrix a [m, n] with m >= n in descending order, u [m, n] and v [n, n], with a = u diag(s) vᵀ and
 * orthonormal columns. One-sided: only columns of a are turned, until they are orthogonal (Hestenes 1958). It changes a.
 */
export function singularOf(
  a: Float64Array,
  m: number,
  n: number,
): { u: Float64Array; s: Float64Array; v: Float64Array } {
  // Squares of numbers near 1 neither overflow nor vanish.
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0), scale = largest || 1;
  for (let k = 0; k < a.length; k++) a[k]! /= scale;
  const v = unitMatrix(n);
  for (let sweep = 0, turned = true; turned && sweep < sweepsMost; sweep++) {
    turned = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const beside = columnProduct(a, m, n, i, j);
        const squares = columnProduct(a, m, n, i, i), others = columnProduct(a, m, n, j, j);
        if (Math.abs(beside) <= 2 * unit * Math.sqrt(squares) * Math.sqrt(others)) continue;
        turned = true;
        const turn = rotation(squares, others, beside);
        turnColumns(a, m, n, i, j, turn);
        turnColumns(v, n, n, i, j, turn);
      }
    }
  }
  const lengths = Array.from({ length: n }, (_, k) => Math.sqrt(columnProduct(a, m, n, k, k)));
  const order = lengths.map((_, k) => k).sort((i, j) => lengths[j]! - lengths[i]!);
  const u = inOrder(a, m, n, order), s = Float64Array.from(order, (k) => lengths[k]!);
  s.forEach((length, column) => {
    if (length === 0) complete(u, m, n, column);
    else for (let row = 0; row < m; row++) u[row * n + column]! /= length;
  });
  return { u, s: s.map((length) => length * scale), v: inOrder(v, n, n, order) };
}

/** The inner product of two columns of a matrix [m, n]. */
function columnProduct(a: Float64Array, m: number, n: number, i: number, j: number): number {
  let sum = 0;
  for (let at = 0; at < m * n; at += n) sum += a[at + i]! * a[at + j]!;
  return sum;
}

/** Gives a column of zeros a unit vector that is orthogonal to the columns before it. */
function complete(u: Float64Array, m: number, n: number, column: number): void {
  // Of all unit vectors, one has at least 1 / m of its square outside the space of fewer than m columns.
  for (let axis = 0; axis < m; axis++) {
    for (let row = 0; row < m; row++) u[row * n + column] = row === axis ? 1 : 0;
    // The second pass takes away what the rounding of the first has left.
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < column; before++) {
        const part = columnProduct(u, m, n, before, column);
        for (let row = 0; row < m; row++) u[row * n + column]! -= part * u[row * n + before]!;
      }
    }
    const length = Math.sqrt(columnProduct(u, m, n, column, column));
    if (length * length < 0.5 / m) continue;
    for (let row = 0; row < m; row++) u[row * n + column]! /= length;
    return;
  }
}
