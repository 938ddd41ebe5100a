/** Tests that need permissions: without them they are shown as ignored, with the flags to add. */
import { isGranted } from "../kernels/native/environment.ts";
import { devices, setDefaultDevice } from "../mod.ts";

// The native library stays open as long as the process: opened inside a test, it would look like a leak. A device that is
// asked for by name says nothing of a better one.
await setDefaultDevice(devices().some(({ name, available }) => name === "cpu" && available) ? "cpu" : "wasm");

type Name = "read" | "write" | "net" | "env" | "run" | "ffi";

/** Registers a test under the sanitizers; with a reason, the test is shown as ignored. */
export function testUnless(reason: string | null, name: string, body: () => void | Promise<void>): void {
  Deno.test({
    name: reason === null ? name : `${name} (${reason})`,
    ignore: reason !== null,
    sanitizeOps: true,
    sanitizeResources: true,
    fn: body,
  });
}

/** Registers a test that runs if `permissions` are granted and nothing else that it needs is absent. */
export function testWith(
  permissions: readonly Name[],
  name: string,
  body: () => void | Promise<void>,
  absent: string | null = null,
): void {
  const missing = permissions.filter((name) => !isGranted({ name }));
  testUnless(missing.length > 0 ? `add ${missing.map((word) => `--allow-${word}`).join(" ")}` : absent, name, body);
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
