/** The README names tasks, files and variables that exist. Its code runs as part of `deno test --doc`. */
import readme from "../README.md" with { type: "text" };
import config from "../deno.json" with { type: "json" };
import { variables } from "../kernels/native/environment.ts";
import { testWith } from "./permissions.ts";
import { assert, assertEquals } from "./support.ts";

Deno.test("README: its first commands train and test", () => {
  const commands = [...readme.matchAll(/^deno task (\w+)/gm)].map(([, task]) => task);
  assertEquals(commands.slice(0, 2), ["train", "test"]);
});

Deno.test("README: every task it names exists, and it names every task", () => {
  const named = new Set([...readme.matchAll(/deno task (\w+)/g)].map(([, task]) => task!));
  assertEquals([...named].sort(), Object.keys(config.tasks).sort());
});

testWith(["read"], "README: every file it links to exists", () => {
  for (const [, path] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    assert(Deno.statSync(new URL(`../${path}`, import.meta.url)), path);
  }
});

Deno.test("README: its table of variables is the one that the library reads from", () => {
  const rows = [...readme.matchAll(/^\| `(DENEB_\w+)` +\| (.*?) +\|$/gm)].map(([, name, meaning]) => [name, meaning]);
  assertEquals(rows, Object.entries(variables));
});
