/** Drawing a digit: the strokes of a style, moved, bent, slanted and scaled at random, then drawn with a round pen. */
import type { RandomStream } from "./random.ts";
import { digitStyles, type Stroke } from "./strokes.ts";

/** The length of an image's sides, and its pixels. */
export const side = 28, pixelsPerImage = side * side;

/** Draws one digit into 28 x 28 bytes, white on black. */
export function drawDigit(label: number, random: RandomStream, target: Uint8Array): void {
  const styles = digitStyles[label]!;
  const paths = styles[random.below(styles.length)]!.map((stroke) => trace(stroke, random));
  bend(paths, random);
  place(paths, random);
  const ink = new Float32Array(pixelsPerImage);
  // Squaring the random number makes thin pens commoner than thick ones.
  const radius = 0.75 + 1.25 * random.between(0, 1) ** 2;
  for (const path of paths) drawPath(ink, path, radius);
  const strength = random.between(200, 255), noise = random.between(0, 0.12);
  for (let k = 0; k < pixelsPerImage; k += 2) {
    const word = random.word();
    // The sum of two random bytes is near enough to a normal distribution. One word has the bytes for two pixels.
    target[k] = shade(ink[k]! * strength, noise * ((word & 255) + (word >>> 8 & 255) - 255));
    target[k + 1] = shade(ink[k + 1]! * strength, noise * ((word >>> 16 & 255) + (word >>> 24) - 255));
  }
}

function shade(value: number, noise: number): number {
  return Math.min(255, Math.max(0, Math.round(value + noise)));
}

/** Points along a stroke, x0, y0, x1, y1, ..., after the points that define the stroke were moved a little. */
function trace({ kind, points }: Stroke, random: RandomStream): Float64Array {
  const given = Float64Array.from(points, (value) => value + 0.025 * random.normal());
  if (kind === "line") return subdivide(given, 4, (a, b, _before, _after, t) => a + (b - a) * t);
  // Catmull-Rom: the curve passes through its points, with the slope of the chord between their neighbours.
  return subdivide(given, 5, (a, b, before, after, t) => {
    const slopeA = (b - before) / 2, slopeB = (after - a) / 2, d = a - b;
    return a + t * (slopeA + t * (-3 * d - 2 * slopeA - slopeB + t * (2 * d + slopeA + slopeB)));
  });
}

function subdivide(
  points: Float64Array,
  steps: number,
  between: (a: number, b: number, before: number, after: number, t: number) => number,
): Float64Array {
  const last = points.length / 2 - 1, result = new Float64Array(2 * (last * steps + 1));
  for (let axis = 0; axis < 2; axis++) {
    const at = (k: number) => points[2 * Math.min(Math.max(k, 0), last) + axis]!;
    for (let segment = 0; segment < last; segment++) {
      for (let step = 0; step < steps; step++) {
        result[2 * (segment * steps + step) + axis] = between(
          at(segment),
          at(segment + 1),
          at(segment - 1),
          at(segment + 2),
          step / steps,
        );
      }
    }
    result[2 * last * steps + axis] = at(last);
  }
  return result;
}

/** Moves all points of a digit by a smooth random field, then slants and rotates the digit. */
function bend(paths: readonly Float64Array[], random: RandomStream): void {
  const wave = () => {
    const size = 0.04 * random.normal(), phase = random.between(0, 2 * Math.PI);
    const alongX = random.between(-5, 5), alongY = random.between(-5, 5);
    return (x: number, y: number) => size * Math.sin(alongX * x + alongY * y + phase);
  };
  const moveX = wave(), moveX2 = wave(), moveY = wave(), moveY2 = wave();
  const angle = 0.13 * random.normal(), slant = 0.1 + 0.2 * random.normal(), width = random.between(0.8, 1.25);
  const cosine = Math.cos(angle), sine = Math.sin(angle);
  for (const path of paths) {
    for (let k = 0; k < path.length; k += 2) {
      const x = path[k]!, y = path[k + 1]!;
      const movedX = (x + moveX(x, y) + moveX2(x, y) - 0.3) * width - slant * (y - 0.5);
      const movedY = y + moveY(x, y) + moveY2(x, y) - 0.5;
      path[k] = cosine * movedX - sine * movedY;
      path[k + 1] = sine * movedX + cosine * movedY;
    }
  }
}

/** Scales a digit to about 20 pixels in its larger direction, as MNIST's digits have, and moves it near the middle. */
function place(paths: readonly Float64Array[], random: RandomStream): void {
  const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
  for (const path of paths) {
    for (let k = 0; k < path.length; k++) {
      low[k % 2] = Math.min(low[k % 2]!, path[k]!);
      high[k % 2] = Math.max(high[k % 2]!, path[k]!);
    }
  }
  const extent = Math.max(high[0]! - low[0]!, high[1]! - low[1]!);
  const scale = random.between(15.5, 19.5) / extent;
  const middle = [13.5 + 1.1 * random.normal(), 13.5 + 1.1 * random.normal()];
  for (const path of paths) {
    for (let k = 0; k < path.length; k++) {
      path[k] = (path[k]! - (low[k % 2]! + high[k % 2]!) / 2) * scale + middle[k % 2]!;
    }
  }
}

/** Draws a path with a round pen: full ink within the radius, which fades out over one pixel. */
function drawPath(ink: Float32Array, path: Float64Array, radius: number): void {
  const reach = radius + 0.5;
  for (let k = 0; k + 3 < path.length; k += 2) {
    const x0 = path[k]!, y0 = path[k + 1]!, dx = path[k + 2]! - x0, dy = path[k + 3]! - y0;
    const inverse = 1 / Math.max(dx * dx + dy * dy, 1e-12);
    const left = Math.max(0, Math.ceil(Math.min(x0, x0 + dx) - reach));
    const right = Math.min(side - 1, Math.floor(Math.max(x0, x0 + dx) + reach));
    const top = Math.max(0, Math.ceil(Math.min(y0, y0 + dy) - reach));
    const bottom = Math.min(side - 1, Math.floor(Math.max(y0, y0 + dy) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) * inverse));
        const awayX = x - x0 - along * dx, awayY = y - y0 - along * dy;
        const value = reach - Math.sqrt(awayX * awayX + awayY * awayY);
        const pixel = y * side + x;
        if (value > ink[pixel]!) ink[pixel] = Math.min(value, 1);
      }
    }
  }
}
