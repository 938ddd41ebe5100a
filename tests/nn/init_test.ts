/** Initialisers: fans and gains as PyTorch has them, moments, exact structure, and the same numbers on every device. */
import {
  capture,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  setDefaultDevice,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import fixture from "../fixtures/machinery.json" with { type: "json" };
import {
  assertClose,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "../support.ts";

const { init } = nn, parameters = { parameters: true };
/** Devices of the tests whose sorting and moments OpenCL would build many programs for. */
const quick = { parameters: true, on: ["cpu", "wasm", "reference"] };
const weight = (shape: number[], options: nn.ParameterOptions = {}) => new nn.Parameter(zeros(shape), options);
// deno-lint-ignore no-explicit-any -- what programs in plain JavaScript pass.
const given = (value: unknown): any => value;

Deno.test("PyTorch: fans, gains and deviations", async () => {
  await setDefaultDevice("reference");
  for (const [shape, [fanIn, fanOut]] of fixture.init.fans as [number[], [number, number]][]) {
    assertEquals(init.calculateFans(weight(shape)), { fanIn, fanOut });
    // The same weight with its outputs along axis 1.
    const [out, inputs, ...window] = shape as [number, number, ...number[]], turned = [inputs, out, ...window];
    assertEquals(init.calculateFans(weight(turned, { outAxis: 1 })), { fanIn, fanOut });
    assertEquals(init.calculateFans(zeros(turned), { outAxis: 1 }), { fanIn, fanOut });
  }
  assertEquals(init.calculateFans(new nn.Linear(3, 5).weight), { fanIn: 3, fanOut: 5 });
  for (const [name, gain] of fixture.init.gains as [nn.init.Nonlinearity, number][]) {
    assertClose([init.calculateGain(name)], [gain], { what: name });
  }
});

forEachDevice("PyTorch: kaiming's deviations, by fan, nonlinearity and slope", () => {
  for (
    const [shape, mode, nonlinearity, slope, std] of fixture.init.spreads as [
      number[],
      string,
      string,
      number,
      number,
    ][]
  ) {
    const options = { mode: mode === "fan_in" ? "fanIn" : "fanOut", nonlinearity, slope } as nn.init.KaimingOptions;
    const target = weight(shape), what = JSON.stringify(options);
    manualSeed(1);
    const normal = values(init.kaimingNormal(target, options));
    manualSeed(1);
    const plain = values(init.normal(target));
    assertClose(normal, plain.map((x) => x * std), { relative: 1e-5, what });
    manualSeed(1);
    const bound = Math.sqrt(3) * std, uniform = values(init.kaimingUniform(target, options));
    manualSeed(1);
    assertClose(uniform, values(init.uniform(target, { low: -bound, high: bound })), { relative: 1e-5, what });
  }
}, { parameters: true, on: ["cpu"] });

forEachDevice("PyTorch: eye and dirac", () => {
  for (const [name, shape, options, wanted] of fixture.init.fixed as [string, number[], object, { data: number[] }][]) {
    const target = weight(shape), what = `${name} of [${shape}]`;
    const filled = name === "eye" ? init.eye(target) : init.dirac(target, options);
    assertStrictEquals(filled, target);
    assertExact(values(target), wanted.data, what);
  }
}, parameters);

/** Each initialiser with its mean and deviation for a weight [60, 100] whose outputs lie along axis 1. */
const spreads: [name: string, fill: (target: nn.Parameter) => Tensor, mean: number, std: number, most: number][] = [
  ["uniform", (x) => init.uniform(x, { low: 1, high: 3 }), 2, 2 / Math.sqrt(12), 3],
  ["normal", (x) => init.normal(x, { mean: -1, std: 0.5 }), -1, 0.5, 4],
  // The variance of a normal number between -1 and 1 is 1 - 2 φ(1) / (Φ(1) - Φ(-1)) = 0.29113.
  ["truncatedNormal", (x) => init.truncatedNormal(x, { low: -1, high: 1 }), 0, Math.sqrt(0.29113), 1],
  ["xavierUniform", (x) => init.xavierUniform(x, { gain: 2 }), 0, 2 * Math.sqrt(2 / 160), 2 * Math.sqrt(6 / 160)],
  ["xavierNormal", (x) => init.xavierNormal(x), 0, Math.sqrt(2 / 160), 1],
  ["kaimingUniform", (x) => init.kaimingUniform(x), 0, Math.sqrt(2 / 60), Math.sqrt(6 / 60)],
  ["kaimingNormal", (x) => init.kaimingNormal(x, { mode: "fanOut" }), 0, Math.sqrt(2 / 100), 2],
  ["orthogonal", (x) => init.orthogonal(x, { gain: 3 }), 0, 3 / 10, 3],
  ["sparse", (x) => init.sparse(x, { sparsity: 0.36, std: 2 }), 0, 2 * Math.sqrt(0.64), 12],
];

forEachDevice("means, deviations and bounds", () => {
  for (const [name, fill, mean, std, most] of spreads) {
    manualSeed(3);
    const found = values(fill(weight([60, 100], { outAxis: 1 }))), count = found.length;
    const average = found.reduce((sum, x) => sum + x, 0) / count;
    const deviation = Math.sqrt(found.reduce((sum, x) => sum + (x - average) ** 2, 0) / count);
    // Four deviations of the mean of 6000 numbers, and about as much of their own deviation.
    assertClose([average], [mean], { absolute: 4 * std / Math.sqrt(count), relative: 0, what: `${name}: mean` });
    assertClose([deviation], [std], { relative: 0.05, what: `${name}: deviation` });
    assertEquals(found.every((x) => Math.abs(x) <= most * (1 + 1e-6)), true, `${name}: bounds`);
  }
}, quick);

forEachDevice("the same seed gives the same numbers, on this device as on the reference", async (device) => {
  for (const [name, fill] of spreads) {
    const draw = () => {
      manualSeed(7);
      return values(fill(weight([6, 10], { outAxis: 1 })));
    };
    const [first, again] = [draw(), draw()];
    assertExact(again, first, name);
    await setDefaultDevice("reference");
    // Devices have logarithms and roots of their own, and the reference has more digits.
    assertClose(draw(), first, { relative: 1e-5, absolute: 1e-5, what: name });
    await setDefaultDevice(device);
  }
}, parameters);

forEachDevice("orthogonal rows or columns, whichever are fewer, of every type and shape", () => {
  for (
    const [shape, dtype, error] of [[[4, 6], "float32", 1e-5], [[6, 4], "float64", 1e-12], [
      [3, 2, 5],
      "float16",
      4e-3,
    ]] as const
  ) {
    const target = init.orthogonal(weight([...shape], { dtype }), { gain: 2 }), rows = shape[0];
    assertStrictEquals(target.dtype, dtype);
    const matrix = target.cast("float64").reshape([rows, -1]), wide = rows < matrix.shape[1]!;
    const product = wide ? matrix.matmul(matrix.transpose()) : matrix.transpose().matmul(matrix);
    const n = product.shape[0]!;
    const wanted = Array.from({ length: n * n }, (_, k) => k % (n + 1) === 0 ? 4 : 0);
    assertClose(values(product), wanted, { absolute: 4 * error, relative: 0, what: `[${shape}]` });
  }
}, quick);

forEachDevice("sparse has the same number of zeros for each input, rounded up", () => {
  const matrix = init.sparse(weight([5, 7]), { sparsity: 0.25 });
  assertExact(values(matrix.equal(0).sum({ axes: 0 })), Array(7).fill(2));
  const turned = init.sparse(weight([5, 7], { outAxis: 1 }), { sparsity: 0.25 });
  assertExact(values(turned.equal(0).sum({ axes: 1 })), Array(5).fill(2));
  assertExact(values(init.sparse(weight([2, 2]), { sparsity: 1 })), [0, 0, 0, 0]);
}, quick);

forEachDevice("fills are in place, on no graph, leave nothing behind and are captured", (device) => {
  const target = weight([4, 4], { dtype: "bfloat16" }), view = target.detach();
  target.grad = ones([4, 4], { dtype: "bfloat16" });
  init.constant(target, 2);
  assertEquals([values(view).every((x) => x === 2), target.isLeaf(), target.requiresGrad], [true, true, true]);
  assertStrictEquals(target.grad !== null, true);
  const before = memory(device).tensors;
  for (const [, fill] of spreads) fill(target);
  assertStrictEquals(memory(device).tensors, before);
  using step = capture(() => {
    noGrad(() => init.normal(target));
    return target.sum();
  });
  const sums = new Set([step().item(), step().item(), step().item()]);
  assertStrictEquals(sums.size > 1, true);
  // What has no elements is left as it is.
  assertEquals(init.kaimingUniform(weight([0, 3], { outAxis: 1 }), { mode: "fanOut" }).shape, [0, 3]);
}, quick);

forEachDevice("what initialisers refuse, they refuse before anything is changed", () => {
  const square = weight([2, 2]), vector = new nn.Parameter([1, 2]);
  const refused: [() => unknown, RegExp][] = [
    [
      () => init.uniform(square, { low: 2, high: 1 }),
      /^RangeError: Cannot init.uniform: high 1 must be at least low, 2/,
    ],
    [() => init.uniform(square, { low: NaN }), /^RangeError: Cannot init.uniform: low NaN/],
    [() => init.uniform(square, given({ a: 1 })), /^TypeError: Cannot init.uniform: there is no option a/],
    [() => init.uniform(given([1, 2])), /^TypeError: Cannot init.uniform: a list, it must be a tensor/],
    [() => init.normal(square, { std: -1 }), /^RangeError: Cannot init.normal: std -1/],
    [() => init.truncatedNormal(square, { low: 50, high: 60 }), /^RangeError: .* holds less than/],
    [() => init.constant(square, given("1")), /^RangeError: Cannot init.constant: value "1"/],
    [() => init.zeros(tensor(new Int32Array(2))), /^TypeError: .* type int32, it must be of a float type/],
    [() => init.zeros(vector.mul(2)), /^TypeError: .* is a result, it must be a leaf/],
    [() => init.eye(vector), /^TypeError: Cannot init.eye: shape \[2\] must be a matrix/],
    [() => init.dirac(square), /^TypeError: Cannot init.dirac: shape \[2, 2\] must be \[out, in, ...\]/],
    [() => init.dirac(weight([3, 2, 1]), { groups: 2 }), /^RangeError: .* groups 2 must divide the 3 outputs/],
    [() => init.xavierUniform(vector), /^TypeError: Cannot init.xavierUniform: shape \[2\] has no fans/],
    [() => init.xavierNormal(square, { gain: -1 }), /^RangeError: .* gain -1/],
    [
      () => init.kaimingNormal(square, { mode: given("fan_in") }),
      /^TypeError: .* mode "fan_in" must be fanIn or fanOut/,
    ],
    [
      () => init.kaimingNormal(square, { nonlinearity: given("swish") }),
      /^TypeError: .* must be one of linear, sigmoid/,
    ],
    [() => init.kaimingNormal(square, { outAxis: given(2) }), /^RangeError: .* outAxis 2 must be/],
    [() => init.orthogonal(vector), /^TypeError: .* must have two axes at least/],
    [() => init.sparse(square, { sparsity: 1.5 }), /^RangeError: .* sparsity 1.5 must lie in \[0, 1\]/],
    [() => init.sparse(square, given({})), /^RangeError: .* sparsity undefined/],
    [() => init.calculateGain(given("toString")), /^TypeError: .* nonlinearity "toString" must be one of/],
  ];
  for (const [fill, pattern] of refused) assertThrowsLike(fill, pattern);
  assertExact([values(square), values(vector)], [[0, 0, 0, 0], [1, 2]]);
}, { parameters: true, on: ["reference"] });
