/**
 * The command line of `deno task predict`. It loads nothing of Deneb, since `tools/permitted.ts` asks it which paths are read.
 */
import { parseFlags } from "../flags.ts";

/** What a command line asks for. */
export interface Asked {
  /** The folder of a run, or the file of a model. */
  readonly model: string | null;
  readonly images: readonly string[];
  /** The file that made the model, which may be run. */
  readonly code: string | undefined;
  readonly device: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** Reads a command line. RangeError for a flag that there is not, and for one without its value. */
export function readWords(words: readonly string[]): Asked {
  const others: string[] = [];
  const { json = false, help = false, model: code, device = "auto" } = parseFlags(words, {
    text: ["model", "device"],
    flags: ["json", "help"],
  }, others);
  const [model = null, ...images] = others;
  return { model, images, code, device, json, help };
}
