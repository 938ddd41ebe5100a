/**
 * Multi-head attention: PyTorch's numbers, which `fixtures/attention.py` wrote, generation with a cache, rotary positions,
 * dropout, and what is refused.
 */
import {
  capture,
  concat,
  gradCheck,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import fixtures from "../fixtures/attention.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { assertGradients, assertNumbers, dispose, leafOf, loaded, type Numbers, read, weighted } from "./numbers.ts";

// deno-lint-ignore no-explicit-any -- the fixture's cases have different fields.
const cases = fixtures as any;

forEachDevice("PyTorch: multi-head attention, its masks and gradients, eager and captured", (device) => {
  // OpenCL compiles kernels for each kind of mask and of program, which takes seconds: a few cases are enough there.
  const few = ["self, causal", "cross, padded and hidden", "more keys"];
  for (const each of cases.attention) {
    if (device === "opencl" && !few.includes(each.name)) continue;
    using _ = scope();
    const attention = loaded(new nn.MultiheadAttention(4, 2, { ...each.options, dtype: "float64" }), each.parameters);
    const inputs: Tensor[] = each.inputs.map(read), outGrads = each.outGrads.map(read);
    const masks = Object.fromEntries(
      Object.entries(each.masks).map(([name, mask]) => [name, read(mask as Numbers)]),
    );
    const step = (inputs: readonly Tensor[], masks: Record<string, Tensor>) => {
      const leaves = inputs.map(leafOf), [query, key = query, value = query] = leaves as [Tensor, ...Tensor[]];
      const [output, weights] = attention.call(query, key, value, {
        ...masks,
        causal: each.causal,
        needWeights: each.weights !== null,
        averageAttnWeights: each.weights === "mean",
      });
      const results = weights === null ? [output] : [output, weights];
      weighted(results, outGrads).backward();
      return [...results, ...leaves.map(({ grad }) => grad!)];
    };
    const check = (found: readonly Tensor[]) => {
      assertNumbers(found, [...each.results, ...each.gradients], each.name);
      assertGradients(attention, each.parameterGradients, each.name);
    };
    check(step(inputs, masks));
    if (device !== "opencl" || each.name === "self, causal") {
      using captured = capture(step);
      for (let call = 0; call < 3; call++) check(captured(inputs, masks));
    }
    dispose(attention);
  }
});

const double = { dtype: "float64" } as const;

forEachDevice("attention with a cache gives the rows of the whole, one or several at a time", (device) => {
  manualSeed(3);
  for (const batchFirst of [true, false]) {
    const rotary = new nn.RotaryEmbedding(4), options = { batchFirst, rotary, numKeyValueHeads: 2, ...double };
    const attention = new nn.MultiheadAttention(16, 4, options), time = batchFirst ? 1 : 0;
    const x = randn(batchFirst ? [2, 6, 16] : [6, 2, 16], double);
    const hidden = tensor([[0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 0, 0]], { dtype: "bool" });
    const whole = attention.call(x, x, x, { causal: true, keyPaddingMask: hidden })[0];
    noGrad(() => {
      const before = memory(device).tensors, cache = new nn.KeyValueCache();
      let start = 0;
      for (const count of [2, 1, 3]) {
        using _ = scope();
        const rows = x.narrow(time, start, count), keyPaddingMask = hidden.narrow(1, 0, start + count);
        const [found] = attention.call(rows, rows, rows, { causal: true, cache, keyPaddingMask });
        assertClose(values(found), values(whole.narrow(time, start, count)), { relative: 1e-12, absolute: 1e-13 });
        start += count;
        assertEquals(cache.length, start);
      }
      {
        using _ = scope();
        const other = randn(batchFirst ? [3, 1, 16] : [1, 3, 16], double);
        assertThrowsLike(
          () => attention.call(other, other, other, { cache }),
          /^TypeError: Cannot extend cache: keys of/,
        );
        assertEquals(cache.length, 6);
        using captured = capture((x: Tensor) => attention.call(x, x, x, { cache })[0]);
        assertThrowsLike(() => captured(x.narrow(time, 0, 1)), /^Error: Cannot capture: extending a key-value cache/);
      }
      cache.clear();
      assertEquals(memory(device).tensors - before, 0);
    });
    dispose(attention);
  }
});

forEachDevice("heads that share keys and values are those with keys and values repeated", () => {
  manualSeed(5);
  const grouped = new nn.MultiheadAttention(8, 4, { numKeyValueHeads: 2, ...double });
  const all = new nn.MultiheadAttention(8, 4, double), x = randn([3, 2, 8], double);
  const repeat = (part: Tensor) => part.reshape([...part.shape.slice(0, -1), 2, 2]).repeatInterleave(2, -2).flatten(-2);
  for (const name of ["weight", "bias"] as const) {
    const [query, key, value] = grouped.inProjection![name]!.detach().split([8, 4, 4], -1) as [Tensor, Tensor, Tensor];
    all.inProjection![name]!.data = concat([query, repeat(key), repeat(value)], -1);
    all.outProjection[name]!.data = grouped.outProjection[name]!.detach();
  }
  for (const needWeights of [false, true]) {
    const [a, b] = [grouped, all].map((each) =>
      each.call(x, x, x, { causal: true, needWeights, averageAttnWeights: false })
    );
    assertClose(values(a![0]), values(b![0]), { relative: 1e-12, absolute: 1e-13 });
    if (needWeights) assertClose(values(a![1]!), values(b![1]!), { relative: 1e-12, absolute: 1e-13 });
  }
  dispose(grouped);
  dispose(all);
});

forEachDevice("rotary positions: the product of a query and a key depends on their distance", () => {
  manualSeed(6);
  for (const interleaved of [true, false]) {
    const rotary = new nn.RotaryEmbedding(6, { interleaved, base: 100 });
    const x = randn([1, 6], double), y = randn([1, 6], double);
    const product = (p: number, q: number) => values(rotary.call(x, p).mul(rotary.call(y, q)).sum())[0]!;
    assertClose([product(5, 2), product(1003, 1000)], [product(3, 0), product(3, 0)], { relative: 1e-10 });
    // Pair k of the row at position 2 is turned by 2 / 100^(k / 3).
    const turned = values(rotary.call(x, 2)), given = values(x);
    for (let k = 0; k < 3; k++) {
      const [a, b] = interleaved ? [2 * k, 2 * k + 1] as const : [k, k + 3] as const, angle = 2 / 100 ** (k / 3);
      const expected = [
        given[a]! * Math.cos(angle) - given[b]! * Math.sin(angle),
        given[a]! * Math.sin(angle) + given[b]! * Math.cos(angle),
      ];
      assertClose([turned[a]!, turned[b]!], expected, { relative: 1e-12, absolute: 1e-14 });
    }
    gradCheck((x) => rotary.call(x!, 1).square().mul(x!).sum(), [randn([2, 6], double)], { order: 2 });
  }
});

forEachDevice("attention drops weights in training alone, with weights or without", () => {
  manualSeed(7);
  const attention = new nn.MultiheadAttention(2, 1, { dropout: 0.25, bias: false, batchFirst: true });
  const identity = tensor([[1, 0], [0, 1]]);
  attention.inProjection!.weight.data = concat([zeros([2, 4]), identity], 1);
  attention.outProjection.weight.data = identity;
  const x = ones([200, 4, 2]);
  for (const needWeights of [false, true]) {
    const found = values(attention.train().call(x, x, x, { needWeights })[0]);
    // Each is the sum of four weights of 1/4, each kept with probability 3/4 and scaled by 4/3: the mean is 1, and the
    // standard deviation of the mean of 800 of them 0.01.
    const mean = found.reduce((a, b) => a + b) / found.length;
    assert(Math.abs(mean - 1) < 0.06 && new Set(found.map((each) => each.toFixed(4))).size > 3, `${mean}`);
    assertClose(values(attention.eval().call(x, x, x, { needWeights })[0]), values(x), { relative: 1e-6 });
  }
  dispose(attention);
});

forEachDevice("a query that sees no key gets the output of zeros, with weights or without", () => {
  const attention = new nn.MultiheadAttention(4, 2),
    x = leafOf(randn([3, 1, 4])),
    keyPaddingMask = ones([1, 3], { dtype: "bool" });
  for (const needWeights of [false, true]) {
    const [output, weights] = attention.call(x, x, x, { keyPaddingMask, needWeights });
    assertEquals(values(output.abs().sum()), [0]);
    if (needWeights) assertEquals(values(weights!.abs().sum()), [0]);
    output.square().sum().backward();
    assertEquals(values(x.grad!).every((value) => value === 0), true);
  }
  dispose(attention);
}, { on: ["cpu", "wasm", "reference"] });

// deno-lint-ignore no-explicit-any -- what programs without types pass.
type Any = any;
const make = (options: Any) => () => new nn.MultiheadAttention(4, 2, options);
const refused: Readonly<Record<string, readonly [pattern: RegExp, body: () => unknown]>> = {
  "heads that do not divide": [
    /^RangeError: Cannot make MultiheadAttention: embedDim 4 must be a multiple of numHeads 3/,
    () => new nn.MultiheadAttention(4, 3),
  ],
  "no heads": [/^RangeError: Cannot make MultiheadAttention: numHeads 0/, () => new nn.MultiheadAttention(4, 0)],
  "a negative size": [
    /^RangeError: Cannot make MultiheadAttention: embedDim -4/,
    () => new nn.MultiheadAttention(-4, 2),
  ],
  "shared heads": [
    /^RangeError: Cannot make MultiheadAttention: numHeads 2 must be a multiple of numKeyValueHeads 3/,
    make({ numKeyValueHeads: 3 }),
  ],
  "dropout": [/^RangeError: Cannot make MultiheadAttention: dropout 2 must lie/, make({ dropout: 2 })],
  "features": [/^RangeError: Cannot make MultiheadAttention: kdim 0.5/, make({ kdim: 0.5 })],
  "a flag": [/^TypeError: Cannot make MultiheadAttention: addBiasKv 1 must be/, make({ addBiasKv: 1 })],
  "an option": [/^TypeError: Cannot make MultiheadAttention: there is no option heads/, make({ heads: 1 })],
  "rotary": [/^TypeError: Cannot make MultiheadAttention: true, it must be a RotaryEmbedding/, make({ rotary: true })],
  "rotary features": [
    /^RangeError: Cannot make MultiheadAttention: rotary of 4 features/,
    make({ rotary: new nn.RotaryEmbedding(4) }),
  ],
  "odd rotary": [/^RangeError: Cannot make RotaryEmbedding: features 3 must be even/, () => new nn.RotaryEmbedding(3)],
  "a base": [/^RangeError: Cannot make RotaryEmbedding: base 0/, () => new nn.RotaryEmbedding(2, { base: 0 })],
  "an offset": [
    /^RangeError: Cannot apply RotaryEmbedding: offset -1/,
    () => new nn.RotaryEmbedding(2).call(ones([1, 2]), -1),
  ],
  "rotary of a vector": [
    /^TypeError: Cannot apply RotaryEmbedding: input of shape \[2\]/,
    () => new nn.RotaryEmbedding(2).call(ones([2])),
  ],
};
const x = (...shape: number[]) => ones(shape);
const uncalled: Readonly<
  Record<string, readonly [pattern: RegExp, body: (attention: nn.MultiheadAttention) => unknown]>
> = {
  "no key": [/^TypeError: Cannot apply MultiheadAttention/, (attention) => (attention as Any).call(x(3, 2, 4))],
  "other features": [
    /^TypeError: Cannot apply MultiheadAttention: shapes \[3, 2, 5\]/,
    (attention) => attention.call(x(3, 2, 5), x(3, 2, 4), x(3, 2, 4)),
  ],
  "another batch": [
    /must be \[l, batch, 4\], \[s, batch, 4\] and \[s, batch, 4\], or lack the batch/,
    (attention) => attention.call(x(3, 2, 4), x(3, 1, 4), x(3, 1, 4)),
  ],
  "other lengths": [
    /^TypeError: Cannot apply MultiheadAttention: shapes/,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(2, 2, 4)),
  ],
  "four axes": [
    /^TypeError: Cannot apply MultiheadAttention: shapes/,
    (attention) => attention.call(x(1, 3, 2, 4), x(3, 2, 4), x(3, 2, 4)),
  ],
  "a mask of another shape": [
    /^TypeError: Cannot apply MultiheadAttention: attnMask of shape \[3, 2\], it must be \[3, 3\] or \[4, 3, 3\]/,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { attnMask: x(3, 2) }),
  ],
  "a padding mask of another shape": [
    /^TypeError: Cannot apply MultiheadAttention: keyPaddingMask of shape \[3\], it must be \[2, 3\]/,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { keyPaddingMask: x(3) }),
  ],
  "a mask of integers": [
    /keyPaddingMask of type int32, it must be bool or a float type/,
    (attention) =>
      attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { keyPaddingMask: zeros([2, 3], { dtype: "int32" }) }),
  ],
  "a mask that is no tensor": [
    /^TypeError: Cannot apply MultiheadAttention/,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { attnMask: [[1]] as Any }),
  ],
  "a cache that is none": [
    /^TypeError: Cannot apply MultiheadAttention: an object, it must be a KeyValueCache/i,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { cache: {} as Any }),
  ],
  "an unknown option": [
    /^TypeError: Cannot apply MultiheadAttention: there is no option isCausal; did you mean causal/,
    (attention) => attention.call(x(3, 2, 4), x(3, 2, 4), x(3, 2, 4), { isCausal: true } as Any),
  ],
};

forEachDevice("attention refuses what does not fit", () => {
  for (const [pattern, body] of Object.values(refused)) assertThrowsLike(body, pattern);
  const attention = new nn.MultiheadAttention(4, 2);
  for (const [pattern, body] of Object.values(uncalled)) assertThrowsLike(() => body(attention), pattern);
  assertEquals(attention.call(x(0, 2, 4), x(3, 2, 4), x(3, 2, 4))[0].shape, [0, 2, 4]);
  assertEquals(attention.call(x(3, 0, 4), x(3, 0, 4), x(3, 0, 4))[0].shape, [3, 0, 4]);
  dispose(attention);
}, { parameters: true });
