/** Attention by blocks of queries: the same as by the whole matrix of scores, which is never held. */
import {
  type AttentionOptions,
  capture,
  grad,
  gradCheck,
  jvp,
  manualSeed,
  memory,
  nn,
  noGrad,
  ops,
  rand,
  randn,
  scaledDotProductAttention,
  scope,
  type Tensor,
  tensor,
  vmap,
} from "../../mod.ts";
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const alike = [[2, 3, 2], [2, 4, 2], [2, 4, 3]];

testOps("attention", {
  ScaledDotProductAttention: { f: (...x) => scaledDotProductAttention(x[0]!, x[1]!, x[2]!), inputs: alike, ulps: 32 },
  "ScaledDotProductAttention, causal": {
    f: (...x) => scaledDotProductAttention(x[0]!, x[1]!, x[2]!, { causal: true, scale: 2 }),
    inputs: alike,
    ulps: 64,
  },
  "ScaledDotProductAttention, with a mask": {
    f: (q, k, v, mask) => scaledDotProductAttention(q!, k!, v!, { mask: mask! }),
    inputs: [...alike, [3, 1]],
    ulps: 32,
  },
});

/** Attention by the whole matrix of scores. */
function inWhole(q: Tensor, k: Tensor, v: Tensor, { mask = null, causal = false }: AttentionOptions): Tensor {
  let scores = q.div(Math.sqrt(q.shape.at(-1)!)).matmul(k.transpose());
  if (causal) scores = scores.onesLike().tril().notEqual(0).where(scores, -Infinity);
  if (mask !== null) scores = mask.dtype === "bool" ? mask.where(scores, -Infinity) : scores.add(mask);
  return scores.softmax(-1).matmul(v);
}

/** Axes before the last two, queries, keys: several blocks of different lengths, along the axes before them, too. */
const sizes: readonly [batch: readonly number[], l: number, s: number][] = [
  [[2], 130, 70],
  [[2], 70, 130],
  [[3, 2], 65, 700],
  [[], 1, 3],
];

forEachDevice("attention by blocks agrees with that by the whole matrix, eager and captured", (device) => {
  for (const [batch, l, s] of sizes) {
    // The reference device, which is not made for speed, takes a minute for many scores.
    if (device === "reference" && s > 500) continue;
    manualSeed(1);
    const q = randn([...batch, l, 3]), k = randn([...batch, s, 3]), v = randn([...batch, s, 2]);
    const outGrad = randn([...batch, l, 2]), all = { argnums: [0, 1, 2] };
    for (const options of [{}, { causal: true }, { mask: rand([l, s]).greater(0.3) }, { mask: randn([l, 1]) }]) {
      const by = (attend: typeof inWhole) => (q: Tensor, k: Tensor, v: Tensor) => attend(q, k, v, options);
      const slopes = (attend: typeof inWhole) => (q: Tensor, k: Tensor, v: Tensor) =>
        grad((...x) => by(attend)(...x as [Tensor, Tensor, Tensor]).mul(outGrad).sum(), all)(q, k, v) as Tensor[];
      const expected = [by(inWhole)(q, k, v), ...slopes(inWhole)(q, k, v)];
      const found = [by(scaledDotProductAttention)(q, k, v), ...slopes(scaledDotProductAttention)(q, k, v)];
      found.forEach((each, place) =>
        assertClose(values(each), values(expected[place]!), { relative: 1e-4, absolute: 1e-5, what: `${place}` })
      );
      using captured = capture(slopes(scaledDotProductAttention));
      for (let call = 0; call < 3; call++) {
        captured(q, k, v).forEach((each, place) => assertEquals(values(each), values(found[place + 1]!)));
      }
    }
  }
});

forEachDevice("attention never holds the scores of all queries", () => {
  const [q, k, v] = [0, 1, 2].map((): Tensor => new nn.Parameter(randn([8, 512, 4]))) as [Tensor, Tensor, Tensor];
  const outGrad = randn([8, 512, 4]), scores = 4 * 8 * 512 * 512;
  for (const causal of [true, false]) {
    using step = capture((q: Tensor, k: Tensor, v: Tensor, outGrad: Tensor) => {
      scaledDotProductAttention(q, k, v, { causal }).backward(outGrad);
    });
    let before = 0;
    for (let call = 0; call < 4; call++) {
      using _ = scope();
      step(q, k, v, outGrad);
      if (call === 2) before = memory().bytes;
    }
    assertEquals(memory().bytes, before);
    const { bytes, eagerBytes } = step.memory!;
    // An eager call gives back a block's matrices together, at the block's end.
    assert(bytes < scores / 3 && eagerBytes < scores * 0.6, `${bytes} and ${eagerBytes} of ${scores}`);
  }
}, { on: ["cpu", "wasm"], parameters: true });

forEachDevice("attention drops the same weights backward as forward, and others at each replay", () => {
  const inputs = [[2, 5, 3], [2, 4, 3], [2, 4, 2]].map((shape) => randn(shape, { dtype: "float64" }));
  for (const causal of [false, true]) {
    gradCheck(
      (q, k, v) => {
        manualSeed(3);
        return scaledDotProductAttention(q!, k!, v!, { dropout: 0.4, causal }).square().sum();
      },
      inputs,
      { order: 2 },
    );
  }
  const step = (q: Tensor, k: Tensor, v: Tensor) => {
    const f = (...x: Tensor[]) => scaledDotProductAttention(x[0]!, x[1]!, x[2]!, { dropout: 0.4 }).square().sum();
    return grad(f, { argnums: [0, 1, 2] })(q, k, v) as Tensor[];
  };
  const [q, k, v] = inputs as [Tensor, Tensor, Tensor], calls = [0, 1, 2, 3];
  using captured = capture(step);
  manualSeed(5);
  const found = calls.map(() => captured(q, k, v).map(values));
  manualSeed(5);
  assertEquals(found, calls.map(() => step(q, k, v).map(values)));
  assert(String(found[2]) !== String(found[3]), "the same weights are dropped again");
});

forEachDevice("attention under vmap and in forward mode", () => {
  const q = randn([3, 2, 4, 3]), k = randn([3, 2, 5, 3]), v = randn([2, 5, 2]);
  const f = (q: Tensor, k: Tensor) => scaledDotProductAttention(q, k, v, { causal: true });
  const slopes = (q: Tensor, k: Tensor) =>
    grad((...x) => f(x[0]!, x[1]!).square().sum(), { argnums: [0, 1] })(q, k) as Tensor[];
  assertClose(values(vmap(f)(q, k) as Tensor), values(f(q, k)), { relative: 1e-5, absolute: 1e-6 });
  (vmap(slopes)(q, k) as unknown as Tensor[]).forEach((each, place) =>
    assertClose(values(each), values(slopes(q, k)[place]!), { relative: 1e-4, absolute: 1e-5 })
  );
  assertThrowsLike(
    () => vmap((q: Tensor, k: Tensor) => scaledDotProductAttention(q, k, v, { dropout: 0.5 }))(q, k),
    /there is no dropout inside vmap/,
  );
  const tangents = [randn(q.shape), randn(k.shape)];
  const [, forward] = jvp((q, k) => f(q!, k!).square().sum(), [q, k], tangents);
  const back = slopes(q, k).reduce((sum, each, place) => sum + each.mul(tangents[place]!).sum().item(), 0);
  assertClose([forward.item()], [back], { relative: 1e-3, absolute: 1e-3 });
});

forEachDevice("attention to no key, of no query and of halves", () => {
  const attend = scaledDotProductAttention;
  assertEquals(values(attend(randn([1, 2, 3]), randn([1, 0, 3]), randn([1, 0, 2]))), [0, 0, 0, 0]);
  assertEquals(attend(randn([2, 0, 3]), randn([2, 4, 3]), randn([2, 4, 2])).shape, [2, 0, 2]);
  const blind = tensor([[0, 0], [0, 1]], { dtype: "bool" }), q = randn([2, 3], { requiresGrad: true });
  const result = attend(q, randn([2, 3]), tensor([[1], [2]]), { mask: blind });
  result.sum().backward();
  assertEquals([values(result), values(q.grad!).slice(0, 3)], [[0, 2], [0, 0, 0]]);
  const [a, b, c] = [[4, 3, 2], [2, 5, 2], [2, 5, 3]].map((shape) => randn(shape, { dtype: "bfloat16" })) as Tensor[];
  const half = attend(a!, b!, c!, { groupedHeads: true });
  const wide = attend(...[a, b, c].map((x) => x!.cast("float32")) as [Tensor, Tensor, Tensor], { groupedHeads: true });
  assertEquals(half.dtype, "bfloat16");
  assertClose(values(half), values(wide), { relative: 0.02, absolute: 0.02 });
});

forEachDevice("attention refuses what does not fit", () => {
  const op = new ops.ScaledDotProductAttention({ scale: 1 }), x = noGrad(() => randn([2, 3]));
  assertThrowsLike(() => op.call(x, x), /^TypeError: Cannot scaledDotProductAttention: 2 operands/);
  assertThrowsLike(() => op.call(x, randn([2, 2]), x), /^TypeError: Cannot scaledDotProductAttention: shapes/);
  assertThrowsLike(
    () => new ops.ScaledDotProductAttention({ scale: 1, dropout: 2 }),
    /^RangeError: Cannot scaledDotProductAttention: dropout/,
  );
});
