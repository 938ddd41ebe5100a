/** The search for a step length that meets the strong Wolfe conditions, with PyTorch's rules for where to look next. */
import type { Tensor } from "../core/mod.ts";

/** A point on the line: how far it is, the loss there, its slope along the line, and the whole gradient. */
export interface Point {
  readonly t: number;
  readonly loss: number;
  readonly slope: number;
  readonly gradient: Tensor;
}

/** How far a loss must fall, as a share of the slope, and how flat it must become. */
const fallLeast = 1e-4, slopeMost = 0.9;

/**
 * A point at which the loss has fallen enough and become flat enough (Nocedal and Wright 2006, algorithms 3.5 and 3.6), or
 * the best of those looked at. First a pair of points is sought with such a point between them, then the pair is narrowed.
 */
export function strongWolfe(
  evaluate: (t: number) => Point,
  start: Point,
  first: number,
  { toleranceChange, direction, most }: { toleranceChange: number; direction: number; most: number },
): { point: Point; evaluations: number } {
  const isHigh = ({ t, loss }: Point) => loss > start.loss + fallLeast * t * start.slope;
  const isFlat = ({ slope }: Point) => Math.abs(slope) <= -slopeMost * start.slope;
  let before = start, point = evaluate(first), tries = 0;
  let pair: [Point, Point] | null = null;
  while (tries < most && pair === null) {
    if (isHigh(point) || (tries > 1 && point.loss >= before.loss)) pair = [before, point];
    else if (isFlat(point)) return { point, evaluations: tries + 1 };
    else if (point.slope >= 0) pair = [before, point];
    else {
      const t = interpolated(before, point, point.t + 0.01 * (point.t - before.t), point.t * 10);
      before = point;
      point = evaluate(t);
      tries++;
    }
  }
  pair ??= [start, point];
  let low = pair[0].loss <= pair[1].loss ? 0 : 1, isSlow = false;
  while (tries < most && Math.abs(pair[1].t - pair[0].t) * direction >= toleranceChange) {
    const least = Math.min(pair[0].t, pair[1].t), greatest = Math.max(pair[0].t, pair[1].t);
    const margin = 0.1 * (greatest - least);
    let t = interpolated(pair[0], pair[1], least, greatest);
    if (Math.min(greatest - t, t - least) >= margin) isSlow = false;
    else if (isSlow || t >= greatest || t <= least) {
      // Twice so near a border makes no progress.
      t = Math.abs(t - greatest) < Math.abs(t - least) ? greatest - margin : least + margin;
      isSlow = false;
    } else isSlow = true;
    point = evaluate(t);
    tries++;
    const high = 1 - low;
    if (isHigh(point) || point.loss >= pair[low]!.loss) {
      pair[high] = point;
      low = pair[0].loss <= pair[1].loss ? 0 : 1;
      continue;
    }
    const isDone = isFlat(point);
    if (!isDone && point.slope * (pair[high]!.t - pair[low]!.t) >= 0) pair[high] = pair[low]!;
    pair[low] = point;
    if (isDone) break;
  }
  return { point: pair[low]!, evaluations: tries + 1 };
}

/** Where the cubic through two points with their slopes is lowest, within bounds; their middle, where it has no lowest place. */
function interpolated(a: Point, b: Point, least: number, greatest: number): number {
  const d = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t), square = d ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (least + greatest) / 2;
  const root = Math.sqrt(square), [near, far] = a.t <= b.t ? [a, b] : [b, a];
  const t = far.t - (far.t - near.t) * ((far.slope + root - d) / (far.slope - near.slope + 2 * root));
  return Math.min(Math.max(t, least), greatest);
}
