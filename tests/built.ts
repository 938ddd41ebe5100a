/** What tests build with Zig: made once for each state of the sources, and kept in `.zig-cache/tests`. */
import { libraryFile } from "../kernels/library.ts";
import { buildLibrary, buildWasm } from "../tools/build.ts";

const root = new URL("..", import.meta.url);

/** A name for the sources as they are. */
async function digest(): Promise<string> {
  const kernels = [...Deno.readDirSync(new URL("kernels", root))].map(({ name }) => `kernels/${name}`);
  const sources = kernels.filter((path) => /\.(zig|json)$/.test(path)).sort();
  const parts: BlobPart[] = [];
  for (const path of [...sources, "tools/build.ts", "tools/targets.json"]) {
    parts.push(path, await Deno.readFile(new URL(path, root)));
  }
  const bytes = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}

/** The file that `build` makes in a folder of these sources; older ones are removed. */
async function builtOnce(kind: string, file: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  const all = new URL(`.zig-cache/tests/${kind}/`, root), name = await digest();
  const path = new URL(`${name}/${file}`, all);
  try {
    await Deno.stat(path);
  } catch {
    await Deno.remove(all, { recursive: true }).catch(() => {});
    await Deno.mkdir(new URL(`${name}/`, all), { recursive: true });
    await build(`.zig-cache/tests/${kind}/${name}`);
  }
  return path.pathname;
}

const silent = () => {};

/** The library with every check of Zig's. */
export function safeLibrary(): Promise<string> {
  return builtOnce("safe", libraryFile(), (folder) => buildLibrary(silent, { mode: "safe", folder }));
}

/** The wasm module of these sources. */
export function freshWasm(): Promise<string> {
  return builtOnce("wasm", "deneb.wasm", (folder) => buildWasm(`${folder}/deneb.wasm`, silent));
}
