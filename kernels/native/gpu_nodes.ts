/** Whether this machine may have a GPU, by files that are looked at without loading a driver. */
import { mayRead } from "./environment.ts";

/** Files by which Linux shows a GPU: of the kernel's own drivers, AMD's, NVIDIA's and that of Windows beneath Linux. */
export const gpuNodes: readonly string[] = ["/dev/dri", "/dev/kfd", "/dev/nvidiactl", "/dev/dxg"];

/**
 * False where there is surely no GPU: most such machines are spared the loading of drivers, the slowest step of
 * start-up.
 */
export function mayHaveGpu(): boolean {
  if (typeof Deno === "undefined" || Deno.build.os !== "linux") return true;
  return gpuNodes.some((path) => {
    if (!mayRead(path)) return true;
    try {
      return Deno.statSync(path) !== null;
    } catch (error) {
      return !(error instanceof Deno.errors.NotFound);
    }
  });
}
