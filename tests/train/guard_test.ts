/** Numbers that are not finite end a run: with the place where they began, and the weights from before. */
import { data, io, nn, optim, type Tensor, tensor, train } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects } from "../support.ts";
import { numbersOf, type Setup, setup } from "./setup.ts";

/** Divides by what becomes zero where x is one: the output is infinite. */
class Dividing extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.div(x.sub(1));
  }
}

/** Zeros whose gradient is infinite: the root at zero. */
class Rooting extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(0).sqrt();
  }
}

/** A part behind a weight of one. */
function weighted(part: nn.Module): nn.Module {
  const linear = new nn.Linear(1, 1, { bias: false });
  linear.weight.data = tensor([[1]]);
  return new nn.Sequential(linear, part);
}

/** Whose parts stay finite. */
class Diverging extends nn.Module {
  readonly inner = { part: weighted(new nn.Identity()) };
  override forward(x: Tensor): Tensor {
    return this.inner.part.call(x).mul(1e38);
  }
}

/** Models whose third sample goes wrong, the sample, and what is told of it. */
const cases: Record<
  string,
  [model: () => nn.Module, sample: number, kind: train.NonFiniteKind, place: string, text: string]
> = {
  "an output": [() => weighted(new Dividing()), 1, "output", "1", "the first output that is not finite is that of 1"],
  "the model's own output": [() => new Diverging(), 100, "output", "", "that of the model (Diverging)"],
  "an input": [() => weighted(new nn.Identity()), NaN, "input", "", "its batch holds numbers that are not finite"],
  "the loss": [() => weighted(new nn.Identity()), 1e30, "loss", "", "the loss is not; a lower learning rate may help"],
};
for (const [name, [make, sample, kind, place, text]] of Object.entries(cases)) {
  for (const extra of [{}, { captured: false }, { accumulate: 2 }, { clipNorm: 1 }, { ema: 0.5 }]) {
    testWith([], `not finite: ${name}, ${JSON.stringify(extra)}`, async () => {
      const model = make(), before: unknown[] = [];
      const optimizer = new optim.SGD(model.parameters(), { lr: 1e-3 });
      const x = tensor([[0], [0], [sample]]), y = tensor([[0], [0], [0]]);
      const loader = new data.DataLoader(new data.ArrayDataset(x, y));
      const options = { loss: new nn.MSELoss(), optimizer, ...extra };
      const error = await assertRejects(async () => {
        before.push(numbersOf(model));
        for await (const event of train.run(model, loader, options)) {
          if (event.kind === "step") before.push(numbersOf(model));
        }
      });
      assert(error instanceof train.NonFiniteError, String(error));
      assertEquals([error.kind, error.place, error.epoch], [kind, place, 1]);
      assertEquals(error.step, "accumulate" in extra ? 2 : 3);
      assert(error.message.includes(text), error.message);
      assertEquals(numbersOf(model), before.at(-1), "the weights from before the step");
    });
  }
}

testWith([], "not finite: a gradient, which is seen at once if its norm is asked for", async () => {
  for (const captured of [true, false]) {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 2), new Rooting(), new nn.Linear(2, 1));
    const before = numbersOf(model), optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const loader = new data.DataLoader(new data.ArrayDataset(tensor([[1, 2]]), tensor([[1]])));
    const options = { loss: new nn.MSELoss(), optimizer, captured };
    const error = await assertRejects(() => train.fit(model, loader, { ...options, gradNorm: true }));
    assert(error instanceof train.NonFiniteError);
    assertEquals([error.kind, error.place, error.step], ["gradient", "1.bias", 1]);
    assertEquals(numbersOf(model), before);
    // Without the norm the next step finds the weights.
    const late = await assertRejects(() => train.fit(model, loader, { ...options, epochs: 2 }));
    assert(late instanceof train.NonFiniteError);
    assertEquals([late.kind, late.step], ["parameter", 2]);
    assert(late.message.includes("gradNorm: true looks at the gradients of each step"), late.message);
  }
});

testWith([], "not finite: only with the noise that dropout drew", async () => {
  // Of the features that are left some are infinite after the scaling by 1 / (1 - p): which step it is follows from the noise.
  class Rare extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.div(x.sum().lessEqual(33).cast("float32"));
    }
  }
  const model = () => new nn.Sequential(new nn.Linear(5, 20), new nn.Dropout(0.5), new Rare(), new nn.Linear(20, 3));
  const trained = async (captured: boolean) => {
    const { loader, options } = setup(), net = model(), { scheduler: _, ...others } = options;
    net.children()[0]!.parameters().forEach((parameter) => parameter.data = parameter.mul(0).add(0.1));
    const optimizer = new optim.SGD(net.parameters(), { lr: 0 });
    const error = await assertRejects(() => train.fit(net, loader, { ...others, optimizer, captured, epochs: 999 }));
    assert(error instanceof train.NonFiniteError, String(error));
    return [error.kind, error.place, error.step];
  };
  const [kind, place] = await trained(true);
  assertEquals([kind, place], ["output", "2"]);
  assertEquals(await trained(true), await trained(false));
});

testWith(["read", "write"], "not finite: the checkpoint before stays", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/run.safetensors`, made: Setup = setup({ checkpoint: { path, steps: 1 } });
    const weights: Record<string, number[]>[] = [], { model, options } = made;
    let steps = 0;
    const loss = { call: (output: Tensor, y: Tensor) => options.loss.call(output, y).mul(++steps > 3 ? NaN : 1) };
    await assertRejects(async () => {
      for await (const event of train.run(model, made.loader, { ...options, loss, captured: false })) {
        if (event.kind === "checkpoint") weights.push(numbersOf(model));
      }
    });
    const reread = setup();
    await io.loadCheckpoint(path, { model: reread.model });
    assertEquals(numbersOf(reread.model), weights.at(-1));
    assertEquals(numbersOf(model), weights.at(-1));
  }));
