/** Hooks on the gradients of tensors: when they are called, with what, and what becomes of what they return. */
import { capture, Cos, grad, keep, memory, type NDArray, noGrad, Sin, Tensor, tensor, TensorTupleOp } from "../mod.ts";
import { assertEquals, assertExact, assertStrictEquals, assertThrowsLike, forEachDevice, values } from "./support.ts";

const on = ["cpu", "wasm", "reference"];

forEachDevice("a hook gets the whole gradient, once in a sweep, and may replace it", () => {
  const x = new Tensor([1, 2]), seen: number[][] = [];
  const y = x.mul(3);
  using _ = y.onGradient((grad) => {
    seen.push(values(grad));
    return grad.mul(10);
  });
  // Three ways lead to y: their sum is 1 + 2 + 4.
  y.add(y.mul(2)).add(y.mul(4)).sum().backward();
  assertEquals(seen, [[7, 7]]);
  assertExact(values(x.grad!), [210, 210]);
}, { on });

forEachDevice("a leaf's hook is called before .grad, with what this sweep brings", () => {
  const x = new Tensor([1, 2]), seen: number[][] = [];
  const hook = x.onGradient((grad) => void seen.push(values(grad)));
  x.mul(3).sum().backward();
  x.mul(4).sum().backward();
  assertEquals(seen, [[3, 3], [4, 4]]);
  assertExact(values(x.grad!), [7, 7]);
  hook.dispose();
  hook.dispose();
  x.sum().backward();
  assertEquals(seen.length, 2);
  x.resetGrad();
  // In the order in which they were put there; each gets what the one before returned.
  using _ = x.onGradient((grad) => grad.add(1)), __ = x.onGradient((grad) => grad.mul(10));
  x.sum().backward();
  assertExact(values(x.grad!), [20, 20]);
}, { on });

forEachDevice("one function put on a tensor twice is called twice, and taken off once", () => {
  const x = new Tensor([1]), double = (grad: Tensor) => grad.mul(2);
  const first = x.onGradient(double);
  using _ = x.onGradient(double);
  assertExact(values(grad((x: Tensor) => x.sum())(x)), [1]);
  x.sum().backward();
  assertExact(values(x.grad!), [4]);
  first.dispose();
  x.sum().backward();
  assertExact(values(x.grad!), [6]);
}, { on });

forEachDevice("hooks inside grad, and in gradients that are differentiated again", () => {
  const cube = (x: Tensor) => {
    const y = x.pow(3);
    y.onGradient((grad) => grad.mul(2));
    return y.sum();
  };
  assertExact(values(grad(cube)(tensor([2]))), [24]);
  assertExact(values(grad((x: Tensor) => grad(cube)(x).sum())(tensor([2]))), [24]);
  const own = (x: Tensor) => {
    x.onGradient((grad) => grad.mul(5));
    return x.sum();
  };
  assertExact(values(grad(own)(tensor([2]))), [5]);
  // What a hook computes is on the graph: the gradient 2 x · x has the derivative 4 x.
  const x = new Tensor([3]), y = x.square();
  using _ = x.onGradient((grad) => grad.mul(x));
  y.sum().backward(undefined, { createGraph: true });
  const first = x.grad!;
  assertExact(values(first), [18]);
  x.resetGrad();
  _.dispose();
  first.sum().backward();
  assertExact(values(x.grad!), [12]);
}, { on });

/** Sine and cosine. */
class SinCos extends TensorTupleOp {
  compute(a: NDArray) {
    return [new Sin().compute(a), new Cos().compute(a)];
  }
  gradient([toSin, toCos]: readonly (Tensor | null)[], [sin, cos]: readonly Tensor[]) {
    const fromSin = toSin?.mul(cos!), fromCos = toCos?.mul(sin!).neg();
    return fromSin && fromCos ? fromSin.add(fromCos) : (fromSin ?? fromCos)!;
  }
}

forEachDevice("hooks on the results of an op with several", () => {
  const x = new Tensor([0]), [sin, cos] = new SinCos().call(x), seen: string[] = [];
  using _ = sin!.onGradient((grad) => {
    seen.push(`sin ${values(grad)}`);
    return grad.mul(3);
  });
  using __ = cos!.onGradient((grad) => void seen.push(`cos ${values(grad)}`));
  sin!.mul(2).add(cos!.mul(5)).sum().backward();
  assertEquals(seen.sort(), ["cos 5", "sin 2"]);
  assertExact(values(x.grad!), [6]);
}, { on });

forEachDevice("what hooks make is freed with the sweep, unless it is kept", (device) => {
  const x = new Tensor([1, 2, 3]), kept: Tensor[] = [];
  using _ = x.onGradient((grad) => {
    kept.push(keep(grad));
    return grad.mul(2).add(1);
  });
  x.mul(2).sum().backward();
  x.resetGrad();
  const before = memory(device).tensors;
  x.mul(2).sum().dispose();
  x.mul(2).sum().backward();
  assertExact(values(kept[1]!), [2, 2, 2]);
  assertExact(values(x.grad!), [5, 5, 5]);
  assertStrictEquals(memory(device).tensors > before, true);
  for (const each of kept) each.dispose();
}, { on });

forEachDevice("a captured function replays what hooks computed, and records anew for others", () => {
  const w = new Tensor([1, 2]), x = tensor([3, 4]);
  let calls = 0;
  using step = capture((x: Tensor) => {
    const y = w.mul(x);
    y.onGradient((grad) => {
      calls++;
      return grad.mul(2);
    });
    w.resetGrad();
    y.sum().backward();
  });
  for (let k = 0; k < 3; k++) {
    step(x);
    assertExact(values(w.grad!), [6, 8]);
  }
  assertEquals(calls, 1);
  {
    using _ = w.onGradient((grad) => grad.neg());
    for (let k = 0; k < 2; k++) {
      step(x);
      assertExact(values(w.grad!), [-6, -8]);
    }
  }
  step(x);
  assertExact(values(w.grad!), [6, 8]);
}, { on });

forEachDevice("what is no hook, and no gradient, is refused", () => {
  const x = new Tensor([1, 2]);
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  assertThrowsLike(() => x.onGradient(any(3)), /^TypeError: Cannot onGradient: 3, it must be a function/);
  const constant = tensor([1]);
  assertThrowsLike(
    () => constant.onGradient(() => {}),
    /^Error: Cannot onGradient: tensor \[1\] does not require a gradient/,
  );
  assertThrowsLike(() => noGrad(() => x.mul(2)).onGradient(() => {}), /does not require a gradient/);
  const answers: [answer: unknown, message: RegExp][] = [
    [3, /^TypeError: Cannot onGradient: 3, it must be a tensor/],
    [Promise.resolve(), /^TypeError: Cannot onGradient: a Promise, it must be a tensor/],
    [tensor([1]), /^TypeError: Cannot onGradient: gradient of shape \[1\] for a tensor of shape \[2\]/],
  ];
  for (const [answer, message] of answers) {
    using _ = x.onGradient(() => any(answer));
    assertThrowsLike(() => x.sum().backward(), message);
  }
  {
    using _ = x.onGradient((grad) => grad.cast("float64"));
    x.sum().backward();
    assertStrictEquals(x.grad!.dtype, "float32");
  }
  x.resetGrad();
  x.sum().backward();
  assertExact(values(x.grad!), [1, 1]);
}, { on });
