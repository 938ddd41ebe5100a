/**
 * A model behind HTTP: digits are recognised in batches of what has come in meanwhile.
 *
 *     deno run --allow-net=127.0.0.1 --allow-read --allow-ffi --allow-env examples/serve.ts [PORT [BATCH_SIZE]]
 *     curl -d '{"image": [0, 0.5, ...]}' -H 'content-type: application/json' http://127.0.0.1:8000/predict
 *
 * `POST /predict` takes 784 numbers from 0 to 1, row after row, and answers with the digit and the probability of each;
 * `GET /health` says whether requests are taken, `GET /metrics` counts them for Prometheus. Ctrl+C, or SIGTERM, takes no new
 * requests and ends when those that came before have their answers. `bench/serve.ts` loads it.
 */
import { capture, io, nn, noGrad, scope, type Tensor, tensor } from "../mod.ts";

const defaults = {
  /** The weights of an MLPResNet for digits. */
  model: new URL("../docs/report/mnist.safetensors", import.meta.url).pathname,
  hostname: "127.0.0.1",
  /** 0 takes a free one. */
  port: 8000,
  /** The most images that are computed at once. */
  batchSize: 64,
  /** The most requests that wait; others are told to come again. */
  waitingMost: 1024,
  /** The most milliseconds that a body may take to arrive. */
  readingMost: 10_000,
  /** The most milliseconds that the end waits for the last answers, for clients that read no more. */
  stoppingMost: 15_000,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

const pixels = 784, bytesMost = 64 * 1024;

/** A request that cannot be answered, and the status that says so. */
class Refusal extends Error {
  constructor(readonly status: number, message: string, readonly headers: Record<string, string> = {}) {
    super(message);
  }
}

/** Starts the server. Returns its address, and what ends it: `stop` waits until all have been answered, but not for ever. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { model, hostname, port, batchSize, waitingMost, readingMost, stoppingMost, say } = { ...defaults, ...options };
  const predict = await load(model, batchSize),
    batcher = new Batcher(predict, batchSize, waitingMost),
    metrics = new Metrics(batcher);
  let isStopping = false;

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/health") {
      allow(request, "GET");
      return Response.json({ status: isStopping ? "stopping" : "ok" }, { status: isStopping ? 503 : 200 });
    }
    if (pathname === "/metrics") {
      allow(request, "GET");
      return new Response(metrics.text(), { headers: { "content-type": "text/plain; version=0.0.4" } });
    }
    if (pathname !== "/predict") throw new Refusal(404, `there is no ${pathname}; see /predict, /health and /metrics`);
    allow(request, "POST");
    const probabilities = await batcher.add(await imageOf(request, readingMost));
    const digit = probabilities.indexOf(Math.max(...probabilities));
    return Response.json({ digit, probabilities });
  };

  const server = Deno.serve({ hostname, port, onListen: () => {} }, async (request) => {
    const start = performance.now();
    const response = await answer(request).catch((error) => {
      const { status, headers } = error instanceof Refusal ? error : { status: 500, headers: {} };
      if (status === 500) console.error(error);
      return Response.json({ error: status === 500 ? "the server failed" : error.message }, { status, headers });
    });
    // The client shall not send another one on this connection, which is about to be closed.
    if (isStopping) response.headers.set("connection", "close");
    metrics.count(new URL(request.url).pathname, response.status, performance.now() - start);
    return response;
  });
  const address = `http://${hostname}:${server.addr.port}`;
  say(`${address}/predict is ready`);
  const stop = async () => {
    isStopping = true;
    const late = Promise.withResolvers<void>(), timer = setTimeout(late.resolve, stoppingMost);
    await Promise.race([server.shutdown(), late.promise]);
    clearTimeout(timer);
  };
  return { address, stop, finished: server.finished };
}

/** The probabilities of each image's digits. */
type Predict = (images: readonly Float32Array[]) => Promise<number[][]>;

/** The function that gives the probabilities of images, `batchSize` at most. */
async function load(path: string, batchSize: number): Promise<Predict> {
  const model = new nn.models.MLPResNet();
  model.loadStateDict(await io.load(path));
  model.eval();
  const step = capture((x: Tensor) => noGrad(() => model.call(x).softmax(-1)));
  const predict: Predict = async (images) => {
    // A captured program is for one shape: with powers of two there are few of them.
    const count = 2 ** Math.ceil(Math.log2(images.length)), x = new Float32Array(count * pixels);
    images.forEach((image, k) => x.set(image, k * pixels));
    return await scope(async () => {
      const found = await step(tensor(x, { shape: [count, pixels] })).read() as Float32Array;
      return images.map((_, k) => Array.from(found.subarray(10 * k, 10 * k + 10)));
    });
  };
  // Each shape is recorded now, rather than while the first requests wait.
  const blank = new Float32Array(pixels);
  for (let count = 1; count < 2 * batchSize; count *= 2) await predict(Array(Math.min(count, batchSize)).fill(blank));
  return predict;
}

/** Gathers what comes in while a batch is computed into the next one. */
class Batcher {
  readonly #waiting: { image: Float32Array; done: PromiseWithResolvers<number[]> }[] = [];
  #isBusy = false;
  /** How many batches there were, and images in them. */
  readonly sums = { batches: 0, images: 0 };

  constructor(
    readonly predict: Predict,
    readonly batchSize: number,
    readonly waitingMost: number,
  ) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  /** The probabilities of an image. Refuses it when too many wait. */
  add(image: Float32Array): Promise<number[]> {
    if (this.waiting >= this.waitingMost) throw new Refusal(503, "too many requests wait", { "retry-after": "1" });
    const done = Promise.withResolvers<number[]>();
    this.#waiting.push({ image, done });
    if (!this.#isBusy) void this.#run();
    return done.promise;
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    // The requests that are already here come first into the queue.
    await new Promise((resolve) => setTimeout(resolve));
    while (this.waiting > 0) {
      const batch = this.#waiting.splice(0, this.batchSize);
      try {
        const found = await this.predict(batch.map(({ image }) => image));
        batch.forEach(({ done }, k) => done.resolve(found[k]!));
        this.sums.batches++;
        this.sums.images += batch.length;
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
      // Lets the server read what has come in.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#isBusy = false;
  }
}

/** Refuses a request of another method. */
function allow(request: Request, method: string): void {
  if (request.method !== method) throw new Refusal(405, `${request.method} must be ${method}`, { allow: method });
}

/** The image in a request's body, every number checked. */
async function imageOf(request: Request, readingMost: number): Promise<Float32Array> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("application/json")) {
    throw new Refusal(415, `content-type ${type || "none"} must be application/json`);
  }
  let body: unknown;
  const text = await textOf(request, readingMost);
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw new Refusal(400, `the body must be JSON: ${(error as Error).message}`);
  }
  const image = (body as { image?: unknown } | null)?.image;
  if (!Array.isArray(image) || image.length !== pixels) {
    const given = Array.isArray(image) ? `has ${image.length} numbers, it` : "";
    throw new Refusal(400, `image ${given} must be a list of ${pixels} numbers`);
  }
  const wrong = image.findIndex((value) => !(typeof value === "number" && value >= 0 && value <= 1));
  if (wrong >= 0) throw new Refusal(400, `image[${wrong}] must be a number from 0 to 1`);
  return Float32Array.from(image);
}

/** The text of a body, which is read neither beyond its limit nor for ever. */
async function textOf(request: Request, readingMost: number): Promise<string> {
  const tooLarge = new Refusal(413, `the body must have at most ${bytesMost} bytes`, { connection: "close" });
  if (Number(request.headers.get("content-length") ?? 0) > bytesMost) throw tooLarge;
  const decoder = new TextDecoder(), reader = request.body?.getReader();
  if (reader === undefined) return "";
  let text = "", length = 0, isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void reader.cancel();
  }, readingMost);
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Refusal(400, "the body broke off");
      });
      if (isLate) throw new Refusal(408, `the body must be here within ${readingMost} ms`, { connection: "close" });
      if (done) return text + decoder.decode();
      length += value.length;
      if (length > bytesMost) throw tooLarge;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Counts of requests by path and status, and of the time that predictions took, in Prometheus's text format. */
class Metrics {
  readonly #bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, Infinity];
  readonly #within = this.#bounds.map(() => 0);
  readonly #counts = new Map<string, number>();
  #total = 0;
  #milliseconds = 0;

  constructor(readonly batcher: Batcher) {}

  count(path: string, status: number, milliseconds: number): void {
    const known = ["/predict", "/health", "/metrics"].includes(path) ? path : "other";
    const labels = `path="${known}",status="${status}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
    if (path !== "/predict" || status !== 200) return;
    this.#total++;
    this.#milliseconds += milliseconds;
    this.#bounds.forEach((bound, k) => this.#within[k]! += milliseconds <= bound ? 1 : 0);
  }

  text(): string {
    const { batches, images } = this.batcher.sums;
    return [
      "# TYPE requests_total counter",
      ...[...this.#counts].map(([labels, count]) => `requests_total{${labels}} ${count}`),
      "# TYPE predict_seconds histogram",
      ...this.#bounds.map((bound, k) => {
        const label = bound === Infinity ? "+Inf" : String(bound / 1000);
        return `predict_seconds_bucket{le="${label}"} ${this.#within[k]}`;
      }),
      `predict_seconds_sum ${this.#milliseconds / 1000}`,
      `predict_seconds_count ${this.#total}`,
      "# TYPE batches_total counter",
      `batches_total ${batches}`,
      "# TYPE batch_images_total counter",
      `batch_images_total ${images}`,
      "# TYPE requests_waiting gauge",
      `requests_waiting ${this.batcher.waiting}`,
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${Deno.memoryUsage().rss}`,
      "",
    ].join("\n");
  }
}

if (import.meta.main) {
  const [port = defaults.port, batchSize = defaults.batchSize] = Deno.args.map(Number);
  const asked = Promise.withResolvers<void>();
  // These come before the devices are opened: OpenCL's compiler catches signals too, and what catches one after it has the
  // program killed.
  Deno.addSignalListener("SIGINT", () => asked.resolve());
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => asked.resolve());
  const { stop } = await main({ port, batchSize });
  await asked.promise;
  console.log("no new requests are taken; the last ones are answered");
  await stop();
  Deno.exit(0);
}
