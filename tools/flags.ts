/**
 * Command lines of the tasks: `--name value`, `--name=value`, and flags that stand alone. What is not understood is an
 * error that says what would be.
 */

/** Which flags a program knows. */
interface Known<Text extends string, Flag extends string> {
  /** Those that take a value. */
  text: readonly Text[];
  /** Those that stand alone. */
  flags: readonly Flag[];
}

/** The flags that were given; the last of several wins. RangeError for what is none, and for a value that is missing. */
export function parseFlags<Text extends string, Flag extends string>(
  words: readonly string[],
  { text, flags }: Known<Text, Flag>,
): Partial<Record<Text, string> & Record<Flag, true>> {
  const found: Record<string, string | true> = {};
  const refuse = (what: string) => new RangeError(`Cannot read flags: ${what}`);
  const isText = (name: string) => (text as readonly string[]).includes(name);
  for (let k = 0; k < words.length; k++) {
    const [, name, , joined] = /^--([^=]+)(=([^]*))?$/.exec(words[k]!) ?? [];
    if (name === undefined) throw refuse(`"${words[k]}" is no flag, which begins with --`);
    if (isText(name)) {
      const value = joined ?? words[++k];
      if (value === undefined || (joined === undefined && value.startsWith("--"))) {
        throw refuse(`--${name} ${value === undefined ? "stands last" : `is followed by ${value}`}, it needs a value`);
      }
      found[name] = value;
    } else if ((flags as readonly string[]).includes(name)) {
      if (joined !== undefined) throw refuse(`--${name}=${joined}, it takes no value`);
      found[name] = true;
    } else throw refuse(`--${name} is not one of ${[...text, ...flags].map((known) => `--${known}`).join(", ")}`);
  }
  return found as Partial<Record<Text, string> & Record<Flag, true>>;
}
