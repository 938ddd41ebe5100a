/**
 * The kinds of fields that a config has. A kind says which values a field takes, and how the word behind its flag is read.
 */
import { shown } from "../../core/pure/check.ts";

/** The fields whose values decide the defaults of others. */
export interface Chosen {
  readonly data: string;
  readonly model: string;
  readonly optimizer: string;
}

/** A field of a config. */
export interface Field<T> {
  /** What stands behind the flag on the help page; "" for a flag that stands alone. */
  readonly word: string;
  /** What the field means, in half a line. */
  readonly help: string;
  /** The value where none is given, which may depend on fields before it. */
  readonly fallback: T | ((chosen: Chosen) => T);
  /** The values that the field takes, as they go on after "must be". */
  readonly wanted: string;
  /** Whether the value is one of them. */
  readonly fits: (value: unknown) => boolean;
  /** The value that the word behind a flag means; the word itself where it means none, for `fits` to refuse. */
  readonly parse: (word: string) => unknown;
  /** Whether a run that is taken up again may have another value: the field has no part in what the run computes. */
  readonly isFree: boolean;
}

type Fallback<T> = Field<T>["fallback"];

/** A field that has no part in what the run computes. */
export function free<T>(field: Field<T>): Field<T> {
  return { ...field, isFree: true };
}

/** A whole number from `least` on. */
export function count(fallback: Fallback<number>, least: number, help: string): Field<number> {
  const fits = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= least;
  return { ...numeric, word: "N", help, fallback, wanted: `a whole number of at least ${least}`, fits };
}

/** Ranges of numbers, in words and as a check. */
export const ranges = {
  positive: ["above 0", (value: number) => value > 0],
  notNegative: ["of at least 0", (value: number) => value >= 0],
  share: ["in [0, 1)", (value: number) => value >= 0 && value < 1],
} as const;

/** A finite number in a range. */
export function number(fallback: Fallback<number>, range: keyof typeof ranges, help: string): Field<number> {
  const [words, inRange] = ranges[range];
  const fits = (value: unknown) => Number.isFinite(value) && inRange(value as number);
  return { ...numeric, word: "X", help, fallback, wanted: `a number ${words}`, fits };
}

/** Any text, such as a name or a path. */
export function text(
  fallback: Fallback<string>,
  word: string,
  help: string,
  { mayBeEmpty = false } = {},
): Field<string> {
  const fits = (value: unknown) => typeof value === "string" && (mayBeEmpty || value !== "") && !value.includes("\0");
  return { ...textual, word, help, fallback, wanted: mayBeEmpty ? "a text" : "a text that is not empty", fits };
}

/** One of a few words. */
export function choice<const T extends string>(
  fallback: Fallback<T>,
  words: readonly T[],
  help: string,
): Field<T> {
  const wanted = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return {
    ...textual,
    word: "NAME",
    help: `${help}: ${wanted}`,
    fallback,
    wanted,
    fits: (value) => words.includes(value as T),
  };
}

/** True or false: `--name` and `--no-name`. */
export function flag(fallback: Fallback<boolean>, help: string): Field<boolean> {
  const fits = (value: unknown) => typeof value === "boolean";
  return { ...textual, word: "", help, fallback, wanted: "true or false", fits };
}

const textual = { parse: (word: string): unknown => word, isFree: false };
const numeric = {
  parse: (word: string): unknown => word.trim() === "" || Number.isNaN(Number(word)) ? word : Number(word),
  isFree: false,
};

/** The value itself. RangeError unless the field takes it. */
export function checkField<T>(action: string, name: string, field: Field<T>, value: unknown): T {
  if (field.fits(value)) return value as T;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(value)} must be ${field.wanted}`);
}
