/** The watch over calls of modules, for a summary of them. */
/** Is given each module that is called, and its `forward` with the inputs. What it returns is the call's result. */
export type Watcher = (module: object, forward: () => unknown) => unknown;

/** Whoever watches, or null. A variable: each call asks. */
export let watcher: Watcher | null = null;

/** Runs `body` while `next` watches. */
export function watchedBy<T>(next: Watcher, body: () => T): T {
  const before = watcher;
  watcher = next;
  try {
    return body();
  } finally {
    watcher = before;
  }
}
