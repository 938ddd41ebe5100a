/** The server of examples/serve.ts: right answers in batches, refusals in words, and nobody lost when it ends. */
import { main } from "../../examples/serve.ts";
import { data, io, nn, noGrad, scope, type Tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertClose, assertEquals, assertMatch, fromFileUrl } from "../support.ts";

const home = new URL("../..", import.meta.url);

/** Images of drawn digits, as requests carry them. */
async function images(count: number): Promise<number[][]> {
  const set = data.digits({ test: count });
  const all: number[][] = [];
  for (let k = 0; k < count; k++) {
    using _ = scope();
    const [x] = await set.get(k);
    all.push(Array.from((x as Tensor).toTypedArray() as Float32Array));
  }
  return all;
}

const post = (address: string, image: unknown) =>
  fetch(`${address}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ image }),
  });

testWith(
  ["net", "read"],
  "serve: a hundred requests at once get the model's own answers, in fewer batches",
  async () => {
    const { address, stop } = await main({ port: 0, batchSize: 32, say: () => {} });
    const given = await images(100);
    const model = new nn.models.MLPResNet();
    model.loadStateDict(await io.load(fromFileUrl(new URL("docs/report/mnist.safetensors", home))));
    model.eval();
    const answers = await Promise.all(given.map(async (image) => (await post(address, image)).json()));
    for (const [k, { digit, probabilities }] of answers.entries()) {
      using _ = scope();
      const { tensor } = await import("../../mod.ts");
      const wanted = noGrad(() => model.call(tensor([given[k]!])).softmax(-1)).toArray()[0] as number[];
      // A batch may sum its products in another order than a single image.
      assertClose(probabilities, wanted, { absolute: 1e-5 });
      assertEquals(digit, probabilities.indexOf(Math.max(...probabilities)));
    }
    const text = await (await fetch(`${address}/metrics`)).text();
    assertMatch(text, /^requests_total\{path="\/predict",status="200"\} 100$/m);
    assertMatch(text, /^batch_images_total 100$/m);
    assert(Number(/^batches_total (\d+)$/m.exec(text)![1]) < 100, text);
    assertEquals(await (await fetch(`${address}/health`)).json(), { status: "ok" });
    await stop();
  },
);

testWith(["net", "read"], "serve: what it cannot answer it refuses in words, and goes on", async () => {
  const { address, stop } = await main({ port: 0, waitingMost: 0, say: () => {} });
  const json = { "content-type": "application/json" }, body = (value: unknown) => JSON.stringify(value);
  const zeros = Array(784).fill(0);
  const rows: [path: string, init: RequestInit, status: number, error: RegExp][] = [
    ["/", {}, 404, /there is no \//],
    ["/predict", {}, 405, /GET must be POST/],
    ["/health", { method: "DELETE" }, 405, /DELETE must be GET/],
    ["/predict", { method: "POST", body: "x" }, 415, /must be application\/json/],
    ["/predict", { method: "POST", headers: json, body: "{" }, 400, /must be JSON/],
    ["/predict", { method: "POST", headers: json, body: "null" }, 400, /must be a list of 784/],
    ["/predict", { method: "POST", headers: json, body: body({ image: [1] }) }, 400, /has 1 numbers/],
    ["/predict", { method: "POST", headers: json, body: body({ image: zeros.with(3, 2) }) }, 400, /image\[3\]/],
    ["/predict", { method: "POST", headers: json, body: body({ image: zeros.with(3, "a") }) }, 400, /image\[3\]/],
    ["/predict", { method: "POST", headers: json, body: " ".repeat(70_000) }, 413, /at most 65536/],
    ["/predict", { method: "POST", headers: json, body: body({ image: zeros }) }, 503, /too many/],
  ];
  for (const [path, init, status, error] of rows) {
    const response = await fetch(`${address}${path}`, init);
    assertEquals(response.status, status, path);
    assertMatch((await response.json()).error, error);
  }
  await stop();
});

testWith(["net", "read"], "serve: requests that came before the end are answered", async () => {
  const { address, stop, finished } = await main({ port: 0, say: () => {} });
  const [image] = await images(1), open = Array.from({ length: 50 }, () => post(address, image));
  // The first answer tells that the server has begun; the others are on their way.
  await (await open[0]!).body?.cancel();
  const stopped = stop();
  const statuses = await Promise.allSettled(
    open.slice(1).map(async (each) => {
      const response = await each;
      await response.body?.cancel();
      return response.status;
    }),
  );
  await Promise.all([stopped, finished]);
  // A connection that the server had not taken yet is refused, never left without an answer.
  assert(statuses.every((each) => each.status === "rejected" || each.value === 200), JSON.stringify(statuses));
  assert(statuses.some((each) => each.status === "fulfilled"), "none was answered");
});

testWith(
  ["net", "read"],
  "serve: a body that does not arrive is refused, and one that breaks off harms nobody",
  async () => {
    const { address, stop } = await main({ port: 0, readingMost: 50, say: () => {} });
    const { hostname, port } = new URL(address),
      head = "POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    const begin = async () => {
      const connection = await Deno.connect({ hostname, port: Number(port) });
      await connection.write(new TextEncoder().encode(`${head}\r\ncontent-length: 100\r\n\r\n{"image"`));
      return connection;
    };
    (await begin()).close();
    const slow = await begin();
    const buffer = new Uint8Array(1000), count = await slow.read(buffer);
    assertMatch(new TextDecoder().decode(buffer.subarray(0, count!)), /^HTTP\/1.1 408 /);
    slow.close();
    const [image] = await images(1), answer = await post(address, image);
    assertEquals(answer.status, 200);
    await answer.body?.cancel();
    await stop();
  },
);

testWith(
  ["net", "read", "run"],
  "serve: the program that is told to end answers first, whatever OpenCL has loaded",
  async () => {
    const program = new URL("../../examples/serve.ts", import.meta.url).pathname;
    const permissions = ["--allow-net=127.0.0.1", "--allow-read", "--allow-ffi", "--allow-env"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--no-prompt", ...permissions, program, "0"],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertMatch((await lines.read()).value!, /is ready/);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    assertMatch((await lines.read()).value!, /the last ones are answered/);
    await lines.cancel();
  },
);
