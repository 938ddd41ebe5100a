/**
 * Computations of several steps that run as one list of instructions and give back what they made on the way.
 */
import { collect } from "./stream.ts";

/** What is given back at the end of a composite computation, unless it is the result: an NDArray. */
export interface Temporary {
  dispose(): void;
}

/** Arrays made while a composite computation runs; null outside. Each new array adds itself. */
export let temporaries: Temporary[] | null = null;

/**
 * Runs a computation of several steps as one group: all arrays it makes are given back, save its result.
 *
 * A device runs the list tile by tile, so that what lies between the steps stays in cache.
 */
export function compose<Result extends Temporary>(body: () => Result): Result {
  return composeAll(() => [body()])[0]!;
}

/** As {@linkcode compose}, for several results; a null stays one. */
export function composeAll<Result extends Temporary | null>(body: () => readonly Result[]): readonly Result[] {
  return collect(() => {
    const before = temporaries, mine: Temporary[] = [];
    temporaries = mine;
    let results: readonly Result[] = [];
    try {
      results = body();
      return results;
    } finally {
      temporaries = before;
      for (const array of mine) if (!results.includes(array as Result)) array.dispose();
      if (before !== null) { for (const array of results) if (array !== null) before.push(array); }
    }
  });
}
