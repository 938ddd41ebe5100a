/** Hyperparameters of optimizers and schedules: what is refused when they are made and when they are changed. */
import { memory, optim, scope, Tensor, tensor } from "../mod.ts";
import { optimizers, retunings, Sinking } from "./catalogue.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertExact, assertMatch, assertStrictEquals, assertThrows, forEachDevice } from "./support.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
type Name = "SGD" | "Adam" | "AdamW" | "RMSProp" | "Adagrad";

/** What no number's setting takes, and what those take that must not be negative. */
const noNumbers = [NaN, Infinity, -Infinity, null, "0.1", true, [0.1], {}, 1n, tensor(1)], negative = -1e-9;

/** Each optimizer's settings: PyTorch's ranges as values outside them, and what can be made but not be changed. */
const ranges: Record<Name, Record<string, readonly unknown[]>> = {
  SGD: { lr: [negative], momentum: [negative], dampening: [], weightDecay: [negative] },
  Adam: { lr: [negative], betas: [], eps: [negative], weightDecay: [negative] },
  AdamW: { lr: [negative], betas: [], eps: [negative], weightDecay: [negative] },
  RMSProp: { lr: [negative], alpha: [negative], eps: [negative], weightDecay: [negative], momentum: [negative] },
  Adagrad: { lr: [negative], lrDecay: [negative], weightDecay: [negative], eps: [negative] },
};
/** Lists that are no β₁ and β₂. */
const wrongBetas = [[], [0.9], [0.9, 1], [1, 0.9], [-0.1, 0.9], [0.9, NaN], ["0.9", 0.9], [0.9, null], [0.1, 0.2, 0.3]];

for (const [name, settings] of Object.entries(ranges) as [Name, Record<string, readonly unknown[]>][]) {
  const make = (x: Tensor, options: object) => new optim[name]([x], given(options));
  for (const [setting, outside] of Object.entries(settings)) {
    forEachDevice(`${name} refuses ${setting} when it is made and when it is assigned`, () => {
      const x = new Tensor([4]),
        optimizer = make(x, name === "Adagrad" || setting !== "momentum" ? {} : { momentum: 0.9 });
      const own = given(optimizer), before = own[setting], { tensors, bytes } = memory();
      for (const value of [...noNumbers, ...outside, ...(setting === "betas" ? wrongBetas : [])]) {
        using _ = scope();
        assertMatch(
          String(assertThrows(() => make(x, { [setting]: value }))),
          new RegExp(`Cannot make ${name}: ${setting}`),
        );
        assertMatch(String(assertThrows(() => own[setting] = value)), new RegExp(`Cannot change ${name}: ${setting}`));
      }
      assertEquals([own[setting], memory().tensors, memory().bytes], [before, tensors, bytes]);
      x.square().sum().backward();
      optimizer.step();
      assertEquals(Number.isFinite(x.item()), true);
      optimizer.dispose();
    }, { parameters: true });
  }
}

testWith([], "what an optimizer was made without cannot be added to it", () => {
  using x = new Tensor([4]);
  const plain = new optim.SGD([x]), mean = new optim.RMSProp([x]);
  assertThrows(
    () => plain.momentum = 0.9,
    RangeError,
    "Cannot change SGD: momentum 0.9, the optimizer was made without",
  );
  assertThrows(() => mean.momentum = 0.9, RangeError, "Cannot change RMSProp: momentum 0.9, the optimizer");
  const nesterov = new optim.SGD([x], { momentum: 0.9, nesterov: true });
  assertThrows(
    () => nesterov.dampening = 0.1,
    RangeError,
    "Cannot change SGD: nesterov needs a momentum and no dampening",
  );
  assertThrows(() => nesterov.momentum = 0, RangeError, "nesterov needs a momentum");
  assertThrows(() => given(new optim.Adam([x]).betas)[0] = NaN, TypeError);
  assertStrictEquals(nesterov.momentum, 0.9);
});

/** Options that are refused beside those of a range. */
const refused: [make: (x: Tensor) => unknown, type: typeof TypeError | typeof RangeError, text: string][] = [
  [(x) => new optim.SGD([x], { nesterov: true }), RangeError, "Cannot make SGD: nesterov needs a momentum"],
  [
    (x) => new optim.SGD([x], { nesterov: true, momentum: 0.9, dampening: 0.1 }),
    RangeError,
    "nesterov needs a momentum and no dampening",
  ],
  [(x) => new optim.SGD([x], { nesterov: given("no") }), TypeError, 'nesterov "no" must be true or false'],
  [(x) => new optim.Adam([x], { amsgrad: given(1) }), TypeError, "amsgrad 1 must be true or false"],
  [(x) => new optim.RMSProp([x], { centered: given(null) }), TypeError, "centered null must be true or false"],
  [
    (x) => new optim.Adagrad([x], { initialAccumulatorValue: -1 }),
    RangeError,
    "initialAccumulatorValue -1 must lie in",
  ],
  [
    (x) => new optim.Adam([x], given({ learningRate: 0.1 })),
    TypeError,
    "Cannot make Adam: there is no option learningRate; did you mean lr?",
  ],
  [(x) => new optim.AdamW([x], given({ weight_decay: 0.1 })), TypeError, "did you mean weightDecay?"],
  [(x) => new optim.SGD([x], given({ momentun: 0.1 })), TypeError, "did you mean momentum?"],
  [(x) => new optim.RMSProp([x], given({ epsilon: 0.1 })), TypeError, "did you mean eps?"],
  [(x) => new optim.Adagrad([x], given({ lrdecay: 0.1 })), TypeError, "did you mean lrDecay?"],
  [() => new optim.SGD(given("ab")), TypeError, "parameter 0 must be a leaf"],
  [(x) => new optim.SGD(given([x, null])), TypeError, "parameter 1 must be a leaf"],
  [(x) => optim.clipGradNorm([x], NaN), RangeError, "max NaN must be a number of at least 0"],
  [(x) => optim.clipGradNorm([x], given("1")), RangeError, 'max "1" must be a number of at least 0'],
  [(x) => optim.clipGradNorm([x], -1), RangeError, "max -1 must be a number of at least 0"],
  [(x) => optim.clipGradNorm(given(x), 1), TypeError, "a Tensor, it must be a list of parameters"],
  [() => optim.clipGradNorm([given(1)], 1), TypeError, "1, it must be a tensor"],
  [(x) => optim.gradNorm(given(x)), TypeError, "a Tensor, it must be a list of parameters"],
  [() => optim.gradNorm([]), RangeError, "Cannot gradNorm: no parameter has a gradient"],
];
testWith([], "options of optimizers that are refused, by their text", () => {
  using x = new Tensor([4]);
  x.square().sum().backward();
  for (const [make, type, text] of refused) assertThrows(() => make(x), type, text);
  assertExact([x.item(), x.grad!.item()], [4, 8]);
});

type Make = (optimizer: optim.Optimizer, options: object) => optim.Scheduler;
const make =
  (name: "StepDecay" | "CosineDecay" | "CosineDecayWithWarmRestarts" | "LinearWarmup" | "ConstantFactor"): Make =>
  (optimizer, options) => new optim[name](optimizer, given(options));
const sequence: Make = (optimizer, options) =>
  new optim.SequentialSchedule(optimizer, [
    (o) => new optim.LinearWarmup(o),
    (o) => new optim.ConstantFactor(o),
    (o) => new optim.StepDecay(o, { stepSize: 2 }),
  ], given(options));

const noCounts = [0, -1, 1.5, ...noNumbers];

/** Each schedule with options that it takes, and values that each of them does not. */
const schedules: Record<string, { make: Make; options: object; outside: Record<string, readonly unknown[]> }> = {
  StepDecay: {
    make: make("StepDecay"),
    options: { stepSize: 2, gamma: 0.5 },
    outside: { stepSize: [undefined, ...noCounts], gamma: [negative, ...noNumbers] },
  },
  CosineDecay: {
    make: make("CosineDecay"),
    options: { steps: 3 },
    outside: { steps: [undefined, ...noCounts], etaMin: [negative, ...noNumbers] },
  },
  CosineDecayWithWarmRestarts: {
    make: make("CosineDecayWithWarmRestarts"),
    options: { t0: 3 },
    outside: { t0: [undefined, ...noCounts], tMult: noCounts, etaMin: [negative, ...noNumbers] },
  },
  LinearWarmup: {
    make: make("LinearWarmup"),
    options: { steps: 3 },
    outside: { steps: noCounts, startFactor: [0, negative, 1.1, ...noNumbers] },
  },
  ConstantFactor: {
    make: make("ConstantFactor"),
    options: { steps: 3 },
    outside: { steps: noCounts, factor: [negative, 1.1, ...noNumbers] },
  },
  SequentialSchedule: {
    make: sequence,
    options: { milestones: [2, 4] },
    outside: {
      milestones: [undefined, 3, "ab", [], [1], [1, 2, 3], [4, 2], ...noNumbers.map((value) => [1, value])],
    },
  },
};
for (const [name, { make, options, outside }] of Object.entries(schedules)) {
  testWith([], `${name} refuses options out of their range, and leaves the optimizer's rate`, () => {
    using x = new Tensor([4]);
    const optimizer = new optim.SGD([x], { lr: 0.3 });
    for (const [option, values] of Object.entries(outside)) {
      for (const value of values) {
        const error = assertThrows(() => make(optimizer, { ...options, [option]: value }));
        assertMatch(String(error), new RegExp(`^(Type|Range)Error: Cannot make ${name}: `));
        assertEquals([optimizer.lr, optimizer.initialLr], [0.3, null]);
      }
    }
    assertThrows(() => make(optimizer, { ...options, typo: 1 }), TypeError, "there is no option typo");
    assertThrows(() => make(given(x), options), TypeError, `Cannot make ${name}: a Tensor, it must be an optimizer`);
    assertEquals([optimizer.lr, optimizer.initialLr], [0.3, null]);
    const schedule = make(optimizer, options);
    assertEquals([0, 1, 1e6].map((steps) => Number.isFinite(schedule.rate(steps))), [true, true, true]);
    assertMatch(Deno.inspect(schedule), new RegExp(`^${name}\\(step 0, lr: .*\\)$`));
  });
}

testWith([], "schedules of no options, of no count and of no schedule are refused", () => {
  using x = new Tensor([4]);
  const optimizer = new optim.SGD([x], { lr: 0.3 }), none = given(undefined);
  assertThrows(() => new optim.StepDecay(optimizer, none), TypeError, "options undefined, they must be an object");
  assertThrows(() => new optim.SequentialSchedule(optimizer, none, none), TypeError, "a list of functions");
  assertThrows(() => new optim.SequentialSchedule(optimizer, [given(3)], none), TypeError, "3, it must be a function");
  assertThrows(
    () => new optim.SequentialSchedule(optimizer, [given(() => 3)], { milestones: [] }),
    TypeError,
    "Cannot make SequentialSchedule: 3, it must be a schedule",
  );
  const restarts = new optim.CosineDecayWithWarmRestarts(optimizer, { t0: 2, tMult: 2 });
  for (const steps of [Infinity, NaN, -1, 0.5]) {
    assertThrows(() => restarts.rate(steps), RangeError, "must be an integer");
  }
});

testWith([], "a schedule whose rate the optimizer refuses stays where it was", () => {
  using x = new Tensor([4]);
  const optimizer = new optim.SGD([x], { lr: 1 }), schedule = new Sinking(optimizer);
  schedule.step();
  assertThrows(() => schedule.step(), RangeError, "Cannot change SGD: lr -1 must lie in [0, Infinity)");
  assertEquals([optimizer.lr, schedule.stateDict().steps], [0, 1]);
});

testWith([], "console.log of an optimizer is a line with the numbers in force", () => {
  for (const [name, make] of optimizers) {
    using x = new Tensor([4]);
    assertMatch(Deno.inspect(make([x])), new RegExp(`^${name}\\(1 parameter, lr: 0.1, .*\\)$`));
  }
  using x = new Tensor([4]), y = new Tensor([4]);
  const sgd = new optim.SGD([x, y], { lr: 0.1 });
  for (const change of retunings.SGD!.changes.slice(0, 1)) Object.assign(sgd, change);
  assertStrictEquals(`${sgd}`, "SGD(2 parameters, lr: 0.2, momentum: 0, dampening: 0, weightDecay: 0)");
});

testWith([], "a subclass may have a field of a setting's name", () => {
  class Fixed extends optim.Optimizer {
    override lr = 0.5;
    constructor(params: Tensor[]) {
      super(params, {}, { lr: { value: 0.1, low: 0 } });
    }
    protected override update(parameter: Tensor, gradient: Tensor): void {
      parameter.data = parameter.sub(gradient.mul(this.lr));
    }
  }
  using x = new Tensor([4]);
  x.square().sum().backward();
  new Fixed([x]).step();
  assertStrictEquals(x.item(), 0);
});

/** Gradients, the largest norm, and PyTorch's norm and clipped gradients where they are no usual numbers. */
const clips: [gradients: number[], max: number, norm: number, clipped: number[]][] = [
  [[3, 4], Infinity, 5, [3, 4]],
  [[0, 0], 0, 0, [0, 0]],
  [[0, 0], Infinity, 0, [0, 0]],
  [[Infinity, 1], 1, Infinity, [NaN, 0]],
  [[NaN, 1], 1, NaN, [NaN, NaN]],
  [[], 1, 0, []],
];
forEachDevice("clipGradNorm() and gradNorm() at the ends of the numbers are PyTorch's", () => {
  for (const [gradients, max, norm, clipped] of clips) {
    const x = new Tensor(Float32Array.from(gradients));
    x.grad = tensor(Float32Array.from(gradients));
    assertExact(optim.gradNorm([x]).item(), norm);
    assertExact([optim.clipGradNorm([x], max).item(), x.grad!.toArray()], [norm, clipped]);
  }
});

/** What one step of an optimizer makes of a number and its gradient, where these are no usual ones; PyTorch's. */
const ends: [name: string, make: (p: Tensor[]) => optim.Optimizer, value: number, gradient: number, after: number][] = [
  ["a rate of 0", (p) => new optim.AdamW(p, { lr: 0, weightDecay: 0.1 }), 2, 1, 2],
  ["a gradient of 0", (p) => new optim.Adam(p, { lr: 0.1 }), 2, 0, 2],
  ["a gradient of 0 by a root of 0", (p) => new optim.Adam(p, { lr: 0.1, eps: 0 }), 2, 0, NaN],
  ["a gradient of 0, decayed", (p) => new optim.SGD(p, { lr: 0.5, weightDecay: 0.5 }), 2, 0, 1.5],
  [
    "a first step with momentum and dampening",
    (p) => new optim.SGD(p, { lr: 0.5, momentum: 0.9, dampening: 1 }),
    2,
    1,
    1.5,
  ],
  ["no past", (p) => new optim.Adam(p, { lr: 0.5, betas: [0, 0], eps: 0 }), 2, -8, 2.5],
];
forEachDevice("a step at the ends of the numbers is PyTorch's", () => {
  for (const [name, make, value, gradient, after] of ends) {
    const x = new Tensor([value]), optimizer = make([x]);
    x.grad = tensor([gradient]);
    optimizer.step();
    assertExact(x.toArray(), [after], name);
    optimizer.dispose();
  }
});

forEachDevice("a parameter without elements and one without axes are stepped as any", () => {
  for (const [, make] of optimizers) {
    const none = new Tensor(new Float32Array(0)), scalar = new Tensor(2), optimizer = make([none, scalar]);
    none.grad = none.zerosLike();
    scalar.grad = scalar.onesLike();
    optimizer.step();
    assertEquals([none.toArray(), scalar.item() < 2], [[], true]);
    optimizer.dispose();
  }
});
