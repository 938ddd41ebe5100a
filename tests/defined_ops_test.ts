/** Functions with gradients of their own: what they are given, what they may return, and how far they can be differentiated. */
import {
  autocast,
  build,
  capture,
  defineOp,
  grad,
  gradCheck,
  jvp,
  manualSeed,
  memory,
  noGrad,
  type OpDefinition,
  placeholder,
  rand,
  randn,
  scope,
  Tensor,
  tensor,
} from "../mod.ts";
import { assertClose, assertEquals, assertExact, assertThrowsLike, forEachDevice, values } from "./support.ts";

const on = ["cpu", "wasm", "reference"], options = { dtype: "float64" } as const;

/** x² y, with a gradient that reads the inputs. */
const product = defineOp({
  name: "SquareTimes",
  forward: (x: Tensor, y: Tensor) => x.square().mul(y),
  gradient: (g, _z, [x, y]) => [g.mul(x).mul(y).mul(2), g.mul(x.square())],
});
/** 1 / (1 + e^-x), with a gradient that reads the result. */
const logistic = defineOp({
  name: "Logistic",
  forward: (x: Tensor) => x.neg().exp().add(1).reciprocal(),
  gradient: (g, y) => g.mul(y).mul(y.neg().add(1)),
});
/** ln(1 + e^x), with a gradient that reads what was saved. */
const softplus = defineOp({
  name: "Softplus",
  forward(x: Tensor) {
    const e = x.exp();
    return { value: e.log1p(), saved: [e] };
  },
  gradient: (g, _y, _inputs, [e]) => g.mul(e!).div(e!.add(1)),
});
/** Sine and cosine: two results. */
const sinCos = defineOp({
  name: "SinCos",
  forward: (x: Tensor): [Tensor, Tensor] => [x.sin(), x.cos()],
  gradient([toSin, toCos], [sin, cos]) {
    const fromSin = toSin?.mul(cos), fromCos = toCos?.mul(sin).neg();
    return fromSin && fromCos ? fromSin.add(fromCos) : (fromSin ?? fromCos)!;
  },
});

forEachDevice("gradients that read inputs, results or what was saved, of first and second order", () => {
  const x = randn([3], options), y = randn([3], options);
  gradCheck(product, [x, y], { order: 2 });
  gradCheck(logistic, [x], { order: 2 });
  gradCheck(softplus, [x], { order: 2 });
  gradCheck((x: Tensor) => grad((x: Tensor) => softplus(x).sum())(x), [x], { order: 2 });
  gradCheck((x: Tensor) => sinCos(x), [x], { order: 2 });
  gradCheck((x: Tensor) => sinCos(x)[1], [x], { order: 2 });
  const tangent = randn([3], options);
  assertClose(
    values(jvp((x: Tensor) => softplus(x), [x], [tangent])[1]),
    values(x.sigmoid().mul(tangent)),
    { relative: 1e-12 },
  );
  const w = new Tensor([1, 2]);
  product(w, w).sum().backward();
  assertExact(values(w.grad!), [3, 12]);
}, { on });

forEachDevice("a gradient of one's own is used as it is", () => {
  const clipped = defineOp({ name: "Clipped", forward: (x: Tensor) => x.mul(5), gradient: (g) => g.clip(-1, 1) });
  assertExact(values(grad((x: Tensor) => clipped(x).mul(7).sum())(tensor([1, 2]))), [1, 1]);
  const half = defineOp({ name: "Half", forward: (x: Tensor, y: Tensor) => x.mul(y), gradient: (g) => [g, null] });
  const x = new Tensor([2]), y = new Tensor([3]);
  half(x, y).sum().backward();
  assertEquals([values(x.grad!), y.grad], [[1], null]);
  const rounded = defineOp({ name: "Rounded", forward: (x: Tensor) => x.round(), gradient: (g) => g });
  const text = rounded(new Tensor([1.4])).toDot();
  assertEquals([text.includes("Rounded"), text.includes("Rounded.0")], [true, false]);
}, { on });

forEachDevice("a tangent of one's own is used in forward mode", () => {
  let calls = 0;
  const definition: OpDefinition<[Tensor, Tensor], Tensor> = {
    name: "SquareTimes",
    forward: (x, y) => ({ value: x.square().mul(y), saved: [x.square()] }),
    gradient: (g, _z, [x, y], [square]) => [g.mul(x).mul(y).mul(2), g.mul(square!)],
    jvp([alongX, alongY], _z, [x, y], [square]) {
      calls++;
      const fromX = alongX?.mul(x).mul(y).mul(2), fromY = alongY?.mul(square!);
      return fromX && fromY ? fromX.add(fromY) : (fromX ?? fromY)!;
    },
  };
  const own = defineOp(definition), x = randn([2], options), y = randn([2], options), v = randn([2], options);
  const expected = jvp(product, [x, y], [v, v])[1];
  assertClose(values(jvp(own, [x, y], [v, v])[1]), values(expected), { relative: 1e-12 });
  assertClose(
    values(jvp((x: Tensor) => own(x, y), [x], [v])[1]),
    values(jvp((x: Tensor) => product(x, y), [x], [v])[1]),
    { relative: 1e-12 },
  );
  assertEquals(calls, 2);
  gradCheck((x: Tensor, v: Tensor) => jvp((x: Tensor) => own(x, y), [x], [v])[1], [x, v], { order: 2 });
  const both = defineOp({
    name: "Both",
    forward: (x: Tensor): [Tensor, Tensor] => [x.mul(2), x.mul(3)],
    gradient: ([a, b]) => (a ?? b)!.zerosLike().add(a?.mul(2) ?? 0).add(b?.mul(3) ?? 0),
    jvp: ([along]) => [along!.mul(20), along!.mul(30)],
  });
  const [, [first, second]] = jvp((x: Tensor) => both(x), [x], [x.onesLike()]);
  assertExact([...values(first), ...values(second)], [20, 20, 30, 30]);
}, { on });

forEachDevice("what forward makes is freed but for its results and what is saved", (device) => {
  const count = (requiresGrad: boolean) => {
    using _ = scope();
    const x = tensor([1, 2], { requiresGrad }), before = memory(device).tensors;
    softplus(x);
    return memory(device).tensors - before;
  };
  assertEquals([count(true), count(false)], [2, 1]);
  const x = new Tensor([1, 2]);
  assertEquals(noGrad(() => softplus(x)).requiresGrad, false);
}, { on });

forEachDevice("random numbers that were saved are the same in second derivatives", () => {
  manualSeed(4);
  const noisy = defineOp({
    name: "Noisy",
    forward(x: Tensor) {
      const noise = rand([3], options), square = x.square().mul(noise);
      return { value: square.mul(x), saved: [square] };
    },
    gradient: (g, _y, _inputs, [square]) => g.mul(square!).mul(3),
  });
  const x = new Tensor([1, 2, 3], options), y = noisy(x), noise = values(y).map((each, k) => each / (k + 1) ** 3);
  rand([5]);
  y.sum().backward(undefined, { createGraph: true });
  const first = x.grad!;
  assertClose(values(first), noise.map((each, k) => 3 * each * (k + 1) ** 2), { relative: 1e-12 });
  x.resetGrad();
  first.sum().backward();
  assertClose(values(x.grad!), noise.map((each, k) => 6 * each * (k + 1)), { relative: 1e-12 });
}, { on });

forEachDevice("defined ops in captured functions, under autocast, and in built graphs", () => {
  const w = new Tensor([0.5, -1]);
  const step = (x: Tensor) => {
    w.resetGrad();
    const y = softplus(w.mul(x)).sum();
    y.backward();
    return y;
  };
  using captured = capture(step);
  for (const list of [[1, 2], [3, 4], [-1, 0]]) {
    const x = tensor(list), y = step(x).item(), expected = values(w.grad!);
    assertClose([captured(x).item(), ...values(w.grad!)], [y, ...expected], { relative: 1e-6 });
  }
  const linear = defineOp({
    name: "Product",
    forward: (x: Tensor, y: Tensor) => x.matmul(y),
    gradient: (g, _z, [x, y]) => [g.matmul(y.transpose()), x.transpose().matmul(g)],
  });
  const a = randn([2, 3], { requiresGrad: true }), b = randn([3, 2], { requiresGrad: true });
  const z = autocast(() => linear(a, b));
  z.sum().backward();
  assertEquals([z.dtype, a.grad!.dtype, b.grad!.dtype], ["bfloat16", "float32", "float32"]);
  const place = placeholder([2]);
  using session = build([softplus(place).mul(2)]);
  for (const list of [[0, 1], [2, 3]]) {
    const [found] = session.run({ feeds: [[place, tensor(list)]] });
    assertClose(values(found!), list.map((each) => 2 * Math.log1p(Math.exp(each))), { relative: 1e-6 });
  }
}, { on });

forEachDevice("what is no op is refused", () => {
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  const forward = (x: Tensor) => x.mul(1), gradient = (g: Tensor) => g, x = new Tensor([1, 2]);
  const refused: [run: () => unknown, message: RegExp][] = [
    [() => defineOp(any(3)), /^TypeError: Cannot defineOp: options 3, they must be an object such as \{ name, forward/],
    [() => defineOp(any({ forward, gradient })), /^TypeError: Cannot defineOp: name undefined must be a text/],
    [() => defineOp(any({ name: "A", gradient })), /^TypeError: Cannot defineOp: undefined, it must be a function/],
    [() => defineOp(any({ name: "A", forward, backward: gradient })), /^TypeError: .* there is no option backward/],
    [() => defineOp({ name: "Own", forward, gradient })(any(3)), /^TypeError: Cannot own: 3, it must be a tensor/],
    [
      () => defineOp(any({ name: "Own", forward: () => 3, gradient }))(x),
      /^TypeError: Cannot own: the function returned of type number, it must be a tensor or a list/,
    ],
    [
      () => defineOp(any({ name: "Own", forward: (x: Tensor) => ({ value: x, saved: 3 }), gradient }))(x),
      /^TypeError: Cannot own: 3, it must be a list of tensors/,
    ],
    [
      () => defineOp({ name: "Own", forward, gradient: (g) => g.sum() })(x).sum().backward(),
      /^TypeError: Cannot Own: gradient of shape \[\] for a tensor of shape \[2\]/,
    ],
  ];
  for (const [run, message] of refused) assertThrowsLike(run, message);
}, { on: ["reference"] });
