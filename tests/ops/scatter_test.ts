/** Elements gathered and joined at places along an axis: derivatives at zeros and ties, examples at once, threads. */
import { grad, gradCheck, stack, type Tensor, tensor, vmap } from "../../mod.ts";
import { assertEquals, forEachDevice } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3], index = () => tensor([[0, 1, 1], [1, 1, 0]], { dtype: "int32" });
const wide = { dtype: "float64" } as const;

testOps("scatter", {
  Gather: { f: (a) => a.gather(1, [[2, 0, 2, 1], [0, 0, 1, 2]]), inputs: [m] },
  Scatter: { f: (a, b) => a.scatterReduce(0, index(), b.square(), "prod"), inputs: [m, m] },
});

/** A product of all elements of a source at each place, and of the tensor's own. */
const product = (x: Tensor, source: Tensor) =>
  x.scatterReduce(0, tensor(Int32Array.of(0, 0, 0, 1, 1, 2)), source, "prod");

forEachDevice("products have first and second derivatives where factors are zero", () => {
  const x = tensor([2, 0, 3], wide), source = tensor([0, 5, 0.5, 0, 4, 0], wide);
  gradCheck((x, source) => product(x, source).square().sum(), [x, source], { order: 2 });
  gradCheck((source) => product(x, source).sum(), [tensor([0, 0, 7, 1, 0, 2], wide)], { order: 2 });
});

forEachDevice("a gradient is shared evenly by the largest and by the least, and goes to what stays", () => {
  const x = tensor([1, 2, 0]), source = tensor([1, 1, 3, 2, 2, 0]), places = tensor(Int32Array.of(0, 0, 1, 1, 1, 2));
  const of = (reduce: "amax" | "amin", includeSelf: boolean) =>
    grad((x, source) => x.scatterReduce(0, places, source, reduce, { includeSelf }).sum(), { argnums: [0, 1] })(
      x,
      source,
    )
      .map((each) => Array.from(each.toTypedArray(), (value) => Math.round(value * 1000) / 1000));
  assertEquals(of("amax", true), [[0.333, 0, 0.5], [0.333, 0.333, 1, 0, 0, 0.5]]);
  assertEquals(of("amin", true), [[0.333, 0.333, 0.5], [0.333, 0.333, 0, 0.333, 0.333, 0.5]]);
  assertEquals(of("amin", false), [[0, 0, 0], [0.5, 0.5, 0, 0.5, 0.5, 1]]);
  const weights = tensor([2, 3, 4]);
  const [toX, toSource] = grad((x, source) => x.scatter(0, places, source).mul(weights).sum(), { argnums: [0, 1] })(
    x,
    source,
  );
  assertEquals([toX!.toArray(), toSource!.toArray()], [[0, 0, 0], [0, 2, 0, 0, 3, 4]]);
});

forEachDevice("examples are gathered and joined at once, with indices of their own or the same for all", () => {
  const x = tensor([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [3, 2, 1]]]),
    each = tensor([[1, 0, 1], [0, 0, 1]], { dtype: "int32" });
  const source = tensor([[9, 4, 5], [2, 1, 7]]), line = tensor(Int32Array.of(1, 0, 1));
  const cases: [f: (x: Tensor, index: Tensor) => Tensor, indices: Tensor][] = [
    [(x, index) => x.gather(0, index.reshape([1, 3])), each],
    [(x, index) => x.scatterReduce(1, index.reshape([1, 3]), source, "amax"), each],
    [(x, index) => x.indexReduce(0, index.at(":2"), source, "prod", { includeSelf: false }), each],
    [(x, index) => x.scatter(1, index.reshape([1, 3]), source), each],
    [(x, index) => grad((x) => x.gather(0, index.reshape([1, 3])).square().sum())(x) as Tensor, each],
  ];
  for (const [f, indices] of cases) {
    const [together, apart] = [vmap(f)(x, indices), stack([0, 1].map((k) => f(x.at(k), indices.at(k))))];
    assertEquals(together.toArray(), apart.toArray());
  }
  const shared = (x: Tensor) => x.indexReduce(0, line.at("1:"), source, "prod");
  assertEquals(vmap(shared)(x).toArray(), stack([0, 1].map((k) => shared(x.at(k)))).toArray());
});
