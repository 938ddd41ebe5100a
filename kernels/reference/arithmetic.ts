/**
 * What numbers, operators and functions of a row mean in each type that is computed in: floats in f64, int32 in numbers that
 * wrap to 32 bits, int64 in bigints that wrap to 64.
 */
import { functions, integerFunctions, longFunctions } from "./functions.ts";

/** A number of a float type or of int32, or a bigint of int64. */
export type Numeric = number | bigint;

type Operator<N> = (x: N, y: N) => N;

/** How rows are evaluated over one kind of numbers. */
export interface Arithmetic<N extends Numeric> {
  /** A number of the row's text, or 1 and 0 for true and false. */
  readonly of: (value: number) => N;
  readonly negate: (x: N) => N;
  readonly complement: (x: N) => N;
  /** Operators that give a number; comparisons are the same for all numbers. */
  readonly operators: Readonly<Record<string, Operator<N>>>;
  readonly functions: Readonly<Record<string, Operator<N>>>;
  /** Applied to the result of each function and operator. */
  readonly round: (x: N) => N;
}

export const floats: Arithmetic<number> = {
  of: (value) => value,
  negate: (x) => -x,
  complement: (x) => ~x,
  operators: { "+": (x, y) => x + y, "-": (x, y) => x - y, "*": (x, y) => x * y, "/": (x, y) => x / y },
  functions,
  round: (x) => x,
};

/** Floats whose every number, and every result of an operation, is rounded; by itself f64 stays unrounded. */
export function roundedFloats(round: (x: number) => number): Arithmetic<number> {
  return { ...floats, of: round, round };
}

export const integers: Arithmetic<number> = {
  of: (value) => value,
  negate: (x) => -x | 0,
  complement: (x) => ~x,
  operators: {
    "+": (x, y) => x + y,
    "-": (x, y) => x - y,
    "*": Math.imul,
    "|": (x, y) => x | y,
    "^": (x, y) => x ^ y,
    "&": (x, y) => x & y,
    "<<": (x, y) => y >= 0 && y < 32 ? x << y : 0,
    ">>": (x, y) => x >> (y >= 0 && y < 32 ? y : 31),
  },
  functions: integerFunctions,
  round: (x) => x | 0,
};

export const longs: Arithmetic<bigint> = {
  of: BigInt,
  negate: (x) => BigInt.asIntN(64, -x),
  complement: (x) => ~x,
  operators: {
    "+": (x, y) => x + y,
    "-": (x, y) => x - y,
    "*": (x, y) => x * y,
    "|": (x, y) => x | y,
    "^": (x, y) => x ^ y,
    "&": (x, y) => x & y,
    "<<": (x, y) => y >= 0n && y < 64n ? x << y : 0n,
    ">>": (x, y) => x >> (y >= 0n && y < 64n ? y : 63n),
  },
  functions: longFunctions,
  round: (x) => BigInt.asIntN(64, x),
};
