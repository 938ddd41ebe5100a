/**
 * What the code that computes says to a recording: numbers to ask for again, conditions it relied on, and what a replay
 * could not repeat. Outside a captured function each of these costs one comparison.
 */
import { recorder } from "./stream.ts";

/** A number, or a function that is asked at each step. */
export type Scalar = number | (() => number);

/**
 * The scalar as it is now. A writer asks before it makes room for an instruction: a function that throws, or that computes
 * something itself, then finds no half of one.
 */
export function numberNow(scalar: Scalar): number {
  if (typeof scalar === "number") return scalar;
  if (typeof scalar !== "function") throw new TypeError(`Cannot compute: scalar ${scalar} must be a number`);
  return scalar();
}

/** Writes a scalar as it is now; where it is a function, a captured function asks again at each replay. */
export function writeScalar(words: Float64Array, at: number, now: number, scalar: Scalar): void {
  words[at] = now;
  if (typeof scalar === "function") recorder?.live(at, scalar);
}

/** Refuses what a replay could not repeat. */
export function refuseRecording(what: string): void {
  if (recorder !== null) throw new Error(`Cannot capture: ${what} inside the function`);
}

/** Runs `body` now and, where a function is being captured, again at each replay, in order with the live numbers. */
export function eachTime(body: () => void): void {
  recorder?.act(body);
  body();
}

/** The truth of a condition on which the recorded instructions depend: when it changes, the function is captured anew. */
export function decided(condition: () => boolean): boolean {
  const now = condition();
  recorder?.guard(() => condition() === now);
  return now;
}

let differentiated = 0;

/** Runs a function that is being differentiated: captured functions in it run as they are, since a replay has no graph. */
export function differentiating<T>(body: () => T): T {
  differentiated++;
  try {
    return body();
  } finally {
    differentiated--;
  }
}

/** True where a captured function is part of something larger, which records or differentiates it. */
export function isInlined(): boolean {
  return recorder !== null || differentiated > 0;
}
