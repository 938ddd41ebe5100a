/**
 * float16 and bfloat16: all words, rounding, promotion and results as PyTorch's, tensors of halves as users see them, and
 * mixed precision.
 *
 * `fixtures/pytorch_halves.py` wrote PyTorch's answers as bits. Single operations must have the same bits;
 * functions and sums may differ in the rounding of the last place.
 */
import { bytesOf, type DType, isFloat, promote, promoteScalar } from "../core/pure/dtype.ts";
import {
  arange,
  autocast,
  type AutocastType,
  capture,
  data,
  gradCheck,
  manualSeed,
  nn,
  noGrad,
  numericGrad,
  ones,
  optim,
  rand,
  randn,
  scope,
  Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "../mod.ts";
import { unitOf } from "./arrays.ts";
import { sameAsEager } from "./captures.ts";
import fixtures from "./fixtures/pytorch_halves.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

const halves = ["float16", "bfloat16"] as const;
const onParameters = { parameters: true };

/** The words of a half tensor. */
function words(t: Tensor): number[] {
  return Array.from(new Uint16Array(bytesOf(t.toTypedArray(), t.dtype).buffer));
}

/** The numbers that words of halves stand for. */
function fromWords(list: readonly number[], dtype: DType, shape: readonly number[] = [list.length]): Tensor {
  if (dtype === "float32") return tensor(new Float32Array(Uint32Array.from(list).buffer), { shape });
  const raw = Uint16Array.from(list);
  return dtype === "float16"
    ? tensor(new Float16Array(raw.buffer), { shape })
    : tensor(new Float32Array(Uint32Array.from(raw, (word) => word << 16).buffer), { shape, dtype });
}

/** The places at which two lists of words differ; all NaNs are equal. */
function differing(found: readonly number[], expected: readonly number[], dtype: AutocastType): number[] {
  const top = dtype === "float16" ? 0x7c00 : 0x7f80, isNan = (word: number) => (word & 0x7fff) > top;
  return expected.flatMap((word, k) => word === found[k] || (isNan(word) && isNan(found[k]!)) ? [] : [k]);
}

forEachDevice("every one of the 65536 halves comes back, also by way of every wider float and of strides", () => {
  const all = Array.from({ length: 1 << 16 }, (_, word) => word);
  for (const dtype of halves) {
    const x = fromWords(all, dtype);
    assertEquals(differing(words(x), all, dtype), []);
    for (const wider of ["float32", "float64"] as const) {
      const wide = x.cast(wider);
      assertEquals(differing(words(wide.cast(dtype)), all, dtype), [], `${dtype} by way of ${wider}`);
      assertClose(values(wide), values(x), { relative: 0, absolute: 0 });
    }
    const turned = x.reshape([256, 256]).transpose().cast("float32").cast(dtype).transpose();
    assertEquals(differing(words(turned.reshape([-1])), all, dtype), [], `${dtype} by columns`);
    // The tensor is made from numbers, as users make it.
    const made = tensor(Array.from(x.toTypedArray()), { dtype });
    assertEquals(differing(words(made), all, dtype), [], `${dtype} from numbers`);
  }
});

forEachDevice("PyTorch: float32 is rounded to halves", () => {
  const x = fromWords(fixtures.roundings.float32, "float32");
  for (const dtype of halves) {
    const expected = fixtures.roundings[dtype];
    assertEquals(differing(words(x.cast(dtype)), expected, dtype), [], `cast to ${dtype}`);
    const made = tensor(Array.from(x.toTypedArray()), { dtype });
    assertEquals(differing(words(made), expected, dtype), [], `${dtype} from numbers`);
  }
});

forEachDevice("float64 is rounded to halves once, not by way of float32", () => {
  // A number halfway between two neighbours in the half type, and numbers so near it that float32 cannot tell them apart.
  for (const [dtype, unit] of [["float16", 2 ** -10], ["bfloat16", 2 ** -7]] as const) {
    const tie = 1 + unit / 2, list = [tie - 2 ** -40, tie, tie + 2 ** -40, -tie - 2 ** -40];
    const expected = [1, 1, 1 + unit, -1 - unit];
    assertExact(values(tensor(Float64Array.from(list)).cast(dtype)), expected);
    assertExact(values(tensor(list, { dtype })), expected);
  }
});

Deno.test("PyTorch: element types promote", () => {
  const { pairs, scalars } = fixtures.promotions;
  for (const [a, row] of Object.entries(pairs)) {
    for (const [b, met] of Object.entries(row)) assertEquals(promote(a as DType, b as DType), met, `${a} and ${b}`);
  }
  for (const [a, [added, divided]] of Object.entries(scalars)) {
    assertEquals(promoteScalar(a as DType, 2.5), added);
    assertEquals(isFloat(a as DType) ? a : "float32", divided);
  }
});

forEachDevice("operations have the types that promotion says", () => {
  for (const [a, row] of Object.entries(fixtures.promotions.pairs)) {
    for (const [b, met] of Object.entries(row)) {
      if (a === "bool" || b === "bool") continue;
      const x = ones([2], { dtype: a as DType }), y = ones([2], { dtype: b as DType });
      assertEquals(x.add(y).dtype, met);
      assertEquals(x.div(y).dtype, isFloat(met as DType) ? met : "float32");
      if (isFloat(met as DType)) assertEquals(x.reshape([1, 2]).matmul(y).dtype, met);
      assertEquals(x.less(y).dtype, "bool");
    }
  }
  const half = tensor([1, 2], { dtype: "float16" });
  for (const y of [half.add(1), half.mul(0.5), half.div(3), half.pow(2), half.sum(), half.mean(), half.variance()]) {
    assertEquals(y.dtype, "float16");
  }
  assertEquals(half.argmax().dtype, "int32");
});

type Row = (x: Tensor, y: Tensor) => Tensor;
const rows: Record<keyof typeof fixtures.computations.float16.rows, { f: Row; exact?: boolean }> = {
  "add": { f: (x, y) => x.add(y), exact: true },
  "sub": { f: (x, y) => x.sub(y), exact: true },
  "mul": { f: (x, y) => x.mul(y), exact: true },
  "div": { f: (x, y) => x.div(y), exact: true },
  "add number": { f: (x) => x.add(0.375), exact: true },
  "mul number": { f: (x) => x.mul(0.625), exact: true },
  "exp": { f: (x) => x.exp() },
  "log": { f: (x) => x.abs().log() },
  "sqrt": { f: (x) => x.abs().sqrt(), exact: true },
  "tanh": { f: (x) => x.tanh() },
  "sigmoid": { f: (x) => x.sigmoid() },
  "gelu": { f: (x) => x.gelu() },
  "sum": { f: (x) => x.sum({ axes: 1 }) },
  "mean": { f: (x) => x.mean({ axes: 1 }) },
  "max": { f: (x) => x.max({ axes: 1 }), exact: true },
  "softmax": { f: (x) => x.softmax(1) },
  "logSoftmax": { f: (x) => x.logSoftmax(1) },
  "matmul": { f: (x, y) => x.matmul(y.transpose()) },
};

forEachDevice("PyTorch: computations with halves", (device) => {
  for (const dtype of halves) {
    const each = fixtures.computations[dtype], shape = [3, 70];
    const x = fromWords(each.x, dtype, shape), y = fromWords(each.y, dtype, shape);
    for (const [name, { f, exact = false }] of Object.entries(rows)) {
      const found = f(x, y), expected = each.rows[name as keyof typeof rows];
      assertEquals(found.dtype, dtype);
      const wanted = values(fromWords(expected, dtype));
      // The reference rounds from float64 rather than float32: a quotient, or a product with a number, may differ.
      if (exact && !(device === "reference" && /div|number/.test(name))) {
        assertEquals(differing(words(found), expected, dtype), [], `${name} of ${dtype}`);
      } else {
        const allowed = (k: number) => unitOf(dtype, wanted[k]!) + (name === "matmul" ? 70 * 2 ** -22 : 0);
        values(found).forEach((value, k) => {
          assert(Math.abs(value - wanted[k]!) <= allowed(k), `${name} of ${dtype}: ${value}, PyTorch ${wanted[k]}`);
        });
      }
    }
  }
});

forEachDevice("tensors of halves are made, read, printed and sliced like others", () => {
  const x = new Tensor(new Float16Array([1.5, -2, 0.1]));
  assertEquals([x.dtype, x.requiresGrad], ["float16", true]);
  assert(x.toTypedArray() instanceof Float16Array);
  assertExact(x.detach().toArray(), [1.5, -2, 0.0999755859375]);
  assertEquals(String(x.detach()), "Tensor [3] float16 [1.5, -2, 0.0999756]");
  const y = tensor([[1, 2.7], [3, 4]], { dtype: "bfloat16" });
  assert(y.toTypedArray() instanceof Float32Array);
  assertExact(y.toArray(), [[1, 2.703125], [3, 4]]);
  assertExact([y.at("0, 1").item(), y.at(":, 1").toArray()], [2.703125, [2.703125, 4]]);
  assertExact(tensor([0, 0.5, NaN], { dtype: "float16" }).cast("bool").toArray(), [false, true, true]);
  assertExact(tensor([-1.7, 300, 1e30], { dtype: "bfloat16" }).cast("int32").toArray(), [-1, 300, 2 ** 31 - 1]);
  assertExact(tensor([70000, -7], { dtype: "int32" }).cast("float16").toArray(), [Infinity, -7]);
  assertExact(zeros([2], { dtype: "bfloat16" }).add(arange(2, { dtype: "bfloat16" })).toArray(), [0, 1]);
});

forEachDevice("random halves are uniform below 1 and normal", () => {
  for (const dtype of halves) {
    manualSeed(3);
    const uniform = rand([20000], { dtype }), list = values(uniform);
    assertEquals(uniform.dtype, dtype);
    assert(list.every((x) => x >= 0 && x < 1), "outside [0, 1)");
    assertClose([list.reduce((a, b) => a + b) / list.length], [0.5], { absolute: 0.01 });
    const normal = values(randn([20000], { dtype }));
    assertClose([normal.reduce((a, x) => a + x * x, 0) / normal.length], [1], { absolute: 0.05 });
    const dropped = values(new nn.Dropout(0.25).call(ones([20000], { dtype })));
    assertClose([dropped.filter((x) => x === 0).length / dropped.length], [0.25], { absolute: 0.02 });
  }
}, { on: ["cpu", "wasm", "opencl", "cuda"] });

forEachDevice("gradients of halves are halves, and a cast takes them back", () => {
  const x = new Tensor([1, 2], { dtype: "float32" });
  x.cast("bfloat16").mul(3).cast("float16").sum().backward();
  assertExact([x.grad!.dtype, x.grad!.toArray()], ["float32", [3, 3]]);
  const h = new Tensor([1, 2], { dtype: "bfloat16" });
  h.mul(tensor([0.1, 10])).sum().backward();
  assertExact([h.grad!.dtype, h.grad!.toArray()], ["bfloat16", [0.10009765625, 10]]);
  h.square().sum().backward();
  assertExact(h.grad!.toArray(), [2.09375, 14]);
  const [value, gradient] = valueAndGrad((x: Tensor) => x.exp().sum())(tensor([0, 0], { dtype: "float16" }));
  assertExact([value.dtype, gradient.dtype, gradient.toArray()], ["float16", "float16", [1, 1]]);
  // 300 ones are added in one place: a sum that is rounded at each step would stop at 256.
  const table = new Tensor([[1], [2]], { dtype: "bfloat16" });
  table.take(new Array(300).fill(1)).sum().backward();
  assertExact(table.grad!.toArray(), [[0], [300]]);
});

forEachDevice("what halves cannot do is refused", () => {
  const x = tensor([1], { dtype: "bfloat16" });
  assertThrows(() => gradCheck((x: Tensor) => x.sum(), [x]), TypeError, "Cannot gradCheck: an input is bfloat16");
  assertThrows(() => numericGrad((x: Tensor) => x.sum(), x), TypeError, "Cannot numericGrad: an input is bfloat16");
  const wide = (x: Tensor) => x.cast("float64").square().sum().cast("float64");
  gradCheck(wide, [x.cast("float64")]);
  assertThrows(() => tensor([1], { dtype: "float8" as DType }), TypeError, "float8");
});

forEachDevice("a module is cast as a whole, and computes in the half", () => {
  for (const dtype of halves) {
    manualSeed(1);
    const make = () =>
      new nn.Sequential(new nn.Linear(6, 5), new nn.BatchNorm1d(5), new nn.GELU(), new nn.LayerNorm1d(5));
    const net = make(), x = randn([8, 6]), loss = net.call(x).square().mean();
    loss.backward();
    const wide = net.parameters().map((parameter) => values(parameter.grad!));
    net.cast(dtype);
    for (const tensor of [...net.parameters(), ...net.namedBuffers().map(([, buffer]) => buffer)]) {
      assertEquals(tensor.dtype, dtype);
      assert(tensor.grad === null || tensor.grad.dtype === dtype);
      tensor.resetGrad();
    }
    const half = net.call(x.cast(dtype)).square().mean();
    assertEquals(half.dtype, dtype);
    half.backward();
    const coarse = unitOf(dtype, 1);
    assertClose([half.item()], [loss.item()], { relative: 8 * coarse });
    net.parameters().forEach((parameter, k) => {
      assertEquals(parameter.grad!.dtype, dtype);
      const wanted = wide[k]!, size = Math.max(0.05, ...wanted.map(Math.abs));
      assertClose(values(parameter.grad!), wanted, { relative: 0, absolute: 16 * coarse * size });
    });
    net.eval();
    assertEquals(net.call(x.cast(dtype)).dtype, dtype);
    assertThrows(() => net.cast("int32"), TypeError, "int32");
    // Parameters that are halves can be trained too.
    const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
    optimizer.step();
    assert(net.parameters().every((parameter) => values(parameter).every(Number.isFinite)));
  }
}, onParameters);

forEachDevice("PyTorch: a linear layer under autocast", () => {
  const { x, weight, bias, outGrad, ...answers } = fixtures.autocast;
  for (const dtype of halves) {
    const answer = answers[dtype], layer = new nn.Linear(40, 8), coarse = unitOf(dtype, 1);
    layer.loadStateDict({ weight: fromWords(weight, "float32", [40, 8]), bias: fromWords(bias, "float32") });
    const y = autocast(() => layer.call(fromWords(x, "float32", [16, 40])), { dtype });
    y.backward(fromWords(outGrad, "float32", [16, 8]).cast(dtype));
    assertEquals([y.dtype, layer.weight.grad!.dtype, layer.bias!.grad!.dtype], answer.dtypes);
    // Deneb rounds the product, and then the sum with the bias; PyTorch rounds once.
    const near = (scale: number) => ({ relative: coarse, absolute: scale * coarse });
    assertClose(values(y), values(fromWords(answer.y, dtype)), near(1));
    // PyTorch's gradient is a float32 that was rounded to the half.
    assertClose(values(layer.weight.grad!), values(fromWords(answer.weightGrad, "float32")), near(0.1));
    assertClose(values(layer.bias!.grad!), values(fromWords(answer.biasGrad, "float32")), near(0.1));
  }
}, onParameters);

forEachDevice("autocast chooses types: products half, what loses by it float32, the rest by promotion", () => {
  for (const dtype of halves) {
    const x = tensor([[0.5, 0.25], [0.75, 0.1]]), h = x.cast(dtype), labels = tensor(new Int32Array([0, 1]));
    const half: Record<string, Tensor> = {}, wide: Record<string, Tensor> = {}, other: Record<string, Tensor> = {};
    autocast(() => {
      half.matmul = x.matmul(x);
      half.vector = x.matmul(tensor([1, 2]));
      half.mixed = h.matmul(x);
      half.linear = new nn.Linear(2, 3).call(x);
      half.relu = h.relu();
      half.add = h.add(1);
      half.gelu = h.gelu();
      wide.softmax = h.softmax();
      wide.logSoftmax = h.logSoftmax();
      wide.exp = h.exp();
      wide.log = h.log();
      wide.pow = h.pow(3);
      wide.square = h.square();
      wide.mean = h.mean();
      wide.variance = h.variance();
      wide.crossEntropy = new nn.CrossEntropyLoss().call(h, labels);
      wide.mse = new nn.MSELoss().call(h, h.mul(2));
      wide.bce = new nn.BinaryCrossEntropyLoss().call(h, x);
      wide.layerNorm = new nn.LayerNorm1d(2).call(h);
      wide.batchNorm = new nn.BatchNorm1d(2).call(h);
      wide.promoted = h.add(x);
      other.float64 = x.cast("float64").matmul(x.cast("float64"));
      other.off = autocast(() => x.matmul(x), { enabled: false });
      other.int32 = tensor([[1]], { dtype: "int32" }).matmul(tensor([[2]], { dtype: "int32" }));
    }, { dtype });
    for (const [name, t] of Object.entries(half)) assertEquals(t.dtype, dtype, name);
    for (const [name, t] of Object.entries(wide)) assertEquals(t.dtype, "float32", name);
    assertEquals([other.float64!.dtype, other.off!.dtype, other.int32!.dtype], ["float64", "float32", "int32"]);
    // Autocast ends with its body, also with a body that throws.
    assertThrows(
      () =>
        autocast(() => {
          throw new RangeError("inside");
        }),
      RangeError,
      "inside",
    );
    assertEquals(x.matmul(x).dtype, "float32");
  }
  assertThrows(() => autocast(() => Promise.resolve(1)), TypeError, "Cannot autocast: the function returned a promise");
  assertThrows(
    () => autocast(() => 1, { dtype: "float32" as AutocastType }),
    TypeError,
    'Cannot autocast: type "float32"',
  );
}, onParameters);

forEachDevice("backward inside autocast goes by the graph's own types", () => {
  const x = new Tensor([[1.001, 2]]), w = new Tensor([[1.003], [0.5]]);
  const product = x.matmul(w);
  autocast(() => product.backward());
  // In bfloat16 both numbers would be rounded.
  assertClose(values(x.grad!), [1.003, 0.5], { relative: 0, absolute: 1e-7 });
  assertClose(values(w.grad!), [1.001, 2], { relative: 0, absolute: 1e-7 });
});

forEachDevice("autocast does not reach a task that runs in between", async () => {
  const x = tensor([[1]]);
  let seen = "";
  const task = scope(async () => {
    await Promise.resolve();
    seen = x.matmul(x).dtype;
  });
  autocast(() => x.matmul(x));
  await task;
  assertEquals(seen, "float32");
});

forEachDevice("captured functions keep autocast, inside and around them, and record anew when it changes", () => {
  for (const dtype of halves) {
    sameAsEager((wrap, log) => {
      const net = new nn.Sequential(new nn.Linear(6, 8), new nn.BatchNorm1d(8), new nn.ReLU(), new nn.Linear(8, 3));
      const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 }), loss = new nn.CrossEntropyLoss();
      const step = wrap((x: Tensor, y: Tensor) => {
        const value = autocast(() => loss.call(net.call(x), y), { dtype });
        optimizer.resetGrad();
        value.backward();
        optimizer.step();
        return value;
      });
      for (let k = 0; k < 4; k++) log(step(randn([5, 6]), tensor(new Int32Array([0, 1, 2, 1, 0]))));
      log(net.parameters(), net.parameters().map((parameter) => parameter.grad));
    }, 1);
    sameAsEager((wrap, log) => {
      const product = wrap((x: Tensor) => noGrad(() => x.matmul(x.transpose()).exp()));
      const x = randn([4, 3]);
      log(product(x), autocast(() => product(x), { dtype }), product(x), autocast(() => product(x), { dtype }));
    }, 2);
  }
}, onParameters);

Deno.test("a captured step casts a weight but once", () => {
  using _ = scope();
  const w = new nn.Parameter([[1, 2], [3, 4]]);
  const step = capture((x: Tensor) => noGrad(() => autocast(() => x.matmul(w).matmul(w).matmul(w))));
  step(ones([1, 2]));
  const text = step.print(), lines = text.split("\n").filter((line) => line.includes("copy [4]"));
  assertEquals(lines.length, 1, text);
  step[Symbol.dispose]();
});

/** The loss of the last steps, and the share of correct answers, of a small net that is trained on drawn digits. */
function train(mixed: AutocastType | null, [x, y]: Digits, [testX, testY]: Digits): { loss: number; accuracy: number } {
  manualSeed(5);
  const net = new nn.models.MLPResNet({ width: 64, depth: 1, dropout: 0 }), lossOf = new nn.CrossEntropyLoss();
  const optimizer = new optim.Adam(net.parameters(), { lr: 2e-3 });
  const forward = (x: Tensor) => mixed === null ? net.call(x) : autocast(() => net.call(x), { dtype: mixed });
  const step = capture((x: Tensor, y: Tensor) => {
    const loss = lossOf.call(forward(x), y);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const last: number[] = [];
  for (let k = 0; k < 150; k++) {
    using _ = scope();
    const rows = `${k % 10 * 60}:${(k % 10 + 1) * 60}`, loss = step(x.at(rows), y.at(rows)).item();
    if (k >= 140) last.push(loss);
  }
  net.eval();
  const right = noGrad(() => forward(testX)).argmax({ axis: 1 }).equal(testY).cast("float32").mean().item();
  step[Symbol.dispose]();
  optimizer.dispose();
  return { loss: last.reduce((a, b) => a + b) / last.length, accuracy: right };
}

type Digits = readonly [x: Tensor, y: Tensor];

async function digits(set: data.Dataset): Promise<Digits> {
  for await (const [x, y] of new data.DataLoader(set, { batchSize: set.length })) {
    return [tensor(x.toTypedArray(), { shape: [set.length, 784] }), tensor(y.toTypedArray())];
  }
  throw new Error("there are no digits");
}

forEachDevice("training in mixed precision reaches what float32 reaches", async () => {
  const training = await digits(data.digits({ train: 600 })), test = await digits(data.digits({ test: 300 }));
  const plain = train(null, training, test);
  assert(plain.accuracy > 0.75, `${plain.accuracy} right`);
  for (const dtype of halves) {
    const mixed = train(dtype, training, test);
    assert(mixed.loss < plain.loss + 0.05, `${dtype}: loss ${mixed.loss}, float32 ${plain.loss}`);
    assert(mixed.accuracy > plain.accuracy - 0.03, `${dtype}: ${mixed.accuracy} right, float32 ${plain.accuracy}`);
  }
}, { on: ["cpu", "wasm", "opencl"], parameters: true });
