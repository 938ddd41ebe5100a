/**
 * Permissions, variables and the cache folder. Each step is taken only where its permission is already granted; nothing
 * here prompts, and outside Deno nothing is granted.
 */

/**
 * The variables that Deneb reads, with their meaning: the table that `deno task doctor` prints and README shows.
 * Variables of other programs, such as `HOME`, are not listed.
 */
export const variables = {
  DENEB_DEVICE: "the default device",
  DENEB_THREADS: "threads of `cpu`; one for each core without it",
  DENEB_OPENCL_DEVICE: "which device `opencl` is: its number, or a part of its name",
  DENEB_CUDA_DEVICE: "which device `cuda` is: its number, or a part of its name",
  DENEB_TF32: "`1` lets `cuda` round the operands of float32 products to TF32",
  DENEB_CLBLAST: "`1` lets CLBlast, where it is, multiply floats on `opencl`",
  DENEB_QUIET: "`1` keeps notices from standard error",
  DENEB_LIB: "the native library's file",
  DENEB_LEVEL: "a level of CPU: `x86_64_v2`, `x86_64_v3`, `x86_64_v4` or `x86_64_v4+bf16`",
  DENEB_DATA: "the folder that holds `mnist/` and `cifar-10-batches-bin/`",
  DENEB_CACHE: "the cache folder; a `./.deneb` of the user's own comes first",
  DENEB_PROGRAMS: "where programs that a device's driver built are kept; `programs` in the cache folder",
  DENEB_ZIG: "the program of Zig 0.17.1 that `deno task build` runs",
} as const;

/** Whether this permission is granted, for just this path, host or variable. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return typeof Deno !== "undefined" && Deno.permissions.querySync(permission).state === "granted";
}

/** The variable's value; undefined if it is unset or empty, or may not be read. */
export function environment(variable: string): string | undefined {
  return isGranted({ name: "env", variable }) ? Deno.env.get(variable) || undefined : undefined;
}

/** Writes a line for people to standard error, unless `DENEB_QUIET` is 1. */
export function notice(text: string): void {
  if (environment("DENEB_QUIET") !== "1") console.warn(text);
}

/** Whether this very path may be read without a prompt. */
export function mayRead(path: string): boolean {
  return isGranted({ name: "read", path });
}

/** The cache folder of the working folder. */
const localFolder = "./.deneb";

/** Whether there is a file or a folder. Throws where that cannot be told, as without permission. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Why `./.deneb` is not the cache folder, of data or of code; null if it is. It must be the user's own, since the working
 * folder may be another's, or everyone's. Where its owner cannot be told, it may hold data, but no code.
 */
export function localRefusal(held: "data" | "code"): string | null {
  if (!mayRead(localFolder)) return "it needs --allow-read=.deneb";
  let entry, folder;
  try {
    entry = Deno.lstatSync(localFolder);
    folder = Deno.statSync(localFolder);
  } catch {
    return "there is none";
  }
  if (!folder.isDirectory) return "it is no folder";
  if (Deno.build.os === "windows") return null;
  const user = userNumber();
  if ((folder.mode! & 0o002) !== 0) return "every user may write into it";
  if (user === null) return held === "data" ? null : "whose it is can be told only with --allow-sys=uid";
  return entry.uid === user && folder.uid === user ? null : "it belongs to another user";
}

/** The user's number, by the system or else by the home folder; null where no permission leads to it. */
function userNumber(): number | null {
  if (isGranted({ name: "sys", kind: "uid" })) return Deno.uid();
  const home = environment("HOME");
  try {
    return home !== undefined && mayRead(home) ? Deno.statSync(home).uid : null;
  } catch {
    return null;
  }
}

/**
 * `./.deneb` if it is the user's, else `DENEB_CACHE`, else the platform's folder; null where no permission leads to one.
 * `held` says what is kept in the folder: data, or code, which is run.
 */
export function cacheFolder(held: "data" | "code" = "data"): string | null {
  if (localRefusal(held) === null) return localFolder;
  const chosen = environment("DENEB_CACHE");
  if (chosen !== undefined || typeof Deno === "undefined") return chosen ?? null;
  const home = environment("HOME");
  switch (Deno.build.os) {
    case "windows": {
      const local = environment("LOCALAPPDATA");
      return local === undefined ? null : `${local}\\deneb`;
    }
    case "darwin":
      return home === undefined ? null : `${home}/Library/Caches/deneb`;
    default: {
      const caches = environment("XDG_CACHE_HOME") ?? (home === undefined ? undefined : `${home}/.cache`);
      return caches === undefined ? null : `${caches}/deneb`;
    }
  }
}
