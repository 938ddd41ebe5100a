/**
 * Samples of draws. PyTorch draws other numbers, so that the samples have but one outcome, or tell shapes and types alone;
 * `tests/random_test.ts` has the distributions.
 */
import {
  beta,
  cauchy,
  dirichlet,
  exponential,
  gamma,
  geometric,
  logNormal,
  normal,
  randperm,
  truncatedNormal,
  uniform,
} from "../../../mod.ts";
import { between, floats, given, integers, type Samples } from "../sample.ts";

const zerosOrOnes = given([0, 1, 1, 0, 1, 0], [2, 3]);

export const random: Samples = {
  randLike: { f: (a) => a.randLike().mul(0), torch: "torch.rand_like(a) * 0", inputs: [floats([2, 3])], order: 0 },
  "randLike: a view": {
    f: (a) => a.transpose().randLike().mul(0),
    torch: "torch.rand_like(a.T) * 0",
    inputs: [floats([2, 3])],
    order: 0,
  },
  randnLike: {
    f: (a) => a.randnLike().abs().mul(0),
    torch: "torch.randn_like(a).abs() * 0",
    inputs: [floats([2, 3])],
    order: 0,
  },
  randintLike: {
    f: (a) => a.randintLike(3, 4),
    torch: "torch.randint_like(a, 3, 4)",
    inputs: [integers(0, 5, [2, 3])],
    order: 0,
  },
  "randintLike: floats": {
    f: (a) => a.randintLike(-3, -2),
    torch: "torch.randint_like(a, -3, -2)",
    inputs: [floats([2])],
    order: 0,
  },
  bernoulli: { f: (a) => a.bernoulli(), torch: "torch.bernoulli(a)", inputs: [zerosOrOnes], order: 0 },
  "bernoulli: a view": {
    f: (a) => a.transpose().bernoulli(),
    torch: "torch.bernoulli(a.T)",
    inputs: [zerosOrOnes],
    order: 0,
  },
  "bernoulli: one probability": {
    f: (a) => a.bernoulli(1),
    torch: "a.bernoulli(p=1.0)",
    inputs: [floats([2, 3])],
    order: 0,
  },
  "bernoulli: one probability, integers": {
    f: (a) => a.bernoulli(1),
    torch: "a.bernoulli(p=1.0)",
    inputs: [integers(0, 5, [3])],
    order: 0,
  },
  poisson: { f: (a) => a.poisson(), torch: "torch.poisson(a)", inputs: [given([0, 0, 0])], order: 0 },
  categorical: {
    f: (a) => a.categorical(),
    torch: "torch.distributions.Categorical(logits=a).sample()",
    inputs: [given([0, -1e30, -1e30, -1e30, 2, -1e30], [2, 3])],
    order: 0,
  },
  "categorical: first axis": {
    f: (a) => a.categorical(0),
    torch: "torch.distributions.Categorical(logits=a.T).sample()",
    inputs: [given([0, -1e30, -1e30, 2, -1e30, -1e30], [3, 2])],
    order: 0,
  },
  multinomial: {
    f: (a) => a.multinomial(1),
    torch: "torch.multinomial(a, 1)",
    inputs: [given([0, 2, 0, 0, 0, 5], [2, 3])],
    order: 0,
  },
  "multinomial: with replacement": {
    f: (a) => a.multinomial(4, { replacement: true }),
    torch: "torch.multinomial(a, 4, replacement=True)",
    inputs: [given([0, 2, 0, 0, 0, 5], [2, 3])],
    order: 0,
  },
  "multinomial: all places": {
    f: (a) => a.multinomial(3).sum(-1),
    torch: "torch.multinomial(a, 3).sum(-1).int()",
    inputs: [between(1, 3, [2, 3])],
    order: 0,
  },
  gumbelSoftmax: {
    f: (a) => a.gumbelSoftmax().sum(-1).round(),
    torch: "F.gumbel_softmax(a).sum(-1).round()",
    inputs: [floats([2, 3])],
    order: 0,
  },
  "gumbelSoftmax: hard, first axis": {
    f: (a) => a.gumbelSoftmax({ hard: true, tau: 0.5, axis: 0 }),
    torch: "F.gumbel_softmax(a, hard=True, tau=0.5, dim=0).round()",
    inputs: [given([0, -1e30, -1e30, 2, -1e30, -1e30], [3, 2])],
    order: 0,
  },
  randperm: {
    f: () => randperm(5).square().sum(),
    torch: "torch.randperm(5).square().sum()",
    inputs: [],
    order: 0,
  },
  "randperm: none, and a type": {
    f: () => [randperm(0), randperm(1, { dtype: "float64" })],
    torch: "[torch.randperm(0), torch.randperm(1, dtype=torch.float64)]",
    inputs: [],
    order: 0,
  },
  uniform: {
    f: (a, b) => uniform(a, b, { shape: [2, 3] }),
    torch: "torch.distributions.Uniform(a, b, validate_args=False).rsample((2,))",
    inputs: [floats([3]), floats([3])],
    order: 0,
  },
  normal: {
    f: (a, b) => normal(a, b),
    torch: "torch.normal(a, b)",
    inputs: [floats([2, 3]), given([0, 0, 0])],
    order: 0,
  },
  logNormal: {
    f: (a) => logNormal(a, 0),
    torch: "torch.distributions.LogNormal(a, 0 * a, validate_args=False).rsample()",
    inputs: [floats([3])],
    order: 0,
  },
  truncatedNormal: {
    f: (a) => truncatedNormal([2, 3]).square().cast(a.dtype).mul(a),
    torch: "torch.nn.init.trunc_normal_(torch.empty(2, 3, dtype=a.dtype)).square() * a",
    inputs: [given([0, 0, 0])],
    order: 0,
  },
  exponential: {
    f: (a) => exponential(a),
    torch: "torch.distributions.Exponential(a).rsample()",
    inputs: [given([Infinity, Infinity])],
    order: 0,
  },
  cauchy: {
    f: (a) => cauchy(a, 1).abs().mul(0),
    torch: "torch.distributions.Cauchy(a, torch.ones_like(a)).rsample().abs() * 0",
    inputs: [floats([3])],
    order: 0,
  },
  geometric: {
    f: (a) => geometric(1, { shape: [2, 2] }).cast(a.dtype).mul(a),
    torch: "torch.empty_like(a).geometric_(1 - 1e-12) * a",
    inputs: [floats([2, 2])],
    order: 0,
  },
  gamma: {
    f: (a, b) => gamma(a, b).mul(0),
    torch: "torch.distributions.Gamma(a, b).sample() * 0",
    inputs: [between(0.5, 3, [2, 1]), between(0.5, 3, [3])],
    order: 0,
  },
  beta: {
    f: (a, b) => beta(a, b).mul(0),
    torch: "torch.distributions.Beta(a, b).sample() * 0",
    inputs: [between(0.5, 3, [2, 1]), between(0.5, 3, [3])],
    order: 0,
  },
  dirichlet: {
    f: (a) => dirichlet(a).sum(-1).round(),
    torch: "torch.distributions.Dirichlet(a).sample().sum(-1).round()",
    inputs: [between(0.5, 3, [2, 3])],
    order: 0,
  },
};
