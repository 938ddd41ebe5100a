/** updateBatchNorm: the running statistics of all batches alike. */
import { nn, ones, optim, tensor, train } from "../../mod.ts";
import { assertClose, assertEquals, assertRejectsLike, forEachDevice, values } from "../support.ts";

// deno-lint-ignore no-explicit-any -- a value without its type, as a program in JavaScript would pass it.
const given = (value: unknown): any => value;

forEachDevice("updateBatchNorm gives the means of all batches, and leaves modes and momenta", async () => {
  const batches = [tensor([[1, 2], [3, 8]]), tensor([[5, 4], [7, 6]]), tensor([[2, 2], [2, 4]])];
  for (const momentum of [0.3, null]) {
    const norm = new nn.BatchNorm1d(2, { momentum }), model = new nn.Sequential(norm, new nn.Dropout(0.5));
    norm.call(ones([3, 2]).mul(9));
    model.eval();
    norm.train();
    await train.updateBatchNorm(model, batches.map((x) => [x, x]));
    // Means [2, 5], [6, 5] and [2, 3]; unbiased variances [2, 18], [2, 2] and [0, 2].
    assertClose(values(norm.runningMean!), [10 / 3, 13 / 3], { relative: 1e-6 });
    assertClose(values(norm.runningVar!), [4 / 3, 22 / 3], { relative: 1e-6 });
    assertEquals([norm.momentum, norm.training, model.training], [momentum, true, false]);
    await assertRejectsLike(
      () => train.updateBatchNorm(model, given([3])),
      /TypeError: Cannot updateBatchNorm: 3, it must be a tensor/,
    );
    assertEquals([norm.momentum, norm.training, model.training], [momentum, true, false]);
  }
  await assertRejectsLike(
    () => train.updateBatchNorm(given({}), []),
    /Cannot updateBatchNorm: an Object, it must be a module/,
  );
  await assertRejectsLike(() => train.updateBatchNorm(new nn.BatchNorm1d(2), given(3)), /it must be a DataLoader/);
}, { parameters: true, on: ["cpu", "wasm", "reference"] });

forEachDevice("averaged weights are evaluated with statistics of their own", async () => {
  const model = new nn.Sequential(new nn.Linear(1, 1, { bias: false }), new nn.BatchNorm1d(1));
  const linear = model.modules()[1] as nn.Linear, norm = model.modules()[2] as nn.BatchNorm1d;
  using average = new optim.AveragedModel(model);
  for (const weight of [1, 3]) {
    linear.weight.data = tensor([[weight]]);
    average.update();
  }
  average.exchange();
  await train.updateBatchNorm(model, [tensor([[1], [2]])]);
  assertClose([linear.weight.item(), norm.runningMean!.item(), norm.runningVar!.item()], [2, 3, 2]);
}, { parameters: true, on: ["cpu", "reference"] });
