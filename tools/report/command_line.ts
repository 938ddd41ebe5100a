/** The command line of `deno task report`. */
import { parseFlags } from "../flags.ts";

/** The page that `--help` shows. */
export const help = `Reruns the experiments of docs/report/experiments.json and writes docs/report/README.md.

  deno task report [flags]

  --list             shows the runs: which are done, and how long the others take
  --only NAME        does one experiment
  --minutes N        stops after so long; the next call goes on with what was under way
  --jobs N           runs at a time (1)
  --threads N        of each run (all cores for one at a time, else one)
  --python PATH      Python with torch, for the runs of PyTorch (python3)
  --again            forgets the results of what is asked for first, such as those of another machine
  --pages            writes the pages from the results that are there, and runs nothing
  --check            fails unless the pages are what the results make, and writes nothing
  --one NAME         does one run in this process, by its name EXPERIMENT/VARIANT-SEED
  --help             this page`;

/** What is asked for. */
export interface Words {
  /** The one experiment that is asked for. */
  readonly only?: string;
  /** The one run that is to be done in this process. */
  readonly one?: string;
  /** Null for as long as it takes. */
  readonly minutes: number | null;
  readonly jobs: number;
  /** Of each run, 0 for one a core. */
  readonly threads: number;
  readonly python: string;
  readonly list: boolean;
  readonly again: boolean;
  readonly pages: boolean;
  readonly check: boolean;
  readonly help: boolean;
}

/** RangeError for an unknown flag, and for a value that is no number in its range. */
export function readWords(words: readonly string[]): Words {
  const { minutes, jobs: many, threads, python = "python3", only, one, ...flags } = parseFlags(words, {
    text: ["only", "minutes", "jobs", "threads", "python", "one"],
    flags: ["list", "again", "pages", "check", "help"],
  });
  const jobs = many === undefined ? 1 : count("jobs", many, 1);
  return {
    ...(only !== undefined && { only }),
    ...(one !== undefined && { one }),
    minutes: minutes === undefined ? null : count("minutes", minutes, 1),
    jobs,
    threads: threads === undefined ? (jobs > 1 ? 1 : 0) : count("threads", threads, 0),
    python,
    list: flags.list === true,
    again: flags.again === true,
    pages: flags.pages === true,
    check: flags.check === true,
    help: flags.help === true,
  };
}

/** A whole number from `least` to 10,000. RangeError for other words. */
function count(name: string, word: string, least: number): number {
  const value = Number(word);
  if (Number.isSafeInteger(value) && value >= least && value <= 10_000 && word.trim() !== "") return value;
  throw new RangeError(`Cannot read --${name}: "${word}" must be a whole number from ${least} to 10000`);
}
