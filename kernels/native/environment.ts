/**
 * What the surroundings allow and say: permissions, variables, the cache folder. Each step is taken only where its
 * permission is already granted; nothing here prompts, and outside Deno nothing is granted.
 */

/** True if this permission is granted, for just this path, host or variable. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return typeof Deno !== "undefined" && Deno.permissions.querySync(permission).state === "granted";
}

/** The variable's value; undefined where it is unset, empty or not to be read. */
export function environment(variable: string): string | undefined {
  return isGranted({ name: "env", variable }) ? Deno.env.get(variable) || undefined : undefined;
}

/** `./.deneb` if it exists, else `DENEB_CACHE`, else the platform's folder; null where no permission leads to one. */
export function cacheFolder(): string | null {
  if (isGranted({ name: "read", path: "./.deneb" }) && isFolder("./.deneb")) return "./.deneb";
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

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
