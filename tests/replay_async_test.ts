/** Calls of captured functions by `.async()`, each of which waits for the one before. */
import { capture, live, manualSeed, memory, nn, ones, optim, randn, type Tensor, tensor, zeros } from "../mod.ts";
import { Stream } from "../core/array/stream.ts";
import type { Device } from "../kernels/device.ts";
import { limits } from "../kernels/instruction.ts";
import { bits, trainer } from "./captures.ts";
import { assertEquals, assertExact, assertRejects, assertStrictEquals, forEachDevice, values } from "./support.ts";

Deno.test("words that run elsewhere stand where they stood, unless a run is still reading them", async () => {
  const seen: { list: Float64Array; held: number[]; done: () => void }[] = [];
  const none = () => {};
  const device: Device = {
    name: "recorder",
    description: "",
    words: new Float64Array(limits.words),
    run: none,
    write: none,
    read: none,
    memory: () => ({ bytes: 0, reserved: 0 }),
    setThreads: none,
    close: none,
    runWordsAsync: (list) => new Promise((done) => seen.push({ list, held: [...list], done })),
  };
  const stream = new Stream(device), words = Float64Array.from([0, 1, 2, 3]), others = Float64Array.from([9, 9]);
  const run = (list: Float64Array, begin = 0) => stream.replayAsync(list, begin, [list.length]);
  const first = run(words);
  words[3] = 4;
  const second = run(words), other = run(others);
  for (const { done } of seen) done();
  await Promise.all([first, second, other]);
  words[3] = 5;
  const third = run(words), fourth = run(words, 1);
  for (const { done } of seen) done();
  await Promise.all([third, fourth]);
  assertEquals(seen.map(({ held }) => held), [[0, 1, 2, 3], [0, 1, 2, 4], [9, 9], [0, 1, 2, 5], [1, 2, 5]]);
  assertEquals(seen[0]!.list === seen[1]!.list, false, "a run's words were written over");
  assertEquals([seen[0]!.list, seen[1]!.list].includes(seen[3]!.list), true, "a third copy was made");
  assertEquals([...seen[2]!.list], [9, 9]);
});

const labels = (...places: number[]) => tensor(Int32Array.from(places));

forEachDevice("async calls give what calls give, one after another", async () => {
  const total = new nn.Buffer(zeros([]));
  const step = capture((x: Tensor) => {
    total.data = total.add(x.sum());
    return total.mul(1);
  });
  const waiting = [1, 2, 3, 4].map((k) => step.async(tensor([k, k])));
  assertExact((await Promise.all(waiting)).map((result) => result.item()), [2, 6, 12, 20]);
  assertStrictEquals(step(tensor([1, 1])).item(), 22);
  step[Symbol.dispose]();
  total.dispose();
});

forEachDevice("an async call begins when the one before it is done", async () => {
  let done = 0;
  const step = capture((x: Tensor) => x.add(live(() => done)));
  step(zeros([]));
  const found = await Promise.all([1, 2, 3].map((k) => step.async(tensor(k)).then((y) => (done++, y))));
  assertExact(found.map((y) => y.item()), [1, 3, 5]);
  step[Symbol.dispose]();
});

forEachDevice("an async call that fails leaves nothing, and those behind it go on", async () => {
  const step = capture((x: Tensor, index: Tensor) => x.mul(2).take(index.add(0)));
  const x = tensor([1, 2]), good = labels(1), bad = labels(2);
  const taken = async (call: Promise<Tensor>) => {
    using result = await call;
    return values(result);
  };
  await assertRejects(() => taken(step.async(x, bad)), RangeError);
  await step.async(x, good);
  const { tensors } = memory();
  const failing = step.async(x, bad), behind = step.async(x, good);
  await assertRejects(() => taken(failing), RangeError);
  assertExact(await taken(behind), [4]);
  assertStrictEquals(memory().tensors, tensors);
  step[Symbol.dispose]();
});

forEachDevice("what is freed while an async call waits for its thread stays until the call is done", async () => {
  // Which of both threads comes first depends on the machine, so there are several tries with different delays.
  for (let k = 0; k < 200; k++) {
    using x = tensor(Float32Array.from({ length: 5000 }, (_, n) => n + k)), spare = x.detach();
    const step = capture((x: Tensor) => x.mul(2).add(tensor([1])).matmul(ones([1, 1])));
    const call = () => step(x.reshape([5000, 1]));
    call().dispose();
    const waiting = step.async(spare.reshape([5000, 1]));
    for (let turn = 0; turn < 2 + k % 3; turn++) await Promise.resolve();
    if (k % 2 === 0) step[Symbol.dispose]();
    for (const tensor of [spare, x]) tensor.dispose();
    const others = [1, 2, 3].map((n) => ones([5000]).mul(n));
    memory();
    using result = await waiting;
    assertExact([result.size, values(result)[4999]], [5000, 2 * (4999 + k) + 1]);
    for (const other of others) other.dispose();
    step[Symbol.dispose]();
  }
}, { on: ["cpu", "wasm"] });

forEachDevice("async training gives the bits of calls", async () => {
  const train = async (step: (x: Tensor, y: Tensor) => Tensor | Promise<Tensor>, state: () => unknown) => {
    for (let k = 0; k < 4; k++) await step(randn([4, 3]), randn([4, 2]));
    return bits(state());
  };
  const found: unknown[] = [];
  for (const async of [false, true]) {
    manualSeed(3);
    const { step, state } = trainer(new nn.Linear(3, 2), (p) => new optim.Adam(p)), captured = capture(step);
    found.push(await train(async ? captured.async : captured, state));
    captured[Symbol.dispose]();
  }
  assertEquals(found[1], found[0]);
}, { parameters: true });
