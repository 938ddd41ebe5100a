/**
 * Where the libraries of CUDA may lie beside the system's own folders: an installed toolkit, and packages of Python
 * that bring them. Folders are looked at only where reading them is already granted.
 */
import { environment, isFolder, mayRead } from "./environment.ts";

/** What the library takes at most. */
const foldersMax = 16;

/** Folders that exist, the likeliest first. */
export function cudaFolders(): string[] {
  const folders: string[] = [];
  for (const variable of ["CUDA_HOME", "CUDA_PATH"]) {
    const home = environment(variable);
    if (home !== undefined) folders.push(`${home}/lib64`, `${home}/bin`);
  }
  for (const packages of pythonPackages()) {
    for (const name of entriesOf(`${packages}/nvidia`)) {
      folders.push(`${packages}/nvidia/${name}/${Deno.build.os === "windows" ? "bin" : "lib"}`);
    }
  }
  folders.push("/usr/local/cuda/lib64");
  return folders.filter((folder, index) => folders.indexOf(folder) === index && mayBeFolder(folder)).slice(
    0,
    foldersMax,
  );
}

/** Folders that hold packages of Python: of the virtual environment first, then the user's, then the system's. */
function pythonPackages(): string[] {
  const virtual = environment("VIRTUAL_ENV"), home = environment("HOME");
  const roots = [virtual, home === undefined ? undefined : `${home}/.local`, "/usr/local", "/usr"];
  return roots.filter((root) => root !== undefined).flatMap((root) =>
    entriesOf(`${root}/lib`).filter((name) => /^python3/.test(name)).flatMap((name) =>
      ["site-packages", "dist-packages"].map((kind) => `${root}/lib/${name}/${kind}`)
    )
  );
}

/** A folder that may not be looked at is left to the library, which only tries to open files in it. */
function mayBeFolder(path: string): boolean {
  return !mayRead(path) || isFolder(path);
}

function entriesOf(path: string): string[] {
  if (!mayRead(path)) return [];
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  } catch {
    return [];
  }
}
