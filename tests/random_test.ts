/** Random numbers: their distributions, the same numbers on every device, and new ones at each replay. */
import {
  beta,
  capture,
  cauchy,
  dirichlet,
  exponential,
  full,
  gamma,
  geometric,
  grad,
  logNormal,
  manualSeed,
  normal,
  randperm,
  setDefaultDevice,
  type Tensor,
  tensor,
  truncatedNormal,
  uniform,
  vmap,
  zeros,
} from "../mod.ts";
import { normalCdf } from "../kernels/reference/functions.ts";
import { betaCdf, distance, gammaCdf, logGamma, misfit } from "./distributions.ts";
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "./support.ts";

const count = 100_000;
/** What the distance of a sample exceeds by chance in one of 1000 samples; seeds are fixed, so a sample does so always or never. */
const distanceMost = 1.95;
const shape = [count];

/** Samples of continuous distributions, and their distribution functions. */
const continuous: Record<string, [draw: () => Tensor, cdf: (x: number) => number]> = {
  "uniform(-1, 3)": [() => uniform(-1, 3, { shape }), (x) => (x + 1) / 4],
  "normal(2, 0.5)": [() => normal(2, 0.5, { shape }), (x) => normalCdf((x - 2) / 0.5)],
  "logNormal(1, 2)": [() => logNormal(undefined, undefined, { shape }), (x) => normalCdf((Math.log(x) - 1) / 2)],
  "exponential(4)": [() => exponential(4, { shape }), (x) => -Math.expm1(-4 * x)],
  "cauchy(1, 2)": [() => cauchy(1, 2, { shape }), (x) => 0.5 + Math.atan((x - 1) / 2) / Math.PI],
  "truncatedNormal(-2, 2)": [
    () => truncatedNormal(shape),
    (x) => (normalCdf(x) - normalCdf(-2)) / (normalCdf(2) - normalCdf(-2)),
  ],
  "truncatedNormal(1, 4) around 0.5": [
    () => truncatedNormal(shape, { mean: 0.5, std: 2, low: 1, high: 4 }),
    (x) => (normalCdf((x - 0.5) / 2) - normalCdf(0.25)) / (normalCdf(1.75) - normalCdf(0.25)),
  ],
  "truncatedNormal() without bounds": [() => truncatedNormal(shape, { low: -Infinity, high: Infinity }), normalCdf],
  ...Object.fromEntries(
    [0.1, 0.3, 1, 2.5, 40, 1e4].map((a): [string, [() => Tensor, (x: number) => number]] => [
      `gamma(${a})`,
      [() => gamma(a, 1, { shape }), a < 1e3 ? (x) => gammaCdf(a, x) : (x) => wilsonHilferty(a, x)],
    ]),
  ),
  "gamma(3, 5) of float64": [() => gamma(3, 5, { shape, dtype: "float64" }), (x) => gammaCdf(3, 5 * x)],
  "beta(2, 5)": [() => beta(2, 5, { shape }), betaCdf(2, 5)],
  "beta(1, 1)": [() => beta(1, 1, { shape }), (x) => x],
  "dirichlet(1, 2, 3)": [
    () => dirichlet(tensor([1, 2, 3]), { shape: [count, 3] }).at(null, 1) as Tensor,
    betaCdf(2, 4),
  ],
};

/** The gamma distribution of a large concentration, to about 10^-5 for one of 10^4 (Wilson and Hilferty 1931). */
function wilsonHilferty(a: number, x: number): number {
  return normalCdf(3 * Math.sqrt(a) * (Math.cbrt(x / a) - 1 + 1 / (9 * a)));
}

for (const [name, [draw, cdf]] of Object.entries(continuous)) {
  forEachDevice(`${name} has its distribution`, () => {
    manualSeed(11);
    const found = distance(values(draw()), cdf);
    assert(found < distanceMost, `the distance is ${found}`);
  }, { on: ["cpu"] });
}

const poissonAt = (rate: number) => (k: number) => Math.exp(k * Math.log(rate) - rate - logGamma(k + 1));

/** Samples of integers, and the probability of each. */
const discrete: Record<string, [draw: () => Tensor, probability: (k: number) => number, most: number]> = {
  "bernoulli(0.3)": [() => zeros(shape).bernoulli(0.3), (k) => k === 1 ? 0.3 : 0.7, 1],
  "geometric(0.2)": [() => geometric(0.2, { shape }), (k) => k < 1 ? 0 : 0.2 * 0.8 ** (k - 1), 100],
  ...Object.fromEntries(
    [0.001, 0.5, 3, 9.99, 10, 14.5, 33, 250, 1e5].map((
      rate,
    ): [string, [() => Tensor, (k: number) => number, number]] => [
      `poisson(${rate})`,
      [() => full([3 * count], rate).poisson(), poissonAt(rate), Math.ceil(rate + 8 * Math.sqrt(rate) + 30)],
    ]),
  ),
  "categorical()": [
    () => tensor([0.1, 0.2, 0, 0.7]).log().broadcastTo([count, 4]).categorical(),
    (k) => [0.1, 0.2, 0, 0.7][k]!,
    3,
  ],
  "multinomial() with replacement": [
    () => tensor([1, 2, 0, 7]).multinomial(count, { replacement: true }),
    (k) => [0.1, 0.2, 0, 0.7][k]!,
    3,
  ],
  "multinomial() in pairs": [
    // The places of a pair, one after the other, as one number.
    () => {
      const pairs = tensor([1, 2, 0, 7]).broadcastTo([count, 4]).multinomial(2);
      return (pairs.at(null, 0) as Tensor).mul(4).add(pairs.at(null, 1) as Tensor);
    },
    (k) => {
      const share = [0.1, 0.2, 0, 0.7], first = share[k >> 2]!, second = share[k & 3]!;
      return k >> 2 === (k & 3) ? 0 : first * second / (1 - first);
    },
    15,
  ],
  "multinomial() of many, with replacement": [
    () => tensor(Float32Array.from({ length: 1000 }, (_, k) => k % 3)).multinomial(count, { replacement: true }),
    (k) => (k % 3) / 999,
    999,
  ],
  "randperm(4)": [
    // The four places of a permutation as one number: those of the first three tell the last.
    () =>
      tensor(Float32Array.from({ length: 5000 }, () => {
        const [a, b, c] = randperm(4).toArray<number[]>();
        return 16 * a! + 4 * b! + c!;
      })),
    (k) => new Set([k >> 4, (k >> 2) & 3, k & 3]).size === 3 ? 1 / 24 : 0,
    63,
  ],
  "gumbelSoftmax(), hard": [
    () => tensor([0.1, 0.2, 0, 0.7]).log().broadcastTo([count, 4]).gumbelSoftmax({ hard: true, tau: 0.3 }).argmax(-1),
    (k) => [0.1, 0.2, 0, 0.7][k]!,
    3,
  ],
};

for (const [name, [draw, probability, most]] of Object.entries(discrete)) {
  forEachDevice(`${name} has its probabilities`, () => {
    manualSeed(12);
    // The sum of squares is 4 standard deviations too large by chance in a few of 10000 samples.
    const found = misfit(values(draw()), probability, most);
    assert(Math.abs(found) < 4, `the sum of squares is off by ${found} standard deviations`);
  }, { on: ["cpu"] });
}

/** A few draws of everything, by parameters that are tensors. */
function draws(): Record<string, Tensor> {
  const a = tensor([[0.5], [1], [3]]), weights = tensor([[1, 0, 2, 5], [3, 3, 0.5, 0.25]]), x = zeros([2, 5]);
  return {
    uniform: uniform(a, 4, { shape: [3, 4] }),
    normal: normal(a, a, { shape: [3, 4] }),
    logNormal: logNormal(0, a, { shape: [3, 4] }),
    truncatedNormal: truncatedNormal([7], { std: 0.02, low: -0.04, high: 0.04 }),
    exponential: exponential(a, { shape: [3, 5] }),
    cauchy: cauchy(a, 2, { shape: [3, 2] }),
    geometric: geometric(tensor([0.5, 1, 0.1]), { shape: [4, 3] }),
    gamma: gamma(a, 2, { shape: [3, 8] }),
    beta: beta(a, 2, { shape: [3, 3] }),
    dirichlet: dirichlet(weights.add(1), { shape: [3, 2, 4] }),
    randLike: x.randLike(),
    randnLike: x.randnLike(),
    randintLike: x.randintLike(-3, 9),
    bernoulli: x.add(0.5).bernoulli(),
    poisson: tensor([0, 0.5, 4, 9, 11, 300]).poisson(),
    categorical: weights.broadcastTo([8, 2, 4]).categorical(),
    gumbelSoftmax: weights.gumbelSoftmax({ tau: 0.5 }),
    randperm: randperm(20),
    multinomial: weights.multinomial(3),
    "multinomial, with replacement": weights.multinomial(6, { replacement: true }),
  };
}

forEachDevice("the same seed gives the same numbers as on the reference device", async (device) => {
  manualSeed(5);
  const found = Object.entries(draws()).map(([name, x]): [string, number[]] => [name, values(x)]);
  await setDefaultDevice("reference");
  manualSeed(5);
  const wanted = draws();
  await setDefaultDevice(device);
  for (const [name, numbers] of found) {
    // Logarithms and exponentials of devices differ in their last digits, which a tangent near its pole makes larger.
    assertClose(numbers, values(wanted[name]!), { relative: 1e-4, absolute: 1e-6, what: name });
  }
}, { on: ["cpu", "wasm", "opencl", "cuda"] });

forEachDevice("captured draws are those of plain calls after the same seed, and new ones each time", () => {
  const captured = capture(() => Object.values(draws()));
  try {
    captured();
    manualSeed(8);
    const first = captured().map(values), second = captured().map(values);
    manualSeed(8);
    const [a, b] = [draws(), draws()].map((all) => Object.values(all).map(values));
    assertEquals(first, a);
    assertEquals(second, b);
    first.forEach((numbers, k) => assert(numbers.join() !== second[k]!.join(), `draw ${k} was repeated`));
  } finally {
    captured[Symbol.dispose]();
  }
}, { on: ["cpu", "wasm", "reference"] });

forEachDevice("shapes, types and places follow the parameters and the options", () => {
  const facts = (x: Tensor) => `${x.shape.join()} ${x.dtype}`;
  const rates = tensor([[1], [2]], { dtype: "float64" });
  assertEquals(facts(exponential()), " float32");
  assertEquals(facts(exponential(rates)), "2,1 float64");
  assertEquals(facts(normal(tensor([1, 2, 3]), rates)), "2,3 float64");
  assertEquals(facts(normal(tensor(new Int32Array([1, 2])), 1)), "2 float32");
  assertEquals(facts(gamma(rates, 1, { shape: [3, 2, 4], dtype: "float16" })), "3,2,4 float16");
  assertEquals(facts(truncatedNormal([2], { dtype: "bfloat16" })), "2 bfloat16");
  assertEquals(facts(zeros([2], { dtype: "bfloat16" }).randLike()), "2 bfloat16");
  assertEquals(facts(zeros([2], { dtype: "int32" }).randintLike(0, 2)), "2 int32");
  assertEquals(facts(zeros([2], { dtype: "uint8" }).bernoulli(0.5)), "2 uint8");
  assertEquals(facts(zeros([2, 3], { dtype: "float16" }).poisson()), "2,3 float16");
  assertEquals(facts(zeros([2, 3, 4]).categorical(1)), "2,4 int32");
  assertEquals(facts(zeros([2, 3, 4]).add(1).multinomial(2)), "2,3,2 int32");
  assertEquals(facts(tensor([1, 2]).multinomial(5, { replacement: true })), "5 int32");
  for (const empty of [[0], [2, 0], [0, 3]]) {
    const none = zeros(empty);
    for (
      const draw of [
        none.randLike(),
        none.randnLike(),
        none.bernoulli(),
        none.poisson(),
        exponential(none),
        gamma(none),
      ]
    ) {
      assertEquals(draw.shape, empty);
    }
  }
  assertEquals(values(dirichlet(zeros([2, 0]))), []);
  assertEquals(facts(randperm(3)), "3 int32");
  assertEquals(facts(randperm(0, { dtype: "float16" })), "0 float16");
  assertEquals(zeros([0, 3]).multinomial(2).shape, [0, 2]);
  assertEquals(zeros([0, 3]).categorical().shape, [0]);
}, { on: ["cpu", "reference"] });

forEachDevice("draws that have but one outcome", () => {
  assertEquals(values(tensor([0, 1, 1, 0]).bernoulli()), [0, 1, 1, 0]);
  assertEquals(values(geometric(1, { shape: [3] })), [1, 1, 1]);
  assertEquals(values(zeros([3]).poisson()), [0, 0, 0]);
  assertEquals(values(exponential(Infinity, { shape: [3] })), [0, 0, 0]);
  assertEquals(values(normal(3, 0, { shape: [2] })), [3, 3]);
  assertEquals(values(tensor([0, 5, 0]).multinomial(2, { replacement: true })), [1, 1]);
  assertEquals(values(tensor([-Infinity, 0, -Infinity]).categorical()), [1]);
  const order = values(tensor([0, 2, 1, 0, 5]).multinomial(3));
  assertEquals(order.sort(), [1, 2, 4]);
}, { on: ["cpu", "wasm", "reference"] });

forEachDevice("gradients flow to parameters that shift and stretch the numbers, and through relaxed choices", () => {
  const at = tensor([2, 4], { dtype: "float64" });
  const slope = (draw: (x: Tensor) => Tensor) => {
    manualSeed(3);
    const found = grad((x: Tensor) => draw(x).sum())(at) as Tensor;
    const numbers = (shift: number) => {
      manualSeed(3);
      return draw(at.add(shift)).sum().item();
    };
    const step = 1e-6;
    assertClose([found.sum().item()], [(numbers(step) - numbers(-step)) / (2 * step)], { relative: 1e-6 });
  };
  slope((x) => uniform(x, 7));
  slope((x) => uniform(-1, x));
  slope((x) => normal(x, x));
  slope((x) => logNormal(x.neg(), x));
  slope((x) => exponential(x));
  slope((x) => cauchy(x, x));
  slope((x) => gamma(3, x));
  slope((x) => x.gumbelSoftmax({ tau: 2 }).mul(tensor([1, -3])));
  manualSeed(3);
  const soft = grad((x: Tensor) => x.gumbelSoftmax().mul(tensor([1, -3])).sum())(at) as Tensor;
  manualSeed(3);
  const hard = grad((x: Tensor) => x.gumbelSoftmax({ hard: true }).mul(tensor([1, -3])).sum())(at) as Tensor;
  assertEquals(values(soft), values(hard));
  const wanted = tensor([1, 2], { requiresGrad: true });
  assertThrowsLike(() => gamma(wanted), /^Error: Cannot gamma: .* no derivative with respect to concentration/);
  assertThrowsLike(() => beta(1, wanted), /^Error: Cannot beta: .* no derivative with respect to b/);
  assertThrowsLike(() => dirichlet(wanted), /^Error: Cannot dirichlet: /);
  assert(!wanted.mul(0).add(0.5).bernoulli().requiresGrad && !wanted.poisson().requiresGrad);
}, { on: ["cpu", "reference"] });

forEachDevice("vmap draws the same noise for all examples", () => {
  const rates = tensor([[1, 30], [1, 30], [2, 60]]);
  for (
    const f of [
      (x: Tensor) => exponential(x),
      (x: Tensor) => gamma(x),
      (x: Tensor) => x.poisson(),
      (x: Tensor) => x.div(60).bernoulli(),
      (x: Tensor) => x.gumbelSoftmax(),
      (x: Tensor) => x.multinomial(2),
    ]
  ) {
    const [first, second] = vmap(f)(rates).toArray<number[][]>();
    assertEquals(first, second);
  }
}, { on: ["cpu", "reference"] });

forEachDevice("parameters out of range are refused where they can be seen", () => {
  const refused: [() => unknown, RegExp][] = [
    [() => tensor([0.5, 1.5]).bernoulli(), /^RangeError: Cannot bernoulli: probability 1.5 must lie in \[0, 1\]/],
    [() => zeros([2]).bernoulli(NaN), /^RangeError: Cannot bernoulli: probability NaN/],
    [() => tensor([1, 2], { dtype: "int32" }).bernoulli(), /^TypeError: Cannot bernoulli: type int32/],
    [() => tensor([1, -1]).poisson(), /^RangeError: Cannot poisson: rate -1 must be at least 0/],
    [() => tensor([NaN]).poisson(), /^RangeError: Cannot poisson: rate NaN/],
    [() => exponential(0), /^RangeError: Cannot exponential: rate 0 must be above 0/],
    [() => exponential(tensor([1, -2])), /^RangeError: Cannot exponential: rate -2/],
    [() => exponential(1, { sape: [2] } as object), /there is no option sape; did you mean shape\?/],
    [() => exponential(1, { dtype: "int32" }), /^TypeError: Cannot exponential: type int32 must be a float type/],
    [
      () => exponential(tensor([1, 2, 3]), { shape: [2] }),
      /^TypeError: Cannot exponential: parameters \[3\] do not stretch/,
    ],
    [() => gamma(0), /^RangeError: Cannot gamma: concentration 0/],
    [() => gamma(1, Infinity), /^RangeError: Cannot gamma: rate Infinity/],
    [() => beta(1, -1), /^RangeError: Cannot beta: b -1/],
    [() => dirichlet(tensor(1)), /^TypeError: Cannot dirichlet: concentrations must lie along an axis/],
    [() => geometric(0), /^RangeError: Cannot geometric: p 0 must lie in \(0, 1\]/],
    [() => normal(NaN), /^RangeError: Cannot normal: mean NaN/],
    [() => normal(0, -1), /^RangeError: Cannot normal: std -1/],
    [() => cauchy(0, 0), /^RangeError: Cannot cauchy: scale 0/],
    [() => truncatedNormal([2], { low: 3, high: 2 }), /^RangeError: Cannot truncatedNormal: \[3, 2\] holds less/],
    [() => truncatedNormal([2], { low: 9, high: 10 }), /^RangeError: Cannot truncatedNormal: \[9, 10\] holds less/],
    [() => tensor([1, 2]).multinomial(3), /^RangeError: Cannot multinomial: 3 of 2 places without replacement/],
    [() => tensor([1, 0]).multinomial(2), /^RangeError: Cannot multinomial: 1 weights of a row are above 0/],
    [() => tensor([1, -1]).multinomial(1), /^RangeError: Cannot multinomial: weight -1/],
    [() => tensor([1, 1]).multinomial(0), /^RangeError: Cannot multinomial: count 0/],
    [() => tensor([1, 1]).gumbelSoftmax({ tau: 0 }), /^RangeError: Cannot gumbelSoftmax: tau 0 must be above 0/],
    [() => zeros([2], { dtype: "int32" }).randLike(), /^TypeError: Cannot randLike: type int32/],
    [() => randperm(-1), /^RangeError: Cannot randperm: n -1 must be an integer of at least 0/],
    [() => randperm(257, { dtype: "uint8" }), /^RangeError: Cannot randperm: n 257 must be an integer of at most 256/],
    [() => zeros([2]).randintLike(3, 3), /^RangeError: Cannot randintLike: \[3, 3\) must be a range/],
  ];
  for (const [call, message] of refused) assertThrowsLike(call, message);
}, { on: ["cpu", "reference"] });
