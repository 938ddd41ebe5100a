/** The rooms of the house and who may look into which: an import that is not in this list is an error. */
import { testWith } from "./permissions.ts";
import { assertEquals } from "./support.ts";

const arrows: Record<string, readonly string[]> = {
  "mod.ts": ["core", "nn", "optim", "data", "io", "train"],
  kernels: [],
  core: ["kernels"],
  nn: ["core"],
  optim: ["core", "nn"],
  io: ["core", "optim"],
  data: ["kernels", "core", "io"],
  train: ["core", "nn", "optim", "data"],
  examples: ["mod.ts", "tools"],
  bench: ["mod.ts", "examples", "tools"],
  tools: ["mod.ts", "kernels", "data"],
};
/** Roots that reach every file of the rooms but the tests. */
const roots = [
  "mod.ts",
  "examples/mnist.ts",
  "examples/xor.ts",
  "bench/main.ts",
  "tools/doctor.ts",
  "tools/run_tests.ts",
];

interface Module {
  specifier: string;
  dependencies?: { specifier: string; code?: { specifier: string }; type?: { specifier: string } }[];
}

const home = new URL("..", import.meta.url).href;

function roomOf(specifier: string): string {
  if (!specifier.startsWith(home)) return specifier;
  const path = specifier.slice(home.length);
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : path;
}

testWith(["run", "read"], "imports follow the arrows of the house, and mod.ts depends on nothing", () => {
  const wrong = new Set<string>();
  for (const root of roots) {
    const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", root], cwd: new URL(home) });
    const { modules } = JSON.parse(new TextDecoder().decode(command.outputSync().stdout)) as { modules: Module[] };
    for (const { specifier, dependencies = [] } of modules) {
      const from = roomOf(specifier);
      for (const { code, type } of dependencies) {
        const target = (code ?? type)!.specifier, to = roomOf(target);
        // Modules that are built into the runtime, and the settings file, belong to no room.
        if (from === to || to === "deno.json" || target.startsWith("node:")) continue;
        if (!arrows[from]?.includes(to)) wrong.add(`${specifier.replace(home, "")} -> ${target.replace(home, "")}`);
      }
    }
  }
  assertEquals([...wrong], []);
});
