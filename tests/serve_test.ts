/** The repository served over HTTP: a program that imports it by address needs only the permission to import. */
import { devices } from "../mod.ts";
import { libraryFile } from "../kernels/native/library.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, fromFileUrl } from "./support.ts";

const home = new URL("..", import.meta.url);
const types: Record<string, string> = { ts: "text/typescript", json: "application/json", wasm: "application/wasm" };
const platform = `${Deno.build.arch}-${Deno.build.os}`;
const built = fromFileUrl(new URL(`zig-out/lib/${libraryFile()}`, home));

/** A program that uses a served repository. */
interface Served {
  /** Makes the text of the script from the repository's address. */
  script: (address: string) => string;
  /** The permissions beside that to import; `folder` is the script's own. */
  flags?: (folder: string, host: string) => string[];
  env?: (folder: string) => Record<string, string>;
  /** Files that the server gives in place of the repository's. */
  files?: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Runs a script and returns what it prints. */
async function runServed({ script, flags, env, files = {} }: Served): Promise<string> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    try {
      const bytes = files[pathname] ?? await Deno.readFile(new URL(`.${pathname}`, home));
      return new Response(bytes, { headers: { "content-type": types[pathname.split(".").pop()!] ?? "text/plain" } });
    } catch {
      return new Response("there is no such file", { status: 404 });
    }
  });
  try {
    const host = `127.0.0.1:${server.addr.port}`;
    let output = "";
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/script.ts`;
      await Deno.writeTextFile(path, script(`http://${host}`));
      const given = flags?.(folder, host) ?? [];
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--no-config", `--allow-import=${host}`, ...given, path],
        // The script has no other environment.
        clearEnv: true,
        env: { DENO_DIR: `${folder}/deno`, NO_COLOR: "1", ...env?.(folder) },
        cwd: folder,
      });
      const { success, stdout, stderr } = await command.output();
      assert(success, new TextDecoder().decode(stderr));
      output = new TextDecoder().decode(stdout);
    });
    return output;
  } finally {
    await server.shutdown();
  }
}

const trainXor = (before = "") => (address: string) => `
  import { open, tensor } from "${address}/mod.ts";
  import { main } from "${address}/examples/xor.ts";
  ${before}
  const { losses, predictions } = main({ steps: 300 });
  console.log(JSON.stringify({ device: tensor([1]).device, first: losses[0], last: losses.at(-1), predictions: predictions.map(Math.round) }));
`;

function check(output: string, device: string): void {
  assertMatch(output, /^\{/);
  const result = JSON.parse(output);
  assertEquals([result.device, result.predictions], [device, [0, 1, 1, 0]]);
  assert(result.last < result.first / 5, output);
}

testWith(["net", "run", "read", "write"], "served: with --allow-import alone, XOR trains on wasm", async () => {
  check(await runServed({ script: trainXor() }), "wasm");
});

/** Registers tests of the library that was built here. Without a library they are shown as ignored. */
function testNative(name: string, body: () => Promise<void>): void {
  const native = devices().find(({ name }) => name === "cpu")!;
  if (native.available) testWith(["net", "run", "read", "write"], name, body);
  else Deno.test.ignore(`${name} (${native.reason})`, () => {});
}

testNative("served: with --allow-ffi for the one file, XOR trains on the native CPU", async () => {
  const served: Served = {
    script: trainXor(),
    flags: () => [`--allow-ffi=${built}`, "--allow-env=DENEB_LIB"],
    env: () => ({ DENEB_LIB: built }),
  };
  check(await runServed(served), "cpu");
});

/** The repository as it is served if this library was published with it. */
async function published(library: Uint8Array<ArrayBuffer>, sent = library): Promise<Served> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", library));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const releases = JSON.stringify({ [platform]: { sha256, bytes: library.length } });
  const cache = (folder: string) => `${folder}/cache`;
  return {
    script: trainXor(`try { await open("cpu"); } catch (error) { console.log(error.message); Deno.exit(); }`),
    flags: (folder, host) => [
      `--allow-net=${host}`,
      `--allow-ffi=${cache(folder)}`,
      `--allow-read=${cache(folder)}`,
      `--allow-write=${cache(folder)}`,
      "--allow-env",
    ],
    env: (folder) => ({ DENEB_CACHE: cache(folder) }),
    files: {
      "/kernels/releases.json": new TextEncoder().encode(releases),
      [`/releases/${platform}/${libraryFile()}`]: sent,
    },
  };
}

testNative("served: open() fetches the published library into the cache folder", async () => {
  check(await runServed(await published(await Deno.readFile(built))), "cpu");
});

testNative("served: a library with other bytes than published is refused", async () => {
  const library = await Deno.readFile(built), other = library.slice();
  other[library.length >> 1]! ^= 1;
  const output = await runServed(await published(library, other));
  assertMatch(output, /Cannot fetch http.*SHA-256/);
});

testWith(
  ["net", "run", "read", "write"],
  "served: with --allow-import alone, workers of a loader augment",
  async () => {
    const script = (address: string) => `
    import { data } from "${address}/mod.ts";
    const options = { batchSize: 4, augment: [data.randomCrop(2), data.elastic()] }, set = data.digits({ train: 8 });
    const read = async (workers: number) => {
      const bits: string[] = [];
      for await (const [x] of new data.DataLoader(set, { ...options, workers })) bits.push(x.toTypedArray().join());
      return bits.join();
    };
    console.log(await read(2) === await read(0));
  `;
    assertEquals((await runServed({ script })).trim(), "true");
  },
);
