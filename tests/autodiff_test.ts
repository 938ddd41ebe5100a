/** The lecture's worked examples, the three difference schemes, and the rules of `backward`. */
import {
  computeGradientOfVariables,
  findTopoSort,
  grad,
  gradCheck,
  jvp,
  MulScalar,
  numericGrad,
  randn,
  Tensor,
  tensor,
  TensorOp,
} from "../mod.ts";
import {
  assertClose,
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
