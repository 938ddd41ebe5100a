/**
 * The rooms of `kernels/`, and what each may import, in Zig and in TypeScript. The list of imports is the table in
 * `kernels/README.md`.
 */
import { circles } from "./graph.ts";
import { testWith } from "./permissions.ts";
import { assertEquals } from "./support.ts";

const home = new URL("../kernels/", import.meta.url);

/** An import: the imported file, and whether a test imports it. */
interface Arrow {
  to: string;
  inTest: boolean;
}

/** All files of Zig and TypeScript by path, relative to `kernels/`. */
function sources(): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder === "" ? "." : folder, home))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (isDirectory) walk(path);
      else if (/\.(zig|ts)$/.test(name)) found.set(path, Deno.readTextFileSync(new URL(path, home)));
    }
  };
  walk("");
  return found;
}

/** The text of Zig without comments and strings, save the paths of imports. */
function bare(text: string): string {
  return text.replace(
    /@import\("[^"]*"\)|'(?:\\.|[^'\\\n])+'|"(?:\\.|[^"\\\n])*"|\/\/.*|^\s*\\\\.*/gm,
    (part) => part[0] === "@" ? part : part[0] === '"' ? '""' : "",
  );
}

/** The only files through which circles may pass. */
const engines = ["opencl/engine.zig", "cuda/engine.zig"];

/** Matches a `test` block as `zig fmt` formats it. */
const testBlock = /^test\b.*\{\n(?:(?!\}).*\n)*\}$/gm;

function importsOfZig(path: string, text: string): Arrow[] {
  const isTest = path.endsWith("_test.zig");
  const find = (part: string, inTest: boolean) =>
    [...part.matchAll(/@import\("([^"]*\.zig)"\)/g)].map((match) => ({ to: join(path, match[1]!), inTest }));
  const code = bare(text);
  return [
    ...find(code.replace(testBlock, ""), isTest),
    ...[...code.matchAll(testBlock)].flatMap(([block]) => find(block, true)),
  ];
}

/** The imports of TypeScript's files. A table or the wasm module is no room: it belongs to the rooms that import it. */
function importsOfTypeScript(path: string, text: string): Arrow[] {
  return [...text.matchAll(/^(?:import|export|\})[^;]*?from "(\.[^"]*\.ts)"/gms)]
    .map((match) => ({ to: join(path, match[1]!), inTest: false }));
}

/** The path of the file that a relative import names. */
function join(from: string, relative: string): string {
  return new URL(relative, new URL(from, home)).href.slice(home.href.length);
}

function arrows(): Map<string, Arrow[]> {
  return new Map(
    [...sources()].map(([path, text]) => [
      path,
      path.endsWith(".zig") ? importsOfZig(path, text) : importsOfTypeScript(path, text),
    ]),
  );
}

/** The rooms of the table in `README.md`, each with the rooms that it may import. */
function rooms(): Map<string, string[]> {
  const text = Deno.readTextFileSync(new URL("README.md", home));
  const names = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  return new Map(
    [...text.matchAll(/^\| `([^`]+)` *\|[^|]*\|([^|]*)\|$/gm)].map((match) => [match[1]!, names(match[2]!)]),
  );
}

/** The room of a file: the file itself if the table lists it, else its folder. */
function roomOf(path: string, known: ReadonlyMap<string, unknown>): string {
  return known.has(path) ? path : path.slice(0, path.lastIndexOf("/"));
}

testWith(["read"], "the rooms of kernels/ import what README.md allows", () => {
  const known = rooms(), wrong: string[] = [], drawn = new Set<string>();
  for (const [path, list] of arrows()) {
    const from = roomOf(path, known), allowed = known.get(from);
    if (allowed === undefined) wrong.push(`${path} is in no room`);
    for (const { to, inTest } of list) {
      const room = roomOf(to, known);
      if (inTest || room === from) continue;
      const arrow = allowed?.find((name) => name === room || name === to);
      if (arrow === undefined) wrong.push(`${path} -> ${to}`);
      else drawn.add(`${from} -> ${arrow}`);
    }
  }
  assertEquals(wrong, []);
  const all = [...known].flatMap(([from, list]) => list.map((to) => `${from} -> ${to}`));
  assertEquals(all.filter((arrow) => !drawn.has(arrow)), [], "arrows that nobody draws");
});

testWith(["read"], "the rooms of kernels/ stand in the order of their arrows", () => {
  const known = [...rooms()];
  for (const [index, [from, allowed]] of known.entries()) {
    const above = known.slice(index).map(([name]) => name);
    assertEquals(allowed.filter((name) => above.includes(name)), [], `${from} imports from below`);
  }
});

testWith(["read"], "no files of kernels/ import one another in a circle", () => {
  const graph = [...arrows()].map(([path, list]): [string, string[]] => [
    path,
    list.filter(({ inTest }) => !inTest).map(({ to }) => to),
  ]);
  assertEquals(circles(new Map(graph)).filter((circle) => !engines.some((engine) => circle.includes(engine))), []);
  // A GPU's engine holds parts whose functions take the engine: its queue, its list of launches, its programs.
  const without = circles(new Map(graph.filter(([path]) => !engines.includes(path))));
  assertEquals(without, [], "circles that do not pass through an engine");
});

testWith(["read"], "every file of Zig with tests is reached from the library's root", () => {
  const all = arrows(), reached = new Set(["lib.zig"]);
  // A loop over a set also visits elements that are added during the loop.
  for (const path of reached) for (const { to } of all.get(path) ?? []) reached.add(to);
  const tests = [...sources()]
    .filter(([path, text]) => path.endsWith("_test.zig") || bare(text).match(testBlock) !== null)
    .map(([path]) => path);
  assertEquals(tests.filter((path) => !reached.has(path)), []);
});

testWith(["read"], "every import, alias and function of a Zig file is used", () => {
  const unused: string[] = [];
  for (const [path, text] of sources()) {
    if (!path.endsWith(".zig")) continue;
    const code = bare(text).replace(/@import\("[^"]*"\)/g, "@import()");
    for (const match of code.matchAll(/^(?:const|var|(?:inline |noinline )?fn) (\w+)\b/gm)) {
      // `x.name` may be a member of something else, but `0..name`, the end of a range, is not.
      const uses = code.match(new RegExp(`(?<![\\w@])(?<!(?<!\\.)\\.)${match[1]}\\b`, "g"))!;
      if (uses.length < 2) unused.push(`${path}: ${match[1]}`);
    }
  }
  assertEquals(unused, []);
});
