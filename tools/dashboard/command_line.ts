/** The command line of `deno task dashboard`. */
import { parseFlags } from "../flags.ts";

/** The page that `--help` shows. */
export const help = `Shows a training run in the browser: curves, sample predictions and the confusion matrix.

  deno task dashboard [FOLDER] [flags]

  FOLDER     the run's folder, which holds log.jsonl   (runs/mnist)
  --port N   the port on 127.0.0.1, 0 for a free one   (0)
  --help     this page`;

/** What is asked for. RangeError for an unknown flag, and for a port that is no number. */
export function readWords(words: readonly string[]): { folder: string; port: number; help: boolean } {
  const isNamed = words.length > 0 && !words[0]!.startsWith("--");
  const values = parseFlags(isNamed ? words.slice(1) : words, { text: ["port"], flags: ["help"] }),
    { port = "0" } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw new RangeError(`Cannot read --port: "${port}" must be a whole number from 0 to 65535`);
  }
  return { folder: isNamed ? words[0]! : "runs/mnist", port: Number(port), help: values.help === true };
}
