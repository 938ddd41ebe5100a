/** Nodes of the graph: ops with several results, and what an op saves for its gradient beside its inputs. */
import {
  AddScalar,
  BroadcastTo,
  build,
  capture,
  Cast,
  Clip,
  Compare,
  Cos,
  EWiseAdd,
  grad,
  gradCheck,
  jvp,
  Max,
  memory,
  type NDArray,
  nn,
  Normalize,
  type Op,
  ops,
  placeholder,
  Product,
  Reshape,
  scope,
  Sin,
  Slice,
  Softmax,
  Summation,
  Tensor,
  tensor,
  type TensorOp,
  TensorTupleOp,
  Transpose,
} from "../mod.ts";
import {
  assert,
  assertClose,
  assertEquals,
  assertExact,
  assertMatch,
  assertThrows,
  forEachDevice,
  values,
} from "./support.ts";

/** [sin a, cos a]. */
class SinCos extends TensorTupleOp {
  compute(a: NDArray) {
    return [new Sin().compute(a), new Cos().compute(a)];
  }
  gradient([toSin, toCos]: readonly (Tensor | null)[], [sin, cos]: readonly Tensor[]) {
    const fromSin = toSin?.mul(cos!), fromCos = toCos?.mul(sin!).neg();
    return fromSin && fromCos ? fromSin.add(fromCos) : (fromSin ?? fromCos)!;
  }
}

const both = (x: Tensor) => new SinCos().call(x) as readonly [Tensor, Tensor];

/** Functions of one float tensor that use one result, both results, one twice, or one through the other. */
const functions: Record<string, (x: Tensor) => Tensor> = {
  "the first alone": (x) => both(x)[0].sum(),
  "the second alone": (x) => both(x)[1].square().sum(),
  "both in a product": (x) => {
    const [sin, cos] = both(x);
    return sin.mul(cos).sum();
  },
  "one twice": (x) => {
    const [sin, cos] = both(x);
    return sin.mul(sin).add(cos).mul(sin).sum();
  },
  "one through another call": (x) => {
    const [sin, cos] = both(x), [again] = both(sin);
    return again.mul(cos).sum();
  },
};

for (const [name, f] of Object.entries(functions)) {
  forEachDevice(`an op with two results: ${name}`, () => {
    const options = { dtype: "float64" } as const, x = tensor([0.3, -1.2, 2], options);
    assert(gradCheck(f, [x]));
    assert(gradCheck((x: Tensor) => grad(f)(x).square().sum(), [x]), "second order");
    // Forward mode is the gradient's product with the tangent.
    const along = tensor([1, -0.5, 2], options), [, tangent] = jvp(f, [x], [along]);
    assertClose([tangent.item()], [grad(f)(x).mul(along).sum().item()], { relative: 1e-12 });
    // The same function captured, and as a static graph.
    using step = capture((x: Tensor) => grad(f)(x));
    for (let k = 0; k < 3; k++) assertEquals(values(step(x)), values(grad(f)(x)));
    const place = placeholder([3], options);
    using session = build([f(place)]);
    assertEquals(session.run({ feeds: [[place, x]] })[0]!.item(), f(x).item());
  });
}

forEachDevice("backward through one result releases the graph of all", () => {
  const x = new Tensor([1, 2]), [sin, cos] = both(x);
  sin.sum().backward(undefined, { retainGraph: true });
  sin.sum().backward();
  assertClose(values(x.grad!), values(x.cos().mul(2).detach()), { relative: 1e-6, absolute: 1e-6 });
  assertThrows(() => cos.sum().backward(), Error, "was freed by an earlier backward");
});

forEachDevice("a graph shows which result of an op a node is, and nothing that is saved", () => {
  const [, cos] = both(new Tensor([1]));
  assertEquals(cos.mul(2).print().split("\n"), [
    "%0 = variable [1]",
    "%1 = SinCos.1(%0) [1]",
    "%2 = MulScalar(%1) [1] {scalar=2}",
  ]);
  assertMatch(cos.toDot(), /label="SinCos\.1\\n\[1\]"/);
  const x = new Tensor([[1, 2, 3]]), labels = tensor([2], { dtype: "int32" });
  const loss = new nn.CrossEntropyLoss({ reduction: "none" }).call(x, labels);
  assertEquals(loss.inputs.length, 2);
  assertEquals(x.gelu().inputs.length, 1);
  assertEquals(new nn.LayerNorm1d(3).call(x).inputs.length, 3);
}, { parameters: true });

Deno.test("an op's attributes are its settings as plain data, from which its line in a graph is made", () => {
  const cases: [op: Op, attributes: Record<string, unknown>, line: string][] = [
    [new EWiseAdd(), {}, ""],
    [new AddScalar(2), { scalar: 2 }, "scalar=2"],
    [new Clip(0, Infinity), { low: 0, high: Infinity }, "low=0, high=Infinity"],
    [new Compare("less"), { comparison: "less" }, "comparison=less"],
    [new Cast("float16"), { dtype: "float16" }, "dtype=float16"],
    [new Reshape([2, 3]), { shape: [2, 3] }, "shape=[2, 3]"],
    [new Transpose([1, 0]), { axes: [1, 0] }, "axes=[1, 0]"],
    [new Summation(), { axes: undefined, keepDims: false }, "keepDims=false"],
    [new Summation({ axes: [0, 2], keepDims: true }), { axes: [0, 2], keepDims: true }, "axes=[0, 2], keepDims=true"],
    [new Softmax(1), { axis: 1 }, "axis=1"],
    [new Normalize({ axes: [0] }), { axes: [0], eps: 1e-5 }, "axes=[0], eps=0.00001"],
    [
      new Slice([{ start: 1, step: 2, length: 3, dropped: false }]),
      { slices: [{ start: 1, step: 2, length: 3, dropped: false }] },
      "slices=[{ start: 1, step: 2, length: 3, dropped: false }]",
    ],
  ];
  for (const [op, attributes, line] of cases) {
    assertEquals(op.attributes(), attributes, op.name);
    assertEquals(op.describe(), line, op.name);
  }
});

forEachDevice("ops keep what they were made with when the caller's lists change, and when their attributes do", () => {
  const part = { start: 0, step: 1, length: 1, dropped: false };
  const ways: [name: string, shape: number[], make: (list: number[]) => TensorOp, list: number[], other: number[]][] = [
    ["broadcastTo", [1, 2], (list) => new BroadcastTo(list), [3, 2], [4, 2]],
    ["reshape", [2, 3], (list) => new Reshape(list), [3, 2], [6, 1]],
    ["transpose", [2, 3], (list) => new Transpose(list), [1, 0], [0, 1]],
    ["sum", [2, 3], (list) => new Summation({ axes: list }), [0], [1]],
    ["sum along a list", [2, 3], (list) => new Summation(list), [0], [1]],
    ["prod", [2, 3], (list) => new Product({ axes: list }), [0], [1]],
    ["max", [2, 3], (list) => new Max({ axes: list }), [0], [1]],
    ["variance", [2, 3], (list) => new ops.Variance({ axes: list }), [0], [1]],
    ["softmax", [2, 3], (list) => new Softmax(list), [0], [1]],
    ["normalize", [2, 3], (list) => new Normalize({ axes: list }), [0], [1]],
    ["inverseDeviation", [2, 3], (list) => new ops.InverseDeviation({ axes: list }), [0], [1]],
    ["unslice", [1, 1], (list) => new ops.Unslice([part, part], list), [2, 2], [3, 3]],
    ["undiagonal", [2], (list) => new ops.Undiagonal(0, 0, 1, list), [2, 3], [3, 2]],
    ["pad", [2, 3], (list) => new ops.Pad(list, 1), [1, 0], [0, 2]],
    ["roll", [2, 3], (list) => new ops.Roll(list, [0, 1]), [1, 0], [0, 1]],
    ["roll axes", [2, 3], (list) => new ops.Roll([1, 2], list), [1, 0], [0, 1]],
  ];
  for (const [name, shape, make, list, other] of ways) {
    const x = () => tensor(Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => k + 1), { shape });
    const expected = grad((x: Tensor) => make(list.slice()).call(x).square().sum())(x());
    const own = list.slice(), op = make(own), leaf = x();
    leaf.requiresGrad = true;
    const y = op.call(leaf), result = make(list.slice()).call(x());
    own.splice(0, own.length, ...other);
    for (const value of Object.values(op.attributes())) if (Array.isArray(value)) value.length = 0;
    assertEquals([y.shape, values(y)], [result.shape, values(result)], name);
    const again = op.call(x());
    assertEquals([again.shape, values(again)], [result.shape, values(result)], name);
    y.square().sum().backward();
    assertEquals(values(leaf.grad!), values(expected), name);
  }
  const slice = new Slice([part]);
  part.start = 1;
  assertExact(values(slice.call(tensor([5, 6]))), [5]);
  const argnums = [0], both = grad((x: Tensor, y: Tensor) => x.mul(y).sum(), { argnums });
  argnums.push(1);
  assertEquals(both(tensor([2]), tensor([3])).length, 1);
  const place = placeholder([2]), outputs = [place.mul(2)];
  using session = build(outputs);
  outputs.pop();
  assertEquals(session.run({ feeds: [[place, tensor([1, 2])]] }).length, 1);
});

forEachDevice("what was saved lives as long as its scope, and backward lets go of it", (device) => {
  const x = new Tensor([[1, 2, 3], [0, -1, 2]]), norm = new nn.LayerNorm1d(3), before = memory(device).bytes;
  {
    using _ = scope();
    const y = norm.call(x.gelu()), made = y.saved.length;
    assertEquals(made, 2);
    y.square().sum().backward();
    assertEquals([y.saved.length, y.inputs.length], [0, 0]);
    for (const leaf of [x, ...norm.parameters()]) leaf.resetGrad();
  }
  assert(memory(device).bytes <= before);
}, { parameters: true });
