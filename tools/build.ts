/**
 * Builds the native library: `deno task build`. With `--wasm` it rebuilds `kernels/deneb.wasm` instead, and with
 * `--check-wasm` it only tells whether the committed file is what the source gives.
 *
 * It calls the compiler directly, with processes for the CPU levels side by side. `zig build` does the same, but compiles
 * Zig's build system first, which takes minutes the first time.
 */
import targets from "./targets.json" with { type: "json" };
import { parseFlags } from "./flags.ts";
import { runProgram } from "./program.ts";
import { ensureZig, type Zig } from "./zig.ts";

const root = new URL("..", import.meta.url);

/** A platform for which the library is built: an entry of `targets.json`. */
interface Target {
  triple: string;
  file: string;
  /** The CPU that the library itself is compiled for, which is the least one that it runs on. */
  baseline: string;
  /** Further levels, linked in as objects: name and CPU. */
  levels: Record<string, string>;
  /** Whether the CUDA kernels are linked in, as `cuda_linked` in `kernels/lib.zig` expects for this platform. */
  cuda?: boolean;
}

/** Options of {@linkcode buildLibrary}. */
export interface BuildOptions {
  /** Zig's optimize mode: `safe` keeps every check. */
  mode?: "fast" | "safe";
  /** The folder of the library, relative to the repository. */
  folder?: string;
}

/** Builds the library for this machine and returns its path, relative to the repository. */
export async function buildLibrary(
  say: (line: string) => void,
  { mode = "fast", folder = "zig-out/lib" }: BuildOptions = {},
): Promise<string> {
  const begun = performance.now();
  const zig = await ensureZig(say);
  const name = `${Deno.build.arch}-${Deno.build.os}`;
  const target = (targets as Record<string, Target>)[name];
  if (!target) throw new Error(`Cannot build: ${name} is not among the targets in tools/targets.json`);
  const common = ["-target", target.triple, "-O", mode, ...(mode === "fast" ? ["-fstrip"] : []), "-fPIC", "-lc"];

  const cache = `.zig-cache/deneb-${mode}`;
  await Deno.mkdir(new URL(cache, root), { recursive: true });
  const toObject = async (name: string, source: readonly string[], cpu: string) => {
    const object = `${cache}/${name}.o`;
    await compile(zig, ["build-obj", ...common, `-mcpu=${cpu}`, `-femit-bin=${object}`, ...source]);
    return object;
  };
  // The slowest parts are first, so that no core waits for one at the end.
  const parts = [
    ...Object.entries(target.levels).reverse().map(([level, cpu]) => ({
      name: level,
      build: () => toObject(level, ["kernels/level.zig"], cpu),
    })),
    ...(target.cuda
      ? [{
        name: "CUDA kernels",
        build: async () => {
          await buildCuda(`${cache}/kernels.ptx`, zig);
          await compress(`${cache}/kernels.ptx`, `${cache}/kernels.ptx.gz`);
          const modules = ["--dep", "cuda_ptx", "-Mroot=kernels/cuda_text.zig", `-Mcuda_ptx=${cache}/kernels.ptx.gz`];
          return toObject("cuda_text", modules, target.baseline);
        },
      }]
      : []),
    { name: "library", build: () => toObject("library", ["kernels/lib.zig"], target.baseline) },
  ];
  say(`Building ${folder}/${target.file} (${parts.length} parts)`);
  const objects = await inParallel(parts, async ({ name, build }) => {
    const object = await build();
    say(`  ${name}  ${seconds(begun)} s`);
    return object;
  });

  await Deno.mkdir(new URL(folder, root), { recursive: true });
  const library = `${folder}/${target.file}`,
    words = ["build-lib", "-dynamic", "--name", "deneb", ...objects, ...common];
  await emit(zig, [...words, `-mcpu=${target.baseline}`], library);
  say(`Built ${library} in ${seconds(begun)} s`);
  return library;
}

/**
 * Builds the CUDA kernels as PTX into `path`, relative to the repository: for the least device, which all later ones
 * accept.
 */
export async function buildCuda(path: string, zig: Zig): Promise<void> {
  await compile(zig, [
    ...[
      "build-obj",
      "kernels/cuda_kernels.zig",
      "-target",
      targets.cuda.triple,
      `-mcpu=${targets.cuda.baseline}`,
    ],
    ...["-O", "fast", "-fstrip", "-fno-emit-bin", `-femit-asm=${path}`],
  ]);
}

/** Compresses a file into another, as `gzip.zig` does. */
async function compress(source: string, target: string): Promise<void> {
  const text = new Blob([await Deno.readFile(new URL(source, root))]);
  await Deno.writeFile(new URL(target, root), text.stream().pipeThrough(new CompressionStream("gzip")));
}

/** Builds the wasm module into `path`, relative to the repository. The same source gives the same bytes. */
export async function buildWasm(path: string, say: (line: string) => void): Promise<void> {
  const begun = performance.now();
  const zig = await ensureZig(say);
  const words = ["build-exe", "kernels/lib.zig", "-target", targets.wasm.triple, `-mcpu=${targets.wasm.baseline}`];
  await emit(zig, [...words, "-O", "fast", "-fstrip", "-fno-entry", "-rdynamic"], path);
  say(`Built ${path} in ${seconds(begun)} s`);
}

/**
 * Compiles into a file, which gets its name only when it is whole: a kill leaves the old file, and a process that runs keeps
 * it.
 */
async function emit(zig: Zig, words: readonly string[], path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1), folder = new URL(".zig-cache/partial/", root);
  const partial = `.zig-cache/partial/${Deno.pid}-${name}`;
  await Deno.mkdir(folder, { recursive: true });
  // What a killed build has left. No build takes as long as a day.
  for await (const { name } of Deno.readDir(folder)) {
    const file = new URL(name, folder), { mtime } = await Deno.stat(file).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() > 86_400_000) await Deno.remove(file).catch(() => {});
  }
  try {
    await compile(zig, [...words, `-femit-bin=${partial}`]);
    await Deno.rename(new URL(partial, root), new URL(path, root));
  } finally {
    await Deno.remove(new URL(partial, root)).catch(() => {});
  }
}

/** Runs the compiler in the repository. */
export async function compile(zig: Zig, words: readonly string[]): Promise<void> {
  const [program, ...first] = zig;
  const args = [...first, ...words, "--cache-dir", ".zig-cache"];
  const { success } = await new Deno.Command(program!, { args, cwd: root, stdout: "inherit", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot build: zig ${words.join(" ")} failed`);
}

/** `Promise.all` over `body`, with as many at a time as there are cores. */
async function inParallel<Item, Result>(items: readonly Item[], body: (item: Item) => Promise<Result>) {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await body(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, worker));
  return results;
}

function seconds(begun: number): string {
  return ((performance.now() - begun) / 1000).toFixed(1);
}

async function sameBytes(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => Deno.readFile(new URL(path, root))));
  return first!.length === second!.length && first!.every((byte, index) => byte === second![index]);
}

async function main(words: readonly string[]): Promise<void> {
  const values = parseFlags(words, { text: [], flags: ["wasm", "check-wasm"] });
  if (values["check-wasm"]) {
    const rebuilt = ".zig-cache/deneb.wasm";
    await buildWasm(rebuilt, console.log);
    if (!await sameBytes(rebuilt, "kernels/deneb.wasm")) {
      throw new Error(
        "Cannot accept kernels/deneb.wasm: it is not what the source gives; run `deno task build --wasm` and commit it",
      );
    }
    console.log("kernels/deneb.wasm is what the source gives");
  } else if (values.wasm) await buildWasm("kernels/deneb.wasm", console.log);
  else await buildLibrary(console.log);
}

if (import.meta.main) await runProgram(main);
