/** The lecture's worked examples, the three difference schemes, and the rules of `backward`. */
import {
  capture,
  computeGradientOfVariables,
  findTopoSort,
  grad,
  gradCheck,
  jvp,
  MulScalar,
  type NDArray,
  noGrad,
  numericGrad,
  randn,
  setDefaultDevice,
  Tensor,
  tensor,
  TensorOp,
  valueAndGrad,
} from "../mod.ts";
import {
  assertClose,
  assertEquals,
  assertExact,
  assertMatch,
  assertStrictEquals,
  assertThrows,
  assertThrowsLike,
  forEachDevice,
  values,
} from "./support.ts";

forEachDevice("y = ln x1 + x1 x2 - sin x2 at (2, 5): every value, tangent and adjoint of the slide", () => {
  const options = { dtype: "float64" } as const, at = [tensor(2, options), tensor(5, options)] as const;
  const along = [tensor(1, options), tensor(0, options)];
  // The lecture's figures have three digits.
  const near = { relative: 5e-4, absolute: 5e-4 };
  // Each value as a function of (v1, v2) = (x1, x2), with the lecture's value and its tangent along x1.
  const v3 = (a: Tensor) => a.log(), v4 = (a: Tensor, b: Tensor) => a.mul(b), v5 = (_: Tensor, b: Tensor) => b.sin();
  const v6 = (a: Tensor, b: Tensor) => v3(a).add(v4(a, b)), v7 = (a: Tensor, b: Tensor) => v6(a, b).sub(v5(a, b));
  const slide: [f: (a: Tensor, b: Tensor) => Tensor, value: number, tangent: number][] = [
    [(a) => a.mul(1), 2, 1],
    [(_, b) => b.mul(1), 5, 0],
    [v3, 0.693, 0.5],
    [v4, 10, 5],
    [v5, -0.959, 0],
    [v6, 10.693, 5.5],
    [v7, 11.652, 5.5],
  ];
  for (const [f, value, tangent] of slide) {
    const [y, t] = jvp(f, at, along);
    assertClose([y.item(), t.item()], [value, tangent], near);
  }
  // The adjoint of a value is the derivative of the result as a function of that value.
  const [a, b] = at, leaves = [v3(a), v4(a, b), v5(a, b)];
  const adjointsOf = (f: (...v: Tensor[]) => Tensor, inputs: readonly Tensor[]) =>
    (grad(f, { argnums: inputs.map((_, k) => k) })(...inputs) as Tensor[]).map((adjoint) => adjoint.item());
  assertClose(adjointsOf((y) => y!.mul(1), [v7(a, b)]), [1], near);
  assertClose(adjointsOf((v6) => v6!.sub(leaves[2]!), [v6(a, b)]), [1], near);
  assertClose(adjointsOf((v3, v4, v5) => v3!.add(v4!).sub(v5!), leaves), [1, 1, -1], near);
  assertClose(adjointsOf((a, b) => v7(a!, b!), at), [5.5, 1.716], near);
  // The same gradients by one backward sweep over the whole graph.
  const [x1, x2] = [new Tensor(2, options), new Tensor(5, options)];
  v7(x1, x2).backward();
  assertClose([x1.grad!.item(), x2.grad!.item()], [5.5, 1.716], near);
});

forEachDevice("y = e^x (e^x + 1): value, slope 2 e^2x + e^x, and the second derivative", () => {
  const f = (x: Tensor) => x.exp().mul(x.exp().add(1)), x = tensor(0.5, { dtype: "float64" }), e = Math.exp(0.5);
  assertClose([f(x).item(), grad(f)(x).item(), jvp(f, [x], [tensor(1, { dtype: "float64" })])[1].item()], [
    e * (e + 1),
    2 * e * e + e,
    2 * e * e + e,
  ], { relative: 1e-14 });
  assertClose([grad((z: Tensor) => grad(f)(z))(x).item()], [4 * e * e + e], { relative: 1e-14 });
});

forEachDevice("numericGrad: x³ at 2 by three schemes", () => {
  const x = tensor([2], { dtype: "float64" }), f = (x: Tensor) => x.pow(3).sum();
  // One-sided quotients err by h f''/2 = 9e-8 here, the central one by h² f'''/6.
  for (const [scheme, relative] of [["forward", 1e-7], ["backward", 1e-7], ["central", 1e-9]] as const) {
    assertClose(values(numericGrad(f, x, { scheme })), [12], { relative, what: scheme });
  }
});

forEachDevice("gradCheck throws for a wrong gradient and names the place", () => {
  class Wrong extends TensorOp {
    compute(a: Parameters<MulScalar["compute"]>[0]) {
      return new MulScalar(3).compute(a);
    }
    gradient(outGrad: Tensor) {
      return [outGrad];
    }
  }
  const x = randn([2], { dtype: "float64" });
  assertThrowsLike(
    () => gradCheck((x) => new Wrong().call(x).sum(), [x]),
    /input 0, index 0: gradient 1, central difference (3|2\.9999)/,
  );
});

forEachDevice("backward accumulates, and a second one needs retainGraph", () => {
  const x = new Tensor([1, 2]);
  x.square().sum().backward();
  x.square().sum().backward();
  assertClose(values(x.grad!), [4, 8]);
  x.resetGrad();
  assertStrictEquals(x.grad, null);
  const y = x.square().sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assertClose(values(x.grad!), [4, 8]);
  assertThrowsLike(() => y.backward(), /retainGraph/);
});

forEachDevice("backward: two leaves that get one adjoint do not share its memory", () => {
  const x = new Tensor([1, 2]), z = new Tensor([3, 4]);
  const y = x.add(z);
  computeGradientOfVariables(y, tensor([1, 10]));
  x.mul(1).sum().backward();
  assertClose(values(x.grad!), [2, 11]);
  assertClose(values(z.grad!), [1, 10]);
});

forEachDevice("backward refuses what cannot be", () => {
  const x = new Tensor([1, 2]);
  assertThrows(() => x.mul(2).backward(), TypeError);
  assertThrowsLike(() => tensor([1]).sum().backward(), /does not require/);
  assertThrowsLike(() => x.sum().backward(tensor([1, 2])), /outGrad of shape \[2\]/);
  assertThrows(() => new Tensor([1], { dtype: "int32", requiresGrad: true }), TypeError);
});

forEachDevice("findTopoSort is iterative and puts inputs first", () => {
  let y: Tensor = new Tensor([1]);
  for (let k = 0; k < 20_000; k++) y = y.add(0);
  const order = findTopoSort([y]);
  assertStrictEquals(order.length, 20_001);
  assertStrictEquals(order.at(-1), y);
  y.sum().backward();
});

forEachDevice("print and toDot show the graph", () => {
  const x = new Tensor([1, 2]);
  const text = x.mul(2).sum().toDot();
  assertMatch(text, /MulScalar/);
  assertMatch(text, /n0 -> n1/);
});

const options = { dtype: "float64" } as const;

forEachDevice("a derivative is on a graph where something beside its arguments wants a gradient", () => {
  // 2 w x is the slope of w x², and 8 w x² + 1 the derivative of its square plus w.
  const w = new Tensor([5], options), x = tensor([3], options), f = (x: Tensor) => w.mul(x).mul(x).sum();
  const penalties: [name: string, slope: () => Tensor][] = [
    ["grad", () => grad(f)(x)],
    ["valueAndGrad", () => valueAndGrad(f)(x)[1]],
    ["jvp", () => jvp(f, [x], [tensor([1], options)])[1]],
    ["another argument", () => grad((x: Tensor, w: Tensor) => w.mul(x).mul(x).sum())(x, w)],
    ["several", () => grad((x: Tensor, z: Tensor) => f(x).add(z.sum()), { argnums: [0, 1] })(x, x)[0]!],
    ["inside another", () => grad((z: Tensor) => grad(f)(x).mul(z).sum())(tensor([1], options))],
  ];
  for (const [name, slope] of penalties) {
    w.resetGrad();
    slope().square().sum().add(w.sum()).backward();
    assertClose(values(w.grad!), [361], { relative: 1e-14, what: name });
  }
  using step = capture((x: Tensor) => grad(f)(x).square().sum().add(w.sum()).backward());
  for (let k = 0; k < 3; k++) {
    w.resetGrad();
    step(x);
    assertClose(values(w.grad!), [361], { relative: 1e-14, what: "captured" });
  }
  // The value is on the graph, too: the derivative of w x² by w.
  w.resetGrad();
  valueAndGrad(f)(x)[0].backward();
  jvp(f, [x], [x])[0].backward();
  assertExact(values(w.grad!), [18]);
});

Deno.test("derivatives have types", async () => {
  await setDefaultDevice("reference");
  const f = (x: Tensor) => x.sum(), x = tensor([1]);
  const slope = grad(f)(x), [, same] = valueAndGrad(f)(x), list = grad(f, { argnums: [0] })(x);
  // With `any` as a type there would be nothing to expect.
  // @ts-expect-error: A tensor has no such member.
  assertStrictEquals(slope.noSuchMember, undefined);
  // @ts-expect-error: A tensor has no such member.
  assertStrictEquals(same.noSuchMember, undefined);
  // @ts-expect-error: A list has no such member.
  assertStrictEquals(list.noSuchMember, undefined);
  for (const each of [slope, same, list[0]!, grad(f, { argnums: 0 })(x)]) assertExact(values(each), [1]);
  for (const each of [slope, same, ...list]) each.dispose();
});

forEachDevice("a derivative is on no graph where nothing else wants a gradient, and none under noGrad", () => {
  const w = new Tensor([5]), x = tensor([3]), f = (x: Tensor) => x.mul(x).sum(), g = (x: Tensor) => w.mul(f(x)).sum();
  const on = (...results: Tensor[]) => results.map(({ requiresGrad }) => requiresGrad);
  assertEquals(on(grad(f)(x), ...valueAndGrad(f)(x), ...jvp(f, [x], [x])), [false, false, false, false, false]);
  assertEquals(on(grad(g)(x), ...valueAndGrad(g)(x), ...jvp(g, [x], [x])), [true, true, true, true, true]);
  noGrad(() => {
    const results = [grad(g)(x), ...valueAndGrad(g)(x), ...jvp(g, [x], [x]), grad(f)(w)];
    assertEquals(on(...results), results.map(() => false));
    assertExact(results.flatMap(values), [30, 45, 30, 45, 90, 10]);
    // What is differentiated inside is recorded, so that second derivatives are there.
    assertExact(values(grad((x: Tensor) => grad(g)(x).sum())(x)), [10]);
  });
  assertExact(values(grad((x: Tensor) => noGrad(() => f(x)).add(x.sum()))(x)), [1]);
  assertEquals([x.grad, w.grad], [null, null]);
});

forEachDevice("a derivative stops at its arguments, and leaves the graphs that lead to them alone", () => {
  const w = new Tensor([2]), x = w.square();
  assertExact(values(grad((x: Tensor) => x.square().sum())(x)), [8]);
  assertEquals(w.grad, null);
  x.sum().backward();
  assertExact(values(w.grad!), [4]);
});

/** Answers a gradient of another type, shape or device than its input's. */
class Odd extends TensorOp {
  constructor(readonly answer: (g: Tensor) => Tensor) {
    super();
  }
  compute(a: NDArray) {
    return new MulScalar(1).compute(a);
  }
  gradient(g: Tensor) {
    return this.answer(g);
  }
}

forEachDevice("a gradient has the type, shape and device of its tensor", (device) => {
  const functions: [name: string, f: (x: Tensor) => Tensor][] = [
    ["promoted beside itself", (x) => x.add(x.cast("float64"))],
    ["promoted by another", (x) => x.mul(tensor([1, 2], options))],
    ["the op's own", (x) => new Odd((g) => g.cast("float64")).call(x)],
    ["the op's own, beside another", (x) => new Odd((g) => g.cast("float64")).call(x).add(x.mul(2))],
    ["an integer", (x) => new Odd((g) => g.cast("int32")).call(x)],
  ];
  for (const dtype of ["float32", "float16", "bfloat16"] as const) {
    for (const [name, f] of functions) {
      const x = tensor([1, 2], { dtype, requiresGrad: true }), what = `${name}, ${dtype}`;
      assertStrictEquals(grad((x: Tensor) => f(x).sum())(x).dtype, dtype, what);
      for (const createGraph of [false, true, false]) {
        f(x).sum().backward(undefined, { createGraph });
        assertStrictEquals(x.grad!.dtype, dtype, what);
      }
      computeGradientOfVariables(f(x), tensor([1, 1], options));
      assertStrictEquals(x.grad!.dtype, dtype, what);
    }
  }
  const x = new Tensor([1, 2]);
  const [sum, kept] = [(g: Tensor) => g.sum(), (g: Tensor) => g];
  assertThrowsLike(
    () => new Odd(sum).call(x).sum().backward(),
    /^TypeError: Cannot Odd: gradient of shape \[\] for .*\[2\]/,
  );
  const without = (answer: unknown) => () => new Odd(() => answer as Tensor).call(x).sum().backward();
  assertThrowsLike(without(3), /^TypeError: Cannot Odd: 3, it must be a tensor/);
  assertThrowsLike(
    without(undefined),
    /^Error: Cannot backward: Odd gave no gradient for input 0; null says that none flows/,
  );
  without(null)();
  assertStrictEquals(x.grad, null);
  // A second gradient is checked as the first is, though it would stretch to the first.
  const both = () => new Odd(sum).call(x).add(new Odd(kept).call(x)).add(new Odd(sum).call(x)).sum();
  assertThrowsLike(() => both().backward(), /^TypeError: Cannot Odd: gradient of shape \[\]/);
  if (device !== "reference") {
    const away = new Odd((g) => g.to("reference"));
    assertThrowsLike(
      () => away.call(x).sum().backward(),
      /^TypeError: Cannot Odd: gradient on reference for a tensor on /,
    );
    assertThrowsLike(
      () => x.grad = tensor([1, 2], { device: "reference" }),
      /^TypeError: Cannot set grad: float32 on ref/,
    );
  }
  assertThrowsLike(() => x.grad = tensor([1, 2], options), /^TypeError: Cannot set grad: float64 on .* of float32 on /);
  assertStrictEquals(x.grad, null);
  // A gradient from before its tensor was given another type follows it; one of another shape is refused.
  x.sum().backward();
  x.data = tensor([1, 2], options);
  x.sum().backward();
  assertStrictEquals(x.grad!.dtype, "float64");
  assertExact(values(x.grad!), [2, 2]);
  x.data = tensor([1, 2, 3], options);
  assertThrowsLike(() => x.sum().backward(), /^TypeError: Cannot backward: .grad has shape \[2\] and its tensor \[3\]/);
});

forEachDevice("leaves that get one adjoint on a graph have gradients of their own", () => {
  const x = new Tensor([1, 2]), z = new Tensor([3, 4]), outGrad = tensor([1, 10]);
  x.add(z).backward(outGrad, { createGraph: true });
  x.mul(1).sum().backward();
  for (const [tensor, expected] of [[x.grad!, [2, 11]], [z.grad!, [1, 10]], [outGrad, [1, 10]]] as const) {
    assertExact(values(tensor), expected);
  }
});
