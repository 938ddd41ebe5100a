/** Writes in place: where what is read shows the memory that is written, and where a gradient needs what was there before. */
import {
  capture,
  Cos,
  grad,
  group,
  jvp,
  type NDArray,
  nn,
  noGrad,
  optim,
  scope,
  Sin,
  Tensor,
  tensor,
  TensorTupleOp,
} from "../mod.ts";
import { optimizers } from "./catalogue.ts";
import { assertClose, assertEquals, assertExact, assertThrows, forEachDevice, values } from "./support.ts";

// A side of more than one tile and of more than one vector, so that a device that reads as it writes is found out.
const n = 40, size = n * n;
const numbers = Float32Array.from({ length: size }, (_, k) => k);
const square = () => new Tensor(numbers, { shape: [n, n] });

/** Views of a square, as tensors and as the numbers that they show. */
const views: [name: string, of: (w: Tensor) => Tensor, shown: (w: ArrayLike<number>, place: number) => number][] = [
  ["transposed", (w) => w.transpose(), (w, k) => w[(k % n) * n + Math.floor(k / n)]!],
  ["reversed", (w) => w.at("::-1, ::-1"), (w, k) => w[size - 1 - k]!],
  ["with its rows reversed", (w) => w.at("::-1"), (w, k) => w[(n - 1 - Math.floor(k / n)) * n + k % n]!],
  ["with its first row everywhere", (w) => w.at("0").broadcastTo([n, n]), (w, k) => w[k % n]!],
  ["itself", (w) => w, (w, k) => w[k]!],
];

/** Ways of writing a view of a tensor to it, with the number that is left for each number of the view. `leaf` is a square, too. */
const ways: [
  name: string,
  write: (w: Tensor, view: Tensor, leaf: Tensor) => void,
  left: (own: number, shown: number) => number,
][] = [
  ["data", (w, view) => w.data = view, (_, shown) => shown],
  ["a step", (w, view) => {
    w.grad = view.detach();
    new optim.SGD([w], { lr: 2 }).step();
  }, (own, shown) => own - 2 * shown],
  ["a gradient that grows", (w, view, leaf) => {
    leaf.grad = w;
    leaf.backward(view.detach());
  }, (own, shown) => own + shown],
];

for (const [way, write, left] of ways) {
  forEachDevice(`${way}: the tensor's own memory, seen in another way, is read before it is written`, () => {
    for (const [name, of, shown] of views) {
      const expected = numbers.map((own, k) => left(own, shown(numbers, k)));
      const eager = square(), leaf = square();
      noGrad(() => write(eager, of(eager), leaf));
      assertExact(values(eager), Array.from(expected), name);
      leaf.resetGrad();
      const grouped = square();
      noGrad(() => group(() => write(grouped, of(grouped), leaf)));
      assertExact(values(grouped), Array.from(expected), `${name}, in a group`);
    }
  });
}

forEachDevice("a step takes a gradient that shows its parameter's memory as it is before the step", () => {
  for (const [name, make] of optimizers) {
    const [shared, apart] = [square(), square()];
    const steps = [shared, apart].map((parameter) => make([parameter]));
    for (let k = 0; k < 2; k++) {
      shared.grad = shared.detach().transpose();
      apart.grad = tensor(apart.transpose().toTypedArray(), { shape: [n, n] });
      for (const each of steps) each.step();
      assertExact(values(shared), values(apart), `${name}, step ${k}`);
    }
    for (const each of steps) each.dispose();
  }
});

forEachDevice("a captured function reads its memory, seen in another way, before it writes", () => {
  for (const [name, of, shown] of views) {
    const w = square();
    using step = capture(() => {
      w.data = of(w);
      return w.sum();
    });
    let expected = Array.from(numbers);
    for (let call = 0; call < 3; call++) {
      step();
      expected = expected.map((_, k) => shown(expected, k));
      assertExact(values(w), expected, `${name}, call ${call}`);
    }
  }
});

forEachDevice("parts of one memory: shifted onto each other, beside each other, and stretched", () => {
  const flat = () => new Tensor(Float32Array.from({ length: 9 }, (_, k) => k));
  const cases: [name: string, to: string, from: string, left: number[]][] = [
    ["down", ":-1", "1:", [1, 2, 3, 4, 5, 6, 7, 8, 8]],
    ["up", "1:", ":-1", [0, 0, 1, 2, 3, 4, 5, 6, 7]],
    ["from a part beside", ":4", "4:8", [4, 5, 6, 7, 4, 5, 6, 7, 8]],
    ["from the odd to the even", ":8:2", "1::2", [1, 1, 3, 3, 5, 5, 7, 7, 8]],
  ];
  for (const [name, to, from, left] of cases) {
    const x = flat();
    x.at(to).detach().data = x.at(from);
    assertExact(values(x), left, name);
  }
  const x = new Tensor([1, 2]), stretched = x.broadcastTo([2, 2]).detach();
  stretched.data = tensor([[3, 4], [5, 6]]);
  assertExact(values(stretched), [3, 4, 5, 6]);
  assertExact(values(x), [1, 2]);
  const leaf = new Tensor([1, 2]);
  leaf.grad = tensor([1]).broadcastTo([2]);
  leaf.mul(tensor([2, 3])).sum().backward();
  assertExact(values(leaf.grad), [3, 4]);
});

forEachDevice("a state that shows the memory it is loaded into is read whole before anything is written", () => {
  const net = new nn.Sequential(new nn.Linear(3, 3), new nn.Linear(3, 3)), state = net.stateDict();
  const [first, second] = [values(state["0.weight"]!), values(state["1.weight"]!)];
  net.loadStateDict({ ...state, "0.weight": state["1.weight"]!, "1.weight": state["0.weight"]!.transpose() });
  assertExact(values(state["0.weight"]!), second);
  assertExact(values(state["1.weight"]!), [0, 3, 6, 1, 4, 7, 2, 5, 8].map((k) => first[k]!));
  const [x, y] = [new Tensor([1]), new Tensor([2])], adam = new optim.Adam([x, y]);
  x.mul(3).add(y.mul(5)).sum().backward();
  adam.step();
  const [m, v] = [adam.stateDict()["first.0"] as Tensor, adam.stateDict()["first.1"] as Tensor], found = v.item();
  adam.loadStateDict({ ...adam.stateDict(), "first.0": v, "first.1": m });
  assertClose([m.item(), v.item()], [found, found * 3 / 5]);
  const norm = new nn.BatchNorm1d(2);
  norm.runningMean!.data = tensor([1, 2]);
  norm.runningMean!.data = norm.runningMean!.at("::-1");
  assertExact(values(norm.runningMean!), [2, 1]);
}, { parameters: true });

/** [sin a, cos a], whose gradient reads both. */
class SinCos extends TensorTupleOp {
  compute(a: NDArray) {
    return [new Sin().compute(a), new Cos().compute(a)];
  }
  gradient([toSin, toCos]: readonly (Tensor | null)[], [sin, cos]: readonly Tensor[]) {
    return (toSin ?? sin!.zerosLike()).mul(cos!).sub((toCos ?? cos!.zerosLike()).mul(sin!));
  }
}

const changed = (role: string, op: string) =>
  new RegExp(`^Error: Cannot differentiate: ${role} ?of ${op}, tensor \\[2\\], was overwritten`);

/** Functions of w and x between which w is overwritten, and which of them a gradient needs. */
const reading: [name: string, f: (w: Tensor, x: Tensor) => Tensor, refused: RegExp | null][] = [
  ["a factor", (w, x) => w.mul(x), changed("input 0", "EWiseMul")],
  ["the other factor", (w, x) => x.mul(w), changed("input 1", "EWiseMul")],
  ["twice the same", (w) => w.mul(w), changed("input 1", "EWiseMul")],
  ["a summand", (w, x) => w.add(x), null],
  ["a factor of a number", (w) => w.mul(3), null],
  ["a view in a product", (w, x) => w.at("::-1").mul(x), changed("input 0", "EWiseMul")],
  ["the shape", (w) => w.reshape([2, 1]).broadcastTo([2, 3]).sum({ axes: [1] }), null],
  ["another type", (w) => w.cast("float64").mul(2), null],
  ["a product of matrices", (w, x) => w.reshape([1, 2]).matmul(x.reshape([2, 1])), /input 0 of MatMul/],
  ["a root, whose result is read", (w) => w.sqrt(), null],
  ["a square", (w) => w.square(), changed("input 0", "Square")],
  ["a condition", (w, x) => w.greater(0).where(x, 2), null],
  ["the condition's branches", (w, x) => x.greater(0).where(w, x), null],
];

forEachDevice("backward refuses what its gradients read, if it was overwritten since", () => {
  for (const [name, f, refused] of reading) {
    const w = new Tensor([1, 4]), x = new Tensor([2, 3]), y = f(w, x).sum();
    w.data = tensor([9, 16]);
    if (refused !== null) assertEquals(refused.test(String(assertThrows(() => y.backward()))), true, name);
    else {
      y.backward();
      const [again, other] = [new Tensor([1, 4]), new Tensor([2, 3])];
      f(again, other).sum().backward();
      for (const [a, b] of [[w, again], [x, other]] as const) {
        assertExact(a.grad === null ? null : values(a.grad), b.grad === null ? null : values(b.grad), name);
      }
    }
  }
});

forEachDevice("a result, a saved value and results of one op that were overwritten are named", () => {
  const x = () => new Tensor([1, 2]);
  const cases: [made: (x: Tensor) => [result: Tensor, written: Tensor], message: string][] = [
    [(x) => [x.exp(), x.exp()], ""],
    [(x) => {
      const y = x.exp();
      return [y, y];
    }, "the result of Exp"],
    [(x) => {
      const y = x.gelu();
      return [y, y.saved[0]!];
    }, "what GELU saved"],
    [(x) => {
      const [sin, cos] = new SinCos().call(x);
      return [sin!, cos!];
    }, "the result of SinCos"],
    [(x) => {
      const y = x.exp();
      return [y.add(1), y];
    }, "the result of Exp"],
    [(x) => {
      const y = x.exp().add(1);
      return [y, y];
    }, ""],
  ];
  for (const [made, message] of cases) {
    const [result, written] = made(x());
    written.detach().data = tensor([0, 0]);
    if (message === "") result.sum().backward();
    else assertThrows(() => result.sum().backward(), Error, message);
  }
});

forEachDevice("all that writes counts: steps, states, moves to other types, replays, and growing gradients", () => {
  const layer = () => new nn.Linear(2, 2), x = tensor([[1, 2]]);
  const writes: [name: string, write: (net: nn.Linear) => void][] = [
    ["a step", (net) => {
      net.weight.grad = net.weight.onesLike();
      new optim.SGD([net.weight], { lr: 1 }).step();
    }],
    ["a state", (net) => net.loadStateDict(layer().stateDict())],
    ["another type", (net) => net.cast("float64")],
    ["a replay", (net) => {
      using step = capture(() => {
        net.weight.data = net.weight.mul(2);
        return net.weight.sum();
      });
      step();
      net.weight.sum().item();
      const y = net.weight.square().sum();
      step();
      assertThrows(() => y.backward(), Error, "input 0 of Square");
    }],
  ];
  for (const [name, write] of writes) {
    const net = layer(), y = net.call(net.call(x)).sum();
    write(net);
    assertThrows(() => y.backward(), Error, "of MatMul, tensor [2, 2], was overwritten since", name);
  }
  const leaf = new Tensor([1, 2]), factor = new Tensor([3, 4]);
  leaf.square().sum().backward();
  const y = leaf.grad!.mul(factor).sum();
  leaf.square().sum().backward();
  assertThrows(() => y.backward(), Error, "input 0 of EWiseMul");
}, { parameters: true });

forEachDevice("writes that no gradient reads do no harm: running statistics, and steps after the last sweep", () => {
  const norm = new nn.BatchNorm1d(2), x = new Tensor([[1, 2], [3, 5], [2, 2]]);
  norm.call(norm.call(x)).square().sum().backward();
  const net = new nn.Linear(2, 1), optimizer = new optim.Adam(net.parameters(), { lr: 0.1 });
  for (let k = 0; k < 3; k++) {
    optimizer.resetGrad();
    net.call(tensor([[1, 2]])).square().sum().backward();
    optimizer.step();
  }
  // Two losses of one graph, with the step after both.
  const y = net.call(tensor([[1, 2]]));
  y.sum().backward(undefined, { retainGraph: true });
  y.square().sum().backward();
  optimizer.step();
}, { parameters: true });

forEachDevice(
  "a generator's loss on a discriminator that has made a step is refused, and right if computed anew",
  () => {
    const discriminator = new nn.Linear(1, 1), step = new optim.SGD(discriminator.parameters(), { lr: 1 });
    const generated = new Tensor([[2]]), judged = discriminator.call(generated);
    judged.sum().backward(undefined, { retainGraph: true });
    step.step();
    assertThrows(() => judged.neg().sum().backward(), Error, "input 1 of MatMul, tensor [1, 1], was overwritten");
    generated.resetGrad();
    discriminator.call(generated).sum().backward();
    assertExact(values(generated.grad!), values(discriminator.weight));
  },
  { parameters: true },
);

forEachDevice("second derivatives and forward mode refuse what was overwritten, too", () => {
  const x = new Tensor([1, 2]), w = new Tensor([3, 4]);
  w.square().mul(x).sum().backward(undefined, { createGraph: true });
  const penalty = x.grad!.sum();
  w.data = tensor([5, 6]);
  assertThrows(() => penalty.backward(), Error, "input 0 of Square, tensor [2], was overwritten");
  const spoilt = (x: Tensor) => {
    const y = w.mul(x);
    w.data = tensor([7, 8]);
    return y.sum();
  };
  assertThrows(() => grad(spoilt)(tensor([1, 1])), Error, "input 0 of EWiseMul");
  assertThrows(() => jvp(spoilt, [tensor([1, 1])], [tensor([1, 1])]), Error, "input 0 of EWiseMul");
  using step = capture((x: Tensor) => grad(spoilt)(x));
  assertThrows(() => step(tensor([1, 1])), Error, "input 0 of EWiseMul");
});

forEachDevice("an overwritten tensor on which no wanted derivative depends is nobody's concern", () => {
  using _ = scope();
  const w = new Tensor([3, 4]), h = w.square();
  w.data = tensor([0, 0]);
  assertExact(values(grad((x: Tensor) => x.mul(h).sum())(tensor([1, 1]))), [9, 16]);
});
