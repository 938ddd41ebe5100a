/** Which runs are to be done, in which order, and how long they take. */
import type { Run } from "./experiments.ts";
import type { Results } from "./results.ts";

/** The runs without a result, each once, even where experiments share it. */
export function missing(runs: readonly Run[], results: Results): Run[] {
  const first = new Map(runs.toReversed().map((run) => [run.key, run]));
  return runs.filter((run) => first.get(run.key) === run && !results.has(run.key));
}

/** The minutes that a run took; those that it is thought to take, where it is still to be done. */
export function minutesOf(run: Run, results: Results): number {
  const done = results.get(run.key);
  return done === undefined ? run.variant.minutes ?? run.experiment.minutes : done.result.totalSeconds / 60;
}

/** The name of a run: that of its result's file below the folder of results, without its ending, and by which `--one` takes it. */
export function nameOf({ experiment, variant, seed }: Run): string {
  return `${experiment.name}/${variant.name}-${seed}`;
}

/** The plan in words: a line for each variant, and how long it all takes. */
export function listOf(runs: readonly Run[], results: Results): string {
  const open = new Set(missing(runs, results));
  const rows = [...Map.groupBy(runs, ({ experiment, variant }) => `${experiment.name}/${variant.name}`)].map(
    ([name, group]) => {
      const done = group.filter(({ key }) => results.has(key)).length, rest = group.filter((run) => open.has(run));
      const each = minutesOf(group[0]!, results).toFixed(1);
      const shared = group.length - done - rest.length;
      const left = rest.length === 0 ? "" : `${rest.length} to do, ${each} min each`;
      const note = [left, shared === 0 ? "" : `${shared} shared with an experiment above`].filter(Boolean).join(", ");
      return `${name.padEnd(30)} ${`${done} of ${group.length} done`.padEnd(12)} ${note}`.trimEnd();
    },
  );
  const left = [...open].reduce((sum, run) => sum + minutesOf(run, results), 0);
  return [...rows, `${open.size} runs to do, about ${Math.round(left)} min one after the other`].join("\n");
}
