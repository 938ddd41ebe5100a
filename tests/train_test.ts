/** Metrics, the evaluation of a model, and the training loop's arguments. */
import { data, nn, ones, optim, type Tensor, tensor, train, zeros } from "../mod.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows, forEachDevice } from "./support.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const ints = (...values: number[]) => tensor(Int32Array.from(values));
const logits = () => tensor([[0, 1, 2], [3, 1, 0], [0, 5, 1]]);

/** Labels of three classes, and how many of them `logits` has right. */
const counts: Record<string, [labels: () => Tensor, correct: number]> = {
  "integers": [() => ints(2, 0, 0), 2],
  "whole numbers of a float type": [() => tensor([2, 0, 1]), 3],
  "labels that are no class": [() => tensor([NaN, -1, 7]), 0],
  "labels between two classes": [() => tensor([2, 0.5, 1]), 2],
};
for (const [name, [labels, correct]] of Object.entries(counts)) {
  forEachDevice(`countCorrect() and accuracy() of ${name}`, () => {
    assertStrictEquals(train.countCorrect(logits(), labels()), correct);
    assertStrictEquals(train.accuracy(logits(), labels()), correct / 3);
  });
}

forEachDevice("accuracy() of sequences, of one sample and of none", () => {
  assertStrictEquals(train.accuracy(tensor([[[1, 2], [2, 1]], [[0, 1], [0, 1]]]), tensor([[1, 1], [1, 0]])), 0.5);
  assertStrictEquals(train.accuracy(tensor([0, 1]), tensor(1)), 1);
  assertStrictEquals(train.countCorrect(zeros([0, 3]), ints()), 0);
  assertStrictEquals(train.accuracy(zeros([0, 3]), ints()), NaN);
});

/** Logits and labels that do not belong together: a broadcast would count some of them several times. */
const unfit: Record<string, [logits: () => Tensor, labels: () => Tensor, text: string]> = {
  "a column of labels": [
    logits,
    () => ints(2, 0, 1).reshape([3, 1]),
    "labels [3, 1] for logits [3, 3], they must be [3]",
  ],
  "one label for all": [logits, () => ints(2), "labels [1] for logits [3, 3], they must be [3]"],
  "too few labels": [logits, () => ints(2, 0), "labels [2] for logits [3, 3], they must be [3]"],
  "one-hot labels": [logits, () => zeros([3, 3]), "labels [3, 3] for logits [3, 3], they must be [3]"],
  "one logit for each row": [() => zeros([2, 1]), () => ints(0, 1), "logits [2, 1], they must be [..., classes]"],
  "a row of logits for a list of labels": [
    () => zeros([2]),
    () => ints(0, 1),
    "labels [2] for logits [2], they must be []",
  ],
  "a scalar": [() => tensor(1), () => tensor(1), "logits [], they must be [..., classes]"],
  "a list of labels": [logits, () => given([2, 0, 1]), "a list, it must be a tensor"],
  "no logits": [() => given(undefined), () => ints(1), "undefined, it must be a tensor"],
};
for (const [name, [make, labels, text]] of Object.entries(unfit)) {
  forEachDevice(`refused by metrics: ${name}`, () => {
    assertThrows(() => train.countCorrect(make(), labels()), TypeError, `Cannot count correct: ${text}`);
    assertThrows(() => train.accuracy(make(), labels()), TypeError, `Cannot compute accuracy: ${text}`);
  });
}

const pairs = (x: Tensor, y: Tensor) => new data.DataLoader(new data.ArrayDataset(x, y), { batchSize: 2 });

testWith([], "evaluate() is the share of labels, also where the last batch is smaller", async () => {
  assertStrictEquals(await train.evaluate(new nn.Identity(), pairs(logits(), ints(2, 0, 0))), 2 / 3);
  const columns = pairs(logits(), ints(2, 0, 0).reshape([3, 1]));
  await assertRejects(
    () => train.evaluate(new nn.Identity(), columns),
    TypeError,
    "Cannot count correct: labels [2, 1]",
  );
  const single = pairs(zeros([3, 1]), ints(0, 1, 0));
  await assertRejects(() => train.evaluate(new nn.Identity(), single), TypeError, "two classes at least");
  const none = pairs(zeros([0, 3]), ints());
  await assertRejects(() => train.evaluate(new nn.Identity(), none), RangeError, "the loader gave no batch");
});

testWith([], "evaluate() leaves each part of a model in its own mode", async () => {
  const shared = new nn.Dropout(), frozen = new nn.Sequential(new nn.BatchNorm1d(3), shared);
  const model = new nn.Sequential(new nn.Identity(), frozen, new nn.Sequential(shared));
  frozen.eval();
  shared.train();
  const modes = () => model.modules().map((part) => part.training), before = modes();
  await train.evaluate(model, pairs(logits(), ints(2, 0, 0)));
  assertEquals(modes(), before);
  await assertRejects(() => train.evaluate(model, given([[logits()]])));
  assertEquals(modes(), before);
});

const model = () => new nn.Linear(3, 2), loss = new nn.CrossEntropyLoss();
const optimizerOf = (net: nn.Module) => new optim.SGD(net.parameters(), { lr: 0.1 });

/** Arguments of `trainStep` and `fit` that are refused, with the text. */
const wrong: Record<string, [options: unknown, text: string]> = {
  "no options": [undefined, "options undefined, they must be an object such as { loss, optimizer }"],
  "no loss": [{ optimizer: optimizerOf(model()) }, "undefined, it must be a loss"],
  "a function for a loss": [{ loss: () => 1, optimizer: optimizerOf(model()) }, "the function loss, it must be a loss"],
  "no optimizer": [{ loss }, "undefined, it must be an optimizer"],
  "a misspelt option": [{ loss, optimiser: 1 }, "there is no option optimiser; did you mean optimizer?"],
  "parameters for an optimizer": [{ loss, optimizer: model().parameters() }, "a list, it must be an optimizer"],
};
for (const [name, [options, text]] of Object.entries(wrong)) {
  testWith([], `refused by trainStep() and fit(): ${name}`, async () => {
    assertThrows(
      () => train.trainStep(model(), ones([1, 3]), ints(0), given(options)),
      TypeError,
      `Cannot train: ${text}`,
    );
    const loader = pairs(ones([1, 3]), ints(0));
    await assertRejects(() => train.fit(model(), loader, given(options)), TypeError, `Cannot train: ${text}`);
  });
}

testWith([], "refused by fit(): what is no model, loader, count, schedule or function", async () => {
  const net = model(), options = { loss, optimizer: optimizerOf(net) }, loader = pairs(ones([1, 3]), ints(0));
  const refused: [type: typeof TypeError | typeof RangeError, text: string, args: unknown[]][] = [
    [TypeError, "a function, it must be a module", [(net: Tensor) => net, loader, options]],
    [TypeError, "undefined, it must be a DataLoader", [net, undefined, options]],
    [TypeError, "a DataLoader", [net, new data.ArrayDataset(ones([1, 3]), ints(0)), options]],
    [RangeError, "epochs NaN must be an integer of at least 0", [net, loader, { ...options, epochs: NaN }]],
    [RangeError, "epochs Infinity must be an integer of at least 0", [net, loader, { ...options, epochs: Infinity }]],
    [TypeError, "1, it must be a schedule", [net, loader, { ...options, scheduler: 1 }]],
    [TypeError, "1, it must be a DataLoader", [net, loader, { ...options, validation: 1 }]],
    [TypeError, "captured 1 must be true or false", [net, loader, { ...options, captured: 1 }]],
    [TypeError, "did you mean epochs?", [net, loader, { ...options, epoch: 2 }]],
  ];
  const batches = (...all: unknown[]) => all;
  refused.push(
    [TypeError, "1, it must be a batch [x, y] of tensors", [net, batches(1), options]],
    [TypeError, "a list, it must be a batch [x, y] of tensors", [net, batches([ones([1, 3])]), options]],
    [RangeError, "Cannot train: the loader gave no batch", [net, batches(), options]],
    [RangeError, "Cannot train: the loader gave no batch", [
      net,
      new data.DataLoader(loader.dataset, { batchSize: 2, dropLast: true }),
      options,
    ]],
  );
  const before = net.weight.toArray();
  for (const [type, text, args] of refused) {
    await assertRejects(() => train.fit(...args as Parameters<typeof train.fit>), type, text);
  }
  assertEquals(net.weight.toArray(), before);
  assertEquals(await train.fit(net, loader, { ...options, epochs: 0 }), []);
});

/** An output that keeps what is written. */
function kept(terminal: boolean): train.ProgressOutput & { text: string } {
  return {
    text: "",
    writeSync(bytes) {
      this.text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    isTerminal: () => terminal,
  };
}

testWith([], "Progress of nothing, and beyond its end, is all of it", () => {
  for (const [total, done] of [[0, 0], [0, 5], [2, 7]] as const) {
    const output = kept(true);
    new train.Progress(total, { output }).update(done, "epoch", "note");
    assertEquals(output.text.includes("━".repeat(20)), true, output.text);
  }
});

testWith([], "Progress and clock() refuse what is no number, and what is no output", () => {
  const refused: [body: () => unknown, type: typeof TypeError | typeof RangeError, text: string][] = [
    [() => new train.Progress(NaN), RangeError, "Cannot make Progress: total NaN must lie in [0, Infinity)"],
    [() => new train.Progress(-1), RangeError, "total -1 must lie in"],
    [() => new train.Progress(given("3")), RangeError, 'total "3" must lie in'],
    [() => new train.Progress(3, given(4)), TypeError, "Cannot make Progress: options 4, they must be an object"],
    [() => new train.Progress(3, given({ units: "steps" })), TypeError, "did you mean unit?"],
    [() => new train.Progress(3, given({ unit: 3 })), TypeError, "unit 3 must be a text"],
    [() => new train.Progress(3, given({ output: 4 })), TypeError, "4, it must be an output such as Deno.stdout"],
    [() => new train.Progress(3, { output: kept(true) }).update(NaN, "", ""), RangeError, "done NaN must lie in"],
    [() => new train.Progress(3, { output: kept(true) }).update(-5, "", ""), RangeError, "done -5 must lie in"],
    [() => train.clock(NaN), RangeError, "Cannot show time: seconds NaN must be a finite number"],
    [() => train.clock(Infinity), RangeError, "seconds Infinity must be a finite number"],
    [() => train.clock(given("1")), RangeError, 'seconds "1" must be a finite number'],
  ];
  for (const [body, type, text] of refused) assertThrows(body, type, text);
  assertStrictEquals(train.clock(-1), "0:00");
});
