/** The owners of tensors: scopes, adoption, and tasks that interleave. */
import { collectGarbage } from "../core/host/collector.ts";
import { outsideScopes } from "../core/internal.ts";
import {
  autocast,
  capture,
  group,
  keep,
  live,
  memory,
  type NDArray,
  nn,
  noGrad,
  ones,
  ops,
  optim,
  scope,
  Tensor,
  tensor,
  TensorOp,
  TensorTupleOp,
  zeros,
} from "../mod.ts";
import {
  assert,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrows,
  assertThrowsLike,
  delay,
  forEachDevice,
  isLate,
  values,
} from "./support.ts";

forEachDevice("a scope frees what was made inside it, and says so to whoever reads it", () => {
  const before = memory().bytes;
  let lost: Tensor;
  {
    using _ = scope();
    lost = zeros([64, 10]).add(1);
  }
  assertStrictEquals(memory().bytes, before);
  assertThrowsLike(() => lost.toArray(), /\[64, 10\]: the scope opened in lifetimes_test.ts:\d+ freed it; keep\(\) it/);
});

forEachDevice("a loop that opens scopes for long still says where", () => {
  let lost: Tensor | null = null;
  for (let k = 0; k < 3000; k++) {
    using _ = scope();
    if (k === 2999) lost = zeros([2]).add(1);
  }
  assertThrowsLike(() => lost!.toArray(), /\[2\]: the scope opened in lifetimes_test.ts:\d+ freed it; keep\(\) it/);
});

forEachDevice("keep() moves a tensor to the enclosing scope", () => {
  const before = memory().tensors;
  {
    using _ = scope();
    let kept: Tensor;
    {
      using _ = scope();
      kept = keep(zeros([2]).add(1));
    }
    assertExact(values(kept), [1, 1]);
  }
  assertStrictEquals(memory().tensors, before);
});

forEachDevice("views keep their storage alive", () => {
  let view: Tensor;
  {
    using _ = scope();
    view = tensor([[1, 2], [3, 4]]).transpose().keep();
  }
  assertExact(values(view), [1, 3, 2, 4]);
});

forEachDevice("gradients accumulate over several scopes", () => {
  const x = new Tensor([1, 2]);
  for (let k = 0; k < 3; k++) {
    using _ = scope();
    x.square().sum().backward();
  }
  assertExact(values(x.grad!), [6, 12]);
  x.resetGrad();
});

forEachDevice("assigning data copies into place", () => {
  const x = new Tensor([1, 2]);
  {
    using _ = scope();
    x.data = x.data.mul(10);
  }
  assertExact(values(x), [10, 20]);
});

forEachDevice("two interleaved async loops do not free each other's tensors", async () => {
  const loop = (id: number) =>
    scope(async () => {
      for (let k = 0; k < 5; k++) {
        await scope(async () => {
          const x = tensor([id, k]);
          await delay((id * 3 + k) % 4);
          assertExact(values(x.add(1)), [id + 1, k + 1]);
        });
      }
    });
  await Promise.all([loop(1), loop(2)]);
});

forEachDevice("closing a scope that is not the innermost throws", () => {
  const outer = scope(), inner = scope();
  assertThrowsLike(() => outer[Symbol.dispose](), /not the innermost/);
  inner[Symbol.dispose]();
  outer[Symbol.dispose]();
});

forEachDevice("group() keeps what is returned, at any depth, and frees the rest where no graph is recorded", () => {
  const x = tensor([1, 2]), inner: Tensor[] = [];
  const returned: [name: string, of: (y: Tensor) => unknown][] = [
    ["a tensor", (y) => y],
    ["a list", (y) => [y, 1]],
    ["an object", (y) => ({ y, name: "y" })],
    ["nested", (y) => ({ all: [{ y }, [y, y]], none: null })],
  ];
  for (const [name, of] of returned) {
    const before = memory().tensors;
    const made: Tensor[] = [];
    const result = noGrad(() =>
      group(() => {
        inner.push(x.mul(2));
        made.push(inner.at(-1)!.add(1));
        return of(made[0]!);
      })
    );
    assertEquals(result, of(made[0]!), name);
    assertExact(values(made[0]!), [3, 5]);
    assertThrowsLike(() => inner.at(-1)!.array, /the scope opened in group\(\) freed it/);
    assertStrictEquals(memory().tensors, before + 1, name);
  }
});

forEachDevice("group() frees nothing that a Map, an instance or a function may hold", () => {
  const x = tensor([1, 2]);
  const returned: [name: string, of: (y: Tensor) => unknown, find: (result: never) => Tensor][] = [
    ["a Map", (y) => new Map([["y", y]]), (result: Map<string, Tensor>) => result.get("y")!],
    ["an instance", (y) => [
      new (class {
        y = [y];
      })(),
    ], ([result]: { y: Tensor[] }[]) => result!.y[0]!],
    ["a function", (y) => ({ of: () => y }), (result: { of: () => Tensor }) => result.of()],
    ["an iterator", (y) => [y].values(), (result: Iterator<Tensor>) => result.next().value],
  ];
  for (const [name, of, find] of returned) {
    const before = memory().tensors;
    {
      using _ = scope();
      const result = noGrad(() => group(() => of(x.mul(2).add(1))));
      assertExact(values(find(result as never)), [3, 5], name);
    }
    assertStrictEquals(memory().tensors, before, name);
  }
});

forEachDevice("group() refuses a promise and a result without an end", () => {
  const refused = /^TypeError: Cannot group: the function returned a promise, it must be synchronous$/;
  assertThrowsLike(() => group(() => Promise.resolve(1)), refused);
  assertThrowsLike(() => noGrad(() => group(() => Promise.resolve(1))), refused);
  const endless: unknown[] = [];
  endless.push(endless);
  assertThrowsLike(
    () => noGrad(() => group(() => endless)),
    /^TypeError: Cannot group: the result has a list that holds itself/,
  );
  assertThrowsLike(() => group(1 as never), /^TypeError: Cannot group: 1, it must be a function/);
});

Deno.test("what has something still to run is refused by all that would have ended by then", async () => {
  const failing = () => Promise.reject(new Error("on purpose"));
  const late: [kind: string, body: () => unknown][] = [
    ["promise", () => Promise.resolve(1)],
    ["promise", failing],
    ["promise", () => ({ then: (done: (value: number) => void) => done(1) })],
    ["promise", () => [1, failing(), failing()]],
    ["promise", () => ({ value: failing() })],
    ["generator", function* () {}],
    ["generator", async function* () {}],
  ];
  const run: Record<string, (body: () => unknown) => unknown> = {
    noGrad,
    autocast,
    group,
    "group under noGrad": (body) => noGrad(() => group(body)),
    capture: (body) => capture(body)(),
  };
  for (const [name, refuse] of Object.entries(run)) {
    for (const [kind, body] of late) {
      const action = name.split(" ")[0];
      assertThrowsLike(
        () => refuse(body),
        RegExp(`^TypeError: Cannot ${action}: the function returned a ${kind}, it must be synchronous$`),
      );
    }
  }
  await delay(1);
});

forEachDevice("an op that fails leaves no memory behind", (device) => {
  const x = tensor([[1, 2], [3, 4]]);
  const before = memory().tensors;
  assertThrows(() => x.take([5]).toArray(), RangeError);
  assertThrowsLike(() => x.add(zeros([3])), /add: shapes \[2, 2\] and \[3\] do not broadcast/);
  assert(memory().tensors <= before + (isLate(device) ? 3 : 2), "only the operands may stay until the scope ends");
});

forEachDevice("a number that cannot be had leaves no memory behind, and what follows is computed", () => {
  const x = ones([3, 2]), eps = "a";
  // The constructors would refuse the text.
  const layer = Object.assign(new nn.LayerNorm1d(2), { eps }), batch = Object.assign(new nn.BatchNorm1d(2), { eps });
  const failing = () => {
    throw new RangeError("on purpose");
  };
  const bad: [name: string, body: () => unknown][] = [
    ["a live number that throws", () => live(failing)],
    ["among operands", () => x.neg().mul(live(failing))],
    ["in a capture", () => capture((x: Tensor) => x.neg().mul(live(failing)).add(1))(x)],
    ["eps of a layer", () => layer.call(x)],
    ["eps of a batch", () => batch.call(x)],
    ["a symbol", () => new ops.AddScalar(Symbol("a") as unknown as number).call(x)],
    ["a bigint", () => new ops.MulScalar(1n as unknown as number).call(x)],
  ];
  for (const [name, body] of bad) {
    const before = memory();
    {
      using _ = scope();
      assertThrows(body);
    }
    assertStrictEquals(memory().tensors, before.tensors, name);
    assertStrictEquals(memory().bytes, before.bytes, name);
    assertExact(values(x.add(1)), [2, 2, 2, 2, 2, 2], name);
  }
}, { parameters: true });

/** A training step of two parameters, in a scope of its own. */
function smallStep(): () => void {
  const parameter = new Tensor([1, 2]), optimizer = new optim.SGD([parameter], { lr: 0.1 });
  return () => {
    using _ = scope();
    optimizer.resetGrad();
    parameter.square().sum().backward();
    optimizer.step();
  };
}

forEachDevice("gradients of parameters that a scope owns do not pile up in it", (device) => {
  using _ = scope();
  const step = smallStep();
  step();
  const before = memory(device);
  for (let k = 0; k < 50; k++) step();
  assertStrictEquals(memory(device).tensors, before.tensors);
});

/** Bytes of the JavaScript heap that are no garbage. */
function heap(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}

forEachDevice("a loop in scopes that never awaits leaves nothing on the heap", () => {
  const step = smallStep();
  // The first scopes take stacks, which are kept.
  for (let k = 0; k < 2000; k++) step();
  const before = heap();
  for (let k = 0; k < 4000; k++) step();
  // A tensor with its array and shape takes some 300 bytes, and each step makes six.
  const left = (heap() - before) / 4000;
  assert(left < 100, `${left} bytes a step`);
}, { parameters: true });

forEachDevice("memory that no scope owns is given back in a loop that never awaits", (device) => {
  const megabyte = 2 ** 18, before = memory(device).bytes;
  let most = 0;
  outsideScopes(() => {
    const kept = zeros([megabyte]).add(1);
    for (let k = 0; k < 700; k++) {
      zeros([megabyte]);
      most = Math.max(most, memory(device).bytes - before);
    }
    assertStrictEquals(kept.at("-1").item(), 1);
    kept.dispose();
  });
  // Collections come after 256 MiB, of which each leaves what is young.
  assert(most < 520 * 2 ** 20, `${most} bytes`);
}, { on: ["cpu", "wasm", "opencl"], parameters: true });

forEachDevice("small tensors that no scope owns never use up the handles", (device) => {
  outsideScopes(() => {
    const x = zeros([1]);
    let most = 0;
    for (let k = 0; k < 200_000; k++) {
      x.neg();
      if (k % 1000 === 0) most = Math.max(most, memory(device).tensors);
    }
    assert(most < 150_000, `${most} tensors`);
    x.dispose();
  });
}, { on: ["cpu", "wasm"], parameters: true });

forEachDevice("captured functions that are dropped give back what they held in a loop that never awaits", (device) => {
  const weight = new Tensor(Array.from({ length: 8192 }, (_, k) => k));
  let most = 0;
  const before = memory(device).bytes;
  for (let k = 0; k < 2500; k++) {
    using _ = scope();
    // The function holds the numbers that it was recorded with, 64 KiB or more.
    const step = capture(() => weight.mul(tensor(new Float32Array(16384).fill(k)).at(":8192")).sum().backward());
    step();
    weight.resetGrad();
    most = Math.max(most, memory(device).bytes - before);
  }
  // A collection comes after a thousand functions.
  assert(most < 2000 * 2 ** 16, `${most} bytes`);
}, { on: ["cpu", "wasm"], parameters: true });

/** Ops whose results are arrays that some tensor has already. */
class Same extends TensorOp {
  compute(a: NDArray): NDArray {
    return a;
  }
  gradient(outGrad: Tensor): Tensor {
    return outGrad;
  }
}
class Twice extends TensorTupleOp {
  compute(a: NDArray): NDArray[] {
    return [a, a];
  }
  gradient(outGrads: readonly (Tensor | null)[]): Tensor {
    return outGrads.reduce((sum, each) => sum === null ? each : each === null ? sum : sum.add(each), null)!;
  }
}
class Constant extends TensorOp {
  constructor(readonly make: () => Tensor) {
    super();
  }
  compute(_: NDArray): NDArray {
    return this.make().array;
  }
  gradient(): null[] {
    return [null];
  }
}
class Disposing extends TensorOp {
  compute(a: NDArray): NDArray {
    const own = a.share();
    a.dispose();
    return own;
  }
  gradient(outGrad: Tensor): Tensor {
    return outGrad;
  }
}

forEachDevice("the result of an op that answers its input has memory of its own to free", () => {
  for (const wrap of [<F>(f: F) => f, capture] as (<F extends (x: Tensor) => Tensor[]>(f: F) => F)[]) {
    const x = new Tensor([1, 2]);
    const calls: Record<string, (x: Tensor) => Tensor[]> = {
      same: (x) => [new Same().call(x), new Same().call(new Same().call(x))],
      twice: (x) => [...new Twice().call(x)],
      disposing: (x) => [new Disposing().call(x), x.mul(1)],
    };
    for (const [name, call] of Object.entries(calls)) {
      const run = wrap(call);
      for (let k = 0; k < 3; k++) {
        const [a, b] = run(x);
        a!.dispose();
        assertExact([values(b!), values(x)], [[1, 2], [1, 2]], name);
        b!.dispose();
        assertExact(values(x), [1, 2], name);
      }
      (run as Partial<Disposable>)[Symbol.dispose]?.();
    }
    x.dispose();
  }
});

forEachDevice("the array of a tensor that compute() makes outlives that tensor", () => {
  const x = tensor([0, 0]);
  {
    const y = new Constant(() => tensor([3, 4])).call(x);
    assertExact(values(y), [3, 4]);
  }
  let kept: Tensor;
  {
    using _ = scope();
    kept = new Constant(() => tensor([3, 4])).call(x).keep();
  }
  assertExact(values(kept), [3, 4]);
  outsideScopes(() => {
    const constant = tensor([5, 6]), y = new Constant(() => constant).call(x);
    const made = new Constant(() => {
      const array = tensor([7, 8]).array;
      // The tensor is garbage while its array is still to be used.
      for (let k = 0; k < 2500; k++) zeros([1]);
      collectGarbage();
      return { array } as Tensor;
    }).call(x);
    for (let k = 0; k < 2500; k++) zeros([1]);
    constant.dispose();
    assertExact([values(y), values(made)], [[5, 6], [7, 8]]);
    for (const each of [y, made]) each.dispose();
  });
}, { parameters: true });
