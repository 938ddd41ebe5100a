/** What modules are made of: hooks, containers, freezing, paths, shared parameters, buffers that are not saved, parametrizations. */
import {
  capture,
  grad,
  io,
  jvp,
  keep,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  scope,
  Tensor,
  tensor,
  zeros,
} from "../../mod.ts";
import fixture from "../fixtures/machinery.json" with { type: "json" };
import {
  assertClose,
  assertEquals,
  assertExact,
  assertStrictEquals,
  assertThrowsLike,
  forEachDevice,
  values,
} from "../support.ts";

interface Numbers {
  shape: number[];
  data: number[];
}

const parameters = { parameters: true };
/** PyTorch's answers have eight digits, and float32 loses some in a few steps: most in 1 - tanh², which cancels. */
const near = { relative: 2e-5, absolute: 5e-6 };
/** Devices of the longer tests: what they test is none of the device's, and OpenCL would build dozens of programs for it. */
const quick = { parameters: true, on: ["cpu", "wasm", "reference"] };
const read = ({ shape, data }: Numbers, requiresGrad = false) =>
  tensor(Float32Array.from(data), { shape, requiresGrad });
const readAll = (state: object) =>
  Object.fromEntries(Object.entries(state).map(([name, numbers]) => [name, read(numbers as Numbers)]));
// deno-lint-ignore no-explicit-any -- what programs in plain JavaScript pass.
const given = (value: unknown): any => value;

/** A module of two inputs and two outputs. */
class Pair extends nn.Module<[x: Tensor, y: Tensor], [Tensor, Tensor]> {
  readonly linear = new nn.Linear(3, 2);

  override forward(x: Tensor, y: Tensor): [Tensor, Tensor] {
    const h = this.linear.call(x).tanh();
    return [h.mul(y), h.sum({ axes: 1 })];
  }
}

forEachDevice("PyTorch: hooks see and replace inputs, outputs and both kinds of gradients", () => {
  const { hooked } = fixture, pair = new Pair(), seen: (Tensor | null)[][] = [];
  pair.loadStateDict(io.convert(readAll(hooked.state), { from: "pytorch" }, pair).state);
  using _a = pair.beforeForward(([x, y]) => [x.mul(2), y]);
  using _b = pair.onForward(([a, b]) => [a.add(1), b.mul(3)]);
  using _c = pair.beforeBackward(([a, b]) => [a!.mul(2), b!]);
  using _d = pair.onBackward((inGrads, outGrads) => {
    seen.push([...inGrads, ...outGrads].map((grad) => grad && keep(grad)));
    return [inGrads[0]!.sub(1), inGrads[1]!];
  });
  const [x, y] = [read(hooked.inputs[0]!, true), read(hooked.inputs[1]!)], [a, b] = pair.call(x, y);
  assertClose([...values(a), ...values(b)], hooked.outputs.flatMap(({ data }) => data), near);
  a.square().sum().add(b.square().sum()).backward();
  assertStrictEquals(seen.length, 1);
  for (const [k, wanted] of [...hooked.inGrads, ...hooked.outGrads].entries()) {
    // Where PyTorch fills up with zeros, nothing flows.
    if (seen[0]![k] === null) assertEquals(wanted.data.every((value) => value === 0), true, `gradient ${k}`);
    else assertClose(values(seen[0]![k]!), wanted.data, { ...near, what: `gradient ${k}` });
  }
  assertClose(values(x.grad!), hooked.inputGrad.data, near);
  const { state } = io.convert(readAll(hooked.gradients), { from: "pytorch" }, pair);
  for (const [name, parameter] of pair.namedParameters()) {
    assertClose(values(parameter.grad!), values(state[name]!), { ...near, what: name });
  }
}, parameters);

forEachDevice("hooks are called in order, once, first, and no more when they are taken off", () => {
  const module = new nn.Identity(), seen: string[] = [], x = ones([1]);
  const note = (name: string) => () => void seen.push(name);
  const a = module.onForward(note("a"));
  module.onForward(note("once"), { once: true });
  module.onForward(note("first"), { prepend: true });
  module.call(x);
  a.dispose();
  a.dispose();
  module.call(x);
  assertEquals(seen, ["first", "a", "once", "first"]);
});

forEachDevice("backward hooks: no gradient to the input, none under noGrad, and twice through one graph", () => {
  const module = new nn.Linear(2, 2), seen: string[] = [];
  module.onBackward((inGrads, outGrads) => {
    seen.push([...inGrads, ...outGrads].map((grad) => grad === null ? "null" : `${grad.shape}`).join(" "));
  });
  const y = module.call(ones([1, 2])).sum();
  y.backward(undefined, { retainGraph: true });
  y.backward();
  assertEquals(seen, ["null 1,2", "null 1,2"]);
  noGrad(() => module.call(ones([1, 2])));
  const x = new Tensor(ones([1, 2]).toTypedArray(), { shape: [1, 2] });
  module.call(x).sum().backward();
  assertEquals(seen.length, 3);
  assertEquals(seen[2], "1,2 1,2");
}, parameters);

forEachDevice("gradients pass hooks in second derivatives and in forward mode", () => {
  const module = new nn.Tanh(), inGrads: Tensor[] = [];
  using _ = module.onBackward(([inGrad]) => void inGrads.push(inGrad!));
  const f = (x: Tensor) => module.call(x.mul(1)).sum();
  // The derivative of tanh' is -2 tanh (1 - tanh²).
  const t = Math.tanh(0.5);
  assertClose(values(grad((x: Tensor) => grad(f)(x).sum())(tensor([0.5]))), [-2 * t * (1 - t * t)], near);
  assertClose(values(jvp(f, [tensor([0.5])], [tensor([2])])[1]), [2 * (1 - t * t)], near);
});

forEachDevice("a captured function replays what hooks computed, and records anew for others", () => {
  const module = new nn.Identity(), x = tensor([1, 2]);
  let calls = 0;
  const hook = module.onForward((y) => {
    calls++;
    return y.mul(3);
  });
  using step = capture((x: Tensor) => module.call(x).add(1));
  assertExact(values(step(x)), [4, 7]);
  assertExact(values(step(x)), [4, 7]);
  assertStrictEquals(calls, 1);
  hook.dispose();
  assertExact(values(step(x)), [2, 3]);
  module.onForward((y) => y.mul(5), { once: true });
  assertExact(values(step(x)), [6, 11]);
  assertExact(values(step(x)), [2, 3]);
});

forEachDevice("hooks leave no tensor behind", (device) => {
  const module = new nn.Tanh(), x = new Tensor([1, 2]);
  using _ = module.onBackward(([grad]) => [grad!.mul(2).add(1)]);
  using __ = module.beforeForward(([x]) => [x.mul(2)]);
  const step = () => {
    using _ = scope();
    module.call(x).sum().backward();
    x.resetGrad();
  };
  step();
  const before = memory(device).tensors;
  step();
  assertStrictEquals(memory(device).tensors, before);
});

forEachDevice("answers of hooks that do not fit are refused", () => {
  const refused: [add: (module: nn.Identity) => unknown, RegExp][] = [
    [
      (m) => m.beforeForward(given((_: unknown) => 3)),
      /^TypeError: Cannot call the module: .*must be the list of inputs/,
    ],
    [
      (m) => m.onBackward(() => []),
      /^TypeError: Cannot backward: onBackward answered 0 gradients, it must be a list of 1/,
    ],
    [
      (m) => m.onBackward(given(() => 3)),
      /^TypeError: Cannot backward: the answer of onBackward: 3, it must be a list/,
    ],
    [(m) => m.beforeBackward(() => [ones([3])]), /^TypeError: Cannot Caught|gradient of shape \[3\]/],
    [(m) => m.onForward(given(3)), /^TypeError: Cannot onForward: 3, it must be a function/],
    [(m) => m.onForward(() => {}, given({ twice: true })), /^TypeError: Cannot onForward: there is no option twice/],
    [(m) => m.onForward(() => {}, given({ once: 1 })), /^TypeError: Cannot onForward: once 1 must be true or false/],
  ];
  for (const [add, pattern] of refused) {
    const module = new nn.Identity();
    assertThrowsLike(() => {
      add(module);
      module.call(new Tensor([1, 2])).sum().backward();
    }, pattern);
  }
}, { on: ["reference"] });

forEachDevice("ModuleList and Sequential: every method of a list, and the names of their state", () => {
  const [a, b, c] = [new nn.Linear(1, 1), new nn.Linear(1, 2), new nn.Linear(2, 1)];
  const list = new nn.ModuleList<nn.AnyModule>([a]).append(c).insert(1, b).extend([new nn.ReLU()]);
  assertEquals([list.length, [...list].indexOf(c), list.at(-2) === c, list.at(9)], [4, 2, true, undefined]);
  assertEquals(Object.keys(list.slice(1, 3).stateDict()), ["0.weight", "0.bias", "1.weight", "1.bias"]);
  assertStrictEquals(list.pop() instanceof nn.ReLU, true);
  assertStrictEquals(list.pop(0), a);
  list.set(-1, a);
  assertEquals(list.parameters(), [b, a].flatMap((module) => module.parameters()));
  const named = new nn.Sequential({ first: a, then: b }).append(new nn.Tanh());
  assertEquals(named.namedModules().map(([name]) => name), ["", "first", "then", "2"]);
  assertEquals(named.slice(0, 2).namedModules().map(([name]) => name), ["", "first", "then"]);
  assertEquals(named.call(ones([3, 1])).shape, [3, 2]);
  assertEquals(`${new nn.ParameterList([ones([2, 3])])}`, "ParameterList([2, 3])");
}, parameters);

forEachDevice("a captured function sees that a Sequential was changed", () => {
  const net = new nn.Sequential(new nn.Identity()), x = tensor([-1, 2]);
  using step = capture((x: Tensor) => net.call(x));
  step(x);
  net.append(new nn.ReLU());
  assertExact(values(step(x)), [0, 2]);
});

forEachDevice("ModuleDict and ParameterDict: every method of a Map", () => {
  const [a, b] = [new nn.Linear(1, 1), new nn.ReLU()];
  const dict = new nn.ModuleDict<nn.AnyModule>({ a }).set("b", b).update(new Map([["c", b]]));
  assertEquals([[...dict.keys()].join(), dict.size, dict.has("b"), dict.get("x")], ["a,b,c", 3, true, undefined]);
  assertEquals([dict.delete("c"), dict.delete("c"), dict.pop("b") === b, [...dict].length], [true, false, true, 1]);
  assertEquals(Object.keys(dict.stateDict()), ["a.weight", "a.bias"]);
  dict.clear();
  assertEquals([...dict.values()], []);
  const scales = new nn.ParameterDict([["low", zeros([2])]]);
  assertEquals([scales.parameters().length, scales.get("low") instanceof nn.Parameter], [1, true]);
}, parameters);

forEachDevice("what containers refuse, they refuse before they are changed", () => {
  const list = new nn.ModuleList([new nn.ReLU()]), dict = new nn.ModuleDict({ a: new nn.ReLU() });
  const refused: [() => unknown, RegExp][] = [
    [() => list.append(given(3)), /^TypeError: Cannot extend: item 1: 3, it must be a module/],
    [() => list.extend([new nn.ReLU(), given(null)]), /^TypeError: Cannot extend: item 2: null/],
    [() => list.extend(given(3)), /^TypeError: Cannot extend: 3, it must be items in an order/],
    [() => list.insert(3, new nn.ReLU()), /^RangeError: Cannot insert: place 3 must be an integer of at most 1/],
    [() => list.insert(0.5, new nn.ReLU()), /^RangeError: Cannot insert: place 0.5 must be/],
    [() => list.set(1, new nn.ReLU()), /^RangeError: Cannot set: place 1 of a list of 1/],
    [() => list.pop(-2), /^RangeError: Cannot pop: place -2 of a list of 1/],
    [() => given(list).call(ones([1])), /^TypeError: Cannot apply ModuleList: it computes nothing itself/],
    [() => new nn.ModuleList(given(new nn.ReLU())), /^TypeError: Cannot make ModuleList: a ReLU, it must be a list/],
    [() => new nn.Sequential(given({ "0": new nn.ReLU() })), /^RangeError: Cannot make Sequential: name "0" must be/],
    [
      () => new nn.Sequential(given({ "a.b": new nn.ReLU() })),
      /^RangeError: .* name "a.b" must have a letter, and no dot/,
    ],
    [() => new nn.Sequential(given({ a: 3 })), /^TypeError: Cannot make Sequential: a: 3, it must be a module/],
    [() => dict.set("", new nn.ReLU()), /^RangeError: Cannot set: name "" must have a letter, and no dot/],
    [() => dict.set(given(3), new nn.ReLU()), /^TypeError: Cannot set: 3, it must be a name/],
    [() => dict.update(given({ b: new nn.ReLU(), c: 3 })), /^TypeError: Cannot set "c": 3, it must be a module/],
    [() => dict.update(given(3)), /^TypeError: Cannot update: 3, it must be an object of items by name/],
    [() => dict.pop("x"), /^RangeError: Cannot pop: there is no item "x"/],
    [
      () => new nn.ParameterList(given([3])),
      /^TypeError: Cannot make ParameterList: item 0: 3, it must be a parameter/,
    ],
    [() => new nn.ParameterDict(given({ a: [3] })), /^TypeError: Cannot set "a": a list, it must be a parameter/],
  ];
  for (const [make, pattern] of refused) assertThrowsLike(make, pattern);
  assertEquals([list.length, dict.size], [1, 1]);
}, { on: ["reference"] });

forEachDevice("apply visits the innermost first; paths lead to parts, parameters and buffers", () => {
  const net = new nn.Sequential(new nn.Residual(new nn.Linear(2, 2), new nn.BatchNorm1d(2)), new nn.ReLU());
  const seen: string[] = [];
  net.apply((module) => void seen.push(module.constructor.name));
  assertEquals(seen, ["Linear", "BatchNorm1d", "Residual", "ReLU", "Sequential"]);
  assertStrictEquals(net.getSubmodule(""), net);
  assertStrictEquals(net.getSubmodule("0.1") instanceof nn.BatchNorm1d, true);
  assertEquals(net.getParameter("0.0.weight").shape, [2, 2]);
  assertEquals(net.getBuffer("0.1.runningMean").shape, [2]);
  /** A module whose parts have dots in their names. */
  class Deep extends nn.Module {
    readonly parts = { left: [new nn.ReLU()], right: [new nn.Sequential(new nn.Tanh())] };
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  assertStrictEquals(new Deep().getSubmodule("parts.right.0.0") instanceof nn.Tanh, true);
  const refused: [() => unknown, RegExp][] = [
    [
      () => net.getSubmodule("0.2"),
      /^RangeError: Cannot getSubmodule: Sequential has none at "0.2"; did you mean 0.\d\?/,
    ],
    [() => net.getParameter("0.0.wieght"), /^RangeError: .* did you mean 0.0.weight\?/],
    [() => net.getBuffer("0.0.weight"), /^RangeError: Cannot getBuffer/],
    [() => net.getParameter(given(3)), /^TypeError: Cannot getParameter: path 3 must be a text/],
    [() => new nn.ReLU().getParameter("weight"), /^RangeError: .* there are none/],
    [() => net.apply(given(3)), /^TypeError: Cannot apply: 3, it must be a function/],
    [() => net.requiresGrad(given("no")), /^TypeError: Cannot change module: requiresGrad "no" must be true or false/],
    [() => net.namedParameters(given({ all: true })), /^TypeError: Cannot namedParameters: there is no option all/],
  ];
  for (const [ask, pattern] of refused) assertThrowsLike(ask, pattern);
}, parameters);

forEachDevice("a frozen module is listed, saved and given to optimizers, which leave it", () => {
  /** A module with a plain tensor for a parameter. */
  class Scaled extends nn.Module {
    readonly linear = new nn.Linear(2, 2);
    readonly scale = new Tensor([2, 3]);
    override forward(x: Tensor): Tensor {
      return this.linear.call(x).mul(this.scale);
    }
  }
  const net = new Scaled(), names = Object.keys(net.stateDict()), x = ones([1, 2]);
  using step = capture((x: Tensor) => {
    net.resetGrad();
    net.call(x).sum().backward();
    optimizer.step();
  });
  net.linear.requiresGrad(false);
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.5, momentum: 0.9, weightDecay: 0.1 });
  const frozen = values(net.linear.weight);
  for (let k = 0; k < 3; k++) step(x);
  assertExact(values(net.linear.weight), frozen);
  net.requiresGrad(false);
  assertEquals(Object.keys(net.stateDict()), names);
  assertStrictEquals(net.call(x).requiresGrad, false);
  net.requiresGrad();
  step(x);
  assertStrictEquals(values(net.linear.weight).join() === frozen.join(), false);
  net.resetGrad();
  assertEquals(net.parameters().map(({ grad }) => grad), [null, null, null]);
  // A constant is no parameter that was frozen.
  assertThrowsLike(() => new optim.SGD([tensor([1])], { lr: 1 }), /must be a leaf that requires a gradient/);
}, parameters);

/** Two layers with one weight. */
class Tied extends nn.Module {
  readonly first = new nn.Linear(3, 3);
  readonly second = new nn.Linear(3, 3, { bias: false });
  constructor() {
    super();
    (this.second as { weight: nn.Parameter }).weight = this.first.weight;
  }
  override forward(x: Tensor): Tensor {
    return this.second.call(this.first.call(x));
  }
}

forEachDevice("a shared parameter has one place in lists and states, and loads by any of its names", () => {
  const net = new Tied(), all = ["first.weight", "first.bias", "second.weight"];
  assertEquals(net.namedParameters().map(([name]) => name), all.slice(0, 2));
  assertEquals(net.namedParameters({ shared: true }).map(([name]) => name), all);
  assertEquals(Object.keys(net.stateDict()), all.slice(0, 2));
  // A file of PyTorch has both names.
  const { state, left, missing } = io.convert(readAll(fixture.tied), { from: "pytorch" }, net);
  assertEquals([left, missing, Object.keys(state).sort()], [{}, [], all.toSorted()]);
  net.loadStateDict(state);
  // So has what is written for PyTorch.
  const back = io.convert(net.stateDict(), { to: "pytorch" }, net);
  assertEquals([back.left, back.missing, Object.keys(back.state).sort()], [{}, [], all.toSorted()]);
  assertClose(values(net.second.weight.transpose()), fixture.tied["first.weight"].data);
  assertStrictEquals(net.second.weight, net.first.weight);
  net.loadStateDict({ "second.weight": zeros([3, 3]), "first.bias": ones([3]) });
  assertExact(values(net.first.weight), Array(9).fill(0));
  assertThrowsLike(() => net.loadStateDict({ "first.bias": ones([3]) }), /^TypeError: .*missing first.weight$/);
  assertThrowsLike(
    () => net.loadStateDict({ ...state, "second.weight": ones([2, 3]) }),
    /^TypeError: Cannot load state: second.weight has shape \[2, 3\], it must be \[3, 3\]/,
  );
  // One tensor in two fields of one module.
  class Twice extends nn.Module {
    readonly a = new nn.Parameter([1]);
    readonly b = this.a;
    override forward(x: Tensor): Tensor {
      return x.mul(this.a).add(this.b);
    }
  }
  assertEquals(new Twice().namedParameters({ shared: true }).map(([name]) => name), ["a", "b"]);
}, parameters);

forEachDevice("a buffer that is not persistent is moved and listed, but not saved", () => {
  class Masked extends nn.Module {
    readonly mask = new nn.Buffer([1, 0], { persistent: false });
    readonly count = new nn.Buffer([3]);
    override forward(x: Tensor): Tensor {
      return x.mul(this.mask);
    }
  }
  const masked = new Masked();
  assertEquals(masked.namedBuffers().map(([name]) => name), ["mask", "count"]);
  assertEquals(Object.keys(masked.stateDict()), ["count"]);
  masked.loadStateDict({ count: tensor([4]) });
  assertThrowsLike(() => masked.loadStateDict({ count: tensor([4]), mask: tensor([1, 1]) }), /unexpected mask/);
  assertEquals(io.convert({ count: tensor([1]) }, { from: "pytorch" }, masked).missing, []);
  assertStrictEquals(masked.cast("float64").mask.dtype, "float64");
  assertThrowsLike(() => new nn.Buffer([1], given({ persistent: 1 })), /^TypeError: Cannot make Buffer: persistent 1/);
  assertThrowsLike(
    () => new nn.Parameter([1], given({ persistent: true })),
    /^TypeError: Cannot make Parameter: there is no/,
  );
  assertThrowsLike(() => new nn.Parameter([1], given({ outAxis: 2 })), /^RangeError: Cannot make Parameter: outAxis 2/);
}, parameters);

/** Only a weight. */
class Weighted extends nn.Module {
  readonly weight: nn.Parameter;
  constructor(shape: number[]) {
    super();
    this.weight = new nn.Parameter(zeros(shape));
  }
  override forward(x: Tensor): Tensor {
    return x.mul(this.weight);
  }
}

forEachDevice("PyTorch: weightNorm and spectralNorm, their originals, vectors and gradients", () => {
  for (const each of fixture.parametrized) {
    const { dim, n_power_iterations: iterations, eps } = each.options as Record<string, number>;
    const what = `${each.kind} of ${each.shape ?? "Linear"} ${JSON.stringify(each.options)}`,
      isLinear = each.shape === null;
    const module: Weighted | nn.Linear = isLinear ? new nn.Linear(3, 4) : new Weighted(each.shape!);
    const weight = read(each.weight);
    module.weight.data = isLinear ? weight.transpose() : weight;
    const axis = dim === undefined ? {} : { axis: dim };
    if (each.kind === "weightNorm") nn.weightNorm(module, axis);
    else nn.spectralNorm(module, { ...axis, ...iterations && { iterations }, ...eps && { eps } });
    const { state, left, missing } = io.convert(readAll(each.state), { from: "pytorch" }, module);
    assertEquals([left, missing], [{}, []], what);
    // What weightNorm made of the weight is what PyTorch made of it.
    if (each.kind === "weightNorm") {
      for (const [name, found] of Object.entries(module.stateDict())) {
        if (name !== "bias") assertClose(values(found), values(state[name]!), { ...near, what: `${what}: ${name}` });
      }
    }
    module.loadStateDict(state);
    const turned = (x: Tensor) => isLinear ? x.transpose() : x, value = module.weight;
    assertClose(values(turned(value)), each.value.data, { ...near, what });
    value.backward(turned(read(each.outGrad)));
    const gradients = io.convert(readAll(each.gradients), { from: "pytorch" }, module).state;
    for (const [name, wanted] of Object.entries(gradients)) {
      assertClose(values(module.getParameter(name).grad!), values(wanted), { ...near, what: `${what}: ${name}` });
    }
    const after = io.convert(readAll(each.stateAfter), { from: "pytorch" }, module).state;
    for (const [name, found] of Object.entries(module.stateDict())) {
      assertClose(values(found), values(after[name]!), { ...near, what: `${what}: ${name} after` });
    }
    assertClose(values(turned(module.eval().weight)), each.evaluated.data, { ...near, what: `${what}: eval` });
  }
}, quick);

forEachDevice("a parametrized layer trains, also captured, and becomes a plain one again", () => {
  for (const norm of [nn.weightNorm, nn.spectralNorm]) {
    const layer = norm(new nn.Linear(3, 2)), x = randn([4, 3]);
    const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1 });
    const loss = () => layer.call(x).sub(3).square().mean();
    using step = capture(() => {
      const value = loss();
      layer.resetGrad();
      value.backward();
      optimizer.step();
      return value;
    });
    const first = step().item();
    for (let k = 0; k < 10; k++) step();
    assertStrictEquals(loss().item() < first, true);
    layer.eval();
    const before = values(layer.call(x));
    nn.removeParametrizations(layer, "weight");
    assertEquals([nn.isParametrized(layer), Object.keys(layer.stateDict()).sort()], [false, ["bias", "weight"]]);
    assertClose(values(layer.call(x)), before, near);
    assertStrictEquals(layer.weight.outAxis, 1);
  }
}, quick);

forEachDevice("parametrize: several in a row, assignment, and what is refused", () => {
  class Doubled extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.mul(2);
    }
    originalsOf(value: Tensor): Tensor {
      return value.div(2);
    }
  }
  const layer = new Weighted([2]), original = layer.weight;
  layer.weight.data = tensor([3, 4]);
  nn.parametrize(layer, "weight", new Doubled());
  assertExact([...values(layer.weight), ...values(original)], [3, 4, 1.5, 2]);
  nn.parametrize(layer, "weight", new Doubled());
  assertExact(values(layer.weight), [6, 8]);
  given(layer).weight = tensor([4, 8]);
  assertExact([...values(layer.weight), ...values(original)], [4, 8, 1, 2]);
  assertEquals(layer.namedParameters().map(([name]) => name), ["parametrizations.weight.original"]);
  assertEquals(layer.modules().length, 4);
  nn.removeParametrizations(layer, "weight", { keepValue: false });
  assertStrictEquals(layer.weight, original);
  assertExact(values(original), [1, 2]);
  class Cut extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.at("1:");
    }
  }
  const refused: [() => unknown, RegExp][] = [
    [
      () => nn.parametrize(layer, "weight", new Cut()),
      /^TypeError: Cannot parametrize: .*has shape \[1\], it must be \[2\]/,
    ],
    [() => nn.parametrize(layer, "other", new Cut()), /^TypeError: Cannot parametrize: field "other" holds undefined/],
    [() => nn.parametrize(given(3), "weight", new Cut()), /^TypeError: Cannot parametrize: 3, it must be a module/],
    [() => nn.parametrize(layer, "weight", given(3)), /^TypeError: Cannot parametrize: 3, it must be a module/],
    [() => nn.removeParametrizations(layer, "weight"), /^TypeError: .* field "weight" is not parametrized/],
    [() => nn.weightNorm(layer, { axis: 1 }), /^RangeError: Cannot weightNorm: axis 1 of shape \[2\]/],
    [() => nn.weightNorm(layer, { name: "bias" }), /^TypeError: Cannot weightNorm: field "bias" holds undefined/],
    [() => nn.weightNorm(layer, given({ dim: 0 })), /^TypeError: Cannot weightNorm: there is no option dim/],
    [() => nn.spectralNorm(layer, { iterations: 0 }), /^RangeError: Cannot spectralNorm: iterations 0 must be/],
    [() => nn.spectralNorm(layer, { eps: NaN }), /^RangeError: Cannot spectralNorm: eps NaN must/],
    [
      () => nn.removeParametrizations(nn.weightNorm(new nn.Linear(1, 1)), "weight", { keepValue: false }),
      /several originals/,
    ],
  ];
  for (const [make, pattern] of refused) assertThrowsLike(make, pattern);
  assertEquals(Object.keys(layer.stateDict()), ["weight"]);
}, quick);

forEachDevice("a parametrized weight leaves nothing behind where no graph is recorded", (device) => {
  for (const norm of [nn.weightNorm, nn.spectralNorm]) {
    const layer = norm(new nn.Linear(3, 2));
    noGrad(() => layer.weight.dispose());
    const before = memory(device).tensors;
    noGrad(() => layer.weight.dispose());
    assertStrictEquals(memory(device).tensors, before);
  }
}, parameters);
