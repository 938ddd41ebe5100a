/**
 * Metrics of classes, scores and numbers against `fixtures/metrics.py`, which computes each from its definition: in two
 * batches of different sizes as in one.
 */
import { autocast, scope, type Tensor, tensor, train, zeros } from "../../mod.ts";
import fixtures from "../fixtures/metrics.json" with { type: "json" };
import { testWith } from "../permissions.ts";
import { assert, assertClose, assertEquals, assertThrows, forEachDevice } from "../support.ts";
import { ints, setup } from "./setup.ts";

const { classes, binary, regression } = fixtures;
const double = (data: number[], shape: number[]) => tensor(Float64Array.from(data), { shape });
const logits = () => double(classes.logits, [60, 6]), labels = () => ints(...classes.labels);

/** The value after the rows of two tensors, in two batches. */
function inTwo(metric: train.Metric, output: Tensor, target: Tensor): number[] {
  for (const rows of [":17", "17:"]) metric.update(output.at(rows), target.at(rows));
  return [metric.value()].flat() as number[];
}

const averages = ["macro", "micro", "weighted", "none"] as const;
const counted = { precision: train.Precision, recall: train.Recall, f1: train.F1, iou: train.IoU };
/** Float64 to ten digits. */
const near = { relative: 1e-9, absolute: 0 };
forEachDevice("precision, recall, F1 and IoU are those of their definitions", () => {
  for (const [name, Metric] of Object.entries(counted)) {
    for (const average of averages) {
      const wanted = [classes[name as keyof typeof counted][average]].flat() as number[],
        metric = new Metric({ average });
      assertEquals(metric.name, name);
      for (let round = 0; round < 2; round++) {
        const found = inTwo(metric, logits(), labels());
        assertEquals(found.map((each) => each === null), wanted.map((each) => each === null), name);
        assertClose(found.map(Number), wanted.map(Number), { ...near, what: `${name} ${average}` });
        metric.reset();
      }
      // As a picture with the classes in front, and a place that does not count.
      const image = new Metric({ average, axis: 1, ignoreIndex: 255 });
      image.update(logits().transpose().reshape([1, 6, 12, 5]), labels().reshape([1, 12, 5]));
      image.update(zeros([1, 6, 1]), ints(255).reshape([1, 1]));
      assertClose(([image.value()].flat() as number[]).map(Number), wanted.map(Number), { ...near, what: name });
    }
  }
});

forEachDevice("AUROC, perplexity and errors are those of their definitions", () => {
  const { predictions, targets } = regression;
  const check = (metric: train.Metric, output: Tensor, target: Tensor, wanted: number, relative = 1e-9) => {
    assertClose(inTwo(metric, output, target), [wanted], { relative, absolute: 0, what: metric.name });
    metric.reset();
    metric.update(output, target);
    assertClose([metric.value() as number], [wanted], { relative, absolute: 0, what: metric.name });
  };
  check(new train.AUROC(), double(binary.scores, [50]), ints(...binary.targets), binary.auroc);
  check(new train.AUROC(), logits(), labels(), classes.auroc);
  check(new train.Perplexity(), logits(), labels(), classes.perplexity);
  check(new train.Perplexity(), logits().cast("float32"), labels(), classes.perplexity, 1e-5);
  const [p, y] = [double(predictions, [20, 3]), double(targets, [20, 3])];
  check(new train.MeanAbsoluteError(), p, y, regression.mae);
  check(new train.MeanSquaredError(), p, y, regression.mse);
  check(new train.MeanSquaredError({ root: true }), p, y, regression.rmse);
  check(new train.R2(), p, y, regression.r2);
});

testWith([], "metrics of little or nothing", () => {
  using _ = scope();
  for (const Metric of [train.Precision, train.Recall, train.F1, train.IoU]) {
    for (const average of ["macro", "micro", "weighted"] as const) assertEquals(new Metric({ average }).value(), NaN);
    assertEquals(new Metric({ average: "none" }).value(), []);
  }
  for (const Metric of [train.AUROC, train.MeanAbsoluteError, train.MeanSquaredError, train.R2, train.Perplexity]) {
    assertEquals(new Metric().value(), NaN);
  }
  const same = new train.AUROC();
  same.update(zeros([4]), ints(1, 1, 0, 0));
  assertEquals(same.value(), 0.5);
  same.reset();
  same.update(tensor([1, 2]), ints(1, 1));
  assertEquals(same.value(), NaN);
  same.update(tensor([NaN]), ints(0));
  assertEquals(same.value(), NaN);
  for (const [p, value] of [[[2, 2], 1], [[2, 3], 0]] as const) {
    const r2 = new train.R2();
    r2.update(tensor([...p]), tensor([2, 2]));
    assertEquals(r2.value(), value);
  }
  const halves = new train.MeanAbsoluteError();
  autocast(() => halves.update(tensor([1, 2], { dtype: "float16" }), tensor([1, 4], { dtype: "bfloat16" })));
  assertEquals(halves.value(), 1);
});

// deno-lint-ignore no-explicit-any
const untyped = (value: unknown): any => value;
const refused: [body: () => unknown, text: string][] = [
  [
    () => new train.F1({ average: untyped("samples") }),
    'RangeError: Cannot make F1: average "samples" must be macro, micro',
  ],
  [() => new train.F1(untyped({ averge: "macro" })), "TypeError: Cannot make F1: there is no option averge"],
  [() => new train.IoU({ axis: 0.5 }), "RangeError: Cannot make IoU: axis 0.5 must be an integer"],
  [
    () => new train.PerClass({ ignoreIndex: NaN }),
    "RangeError: Cannot make PerClass: ignoreIndex NaN must be an integer",
  ],
  [() => new train.Perplexity({ ignoreIndex: NaN }), "ignoreIndex NaN must be an integer"],
  [
    () => new train.MeanSquaredError({ root: untyped(1) }),
    "TypeError: Cannot make MeanSquaredError: root 1 must be true or",
  ],
  [() => new train.IoU({ axis: 3 }).update(zeros([2, 3]), ints(0, 1)), "axis 3 must lie in"],
  [() => new train.AUROC().update(zeros([2]), ints(0, 2)), "RangeError: Cannot compute auroc: target 2 must be 0 or 1"],
  [() => new train.AUROC().update(zeros([1, 3]), ints(3)), "label 3 must be one of the 3 classes"],
  [
    () => new train.AUROC().update(zeros([2, 3]), ints(1)),
    "TypeError: Cannot compute auroc: labels [1] for logits [2, 3]",
  ],
  [
    () => new train.R2().update(zeros([2, 1]), zeros([2])),
    "TypeError: Cannot compute r2: targets [2] for predictions [2, 1]",
  ],
  [
    () => new train.MeanAbsoluteError().update(untyped(3), zeros([2])),
    "TypeError: Cannot compute mae: 3, it must be a tensor",
  ],
  [() => new train.Perplexity().update(zeros([2, 3]), ints(3)), "TypeError: Cannot compute perplexity: labels [1]"],
  [() => new train.Perplexity().update(zeros([1, 3]), ints(3)), "RangeError: Cannot use label 3"],
];
testWith([], "metrics refuse options and inputs by their text", () => {
  using _ = scope();
  for (const [body, text] of refused) {
    const error = assertThrows(body);
    assert(String(error).includes(text), `${error} has no ${text}`);
  }
});

testWith([], "evaluate() measures the new metrics by name", async () => {
  const { model, validation, options: { loss } } = setup();
  const metrics = ["precision", "recall", "f1", "iou", "auroc", "perplexity"] as const;
  const found = await train.evaluate(model, validation, { metrics, loss });
  assertEquals(Object.keys(found), ["loss", ...metrics]);
  assertClose([found.perplexity as number], [Math.exp(found.loss as number)], { relative: 1e-5 });
});
