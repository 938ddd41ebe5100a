/** Samples of activations. */
import type { Tensor } from "../../../mod.ts";
import { floats, given, type Input, integers, type Samples, special } from "../sample.ts";

const m = [2, 3];

/** How an activation is sampled. */
interface Settings {
  /** How PyTorch has integers: `a.float()` where it has no function of integers. */
  asked?: string;
  /** Where it bends or jumps, and has no second derivative. */
  kinks?: readonly number[];
  /** Where its formula changes, though it is smooth there. */
  joints?: readonly number[];
  /** What it is at special elements, where PyTorch has NaN in the place of a limit. */
  limits?: string;
}

/** An activation: of a matrix, transposed, of a scalar, of nothing, far out, at its kinks, at special elements, of integers. */
function activation(
  name: string,
  f: (a: Tensor) => Tensor,
  torch: string,
  { asked = "a.float()", kinks, joints, limits = torch }: Settings = {},
): Samples {
  const called = (operand: string) => `(lambda a: ${torch})(${operand})`;
  const at = (elements: readonly number[]): Input => given(elements);
  return {
    [name]: { f, torch, inputs: [floats(m)] },
    [`${name}: transposed`]: { f: (a) => f(a.transpose()), torch: called("a.mT"), inputs: [floats(m, 1)] },
    [`${name}: a scalar`]: { f, torch, inputs: [floats([])] },
    [`${name}: no elements`]: { f, torch, inputs: [floats([0, 2])] },
    [`${name}: far out`]: { f, torch, inputs: [at([-30, -12, -6, 4, 9, 25, 90])] },
    ...(kinks === undefined ? {} : { [`${name}: kinks`]: { f, torch, inputs: [at(kinks)], order: 1 } }),
    ...(joints === undefined ? {} : { [`${name}: joints`]: { f, torch, inputs: [at(joints)] } }),
    [`${name}: special`]: { f, torch: limits, inputs: [special], order: 0 },
    [`${name}: integers`]: { f, torch: called(asked), inputs: [integers(-4, 5, m)], order: 0 },
  };
}

/** The limit of 0 at -Infinity. */
const fading = (torch: string) => `torch.where(a == -math.inf, 0, ${torch})`;

export const activations: Samples = {
  ...activation("relu", (a) => a.relu(), "F.relu(a)", { asked: "a", kinks: [0, -0] }),
  ...activation("relu6", (a) => a.relu6(), "F.relu6(a)", { asked: "a", kinks: [0, 6, -0] }),
  ...activation("leakyRelu", (a) => a.leakyRelu(), "F.leaky_relu(a)", { kinks: [0, -0] }),
  "leakyRelu: slope": { f: (a) => a.leakyRelu(0.2), torch: "F.leaky_relu(a, 0.2)", inputs: [floats(m)] },
  prelu: { f: (a, b) => a.prelu(b!), torch: "F.prelu(a, b)", inputs: [floats(m), given([0.2, -0.3, 0.5])] },
  "prelu: one weight": { f: (a, b) => a.prelu(b!), torch: "F.prelu(a, b)", inputs: [floats([2, 3, 2]), given([0.2])] },
  "prelu: channels": {
    f: (a, b) => a.prelu(b!),
    torch: "F.prelu(a, b)",
    inputs: [floats([2, 3, 2]), given([0.2, -0.3, 1])],
  },
  "prelu: a vector": { f: (a, b) => a.prelu(b!), torch: "F.prelu(a, b)", inputs: [floats([4]), given([0.2])] },
  "prelu: at 0": {
    f: (a, b) => a.prelu(b!),
    torch: "F.prelu(a, b)",
    inputs: [given([0, -0, 1]), given([0.2])],
    order: 1,
  },
  "prelu: special": { f: (a, b) => a.prelu(b!), torch: "F.prelu(a, b)", inputs: [special, given([0.25])], order: 0 },
  "prelu: infinite above 0": {
    f: (a, b) => a.prelu(b!),
    torch: "F.prelu(a, b)",
    inputs: [given([Infinity, -1]), given([0.25])],
  },
  ...activation("elu", (a) => a.elu(), "F.elu(a)", { kinks: [0, -0] }),
  "elu: alpha": { f: (a) => a.elu(1.5), torch: "F.elu(a, 1.5)", inputs: [floats(m)] },
  ...activation("celu", (a) => a.celu(), "F.celu(a)", { kinks: [0, -0] }),
  // PyTorch's derivatives have the digits of a float32 alpha.
  "celu: alpha": { f: (a) => a.celu(0.7), torch: "F.celu(a, 0.7)", inputs: [floats(m)], order: 0 },
  ...activation("selu", (a) => a.selu(), "F.selu(a)", { kinks: [0, -0] }),
  ...activation("sigmoid", (a) => a.sigmoid(), "torch.sigmoid(a)"),
  ...activation("logSigmoid", (a) => a.logSigmoid(), "F.logsigmoid(a)", { joints: [0] }),
  // PyTorch's own derivative has the digits of a float32 sixth.
  ...activation("hardsigmoid", (a) => a.hardsigmoid(), "F.relu6(a + 3) / 6", { kinks: [-3, 3, 0] }),
  ...activation("gelu", (a) => a.gelu(), "F.gelu(a)"),
  ...activation("gelu: tanh", (a) => a.gelu({ approximate: "tanh" }), "F.gelu(a, approximate='tanh')", {
    limits: fading("F.gelu(a, approximate='tanh')"),
  }),
  ...activation("silu", (a) => a.silu(), "F.silu(a)", { limits: fading("F.silu(a)") }),
  ...activation("mish", (a) => a.mish(), "F.mish(a)", { limits: fading("F.mish(a)") }),
  ...activation("hardswish", (a) => a.hardswish(), "F.hardswish(a)", {
    kinks: [-3, 3, 0],
    limits: fading("F.hardswish(a)"),
  }),
  ...activation("softplus", (a) => a.softplus(), "F.softplus(a)", { kinks: [0, 20] }),
  "softplus: beta": { f: (a) => a.softplus(2.5), torch: "F.softplus(a, 2.5)", inputs: [floats(m)] },
  "softplus: threshold": { f: (a) => a.softplus(2, 1), torch: "F.softplus(a, 2, 1)", inputs: [floats(m)] },
  ...activation("softsign", (a) => a.softsign(), "F.softsign(a)", {
    kinks: [0],
    limits: "torch.where(a.isinf(), a.sign(), F.softsign(a))",
  }),
  ...activation("hardtanh", (a) => a.hardtanh(), "F.hardtanh(a)", { asked: "a", kinks: [-1, 1] }),
  "hardtanh: bounds": { f: (a) => a.hardtanh(-0.5, 1.5), torch: "F.hardtanh(a, -0.5, 1.5)", inputs: [floats(m)] },
  ...activation("tanhshrink", (a) => a.tanhshrink(), "F.tanhshrink(a)", { joints: [0.99, 1.01, 0.3] }),
  ...activation("softshrink", (a) => a.softshrink(), "F.softshrink(a)", { kinks: [0.5, -0.5, 0] }),
  "softshrink: lambda": { f: (a) => a.softshrink(1), torch: "F.softshrink(a, 1)", inputs: [floats(m)] },
  ...activation("hardshrink", (a) => a.hardshrink(), "F.hardshrink(a)", { kinks: [0.5, -0.5, 0] }),
  "hardshrink: lambda": { f: (a) => a.hardshrink(1), torch: "F.hardshrink(a, 1)", inputs: [floats(m)] },
  ...activation("threshold", (a) => a.threshold(1, -7), "F.threshold(a, 1, -7)", { asked: "a", kinks: [1, 0] }),
  glu: { f: (a) => a.glu(), torch: "F.glu(a)", inputs: [floats([2, 4])] },
  "glu: axis": { f: (a) => a.glu(0), torch: "F.glu(a, 0)", inputs: [floats([2, 3])] },
  "glu: transposed": { f: (a) => a.transpose().glu(-2), torch: "F.glu(a.mT, -2)", inputs: [floats([3, 2, 4])] },
  "glu: no elements": { f: (a) => a.glu(1), torch: "F.glu(a, 1)", inputs: [floats([0, 4])] },
  "glu: special": { f: (a) => a.glu(), torch: "F.glu(a)", inputs: [special], order: 0 },
  "glu: integers": { f: (a) => a.glu(), torch: "F.glu(a.float())", inputs: [integers(-4, 5, [2, 4])], order: 0 },
};
