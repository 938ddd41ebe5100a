/**
 * Where the native library is: the candidates, in order, and why each was or was not taken.
 *
 * A candidate is tried only where opening that very file is already granted; opening the file also shows whether it
 * exists. The manifest is read first and alone, so a stale library is refused by name before any other function of it
 * is called.
 */
import { type Manifest, readManifest } from "./border.ts";
import { cacheFolder, environment, isGranted } from "./environment.ts";
import { hasSymbols } from "./symbols.ts";
import releases from "../releases.json" with { type: "json" };

/** A library that was found and fits. */
export interface Library {
  readonly path: string;
  readonly manifest: Manifest;
}

/** A file that was tried, or would have been. */
export interface Candidate {
  /** Why the file is a candidate: "DENEB_LIB", "built here", "downloaded". */
  readonly from: string;
  readonly path: string;
  /** Why the candidate was not taken; null if it was. */
  readonly reason: string | null;
}

/** A published library, identified by its bytes. */
export interface Release {
  readonly sha256: string;
  readonly bytes: number;
}

/** The library's file name: `libdeneb.so`, `libdeneb.dylib` or `deneb.dll`. */
export function libraryFile(): string {
  switch (Deno.build.os) {
    case "windows":
      return "deneb.dll";
    case "darwin":
      return "libdeneb.dylib";
    default:
      return "libdeneb.so";
  }
}

/** The published library for this machine, if there is one. */
export function release(): Release | undefined {
  return (releases as Record<string, Release | undefined>)[`${Deno.build.arch}-${Deno.build.os}`];
}

/** The path of a published library in the cache; null if there is no cache folder or no published library. */
export function cachedLibrary(): string | null {
  const cache = cacheFolder("code"), published = release();
  return cache === null || published === undefined ? null : `${cache}/${published.sha256}/${libraryFile()}`;
}

function* places(): Generator<[from: string, path: string]> {
  const named = environment("DENEB_LIB");
  if (named !== undefined) {
    // A library that the user names is taken or is an error, so no other candidate follows.
    yield ["DENEB_LIB", named];
    return;
  }
  const here = new URL("../..", import.meta.url);
  if (here.protocol === "file:") {
    const built = new URL(`zig-out/lib/${libraryFile()}`, here);
    yield ["built here", decodeURIComponent(Deno.build.os === "windows" ? built.pathname.slice(1) : built.pathname)];
  }
  const cached = cachedLibrary();
  if (cached !== null) yield ["downloaded", cached];
}

/** Tries the candidates until one fits. */
export function findLibrary(): { library: Library | null; candidates: Candidate[] } {
  const candidates: Candidate[] = [];
  if (typeof Deno === "undefined") return { library: null, candidates };
  for (const [from, path] of places()) {
    if (!isGranted({ name: "ffi", path })) {
      candidates.push({ from, path, reason: `it needs --allow-ffi=${path}` });
      continue;
    }
    try {
      const library = { path, manifest: inspect(path) };
      candidates.push({ from, path, reason: null });
      return { library, candidates };
    } catch (error) {
      candidates.push({ from, path, reason: (error as Error).message });
    }
  }
  return { library: null, candidates };
}

const manifestBytesMax = 1 << 16;

function inspect(path: string): Manifest {
  const symbols = { deneb_manifest: { parameters: ["buffer", "u32"], result: "u32" } } as const;
  let library;
  try {
    library = Deno.dlopen(path, symbols);
  } catch (cause) {
    const message = (cause as Error).message;
    const absent = /No such file|no such file|cannot find|not found/i.test(message) && !/symbol/i.test(message);
    throw new Error(absent ? "there is no such file" : message, { cause });
  }
  try {
    const buffer = new Uint8Array(manifestBytesMax);
    const length = library.symbols.deneb_manifest(buffer, buffer.length);
    const manifest = readManifest(new TextDecoder().decode(buffer.subarray(0, length)));
    if (!hasSymbols(manifest)) {
      throw new Error(
        "Cannot use the library: it has other functions than these sources call; run `deno task build` again",
      );
    }
    return manifest;
  } finally {
    library.close();
  }
}
