/**
 * A kind of cases: how one is drawn, what is wrong with it, and how it is written down. A case is plain data, so that it
 * can be shrunk and printed without knowing what it means.
 */
import type { Random } from "../arrays.ts";

/** Plain data: what cases are made of. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

/** One generator. `Case` is plain data. */
// deno-lint-ignore no-explicit-any -- the driver handles the cases of all kinds alike.
export interface Kind<Case = any> {
  readonly name: string;
  /** False for a kind that no device changes. */
  readonly onDevices: boolean;
  /** A case, which depends on `random` alone. */
  draw(random: Random): Case;
  /**
   * What is wrong, in words; null if nothing is. Shrinking may hand in data that mean nothing: nothing is wrong with
   * these. The device is the default device already.
   */
  check(each: Case, device: string): string | null | Promise<string | null>;
  /** A program that shows what is wrong, to be pasted into a file in the repository's root. */
  show(each: Case, device: string): string;
  /** Cases that are simpler in a way that is this kind's own. */
  simpler?(each: Case): Iterable<Case>;
  /** The words of what is wrong that tell one fault from another; all but numbers and lists by default. */
  signature?(wrong: string): string;
}

/** An element of the list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

/** An integer in [low, high). */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low));
}

/** A list of as many draws. */
export function several<T>(count: number, draw: (k: number) => T): T[] {
  return Array.from({ length: count }, (_, k) => draw(k));
}

/** The error's class and message: what two runs that are refused alike have in common. */
export function refusal(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${error}`;
}

/** The longest message that people read. */
const messageMax = 700;

/** What is wrong with an error that a library call ended in; null if it is one of the library's own. */
export function stranger(error: unknown): string | null {
  if (!(error instanceof Error) || !/^Cannot .+: /s.test(error.message)) {
    return `ends in an error that is not the library's own: ${refusal(error).slice(0, messageMax)}`;
  }
  return error.message.length <= messageMax ? null : `ends in a message of ${error.message.length} characters`;
}
