/** What a profile is made of, and its sums. */

/** A run of instructions on a device: one instruction, or the group that runs as one list. */
export interface ProfileEvent {
  /** The instruction's name, or those of a group's. */
  readonly name: string;
  /** The op that wrote it; null for work beside the graph, such as an optimizer's. */
  readonly op: string | null;
  /** The path of the module that it belongs to, from the outermost that was called; empty outside all. */
  readonly module: string;
  /** Whether it is part of a gradient: then the op is one that the gradient is written in. */
  readonly backward: boolean;
  /** Whether a captured function was replayed. */
  readonly replayed: boolean;
  /** The device's name. */
  readonly device: string;
  /** Milliseconds from the beginning of the profile. */
  readonly start: number;
  /** Milliseconds until it was done. */
  readonly milliseconds: number;
  /** Bytes of the elements that it reads and writes. */
  readonly bytes: number;
  /** Additions, multiplications, comparisons and calls of functions, each as one. */
  readonly operations: number;
}

/** Events of one kind together. */
export interface ProfileRow {
  /** What the events have in common: an op or a module. */
  readonly name: string;
  /** How many events there are. */
  readonly count: number;
  /** Their time together. */
  readonly milliseconds: number;
  /** The share of all measured time. */
  readonly share: number;
  /** Bytes of the elements that they read and write. */
  readonly bytes: number;
  /** Their operations. */
  readonly operations: number;
  /** 10^9 operations for each second. */
  readonly gigaflops: number;
  /** 10^9 bytes for each second. */
  readonly gigabytes: number;
}

/** The name under which an event is counted: that of its op, or of its instruction if there is none. */
export function kindOf({ op, name, backward }: ProfileEvent): string {
  return op === null ? name : backward ? `${op} backward` : op;
}

/** The sums of events that `nameOf` gives one name, the longest first. */
export function sumsBy(events: readonly ProfileEvent[], nameOf: (event: ProfileEvent) => string): ProfileRow[] {
  const groups = Map.groupBy(events, nameOf), all = sumOf(events, "milliseconds");
  const rows = [...groups].map(([name, group]): ProfileRow => {
    const milliseconds = sumOf(group, "milliseconds"), bytes = sumOf(group, "bytes");
    const operations = sumOf(group, "operations"), rate = milliseconds > 0 ? 1e-6 / milliseconds : 0;
    return {
      name,
      count: group.length,
      milliseconds,
      share: all > 0 ? milliseconds / all : 0,
      bytes,
      operations,
      gigaflops: operations * rate,
      gigabytes: bytes * rate,
    };
  });
  return rows.sort((a, b) => b.milliseconds - a.milliseconds);
}

/** The sum of one number of all events. */
export function sumOf(events: readonly ProfileEvent[], field: "milliseconds" | "bytes" | "operations"): number {
  return events.reduce((sum, event) => sum + event[field], 0);
}
