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
import { assert, assertClose, forEachDevice, values } from "./support.ts";

forEachDevice("y = ln x1 + x1 x2 - sin x2 at (2, 5): every value, tangent and adjoint of the slide", () => {
  const options = { dtype: "float64" } as const;
  const x1 = new Tensor(2, options), x2 = new Tensor(5, options);
  const v1 = x1.log(), v2 = x1.mul(x2), v3 = x2.sin(), v4 = v1.add(v2), y = v4.sub(v3);
  const near = { relative: 5e-4, absolute: 5e-4 };
  assertClose([v1, v2, v3, v4, y].map((v) => v.item()), [0.693, 10, -0.959, 10.693, 11.652], near);
  // Tangents along x1: dv1 = 1/x1, dv2 = x2, dv3 = 0, dv4 = 5.5, dy = 5.5.
  const parts: ((a: Tensor, b: Tensor) => Tensor)[] = [
    (a) => a.log(),
    (a, b) => a.mul(b),
    (_, b) => b.sin(),
    (a, b) => a.log().add(a.mul(b)),
    (a, b) => a.log().add(a.mul(b)).sub(b.sin()),
  ];
  const along = [tensor(1, options), tensor(0, options)];
  assertClose(parts.map((f) => jvp(f, [x1.detach(), x2.detach()], along)[1].item()), [0.5, 5, 0, 5.5, 5.5], near);
  // Adjoints: of v4 and v3 1 and -1, of v1 and v2 1.
  const adjoints = (v: Tensor[]) => v.map((node) => grad((t: Tensor) => t.mul(1))(node.detach()).item());
  assert.deepEqual(adjoints([v4]), [1]);
  y.backward();
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
  assert.throws(
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
  assert.equal(x.grad, null);
  const y = x.square().sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assertClose(values(x.grad!), [4, 8]);
  assert.throws(() => y.backward(), /retainGraph/);
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
  assert.throws(() => x.mul(2).backward(), TypeError);
  assert.throws(() => tensor([1]).sum().backward(), /does not require/);
  assert.throws(() => x.sum().backward(tensor([1, 2])), /outGrad of shape \[2\]/);
  assert.throws(() => new Tensor([1], { dtype: "int32", requiresGrad: true }), TypeError);
});

forEachDevice("findTopoSort is iterative and puts inputs first", () => {
  let y: Tensor = new Tensor([1]);
  for (let k = 0; k < 20_000; k++) y = y.add(0);
  const order = findTopoSort([y]);
  assert.equal(order.length, 20_001);
  assert.equal(order.at(-1), y);
  y.sum().backward();
});

forEachDevice("print and toDot show the graph", () => {
  const x = new Tensor([1, 2]);
  const text = x.mul(2).sum().toDot();
  assert.match(text, /MulScalar/);
  assert.match(text, /n0 -> n1/);
});
