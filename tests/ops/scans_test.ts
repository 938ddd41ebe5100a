/** Scans: ops that join the elements up to each one along an axis. */
import { capture, grad, ops, setThreads, type Tensor, tensor, vmap } from "../../mod.ts";
import { bitsOf } from "../arrays.ts";
import { assertClose, assertEquals, assertExact, assertThrowsLike, forEachDevice, values } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("scans", {
  CumSum: { f: (a) => a.cumsum(1), inputs: [m] },
  "CumSum from the end": { f: (a) => new ops.CumSum(0, true).call(a), inputs: [[3, 2]] },
  CumProd: { f: (a) => a.cumprod(1), inputs: [m] },
  "CumProd from the end": { f: (a) => new ops.CumProd(0, true).call(a), inputs: [[3, 2]] },
  LogCumSumExp: { f: (a) => a.logcumsumexp(1), inputs: [m], ulps: 16 },
  LinearRecurrence: { f: (a, b) => b!.linearRecurrence(a!, { axis: 0 }), inputs: [[3, 2], [3, 2]] },
  "LinearRecurrence from the end": {
    f: (a, b) => new ops.LinearRecurrence(-1, true).call(a!, b!),
    inputs: [[3], [2, 3]],
  },
  "CumMax values": { f: (a) => a.cummax(1)[0], inputs: [[2, 4]], order: 1 },
  "CumMin places": { f: (a) => a.cummin(0)[1], inputs: [[4, 2]], order: 0 },
});

forEachDevice("a scan from the end is that of the reversed elements", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  assertExact(values(new ops.CumSum(1, true).call(x)), [6, 5, 3, 15, 11, 6]);
  assertExact(values(new ops.CumProd(0, true).call(x)), [4, 10, 18, 4, 5, 6]);
});

// PyTorch 2.15: torch.autograd.functional.hessian of a.cumprod(0).sum().
forEachDevice("running products have their derivatives of every order at zeros", () => {
  const hessian = (x: number[]) =>
    x.map((_, k) => values(grad((x: Tensor) => grad((x: Tensor) => x.cumprod(0).sum())(x).at(k))(tensor(x))));
  assertEquals(hessian([0, 0, 2]), [[0, 3, 0], [3, 0, 0], [0, 0, 0]]);
  assertEquals(hessian([2, 0, 3]), [[0, 4, 0], [4, 0, 2], [0, 2, 0]]);
});

forEachDevice("logcumsumexp takes any range of numbers", () => {
  const far = [-1000, 1000, -Infinity, 1000, -1000], x = tensor(far, { dtype: "float64" });
  assertClose(values(x.logcumsumexp(0)), [-1000, 1000, 1000, 1000 + Math.LN2, 1000 + Math.LN2]);
  assertExact(values(tensor([-Infinity, -Infinity, Infinity, 1]).logcumsumexp(0)), [
    -Infinity,
    -Infinity,
    Infinity,
    Infinity,
  ]);
  const slope = grad((x: Tensor) => x.logcumsumexp(0).sum())(tensor([-1000, 1000, 0]));
  assertClose(values(slope), [1, 2, 0]);
});

forEachDevice("vmap and capture give the bits of a call", () => {
  const x = tensor([[3, 1, 2], [-1, NaN, 4], [2, 2, 2]]), a = tensor([0.5, -2, 3]);
  const calls: readonly ((x: Tensor) => readonly Tensor[])[] = [
    (x) => [x.cumsum(0), x.cumprod(-1), x.logcumsumexp(0)],
    (x) => x.cummax(0),
    (x) => [x.linearRecurrence(a, { initial: 2 })],
  ];
  for (const f of calls) {
    const apart = [0, 1, 2].map((k) => f(x.at(k)).map((y) => values(y))), count = apart[0]!.length;
    for (let k = 0; k < count; k++) {
      const whole = vmap((x: Tensor) => f(x)[k]!)(x);
      assertExact(values(whole), apart.flatMap((each) => each[k]!));
      const captured = capture((x: Tensor) => f(x)[k]!);
      for (let turn = 0; turn < 3; turn++) assertExact(values(captured(x.at(0))), apart[0]![k]!);
    }
  }
  // Captured programs keep their constants.
}, { parameters: true });

forEachDevice("a scan has the same bits for any layout and number of threads", () => {
  const long = tensor(Float32Array.from({ length: 70_000 }, (_, k) => Math.sin(k * k)));
  for (const f of [(x: Tensor, axis: number) => x.cumsum(axis), (x: Tensor, axis: number) => x.logcumsumexp(axis)]) {
    const shapes: readonly [number[], number][] = [[[70_000], 0], [[70_000, 1], 0], [[35_000, 2], 0], [[10, 7000], 1]];
    for (const [shape, axis] of shapes) {
      const x = long.reshape(shape), across = () => x.transpose().mul(1).transpose();
      const runs = [1, 2, 3].flatMap((threads) => {
        setThreads(threads);
        return [x, ...(shape.length > 1 ? [across()] : [])].map((x) => bitsOf(f(x, axis).toTypedArray()));
      });
      for (const bits of runs) assertEquals(bits, runs[0]!);
    }
  }
  setThreads(1);
}, { on: ["cpu", "wasm"], parameters: true });

forEachDevice("scans refuse what does not fit", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  assertThrowsLike(() => x.cumsum(2), /^RangeError: Cannot cumsum: axis 2 must lie in \[-2, 2\)/);
  assertThrowsLike(() => x.cummax(-3), /^RangeError: Cannot cummax: axis -3 must lie in \[-2, 2\)/);
  assertThrowsLike(() => tensor(1).diff(), /^TypeError: Cannot diff: a tensor without axes, it must have one/);
  assertThrowsLike(() => x.diff({ n: -1 }), /^RangeError: Cannot diff: /);
  assertThrowsLike(
    () => x.trapezoid({ x: tensor([1, 2]) }),
    /^TypeError: Cannot trapezoid: x of shape \[2\] for \[2, 3\] along axis 1/,
  );
  assertThrowsLike(() => x.trapezoid({ x, dx: 1 }), /^TypeError: Cannot trapezoid: both x and dx are given/);
  assertThrowsLike(
    () => x.linearRecurrence(1, { axis: 0, initial: tensor([1, 2]) }),
    /^TypeError: Cannot linearRecurrence: initial of shape \[2\], it must stretch to \[3\]/,
  );
});
