/** The numbers of training steps, against loops written with public ops and against PyTorch's formulas. */
import { autocast, data, nn, optim, scope, type Tensor, tensor, train, zeros } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assertClose, assertEquals, assertRejects, assertStrictEquals, forEachDevice, values } from "../support.ts";
import { eventsOf, numbersOf, type Setup, setup } from "./setup.ts";

const devices = { parameters: true, on: ["cpu", "wasm", "reference"] };

/** Trains as `train.run` should, by hand: `step` is called for each batch. */
async function byHand(
  { model, loader, options }: Setup,
  step: (loss: () => Tensor, x: Tensor) => void,
): Promise<void> {
  for (let epoch = 0; epoch < options.epochs!; epoch++) {
    for await (const [x, y] of loader) {
      using _ = scope();
      step(() => options.loss.call(model.call(x), y), x);
    }
  }
}

for (const captured of [true, false]) {
  const how = captured ? "captured" : "eager";
  forEachDevice(`steps have the bits of a loop by hand, ${how}`, async () => {
    const made = setup({ captured }), events = await eventsOf(made), losses: number[] = [];
    const hand = setup(), { optimizer, scheduler } = hand.options;
    await byHand(hand, (lossOf) => {
      const loss = lossOf();
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      scheduler!.step();
      losses.push(loss.item());
    });
    assertEquals(numbersOf(made.model), numbersOf(hand.model));
    assertEquals(events.flatMap((event) => event.kind === "step" ? [event.loss] : []), losses);
  }, devices);

  forEachDevice(`clipped steps have the bits of a loop by hand, and tell the norm, ${how}`, async () => {
    const made = setup({ captured, clipNorm: 0.3 }), events = await eventsOf(made), norms: number[] = [];
    const hand = setup(), { optimizer, scheduler } = hand.options;
    await byHand(hand, (lossOf) => {
      optimizer.resetGrad();
      lossOf().backward();
      norms.push(optim.clipGradNorm(optimizer.params, 0.3).item());
      optimizer.step();
      scheduler!.step();
    });
    assertEquals(numbersOf(made.model), numbersOf(hand.model));
    assertEquals(events.flatMap((event) => event.kind === "step" ? [event.gradNorm] : []), norms);
    // Asked for by itself, the norm changes nothing.
    const asked = setup({ captured, gradNorm: true });
    const [first] = (await eventsOf(asked)).filter(({ kind }) => kind === "step");
    const plain = setup({ captured });
    await eventsOf(plain);
    assertEquals((first as train.StepEvent).gradNorm, norms[0]!);
    assertEquals(numbersOf(asked.model), numbersOf(plain.model));
  }, devices);

  forEachDevice(`the moving average is PyTorch's, ${how}`, async () => {
    const decay = 0.75, made = setup({ captured, ema: decay });
    await eventsOf(made);
    const hand = setup(), { optimizer, scheduler } = hand.options;
    // swa_utils.AveragedModel: a copy at first, then average.lerp_(value, 1 - decay), for buffers too.
    let average: Record<string, number[]> | null = null;
    await byHand(hand, (lossOf) => {
      const loss = lossOf();
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      scheduler!.step();
      const now = numbersOf(hand.model);
      for (const [name, numbers] of Object.entries(average ??= now)) {
        average[name] = numbers.map((number, k) => number + (1 - decay) * (now[name]![k]! - number));
      }
    });
    for (const [name, found] of Object.entries(numbersOf(made.model))) {
      assertClose(found, average![name]!, { relative: 1e-5, absolute: 1e-6, what: name });
    }
  }, devices);
}

/** A model without batch statistics, whose step on a batch is the mean of steps on its parts. */
function plain(extra: Partial<train.TrainOptions>, batchSize: number): Setup {
  const made = setup(extra), model = new nn.Sequential(new nn.Linear(5, 6), new nn.Tanh(), new nn.Linear(6, 3));
  model.children().forEach((part) => {
    for (const [k, parameter] of part.parameters().entries()) {
      parameter.data = tensor(Float32Array.from({ length: parameter.size }, (_, at) => Math.sin(at + k)), {
        shape: parameter.shape,
      });
    }
  });
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.5 });
  const { scheduler: _, ...options } = made.options;
  const loader = new data.DataLoader(made.loader.dataset, { batchSize });
  return { ...made, model, loader, options: { ...options, optimizer } };
}

/** Batches of 4 of 26 samples: six and a half, so that groups of three end with one that has 2 samples. */
for (const [accumulate, batchSize] of [[3, 4], [2, 8], [5, 2], [26, 1]] as const) {
  forEachDevice(`${accumulate} batches of ${batchSize} make the step of one larger batch`, async () => {
    const parts = plain({ accumulate }, batchSize), whole = plain({}, accumulate * batchSize);
    const [told, wanted] = [await eventsOf(parts), await eventsOf(whole)];
    for (const [name, found] of Object.entries(numbersOf(parts.model))) {
      assertClose(found, numbersOf(whole.model)[name]!, { relative: 1e-4, absolute: 1e-5, what: name });
    }
    const steps = (events: train.TrainEvent[]) => events.filter((event) => event.kind === "step");
    assertEquals(steps(told).map(({ seen }) => seen), steps(wanted).map(({ seen }) => seen));
    assertClose(steps(told).map(({ loss }) => loss), steps(wanted).map(({ loss }) => loss), { relative: 1e-4 });
    assertEquals((told[0] as train.StartEvent).steps, steps(told).length);
  }, devices);
}

testWith([], "accumulated batches of one size have the bits of a loop that halves the loss", async () => {
  const made = plain({ accumulate: 2, epochs: 1 }, 13), hand = plain({ epochs: 1 }, 13), { optimizer } = hand.options;
  await eventsOf(made);
  await byHand(hand, (lossOf) => lossOf().mul(0.5).backward());
  optimizer.step();
  assertEquals(numbersOf(made.model), numbersOf(hand.model));
});

forEachDevice("bfloat16 has the bits of a loop under autocast", async () => {
  const made = setup({ precision: "bfloat16" });
  await eventsOf(made);
  const hand = setup(), { optimizer, scheduler } = hand.options;
  await byHand(hand, (lossOf) => {
    const loss = autocast(lossOf);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    scheduler!.step();
  });
  assertEquals(numbersOf(made.model), numbersOf(hand.model));
}, devices);

/** Multiplies by a factor that a test may change: large ones drive gradients out of float16. */
class Factor extends nn.Module {
  readonly weight = new nn.Parameter([[1]]);
  override forward(x: Tensor): Tensor {
    return x.matmul(this.weight);
  }
}

testWith([], "the loss scale is that of torch.amp.GradScaler, and skipped steps change nothing", async () => {
  // The gradient is x / 4, in float16 times the scale: that of 8 leaves its range at the scales 65536 and 32768.
  const xs = [0.25, 8, 8, 8, 0.25, 16, 0.25], model = new Factor(), weights: number[] = [];
  const loader = new data.DataLoader(
    new data.ArrayDataset(tensor(xs.map((x) => [x])), zeros([xs.length, 1])),
  );
  const loss = { call: (output: Tensor) => output.cast("float32").mean().mul(0.25) };
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.125 });
  const scheduler = new optim.StepDecay(optimizer, { stepSize: 1, gamma: 0.5 });
  const told: unknown[] = [];
  for await (const event of train.run(model, loader, { loss, optimizer, scheduler, precision: "float16" })) {
    if (event.kind !== "step") continue;
    weights.push(model.weight.item());
    told.push([event.lossScale, event.skipped, event.step, event.lr]);
  }
  // found_inf: scale *= 0.5. The optimizer, and so the schedule, is not stepped.
  const hand: unknown[] = [];
  let scale = 65536, step = 0;
  for (const x of xs) {
    const skipped = x / 4 * scale > 65504, lr = 0.125 * 0.5 ** step;
    if (!skipped) step++;
    hand.push([scale, skipped, step, lr]);
    if (skipped) scale /= 2;
  }
  assertEquals(told, hand);
  told.forEach((one, k) => {
    if ((one as [number, boolean])[1]) assertStrictEquals(weights[k], weights[k - 1]);
    else assertEquals(weights[k] === weights[k - 1], false);
  });
});

testWith([], "the loss scale doubles after 2000 updates in a row", async () => {
  const model = new Factor(), steps = 2003, optimizer = new optim.SGD(model.parameters(), { lr: 0 });
  const loader = new data.DataLoader(new data.ArrayDataset(zeros([steps, 1]), zeros([steps, 1])));
  const scales: number[] = [];
  for await (const event of train.run(model, loader, { loss: new nn.MSELoss(), optimizer, precision: "float16" })) {
    if (event.kind === "step") scales.push(event.lossScale!);
  }
  assertEquals([scales[0], scales[1999], scales[2000], scales.at(-1)], [65536, 65536, 131072, 131072]);
});

testWith([], "gradients that no scale brings into float16 end the run", async () => {
  const model = new Factor(), optimizer = new optim.SGD(model.parameters(), { lr: 1 });
  const count = 40, x = tensor(new Float32Array(count).fill(60000), { shape: [count, 1] });
  const loader = new data.DataLoader(new data.ArrayDataset(x, zeros([count, 1])));
  const loss = { call: (output: Tensor) => output.mul(1000).mean() };
  const error = await assertRejects(() => train.fit(model, loader, { loss, optimizer, precision: "float16" }));
  assertEquals([error instanceof train.NonFiniteError, values(model.weight)], [true, [1]]);
});
