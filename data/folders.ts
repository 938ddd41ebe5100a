/**
 * Where data lies: the first of an option, `DENEB_DATA` and the cache folder. Each step is taken only where its
 * permission is already granted; nothing here prompts.
 */

function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

function environment(variable: string): string | undefined {
  return isGranted({ name: "env", variable }) ? Deno.env.get(variable) || undefined : undefined;
}

/** True if this very path may be read without a prompt. */
export function mayRead(path: string): boolean {
  return isGranted({ name: "read", path });
}

/** True if this very path may be written without a prompt. */
export function mayWrite(path: string): boolean {
  return isGranted({ name: "write", path });
}

/** True if the address may be fetched without a prompt. */
export function mayFetch(address: string): boolean {
  return isGranted({ name: "net", host: new URL(address).host });
}

/** `./.deneb` if it exists, else `DENEB_CACHE`, else the platform's folder; null where no permission leads to one. */
export function cacheFolder(): string | null {
  if (mayRead("./.deneb") && isFolder("./.deneb")) return "./.deneb";
  const chosen = environment("DENEB_CACHE");
  if (chosen !== undefined) return chosen;
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

/** The folder that holds `mnist/` and `cifar-10-batches-bin/`. */
export function dataFolder(option?: string): string {
  const folder = option ?? environment("DENEB_DATA") ?? cacheFolder();
  if (folder === null) {
    throw new MissingDataError(
      "Cannot find the data folder: give { folder }, or --allow-env with DENEB_DATA set, or make ./.deneb",
    );
  }
  return folder;
}

/** Data that is neither on disk nor to be had from the network; whoever catches it may fall back on `digits()`. */
export class MissingDataError extends Error {
  override readonly name = "MissingDataError";
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
