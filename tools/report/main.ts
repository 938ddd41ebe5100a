/**
 * Does the runs of docs/report/experiments.json that have no result yet, each in a process of its own, and writes the pages of
 * the report.
 *
 *     deno task report --help
 */
import { commandOf } from "../permitted.ts";
import { runProgram } from "../program.ts";
import { help, readWords, type Words } from "./command_line.ts";
import { type Run, runsOf } from "./experiments.ts";
import { readExperiments, reportFolder, resultsFolder, runsFolder, staleOf, writePages } from "./files.ts";
import { makePages } from "./page.ts";
import { listOf, minutesOf, missing, nameOf } from "./plan.ts";
import { readResults, type Results } from "./results.ts";
import { doRun, interrupted } from "./run.ts";

async function main(given: readonly string[]): Promise<number> {
  const words = readWords(given), { only } = words;
  if (words.help) return say(help);
  const experiments = readExperiments(), runs = await runsOf(experiments);
  if (words.one !== undefined) return await doRun(named(runs, words.one), words);
  const asked = only === undefined ? runs : runs.filter(({ experiment }) => experiment.name === only);
  if (asked.length === 0) {
    const names = experiments.map(({ name }) => name).join(", ");
    throw new RangeError(`Cannot report: --only ${only} is not one of ${names}`);
  }
  if (words.list) return say(listOf(asked, await readResults(resultsFolder)));
  if (words.again) await forget(asked, await readResults(resultsFolder));
  const isWhole = words.check || words.pages || await doAll(asked, words);
  const pages = makePages({ experiments, runs, results: await readResults(resultsFolder) });
  if (words.check) {
    const stale = staleOf(pages, reportFolder);
    for (const path of stale) console.error(`${reportFolder}/${path} is not what the results make of it`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const path of await writePages(pages, reportFolder)) say(`wrote ${reportFolder}/${path}`);
  return isWhole ? 0 : 1;
}

function say(text: string): 0 {
  console.log(text);
  return 0;
}

function named(runs: readonly Run[], name: string): Run {
  const found = runs.find((run) => nameOf(run) === name);
  if (found === undefined) {
    throw new RangeError(`Cannot run ${name}: --list shows the runs, with -0, -1, -2 for their seeds`);
  }
  return found;
}

/** Removes the results of runs, and what their folders hold. */
async function forget(runs: readonly Run[], results: Results): Promise<void> {
  for (const run of runs) {
    const found = results.get(run.key), files = found === undefined ? [] : [`${found.path}.json`, `${found.path}.png`];
    for (const path of [...files, `${runsFolder}/${nameOf(run)}`]) {
      await Deno.remove(path, { recursive: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    }
  }
}

/** Does the runs that are missing, `jobs` at a time. False unless all are done. */
async function doAll(runs: readonly Run[], settings: Words): Promise<boolean> {
  const results = await readResults(resultsFolder), minutes = (run: Run) => minutesOf(run, results);
  // The shortest first, so that a report that is ended has answered the most questions.
  const queue = missing(runs, results).sort((a, b) => minutes(a) - minutes(b));
  const children = new Set<Deno.ChildProcess>();
  let isWhole = true, isStopped = false;
  const stop = () => {
    isStopped = true;
    for (const child of children) child.kill("SIGINT");
  };
  // A terminal sends its interrupt to the children by itself.
  Deno.addSignalListener("SIGINT", () => isStopped = true);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  const timer = settings.minutes === null ? undefined : setTimeout(stop, settings.minutes * 60_000);
  const worker = async () => {
    while (!isStopped && queue.length > 0) {
      const run = queue.shift()!;
      console.log(`${nameOf(run)}: about ${minutes(run).toFixed(1)} min; ${queue.length} more`);
      const status = await doApart(run, settings, children);
      if (status === 0) continue;
      isWhole = false;
      if (status !== interrupted) console.error(`${nameOf(run)} failed with status ${status}`);
    }
  };
  await Promise.all(Array.from({ length: settings.jobs }, worker));
  clearTimeout(timer);
  if (isStopped) console.log("Stopped: the next call goes on with what is under way.");
  return isWhole && queue.length === 0;
}

/** Does a run in a process of its own, whose memory nobody else has used. Gives its exit status. */
async function doApart(run: Run, settings: Words, children: Set<Deno.ChildProcess>): Promise<number> {
  const words = ["--one", nameOf(run), "--threads", `${settings.threads}`, "--python", settings.python];
  const child = new Deno.Command(Deno.execPath(), { args: commandOf("report", words), stdin: "null" }).spawn();
  children.add(child);
  const { code, signal } = await child.status;
  children.delete(child);
  return signal === "SIGINT" ? interrupted : code;
}

if (import.meta.main) await runProgram(main);
