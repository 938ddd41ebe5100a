/**
 * The CUDA device without a GPU: its kernels are assembled for three generations of GPUs, and its host code runs on a
 * driver of the tests' own, `standin/driver.zig`, which computes on the CPU. Each run on it is a process of its own,
 * since a process keeps the driver that it once loaded.
 */
import { environment } from "../kernels/native/environment.ts";
import { devices } from "../mod.ts";
import { freshPtx, moduleCutter, standIn } from "./built.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, assertStrictEquals, required } from "./support.ts";

const needed = ["run", "read", "write", "env", "ffi"] as const;
const root = new URL("..", import.meta.url);

/** The library is absent if the CPU device is. That is a failure where the CPU is required; elsewhere tests are ignored. */
const cpu = devices().find(({ name }) => name === "cpu")!;
const absent = cpu.available || required.includes("cpu") ? null : cpu.reason ?? "not built";

/** Runs Deno on the stand-in and returns what it printed. */
async function onStandIn(args: readonly string[], without = "", more: Record<string, string> = {}): Promise<string> {
  const home = await standIn({ without });
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    env: { CUDA_HOME: home, DENEB_REQUIRE: "cuda", NO_COLOR: "1", ...more },
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  assert(success, `CUDA_HOME=${home} DENEB_REQUIRE=cuda deno ${args.join(" ")}\n${said.slice(-6000)}`);
  return said;
}

/** Runs tests of some files on the stand-in, those whose names hold `[cuda]` or all, and checks how many there were. */
async function testsOnStandIn(files: readonly string[], least: number, filter?: string): Promise<void> {
  const words = filter === undefined ? [] : ["--filter", filter];
  const said = await onStandIn(["test", "-A", "--no-check", ...words, ...files]);
  const passed = Number(/(\d+) passed/.exec(said)?.[1]);
  assert(passed >= least, `only ${passed} tests ran:\n${said}`);
}

const look = `
  import { devices, openDevice } from "./kernels/mod.ts";
  const { available, reason } = devices().find(({ name }) => name === "cuda");
  console.log(available ? openDevice("cuda").description : reason);
`;

testWith(needed, "every row and skeleton is the reference's [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/devices"], 12, "[cuda]");
}, absent);

testWith(needed, "what is too long for a launch is split, and is the reference's [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/devices"], 12, "[cuda in parts]");
  await testsOnStandIn(["tests/standin/long.ts"], 4);
}, absent);

testWith(needed, "programs that come again are graphs [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/standin/graphs.ts"], 10);
}, absent);

testWith(needed, "the stand-in refuses what CUDA's header says a driver refuses [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/standin/rules.ts"], 5);
}, absent);

testWith(needed, "every op and its gradients are the reference's [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/ops"], 72, "[cuda]");
}, absent);

testWith(needed, "halves are PyTorch's, and so is mixed precision [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/halves_test.ts"], 15, "[cuda]");
  await testsOnStandIn(["tests/standin/halves.ts"], 3);
}, absent);

testWith(needed, "the driver's failures are errors that name them [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/standin/cases.ts"], 17);
}, absent);

testWith(needed, "groups run as one kernel with the bits of each instruction [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/standin/fused.ts", "tests/standin/rows.ts"], 10);
}, absent);

testWith(needed, "a product adds its bias, if cuBLASLt is there [cuda on the stand-in]", async () => {
  await testsOnStandIn(["tests/standin/bias.ts"], 3);
  // The sums are right also without cuBLASLt.
  const words = [
    "test",
    "-A",
    "--no-check",
    "--filter",
    "/matmul|forward agrees/",
    "tests/devices",
    "tests/ops",
  ];
  assertMatch(await onStandIn(words, "cublasLtMatmul"), / [1-9]\d* passed/);
  assertMatch(await onStandIn(["eval", look], "cublasLtMatmul"), /cuBLAS 12\.4, NVRTC/);
}, absent);

testWith(needed, "what NVRTC compiled is kept for the next process [cuda on the stand-in]", async () => {
  const program = `
    import { rand, setDefaultDevice } from "./mod.ts";
    import { get } from "./tests/standin/controls.ts";
    await setDefaultDevice("cuda");
    const x = rand([8, 20]).softmax(1).sum().item();
    console.log("sum", Math.round(x), "compiled", get("compiled"));`;
  await inTemporaryFolder(async (folder) => {
    const run = async () => {
      const said = /sum 8 compiled (\d+)/.exec(await onStandIn(["eval", program], "", { DENEB_PROGRAMS: folder }));
      assert(said, "there is no sum");
      return Number(said[1]);
    };
    assert(await run() > 0);
    const [{ name }] = [...Deno.readDirSync(folder)] as [Deno.DirEntry];
    assertMatch(name, /^cuda-[0-9a-f]{16}$/);
    assertStrictEquals(await run(), 0);
    // A file that was cut off lacks its last records.
    const whole = await Deno.readFile(`${folder}/${name}`);
    await Deno.writeFile(`${folder}/${name}`, whole.slice(0, whole.length - 5));
    assert(await run() > 0);
    assertStrictEquals(await run(), 0);
  });
}, absent);

testWith(needed, "a driver without a function that is needed says which [cuda on the stand-in]", async () => {
  const said = await onStandIn(["eval", look], "cuLaunchKernel");
  assertMatch(said, /the driver's library libcuda\.so\.1 has no cuLaunchKernel: it is too old/);
}, absent);

testWith(needed, "without cuBLAS it says why, and multiplies by itself [cuda on the stand-in]", async () => {
  const said = await onStandIn(["eval", look], "cublasDgemmStridedBatched");
  assertMatch(said, /without cuBLAS: its library has no cublasDgemmStridedBatched/);
  const words = ["test", "-A", "--no-check", "--filter", "/matmul.*\\[cuda\\]/", "tests/devices"];
  assertMatch(await onStandIn(words, "cublasDgemmStridedBatched"), /2 passed/);
}, absent);

/** The assembler of CUDA's compiler; `pip install nvidia-cuda-nvcc` brings it. */
const ptxas = environment("DENEB_PTXAS");

/** Modules as the driver is given them: of each kind of kernel the shortest, and the shortest that calls functions. */
async function modulesOfEachKind(text: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const library = Deno.dlopen(await moduleCutter(), {
    cut: { parameters: ["buffer", "usize", "buffer", "usize", "buffer", "usize"], result: "usize" },
  });
  const encoder = new TextEncoder(), whole = encoder.encode(text), buffer = new Uint8Array(whole.length);
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    const entries = Array.from(
      text.matchAll(/^\.visible \.entry (\w+)\([^]*?^\}/gm),
      ([body, name]) => ({ body, name: name! }),
    );
    entries.sort((a, b) => a.body.length - b.body.length);
    const kinds = [
      "vector",
      "strided",
      "fold",
      "join",
      "arg",
      "scan_block",
      "scan",
      "matmul",
      "gather",
      "scatter_first",
      "scatter",
      "sort_tile",
      "sort_exchange",
      "sort_merge",
      "random",
    ];
    for (const kind of [...kinds, "check"]) {
      const own = entries.filter(({ name }) => (kinds.find((one) => name.startsWith(one)) ?? "check") === kind);
      for (const one of [own[0]!, own.find(({ body }) => /\bcall\b/.test(body))]) {
        if (one === undefined) continue;
        const word = encoder.encode(one.name);
        const length = Number(
          library.symbols.cut(whole, BigInt(whole.length), word, BigInt(word.length), buffer, BigInt(buffer.length)),
        );
        assert(length > one.body.length && length < whole.length / 4, `${one.name} has ${length} bytes`);
        modules.set(one.name, buffer.slice(0, length));
      }
    }
    assert(modules.size > kinds.length, [...modules.keys()].join());
  } finally {
    library.close();
  }
  return modules;
}

for (const arch of ["sm_75", "sm_80", "sm_90"]) {
  testWith(needed, `modules are assembled for ${arch} as they are cut`, async () => {
    const modules = await modulesOfEachKind(await Deno.readTextFile(await freshPtx()));
    await inTemporaryFolder(async (folder) => {
      for (const [name, module] of modules) {
        await Deno.writeFile(`${folder}/${name}.ptx`, module);
        const args = [`-arch=${arch}`, `${folder}/${name}.ptx`, "-o", `${folder}/${name}.cubin`];
        const { success, stderr } = await new Deno.Command(ptxas!, { args, stderr: "piped" }).output();
        assert(success, `${name}: ${new TextDecoder().decode(stderr).slice(-2000)}`);
      }
    });
  }, ptxas ? null : "set DENEB_PTXAS to the assembler of nvidia-cuda-nvcc");

  testWith(needed, `every kernel is assembled for ${arch}, and keeps its numbers in registers`, async () => {
    const ptx = await freshPtx();
    await inTemporaryFolder(async (folder) => {
      const args = [`-arch=${arch}`, "-v", ptx, "-o", `${folder}/kernels.cubin`];
      const { success, stdout, stderr } = await new Deno.Command(ptxas!, { args, stdout: "piped", stderr: "piped" })
        .output();
      const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
      assert(success, said.slice(-3000));
      const parts = said.split("Compiling entry function '").slice(1);
      const text = await Deno.readTextFile(ptx);
      assertStrictEquals(parts.length, text.match(/^\.visible \.entry /gm)!.length, "not every entry was assembled");
      for (const part of parts) {
        const name = part.slice(0, part.indexOf("'"));
        const [, stores, loads] = /(\d+) bytes spill stores, (\d+) bytes spill loads/.exec(part)!;
        assertStrictEquals(Number(stores) + Number(loads), 0, `${name} spills`);
        // 65536 registers for 256 threads of at least two blocks.
        assert(Number(/Used (\d+) registers/.exec(part)![1]) <= 128, `${name} leaves no room for a second block`);
      }
      // No multiplication and addition are one: a fused one would round otherwise than everywhere else.
      assert(!/\b(fma|mad)\.(rn\.)?f(32|64)/.test(text), "there is a fused multiply-add");
      assert(!/\b(add|sub|mul)\.f(32|64)/.test(text), "the assembler could fuse what has no rounding");
    });
  }, ptxas ? null : "set DENEB_PTXAS to the assembler of nvidia-cuda-nvcc");
}

/** CUDA's compiler at run time; `pip install nvidia-cuda-nvrtc` brings it. */
const nvrtc = environment("DENEB_NVRTC");

testWith(needed, "the texts of fused kernels are what NVRTC compiles, for three generations", async () => {
  const home = await standIn();
  // These tests leave their texts in the folder.
  await testsOnStandIn(["tests/standin/fused.ts", "tests/standin/rows.ts", "tests/standin/halves.ts"], 13);
  const texts = [...Deno.readDirSync(home)].map(({ name }) => name).filter((name) => name.endsWith(".cu"));
  assert(texts.length > 20, `${texts.length} texts`);
  const roundings = new Set<string>();
  const library = Deno.dlopen(nvrtc!, {
    nvrtcCreateProgram: { parameters: ["buffer", "buffer", "buffer", "i32", "pointer", "pointer"], result: "i32" },
    nvrtcCompileProgram: { parameters: ["u64", "i32", "buffer"], result: "i32" },
    nvrtcGetProgramLogSize: { parameters: ["u64", "buffer"], result: "i32" },
    nvrtcGetProgramLog: { parameters: ["u64", "buffer"], result: "i32" },
    nvrtcGetPTXSize: { parameters: ["u64", "buffer"], result: "i32" },
    nvrtcGetPTX: { parameters: ["u64", "buffer"], result: "i32" },
    nvrtcGetCUBINSize: { parameters: ["u64", "buffer"], result: "i32" },
    nvrtcDestroyProgram: { parameters: ["buffer"], result: "i32" },
  });
  const { symbols } = library, zeroed = (text: string) => new TextEncoder().encode(`${text}\0`);
  const textOf = (
    size: "nvrtcGetPTXSize" | "nvrtcGetProgramLogSize",
    get: "nvrtcGetPTX" | "nvrtcGetProgramLog",
    made: bigint,
  ) => {
    const bytes = new BigUint64Array(1);
    symbols[size](made, bytes);
    const text = new Uint8Array(Number(bytes[0]));
    symbols[get](made, text);
    return new TextDecoder().decode(text);
  };
  try {
    for (const arch of ["sm_75", "sm_80", "sm_90"]) {
      for (const name of texts) {
        const text = zeroed(await Deno.readTextFile(`${home}/${name}`)), made = new BigUint64Array(1);
        assertStrictEquals(symbols.nvrtcCreateProgram(made, text, zeroed("deneb.cu"), 0, null, null), 0);
        const words = [`--gpu-architecture=${arch}`, "--fmad=false"].map(zeroed);
        const pointers = BigUint64Array.from(
          words,
          (word) => BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(word))),
        );
        const status = symbols.nvrtcCompileProgram(made[0]!, words.length, pointers);
        assertStrictEquals(
          status,
          0,
          `${name} for ${arch}: ${textOf("nvrtcGetProgramLogSize", "nvrtcGetProgramLog", made[0]!)}`,
        );
        const bytes = new BigUint64Array(1);
        symbols.nvrtcGetCUBINSize(made[0]!, bytes);
        assert(bytes[0]! > 500n, `${name} for ${arch} gave no code`);
        const ptx = textOf("nvrtcGetPTXSize", "nvrtcGetPTX", made[0]!);
        assertMatch(ptx, /\.entry run\(/);
        assert(!/\b(fma|mad)\.(rn\.)?f(32|64)/.test(ptx), `${name} has a fused multiply-add`);
        for (const [word] of ptx.matchAll(/cvt\.rn\.b?f16\.f32/g)) roundings.add(`${arch} ${word}`);
        symbols.nvrtcDestroyProgram(made);
      }
    }
    // Halves are rounded by the instructions that a generation has.
    const expected = ["sm_75", "sm_80", "sm_90"].map((arch) => `${arch} cvt.rn.f16.f32`);
    expected.push("sm_80 cvt.rn.bf16.f32", "sm_90 cvt.rn.bf16.f32");
    assertEquals([...roundings].sort(), expected.sort());
  } finally {
    library.close();
  }
}, nvrtc ? absent : "set DENEB_NVRTC to the library of nvidia-cuda-nvrtc");
