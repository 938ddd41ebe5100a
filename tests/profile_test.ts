/** Profiles: the same bits, what belongs to which op and module, sums, and the texts that show them. */
import {
  capture,
  group,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  Profile,
  profile,
  rand,
  scope,
  type Tensor,
  tensor,
} from "../mod.ts";
import {
  assertEquals,
  assertExact,
  assertMatch,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "./support.ts";

const parameters = { parameters: true };
// deno-lint-ignore no-explicit-any -- what programs in plain JavaScript pass.
const given = (value: unknown): any => value;

/** A net, a step of its training, and its parameters after three steps that `run` makes. */
function trained(run: (step: () => Tensor) => unknown, captured: boolean): number[] {
  manualSeed(5);
  const net = new nn.Sequential(new nn.Linear(6, 5), new nn.LayerNorm1d(5), new nn.Dropout(0.2), new nn.Linear(5, 3));
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.1 }), loss = new nn.CrossEntropyLoss();
  const x = rand([4, 6]), y = tensor(Int32Array.of(0, 1, 2, 1));
  const eager = () => {
    const value = loss.call(net.call(x), y);
    optimizer.resetGrad();
    value.backward();
    optimizer.step();
    return value;
  };
  const step = captured ? capture(eager) : eager;
  for (let k = 0; k < 3; k++) run(step);
  return net.parameters().flatMap(values);
}

forEachDevice("a profile leaves every bit as it is, eagerly and captured", () => {
  for (const captured of [false, true]) {
    assertExact(
      trained((step) => profile(step), captured),
      trained((step) => step(), captured),
      `captured: ${captured}`,
    );
  }
}, parameters);

forEachDevice("events belong to their ops and modules, also in replays", () => {
  class Net extends nn.Module {
    readonly layers = new nn.ModuleList([new nn.Linear(6, 5), new nn.Linear(5, 3)]);
    override forward(x: Tensor): Tensor {
      for (const layer of this.layers) x = layer.call(x).tanh();
      return x;
    }
  }
  const net = new Net(), x = rand([4, 6]);
  const eager = () => {
    net.resetGrad();
    net.call(x).sum().backward();
  };
  const step = capture(eager);
  step();
  for (const [run, replayed] of [[eager, false], [step, true]] as const) {
    const { events } = profile(run), wanted = 4 * 6 * 5 + 4 * 5 * 3;
    const products = events.filter(({ name }) => name === "matmul");
    const forward = products.filter(({ backward }) => !backward);
    assertEquals(forward.map(({ module }) => module), ["Net.layers.0", "Net.layers.1"]);
    assertEquals(forward.reduce((sum, { operations }) => sum + operations, 0), 2 * wanted);
    // The input needs no gradient: one product less than twice as many.
    const back = products.filter(({ backward }) => backward);
    assertEquals(back.map(({ module }) => module).sort(), ["Net.layers.0", "Net.layers.1", "Net.layers.1"]);
    assertEquals(
      events.some(({ op, module, backward }) => op?.includes("Tanh") && module === "Net" && !backward),
      true,
    );
    assertEquals(
      events.every((event) => event.replayed === replayed && event.milliseconds >= 0 && event.bytes > 0),
      true,
    );
  }
}, parameters);

forEachDevice("bytes and operations follow from shapes; a row that is repeated counts once", () => {
  const a = rand([3, 4]), b = rand([4]), c = rand([4, 2]);
  const cost = (body: () => unknown) => {
    const { events } = profile(() => noGrad(body));
    return [events.map(({ name }) => name).join(), ...events.map(({ bytes, operations }) => [bytes, operations])];
  };
  assertEquals(cost(() => a.add(a)), ["add", [3 * 48, 12]]);
  assertEquals(cost(() => a.add(b)), ["add", [48 + 48 + 16, 12]]);
  assertEquals(cost(() => a.matmul(c)), ["matmul", [48 + 32 + 24, 48]]);
  assertEquals(cost(() => a.sum()), ["fold sum", [48 + 4, 12]]);
  const grouped = profile(() => noGrad(() => group(() => a.mul(2).add(1).sqrt()))).events;
  assertEquals(grouped.map(({ name, operations }) => [name, operations]), [[
    "group of 3: mulScalar, addScalar, sqrt",
    36,
  ]]);
});

forEachDevice("sums by op and module, and the texts", () => {
  class Odd extends nn.Module {
    // A name that would break an SVG or a path.
    readonly parts = new Map([["<&\"'\u0001é", new nn.ReLU()]]);
    override forward(x: Tensor): Tensor {
      for (const part of this.parts.values()) x = part.call(x);
      return x;
    }
  }
  const net = new Odd(), found = profile(() => net.call(ones([3])).sum());
  assertStrictEquals(found instanceof Profile, true);
  assertExact(values(found.result), [3]);
  const rows = found.ops(), share = rows.reduce((sum, row) => sum + row.share, 0);
  assertEquals(rows.map(({ name, count }) => `${name} ${count}`).sort(), ["ReLU 1", "Summation 1", "fill 1"]);
  assertEquals(Math.abs(share - 1) < 1e-9, true);
  assertEquals(found.modules().map(({ name }) => name).sort(), ["", `Odd.parts.<&"'\u0001é`]);
  assertMatch(`${found}`, /^[\d.]+ ms, [\d.]+ ms of them in 3 runs on \w+[\s\S]*\nReLU +1 .*%[\s\S]*\(no module\)/);
  const { traceEvents } = JSON.parse(found.trace());
  assertEquals(traceEvents.length, 4);
  assertEquals(traceEvents.filter(({ ph, dur }: { ph: string; dur: number }) => ph === "X" && dur >= 0).length, 3);
  const svg = found.flame();
  assertMatch(svg, /^<svg xmlns=[\s\S]*&#60;&#38;&#34;&#39;é[\s\S]*<\/svg>\n$/);
  assertEquals(svg.includes("\u0001"), false);
  assertEquals(profile(() => 3).flame().includes("<rect"), false);
}, { on: ["cpu", "reference"] });

forEachDevice("async functions are measured to their end, and errors end a profile", async (device) => {
  const step = capture((x: Tensor) => x.mul(2).sum()), x = ones([1000]);
  step(x);
  const found = await profile(async () => {
    const value = await step.async(x);
    await value.read();
    return value.item();
  });
  assertStrictEquals(found.result, 2000);
  assertEquals(found.events.every(({ replayed }) => replayed) && found.events.length > 0, true);
  await profile(() => Promise.reject(new Error("late"))).then(() => assertEquals(1, 2), () => {});
  assertThrowsLike(() => profile(() => profile(() => 1)), /^Error: Cannot profile: another profile is under way/);
  assertThrowsLike(() => profile(given(3)), /^TypeError: Cannot profile: 3, it must be a function/);
  assertThrowsLike(
    () => capture(() => profile(() => 1) as unknown as Tensor)(),
    /^Error: Cannot capture: profile\(\) is called inside/,
  );
  const before = memory(device).tensors;
  profile(() => {
    using _ = scope();
    ones([3]).mul(2);
  });
  assertStrictEquals(memory(device).tensors, before);
});
