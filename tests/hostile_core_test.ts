/**
 * Every public function, method and class of the core, each with hostile values in all places of its arguments.
 */
import * as core from "../core/mod.ts";
import { ops, scope, setDefaultDevice, type Tensor, tensor } from "../mod.ts";
import { assertMeetsHostile, type Door, methodsOf, subject } from "./hostile.ts";
import { assertEquals, assertExact, forEachDevice, values } from "./support.ts";

const options = () => ({ dtype: "float32", device: "wasm", requiresGrad: false });
const draws = () => ({ shape: [3, 2], dtype: "float64" });
const f = (x?: Tensor) => x === undefined ? tensor(1) : x.square().sum();
const half = () => tensor([0.5, 0.25], { dtype: "float64" });

/** Functions by name: arguments that each takes, and how it is called if that is not simply done. */
const functions: Record<string, [args: () => unknown[], call?: Door["call"]]> = {
  arange: [() => [1, 3, 1, options()]],
  beta: [() => [1, tensor([1, 2]), draws()]],
  autocast: [() => [() => 1, { dtype: "bfloat16", enabled: true }]],
  broadcastTensors: [() => [[subject(), tensor([1, 2, 3])]]],
  build: [() => [[core.placeholder([2]).mul(2)]]],
  capture: [() => [f], (f) => core.capture(f)[Symbol.dispose]()],
  cauchy: [() => [tensor([1, 2]), 1, draws()]],
  checkpoint: [() => [f, half()]],
  computeGradientOfVariables: [() => [f(subject()), tensor(1), { createGraph: false, retainGraph: false }]],
  concat: [() => [[subject(), subject()], 1]],
  defineOp: [
    () => [{ name: "Own", forward: f, gradient: (g: Tensor) => g, jvp: ([along]: [Tensor]) => along }],
    (definition) => core.defineOp(definition)(half()),
  ],
  detectAnomalies: [() => [() => 1, { infinities: true }]],
  profile: [() => [() => 1]],
  dirichlet: [() => [tensor([1, 2]), { shape: [3, 2], dtype: "float64" }]],
  exponential: [() => [1, draws()]],
  gamma: [() => [1, tensor([1, 2]), draws()]],
  geometric: [() => [0.5, draws()]],
  devices: [() => []],
  einsum: [() => ["ij,kj->ik", subject(), subject()]],
  eye: [() => [2, options()]],
  fftfreq: [() => [4, { ...options(), d: 0.5 }]],
  rfftfreq: [() => [4, { ...options(), d: 0.5 }]],
  hannWindow: [() => [4, { ...options(), periodic: false }]],
  hammingWindow: [() => [4, { ...options(), periodic: false }]],
  blackmanWindow: [() => [4, { ...options(), periodic: false }]],
  findTopoSort: [() => [[subject()], () => true]],
  full: [() => [[2, 3], 1, options()]],
  grad: [() => [f, { argnums: [0] }], (f, options, ...rest) => core.grad(f, options, ...rest as [])(half())],
  gradCheck: [() => [f, [half()], { step: 1e-6, relative: 1e-5, absolute: 1e-7 }]],
  group: [() => [() => 1]],
  hessian: [() => [f, { argnums: [0], mode: "forward" }], (f, options) => core.hessian(f, options)(half())],
  hvp: [() => [f, [half()], [half()]]],
  jacobian: [
    () => [f, { argnums: 0, mode: "reverse", vectorize: true }],
    (f, options) => core.jacobian(f, options)(half()),
  ],
  jvp: [() => [f, [half()], [half()]]],
  keep: [() => [subject()]],
  linspace: [() => [0, 1, 3, options()]],
  linearize: [() => [f, [half()]], (f, primals) => core.linearize(f, primals)[1]([half()])],
  live: [() => [() => 1, { dtype: "float32" }]],
  logspace: [() => [0, 1, 3, { ...options(), base: 2 }]],
  logNormal: [() => [0, tensor([1, 2]), draws()]],
  manualSeed: [() => [7]],
  memory: [() => ["wasm"]],
  meshgrid: [() => [[tensor([1, 2]), tensor(3)], { indexing: "xy" }]],
  multiDot: [() => [[subject(), core.ones([3])]]],
  normal: [() => [0, tensor([1, 2]), draws()]],
  noGrad: [() => [() => 1]],
  numericGrad: [() => [f, half(), { scheme: "central", step: 1e-6 }]],
  oneHot: [() => [[0, 1], 2, { dtype: "float32", device: "wasm", requiresGrad: false }]],
  ones: [() => [[2, 3], options()]],
  open: [() => ["wasm", { progress: () => {} }]],
  placeholder: [() => [[2], { dtype: "float32", device: "wasm" }]],
  rand: [() => [[2], options()]],
  randint: [() => [0, 3, [2], { ...options(), dtype: "int32" }]],
  randperm: [() => [5, { dtype: "float32", device: "wasm" }]],
  randn: [() => [[2], options()]],
  scaledDotProductAttention: [
    () => [subject(), subject(), subject(), { mask: null, causal: true, dropout: 0.5, scale: 1, groupedHeads: false }],
  ],
  scope: [() => [async () => await 1], (body) => body === undefined ? null : core.scope(body)],
  searchsorted: [() => [tensor([1, 2, 3]), subject(), { right: true }]],
  setDefaultDevice: [() => ["wasm", { progress: () => {} }]],
  setThreads: [() => [1]],
  stack: [() => [[subject(), subject()], -1]],
  tensor: [() => [[[1, 2]], { ...options(), shape: [2] }]],
  truncatedNormal: [() => [[2], { mean: 0, std: 1, low: -1, high: 1, dtype: "float32", device: "wasm" }]],
  uniform: [() => [0, 1, { ...draws(), device: "wasm" }]],
  valueAndGrad: [() => [f, { argnums: 0 }], (f, options) => core.valueAndGrad(f, options)(half())],
  vhp: [() => [f, [half()], [half()]]],
  vjp: [() => [f, half()], (f, ...inputs) => core.vjp(f, ...inputs)[1](tensor(1, { dtype: "float64" }))],
  vmap: [() => [f, { inAxes: [0], outAxes: 0 }], (f, options) => core.vmap(f, options)(half())],
  where: [() => [subject().less(3), 1, subject()]],
  zeros: [() => [[2, 3], options()]],
};

const reduced = () => [{ axes: [0], keepDims: true }];

/** Methods of a tensor [2, 3] that take arguments. */
const methods: Record<string, () => unknown[]> = {
  ...Object.fromEntries(
    ("add sub rsub mul div rdiv pow floorDiv mod remainder fmod maximum minimum fmax fmin atan2 hypot logaddexp logaddexp2 xlogy " +
      "xlog1py copysign heaviside xor").split(" ").map((name) => [name, () => [2]]),
  ),
  ...Object.fromEntries(Object.keys(ops.comparisons).map((name) => [name, () => [tensor([1, 2, 3])]])),
  ...Object.fromEntries(
    ("sum prod mean max min amax amin argmax argmin nansum nanmean logsumexp any all countNonzero").split(" ").map((
      name,
    ) => [name, reduced]),
  ),
  ...Object.fromEntries(
    "bitwiseAnd bitwiseOr bitwiseXor bitwiseLeftShift bitwiseRightShift gcd lcm".split(" ").map((
      name,
    ) => [name, () => [2]]),
  ),
  ...Object.fromEntries("cumsum cumprod cummax cummin logcumsumexp".split(" ").map((name) => [name, () => [0]])),
  linearRecurrence: () => [tensor([1, 2, 3]), { axis: 0, initial: 1 }],
  diff: () => [{ n: 1, axis: 0, prepend: 0, append: 1 }],
  trapezoid: () => [{ x: tensor([1, 2, 3]), axis: 1 }],
  cumulativeTrapezoid: () => [{ dx: 2, axis: 0 }],
  mulAdd: () => [2, tensor([1, 2, 3])],
  addcmul: () => [2, tensor([1, 2, 3]), { value: 2 }],
  addcdiv: () => [tensor([1, 2, 3]), 2, { value: 2 }],
  lerp: () => [2, 0.5],
  logit: () => [0.1],
  round: () => [{ decimals: 2 }],
  polygamma: () => [1],
  multigammaln: () => [2],
  nanToNum: () => [{ nan: 0, posInf: 1, negInf: -1 }],
  ...Object.fromEntries(["clip", "clamp"].map((name) => [name, () => [0, tensor([1, 2, 3])]])),
  leakyRelu: () => [0.1],
  prelu: () => [tensor([1, 2, 3])],
  elu: () => [2],
  celu: () => [2],
  gelu: () => [{ approximate: "tanh" }],
  softplus: () => [2, 3],
  hardtanh: () => [-1, 2],
  glu: () => [0],
  softshrink: () => [1],
  hardshrink: () => [1],
  threshold: () => [1, 2],
  where: () => [1, tensor([1, 2, 3])],
  cast: () => ["float64"],
  to: () => ["reference"],
  ...Object.fromEntries(
    ["variance", "std", "varMean", "stdMean"].map((
      name,
    ) => [name, () => [{ axes: 0, keepDims: false, correction: 1 }]]),
  ),
  norm: () => [{ axes: 0, keepDims: false, p: 3 }],
  matrixNorm: () => [{ axes: [0, 1], keepDims: false, p: 1 }],
  unique: () => [{ axis: 0 }],
  uniqueConsecutive: () => [{ axis: 0 }],
  softmin: () => [0],
  softmax: () => [{ axis: 0 }],
  logSoftmax: () => [[0]],
  matmul: () => [tensor([[1], [2], [3]])],
  mm: () => [tensor([[1], [2], [3]])],
  bmm: () => [core.ones([1, 3, 1])],
  mv: () => [tensor([1, 2, 3])],
  dot: () => [tensor([1, 2, 3])],
  vdot: () => [tensor([1, 2, 3])],
  vecdot: () => [subject(), 0],
  inner: () => [subject()],
  outer: () => [tensor([1, 2])],
  addmm: () => [core.ones([2, 1]), core.ones([1, 3]), { alpha: 2, beta: 0.5 }],
  tensordot: () => [subject(), [[0], [0]]],
  kron: () => [subject()],
  cross: () => [subject(), 1],
  matrixPower: () => [-2],
  fft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  ifft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  rfft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  irfft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  hfft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  ihfft: () => [{ n: 3, axis: 0, norm: "ortho" }],
  fft2: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  ifft2: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  fftn: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  ifftn: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  rfft2: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  irfft2: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  rfftn: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  irfftn: () => [{ lengths: [3], axes: [0], norm: "forward" }],
  fftshift: () => [{ axes: [0], complex: true }],
  ifftshift: () => [{ axes: 0, complex: true }],
  stft: () => [4, {
    hopLength: 2,
    winLength: 2,
    window: tensor([1, 2]),
    center: true,
    normalized: true,
    onesided: true,
    padMode: "constant",
  }],
  istft: () => [2, {
    hopLength: 1,
    winLength: 2,
    window: tensor([1, 2]),
    center: true,
    normalized: true,
    onesided: true,
    length: 2,
  }],
  solve: () => [subject(), { left: true }],
  randintLike: () => [-1, 7],
  bernoulli: () => [0.5],
  categorical: () => [0],
  multinomial: () => [2, { replacement: true }],
  gumbelSoftmax: () => [{ tau: 2, hard: true, axis: 0 }],
  solveTriangular: () => [subject(), { upper: true, left: true, unitriangular: false }],
  pinv: () => [{ rtol: 0.1 }],
  lstsq: () => [tensor([[1], [2]])],
  transpose: () => [[1, 0]],
  reshape: () => [[3, -1]],
  reshapeAs: () => [tensor([[1], [2], [3], [4], [5], [6]])],
  viewAs: () => [tensor([1, 2, 3, 4, 5, 6])],
  flatten: () => [0, 1],
  unflatten: () => [1, [3, -1]],
  squeeze: () => [[0, 1]],
  unsqueeze: () => [1],
  broadcastTo: () => [[2, 2, 3]],
  expand: () => [[2, -1, 3]],
  expandAs: () => [subject()],
  permute: () => [[1, 0]],
  swapaxes: () => [0, 1],
  movedim: () => [[0, 1], [1, 0]],
  flip: () => [[0, 1]],
  rot90: () => [1, [1, 0]],
  roll: () => [[1, 2], [0, 1]],
  split: () => [[1, 2], 1],
  chunk: () => [2, 1],
  unbind: () => [1],
  narrow: () => [1, 0, 2],
  select: () => [1, 2],
  diagonal: () => [1, 0, 1],
  diag: () => [1],
  diagEmbed: () => [1, 0, 2],
  tril: () => [1],
  triu: () => [1],
  pad: () => [[1, 1], { mode: "constant", value: 2 }],
  repeat: () => [[2, 1]],
  tile: () => [[2]],
  repeatInterleave: () => [[1, 2], 0],
  at: () => [[0, 1], { start: 0, stop: 2, step: 1 }, null, "..."],
  setAt: () => [[0, { start: 0, stop: 2, step: 1 }, null], 1],
  take: () => [[0, 1], 1],
  gather: () => [1, [[0], [2]]],
  takeAlongAxis: () => [[[0], [2]], 1],
  scatterAdd: () => [1, [[0], [2]], subject()],
  scatter: () => [1, [[0], [2]], 1],
  scatterReduce: () => [1, [[0], [2]], subject(), "mean", { includeSelf: false }],
  indexReduce: () => [1, [0, 2, 0], subject(), "prod", { includeSelf: false }],
  put: () => [[0, -1], tensor([1, 2]), { accumulate: true }],
  segmentReduce: () => ["max", { lengths: tensor(Int32Array.of(1, 1)), axis: 0, initial: 1 }],
  indexSelect: () => [1, [0, 2]],
  indexAdd: () => [0, [0, 1], subject(), { alpha: 2 }],
  indexFill: () => [1, [0, 2], 1],
  maskedFill: () => [subject().less(3), 1],
  maskedSelect: () => [subject().less(3)],
  maskedScatter: () => [subject().less(3), tensor([1, 2])],
  sort: () => [0, { descending: true }],
  argsort: () => [0, { descending: true }],
  topk: () => [2, 1, { largest: true, sorted: false }],
  kthvalue: () => [1, 0, { keepDims: true }],
  ...Object.fromEntries(["median", "nanmedian", "mode"].map((name) => [name, () => [0, { keepDims: true }]])),
  quantile: () => [[0.5, 1], { axis: 0, keepDims: true, interpolation: "linear" }],
  nanquantile: () => [0.5, { axis: 0, keepDims: true, interpolation: "lower" }],
  bincount: () => [{ weights: subject(), minLength: 2 }],
  bucketize: () => [[1, 2], { right: true }],
  isin: () => [[1, 2]],
  oneHot: () => [7],
  onGradient: () => [() => subject()],
  backward: () => [subject(), { createGraph: false, retainGraph: true }],
};

/** The subject of methods that ask for other axes than a tensor [2, 3] has, or for integers. */
const subjects: Record<string, () => Tensor> = {};
for (const d of [1, 2, 3]) {
  const lengths = d === 1 ? [1, 2, 3] : d === 2 ? [1, 1, 2, 3] : [1, 1, 1, 2, 3];
  const kernels = () => core.ones(lengths.with(d === 1 ? 0 : 1, 1)), one = () => new Array<number>(d).fill(1);
  const windows: Record<string, () => unknown[]> = {
    conv: () => [kernels(), { bias: null, stride: one(), padding: one(), dilation: 1, groups: 1 }],
    convTranspose: () => [
      d === 1 ? core.ones([2, 1, 1]) : kernels(),
      { bias: tensor([1]), stride: 2, padding: 0, outputPadding: one(), dilation: 1, groups: 1 },
    ],
    maxPool: () => [d === 3 ? [1, 2, 2] : 2, { stride: 1, padding: 0, dilation: one(), ceilMode: true }],
    avgPool: () => [d === 3 ? [1, 2, 2] : 2, { stride: one(), padding: 0, countIncludePad: false, divisorOverride: 2 }],
    lpPool: () => [2, d === 3 ? [1, 2, 2] : 2, { stride: 1, ceilMode: true }],
    adaptiveAvgPool: () => [one()],
    adaptiveMaxPool: () => [d === 1 ? 1 : [...one().slice(1), null]],
  };
  windows.maxPoolWithIndices = windows.maxPool!;
  windows.adaptiveMaxPoolWithIndices = windows.adaptiveMaxPool!;
  windows.maxUnpool = () => {
    const size = d === 3 ? [1, 2, 2] : 2, outputSize = d === 1 ? [4] : d === 2 ? [3, 4] : [1, 3, 4];
    return [core.zeros(lengths, { dtype: "int32" }), size, { stride: 1, padding: 0, outputSize }];
  };
  for (const [name, args] of Object.entries(windows)) {
    const full = name.replace(/(WithIndices)?$/, `${d}d$1`);
    methods[full] = args;
    subjects[full] = () => subject().reshape(lengths);
  }
}
const image = () => subject().reshape([1, 1, 2, 3]), places = () => tensor(Int32Array.of(0, 1)).reshape([1, 2]);
Object.assign(methods, {
  unfold: () => [1, 2, 1],
  imageToColumns: () => [{ size: 2, stride: [1, 1], padding: 1, dilation: 1 }],
  columnsToImage: () => [[1, 3], { size: [1, 2], stride: 1, padding: [0, 1], dilation: [1, 2] }],
  pixelShuffle: () => [1],
  pixelUnshuffle: () => [1],
  channelShuffle: () => [1],
  interpolate: () => [{ size: [3, 3], mode: "bilinear", alignCorners: true, antialias: true }],
  gridSample: () => [core.zeros([1, 1, 1, 2]), { mode: "nearest", paddingMode: "border", alignCorners: true }],
  affineGrid: () => [[1, 1, 2, 2], { alignCorners: true }],
  embedding: () => [subject(), { paddingIndex: 0 }],
  embeddingBag: () => [subject(), { mode: "sum", perSampleWeights: core.ones([1, 2]) }],
});
for (
  const name of ["imageToColumns", "pixelShuffle", "pixelUnshuffle", "channelShuffle", "interpolate", "gridSample"]
) {
  subjects[name] = image;
}
const square = () => tensor([[2, 1], [1, 3]]), vector = () => tensor([1, 2, 3]);
Object.assign(subjects, { bmm: () => subject().reshape([1, 2, 3]), dot: vector, vdot: vector, outer: vector });
for (const name of ["matrixPower", "solve", "solveTriangular"]) subjects[name] = square;
for (const name of ["fft", "ifft", "irfft", "hfft", "fft2", "ifft2", "fftn", "ifftn", "irfft2", "irfftn"]) {
  subjects[name] = () => subject().reshape([3, 2]);
}
subjects.fftshift = subjects.ifftshift = () => subject().reshape([3, 2]);
subjects.stft = () => core.ones([6]);
subjects.istft = () => core.ones([2, 3, 2]);
subjects.columnsToImage = () => subject();
subjects.affineGrid = () => subject().reshape([1, 2, 3]);
subjects.embedding = subjects.embeddingBag = places;
for (const name of ["And", "Or", "Xor", "Not", "LeftShift", "RightShift"]) subjects[`bitwise${name}`] = places;
subjects.gcd = subjects.lcm = places;

/** Methods without arguments, and those that only the core calls. */
const plain = new RegExp(
  "^(neg|expm?1?|exp2|log1p|log2|log10|log|sqrt|rsqrt|reciprocal|square|sin|cos|tan|asin|acos|atan|sinc|sinh|cosh|asinh|acosh|atanh|tanh|erf|erfc|erfinv|lgamma|digamma|i0e?|i1e?|ndtr|ndtri|logNdtr|erfcx|entr|" +
    "deg2rad|rad2deg|abs|sign|floor|ceil|round|trunc|fix|frac|is(Nan|Inf|Finite|PosInf|NegInf)|relu|relu6|selu|sigmoid|" +
    "randLike|randnLike|poisson|logSigmoid|hardsigmoid|silu|mish|hardswish|softsign|tanhshrink)$",
);
const bare = new Set(
  ("not bitwiseNot nonzero msort trace cholesky inverse det slogdet qr eigh svd detach dispose keep item toTypedArray read toArray toString print toDot zerosLike onesLike isLeaf resetGrad " +
    "realizeCachedData").split(" "),
);

const windows = { size: 2, step: 1, dilation: 1, before: 0, count: 2 };

/** Constructors of ops with settings, by the arguments they take. */
const settings: Record<string, () => unknown[]> = {
  AddScalar: () => [2],
  Polygamma: () => [1],
  MulScalar: () => [2],
  DivScalar: () => [2],
  PowerScalar: () => [2],
  Clip: () => [0, 1],
  Softplus: () => [2, 3],
  Compare: () => ["less"],
  Cast: () => ["float64"],
  ToDevice: () => ["reference"],
  Transpose: () => [[1, 0]],
  Reshape: () => [[3, 2]],
  BroadcastTo: () => [[2, 2, 3]],
  Diagonal: () => [1, 0, 1],
  Unfold: () => [1, 2, 1, 1],
  DiscreteFourier: () => [1, 0.5, true, false],
  WindowSum: () => [1, { ...windows }],
  MaxPool: () => [[{ ...windows }]],
  ArgMaxPool: () => [[{ ...windows }]],
  Tril: () => [1],
  Triu: () => [1],
  Pad: () => [[1, 1], 2],
  Roll: () => [[1, 2], [0, 1]],
  Slice: () => [[{ start: 0, step: 1, length: 1, dropped: false }, { start: 0, step: 1, length: 2, dropped: true }]],
  ReplaceSlice: () => [[0, 1].map((k) => ({ start: 0, step: 1, length: 2 + k, dropped: false }))],
  Summation: reduced,
  Product: reduced,
  CumSum: () => [0, true],
  CumProd: () => [0, true],
  LogCumSumExp: () => [0],
  LinearRecurrence: () => [0, true],
  CumMax: () => [0],
  CumMin: () => [0],
  Mean: reduced,
  Variance: () => [{ axes: [0], correction: 1 }],
  SquaredDeviation: reduced,
  VectorNorm: () => [{ axes: [0], p: 3 }],
  LogSumExp: reduced,
  CountNonzero: reduced,
  Any: reduced,
  All: reduced,
  Pinv: () => [{ rtol: 0.1 }],
  Max: reduced,
  Min: reduced,
  ArgMax: reduced,
  ArgMin: reduced,
  SortedPlaces: () => [0, true, 1],
  MiddlePlace: () => [0, true],
  Median: () => [true],
  Softmax: () => [{ axis: 0 }],
  LogSoftmax: () => [0],
  InverseDeviation: () => [{ axes: [0], eps: 1e-5 }],
  Normalize: () => [{ axes: [0], eps: 1e-5 }],
};

/** Runs a call in a scope of its own, and puts back what it may have set. */
async function apart(run: () => unknown): Promise<unknown> {
  const log = console.log;
  console.log = () => {};
  try {
    return await scope(async () => await run());
  } finally {
    console.log = log;
  }
}
const on = { on: ["cpu", "wasm"] };
for (const name of Object.keys(core).filter((name) => /^[a-z]/.test(name) && name !== "ops")) {
  forEachDevice(`hostile arguments of ${name}()`, async (device) => {
    const [args, call] = functions[name] ?? [];
    assertEquals(typeof args, "function", `${name} has no line of arguments`);
    // deno-lint-ignore no-explicit-any
    const door = { name, args: args!, call: call ?? (core as any)[name] };
    try {
      await assertMeetsHostile(door, apart);
    } finally {
      await setDefaultDevice(device);
      core.setThreads(1);
    }
    assertExact(values(subject().add(1)), [2, 3, 4, 5, 6, 7]);
  }, { ...on, parameters: true });
}

for (const [name, args] of Object.entries(methods)) {
  forEachDevice(`hostile arguments of tensor.${name}()`, async () => {
    // deno-lint-ignore no-explicit-any
    const call: Door["call"] = (...given) => ((subjects[name] ?? subject)() as any)[name](...given);
    await assertMeetsHostile({ name, args, call }, apart);
  }, on);
}

for (const [name, args] of Object.entries(settings)) {
  forEachDevice(`hostile settings of ops.${name}`, async () => {
    const make = (...given: unknown[]) => {
      // deno-lint-ignore no-explicit-any
      const op = new (ops as any)[name](...given);
      return op.call(...Array.from({ length: op.arity }, subject));
    };
    await assertMeetsHostile({ name, args, call: make }, apart);
  }, on);
}

forEachDevice("hostile operands of every op", async () => {
  for (const [name, op] of Object.entries(ops)) {
    if (!(op instanceof ops.RowOp)) continue;
    const operand = op.row.forFloats ? subject : () => subject().cast("int32");
    const args = () => Array.from({ length: op.arity }, operand);
    await assertMeetsHostile({ name, args, call: (...given) => op.call(...given) }, apart);
  }
}, on);

Deno.test("every method of a tensor has a line of hostile arguments, or takes none", () => {
  const hidden = new Set(
    ("derive deriveSaving deriveAll wrap enter free unowned letGo leaveGradient holdsUnseen replaceGradient seenGradient " +
      "freedError replaceData writable assignAt").split(" "),
  );
  const missing = methodsOf(core.Tensor).filter((name) =>
    !(name in methods) && !plain.test(name) && !bare.has(name) && !hidden.has(name)
  );
  assertEquals(missing, []);
});

const captured: Record<string, [args: () => unknown[], call: Door["call"]]> = {
  "a captured function": [() => [subject(), { list: [1, subject()] }], (...given) => {
    using step = core.capture((...inputs: unknown[]) => [inputs.length, tensor(1)]);
    return step(...given as []);
  }],
  "a captured function's async": [() => [subject()], async (...given) => {
    using step = core.capture((...inputs: unknown[]) => [inputs.length, tensor(1)]);
    return await step.async(...given as []);
  }],
  "the result of a captured function": [() => [[tensor(1)]], (...result) => {
    using step = core.capture(() => result[0]);
    return step();
  }],
  "the gradient's function": [() => [half()], (...given) => core.grad(f)(...given)],
  "a function's gradient": [() => [tensor(1)], (result) => core.grad(() => result)(half())],
  "a function's derivative": [() => [tensor(1)], (result) => core.jvp(() => result, [half()], [half()])],
  "a session's run": [() => [{ feeds: [] as unknown[] }], (options) => {
    const place = core.placeholder([2]);
    using session = core.build([place.mul(2)]);
    if (options?.feeds?.length === 0) options.feeds = [[place, core.ones([2])]];
    return session.run(options);
  }],
  "a session's feeds": [() => [[[1, core.ones([2])]]], (feeds) => {
    const place = core.placeholder([2]);
    using session = core.build([place.mul(2)]);
    if (feeds?.[0]?.[0] === 1) feeds[0][0] = place;
    return session.run({ feeds });
  }],
  "a write in place": [() => [[[0, 1]], 1], (...given) => subject().detach().assignAt(...given as [number, number])],
  "data": [() => [subject()], (value) => subject().data = value],
  "grad": [() => [subject()], (value) => subject().grad = value],
  "the constructor of Tensor": [() => [[[1, 2]], options()], (...given) => new core.Tensor(...given as [number])],
  "the constructor of Placeholder": [
    () => [[2], { dtype: "float32", device: "wasm" }],
    (...given) => new core.Placeholder(...given as [number[]]),
  ],
};
for (const [name, [args, call]] of Object.entries(captured)) {
  forEachDevice(`hostile arguments of ${name}`, async () => {
    await assertMeetsHostile({ name, args, call }, apart);
  }, { ...on, parameters: true });
}
