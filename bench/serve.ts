/**
 * A load for examples/serve.ts: `deno run -A bench/serve.ts [flags]` starts the server in a process of its own, keeps so many
 * connections busy with images, and prints a row for each: requests a second, how long they took, images in a batch and the
 * server's memory. At last it ends the server in the middle of the load: what stays unanswered then was sent on connections that
 * the server was closing. Client and server share the processor.
 */
import { data, scope, type Tensor } from "../mod.ts";
import { parseFlags } from "../tools/flags.ts";

const help = `Loads the server of examples/serve.ts on 127.0.0.1.

  --connections N,...    that are busy at once       (1,16,64,256)
  --batch N,...          the most images in a batch  (64,1)
  --seconds N            of each row                 (10)`;

/** What a client saw. */
interface Seen {
  /** The milliseconds of each answer. */
  readonly times: number[];
  /** Answers by status. */
  readonly statuses: Map<number, number>;
  /** Requests that were sent to the last byte and have no answer: the server had closed the connection, or ended. */
  unanswered: number;
}

/** A request for each of some drawn digits, as bytes. */
async function requests(port: number): Promise<Uint8Array<ArrayBuffer>[]> {
  const set = data.digits({ test: 32 }), all: Uint8Array<ArrayBuffer>[] = [];
  for (let k = 0; k < set.length; k++) {
    using _ = scope();
    const [x] = await set.get(k), numbers = Array.from((x as Tensor).toTypedArray() as Float32Array);
    const body = JSON.stringify({ image: numbers.map((value) => Math.round(1000 * value) / 1000) });
    const head = ["POST /predict HTTP/1.1", `host: 127.0.0.1:${port}`, "content-type: application/json"];
    const text = [...head, `content-length: ${body.length}`, "", body].join("\r\n");
    all.push(new TextEncoder().encode(text));
  }
  return all;
}

/** Sends requests on one connection, one after the other, until the time is over or the server closes it. */
async function client(port: number, texts: readonly Uint8Array<ArrayBuffer>[], end: number, seen: Seen): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
  if (connection === null) return;
  using _ = connection;
  connection.setNoDelay();
  for (let k = 0; performance.now() < end; k++) {
    const start = performance.now();
    const answer = await exchange(connection, texts[k % texts.length]!).catch(() => null);
    if (answer === null) {
      seen.unanswered++;
      return;
    }
    seen.times.push(performance.now() - start);
    seen.statuses.set(answer.status, (seen.statuses.get(answer.status) ?? 0) + 1);
    if (answer.isLast) return;
  }
}

/** Sends a request and reads its answer to the end; null if the connection was closed before. */
async function exchange(
  connection: Deno.Conn,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ status: number; isLast: boolean } | null> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  const decoder = new TextDecoder("latin1"), buffer = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) return null;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) continue;
    const length = Number(/^content-length: *(\d+)/im.exec(text.slice(0, head))?.[1]);
    if (text.length < head + 4 + length) continue;
    return { status: Number(text.slice(9, 12)), isLast: /^connection: *close/im.test(text.slice(0, head)) };
  }
}

/** Keeps `connections` busy with these requests for some seconds. */
async function load(
  port: number,
  texts: readonly Uint8Array<ArrayBuffer>[],
  connections: number,
  seconds: number,
): Promise<Seen> {
  const seen: Seen = { times: [], statuses: new Map(), unanswered: 0 };
  const end = performance.now() + 1000 * seconds;
  await Promise.all(Array.from({ length: connections }, () => client(port, texts, end, seen)));
  return seen;
}

/** The time below which a share of all lies. */
function quantile(times: readonly number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
}

/** The server in a process of its own. */
async function start(batch: number): Promise<{ process: Deno.ChildProcess; port: number }> {
  const example = new URL("../examples/serve.ts", import.meta.url).pathname;
  const args = ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read", "--allow-ffi", "--allow-env"];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args, example, "0", String(batch)],
    stdout: "piped",
    stderr: "inherit",
  });
  const process = command.spawn();
  let text = "";
  for await (const piece of process.stdout.pipeThrough(new TextDecoderStream()).values({ preventCancel: true })) {
    text += piece;
    const port = /:(\d+)\/predict is ready/.exec(text)?.[1];
    if (port !== undefined) return { process, port: Number(port) };
  }
  throw new Error(`Cannot load the server: it said ${JSON.stringify(text)} and ended`);
}

/** A number of the server's metrics. */
async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

/** The rows of one size of batches. */
async function measure(batch: number, connections: readonly number[], seconds: number): Promise<void> {
  const { process, port } = await start(batch), names = ["batches_total", "batch_images_total"];
  const texts = await requests(port);
  await load(port, texts, 16, 1); // What is compiled while it runs, is.
  for (const count of connections) {
    const before = await Promise.all(names.map((name) => metric(port, name)));
    const { times, statuses, unanswered } = await load(port, texts, count, seconds);
    const [batches, images] = (await Promise.all(names.map((name) => metric(port, name)))).map((x, k) =>
      x - before[k]!
    );
    const memory = await metric(port, "process_resident_memory_bytes");
    const others = [...statuses].filter(([status]) => status !== 200).map(([status, n]) => `, ${n} times ${status}`);
    console.log(
      [
        batch,
        count,
        (times.length / seconds).toFixed(0),
        quantile(times, 0.5).toFixed(1),
        quantile(times, 0.99).toFixed(1),
        (images! / batches!).toFixed(1),
        (memory / 2 ** 20).toFixed(0),
        `${unanswered} unanswered${others.join("")}`,
      ].map((word) => String(word).padStart(11)).join(" "),
    );
  }
  setTimeout(() => process.kill("SIGTERM"), 1000);
  const [{ times, unanswered }, { code }] = await Promise.all([load(port, texts, 64, 5), process.status]);
  console.log(`stopped under load: ${times.length} answered, ${unanswered} unanswered, exit code ${code}`);
}

const values = parseFlags(Deno.args, { text: ["connections", "batch", "seconds"], flags: ["help"] });
if (values.help) console.log(help);
else {
  const list = (text: string) => text.split(",").map(Number);
  const heads = ["batch", "connections", "requests/s", "p50 ms", "p99 ms", "images", "RSS MiB", "not answered"];
  console.log(heads.map((word) => word.padStart(11)).join(" "));
  for (const batch of list(values.batch ?? "64,1")) {
    await measure(batch, list(values.connections ?? "1,16,64,256"), Number(values.seconds ?? "10"));
  }
}
