/** Products with Jacobians and Hessians, Jacobians and Hessians as tensors, and checks of several outputs and orders. */
import {
  capture,
  grad,
  gradCheck,
  hessian,
  hvp,
  jacobian,
  type JacobianOptions,
  jvp,
  linearize,
  nn,
  noGrad,
  scope,
  Tensor,
  tensor,
  vhp,
  vjp,
} from "../mod.ts";
import {
  assertClose,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "./support.ts";

const on = ["cpu", "wasm", "reference"], options = { dtype: "float64" } as const, near = { relative: 1e-12 };
const x = () => tensor([0.5, -1.25, 2], options), w = () => tensor([[1, 2, -1], [0.5, 3, 1]], options);
type List = readonly Tensor[];

/** Functions with their Jacobians by each argument, written out. */
const functions: readonly [name: string, f: (...x: Tensor[]) => Tensor, inputs: () => Tensor[], rows: number[][][]][] =
  [
    ["elementwise", (x) => x!.square(), () => [x()], [[[1, 0, 0], [0, -2.5, 0], [0, 0, 4]]]],
    ["the input itself", (x) => x!, () => [x()], [[[1, 0, 0], [0, 1, 0], [0, 0, 1]]]],
    ["a constant", (x) => x!.zerosLike(), () => [x()], [[[0, 0, 0], [0, 0, 0], [0, 0, 0]]]],
    ["to a scalar", (x) => x!.square().sum(), () => [x()], [[[1, -2.5, 4]]]],
    ["from a scalar", (a) => a!.mul(x()), () => [tensor(3, options)], [[[0.5], [-1.25], [2]]]],
    ["a matrix and a vector", (w, x) => w!.mul(x!).sum({ axes: 1 }), () => [w(), x()], [
      [[0.5, -1.25, 2, 0, 0, 0], [0, 0, 0, 0.5, -1.25, 2]],
      [[1, 2, -1], [0.5, 3, 1]],
    ]],
    ["no element", (x) => x!.mul(2), () => [tensor([], { ...options, shape: [0] })], [[]]],
  ];

for (const [name, f, inputs, expected] of functions) {
  forEachDevice(`jacobian of ${name}, its rows by vjp and its columns by linearize`, () => {
    const given = inputs(), argnums = given.map((_, k) => k), sizes = given.map(({ size }) => size);
    const [y, pullback] = vjp(f, ...given), [same, pushforward] = linearize(f, given);
    assertExact(values(same), values(y));
    for (const mode of ["reverse", "forward", undefined] as const) {
      for (const vectorize of [false, true]) {
        const chosen = { argnums, vectorize, ...(mode === undefined ? {} : { mode }) }, what = `${mode}, ${vectorize}`;
        const found = jacobian(f, chosen)(...given) as Tensor[];
        found.forEach((each, k) => {
          assertEquals(each.shape, [...y.shape, ...given[k]!.shape], what);
          assertClose(values(each), expected[k]!.flat(), { ...near, what });
        });
      }
    }
    const unit = (like: Tensor, place: number) =>
      tensor(Float64Array.from({ length: like.size }, (_, k) => k === place ? 1 : 0), { shape: like.shape });
    for (let row = 0; row < y.size; row++) {
      const found = pullback(unit(y, row));
      found.forEach((each, k) => assertClose(values(each), expected[k]![row]!, near));
    }
    given.forEach((input, k) => {
      for (let column = 0; column < sizes[k]!; column++) {
        const tangents = given.map((each) => each === input ? unit(each, column) : each.zerosLike());
        assertClose(values(pushforward(tangents)), expected[k]!.map((row) => row[column]!), near);
        assertClose(values(jvp(f, given, tangents)[1]), expected[k]!.map((row) => row[column]!), near);
      }
    });
  }, { on });
}

forEachDevice("a function of several results: lists in, lists out", () => {
  const f = (x: Tensor): [Tensor, Tensor] => [x.square(), x.sum()], at = x();
  const [[square, sum], pullback] = vjp(f, at);
  assertClose([...values(square), ...values(sum)], [0.25, 1.5625, 4, 1.25], near);
  assertClose(values(pullback([tensor([1, 1, 0], options), tensor(10, options)])[0]!), [11, 7.5, 10], near);
  const [, pushforward] = linearize(f, [at]);
  const [a, b] = pushforward([tensor([1, 2, 0], options)]);
  assertClose([...values(a), ...values(b)], [1, -5, 0, 3], near);
  for (const mode of ["reverse", "forward"] as const) {
    const [first, second] = jacobian(f, { mode })(at);
    assertClose(values(first), [1, 0, 0, 0, -2.5, 0, 0, 0, 4], near);
    assertClose(values(second), [1, 1, 1], near);
    const lists = jacobian((x: Tensor) => [x.mul(2)] as List, { argnums: [0], mode })(at) as unknown as Tensor[][];
    assertClose(values(lists[0]![0]!), [2, 0, 0, 0, 2, 0, 0, 0, 2], near);
  }
  // The same tensor twice, and an input as a result.
  const [, twice] = vjp((x: Tensor): [Tensor, Tensor] => [x, x], at);
  assertClose(values(twice([at.onesLike(), at.onesLike()])[0]!), [2, 2, 2], near);
}, { on });

forEachDevice("linearize and vjp run the function once", () => {
  let runs = 0;
  const f = (x: Tensor) => {
    runs++;
    return x.exp();
  };
  const at = x(), e = values(at.exp()), [, push] = linearize(f, [at]), [, pull] = vjp(f, at);
  for (const scale of [1, 2, 3]) {
    using _ = scope();
    const along = at.onesLike().mul(scale);
    assertClose(values(push([along])), e.map((each) => each * scale), near);
    assertClose(values(pull(along)[0]!), e.map((each) => each * scale), near);
  }
  assertStrictEquals(runs, 2);
}, { on });

/** f(x, y) = sum x³ y with its second derivatives: 6 x y by x twice, 3 x² by x and y. */
const cubic = (x: Tensor, y: Tensor) => x.pow(3).mul(y).sum();

forEachDevice("hessian, hvp and vhp of x³ y", () => {
  const at = x(), y = tensor([2, 3, -1], options), [a, b] = [values(at), values(y)];
  const diagonal = (list: number[]) => list.flatMap((each, k) => list.map((_, j) => j === k ? each : 0));
  const twice = a.map((each, k) => 6 * each * b[k]!), mixed = a.map((each) => 3 * each * each), none = a.map(() => 0);
  for (const mode of [undefined, "reverse", "forward"] as const) {
    const chosen: JacobianOptions = mode === undefined ? {} : { mode };
    assertClose(values(hessian(cubic, chosen as { mode: "reverse" })(at, y)), diagonal(twice), near);
    const blocks = hessian(cubic, { argnums: [0, 1], ...chosen })(at, y) as unknown as Tensor[][];
    const expected = [[twice, mixed], [mixed, none]];
    expected.forEach((row, i) =>
      row.forEach((each, j) => assertClose(values(blocks[i]![j]!), diagonal(each), { ...near, what: `${i}, ${j}` }))
    );
  }
  const v = [tensor([1, 2, 3], options), tensor([-1, 0, 2], options)], [v1, v2] = v.map(values) as [number[], number[]];
  for (const product of [hvp, vhp]) {
    const [value, [byX, byY]] = product(cubic, [at, y], v);
    assertClose([value.item()], [a.reduce((sum, each, k) => sum + each ** 3 * b[k]!, 0)], near);
    assertClose(values(byX!), a.map((_, k) => twice[k]! * v1[k]! + mixed[k]! * v2[k]!), near);
    assertClose(values(byY!), a.map((_, k) => mixed[k]! * v1[k]!), near);
    assertEquals([value, byX!, byY!].map(({ requiresGrad }) => requiresGrad), [false, false, false]);
  }
  // A linear function has none.
  assertExact(values(hessian((x: Tensor) => x.sum())(at)), new Array(9).fill(0));
  assertExact(values(hvp((x: Tensor) => x.sum(), [at], [at])[1][0]!), [0, 0, 0]);
}, { on });

forEachDevice("derivatives of derivatives: by inputs, by vectors and by what the function closes over", () => {
  const at = x(), v = tensor([1, 2, 3], options), f = (x: Tensor) => x.pow(3).mul(0.5).sum();
  const checks: Record<string, [(...x: Tensor[]) => Tensor, Tensor[]]> = {
    jacobian: [(x) => jacobian((x: Tensor) => x.tanh().mul(x.sum()))(x), [at]],
    "jacobian, forward": [(x) => jacobian((x: Tensor) => x.tanh().mul(x.sum()), { mode: "forward" })(x), [at]],
    hessian: [(x) => hessian(f)(x!), [at]],
    "jacobian at once": [(x) => jacobian((x: Tensor) => x.tanh().mul(x.sum()), { vectorize: true })(x), [at]],
    "hessian at once": [(x) => hessian(f, { vectorize: true })(x!), [at]],
    "hessian at once, forward": [(x) => hessian(f, { mode: "forward", vectorize: true })(x!), [at]],
    hvp: [(x, v) => hvp(f, [x!], [v!])[1][0]!, [at, v]],
    vhp: [(x, v) => vhp(f, [x!], [v!])[1][0]!, [at, v]],
    vjp: [(x, v) => vjp((x: Tensor) => x.exp(), x!)[1](v!)[0]!, [at, v]],
    jvp: [(x, v) => jvp((x: Tensor) => x.exp(), [x!], [v!])[1], [at, v]],
    linearize: [(x, v) => {
      const [y, push] = linearize((x: Tensor) => x.exp(), [x!]);
      return push([v!]).add(push([y]));
    }, [at, v]],
  };
  for (const [name, [g, inputs]] of Object.entries(checks)) {
    try {
      gradCheck(g, inputs, { order: 2 });
    } catch (cause) {
      throw new Error(name, { cause });
    }
  }
  const slope = new Tensor([2, 2, 2], options);
  hvp((x) => slope.mul(x.square()).sum(), [at], [v])[1][0]!.sum().backward();
  assertClose(values(slope.grad!), [2, 4, 6], near);
  const results = noGrad(() => [
    jacobian((x: Tensor) => slope.mul(x))(at),
    vjp((x: Tensor) => slope.mul(x), at)[1](v)[0]!,
    ...hvp((x) => slope.mul(x.square()).sum(), [at], [v])[1],
  ]);
  assertEquals(results.map(({ requiresGrad }) => requiresGrad), [false, false, false]);
}, { on });

forEachDevice("derivatives inside captured functions, and of captured functions", () => {
  const g = (x: Tensor) => x.pow(3).sum(), at = x(), v = tensor([1, 2, 3], options);
  using step = capture((x: Tensor, v: Tensor) => [
    jacobian((x: Tensor) => x.square())(x),
    jacobian((x: Tensor) => x.square(), { mode: "forward" })(x),
    hvp(g, [x], [v])[1][0]!,
    vhp(g, [x], [v])[1][0]!,
    linearize((x: Tensor) => x.sin(), [x])[1]([v]),
  ]);
  for (const shift of [0, 1, 2]) {
    const moved = at.add(shift), a = values(moved), b = values(v), found = step(moved, v).map(values);
    const diagonal = a.flatMap((each, k) => a.map((_, j) => j === k ? 2 * each : 0));
    const product = a.map((each, k) => 6 * each * b[k]!);
    const expected = [diagonal, diagonal, product, product, a.map((each, k) => Math.cos(each) * b[k]!)];
    expected.forEach((each, k) => assertClose(found[k]!, each, { ...near, what: `${shift}, ${k}` }));
  }
  using square = capture((x: Tensor) => x.square());
  square(at);
  assertClose(values(jacobian((x: Tensor) => square(x))(at)), [1, 0, 0, 0, -2.5, 0, 0, 0, 4], near);
}, { on });

forEachDevice("a wanted tensor stands for itself, though another leads to it", () => {
  const [, pull] = vjp((x: Tensor, y: Tensor) => x.mul(y), x(), x());
  assertClose(values(pull(x().onesLike())[0]!), [0.5, -1.25, 2], near);
  const a = new Tensor([3], options), b = a.square();
  assertClose(grad((a: Tensor, b: Tensor) => a.mul(b).sum(), { argnums: [0, 1] })(a, b).map((each) => each.item()), [
    9,
    3,
  ]);
}, { on });

forEachDevice("gradCheck: several results, types without derivatives, and second orders", () => {
  const at = x(), places = tensor([0, 0, 2], { dtype: "int32" });
  gradCheck((x: Tensor, places: Tensor) => [x.take(places, 0).exp(), x.square().sum()], [at, places], { order: 2 });
  // The gradient is right, and that of the gradient is not: 3 x² without its graph.
  const cut = (x: Tensor) =>
    x.mul(x.square().detach()).add(x.square().mul(x).sub(x.square().mul(x).detach()).mul(2 / 3));
  gradCheck((x: Tensor) => cut(x).sum(), [at]);
  assertThrowsLike(
    () => gradCheck((x: Tensor) => cut(x).sum(), [at], { order: 2 }),
    /^Error: Cannot gradCheck: second order, input 0, index 0 of output 0, index 0: gradient .*, central difference/,
  );
  assertThrowsLike(
    () => gradCheck((x: Tensor) => [x.sum(), x.mul(x.detach())], [at]),
    /^Error: Cannot gradCheck: input 0, index 0 of output 1, index 0: gradient 0.5, central difference (1|0.99)/,
  );
  assertThrowsLike(
    () => gradCheck((x: Tensor) => x, [at], { order: 3 as 2 }),
    /^RangeError: .* order 3 must be 1 or 2/,
  );
}, { on });

forEachDevice("derivatives leave no tensor behind but their results", () => {
  const layer = new nn.Linear(3, 2), at = tensor([[1, 2, 3]]);
  const [y, pull] = vjp((x: Tensor) => layer.call(x).tanh(), at);
  assertStrictEquals(y.requiresGrad, true);
  pull(y.onesLike())[0]!.sum().backward();
  assertStrictEquals(layer.weight.grad !== null, true);
}, { on, parameters: true });

forEachDevice("products and Jacobians have types", () => {
  const at = x(), one = (x: Tensor) => x.mul(2), two = (x: Tensor): [Tensor, Tensor] => [x, x];
  const [y, pull] = vjp(one, at), [pair, push] = linearize(two, [at]), [, tangents] = jvp(two, [at], [at]);
  const whole = jacobian(one)(at), rows = jacobian(two, { argnums: [0] })(at);
  const blocks = hessian(cubic, { argnums: [0, 1] })(at, at);
  // With `any` as a type there would be nothing to expect.
  const found = [
    // @ts-expect-error: A tensor has no such member.
    y.none,
    // @ts-expect-error: A tensor has no such member.
    pull(y)[0]!.none,
    // @ts-expect-error: There are two results.
    pair[2],
    // @ts-expect-error: There are two results.
    push([at])[2],
    // @ts-expect-error: There are two results.
    tangents[2],
    // @ts-expect-error: A tensor has no such member.
    whole.none,
    // @ts-expect-error: A list has no such member.
    rows[0].none,
    // @ts-expect-error: A list has no such member.
    blocks[0]!.none,
  ];
  assertEquals(found, found.map(() => undefined));
}, { on: ["reference"] });

forEachDevice("derivatives refuse what has none", () => {
  const at = tensor([1, 2]), f = (x: Tensor) => x.mul(2);
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  const refused: [run: () => unknown, message: RegExp][] = [
    [() => vjp(any(3), at), /^TypeError: Cannot vjp: 3, it must be a function/],
    [() => vjp(f, any(3)), /^TypeError: Cannot vjp: 3, it must be a tensor/],
    [
      () => vjp(f, at.cast("int32")),
      /^TypeError: Cannot vjp: argument 0 is a tensor \[2\] of int32, it must be .* float/,
    ],
    [
      () => vjp(any(() => 3), at),
      /^TypeError: Cannot vjp: the function returned of type number, it must be a tensor or/,
    ],
    [() => vjp(f, at)[1](tensor([1])), /^TypeError: Cannot vjp: adjoint 0 of shape \[1\] for a result of shape \[2\]/],
    [() => vjp(f, at)[1](any([at, at])), /^TypeError: Cannot vjp: 1 results and 2 adjoints must be as many/],
    [() => linearize(f, any(at)), /^TypeError: Cannot linearize: a Tensor, it must be a list of tensors/],
    [() => linearize(f, [at])[1]([]), /^TypeError: Cannot linearize: 1 primals and 0 tangents must be as many/],
    [() => jvp(f, [at], [tensor([1])]), /^TypeError: Cannot jvp: tangent 0 of shape \[1\] for a primal of shape \[2\]/],
    [() => jacobian(f, { mode: any("both") }), /^RangeError: Cannot jacobian: mode "both" must be reverse or forward/],
    [
      () => jacobian(f, any({ argnum: 0 })),
      /^TypeError: Cannot jacobian: there is no option argnum; did you mean argnums/,
    ],
    [() => jacobian(f)(3), /^TypeError: Cannot jacobian: argument 0 is of type number/],
    [() => hessian(any(3)), /^TypeError: Cannot hessian: 3, it must be a function/],
    [
      () => hessian(f)(at),
      /^TypeError: Cannot grad: the function returned a tensor \[2\] of float32, it must be a tensor w/,
    ],
    [() => hvp(f, [at], []), /^TypeError: Cannot hvp: 1 inputs and 0 vectors must be as many/],
  ];
  for (const [run, message] of refused) assertThrowsLike(run, message);
}, { on: ["reference"] });
