/**
 * PyTorch's numbers: values and gradients of modules and losses, optimizer steps, schedules and a training curve.
 *
 * `fixtures/pytorch.py` wrote them in float64 to eight digits, so that a relative 1e-5 is the rounding of float32 over a few
 * chained operations and no more. Absolute terms cover sums that cancel.
 */
import { nn, optim, scope, type Tensor, tensor } from "../mod.ts";
import fixtures from "./fixtures/pytorch.json" with { type: "json" };
import { makers, schedules } from "./pytorch_modules.ts";
import { assertClose, forEachDevice, values } from "./support.ts";

interface Numbers {
  shape: number[];
  data: number[];
  dtype?: string;
}

const near = { relative: 1e-5, absolute: 2e-6 };
const read = ({ shape, data, dtype }: Numbers, requiresGrad = false) =>
  tensor(dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data), { shape, requiresGrad });
const readAll = (state: Record<string, Numbers>) =>
  Object.fromEntries(Object.entries(state).map(([name, numbers]) => [name, read(numbers)]));

// deno-lint-ignore no-explicit-any
const cases = fixtures as any;

forEachDevice("PyTorch: modules, their gradients, running statistics and evaluation", () => {
  for (const each of cases.modules) {
    using _ = scope();
    const module = makers[each.name]!(), x = read(each.input, true), outGrad = read(each.outGrad);
    module.loadStateDict(readAll(each.state));
    const y = module.call(x);
    assertClose(values(y), each.output.data, { ...near, what: each.name });
    y.backward(outGrad);
    assertClose(values(x.grad!), each.inputGrad.data, { ...near, what: `${each.name}: input` });
    for (const [name, parameter] of module.namedParameters()) {
      assertClose(values(parameter.grad!), each.gradients[name].data, { ...near, what: `${each.name}: ${name}` });
    }
    if (each.stateAfter) {
      module.call(x.detach().mul(2).add(1));
      for (const [name, state] of Object.entries(module.stateDict())) {
        assertClose(values(state), each.stateAfter[name].data, { ...near, what: `${each.name}: ${name}` });
      }
    }
    module.eval();
    const z = read(each.input, true), evaluated = module.call(z);
    assertClose(values(evaluated), each.evalOutput.data, { ...near, what: `${each.name}: eval` });
    evaluated.backward(outGrad);
    assertClose(values(z.grad!), each.evalInputGrad.data, { ...near, what: `${each.name}: eval input` });
    for (const tensor of [...module.parameters(), ...module.namedBuffers().map(([, buffer]) => buffer)]) {
      tensor.grad?.dispose();
      tensor.dispose();
    }
  }
});

forEachDevice("PyTorch: losses and their gradients", () => {
  for (const each of cases.losses) {
    using _ = scope();
    const prediction = read(each.prediction, true), what = `${each.name} ${JSON.stringify(each.options)}`;
    // deno-lint-ignore no-explicit-any
    const loss = new (nn as any)[each.name](each.options).call(prediction, read(each.target)) as Tensor;
    assertClose(values(loss), each.output.data, { ...near, what });
    loss.backward(read(each.outGrad).reshape(loss.shape));
    assertClose(values(prediction.grad!), each.gradient.data, { ...near, what: `${what}: gradient` });
  }
});

forEachDevice("PyTorch: optimizer steps", () => {
  const { params, gradients, cases: rows, clips } = cases.optimizers;
  for (const each of rows) {
    const parameters = params.map((numbers: Numbers) => new nn.Parameter(read(numbers)));
    // deno-lint-ignore no-explicit-any
    const optimizer = new (optim as any)[each.name](parameters, each.options) as optim.Optimizer;
    each.after.forEach((after: number[], step: number) => {
      using _ = scope();
      parameters.forEach((parameter: Tensor, place: number) => {
        const gradient = gradients[step][place];
        parameter.grad = gradient === null ? null : read(gradient);
      });
      optimizer.step();
      const found = parameters.flatMap((parameter: Tensor) => values(parameter));
      assertClose(found, after, { ...near, what: `${each.name} ${JSON.stringify(each.options)}, step ${step}` });
      optimizer.resetGrad();
    });
    optimizer.dispose();
    for (const parameter of parameters) parameter.dispose();
  }
  for (const each of clips) {
    using _ = scope();
    const leaves = params.map((numbers: Numbers) => read(numbers, true));
    leaves.forEach((leaf: Tensor, place: number) => leaf.grad = read(gradients[0][place]));
    const norm = optim.clipGradNorm(leaves, each.max);
    assertClose([norm.item()], [each.norm], near);
    leaves.forEach((leaf: Tensor, place: number) => assertClose(values(leaf.grad!), each.gradients[place].data, near));
  }
});

/** `2.0.4.bias` in the fixture is `layers.2.0.0.4.bias`: a residual there is itself the sequence that it wraps here. */
function nested(name: string): string {
  return `layers.${name.replace(/^(\d)\.0\.(\d)/, "$1.0.0.$2")}`;
}

Deno.test("PyTorch: schedules", () => {
  for (const each of cases.schedules) {
    using parameter = tensor([0], { requiresGrad: true, device: "reference" });
    const optimizer = new optim.SGD([parameter], { lr: each.baseLr });
    // deno-lint-ignore no-explicit-any
    const schedule = schedules[each.name]?.(optimizer) ?? new (optim as any)[each.name](optimizer, each.options);
    const rates: number[] = [];
    for (let step = 0; step < each.rates.length; step++) {
      rates.push(schedule.getLr());
      schedule.step();
    }
    // PyTorch's recursive forms accumulate rounding. Where a cosine has reached zero, only an absolute tolerance can hold.
    assertClose(rates, each.rates, {
      relative: 1e-7,
      absolute: 1e-10,
      what: `${each.name} ${JSON.stringify(each.options)}`,
    });
  }
});

forEachDevice("PyTorch: thirty steps of a residual net", () => {
  const { features, width, classes, batch, state, x, y, losses, options } = cases.curve;
  const net = new nn.models.MLPResNet({ inputs: features, width, depth: 2, classes, dropout: 0 });
  // Deneb's net has one more level of nesting than PyTorch's.
  const renamed = Object.entries(readAll(state)).map(([name, value]) => [nested(name), value]);
  net.loadStateDict(Object.fromEntries(renamed));
  const { lr, ...restarts } = options;
  const optimizer = new optim.Adam(net.parameters(), { lr });
  const schedule = new optim.CosineDecayWithWarmRestarts(optimizer, restarts);
  const inputs = read(x), labels = tensor(Int32Array.from(y)), lossOf = new nn.CrossEntropyLoss();
  const found: number[] = [];
  for (let step = 0; step < losses.length; step++) {
    using _ = scope();
    const rows = `${step % 4 * batch}:${(step % 4 + 1) * batch}`;
    const loss = lossOf.call(net.call(inputs.at(rows)), labels.at(rows));
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    schedule.step();
    found.push(loss.item());
  }
  // Thirty steps of Adam amplify rounding: its first steps divide by the gradient's own size.
  assertClose(found, losses, { relative: 1e-4, absolute: 1e-5 });
  // No comparison in evaluation: a bias before a BatchNorm has no gradient but rounding, which Adam scales up to whole
  // steps; training is blind to that bias, running statistics that lag behind it are not.
  optimizer.resetGrad();
  optimizer.dispose();
  for (const tensor of [...net.parameters(), ...net.namedBuffers().map(([, buffer]) => buffer)]) tensor.dispose();
});
