/** Programs that tests run to their end in a process of their own, so that a crash is a failure and not the end of the tests. */
import { assert } from "./std.ts";

/** A program that hangs ends the test; one that shares two slow cores with other tests takes minutes. */
const secondsMax = 300;

/** Where a program runs, and the variables that it sees beside those of the tests. */
type Surroundings = Pick<Deno.CommandOptions, "cwd" | "env">;

/**
 * Runs Deno with these words and returns what it writes. A program that fails, crashes or does not end in time fails the test,
 * with the last of what it said and the words that repeat it.
 */
export async function outputOf(words: readonly string[], surroundings: Surroundings = {}): Promise<string> {
  const signal = AbortSignal.timeout(1000 * secondsMax);
  const { success, code, signal: ended, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    ...surroundings,
    args: [...words],
    signal,
  }).output();
  const said = new TextDecoder().decode(stderr).slice(-2000);
  const how = signal.aborted ? `it did not end in ${secondsMax} s` : ended ?? `exit code ${code}`;
  assert(success, `${how}: ${said}\nrepeat with: deno ${words.join(" ")}`);
  return new TextDecoder().decode(stdout);
}
