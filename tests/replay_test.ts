/** The limits of captured functions: refused functions and arguments, memory that is held and given back, and errors. */
import {
  capture,
  grad,
  jvp,
  live,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  scope,
  setDefaultDevice,
  Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import { bits, trainer } from "./captures.ts";
import {
  assert,
  assertEquals,
  assertExact,
  assertMatch,
  assertNotEquals,
  assertRejectsLike,
  assertStrictEquals,
  assertThrows,
  assertThrowsLike,
  forEachDevice,
  isLate,
  values,
} from "./support.ts";

const parameters = { parameters: true };
const labels = (...places: number[]) => tensor(Int32Array.from(places));
const other = (device: string) => device === "wasm" ? "reference" : "wasm";
/** Fails unless there are as many tensors and bytes after `body` as before. */
const leavesNothing = (body: () => void) => {
  const { tensors, bytes } = memory();
  body();
  const after = memory();
  assertEquals([after.tensors, after.bytes], [tensors, bytes]);
};

const schedule = new optim.StepDecay(new optim.SGD([new Tensor([1], { device: "reference" })]), { stepSize: 1 });

/** Functions that must not be captured, and the messages. */
const refused: [name: string, f: (x: Tensor) => unknown, message: RegExp][] = [
  ["item()", (x) => x.sum().item(), /^Error: Cannot capture: a value is read inside the function$/],
  ["toArray()", (x) => x.toArray(), /a value is read/],
  ["a promise", (x) => Promise.resolve(x.add(1)), /^TypeError: .* returned a promise, it must be synchronous/],
  ["a step of a schedule", (x) => [x.add(1), schedule.step()], /a schedule is stepped/],
  ["manualSeed()", (x) => [x.add(1), manualSeed(1)], /manualSeed\(\) is called/],
  ["async() of another", (x) => capture((y: Tensor) => y).async(x), /async\(\) is called/],
  ["two devices", (x) => x.add(1).add(ones([], { device: other(x.device) })), /the function uses \w+ beside \w+/],
  ["backward() beyond an input", (x) => x.square().sum().backward(), /into the graph of an input; pass it detached/],
  ["a result that it freed", (x) => {
    const [y, z] = [x.add(1), x.add(2)];
    z!.dispose();
    return [y, z];
  }, /dispose\(\) freed it/],
  ["what the function throws", (x) => x.matmul(tensor([[1, 2, 3]])), /Cannot matmul/],
];
for (const [name, f, message] of refused) {
  forEachDevice(`capture refuses ${name}, and leaves nothing`, () => {
    using step = capture((x: Tensor, good: boolean) => good ? x.mul(2) : f(x));
    const x = new Tensor([1, 2]).mul(3);
    for (let k = 0; k < 2; k++) {
      leavesNothing(() => assertThrowsLike(() => step(x, false), message));
      leavesNothing(() => {
        using _ = scope();
        assertExact(values(step(tensor([1, 2]), true) as Tensor), [2, 4]);
      });
      // From the second round on the function has a program.
      if (k === 0) step(tensor([1, 2]), true);
    }
  });
}

/** A list that holds itself, directly or in the value that `hold` makes of it. */
const endless = (hold: (list: unknown[]) => unknown = (list) => list) => {
  const list: unknown[] = [];
  list.push(hold(list));
  return list;
};
/** Arguments that are refused: objects that could change without becoming others, and circles. */
const unfit: [name: string, make: () => unknown, message: RegExp][] = [
  ["a Map", () => new Map([["scale", 2]]), /^TypeError: Cannot capture: argument 1 is a Map, it must be of tensors, /],
  ["a Set in a list", () => [1, new Set([2])], /argument 1 holds a Set, /],
  ["a module in an object", () => ({ of: { net: new nn.Identity() } }), /argument 1 holds an Identity, /],
  ["an optimizer", () => schedule.optimizer, /argument 1 is an? SGD, /],
  ["a typed array", () => Float32Array.of(1), /argument 1 is a Float32Array, /],
  ["a function", () => () => 2, /argument 1 is a function, /],
  ["a list that holds itself", () => endless(), /argument 1 has a list that holds itself, it must have an end$/],
  ["a list in an object in that list", () => endless((list) => ({ list })), /argument 1 has a list that holds itself/],
];
for (const [name, make, message] of unfit) {
  forEachDevice(`capture refuses ${name} as an argument, and leaves nothing`, async () => {
    let runs = 0;
    using step = capture((x: Tensor, _: unknown) => {
      runs++;
      return x.mul(2);
    });
    const x = tensor([1, 2]);
    for (let k = 0; k < 2; k++) {
      leavesNothing(() => assertThrowsLike(() => step(x, make()), message));
      await assertRejectsLike(() => step.async(x, make()), message);
      assertStrictEquals(runs, k);
      assertExact(values(step(x, null)), [2, 4]);
    }
    assertStrictEquals(runs, 1);
  });
}

forEachDevice("what an argument holds is what chooses the recording, also where it is there twice", () => {
  let runs = 0;
  using step = capture((x: Tensor, given: { by: number[]; again: number[]; name?: string | null | undefined }) => {
    runs++;
    return x.mul(given.by[0]! + given.again[0]!);
  });
  const x = tensor([1, 2]), by = [1];
  for (const again of [by, [1]]) assertExact(values(step(x, { by, again })), [2, 4]);
  assertStrictEquals(runs, 1);
  by[0] = 2;
  assertExact(values(step(x, { by, again: by })), [4, 8]);
  for (const name of ["a", "b", null, undefined]) step(x, { by, again: by, name });
  assertStrictEquals(runs, 6);
});

forEachDevice("a result that holds itself is refused", () => {
  using step = capture((x: Tensor) => endless((list) => [x.mul(2), list]));
  const x = tensor([1, 2]);
  leavesNothing(() =>
    assertThrowsLike(() => step(x), /^TypeError: Cannot capture: the result has a list that holds itself/)
  );
});

forEachDevice("a throw in the first call leaves no program, and the next call records", () => {
  let fails = true, runs = 0;
  using step = capture((x: Tensor) => {
    runs++;
    const y = x.add(tensor([1, 2]));
    if (fails) throw new Error("not now");
    return y;
  });
  const x = ones([2]);
  leavesNothing(() => assertThrowsLike(() => step(x), /not now/));
  assertStrictEquals(step.memory, null);
  fails = false;
  assertExact([values(step(x)), values(step(x)), runs], [[2, 3], [2, 3], 2]);
});

forEachDevice("a label out of range is refused at a replay, which has then changed nothing", (device) => {
  const net = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3), new nn.Dropout(0.5));
  const { step: train, state } = trainer(net, (p) => new optim.Adam(p), { loss: new nn.CrossEntropyLoss() });
  using step = capture(train);
  const x = randn([2, 2]);
  step(x, labels(0, 2));
  step(x, labels(0, 1));
  const before = bits(state());
  leavesNothing(() => {
    using _ = scope();
    for (const label of [3, -1]) assertThrows(() => values(step(x, labels(0, label))), RangeError);
  });
  // Devices that report the error at the next read have written the state by then.
  if (isLate(device)) return;
  assertEquals(bits(state()), before);
  step(x, labels(1, 1));
  assertNotEquals(bits(state()), before);
}, parameters);

forEachDevice("an index out of range is refused likewise, also one that is computed", (device) => {
  const count = new nn.Buffer(zeros([]));
  using step = capture((x: Tensor, index: Tensor, computed: boolean) => {
    count.data = count.add(1);
    return x.take(computed ? index.add(1) : index);
  });
  const x = tensor([1, 2, 3]);
  for (const computed of [false, true]) {
    const good = labels(1, 0), bad = labels(1, 3);
    step(x, good, computed);
    leavesNothing(() => {
      using _ = scope();
      assertThrows(() => values(step(x, bad, computed)), RangeError);
    });
    assertExact(values(step(x, good, computed)), computed ? [3, 2] : [2, 1]);
  }
  // An index from outside is checked before the replay; a computed one when its instruction's turn comes.
  assertStrictEquals(count.item(), isLate(device) ? 6 : 5);
}, parameters);

forEachDevice("a live number that throws leaves nothing", () => {
  let fails = false;
  const read = () => {
    if (fails) throw new Error("no number");
    return 2;
  };
  using step = capture((x: Tensor) => x.mul(live(read)));
  const x = ones([2]);
  step(x);
  fails = true;
  leavesNothing(() => assertThrowsLike(() => step(x), /no number/));
  fails = false;
  assertExact(values(step(x)), [2, 2]);
});

forEachDevice(
  "a gradient that was looked at is not written to again, whatever becomes of the program",
  async (device) => {
    const w = new nn.Parameter([1, 2]), opt = new optim.SGD([w], { lr: 0 });
    const step = capture((x: Tensor, index: Tensor) => {
      opt.resetGrad();
      w.mul(x).take(index.add(1)).sum().backward();
    });
    const call = (x: number, index = 0) => step(tensor([x, x]), labels(index));
    call(1);
    call(2);
    const seen = w.grad!;
    call(3);
    call(4);
    assertExact([values(seen), values(w.grad!)], [[0, 2], [0, 4]]);
    call(5);
    // A call that an index out of range stops also discards the last gradient, rather than leave it half written.
    assertThrows(() => {
      call(6, 2);
      values(w.grad!);
    }, RangeError);
    if (!isLate(device)) assertStrictEquals(w.grad, null);
    call(7);
    const waiting = step.async(tensor([8, 8]), labels(0));
    assertExact(values(w.grad!), [0, 7]);
    await waiting;
    assertExact(values(w.grad!), [0, 8]);
    call(9);
    const { tensors } = memory();
    w.resetGrad();
    assertStrictEquals(memory().tensors, tensors - 1);
    call(10);
    step[Symbol.dispose]();
    assertExact(values(w.grad!), [0, 10]);
  },
  parameters,
);

forEachDevice("what makes a captured function slow is said once", () => {
  const said: string[] = [], { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    const w = new nn.Parameter([1]), kept: Tensor[] = [];
    using times = capture(function times(x: Tensor) {
      return x.mul(w);
    });
    times(ones([1]));
    w.data = ones([2]);
    for (let k = 0; k < 3; k++) times(ones([2]));
    using keeper = capture(function keeper(x: Tensor) {
      const y = x.add(1);
      kept.push(y.keep());
      return y.sum();
    });
    for (let k = 0; k < 5; k++) keeper(ones([2]));
    for (const tensor of kept) tensor.dispose();
    using varied = capture(function varied(x: Tensor) {
      return x.add(1);
    });
    for (let call = 0; call < 27; call++) varied(ones([1 + call % 9]));
  } finally {
    console.warn = warn;
  }
  assertStrictEquals(said.length, 3);
  assertMatch(said[0]!, /^capture: times records anew: /);
  assertMatch(said[1]!, /^capture: keeper cannot be replayed, /);
  assertMatch(said[2]!, /^capture: varied records anew: its calls differ in more ways than the 8 recordings /);
}, parameters);

forEachDevice("of more recordings than are kept, the one goes that was used longest ago", () => {
  let recorded = 0;
  using step = capture((x: Tensor) => {
    recorded++;
    return x.add(1);
  });
  const call = (size: number) => step(ones([size]));
  for (let size = 1; size <= 8; size++) call(size);
  assertStrictEquals(recorded, 8);
  call(1);
  call(9);
  for (const size of [1, 3, 4, 5, 6, 7, 8, 9]) call(size);
  assertStrictEquals(recorded, 9);
  // 1 has by now waited longest.
  call(2);
  for (const size of [3, 4, 5, 6, 7, 8, 9, 2]) call(size);
  assertStrictEquals(recorded, 10);
});

forEachDevice("memory is flat over 200 replays in scopes", () => {
  const { step: train } = trainer(new nn.Linear(3, 2), (p) => new optim.Adam(p));
  using step = capture(train);
  const x = randn([4, 3]), y = randn([4, 2]);
  const call = () => {
    using _ = scope();
    step(x, y);
  };
  // The first calls record and replay, and let the device keep what it needs of a repeated program.
  for (let k = 0; k < 4; k++) call();
  const { tensors, bytes, reserved } = memory();
  for (let k = 0; k < 200; k++) call();
  assertEquals(memory(), { tensors, bytes, reserved });
}, parameters);

forEachDevice("a program outlives the scope of what it uses, and gives it back when disposed of", () => {
  leavesNothing(() => {
    const { step, net } = (() => {
      using _ = scope();
      const scale = tensor([2, 3]).add(0), net = new nn.Linear(2, 2);
      const step = capture((x: Tensor) => net.call(x).mul(scale).add(tensor([1, 1])));
      step(ones([1, 2]));
      return { step, net };
    })();
    {
      using _ = scope();
      const first = values(step(ones([1, 2]))), wanted = values(noGrad(() => net.call(ones([1, 2]))));
      assertExact(first, values(tensor(wanted).mul(tensor([2, 3])).add(1)));
      assertThrowsLike(() => step(ones([2, 2])), /the scope opened in .*replay_test.ts:\d+.* freed it; keep\(\) it/);
    }
    step[Symbol.dispose]();
    for (const parameter of net.parameters()) parameter.dispose();
  });
});

forEachDevice("dispose() frees what it holds, and the function can be captured again", () => {
  let runs = 0;
  const step = capture((x: Tensor) => {
    runs++;
    return x.add(tensor([1, 2]));
  });
  leavesNothing(() => {
    using _ = scope();
    step(ones([2]));
    step[Symbol.dispose]();
  });
  assertStrictEquals(step.memory, null);
  assertExact(values(step(ones([2]))), [2, 3]);
  assertStrictEquals(runs, 2);
  step[Symbol.dispose]();
});

forEachDevice("programs beyond the limit give back what they hold, and so do those that can never run again", () => {
  const p = new nn.Parameter(zeros([1]));
  leavesNothing(() => {
    using step = capture((x: Tensor) => x.add(tensor([1])).mul(p));
    const call = (n: number) => {
      using _ = scope();
      step(ones([n]));
    };
    for (let n = 1; n <= 8; n++) call(n);
    const { tensors } = memory();
    for (let n = 9; n <= 20; n++) call(n);
    assertStrictEquals(memory().tensors, tensors);
    for (let n = 20; n > 0; n--) {
      using _ = scope();
      p.data = zeros([n]);
      call(n);
    }
    // Beside the tensors from before, one program with one constant is left.
    assertStrictEquals(memory().tensors, tensors - 7);
  });
  p.dispose();
});

forEachDevice("tensors made inside die with the recording, and say so", () => {
  let lost: Tensor | undefined, kept: Tensor | undefined;
  using step = capture((x: Tensor) => {
    lost ??= x.add(1);
    kept ??= x.add(2).keep();
    return lost.mul(2);
  });
  {
    using _ = scope();
    step(ones([2]));
    assertThrowsLike(() => lost!.toArray(), /the scope opened in capture\(\) freed it/);
  }
  assertExact(values(kept!), [3, 3]);
});

forEachDevice("results belong to the scope at hand, without a graph", () => {
  const p = new nn.Parameter([1, 2]);
  using step = capture((x: Tensor) => ({ y: p.mul(x), p, x }));
  const x = ones([2]);
  for (let k = 0; k < 3; k++) {
    let y: Tensor;
    {
      using _ = scope();
      const result = step(x);
      y = result.y;
      assertEquals([result.p === p, result.x === x, y.requiresGrad, y.isLeaf()], [true, true, false, true]);
    }
    assertThrowsLike(() => y.toArray(), /replay_test.ts/);
  }
  p.dispose();
});

forEachDevice("another default device is another recording", async (device) => {
  let runs = 0;
  const step = capture(() => {
    runs++;
    return ones([2]).mul(3);
  });
  const onDevice = (result: Tensor) => [result.device, values(result)];
  for (const name of [device, other(device), device, other(device)]) {
    await setDefaultDevice(name);
    for (let k = 0; k < 2; k++) assertExact(onDevice(step()), [name, [3, 3]]);
  }
  assertStrictEquals(runs, 2);
  step[Symbol.dispose]();
});

forEachDevice("inputs on another device are another recording", (device) => {
  using step = capture((x: Tensor) => x.mul(3));
  for (const name of [device, other(device), device, other(device)]) {
    const result = step(ones([2], { device: name }));
    assertExact([result.device, values(result)], [name, [3, 3]]);
  }
});

forEachDevice("parameters on another device than the default one", (device) => {
  const net = new nn.Linear(2, 1, { device: other(device) });
  using step = capture(() => net.weight.mul(2));
  assertEquals(bits(step()), bits(step()));
  assertStrictEquals(step().device, other(device));
  for (const parameter of net.parameters()) parameter.dispose();
});

forEachDevice("another device's tensor may be freed inside", (device) => {
  using step = capture((x: Tensor, junk: Tensor) => {
    junk.dispose();
    memory();
    return x.mul(2);
  });
  for (let k = 0; k < 3; k++) assertExact(values(step(ones([2]), ones([3], { device: other(device) }))), [2, 2]);
});

forEachDevice("a program disposed of in the course of its own call ends the call", () => {
  let ends = false;
  const step = capture((x: Tensor) =>
    x.mul(live(() => {
      if (ends) step[Symbol.dispose]();
      return 2;
    })).add(1)
  );
  leavesNothing(() => {
    using _ = scope();
    for (ends of [false, true, false]) assertExact(values(step(ones([2]))), [3, 3]);
    step[Symbol.dispose]();
  });
});

forEachDevice("a live number may be computed with tensors", () => {
  const factor = tensor(1.5);
  const times = (x: Tensor) => x.mul(live(() => (ones([3]).mul(factor), factor.add(2).mul(3), 2)));
  using step = capture(times);
  const x = tensor([1, 2]);
  for (const f of [times, step, step]) assertExact(values(f(x)), [2, 4]);
  assertExact(values(x.mul(live(() => factor.mul(2).item() as number))), [3, 6]);
});

forEachDevice("a captured function is differentiated as the function itself", () => {
  using cube = capture((x: Tensor) => x.pow(3).sum());
  const x = tensor([2]);
  for (let k = 0; k < 2; k++) {
    assertExact(values(grad(cube)(x)), [12]);
    assertExact(values(grad((x: Tensor) => grad(cube)(x).sum())(x)), [12]);
    assertExact(jvp((x) => cube(x).mul(2), [x], [tensor([1])]).map(values), [[16], [24]]);
    assertExact(values(cube(x)), [8]);
  }
});

forEachDevice("print(), toDot() and memory describe the last recording", () => {
  using step = capture((x: Tensor, y: Tensor) => x.matmul(y).add(live(() => 1)).relu().sum());
  assertEquals([step.memory, step.toDot(), step.print()], [null, "digraph {}", ""]);
  step(ones([4, 3]), ones([3, 2]));
  const text = step.print(), dot = step.toDot(), lines = text.split("\n");
  assertStrictEquals(lines[0], "%0 = matmul [4, 2, 3] ($1, $2)  32 B");
  assert(lines.some((line) => /^ {2}%\d+ = fill \[1\] \(\) {2}4 B {2}live$/.test(line)), text);
  assert(lines.some((line) => /^ {2}%\d+ = fold sum \[4, 2\]/.test(line)), text);
  assertMatch(dot, /^digraph \{\n {2}n0 \[shape=box, label="%\d+ = matmul/);
  assertStrictEquals(dot.match(/ -> /g)!.length, 4);
  const { bytes, eagerBytes, instructions } = step.memory!;
  assertStrictEquals(instructions, 5);
  assert(bytes > 0 && bytes <= eagerBytes, `${bytes} of ${eagerBytes}`);
});

forEachDevice("memory compares with what an eager call takes", () => {
  const w = new Tensor(new Float32Array(1000));
  const forward = (x: Tensor) => {
    for (let k = 0; k < 20; k++) x = x.mul(w).tanh();
    return x;
  };
  const eagerly = (f: () => Tensor): number => {
    using _ = scope();
    const before = memory().bytes, result = f();
    return memory().bytes - before - 4 * result.size;
  };
  const x = ones([1000]),
    train = (x: Tensor) => {
      w.resetGrad();
      const loss = forward(x).sum();
      loss.backward();
      return loss;
    };
  using step = capture(forward), training = capture(train);
  step(x);
  assertStrictEquals(step.memory!.eagerBytes, eagerly(() => forward(x)));
  training(x);
  // Adjoints reuse the memory of earlier ones.
  const { eagerBytes } = training.memory!, least = eagerly(() => train(x)) - 4000;
  assert(eagerBytes >= least && eagerBytes < least + 6 * 4000, `${eagerBytes} and ${least}`);
  w.dispose();
}, parameters);

forEachDevice("more instructions than the buffer takes at once", () => {
  using step = capture((x: Tensor) => {
    for (let k = 0; k < 4000; k++) x = x.mul(1.0001).add(k % 3);
    return x.matmul(x).add(x);
  });
  const x = ones([2, 2]), before = memory().tensors;
  const [first, second] = [step(x), step(x)];
  assertStrictEquals(memory().tensors, before + 2);
  assertEquals(bits(second), bits(first));
});
