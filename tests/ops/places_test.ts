/** Elements in another place or type: picked by index, on another device, cast. */
import { capture, type Tensor, tensor, zeros } from "../../mod.ts";
import { assertEquals, assertThrows, forEachDevice } from "../support.ts";
import { testOps } from "./agreement.ts";

const m = [2, 3];

testOps("places", {
  ToDevice: { f: (a) => a.to("wasm").mul(2).to(a.device), inputs: [m] },
  Cast: { f: (a) => a.cast("float64"), inputs: [m] },
  Take: { f: (a) => a.take([2, 0, 2], 1), inputs: [m] },
});

forEachDevice("a wrong index is refused though no element would be moved", (device) => {
  const wrong = tensor(Int32Array.from([5])), right = tensor(Int32Array.from([2])), one = zeros([1]);
  const cases: [shape: number[], axis: number][] = [[[3, 0], 0], [[2, 0, 3], 2], [[0, 3], 0], [[0, 3, 2], 1]];
  for (const [shape, axis] of cases) {
    const call = (index: Tensor) => {
      const taken = zeros(shape).take(index, axis);
      // A GPU says so at the next read.
      one.item();
      return taken;
    };
    const step = capture((x: Tensor, index: Tensor) => x.take(index, axis));
    assertThrows(() => call(wrong), RangeError, "5", `${shape} ${axis} on ${device}`);
    if (shape[axis] === 0) continue;
    assertEquals(call(right).shape, shape.map((length, k) => k === axis ? 1 : length));
    step(zeros(shape), right);
    assertThrows(() => [step(zeros(shape), wrong), one.item()], RangeError, "5");
    const x = zeros(shape, { requiresGrad: true });
    x.take(right, axis).sum().backward();
    assertEquals(x.grad!.shape, shape);
    step[Symbol.dispose]();
  }
});
