/**
 * Builds the library, then runs all tests: Zig's, Deno's, and the examples in doc comments and in the README. The last
 * line of output counts them all. Words after the task's name are files of tests, which are run alone, and options of
 * `deno test`.
 *
 * Each file has a process of its own: they run on all cores, one that dies takes no other with it, and what drivers keep for
 * the life of a process, such as the kernels that they have built, does not add up.
 */
import { existsSync } from "node:fs";
import { buildLibrary } from "./build.ts";
import { stripAnsiCode } from "./std.ts";
import { ensureZig } from "./zig.ts";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = new URL("..", import.meta.url);
const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
/** The names of the parts that failed. */
const failures: string[] = [];

/** A part of the tests: a command, and what finds its counts in its output. */
interface Part {
  readonly name: string;
  readonly command: readonly string[];
  readonly read: (output: string) => Counts | null;
}

/** Runs a part, shows its output when it has ended, so that parts that run beside one another stay apart, and counts it. */
async function run({ name, command: [program, ...args], read }: Part): Promise<void> {
  const command = new Deno.Command(program!, {
    args,
    cwd: root,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {},
  });
  const child = command.spawn(), pieces: Uint8Array<ArrayBuffer>[] = [];
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream) pieces.push(piece);
  };
  const [{ success }] = await Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
  const output = await new Blob(pieces).text();
  console.log(output.trimEnd());
  const found = read(stripAnsiCode(output));
  if (found) { for (const key of ["passed", "failed", "skipped"] as const) counts[key] += found[key]; }
  if (success) return;
  failures.push(name);
  if (!found?.failed) counts.failed++; // The command failed before its tests began, or died while they ran.
}

/** Runs parts, `places` at a time. */
async function runAll(parts: readonly Part[], places: number): Promise<void> {
  const waiting = [...parts];
  const take = async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await run(part);
  };
  await Promise.all(Array.from({ length: places }, take));
}

/** The files of tests in a folder and those below it, by name. */
function testFiles(folder: URL): string[] {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFiles(new URL(`${name}/`, folder));
    return name.endsWith("_test.ts") ? [new URL(name, folder).pathname.slice(root.pathname.length)] : [];
  });
}

/** The summary of `deno test`: `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
function readDeno(output: string): Counts | null {
  const line = output.split("\n").findLast((text) => /^(ok|FAILED) \| \d+ passed/.test(text.trim()));
  if (!line) return null;
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** The summary of `zig test`: `All 12 tests passed.` or `11 passed; 1 skipped; 0 failed.` */
function readZig(output: string): Counts | null {
  const all = /All (\d+) tests passed\./.exec(output);
  if (all) return { passed: Number(all[1]), failed: 0, skipped: 0 };
  const some = /(\d+) passed; (\d+) skipped; (\d+) failed\./.exec(output);
  return some && { passed: Number(some[1]), skipped: Number(some[2]), failed: Number(some[3]) };
}

// Words that name files choose these; the others are options of `deno test`.
const isFile = (word: string) => !word.startsWith("-") && existsSync(new URL(word, root));
const chosen = Deno.args.filter(isFile), options = Deno.args.filter((word) => !isFile(word));
// The lock file is named here and not in deno.json: `deno task` would fetch all packages of a lock file that deno.json names,
// for any task, so that training would need a registry.
const deno = (...words: string[]) => [Deno.execPath(), ...words, "--lock=deno.lock", "--frozen"];
const allowed = ["read", "write", "net", "env", "run", "ffi", "sys", "import"].map((name) => `--allow-${name}`);
const test = (...words: string[]) => [...deno("test", "--no-check", ...words), ...allowed, ...options];
const parts: Part[] = [];
try {
  await buildLibrary(console.log);
  if (chosen.length === 0) {
    const zig = [...await ensureZig(console.log), "test", "kernels/lib.zig", "-O", "safe", "-lc"];
    parts.push({ name: "the tests in Zig", command: [...zig, "--cache-dir", ".zig-cache"], read: readZig });
  }
} catch (error) {
  // The tests on wasm and the reference device still run, but the outcome is a failure.
  console.error((error as Error).message);
  failures.push("the build");
  counts.failed++;
}
if (chosen.length === 0) {
  parts.push({ name: "the types", command: deno("check", "--quiet"), read: () => null });
  parts.push({ name: "the examples in the documentation", command: test("--doc", "--ignore=tests"), read: readDeno });
  chosen.push(...testFiles(new URL("tests/", root)));
}
for (const file of chosen) parts.push({ name: file, command: test(file), read: readDeno });
await runAll(parts, Math.min(navigator.hardwareConcurrency, 4));
for (const name of failures) console.log(`${name}: FAILED`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (failures.length > 0) Deno.exit(1);
