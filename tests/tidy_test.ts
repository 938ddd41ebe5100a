/** Rules for every source file, and for the places of an op. */
import * as deneb from "../mod.ts";
import table from "../kernels/table.json" with { type: "json" };
import { variables } from "../kernels/native/environment.ts";
import { apart, doors, withoutMethod } from "./ops/doors.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, fromFileUrl, globSync } from "./support.ts";

const home = new URL("..", import.meta.url);
const rooms = ["kernels", "core", "nn", "optim", "data", "io", "train", "examples", "bench", "tools", "tests"];
const linesMax = 600;
/** Rows that devices have and tests cover, and that no op of the library uses yet. */
const rowsSpare = ["divIntoScalar"];

/** All source files by path, relative to the repository. */
function sources(): Map<string, string> {
  const paths = ["mod.ts", ...globSync(`{${rooms.join()}}/**/*.{ts,zig}`, { cwd: fromFileUrl(home) })];
  return new Map(paths.map((path) => [path, Deno.readTextFileSync(new URL(path, home))]));
}

testWith(["read"], "every file opens by saying what it is", () => {
  const silent = [...sources()].filter(([, text]) => !/^(\/\*\*|\/\/!)/.test(text)).map(([path]) => path);
  assertEquals(silent, []);
});

testWith(["read"], "no file is longer than one idea", () => {
  const long = [...sources()]
    .map(([path, text]): [string, number] => [path, text.split("\n").length - 1])
    .filter(([, lines]) => lines > linesMax);
  assertEquals(long, []);
});

testWith(["read"], "nothing is left for later, and no machine is named", () => {
  // The words are in two halves, so that this file passes its own test.
  const forbidden = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "/wo" + "rk/", "/op" + "t/", "@ts-" + "ignore"];
  const found = [...sources()].flatMap(([path, text]) =>
    forbidden.filter((word) => text.includes(word)).map((word) => `${path}: ${word}`)
  );
  assertEquals(found, []);
});

testWith(
  ["read"],
  "only std.ts and npm.ts of a room say where packages come from, and deno.lock holds no other package",
  () => {
    const named = [...sources()].flatMap(([path, text]) =>
      Array.from(text.matchAll(/from "((?:npm|jsr|https?):(?:@[^/"]*\/)?[^/"]*)/g), ([, origin]) => ({ path, origin }))
    );
    assertEquals([...new Set(named.map(({ path }) => path))].sort(), [
      "data/images/npm.ts",
      "data/text/npm.ts",
      "io/pytorch/npm.ts",
      "tests/dashboard/npm.ts",
      "tests/std.ts",
      "tools/dashboard/npm.ts",
      "tools/report/npm.ts",
      "tools/std.ts",
    ]);
    const lock = JSON.parse(Deno.readTextFileSync(new URL("deno.lock", home)));
    assertEquals([...new Set(named.map(({ origin }) => origin))].sort(), Object.keys(lock.specifiers).sort());
    // The dashboard has a lock file of its own, so that a run that is shown fetches one package.
    const part = JSON.parse(Deno.readTextFileSync(new URL("tools/dashboard/deno.lock", home)));
    for (const [name, entry] of Object.entries(part.npm)) assertEquals(entry, lock.npm[name]);
  },
);

testWith(["read"], "every variable of the environment is in the table of variables", () => {
  // Tests have variables of their own.
  const all = [...sources()].filter(([path]) => !path.startsWith("tests/")).map(([, text]) => text).join("\n");
  const named = new Set(Array.from(all.matchAll(/\bDENEB_[A-Z0-9_]*[A-Z0-9]\b/g), ([name]) => name));
  assertEquals([...named].sort(), Object.keys(variables).sort());
});

testWith(["read"], "every kernel row is used", () => {
  const texts = [...sources()].filter(([path]) => /^(core|nn|optim|data)\//.test(path)).map(([, text]) => text).join(
    "\n",
  );
  const { map, fold, arg, scan, scatter } = table,
    rows = [map, fold, arg, scan, scatter].flatMap((kind) => Object.keys(kind));
  const used = (row: string) => texts.includes(`"${row}"`) || new RegExp(`\\brows\\.${row}\\b`).test(texts);
  assertEquals(rows.filter((row) => used(row) === rowsSpare.includes(row)), []);
});

testWith(["read"], "every op is in all its places: it has a method or is named, and lines in tests/ops/", () => {
  const tests = [...sources()].filter(([path]) => /^tests\/ops\/.*_test\.ts$/.test(path)).map(([, text]) => text).join(
    "\n",
  );
  const classes = Object.entries(deneb.ops as Record<string, unknown>).flatMap(([name, value]) =>
    typeof value === "function" && value.prototype instanceof deneb.TensorOp
      ? [{ name, prototype: value.prototype as deneb.TensorOp }]
      : []
  );
  // A class that others extend is their base, and no op.
  const names = classes
    .filter(({ prototype }) => !classes.some((other) => Object.getPrototypeOf(other.prototype) === prototype))
    .map(({ name }) => name);
  assertEquals([...Object.keys(doors), ...apart].sort(), names.sort(), "lines of tests/ops/doors.ts");
  // Ops that only gradients use are tested by the second derivatives of the ops that they belong to.
  const own = names.filter((name) => !/Gradient$|^Un/.test(name));
  assertEquals(
    own.filter((name) => !new RegExp(`^  "?${name}\\b`, "m").test(tests)),
    [],
    "lines of tests/ops/*_test.ts",
  );
  const reached = (name: string) => {
    const door = doors[name];
    return door === undefined || door.method !== undefined;
  };
  assertEquals(own.filter((name) => !reached(name)).sort(), Object.keys(withoutMethod).sort(), "ops without a method");
});
