/**
 * Every op, one line each: forward against the reference device in float64, gradient against central differences,
 * second order likewise, and forward mode against reverse mode.
 */
import {
  BinaryCrossEntropy,
  BinaryCrossEntropyWithLogits,
  CrossEntropy,
  DropoutOp,
  type DType,
  grad,
  gradCheck,
  InverseDeviation,
  jvp,
  LogSumExp,
  Normalize,
  NormalizeScaleShift,
  setDefaultDevice,
  type Tensor,
  tensor,
} from "../mod.ts";
import { assert, assertClose, forEachDevice, values } from "./support.ts";

interface Case {
  f: (...x: Tensor[]) => Tensor;
  /** Shapes of the inputs, or their values. */
  inputs: (readonly number[] | readonly number[][] | "positive" | "unit")[];
  /** Values where the default ones will not do. */
  shift?: number;
  /** Units in the last place allowed in float32 beside the float64 reference. */
  ulps?: number;
  /** 1: a gradient but, being piecewise constant or not smooth, no second derivative to compare; 0: no gradient. */
  order?: 0 | 1 | 2;
}

const m = [2, 3], column = [2, 1], row = [3];

/** `shift` moves the inputs, which lie in (-2, 2), into the op's domain or away from its kinks. */
const cases: Record<string, Case> = {
  EWiseAdd: { f: (a, b) => a.add(b), inputs: [m, m] },
  "EWiseAdd broadcast": { f: (a, b) => a.add(b), inputs: [column, row] },
  EWiseSub: { f: (a, b) => a.sub(b), inputs: [m, row] },
  EWiseMul: { f: (a, b) => a.mul(b), inputs: [m, column] },
  EWiseMulAdd: { f: (a, b, c) => a.mulAdd(b, c), inputs: [m, m, m] },
  "EWiseMulAdd broadcast": { f: (a, b, c) => a.mulAdd(b, c), inputs: [row, column, [1]] },
  EWiseDiv: { f: (a, b) => a.div(b), inputs: [m, m], shift: 3 },
  EWisePow: { f: (a, b) => a.pow(b), inputs: [m, m], shift: 3, ulps: 16 },
  AddScalar: { f: (a) => a.add(2.5), inputs: [m] },
  MulScalar: { f: (a) => a.mul(-0.3), inputs: [m] },
  DivScalar: { f: (a) => a.div(3), inputs: [m] },
  PowerScalar: { f: (a) => a.pow(3), inputs: [m], ulps: 8 },
  "PowerScalar 0": { f: (a) => a.pow(0), inputs: [m] },
  "PowerScalar 1": { f: (a) => a.pow(1), inputs: [m] },
  "PowerScalar 0.5": { f: (a) => a.pow(0.5), inputs: [m], shift: 3, ulps: 8 },
  Negate: { f: (a) => a.neg(), inputs: [m] },
  Exp: { f: (a) => a.exp(), inputs: [m] },
  Expm1: { f: (a) => a.expm1(), inputs: [m] },
  Log: { f: (a) => a.log(), inputs: [m], shift: 3 },
  Log1p: { f: (a) => a.log1p(), inputs: [m], shift: 2 },
  Sqrt: { f: (a) => a.sqrt(), inputs: [m], shift: 3 },
  Rsqrt: { f: (a) => a.rsqrt(), inputs: [m], shift: 3 },
  Reciprocal: { f: (a) => a.reciprocal(), inputs: [m], shift: 3 },
  Square: { f: (a) => a.square(), inputs: [m] },
  Sin: { f: (a) => a.sin(), inputs: [m] },
  Cos: { f: (a) => a.cos(), inputs: [m] },
  Tanh: { f: (a) => a.tanh(), inputs: [m] },
  Erf: { f: (a) => a.erf(), inputs: [m] },
  Abs: { f: (a) => a.abs(), inputs: [m] },
  Sign: { f: (a) => a.sign(), inputs: [m] },
  Floor: { f: (a) => a.floor(), inputs: [m] },
  Ceil: { f: (a) => a.ceil(), inputs: [m] },
  Round: { f: (a) => a.round(), inputs: [m] },
  ReLU: { f: (a) => a.relu(), inputs: [m] },
  Sigmoid: { f: (a) => a.sigmoid(), inputs: [m] },
  GELU: { f: (a) => a.gelu(), inputs: [m], ulps: 16 },
  Clip: { f: (a) => a.clip(-1, 0.7), inputs: [m] },
  Maximum: { f: (a, b) => a.maximum(b), inputs: [m, m] },
  Minimum: { f: (a, b) => a.minimum(b), inputs: [m, m] },
  FloorDiv: { f: (a, b) => a.floorDiv(b), inputs: [m, m], shift: 3, order: 0 },
  Mod: { f: (a, b) => a.mod(b), inputs: [m, m], shift: 3, ulps: 64 },
  ToDevice: { f: (a) => a.to("wasm").mul(2).to(a.device), inputs: [m] },
  Compare: { f: (a, b) => a.less(b), inputs: [m, m], order: 0 },
  Not: { f: (a) => a.greater(0).not(), inputs: [m], order: 0 },
  Where: { f: (a, b) => a.greater(b.detach()).where(a.square(), b), inputs: [m, m] },
  Cast: { f: (a) => a.cast("float64"), inputs: [m] },
  DropoutOp: { f: (a) => new DropoutOp(0.4).call(a, a.detach().abs().mod(1)), inputs: [m], ulps: 8 },
  Summation: { f: (a) => a.sum({ axes: [0] }), inputs: [m] },
  "Summation all": { f: (a) => a.sum(), inputs: [m] },
  Product: { f: (a) => a.prod({ axes: [1] }), inputs: [m] },
  SquaredDeviation: { f: (a) => a.variance({ axes: [1] }), inputs: [m], ulps: 64 },
  Max: { f: (a) => a.max({ axes: [1] }), inputs: [m] },
  Min: { f: (a) => a.min({ axes: [0], keepDims: true }), inputs: [m] },
  ArgMax: { f: (a) => a.argmax({ axis: 1 }), inputs: [m], order: 0 },
  ArgMin: { f: (a) => a.argmin(), inputs: [m], order: 0 },
  MatMul: { f: (a, b) => a.matmul(b), inputs: [m, [3, 4]], ulps: 32 },
  "MatMul batched": { f: (a, b) => a.matmul(b), inputs: [[2, 2, 3], [3, 2]], ulps: 32 },
  "MatMul vectors": { f: (a, b) => a.matmul(b), inputs: [row, row], ulps: 32 },
  Transpose: { f: (a) => a.transpose([2, 0, 1]), inputs: [[2, 3, 2]] },
  Reshape: { f: (a) => a.transpose().reshape([3, -1]), inputs: [m] },
  BroadcastTo: { f: (a) => a.broadcastTo([2, 2, 3]), inputs: [m] },
  Slice: { f: (a) => a.at("::-1, 1:"), inputs: [m] },
  Take: { f: (a) => a.take([2, 0, 2], 1), inputs: [m] },
  Softmax: { f: (a) => a.softmax(-1), inputs: [m], ulps: 16 },
  LogSoftmax: { f: (a) => a.logSoftmax(0), inputs: [m], ulps: 16 },
  LogSumExp: { f: (a) => new LogSumExp().call(a), inputs: [m], ulps: 16 },
  "GELU far out": { f: (a) => a.mul(3).gelu(), inputs: [m], ulps: 64 },
  CrossEntropy: { f: (a) => new CrossEntropy().call(a, tensor(new Int32Array([2, 0]))), inputs: [m], ulps: 32 },
  BinaryCrossEntropy: {
    f: (a, b) => new BinaryCrossEntropy().call(a.sigmoid(), b.sigmoid()),
    inputs: [m, m],
    ulps: 64,
  },
  BinaryCrossEntropyWithLogits: {
    f: (a, b) => new BinaryCrossEntropyWithLogits().call(a, b),
    inputs: [m, m],
    ulps: 64,
  },
  NormalizeScaleShift: {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [1] }).call(a, b, c),
    inputs: [[4, 3], row, row],
    ulps: 256,
  },
  "NormalizeScaleShift of columns": {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [0, 2] }).call(a, b, c),
    inputs: [[3, 2, 4], column, column],
    ulps: 256,
  },
  "NormalizeScaleShift by unlike weights": {
    f: (a, b, c) => new NormalizeScaleShift({ axes: [0] }).call(a, b, c),
    inputs: [[4, 3], [4, 1], row],
    ulps: 256,
  },
  Normalize: { f: (a) => new Normalize({ axes: [0] }).call(a), inputs: [[4, 3]], ulps: 256 },
  InverseDeviation: { f: (a) => new InverseDeviation({ axes: [1] }).call(a), inputs: [[2, 5]], ulps: 64 },
};

/** Distinct numbers in (-2, 2), none at an integer or a half, where steps and kinks lie. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, k) => Math.fround(1.93 * Math.sin(1.7 * k + 2.3 * seed + 0.4)));
}

function inputsOf(each: Case, dtype: DType): Tensor[] {
  return each.inputs.map((shape, k) => {
    const sizes = shape as readonly number[], count = sizes.reduce((a, b) => a * b, 1);
    const flat = numbers(count, k).map((x) => Math.fround(x + (each.shift ?? 0)));
    return tensor(Float64Array.from(flat), { dtype, shape: sizes });
  });
}

/** A scalar that weighs every element of the result differently, so that no error cancels. */
function scalarOf(each: Case): (...x: Tensor[]) => Tensor {
  return (...x) => {
    const y = each.f(...x), weights = tensor(Float64Array.from(numbers(y.size, 9)), { shape: y.shape });
    return y.mul(weights).sum();
  };
}

forEachDevice("every op: forward agrees with the reference in float64", async (device) => {
  for (const [name, each] of Object.entries(cases)) {
    const found = values(each.f(...inputsOf(each, "float32")));
    await setDefaultDevice("reference");
    const expected = values(each.f(...inputsOf(each, "float64")));
    await setDefaultDevice(device);
    // A row is within 2 ulp and a few are chained; sums of a handful of terms may cancel, which `ulps` allows for.
    const relative = (each.ulps ?? 4) * 2 ** -23;
    assertClose(found, expected, { relative, absolute: relative, what: name });
  }
});

forEachDevice("every op: gradient agrees with central differences", () => {
  for (const [name, each] of Object.entries(cases)) {
    if (each.order === 0) continue;
    try {
      gradCheck(scalarOf(each), inputsOf(each, "float64"));
    } catch (error) {
      throw new Error(name, { cause: error });
    }
  }
});

forEachDevice("every op: the gradient's own gradient agrees with central differences", () => {
  for (const [name, each] of Object.entries(cases)) {
    if (each.order === 0 || each.order === 1) continue;
    const f = scalarOf(each), first = (...x: Tensor[]) => grad(f)(...x).square().sum() as Tensor;
    try {
      // Second differences of a sum of squares carry fewer digits than first ones.
      gradCheck(first, inputsOf(each, "float64"), { relative: 1e-4, absolute: 1e-6 });
    } catch (error) {
      throw new Error(name, { cause: error });
    }
  }
});

forEachDevice("every op: forward mode agrees with reverse mode", () => {
  for (const [name, each] of Object.entries(cases)) {
    if (each.order === 0) continue;
    const f = scalarOf(each), inputs = inputsOf(each, "float64");
    const tangents = inputs.map((x, k) => tensor(Float64Array.from(numbers(x.size, k + 20)), { shape: x.shape }));
    const [, forward] = jvp(f, inputs, tangents);
    const gradients = grad(f, { argnums: inputs.map((_, k) => k) })(...inputs) as Tensor[];
    const reverse = gradients.reduce((sum, g, k) => sum + g.mul(tangents[k]!).sum().item(), 0);
    assertClose([forward.item()], [reverse], { relative: 1e-12, absolute: 1e-12, what: name });
  }
});

/** The device's inputs in a half type, and the same numbers as float64 on the reference device. */
async function inHalves<T>(each: Case, dtype: DType, device: string, f: (...x: Tensor[]) => T): Promise<[T, T]> {
  const inputs = inputsOf(each, dtype), found = f(...inputs);
  await setDefaultDevice("reference");
  const wide = inputs.map((x) => tensor(Float64Array.from(x.toTypedArray()), { shape: x.shape }));
  const expected = f(...wide);
  await setDefaultDevice(device);
  return [found, expected];
}

const halves = { float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

forEachDevice("every op: forward of halves agrees with float64 and gives the half", async (device) => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    for (const [name, each] of Object.entries(cases)) {
      if (name === "Cast") continue;
      const [found, expected] = await inHalves(each, dtype, device, each.f);
      const half = expected.dtype === "float64" ? dtype : expected.dtype;
      assert.equal(found.dtype, half, `${name} of ${dtype}`);
      // A unit of rounding, and as many of each step before it.
      const relative = 4 * halves[dtype];
      assertClose(values(found), values(expected), { relative, absolute: relative, what: `${name} of ${dtype}` });
    }
  }
});

forEachDevice("every op: gradients of halves agree with float64 and are halves", async (device) => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    for (const [name, each] of Object.entries(cases)) {
      if (each.order === 0) continue;
      const f = (...x: Tensor[]) => grad(scalarOf(each), { argnums: x.map((_, k) => k) })(...x) as Tensor[];
      const [found, expected] = await inHalves(each, dtype, device, f);
      found.forEach((gradient, k) => {
        const wanted = values(expected[k]!), size = Math.max(1, ...wanted.map(Math.abs));
        assert.equal(gradient.dtype, dtype, `${name} of ${dtype}`);
        const absolute = 8 * halves[dtype] * size;
        assertClose(values(gradient), wanted, { relative: 0, absolute, what: `${name} of ${dtype}, input ${k}` });
      });
    }
  }
});

forEachDevice("ops without a derivative say so", () => {
  const x = tensor([1, 2], { requiresGrad: true });
  const node = x.argmax();
  assert.equal(node.requiresGrad, false);
  assert.throws(() => x.floorDiv(2).sum().backward(), /FloorDiv/);
});

forEachDevice("max shares its gradient among ties, abs and relu have none at 0", () => {
  const x = tensor([2, 2, 1], { requiresGrad: true });
  x.max().backward();
  assertClose(values(x.grad!), [0.5, 0.5, 0]);
  const z = tensor([0], { requiresGrad: true });
  z.abs().add(z.relu()).sum().backward();
  assertClose(values(z.grad!), [0]);
});
