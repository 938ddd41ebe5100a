/**
 * Straight programs of ops: each statement makes a tensor from earlier ones. All tensors stretch to one shape, so that any
 * statement may follow any other, and a part of a program is a program.
 *
 * The forms come from the catalogue of ops and from `tests/ops/doors.ts`: a new op takes part without being named here.
 */
import { ops } from "../../mod.ts";
import type { Random } from "../arrays.ts";
import { type Door, doors } from "../ops/doors.ts";
import { between, pick, several } from "./kind.ts";
import { compile, literal } from "./source.ts";

/** One statement: the form, the places of its operands in the list of tensors so far, and a number. */
export type Statement = { form: string; from: readonly number[]; number: number; around?: string };

/** How a form is written: the operands and the number as text, and the common shape. */
type Form = (operands: readonly string[], number: string, shape: readonly number[]) => string;

/**
 * The text of functions that programs call. `fit` gives the elements, repeated or cut off, another shape.
 */
export const prelude = `const fit = (x, shape) => {
  const flat = x.reshape([x.size]), size = shape.reduce((product, length) => product * length, 1);
  return flat.take(Array.from({ length: size }, (_, k) => k % x.size)).reshape(shape);
};
`;

/** Ops whose derivative is infinite at 1, and which are nothing beyond. */
const below1 = ["Acos", "Asin", "Atanh", "Erfinv"];

/** The operand, moved into the domain of an op: its values then lie between `shift` and `shift` + 1, or below 1. */
function inDomain(operand: string, { make, shift = 0 }: Door): string {
  if (below1.includes(make().name)) return `${operand}.sigmoid().mul(0.9)`;
  return shift === 0 ? operand : `${operand}.sigmoid().add(${shift})`;
}

/** The forms of rows, which take operands as they are. */
function rowForm(name: string, door: Door): Form {
  const { arity } = door.make();
  return (operands) =>
    `new ops.${name}().call(${several(arity, (k) => inDomain(operands[k % operands.length]!, door)).join(", ")})`;
}

/** The forms of ops with settings, whose operands have the shapes that the op's door says. */
function doorForm(door: Door): Form | null {
  const made = /^\(\)\s*=>\s*(new ops\.[^]*)$/.exec(`${door.make}`)?.[1]?.replace(/\s+/g, " ");
  if (made === undefined) return null;
  try {
    compile([], `return ${made};`)();
  } catch {
    return null; // The text names a constant of the doors' file.
  }
  const places = (door.places ?? []).map((list) => `tensor(Int32Array.of(${list.join(", ")}))`);
  return (operands, _, shape) => {
    const fitted = door.shapes.map((one, k) =>
      `fit(${inDomain(operands[k % operands.length]!, door)}, ${literal(one)})`
    );
    return `fit(${made}.call(${[...fitted, ...places].join(", ")}), ${literal(shape)})`;
  };
}

/** Ops that give no float, have no gradient, or leave the device. */
const floatless: readonly Door["gives"][] = ["bool", "int32", "float64"];
const stepping = ["FloorDiv", "ToDevice", "DropoutOp"];

const whole = (operand: string, shape: readonly number[]) => `${operand}.broadcastTo(${literal(shape)})`;

/** Forms that no door has: methods with settings, and what broadcasts and bends. */
const stated: Readonly<Record<string, Form>> = {
  scaled: ([a], number) => `${a}.mul(${number})`,
  shifted: ([a], number) => `${a}.add(${number})`,
  reversed: ([a], _, shape) => `${whole(a!, shape)}.at("::-1")`,
  turned: ([a], _, shape) => `fit(${whole(a!, shape)}.transpose(), ${literal(shape)})`,
  product: ([a, b], _, shape) => `fit(${whole(a!, shape)}.matmul(${whole(b!, shape)}.transpose()), ${literal(shape)})`,
  rowSum: ([a], _, shape) => `${whole(a!, shape)}.sum({ axes: -1, keepDims: true })`,
  columnMean: ([a], _, shape) => `${whole(a!, shape)}.mean({ axes: 0, keepDims: true })`,
  rowMax: ([a], _, shape) => `${whole(a!, shape)}.max({ axes: -1, keepDims: true })`,
  variance: ([a], _, shape) => `${whole(a!, shape)}.variance({ axes: -1, keepDims: true, correction: 0 })`,
  softmax: ([a], _, shape) => `${whole(a!, shape)}.softmax(-1)`,
  columnSoftmax: ([a], _, shape) => `${whole(a!, shape)}.softmax(0)`,
  logSoftmax: ([a], _, shape) => `${whole(a!, shape)}.logSoftmax()`,
  chosen: ([a, b]) => `${a}.greater(${b}).where(${a}, ${b}.neg())`,
  clipped: ([a]) => `${a}.clip(-0.9, 1.1)`,
};

/** All forms by name. */
export const forms: ReadonlyMap<string, Form> = new Map([
  ...Object.entries(stated),
  ...Object.entries(doors).flatMap(([name, door]): [string, Form][] => {
    if (floatless.includes(door.gives) || stepping.includes(name) || door.reads || door.refusesFloats) return [];
    const op = door.make(), isPlain = op instanceof ops.RowOp && !(op instanceof ops.ScalarOp) && name in ops;
    if (isPlain && !op.row.forFloats) return [];
    const form = isPlain && !/\(.+\)/.test(/new ops\.\w+(\(.*)/.exec(`${door.make}`)?.[1] ?? "")
      ? rowForm(name, door)
      : doorForm(door);
    return form === null ? [] : [[name, form]];
  }),
]);

const formNames = [...forms.keys()];

/** Statements that read the tensors before them. */
export function drawStatements(random: Random, count: number): Statement[] {
  return several(count, () => ({
    form: pick(random, formNames),
    // Late tensors are read more often, so that programs are deep.
    from: several(3, () => -1 - Math.floor(random() ** 2 * 8)),
    number: pick(random, [0.5, -0.5, 2, 1.25, -1, 0.1]) + between(random, 0, 2),
  }));
}

/** The lines of the statements, and the names of all tensors after them. */
export function statementLines(
  statements: readonly Statement[],
  given: readonly string[],
  shape: readonly number[],
): { lines: string[]; tensors: string[] } {
  const tensors = [...given];
  const lines = statements.flatMap(({ form, from, number, around }) => {
    const write = forms.get(form);
    if (write === undefined || !Array.isArray(from) || from.length === 0) return [];
    const operands = from.map((place) => tensors[((place % tensors.length) + tensors.length) % tensors.length]!);
    const text = write(operands, literal(number), shape), name = `t${tensors.length}`;
    tensors.push(name);
    const wrapped = around === undefined ? text : `${around}(() => ${text})`;
    return [`const ${name} = ${wrapped};`];
  });
  return { lines, tensors };
}
