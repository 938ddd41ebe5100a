/** Files that tests build with Zig, once for each state of the sources, and keep in `.zig-cache/tests`. */
import { libraryFile } from "../kernels/native/library.ts";
import { buildCuda, buildLibrary, buildWasm, compile } from "../tools/build.ts";
import { ensureZig } from "../tools/zig.ts";
import { fromFileUrl } from "./std.ts";

const root = new URL("..", import.meta.url);

/** All files of a folder: the runtime's own search by patterns asks for a variable of the environment. */
function filesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(new URL(folder, root))).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

/** A name for the present state of the sources. */
async function digest(): Promise<string> {
  const sources = ["kernels", "tests/standin"].flatMap(filesIn).filter((path) => /\.(zig|json|cl)$/.test(path));
  const parts: BlobPart[] = [];
  for (const path of [...sources.sort(), "tools/build.ts", "tools/targets.json"]) {
    parts.push(path, await Deno.readFile(new URL(path, root)));
  }
  const bytes = await new Blob(parts).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}

/** The file that `build` makes in a folder for the present sources. Folders of older sources are removed. */
async function builtOnce(kind: string, file: string, build: (folder: string) => Promise<unknown>): Promise<string> {
  const all = new URL(`.zig-cache/tests/${kind}/`, root), name = await digest();
  const path = new URL(`${name}/${file}`, all);
  try {
    await Deno.stat(path);
  } catch {
    await Deno.remove(all, { recursive: true }).catch(() => {});
    await Deno.mkdir(new URL(`${name}/`, all), { recursive: true });
    try {
      await build(`.zig-cache/tests/${kind}/${name}`);
    } catch (error) {
      // The rest of a failed build must not be taken for its result.
      await Deno.remove(all, { recursive: true });
      throw error;
    }
  }
  return fromFileUrl(path);
}

const silent = () => {};

/** The library, built with all of Zig's checks. */
export function safeLibrary(): Promise<string> {
  return builtOnce("safe", libraryFile(), (folder) => buildLibrary(silent, { mode: "safe", folder }));
}

/** The wasm module of these sources. */
export function freshWasm(): Promise<string> {
  return builtOnce("wasm", "deneb.wasm", (folder) => buildWasm(`${folder}/deneb.wasm`, silent));
}

/** The CUDA kernels of these sources, as PTX. */
export function freshPtx(): Promise<string> {
  return builtOnce("ptx", "kernels.ptx", async (folder) => buildCuda(`${folder}/kernels.ptx`, await ensureZig(silent)));
}

/** The library that cuts the text of all kernels into modules; see `standin/cut.zig`. */
export function moduleCutter(): Promise<string> {
  return builtOnce("cut", "libcut.so", async (folder) =>
    compile(await ensureZig(silent), [
      ...["build-lib", "-dynamic", "-lc", "-fPIC", "-O", "debug", `-femit-bin=${folder}/libcut.so`],
      ...["--dep", "module", "-Mroot=tests/standin/cut.zig", "-Mmodule=kernels/cuda/module.zig"],
    ]));
}

/**
 * A folder like that of a CUDA toolkit, with a driver, a cuBLAS and an NVRTC that compute on the CPU; see
 * `standin/driver.zig`. The libraries lack the function named by `without`.
 */
export async function standIn({ without = "" } = {}): Promise<string> {
  const path = await builtOnce(`standin${without}`, "lib64/libcuda.so.1", async (folder) => {
    const zig = await ensureZig(silent), options = `${folder}/options.zig`, library = `${folder}/lib64/libcuda.so.1`;
    await Deno.mkdir(new URL(`${folder}/lib64`, root));
    // The path must be absolute, since the stand-in calls the compiler from another folder.
    const command = zig.map((word) => word.startsWith(".") ? fromFileUrl(new URL(word, root)) : word).join(" ");
    const words: Record<string, string> = { without, folder: fromFileUrl(new URL(folder, root)), zig: command };
    const lines = Object.entries(words).map(([key, value]) =>
      `pub const ${key}: []const u8 = ${JSON.stringify(value)};\n`
    );
    await Deno.writeTextFile(new URL(options, root), lines.join(""));
    // Without optimization Zig builds these hundreds of kernels in seconds, and keeps all checks.
    await compile(zig, [
      ...["build-lib", "-dynamic", "-lc", "-fPIC", "-O", "debug", `-femit-bin=${library}`],
      ...["--dep", "kernels", "--dep", "options", "-Mroot=tests/standin/driver.zig"],
      ...["-Mkernels=kernels/cuda_kernels.zig", `-Moptions=${options}`],
    ]);
    for (const name of ["libcublas.so.12", "libcublasLt.so.12", "libnvrtc.so.12"]) {
      await Deno.symlink("libcuda.so.1", new URL(`${folder}/lib64/${name}`, root));
    }
  });
  return path.replace("/lib64/libcuda.so.1", "");
}

/** Makes in a folder a libOpenCL whose device is lost on demand; see `fixtures/lost_opencl.zig`. */
export function lostOpenCL(folder: string): Promise<void> {
  return buildFixture("lost_opencl.zig", folder, "libOpenCL.so.1");
}

/** Makes in a folder a libclblast whose products fail; see `fixtures/failing_clblast.zig`. */
export function failingCLBlast(folder: string): Promise<void> {
  return buildFixture("failing_clblast.zig", folder, "libclblast.so.1");
}

/** A library that is a cuBLAS and an NVRTC by name; see `fixtures/cuda_library.zig`. */
export function cudaLibrary(): Promise<string> {
  return builtOnce("places", "libcuda_library.so", async (folder) => {
    await buildFixture("cuda_library.zig", fromFileUrl(new URL(folder, root)), "libcuda_library.so");
  });
}

async function buildFixture(name: string, folder: string, library: string): Promise<void> {
  const [command, ...first] = await ensureZig(silent), source = fromFileUrl(import.meta.resolve(`./fixtures/${name}`));
  const options = ["-dynamic", "-lc", "-O", "debug", "--cache-dir", `${folder}/zig-cache`];
  const { success, stderr } = await new Deno.Command(command!, {
    args: [...first, "build-lib", source, ...options, `-femit-bin=${folder}/${library}`],
  }).output();
  if (!success) throw new Error(`Cannot build the stand-in: ${new TextDecoder().decode(stderr)}`);
}
