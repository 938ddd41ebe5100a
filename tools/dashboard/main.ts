/** `deno task dashboard runs/mnist`: the page of a run, running or finished, until Ctrl+C. */
import { runProgram } from "../program.ts";
import { help, readWords } from "./command_line.ts";
import { serveDashboard } from "./server.ts";

async function main(words: readonly string[]): Promise<void> {
  const { folder, port, help: isAsked } = readWords(words), path = `${folder}/log.jsonl`;
  if (isAsked) return console.log(help);
  try {
    await Deno.stat(path);
  } catch (cause) {
    const isAbsent = cause instanceof Deno.errors.NotFound;
    const reason = isAbsent ? "there is none, so no run was logged there" : (cause as Error).message;
    throw new Error(`Cannot read ${path}: ${reason}`, { cause });
  }
  console.log(`${folder} is shown at ${serveDashboard({ folder, port }).url} until Ctrl+C`);
}

if (import.meta.main) await runProgram(main);
