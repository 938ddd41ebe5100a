/** The repository served over HTTP: imported by address, it runs with no more than the permission to import. */
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { devices } from "../mod.ts";
import { assert, assertEquals } from "./support.ts";

const home = new URL("..", import.meta.url);
const types: Record<string, string> = { ts: "text/typescript", json: "application/json", wasm: "application/wasm" };

/** Runs `deno run` with `flags` on a script whose text is made from the served repository's address. */
async function runServed(script: (address: string) => string, flags: readonly string[]): Promise<string> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    try {
      const bytes = await Deno.readFile(new URL(`.${pathname}`, home));
      return new Response(bytes, { headers: { "content-type": types[pathname.split(".").pop()!] ?? "text/plain" } });
    } catch {
      return new Response("there is no such file", { status: 404 });
    }
  });
  try {
    const address = `127.0.0.1:${server.addr.port}`;
    let output = "";
    await inTemporaryFolder(async (folder) => {
      const path = `${folder}/script.ts`;
      await Deno.writeTextFile(path, script(`http://${address}`));
      const command = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-prompt", "--no-config", `--allow-import=${address}`, ...flags, path],
        env: { DENO_DIR: `${folder}/deno`, NO_COLOR: "1" },
      });
      const { success, stdout, stderr } = await command.output();
      const errors = new TextDecoder().decode(stderr);
      assert.ok(success, errors);
      output = new TextDecoder().decode(stdout);
    });
    return output;
  } finally {
    await server.shutdown();
  }
}

function xorScript(address: string): string {
  return `
    import { tensor } from "${address}/mod.ts";
    import { main } from "${address}/examples/xor.ts";
    const { losses, predictions } = main({ steps: 300 });
    console.log(JSON.stringify({ device: tensor([1]).device, first: losses[0], last: losses.at(-1), predictions: predictions.map(Math.round) }));
  `;
}

function check(output: string, device: string): void {
  const result = JSON.parse(output);
  assertEquals([result.device, result.predictions], [device, [0, 1, 1, 0]]);
  assert.ok(result.last < result.first / 5, output);
}

const best = devices().find(({ name, available }) => available && name !== "cpu")!.name;
testWith(["net", "run", "read", "write"], `served: with --allow-import alone, XOR trains on ${best}`, async () => {
  check(await runServed(xorScript, []), best);
});

const native = devices().find(({ name }) => name === "cpu");
const title = "served: with --allow-ffi for the one file, XOR trains on the native CPU";
if (!native?.available) Deno.test.ignore(`${title} (${native?.reason ?? "not built"})`, () => {});
else {
  testWith(["net", "run", "read", "write"], title, async () => {
    const file = Deno.build.os === "windows" ? "deneb.dll" : `libdeneb.${Deno.build.os === "darwin" ? "dylib" : "so"}`;
    const path = decodeURIComponent(new URL(`zig-out/lib/${file}`, home).pathname);
    const flags = [`--allow-ffi=${path}`, "--allow-env=DENEB_LIB"];
    Deno.env.set("DENEB_LIB", path);
    check(await runServed(xorScript, flags), "cpu");
  });
}
