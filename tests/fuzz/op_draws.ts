/**
 * How the settings and operands of each op are drawn. Families of ops have one rule for all of their members, and an op
 * that no rule names is drawn through its line in `tests/ops/doors.ts`. So a new op is drawn as soon as it is there.
 */
import { ops, TensorOp } from "../../mod.ts";
import { floats, type Random, types } from "../arrays.ts";
import { doors } from "../ops/doors.ts";
import { between, pick, type Plain, several } from "./kind.ts";
import { drawOperand, drawShape, drawStretchable, drawType, type OperandData, type Regime } from "./operands.ts";

/** An op to be made and called. */
export type OpCase = {
  op: string;
  /** The arguments of the op's class; null for an op that is made as its door says. */
  settings: readonly Plain[] | null;
  operands: readonly OperandData[];
};

/** Whether the operand of an op is an index or a label. */
export function isIndex(op: string, place: number): boolean {
  return place === 1 && /^(Take|Untake|CrossEntropy|CrossEntropyGradient)$/.test(op) ||
    place >= (doors[op]?.shapes.length ?? Infinity) && doors[op]?.places !== undefined;
}

/** All ops by name: the classes that no other extends. */
export const opNames: readonly string[] = (() => {
  const classes = Object.entries(ops as Record<string, unknown>).filter(([, value]) =>
    typeof value === "function" && value.prototype instanceof TensorOp
  ) as [string, { prototype: TensorOp }][];
  const isBase = (prototype: TensorOp) =>
    classes.some(([, other]) => Object.getPrototypeOf(other.prototype) === prototype);
  return classes.filter(([, { prototype }]) => !isBase(prototype)).map(([name]) => name);
})();

type Drawn = Omit<OpCase, "op">;
type Rule = (random: Random, name: string) => Drawn;

const isRow = (op: unknown): op is InstanceType<typeof ops.RowOp> => op instanceof ops.RowOp;

/** Operands that stretch to one shape, of one type or, less often, of several. */
function alike(random: Random, count: number, shape = drawShape(random), list = types): OperandData[] {
  const dtype = drawType(random, list), mixed = random() < 0.25;
  return several(
    count,
    () => drawOperand(random, mixed ? drawType(random, list) : dtype, drawStretchable(random, shape)),
  );
}

function one(random: Random, { shape = drawShape(random), regime, list = types }: {
  shape?: readonly number[];
  regime?: Regime;
  list?: readonly (typeof types)[number][];
} = {}): OperandData {
  return drawOperand(random, drawType(random, list), shape, regime);
}

/** A number as users write it. */
function drawNumber(random: Random): number {
  return random() < 0.6
    ? pick(random, [0, 1, 2, 3, -1, -2, 0.5, -0.5, 0.1, 10, 255, 256])
    : random() < 0.15
    ? pick(random, [NaN, Infinity, -Infinity, -0, 1e300, 2 ** 31, 2 ** 53, 1e-40])
    : (random() - 0.5) * 2 ** between(random, 0, 12);
}

/** An axis of the rank, counted from the front or from the end; rarely one that is not there. */
function drawAxis(random: Random, rank: number): number {
  return random() < 0.03 ? rank : between(random, -rank, rank);
}

function drawAxes(random: Random, rank: number): Plain {
  const some = Array.from({ length: rank }, (_, k) => random() < 0.5 ? k : k - rank).filter(() => random() < 0.5);
  return random() < 0.3 && rank > 0 ? drawAxis(random, rank) : some;
}

const reduce: Rule = (random, name) => {
  const shape = drawShape(random), rank = shape.length, options: Record<string, Plain> = {};
  if (random() < 0.75) options.axes = drawAxes(random, rank);
  if (random() < 0.4) options.keepDims = true;
  if (name === "Variance" && random() < 0.5) options.correction = pick(random, [0, 1, 2]);
  if (name === "VectorNorm" && random() < 0.8) options.p = pick(random, [0, 1, 2, 3, 0.5, -1, "fro"]);
  return { settings: [options], operands: [one(random, { shape })] };
};

const alongAxis: Rule = (random) => {
  const shape = drawShape(random);
  return { settings: random() < 0.2 ? [] : [drawAxis(random, shape.length)], operands: [one(random, { shape })] };
};

const scan: Rule = (random, name) => {
  const shape = drawShape(random), axis = drawAxis(random, shape.length);
  // Whether products are beyond all numbers, or 0, before they meet others depends on the order in which they are joined.
  const regime = name === "CumProd" ? { regime: pick(random, ["usual", "unit"] as const) } : {};
  const operands = [one(random, { shape, ...regime })];
  return { settings: random() < 0.3 && name !== "LogCumSumExp" ? [axis, true] : [axis], operands };
};

/** Integers below `length`; rarely one that is not. */
function drawIndex(random: Random, shape: readonly number[], length: number): OperandData {
  const dtype = pick(random, ["int32", "int32", "uint8", "bool"] as const), drawn = drawOperand(random, dtype, shape);
  const most = dtype === "bool" ? Math.min(length, 2) : length;
  const values = drawn.values.map(() => random() < 0.002 ? -1 : Math.floor(random() * most));
  return { ...drawn, values };
}

/** Without subnormal numbers in bfloat16: instructions for pairs take them for 0, see `kernels/cpu/level/halves.zig`. */
function ordinary(operand: OperandData): OperandData {
  if (operand.dtype !== "bfloat16") return operand;
  return { ...operand, values: operand.values.map((x) => Math.abs(x) < 2 ** -126 ? 0 : x) };
}

const slicesOf = (random: Random, shape: readonly number[]) =>
  shape.map((length): Plain => {
    const dropped = length > 0 && random() < 0.2, step = dropped ? 1 : pick(random, [1, 1, 2, -1, -2]);
    if (length === 0) return { start: 0, step: 1, length: 0, dropped: false };
    const start = between(random, 0, length);
    const most = step > 0 ? Math.ceil((length - start) / step) : Math.ceil((start + 1) / -step);
    return { start, step, length: dropped ? 1 : between(random, 0, most + 1), dropped };
  });

/** Some axes of the shape, at least one if there are any. */
function someAxes(random: Random, shape: readonly number[]): number[] {
  const axes = shape.map((_, k) => k).filter(() => random() < 0.5);
  return axes.length === 0 && shape.length > 0 ? [shape.length - 1] : axes;
}

/** Windows along an axis of that length, of which each has an element inside unless there is none. */
function windowsOf(random: Random, length: number): Plain {
  const size = between(random, 1, 5), dilation = between(random, 1, 3), extent = dilation * (size - 1) + 1;
  const before = Math.min(between(random, 0, 3), extent >> 1), step = between(random, 1, 4);
  const room = length + 2 * before - extent;
  if (room < 0) return { size: 1, step: 1, dilation: 1, before: 0, count: Math.max(1, length) };
  return { size, step, dilation, before, count: Math.floor(room / step) + 1 };
}

const pool: Rule = (random) => {
  const shape = drawShape(random).map((length) => Math.max(1, length)), windowed = between(random, 0, shape.length + 1);
  const windows = shape.slice(shape.length - windowed).map((length) => windowsOf(random, length));
  return { settings: [windows], operands: [one(random, { shape })] };
};

const convolution: Rule = (random, name) => {
  const d = between(random, 1, 3), [n, groups, c, o] = several(4, () => between(random, 1, 3)) as number[];
  const [lengths, kernel, places] = several(3, () => several(d, () => between(random, 1, 5))) as number[][];
  const x = [n!, groups! * c!, ...lengths!], w = [groups! * o!, c!, ...kernel!], y = [n!, groups! * o!, ...places!];
  const [size, shapes] = name === "Convolution"
    ? [places!, [x, w]]
    : name === "ConvolutionTranspose"
    ? [lengths!, [y, w]]
    : [kernel!, [x, y]];
  const [step, dilation] = several(2, () => several(d, () => between(random, 1, 4)));
  const before = several(d, () => between(random, -2, 4)), dtype = drawType(random);
  // Not all devices multiply what lies outside the input, where a zero times infinity is NaN; PyTorch's kernels differ in it, too.
  const regime = pick(random, ["usual", "unit", "small", "wide"] as const);
  return {
    settings: [{ step: step!, before, dilation: dilation!, groups: groups! }, size],
    operands: shapes.map((shape) => drawOperand(random, dtype, shape, regime)),
  };
};

const norm = (count: number): Rule => (random) => {
  const shape = drawShape(random), axes = someAxes(random, shape);
  const regime = pick(random, ["usual", "unit", "small", "wide", "special", "equal"] as const);
  const x = one(random, { shape, regime, list: [...floats, "int32"] });
  const rest = several(count - 1, () => drawOperand(random, x.dtype, drawStretchable(random, shape)));
  return { settings: [random() < 0.3 ? { axes, eps: 1e-3 } : { axes }], operands: [x, ...rest] };
};

const binaryLoss = (isChance: boolean): Rule => (random) => {
  const shape = drawShape(random), dtype = drawType(random, floats);
  const regime: Regime = isChance ? "unit" : pick(random, ["usual", "wide", "small"] as const);
  return {
    settings: [],
    operands: [drawOperand(random, dtype, shape, regime), drawOperand(random, dtype, shape, "unit")],
  };
};

/** The rules of ops that belong to no family. */
const rules: Readonly<Record<string, Rule>> = {
  Clip: (random) => {
    const [low, high] = several(2, () => random() < 0.1 ? null : drawNumber(random)).sort((a, b) => a! - b!);
    return { settings: [low!, high!], operands: alike(random, 1) };
  },
  Compare: (random) => ({
    settings: [pick(random, ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual", "and", "or"])],
    operands: alike(random, 2),
  }),
  Where: (random) => {
    const shape = drawShape(random);
    return {
      settings: [],
      operands: [one(random, { shape: drawStretchable(random, shape), regime: "small" }), ...alike(random, 2, shape)],
    };
  },
  Cast: (random) => ({ settings: [pick(random, types)], operands: [one(random)] }),
  Transpose: (random) => {
    const shape = drawShape(random), order = shape.map((_, k) => k).sort(() => random() - 0.5);
    const axes = order.map((axis) => random() < 0.3 ? axis - shape.length : axis);
    return { settings: random() < 0.3 ? [] : [axes], operands: [one(random, { shape })] };
  },
  Reshape: (random) => {
    const shape = drawShape(random), size = shape.reduce((a, b) => a * b, 1);
    const part = [2, 3, 4, 5, 7].find((length) => size % length === 0 && random() < 0.7) ?? 1;
    const target = pick(random, [[-1], [size], [part, size / part], [-1, part], [1, part, -1], [...shape].reverse()]);
    return { settings: [target], operands: [one(random, { shape })] };
  },
  BroadcastTo: (random) => {
    const shape = drawShape(random);
    return { settings: [shape], operands: [one(random, { shape: drawStretchable(random, shape) })] };
  },
  Slice: (random) => {
    const shape = drawShape(random);
    return { settings: [slicesOf(random, shape)], operands: [one(random, { shape })] };
  },
  Unslice: (random) => {
    const shape = drawShape(random), slices = slicesOf(random, shape) as { length: number; dropped: boolean }[];
    const part = slices.filter(({ dropped }) => !dropped).map(({ length }) => length);
    return { settings: [slices, shape], operands: [one(random, { shape: part })] };
  },
  Concat: (random) => {
    const shape = drawShape(random), axis = drawAxis(random, shape.length), dtype = drawType(random);
    const operands = several(between(random, 1, 4), () => {
      const lengths = shape.map((length, k) =>
        k === axis || k === axis + shape.length ? between(random, 0, 5) : length
      );
      return drawOperand(random, random() < 0.25 ? drawType(random) : dtype, random() < 0.05 ? [0] : lengths);
    });
    return { settings: [axis], operands };
  },
  Diagonal: (random) => {
    const shape = drawShape(random), [first, second] = several(2, () => drawAxis(random, shape.length));
    return { settings: [between(random, -3, 4), first!, second!], operands: [one(random, { shape })] };
  },
  Pad: (random) => {
    const shape = drawShape(random), axes = between(random, 0, shape.length + 1);
    return {
      settings: [several(2 * axes, () => between(random, -1, 3)), drawNumber(random)],
      operands: [one(random, { shape })],
    };
  },
  CumSum: scan,
  CumProd: scan,
  LogCumSumExp: scan,
  Roll: (random) => {
    const shape = drawShape(random), axes = several(between(random, 1, 3), () => drawAxis(random, shape.length));
    return { settings: [axes.map(() => between(random, -9, 9)), axes], operands: [one(random, { shape })] };
  },
  Unfold: (random) => {
    const shape = drawShape(random),
      settings = [drawAxis(random, shape.length), ...several(3, () => between(random, 1, 4))];
    return { settings, operands: [one(random, { shape })] };
  },
  WindowSum: (random) => {
    const shape = drawShape(random), axis = drawAxis(random, shape.length);
    return { settings: [axis, windowsOf(random, shape.at(axis) ?? 1)], operands: [one(random, { shape })] };
  },
  MaxPool: pool,
  ArgMaxPool: pool,
  Convolution: convolution,
  ConvolutionTranspose: convolution,
  ConvolutionKernelGradient: convolution,
  Take: (random) => {
    const shape = drawShape(random), axis = drawAxis(random, shape.length);
    const index = drawIndex(random, drawShape(random, 2), shape.at(axis) ?? 0);
    return { settings: [axis], operands: [one(random, { shape }), index] };
  },
  Untake: (random) => {
    const shape = drawShape(random, 3), axis = between(random, 0, Math.max(1, shape.length));
    const count = between(random, 0, 20), index = drawIndex(random, [count], shape[axis] ?? 0);
    const part = shape.map((length, k) => k === axis ? count : length);
    return { settings: [axis, shape], operands: [one(random, { shape: part }), index] };
  },
  MatMul: (random) => {
    const [m, n, k] = several(
      3,
      () => random() < 0.05 ? 0 : random() < 0.15 ? pick(random, [33, 65]) : between(random, 1, 9),
    ) as [number, number, number];
    const batch = random() < 0.6 ? [] : drawShape(random, 2).map((length) => Math.min(length, 3));
    const dtype = drawType(random), regime = pick(random, ["usual", "unit", "small", "wide", "special"] as const);
    const left = random() < 0.1 ? [k] : [...drawStretchable(random, batch), m, k];
    const right = random() < 0.1 ? [k] : [...drawStretchable(random, batch), k, n];
    return {
      settings: [],
      operands: [left, right].map((shape) => ordinary(drawOperand(random, dtype, shape, regime))),
    };
  },
  CrossEntropy: (random) => {
    const [batch, classes] = [between(random, 0, 9), between(random, 1, 12)];
    const logits = one(random, {
      shape: [batch, classes],
      regime: pick(random, ["usual", "small", "wide", "special"] as const),
    });
    return { settings: [], operands: [logits, drawIndex(random, [batch], classes)] };
  },
  CrossEntropyGradient: (random) => {
    const [batch, classes] = [between(random, 0, 9), between(random, 1, 12)], dtype = drawType(random, floats);
    const [logits, g] = [[batch, classes], [batch]].map((shape) => drawOperand(random, dtype, shape, "usual"));
    return { settings: [], operands: [logits!, drawIndex(random, [batch], classes), g!] };
  },
  BinaryCrossEntropy: binaryLoss(true),
  BinaryCrossEntropyWithLogits: binaryLoss(false),
  InverseDeviation: norm(1),
  Normalize: norm(1),
  NormalizeScaleShift: norm(3),
  NormalizeGradient: (random) => {
    const shape = drawShape(random), axes = someAxes(random, shape), dtype = drawType(random, floats);
    const list = [shape, shape, shape.map((length, k) => axes.includes(k) ? 1 : length)];
    return { settings: [axes], operands: list.map((shape) => drawOperand(random, dtype, shape, "usual")) };
  },
  DropoutOp: (random) => {
    const shape = drawShape(random);
    return {
      settings: [pick(random, [0, 0.25, 0.5, 0.9])],
      operands: [one(random, { shape, list: floats }), drawOperand(random, "float32", shape, "unit")],
    };
  },
};

/** The rule for an op whose door is all that is known. */
const byDoor: Rule = (random, name) => {
  const { shapes, places = [] } = doors[name]!, dtype = drawType(random);
  const given = places.map((values): OperandData => ({ dtype: "int32", shape: [values.length], values, views: [] }));
  return {
    settings: null,
    operands: [...shapes.map((shape) => drawOperand(random, dtype, shape)), ...given],
  };
};

function ruleOf(name: string): Rule {
  const known = rules[name], op = doors[name]?.make();
  if (known !== undefined) return known;
  if (op instanceof ops.ScalarOp) return (random) => ({ settings: [drawNumber(random)], operands: alike(random, 1) });
  if (isRow(op) && op.constructor.length === 0) {
    // Ops of bits are given a float now and then, too, which they refuse.
    const list = op.row.forFloats ? types : ["int32", "uint8", "bool", "int32", "uint8", "float32"] as const;
    return (random) => ({ settings: [], operands: alike(random, op.arity, undefined, list) });
  }
  if (op instanceof ops.ReduceOp) return reduce;
  if (["Softmax", "LogSoftmax"].includes(name)) return alongAxis;
  return byDoor;
}

/** Draws a case of the op. */
export function drawOp(random: Random, name: string): OpCase {
  return { op: name, ...ruleOf(name)(random, name) };
}
