/** Modules and losses at their edges: empty batches, and arguments that are refused. */
import { nn, Tensor, tensor, zeros } from "../mod.ts";
import { modules } from "./catalogue.ts";
import { assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

const ints = (...values: number[]) => tensor(Int32Array.from(values));
const parameters = { parameters: true };

forEachDevice("BatchNorm1d refuses to train on a batch that has no variance, and keeps its statistics", () => {
  const norm = new nn.BatchNorm1d(2);
  for (const shape of [[0, 2], [0, 2, 4], [3, 2, 0], [1, 2], [1, 2, 1]]) {
    assertThrows(() => norm.call(zeros(shape)), TypeError, "training needs more than one value per feature");
  }
  assertExact([values(norm.runningMean), values(norm.runningVar)], [[0, 0], [1, 1]]);
  norm.eval();
  assertEquals(norm.call(zeros([0, 2])).shape, [0, 2]);
  assertExact(values(norm.call(zeros([1, 2]))), [0, 0]);
}, parameters);

forEachDevice("an empty batch passes every module, and leaves gradients of zero", () => {
  for (const [name, make, [, ...axes]] of modules) {
    const module = make(), x = new Tensor(zeros([0, ...axes]).toTypedArray(), { shape: [0, ...axes] });
    if (name === "BatchNorm1d") module.eval();
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
