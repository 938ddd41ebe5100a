/**
 * The experiments of docs/report/experiments.json, and the runs that they ask for. A run is known by all that it computes by:
 * a run that two experiments share is done once, and one whose config changed is done anew.
 */
import { type Config, hashOf, makeConfig } from "../train/config.ts";

/** The languages of the report. */
export const languages = ["en", "zh"] as const;
export type Language = typeof languages[number];

/** A text in each language. */
export type Text = Readonly<Record<Language, string>>;

/** What of a run is compared. */
export type Field = "accuracy" | "loss" | "seconds" | "parameters";

/** What is expected of variants: that one has more than the other, or that both have the same but for `within`. */
export type Expectation =
  & { readonly text: Text; readonly field: Field }
  & (
    | { readonly more: string; readonly less: string }
    | { readonly same: readonly [string, string]; readonly within: number }
  );

/** A way to do an experiment: fields that differ from the experiment's base. */
export interface Variant {
  readonly name: string;
  readonly config: Partial<Config>;
  /** The variant whose weights and batches PyTorch starts from, where PyTorch does the run. */
  readonly pytorch?: string;
  /** The minutes that a run is thought to take, where they are not the experiment's. */
  readonly minutes?: number;
}

/** A question, and the runs that answer it. */
export interface Experiment {
  readonly name: string;
  readonly title: Text;
  readonly question: Text;
  readonly seeds: readonly number[];
  /** The minutes that a run is thought to take before one has been done. */
  readonly minutes: number;
  readonly base: Partial<Config>;
  readonly variants: readonly Variant[];
  /**
   * The mean accuracy that the first variant is to reach; with `or`, the better of this and that variant's mean. Where the goal
   * is high, `least` would do.
   */
  readonly goal?: { readonly accuracy: number; readonly least?: number; readonly or?: string };
  readonly expected?: readonly Expectation[];
  readonly lesson: Text;
  /** Figures beside the curves, of the first variant. */
  readonly show?: readonly ("confusion" | "mistakes")[];
  /** Keeps the first run's model in the repository. */
  readonly keep?: boolean;
}

/** One training run. */
export interface Run {
  readonly experiment: Experiment;
  readonly variant: Variant;
  readonly seed: number;
  readonly config: Config;
  /** What its result is known by. */
  readonly key: string;
  /** The run whose weights and batches this one begins with, where PyTorch does it. */
  readonly of: Run | null;
}

/** The key of a run with these fields. TypeError and RangeError as `makeConfig` throws. */
export async function keyOf(given: Partial<Config>, isPyTorch = false): Promise<string> {
  return `${isPyTorch ? "pytorch" : "deneb"}-${await hashOf(makeConfig(given))}`;
}

/**
 * The runs of experiments, in order. RangeError for an experiment that names what it does not have, and for two of one name;
 * an Error that names the experiment for a config that is refused.
 */
export async function runsOf(experiments: readonly Experiment[]): Promise<Run[]> {
  checkNames("experiments", experiments);
  const runs: Run[] = [];
  for (const experiment of experiments) {
    checkExperiment(experiment);
    for (const variant of experiment.variants) {
      for (const seed of experiment.seeds) runs.push(await runOf(experiment, variant, seed));
    }
  }
  return runs;
}

async function runOf(experiment: Experiment, variant: Variant, seed: number): Promise<Run> {
  const peer = variant.pytorch === undefined ? null : variantOf(experiment, variant.pytorch);
  try {
    const given = { ...experiment.base, ...peer?.config, ...variant.config, seed };
    const of = peer === null ? null : await runOf(experiment, peer, seed);
    return { experiment, variant, seed, config: makeConfig(given), key: await keyOf(given, peer !== null), of };
  } catch (cause) {
    const name = `${experiment.name}, ${variant.name}`;
    throw new Error(`Cannot plan ${name}: ${(cause as Error).message}`, { cause });
  }
}

/** The variant of this name. RangeError if there is none. */
export function variantOf(experiment: Experiment, name: string): Variant {
  const found = experiment.variants.find((variant) => variant.name === name);
  if (found !== undefined) return found;
  const names = experiment.variants.map((variant) => variant.name).join(", ");
  throw new RangeError(`Cannot plan ${experiment.name}: ${name} is not one of its variants ${names}`);
}

/** The variants that an expectation speaks of: the first is thought to have more, where it is not the same. */
export function pairOf(expectation: Expectation): readonly [string, string] {
  return "same" in expectation ? expectation.same : [expectation.more, expectation.less];
}

function checkExperiment(experiment: Experiment): void {
  const { name, variants, seeds, goal, expected = [] } = experiment;
  checkNames(name, variants);
  for (const [what, list] of Object.entries({ variants, seeds })) {
    if (list.length === 0) throw new RangeError(`Cannot plan ${name}: it has no ${what}`);
  }
  for (const named of [...expected.flatMap(pairOf), ...goal?.or === undefined ? [] : [goal.or]]) {
    variantOf(experiment, named);
  }
}

/** RangeError unless each name is fit for a file, and differs from the others. */
function checkNames(what: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    const isFit = /^[a-z0-9][a-z0-9.-]*$/.test(name);
    const fault = seen.has(name) ? "comes twice" : isFit ? null : "must be of a-z, 0-9, . and -";
    if (fault !== null) throw new RangeError(`Cannot plan ${what}: the name ${JSON.stringify(name)} ${fault}`);
    seen.add(name);
  }
}
