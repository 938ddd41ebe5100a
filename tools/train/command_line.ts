/**
 * What a command line asks for: flags over a config file, or over the config of the run that goes on, over defaults. It loads
 * nothing of Deneb, since `tools/permitted.ts` asks it which paths a run needs.
 */
import { type Config, makeConfig, parseConfig, readFlags } from "./config.ts";

/** Reads a text file. Error if it cannot be read. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : (cause as Error).message;
    throw new Error(`Cannot read ${path}: ${why}`, { cause });
  }
}

/** The config file in a run's folder. */
export function configPath(folder: string): string {
  return `${folder}/config.json`;
}

/** A command line that was read. */
export interface Asked {
  readonly config: Config;
  /** The file that `--config` names. */
  readonly file: string | null;
  /** Whether the help page is asked for. */
  readonly help: boolean;
}

/**
 * The config that the words ask for. RangeError and TypeError for flags and fields as in `config.ts`, and the errors of `read`,
 * which is given paths of config files.
 */
export function configOf(words: readonly string[], read: (path: string) => string = readText): Asked {
  const { given, config: file, help } = readFlags(words);
  const base = file === undefined ? {} : parseConfig(file, read(file)), asked = { ...base, ...given };
  const plain = { file: file ?? null, help };
  if (!asked.resume) return { config: makeConfig(asked), ...plain };
  const path = configPath(makeConfig(asked).out);
  return { config: makeConfig({ ...parseConfig(path, read(path)), ...asked }), ...plain };
}

/** The command that goes on with the run of a config. */
export function resumption({ out }: Config): string {
  return `deno task train --resume --out ${/^[\w./-]+$/.test(out) ? out : `'${out.replaceAll("'", "'\\''")}'`}`;
}
