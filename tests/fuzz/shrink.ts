/**
 * Shrinks plain data: parts are left out and numbers made simpler as long as the fault stays. Each step makes the data
 * cheaper, so that shrinking ends.
 */
import type { Plain } from "./kind.ts";

/** What a step may cost: lists and objects by their parts, numbers by their digits. */
export function costOf(value: Plain | undefined): number {
  if (typeof value === "number") return digitsOf(value);
  if (typeof value === "string") return 1 + value.length / 8;
  if (typeof value === "boolean") return value ? 2 : 1;
  if (value === null || value === undefined) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + costOf(part), 1);
}

/** Zero is simplest, then small integers, then fractions of few digits; a number costs more than its opposite's sign. */
function digitsOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0.5 : 0;
  if (Number.isInteger(value)) return 1 + Math.log2(1 + Math.abs(value)) + sign;
  return (Number.isFinite(value) ? 4 + `${value}`.length : 3) + sign;
}

function* simplerNumbers(value: number): Generator<number> {
  yield* [0, 1, 2];
  if (value < 0) yield -value;
  if (!Number.isFinite(value)) return;
  yield* [Math.trunc(value), Math.round(value / 2), value - Math.sign(value)];
  for (const digits of [1, 3, 6]) yield Number(value.toPrecision(digits));
}

/** Data that differ in one place and cost less there. */
export function* simplerData(value: Plain): Generator<Plain> {
  if (typeof value === "number") return yield* simplerNumbers(value);
  if (value === true) return yield false;
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (let size = value.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = 0; at < value.length; at += size) yield value.toSpliced(at, size);
    }
    for (const [place, part] of value.entries()) for (const one of simplerData(part)) yield value.with(place, one);
    return;
  }
  const entries = Object.entries(value);
  for (const [name] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== name));
  for (const [name, part] of entries) for (const one of simplerData(part)) yield { ...value, [name]: one };
}

/** The cheapest data that was found in which `fails` still holds. `simpler` gives further candidates. */
export async function shrink<Case extends Plain>(
  found: Case,
  fails: (candidate: Case) => boolean | Promise<boolean>,
  { simpler = () => [], triesMax = 3000, until = Infinity }: {
    simpler?: ((each: Case) => Iterable<Case>) | undefined;
    triesMax?: number;
    /** The time, as `performance.now()` gives it, at which shrinking stops. */
    until?: number;
  } = {},
): Promise<Case> {
  let best = found, cost = costOf(found), tries = 0;
  const candidates = function* (each: Case) {
    yield* simpler(each);
    yield* simplerData(each) as Iterable<Case>;
  };
  for (let moved = true; moved;) {
    moved = false;
    for (const candidate of candidates(best)) {
      if (tries >= triesMax || performance.now() >= until) return best;
      const price = costOf(candidate);
      if (price >= cost) continue;
      tries++;
      if (!await fails(candidate)) continue;
      [best, cost, moved] = [candidate, price, true];
      break;
    }
  }
  return best;
}
