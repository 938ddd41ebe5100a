/** Metrics: against counting by hand, on batches of any size, and with what is no label. */
import { type data, manualSeed, nn, randint, randn, scope, type Tensor, tensor, train, zeros } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assertEquals, assertRejects, assertStrictEquals, assertThrows, forEachDevice } from "../support.ts";
import { ints, setup } from "./setup.ts";

/** A metric's value for batches of logits and labels. */
function measured(metric: train.Metric, ...batches: [logits: Tensor, labels: Tensor][]): unknown {
  metric.reset();
  for (const [logits, labels] of batches) metric.update(logits, labels);
  return metric.value();
}

const first = (): [Tensor, Tensor] => [tensor([[0, 1, 2], [3, 1, 0], [0, 5, 1]]), ints(2, 0, 0)];
const second = (): [Tensor, Tensor] => [tensor([[4, 3, 2]]), ints(2)];
/** The same labels as shares of the classes. */
const soft = (): [Tensor, Tensor] => [first()[0], tensor([[0.1, 0.2, 0.7], [1, 0, 0], [0.5, 0.1, 0.4]])];

/** Metrics, batches, and their value by hand. */
const values: Record<string, [make: () => train.Metric, batches: (() => [Tensor, Tensor])[], value: unknown]> = {
  "accuracy": [() => new train.Accuracy(), [first, second], 2 / 4],
  "accuracy of shares": [() => new train.Accuracy(), [soft], 2 / 3],
  "accuracy of nothing": [() => new train.Accuracy(), [], NaN],
  "top1": [() => new train.TopK(1), [first, second], 2 / 4],
  "top2": [() => new train.TopK(2), [first, second], 2 / 4],
  "top3": [() => new train.TopK(3), [first, second], 1],
  "top2 of shares": [() => new train.TopK(2), [soft], 2 / 3],
  "top1 of equal logits: the first class counts": [
    () => new train.TopK(1),
    [() => [zeros([3, 3]), ints(0, 1, 2)]],
    1 / 3,
  ],
  "top2 of equal logits: two classes count": [() => new train.TopK(2), [() => [zeros([3, 3]), ints(0, 1, 2)]], 2 / 3],
  "top1 of NaN, which is the largest": [
    () => new train.TopK(1),
    [() => [tensor([[1, NaN, 2], [NaN, NaN, 3]]), ints(1, 1)]],
    1 / 2,
  ],
  "top2 of labels that are no class": [() => new train.TopK(2), [() => [zeros([2, 3]), ints(-1, 7)]], 0],
  "confusion": [() => new train.ConfusionMatrix(), [first, second], [[1, 1, 0], [0, 0, 0], [1, 0, 1]]],
  "confusion of shares": [() => new train.ConfusionMatrix(), [soft], [[1, 1, 0], [0, 0, 0], [0, 0, 1]]],
  "confusion of sequences": [
    () => new train.ConfusionMatrix(),
    [() => [tensor([[[1, 2], [2, 1]]]), ints(1, 1).reshape([1, 2])]],
    [[0, 0], [1, 1]],
  ],
  "perClass": [() => new train.PerClass(), [first, second], [1 / 2, null, 1 / 2]],
  "the mean loss": [
    () => new train.MeanLoss(new nn.MSELoss()),
    [() => [tensor([[1], [1]]), zeros([2, 1])], () => [tensor([[4]]), zeros([1, 1])]],
    (1 * 2 + 16) / 3,
  ],
};
for (const [name, [make, batches, value]] of Object.entries(values)) {
  forEachDevice(`the metric ${name}`, () => {
    const metric = make();
    for (let round = 0; round < 2; round++) assertEquals(measured(metric, ...batches.map((batch) => batch())), value);
    JSON.stringify(metric.value());
  });
}

testWith([], "top-k is the accuracy for k = 1, and PyTorch's topk where no logits are equal", () => {
  using _ = scope();
  manualSeed(1);
  const logits = randn([200, 9]), labels = randint(0, 9, [200]);
  assertStrictEquals(measured(new train.TopK(1), [logits, labels]), train.accuracy(logits, labels));
  const rows = logits.toArray<number[][]>(), wanted = labels.toArray<number[]>();
  for (const k of [2, 5, 9]) {
    const right = rows.filter((row, at) => [...row].sort((a, b) => b - a).slice(0, k).includes(row[wanted[at]!]!));
    assertStrictEquals(measured(new train.TopK(k), [logits, labels]), right.length / 200);
  }
  const confusion = measured(new train.ConfusionMatrix(), [logits, labels]) as number[][];
  const diagonal = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
  assertStrictEquals(diagonal / 200, train.accuracy(logits, labels));
});

/** What is refused by metrics. */
const refused: Record<string, [body: () => unknown, type: typeof TypeError | typeof RangeError, text: string]> = {
  "more guesses than classes": [
    () => measured(new train.TopK(4), first()),
    RangeError,
    "Cannot compute top4: k 4 must be an integer of at most 3",
  ],
  "no guess": [() => new train.TopK(0), RangeError, "Cannot make TopK: k 0 must be an integer of at least 1"],
  "a label that is no class": [
    () => measured(new train.ConfusionMatrix(), [zeros([1, 3]), ints(3)]),
    RangeError,
    "Cannot compute confusion: label 3 must be one of the 3 classes",
  ],
  "another number of classes": [
    () => measured(new train.ConfusionMatrix(), first(), [zeros([1, 2]), ints(0)]),
    TypeError,
    "2 classes, they must be 3 as before",
  ],
  "targets that are no labels": [
    () => measured(new train.PerClass(), [zeros([2, 3]), zeros([2, 1])]),
    TypeError,
    "labels [2, 1] for logits [2, 3], they must be [2]",
  ],
  "one logit": [
    () => measured(new train.Accuracy(), [zeros([2, 1]), ints(0, 1)]),
    TypeError,
    "two classes at least",
  ],
  "no loss": [() => new train.MeanLoss(null as unknown as nn.Loss), TypeError, "null, it must be a loss"],
};
for (const [name, [body, type, text]] of Object.entries(refused)) {
  testWith([], `refused by metrics: ${name}`, () => {
    using _ = scope();
    assertThrows(body, type, text);
  });
}

testWith([], "evaluate() measures by name, by object and by function, each time from the beginning", async () => {
  const { model, validation, options: { loss } } = setup(), own = new train.TopK(2);
  const mean = (output: Tensor) => output.mean();
  const metrics = ["accuracy", own, mean, "confusion"] as const;
  const [a, b] = [
    await train.evaluate(model, validation, { metrics, loss }),
    await train.evaluate(model, validation, { metrics, loss }),
  ];
  assertEquals(Object.keys(a), ["loss", "accuracy", "top2", "mean", "confusion"]);
  assertEquals(a, b);
  assertStrictEquals(a.accuracy, await train.evaluate(model, validation));
  // The mean over ten samples, though the last batch has only two.
  const all: Tensor[] = [];
  model.eval();
  for (let k = 0; k < 10; k++) {
    const [x, y] = await (validation.dataset as data.Dataset).get(k);
    all.push(loss.call(model.call(x.reshape([1, -1])), y.reshape([1])));
  }
  model.train();
  const byHand = all.reduce((sum, one) => sum + (one.item() as number), 0) / 10;
  assertStrictEquals(Math.abs((a.loss as number) - byHand) < 1e-6, true);
  await assertRejects(
    () => train.evaluate(model, validation, { metrics: ["loss"] }),
    RangeError,
    'the metric "loss" needs the option loss',
  );
});
