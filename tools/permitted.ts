/**
 * Runs a program of the repository with the permissions that it needs and no others, each by name: the tasks of `deno.json`
 * that read variables or flags for their folders start here. What follows the program's name goes to the program.
 *
 * Paths depend on the environment and on flags, which `deno.json` cannot look up; the program gets them from here.
 */
import { dirname, resolve } from "node:path";
import { cudaSearched } from "../kernels/native/cuda_folders.ts";
import { cacheFolder, environment, variables } from "../kernels/native/environment.ts";
import { gpuNodes } from "../kernels/native/gpu_nodes.ts";
import { cachedLibrary, libraryFile } from "../kernels/native/library.ts";
import { realOf } from "../kernels/native/partial.ts";
import { readWords } from "./dashboard/command_line.ts";
import { readWords as readPredictWords } from "./predict/words.ts";
import { runProgram } from "./program.ts";
import { readWords as readReportWords } from "./report/command_line.ts";
import { configOf } from "./train/command_line.ts";
import { installedZig, pythons, zigFolder } from "./zig.ts";

/** What a program may do: paths, hosts, commands. Those that are undefined are left out. */
export interface Permissions {
  read?: Names;
  write?: Names;
  net?: Names;
  run?: Names;
  ffi?: Names;
  sys?: Names;
}

type Names = readonly (string | null | undefined)[];

/** Variables of other programs that say where something is, and one by which the search for faults calls itself. */
const othersVariables = [
  ...["HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "TMPDIR"],
  "FUZZ_PROGRESS",
];

/** What a program needs that opens devices: the library, the programs that drivers built, and where CUDA may be. */
function devices(): Required<Pick<Permissions, "read" | "write" | "ffi">> {
  const cache = cacheFolder("code"), fetched = cachedLibrary();
  const programs = environment("DENEB_PROGRAMS") ?? (cache === null ? null : `${cache}/programs`);
  const fetchedFolder = fetched?.slice(0, -libraryFile().length - 1);
  return {
    // CUDA is done without where its path cannot be named.
    read: [".deneb", programs, fetchedFolder, ...gpuNodes, ...cudaSearched().filter((path) => !path.includes(","))],
    write: [programs, fetchedFolder],
    ffi: [`zig-out/lib/${libraryFile()}`, environment("DENEB_LIB"), fetched],
  };
}

/** What finding Zig, installing it and building with it needs. */
function building(): Required<Omit<Permissions, "sys">> {
  return {
    read: [".", cacheFolder("code"), zigFolder()],
    write: [".zig-cache", "zig-out", "kernels/deneb.wasm", zigFolder(), `${zigFolder()}.partial`],
    net: ["files.pythonhosted.org"],
    run: findingZig(),
    ffi: [],
  };
}

function findingZig(): Names {
  return ["zig", ...pythons, environment("DENEB_ZIG"), installedZig()];
}

/** A file of the repository, what it may do when it is given these words, and further flags of Deno. */
interface Program {
  readonly file: string;
  readonly needs: (words: readonly string[]) => Permissions;
  readonly flags?: readonly string[];
}

/** The flags of programs that take Deno's standard library. */
const locked = ["--lock=deno.lock", "--frozen"];

/** What a training run needs that is asked for in these words. */
function training(words: readonly string[]): Permissions {
  const { config, file } = configOf(words, readAnywhere), { data, model, out, workers, dashboard } = config;
  const { read, write, ffi } = devices(), own = environment("DENEB_DATA") ?? cacheFolder();
  const mnist = own === null ? null : `${own}/mnist`, cifar10 = own === null ? null : `${own}/cifar-10-batches-bin`;
  const isMnist = data === "auto" || data === "mnist", isNamed = !isMnist && data !== "cifar10" && data !== "digits";
  return {
    read: [
      ...[...read, out, file],
      // A folder that is named is read; only into the user's own are missing files downloaded.
      ...[isMnist ? mnist : null, data === "cifar10" ? cifar10 : null, isNamed ? data : null],
      // A CSV file names images beside it.
      ...[isNamed && data.endsWith(".csv") ? dirname(data) : null, /\.[mc]?[jt]s$/.test(model) ? model : null],
      // Code that is loaded only for some runs.
      ...(isNamed ? ["data/images"] : []),
      ...(workers > 0 ? ["core", "data", "kernels"] : []),
      ...(dashboard ? ["tools/dashboard"] : []),
    ],
    write: [...write, out, isMnist ? mnist : null],
    net: [
      ...(isMnist ? ["storage.googleapis.com", "ossci-datasets.s3.amazonaws.com"] : []),
      ...(dashboard ? ["127.0.0.1"] : []),
    ],
    sys: ["cpus"],
    ffi,
  };
}

/**
 * The text of a config file, which may lie where this program may not read: another one reads it, and may do nothing else. Where
 * that fails, the file says nothing here, and the program that runs will say why.
 */
function readAnywhere(path: string): string {
  const script = "data:text/javascript,console.log(Deno.readTextFileSync(Deno.args[0]))";
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) return "{}";
  }
  const args = ["run", "--quiet", "--no-prompt", "--no-config", ...flagsOf({ read: [path] }), script, path];
  const { success, stdout } = new Deno.Command("deno", { args, stderr: "null" }).outputSync();
  return success ? new TextDecoder().decode(stdout) : "{}";
}

export const programs: Readonly<Record<string, Program>> = {
  train: { file: "tools/train/main.ts", needs: training, flags: locked },
  predict: {
    file: "tools/predict/main.ts",
    needs(words) {
      const { model, images, code } = readPredictWords(words), { read, write, ffi } = devices();
      return { read: [...read, model, ...images, code], write, ffi };
    },
    flags: locked,
  },
  bench: {
    file: "bench/main.ts",
    needs() {
      const { read, write, ffi } = devices();
      const run = [...findingZig(), Deno.execPath(), ".zig-cache/bound"];
      return { read: [...read, zigFolder(), ".zig-cache"], write: [...write, ".zig-cache"], run, ffi };
    },
  },
  dashboard: {
    file: "tools/dashboard/main.ts",
    needs: (words) => ({ read: [readWords(words).folder], net: ["127.0.0.1"] }),
    // Its one package, without those of the tests.
    flags: ["--lock=tools/dashboard/deno.lock", "--frozen"],
  },
  doctor: {
    file: "tools/doctor.ts",
    needs() {
      const { read, ffi } = devices();
      return { read: [...read, cacheFolder("code")], run: findingZig(), ffi };
    },
  },
  report: {
    file: "tools/report/main.ts",
    needs(words) {
      // Some runs prepare their images in workers.
      const common = ["--out", "runs/report", "--workers", "1"], mnist = training(["--data", "mnist", ...common]);
      const read = [...mnist.read!, ...training(["--data", "cifar10", ...common]).read!, "docs/report"];
      // Each run is a process of its own.
      const run = [Deno.execPath(), readReportWords(words).python];
      return { ...mnist, read, write: [...mnist.write!, "docs/report"], run };
    },
    flags: locked,
  },
  build: { file: "tools/build.ts", needs: building },
  test: {
    file: "tools/run_tests.ts",
    needs() {
      const all = building();
      return { ...all, run: [...all.run, Deno.execPath()] };
    },
    flags: locked,
  },
  docs: { file: "tools/docs.ts", needs: () => ({ run: [Deno.execPath()] }) },
  fuzz: {
    file: "tests/fuzz/main.ts",
    needs() {
      const { read, write, net, run } = building(), { ffi, ...own } = devices();
      const temporary = environment("TMPDIR") ?? "/tmp";
      return {
        read: [...read, ...own.read, temporary],
        write: [...write, ...own.write, temporary],
        net,
        run: [...run, Deno.execPath()],
        ffi,
      };
    },
    flags: locked,
  },
};

/** The words of `deno run` that grant these permissions. RangeError for a path with a comma, which flags cannot name. */
export function flagsOf(permissions: Permissions): string[] {
  return Object.entries(permissions).flatMap(([name, names]) => {
    const named = (names as Names).filter((each): each is string => typeof each === "string" && each !== "");
    const isPath = name === "read" || name === "write";
    // What a link leads to is asked for under its own name, too.
    const led = isPath
      ? named.map((path) => ({ path, real: realOf(path) })).filter(({ path, real }) => real !== resolve(path))
      : [];
    const given = [...new Set([...named, ...led.map(({ real }) => real)])];
    const wrong = given.find((each) => each.includes(","));
    if (wrong !== undefined) throw new RangeError(`Cannot permit ${wrong}: it has a comma, which divides paths`);
    return given.length === 0 ? [] : [`--allow-${name}=${given.join()}`];
  });
}

/** All words of the command that runs a program, without `deno`. RangeError for a program that there is not. */
export function commandOf(name: string, words: readonly string[]): string[] {
  if (!Object.hasOwn(programs, name)) {
    throw new RangeError(`Cannot run ${name}: it is not one of ${Object.keys(programs).join(", ")}`);
  }
  const { file, needs, flags = [] } = programs[name]!, permissions = needs(words);
  const env = `--allow-env=${[...Object.keys(variables), ...othersVariables].join()}`;
  return [
    ...[
      "run",
      "--quiet",
      "--no-prompt",
      ...flags,
      ...flagsOf({ ...permissions, sys: ["uid", ...permissions.sys ?? []] }),
      env,
    ],
    ...[file, ...words],
  ];
}

/** Runs a program, and ends as it does. */
async function main([name = "", ...words]: readonly string[]): Promise<number> {
  const args = commandOf(name, words);
  let child;
  try {
    child = new Deno.Command("deno", { args, stdin: "inherit", stdout: "inherit", stderr: "inherit" }).spawn();
  } catch (cause) {
    const { message } = cause as Error, command = [Deno.execPath(), ...args].join(" ");
    throw new Error(`Cannot run deno, which must be on the path: ${message}. What would run is\n${command}`, { cause });
  }
  // The terminal sends an interrupt to both; other signals are passed on.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => child.kill("SIGTERM"));
  const { code } = await child.status;
  return code;
}

if (import.meta.main) await runProgram(main);
