/**
 * Builds the library, then runs all tests: Zig's, Deno's, and the examples in doc comments and in the README. The last
 * line of output counts them all. Words after the task's name go to `deno test`.
 */
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
let broken = false;

/** Runs a command, shows its output, and adds to the counts those that `read` finds in the output. */
async function run(program: string, args: readonly string[], read: (output: string) => Counts | null): Promise<void> {
  const command = new Deno.Command(program, {
    args: [...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {},
  });
  const child = command.spawn();
  const shown: string[] = [];
  const tee = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      for (let rest = piece; rest.length > 0;) rest = rest.subarray(await Deno.stdout.write(rest));
      shown.push(decoder.decode(piece, { stream: true }));
    }
  };
  const [{ success }] = await Promise.all([child.status, tee(child.stdout), tee(child.stderr)]);
  const found = read(stripAnsiCode(shown.join("")));
  if (found) { for (const key of ["passed", "failed", "skipped"] as const) counts[key] += found[key]; }
  if (!success && !found?.failed) {
    broken = true;
    counts.failed++; // The command failed before its tests began, or died while they ran.
  }
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

try {
  await buildLibrary(console.log);
  const zig = await ensureZig(console.log);
  const testZig = ["test", "kernels/lib.zig", "-O", "safe", "-lc", "--cache-dir", ".zig-cache"];
  await run(zig[0]!, [...zig.slice(1), ...testZig], readZig);
} catch (error) {
  // The tests on wasm and the reference device still run, but the outcome is a failure.
  console.error((error as Error).message);
  broken = true;
  counts.failed++;
}
const allowed = ["read", "write", "net", "env", "run", "ffi", "sys", "import"].map((name) => `--allow-${name}`);
// The lock file is named here and not in deno.json: `deno task` would fetch all packages of a lock file that deno.json names,
// for any task, so that training would need a registry.
await run(Deno.execPath(), ["test", "--doc", "--lock=deno.lock", "--frozen", ...allowed, ...Deno.args], readDeno);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (broken || counts.failed > 0) Deno.exit(1);
