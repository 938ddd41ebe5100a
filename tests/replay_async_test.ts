/** Calls of captured functions by `.async()`, each of which waits for the one before. */
import { filled } from "../core/array/ndarray.ts";
import { Stream } from "../core/array/stream.ts";
import { takeTurn } from "../core/array/turns.ts";
import type { Device, Started } from "../kernels/device.ts";
import { limits } from "../kernels/instruction.ts";
import {
  capture,
  live,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  randn,
  scope,
  Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import { bits, trainer } from "./captures.ts";
import {
  assertEquals,
  assertExact,
  assertRejects,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "./support.ts";

const labels = (...places: number[]) => tensor(Int32Array.from(places));

/** A function that takes some time, and adds up one element. */
function slow() {
  const mix = ones([200, 200]).mul(1 / 200);
  return capture((x: Tensor) => {
    let y = x;
    for (let k = 0; k < 10; k++) y = y.matmul(mix);
    return y.at("0, 0").round();
  });
}

/** A square that is full of one number. */
const full = (number: number) => ones([200, 200]).mul(number);

forEachDevice("what is asked for after an async call takes its place behind it", async () => {
  const step = slow(), x = full(1);
  step(x);
  for (let k = 0; k < 20; k++) {
    x.data = full(2);
    const first = step.async(x), second = step.async(x);
    // Both must see the old data, and the third the new.
    x.data = full(3);
    const third = step.async(x), read = x.read();
    x.data = full(4);
    const sync = step(x).item();
    const found = (await Promise.all([first, second, third])).map((result) => result.item());
    assertEquals([...found, (await read)[0], sync], [2, 2, 3, 3, 4]);
  }
  step[Symbol.dispose]();
}, { on: ["cpu", "wasm", "opencl"] });

forEachDevice("random numbers, gradients and modes keep their places around async calls", async () => {
  const weight = new Tensor([1, 2]),
    run = async (isAsync: boolean) => {
      manualSeed(5);
      const step = capture((x: Tensor) => {
        x.mul(weight).mul(rand([2])).sum().backward();
        return weight.grad!.mul(1);
      });
      const call = (x: Tensor) => isAsync ? step.async(x) : step(x);
      const found: unknown[] = [], waiting: (Tensor | Promise<Tensor>)[] = [];
      for (let k = 0; k < 4; k++) {
        waiting.push(call(tensor([k, k])), call(tensor([1, k])));
        found.push(bits(rand([3])), bits(weight.grad));
        const x = tensor([1, 1]);
        waiting.push(noGrad(() => ({ call: () => call(x) })).call());
        if (k === 1) weight.resetGrad();
      }
      step[Symbol.dispose]();
      weight.resetGrad();
      for (const result of await Promise.allSettled(waiting)) found.push(result.status);
      return found;
    };
  assertEquals(await run(true), await run(false));
});

forEachDevice("a scope that ends takes nothing from the async calls in it", async (device) => {
  const step = slow();
  step(full(1));
  const { tensors } = memory(device), waiting: Promise<Tensor>[] = [];
  {
    using _ = scope();
    // The op of the second input waits for the first call, whose result nobody has seen at the scope's end.
    for (const number of [2, 3]) waiting.push(step.async(full(number)));
  }
  const results = await Promise.all(waiting);
  assertEquals(results.map((result) => result.item()), [2, 3]);
  for (const result of results) result.dispose();
  assertStrictEquals(memory(device).tensors, tensors);
  {
    using _ = scope();
    await step.async(full(2));
  }
  assertStrictEquals(memory(device).tensors, tensors, "the scope does not own the result");
  step[Symbol.dispose]();
}, { on: ["cpu", "wasm", "opencl"], parameters: true });

forEachDevice("read() gives the elements of that moment, whatever is done afterwards", async () => {
  const x = tensor([1, 2, 3, 4]), turned = tensor([[1, 2], [3, 4]]).transpose();
  const first = x.read(), other = turned.read(), part = x.at("1::2").read(), none = zeros([0]).read();
  x.data = tensor([5, 6, 7, 8]);
  const second = x.read();
  x.dispose();
  turned.dispose();
  const found = await Promise.all([first, other, part, none, second]);
  assertExact(found.map((flat) => [...flat]), [[1, 2, 3, 4], [1, 3, 2, 4], [2, 4], [], [5, 6, 7, 8]]);
  await assertRejects(() => x.read(), Error, "dispose() freed it");
  const reading = capture((y: Tensor) => {
    void y.read();
    return y.add(1);
  });
  assertThrowsLike(() => reading(zeros([1])), /Cannot capture: a value is read inside the function/);
});

/** A stream on a device that works when it is told to, and a list of what it was asked for. */
function patient() {
  const asked: string[] = [], ends: (() => void)[] = [], none = () => {};
  const start = (what: string): Started => {
    asked.push(what);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.push(resolve);
    return { ended: promise, finish: () => void asked.push(`wait for ${what}`) };
  };
  const device: Device = {
    name: "patient",
    description: "",
    words: new Float64Array(limits.words),
    run: () => void asked.push("run"),
    write: none,
    read: () => void asked.push("read"),
    memory: () => (asked.push("memory"), { bytes: 0, reserved: 7 }),
    setThreads: none,
    close: none,
    startWords: () => start("words"),
    startRead: () => start("bytes"),
  };
  return { stream: new Stream(device), asked, ends };
}

Deno.test("while a device works, questions do not wait, reads wait their turn, and ops wait for all before", async () => {
  const { stream, asked, ends } = patient(), words = new Float64Array(8);
  const array = filled(stream, [2], "float32", 1);
  assertStrictEquals(stream.reserved, 7);
  const turn = () =>
    takeTurn(() => {
      const started = stream.startReplay(words, 0, [8]);
      return { started, end: () => started!.finish() };
    }, () => asked.push("seen"));
  asked.length = 0;
  const first = turn(), second = turn(), read = array.readLater();
  assertStrictEquals(stream.reserved, 7);
  assertEquals(asked, ["memory", "words"]);
  ends.shift()!();
  await first;
  for (let k = 0; k < 9; k++) await null;
  assertEquals(asked.splice(0), ["memory", "words", "wait for words", "seen", "memory", "words"]);
  filled(stream, [2], "float32", 2);
  assertEquals(asked.splice(0), ["wait for words", "run", "bytes", "wait for bytes"]);
  await Promise.all([second, read]);
  stream.flush();
  assertEquals(asked.splice(0), ["seen", "run"]);
  assertStrictEquals(stream.reserved, 7);
});

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
