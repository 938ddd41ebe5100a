/**
 * Groups: instructions that go to a device as one list, which it may run tile by tile, so that what lies between them is
 * never written to memory. The results have the same bits as without.
 *
 * The functions differ in what they give back: {@linkcode asGroup} nothing; {@linkcode groupResult} and
 * {@linkcode groupResults} the arrays made inside but the results; `group` of `core/tensor/group.ts`, for users, the
 * tensors made inside but the results.
 */

/** How many groups are open, one in the other: the outermost decides what is one list. Every op asks. */
export let groupDepth = 0;

/** The streams that wrote instructions of the open group. */
const members: { flush(): void }[] = [];

/** Has a stream run its part of the group at the group's end. */
export function joinGroup(stream: { flush(): void }): void {
  members.push(stream);
}

/** Runs `body` with its instructions as one group. Nothing that it makes is given back. */
export function asGroup<T>(body: () => T): T {
  groupDepth++;
  try {
    return body();
  } finally {
    if (--groupDepth === 0) {
      for (const stream of members.splice(0)) stream.flush();
    }
  }
}

/** What is given back at the end of a group, unless it is a result: an NDArray. */
export interface Temporary {
  dispose(): void;
}

/** Arrays made since the innermost `groupResults` began; null outside. Each new array adds itself. */
export let temporaries: Temporary[] | null = null;

/** The result of `body`, whose instructions are one group. All other arrays that it makes are given back. */
export function groupResult<Result extends Temporary>(body: () => Result): Result {
  return groupResults(() => [body()])[0]!;
}

/** As {@linkcode groupResult}, for several results; a null stays one. */
export function groupResults<Result extends Temporary | null>(body: () => readonly Result[]): readonly Result[] {
  return asGroup(() => {
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
