/** Modules and losses at their edges: empty batches, and arguments that are refused. */
import { build, capture, nn, placeholder, Tensor, tensor, zeros } from "../mod.ts";
import { modules } from "./catalogue.ts";
import {
  assertClose,
  assertEquals,
  assertExact,
  assertMatch,
  assertStrictEquals,
  assertThrows,
  forEachDevice,
  isLate,
  values,
} from "./support.ts";

const ints = (...values: number[]) => tensor(Int32Array.from(values));
const parameters = { parameters: true };

forEachDevice("BatchNorm1d refuses to train on a batch that has no variance, and keeps its statistics", () => {
  const norm = new nn.BatchNorm1d(2);
  for (const shape of [[1, 2], [1, 2, 1]]) {
    assertThrows(() => norm.call(zeros(shape)), TypeError, "training needs more than one value per feature");
  }
  for (const shape of [[0, 2], [0, 2, 4], [3, 2, 0]]) assertEquals(norm.call(zeros(shape)).shape, shape);
  assertExact([values(norm.runningMean!), values(norm.runningVar!)], [[0, 0], [1, 1]]);
  norm.eval();
  assertEquals(norm.call(zeros([0, 2])).shape, [0, 2]);
  assertExact(values(norm.call(zeros([1, 2]))), [0, 0]);
}, parameters);

forEachDevice("an empty batch passes every module, and leaves gradients of zero", () => {
  for (const [name, make, [, ...axes]] of modules) {
    const module = make(), x = new Tensor(zeros([0, ...axes]).toTypedArray(), { shape: [0, ...axes] });
    const y = module.call(x);
    assertEquals(y.shape[0], 0, name);
    y.sum().backward();
    for (const [path, parameter] of module.namedParameters()) {
      assertEquals(values(parameter.grad!).every((value) => value === 0), true, `${name}: ${path}`);
    }
    for (const [, buffer] of module.namedBuffers()) assertEquals(values(buffer).every(Number.isFinite), true, name);
  }
}, parameters);

/** Losses with a prediction and a target that hold no sample. */
const empty: Record<string, [make: (reduction: nn.Reduction) => nn.Loss, target: () => Tensor, losses: number[]]> = {
  MSELoss: [(reduction) => new nn.MSELoss({ reduction }), () => zeros([0, 3]), [0, 3]],
  "CrossEntropyLoss of labels": [(reduction) => new nn.CrossEntropyLoss({ reduction }), () => ints(), [0]],
  "CrossEntropyLoss of smoothed labels": [
    (reduction) => new nn.CrossEntropyLoss({ reduction, labelSmoothing: 0.1 }),
    () => ints(),
    [0],
  ],
  "CrossEntropyLoss of rows": [(reduction) => new nn.CrossEntropyLoss({ reduction }), () => zeros([0, 3]), [0]],
  BinaryCrossEntropyLoss: [(reduction) => new nn.BinaryCrossEntropyLoss({ reduction }), () => zeros([0, 3]), [0, 3]],
  "BinaryCrossEntropyLoss of logits": [
    (reduction) => new nn.BinaryCrossEntropyLoss({ reduction, logits: true }),
    () => zeros([0, 3]),
    [0, 3],
  ],
};
for (const [name, [make, target, shape]] of Object.entries(empty)) {
  // PyTorch's: the mean of nothing is no number, its sum is 0.
  forEachDevice(`the loss of an empty batch is NaN, 0 or empty: ${name}`, () => {
    const found = (["mean", "sum", "none"] as const).map((reduction) => {
      const prediction = new Tensor(new Float32Array(0), { shape: [0, 3] });
      const loss = make(reduction).call(prediction, target());
      loss.sum().backward();
      assertEquals(prediction.grad!.shape, [0, 3]);
      return loss;
    });
    assertExact([found[0]!.item(), found[1]!.item(), found[2]!.shape], [NaN, 0, shape]);
  });
}

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

/** What the constructors of modules and losses refuse, by the text. */
const refused: [make: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  ...[0, -1, 1.5, NaN, null, "3", 2 ** 25, 2 ** 32, 2 ** 53, Infinity].flatMap((count): typeof refused => [
    [() => new nn.Linear(given(count), 2), RangeError, "Cannot make Linear: inFeatures "],
    [() => new nn.Linear(2, given(count)), RangeError, "Cannot make Linear: outFeatures "],
    [() => new nn.BatchNorm1d(given(count)), RangeError, "Cannot make BatchNorm1d: features "],
    [() => new nn.LayerNorm1d(given(count)), RangeError, "Cannot make LayerNorm1d: features "],
    [() => new nn.Affine(given(count)), RangeError, "Cannot make Affine: features "],
    [() => new nn.LayerScale(given(count)), RangeError, "Cannot make LayerScale: features "],
  ]),
  [() => new nn.Linear(1e9, 1e9), RangeError, "inFeatures 1000000000 must be an integer of at most 16777216"],
  [() => new nn.Linear(2, 3, given({ biass: true })), TypeError, "there is no option biass; did you mean bias?"],
  [() => new nn.Linear(2, 3, given({ bias: "no" })), TypeError, 'bias "no" must be true or false'],
  [() => new nn.Linear(2, 3, { dtype: "int32" }), TypeError, "type int32 must be a float type"],
  [() => new nn.BatchNorm1d(2, given({ epss: 1 })), TypeError, "there is no option epss; did you mean eps?"],
  [() => new nn.BatchNorm1d(2, { eps: NaN }), RangeError, "Cannot make BatchNorm1d: eps NaN must lie in"],
  [() => new nn.BatchNorm1d(2, { eps: -1 }), RangeError, "eps -1 must lie in"],
  [() => new nn.BatchNorm1d(2, { momentum: 1.1 }), RangeError, "momentum 1.1 must lie in [0, 1]"],
  [() => new nn.BatchNorm1d(2).momentum = NaN, RangeError, "Cannot change BatchNorm1d: momentum NaN must lie in"],
  [() => new nn.LayerNorm1d(2, given({ eps: "1" })), RangeError, 'eps "1" must lie in'],
  [() => new nn.LayerNorm1d(2, given({ momentum: 0.1 })), TypeError, "there is no option momentum; there are eps"],
  ...[2, -0.1, NaN, null, "0.5", Infinity].map((p): typeof refused[number] => [
    () => new nn.Dropout(given(p)),
    RangeError,
    "Cannot make Dropout: probability ",
  ]),
  [() => new nn.Softmax(NaN), RangeError, "Cannot make Softmax: axis NaN must be an integer"],
  [() => new nn.LogSoftmax(given("0")), RangeError, 'Cannot make LogSoftmax: axis "0" must be an integer'],
  [() => new nn.Softmax(2).call(zeros([2, 2])), RangeError, "axis 2 must lie in"],
  [() => new nn.MSELoss({ reduction: given("avg") }), RangeError, 'reduction "avg" must be mean, sum or none'],
  [() => new nn.MSELoss({ reduction: given(null) }), RangeError, "reduction null must be mean, sum or none"],
  [() => new nn.CrossEntropyLoss(given({ weights: [1] })), TypeError, "did you mean weight?"],
  [() => new nn.CrossEntropyLoss({ labelSmoothing: 1.5 }), RangeError, "labelSmoothing 1.5 must lie in [0, 1]"],
  [() => new nn.CrossEntropyLoss({ labelSmoothing: given("0") }), RangeError, 'labelSmoothing "0" must lie in [0, 1]'],
  [() => new nn.BinaryCrossEntropyLoss(given({ logit: true })), TypeError, "did you mean logits?"],
  [() => new nn.BinaryCrossEntropyLoss({ logits: given(1) }), TypeError, "logits 1 must be true or false"],
  [() => new nn.Parameter([1], given(3)), TypeError, "Cannot make Parameter: options 3, they must be an object"],
  [() => new nn.Parameter([1], given({ requiresGrad: false })), TypeError, "there is no option requiresGrad"],
  [() => new nn.Buffer([1], given({ type: "float64" })), TypeError, "did you mean dtype?"],
  [() => new nn.Parameter(ints(1)), TypeError, "requiresGrad with type int32"],
  [() => new nn.Identity().train(given("no")), TypeError, 'training "no" must be true or false'],
  [() => new nn.Identity().loadStateDict({}, given({ strikt: false })), TypeError, "did you mean strict?"],
  [() => new nn.Identity().loadStateDict({}, { strict: given("no") }), TypeError, 'strict "no" must be true or false'],
  [() => new nn.Identity().cast(given("float")), TypeError, "Cannot cast module: type float must be a float type"],
];
forEachDevice("arguments of modules and losses are refused by their text", () => {
  for (const [make, kind, text] of refused) assertThrows(make, kind, text);
}, parameters);

forEachDevice("a parameter of a tensor has the shape and type that are asked for", () => {
  const source = tensor([1, 2, 3, 4]);
  const parameter = new nn.Parameter(source, { dtype: "float64", shape: [2, 2] });
  assertExact([parameter.toArray(), parameter.dtype, parameter.requiresGrad], [[[1, 2], [3, 4]], "float64", true]);
  const buffer = new nn.Buffer(source, { device: "reference" });
  source.data = zeros([4]);
  assertExact([values(buffer), buffer.device, buffer.requiresGrad], [[1, 2, 3, 4], "reference", false]);
}, parameters);

Deno.test("a norm's momentum may be changed", () => {
  const norm = new nn.BatchNorm1d(2);
  norm.momentum = 0.3;
  assertStrictEquals(norm.momentum, 0.3);
});

/** Predictions and targets of the binary cross entropy that are none, and the text. */
const noShares: [prediction: number[], target: number[], options: { logits?: boolean }, text: string][] = [
  [[0.5, 1.5], [0, 1], {}, "prediction 1.5 must lie in [0, 1]; { logits: true } takes others"],
  [[-0.25, 0.5], [0, 1], {}, "prediction -0.25 must lie in [0, 1]"],
  [[0.5, NaN], [0, 1], {}, "prediction NaN must lie in [0, 1]"],
  [[0.5, 0.5], [0, 2], {}, "target 2 must lie in [0, 1]"],
  [[0.5, 0.5], [-1, 1], {}, "target -1 must lie in [0, 1]"],
  [[0.5, 0.5], [NaN, 1], {}, "target NaN must lie in [0, 1]"],
  [[3, -3], [0, 2], { logits: true }, "target 2 must lie in [0, 1]"],
];
forEachDevice("BinaryCrossEntropyLoss refuses what is no probability, where values are there", (device) => {
  for (const [prediction, target, options, text] of noShares) {
    const loss = new nn.BinaryCrossEntropyLoss(options), apply = () => loss.call(tensor(prediction), tensor(target));
    // On a GPU the values are not waited for.
    if (isLate(device)) assertEquals(apply().shape, []);
    else assertThrows(apply, RangeError, `Cannot apply BinaryCrossEntropyLoss: ${text}`);
  }
  // PyTorch's number for wrong answers of 0 and 1: logarithms end at -100.
  assertExact(new nn.BinaryCrossEntropyLoss().call(tensor([0, 1]), tensor([1, 0])).item(), 100);
  assertExact(new nn.BinaryCrossEntropyLoss().call(tensor([0, 1]), tensor([false, true])).item(), 0);
});

forEachDevice("BinaryCrossEntropyLoss of a placeholder's graph waits for what is fed", () => {
  const x = placeholder([1]), loss = new nn.BinaryCrossEntropyLoss().call(x.add(2).reciprocal().mul(4), tensor([1]));
  using session = build([loss]);
  assertClose([session.run({ feeds: [[x, tensor([2])]] })[0]!.item()], [0]);
});

forEachDevice("BinaryCrossEntropyLoss in a captured function takes what comes, and gives NaN", () => {
  using step = capture((x: Tensor, y: Tensor) => new nn.BinaryCrossEntropyLoss().call(x, y));
  for (let k = 0; k < 2; k++) assertExact(step(tensor([1.5]), tensor([1])).item(), NaN);
});

/** What no module takes for a tensor. */
const noTensors = [undefined, null, 3, "a", [1], {}, { shape: {} }, new nn.ReLU(), Symbol("x")];
const all: Record<string, () => nn.Module> = {
  ...Object.fromEntries(modules.map(([name, make]) => [name, make])),
  "an empty Sequential": () => new nn.Sequential(),
  MSELoss: () => new nn.MSELoss(),
  CrossEntropyLoss: () => new nn.CrossEntropyLoss(),
  BinaryCrossEntropyLoss: () => new nn.BinaryCrossEntropyLoss(),
};
Deno.test("every module and loss names what it is given instead of a tensor", () => {
  for (const [name, make] of Object.entries(all)) {
    for (const training of [true, false]) {
      const module = make().train(training);
      for (const value of noTensors) {
        const error = assertThrows(() => module.call(given(value)), TypeError, undefined, name);
        assertMatch(error.message, /^Cannot apply \w+: .*, it must be a tensor$/);
      }
    }
  }
});

Deno.test("a module that holds itself is walked and shown once", () => {
  class Circle extends nn.Module {
    readonly layer = new nn.Linear(2, 2);
    readonly self = [this];
    override forward(x: Tensor): Tensor {
      return this.layer.call(x);
    }
  }
  const circle = new Circle();
  assertEquals(Object.keys(circle.stateDict()), ["layer.weight", "layer.bias"]);
  assertStrictEquals(`${circle}`, "Circle(\n  (layer): Linear(2, 2)\n  (self.0): Circle(...)\n)");
  assertStrictEquals(circle.eval().training, false);
});

forEachDevice("CrossEntropyLoss takes whole numbers of any type for labels, and refuses what is no class", () => {
  const loss = new nn.CrossEntropyLoss(), logits = tensor([[0, 1, 2], [3, 1, 0]]);
  const expected = loss.call(logits, ints(1, 0)).item();
  for (const labels of [tensor([1, 0]), tensor([true, false]), tensor(new Uint8Array([1, 0]))]) {
    assertExact(loss.call(logits, labels).item(), expected);
  }
  for (const label of [2.5, NaN, -1, 3, Infinity, -0.5]) {
    assertThrows(() => values(loss.call(logits, tensor([0, label]))), RangeError, "Cannot use label");
  }
  for (const label of [-1, 3]) {
    assertThrows(() => values(loss.call(logits, ints(0, label))), RangeError, "Cannot use label");
  }
  for (const shape of [[2, 1], [1], [3], []]) {
    const labels = zeros(shape, { dtype: "int32" });
    assertThrows(() => loss.call(logits, labels), TypeError, "Cannot apply CrossEntropyLoss: prediction [2, 3]");
  }
});

/** Logits, a label, and PyTorch's loss and gradient where these are no usual numbers. */
const rows: [logits: number[], label: number, loss: number, gradient: number[]][] = [
  [[-Infinity, 0, 0], 2, Math.fround(Math.LN2), [0, 0.5, -0.5]],
  [[-Infinity, 0, 0], 0, Infinity, [-1, 0.5, 0.5]],
  [[1000, 0, 0], 1, 1000, [1, -1, 0]],
  [[Infinity, 0, 0], 0, NaN, [NaN, NaN, NaN]],
  [[-Infinity, -Infinity, -Infinity], 0, NaN, [NaN, NaN, NaN]],
];
forEachDevice("CrossEntropyLoss spreads a share of the target over all classes", () => {
  // The probabilities are 1/4 and 3/4.
  const logits = tensor([[0, Math.log(3)]]), wanted = 0.8 * Math.log(4 / 3) + 0.2 * (Math.log(4) + Math.log(4 / 3)) / 2;
  for (const target of [tensor(Int32Array.of(1)), tensor([[0, 1]])]) {
    const found = new nn.CrossEntropyLoss({ labelSmoothing: 0.2 }).call(logits, target);
    assertClose([found.item()], [wanted], { relative: 1e-6 });
  }
});

forEachDevice("CrossEntropyLoss at the ends of the numbers is PyTorch's", () => {
  for (const [logits, label, loss, gradient] of rows) {
    const x = new Tensor([logits]), found = new nn.CrossEntropyLoss().call(x, ints(label));
    found.backward();
    assertClose([found.item(), ...values(x.grad!)], [loss, ...gradient], { what: `${logits}` });
  }
});

/** PyTorch's running statistics after a batch of 5 and 7: its unbiased variance is 2. */
forEachDevice("BatchNorm1d with a momentum of 0 and of 1 keeps its statistics or takes the batch's", () => {
  for (const [momentum, statistics] of [[0, [0, 1]], [1, [6, 2]]] as const) {
    const norm = new nn.BatchNorm1d(1, { momentum });
    norm.call(tensor([[5], [7]]));
    assertExact([norm.runningMean!.item(), norm.runningVar!.item()], [...statistics]);
  }
  assertExact(new nn.Dropout(1).call(tensor([1, -2])).toArray(), [0, 0]);
}, parameters);
