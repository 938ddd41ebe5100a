/**
 * The rooms of the repository, and what each may import: an import that the list does not allow is an error, and so is an
 * entry of the list that no import needs.
 */
import { circles } from "./graph.ts";
import { testWith } from "./permissions.ts";
import { assertEquals } from "./support.ts";

/** The rooms that each room may import. A file on top of a room, such as `core/mod.ts`, is a room by itself. */
const arrows: Record<string, readonly string[]> = {
  "mod.ts": ["core/mod.ts", "nn", "optim", "data", "io", "train"],
  "core/pure": ["kernels"],
  "core/host": ["kernels"],
  "core/ambient": ["core/pure"],
  "core/array": ["core/host", "core/pure", "kernels"],
  "core/tensor": ["core/array", "core/ambient", "core/pure", "kernels"],
  "core/capture": ["core/tensor", "core/array", "core/ambient", "core/pure", "kernels"],
  "core/profile": ["core/tensor", "core/array", "core/pure", "kernels"],
  "core/open.ts": ["core/array", "core/host", "core/pure", "kernels"],
  "core/internal.ts": ["core/tensor", "core/array", "core/ambient", "core/host", "core/pure", "kernels"],
  "core/mod.ts": [
    "core/open.ts",
    "core/profile",
    "core/capture",
    "core/tensor",
    "core/array",
    "core/ambient",
    "core/host",
    "core/pure",
  ],
  kernels: [],
  nn: ["core/mod.ts", "core/internal.ts"],
  optim: ["core/mod.ts", "core/internal.ts"],
  io: ["core/mod.ts", "core/internal.ts", "nn"],
  data: ["core/mod.ts", "core/internal.ts", "core/pure", "kernels"], // What a worker loads is pure: it starts sooner.
  "data/images": ["data", "core/internal.ts", "kernels"],
  "data/text": ["core/internal.ts"],
  "io/pytorch": ["core/mod.ts", "core/internal.ts", "io"],
  train: ["core/mod.ts", "core/internal.ts", "nn", "optim", "data", "io"],
  examples: ["mod.ts", "data/text", "data/images", "io/pytorch", "tools"], // The tools draw its pictures.
  bench: ["mod.ts", "tools"],
  tools: ["mod.ts", "core/pure", "kernels", "data", "data/images"],
};
/** Folders whose subfolders are rooms; every other folder is one room, but for the entry points of their own in it. */
const houses = ["core"], ownEntries = ["data/images", "data/text", "io/pytorch"];
/** The files whose imports reach every file of the rooms but the tests. */
const roots = [
  "mod.ts",
  "data/images/mod.ts",
  "data/text/mod.ts",
  "io/pytorch/mod.ts",
  "examples/mnist.ts",
  "examples/gpt_text.ts",
  "examples/gru_series.ts",
  "examples/k_fold_csv.ts",
  "examples/transfer.ts",
  "examples/plot.ts",
  "examples/vae_digits.ts",
  "examples/xor.ts",
  "bench/main.ts",
  "bench/serve.ts",
  "bench/soak.ts",
  "data/workers/items.ts",
  "data/workers/worker.ts",
  "tools/doctor.ts",
  "tools/docs.ts",
  "tools/dashboard/main.ts",
  "tools/dashboard/open.ts",
  "tools/dashboard/samples.ts",
  "tools/dashboard/worker.ts",
  "tools/predict/main.ts",
  "tools/report/main.ts",
  "tools/run_tests.ts",
  "tools/train/main.ts",
];

interface Import {
  specifier: string;
  code?: { specifier?: string };
  type?: { specifier?: string };
  isTypeOnly?: boolean;
}

const home = new URL("..", import.meta.url);

/** The room of a file, by its path from the repository's root. */
function roomOf(path: string): string {
  const parts = path.split("/"), two = parts.slice(0, 2).join("/");
  if (ownEntries.includes(two)) return two;
  return houses.includes(parts[0]!) ? parts.slice(0, 2).join("/") : parts[0]!;
}

/** The imports of each file: their paths, and whether only types are imported, which are gone at run time. */
function imports(): Map<string, Map<string, { isTypeOnly: boolean }>> {
  const found = new Map<string, Map<string, { isTypeOnly: boolean }>>();
  for (const root of roots) {
    const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", root], cwd: home });
    const { modules } = JSON.parse(new TextDecoder().decode(command.outputSync().stdout)) as {
      modules: { specifier: string; dependencies?: Import[] }[];
    };
    for (const { specifier, dependencies = [] } of modules) {
      const targets = new Map<string, { isTypeOnly: boolean }>();
      for (const { code, type } of dependencies) {
        const target = code?.specifier ?? type?.specifier;
        // The runtime's own modules and deno.json belong to no room.
        if (target === undefined || target.startsWith("node:") || target === `${home.href}deno.json`) continue;
        // A room may import packages by one file only.
        if (target.startsWith("npm:") && /\/(std\.ts|npm\.[tj]s)$/.test(specifier)) continue;
        targets.set(target.replace(home.href, ""), { isTypeOnly: code?.specifier === undefined });
      }
      found.set(specifier.replace(home.href, ""), targets);
    }
  }
  return found;
}

testWith(["run", "read"], "imports follow the arrows of the house, and mod.ts depends on nothing", () => {
  const wrong = new Set<string>(), drawn = new Set<string>();
  for (const [path, targets] of imports()) {
    const from = roomOf(path);
    for (const target of targets.keys()) {
      const to = roomOf(target);
      if (from === to) continue;
      drawn.add(`${from} -> ${to}`);
      if (!arrows[from]?.includes(to)) wrong.add(`${path} -> ${target}`);
    }
  }
  assertEquals([...wrong], []);
  const allowed = Object.entries(arrows).flatMap(([from, all]) => all.map((to) => `${from} -> ${to}`));
  assertEquals(allowed.filter((arrow) => !drawn.has(arrow)), [], "arrows that nobody draws");
});

testWith(["run", "read"], "no files import one another in a circle", () => {
  const all = imports();
  const graph = (isTypeToo: boolean) =>
    new Map([...all].map(([path, targets]) => [
      path,
      [...targets].filter(([, { isTypeOnly }]) => isTypeToo || !isTypeOnly).map(([target]) => target),
    ]));
  assertEquals(circles(graph(false)), [], "at run time");
  // A gradient is written in Tensor's methods, and these call ops. So ops import Tensor, but only its type.
  const typed = circles(graph(true));
  assertEquals(typed.length, 1, "circles of types");
  const strangers = typed[0]!.filter((path) => !path.startsWith("core/tensor/"));
  assertEquals(strangers, [], "files in the circle of types that are neither Tensor nor its ops");
  // Without the file of class Tensor there is no circle left.
  const without = new Map([...graph(true)].filter(([path]) => path !== "core/tensor/tensor.ts"));
  assertEquals(circles(without), [], "circles of types that do not pass through Tensor");
});

testWith(["run", "read"], "a worker of a loader loads files without state only, so that it starts soon", () => {
  const all = imports(), reached = new Set(["data/workers/worker.ts"]);
  for (const path of reached) {
    for (const [target, { isTypeOnly }] of all.get(path) ?? []) if (!isTypeOnly) reached.add(target);
  }
  const kept = /^(data\/|core\/pure\/|kernels\/(reference\/|instruction\.ts|table\.json))/;
  assertEquals([...reached].filter((path) => !kept.test(path)), []);
});
