/** What the library is built for. */

export interface Target {
  triple: string;
  file: string;
  /** The CPU that the library itself is compiled for, and thus the least that it runs on. */
  baseline?: string;
  /** Further levels, linked in as objects. */
  levels: readonly { name: string; cpu: string }[];
}

const x86 = {
  baseline: "x86_64_v2",
  levels: [
    { name: "x86_64_v3", cpu: "x86_64_v3" },
    // LLVM shuns the 512-bit registers of a CPU that prefers 256 bits, and this level is there for them.
    { name: "x86_64_v4", cpu: "x86_64_v4-prefer_256_bit" },
  ],
};
const arm = { levels: [] };

/** By architecture and system, as Deno names them. */
export const targets: Readonly<Record<string, Target>> = {
  "x86_64-linux": { triple: "x86_64-linux-gnu.2.28", file: "libdeneb.so", ...x86 },
  "aarch64-linux": { triple: "aarch64-linux-gnu.2.28", file: "libdeneb.so", ...arm },
  "x86_64-darwin": { triple: "x86_64-macos", file: "libdeneb.dylib", ...x86 },
  "aarch64-darwin": { triple: "aarch64-macos", file: "libdeneb.dylib", ...arm },
  "x86_64-windows": { triple: "x86_64-windows-gnu", file: "deneb.dll", ...x86 },
};
