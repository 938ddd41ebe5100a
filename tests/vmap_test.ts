/** Functions of one example for many: against a loop over the examples, with derivatives inside and outside. */
import {
  autocast,
  capture,
  checkpoint,
  concat,
  grad,
  gradCheck,
  hessian,
  jacobian,
  jvp,
  keep,
  memory,
  nn,
  noGrad,
  ops,
  randn,
  scope,
  Tensor,
  tensor,
  vjp,
  vmap,
} from "../mod.ts";
import { assertClose, assertEquals, assertExact, assertThrowsLike, forEachDevice, values } from "./support.ts";

const on = ["cpu", "wasm", "reference"],
  options = { dtype: "float64" } as const,
  near = { relative: 1e-12, absolute: 1e-14 };
const w = () => tensor([[0.5, -1, 2], [1.5, 0.25, -0.5], [1, 2, 3]], options);

const crossEntropy = new ops.CrossEntropy();
const norm = (x: Tensor, weight: Tensor, bias: Tensor) =>
  new ops.NormalizeScaleShift({ axes: [1] }).call(x, weight, bias);

/** Functions of an example [2, 3] and of a matrix [3, 3] that is the same for all. */
const functions: Readonly<Record<string, (x: Tensor, w: Tensor) => Tensor>> = {
  "elementwise, with a number": (x) => x.mul(2).add(1).exp(),
  "elementwise, beside the same for all": (x, w) => x.mul(w.at(0)).sub(w.at(":2")),
  "elementwise, of two examples": (x) => x.mul(x.sin()).maximum(x.neg()),
  "to bool, and a choice": (x, w) => x.greater(w.at(1)).where(x.square(), 0),
  "types": (x) => x.cast("float32").mul(3).cast("float64"),
  "sum": (x) => x.sum(),
  "sum over axes": (x) => x.sum({ axes: -1, keepDims: true }).add(x.mean({ axes: 0 })),
  "max, prod and variance": (x) => x.max({ axes: 0 }).add(x.prod({ axes: [0] })).mul(x.variance()),
  "argmax": (x) => x.argmax(),
  "argmax over an axis": (x) => x.argmax({ axis: 1 }),
  "softmax": (x) => x.softmax(-1).add(x.logSoftmax(0)),
  "softmax over all": (x) => x.softmax([0, 1]),
  "logSumExp by steps": (x) => x.exp().sum({ axes: 1 }).log(),
  "transpose": (x) => x.transpose(),
  "permute": (x) => x.transpose([-1, 0]).mul(2),
  "reshape": (x) => x.reshape([3, -1]).reshape([1, 6]),
  "to a scalar and back": (x) => x.sum().reshape([1]).broadcastTo([4]),
  "stretch": (x) => x.at(0).broadcastTo([2, 2, 3]),
  "slices": (x) => x.at(":, ::-1").add(x.at(1, null)),
  "take": (x) => x.take([2, 0, 2], 1),
  "take from the same for all": (x, w) => w.take(x.at(0).greater(0).cast("int32"), 0),
  "take from another axis": (x, w) => w.take(x.at(0).greater(0).cast("int32"), 1),
  "take by the example": (x) => x.take(x.at(0).greater(0).cast("int32"), 0),
  "matmul": (x, w) => x.matmul(w),
  "matmul of the same for all": (x, w) => w.matmul(x.transpose()),
  "matmul of examples": (x) => x.matmul(x.transpose()),
  "matmul of vectors": (x, w) => x.at(0).matmul(x.at(1)).add(w.matmul(x.at(1)).sum()),
  "matmul of stacks": (x, w) => w.reshape([1, 3, 3]).broadcastTo([2, 3, 3]).matmul(x.reshape([2, 3, 1])),
  "joined": (x, w) => concat([x, w, x.neg()], 0),
  "joined along the last axis": (x) => concat([x, x], -1),
  "gelu": (x) => x.gelu(),
  "a norm": (x, w) => norm(x, w.at(0), w.at(1)),
  "cross entropy": (x) => crossEntropy.call(x, tensor([2, 0], { dtype: "int32" })),
  "no rule: a triangle": (x) => x.tril(),
  "nothing of the example": (_, w) => w.mul(2),
  "the example itself": (x) => x,
};

for (const [name, f] of Object.entries(functions)) {
  forEachDevice(`vmap of ${name}, and its derivatives`, () => {
    const x = randn([4, 2, 3], options), many = vmap(f, { inAxes: [0, null] })(x, w());
    const one = (k: number, f: (x: Tensor) => Tensor) => values(f(x.at(k)));
    const loop = (f: (x: Tensor) => Tensor) => [0, 1, 2, 3].flatMap((k) => one(k, f));
    assertEquals(many.shape, [4, ...f(x.at(0), w()).shape]);
    assertClose(values(many), loop((x) => f(x, w())), near);
    if (many.dtype === "int32") return;
    // A gradient for each example, by the example and by what is the same for all of them.
    const scalar = (x: Tensor, w: Tensor) => f(x, w).sin().sum();
    const gradients = vmap(grad(scalar, { argnums: [0, 1] }), { inAxes: [0, null] })(x, w()) as Tensor[];
    [0, 1].forEach((place) => {
      const expected = loop((x) => grad(scalar, { argnums: [0, 1] })(x, w())[place]!);
      assertClose(values(gradients[place]!), expected, { ...near, relative: 1e-10, what: `argument ${place}` });
    });
    // The gradient of all.
    const whole = (x: Tensor, w: Tensor) => vmap(f, { inAxes: [0, null] })(x, w).sin().sum();
    const [byX, byW] = grad(whole, { argnums: [0, 1] })(x, w());
    assertClose(values(byX!), loop((x) => grad(scalar)(x, w())), { ...near, relative: 1e-10 });
    const each = [0, 1, 2, 3].map((k) => values(grad(scalar, { argnums: 1 })(x.at(k), w())));
    assertClose(values(byW!), each[0]!.map((_, at) => each.reduce((sum, row) => sum + row[at]!, 0)), {
      relative: 1e-10,
      absolute: 1e-12,
    });
  }, { on });
}

forEachDevice("axes of arguments and of results", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]), y = tensor([10, 20, 30]);
  const add = (a: Tensor, b: Tensor) => a.add(b);
  const both = vmap(add, { inAxes: [1, 0] })(x, y);
  assertEquals(both.toArray(), [[11, 14], [22, 25], [33, 36]]);
  assertEquals(vmap(add, { inAxes: [-1, 0], outAxes: -1 })(x, y).toArray(), [[11, 22, 33], [14, 25, 36]]);
  const [sum, twice] = vmap((a: Tensor): [Tensor, Tensor] => [a.sum(), a.mul(2)], { inAxes: 1, outAxes: [0, 1] })(x);
  assertEquals([sum.toArray(), twice.toArray()], [[5, 7, 9], [[2, 4, 6], [8, 10, 12]]]);
  assertExact(values(vmap((a: Tensor, factor: number) => a.mul(factor), { inAxes: [0, null] })(y, 3)), [30, 60, 90]);
  // Inside one another: an outer product.
  const outer = vmap(vmap((a: Tensor, b: Tensor) => a.mul(b), { inAxes: [null, 0] }), { inAxes: [0, null] });
  assertEquals(outer(tensor([1, 2]), y).toArray(), [[10, 20, 30], [20, 40, 60]]);
  // No example at all.
  assertEquals(vmap((a: Tensor) => a.mul(2).sum())(tensor([], { shape: [0, 3] })).shape, [0]);
}, { on });

forEachDevice("derivatives of every kind, inside and outside", () => {
  const x = randn([3, 2], options), f = (x: Tensor) => x.pow(3).sum().mul(x.sum());
  const rows = [0, 1, 2].map((k) => x.at(k));
  const inside: Record<string, (x: Tensor) => Tensor> = {
    "gradient of a gradient": (x) => grad((x: Tensor) => grad(f)(x).square().sum())(x),
    hessian: (x) => hessian(f)(x),
    jacobian: (x) => jacobian((x: Tensor) => x.tanh().mul(x.sum()))(x),
    "jacobian, forward": (x) => jacobian((x: Tensor) => x.tanh().mul(x.sum()), { mode: "forward" })(x),
    jvp: (x) => jvp((x: Tensor) => x.exp(), [x], [x.sin()])[1],
    vjp: (x) => vjp((x: Tensor) => x.exp(), x)[1](x)[0]!,
  };
  for (const [name, g] of Object.entries(inside)) {
    assertClose(values(vmap(g)(x)), rows.flatMap((row) => values(g(row))), { ...near, relative: 1e-10, what: name });
  }
  gradCheck(vmap((x: Tensor) => grad(f)(x)), [x], { order: 2 });
  // A parameter that is closed over, through gradients of each example.
  const p = new Tensor([2, 3], options);
  vmap((x: Tensor) => grad((x: Tensor) => x.square().mul(p).sum())(x))(x).square().sum().backward();
  const found = values(p.grad!);
  p.resetGrad();
  for (const row of rows) grad((x: Tensor) => x.square().mul(p).sum())(row).square().sum().backward();
  assertClose(found, values(p.grad!), near);
  // Gradients of a net for each example.
  const layer = new nn.Linear(2, 3), weight = layer.weight.detach(), at = x.cast("float32");
  const loss = (weight: Tensor, x: Tensor) => x.matmul(weight).tanh().sum();
  const each = vmap(grad(loss), { inAxes: [null, 0] })(weight, at);
  assertEquals(each.shape, [3, 2, 3]);
  const expected = [0, 1, 2].flatMap((k) => values(grad(loss)(weight, at.at(k))));
  assertClose(values(each), expected, { relative: 1e-5 });
}, { on, parameters: true });

forEachDevice("scopes inside free what is made of one example, and no more", (device) => {
  const x = tensor([[1, 2], [3, 4]]), before = memory(device).tensors;
  const kept = vmap((x: Tensor) => {
    using _ = scope();
    return keep(x.detach().mul(2).add(1));
  })(x);
  assertExact(values(kept), [3, 5, 7, 9]);
  assertEquals(memory(device).tensors - before, 1);
}, { on });

forEachDevice("in captured functions, around them, under autocast and noGrad", () => {
  const slopes = (x: Tensor) => vmap(grad((x: Tensor) => x.pow(3).sum()))(x);
  using step = capture(slopes);
  for (const shift of [0, 1, 2]) {
    const x = tensor([[1, 2], [3, 4]]).add(shift);
    assertClose(values(step(x)), values(x).map((each) => 3 * each * each));
  }
  using square = capture((x: Tensor) => x.square());
  square(tensor([1, 2]));
  assertExact(values(vmap((x: Tensor) => square(x))(tensor([[1, 2], [3, 4]]))), [1, 4, 9, 16]);
  const x = randn([2, 3, 4]), w = new Tensor([[1, 2], [3, 4], [5, 6], [7, 8]]);
  const product = autocast(() => vmap((x: Tensor) => x.matmul(w).softmax())(x));
  assertEquals(product.dtype, autocast(() => x.matmul(w).softmax()).dtype);
  assertEquals([product.requiresGrad, noGrad(() => vmap((x: Tensor) => x.matmul(w))(x)).requiresGrad], [true, false]);
}, { on });

forEachDevice("what a function of one example cannot do, it is told", () => {
  const x = tensor([[1, 2], [3, 4]]), w = new Tensor([1, 2]);
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  const none = /^Error: Cannot vmap: the elements of single examples are asked for; inside the function, ops may be/;
  let escaped: Tensor | null = null;
  vmap((x: Tensor) => escaped = x)(x);
  const refused: [run: () => unknown, message: RegExp][] = [
    [() => vmap((x: Tensor) => x.mul(x.sum().item()))(x), none],
    [() => vmap((x: Tensor) => tensor(x.toArray()))(x), none],
    [() => vmap((x: Tensor) => checkpoint((x: Tensor) => x.mul(w), x))(x), none],
    [() =>
      vmap((x: Tensor) => {
        x.mul(w).sum().backward();
        return x;
      })(x), none],
    [() => vmap((x: Tensor) => new nn.Dropout(0.5).call(x))(x), none],
    [() => escaped!.mul(2), /^Error: Cannot read tensor \[2\]: the scope opened in vmap\(\) freed it/],
    [() => vmap(any(3)), /^TypeError: Cannot vmap: 3, it must be a function/],
    [
      () => vmap((x: Tensor) => x, { inAxes: any("0") }),
      /^TypeError: Cannot vmap: inAxes "0", it must be an axis, null,/,
    ],
    [
      () => vmap((x: Tensor) => x, { outAxes: any(null) }),
      /^TypeError: Cannot vmap: outAxes null, it must be an axis, or/,
    ],
    [
      () => vmap((x: Tensor) => x, { inAxes: [0, 0] })(x),
      /^TypeError: Cannot vmap: 1 arguments and 2 axes must be as many/,
    ],
    [() => vmap((x: Tensor) => x)(3), /^TypeError: Cannot vmap: 3, it must be a tensor, since its axis is 0/],
    [() => vmap((x: Tensor) => x, { inAxes: null })(x), /^TypeError: Cannot vmap: no argument has an axis of examples/],
    [() => vmap((x: Tensor) => x)(x, tensor([1])), /^TypeError: Cannot vmap: argument 1 has 1 examples, .* have 2/],
    [() => vmap(any(() => 3))(x), /^TypeError: Cannot vmap: the function returned of type number/],
    [() => vmap((x: Tensor) => x, { inAxes: 2 })(x), /^TypeError|^RangeError/],
    [
      () => vmap((x: Tensor) => x.tril())(tensor([], { shape: [0, 2, 2] })),
      /^Error: Cannot vmap: Tril is applied to one example after the other, and there is none/,
    ],
  ];
  for (const [run, message] of refused) assertThrowsLike(run, message);
}, { on });
