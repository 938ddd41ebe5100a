/**
 * Checks that every public name is documented, and that `deno doc mod.ts` shows it: those of the rooms stand in their
 * namespaces, whole. `deno doc` lists in a namespace what is declared in files that are exported as wholes (`export *`), and
 * leaves out what is exported by name.
 */
import * as deneb from "../mod.ts";

const root = new URL("..", import.meta.url);
const rooms = ["nn", "optim", "data", "io", "train"] as const;

/** The parts of what `deno doc --json` prints that this check reads. */
interface Symbol {
  readonly name: string;
  readonly declarations: readonly { readonly kind: string; readonly def?: { readonly elements?: readonly Symbol[] } }[];
}

/** Runs `deno doc` and returns what it prints. Its complaints go to standard error. */
async function doc(...args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), { args: ["doc", ...args], cwd: root, stderr: "inherit" });
  const { success, stdout } = await command.output();
  if (!success) Deno.exit(1);
  return new TextDecoder().decode(stdout);
}

/** What `deno doc` shows of a module. */
async function shownOf(path: string): Promise<readonly Symbol[]> {
  const { nodes } = JSON.parse(await doc("--json", path)) as { nodes: Record<string, { symbols: readonly Symbol[] }> };
  return Object.values(nodes).flatMap(({ symbols }) => symbols);
}

await doc(
  "--lint",
  "mod.ts",
  "data/images/mod.ts",
  "data/text/mod.ts",
  "io/pytorch/mod.ts",
  ...rooms.map((room) => `${room}/mod.ts`),
);

const top = await shownOf("mod.ts"), atTop = new Set(top.map(({ name }) => name));
const spaces = new Map(
  top.map(({ name, declarations }) => [name, declarations.flatMap(({ def }) => def?.elements ?? [])]),
);
const missing: string[] = Object.keys(deneb).filter((name) => !atTop.has(name));
let count = atTop.size;
for (const space of [...rooms, "ops"] as const) {
  const shown = new Set(spaces.get(space)!.map(({ name }) => name));
  // The room by itself shows its types too, which are no names at run time.
  const own = space === "ops" ? [] : (await shownOf(`${space}/mod.ts`)).map(({ name }) => name);
  const all = new Set([...Object.keys(deneb[space]), ...own]);
  missing.push(...[...all].filter((name) => !shown.has(name) && !atTop.has(name)).map((name) => `${space}.${name}`));
  count += shown.size;
}
if (missing.length > 0) {
  console.error(
    `deno doc mod.ts does not show ${missing.join(", ")}: export the files that declare them by \`export *\``,
  );
  Deno.exit(1);
}
console.log(`deno doc mod.ts shows ${count} public names`);
