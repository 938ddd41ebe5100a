/** The time that a program waits for the import and for the first op. Each try is a process of its own. */
import { type Measured, spread } from "./measure.ts";

/** The milliseconds of one process, and its device. */
interface Try {
  imported: number;
  computed: number;
  device: string;
}

/** The program of a process: the import, then an op whose result it reads. */
function program(device: string): string {
  const choose = device === "auto" ? "" : `await deneb.setDefaultDevice(${JSON.stringify(device)});`;
  return `
    const begun = performance.now();
    const deneb = await import(${JSON.stringify(import.meta.resolve("../mod.ts"))});
    const imported = performance.now();
    ${choose}
    const x = deneb.ones([2]);
    x.add(1).toArray();
    const done = performance.now();
    console.log(JSON.stringify({ imported: imported - begun, computed: done - imported, device: x.device }));
  `;
}

/** The import of mod.ts, and the first op, in milliseconds. The first try fills the caches and does not count. */
export async function measureStartup(device: string, rounds: number): Promise<Omit<Measured, "peer" | "threads">[]> {
  const tries: Try[] = [];
  for (let round = 0; round <= rounds; round++) {
    const args = ["eval", "--quiet", program(device)];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    if (!success) throw new Error(`Cannot measure the start: ${new TextDecoder().decode(stderr).trim()}`);
    if (round > 0) tries.push(JSON.parse(new TextDecoder().decode(stdout)));
  }
  return (["imported", "computed"] as const).map((part) => {
    const times = tries.map((one) => one[part]).sort((a, b) => a - b);
    const workload = part === "imported" ? "startup-import" : "startup-first-op";
    return { workload, unit: "ms", ...spread(times), device: tries[0]!.device };
  });
}
