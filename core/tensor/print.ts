/**
 * Tensors and graphs for people: values as nested brackets, graphs as numbered lines or as Graphviz text.
 */
import { type DotNode, dotOf } from "../pure/dot.ts";
import type { NDArray } from "../array/ndarray.ts";
import { slice } from "../array/views.ts";
import { nestedOf } from "../pure/nested.ts";
import { showShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";
import { findTopoSort } from "./value.ts";

/** The name of the node's op: `Sin`; with the number of the result if the op has several: `SinCos.1`. */
function nameOf(node: Tensor): string {
  const { op, siblings } = node;
  if (op === null) return node.requiresGrad ? "variable" : "constant";
  return siblings === null || siblings.length === 1 ? op.name : `${op.name}.${siblings.indexOf(node)}`;
}

const edge = 3, itemsMax = 1000;

/** The tensor as text: `Tensor [2] float32 [1, 2]`. The middle of long axes is left out, and not read. */
export function inspectTensor(tensor: Tensor): string {
  if (tensor.cachedData === null) return `Tensor ${showShape(tensor.shape)} (freed)`;
  const bool = tensor.dtype === "bool";
  const show = (part: unknown, indent: string): string => {
    if (part === undefined) return "...";
    if (typeof part === "number") return String(bool ? part !== 0 : Number(part.toPrecision(6)));
    const items = part as readonly unknown[], words = items.map((item) => show(item, indent + " "));
    return `[${words.join(Array.isArray(items[0]) ? `,\n${indent} ` : ", ")}]`;
  };
  // An empty axis counts as one: what is around it may be long all the same.
  const brief = tensor.shape.reduce((count, length) => count * Math.max(length, 1), 1) > itemsMax;
  const values = show(brief ? edgesOf(tensor.array, 0) : nestedOf(tensor.array.read(), tensor.shape), "");
  const head = `Tensor ${showShape(tensor.shape)} ${tensor.dtype}${tensor.requiresGrad ? " requiresGrad" : ""}`;
  return values.includes("\n") ? `${head}\n${values}` : `${head} ${values}`;
}

/** The elements as nested lists, with the middles of axes from `axis` on left out: undefined stands for each. */
function edgesOf(array: NDArray, axis: number): unknown {
  const { shape } = array, length = shape[axis];
  if (length === undefined) return nestedOf(array.read(), shape);
  if (length <= 2 * edge) return edgesOf(array, axis + 1);
  const whole = shape.map((length) => ({ start: 0, step: 1, length, dropped: false }));
  const [start, end] = [0, length - edge].map((start) => {
    const part = slice(array, whole.with(axis, { start, step: 1, length: edge, dropped: false }));
    const shown = edgesOf(part, axis + 1);
    part.dispose();
    return shown;
  });
  return joined(start, end, axis);
}

/** Two nested lists as one with a gap between them along the axis. */
function joined(start: unknown, end: unknown, axis: number): unknown {
  const a = start as readonly unknown[], b = end as readonly unknown[];
  return axis === 0
    ? [...a, undefined, ...b]
    : a.map((item, k) => item === undefined ? item : joined(item, b[k], axis - 1));
}

/** The graph as text, a line for each node, inputs first: `%2 = Summation(%1) [2] {axes=[0], keepDims=false}`. */
export function printGraph(output: Tensor): string {
  const order = findTopoSort([output]), number = new Map(order.map((node, k) => [node, k]));
  return order.map((node, k) => {
    const inputs = node.inputs.map((input) => `%${number.get(input)}`).join(", ");
    const what = node.op === null ? nameOf(node) : `${nameOf(node)}(${inputs})`;
    const note = node.op?.describe();
    return `%${k} = ${what} ${showShape(node.shape)}${note ? ` {${note}}` : ""}`;
  }).join("\n");
}

/** The graph in Graphviz's language: leaves as boxes, ops as ellipses, an arrow for each input. */
export function toDot(output: Tensor): string {
  const order = findTopoSort([output]), number = new Map(order.map((node, k) => [node, k]));
  const nodes = order.map((node): DotNode => ({
    label: `${nameOf(node)}\n${showShape(node.shape)}`,
    shape: node.op === null ? "box" : "ellipse",
    from: node.inputs.map((input) => number.get(input)!),
  }));
  return dotOf(nodes, "up");
}
