/**
 * L-BFGS, Lookahead, averages of weights, clipping and the scale of losses beside PyTorch's numbers, which
 * `fixtures/wrappers.py` wrote in float64 to nine digits. L-BFGS is compared in float64: its line search takes branches by
 * comparing losses, which rounding to float32 would turn.
 */
import { type DType, nn, optim, scope, Tensor, tensor } from "../../mod.ts";
import fixtures from "../fixtures/wrappers.json" with { type: "json" };
import { bits, sameAsEager } from "../captures.ts";
import {
  assertClose,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "../support.ts";

// deno-lint-ignore no-explicit-any -- a value without its type, as a program in JavaScript would pass it.
const given = (value: unknown): any => value;
const parameters = { parameters: true }, float64 = { on: ["cpu", "reference"], parameters: true };
const leaf = (numbers: number[], dtype: DType = "float32") => tensor(numbers, { dtype, requiresGrad: true });

/** The functions of the fixture. */
const functions: Record<string, (x: Tensor, y: Tensor) => Tensor> = {
  rosenbrock: (x, y) => y.sub(x.square()).square().mul(100).add(x.sub(1).square()).sum(),
  bowl: (x, y) => {
    const cross = x.mul(y).sum().square().div(10);
    return x.sub(1).square().sum().add(y.add(2).square().sum().mul(3)).add(cross);
  },
};

function minimizing(name: string, options: optim.LBFGSOptions) {
  const x = leaf([-1.2, 0.5], "float64"), y = leaf([1, -0.3], "float64");
  const optimizer = new optim.LBFGS([x, y], options), sign = options.maximize ? -1 : 1;
  let calls = 0;
  const step = () => {
    using _ = scope();
    const loss = optimizer.step(() => {
      calls++;
      optimizer.resetGrad();
      const loss = functions[name]!(x, y).mul(sign);
      loss.backward();
      return loss;
    });
    return loss.item();
  };
  return { x, y, optimizer, step, calls: () => calls };
}

forEachDevice(
  "L-BFGS goes where PyTorch's goes, by as many evaluations, and a state goes on with the same bits",
  () => {
    for (const { name, options, losses, after, calls } of fixtures.lbfgs) {
      const what = `${name} ${JSON.stringify(options)}`, run = minimizing(name, given(options)), found: number[] = [];
      const other = minimizing(name, given(options));
      after.forEach((place, k) => {
        found.push(run.step());
        // Each iteration multiplies the rounding of the one before.
        assertClose([...values(run.x), ...values(run.y)], place, { relative: 1e-6, absolute: 1e-7, what });
        if (k === 0) {
          using _ = scope();
          other.x.data = run.x.detach();
          other.y.data = run.y.detach();
          other.optimizer.loadStateDict(run.optimizer.stateDict());
        } else other.step();
      });
      assertClose(found, losses, { relative: 1e-6, absolute: 1e-7, what });
      assertStrictEquals(run.calls(), calls, what);
      using _ = scope();
      assertEquals(bits([other.x, other.optimizer.stateDict()]), bits([run.x, run.optimizer.stateDict()]), what);
      for (const each of [run, other]) {
        each.optimizer.resetGrad();
        each.optimizer.dispose();
      }
    }
  },
  float64,
);

forEachDevice("L-BFGS refuses groups, settings and states that make no sense", () => {
  const x = leaf([1]), y = leaf([1]), make = (options: unknown) => new optim.LBFGS([x], given(options));
  assertThrowsLike(
    () => new optim.LBFGS(given([{ params: [x] }, { params: [y] }])),
    /TypeError: Cannot make LBFGS: there can be one/,
  );
  assertThrowsLike(() => make({ lineSearch: "wolfe" }), /lineSearch "wolfe" must be "strongWolfe" or null/);
  assertThrowsLike(() => make({ historySize: 0 }), /historySize 0 must be an integer of at least 1/);
  assertThrowsLike(() => make({ maxIterations: 1.5 }), /maxIterations 1.5 must be an integer/);
  assertThrowsLike(() => make({ toleranceGrad: -1 }), /toleranceGrad -1 must lie in/);
  const optimizer = make({});
  assertThrowsLike(() => optimizer.addGroup({ params: [y] }), /Cannot add to LBFGS/);
  assertThrowsLike(
    () => optimizer.step(given(undefined)),
    /TypeError: Cannot step LBFGS: undefined, it must be a function/,
  );
  const state = optimizer.stateDict();
  assertThrowsLike(() => optimizer.loadStateDict({ ...state, iterations: -1 }), /iterations -1 must be an integer/);
  assertThrowsLike(() => optimizer.loadStateDict({ ...state, direction: tensor([1, 2]) }), /direction has shape \[2\]/);
  assertThrowsLike(() => optimizer.loadStateDict({ ...state, typo: 1 }), /unexpected typo/);
  // A gradient that is no number leaves the parameters.
  optimizer.step(() => {
    x.grad = tensor([NaN]);
    return x.sum();
  });
  assertExact(x.toArray(), [1]);
  x.resetGrad();
  optimizer.dispose();
}, { ...parameters, on: ["cpu", "reference"] });

forEachDevice("Lookahead is that of its paper, captured as eager, and a state goes on with the same bits", () => {
  for (const { steps, alpha, after } of fixtures.lookahead) {
    const make = () => {
      const p = leaf([1, -2, 3]);
      return { p, optimizer: new optim.Lookahead(new optim.Adam([p], { lr: 0.1 }), { steps, alpha }) };
    };
    const first = make(), other = make();
    after.forEach((place, k) => {
      using _ = scope();
      if (k === 3) {
        other.p.data = first.p.detach();
        other.optimizer.loadStateDict(first.optimizer.stateDict());
      }
      for (const { p, optimizer } of k < 3 ? [first] : [first, other]) {
        p.grad = p.mul(2).add(0.1).detach();
        optimizer.step();
        optimizer.resetGrad();
      }
      assertClose(values(first.p), place, { relative: 1e-5, absolute: 1e-6 });
      if (k >= 3) assertEquals(bits(other.p), bits(first.p));
    });
    for (const { optimizer } of [first, other]) optimizer.dispose();
  }
  sameAsEager((wrap, log) => {
    const p = leaf([1, -2, 3]), optimizer = new optim.Lookahead(new optim.SGD([p], { lr: 0.1 }), { steps: 2 });
    const step = wrap(() => {
      optimizer.resetGrad();
      p.square().sum().backward();
      optimizer.step();
    });
    for (let k = 0; k < 5; k++) {
      step();
      log(p, optimizer.stateDict());
    }
    optimizer.resetGrad();
    optimizer.dispose();
  }, 1);
  assertThrowsLike(() => new optim.Lookahead(given(1)), /Cannot make Lookahead: 1, it must be an optimizer/);
  const x = leaf([1]), optimizer = new optim.Lookahead(new optim.SGD([x]));
  assertThrowsLike(() => new optim.Lookahead(optimizer.optimizer, { steps: 0 }), /steps 0 must be an integer/);
  assertThrowsLike(() => new optim.Lookahead(optimizer.optimizer, { alpha: 2 }), /alpha 2 must lie in \[0, 1\]/);
  assertThrowsLike(
    () => optimizer.loadStateDict({ ...optimizer.stateDict(), "slow.0": 1 }),
    /slow.0 is 1, it must be a tensor/,
  );
  optimizer.optimizer.addGroup({ params: [leaf([2])] });
  assertThrowsLike(() => optimizer.step(), /Cannot step Lookahead: 2 parameters, there were 1 at first/);
  optimizer.dispose();
}, parameters);

/** A model with a buffer of floats. */
class Counting extends nn.Module {
  weight = new nn.Parameter(tensor([1, 2]));
  count = new nn.Buffer(tensor([0.5]));
  override forward(x: Tensor): Tensor {
    return x.mul(this.weight);
  }
}

forEachDevice("averages of weights are PyTorch's, eager and captured, and come back", () => {
  for (const { options, after } of fixtures.averages) {
    sameAsEager((wrap, log) => {
      const model = new Counting(), update = wrap(() => average.update());
      using average = new optim.AveragedModel(model, options);
      average.exchange();
      assertExact(values(model.weight), [1, 2]);
      after.forEach((place, step) => {
        using _ = scope();
        model.weight.data = model.weight.mul(1.5).sub(step).detach();
        model.count.data = model.count.mul(2).add(step).detach();
        const before = [values(model.weight), values(model.count)];
        update();
        average.exchange();
        assertClose([...values(model.weight), ...values(model.count)], place, {
          relative: 1e-5,
          what: JSON.stringify(options),
        });
        average.exchange();
        assertExact([values(model.weight), values(model.count)], before);
        log(average.stateDict());
      });
      using other = new optim.AveragedModel(model, options);
      other.loadStateDict(average.stateDict());
      assertEquals(bits(other.stateDict()), bits(average.stateDict()));
      const state = average.stateDict();
      assertThrowsLike(() => other.loadStateDict({ ...state, updates: -1 }), /updates -1 must be/);
      assertThrowsLike(() => other.loadStateDict({ ...state, buffers: {} }), /count is undefined, it must be a tensor/);
    }, 2);
  }
  assertThrowsLike(
    () => new optim.AveragedModel(given({})),
    /Cannot make AveragedModel: an Object, it must be a module/,
  );
  assertThrowsLike(() => new optim.AveragedModel(new Counting(), { decay: 1 }), /decay 1 must lie in \[0, 1\)/);
}, parameters);

forEachDevice("gradients are clipped by every norm as PyTorch's are, and by value", () => {
  const gradients = [tensor([[1.5, -2], [0.25, 4]]), tensor([-3])];
  const params = gradients.map((gradient) => new Tensor(gradient.toTypedArray(), { shape: gradient.shape }));
  for (const { normType, max, norm, clipped } of fixtures.clips) {
    params.forEach((parameter, place) => parameter.grad = gradients[place]!.mul(1));
    const options = { normType: normType ?? Infinity };
    assertClose([optim.gradNorm(params, options).item()], [norm], { relative: 1e-5 });
    assertClose([optim.clipGradNorm(params, max, options).item()], [norm], { relative: 1e-5 });
    assertClose(params.flatMap(({ grad }) => values(grad!)), clipped, {
      relative: 1e-5,
      what: JSON.stringify(options),
    });
  }
  params.forEach((parameter, place) => parameter.grad = gradients[place]!.mul(1));
  optim.clipGradValue(params, 1.75);
  assertExact(params.flatMap(({ grad }) => values(grad!)), [1.5, -1.75, 0.25, 1.75, -1.75]);
  params[1]!.grad = tensor([NaN]);
  assertThrowsLike(
    () => optim.clipGradNorm(params, 1, { errorIfNonfinite: true }),
    /Cannot clipGradNorm: the norm is NaN/,
  );
  assertExact(values(params[0]!.grad!), [1.5, -1.75, 0.25, 1.75]);
  optim.clipGradValue(params, 1);
  assertExact(values(params[1]!.grad!), [NaN]);
  for (const normType of [0, -1, NaN, given("2")]) {
    assertThrowsLike(
      () => optim.clipGradNorm(params, 1, { normType }),
      /Cannot clipGradNorm: normType .* must be a number above 0/,
    );
    assertThrowsLike(() => optim.gradNorm(params, { normType }), /Cannot gradNorm: normType/);
  }
  for (const value of [-1, NaN, Infinity]) {
    assertThrowsLike(() => optim.clipGradValue(params, value), /value .* must lie in/);
  }
  for (const parameter of params) parameter.resetGrad();
}, parameters);

forEachDevice("GradScaler follows gradients as torch.amp's does", () => {
  const x = leaf([4]), optimizer = new optim.SGD([x], { lr: 0.25 });
  const scaler = new optim.GradScaler({ initialScale: 8, growthInterval: 2 }), found: unknown[] = [];
  for (const factor of [1, 1, 1, Infinity, 1, NaN, 1, 1]) {
    using _ = scope();
    optimizer.resetGrad();
    scaler.scale(x.mul(factor).sum()).backward();
    found.push([scaler.step(optimizer), x.item()]);
    scaler.update();
    found.push(scaler.getScale());
  }
  const course = [[true, 3.75], 8, [true, 3.5], 16, [true, 3.25], 16, [false, 3.25], 8, [true, 3], 8, [false, 3], 4];
  assertEquals(found, [...course, [true, 2.75], 4, [true, 2.5], 8]);
  assertEquals(scaler.stateDict(), { scale: 8, updates: 0 });
  assertThrowsLike(() => scaler.update(), /Cannot update: there was neither step\(\) nor unscale\(\)/);
  optimizer.resetGrad();
  assertThrowsLike(() => scaler.unscale(optimizer), /Cannot unscale: no parameter has a gradient/);
  x.grad = tensor([16]);
  scaler.unscale(optimizer);
  assertExact(values(x.grad), [2]);
  assertThrowsLike(() => scaler.unscale(optimizer), /Cannot unscale: the gradients are divided already/);
  scaler.step(optimizer);
  assertThrowsLike(() => scaler.step(optimizer), /Cannot step: update\(\) comes before the next step/);
  scaler.update();
  assertExact(x.item(), 2);
  scaler.loadStateDict({ scale: 32, updates: 1 });
  assertEquals(scaler.getScale(), 32);
  assertThrowsLike(() => scaler.loadStateDict({ scale: -1, updates: 1 }), /scale -1 must lie in/);
  const off = new optim.GradScaler({ enabled: false });
  assertEquals([off.getScale(), off.step(optimizer)], [1, true]);
  off.update();
  const wrong = { initialScale: 0, growthFactor: 1, backoffFactor: 1, growthInterval: 0, enabled: 1, typo: 1 };
  for (const [name, value] of Object.entries(wrong)) {
    assertThrowsLike(() => new optim.GradScaler(given({ [name]: value })), /Error: Cannot make GradScaler: /);
  }
  optimizer.resetGrad();
  optimizer.dispose();
}, parameters);
