/** Samples of operators that work element by element. */
import type { Tensor } from "../../../mod.ts";
import { between, bools, floats, given, type Input, integers, type Samples, special } from "../sample.ts";

const m = [2, 3];
/** As `special`, without large numbers, of which float32 and float64 have no common multiples of π. */
const edges = given([0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-18, -1e-18, 0.5, 2.5, -3.5]);
const opposite: Input = { ...special, elements: special.elements.toReversed() };
/** Pairs for remainders: no quotient is so large that float32 and float64 differ. */
const dividends = given([0, -0, 5, -5, 5, -5, 6, -6, Infinity, 5, -5, NaN, 1, 0]);
const divisors = given([3, 3, 3, 3, -3, -3, 3, 3, 3, Infinity, Infinity, 3, NaN, -2]);

/** How an operator of one tensor is sampled. */
interface Settings {
  /** Floats at which it has all derivatives. */
  at?: Input;
  /** Elements at which it is special. */
  special?: Input;
  /** Integers, and how PyTorch has them: `a.float()` where it has no function of integers. */
  integers?: Input | null;
  asked?: string;
  order?: 0 | 1 | 2;
}

/** An operator of one tensor: of a matrix, transposed, of a scalar, of nothing, at special elements, of integers. */
export function unary(name: string, f: (a: Tensor) => Tensor, torch: string, settings: Settings = {}): Samples {
  const { at = floats(m), special: out = special, integers: whole = integers(-3, 4, m), asked = "a", order = 2 } =
    settings;
  const called = (operand: string) => `(lambda a: ${torch})(${operand})`, first = at.elements.slice(0, 1);
  return {
    [name]: { f, torch, inputs: [at], order },
    [`${name}: transposed`]: { f: (a) => f(a.transpose()), torch: called("a.mT"), inputs: [at], order },
    [`${name}: a scalar`]: { f, torch, inputs: [given(first, [])], order },
    [`${name}: no elements`]: { f, torch, inputs: [given([], [2, 0])], order },
    [`${name}: special`]: { f, torch, inputs: [out], order: 0 },
    ...(whole === null ? {} : { [`${name}: integers`]: { f, torch: called(asked), inputs: [whole], order: 0 } }),
  };
}

/** An operator of two tensors: broadcast, with a column, with a scalar, at special elements, of integers. */
function binary(
  name: string,
  f: (a: Tensor, b: Tensor) => Tensor,
  torch: string,
  settings: Settings & { b?: Input; specialB?: Input } = {},
): Samples {
  const { at = floats(m), b = floats([3], 1), special: out = special, specialB = opposite, order = 2 } = settings;
  const { integers: whole = integers(-3, 4, m), asked = "a, b" } = settings;
  const call = (a: Tensor, b?: Tensor) => f(a, b!),
    called = (operands: string) => `(lambda a, b: ${torch})(${operands})`;
  const column: Input = { ...b, shape: [2, 1], elements: b.elements.slice(0, 2) };
  const one: Input = { ...b, shape: [], elements: b.elements.slice(0, 1) };
  return {
    [name]: { f: call, torch, inputs: [at, b], order },
    [`${name}: a transposed column`]: {
      f: (a, b) => f(a.transpose(), b!.transpose()),
      torch: called("a.mT, b.mT"),
      inputs: [at, column],
      order,
    },
    [`${name}: a scalar`]: { f: call, torch, inputs: [at, one], order },
    [`${name}: special`]: { f: call, torch, inputs: [out, specialB], order: 0 },
    [`${name}: special, exchanged`]: { f: call, torch, inputs: [specialB, out], order: 0 },
    ...(whole === null ? {} : {
      [`${name}: integers`]: { f: call, torch: called(asked), inputs: [whole, integers(1, 4, [3], 1)], order: 0 },
    }),
  };
}

const positive = between(0.1, 3, m), whole = integers(0, 4, m);
const paired = { asked: "a.float(), b.float()" };
const divided = { at: floats(m), b: between(0.5, 2, [3], 1), special: dividends, specialB: divisors };
const condition = "(a > 0)";

const arithmetic: Samples = {
  ...binary("add", (a, b) => a.add(b), "a + b"),
  "add: a number": { f: (a) => a.add(2), torch: "a + 2", inputs: [integers(-5, 5, m)], order: 0 },
  "add: bools": { f: (a, b) => a.add(b!), torch: "a + b", inputs: [bools(m), bools([3], 1)], order: 0 },
  ...binary("sub", (a, b) => a.sub(b), "a - b"),
  "sub: a number": { f: (a) => a.sub(2), torch: "a - 2", inputs: [floats(m)] },
  ...binary("rsub", (a, b) => a.rsub(b), "torch.rsub(a, b)"),
  "rsub: a number": { f: (a) => a.rsub(2), torch: "torch.rsub(a, 2)", inputs: [floats(m)] },
  "rsub: a number of integers": {
    f: (a) => a.rsub(2),
    torch: "torch.rsub(a, 2)",
    inputs: [integers(-5, 5, m)],
    order: 0,
  },
  ...binary("mul", (a, b) => a.mul(b), "a * b"),
  "mul: bools": { f: (a, b) => a.mul(b!), torch: "a * b", inputs: [bools(m), bools([3], 1)], order: 0 },
  ...binary("div", (a, b) => a.div(b), "a / b", { b: between(0.5, 2, [3], 1) }),
  "div: a number": { f: (a) => a.div(3), torch: "a / 3", inputs: [floats(m)] },
  ...binary("rdiv", (a, b) => a.rdiv(b), "b / a", { integers: integers(1, 4, m) }),
  "rdiv: a number": { f: (a) => a.rdiv(3), torch: "3 / a", inputs: [floats(m)] },
  mulAdd: {
    f: (a, b, c) => a.mulAdd(b!, c!),
    torch: "a * b + c",
    inputs: [floats(m), floats([3], 1), floats([2, 1], 2)],
  },
  "mulAdd: special": { f: (a) => a.mulAdd(a, a), torch: "a * a + a", inputs: [special], order: 0 },
  "mulAdd: integers": { f: (a) => a.mulAdd(2, a), torch: "a * 2 + a", inputs: [integers(-5, 5, m)], order: 0 },
  addcmul: {
    f: (a, b, c) => a.addcmul(b!, c!),
    torch: "torch.addcmul(a, b, c)",
    inputs: [floats(m), floats([3], 1), floats([2, 1], 2)],
  },
  "addcmul: value": {
    f: (a, b, c) => a.addcmul(b!, c!, { value: -0.5 }),
    torch: "torch.addcmul(a, b, c, value=-0.5)",
    inputs: [floats(m), floats(m, 1), floats(m, 2)],
  },
  "addcmul: integers": {
    f: (a) => a.addcmul(a, a, { value: 2 }),
    torch: "torch.addcmul(a, a, a, value=2)",
    inputs: [integers(-5, 5, m)],
    order: 0,
  },
  "addcmul: special": { f: (a, b) => a.addcmul(b!, 2), torch: "a + b * 2", inputs: [special, opposite], order: 0 },
  addcdiv: {
    f: (a, b, c) => a.addcdiv(b!, c!),
    torch: "torch.addcdiv(a, b, c)",
    inputs: [floats(m), floats([3], 1), between(0.5, 2, [2, 1], 2)],
  },
  "addcdiv: value": {
    f: (a, b, c) => a.addcdiv(b!, c!, { value: -0.5 }),
    torch: "torch.addcdiv(a, b, c, value=-0.5)",
    inputs: [floats(m), floats(m, 1), between(0.5, 2, m, 2)],
  },
  "addcdiv: integers": {
    f: (a) => a.addcdiv(a, 2),
    torch: "torch.addcdiv(a.float(), a.float(), torch.tensor(2.0))",
    inputs: [integers(-5, 5, m)],
    order: 0,
  },
  lerp: { f: (a, b) => a.lerp(b!, 0.3), torch: "torch.lerp(a, b, 0.3)", inputs: [floats(m), floats([3], 1)] },
  "lerp: beyond the end": {
    f: (a, b) => a.lerp(b!, 1.5),
    torch: "torch.lerp(a, b, 1.5)",
    inputs: [floats(m), floats(m, 1)],
  },
  "lerp: weights": {
    f: (a, b, c) => a.lerp(b!, c!),
    torch: "torch.lerp(a, b, c)",
    inputs: [floats(m), floats(m, 1), floats([3], 2)],
  },
  "lerp: a number": {
    f: (a) => a.lerp(1, 0.25),
    torch: "torch.lerp(a, torch.ones_like(a), 0.25)",
    inputs: [floats(m)],
  },
  "lerp: special": {
    f: (a, b) => a.lerp(b!, 0.3),
    torch: "torch.lerp(a, b, 0.3)",
    inputs: [special, opposite],
    order: 0,
  },
  ...binary("pow", (a, b) => a.pow(b), "torch.pow(a, b)", {
    at: positive,
    special: edges,
    specialB: edges,
    ...paired,
    integers: whole,
  }),
  "pow: 3": { f: (a) => a.pow(3), torch: "a ** 3", inputs: [floats(m)] },
  "pow: 2 of integers": { f: (a) => a.pow(2), torch: "a.float() ** 2", inputs: [integers(-5, 5, m)], order: 0 },
  ...binary("floorDiv", (a, b) => a.floorDiv(b), "torch.floor_divide(a, b)", { ...divided, order: 0 }),
  ...binary("mod", (a, b) => a.mod(b), "torch.remainder(a, b)", divided),
  "mod: a number": { f: (a) => a.mod(0.75), torch: "torch.remainder(a, 0.75)", inputs: [floats(m)] },
  ...binary("remainder", (a, b) => a.remainder(b), "torch.remainder(a, b)", divided),
  ...binary("fmod", (a, b) => a.fmod(b), "torch.fmod(a, b)", divided),
  "fmod: a number": { f: (a) => a.fmod(-0.75), torch: "torch.fmod(a, -0.75)", inputs: [floats(m)] },
  "fmod: negative divisors": {
    f: (a, b) => a.fmod(b!),
    torch: "torch.fmod(a, b)",
    inputs: [integers(-9, 9, m), given([-2, 3, -4], [3], "int32")],
    order: 0,
  },
  "fmod: bytes": {
    f: (a) => a.fmod(3),
    torch: "torch.fmod(a, 3)",
    inputs: [integers(0, 256, m, 0, "uint8")],
    order: 0,
  },
};

const pairs: Samples = {
  ...binary("maximum", (a, b) => a.maximum(b), "torch.maximum(a, b)"),
  "maximum: ties": {
    f: (a, b) => a.maximum(b!),
    torch: "torch.maximum(a, b)",
    inputs: [given([1, 2, -1]), given([1, 0, 3])],
  },
  "maximum: bools": {
    f: (a, b) => a.maximum(b!),
    torch: "torch.maximum(a, b)",
    inputs: [bools(m), bools([3], 1)],
    order: 0,
  },
  ...binary("minimum", (a, b) => a.minimum(b), "torch.minimum(a, b)"),
  "minimum: ties": {
    f: (a, b) => a.minimum(b!),
    torch: "torch.minimum(a, b)",
    inputs: [given([1, 2, -1]), given([1, 0, 3])],
  },
  ...binary("fmax", (a, b) => a.fmax(b), "torch.fmax(a, b)"),
  "fmax: ties and NaN": {
    f: (a, b) => a.fmax(b!),
    torch: "torch.fmax(a, b)",
    inputs: [given([1, NaN, -1]), given([1, 0, NaN])],
  },
  "fmax: a number": { f: (a) => a.fmax(0.5), torch: "torch.fmax(a, torch.tensor(0.5))", inputs: [floats(m)] },
  ...binary("fmin", (a, b) => a.fmin(b), "torch.fmin(a, b)"),
  "fmin: ties and NaN": {
    f: (a, b) => a.fmin(b!),
    torch: "torch.fmin(a, b)",
    inputs: [given([1, NaN, -1]), given([1, 0, NaN])],
  },
  ...binary("hypot", (a, b) => a.hypot(b), "torch.hypot(a, b)", paired),
  "hypot: a number": { f: (a) => a.hypot(1), torch: "torch.hypot(a, torch.ones_like(a))", inputs: [floats(m)] },
  // PyTorch has NaN at zeros.
  "hypot: zeros and the infinities": {
    f: (a, b) => a.hypot(b!),
    torch: "torch.hypot(a, b)",
    inputs: [given([0, 0, 3, Infinity]), given([0, -0, 0, 2])],
    order: 1,
  },
  ...binary("logaddexp", (a, b) => a.logaddexp(b), "torch.logaddexp(a, b)", paired),
  "logaddexp: ties": {
    f: (a, b) => a.logaddexp(b!),
    torch: "torch.logaddexp(a, b)",
    inputs: [given([1, 0]), given([1, 0])],
  },
  ...binary("logaddexp2", (a, b) => a.logaddexp2(b), "torch.logaddexp2(a, b)", paired),
  "logaddexp2: powers": {
    f: (a, b) => a.logaddexp2(b!),
    torch: "torch.logaddexp2(a, b)",
    inputs: [given([3, 200]), given([3, 1])],
  },
  ...binary("xlogy", (a, b) => a.xlogy(b), "torch.xlogy(a, b)", { b: between(0.1, 3, [3], 1) }),
  "xlogy: 0": { f: (a, b) => a.xlogy(b!), torch: "torch.xlogy(a, b)", inputs: [given([0, 0, 2]), given([2, 0.5, 3])] },
  "xlogy: gradients where it is special": {
    f: (a, b) => a.xlogy(b!),
    torch: "torch.xlogy(a, b)",
    inputs: [given([0, 0, 0, 0, 1, 2, 0]), given([0, 1, -1, NaN, 0, -1, Infinity])],
    order: 1,
  },
  "xlogy: 0 log 0": { f: (a, b) => a.xlogy(b!), torch: "a * b", inputs: [given([0, -0]), given([0, 0])], order: 0 },
  ...binary("xlog1py", (a, b) => a.xlog1py(b), "torch.special.xlog1py(a, b)", { b: between(-0.9, 2, [3], 1) }),
  "xlog1py: gradients where it is special": {
    f: (a, b) => a.xlog1py(b!),
    torch: "torch.special.xlog1py(a, b)",
    inputs: [given([0, 0, 0, 0, 1, 2, 0]), given([-1, 1, -2, NaN, -1, -3, Infinity])],
    order: 1,
  },
  ...binary("copysign", (a, b) => a.copysign(b), "torch.copysign(a, b)"),
  "copysign: signs": {
    f: (a, b) => a.copysign(b!).reciprocal(),
    torch: "1 / torch.copysign(a, b)",
    inputs: [given([0, 0, 2, 2]), given([1, -0, 0, -0])],
    order: 0,
  },
  "copysign: -0": { f: (a) => a.copysign(-0), torch: "torch.copysign(a, -0.0)", inputs: [floats(m)] },
  ...binary("heaviside", (a, b) => a.heaviside(b), "torch.heaviside(a, b)", { order: 0 }),
  "heaviside: a number": {
    f: (a) => a.heaviside(0.5),
    torch: "torch.heaviside(a, torch.tensor(0.5, dtype=a.dtype))",
    inputs: [given([0, -0, 2, -3, NaN])],
    order: 0,
  },
};

const functions: Samples = {
  ...unary("neg", (a) => a.neg(), "-a"),
  ...unary("exp", (a) => a.exp(), "torch.exp(a)"),
  "exp: bools": { f: (a) => a.exp(), torch: "torch.exp(a)", inputs: [bools(m)], order: 0 },
  ...unary("expm1", (a) => a.expm1(), "torch.expm1(a)"),
  ...unary("log", (a) => a.log(), "torch.log(a)", { at: positive }),
  ...unary("log1p", (a) => a.log1p(), "torch.log1p(a)", { at: positive }),
  ...unary("logit", (a) => a.logit(), "torch.logit(a)", { at: between(0.1, 0.9, m) }),
  "logit: eps": { f: (a) => a.logit(0.25), torch: "torch.logit(a, eps=0.25)", inputs: [between(0, 1, m)] },
  "logit: eps beyond": { f: (a) => a.logit(0.25), torch: "torch.logit(a, eps=0.25)", inputs: [special], order: 0 },
  ...unary("sqrt", (a) => a.sqrt(), "torch.sqrt(a)", { at: positive }),
  ...unary("rsqrt", (a) => a.rsqrt(), "torch.rsqrt(a)", { at: positive }),
  ...unary("reciprocal", (a) => a.reciprocal(), "torch.reciprocal(a)"),
  ...unary("square", (a) => a.square(), "torch.square(a)"),
  "square: bools": { f: (a) => a.square(), torch: "torch.square(a)", inputs: [bools(m)], order: 0 },
  ...unary("sin", (a) => a.sin(), "torch.sin(a)", { special: edges }),
  ...unary("cos", (a) => a.cos(), "torch.cos(a)", { special: edges }),
  ...unary("tan", (a) => a.tan(), "torch.tan(a)", { special: edges }),
  ...unary("sinc", (a) => a.sinc(), "torch.sinc(a)", { special: edges }),
  "sinc: near 0": { f: (a) => a.sinc(), torch: "torch.sinc(a)", inputs: [given([0.2, -0.24, 0.26, 0.3])] },
  // PyTorch's second derivative at 0 is 0, not -π²/3.
  "sinc: at 0": { f: (a) => a.sinc(), torch: "1 - (math.pi * a) ** 2 / 6", inputs: [given([0, -0, 1e-9])] },
  ...unary("deg2rad", (a) => a.deg2rad(), "torch.deg2rad(a)"),
  ...unary("rad2deg", (a) => a.rad2deg(), "torch.rad2deg(a)"),
  ...unary("sinh", (a) => a.sinh(), "torch.sinh(a)"),
  ...unary("cosh", (a) => a.cosh(), "torch.cosh(a)"),
  ...unary("tanh", (a) => a.tanh(), "torch.tanh(a)"),
  ...unary("exp2", (a) => a.exp2(), "torch.exp2(a)"),
  ...unary("log2", (a) => a.log2(), "torch.log2(a)", { at: positive }),
  "log2: powers": { f: (a) => a.log2(), torch: "torch.log2(a)", inputs: [given([0.125, 0.5, 1, 2, 1024])] },
  ...unary("log10", (a) => a.log10(), "torch.log10(a)", { at: positive }),
  ...unary("asin", (a) => a.asin(), "torch.asin(a)", { at: between(-0.95, 0.95, m) }),
  ...unary("acos", (a) => a.acos(), "torch.acos(a)", { at: between(-0.95, 0.95, m) }),
  ...unary("atan", (a) => a.atan(), "torch.atan(a)"),
  ...binary("atan2", (a, b) => a.atan2(b), "torch.atan2(a, b)", paired),
  "atan2: at the origin": {
    f: (a, b) => a.atan2(b),
    torch: "torch.atan2(a, b)",
    inputs: [given([0, 0, 1]), given([0, 2, 0])],
    order: 1,
  },
  ...unary("erfc", (a) => a.erfc(), "torch.special.erfc(a)"),
  "erfc: far": { f: (a) => a.erfc(), torch: "torch.special.erfc(a)", inputs: [given([3, 5, 8])] },
  ...unary("erfinv", (a) => a.erfinv(), "torch.special.erfinv(a)", { at: between(-0.9, 0.9, m) }),
  ...unary("asinh", (a) => a.asinh(), "torch.asinh(a)"),
  ...unary("acosh", (a) => a.acosh(), "torch.acosh(a)", { at: between(1.1, 4, m) }),
  ...unary("atanh", (a) => a.atanh(), "torch.atanh(a)", { at: between(-0.9, 0.9, m) }),
  ...unary("erf", (a) => a.erf(), "torch.erf(a)"),
};

const ties = given([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.7, -3.7, 0, -0]);

const steps: Samples = {
  ...unary("abs", (a) => a.abs(), "torch.abs(a)"),
  "abs: at 0": { f: (a) => a.abs(), torch: "torch.abs(a)", inputs: [given([0, -0, 2])] },
  // PyTorch's sign of NaN is 0.
  ...unary("sign", (a) => a.sign(), "torch.where(a.isnan(), a, torch.sign(a))"),
  "sign: bools": { f: (a) => a.sign(), torch: "torch.sign(a)", inputs: [bools(m)], order: 0 },
  ...unary("floor", (a) => a.floor(), "torch.floor(a)"),
  ...unary("ceil", (a) => a.ceil(), "torch.ceil(a)"),
  ...unary("round", (a) => a.round(), "torch.round(a)"),
  "round: decimal places": {
    f: (a) => [a.round({ decimals: 2 }), a.mul(100).round({ decimals: -1 }), a.round({ decimals: 0 })],
    torch: "(a.round(decimals=2), (a * 100).round(decimals=-1), a.round())",
    inputs: [given([1.2367, -0.1251, 2.6751, -1.75, 0, Infinity, NaN, 1e18])],
  },
  "round: ties": { f: (a) => a.round(), torch: "torch.round(a)", inputs: [ties] },
  ...unary("trunc", (a) => a.trunc(), "torch.trunc(a)"),
  "trunc: ties": { f: (a) => a.trunc(), torch: "torch.trunc(a)", inputs: [ties] },
  ...unary("fix", (a) => a.fix(), "torch.fix(a)"),
  ...unary("frac", (a) => a.frac(), "torch.frac(a)", { asked: "a.float()", integers: null }),
  "frac: integers": { f: (a) => a.frac(), torch: "a - a", inputs: [integers(-3, 4, m)], order: 0 },
};

for (const name of ["clip", "clamp"] as const) {
  Object.assign(
    steps,
    {
      ...unary(name, (a) => a[name](-0.7, 1.2), `torch.${name}(a, -0.7, 1.2)`, { integers: null }),
      [`${name}: integers`]: {
        f: (a) => a[name](-1, 2),
        torch: `torch.${name}(a, -1, 2)`,
        inputs: [integers(-5, 5, m)],
        order: 0,
      },
      [`${name}: integers between fractions`]: {
        f: (a) => a[name](-1.5, 2),
        torch: `torch.${name}(a, -1.5, 2)`,
        inputs: [integers(-5, 5, m)],
        order: 0,
      },
      [`${name}: at the bounds`]: {
        f: (a) => a[name](-1, 1),
        torch: `torch.${name}(a, -1, 1)`,
        inputs: [given([-1, 1, 0, 2, -2, NaN])],
      },
      [`${name}: at one bound`]: {
        f: (a) => a[name](-1).sub(a[name](null, 1)),
        torch: `torch.${name}(a, min=-1) - torch.${name}(a, max=1)`,
        inputs: [given([-1, 1, 0, 2, -2, Infinity])],
        order: 1,
      },
      [`${name}: bounds that are one number`]: {
        f: (a) => a[name](1, 1),
        torch: `torch.${name}(a, 1, 1)`,
        inputs: [given([-1, 1, 2])],
      },
      [`${name}: tensors at the bounds`]: {
        f: (a, b, c) => a[name](b, c),
        torch: `torch.${name}(a, b, c)`,
        inputs: [given([-1, 1, 0, 2, -2]), given([-1], []), given([1], [])],
      },
      [`${name}: from below`]: { f: (a) => a[name](0.3), torch: `torch.${name}(a, min=0.3)`, inputs: [floats(m)] },
      [`${name}: from above`]: {
        f: (a) => a[name](null, 0.3),
        torch: `torch.${name}(a, max=0.3)`,
        inputs: [floats(m)],
      },
      [`${name}: tensors`]: {
        f: (a, b, c) => a[name](b, c),
        torch: `torch.${name}(a, b, c)`,
        inputs: [floats(m), between(-1, 0, [3], 1), between(0.1, 1, [2, 1], 2)],
      },
      [`${name}: tensors that cross`]: {
        f: (a, b, c) => a[name](b, c),
        torch: `torch.${name}(a, b, c)`,
        inputs: [floats(m), floats(m, 1), floats(m, 2)],
      },
      [`${name}: a tensor and a number`]: {
        f: (a, b) => a[name](b, 0.5),
        torch: `torch.${name}(a, b, torch.full_like(b, 0.5))`,
        inputs: [floats(m), between(-1, 0, [3], 1)],
      },
      [`${name}: a tensor from above`]: {
        f: (a, b) => a[name](undefined, b),
        torch: `torch.${name}(a, max=b)`,
        inputs: [floats(m), floats([3], 1)],
      },
      [`${name}: special bounds`]: {
        f: (a, b) => a[name](b, 1),
        torch: `torch.${name}(a, b, torch.ones_like(b))`,
        inputs: [special, opposite],
        order: 0,
      },
      [`${name}: tensors of integers`]: {
        f: (a, b) => a[name](b, 2),
        torch: `torch.${name}(a, b, torch.full_like(b, 2))`,
        inputs: [integers(-5, 5, m), integers(-2, 2, [3], 1)],
        order: 0,
      },
    } satisfies Samples,
  );
}

Object.assign(
  steps,
  {
    ...unary(
      "nanToNum",
      (a) => a.nanToNum({ posInf: 1e30, negInf: -1e30 }),
      "torch.nan_to_num(a, posinf=1e30, neginf=-1e30)",
    ),
    "nanToNum: options": {
      f: (a) => a.nanToNum({ nan: 2, posInf: 3, negInf: -4 }),
      torch: "torch.nan_to_num(a, nan=2.0, posinf=3.0, neginf=-4.0)",
      inputs: [given([1, NaN, Infinity, -Infinity, -2])],
    },
  } satisfies Samples,
);

const truth = { order: 0 } as const;

const truths: Samples = {
  ...binary("equal", (a, b) => a.equal(b), "torch.eq(a, b)", truth),
  ...binary("notEqual", (a, b) => a.notEqual(b), "torch.ne(a, b)", truth),
  ...binary("less", (a, b) => a.less(b), "torch.lt(a, b)", truth),
  ...binary("lessEqual", (a, b) => a.lessEqual(b), "torch.le(a, b)", truth),
  ...binary("greater", (a, b) => a.greater(b), "torch.gt(a, b)", truth),
  ...binary("greaterEqual", (a, b) => a.greaterEqual(b), "torch.ge(a, b)", truth),
  "less: a fraction beside integers": {
    f: (a) => a.less(0.5),
    torch: "a < 0.5",
    inputs: [integers(-2, 3, m)],
    order: 0,
  },
  ...binary("and", (a, b) => a.and(b), "torch.logical_and(a, b)", truth),
  ...binary("or", (a, b) => a.or(b), "torch.logical_or(a, b)", truth),
  ...binary("xor", (a, b) => a.xor(b), "torch.logical_xor(a, b)", truth),
  "xor: bools": { f: (a, b) => a.xor(b!), torch: "torch.logical_xor(a, b)", inputs: [bools(m), bools(m, 1)], order: 0 },
  "xor: a number": { f: (a) => a.xor(0.5), torch: "torch.logical_not(a)", inputs: [integers(-1, 2, m)], order: 0 },
  ...unary("not", (a) => a.not(), "torch.logical_not(a)", truth),
  "not: bools": { f: (a) => a.not(), torch: "torch.logical_not(a)", inputs: [bools(m)], order: 0 },
  ...unary("isNan", (a) => a.isNan(), "torch.isnan(a)", truth),
  ...unary("isInf", (a) => a.isInf(), "torch.isinf(a)", truth),
  ...unary("isFinite", (a) => a.isFinite(), "torch.isfinite(a)", truth),
  "isFinite: bools": { f: (a) => a.isFinite(), torch: "torch.isfinite(a)", inputs: [bools(m)], order: 0 },
  ...unary("isPosInf", (a) => a.isPosInf(), "torch.isposinf(a)", truth),
  ...unary("isNegInf", (a) => a.isNegInf(), "torch.isneginf(a)", truth),
  where: {
    f: (a, b) => a.greater(0).where(a, b!),
    torch: `torch.where(${condition}, a, b)`,
    inputs: [floats(m), floats([3], 1)],
  },
  "where: a number": {
    f: (a) => a.greater(0).where(1, a),
    torch: `torch.where(${condition}, 1, a)`,
    inputs: [floats(m)],
  },
  "where: special": {
    f: (a, b) => a.where(a, b!),
    torch: "torch.where(a != 0, a, b)",
    inputs: [special, opposite],
    order: 0,
  },
  "where: integers": {
    f: (a, b) => a.where(a, b!),
    torch: "torch.where(a != 0, a, b)",
    inputs: [integers(-1, 2, m), integers(3, 9, [3])],
    order: 0,
  },
  "where: bools": {
    f: (a, b) => a.where(b!, a),
    torch: "torch.where(a, b, a)",
    inputs: [bools(m), bools([3], 1)],
    order: 0,
  },
};

const bytes = given([0, 1, 5, 100, 128, 255], m, "uint8"), byteCounts = given([1, 7, 200], [3], "uint8");
const wide = given([0, 1, -1, 1234567, -(2 ** 31), 2 ** 31 - 1], m, "int32");
const counts = given([0, 1, 5, 31, 32, 33, -1, 100], [8, 1, 1], "int32");

/** An operator of bits: of integers, transposed, of bytes, of both, of bools, beside a number, a scalar, nothing. */
function bits(
  name: string,
  f: (a: Tensor, b: Tensor) => Tensor,
  torch: string,
  { b, bytesB, ofBools }: { b: Input; bytesB: Input; ofBools: boolean },
): Samples {
  const call = (a: Tensor, b?: Tensor) => f(a, b!), inputs = [wide, b], order = 0;
  const method = (a: Tensor, other: number) =>
    (a as unknown as Record<string, (other: number) => Tensor>)[name]!(other);
  const named = (operands: string) => `(lambda a, b: ${torch})(${operands})`;
  return {
    [name]: { f: call, torch, inputs, order },
    [`${name}: transposed`]: {
      f: (a, b) => f(a.transpose(), b!),
      torch: named("a.mT, b"),
      inputs: [{ ...wide, shape: [3, 2] }, given([1, 4, 2], [3], "int32")],
      order,
    },
    [`${name}: a number`]: { f: (a) => method(a, 3), torch: named("a, 3"), inputs: [wide], order },
    [`${name}: bytes`]: { f: call, torch, inputs: [bytes, bytesB], order },
    [`${name}: bytes and a number`]: { f: (a) => method(a, 3), torch: named("a, 3"), inputs: [bytes], order },
    [`${name}: bytes and integers`]: { f: call, torch, inputs: [bytes, given([1, 3, 9], [3], "int32")], order },
    [`${name}: bools and integers`]: { f: call, torch, inputs: [bools(m), given([1, 3, 9], [3], "int32")], order },
    [`${name}: a scalar`]: { f: call, torch, inputs: [wide, given([2], [], "int32")], order },
    [`${name}: no elements`]: { f: call, torch, inputs: [given([], [0, 3], "int32"), integers(0, 4, [3])], order },
    ...(ofBools
      ? {
        [`${name}: bools`]: { f: call, torch, inputs: [bools(m), bools([3], 1)], order },
        [`${name}: bools and a number`]: { f: (a) => method(a, 3), torch: named("a, 3"), inputs: [bools(m)], order },
      }
      : {}),
  };
}

const pattern = { b: given([-2, 1023, 255], [3], "int32"), bytesB: given([15, 129, 255], [3], "uint8"), ofBools: true };
const shift = { b: counts, bytesB: byteCounts, ofBools: false };

/** Pairs of integers, some of them 0. */
const multiples = given([12, -18, 0, 0, 35, 7, -2147483646], [7], "int32");
const factors = given([8, 27, 5, 0, 64, -7, 6], [7], "int32");

const ofBits: Samples = {
  ...bits("bitwiseAnd", (a, b) => a.bitwiseAnd(b), "torch.bitwise_and(a, b)", pattern),
  ...bits("bitwiseOr", (a, b) => a.bitwiseOr(b), "torch.bitwise_or(a, b)", pattern),
  ...bits("bitwiseXor", (a, b) => a.bitwiseXor(b), "torch.bitwise_xor(a, b)", pattern),
  ...bits("bitwiseLeftShift", (a, b) => a.bitwiseLeftShift(b), "torch.bitwise_left_shift(a, b)", shift),
  ...bits("bitwiseRightShift", (a, b) => a.bitwiseRightShift(b), "torch.bitwise_right_shift(a, b)", shift),
  bitwiseNot: { f: (a) => a.bitwiseNot(), torch: "torch.bitwise_not(a)", inputs: [wide], order: 0 },
  "bitwiseNot: transposed": {
    f: (a) => a.transpose().bitwiseNot(),
    torch: "torch.bitwise_not(a.mT)",
    inputs: [wide],
    order: 0,
  },
  "bitwiseNot: bytes": { f: (a) => a.bitwiseNot(), torch: "torch.bitwise_not(a)", inputs: [bytes], order: 0 },
  "bitwiseNot: bools": { f: (a) => a.bitwiseNot(), torch: "torch.bitwise_not(a)", inputs: [bools(m)], order: 0 },
  gcd: { f: (a, b) => a.gcd(b!), torch: "torch.gcd(a, b)", inputs: [multiples, factors], order: 0 },
  "gcd: a column, bytes": {
    f: (a, b) => a.gcd(b!),
    torch: "torch.gcd(a.int(), b.int())",
    inputs: [integers(0, 99, m, 0, "uint8"), integers(-60, 60, [2, 1], 1)],
    order: 0,
  },
  "gcd: neighbours of Fibonacci, a number": {
    f: (a) => [a.gcd(a.flip()), a.gcd(6)],
    torch: "(torch.gcd(a, a.flip(0)), torch.gcd(a, torch.tensor(6, dtype=a.dtype)))",
    inputs: [given([1836311903, 1134903170, -2147483646, 1134903170, 1836311903], [5], "int32")],
    order: 0,
  },
  lcm: { f: (a, b) => a.lcm(b!), torch: "torch.lcm(a, b)", inputs: [multiples, factors], order: 0 },
  "lcm: it wraps": {
    f: (a, b) => a.lcm(b!),
    torch: "torch.lcm(a, b)",
    inputs: [given([65537, -3], [2], "int32"), given([65536, 4], [2], "int32")],
    order: 0,
  },
};

export const pointwise: Samples = { ...arithmetic, ...pairs, ...functions, ...steps, ...truths, ...ofBits };
