/** Fourier transforms: every kind of length, accuracy, and the pieces of signals. */
import { fftfreq, hannWindow, manualSeed, ops, rand, randn, type Tensor, tensor, vmap, zeros } from "../../mod.ts";
import { stagesOf, turned } from "../../core/pure/fourier.ts";
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

testOps("Fourier transforms", {
  DiscreteFourier: { f: (a) => new ops.DiscreteFourier(-1, 0.5).call(a), inputs: [[2, 3, 2]], ulps: 32 },
  "DiscreteFourier, from real": { f: (a) => new ops.DiscreteFourier(1, 2, true).call(a), inputs: [[5]], ulps: 32 },
  "DiscreteFourier, to real": {
    f: (a) => new ops.DiscreteFourier(-1, 1, false, true).call(a),
    inputs: [[4, 2]],
    ulps: 32,
  },
  "DiscreteFourier, real": {
    f: (a) => new ops.DiscreteFourier(1, 1, true, true).call(a),
    inputs: [[2, 4]],
    ulps: 32,
  },
  "DiscreteFourier, a large prime": {
    f: (a) => new ops.DiscreteFourier(-1, 1, true, true).call(a.pad([0, 128])),
    inputs: [[3]],
    ulps: 256,
  },
});

/** The transform of pairs by its sum, in float64. */
function directly(x: ArrayLike<number>, n: number, bins: readonly number[]): number[] {
  return bins.flatMap((k) => {
    let re = 0, im = 0;
    for (let j = 0; j < n; j++) {
      const [cos, sin] = turned((j * k) % n, n), a = x[2 * j]!, b = x[2 * j + 1]!;
      re += a * cos + b * sin;
      im += b * cos - a * sin;
    }
    return [re, im];
  });
}

/** The length of the difference of two lists, relative to that of the second. */
function distance(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let gap = 0, all = 0;
  for (let k = 0; k < wanted.length; k++) {
    gap += (found[k]! - wanted[k]!) ** 2;
    all += wanted[k]! ** 2;
  }
  return Math.sqrt(gap / all);
}

const lengths = [1, 2, 3, 16, 60, 64, 65, 97, 127, 128, 131, 210, 1000, 1009, 2039, 4096, 59049, 65521, 65536];

forEachDevice("transforms of every kind of length are near their sums, in float64 and float32", () => {
  for (const n of lengths) {
    manualSeed(n);
    const x = randn([n, 2], { dtype: "float64" });
    const bins = n < 300 ? [...Array(n).keys()] : [0, 1, 2, n >> 1, n - 1, Math.floor(n / 3), Math.floor(n * 0.71)];
    const wanted = directly(x.toTypedArray(), n, bins);
    const chosen = (y: Tensor) => values(y.take(bins));
    const wide = x.fft(), narrow = x.cast("float32").fft();
    assert(distance(chosen(wide), wanted) < 1e-14 * Math.sqrt(n) + 1e-15, `float64, ${n}`);
    assert(distance(values(narrow), values(wide)) < 1e-6, `float32, ${n}`);
    assert(distance(values(narrow.ifft()), values(x)) < 1e-6, `and back, ${n}`);
  }
}, { on: ["cpu", "wasm"] });

forEachDevice("transforms of real numbers are those of complex ones without an imaginary part", () => {
  for (const n of [1, 2, 7, 64, 96, 131, 250]) {
    manualSeed(n);
    const x = rand([2, n], { dtype: "float64" }), whole = x.unsqueeze(-1).pad([0, 1]).fft();
    const half = x.rfft(), bins = Math.floor(n / 2) + 1;
    assertClose(values(half), values(whole.narrow(1, 0, bins)), { absolute: 1e-12 });
    assertClose(values(half.irfft({ n })), values(x), { absolute: 1e-13 });
    assertClose(values(half.hfft({ n, norm: "forward" }).flip(1).roll(1, 1)), values(x), { absolute: 1e-13 });
    assertClose(values(x.ihfft().hfft({ n })), values(x), { absolute: 1e-13 });
  }
}, { on: ["cpu", "reference"] });

forEachDevice("a wave has one frequency", () => {
  const n = 50, wave = tensor(Float64Array.from({ length: n }, (_, j) => turned(7 * j, n)[0]));
  const power = wave.rfft().square().sum(-1);
  const at = power.argmax().item();
  assertEquals([at, Math.round(fftfreq(n).toArray<number[]>()[at]! * n)], [7, 7]);
  assertClose([power.sum().item()], [625]);
}, { on: ["cpu"] });

forEachDevice("vmap transforms all examples at once", () => {
  manualSeed(1);
  const x = randn([3, 4, 5, 2]);
  const found = vmap((x: Tensor) => x.fft({ axis: 0 }))(x), wanted = x.fft({ axis: 1 });
  assertClose(values(found), values(wanted), { absolute: 1e-6 });
  assertClose(values(vmap((x: Tensor) => x.rfft2())(randn([2, 3, 4])).mul(0)), new Array(36).fill(0));
}, { on: ["cpu"] });

forEachDevice("pieces of a signal give the signal back", () => {
  manualSeed(2);
  const x = randn([2, 100], { dtype: "float64" }), window = hannWindow(16, { dtype: "float64" });
  for (const options of [{ window, hopLength: 4 }, { window, hopLength: 4, normalized: true, onesided: false }]) {
    const pieces = x.stft(16, options);
    assertEquals(pieces.shape, [2, options.onesided === false ? 16 : 9, 26, 2]);
    assertClose(values(pieces.istft(16, { ...options, length: 100 })), values(x), { absolute: 1e-12 });
  }
}, { on: ["cpu", "reference"] });

forEachDevice("halves are computed in float32, and keep their type", () => {
  const x = tensor([1, 2, 3, 4], { dtype: "float16" });
  assertEquals(x.rfft().dtype, "float16");
  assertEquals(values(x.rfft()), [10, 0, -2, 2, -2, 0]);
  assertEquals(values(x.rfft().irfft()), [1, 2, 3, 4]);
}, { on: ["cpu", "reference"] });

forEachDevice("wrong arguments are refused", () => {
  const refused: [() => unknown, RegExp][] = [
    [() => zeros([4]).fft(), /^TypeError: Cannot fft: tensor \[4\] must be complex/],
    [() => zeros([]).fft(), /^TypeError: Cannot fft: tensor \[\] must be complex/],
    [() => zeros([]).rfft(), /^RangeError: Cannot rfft: axis -1 must lie in/],
    [() => zeros([4, 2]).fft({ axis: 1 }), /^RangeError: Cannot fft: axis 1 must lie in \[-1, 1\)/],
    [() => zeros([4, 2]).fft({ n: 0 }), /^RangeError: Cannot fft: n 0 must be an integer of at least 1/],
    [() => zeros([0, 2]).ifft(), /^RangeError: Cannot ifft: axis 0 of shape \[0, 2\] gives 0 numbers, give n/],
    [() => zeros([1, 2]).irfft(), /^RangeError: Cannot irfft: axis 0 of shape \[1, 2\] gives 0 numbers, give n/],
    [
      () => zeros([4, 2]).fft({ norm: "both" as "ortho" }),
      /^RangeError: Cannot fft: norm "both" must be backward, ortho/,
    ],
    [() => zeros([4, 2]).fft({ dim: 0 } as object), /^TypeError: Cannot fft: there is no option dim/],
    [() => zeros([4, 4, 2]).fft2({ axes: [0, 0] }), /^RangeError: Cannot fft2: axis 0 is named twice/],
    [() => zeros([4, 2]).fftn({ lengths: [2, 2] }), /^RangeError: Cannot fftn: 2 lengths for 1 axes/],
    [() => zeros([4, 4]).rfftn({ axes: [] }), /^RangeError: Cannot rfftn: there must be at least one axis/],
    [() => zeros([4]).stft(6, { center: false }), /^RangeError: Cannot stft: pieces of 6 samples of a signal of 4/],
    [() => zeros([8]).stft(4, { window: zeros([3]) }), /^TypeError: Cannot stft: window \[3\] must be \[4\]/],
    [() => zeros([3, 2]).istft(4), /^TypeError: Cannot istft: tensor \[3, 2\] must have 3 or 4 axes/],
    [() => zeros([5, 2, 2]).istft(4), /^TypeError: Cannot istft: tensor \[5, 2, 2\] must be \[..., 3, pieces, 2\]/],
    [
      () => zeros([3, 2, 2]).istft(4, { window: zeros([4]) }),
      /^RangeError: Cannot istft: some samples lie in no window/,
    ],
    [() => fftfreq(0), /^RangeError: Cannot fftfreq: n 0/],
    [() => new ops.DiscreteFourier(0), /^RangeError: Cannot transform: sign 0 must be -1 or 1/],
  ];
  for (const [call, message] of refused) assertThrowsLike(call, message);
}, { on: ["cpu"] });

Deno.test("lengths are split into few short ones, and lengths with large primes are not", () => {
  for (let n = 1; n < 3000; n++) {
    const stages = stagesOf(n);
    if (stages === null) continue;
    assertEquals(stages.reduce((a, b) => a * b, 1), n);
    assert(stages.every((each) => each <= 128));
  }
  assertEquals(stagesOf(131), null);
  assertEquals(stagesOf(1024), [32, 32]);
  assertEquals(stagesOf(65536)!.length, 3);
});
