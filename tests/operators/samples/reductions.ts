/** Samples of operators that join elements along axes. */
import type { Tensor } from "../../../mod.ts";
import { between, bools, floats, given, integers, type Sample, type Samples } from "../sample.ts";

const m = [2, 3], m33 = [3, 3], cube = [2, 3, 2], none: readonly number[] = [];

/** Rows with NaN, with infinities of either sign and of both, and with zeros of either sign. */
const rows = given([NaN, 1, 2, Infinity, -Infinity, 1, Infinity, 2, 3, -Infinity, -Infinity, -Infinity, 0, -0, 0], [
  5,
  3,
]);
/** The same without Infinity. */
const lowRows = given([NaN, 1, 2, -Infinity, 1, 0, -Infinity, -Infinity, -Infinity], m33);
/** Equal elements in each row and each column. */
const ties = given([2, 2, 1, -1, 2, -1], m);
const withNaN = given([NaN, 1, 2, -1, NaN, 3], m);

/** What the reductions of one name are asked, beside what is special to it. */
interface Common {
  /** The method, given axes or options. */
  f: (x: Tensor, options?: Options) => Tensor | readonly Tensor[];
  /** PyTorch's expression of a tensor, and of arguments as `, dim=0, keepdim=True`. */
  torch: (x: string, args: string) => string;
  order?: 0;
  /** False where bools, or integers, are asked apart: PyTorch refuses them, or has another type for them. */
  integers?: false;
  bools?: false;
  /** False where PyTorch takes one axis alone. */
  several?: false;
  /** False where PyTorch wants its axes named. */
  all?: false;
  /** False where there is nothing to choose. */
  empty?: false;
}
type Options = { axes?: number | readonly number[]; keepDims?: boolean };

/** The samples that every reduction has. */
function common(name: string, given: Common): Samples {
  const { f, torch, several = true, all = true } = given;
  const sample = (options: Options | undefined, args: string, input: Sample["inputs"][number]): Sample => ({
    f: (x) => f(x!, options),
    torch: torch("a", args),
    inputs: [input],
    ...(given.order === undefined ? {} : { order: given.order }),
  });
  const last = { axes: -1 }, dim = ", dim=-1";
  const found: Record<string, Sample> = {
    [`${name}: last axis`]: sample(last, dim, floats(m)),
    [`${name}: first axis kept`]: sample({ axes: 0, keepDims: true }, ", dim=0, keepdim=True", floats(m)),
    [`${name}: a view`]: {
      ...sample(last, dim, floats(m)),
      f: (x) => f(x!.transpose(), last),
      torch: torch("a.T", dim),
    },
    [`${name}: an axis of one`]: sample({ axes: 1 }, ", dim=1", floats([3, 1])),
    [`${name}: special`]: { ...sample(last, dim, rows), order: 0 },
    [`${name}: no rows`]: { ...sample(last, dim, floats([0, 3])), order: 0 },
  };
  if (all) {
    found[name] = sample(undefined, "", floats(m));
    found[`${name}: scalar`] = sample(undefined, "", floats(none));
  } else found[`${name}: scalar`] = sample(last, dim, floats(none));
  if (several) found[`${name}: two axes`] = sample({ axes: [0, -1] }, ", dim=(0, -1)", floats(cube));
  if (given.integers !== false) found[`${name}: integers`] = sample(last, dim, integers(-5, 5, m));
  if (given.bools !== false) found[`${name}: bools`] = sample(last, dim, bools(m));
  if (given.empty !== false) found[`${name}: no elements`] = { ...sample(last, dim, floats([2, 0])), order: 0 };
  return found;
}

/** The reductions whose names and options are PyTorch's. */
const plain = (name: string) => (x: string, args: string) => `torch.${name}(${x}${args})`;
/** PyTorch's norm of a power. */
const torchNorm = (p: string) => (x: string, args: string) => `torch.linalg.vector_norm(${x}, ${p}${args})`;

/** The samples of a norm of one power. */
function norms(p: number | "fro", torch: string, empty?: false): Samples {
  return common(`norm: ${p}`, {
    f: (x, options) => x.norm({ ...options, p }),
    torch: torchNorm(torch),
    integers: false,
    bools: false,
    ...(empty === undefined ? {} : { empty }),
  });
}

export const reductions: Samples = {
  ...common("sum", { f: (x, options) => x.sum(options), torch: plain("sum") }),
  "sum: no axes": { f: (a) => a.sum({ axes: [] }), torch: "a + 0", inputs: [floats(m)] },
  "sum: bytes": { f: (a) => a.sum(0), torch: "a.sum(0)", inputs: [integers(0, 256, m, 0, "uint8")] },

  ...common("prod", { f: (x, options) => x.prod(options), torch: plain("prod"), several: false }),
  "prod: zeros": { f: (a) => a.prod(1), torch: "a.prod(1)", inputs: [given([0, 2, 3, 0, 0, 5], m)] },
  "prod: all": { f: (a) => a.prod(), torch: "a.prod()", inputs: [floats(cube)] },

  ...common("mean", { f: (x, options) => x.mean(options), torch: plain("mean"), integers: false, bools: false }),
  "mean: integers": { f: (a) => a.mean(0), torch: "a.float().mean(0)", inputs: [integers(-5, 5, m)] },

  ...common("variance", {
    f: (x, options) => x.variance(options),
    torch: plain("var"),
    integers: false,
    bools: false,
  }),
  "variance: scalar": { f: (a) => a.variance(), torch: "torch.var(a)", inputs: [floats(none)], order: 1 },
  "variance: correction": {
    f: (a) => a.variance({ axes: 1, correction: 0 }),
    torch: "a.var(1, correction=0)",
    inputs: [floats(m)],
  },
  "variance: equal elements": { f: (a) => a.variance(), torch: "a.var()", inputs: [given([3, 3, 3])] },

  ...common("std", { f: (x, options) => x.std(options), torch: plain("std"), integers: false, bools: false }),
  "std: correction": {
    f: (a) => a.std({ axes: [0, 2], correction: 0.5 }),
    torch: "a.std((0, 2), correction=0.5)",
    inputs: [floats(cube)],
  },
  "std: equal elements": { f: (a) => a.std(), torch: "a.std()", inputs: [given([3, 3, 3])], order: 1 },

  ...common("varMean", {
    f: (x, options) => x.varMean(options),
    torch: plain("var_mean"),
    integers: false,
    bools: false,
  }),
  // PyTorch's means are the sums of steps, in which an infinity meets itself.
  "varMean: special": { f: (a) => a.varMean(-1)[0], torch: "torch.var_mean(a, -1)[0]", inputs: [rows], order: 0 },
  "varMean: scalar": { f: (a) => a.varMean(), torch: "torch.var_mean(a)", inputs: [floats(none)], order: 1 },
  "varMean: correction": {
    f: (a) => a.varMean({ axes: 1, correction: 2 }),
    torch: "torch.var_mean(a, 1, correction=2)",
    inputs: [floats(m)],
  },
  ...common("stdMean", {
    f: (x, options) => x.stdMean(options),
    torch: plain("std_mean"),
    integers: false,
    bools: false,
  }),
  "stdMean: special": { f: (a) => a.stdMean(-1)[0], torch: "torch.std_mean(a, -1)[0]", inputs: [rows], order: 0 },
  "stdMean: correction": {
    f: (a) => a.stdMean({ axes: 1, correction: 0, keepDims: true }),
    torch: "torch.std_mean(a, 1, correction=0, keepdim=True)",
    inputs: [floats(m)],
  },

  ...common("nansum", { f: (x, options) => x.nansum(options), torch: plain("nansum") }),
  "nansum: NaN": { f: (a) => a.nansum(1), torch: "a.nansum(1)", inputs: [withNaN] },
  ...common("nanmean", {
    f: (x, options) => x.nanmean(options),
    torch: plain("nanmean"),
    integers: false,
    bools: false,
  }),
  "nanmean: NaN": { f: (a) => a.nanmean(1), torch: "a.nanmean(1)", inputs: [withNaN] },
  "nanmean: integers": { f: (a) => a.nanmean(1), torch: "a.float().nanmean(1)", inputs: [integers(-5, 5, m)] },

  norm: { f: (a) => a.norm(), torch: "torch.linalg.vector_norm(a)", inputs: [floats(m)] },
  ...norms(2, "2"),
  ...norms(1, "1"),
  ...norms(0, "0"),
  ...norms(3, "3"),
  ...norms(0.5, "0.5"),
  ...norms(-1.5, "-1.5", false),
  ...norms(Infinity, "math.inf", false),
  ...norms(-Infinity, "-math.inf", false),
  "norm: Frobenius": {
    f: (a) => a.norm({ p: "fro", axes: [0, 1] }),
    torch: "torch.linalg.norm(a, 'fro')",
    inputs: [floats(m)],
  },
  "norm: singular values": {
    f: (a) => [a.norm({ p: "nuc" }), a.norm({ p: "nuc", axes: [0, 1], keepDims: true })],
    torch: "(torch.norm(a, 'nuc'), torch.norm(a, 'nuc', dim=(0, 1), keepdim=True))",
    inputs: [floats([3, 2])],
    order: 1,
    ulps: 128,
    reads: true,
  },
  "norm: integers": { f: (a) => a.norm(), torch: "torch.linalg.vector_norm(a.float())", inputs: [integers(-5, 5, m)] },
  ...Object.fromEntries(
    ([[2, "2"], [1, "1"], [0, "0"], [3, "3"], [1.5, "1.5"], [Infinity, "math.inf"], [-Infinity, "-math.inf"]] as const)
      .map(([p, torch]) =>
        [`norm: ${p} of zeros`, {
          f: (a) => a.norm({ p, axes: 1 }),
          torch: torchNorm(torch)("a", ", dim=1"),
          inputs: [given([0, 0, 0, 0, -2, 0], m)],
          order: 1,
        }] as const satisfies readonly [string, Sample]
      ),
  ),
  "norm: Infinity of ties": {
    f: (a) => a.norm({ p: Infinity }),
    torch: "torch.linalg.vector_norm(a, math.inf)",
    inputs: [given([2, -2, 1, 2])],
    order: 1,
  },

  ...common("logsumexp", {
    f: (x, options) => x.logsumexp(options),
    torch: plain("logsumexp"),
    all: false,
    bools: false,
  }),
  logsumexp: { f: (a) => a.logsumexp(), torch: "torch.logsumexp(a, (0, 1))", inputs: [floats(m)] },
  "logsumexp: large": {
    f: (a) => a.mul(1000).logsumexp(0),
    torch: "torch.logsumexp(a * 1000, 0)",
    inputs: [floats(m)],
    order: 1,
  },

  ...common("any", { f: (x, options) => x.any(options), torch: plain("any"), order: 0 }),
  ...common("all", { f: (x, options) => x.all(options), torch: plain("all"), order: 0 }),
  "all: true": { f: (a) => a.less(9).all(), torch: "(a < 9).all()", inputs: [floats(m)], order: 0 },
  "any: bytes": { f: (a) => a.any(0), torch: "a.any(0).bool()", inputs: [integers(0, 2, m, 0, "uint8")] },
  ...common("countNonzero", {
    f: (x, { axes, keepDims } = {}) => x.countNonzero({ axes, ...(keepDims === undefined ? {} : { keepDims }) }),
    torch: (x, args) => `(${x} != 0).sum(${args.replace(", ", "")})`,
    order: 0,
  }),
  "countNonzero: by name": {
    f: (a) => a.countNonzero([0, 1]),
    torch: "torch.count_nonzero(a, (0, 1))",
    inputs: [given([0, 1, NaN, -0, -2, 0], m)],
    order: 0,
  },

  ...common("max", { f: (x, options) => x.max(options), torch: plain("amax"), empty: false }),
  "max: ties": { f: (a) => a.max(1), torch: "a.amax(1)", inputs: [ties] },
  "max: all of ties": { f: (a) => a.max(), torch: "a.max()", inputs: [ties] },
  ...common("min", { f: (x, options) => x.min(options), torch: plain("amin"), empty: false }),
  "min: ties": { f: (a) => a.min(0), torch: "a.amin(0)", inputs: [ties] },
  ...common("amax", { f: (x, options) => x.amax(options), torch: plain("amax"), empty: false }),
  "amax: ties": { f: (a) => a.amax([0, 1]), torch: "a.amax((0, 1))", inputs: [ties] },
  ...common("amin", { f: (x, options) => x.amin(options), torch: plain("amin"), empty: false }),
  "amin: ties": { f: (a) => a.amin(1), torch: "a.amin(1)", inputs: [ties] },
  ...common("argmax", {
    f: (x, options) => x.argmax(options),
    torch: plain("argmax"),
    order: 0,
    several: false,
    bools: false,
    empty: false,
  }),
  "argmax: ties": { f: (a) => a.argmax(1), torch: "a.argmax(1)", inputs: [ties], order: 0 },
  ...common("argmin", {
    f: (x, options) => x.argmin(options),
    torch: plain("argmin"),
    order: 0,
    several: false,
    bools: false,
    empty: false,
  }),
  "argmin: ties": { f: (a) => a.argmin(0), torch: "a.argmin(0)", inputs: [ties], order: 0 },

  ...alongOneAxis("softmax", (x, axis) => x.softmax(axis), (x, dim) => `torch.softmax(${x}, ${dim})`),
  ...alongOneAxis("softmin", (x, axis) => x.softmin(axis), (x, dim) => `F.softmin(${x}, ${dim})`),
  ...alongOneAxis("logSoftmax", (x, axis) => x.logSoftmax(axis), (x, dim) => `torch.log_softmax(${x}, ${dim})`),
  "logSoftmax: special": { f: (a) => a.logSoftmax(), torch: "torch.log_softmax(a, -1)", inputs: [lowRows], order: 0 },
};

/** The samples of an operator that leaves the shape. */
function alongOneAxis(
  name: string,
  f: (x: Tensor, axis?: number) => Tensor,
  torch: (x: string, dim: number) => string,
): Samples {
  return {
    [name]: { f: (a) => f(a), torch: torch("a", -1), inputs: [floats(m)] },
    [`${name}: first axis`]: { f: (a) => f(a, 0), torch: torch("a", 0), inputs: [floats(m)] },
    [`${name}: middle axis`]: { f: (a) => f(a, -2), torch: torch("a", -2), inputs: [floats(cube)] },
    [`${name}: a view`]: { f: (a) => f(a.transpose(), 0), torch: torch("a.T", 0), inputs: [floats(m)] },
    [`${name}: scalar`]: { f: (a) => f(a, 0), torch: torch("a", 0), inputs: [floats(none)] },
    [`${name}: an axis of one`]: { f: (a) => f(a, 1), torch: torch("a", 1), inputs: [floats([3, 1])] },
    [`${name}: no elements`]: { f: (a) => f(a, 1), torch: torch("a", 1), inputs: [floats([2, 0])], order: 0 },
    [`${name}: special`]: { f: (a) => f(a), torch: torch("a", -1), inputs: [rows], order: 0 },
    [`${name}: far apart`]: { f: (a) => f(a), torch: torch("a", -1), inputs: [between(-90, 90, m)] },
  };
}
