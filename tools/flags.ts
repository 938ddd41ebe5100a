/**
 * Command lines of the tasks: `--name value`, `--name=value`, and flags that stand alone. An unknown word is an error
 * that names the flag that was meant, or all.
 */
import { parseArgs } from "node:util";
import { nearest } from "../core/pure/check.ts";

/** The flags that a program knows. */
interface Known<Text extends string, Flag extends string> {
  /** Flags that take a value. */
  text: readonly Text[];
  /** Flags that stand alone. */
  flags: readonly Flag[];
}

/** What is said of a flag that there is not: the one that was meant, or else all. */
function unknown(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null
    ? `--${name} is not one of ${known.map((each) => `--${each}`).join(", ")}`
    : `there is no --${name}; did you mean --${near}?`;
}

/**
 * The flags that were given; of a repeated flag, the last one. RangeError for an unknown word, and for a missing value. Words
 * that are no flags are put into `others`; without it they are unknown.
 */
export function parseFlags<Text extends string, Flag extends string>(
  words: readonly string[],
  { text, flags }: Known<Text, Flag>,
  others?: string[],
): Partial<Record<Text, string> & Record<Flag, true>> {
  const found: Record<string, string | true> = {};
  const refuse = (what: string) => new RangeError(`Cannot read flags: ${what}`);
  const isText = (name: string) => (text as readonly string[]).includes(name);
  const options = Object.fromEntries(
    [...text, ...flags].map((name) => [name, { type: isText(name) ? "string" : "boolean" } as const]),
  );
  // The parser is not strict, since its messages would not be ours.
  for (const token of parseArgs({ args: [...words], options, strict: false, tokens: true }).tokens) {
    const word = words[token.index]!;
    if (token.kind === "positional" && others !== undefined) {
      others.push(word);
      continue;
    }
    if (token.kind !== "option" || !word.startsWith("--")) throw refuse(`"${word}" is no flag, which begins with --`);
    const { name, value, inlineValue } = token;
    if (isText(name)) {
      if (value === undefined || (!inlineValue && value.startsWith("--"))) {
        throw refuse(`--${name} ${value === undefined ? "stands last" : `is followed by ${value}`}, it needs a value`);
      }
      found[name] = value;
    } else if ((flags as readonly string[]).includes(name)) {
      if (inlineValue) throw refuse(`--${name}=${value}, it takes no value`);
      found[name] = true;
    } else throw refuse(unknown(name, [...text, ...flags]));
  }
  return found as Partial<Record<Text, string> & Record<Flag, true>>;
}
