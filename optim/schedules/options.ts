/** What schedules have in common: options of several shapes, and curves between two numbers. */
import { checkCount, refuse, shown, shownList } from "../../core/internal.ts";
import type { Curve, PerGroup } from "./scheduler.ts";

/** A copy of the milestones. TypeError unless they are a list, RangeError unless they are counts that do not fall. */
export function checkMilestones(action: string, milestones: readonly number[]): readonly number[] {
  if (!Array.isArray(milestones)) refuse(action, milestones, "a list of milestones, such as [10]");
  return Array.from(milestones, (milestone, k) => {
    checkCount(action, `milestones[${k}]`, milestone, 0);
    if (k === 0 || milestone >= milestones[k - 1]!) return milestone;
    throw new RangeError(`Cannot ${action}: milestones ${shownList(milestones)} must not fall`);
  });
}

/** The choice itself. RangeError unless it is one of them. */
export function checkChoice<T extends string>(action: string, name: string, choice: T, choices: readonly T[]): T {
  if (choices.includes(choice)) return choice;
  throw new RangeError(`Cannot ${action}: ${name} ${shown(choice)} must be one of ${choices.join(", ")}`);
}

/** The values of an option for groups, each checked. RangeError unless there are as many as groups. */
export function checkPerGroup<T>(
  action: string,
  name: string,
  given: PerGroup<T>,
  groups: number,
  check: (name: string, value: T) => T,
): PerGroup<T> {
  if (!Array.isArray(given)) return check(name, given as T);
  if (given.length !== groups) {
    throw new RangeError(`Cannot ${action}: ${name} has ${given.length} values, there are ${groups} groups`);
  }
  return Array.from(given, (value, k) => check(`${name}[${k}]`, value));
}

/** The value of the group at that place. RangeError for a group that was added after the list was made. */
export function ofGroup<T>(name: string, values: PerGroup<T>, place: number): T {
  if (!Array.isArray(values)) return values as T;
  if (place < values.length) return values[place];
  throw new RangeError(`Cannot compute rate: ${name} has ${values.length} values, but none for group ${place}`);
}

/** Half a cosine between two numbers, after that part of the way. */
export function cosine(from: number, to: number, part: number): number {
  return to + (from - to) * (1 + Math.cos(Math.PI * part)) / 2;
}

/** The curves of annealing by their names. */
export const curves: Record<Curve, (from: number, to: number, part: number) => number> = {
  cos: cosine,
  linear: (from, to, part) => from + (to - from) * part,
};
