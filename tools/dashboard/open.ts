/**
 * The dashboard beside a run of this process: its server has a thread of its own, so that it answers while a step computes, and
 * takes nothing from the step. It learns of the run by the log in the run's folder, as it does of any other run.
 *
 * Needs `--allow-net=127.0.0.1`, and to read the folder and `tools/dashboard`, the worker's code.
 */
import type { Dashboard, DashboardOptions } from "./server.ts";
import type { Answer } from "./worker.ts";

/** As {@linkcode serveDashboard}, on a thread of its own. Error with the same words, and where uPlot cannot be had. */
export async function openDashboard({ say = console.error, ...options }: DashboardOptions): Promise<Dashboard> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const answers = (handle: (answer: Answer) => void) => worker.onmessage = ({ data }) => handle(data);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`Cannot serve the dashboard: ${event.message}`));
  };
  answers((answer) => {
    if (answer.kind === "open") resolve(answer.url);
    else if (answer.kind === "error") reject(new Error(answer.message));
    else if (answer.kind === "say") say(answer.line);
  });
  worker.postMessage(options);
  try {
    const url = await promise;
    const close = () =>
      new Promise<void>((resolve) => {
        answers(({ kind }) => {
          if (kind !== "closed") return;
          worker.terminate();
          resolve();
        });
        worker.postMessage("close");
      });
    return { url, close };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}
