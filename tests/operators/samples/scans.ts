/** Samples of operators that join elements with those before them. */
import type { Tensor } from "../../../mod.ts";
import { between, bools, floats, given, integers, type Samples } from "../sample.ts";

const m = [2, 3], line = [5], cube = [2, 3, 2], none: readonly number[] = [];

/** Rows with NaN, with infinities of either sign and of both, and with zeros. */
const rows = given([NaN, 1, 2, 1, Infinity, 2, 1, -Infinity, -2, Infinity, 1, -Infinity, 1, NaN, 2, 0, -0, 3], [6, 3]);
const ties = given([1, 3, 3, 2, 4, 4, 4, -1, 5, 5], [2, 5]);

/** What all scans along one axis are asked. */
function common(
  name: string,
  f: (x: Tensor, axis: number) => Tensor | readonly Tensor[],
  torch: (x: string, axis: number) => string,
  { numbers = true, kinks = false }: { numbers?: boolean; kinks?: boolean } = {},
): Samples {
  const order = kinks ? { order: 1 as const } : {};
  const found: Samples = {
    [name]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [floats(line)], ...order },
    [`${name}: last axis`]: { f: (x) => f(x!, -1), torch: torch("a", -1), inputs: [floats(m)], ...order },
    [`${name}: middle axis`]: { f: (x) => f(x!, 1), torch: torch("a", 1), inputs: [floats(cube)], ...order },
    [`${name}: a view`]: { f: (x) => f(x!.transpose(), 1), torch: torch("a.T", 1), inputs: [floats(m)], ...order },
    [`${name}: an axis of one`]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [floats([1, 3])], ...order },
    [`${name}: scalar`]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [floats(none)], order: kinks ? 0 : 1 },
    [`${name}: no elements`]: { f: (x) => f(x!, 1), torch: torch("a", 1), inputs: [floats([2, 0])], order: 0 },
    [`${name}: special`]: { f: (x) => f(x!, 1), torch: torch("a", 1), inputs: [rows], order: 0 },
  };
  if (!numbers) return found;
  return {
    ...found,
    [`${name}: integers`]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [integers(-5, 5, [4, 2])] },
    [`${name}: bytes`]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [integers(0, 9, [4, 2], 1, "uint8")] },
    [`${name}: bools`]: { f: (x) => f(x!, 0), torch: torch("a", 0), inputs: [bools([4, 2])] },
  };
}

/** PyTorch has the recurrence in words only. */
const recurrence = (a: string, b: string, initial: string, steps: number) =>
  `(lambda a, b, h: torch.stack([h := a[t] * h + b[t] for t in range(${steps})]))(${a}, ${b}, ${initial})`;

export const scans: Samples = {
  ...common("cumsum", (x, axis) => x.cumsum(axis), (x, axis) => `torch.cumsum(${x}, ${axis})`),
  ...common("cumprod", (x, axis) => x.cumprod(axis), (x, axis) => `torch.cumprod(${x}, ${axis})`),
  "cumprod: a zero": { f: (x) => x.cumprod(0), torch: "a.cumprod(0)", inputs: [given([2, 0, 3, 4])] },
  "cumprod: zeros": {
    f: (x) => x.cumprod(1),
    torch: "a.cumprod(1)",
    inputs: [given([2, 0, 3, 0, 4, 0, 0, 1, 2, 3], [2, 5])],
  },
  ...common("cummax", (x, axis) => x.cummax(axis), (x, axis) => `tuple(torch.cummax(${x}, ${axis}))`, { kinks: true }),
  ...common("cummin", (x, axis) => x.cummin(axis), (x, axis) => `tuple(torch.cummin(${x}, ${axis}))`, { kinks: true }),
  "cummax: ties": { f: (x) => x.cummax(1), torch: "tuple(a.cummax(1))", inputs: [ties], order: 1 },
  "cummin: ties": { f: (x) => x.neg().cummin(1), torch: "tuple((-a).cummin(1))", inputs: [ties], order: 1 },
  ...common(
    "logcumsumexp",
    (x, axis) => x.logcumsumexp(axis),
    (x, axis) => `torch.logcumsumexp(${x}, ${axis})`,
    { numbers: false },
  ),
  "logcumsumexp: integers": {
    f: (x) => x.logcumsumexp(0),
    torch: "a.float().logcumsumexp(0)",
    inputs: [integers(-5, 5, [4, 2])],
  },
  "logcumsumexp: far apart": {
    f: (x) => x.logcumsumexp(0),
    torch: "a.logcumsumexp(0)",
    inputs: [given([-1000, 1000, -1000, 999, 1000])],
  },
  "logcumsumexp: from nothing": {
    f: (x) => x.logcumsumexp(0),
    torch: "a.logcumsumexp(0)",
    inputs: [given([1, -Infinity, 2, -Infinity, 0])],
    order: 1,
  },

  linearRecurrence: {
    f: (a, b) => b!.linearRecurrence(a!),
    torch: recurrence("a", "b", "torch.zeros_like(b[0])", 5),
    inputs: [floats(line), floats(line, 1)],
  },
  "linearRecurrence: first axis": {
    f: (a, b) => b!.linearRecurrence(a!, { axis: 0 }),
    torch: recurrence("a", "b", "torch.zeros_like(b[0])", 3),
    inputs: [floats([3, 2]), floats([3, 2], 1)],
  },
  "linearRecurrence: initial": {
    f: (a, b, h) => b!.linearRecurrence(a!, { axis: -2, initial: h! }),
    torch: recurrence("a", "b", "c", 3),
    inputs: [floats([3, 2]), floats([3, 2], 1), floats([2], 2)],
  },
  "linearRecurrence: coefficients stretched": {
    f: (a, b) => b!.linearRecurrence(a!, { axis: 0, initial: 2 }),
    torch: recurrence("a.expand(3, 2)", "b", "2 * torch.ones_like(b[0])", 3),
    inputs: [floats([2]), floats([3, 2], 1)],
  },
  "linearRecurrence: a number": {
    f: (b) => b.linearRecurrence(0.5),
    torch: recurrence("0.5 * torch.ones_like(a)", "a", "torch.zeros_like(a[0])", 5),
    inputs: [floats(line)],
  },
  "linearRecurrence: integers": {
    f: (a, b) => b!.linearRecurrence(a!, { initial: 3 }),
    torch: recurrence("a", "b", "3 * torch.ones_like(b[0])", 4),
    inputs: [integers(-3, 3, [4]), integers(-3, 3, [4], 1)],
  },

  diff: { f: (x) => x.diff(), torch: "torch.diff(a)", inputs: [floats(line)] },
  "diff: twice": { f: (x) => x.diff({ n: 2, axis: 0 }), torch: "a.diff(n=2, dim=0)", inputs: [floats([4, 2])] },
  "diff: no times": { f: (x) => x.diff({ n: 0 }), torch: "a.diff(n=0)", inputs: [floats(m)] },
  "diff: more times than elements": { f: (x) => x.diff({ n: 4 }), torch: "a.diff(n=4)", inputs: [floats(m)], order: 0 },
  "diff: joined": {
    f: (x, a, b) => x!.diff({ axis: 1, prepend: a!, append: b! }),
    torch: "a.diff(dim=1, prepend=b, append=c)",
    inputs: [floats(m), floats([2, 2], 1), floats([2, 1], 2)],
  },
  "diff: a number": {
    f: (x) => x.diff({ prepend: 0 }),
    torch: "a.diff(prepend=torch.zeros(2, 1, dtype=a.dtype))",
    inputs: [floats(m)],
  },
  "diff: a view": { f: (x) => x.transpose().diff(), torch: "a.T.diff()", inputs: [floats(m)] },
  "diff: one element": { f: (x) => x.diff(), torch: "a.diff()", inputs: [floats([1])], order: 0 },
  "diff: integers": { f: (x) => x.diff(), torch: "a.diff()", inputs: [integers(-5, 5, line)] },
  "diff: bools": { f: (x) => x.diff(), torch: "a.diff()", inputs: [bools(line)] },
  "diff: special": { f: (x) => x.diff(), torch: "a.diff()", inputs: [rows], order: 0 },

  trapezoid: { f: (y) => y.trapezoid(), torch: "torch.trapezoid(a)", inputs: [floats(line)] },
  "trapezoid: dx": {
    f: (y) => y.trapezoid({ dx: 0.25, axis: 0 }),
    torch: "torch.trapezoid(a, dx=0.25, dim=0)",
    inputs: [floats(m)],
  },
  "trapezoid: at x": {
    f: (y, x) => y!.trapezoid({ x: x! }),
    torch: "torch.trapezoid(a, b)",
    inputs: [floats(m), floats([3], 1)],
  },
  "trapezoid: x along another axis": {
    f: (y, x) => y!.trapezoid({ x: x!, axis: 0 }),
    torch: "torch.trapezoid(a, b, dim=0)",
    inputs: [floats(m), floats([2], 1)],
  },
  "trapezoid: x of the same shape": {
    f: (y, x) => y!.trapezoid({ x: x!, axis: 1 }),
    torch: "torch.trapezoid(a, b, dim=1)",
    inputs: [floats(cube), floats(cube, 1)],
  },
  "trapezoid: one element": {
    f: (y) => y.trapezoid(),
    torch: "torch.trapezoid(a)",
    inputs: [floats([2, 1])],
    order: 0,
  },
  "trapezoid: no elements": {
    f: (y) => y.trapezoid(),
    torch: "torch.trapezoid(a)",
    inputs: [floats([2, 0])],
    order: 0,
  },
  "trapezoid: integers": { f: (y) => y.trapezoid(), torch: "torch.trapezoid(a)", inputs: [integers(-5, 5, m)] },

  cumulativeTrapezoid: {
    f: (y) => y.cumulativeTrapezoid(),
    torch: "torch.cumulative_trapezoid(a)",
    inputs: [floats(line)],
  },
  "cumulativeTrapezoid: dx": {
    f: (y) => y.cumulativeTrapezoid({ dx: 0.25, axis: 0 }),
    torch: "torch.cumulative_trapezoid(a, dx=0.25, dim=0)",
    inputs: [floats([3, 2])],
  },
  "cumulativeTrapezoid: at x": {
    f: (y, x) => y!.cumulativeTrapezoid({ x: x! }),
    torch: "torch.cumulative_trapezoid(a, b)",
    inputs: [floats(m), between(0, 3, [3], 1)],
  },
  "cumulativeTrapezoid: one element": {
    f: (y) => y.cumulativeTrapezoid(),
    torch: "torch.cumulative_trapezoid(a)",
    inputs: [floats([2, 1])],
    order: 0,
  },
  "cumulativeTrapezoid: integers": {
    f: (y) => y.cumulativeTrapezoid(),
    torch: "torch.cumulative_trapezoid(a)",
    inputs: [integers(-5, 5, m)],
  },
};
