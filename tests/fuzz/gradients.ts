/**
 * Gradients of drawn programs in float64: against central differences, the gradient's own gradient against them, and
 * forward mode against reverse mode.
 */
import { grad, gradCheck, jvp, noGrad, scope, type Tensor } from "../../mod.ts";
import type { Random } from "../arrays.ts";
import { between, type Kind, pick, refusal, several, stranger } from "./kind.ts";
import { type OperandData, tensorText } from "./operands.ts";
import { compile, importLine, indented, literal } from "./source.ts";
import { drawStatements, prelude, type Statement, statementLines } from "./statements.ts";

export type GradientCase = {
  /** The common shape. */
  shape: readonly number[];
  /** The shapes of the arguments, which stretch to the common one; the rest is drawn from `seed`. */
  inputs: readonly (readonly number[])[];
  values: readonly number[];
  statements: readonly Statement[];
};

/** The steps of the differences: a wrong gradient is wrong for all of them. */
const attempts = [
  { step: 1e-6, relative: 1e-4, absolute: 1e-6 },
  { step: 1e-4, relative: 1e-3, absolute: 1e-5 },
  { step: 1e-5, relative: 1e-3, absolute: 1e-5 },
];
/** Beyond this, difference quotients have no digits left. */
const largest = 1e4;

const letters = ["a", "b", "c"];

function functionText({ shape, inputs, statements }: GradientCase): string {
  const given = letters.slice(0, inputs.length), { lines, tensors } = statementLines(statements, given, shape);
  const size = shape.reduce((product, length) => product * length, 1);
  return `${prelude}const f = (${given.join(", ")}) => {
${indented(lines.join("\n"))}
  const weights = arange(${size}, { dtype: "float64" }).cos().reshape(${literal(shape)});
  return ${tensors.at(-1)}.mul(weights).sum();
};`;
}

function operandOf(shape: readonly number[], k: number, { values }: GradientCase): OperandData {
  const size = shape.reduce((product, length) => product * length, 1);
  const own = Array.from(
    { length: size },
    (_, place) => (values[(place + 5 * k) % values.length] ?? 0) + place / 8 + k / 5,
  );
  return { dtype: "float64", shape, values: own, views: [] };
}

function inputTexts(each: GradientCase): string[] {
  return each.inputs.map((shape, k) => tensorText(operandOf(shape, k, each)));
}

/** Whether all values and gradients are small enough to be compared. */
function isTame(...tensors: readonly Tensor[]): boolean {
  return tensors.every((one) => Array.from(one.toTypedArray()).every((x) => Math.abs(x) < largest));
}

/** The message of the first attempt, if no attempt agrees, and all of them find the same slope. */
function disagreement(f: (...x: Tensor[]) => Tensor, inputs: Tensor[]): string | null {
  const found: { message: string; place: string; slope: number }[] = [];
  for (const options of attempts) {
    try {
      gradCheck(f, inputs, options);
      return null;
    } catch (error) {
      const { message } = error as Error;
      const [, place, slope] = /^Cannot gradCheck: (.*): gradient .* difference (.*)$/.exec(message) ?? [];
      if (slope === undefined) throw error;
      found.push({ message, place: place!, slope: Number(slope) });
    }
  }
  // At a kink, and where rounding drowns the difference, each step finds another slope.
  const [first] = found as [typeof found[0]], allowed = 0.01 * Math.abs(first.slope) + 1e-4;
  const agree = found.every(({ place, slope }) => place === first.place && Math.abs(slope - first.slope) <= allowed);
  return agree ? first.message : null;
}

/** The gradients of all arguments. */
function gradients(f: (...x: Tensor[]) => Tensor, inputs: readonly Tensor[]): Tensor[] {
  return grad(f, { argnums: inputs.map((_, k) => k) })(...inputs) as Tensor[];
}

function compare(f: (...x: Tensor[]) => Tensor, inputs: Tensor[]): string | null {
  const found = gradients(f, inputs);
  if (!isTame(noGrad(() => f(...inputs)), ...found)) return null;
  const tangents = inputs.map((x, k) => x.mul(0).add(0.5 - k / 3).add(x.sin()));
  const [, forward] = jvp(f, inputs, tangents);
  const reverse = found.reduce((sum, one, k) => sum + one.mul(tangents[k]!).sum().item(), 0);
  const size = found.reduce((sum, one, k) => sum + one.mul(tangents[k]!).abs().sum().item(), 1);
  // Both sum the same products in another order.
  if (!(Math.abs(forward.item() - reverse) <= 1e-9 * size)) {
    return `forward mode gives ${forward.item()}, reverse mode ${reverse}`;
  }
  const first = disagreement(f, inputs);
  if (first !== null) return `first order: ${first}`;
  const slope = (...x: Tensor[]) => gradients(f, x).map((one) => one.sin().sum()).reduce((sum, one) => sum.add(one));
  if (!isTame(...gradients(slope, inputs))) return null;
  const second = disagreement(slope, inputs);
  return second === null ? null : `second order: ${second}`;
}

function check(each: GradientCase): string | null {
  const { shape, inputs, values, statements } = each;
  if (![shape, inputs, values, statements].every(Array.isArray) || inputs.length === 0) return null;
  if (!inputs.every((one) => stretchesTo(one, shape))) return null;
  const text = functionText(each);
  try {
    using _ = scope();
    const f = compile([], `${text}\nreturn f;`)();
    return compare(f, inputTexts(each).map((one) => compile([], `return ${one};`)()));
  } catch (error) {
    if (/^Cannot differentiate/.test((error as Error).message)) return null;
    return stranger(error) ?? `is refused: ${refusal(error)}`;
  }
}

function stretchesTo(from: readonly number[], to: readonly number[]): boolean {
  return from.length <= to.length && from.every((length, k) => length === 1 || length === to.at(k - from.length));
}

/** Programs of differentiable ops. */
export const gradientsKind: Kind<GradientCase> = {
  name: "gradients",
  onDevices: true,
  draw(random: Random) {
    const shape = pick(random, [[2, 3], [2, 3], [1, 1], [3, 2], [2, 2, 2]]);
    const inputs = several(
      between(random, 1, 4),
      (k) =>
        k === 0
          ? shape
          : pick(random, [shape, shape.slice(1), shape.map((length, axis) => axis === 0 ? length : 1), []]),
    );
    const values = several(7, () => (random() - 0.5) * pick(random, [1, 2, 4]));
    return { shape, inputs, values, statements: drawStatements(random, between(random, 1, 9)) };
  },
  check,
  show(each, device) {
    const text = functionText(each);
    return `${importLine(text, ["grad", "gradCheck", "jvp", "setDefaultDevice", "tensor"])}

await setDefaultDevice("${device}");
${text}
const inputs = [
${indented(inputTexts(each).join(",\n"))},
];
const gradients = (...x) => grad(f, { argnums: x.map((_, k) => k) })(...x);
const slope = (...x) => gradients(...x).map((one) => one.sin().sum()).reduce((sum, one) => sum.add(one));
for (const one of gradients(...inputs)) console.log("reverse mode", one.toArray());
console.log("forward mode", jvp(f, inputs, inputs.map((x) => x.onesLike()))[1].item());
gradCheck(f, inputs);
gradCheck(slope, inputs, { relative: 1e-4, absolute: 1e-6 });`;
  },
};
