/**
 * The places where CUDA's libraries are looked for, and which of several libraries is taken: the version of
 * `fixtures/cuda_library.zig` is the number in the name of its file. The driver is the tests' own.
 */
import { devices } from "../mod.ts";
import { cudaLibrary, standIn } from "./built.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertMatch, assertStrictEquals, required } from "./support.ts";

const cpu = devices().find(({ name }) => name === "cpu")!;
const absent = Deno.build.os !== "linux"
  ? "libraries are found otherwise"
  : cpu.available || required.includes("cpu")
  ? null
  : cpu.reason ?? "not built";

const look = `
  import { devices, openDevice } from "${new URL("../kernels/mod.ts", import.meta.url)}";
  const { available, reason, description } = devices().find(({ name }) => name === "cuda");
  const list = () => {
    const first = openDevice("cuda");
    openDevice("cuda");
    return first.description.replace(/.*libdeneb[^,]+/, description);
  };
  console.log(available ? list() : reason);
`;

/** Each case begins without any other libraries: those outside the folders of the case are hidden. */
async function inBareFolder(
  body: (
    place: {
      folder: string;
      put: (file: string) => Promise<void>;
      /** The device as a program in the folder lists it; with `errors`, also the program's standard error. */
      look: (how?: { program?: string; env?: Record<string, string>; errors?: boolean }) => Promise<string>;
    },
  ) => Promise<void>,
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
        // Copies, since the system opens links to one file only once.
        await Deno.copyFile(library, `${folder}/${file}`);
      },
      look: async ({ program, env = {}, errors = false } = {}) => {
        const file = `${folder}/${program ?? "main"}.ts`;
        await ensure(file);
        await Deno.writeTextFile(file, look);
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", "--no-config", file],
          cwd: folder,
          env: {
            CUDA_HOME: `${folder}/toolkit`,
            CUDA_PATH: "",
            VIRTUAL_ENV: `${folder}/python`,
            HOME: folder,
            LD_LIBRARY_PATH: `${folder}/system`,
            DENO_DIR: denoFolder,
            NO_COLOR: "1",
            ...env,
          },
        }).output();
        assert(success, new TextDecoder().decode(stderr));
        return new TextDecoder().decode(errors ? stderr : stdout).trim();
      },
    });
  });
}

/** Deno's own cache, which Deno would look for in the home folder of the case. */
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
    // A folder that the user named comes before folders that are merely there, whichever library is newer.
    await put(`${packages}/cu13/lib/libcublas.so.13`);
    await put(`${packages}/cu13/lib/libnvrtc.so.13`);
    assertMatch(await look(), /, cuBLAS 12\.1, NVRTC 13\.1$/);
    await Deno.remove(`${folder}/toolkit/lib64/libcublas.so.12`);
    assertMatch(await look(), /, cuBLAS 13\.1, NVRTC 13\.1$/);
    // Without a virtual environment: the user's own packages.
    await Deno.mkdir(`${folder}/.local`);
    await Deno.rename(`${folder}/python/lib`, `${folder}/.local/lib`);
    assertMatch(await look(), /, cuBLAS 13\.1, NVRTC 13\.1$/);
  });
}, absent);

testWith(needed, "cuda: libraries are found in conda and in environments that are not active", async () => {
  await inBareFolder(async ({ put, look, folder }) => {
    const without = /without cuBLAS: .*, without NVRTC: /;
    assertMatch(await look(), without);
    await put("conda/lib/libcublas.so.12");
    await put("conda/lib/libnvrtc.so.12");
    const env = { CONDA_PREFIX: `${folder}/conda` };
    assertMatch(await look({ env }), /, cuBLAS 12\.1, NVRTC 12\.1$/);
    // Beside the program, and in the folder in which it is started.
    for (const [name, program] of [[".venv", "apart/main"], ["venv", "main"], [".venv", "main"]] as const) {
      const place = program === "main" ? name : `apart/${name}`;
      await put(`${place}/lib/python3.13/site-packages/nvidia/cu13/lib/libcublas.so.13`);
      await put(`${place}/lib/python3.13/site-packages/nvidia/cu13/lib/libnvrtc.so.13`);
      assertMatch(await look({ program }), /, cuBLAS 13\.1, NVRTC 13\.1$/, place);
      await Deno.remove(`${folder}/${place}`, { recursive: true });
    }
    assertMatch(await look({ program: "apart/main" }), without);
    // Many packages without such a library do not crowd out those that have one.
    for (let k = 0; k < 20; k++) await put(`${packages}/a${k}/lib/libother.so.1`);
    await put(`${packages}/cublas/lib/libcublas.so.12`);
    await put(`${packages}/cuda_nvrtc/lib/libnvrtc.so.12`);
    assertMatch(await look(), /, cuBLAS 12\.1, NVRTC 12\.1$/);
  });
}, absent);

testWith(needed, "cuda: what makes it slow is said once, with what mends it", async () => {
  await inBareFolder(async ({ put, look }) => {
    assertStrictEquals(
      (await look({ errors: true })).replaceAll(/(without \w+): .*/g, "$1: ..."),
      [
        "deneb: products on cuda are many times slower without cuBLAS: ...",
        "deneb: `pip install nvidia-cublas-cu12` mends it",
        "deneb: cuda joins no instructions into one kernel without NVRTC: ...",
        "deneb: `pip install nvidia-cuda-nvrtc-cu12` mends it",
      ].join("\n"),
    );
    assertMatch(await look(), /^0: CUDA 12\.4, Stand-in 0, 1\.0 GiB, slower without cuBLAS and NVRTC, /);
    await put("toolkit/lib64/libcublas.so.12");
    assert(!/cuBLAS/.test(await look({ errors: true })));
    assertMatch(await look(), /^0: CUDA 12\.4, Stand-in 0, 1\.0 GiB, slower without NVRTC, /);
    await put("toolkit/lib64/libnvrtc.so.12");
    assertStrictEquals(await look({ errors: true }), "");
    assertMatch(await look(), /^0: CUDA 12\.4, Stand-in 0, 1\.0 GiB, Stand-in 0, /);
  });
}, absent);

testWith(needed, "cuda: of versions beside one another the newest that opens is taken", async () => {
  await inBareFolder(async ({ put, look, folder }) => {
    for (const version of ["11", "12", "13"]) await put(`toolkit/lib64/libcublas.so.${version}`);
    for (const version of ["11.2", "12", "13"]) await put(`${packages}/cuda_nvrtc/lib/libnvrtc.so.${version}`);
    for (const [version, older] of [["13", "12"], ["12", "11"], ["11", ""]] as const) {
      assertMatch(await look(), new RegExp(`, cuBLAS ${version}\\.1, NVRTC ${version}\\.1$`));
      // A library that does not open is passed over as if it were missing.
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
