/** Samples of special functions. */
import { between, floats, given, integers, type Samples } from "../sample.ts";
import { unary } from "./pointwise.ts";

const m = [2, 3], positive = between(0.1, 4, m);
/** Zeros, poles, ends and numbers around them, of which float32 and float64 have the same. */
const edges = given([0, -0, 1, 2, -0.5, -1.5, -7.25, 6, 5.75, Infinity, -Infinity, NaN, 40.5, 1e-18, -1e-18]);
/** As the common special numbers, without large ones, whose powers overflow in float32 alone. */
const bent = given([0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-18, -1e-18, 0.5]);
const negative = given([-0.3, -0.75, -1.25, -2.5, -3.375, -6.5], m);

export const special: Samples = {
  ...unary("lgamma", (a) => a.lgamma(), "torch.lgamma(a)", { at: positive, special: edges }),
  "lgamma: negative": { f: (a) => a.lgamma(), torch: "torch.lgamma(a)", inputs: [negative] },
  "lgamma: around its zeros": {
    f: (a) => a.lgamma(),
    torch: "torch.lgamma(a)",
    inputs: [given([1, 2, 0.875, 1.125, 2.25])],
  },
  "lgamma: large": {
    f: (a) => a.lgamma(),
    torch: "torch.lgamma(a)",
    inputs: [given([1e4, 1e10, 1e30, 8, 15.5])],
    order: 0,
  },
  "lgamma: poles": { f: (a) => a.lgamma(), torch: "torch.lgamma(a)", inputs: [given([-1, -2, -30, -1e10])], order: 0 },
  ...unary("digamma", (a) => a.digamma(), "torch.digamma(a)", { at: positive, special: edges }),
  "digamma: negative": { f: (a) => a.digamma(), torch: "torch.digamma(a)", inputs: [negative] },
  "digamma: large": {
    f: (a) => a.digamma(),
    torch: "torch.digamma(a)",
    inputs: [given([1e4, 1e10, 1e30, 8, 15.5])],
    order: 0,
  },
  "digamma: poles": {
    f: (a) => a.digamma(),
    torch: "torch.digamma(a)",
    inputs: [given([-1, -2, -30, -1e10])],
    order: 0,
  },
  ...unary("polygamma", (a) => a.polygamma(1), "torch.polygamma(1, a)", {
    at: positive,
    special: given([0, -0, 1, 2, -0.5, -1.5, -7.25, 6, 5.75, NaN, 40.5, 1e-12]),
    integers: integers(1, 5, m),
  }),
  "polygamma: order 0": { f: (a) => a.polygamma(0), torch: "torch.digamma(a)", inputs: [positive] },
  "polygamma: at Infinity": { f: (a) => a.polygamma(1), torch: "1 / a", inputs: [given([Infinity])], order: 0 },
  "polygamma: order 2": { f: (a) => a.polygamma(2), torch: "torch.polygamma(2, a)", inputs: [positive] },
  "polygamma: order 3": { f: (a) => a.polygamma(3), torch: "torch.polygamma(3, a)", inputs: [positive] },
  "polygamma: order 8": { f: (a) => a.polygamma(8), torch: "torch.polygamma(8, a)", inputs: [between(0.5, 40, m)] },
  "polygamma: order 1, negative": { f: (a) => a.polygamma(1), torch: "torch.polygamma(1, a)", inputs: [negative] },
  "polygamma: order 2, negative": { f: (a) => a.polygamma(2), torch: "torch.polygamma(2, a)", inputs: [negative] },
  "polygamma: order 5, negative": { f: (a) => a.polygamma(5), torch: "torch.polygamma(5, a)", inputs: [negative] },
  "polygamma: order 2, special": {
    f: (a) => a.polygamma(2),
    torch: "torch.polygamma(2, a)",
    inputs: [given([0, -0, 1, -1, -2, -0.5, NaN])],
    order: 0,
  },
  "polygamma: order 3, special": {
    f: (a) => a.polygamma(3),
    torch: "torch.polygamma(3, a)",
    inputs: [given([0, -0, 1, -1, -2, -0.5, NaN])],
    order: 0,
  },
  ...unary("multigammaln", (a) => a.multigammaln(3), "torch.special.multigammaln(a, 3)", {
    at: between(1.2, 5, m),
    special: given([2, 1.5, 3, 40.5, Infinity, NaN]),
    integers: integers(2, 6, m),
  }),
  "multigammaln: of one dimension": {
    f: (a) => a.multigammaln(1),
    torch: "torch.mvlgamma(a, 1)",
    inputs: [positive],
  },
  ...unary("ndtr", (a) => a.ndtr(), "torch.special.ndtr(a)"),
  "ndtr: tails": { f: (a) => a.ndtr(), torch: "torch.special.ndtr(a)", inputs: [given([-10, -5, 5, 9])] },
  ...unary("logNdtr", (a) => a.logNdtr(), "torch.special.log_ndtr(a)"),
  "logNdtr: tails": {
    f: (a) => a.logNdtr(),
    torch: "torch.special.log_ndtr(a)",
    inputs: [given([-30, -10, -1, -0.5, 5, 8])],
  },
  ...unary("ndtri", (a) => a.ndtri(), "torch.special.ndtri(a)", { at: between(0.05, 0.95, m) }),
  "ndtri: tails": {
    f: (a) => a.ndtri(),
    torch: "torch.special.ndtri(a)",
    inputs: [given([1e-30, 1e-10, 1e-4, 0.999, 0.75])],
    order: 0,
  },
  ...unary("erfcx", (a) => a.erfcx(), "torch.special.erfcx(a)"),
  "erfcx: far": {
    f: (a) => a.erfcx(),
    torch: "torch.special.erfcx(a)",
    inputs: [given([3, 8, 25, 30, 1e4, 1e10, -3, -5])],
    order: 0,
  },
  ...unary("i0", (a) => a.i0(), "torch.special.i0(a)", { special: bent }),
  "i0: large": { f: (a) => a.i0(), torch: "torch.special.i0(a)", inputs: [given([6, -9, 20.5])], ulps: 32 },
  ...unary("i1", (a) => a.i1(), "torch.special.i1(a)", { special: bent }),
  "i1: large": { f: (a) => a.i1(), torch: "torch.special.i1(a)", inputs: [given([6, -9, 20.5])], ulps: 32 },
  "i1: at 0": { f: (a) => a.i1(), torch: "torch.special.i1(a)", inputs: [given([0, -0, 1])], order: 1 },
  ...unary("i0e", (a) => a.i0e(), "torch.special.i0e(a)"),
  "i0e: large": { f: (a) => a.i0e(), torch: "torch.special.i0e(a)", inputs: [given([6, -9, 100.5])] },
  ...unary("i1e", (a) => a.i1e(), "torch.special.i1e(a)"),
  "i1e: large": { f: (a) => a.i1e(), torch: "torch.special.i1e(a)", inputs: [given([6, -9, 100.5])] },
  ...unary("entr", (a) => a.entr(), "torch.special.entr(a)", { at: positive }),
  "entr: at 0": { f: (a) => a.entr(), torch: "torch.special.entr(a)", inputs: [given([0, -0, 1, 0.5])], order: 1 },
  "entr: below 0": { f: (a) => a.entr(), torch: "torch.special.entr(a)", inputs: [floats(m)], order: 0 },
};
