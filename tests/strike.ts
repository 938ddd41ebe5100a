/** Runs `border_hammer.ts` in a process of its own, so that a crash of the library is a failure and not the end. */
import { safeLibrary } from "./built.ts";
import { outputOf } from "./process.ts";

const hammer = new URL("border_hammer.ts", import.meta.url);

/** Runs one part of the hammer and returns what it counted. With `verbose` as a last word it says what it calls. */
export async function strike(part: string, seed: number, rounds: number): Promise<Record<string, number>[]> {
  const library = await safeLibrary();
  const options = ["--no-check", "--no-prompt", `--allow-ffi=${library}`, "--allow-read"];
  return [JSON.parse(await outputOf(["run", ...options, hammer.href, library, part, `${seed}`, `${rounds}`]))].flat();
}
