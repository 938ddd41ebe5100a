/**
 * One convention for axes and places: what reductions, softmax, `at`, `take` and labels are given in its several forms.
 */
import { type Axes, capture, type Index, nn, oneHot, ops, type ReduceOptions, type Tensor, tensor } from "../mod.ts";
import { assertClose, assertEquals, assertExact, assertThrows, assertThrowsLike, forEachDevice } from "./support.ts";
import { isLate, values } from "./support.ts";

type Reduce = (x: Tensor, axes?: Axes | ReduceOptions) => Tensor;

/** Every reduction, and what PyTorch 2.15 gives along axis 0 or -1 of `torch.tensor(3.)`. */
const reductions: Record<string, [f: Reduce, ofThree: number]> = {
  sum: [(x, axes) => x.sum(axes), 3],
  prod: [(x, axes) => x.prod(axes), 3],
  mean: [(x, axes) => x.mean(axes), 3],
  variance: [(x, axes) => x.variance(axes), NaN],
  std: [(x, axes) => x.std(axes), NaN],
  varMean: [(x, axes) => x.varMean(axes)[1], 3],
  stdMean: [(x, axes) => x.stdMean(axes)[1], 3],
  nansum: [(x, axes) => x.nansum(axes), 3],
  nanmean: [(x, axes) => x.nanmean(axes), 3],
  norm: [(x, axes) => x.norm(axes), 3],
  logsumexp: [(x, axes) => x.logsumexp(axes), 3],
  any: [(x, axes) => x.any(axes), 1],
  all: [(x, axes) => x.all(axes), 1],
  countNonzero: [(x, axes) => x.countNonzero(axes), 1],
  amax: [(x, axes) => x.amax(axes), 3],
  amin: [(x, axes) => x.amin(axes), 3],
  max: [(x, axes) => x.max(axes), 3],
  min: [(x, axes) => x.min(axes), 3],
  argmax: [(x, axes) => x.argmax(axes), 0],
  argmin: [(x, axes) => x.argmin(axes), 0],
};
const softmaxes: Record<string, [f: (x: Tensor, axis?: Axes) => Tensor, ofThree: number]> = {
  softmax: [(x, axis) => x.softmax(axis), 1],
  softmin: [(x, axis) => x.softmin(axis), 1],
  logSoftmax: [(x, axis) => x.logSoftmax(axis), 0],
};
const matrix = () => tensor([[1, 5, 2], [7, 3, 4]]);

forEachDevice("a number, a list and an object name the same axes", () => {
  const x = matrix();
  for (const [name, [f]] of Object.entries(reductions)) {
    const told = (axes?: Axes | ReduceOptions) => [f(x, axes).shape, values(f(x, axes))];
    for (const axis of [0, 1, -1]) {
      const expected = told({ axes: axis });
      for (const same of [axis, [axis], { axis }, { axis: [axis] }, { axes: [axis] }]) {
        assertExact(told(same), expected, `${name}(${JSON.stringify(same)})`);
      }
    }
    for (const all of [[0, 1], [-1, 0], {}, { axes: undefined }]) assertExact(told(all), told(), name);
    assertEquals(f(x, { axis: 1, keepDims: true }).shape, [2, 1]);
    assertThrows(() => f(x, [0, 0]), RangeError, `Cannot ${name}: axis 0 is named twice`);
    assertThrows(() => f(x, 2), RangeError, `Cannot ${name}: axis 2 must lie in [-2, 2)`);
    assertThrows(() => f(x, NaN), RangeError, `Cannot ${name}: axis NaN must lie in [-2, 2)`);
  }
  for (const [name, [f]] of Object.entries(softmaxes)) {
    assertExact(values(f(x)), values(f(x, -1)), name);
    assertExact(values(f(x, [1])), values(f(x, 1)), name);
    assertExact(values(x.softmax({ axis: 0 })), values(x.softmax({ axes: [0] })), name);
    // Along both axes the elements are those of a vector.
    assertClose(values(f(x, [0, 1])), values(f(x.reshape([6]))), { what: name });
  }
});

forEachDevice("a tensor without axes has an axis 0, or -1", () => {
  const x = tensor(3);
  for (const [name, [f, expected]] of Object.entries({ ...reductions, ...softmaxes })) {
    for (const axis of [0, -1, [0], [-1]]) {
      const y = f(x, axis);
      assertEquals([y.shape, values(y)], [[], [expected]], `${name}(${axis})`);
    }
    assertThrows(() => f(x, 1), RangeError, `Cannot ${name}: axis 1 must lie in [-1, 1)`);
  }
  assertExact(values(new ops.LogSumExp().call(x)), [3]);
  const leaf = tensor(3, { requiresGrad: true });
  leaf.sum(0).add(leaf.max(-1)).add(leaf.softmax(0)).backward();
  assertExact(leaf.grad!.item(), 2);
});

forEachDevice("at takes numbers, ranges, new axes and texts", () => {
  const x = tensor(Float32Array.from({ length: 24 }, (_, k) => k), { shape: [2, 3, 4] });
  const same: [Index[], string][] = [
    [[1], "1"],
    [[-1, 0], "-1, 0"],
    [[{ start: 1 }], "1:"],
    [["...", 2], "..., 2"],
    [["1", { step: 2 }], "1, ::2"],
    [[{}, { start: null, stop: -1 }, { step: -1 }], ":, :-1, ::-1"],
    [[0, "1:, ::-2"], "0, 1:, ::-2"],
    [[{ start: -100, stop: 100 }], ":"],
    [[{ start: 2, stop: 1 }], "2:1"],
    [[], "..."],
  ];
  for (const [indices, text] of same) {
    assertEquals(x.at(...indices).toArray(), x.at(text).toArray(), text);
  }
  const shapes: [Index[], number[]][] = [
    [[null], [1, 2, 3, 4]],
    [[0, null, { start: 1 }], [1, 2, 4]],
    [["...", null], [2, 3, 4, 1]],
    [[null, "...", 0, null], [1, 2, 3, 1]],
    [["..., 0", null], [2, 3, 1]],
  ];
  for (const [indices, shape] of shapes) assertEquals(x.at(...indices).shape, shape, JSON.stringify(indices));
  assertEquals(tensor(3).at(null).toArray(), [3]);
  assertThrows(() => x.at(2), RangeError, "Cannot index: place 2 of axis 0 must be an integer in [-2, 2)");
  assertThrows(() => x.at("...", "..."), SyntaxError, 'Cannot index: "..." may stand only once');
  assertThrows(() => x.at({ step: 0 }), RangeError, "Cannot index: a range of axis 0 has a step of 0");
  const leaf = tensor([1, 2, 3], { requiresGrad: true });
  leaf.at({ start: 1 }, null).mul(tensor([[2], [3]])).sum().backward();
  assertExact(values(leaf.grad!), [0, 2, 3]);
});

const refusal = {
  late: /^RangeError: Cannot \w+: index -1 must lie in \[0, 3\)/,
  fraction: /index 2\.5 must be an integer/,
};

forEachDevice("indices and labels of a float type are taken where they are integers", (device) => {
  const x = matrix().transpose(), places = tensor([2, 0]), logits = tensor([[1, 2, 3], [3, 1, 0]]);
  assertExact(x.take(places).toArray(), [[2, 4], [1, 7]]);
  assertExact(oneHot(places, 3).toArray(), [[0, 0, 1], [1, 0, 0]]);
  const ints = tensor(Int32Array.of(2, 0)), entropy = new ops.CrossEntropy(), loss = new nn.CrossEntropyLoss();
  assertExact(values(entropy.call(logits, places)), values(entropy.call(logits, ints)));
  assertExact(loss.call(logits, places.cast("float64")).item(), loss.call(logits, ints).item());
  using captured = capture((x: Tensor, places: Tensor) => x.take(places));
  for (let call = 0; call < 3; call++) assertExact(captured(x, places).toArray(), [[2, 4], [1, 7]]);
  const leaf = matrix().transpose().detach();
  leaf.requiresGrad = true;
  leaf.take(places).sum().backward();
  assertExact(leaf.grad!.toArray(), [[1, 1], [0, 0], [1, 1]]);
  for (const number of [2.5, NaN, -0.5, Infinity, 3, -1]) {
    const bad = tensor([0, number]);
    for (
      const use of [
        () => x.take(bad),
        () => oneHot(bad, 3),
        () => entropy.call(logits, bad),
        () => loss.call(logits, bad),
      ]
    ) {
      assertThrowsLike(() => values(use()), /^RangeError: Cannot /);
    }
  }
  const told = isLate(device) ? refusal.late : refusal.fraction;
  assertThrowsLike(() => values(x.take(tensor([1, 2.5]))), told);
  assertExact(x.take(places).toArray(), [[2, 4], [1, 7]]);
});
