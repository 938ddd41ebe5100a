/** Mean and spread over seeds, and what a difference of two means says. */

/** A sample of numbers in short. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  /** The sample's standard deviation, sqrt(sum((x - mean)^2) / (n - 1)); 0 for one number. */
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
}

/** RangeError for no numbers. */
export function summarize(values: readonly number[]): Summary {
  const count = values.length;
  if (count === 0) throw new RangeError("Cannot summarize: there are no numbers");
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    deviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)),
    least: Math.min(...values),
    most: Math.max(...values),
  };
}

/** What was seen of an expectation. */
export type Verdict = "confirmed" | "contradicted" | "undecided";

/**
 * Whether `more` has the greater mean. It is undecided within two standard errors of the difference (Welch 1947), and also
 * where a sample has one number, which has no spread.
 */
export function judgeMore(more: Summary, less: Summary): Verdict {
  if (more.count < 2 || less.count < 2) return "undecided";
  const difference = more.mean - less.mean;
  const error = Math.sqrt(more.deviation ** 2 / more.count + less.deviation ** 2 / less.count);
  if (Math.abs(difference) <= 2 * error) return "undecided";
  return difference > 0 ? "confirmed" : "contradicted";
}

/** Whether two means differ by no more than `within`. */
export function judgeSame(one: Summary, other: Summary, within: number): Verdict {
  return Math.abs(one.mean - other.mean) <= within ? "confirmed" : "contradicted";
}
