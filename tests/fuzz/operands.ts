/** Operands of cases: type, shape, values and the views through which an op sees them; drawn, and written as text. */
import type { DType } from "../../mod.ts";
import { anyValue, floats, type Random, roundTo, specials, types } from "../arrays.ts";
import { between, pick, several } from "./kind.ts";
import { literal } from "./source.ts";

/** A method of a tensor that gives a view of it. */
export type View = { at: string } | { transpose: readonly number[] } | { broadcastTo: readonly number[] };

/** A tensor to be made. The values are repeated until the shape is full, so that each may shrink by itself. */
export type OperandData = {
  dtype: DType;
  shape: readonly number[];
  values: readonly number[];
  views: readonly View[];
};

/** Whether data that were shrunk are an operand still. */
export function isOperand(data: Partial<OperandData> | undefined): data is OperandData {
  return data?.dtype !== undefined && [data.shape, data.values, data.views].every(Array.isArray);
}

const elementsMax = 2000, elementsWritten = 40;

/** Shapes from no axis to eight, of which some are empty and some long. */
export function drawShape(random: Random, rankMost = 4): number[] {
  const rank = random() < 0.03 ? between(random, 5, 9) : between(random, 0, rankMost + 1), shape: number[] = [];
  const most = rank > 4 ? 3 : 9;
  for (let axis = 0; axis < rank; axis++) {
    const length = random() < 0.04 ? 0 : random() < 0.1 ? pick(random, [15, 16, 17, 31, 33, 130, 1025]) : 1 +
      Math.floor(random() * most);
    const size = shape.reduce((product, one) => product * Math.max(one, 1), 1);
    shape.push(size * length > elementsMax ? 1 : length);
  }
  return shape;
}

/** A shape that stretches to the given one. */
export function drawStretchable(random: Random, shape: readonly number[]): number[] {
  if (random() < 0.5) return [...shape];
  const dropped = random() < 0.3 ? between(random, 0, shape.length + 1) : 0;
  return shape.slice(dropped).map((length) => random() < 0.4 ? 1 : length);
}

/** A type; the floats, and among them float32, more often. */
export function drawType(random: Random, list: readonly DType[] = types): DType {
  return random() < 0.35 && list.includes("float32") ? "float32" : pick(random, list);
}

/** How the values of an operand are drawn. */
export type Regime = "usual" | "special" | "unit" | "small" | "wide" | "equal";
const regimes: readonly Regime[] = ["usual", "usual", "special", "unit", "small", "wide", "equal"];

function drawValue(random: Random, dtype: DType, regime: Regime): number {
  const isFloat = (floats as readonly DType[]).includes(dtype);
  switch (regime) {
    case "special":
      return random() < 0.5 ? pick(random, specials[dtype]) : anyValue(dtype, random);
    case "unit":
      return isFloat ? random() : Math.floor(2 * random());
    case "small":
    case "equal":
      return between(random, isFloat || dtype === "int32" ? -3 : 0, 4);
    case "wide":
      return isFloat ? (random() - 0.5) * 2 ** between(random, -12, 13) : anyValue(dtype, random);
    default:
      return anyValue(dtype, random);
  }
}

/** An operand of the shape, seen plainly or through a view or two. */
export function drawOperand(random: Random, dtype: DType, shape: readonly number[], regime?: Regime): OperandData {
  const views: View[] = [], chosen = regime ?? pick(random, regimes);
  let base = [...shape];
  const axis = shape.length === 0 ? -1 : between(random, 0, shape.length);
  const at = (part: string) => ({ at: base.map((_, k) => k === axis ? part : ":").join(", ") });
  if (axis >= 0 && random() < 0.5) {
    const length = base[axis]!;
    switch (between(random, 0, 6)) {
      case 0:
        views.unshift(at("::-1"));
        break;
      case 1:
        views.unshift(at("::2"));
        base[axis] = 2 * length;
        break;
      case 2:
        views.unshift(at(`1:${length + 1}`));
        base[axis] = length + 3;
        break;
      case 3: {
        const order = base.map((_, k) => k).sort(() => random() - 0.5);
        views.unshift({ transpose: order });
        const before = [...base];
        order.forEach((from, to) => before[from] = base[to]!);
        base = before;
        break;
      }
      case 4:
        views.unshift({ broadcastTo: [...base] });
        base[axis] = 1;
        break;
      default:
        views.unshift({ at: base.map(() => ":").toSpliced(axis, 0, "1").join(", ") });
        base = base.toSpliced(axis, 0, 3);
    }
  }
  const size = base.reduce((product, length) => product * length, 1);
  const count = chosen === "equal" ? 1 : Math.max(1, Math.min(size, elementsMax));
  const values = several(count, () => rounded(dtype, drawValue(random, dtype, chosen)));
  return { dtype, shape: base, values, views };
}

function rounded(dtype: DType, value: number): number {
  return dtype === "bool" ? Number(value !== 0) : roundTo(dtype, value);
}

/** The elements, each rounded to the type. */
function* elementsOf({ dtype, shape, values }: OperandData): Generator<number> {
  const size = shape.reduce((product, length) => product * length, 1);
  for (let k = 0; k < size; k++) yield rounded(dtype, values[k % values.length] ?? 0);
}

/** The text of a tensor. */
export function tensorText(each: OperandData): string {
  const { dtype, shape, values, views } = each, size = shape.reduce((product, length) => product * length, 1);
  const options = `{ dtype: ${literal(dtype)}, shape: ${literal(shape)} }`;
  const list = size <= elementsWritten
    ? `Float64Array.of(${Array.from(elementsOf(each), literal).join(", ")})`
    : values.length === 1
    ? `new Float64Array(${size}).fill(${literal(values[0]!)})`
    : `Float64Array.from({ length: ${size} }, (_, k) => ${literal(values)}[k % ${values.length}])`;
  return `tensor(${list}, ${options})${views.map(viewText).join("")}`;
}

function viewText(view: View): string {
  if ("at" in view) return `.at(${literal(view.at)})`;
  return "transpose" in view ? `.transpose(${literal(view.transpose)})` : `.broadcastTo(${literal(view.broadcastTo)})`;
}

/** The operand in simpler types, without its views, and with no more values than it has places for. */
export function* simplerOperands(each: OperandData): Generator<OperandData> {
  const size = each.shape.reduce((product, length) => product * length, 1);
  if (each.values.length > Math.max(1, size)) yield { ...each, values: each.values.slice(0, Math.max(1, size)) };
  for (const value of [0, 1]) if (each.values.length > 1) yield { ...each, values: [value] };
  if (each.views.length > 0) yield { ...each, views: [] };
  for (const dtype of ["float32", "int32"] as const) if (dtype.length < each.dtype.length) yield { ...each, dtype };
}

/** The operand with an axis, counted from 1 at the end, that is shorter, or without the axis. */
export function withAxis(each: OperandData, axis: number, length: number | null): OperandData {
  const { shape } = each, place = shape.length - axis;
  if (place < 0 || each.views.length > 0 || (length !== null && shape[place]! <= length)) return each;
  return { ...each, shape: length === null ? shape.toSpliced(place, 1) : shape.with(place, length) };
}
