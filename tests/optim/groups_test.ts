/** Groups of parameters: settings of their own, states that go on with the same bits, and what is refused. */
import { capture, io, nn, optim, randn, scope, Tensor, tensor } from "../../mod.ts";
import { bits, sameAsEager } from "../captures.ts";
import { optimizers } from "../catalogue.ts";
import { assertEquals, assertExact, assertStrictEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";

// deno-lint-ignore no-explicit-any -- a value without its type, as a program in JavaScript would pass it.
const given = (value: unknown): any => value;
const parameters = { parameters: true };

/** Parameters in two groups, the last of which has no gradient. */
function trained(make: (params: optim.ParameterGroups<{ lr?: number }>) => optim.Optimizer) {
  const params = [[2, 3], [3], [2, 2, 2], [1]].map((shape) => randn(shape, { requiresGrad: true }));
  const [a, b, c, d] = params as [Tensor, Tensor, Tensor, Tensor];
  const optimizer = make([{ params: [a, c] }, { params: [b, d], lr: 0.03 }]);
  return {
    params,
    optimizer,
    step(k: number): void {
      using _ = scope();
      for (const [place, x] of [a, b, c].entries()) x.grad = x.mul(Math.sin(k + place)).add(0.1).detach();
      optimizer.step();
      optimizer.resetGrad();
    },
    state: () => bits([params, optimizer.stateDict()]),
  };
}

forEachDevice("the state of every optimizer of groups goes on with the same bits", () => {
  for (const [name, make] of optimizers) {
    using _ = scope();
    const maker = given(make) as (params: unknown) => optim.Optimizer;
    const first = trained(maker), other = trained(maker);
    for (let k = 0; k < 4; k++) first.step(k);
    first.optimizer.groups[1]!.lr = 0.07;
    other.params.forEach((parameter, place) => parameter.data = first.params[place]!.detach());
    other.optimizer.loadStateDict(first.optimizer.stateDict());
    assertEquals(other.optimizer.groups.map(({ lr }) => lr), [0.1, 0.07], name);
    for (let k = 4; k < 8; k++) for (const each of [first, other]) each.step(k);
    assertEquals(other.state(), first.state(), name);
    for (const each of [first, other]) each.optimizer.dispose();
  }
}, { ...parameters, on: ["cpu", "wasm", "reference"] });

forEachDevice("captured as eager: rates of groups change, and a group is added", () => {
  sameAsEager((wrap, log) => {
    const [a, b, c] = [1, 2, 3].map((value) => new Tensor([value, -value])) as [Tensor, Tensor, Tensor];
    const optimizer = new optim.Adam([{ params: [a], lr: 0.5 }, { params: [b], weightDecay: 0.5 }], { lr: 0.1 });
    const decay = new optim.ExponentialDecay(optimizer, { gamma: 0.5 });
    const step = wrap(() => {
      for (const x of [a, b, c]) x.resetGrad();
      a.square().add(b.square()).add(c.square()).sum().backward();
      optimizer.step();
    });
    for (let k = 0; k < 9; k++) {
      step();
      log(a, b, c, optimizer.stateDict());
      if (k === 2) optimizer.groups[1]!.lr = 0.3;
      if (k === 3) decay.step();
      if (k === 5) optimizer.addGroup({ params: [c], lr: 0.25 });
    }
    optimizer.resetGrad();
    optimizer.dispose();
  }, 2);
}, parameters);

forEachDevice("a checkpoint of groups and one from before there were groups are loaded", async () => {
  const path = await Deno.makeTempFile();
  try {
    const first = trained((params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }));
    for (let k = 0; k < 3; k++) first.step(k);
    await io.saveCheckpoint(path, { optimizer: first.optimizer });
    const other = trained((params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }));
    await io.loadCheckpoint(path, { optimizer: other.optimizer });
    assertEquals(bits(other.optimizer.stateDict()), bits(first.optimizer.stateDict()));
    for (const each of [first, other]) each.optimizer.dispose();
  } finally {
    await Deno.remove(path);
  }
  const x = new Tensor([1, 2]), adam = new optim.Adam([x]);
  const old = { lr: 0.5, "step.0": 3, "first.0": tensor([1, 2]), "second.0": tensor([3, 4]) };
  adam.loadStateDict(old);
  assertStrictEquals(adam.lr, 0.5);
  assertExact(values(adam.stateDict()["second.0"] as Tensor), [3, 4]);
  assertEquals(Object.keys(adam.stateDict()), Object.keys(old));
  adam.dispose();
}, { ...parameters, on: ["cpu", "reference"] });

const leaf = (...numbers: number[]) => new Tensor(numbers);
/** What makes no group. */
const refused: [make: () => unknown, text: RegExp][] = [
  [() => new optim.SGD([]), /RangeError: Cannot make SGD: no parameters/],
  [() => new optim.SGD([{ params: [] }]), /RangeError: Cannot make SGD, group 0: no parameters/],
  [() => new optim.SGD(given([{ lr: 1 }])), /TypeError: Cannot make SGD, group 0: parameters of type undefined/],
  [
    () => new optim.SGD(given([{ params: [leaf(1)] }, leaf(1)])),
    /Cannot make SGD, group 1: a Tensor, it must be an object/,
  ],
  [() => new optim.SGD(given([leaf(1), { params: [leaf(1)] }])), /Cannot make SGD: parameter 1 must be a leaf/],
  [() => new optim.SGD([{ params: [tensor([1])] }]), /Cannot make SGD, group 0: parameter 0 must be a leaf/],
  [
    () => new optim.SGD([{ params: [leaf(1)] }, { params: [leaf(1)], lr: -1 }]),
    /Cannot make SGD, group 1: lr -1 must lie/,
  ],
  [
    () => new optim.SGD([{ params: [leaf(1)], ...given({ rate: 1 }) }]),
    /Cannot make SGD, group 0: there is no option rate/,
  ],
  [
    () => new optim.SGD([{ params: [leaf(1)], nesterov: true }], { lr: 1 }),
    /Cannot make SGD: nesterov needs a momentum/,
  ],
  [() => new optim.SGD([leaf(1)], { maximize: given(1) }), /Cannot make SGD: maximize 1 must be true or false/],
  [
    () => new optim.Adam([{ params: [leaf(1)], betas: given([0.9]) }]),
    /Cannot make Adam: betas \[0.9\] must be two numbers/,
  ],
  [() => new optim.Muon([leaf(1)]), /TypeError: Cannot make Muon: a parameter has shape \[1\], it must be a matrix/],
  [() => new optim.Muon([new Tensor([[1]])], { nsSteps: 100 }), /nsSteps 100 must be an integer of at most 99/],
  [() => new optim.Muon([new Tensor([[1]])], { adjustLr: given("same") }), /adjustLr "same" must be one of original/],
  [() => new optim.Rprop([leaf(1)], { etas: [0, 1.2] }), /etas \[0, 1.2\] must be below and above 1/],
  [() => new optim.Rprop([leaf(1)], { stepSizes: [-1, 1] }), /stepSizes\[0\] -1 must lie in/],
  [() => new optim.Adadelta([leaf(1)], { rho: 1.5 }), /rho 1.5 must lie in \[0, 1\]/],
  [() => new optim.Adafactor([leaf(1)], { beta2Decay: 0.5 }), /beta2Decay 0.5 must be at most 0/],
  [() => new optim.Adafactor([leaf(1)], { d: 0.5 }), /d 0.5 must lie in \[1, Infinity\)/],
  [() => new optim.Adafactor([leaf(1)], { eps: given([1e-3]) }), /TypeError: Cannot make Adafactor with eps: a list/],
  [() => new optim.NAdam([leaf(1)], { momentumDecay: -1 }), /momentumDecay -1 must lie in/],
  [() => new optim.ASGD([leaf(1)], { t0: NaN }), /t0 NaN must be a finite number/],
];
forEachDevice("groups and settings that make no sense are refused", () => {
  for (const [make, text] of refused) assertThrowsLike(make, text);
  const [x, y] = [leaf(1), leaf(2)], optimizer = new optim.SGD([{ params: [x], momentum: 0.5 }], { lr: 0.1 });
  assertThrowsLike(() => new optim.SGD([{ params: [x] }, { params: [x] }]), /a parameter is there twice/);
  for (
    const [group, text] of [
      [{ params: [x] }, /Cannot add to SGD, group 1: a parameter is there twice/],
      [{ params: [y], lr: NaN }, /Cannot add to SGD, group 1: lr NaN/],
      [{ params: [y, tensor(1)] }, /Cannot add to SGD, group 1: parameter 1 must be a leaf/],
      [{ params: [y], rate: 1 }, /Cannot add to SGD, group 1: there is no option rate/],
      [undefined, /TypeError: Cannot add to SGD, group 1: options undefined/],
    ] as const
  ) assertThrowsLike(() => optimizer.addGroup(given(group)), text);
  assertEquals([optimizer.groups.length, optimizer.params.length], [1, 1]);
  optimizer.addGroup({ params: [y] });
  // The group added has the options of the optimizer, not those of the first group: no momentum, and no state for one.
  assertThrowsLike(
    () => optimizer.groups[1]!.momentum = 0.5,
    /Cannot change SGD: momentum 0.5, the optimizer was made without/,
  );
  assertThrowsLike(() => given(optimizer.groups[1]).nesterov = true, /TypeError/);
  assertEquals(Object.keys(optimizer.stateDict()), ["lr", "lr.1", "step.0", "step.1", "velocity.0"]);
  const state = optimizer.stateDict();
  assertThrowsLike(() => optimizer.loadStateDict({ ...state, "lr.1": -1 }), /RangeError: Cannot load state: lr.1 -1/);
  assertThrowsLike(
    () => optimizer.loadStateDict({ lr: 1, "step.0": 0, "velocity.0": state["velocity.0"]! }),
    /missing lr.1/,
  );
  assertStrictEquals(
    `${optimizer}`,
    "SGD(2 parameters in 2 groups, lr: 0.1, momentum: [0.5, 0], dampening: 0, weightDecay: 0)",
  );
  assertStrictEquals(
    `${optimizer.groups[0]}`,
    "ParameterGroup(1 parameter, lr: 0.1, momentum: 0.5, dampening: 0, weightDecay: 0)",
  );
  optimizer.dispose();
}, { ...parameters, on: ["cpu", "reference"] });

forEachDevice("a step runs as one group of rows for each parameter", () => {
  const net = new nn.Linear(4, 4, { bias: false });
  net.weight.grad = net.weight.detach().mul(1);
  for (const [name, make] of optimizers) {
    const optimizer = make([net.weight]), step = capture(() => void optimizer.step());
    step();
    const outermost = step.print().split("\n").filter((line) => line !== "" && !line.startsWith(" "));
    assertStrictEquals(outermost.length, 1, `${name}: ${outermost}`);
    step[Symbol.dispose]();
    optimizer.dispose();
  }
  net.weight.resetGrad();
}, { ...parameters, on: ["cpu"] });

forEachDevice("a parameter that is freed, or whose shape changed, is refused by the step", () => {
  const [x, y] = [leaf(1), leaf(2)], optimizer = new optim.Adam([x, y], { lr: 0.5 });
  x.grad = tensor([1]);
  y.grad = tensor([1]);
  optimizer.step();
  x.data = tensor([5]);
  optimizer.step();
  const before = x.item();
  assertEquals(Math.abs(before - 4.5) < 1e-3, true);
  y.dispose();
  assertThrowsLike(() => optimizer.step(), /Error: Cannot .*/);
  // The parameter in front of it has not moved.
  assertEquals([x.item(), optimizer.stateDict()["step.0"]], [before, 2]);
  optimizer.dispose();
}, { ...parameters, on: ["cpu", "reference"] });

forEachDevice("the closure of a step is called first, and its loss returned", () => {
  const x = leaf(4), optimizer = new optim.SGD([x], { lr: 0.25 });
  const loss = optimizer.step(() => {
    optimizer.resetGrad();
    const loss = x.square().sum();
    loss.backward();
    return loss;
  });
  assertExact([loss!.item(), x.item()], [16, 2]);
  assertThrowsLike(() => optimizer.step(given(1)), /TypeError: Cannot step SGD: 1, it must be a function/);
}, { ...parameters, on: ["cpu", "reference"] });
