/** Elements by their places: what is refused, captured functions, writes in place, and many indices. */
import { capture, grad, noGrad, searchsorted, stack, type Tensor, tensor, vmap, zeros } from "../mod.ts";
import { assertEquals, assertThrows, forEachDevice, isLate, values } from "./support.ts";

const places = (...elements: number[]) => tensor(Int32Array.from(elements));
const x = () => tensor([[1, 2, 3], [4, 5, 6]]);

/** Calls that throw when the elements are read, and how: the text names what was asked where the device says so at once. */
const outside: Record<string, [text: string, call: () => Tensor]> = {
  "at": ["Cannot index: index 3 must lie in [-3, 3)", () => x().at(":", [0, 3])],
  "at, from the end": ["Cannot index: index -4 must lie in [-3, 3)", () => x().at([1, 1], [0, -4])],
  "at, of no elements": ["Cannot index: index 0 must lie in [0, 0)", () => zeros([0, 3]).at(places(0))],
  "setAt": ["Cannot index: index 2 must lie in [-2, 2)", () => x().setAt([[2]], 0)],
  "gather": ["Cannot gather: index -1 must lie in [0, 3)", () => x().gather(1, [[0], [-1]])],
  "takeAlongAxis": ["Cannot takeAlongAxis: index -4 must lie in [-3, 3)", () => x().takeAlongAxis([[-4]])],
  "scatterAdd": ["Cannot scatterAdd: index 3 must lie in [0, 3)", () => x().scatterAdd(1, [[3]], x())],
  "scatter": ["Cannot scatter: index 3 must lie in [0, 3)", () => x().scatter(1, [[3]], 1)],
  "indexSelect": ["Cannot indexSelect: index 2 must lie in [0, 2)", () => x().indexSelect(0, [2])],
  "indexAdd": ["Cannot indexAdd: index 2 must lie in [0, 2)", () => x().indexAdd(0, [2], x().at("1:"))],
  "indexFill": ["Cannot indexFill: index -1 must lie in [0, 2)", () => x().indexFill(0, [-1], 0)],
  "bincount": ["Cannot bincount: index -1 must lie in [0, 2)", () => places(1, -1).bincount()],
  "oneHot": ["Cannot oneHot: index 3 must lie in [0, 3)", () => places(3).oneHot(3)],
  "at, a fraction": ["Cannot index: index 0.5 must be an integer", () => x().at(tensor([0.5]))],
  "gather, NaN": ["Cannot gather: index NaN must be an integer", () => x().gather(0, tensor([[NaN]]))],
};

forEachDevice("places outside an axis are refused, in the words of what was asked", (device) => {
  for (const [name, [text, call]] of Object.entries(outside)) {
    assertThrows(() => values(call()), RangeError, isLate(device) ? "must" : text, name);
  }
});

const given = (value: unknown) => value as never;

const refused: Record<string, [kind: ErrorConstructor, text: string, call: () => unknown]> = {
  "a list of fractions": [RangeError, "Cannot index: index 0.5 must be an integer", () => x().at([0.5])],
  "rows that differ": [TypeError, "Cannot index: rows of axis 1 differ in length", () => x().at([[0], [0, 1]])],
  "bools among places": [RangeError, "Cannot index: index true must be an integer", () => x().at([given(true), 0])],
  "shapes that do not stretch": [TypeError, "Cannot index: shapes [2] and [3]", () => x().at([0, 1], [0, 1, 2])],
  "a mask that is too short": [
    TypeError,
    "Cannot index: a mask of shape [2] for axes of shape [3]",
    () => x().at(":", [true, false]),
  ],
  "too many": [RangeError, "Cannot index: 3 indices for the axes of shape [2, 3]", () => x().at([0], x().less(3))],
  "a value that is no number": [TypeError, 'Cannot setAt: "1", it must be a tensor or a number', () => {
    x().setAt(0, given("1"));
  }],
  "a number that the type lacks": [RangeError, "Cannot setAt: 300 must lie in [0, 255]", () => {
    x().cast("uint8").setAt(0, 300);
  }],
  "a value of another shape": [TypeError, "Cannot broadcastTo: shape [2] does not stretch to [3]", () => {
    x().setAt(0, zeros([2]));
  }],
  "indices with too few axes": [TypeError, "Cannot gather: indices of shape [1]", () => x().gather(0, [0])],
  "indices with too many rows": [
    TypeError,
    "Cannot gather: indices of shape [3, 1] reach beyond [2, 3] beside axis 1",
    () => x().gather(1, [[0], [0], [0]]),
  ],
  "a source with too few": [
    TypeError,
    "Cannot scatterAdd: a source of shape [1, 1] for indices of shape [1, 2]",
    () => {
      x().scatterAdd(1, [[0, 1]], zeros([1, 1]));
    },
  ],
  "another reduction": [
    TypeError,
    'Cannot scatterReduce: "max", it must be "sum", "prod", "mean", "amax" or "amin"',
    () => {
      x().scatterReduce(1, [[0]], x(), given("max"));
    },
  ],
  "an index of two axes": [TypeError, "Cannot indexSelect: indices of shape [1, 1]", () => x().indexSelect(0, [[0]])],
  "a mask of numbers": [TypeError, "Cannot maskedFill: a mask of type float32 must be bool", () => {
    x().maskedFill(x(), 0);
  }],
  "too few elements": [
    RangeError,
    "Cannot maskedScatter: the mask holds in 6 places, the source has 2 elements",
    () => {
      x().maskedScatter(x().greater(0), zeros([2]));
    },
  ],
  "an option": [TypeError, "Cannot bincount: there is no option minlength; did you mean minLength?", () => {
    places(1).bincount(given({ minlength: 3 }));
  }],
  "rows and values": [TypeError, "Cannot searchsorted: values of shape [3] in rows of shape [2, 3]", () => {
    searchsorted(x(), zeros([3]));
  }],
  "more places than int32 counts": [RangeError, "has more than 2^31 places, which int32 does not count", () => {
    zeros([1]).broadcastTo([2 ** 16, 2 ** 16]).at([0], [1]);
  }],
  "a gradient and a write": [Error, "Cannot assignAt: a gradient is required", () => {
    zeros([2], { requiresGrad: true }).assignAt(0, 1);
  }],
  "a value with a gradient": [Error, "Cannot assignAt: a gradient is required", () => {
    zeros([2]).assignAt(0, zeros([], { requiresGrad: true }));
  }],
};

for (const [name, [kind, text, call]] of Object.entries(refused)) {
  forEachDevice(`refused: ${name}`, () => void assertThrows(call, kind, text), { on: ["cpu", "reference"] });
}

forEachDevice("captured functions take other places at each call, and refuse those outside", () => {
  const f = capture((
    x: Tensor,
    i: Tensor,
    v: Tensor,
  ) => [x.at(i, i), x.setAt([i], v), searchsorted(x.at(0), i, { right: true })]);
  const small = tensor([[1, 2], [3, 4]]),
    call = (...list: number[]) => {
      return f(small, places(...list), tensor([7, 8])).map((y) => y.toArray());
    };
  assertEquals(call(0, -1), [[1, 4], [[7, 8], [7, 8]], [0, 0]]);
  assertEquals(call(1, 1), [[4, 4], [[1, 2], [7, 8]], [1, 1]]);
  assertThrows(() => call(1, 2), RangeError, "must lie in");
  assertEquals(call(0, 1), [[1, 4], [[7, 8], [7, 8]], [0, 1]]);
  f[Symbol.dispose]();
});

forEachDevice("what is read cannot be captured", () => {
  const mask = tensor([true, false]), vector = tensor([1, 2]);
  for (const body of [() => vector.at(mask), () => mask.nonzero(), () => vector.unique().values]) {
    const f = capture(body);
    assertThrows(() => f(), Error, "Cannot capture: a value is read inside the function");
  }
});

forEachDevice("writes in place are seen by views, and refused to gradients that need what was there", () => {
  const w = zeros([2, 2], { requiresGrad: true }), row = w.at(0), y = w.square().sum();
  noGrad(() => w.assignAt([[0, 0], [1, 1]], tensor([3, 4])));
  assertEquals([w.toArray(), row.toArray()], [[[0, 4], [0, 0]], [0, 4]]);
  assertThrows(() => y.backward(), Error, "was overwritten since");
  const step = capture((t: Tensor, v: Tensor) => {
    t.assignAt("1", v);
  });
  const t = zeros([2, 2]);
  for (const value of [1, 2, 3]) {
    step(t, tensor(value));
    assertEquals(t.toArray(), [[0, 0], [value, value]]);
  }
  step[Symbol.dispose]();
});

forEachDevice("of many values for the same places the last stays, with its gradient", () => {
  const count = 1000, length = 37, list = Int32Array.from({ length: count }, (_, k) => (k * k * 7 + k) % length);
  const v = tensor(Float32Array.from({ length: count }, (_, k) => k + 1));
  const expected = new Array(length).fill(0), kept = new Array(count).fill(0);
  list.forEach((place, k) => expected[place] = k + 1);
  expected.forEach((value) => value > 0 && (kept[value - 1] = value));
  const put = (v: Tensor) => zeros([length]).setAt([tensor(list)], v);
  assertEquals(values(put(v)), expected);
  assertEquals(values(grad((v: Tensor) => put(v).square().sum().mul(0.5))(v) as Tensor), kept);
});

forEachDevice("under vmap each example has its own places, or shares them", () => {
  const xs = tensor([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]), v = tensor([[1, 2], [3, 4]]);
  const rows = tensor(Int32Array.of(0, 1, 1, 1), { shape: [2, 2] });
  const calls: Record<string, (x: Tensor, i: Tensor, v: Tensor) => Tensor> = {
    at: (x, i) => x.at(i, i.add(1)),
    setAt: (x, i, v) => x.setAt([":", i], v),
    basic: (x, _, v) => x.setAt(":, 1:", v),
    gather: (x, i) => x.gather(0, i.reshape([1, 2])),
    takeAlongAxis: (x, i) => x.takeAlongAxis(i.reshape([2, 1])),
    scatter: (x, i, v) => x.scatter(1, i.reshape([1, 2]), v.reshape([1, 2])),
    indexAdd: (x, i, v) => x.indexAdd(1, i, v),
    searchsorted: (x, _, v) => searchsorted(x.at(0), v),
    isin: (x, _, v) => x.isin(v),
    floats: (x, i) => x.at(i.cast("float32")),
  };
  const isShared = [rows.at(1), v.at(1)] as const;
  for (const [name, call] of Object.entries(calls)) {
    const each = stack([0, 1].map((k) => call(xs.at(k), rows.at(k), v.at(k))));
    assertEquals(vmap(call)(xs, rows, v).toArray(), each.toArray(), name);
    const alike = stack([0, 1].map((k) => call(xs.at(k), ...isShared)));
    assertEquals(vmap(call, { inAxes: [0, null, null] })(xs, ...isShared).toArray(), alike.toArray(), name);
  }
  const slopes = vmap(grad((x: Tensor, i: Tensor) => x.at(i).square().sum()))(xs, rows) as Tensor;
  assertEquals(slopes.at(1).toArray(), [[0, 0, 0], [40, 44, 48]]);
}, { on: ["cpu", "wasm", "reference"] });
