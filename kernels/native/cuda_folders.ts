/**
 * Where the libraries of CUDA may be beside the system's own folders: an installed toolkit, a container's driver, and
 * packages of Python and conda. Folders are read only where reading them is already granted.
 */
import { environment, mayRead } from "./environment.ts";

/** The most folders that the library accepts. */
const foldersMax = 16;
const windows = typeof Deno !== "undefined" && Deno.build.os === "windows";

/** Folders that hold a library of CUDA, the likeliest first. */
export function cudaFolders(): string[] {
  const folders: string[] = [];
  for (const variable of ["CUDA_HOME", "CUDA_PATH"]) {
    const home = environment(variable);
    if (home !== undefined) folders.push(`${home}/lib64`, `${home}/bin`);
  }
  for (const root of pythonRoots()) {
    folders.push(
      ...packagesIn(root).flatMap((packages) =>
        entriesOf(`${packages}/nvidia`).map((name) => `${packages}/nvidia/${name}/${windows ? "bin" : "lib"}`)
      ),
    );
  }
  const conda = environment("CONDA_PREFIX");
  if (conda !== undefined) {
    folders.push(windows ? `${conda}/Library/bin` : `${conda}/lib`, `${conda}/targets/x86_64-linux/lib`);
  }
  folders.push("/usr/local/cuda/lib64", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib");
  return folders.filter((folder, index) => folders.indexOf(folder) === index && mayHold(folder)).slice(0, foldersMax);
}

/** Folders in which `cudaFolders` looks, for a program that grants itself no more. */
export function cudaSearched(): string[] {
  const homes = ["CUDA_HOME", "CUDA_PATH"].map(environment).filter((home) => home !== undefined);
  return [
    ...homes,
    ...pythonRoots().map((root) => `${root}/${windows ? "Lib" : "lib"}`),
    "/usr/local/cuda",
    "/usr/local/nvidia",
  ];
}

/**
 * Where packages of Python are installed: the active environment, those beside the program, the user's, the system's.
 */
function pythonRoots(): string[] {
  const home = environment("HOME");
  const beside = programFolders().flatMap((folder) => [`${folder}/.venv`, `${folder}/venv`]);
  return [
    environment("VIRTUAL_ENV"),
    environment("CONDA_PREFIX"),
    ...beside,
    home === undefined ? undefined : `${home}/.local`,
    "/usr/local",
    "/usr",
  ].filter((root) => root !== undefined);
}

/** The folder of the program's first module, and the working folder. */
function programFolders(): string[] {
  const folders: string[] = [];
  try {
    const main = new URL(".", Deno.mainModule);
    if (main.protocol === "file:") folders.push(decodeURIComponent(main.pathname).replace(/\/$/, ""));
  } catch {
    // Without permission to know the program's folder, other folders are searched.
  }
  return [...folders, "."];
}

/** Folders of packages in an installation or environment of Python. */
function packagesIn(root: string): string[] {
  if (windows) return [`${root}/Lib/site-packages`];
  return entriesOf(`${root}/lib`).filter((name) => /^python3/.test(name)).flatMap((name) =>
    ["site-packages", "dist-packages"].map((kind) => `${root}/lib/${name}/${kind}`)
  );
}

/**
 * Whether the folder holds libraries of CUDA. A folder that may not be read counts, too: the library only tries to open
 * files in it.
 */
function mayHold(path: string): boolean {
  return !mayRead(path) || entriesOf(path).some((name) => /^(lib)?(cuda\.|nvcuda|cublas|nvrtc)/.test(name));
}

function entriesOf(path: string): string[] {
  if (!mayRead(path)) return [];
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  } catch {
    return [];
  }
}
