/** The events of a run, how it ends, and what it leaves behind. */
import { data, memory, nn, ones, optim, scope, type Tensor, tensor, train, zeros } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows, forEachDevice } from "../support.ts";
import { eventsOf, ints, numbersOf, samplesOf, setup } from "./setup.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const kindsOf = (events: train.TrainEvent[]) => events.map(({ kind }) => kind).join(" ");

testWith(
  ["read", "write"],
  "a run tells of its start, steps, epochs, checkpoints and end",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/run.safetensors`,
        made = setup({ epochs: 2, accumulate: 2, checkpoint: { path, steps: 1 } });
      const events = await eventsOf(made);
      assertEquals(
        kindsOf(events),
        "start step checkpoint step epoch checkpoint step checkpoint step epoch checkpoint end",
      );
      const [start, first] = events, parameters = made.model.parameters().reduce((sum, { size }) => sum + size, 0);
      assertEquals(start, {
        kind: "start",
        epoch: 0,
        step: 0,
        seen: 0,
        epochs: 2,
        steps: 4,
        stepsPerEpoch: 2,
        parameters,
        resumed: false,
      });
      const { loss, seconds, ...rest } = first as train.StepEvent;
      assert(loss > 0 && seconds > 0);
      assertEquals(rest, {
        kind: "step",
        epoch: 1,
        step: 1,
        seen: 16,
        lr: 0.05,
        gradNorm: null,
        lossScale: null,
        skipped: false,
      });
      const steps = events.filter((event) => event.kind === "step");
      assertEquals(steps.map(({ seen }) => seen), [16, 26, 42, 52]);
      const epoch = events.find((event) => event.kind === "epoch")!;
      const mean = (steps[0]!.loss * 16 + steps[1]!.loss * 10) / 26;
      assert(Math.abs(epoch.loss - mean) < 1e-12 && epoch.lr === steps[1]!.lr && epoch.validation === null);
      assertStrictEquals(epoch.seconds, steps[0]!.seconds + steps[1]!.seconds);
      assertEquals(events.at(-1), {
        kind: "end",
        epoch: 2,
        step: 4,
        seen: 52,
        reason: "done",
        seconds: (events.at(-1) as train.EndEvent).seconds,
        best: null,
      });
      assertEquals(JSON.parse(JSON.stringify(events)), events, "events are plain JSON");
      assert(made.model.training);
    }),
);

testWith([], "loaders without a length are run too, with a last step of fewer batches", async () => {
  const made = setup({ accumulate: 2 });
  const batches = [2, 3, 4].map((rows) => [ones([rows, 5]), ints(...new Array<number>(rows).fill(1))]);
  const events = await eventsOf({ ...made, loader: given({ [Symbol.iterator]: () => batches.values() }) });
  assertEquals([events[0]!.kind === "start" && events[0]!.steps, kindsOf(events)], [
    null,
    "start step step epoch step step epoch step step epoch end",
  ]);
});

testWith([], "the validation set is measured after each epoch, in evaluation mode and by the average", async () => {
  const modes: boolean[] = [], made = setup({ epochs: 2, ema: 0.5 }), sum = (x: Tensor) => x.sum().item() as number;
  const metrics = ["accuracy", "top2", "confusion", "perClass", function mode(): number {
    modes.push(made.model.training);
    return sum(made.model.parameters()[0]!);
  }] as const;
  const events = await eventsOf({ ...made, options: { ...made.options, validation: made.validation, metrics } });
  const epochs = events.filter((event) => event.kind === "epoch");
  assertEquals(Object.keys(epochs[0]!.validation!), ["loss", "accuracy", "top2", "confusion", "perClass", "mode"]);
  assertEquals(modes, new Array(6).fill(false));
  // The model ends with the average that was measured last.
  assert(Math.abs(sum(made.model.parameters()[0]!) - (epochs[1]!.validation!.mode as number)) < 1e-6);
  const again = await train.evaluate(made.model, made.validation, { metrics: ["accuracy"], loss: made.options.loss });
  assertEquals(again, { loss: epochs[1]!.validation!.loss, accuracy: epochs[1]!.validation!.accuracy });
});

/** Values of a metric, epoch by epoch, and what early stopping and keep-best make of them. */
const watched: Record<string, [values: number[], options: Partial<train.TrainOptions>, epochs: number, best: number]> =
  {
    "patience 1": [[1, 2, 2, 3], { earlyStopping: { metric: "m", patience: 1 } }, 3, 2],
    "patience 2": [[3, 2, 1, 4], { earlyStopping: { metric: "m", patience: 2 } }, 3, 1],
    "the smallest": [[3, 2, 4, 1], { earlyStopping: { metric: "m", patience: 2, mode: "min" } }, 4, 4],
    "a minimal difference": [[1, 1.5, 2.5, 3], { earlyStopping: { metric: "m", patience: 2, minDelta: 1 } }, 4, 3],
    "NaN at first": [[NaN, 1, 2, 1], { earlyStopping: { metric: "m", patience: 3 } }, 4, 3],
    "keep-best": [[1, 3, 2, 3], { keepBest: { metric: "m" } }, 4, 2],
    "keep-best as early stopping": [
      [2, 1, 3, 3],
      {
        keepBest: true,
        earlyStopping: { metric: "m", patience: 2, mode: "min" },
      },
      4,
      2,
    ],
  };
for (const [name, [values, options, epochs, best]] of Object.entries(watched)) {
  testWith([], `the watched metric: ${name}`, async () => {
    let epoch = 0;
    const weights: Record<string, number[]>[] = [], made = setup({ epochs: values.length, ...options });
    const m = { name: "m", update() {}, reset() {}, value: () => values[epoch++] };
    const all = { ...made.options, validation: made.validation, metrics: [m] };
    let end: train.EndEvent | null = null;
    const flags: boolean[] = [];
    for await (const event of train.run(made.model, made.loader, all)) {
      if (event.kind === "epoch") {
        weights.push(numbersOf(made.model));
        flags.push(event.best);
      } else if (event.kind === "end") end = event;
    }
    assertEquals(weights.length, epochs);
    const waited = epochs - best >= (options.earlyStopping?.patience ?? Infinity);
    assertEquals(end!.reason, waited ? "early" : "done");
    assertEquals(end!.best, { epoch: best, value: values[best - 1]! });
    assertStrictEquals(flags.lastIndexOf(true), best - 1);
    assertEquals(numbersOf(made.model), weights[options.keepBest ? best - 1 : epochs - 1]);
  });
}

testWith(
  ["read", "write"],
  "a signal ends the run after the step in progress, with a checkpoint",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/run.safetensors`;
      for (
        const [when, expected] of [["start", "start checkpoint end"], ["step", "start step checkpoint end"]] as const
      ) {
        const end = new AbortController(), made = setup({ signal: end.signal, checkpoint: { path } });
        const events: train.TrainEvent[] = [];
        for await (const event of train.run(made.model, made.loader, made.options)) {
          events.push(event);
          if (event.kind === when) end.abort();
        }
        assertEquals([kindsOf(events), (events.at(-1) as train.EndEvent).reason], [expected, "aborted"]);
      }
      // While the validation set is measured.
      const end = new AbortController(), made = setup({ signal: end.signal });
      const stop = () => (end.abort(), 0), metrics = [stop];
      const events = await eventsOf({ ...made, options: { ...made.options, validation: made.validation, metrics } });
      assertEquals(kindsOf(events), "start step step step step end");
      // After the last epoch nothing is left to end.
      const late = new AbortController(), whole = setup({ signal: late.signal, epochs: 1 }), reasons: string[] = [];
      for await (const event of train.run(whole.model, whole.loader, whole.options)) {
        if (event.kind === "epoch") late.abort();
        if (event.kind === "end") reasons.push(event.reason);
      }
      assertEquals(reasons, ["done"]);
    }),
);

/** Ways to end a run, after each of which nothing but the model and its optimizer may be left. */
const ends: Record<string, (made: ReturnType<typeof setup>) => Promise<unknown>> = {
  "its end": (made) => train.fit(made.model, made.loader, made.options),
  "break": async (made) => {
    for await (const { step } of train.run(made.model, made.loader, made.options)) if (step === 2) break;
  },
  "an error of whoever reads the events": async (made) => {
    await assertRejects(
      async () => {
        for await (const { kind } of train.run(made.model, made.loader, made.options)) {
          if (kind === "epoch") throw new Error("enough");
        }
      },
      Error,
      "enough",
    );
  },
  "an error of the model": async (made) => {
    let calls = 0;
    const forward = made.model.forward.bind(made.model);
    made.model.forward = (x) => {
      if (++calls > 1) throw new Error("no more");
      return forward(x);
    };
    await assertRejects(
      () => train.fit(made.model, made.loader, { ...made.options, captured: false }),
      Error,
      "no more",
    );
  },
  "an error of a metric": async (made) => {
    const broken = () => {
      throw new Error("broken");
    };
    const metrics = [broken];
    const options = { ...made.options, validation: made.validation, metrics };
    await assertRejects(() => train.fit(made.model, made.loader, options), Error, "broken");
  },
};
/** Frees the gradients of the last step. */
function forget(model: nn.Module): void {
  using _ = scope();
  for (const parameter of model.parameters()) parameter.grad = null;
}

const everything = { ema: 0.9, clipNorm: 1, accumulate: 2, keepBest: true, precision: "float16" } as const;
for (const [name, end] of Object.entries(ends)) {
  forEachDevice(`a run leaves no memory: ${name}`, async (device) => {
    for (const extra of [{}, everything]) {
      const made = setup({ epochs: 4, ...extra });
      if (extra !== everything) await end(made);
      else await end({ ...made, options: { ...made.options, validation: made.validation } });
      forget(made.model);
      const before = memory(device);
      for (let k = 0; k < 3; k++) {
        await end({
          ...made,
          options: { ...made.options, ...(extra === everything && { validation: made.validation }) },
        });
      }
      forget(made.model);
      const after = memory(device);
      assertEquals([after.tensors, after.bytes], [before.tensors, before.bytes]);
    }
  }, { parameters: true, on: ["cpu", "wasm"] });
}

forEachDevice("memory stays flat over many steps", async (device) => {
  const made = setup({ epochs: 60, ema: 0.9, clipNorm: 1 }), found = new Set<number>();
  for await (const event of train.run(made.model, made.loader, made.options)) {
    if (event.kind === "epoch" && event.epoch > 2) found.add(memory(device).tensors);
  }
  assertEquals(found.size, 1);
}, { parameters: true, on: ["cpu", "wasm"] });

testWith([], "scopes of whoever reads the events are their own", async () => {
  const made = setup();
  for await (const _event of train.run(made.model, made.loader, made.options)) {
    using _ = scope();
    ones([2]);
  }
  await scope(async () => {
    await train.fit(made.model, made.loader, made.options);
  });
});

testWith([], "a model that cannot be captured says how to train it", async () => {
  class Reading extends nn.Linear {
    override forward(x: Tensor): Tensor {
      return x.max().item() > 100 ? x : super.forward(x);
    }
  }
  const model = new Reading(5, 3), optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const { loader, options } = setup({ optimizer });
  const { scheduler: _, ...others } = options, before = numbersOf(model);
  await assertRejects(() => train.fit(model, loader, others), Error, "captured: false trains models whose steps");
  assertEquals(numbersOf(model), before);
  assertEquals((await train.fit(model, loader, { ...others, captured: false })).length, 3);
});

/** Options that are refused before anything is done. */
const refused: Record<string, [options: Record<string, unknown>, type: ErrorConstructor, text: string]> = {
  "no batch in the validation set": [{ epochs: 1 }, RangeError, "Cannot validate: the loader gave no batch"],
  "metrics without a set": [{ validation: undefined, metrics: ["accuracy"] }, TypeError, "give one by validation"],
  "keepBest without a set": [{ validation: undefined, keepBest: true }, TypeError, "keepBest watches a validation set"],
  "earlyStopping without a set": [
    { validation: undefined, earlyStopping: { metric: "loss", patience: 1 } },
    TypeError,
    "earlyStopping watches a validation set",
  ],
  "an unknown metric": [
    { metrics: ["acuracy"] },
    RangeError,
    'the metric "acuracy" is unknown; there are loss, accuracy, confusion, perClass, precision, recall, f1, iou, auroc, mae, mse, rmse, r2, perplexity, top5',
  ],
  "a metric that is there twice": [{ metrics: ["accuracy", "accuracy"] }, RangeError, "is there twice"],
  "metrics that are no list": [{ metrics: "accuracy" }, TypeError, 'a list of metrics, such as ["accuracy"]'],
  "no metric": [{ metrics: [3] }, TypeError, "3, it must be a metric"],
  "a metric without reset": [{ metrics: [{ name: "m", update() {}, value() {} }] }, TypeError, "must be a function"],
  "what is not measured": [
    { earlyStopping: { metric: "accuracy", patience: 1 } },
    RangeError,
    'the metric "accuracy" is not measured; there are loss',
  ],
  "no patience": [{ earlyStopping: { metric: "loss" } }, RangeError, "patience undefined must be an integer"],
  "a misspelt option": [{ earlyStoping: {} }, TypeError, "did you mean earlyStopping?"],
  "a misspelt option of a checkpoint": [{ checkpoint: { file: "a" } }, TypeError, "there is no option file"],
  "a mode": [{ keepBest: { metric: "loss", mode: "least" } }, RangeError, "must be one of min, max"],
  "a precision": [{ precision: "half" }, RangeError, "must be one of float32, bfloat16, float16"],
  "an average of all": [{ ema: 1 }, RangeError, "ema 1 must lie in [0, 1)"],
  "no batches": [{ accumulate: 0 }, RangeError, "accumulate 0 must be an integer of at least 1"],
  "a negative norm": [{ clipNorm: -1 }, RangeError, "clipNorm -1 must lie in [0, Infinity)"],
  "no signal": [{ signal: true }, TypeError, "true, it must be an AbortSignal"],
  "resume without a checkpoint": [{ resume: true }, TypeError, "resume true needs checkpoint"],
};
testWith(["read", "write"], "options that are no options are refused in the library's words", async () => {
  for (const [name, [options, type, text]] of Object.entries(refused)) {
    const made = setup(), empty = new data.DataLoader(new data.ArrayDataset(zeros([0, 5]), zeros([0])));
    const all = { ...made.options, validation: empty, ...options };
    if (options.validation === undefined && "validation" in options) delete (all as Partial<typeof all>).validation;
    await assertRejects(
      async () => await train.fit(made.model, made.loader, given(all)),
      type as typeof TypeError,
      text,
      name,
    );
  }
  const made = setup(), checkpoint = { path: "a", parts: { model: made.model } };
  assertThrows(() => train.run(made.model, made.loader, { ...made.options, checkpoint }), RangeError, "the part model");
  const batches = given([[ones([1, 5]), ints(0)]]);
  assertThrows(
    () => train.run(made.model, batches, { ...made.options, checkpoint: { path: "a" } }),
    TypeError,
    "loader",
  );
});

testWith([], "a validation set without labels is refused by what needs them", async () => {
  const made = setup({ loss: new nn.MSELoss(), metrics: ["accuracy"] });
  const targets = new data.DataLoader(new data.ArrayDataset(samplesOf(4).batch([0, 1])[0], tensor([[1], [2]])));
  const model = new nn.Linear(5, 3), { scheduler: _, ...options } = made.options;
  const optimizer = new optim.SGD(model.parameters(), { lr: 0 });
  const loader = new data.DataLoader(new data.ArrayDataset(zeros([2, 5]), zeros([2, 3])));
  const all = { ...options, optimizer, validation: targets };
  await assertRejects(() => train.fit(model, loader, all), TypeError, "Cannot");
});
