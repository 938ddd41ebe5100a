/** The controls of the stand-in on which this process runs: settings that a test makes, and counts that it reads. */

/** The keys of settings and counts, in the order of `Key` in `state.zig`. */
const keys = [
  "memory",
  "version",
  "devices",
  "capability",
  "launchesLeft",
  "pools",
  "allocations",
  "bytes",
  "launches",
  "modules",
  "contexts",
  "pinned",
  "streams",
  "events",
  "waits",
  "graphs",
  "graphLaunches",
  "products",
  "overruns",
  "fused",
  "compiled",
  "biased",
  "described",
  "halfProducts",
  "tf32Products",
  "poolRefusal",
  "graphCallsLeft",
  "compileRefusals",
  "workspaces",
  "childUpdates",
] as const;
type Key = typeof keys[number];

const library = Deno.dlopen(`${Deno.env.get("CUDA_HOME")}/lib64/libcuda.so.1`, {
  standin_set: { parameters: ["u32", "f64"], result: "void" },
  standin_get: { parameters: ["u32"], result: "f64" },
});

/** The value of a key. */
export function get(key: Key): number {
  return library.symbols.standin_get(keys.indexOf(key));
}

/** Runs `body` with settings, and restores the former ones. */
export async function having(settings: Partial<Record<Key, number>>, body: () => void | Promise<void>): Promise<void> {
  const before = Object.keys(settings).map((key) => [key, get(key as Key)] as const);
  const set = (key: string, value: number) => library.symbols.standin_set(keys.indexOf(key as Key), value);
  for (const [key, value] of Object.entries(settings)) set(key, value);
  try {
    await body();
  } finally {
    for (const [key, value] of before) set(key, value);
  }
}
