/** Which op made the first NaN: its name, the line that called it, and its inputs. */
import { capture, checkpoint, defineOp, detectAnomalies, full, nn, Tensor, tensor } from "../mod.ts";
import { assert, assertEquals, assertExact, assertMatch, assertThrowsLike, forEachDevice, values } from "./support.ts";

const on = ["cpu", "wasm", "reference"];

/** The message of the anomaly in `body`. */
function anomaly(body: () => unknown, options?: { infinities?: boolean }): string {
  try {
    detectAnomalies(body, options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("no anomaly was found");
}

const here = /anomalies_test\.ts:\d+:\d+/;

forEachDevice("a result: the op, the call, the elements and the inputs", () => {
  const x = tensor([[1, 2, 3], [4, -5, -6]]);
  const message = anomaly(() => x.mul(2).log().sum());
  assertMatch(
    message,
    /^Anomaly in the result of Log: 2 of 6 elements NaN, the first at \[1, 1\]; an op called in file:/,
  );
  assertMatch(message, here);
  assertMatch(message, /\n {2}input 0: float32 \[2, 3\], from -12 to 8$/);
  const spoiled = tensor([1, NaN, Infinity]);
  assertMatch(
    anomaly(() => spoiled.add(1)),
    /AddScalar: 1 of 3 .*\[1\].*\n {2}input 0: float32 \[3\], from 1 to 1, 1 NaN, 1 inf/,
  );
  assertMatch(anomaly(() => tensor(-1).sqrt()), /Sqrt: 1 of 1 element NaN, the first at \[\]/);
  // Infinities count if they are asked for.
  assertExact(values(detectAnomalies(() => tensor([0]).log())), [-Infinity]);
  assertMatch(anomaly(() => tensor([0]).log(), { infinities: true }), /Log: 1 of 1 element NaN or infinite/);
}, { on });

forEachDevice("a line of the library is nobody's caller", () => {
  const layer = new nn.Sequential(new nn.Linear(2, 2), new nn.LayerNorm1d(2));
  const line = Number(/anomalies_test\.ts:(\d+)/.exec(new Error().stack!)![1]);
  const message = anomaly(() => layer.call(full([1, 2], NaN)));
  assertMatch(message, new RegExp(`anomalies_test\\.ts:${line + 1}:`));
}, { on, parameters: true });

forEachDevice("a gradient: the op that it is of, and where that was called", () => {
  const x = new Tensor([4, 0]);
  const line = Number(/anomalies_test\.ts:(\d+)/.exec(new Error().stack!)![1]);
  const message = anomaly(() => {
    const root = x.sqrt();
    root.mul(0).sum().backward();
  });
  assertMatch(message, /^Anomaly in the gradient of Sqrt for input 0: 1 of 2 elements NaN, the first at \[1\]/);
  assertMatch(message, new RegExp(`anomalies_test\\.ts:${line + 2}:`));
  assertMatch(message, /\n {2}input 0: float32 \[2\], from 0 to 4$/);
  assertEquals(x.grad, null);
  // The graph may be older than the search.
  const old = x.sqrt().mul(0).sum();
  assertMatch(anomaly(() => old.backward()), /gradient of Sqrt .*; an op outside detectAnomalies\(\)/);
  // What a gradient hides inside itself is none.
  const hiding = defineOp({
    name: "Hiding",
    forward: (x: Tensor) => x.mul(2),
    gradient: (g) => g.greater(5).where(g.sub(g).div(0), g),
  });
  detectAnomalies(() => hiding(x).sum().backward());
  assertExact(values(x.grad!), [1, 1]);
  x.resetGrad();
  assertMatch(anomaly(() => hiding(x).mul(6).sum().backward()), /^Anomaly in the gradient of Hiding for input 0/);
}, { on });

forEachDevice("inside captured functions, checkpoints and gradients of gradients", () => {
  const x = new Tensor([4, 0]);
  using root = capture((x: Tensor) => x.sqrt().log1p().neg().log());
  assertMatch(anomaly(() => root(x)), /^Anomaly in the result of Log/);
  assertMatch(anomaly(() => checkpoint((x: Tensor) => x.neg().log(), x)), /^Anomaly in the result of Log/);
  assertMatch(
    anomaly(() => checkpoint((x: Tensor) => x.sqrt(), x).mul(0).sum().backward()),
    /^Anomaly in the gradient of (Sqrt|Checkpoint) for input 0/,
  );
  assertMatch(
    anomaly(() => x.sqrt().mul(0).sum().backward(undefined, { createGraph: true })),
    /^Anomaly in the gradient of Sqrt/,
  );
}, { on });

forEachDevice("what is sound gives the same results, and nothing stays behind", () => {
  const layer = new nn.Linear(3, 2), x = tensor([[1, 2, 3]]);
  const run = () => {
    for (const each of layer.parameters()) each.resetGrad();
    layer.call(x).tanh().sum().backward();
    return layer.parameters().map(({ grad }) => values(grad!));
  };
  const expected = run();
  assertEquals(detectAnomalies(run), expected);
  assertThrowsLike(() => detectAnomalies(() => tensor(-1).log()), /^Error: Anomaly in the result of Log/);
  assert(Number.isNaN(tensor(-1).log().item()));
  const result = detectAnomalies(() => tensor([1, 2, 3]).argmax());
  assertExact(values(result), [2]);
}, { on, parameters: true });

forEachDevice("what it cannot watch, it refuses", () => {
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  assertThrowsLike(() => detectAnomalies(any(3)), /^TypeError: Cannot detectAnomalies: 3, it must be a function/);
  assertThrowsLike(() => detectAnomalies(async () => await 3), /^TypeError: Cannot detectAnomalies: .* a promise/);
  assertThrowsLike(() => detectAnomalies(() => 3, any({ infinity: true })), /^TypeError: .* did you mean infinities/);
  using step = capture((x: Tensor) => detectAnomalies(() => x.mul(2)));
  assertThrowsLike(() => step(tensor([1])), /^Error: Cannot capture: anomalies are looked for inside the function/);
}, { on: ["reference"] });
