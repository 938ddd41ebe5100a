/**
 * What the native library and the wasm module have in common: a manifest that says how each was built, and statuses
 * that become errors. Both are built from the same source in Zig, `lib.zig`.
 */
import { dtypeCode, limits, opcode, status, table } from "../instruction.ts";
import type { Skeleton } from "../schema.ts";

/** The name of a native type in Deno's FFI. */
export type ForeignType = "u32" | "f64" | "buffer";

/** A library's own description. */
export interface Manifest {
  /** Zig's optimize mode: `fast` in shipped libraries, `safe` in tests of the border. */
  mode: string;
  arch: string;
  /** FNV-1a of `table.json`. */
  table: number;
  /** CPU levels, best first. */
  levels: string[];
  /** The kernels' understanding of the rows of instructions; the hash says that the rows themselves are the same. */
  instructions: Record<string, Skeleton>;
  opcodes: Record<string, number>;
  dtypes: Record<string, number>;
  statuses: Record<string, number>;
  limits: Record<string, number>;
  /** The functions that rows may call. */
  functions: Record<string, { arity: number; integers: boolean; exact: boolean }>;
  symbols: Record<string, { parameters: ForeignType[]; result: ForeignType }>;
}

/** FNV-1a, 32 bits, over the table as `JSON.stringify` writes it. */
function tableHash(): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(table))) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** Parses a manifest. Throws where the library was built from other rows or another layout than these modules. */
export function readManifest(text: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError("Cannot read the manifest: it is no JSON", { cause });
  }
  const stale = (what: string) =>
    new Error(`Cannot use the library: it was built from ${what}; run \`deno task build\` again`);
  if (manifest.table !== tableHash()) throw stale("another kernels/table.json");
  const layout: Record<string, Record<string, number>> = {
    opcodes: opcode,
    dtypes: dtypeCode,
    statuses: status,
    limits,
  };
  for (const [name, ours] of Object.entries(layout)) {
    const theirs = manifest[name as "opcodes" | "dtypes" | "statuses" | "limits"] ?? {};
    const same = Object.keys(theirs).length === Object.keys(ours).length &&
      Object.entries(ours).every(([key, value]) => theirs[key] === value);
    if (!same) throw stale(`other ${name} than kernels/instruction.ts holds`);
  }
  if (manifest.mode === "debug") throw stale("source without optimization");
  return manifest;
}

/** The error for a status other than `ok`. */
export function errorOf(code: number, message: string): Error {
  switch (code) {
    case status.range:
      return new RangeError(message);
    case status.unsupported:
      return new TypeError(message);
    default:
      return new Error(message === "" ? `Cannot run: the context is closed (status ${code})` : message);
  }
}
