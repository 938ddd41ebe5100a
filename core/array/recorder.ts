/**
 * What computing code tells a recording: numbers to ask for again, conditions that it relied on, and steps that a replay
 * could not repeat. Outside a captured function each of these functions costs one comparison.
 */
import { meter, recorder } from "./stream.ts";

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

/** Has a captured function ask at each replay for the scalar at that word of the stream's buffer, if it is no number. */
export function askAgain(at: number, scalar: Scalar): void {
  if (typeof scalar === "function") recorder?.live(at, scalar);
}

/** Throws if a function is being captured: a replay could not repeat `what`. */
export function refuseRecording(what: string): void {
  if (recorder !== null) throw new Error(`Cannot capture: ${what} inside the function`);
}

/** Runs `body` now and, where a function is being captured, again at each replay, in order with the live numbers. */
export function eachTime(body: () => void): void {
  recorder?.act(body);
  body();
}

/** Whether a condition holds on which instructions depend. When it changes, a captured function is recorded anew. */
export function decided(condition: () => boolean): boolean {
  const now = condition();
  recorder?.guard(() => condition() === now);
  return now;
}

/** How many functions run without replays, one inside the other. */
let unreplayed = 0;

/** Runs a function in which captured functions are not replayed: a replay leaves no graph, and shows none of its ops. */
export function withoutReplays<T>(body: () => T): T {
  unreplayed++;
  try {
    return body();
  } finally {
    unreplayed--;
  }
}

/** True where a captured function runs as if it were not captured: another one records it, or it is differentiated. */
export function isInlined(): boolean {
  return recorder !== null || unreplayed > 0;
}

/** Whether somebody asks what is being computed: a recording or a meter. */
export function isActivityAsked(): boolean {
  return recorder !== null || meter !== null;
}
