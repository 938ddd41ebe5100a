/** Functions whose intermediate results are computed again: the same gradients, the same random numbers, less memory. */
import {
  autocast,
  build,
  capture,
  checkpoint,
  grad,
  gradCheck,
  jvp,
  manualSeed,
  memory,
  nn,
  noGrad,
  placeholder,
  rand,
  randn,
  scope,
  Tensor,
  tensor,
} from "../mod.ts";
import {
  assert,
  assertClose,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "./support.ts";

const on = ["cpu", "wasm", "reference"], options = { dtype: "float64" } as const;

/** The gradients of a net's parameters and of its input, with and without a checkpoint around each block. */
function gradients(blocks: nn.Module[], isChecked: boolean): number[][] {
  manualSeed(3);
  const x = new Tensor([[1, -2, 3], [0.5, 1, -1]]), parameters = blocks.flatMap((block) => block.parameters());
  for (const each of parameters) each.resetGrad();
  let y: Tensor = x;
  for (const block of blocks) {
    const run = (x: Tensor) => (block as nn.Sequential).call(x);
    y = isChecked ? checkpoint(run, y) : run(y);
  }
  // The generator goes on as if nothing had been drawn twice.
  y.mul(rand([2, 3])).sum().backward();
  return [values(y), ...[x, ...parameters].map(({ grad }) => values(grad!)), values(rand([2]))];
}

forEachDevice("gradients of parameters and inputs are the same, with dropout too", () => {
  manualSeed(1);
  const block = () => new nn.Sequential(new nn.Linear(3, 8), new nn.Tanh(), new nn.Dropout(0.4), new nn.Linear(8, 3));
  const blocks = [block(), block(), block()];
  assertEquals(gradients(blocks, true), gradients(blocks, false));
}, { on, parameters: true });

forEachDevice("gradients reach all that the function closes over, along every way", () => {
  const w = new Tensor([2, 3], options), x = new Tensor([1, 4], options), u = new Tensor([5, 6], options);
  const h = w.mul(u);
  // h and w stand inside and outside; x is an input and closed over; nothing flows to the labels.
  const f = (run: (f: (x: Tensor, labels: Tensor) => Tensor, x: Tensor, labels: Tensor) => Tensor) => {
    const labels = tensor([1, 0], { dtype: "int32" });
    const y = run((x1, labels) => x1.mul(h).add(w.mul(x)).mul(labels.add(1)), x, labels);
    return y.mul(w).add(h).square().sum();
  };
  const all = () => [w, x, u].map(({ grad }) => values(grad!));
  f((g, x, labels) => g(x, labels)).backward(undefined, { retainGraph: true });
  const expected = all();
  for (const each of [w, x, u]) each.resetGrad();
  f(checkpoint).backward(undefined, { retainGraph: true });
  all().forEach((found, k) => assertClose(found, expected[k]!, { relative: 1e-14 }));
  // No input at all.
  w.resetGrad();
  checkpoint(() => w.square()).sum().backward();
  assertExact(values(w.grad!), [4, 6]);
  // Nothing that wants a gradient.
  const plain = checkpoint((x: Tensor) => x.mul(2), tensor([1]));
  assertEquals([plain.requiresGrad, plain.op, ...values(plain)], [false, null, 2]);
}, { on });

forEachDevice("several results, results that are inputs, and results to which nothing flows", () => {
  const x = new Tensor([1, 2]), y = new Tensor([3, 4]);
  const [sum, places, same, product] = checkpoint(
    (x: Tensor, y: Tensor) => [x.add(y), y.argmax(), x, x.mul(y)] as [Tensor, Tensor, Tensor, Tensor],
    x,
    y,
  );
  assertEquals([sum, places, same, product].map(({ requiresGrad }) => requiresGrad), [true, false, true, true]);
  assertStrictEquals(places.item(), 1);
  product.add(same.mul(10)).sum().backward();
  assertExact(values(x.grad!), [13, 14]);
  assertExact(values(y.grad!), [1, 2]);
}, { on });

forEachDevice("derivatives of any order, in both directions, and inside one another", () => {
  const w = new Tensor([0.5, -1.5], options), at = tensor([1, 2], options);
  const f = (x: Tensor) => checkpoint((x: Tensor) => x.mul(w).tanh().mul(x), x);
  gradCheck(f, [at], { order: 2 });
  gradCheck((x: Tensor) => grad((x: Tensor) => f(f(x)).sum())(x), [at], { order: 2 });
  gradCheck((x: Tensor, w: Tensor) => checkpoint((x: Tensor) => checkpoint((x: Tensor) => x.mul(w).sin(), x), x), [
    at,
    w,
  ]);
  const direct = (x: Tensor) => x.mul(w).tanh().mul(x);
  assertClose(values(jvp(f, [at], [at])[1]), values(jvp(direct, [at], [at])[1]), { relative: 1e-14 });
  f(at).sum().backward(undefined, { createGraph: true });
  const slope = w.grad!;
  w.resetGrad();
  slope.sum().backward();
  const found = values(w.grad!);
  w.resetGrad();
  direct(at).sum().backward(undefined, { createGraph: true });
  const wanted = w.grad!;
  w.resetGrad();
  wanted.sum().backward();
  assertClose(found, values(w.grad!), { relative: 1e-12 });
}, { on });

forEachDevice("what lies between is freed until the sweep", (device) => {
  const count = (isChecked: boolean) => {
    using _ = scope();
    const x = new Tensor([1, 2, 3]), before = memory(device).tensors;
    const f = (x: Tensor) => x.exp().add(1).log().square().sin();
    const y = isChecked ? checkpoint(f, x) : f(x), between = memory(device).tensors - before;
    y.sum().backward();
    return [between, values(x.grad!)] as const;
  };
  const [few, found] = count(true), [many, expected] = count(false);
  assertEquals([few, found], [1, expected]);
  assert(many >= 5, `${many}`);
}, { on });

forEachDevice("autocast is that of the first run", () => {
  const x = randn([2, 4], { requiresGrad: true }), w = randn([4, 3], { requiresGrad: true });
  const types: string[] = [];
  const f = (x: Tensor) => {
    const y = x.matmul(w);
    types.push(y.dtype);
    return y;
  };
  const y = autocast(() => checkpoint(f, x));
  y.sum().backward();
  assertEquals([y.dtype, ...types], ["bfloat16", "bfloat16", "bfloat16"]);
  assertEquals([x.grad!.dtype, w.grad!.dtype], ["float32", "float32"]);
}, { on });

forEachDevice("hooks on what is closed over are called once, with the whole gradient", () => {
  const w = new Tensor([1, 2]), x = new Tensor([3, 4]), seen: number[][] = [];
  using _ = w.onGradient((grad) => void seen.push(values(grad)));
  checkpoint((x: Tensor) => x.mul(w), x).add(w).sum().backward();
  assertEquals(seen, [[4, 5]]);
  assertExact(values(w.grad!), [4, 5]);
}, { on });

forEachDevice("a captured training step with checkpoints and dropout", () => {
  const train = (isChecked: boolean, isCaptured: boolean) => {
    manualSeed(5);
    const w = new Tensor([0.5, -0.5, 1]), x = tensor([1, 2, 3]), dropout = new nn.Dropout(0.5);
    const block = (x: Tensor) => dropout.call(x.mul(w)).add(dropout.call(x));
    const step = (x: Tensor) => {
      w.resetGrad();
      const y = isChecked ? checkpoint(block, x) : block(x), loss = y.square().sum();
      loss.backward();
      return loss;
    };
    using captured = capture(step);
    const found: number[] = [];
    for (let k = 0; k < 4; k++) {
      const loss = isCaptured ? captured(x) : step(x);
      found.push(loss.item(), ...values(w.grad!));
    }
    return found;
  };
  const expected = train(false, false);
  for (const [isChecked, isCaptured] of [[true, false], [true, true]] as const) {
    assertClose(train(isChecked, isCaptured), expected, { relative: 1e-6, what: `${isCaptured}` });
  }
}, { on });

forEachDevice("under noGrad the function just runs, and captured functions inside it are no matter", () => {
  const w = new Tensor([2]), x = tensor([3]);
  const y = noGrad(() => checkpoint((x: Tensor) => x.mul(w), x));
  assertEquals([y.requiresGrad, ...values(y)], [false, 6]);
  using product = capture((x: Tensor) => x.mul(w));
  product(x);
  checkpoint((x: Tensor) => product(x), x).sum().backward();
  assertExact(values(w.grad!), [3]);
}, { on });

forEachDevice("what a checkpoint cannot do, it refuses", () => {
  const x = new Tensor([1, 2]), w = new Tensor([3]);
  // deno-lint-ignore no-explicit-any
  const any = (value: unknown) => value as any;
  assertThrowsLike(() => checkpoint(any(3), x), /^TypeError: Cannot checkpoint: 3, it must be a function/);
  assertThrowsLike(() => checkpoint((x: Tensor) => x, any(3)), /^TypeError: Cannot checkpoint: 3, it must be a tensor/);
  assertThrowsLike(() => checkpoint(any(() => 3), x), /^TypeError: Cannot checkpoint: the function returned/);
  assertThrowsLike(
    () => checkpoint(any(async () => await x), x),
    /^TypeError: Cannot checkpoint: the function returned/,
  );
  let length = 2;
  const shrinking = checkpoint((x: Tensor) => x.at(`:${length--}`), x);
  assertThrowsLike(() => shrinking.sum().backward(), /^Error: Cannot checkpoint: the function returned other shapes/);
  // A weight that was written to since.
  const y = checkpoint((x: Tensor) => x.mul(w), x);
  w.data = tensor([4]);
  assertThrowsLike(() => y.sum().backward(), /^Error: Cannot differentiate: input 1 of Checkpoint.* was overwritten/);
  const place = placeholder([2]);
  using session = build([checkpoint((x: Tensor) => x.mul(w), place)]);
  assertThrowsLike(
    () => session.run({ feeds: [[place, tensor([1, 2])]] }),
    /^Error: Cannot checkpoint: a built graph cannot run a function again that closes over tensors/,
  );
  using other = build([checkpoint((x: Tensor) => x.mul(2), place)]);
  for (const list of [[1, 2], [3, 4]]) {
    assertExact(values(other.run({ feeds: [[place, tensor(list)]] })[0]!), list.map((each) => 2 * each));
  }
}, { on });
