/** Replay equals eager bit for bit: every module, loss and optimizer, and whole training steps. */
import {
  autocast,
  type AutocastType,
  type DType,
  nn,
  type optim,
  rand,
  randint,
  randn,
  setThreads,
  Tensor,
} from "../mod.ts";
import { sameAsEager, type Scenario, trainer } from "./captures.ts";
import { losses, type Make, modules, optimizers } from "./catalogue.ts";
import { forEachDevice } from "./support.ts";

const rows = [4, 6] as const;
const labels = () => randint(0, 4, [5]);

const small = () => new nn.Sequential(new nn.Linear(6, 5), new nn.BatchNorm1d(5), new nn.Tanh(), new nn.Linear(5, 4));
const xor = () => new nn.Sequential(new nn.Linear(2, 8), new nn.Tanh(), new nn.Linear(8, 1), new nn.Sigmoid());
const smallResNet = { inputs: 12, width: 8, depth: 2, classes: 4 };

/** Whole training steps: the net, its loss and optimizer, and a batch. */
const steps: [name: string, make: Make, loss: Make, optimizer: string, x: () => Tensor, y: () => Tensor][] = [
  ["xor", xor, () => new nn.BinaryCrossEntropyLoss(), "Adam", () => rand([4, 2]), () => rand([4, 1]).round()],
  [
    "MLPResNet",
    () => new nn.models.MLPResNet(smallResNet),
    () => new nn.CrossEntropyLoss(),
    "Adam",
    () => randn([5, 12]),
    labels,
  ],
  [
    "MLPResNet with LayerNorm",
    () => new nn.models.MLPResNet({ ...smallResNet, norm: "layer" }),
    () => new nn.CrossEntropyLoss(),
    "SGD",
    () => randn([5, 12]),
    labels,
  ],
  [
    "ResMLP",
    () => new nn.models.ResMLP({ image: [3, 32, 32], patch: 4, width: 192, depth: 6, classes: 10 }),
    () => new nn.CrossEntropyLoss(),
    "AdamW",
    () => randn([2, 3, 32, 32]),
    () => randint(0, 4, [2]),
  ],
];

/** The types of a module's tensors, and those of `autocast` around its calls. */
interface Precision {
  dtype?: DType;
  mixed?: AutocastType;
}

/** Forward and backward of a module in training, in evaluation, and in training again. */
const both = (make: Make, shape: readonly number[], { dtype, mixed }: Precision = {}): Scenario => (wrap, log) => {
  const net = make(), params = net.parameters();
  if (dtype !== undefined) net.cast(dtype);
  const f = wrap((x: Tensor, weight: Tensor) => {
    for (const parameter of params) parameter.resetGrad();
    const y = mixed === undefined ? net.call(x) : autocast(() => net.call(x), { dtype: mixed });
    y.mul(weight).sum().backward();
    return y;
  });
  const draw = () => randn(shape, { requiresGrad: true, ...(dtype === undefined ? {} : { dtype }) });
  const width = net.call(draw()).shape;
  for (const training of [true, true, false, true, false]) {
    net.train(training);
    const x = draw();
    log(f(x, randn(width)), x.grad, params.map(({ grad }) => grad), net.stateDict());
  }
};

const graded = (make: Make, prediction: () => Tensor, target: () => Tensor): Scenario => (wrap, log) => {
  const loss = make();
  const f = wrap((x: Tensor, y: Tensor) => {
    const value = loss.call(x, y);
    value.square().sum().backward();
    return value;
  });
  for (let k = 0; k < 3; k++) {
    const x = new Tensor(prediction().toTypedArray(), { shape: prediction().shape });
    log(f(x, target()), x.grad);
  }
};

const trained = (
  make: Make,
  lossOf: Make,
  makeOptimizer: (params: Tensor[]) => optim.Optimizer,
  x: () => Tensor,
  y: () => Tensor,
): Scenario =>
(wrap, log) => {
  const { step, state } = trainer(make(), makeOptimizer, { loss: lossOf() }), captured = wrap(step);
  for (let k = 0; k < 5; k++) log(captured(x(), y()), state());
};
const optimizerOf = (name: string) => optimizers.find(([other]) => other === name)![1];
const parameters = { parameters: true };

for (const [k, [name, make, shape]] of modules.entries()) {
  forEachDevice(`captured as eager: ${name} (${k})`, () => sameAsEager(both(make, shape), 2), parameters);
}
forEachDevice("captured as eager: every module in halves", () => {
  for (const [, make, shape] of modules) {
    for (const dtype of ["float16", "bfloat16"] as const) sameAsEager(both(make, shape, { dtype }), 2);
  }
}, parameters);
forEachDevice("captured as eager: every module under autocast", () => {
  for (const [, make, shape] of modules) {
    for (const mixed of ["float16", "bfloat16"] as const) sameAsEager(both(make, shape, { mixed }), 2);
  }
}, parameters);
forEachDevice("captured as eager: autocast around the call", () => {
  sameAsEager((wrap, log) => {
    const layer = new nn.Linear(6, 3), f = wrap((x: Tensor) => layer.call(x).cast("float32"));
    for (let k = 0; k < 2; k++) {
      const x = randn(rows);
      log(f(x), autocast(() => f(x), { dtype: "bfloat16" }), autocast(() => f(x), { dtype: "float16" }));
    }
  }, 3);
}, parameters);
for (const [k, [name, make, prediction, target]] of losses.entries()) {
  forEachDevice(
    `captured as eager: ${name} (${k})`,
    () => sameAsEager(graded(make, prediction, target), 1),
    parameters,
  );
}
for (const [k, [name, make]] of optimizers.entries()) {
  const scenario = trained(small, () => new nn.MSELoss(), make, () => randn([5, 6]), () => randn([5, 4]));
  forEachDevice(`captured as eager: ${name} (${k})`, () => sameAsEager(scenario, 1), parameters);
}
for (const [name, make, loss, optimizer, x, y] of steps) {
  const scenario = trained(make, loss, optimizerOf(optimizer), x, y), heavy = name === "ResMLP";
  const options = heavy ? { ...parameters, on: ["cpu", "wasm"] } : parameters;
  forEachDevice(`captured as eager: training ${name}`, () => sameAsEager(scenario, 1), options);
}

/** Products so large that they run together with the maps after them, with numbers of rows that no block divides. */
const follows: [name: string, f: (x: Tensor, weight: Tensor, bias: Tensor) => unknown][] = [
  ["ReLU", (x, weight, bias) => x.matmul(weight).add(bias).relu()],
  ["GELU", (x, weight, bias) => new nn.GELU().call(x.matmul(weight).add(bias))],
  ["a residual", (x, weight, bias) => x.matmul(weight).add(bias).add(x)],
  ["a product that others want", (x, weight, bias) => {
    const product = x.matmul(weight);
    return [product, product.add(bias).relu(), product.sum({ axes: [0] })];
  }],
  ["turned weights", (x, weight, bias) => x.matmul(weight.transpose()).add(bias).relu()],
  ["softmax", (x, weight, bias) => x.matmul(weight).add(bias).softmax(-1)],
  ["a layer across turned data", (x, weight, bias) => {
    const turned = x.reshape([-1, 72, 72]).transpose([0, 2, 1]);
    return turned.matmul(weight).add(bias).transpose([0, 2, 1]).mul(x.reshape([-1, 72, 72]));
  }],
];
for (const [name, f] of follows) {
  forEachDevice(`captured as eager: a product and ${name}`, () => {
    sameAsEager((wrap, log) => {
      const weight = randn([72, 72], { requiresGrad: true }), bias = randn([72], { requiresGrad: true });
      const step = wrap((x: Tensor, g: Tensor) => {
        weight.resetGrad();
        bias.resetGrad();
        const found = [f(x, weight, bias)].flat() as Tensor[], y = found[found.length > 1 ? 1 : 0]!;
        y.mul(g.reshape(y.shape)).sum().backward();
        return found;
      });
      for (const threads of [1, 2, 3, 2, 2]) {
        setThreads(threads);
        const x = randn([3672, 72], { requiresGrad: true });
        log(step(x, randn([3672, 72])), x.grad, weight.grad, bias.grad);
      }
      setThreads(navigator.hardwareConcurrency);
    }, 1);
  }, { on: ["cpu", "wasm"] });
}

/** Weights that are copied into another order as long as they do not change: long rows, turned ones, and halves. */
for (const dtype of ["float32", "float64", "float16", "bfloat16"] as const) {
  forEachDevice(`captured as eager: weights that stay and change between calls, of ${dtype}`, () => {
    sameAsEager((wrap, log) => {
      const wide = dtype === "float64" ? 530 : 1100, draw = (shape: readonly number[]) => randn(shape, { dtype });
      const first = new nn.Linear(24, wide), last = new nn.Linear(wide, 24);
      const net = new nn.Sequential(first, new nn.ReLU(), last);
      net.cast(dtype);
      const score = wrap((x: Tensor) => net.call(x).matmul(last.weight.transpose()).matmul(first.weight.transpose()));
      const { step } = trainer(net), learn = wrap(step);
      const state = Object.fromEntries(Object.entries(net.stateDict()).map(([name, value]) => [name, value.neg()]));
      const x = draw([6, 24]), more = draw([3, 24]);
      const changes: (() => void)[] = [
        () => {},
        () => void (first.weight.data = draw([24, wide])),
        () => void learn(x, draw([6, 24])),
        () => void (first.weight.data = first.weight.mul(2).detach()),
        () => void net.loadStateDict(state),
        () => void (last.weight.data = last.weight.square().detach()),
      ];
      for (const change of changes) {
        change();
        for (let k = 0; k < 4; k++) log(score(x), score(more));
      }
    });
  }, { ...parameters, on: ["cpu", "wasm"] });
}
