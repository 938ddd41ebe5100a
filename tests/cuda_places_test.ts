/**
 * Where CUDA's libraries are looked for, and which of several is taken: `fixtures/cuda_library.zig` says as its version the
 * number in its own name. The driver is the tests' own.
 */
import { devices } from "../mod.ts";
import { cudaLibrary, standIn } from "./built.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertMatch, required } from "./support.ts";

const cpu = devices().find(({ name }) => name === "cpu")!;
const absent = Deno.build.os !== "linux"
  ? "libraries are found otherwise"
  : cpu.available || required.includes("cpu")
  ? null
  : cpu.reason ?? "not built";

const look = `
  import { devices, openDevice } from "./kernels/mod.ts";
  const { available, reason } = devices().find(({ name }) => name === "cuda");
  console.log(available ? openDevice("cuda").description : reason);
`;

/** Each begins where nothing else is found: libraries beyond the folders named are no libraries. */
async function inBareFolder(
  body: (place: { folder: string; put: (file: string) => Promise<void>; look: () => Promise<string> }) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const library = await cudaLibrary(), driver = `${await standIn()}/lib64/libcuda.so.1`;
    const ensure = (file: string) => Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    for (
      const name of ["libcublas.so.", "libnvrtc.so."].flatMap((name) =>
        [11, "11.1", "11.2", 12, 13].map((n) => name + n)
      )
    ) {
      await ensure(`${folder}/system/${name}`);
      await Deno.writeTextFile(`${folder}/system/${name}`, "no library");
    }
    await ensure(`${folder}/toolkit/lib64/libcuda.so.1`);
    await Deno.symlink(driver, `${folder}/toolkit/lib64/libcuda.so.1`);
    await body({
      folder,
      put: async (file) => {
        await ensure(`${folder}/${file}`);
        // A copy: of links to one file the system would open it once.
        await Deno.copyFile(library, `${folder}/${file}`);
      },
      look: async () => {
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["eval", look],
          cwd: new URL("..", import.meta.url),
          env: {
            CUDA_HOME: `${folder}/toolkit`,
            CUDA_PATH: "",
            VIRTUAL_ENV: `${folder}/python`,
            HOME: folder,
            LD_LIBRARY_PATH: `${folder}/system`,
            DENO_DIR: denoFolder,
            NO_COLOR: "1",
          },
        }).output();
        assert(success, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(stdout).trim();
      },
    });
  });
}

/** Deno's own cache, which it would look for in the home folder. */
const denoFolder = Deno.permissions.querySync({ name: "env" }).state === "granted"
  ? Deno.env.get("DENO_DIR") ?? `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/deno`
  : "";

const needed = ["run", "read", "write", "env", "ffi"] as const;
const packages = "python/lib/python3.12/site-packages/nvidia";

testWith(needed, "cuda: libraries are found in CUDA_HOME and among Python's packages", async () => {
  await inBareFolder(async ({ put, look, folder }) => {
    await put("toolkit/lib64/libcublas.so.12");
    await put(`${packages}/cuda_nvrtc/lib/libnvrtc.so.12`);
    assertMatch(await look(), /, cuBLAS 12\.1, NVRTC 12\.1$/);
    // What the user named comes before what is merely there, whichever is newer.
    await put(`${packages}/cu13/lib/libcublas.so.13`);
    await put(`${packages}/cu13/lib/libnvrtc.so.13`);
    assertMatch(await look(), /, cuBLAS 12\.1, NVRTC 13\.1$/);
    await Deno.remove(`${folder}/toolkit/lib64/libcublas.so.12`);
    assertMatch(await look(), /, cuBLAS 13\.1, NVRTC 13\.1$/);
    // The user's own packages, where there is no virtual environment.
    await Deno.mkdir(`${folder}/.local`);
    await Deno.rename(`${folder}/python/lib`, `${folder}/.local/lib`);
    assertMatch(await look(), /, cuBLAS 13\.1, NVRTC 13\.1$/);
  });
}, absent);

testWith(needed, "cuda: of versions beside one another the newest that opens is taken", async () => {
  await inBareFolder(async ({ put, look, folder }) => {
    for (const version of ["11", "12", "13"]) await put(`toolkit/lib64/libcublas.so.${version}`);
    for (const version of ["11.2", "12", "13"]) await put(`${packages}/cuda_nvrtc/lib/libnvrtc.so.${version}`);
    for (const [version, older] of [["13", "12"], ["12", "11"], ["11", ""]] as const) {
      assertMatch(await look(), new RegExp(`, cuBLAS ${version}\\.1, NVRTC ${version}\\.1$`));
      // What does not open is passed over as what is not there.
      await Deno.writeTextFile(`${folder}/toolkit/lib64/libcublas.so.${version}`, "no library");
      await Deno.remove(`${folder}/${packages}/cuda_nvrtc/lib/libnvrtc.so.${older === "" ? "11.2" : version}`);
    }
    assertMatch(
      await look(),
      /, without cuBLAS: libcublas\.so\.13 \(or 12, or 11\) is not here: .+, without NVRTC: libnvrtc\.so\.13 \(or 12, or 11\) is not here$/,
    );
  });
}, absent);

testWith(needed, "cuda: without its driver it says what was looked for", async () => {
  await inBareFolder(async ({ folder, look }) => {
    await Deno.remove(`${folder}/toolkit/lib64/libcuda.so.1`);
    for (const name of ["libcuda.so.1", "libcuda.so"]) {
      await Deno.writeTextFile(`${folder}/system/${name}`, "no library");
    }
    assertMatch(await look(), /^the driver's library libcuda\.so\.1 is not here: .*libcuda\.so/);
  });
}, absent);
