/** Runs `border_hammer.ts` in a process of its own, so that a crash of the library is a failure and not the end. */
import { safeLibrary } from "./built.ts";
import { assert } from "./std.ts";

const hammer = new URL("border_hammer.ts", import.meta.url);
/** A part that hangs ends the test; one that shares two slow cores with other tests takes minutes. */
const secondsMax = 300;

/** Runs one part of the hammer and returns what it counted. */
export async function strike(part: string, seed: number, rounds: number): Promise<Record<string, number>[]> {
  const library = await safeLibrary();
  const args = ["run", "--no-check", "--no-prompt", `--allow-ffi=${library}`, "--allow-read"];
  const words = [hammer.href, library, part, `${seed}`, `${rounds}`], signal = AbortSignal.timeout(1000 * secondsMax);
  const { success, code, signal: ended, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, ...words],
    stdout: "piped",
    stderr: "piped",
    signal,
  }).output();
  const said = new TextDecoder().decode(stderr).slice(-2000);
  const how = signal.aborted ? `it did not end in ${secondsMax} s` : ended ?? `exit code ${code}`;
  assert(success, `${how}: ${said}\nrepeat with: deno ${[...args, ...words].join(" ")} verbose`);
  return [JSON.parse(new TextDecoder().decode(stdout))].flat();
}
