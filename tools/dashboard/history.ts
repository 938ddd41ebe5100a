/**
 * What a log says, in bounded memory: the curves as at most {@linkcode pointsMax} points, and of all else what the page
 * shows. Everything knows the line that it comes from, so that what changed since any line can be told at any time: to a
 * page that is opened late or comes back that is the same question as to one that stays.
 */

/** The number of points of a curve at which neighbours are joined, so that half as many are left. */
export const pointsMax = 2000;

/** The columns of the curves: a point is a row. */
export interface Columns {
  /** The last step of those that the point stands for. */
  step: number[];
  /** The mean, least and largest loss. */
  loss: number[];
  lossLow: number[];
  lossHigh: number[];
  /** The last learning rate. */
  lr: number[];
  /** The mean, least and largest norm of the gradients; null where none was logged. */
  norm: (number | null)[];
  normLow: (number | null)[];
  normHigh: (number | null)[];
  /** Samples in a second of training; null where the log has no seconds. */
  rate: (number | null)[];
}

/** An event as a line of the log holds it. */
export type Logged = Readonly<Record<string, unknown>> & {
  readonly kind: string;
  readonly epoch: number;
  readonly step: number;
  readonly seen: number;
  readonly time?: unknown;
};

/** Kinds of which the page shows the newest only. */
const newest = ["start", "samples", "end"] as const;

/** What changed since a line. */
export interface Changes {
  /** Whether this is all there is, and what was said before holds no more. */
  whole: boolean;
  /** The number of lines, and how many of them were no events. */
  lines: number;
  broken: number;
  /** The newest event's place and time (ISO 8601). */
  at: { epoch: number; step: number; seen: number; time: string | null } | null;
  /** The points from the one with number `from` on, which replace those that the page has from there on. */
  points: { from: number; columns: Columns };
  /** In the same way, epochs; the last one has all its metrics, those before the numbers only. */
  epochs: { from: number; events: readonly Logged[] };
  /** The newest event of each kind that came since; null if a newer run made it void. */
  newest: Partial<Record<typeof newest[number], Logged | null>>;
}

/** Steps in a row. */
interface Group {
  /** The line of the last one. */
  line: number;
  count: number;
  step: number;
  loss: number;
  lossLow: number;
  lossHigh: number;
  lr: number;
  normCount: number;
  norm: number;
  normLow: number;
  normHigh: number;
  samples: number;
  seconds: number;
}

/** The state of a log after its lines so far. */
export class History {
  #lines = 0;
  #broken = 0;
  #at: Changes["at"] = null;
  #groups: Group[] = [];
  /** How many steps a group holds. */
  #stride = 1;
  #epochs: { line: number; event: Logged }[] = [];
  readonly #newest = new Map<typeof newest[number], { line: number; event: Logged | null }>();
  /** The line since which points and epochs are in their places: a page that knows less gets everything. */
  #settled = 0;

  /** The number of lines. */
  get lines(): number {
    return this.#lines;
  }

  /** The number of lines that were no events. */
  get broken(): number {
    return this.#broken;
  }

  /** Takes the next line. One that is no event is counted and otherwise left out. */
  add(line: string): void {
    this.#lines++;
    const event = readEvent(line);
    if (event === null) this.#broken++;
    else this.#take(event);
  }

  /** What changed since there were `line` lines: from 0, everything. */
  since(line: number): Changes {
    const whole = line < this.#settled || line === 0 || line > this.#lines;
    const known = whole ? 0 : line;
    // A group that holds newer steps than the page knows is sent once more.
    const from = firstAfter(this.#groups, known), epochFrom = firstAfter(this.#epochs, known);
    return {
      whole,
      lines: this.#lines,
      broken: this.#broken,
      at: this.#at,
      points: { from, columns: columnsOf(this.#groups.slice(from)) },
      epochs: { from: epochFrom, events: this.#epochs.slice(epochFrom).map(({ event }) => event) },
      newest: Object.fromEntries(
        [...this.#newest].filter(([, { line }]) => line > known).map(([kind, { event }]) => [kind, event]),
      ),
    };
  }

  #take(event: Logged): void {
    const { kind, epoch, step, seen, time } = event, before = this.#at?.seen ?? 0;
    this.#at = { epoch, step, seen, time: typeof time === "string" ? time : null };
    if (kind === "step") this.#takeStep(event, Math.max(0, seen - before));
    else if (kind === "epoch") this.#takeEpoch(event);
    else if ((newest as readonly string[]).includes(kind)) {
      if (kind === "start") this.#begin(event);
      this.#newest.set(kind as typeof newest[number], { line: this.#lines, event });
    }
  }

  /** A run begins, or goes on from a step: what the log says of later ones did not happen. */
  #begin({ step, resumed }: Logged): void {
    const last = resumed === true ? step : -1;
    this.#groups = this.#groups.filter((group) => group.step <= last);
    this.#epochs = this.#epochs.filter(({ event }) => event.step <= last);
    if (this.#groups.length === 0) this.#stride = 1;
    this.#settled = this.#lines;
    const void_ = resumed === true ? ["end"] as const : newest;
    for (const kind of void_) if (this.#newest.has(kind)) this.#newest.set(kind, { line: this.#lines, event: null });
  }

  #takeStep({ step, loss, lr, gradNorm, seconds }: Logged, samples: number): void {
    // A step that was skipped for a loss out of range has no number, and the step's count stays where it was.
    if (!isNumber(loss) || step <= (this.#groups.at(-1)?.step ?? -1)) return;
    const hasNorm = isNumber(gradNorm);
    const group = {
      line: this.#lines,
      count: 1,
      step,
      loss,
      lossLow: loss,
      lossHigh: loss,
      lr: isNumber(lr) ? lr : 0,
      normCount: hasNorm ? 1 : 0,
      norm: hasNorm ? gradNorm : 0,
      normLow: hasNorm ? gradNorm : Infinity,
      normHigh: hasNorm ? gradNorm : -Infinity,
      samples: isNumber(seconds) ? samples : 0,
      seconds: isNumber(seconds) ? seconds : 0,
    };
    const last = this.#groups.at(-1);
    if (last !== undefined && last.count < this.#stride) {
      this.#groups[this.#groups.length - 1] = joined(last, group);
      return;
    }
    if (this.#groups.length === pointsMax) {
      const all = this.#groups;
      this.#groups = Array.from({ length: pointsMax / 2 }, (_, k) => joined(all[2 * k]!, all[2 * k + 1]!));
      this.#stride *= 2;
      this.#settled = this.#lines;
    }
    this.#groups.push(group);
  }

  #takeEpoch(event: Logged): void {
    if (event.step <= (this.#epochs.at(-1)?.event.step ?? -1)) return;
    const last = this.#epochs.at(-1);
    if (last !== undefined && isObject(event.validation)) {
      last.event = { ...last.event, validation: numbersOf(last.event.validation) };
    }
    this.#epochs.push({ line: this.#lines, event });
  }
}

/** The event that a line holds; null if it holds none. */
function readEvent(line: string): Logged | null {
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { kind, epoch, step, seen } = value;
  return typeof kind === "string" && [epoch, step, seen].every(isNumber) ? value as Logged : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** The metrics that are numbers. */
function numbersOf(validation: unknown): Record<string, unknown> | null {
  return isObject(validation)
    ? Object.fromEntries(Object.entries(validation).filter(([, value]) => isNumber(value)))
    : null;
}

/** The first place in a list, sorted by line, whose line is above `line`. */
function firstAfter(list: readonly { line: number }[], line: number): number {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.line > line) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Two groups as one: sums of what is averaged, and the extremes of both. */
function joined(a: Group, b: Group): Group {
  return {
    line: b.line,
    count: a.count + b.count,
    step: b.step,
    loss: a.loss + b.loss,
    lossLow: Math.min(a.lossLow, b.lossLow),
    lossHigh: Math.max(a.lossHigh, b.lossHigh),
    lr: b.lr,
    normCount: a.normCount + b.normCount,
    norm: a.norm + b.norm,
    normLow: Math.min(a.normLow, b.normLow),
    normHigh: Math.max(a.normHigh, b.normHigh),
    samples: a.samples + b.samples,
    seconds: a.seconds + b.seconds,
  };
}

function columnsOf(groups: readonly Group[]): Columns {
  const column = (read: (group: Group) => number) => groups.map((group) => rounded(read(group)));
  const normColumn = (read: (group: Group) => number) =>
    groups.map((group) => group.normCount === 0 ? null : rounded(read(group)));
  return {
    step: groups.map(({ step }) => step),
    loss: column(({ loss, count }) => loss / count),
    lossLow: column(({ lossLow }) => lossLow),
    lossHigh: column(({ lossHigh }) => lossHigh),
    lr: column(({ lr }) => lr),
    norm: normColumn(({ norm, normCount }) => norm / normCount),
    normLow: normColumn(({ normLow }) => normLow),
    normHigh: normColumn(({ normHigh }) => normHigh),
    rate: groups.map(({ samples, seconds }) => samples > 0 && seconds > 0 ? rounded(samples / seconds) : null),
  };
}

/** Six digits, which is more than can be seen and half of what JSON would need. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
