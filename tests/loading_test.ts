/** Loading states: all of it or nothing, into tensors that keep their element types, devices and memory. */
import fixtures from "./fixtures/pytorch.json" with { type: "json" };
import { devices, type DType, io, manualSeed, nn, ones, optim, rand, scope, Tensor, tensor } from "../mod.ts";
import { optimizers, Sinking } from "./catalogue.ts";
import { schedules } from "./pytorch_modules.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import {
  assertClose,
  assertEquals,
  assertExact,
  assertRejects,
  assertThrows,
  forEachDevice,
  values,
} from "./support.ts";

const floats: DType[] = ["float16", "bfloat16", "float32", "float64"];
const parameters = { parameters: true };

forEachDevice("Module.loadStateDict() keeps the element types, and converts what it is given", () => {
  for (const own of floats) {
    for (const given of floats) {
      const layer = new nn.Linear(2, 1, { dtype: own });
      layer.loadStateDict({
        weight: tensor([[0.5], [-1.25]], { dtype: given }),
        bias: tensor([3], { dtype: given }),
      });
      assertEquals([layer.weight.dtype, layer.bias!.dtype], [own, own], given);
      assertExact([values(layer.weight), values(layer.bias!)], [[0.5, -1.25], [3]], given);
    }
  }
}, parameters);

forEachDevice("a small step from a float16 file is not lost", () => {
  const x = new nn.Parameter([1]),
    net = new (class extends nn.Module {
      x = x;
      override forward(): Tensor {
        return x;
      }
    })();
  net.loadStateDict({ x: tensor([1], { dtype: "float16" }) });
  const optimizer = new optim.SGD([x], { lr: 1e-4 });
  x.sum().backward();
  optimizer.step();
  // Between 0.9995 and 1 there is no float16.
  assertExact(values(x), [Math.fround(1 - Math.fround(1e-4))]);
}, parameters);

forEachDevice("a state of another device is moved to the device of what it is loaded into", (device) => {
  for (const { name } of devices().filter(({ name, available }) => available && name !== device)) {
    const other = new nn.Linear(2, 2).to(name), layer = new nn.Linear(2, 2);
    layer.loadStateDict(other.stateDict());
    assertEquals([layer.weight.device, layer.bias!.device], [device, device], name);
    assertExact(values(layer.weight), values(other.weight.to("reference")), name);
    const optimizer = new optim.Adam(layer.parameters()), source = new optim.Adam(other.parameters());
    ones([1, 2], { device: name }).matmul(other.weight).add(other.bias!).sum().backward();
    source.step();
    optimizer.loadStateDict(source.stateDict());
    for (const [slot, value] of Object.entries(optimizer.stateDict())) {
      if (!(value instanceof Tensor)) continue;
      assertEquals(value.device, device, slot);
      assertExact(values(value), values((source.stateDict()[slot] as Tensor).to("reference")), slot);
    }
  }
}, parameters);

forEachDevice("Optimizer.loadStateDict() keeps the element types of its tensors", () => {
  for (const [name, make] of optimizers) {
    for (const given of floats) {
      const parameter = new nn.Parameter([1, 2]), optimizer = make([parameter]), state = optimizer.stateDict();
      const cast = Object.entries(state).map(([slot, value]) =>
        [slot, value instanceof Tensor ? value.cast(given) : value] as const
      );
      optimizer.loadStateDict(Object.fromEntries(cast));
      for (const [slot, value] of Object.entries(optimizer.stateDict())) {
        if (value instanceof Tensor) assertEquals(value.dtype, "float32", `${name} ${slot} from ${given}`);
      }
    }
  }
}, parameters);

const freed = () => {
  const tensor = ones([2]);
  tensor.dispose();
  return tensor;
};
type Wrong = [what: string, change: Record<string, unknown>, kind: typeof TypeError, text: string];
// The last parameter is wrong, so that a loader that writes what it has checked so far is found out.
const wrongModules: Wrong[] = [
  ["an int32 tensor", { bias: tensor([1, 2], { dtype: "int32" }) }, TypeError, "bias is of type int32, it must be"],
  ["a bool tensor", { bias: tensor([true, false]) }, TypeError, "bias is of type bool, it must be float32"],
  ["another shape", { bias: ones([3]) }, TypeError, "bias has shape [3], it must be [2]"],
  ["null", { bias: null }, TypeError, "bias is null, it must be a tensor"],
  ["a list", { bias: [1, 2] }, TypeError, "bias is a list, it must be a tensor"],
  ["a name too many", { other: ones([2]) }, TypeError, "unexpected other"],
  ["a freed tensor", { bias: freed() }, Error as typeof TypeError, "Cannot read tensor"],
];

forEachDevice("Module.loadStateDict() changes nothing when it refuses", () => {
  for (const [what, change, kind, text] of wrongModules) {
    const layer = new nn.Linear(2, 2), before = values(layer.weight);
    const state = { weight: ones([2, 2]), bias: ones([2]), ...change } as nn.StateDict;
    assertThrows(() => layer.loadStateDict(state), kind, text, what);
    assertExact(values(layer.weight), before, what);
  }
  for (const state of [null, undefined, 3, [], new nn.Linear(2, 2)]) {
    assertThrows(() => new nn.Linear(2, 2).loadStateDict(state as never), TypeError, "Cannot load state: ");
  }
}, parameters);

const wrongOptimizers: Wrong[] = [
  ...[null, "0.1", [1], 1n, true].map((lr): Wrong => [`lr ${lr}`, { lr }, TypeError, "it must be a number"]),
  ...[NaN, -1, Infinity].map((lr): Wrong => [`lr ${lr}`, { lr }, RangeError, `lr ${lr} must lie in [0, Infinity)`]),
  ...[NaN, -1].map((initialLr): Wrong => [`initialLr ${initialLr}`, { initialLr }, RangeError, "initialLr"]),
  ...[-5, 1.5, NaN].map((step): Wrong => [`step ${step}`, { "step.0": step }, RangeError, `step.0 ${step} must be`]),
  ["step null", { "step.0": null }, TypeError, "step.0 is null, it must be a number"],
  ["a slot that is a number", { "second.0": 3 }, TypeError, "second.0 is 3, it must be a tensor"],
  ["a slot that is null", { "second.0": null }, TypeError, "second.0 is null"],
  ["a slot of int32", { "second.0": tensor([1, 2], { dtype: "int32" }) }, TypeError, "second.0 is of type int32"],
  ["a slot of another shape", { "second.0": ones([1]) }, TypeError, "second.0 has shape [1], it must be [2]"],
  ["a freed slot", { "second.0": freed() }, Error as typeof TypeError, "Cannot read tensor"],
  ["a name too many", { "third.0": ones([2]) }, TypeError, "unexpected third.0"],
  ["a name too few", { "second.0": undefined }, TypeError, "missing second.0"],
];

forEachDevice("Optimizer.loadStateDict() changes nothing when it refuses", () => {
  for (const [what, change, kind, text] of wrongOptimizers) {
    const optimizer = new optim.Adam([new nn.Parameter([1, 2])], { lr: 0.5 });
    const state = { lr: 0.1, "step.0": 7, "first.0": ones([2]), "second.0": ones([2]), ...change };
    assertThrows(() => optimizer.loadStateDict(state as optim.OptimizerState), kind, text, what);
    const { "first.0": first, "second.0": second, ...numbers } = optimizer.stateDict();
    assertExact([numbers, values(first as Tensor), values(second as Tensor)], [
      { lr: 0.5, "step.0": 0 },
      [0, 0],
      [0, 0],
    ], what);
  }
  const optimizer = new optim.Adam([new nn.Parameter([1])]);
  for (const state of [null, 3, optimizer]) {
    assertThrows(() => optimizer.loadStateDict(state as never), TypeError, "Cannot load state: ");
  }
}, parameters);

Deno.test("Scheduler.loadStateDict() changes nothing when it refuses", () => {
  const optimizer = new optim.SGD([new Tensor([1])], { lr: 1 }),
    schedule = new optim.StepDecay(optimizer, { stepSize: 1 });
  schedule.step();
  const cases: [state: unknown, kind: typeof TypeError][] = [
    [null, TypeError],
    [schedule, TypeError],
    [{}, RangeError],
    [{ steps: -1 }, RangeError],
    [{ steps: 1.5, baseLr: 2 }, RangeError],
    ...[NaN, -1, null, "1"].map((baseLr): [unknown, typeof TypeError] => [{ steps: 3, baseLr }, RangeError]),
  ];
  for (const [state, kind] of cases) {
    assertThrows(() => schedule.loadStateDict(state as optim.SchedulerState), kind, "Cannot load schedule");
    assertExact([schedule.stateDict(), optimizer.lr], [{ steps: 1, baseLr: 1 }, 0.1]);
  }
});

Deno.test("Scheduler.loadStateDict() changes nothing where the optimizer refuses the rate", () => {
  const optimizer = new optim.SGD([new Tensor([1])], { lr: 3 }), schedule = new Sinking(optimizer);
  assertThrows(() => schedule.loadStateDict({ steps: 5, baseLr: 4 }), RangeError, "lr");
  assertEquals([schedule.stateDict(), optimizer.lr, optimizer.initialLr], [{ steps: 0, baseLr: 3 }, 3, 3]);
});

Deno.test("the random generator takes no state that it could not be in", () => {
  manualSeed(3);
  const good = io.random.stateDict() as { key: number[]; counter: number };
  const wrong = [
    null,
    {},
    { ...good, key: 1 },
    { ...good, key: [1] },
    { ...good, key: [1, -1] },
    { ...good, key: [0.5, 0] },
    { ...good, key: [2 ** 32, 0] },
    { ...good, counter: -1 },
    { ...good, counter: NaN },
    { ...good, counter: "7" },
    { key: good.key },
  ];
  for (const state of wrong) {
    assertThrows(() => io.random.loadStateDict(state), Error, "Cannot set random state: ");
    assertEquals(io.random.stateDict(), good);
  }
});

/** A part that refuses every state, as one written by hand may. */
const stubborn: io.Stateful = {
  stateDict: () => ({}),
  loadStateDict: () => {
    throw new RangeError("no such state");
  },
};

function run() {
  const model = new nn.Linear(2, 2), optimizer = new optim.Adam(model.parameters(), { lr: 0.5 });
  return { model, optimizer, schedule: new optim.StepDecay(optimizer, { stepSize: 2 }) };
}

function train({ model, optimizer, schedule }: ReturnType<typeof run>, steps: number) {
  for (let step = 0; step < steps; step++) {
    using _ = scope();
    optimizer.resetGrad();
    model.call(ones([1, 2])).sum().backward();
    optimizer.step();
    schedule.step();
  }
}

/** All states as plain numbers. */
function plain({ model, optimizer, schedule }: ReturnType<typeof run>) {
  const state: Record<string, unknown> = { ...model.stateDict(), ...optimizer.stateDict(), ...schedule.stateDict() };
  return Object.entries(state).map(([name, value]) => [name, value instanceof Tensor ? values(value) : value]);
}

testWith(
  ["read", "write"],
  "loadCheckpoint() that throws has changed nothing",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/checkpoint.safetensors`, saved = run();
      train(saved, 5);
      await io.saveCheckpoint(path, { ...saved, stubborn, random: io.random });
      const found = run();
      train(found, 1);
      found.optimizer.lr = 0.25;
      const before = plain(found), drawn = io.random.stateDict();
      await assertRejects(
        () => io.loadCheckpoint(path, { random: io.random, ...found, stubborn }),
        RangeError,
        "no such state",
      );
      assertExact([plain(found), io.random.stateDict()], [before, drawn]);
      // An optimizer of another kind, which stands behind the model, refuses the state.
      const other = new optim.SGD(found.model.parameters(), { momentum: 0.9 });
      await assertRejects(
        () => io.loadCheckpoint(path, { model: found.model, optimizer: other }),
        TypeError,
        "first.0",
      );
      assertExact(plain(found), before);
      // A random state that no generator could be in.
      const text = JSON.stringify({ random: { key: [1, 2], counter: -1 }, model: { weight: { $tensor: "w" } } });
      await io.save(path, { w: ones([2, 2]) }, { metadata: { "deneb.checkpoint": text } });
      await assertRejects(() => io.loadCheckpoint(path, { random: io.random }), RangeError, "counter -1");
      assertEquals(rand([2]).shape, [2]);
      // States nested so deep that reading them would exhaust the stack.
      const deep = `{"model":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
      await io.save(path, {}, { metadata: { "deneb.checkpoint": deep } });
      await assertRejects(() => io.loadCheckpoint(path, { model: found.model }), SyntaxError, "nested more than");
    }),
);

Deno.test("PyTorch: a schedule goes on from every step, in whatever order it and its optimizer are restored", () => {
  const make = (lr: number) => new optim.SGD([new Tensor([1])], { lr });
  // deno-lint-ignore no-explicit-any -- each schedule has options of its own.
  for (const { name, options, rates, baseLr } of fixtures.schedules as any[]) {
    const schedule = schedules[name] ??
      // deno-lint-ignore no-explicit-any
      ((optimizer: optim.Optimizer): optim.Scheduler => new (optim as any)[name](optimizer, options));
    for (let at = 0; at < rates.length; at += 3) {
      const optimizer = make(baseLr), whole = schedule(optimizer);
      for (let step = 0; step < at; step++) whole.step();
      const state = { optimizer: optimizer.stateDict(), schedule: whole.stateDict() };
      const orders: Record<string, (lr: number) => [optim.Optimizer, optim.Scheduler]> = {
        "the schedule is made from a restored optimizer": (lr) => {
          const optimizer = make(lr);
          optimizer.loadStateDict(state.optimizer);
          const made = schedule(optimizer);
          made.loadStateDict(state.schedule);
          return [optimizer, made];
        },
        "the optimizer is restored first": (lr) => {
          const optimizer = make(lr), made = schedule(optimizer);
          optimizer.loadStateDict(state.optimizer);
          made.loadStateDict(state.schedule);
          return [optimizer, made];
        },
        "the schedule is restored first": (lr) => {
          const optimizer = make(lr), made = schedule(optimizer);
          made.loadStateDict(state.schedule);
          optimizer.loadStateDict(state.optimizer);
          return [optimizer, made];
        },
      };
      for (const [order, resume] of Object.entries(orders)) {
        // As in PyTorch, the state's base rate counts, and not that of the program that goes on.
        for (const lr of [baseLr, 3]) {
          const [optimizer, resumed] = resume(lr), found = [];
          for (let step = at; step < rates.length; step++, resumed.step()) found.push(optimizer.lr);
          assertClose(found, rates.slice(at), { relative: 1e-7, absolute: 1e-10, what: `${name} at ${at}: ${order}` });
        }
      }
    }
  }
});

Deno.test("a state without a base rate leaves the optimizer's own", () => {
  const optimizer = new optim.SGD([new Tensor([1])], { lr: 2 }),
    schedule = new optim.StepDecay(optimizer, { stepSize: 1 });
  optimizer.loadStateDict({ lr: 0.5, "step.0": 3 });
  assertEquals([schedule.baseLr, optimizer.lr], [2, 0.5]);
  schedule.loadStateDict({ steps: 1 });
  assertEquals([schedule.baseLr, optimizer.lr], [2, 0.2]);
});
