/** Plans and tables of the discrete Fourier transform. Angles are computed on the host in float64. */

/** The cosine and the sine of a turn's share k / n, for integers: by the first eighth, so that both have all digits. */
export function turned(k: number, n: number): readonly [cos: number, sin: number] {
  // In eighths of a turn, times n: 0 to 8 n.
  let at = 8 * (k % n), sinSign = 1, cosSign = 1;
  if (at > 4 * n) [at, sinSign] = [8 * n - at, -1];
  if (at > 2 * n) [at, cosSign] = [4 * n - at, -1];
  const isSteep = at > n, angle = (isSteep ? 2 * n - at : at) / n * (Math.PI / 4);
  const [cos, sin] = isSteep ? [Math.sin(angle), Math.cos(angle)] : [Math.cos(angle), Math.sin(angle)];
  return [cosSign * cos, sinSign * sin];
}

/** The longest transforms that are one product with a matrix. Longer ones consist of several, whose lengths multiply to n. */
const lengthMost = 64;
/** A prime length up to here is one product, too. */
const primeMost = 128;

const known = new Map<number, readonly number[] | null>();

/** Lengths of short transforms, as few and as equal as possible, that multiply to n; null where n has a large prime factor. */
export function stagesOf(n: number): readonly number[] | null {
  let found = known.get(n);
  if (found !== undefined) return found;
  found = null;
  if (largestPrime(n) <= primeMost) {
    for (let count = 1; found === null; count++) found = split(n, count);
  }
  known.set(n, found);
  return found;
}

/** The largest prime factor, or what is left of n once all up to `primeMost` are taken out. */
function largestPrime(n: number): number {
  let rest = n, largest = 1;
  for (let p = 2; p <= primeMost && rest > 1; p++) {
    while (rest % p === 0) [rest, largest] = [rest / p, p];
  }
  return rest > 1 ? rest : largest;
}

function split(n: number, count: number): number[] | null {
  const fits = (length: number) => length <= lengthMost || (length <= primeMost && largestPrime(length) === length);
  if (count === 1) return fits(n) ? [n] : null;
  const share = Math.log(n) / count, far = (d: number) => Math.abs(Math.log(d) - share);
  const divisors = Array.from({ length: primeMost - 1 }, (_, k) => k + 2).filter((d) => n % d === 0 && fits(d));
  for (const d of divisors.sort((a, b) => far(a) - far(b))) {
    const rest = split(n / d, count - 1);
    if (rest !== null) return [d, ...rest];
  }
  return null;
}

/** How the columns or rows of a matrix lie: all real parts first, each real part before its imaginary one, or real parts only. */
export type Order = "planes" | "pairs" | "real";

/**
 * The matrix of a transform of length r, for real arithmetic: rows for the results, columns for the inputs. `sign` is that of
 * the exponent.
 */
export function matrixOf(r: number, sign: number, scale: number, from: Order, to: Order): Float64Array {
  const width = from === "real" ? r : 2 * r, height = to === "real" ? r : 2 * r;
  const place = (order: Order, k: number, part: number) => order === "pairs" ? 2 * k + part : part * r + k;
  const matrix = new Float64Array(width * height);
  for (let k = 0; k < r; k++) {
    for (let j = 0; j < r; j++) {
      const [cos, sin] = turned(j * k, r), parts = [[cos, -sign * sin], [sign * sin, cos]];
      for (let row = 0; row < (to === "real" ? 1 : 2); row++) {
        for (let column = 0; column < (from === "real" ? 1 : 2); column++) {
          matrix[place(to, k, row) * width + place(from, j, column)] = scale * parts[row]![column]!;
        }
      }
    }
  }
  return matrix;
}

/** A table of factors: all cosines, then all sines with the sign changed, then all sines. */
function factorTable(count: number, factor: (k: number) => readonly [cos: number, sin: number]): Float64Array {
  const table = new Float64Array(3 * count);
  for (let k = 0; k < count; k++) {
    const [cos, sin] = factor(k);
    table[k] = cos;
    table[count + k] = -sin;
    table[2 * count + k] = sin;
  }
  return table;
}

/** The factors between two stages of a transform of r m numbers: e^(2πi sign j k / (r m)) for k < r and j < m. */
export function twiddles(r: number, m: number, sign: number): Float64Array {
  return factorTable(r * m, (at) => {
    const k = Math.floor(at / m), [cos, sin] = turned(k * (at - k * m), r * m);
    return [cos, sign * sin];
  });
}

/** e^(πi sign j² / n), times a scale. */
export function chirp(n: number, sign: number, scale: number): Float64Array {
  return factorTable(n, (j) => {
    const [cos, sin] = turned((j * j) % (2 * n), 2 * n);
    return [scale * cos, scale * sign * sin];
  });
}

/** The length of the transforms by which one of a length with a large prime factor is computed. */
export function chirpLength(n: number): number {
  return 2 ** Math.ceil(Math.log2(2 * n - 1));
}

/** The transform of the chirp with the other sign, laid around in a circle of that length: a table of factors. */
export function chirpTransform(n: number, sign: number): Float64Array {
  const length = chirpLength(n),
    table = chirp(n, -sign, 1),
    re = new Float64Array(length),
    im = new Float64Array(length);
  for (let j = 0; j < n; j++) {
    const back = (length - j) % length;
    re[j] = re[back] = table[j]!;
    im[j] = im[back] = table[2 * n + j]!;
  }
  transform(re, im);
  return factorTable(length, (k) => [re[k]!, im[k]!]);
}

/** The transform of a power of two of numbers, in place, with exponents of negative sign (Cooley and Tukey 1965). */
function transform(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) [re[i], re[j], im[i], im[j]] = [re[j]!, re[i]!, im[j]!, im[i]!];
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    for (let k = 0; k < half; k++) {
      const [cos, sin] = turned(k, size);
      for (let at = k; at < n; at += size) {
        const to = at + half, x = re[to]! * cos + im[to]! * sin, y = im[to]! * cos - re[to]! * sin;
        re[to] = re[at]! - x;
        im[to] = im[at]! - y;
        re[at] = re[at]! + x;
        im[at] = im[at]! + y;
      }
    }
  }
}
