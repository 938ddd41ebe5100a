/**
 * Trains a net on images, from its flags to its result: `deno task train --help` lists the flags. Interrupted or terminated
 * once, the run ends after its step with a checkpoint and says how to go on; the second time, it ends at once.
 */
import { runProgram } from "../program.ts";
import { configOf, resumption } from "./command_line.ts";
import { type Config, helpPage } from "./config.ts";
import { trainRun } from "./run.ts";
import { LiveView } from "./terminal.ts";

/** The signals that ask a program to end, with the exit codes of one that does. Windows knows the first only. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/** Trains as the command line says. Returns the exit code. */
async function main(words: readonly string[]): Promise<number> {
  const { config, help } = configOf(words);
  if (help) {
    console.log(helpPage());
    return 0;
  }
  const view = new LiveView(config.validation > 0), controller = new AbortController();
  const say = (text: string) => view.line(text);
  let asked = 0;
  for (const name of Object.keys(signals) as (keyof typeof signals)[]) {
    if (name !== "SIGINT" && Deno.build.os === "windows") continue;
    Deno.addSignalListener(name, () => {
      if (controller.signal.aborted) Deno.exit(signals[name]);
      asked = signals[name];
      controller.abort();
    });
  }
  await using _page = config.dashboard ? await openPage(config, say) : null;
  try {
    const { reason, step } = await trainRun(config, {
      signal: controller.signal,
      ...(!config.quiet && { say, onEvent: (event, images) => view.show(event, images) }),
    });
    if (reason !== "aborted") return 0;
    say(`Interrupted after step ${step}. This goes on from there:\n  ${resumption(config)}`);
    return asked;
  } finally {
    view.clear();
  }
}

/** Serves the run's page, and says where. */
async function openPage({ out, port }: Config, say: (line: string) => void): Promise<AsyncDisposable> {
  const { openDashboard } = await import("../dashboard/open.ts");
  const { url, close } = await openDashboard({ folder: out, port, say });
  say(`Dashboard: ${url}`);
  return { [Symbol.asyncDispose]: close };
}

if (import.meta.main) await runProgram(main);
