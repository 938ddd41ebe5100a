/**
 * What is being computed: in which module, by which op, and whether on the way back. Recordings note it with their
 * instructions, and profiles with what they measure; where there is neither, nobody keeps it up to date.
 */
/** What is being computed. */
export interface Activity {
  /** The path of the module, from the outermost one that was called; empty outside all. */
  readonly module: string;
  /** The module itself. */
  readonly owner: object | null;
  /** The op; null for work beside the graph, such as an optimizer's. */
  readonly op: string | null;
  /** Whether the op's gradient is computed. */
  readonly backward: boolean;
}

/** What is being computed at present. */
export let activity: Activity = { module: "", owner: null, op: null, backward: false };

/** Runs `body` as a part of another activity. */
export function during<T>(changed: Partial<Activity>, body: () => T): T {
  const before = activity;
  activity = { ...before, ...changed };
  try {
    return body();
  } finally {
    activity = before;
  }
}

/** Says which op computes from now on. */
export function computing(op: string | null): void {
  if (activity.op !== op) activity = { ...activity, op };
}

/** Runs `body` as the work of a module. `nameIn` gives its path inside the module that calls it, or null for none. */
export function asModule<T>(owner: object, nameIn: (caller: object) => string | null, body: () => T): T {
  const caller = activity.owner, name = (caller === null ? null : nameIn(caller)) ?? owner.constructor.name;
  return during({ owner, module: caller === null ? name : `${activity.module}.${name}`, op: null }, body);
}
