/** Where a module finds its parameters, and what is said of those that it cannot find. */
import { capture, data, nn, ones, optim, scope, Tensor, tensor, train, zeros } from "../mod.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertMatch, assertThrows, forEachDevice, values } from "./support.ts";

const parameters = { parameters: true };
const layer = () => new nn.Linear(2, 2, { bias: false });

/** A module whose field `at` holds `held`, each part of which is multiplied into the input. */
class Holder extends nn.Module {
  constructor(readonly at: unknown, readonly used: readonly Tensor[]) {
    super();
  }
  override forward(x: Tensor): Tensor {
    return this.used.reduce((y, part) => y.mul(part), x);
  }
}

const first = () => new nn.Parameter([2]), plain = () => new Tensor([3]);

/** What a field may hold, and the names of what is trained in it. */
const holders: Record<string, [make: () => unknown, names: string[]]> = {
  "a Map by text": [() => new Map([["left", first()], ["right", first()]]), ["at.left", "at.right"]],
  "a Map by number": [() => new Map([[7, first()]]), ["at.7"]],
  "a Map by objects": [() => new Map([[{}, first()], [[], first()]]), ["at.0", "at.1"]],
  "a Map of modules": [() => new Map([["head", layer()]]), ["at.head.weight"]],
  "a Set": [() => new Set([first(), layer()]), ["at.0", "at.1.weight"]],
  "a Map of Sets of lists": [() => new Map([["a", new Set([[first()], { b: first() }])]]), ["at.a.0.0", "at.a.1.b"]],
  "a tensor that requires a gradient": [plain, ["at"]],
  "a list of such tensors": [() => [plain(), tensor([1]), plain()], ["at.0", "at.2"]],
  "a constant": [() => tensor([3]), []],
  "a result": [() => plain().mul(2), []],
  "a buffer": [() => new nn.Buffer([3]), []],
};
for (const [name, [make, names]] of Object.entries(holders)) {
  forEachDevice(`a module finds its parameters in ${name}`, () => {
    const held = make(), module = new Holder(held, []);
    // The list of parts in use is a field too.
    assertEquals(module.namedParameters().map(([name]) => name), names);
    assertEquals(Object.keys(module.stateDict()).filter((name) => names.includes(name)), names);
    const state = Object.fromEntries(Object.entries(module.stateDict()).map(([name, value]) => [name, value.add(1)]));
    module.loadStateDict(state);
    for (const [name, value] of Object.entries(module.stateDict())) assertEquals(values(value), values(state[name]!));
  }, parameters);
}

forEachDevice("a Map that holds itself, and a part in two places, are walked once", () => {
  const part = layer(), circle = new Map<string, unknown>([["part", part]]);
  circle.set("self", circle).set("again", part);
  const module = new Holder(circle, []);
  assertEquals(module.namedParameters().map(([name]) => name), ["at.part.weight"]);
  assertEquals(module.namedModules().map(([name]) => name), ["", "at.part"]);
  assertEquals(module.modules(), [module, part]);
  module.eval();
  assertEquals(part.training, false);
}, parameters);

forEachDevice("an input that a module kept and a scope freed is no parameter", () => {
  const module = new Holder({ last: null as Tensor | null }, []);
  {
    using _ = scope();
    (module.at as { last: Tensor }).last = new Tensor([1]);
  }
  assertEquals([module.parameters(), module.stateDict()], [[], {}]);
});

testWith([], "two tensors of one name are refused, since a state would lose one", () => {
  const module = new Holder(new Map<unknown, unknown>([[1, first()], ["1", first()]]), []);
  assertThrows(() => module.stateDict(), TypeError, "Cannot list tensors: two of the module are named at.1");
  const dots = new Holder({ "a.b": first(), a: { b: first() } }, []);
  assertThrows(() => dots.parameters(), TypeError, "two of the module are named at.a.b");
});

/** What is written to standard error while `body` runs. */
async function noticesOf(body: () => unknown): Promise<string[]> {
  const { warn } = console, notices: string[] = [];
  console.warn = (text: string) => notices.push(text);
  try {
    await body();
  } finally {
    console.warn = warn;
  }
  return notices;
}

/** A net with a parameter that no walk finds. */
class Hidden extends nn.Module {
  readonly #scale: Tensor;
  readonly shown = layer();
  constructor(scale: Tensor) {
    super();
    this.#scale = scale;
  }
  override forward(x: Tensor): Tensor {
    return this.shown.call(x).mul(this.#scale);
  }
}
const told = /^deneb: tensors get gradients, but no optimizer trains them and no module lists them: \[1\]\. /;

forEachDevice("the first step of an optimizer tells once of parameters that no module lists", async () => {
  for (const wrap of [(f: () => Tensor) => f, (f: () => Tensor) => capture(f)]) {
    const net = new Hidden(first()), optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
    const step = wrap(() => {
      const loss = net.call(ones([1, 2])).sum();
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const notices = await noticesOf(() => [step(), step(), step()]);
    assertEquals(notices.length, 1);
    assertMatch(notices[0]!, told);
  }
}, parameters);

forEachDevice(
  "nothing is told of parameters that a module lists, an optimizer trains or that get no gradient",
  async () => {
    const net = new Hidden(first()), frozen = layer(), loose = first(), unused = first();
    frozen.stateDict();
    const own = new optim.SGD([loose]), rest = new optim.SGD(net.shown.parameters());
    const notices = await noticesOf(() => {
      frozen.call(net.shown.call(ones([1, 2]))).mul(loose).sum().backward();
      rest.step();
      own.step();
    });
    assertEquals([notices, unused.grad], [[], null]);
  },
  parameters,
);

testWith([], "train.fit tells of other tensors that get a gradient, and not of its inputs", async () => {
  const samples = new data.ArrayDataset(zeros([4, 2]), zeros([4, 2]));
  const transform = (x: Tensor) => new Tensor(x.toTypedArray(), { shape: x.shape });
  for (const captured of [false, true]) {
    const fit = (net: nn.Module) => {
      const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
      const loader = new data.DataLoader(samples, { batchSize: 2, transform });
      return train.fit(net, loader, { loss: new nn.MSELoss(), optimizer, captured, epochs: 2 });
    };
    const notices = await noticesOf(() => fit(new Hidden(plain())));
    assertEquals(notices.length, 1);
    assertMatch(notices[0]!, told);
    assertEquals(await noticesOf(() => fit(layer())), []);
  }
});
