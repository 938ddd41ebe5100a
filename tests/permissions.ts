/** Tests that need permissions: without them they are shown as ignored, with the flags to add. */
import { open } from "../mod.ts";

// The native library stays open as long as the process: opened inside a test, it would look like a leak.
await open();

type Name = "read" | "write" | "net" | "env" | "run" | "ffi";

/** A test under the sanitizers, run only where `permissions` are granted. */
export function testWith(permissions: readonly Name[], name: string, body: () => void | Promise<void>): void {
  const missing = permissions.filter((name) => Deno.permissions.querySync({ name }).state !== "granted");
  Deno.test({
    name: missing.length === 0 ? name : `${name} (add ${missing.map((word) => `--allow-${word}`).join(" ")})`,
    ignore: missing.length > 0,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: body,
  });
}

/** Runs `body` with the path of a new folder that is removed afterwards. */
export async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
