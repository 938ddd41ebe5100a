/** The owners of tensors: scopes, adoption, and tasks that interleave. */
import { group, keep, memory, noGrad, optim, scope, Tensor, tensor, zeros } from "../mod.ts";
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

forEachDevice("noGrad refuses a promise", () => {
  assertThrows(() => noGrad(() => Promise.resolve(1)), TypeError);
});

forEachDevice("an op that fails leaves no memory behind", (device) => {
  const x = tensor([[1, 2], [3, 4]]);
  const before = memory().tensors;
  assertThrows(() => x.take([5]).toArray(), RangeError);
  assertThrowsLike(() => x.add(zeros([3])), /add: shapes \[2, 2\] and \[3\] do not broadcast/);
  assert(memory().tensors <= before + (isLate(device) ? 3 : 2), "only the operands may stay until the scope ends");
});

forEachDevice("gradients of parameters that a scope owns do not pile up in it", (device) => {
  using _ = scope();
  const parameter = new Tensor([1, 2]), optimizer = new optim.SGD([parameter], { lr: 0.1 });
  const step = () => {
    using _ = scope();
    optimizer.resetGrad();
    parameter.square().sum().backward();
    optimizer.step();
  };
  step();
  const before = memory(device);
  for (let k = 0; k < 50; k++) step();
  assertStrictEquals(memory(device).tensors, before.tensors);
});
