/** Elements in order, and the middle ones. */
import { capture, randn, type Tensor, tensor, vmap, zeros } from "../../mod.ts";
import * as ops from "../../core/tensor/ops/mod.ts";
import { assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

testOps("order", {
  SortedPlaces: { f: (a) => a.mul(new ops.SortedPlaces(-1).call(a.detach()).cast(a.dtype)), inputs: [[2, 3]] },
  MiddlePlace: { f: (a) => a.mul(new ops.MiddlePlace(0).call(a.detach()).cast(a.dtype)), inputs: [[2, 3]] },
  Median: { f: (a) => new ops.Median().call(a), inputs: [[5]] },
});

forEachDevice("sorted rows are examples of vmap, and captured", () => {
  const x = randn([3, 4, 5]), shares = x.quantile([0.2, 0.9], { axis: 1 });
  const functions = (axis: number) => [
    (each: Tensor) => each.sort(axis, { descending: true }).values,
    (each: Tensor) => each.median(axis).values,
    (each: Tensor) => each.quantile([0.2, 0.9], { axis }),
  ];
  const whole = [x.sort(1, { descending: true }).values, x.median(1).values, shares];
  functions(1).forEach((f, k) => {
    const captured = capture(f);
    for (let run = 0; run < 3; run++) assertEquals(values(captured(x)), values(whole[k]!));
    captured[Symbol.dispose]();
  });
  const expected = [whole[0]!, whole[1]!, shares.transpose([1, 0, 2])];
  functions(0).forEach((f, k) => assertEquals(values(vmap(f)(x)), values(expected[k]!)));
});

forEachDevice("the gradient of sorted elements is in their old places, also under vmap", () => {
  const x = tensor([[3, 1, 2], [0, 5, -1]], { requiresGrad: true }), weights = tensor([1, 10, 100]);
  x.sort().values.mul(weights).sum().backward();
  assertEquals(values(x.grad!), [100, 1, 10, 10, 100, 1]);
  assertEquals(values(vmap((row: Tensor) => row.topk(2).values)(x.detach())), [3, 2, 5, 0]);
});

forEachDevice("equal elements stand in the order of their places", () => {
  const x = tensor([0, 2, -0, NaN, 2, 0, NaN, -1]);
  assertEquals(values(x.argsort()), [7, 0, 2, 5, 1, 4, 3, 6]);
  assertEquals(values(x.argsort(0, { descending: true })), [3, 6, 1, 4, 0, 2, 5, 7]);
  assertEquals(values(x.topk(5).indices), [3, 6, 1, 4, 0]);
  assertEquals(values(x.topk(3, 0, { largest: false }).indices), [7, 0, 2]);
  const same = tensor([4, 4, 4, 4, 4]);
  assertEquals(values(same.median(0).indices), [2]);
  assertEquals(values(same.kthvalue(4).indices), [3]);
});

forEachDevice("wrong places and counts are refused", () => {
  const x = zeros([2, 3]),
    cases: [() => unknown, RegExp][] = [
      [() => x.sort(2), /^RangeError: Cannot sort: axis 2 must lie in \[-2, 2\)/],
      [() => x.argsort(-3), /^RangeError: Cannot argsort: axis -3 must lie in \[-2, 2\)/],
      [() => x.sort(0, { descending: 1 as never }), /^TypeError: Cannot sort: descending 1 must be true or false/],
      [() => x.topk(4), /^RangeError: Cannot topk: k 4 must be an integer of at most 3/],
      [() => x.topk(-1), /^RangeError: Cannot topk: k -1 must be an integer of at least 0/],
      [() => x.kthvalue(0), /^RangeError: Cannot kthvalue: k 0 must be an integer of at least 1/],
      [() => zeros([0]).median(), /^RangeError: Cannot median: tensor \[0\] has no elements/],
      [() => x.quantile(1.5), /^RangeError: Cannot quantile: q 1.5 must lie in \[0, 1\]/],
      [() => x.quantile(0.5, { interpolation: "odd" as never }), /^TypeError: Cannot quantile/],
      [
        () => new ops.SortedPlaces(0, false, 3).call(x),
        /^RangeError: Cannot sort: count 3 must be an integer of at most 2/,
      ],
    ];
  for (const [call, error] of cases) assertThrowsLike(call, error);
});
