/**
 * The two doors of each op: `new Op(...).call(...)`, and the method of a tensor. The table has a line for each
 * class, with operands that must first be stretched to one shape. An op that is a row without settings needs no line: its row
 * and its precision tell what it takes.
 */
import { ops, scaledDotProductAttention, Tensor, type TensorOp } from "../../mod.ts";

/** How an op is called, and the type of its result. */
export interface Door {
  make: () => TensorOp;
  /** The shapes of the operands that may have any type. */
  shapes: readonly (readonly number[])[];
  /** The values of further operands, which are always integers. */
  places?: readonly (readonly number[])[];
  /** The method of a tensor, if the op has one. */
  method?: (...x: Tensor[]) => Tensor;
  /** The type of the result: the operands' common type, converted as the word says, or the named type. */
  gives:
    | "given"
    | "number"
    | "float"
    | "wide"
    | "wideOrInt"
    | "half"
    | "halfFloat"
    | "sum"
    | "bool"
    | "int32"
    | "float64";
  /** The number of leading operands that decide the result's type; all of them by default. */
  leading?: number;
  /** True where elements are read, so that the op cannot be captured. */
  reads?: true;
  /** True where bools alone are refused, as in PyTorch. */
  refusesBools?: true;
  /** True where floats are refused: the op is one of bits. */
  refusesFloats?: true;
  /** Added to the operands, which lie in (0, 1), so that the op is smooth at all of them. */
  shift?: number;
}

const m = [2, 3], row = [3], column = [2, 1], whole = { start: 1, step: 1, length: 2, dropped: false };
/** Three windows of two elements along an axis of two, of which the outer ones begin and end in padding. */
const pairs = { size: 2, step: 1, dilation: 1, before: 1, count: 3 };
const inLine = { step: [1], before: [0], dilation: [1], groups: 1 };
const first = { start: 0, step: 1, length: 1, dropped: true };

function unary(make: () => TensorOp, gives: Door["gives"], method: (x: Tensor) => Tensor, shift = 1): Door {
  return { make, shapes: [m], method, gives, shift };
}

/** The doors that are stated by hand, by the name of the class. */
const stated: Readonly<Record<string, Door>> = {
  EWiseAdd: { make: () => new ops.EWiseAdd(), shapes: [row, column], method: (a, b) => a.add(b), gives: "given" },
  EWiseSub: {
    make: () => new ops.EWiseSub(),
    shapes: [m, row],
    method: (a, b) => a.sub(b),
    gives: "given",
    refusesBools: true,
  },
  EWiseMul: { make: () => new ops.EWiseMul(), shapes: [column, row], method: (a, b) => a.mul(b), gives: "given" },
  EWiseMulAdd: {
    make: () => new ops.EWiseMulAdd(),
    shapes: [row, column, [1]],
    method: (a, b, c) => a.mulAdd(b, c),
    gives: "given",
  },
  EWiseDiv: { make: () => new ops.EWiseDiv(), shapes: [row, m], method: (a, b) => a.div(b), gives: "float", shift: 1 },
  EWisePow: { make: () => new ops.EWisePow(), shapes: [m, row], method: (a, b) => a.pow(b), gives: "wide", shift: 1 },
  FloorDiv: {
    make: () => new ops.FloorDiv(),
    shapes: [m, row],
    method: (a, b) => a.floorDiv(b),
    gives: "given",
    shift: 1,
  },
  Mod: { make: () => new ops.Mod(), shapes: [row, column], method: (a, b) => a.mod(b), gives: "given", shift: 1 },
  Maximum: { make: () => new ops.Maximum(), shapes: [row, m], method: (a, b) => a.maximum(b), gives: "given" },
  Minimum: { make: () => new ops.Minimum(), shapes: [[], m], method: (a, b) => a.minimum(b), gives: "given" },
  Fmod: { make: () => new ops.Fmod(), shapes: [row, column], method: (a, b) => a.fmod(b), gives: "given", shift: 1 },
  Hypot: { make: () => new ops.Hypot(), shapes: [m, row], method: (a, b) => a.hypot(b), gives: "wide" },
  LogAddExp: { make: () => new ops.LogAddExp(), shapes: [row, m], method: (a, b) => a.logaddexp(b), gives: "wide" },
  LogAddExp2: {
    make: () => new ops.LogAddExp2(),
    shapes: [column, row],
    method: (a, b) => a.logaddexp2(b),
    gives: "wide",
  },
  XLogY: { make: () => new ops.XLogY(), shapes: [m, row], method: (a, b) => a.xlogy(b), gives: "wide" },
  XLog1PY: { make: () => new ops.XLog1PY(), shapes: [column, row], method: (a, b) => a.xlog1py(b), gives: "wide" },
  GCD: {
    make: () => new ops.GCD(),
    shapes: [m, row],
    method: (a, b) => a.gcd(b),
    gives: "given",
    refusesBools: true,
    refusesFloats: true,
  },
  LCM: {
    make: () => new ops.LCM(),
    shapes: [column, row],
    method: (a, b) => a.lcm(b),
    gives: "given",
    refusesBools: true,
    refusesFloats: true,
  },
  AddScalar: unary(() => new ops.AddScalar(2), "number", (x) => x.add(2)),
  MulScalar: unary(() => new ops.MulScalar(3), "number", (x) => x.mul(3)),
  DivScalar: unary(() => new ops.DivScalar(4), "float", (x) => x.div(4)),
  PowerScalar: unary(() => new ops.PowerScalar(2), "wide", (x) => x.pow(2)),
  Negate: { ...unary(() => new ops.Negate(), "given", (x) => x.neg()), refusesBools: true },
  Reciprocal: unary(() => new ops.Reciprocal(), "wide", (x) => x.reciprocal()),
  Square: unary(() => new ops.Square(), "wideOrInt", (x) => x.square()),
  Exp: unary(() => new ops.Exp(), "wide", (x) => x.exp()),
  Exp2: unary(() => new ops.Exp2(), "wide", (x) => x.exp2()),
  Expm1: unary(() => new ops.Expm1(), "wide", (x) => x.expm1()),
  Log: unary(() => new ops.Log(), "wide", (x) => x.log()),
  Log1p: unary(() => new ops.Log1p(), "wide", (x) => x.log1p()),
  Log2: unary(() => new ops.Log2(), "wide", (x) => x.log2()),
  Log10: unary(() => new ops.Log10(), "wide", (x) => x.log10()),
  Sqrt: unary(() => new ops.Sqrt(), "float", (x) => x.sqrt()),
  Rsqrt: unary(() => new ops.Rsqrt(), "wide", (x) => x.rsqrt()),
  Sin: unary(() => new ops.Sin(), "float", (x) => x.sin()),
  Cos: unary(() => new ops.Cos(), "float", (x) => x.cos()),
  Tan: unary(() => new ops.Tan(), "wide", (x) => x.tan(), 0),
  Sinh: unary(() => new ops.Sinh(), "wide", (x) => x.sinh()),
  Cosh: unary(() => new ops.Cosh(), "wide", (x) => x.cosh()),
  Asinh: unary(() => new ops.Asinh(), "wide", (x) => x.asinh()),
  Acosh: unary(() => new ops.Acosh(), "wide", (x) => x.acosh()),
  Atanh: unary(() => new ops.Atanh(), "wide", (x) => x.atanh(), 0),
  Logit: unary(() => new ops.Logit(), "wide", (x) => x.logit(), 0),
  Asin: unary(() => new ops.Asin(), "wide", (x) => x.asin(), 0),
  Acos: unary(() => new ops.Acos(), "wide", (x) => x.acos(), 0),
  Atan: unary(() => new ops.Atan(), "float", (x) => x.atan()),
  Atan2: { make: () => new ops.Atan2(), shapes: [row, column], method: (a, b) => a.atan2(b), gives: "float", shift: 1 },
  Tanh: unary(() => new ops.Tanh(), "float", (x) => x.tanh()),
  TanhGradient: { make: () => new ops.TanhGradient(), shapes: [m, m], gives: "float" },
  Erf: unary(() => new ops.Erf(), "float", (x) => x.erf()),
  Erfc: unary(() => new ops.Erfc(), "float", (x) => x.erfc()),
  Erfinv: unary(() => new ops.Erfinv(), "wide", (x) => x.erfinv(), 0),
  Polygamma: unary(() => new ops.Polygamma(2), "wide", (x) => x.polygamma(2)),
  I0: unary(() => new ops.I0(), "wide", (x) => x.i0()),
  I1: unary(() => new ops.I1(), "wide", (x) => x.i1()),
  Ndtri: unary(() => new ops.Ndtri(), "wide", (x) => x.ndtri(), 0),
  LogNdtr: unary(() => new ops.LogNdtr(), "wide", (x) => x.logNdtr()),
  Ndtr: unary(() => new ops.Ndtr(), "float", (x) => x.ndtr()),
  Abs: unary(() => new ops.Abs(), "given", (x) => x.abs()),
  Sign: unary(() => new ops.Sign(), "given", (x) => x.sign()),
  Floor: unary(() => new ops.Floor(), "given", (x) => x.floor()),
  Ceil: unary(() => new ops.Ceil(), "given", (x) => x.ceil()),
  Round: unary(() => new ops.Round(), "given", (x) => x.round()),
  Clip: unary(() => new ops.Clip(0, 3), "number", (x) => x.clip(0, 3)),
  ReLU: unary(() => new ops.ReLU(), "given", (x) => x.relu()),
  ReLUGradient: { make: () => new ops.ReLUGradient(), shapes: [m, m], gives: "float", shift: 1 },
  Sigmoid: unary(() => new ops.Sigmoid(), "float", (x) => x.sigmoid()),
  SigmoidGradient: { make: () => new ops.SigmoidGradient(), shapes: [m, m], gives: "float" },
  GELU: unary(() => new ops.GELU(), "float", (x) => x.gelu()),
  GELUGradient: { make: () => new ops.GELUGradient(), shapes: [m, m], gives: "float" },
  Softplus: unary(() => new ops.Softplus(2, 3), "wide", (x) => x.softplus(2, 3)),
  Softsign: unary(() => new ops.Softsign(), "wide", (x) => x.softsign()),
  Tanhshrink: unary(() => new ops.Tanhshrink(), "wide", (x) => x.tanhshrink(), 0),
  SiLU: unary(() => new ops.SiLU(), "wide", (x) => x.silu()),
  Mish: unary(() => new ops.Mish(), "wide", (x) => x.mish()),
  GELUTanh: unary(() => new ops.GELUTanh(), "wide", (x) => x.gelu({ approximate: "tanh" })),
  DropoutOp: { make: () => new ops.DropoutOp(0.25), shapes: [m, m], gives: "float", leading: 1 },
  Compare: { make: () => new ops.Compare("less"), shapes: [row, column], method: (a, b) => a.less(b), gives: "bool" },
  Not: unary(() => new ops.Not(), "bool", (x) => x.not()),
  Cast: unary(() => new ops.Cast("float64"), "float64", (x) => x.cast("float64")),
  ToDevice: unary(() => new ops.ToDevice("reference"), "given", (x) => x.to("reference")),
  Transpose: unary(() => new ops.Transpose([-1, 0]), "given", (x) => x.transpose([-1, 0])),
  Reshape: unary(() => new ops.Reshape([3, -1]), "given", (x) => x.reshape([3, -1])),
  BroadcastTo: unary(() => new ops.BroadcastTo([2, 2, 3]), "given", (x) => x.broadcastTo([2, 2, 3])),
  Slice: unary(() => new ops.Slice([first, whole]), "given", (x) => x.at("0, 1:")),
  Unslice: {
    make: () => new ops.Unslice([{ ...whole, start: 0 }, { ...whole, length: 3 }], [2, 4]),
    shapes: [m],
    gives: "given",
  },
  Diagonal: unary(() => new ops.Diagonal(1), "given", (x) => x.diagonal(1)),
  Undiagonal: { make: () => new ops.Undiagonal(-1, 2, 0, [3, 2, 4]), shapes: [m], gives: "given" },
  Tril: unary(() => new ops.Tril(1), "given", (x) => x.tril(1)),
  Triu: unary(() => new ops.Triu(-1), "given", (x) => x.triu(-1)),
  Pad: unary(() => new ops.Pad([-1, 2, 1, 0], 1), "given", (x) => x.pad([-1, 2, 1, 0], { value: 1 })),
  Roll: unary(() => new ops.Roll([1, -1], [0, 1]), "given", (x) => x.roll([1, -1], [0, 1])),
  ReplaceSlice: {
    make: () => new ops.ReplaceSlice([first, whole]),
    shapes: [m, [1]],
    method: (x, part) => x.setAt("0, 1:", part!),
    gives: "given",
    leading: 1,
  },
  Take: {
    make: () => new ops.Take(-1),
    shapes: [m],
    places: [[2, 0, 2]],
    method: (x, places) => x.take(places!, -1),
    gives: "given",
  },
  Untake: { make: () => new ops.Untake(1, [2, 4]), shapes: [m], places: [[3, 0, 3]], gives: "given" },
  SortedPlaces: unary(() => new ops.SortedPlaces(0, true), "int32", (x) => x.argsort(0, { descending: true })),
  MiddlePlace: unary(() => new ops.MiddlePlace(-1), "int32", (x) => x.median(-1, { keepDims: true }).indices),
  Median: unary(() => new ops.Median(), "given", (x) => x.median()),
  Gather: {
    make: () => new ops.Gather(0),
    shapes: [[3]],
    places: [[2, 0, 2, 1]],
    method: (x, places) => x.gather(0, places!),
    gives: "given",
  },
  Ungather: { make: () => new ops.Ungather(-1, [2, 4]), shapes: [m], places: [[3, 0, 3]], gives: "given" },
  Scatter: {
    make: () => new ops.Scatter(0, "prod"),
    shapes: [m, [3, 3]],
    places: [[1, 1, 0]],
    method: (x, source, places) => x.indexReduce(0, places!, source!, "prod"),
    gives: "given",
    shift: 1,
  },
  Summation: unary(() => new ops.Summation({ axes: -1 }), "sum", (x) => x.sum({ axes: -1 })),
  CumSum: unary(() => new ops.CumSum(1), "sum", (x) => x.cumsum(1)),
  CumProd: unary(() => new ops.CumProd(0), "sum", (x) => x.cumprod(0)),
  LogCumSumExp: unary(() => new ops.LogCumSumExp(-1), "wide", (x) => x.logcumsumexp(-1)),
  LinearRecurrence: {
    make: () => new ops.LinearRecurrence(1),
    shapes: [row, m],
    method: (a, b) => b.linearRecurrence(a, { axis: 1 }),
    gives: "sum",
  },
  Product: unary(() => new ops.Product({ axes: [0, -1] }), "sum", (x) => x.prod({ axes: [0, -1] })),
  Mean: unary(() => new ops.Mean({ axes: 1, keepDims: true }), "wide", (x) => x.mean({ axes: 1, keepDims: true })),
  Variance: unary(() => new ops.Variance({ axes: -1 }), "wide", (x) => x.variance({ axes: -1 })),
  SquaredDeviation: { make: () => new ops.SquaredDeviation({ axes: -1 }), shapes: [m], gives: "wide" },
  Max: unary(() => new ops.Max({ axes: -1 }), "given", (x) => x.max({ axes: -1 })),
  Min: unary(() => new ops.Min(), "given", (x) => x.min()),
  ArgMax: unary(() => new ops.ArgMax({ axes: -1 }), "int32", (x) => x.argmax({ axis: -1 })),
  ArgMin: unary(() => new ops.ArgMin(), "int32", (x) => x.argmin()),
  VectorNorm: unary(() => new ops.VectorNorm({ p: 3, axes: 1 }), "wide", (x) => x.norm({ p: 3, axes: 1 })),
  CountNonzero: unary(() => new ops.CountNonzero(-1), "int32", (x) => x.countNonzero(-1)),
  Any: unary(() => new ops.Any(0), "bool", (x) => x.any(0)),
  All: unary(() => new ops.All(), "bool", (x) => x.all()),
  Softmax: unary(() => new ops.Softmax(-2), "wide", (x) => x.softmax(-2)),
  LogSoftmax: unary(() => new ops.LogSoftmax(), "wide", (x) => x.logSoftmax()),
  LogSumExp: unary(() => new ops.LogSumExp(), "wide", (x) => x.logsumexp({ axes: -1, keepDims: true })),
  CrossEntropy: { make: () => new ops.CrossEntropy(), shapes: [m], places: [[2, 0]], gives: "wide" },
  BinaryCrossEntropy: { make: () => new ops.BinaryCrossEntropy(), shapes: [m, m], gives: "wide", leading: 1 },
  BinaryCrossEntropyWithLogits: {
    make: () => new ops.BinaryCrossEntropyWithLogits(),
    shapes: [m, m],
    gives: "wide",
    leading: 1,
  },
  InverseDeviation: { make: () => new ops.InverseDeviation({ axes: [1] }), shapes: [m], gives: "wide" },
  Normalize: { make: () => new ops.Normalize({ axes: [1] }), shapes: [m], gives: "wide" },
  NormalizeGradient: { make: () => new ops.NormalizeGradient([1]), shapes: [m, m, column], gives: "wide" },
  NormalizeScaleShift: {
    make: () => new ops.NormalizeScaleShift({ axes: [1] }),
    shapes: [m, row, column],
    gives: "wide",
  },
  DiscreteFourier: {
    make: () => new ops.DiscreteFourier(),
    shapes: [[3, 5, 2]],
    method: (x) => x.fft(),
    gives: "wide",
  },
  Unfold: unary(() => new ops.Unfold(-1, 2, 1), "given", (x) => x.unfold(-1, 2, 1)),
  UnfoldGradient: { make: () => new ops.UnfoldGradient([4], 0, 3, 1), shapes: [m], gives: "given" },
  WindowSum: { make: () => new ops.WindowSum(1, pairs), shapes: [m], gives: "given" },
  WindowSumGradient: { make: () => new ops.WindowSumGradient([2, 2], 1, pairs), shapes: [m], gives: "given" },
  MaxPool: {
    make: () => new ops.MaxPool([{ ...pairs, before: 0, count: 1 }]),
    shapes: [m],
    method: (x) => x.maxPool1d(2, { stride: 2 }),
    gives: "given",
  },
  ArgMaxPool: { make: () => new ops.ArgMaxPool([pairs]), shapes: [m], gives: "int32" },
  WindowChoice: { make: () => new ops.WindowChoice([pairs], [2]), shapes: [[2]], places: [[1, 1, 0]], gives: "given" },
  WindowChoiceGradient: {
    make: () => new ops.WindowChoiceGradient([pairs], [2]),
    shapes: [[3]],
    places: [[1, 1, 0]],
    gives: "given",
  },
  Convolution: {
    make: () => new ops.Convolution(inLine, [2]),
    shapes: [[1, 2, 3], [2, 2, 2]],
    method: (a, b) => a.conv1d(b),
    gives: "half",
  },
  ConvolutionTranspose: {
    make: () => new ops.ConvolutionTranspose(inLine, [3]),
    shapes: [[1, 2, 2], [2, 1, 2]],
    method: (a, b) => a.convTranspose1d(b),
    gives: "half",
  },
  ConvolutionKernelGradient: {
    make: () => new ops.ConvolutionKernelGradient(inLine, [2]),
    shapes: [[1, 2, 3], [1, 2, 2]],
    gives: "half",
  },
  ScaledDotProductAttention: {
    make: () => new ops.ScaledDotProductAttention({ scale: 1 / Math.sqrt(2) }),
    shapes: [[2, 2, 2], [3, 2], [1, 3, 1]],
    method: (a, b, c) => scaledDotProductAttention(a, b, c),
    gives: "halfFloat",
  },
  Cholesky: { ...unary(() => new ops.Cholesky(), "wide", (x) => x.cholesky()), shapes: [[2, 1, 1]], reads: true },
  Solve: {
    make: () => new ops.Solve(),
    shapes: [[2, 1, 1], [1, 3]],
    method: (a, b) => a.solve(b),
    gives: "wide",
    reads: true,
    shift: 1,
  },
  SolveTriangular: {
    make: () => new ops.SolveTriangular({ upper: true }),
    shapes: [[1, 1], [2, 1, 3]],
    method: (a, b) => a.solveTriangular(b, { upper: true }),
    gives: "wide",
    reads: true,
    shift: 1,
  },
  Inverse: { ...unary(() => new ops.Inverse(), "wide", (x) => x.inverse()), shapes: [[2, 1, 1]], reads: true },
  Det: { ...unary(() => new ops.Det(), "wide", (x) => x.det()), shapes: [[2, 1, 1]], reads: true },
  Cofactors: { make: () => new ops.Cofactors(), shapes: [[2, 1, 1]], gives: "wide", shift: 1, reads: true },
  Pinv: { ...unary(() => new ops.Pinv(), "wide", (x) => x.pinv()), shapes: [[3, 1]], reads: true },
  MatMul: { make: () => new ops.MatMul(), shapes: [[2, 2, 3], [3, 2]], method: (a, b) => a.matmul(b), gives: "half" },
};

/** The doors of all other ops of which `ops` holds an instance, derived from row and precision. */
function derived(): Record<string, Door> {
  const found: Record<string, Door> = {},
    refused: [(op: ops.RowOp) => boolean, object][] = [
      [({ bools }) => bools === "refused", { refusesBools: true }],
      [({ row }) => !row.forFloats, { refusesFloats: true }],
    ];
  for (const op of Object.values(ops)) {
    if (!(op instanceof ops.RowOp) || op.name in stated) continue;
    const { action, arity, precision, row: { toBool, forInts } } = op;
    const method = (x: Tensor, ...others: Tensor[]) => (x as unknown as Methods)[action]!(...others);
    const gives = toBool
      ? "bool"
      : precision === "wide"
      ? (forInts ? "wideOrInt" : "wide")
      : forInts
      ? "given"
      : "float";
    const shapes = arity === 1 ? [m] : [row, column, [1]].slice(0, arity);
    const own = refused.filter(([isSo]) => isSo(op)).map(([_, property]) => property);
    found[op.name] = Object.assign(
      { make: () => op, shapes, gives, shift: 1, ...(action in Tensor.prototype ? { method } : {}) } satisfies Door,
      ...own,
    );
  }
  return found;
}

type Methods = Readonly<Record<string, (...others: Tensor[]) => Tensor>>;

/** The doors of all ops but those of {@linkcode apart}, by the name of the class. */
export const doors: Readonly<Record<string, Door>> = { ...stated, ...derived() };

/** Ops whose operands do not fit the columns above, each with a test of its own in `doors_test.ts`. */
export const apart = ["Where", "CrossEntropyGradient", "Concat"];

/** Ops without a method, and how users reach them. */
export const withoutMethod: Readonly<Record<string, string>> = {
  DropoutOp: "nn.Dropout",
  CrossEntropy: "nn.CrossEntropyLoss",
  BinaryCrossEntropy: "nn.BinaryCrossEntropyLoss",
  BinaryCrossEntropyWithLogits: "nn.BinaryCrossEntropyLoss",
  InverseDeviation: "the gradients of norms",
  Normalize: "the gradients of norms",
  NormalizeScaleShift: "nn.BatchNorm1d, nn.LayerNorm1d",
  SquaredDeviation: "the op alone",
  WindowSum: "avgPool1d",
  ArgMaxPool: "maxPool1dWithIndices",
  WindowChoice: "maxPool1dWithIndices",
  Cofactors: "the gradient of det",
};
