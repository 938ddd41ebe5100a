/**
 * `deno task dashboard runs/mnist`: the page of a run, running or finished, until Ctrl+C.
 */
import { parseFlags } from "../flags.ts";
import { serveDashboard } from "./server.ts";

const help = `Shows a training run in the browser: curves, sample predictions and the confusion matrix.

  deno task dashboard [FOLDER] [flags]

  FOLDER     the run's folder, which holds log.jsonl   (runs/mnist)
  --port N   the port on 127.0.0.1, 0 for a free one   (0)
  --help     this page`;

async function main(words: readonly string[]): Promise<void> {
  const isNamed = words.length > 0 && !words[0]!.startsWith("--");
  const folder = isNamed ? words[0]! : "runs/mnist";
  const values = parseFlags(isNamed ? words.slice(1) : words, { text: ["port"], flags: ["help"] });
  if (values.help) return console.log(help);
  const { port = "0" } = values;
  if (!/^\d+$/.test(port)) throw new RangeError(`Cannot read --port: "${port}" must be a whole number from 0 to 65535`);
  const path = `${folder}/log.jsonl`;
  const found = await Deno.stat(path).catch((error: Error) => error);
  if (found instanceof Error) {
    const reason = found instanceof Deno.errors.NotFound ? "there is none, so no run wrote there" : found.message;
    throw new Error(`Cannot read ${path}: ${reason}`, { cause: found });
  }
  const { url } = serveDashboard({ folder, port: Number(port) });
  console.log(`${folder} is shown at ${url} until Ctrl+C`);
}

if (import.meta.main) {
  try {
    await main(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
