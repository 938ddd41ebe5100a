/**
 * Schedules beside PyTorch's, over sixty steps of one group and of two; that a state goes on with the same bits; and what they
 * refuse. `fixtures/schedules.py` wrote the numbers. PyTorch's recursive forms accumulate rounding, which a relative 1e-8
 * holds; where a cosine has reached zero, only an absolute tolerance can.
 */
import { optim, Tensor } from "../../mod.ts";
import fixtures from "../fixtures/schedules.json" with { type: "json" };
import { testWith } from "../permissions.ts";
import { assertClose, assertEquals, assertThrowsLike } from "../support.ts";

interface Course {
  options: object;
  rates: number[][];
  momenta?: number[][];
}
interface Case extends Course {
  name: string;
  groups: number;
  kind: string;
}

type Make = (optimizer: optim.Optimizer) => optim.Scheduler;
// deno-lint-ignore no-explicit-any -- a value without its type, as a program in JavaScript would pass it.
const given = (value: unknown): any => value;

/** The cases of the fixture whose options are no data, by their names there. */
const makers: Record<string, Make> = {
  lambda: (o) => new optim.LambdaSchedule(o, { factor: (t) => 1 / (1 + t) }),
  "lambda list": (o) => {
    const factor = [(t: number) => 1 / (1 + t), (t: number) => 0.9 ** t].slice(0, o.groups.length);
    return new optim.LambdaSchedule(o, { factor });
  },
  multiplicative: (o) => new optim.MultiplicativeSchedule(o, { factor: (t) => t % 5 === 0 ? 0.5 : 1.01 }),
  "cyclic by a function": (o) =>
    new optim.Cyclic(o, { baseLr: 0.01, maxLr: 0.1, stepSizeUp: 5, scale: (cycle) => 1 / cycle }),
  chained: (o) =>
    new optim.ChainedSchedule(o, [
      (o) => new optim.ConstantFactor(o, { steps: 4, factor: 0.1 }),
      (o) => new optim.ExponentialDecay(o, { gamma: 0.9 }),
    ]),
  "chained with a lowest rate": (o) =>
    new optim.ChainedSchedule(o, [
      (o) => new optim.LinearFactor(o, { steps: 10, startFactor: 0.5, endFactor: 0.9 }),
      (o) => new optim.CosineDecay(o, { steps: 30, etaMin: 0.01 }),
    ]),
  "chained with restarts": (o) =>
    new optim.ChainedSchedule(o, [
      (o) => new optim.StepDecay(o, { stepSize: 3, gamma: 0.5 }),
      (o) => new optim.CosineDecayWithWarmRestarts(o, { t0: 7, tMult: 2 }),
      (o) => new optim.MultiplicativeSchedule(o, { factor: () => 0.8 }),
    ]),
  sequential: (o) =>
    new optim.SequentialSchedule(o, [
      (o) => new optim.LinearWarmup(o, { steps: 10, startFactor: 0.1 }),
      (o) => new optim.ExponentialDecay(o, { gamma: 0.9 }),
      (o) => new optim.CosineDecay(o, { steps: 30 }),
    ], { milestones: [10, 30] }),
  "warm-up": (o) =>
    new optim.WarmupSchedule(o, (o) => new optim.PolynomialDecay(o, { steps: 40 }), {
      steps: 8,
      startFactor: 0.2,
      kind: "constant",
    }),
};

function optimizerOf({ groups, kind }: { groups: number; kind: string }): optim.Optimizer {
  const params = [0.1, 0.3].slice(0, groups).map((lr) => ({ params: [new Tensor([0], { device: "reference" })], lr }));
  return kind === "adam" ? new optim.Adam(params) : new optim.SGD(params, { momentum: 0.9 });
}

const momentaOf = (optimizer: optim.Optimizer) =>
  optimizer.groups.map((group) => given(group).momentum ?? given(group).betas[0]);

testWith([], "sixty steps of schedules are PyTorch's, and a state goes on with the same bits", () => {
  for (const each of fixtures.cases as unknown as Case[]) {
    const what = `${each.name} ${JSON.stringify(each.options)} of ${each.groups}`;
    const make = makers[each.name] ?? ((o: optim.Optimizer) => new (given(optim)[each.name])(o, each.options));
    const optimizer = optimizerOf(each), schedule = make(optimizer), found: number[][] = [], momenta: number[][] = [];
    let half: { optimizer: optim.OptimizerState; schedule: optim.SchedulerState } | null = null;
    for (let step = 0; step < each.rates.length; step++) {
      if (step === 23) half = { optimizer: optimizer.stateDict(), schedule: schedule.stateDict() };
      found.push(optimizer.groups.map(({ lr }) => lr));
      momenta.push(momentaOf(optimizer));
      assertEquals(schedule.getLrs(), found.at(-1)!, what);
      if (step < each.rates.length - 1) schedule.step();
    }
    assertClose(found.flat(), each.rates.flat(), { relative: 1e-8, absolute: 1e-10, what });
    if (each.momenta !== undefined) assertClose(momenta.flat(), each.momenta.flat(), { relative: 1e-8, what });
    // The states as JSON, as a checkpoint has them.
    const states = structuredClone({ schedule: half!.schedule });
    const other = optimizerOf(each), again = make(other);
    other.loadStateDict(half!.optimizer);
    again.loadStateDict(JSON.parse(JSON.stringify(states.schedule)));
    for (let step = 23; step < found.length; step++) {
      assertEquals([other.groups.map(({ lr }) => lr), momentaOf(other)], [found[step]!, momenta[step]!], what);
      if (step < found.length - 1) again.step();
    }
  }
});

testWith([], "ReduceOnPlateau is PyTorch's, and a state goes on", () => {
  for (const { options, rates } of fixtures.plateaus as Course[]) {
    const optimizer = optimizerOf({ groups: 2, kind: "sgd" }), found: number[][] = [];
    let schedule = new optim.ReduceOnPlateau(optimizer, options);
    for (let step = 0; step < rates.length; step++) {
      found.push(optimizer.groups.map(({ lr }) => lr));
      schedule.step(fixtures.metrics[step] ?? NaN);
      if (step !== 17) continue;
      const state = schedule.stateDict();
      schedule = new optim.ReduceOnPlateau(optimizer, options);
      schedule.loadStateDict(state);
    }
    assertClose(found.flat(), rates.flat(), { relative: 1e-8, what: JSON.stringify(options) });
  }
});

testWith([], "Noam's schedule is that of the paper, and an exponential warm-up meets the base rate", () => {
  const width = 512, warmup = 4000, optimizer = optimizerOf({ groups: 2, kind: "sgd" });
  for (const group of optimizer.groups) group.lr = 1 / Math.sqrt(width * warmup);
  const schedule = new optim.InverseSquareRootDecay(optimizer, { warmup });
  for (const n of [1, 100, 4000, 4001, 100000]) {
    // Vaswani et al. 2017, equation 3.
    const lr = width ** -0.5 * Math.min(n ** -0.5, n * warmup ** -1.5);
    assertClose([schedule.rate(n - 1)], [lr], { relative: 1e-12 });
  }
  const sgd = optimizerOf({ groups: 1, kind: "sgd" });
  const decay = (o: optim.Optimizer) => new optim.ExponentialDecay(o, { gamma: 0.5 });
  const warm = new optim.WarmupSchedule(sgd, decay, { steps: 4, startFactor: 1 / 16, kind: "exponential" });
  const rates = [0, 1, 2, 3, 4, 5, 6].map((steps) => warm.rate(steps));
  assertClose(rates, [0.00625, 0.0125, 0.025, 0.05, 0.1, 0.05, 0.025], { relative: 1e-12 });
});

testWith([], "a group that is added has a base of its own, and lists that lack it say so", () => {
  const optimizer = optimizerOf({ groups: 2, kind: "sgd" });
  const decay = new optim.ExponentialDecay(optimizer, { gamma: 0.5 });
  const list = new optim.LambdaSchedule(optimizer, { factor: [() => 1, () => 1] });
  decay.step();
  optimizer.addGroup({ params: [new Tensor([0], { device: "reference" })], lr: 4 });
  assertThrowsLike(() => list.step(), /RangeError: Cannot compute rate: factor has 2 values, but none for group 2/);
  assertEquals(optimizer.groups.map(({ lr }) => lr), [0.05, 0.15, 4]);
  decay.step();
  assertEquals(optimizer.groups.map(({ lr }) => lr), [0.025, 0.075, 1]);
  assertEquals(optimizer.lr, 0.025);
  optimizer.lr = 1;
  assertEquals(optimizer.groups.map(({ lr }) => lr), [1, 0.075, 1]);
});

/** What schedules refuse, of an optimizer of two groups with a momentum. */
const refused: [make: (o: optim.Optimizer) => unknown, text: RegExp][] = [
  [
    (o) => new optim.MultiStepDecay(o, { milestones: [2, 1] }),
    /RangeError: Cannot make MultiStepDecay: milestones \[2, 1\]/,
  ],
  [(o) => new optim.MultiStepDecay(o, { milestones: given(3) }), /TypeError: .* it must be a list of milestones/],
  [(o) => new optim.ExponentialDecay(o, given({})), /RangeError: Cannot make ExponentialDecay: gamma undefined/],
  [(o) => new optim.ExponentialDecay(o, { gamma: NaN }), /gamma NaN must lie in/],
  [(o) => new optim.PolynomialDecay(o, { steps: 0 }), /steps 0 must be an integer of at least 1/],
  [(o) => new optim.PolynomialDecay(o, { power: -1 }), /power -1 must lie in/],
  [(o) => new optim.InverseSquareRootDecay(o, { warmup: 0.5 }), /warmup 0.5 must be an integer/],
  [(o) => new optim.LinearFactor(o, { startFactor: 0 }), /startFactor 0 must be more than 0/],
  [(o) => new optim.LinearFactor(o, { endFactor: 2 }), /endFactor 2 must lie in \[0, 1\]/],
  [(o) => new optim.ExponentialWarmup(o, { startFactor: -1 }), /startFactor -1 must lie in/],
  [
    (o) => new optim.LambdaSchedule(o, { factor: given(2) }),
    /TypeError: Cannot make LambdaSchedule: 2, it must be a function/,
  ],
  [(o) => new optim.LambdaSchedule(o, { factor: [() => 1] }), /factor has 1 values, there are 2 groups/],
  [(o) => new optim.LambdaSchedule(o, { factor: () => NaN }), /RangeError: Cannot change SGD: lr NaN/],
  [(o) => new optim.MultiplicativeSchedule(o, { factor: [given(1), given(1)] }), /it must be a function/],
  [(o) => new optim.OneCycle(o, { maxLr: -1, steps: 10 }), /Cannot make OneCycle: maxLr -1 must lie in/],
  [(o) => new optim.OneCycle(o, { maxLr: [1], steps: 10 }), /maxLr has 1 values, there are 2 groups/],
  [(o) => new optim.OneCycle(o, { maxLr: 1, steps: 0 }), /steps 0 must be an integer/],
  [(o) => new optim.OneCycle(o, { maxLr: 1, steps: 9, pctStart: 2 }), /pctStart 2 must lie in/],
  [(o) => new optim.OneCycle(o, { maxLr: 1, steps: 9, divFactor: 0 }), /divFactor 0 must be more than 0/],
  [
    (o) => new optim.OneCycle(o, { maxLr: 1, steps: 9, annealStrategy: given("sin") }),
    /annealStrategy "sin" must be one of/,
  ],
  [(o) => new optim.OneCycle(o, { maxLr: 1, steps: 9 }).rate(10), /step 10, the cycle has 9 steps/],
  [(o) => new optim.Cyclic(o, { baseLr: 0, maxLr: 1, stepSizeUp: 0 }), /stepSizeUp 0 must be an integer/],
  [(o) => new optim.Cyclic(o, { baseLr: 0, maxLr: 1, mode: given("round") }), /mode "round" must be one of/],
  [(o) => new optim.Cyclic(o, { baseLr: 0, maxLr: 1, maxMomentum: 1 }), /maxMomentum 1 must lie in \[0, 1\)/],
  [(o) => new optim.WarmupSchedule(o, (o) => new optim.PolynomialDecay(o), { steps: 0 }), /steps 0 must be/],
  [(o) => new optim.WarmupSchedule(o, given(1), { steps: 3 }), /1, it must be a function/],
  [(o) => new optim.ChainedSchedule(o, []), /a list of functions that make schedules/],
  [
    (o) => new optim.ChainedSchedule(o, [(o) => new optim.ExponentialDecay(o, { gamma: 0.5 }), given(() => 3)]),
    /a schedule/,
  ],
  [(o) => new optim.SWASchedule(o, { lr: NaN }), /lr NaN must lie in/],
  [(o) => new optim.ReduceOnPlateau(o, { factor: 1 }), /factor 1 must lie in \[0, 1\)/],
  [(o) => new optim.ReduceOnPlateau(o, { mode: given("least") }), /mode "least" must be one of min, max/],
  [(o) => new optim.ReduceOnPlateau(o, { minLr: [0] }), /minLr has 1 values, there are 2 groups/],
  [(o) => new optim.ReduceOnPlateau(o).step(given("1")), /TypeError: .*"1", it must be a number/],
  [
    (o) => new optim.ReduceOnPlateau(o).loadStateDict(given({ best: 1, steps: -1, badSteps: 0, cooldown: 0 })),
    /steps -1/,
  ],
  [() => new optim.ReduceOnPlateau(given({})), /it must be an optimizer/],
];
testWith([], "schedules refuse what makes no sense, and leave rates and momenta", () => {
  const optimizer = optimizerOf({ groups: 2, kind: "sgd" });
  for (const [make, text] of refused) {
    assertThrowsLike(() => make(optimizer), text);
    // A cycle that could be made has set its first rate.
    for (const [k, group] of optimizer.groups.entries()) Object.assign(group, { lr: [0.1, 0.3][k], initialLr: null });
    assertEquals(momentaOf(optimizer).length, 2);
  }
  const plain = new optim.SGD([new Tensor([0], { device: "reference" })], { lr: 0.1 });
  assertThrowsLike(() => new optim.OneCycle(plain, { maxLr: 1, steps: 9 }), /no momentum; cycleMomentum: false leaves/);
  assertThrowsLike(
    () => new optim.Cyclic(plain, { baseLr: 0, maxLr: 1 }),
    /Cannot make Cyclic: the optimizer has no momentum/,
  );
  assertEquals([plain.lr, plain.initialLr], [0.1, null]);
  const schedule = new optim.ExponentialDecay(optimizer, { gamma: 0.5 });
  assertThrowsLike(() => schedule.loadStateDict({ steps: 1, baseLrs: [1] }), /1 base rates, there are 2 groups/);
  assertThrowsLike(() => schedule.loadStateDict({ steps: 1, baseLrs: [1, -1] }), /baseLrs -1 must lie in/);
  assertThrowsLike(() => schedule.rate(1, 2), /place 2, the optimizer has 2 groups/);
  assertEquals(schedule.stateDict(), { steps: 0, baseLr: 0.1, baseLrs: [0.1, 0.3] });
  schedule.loadStateDict({ steps: 2 });
  assertEquals(optimizer.groups.map(({ lr }) => lr), [0.025, 0.075]);
});
