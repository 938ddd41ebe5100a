/**
 * Tensors and graphs for people: values as nested brackets, graphs as numbered lines or as Graphviz text.
 */
import { type DotNode, dotOf } from "../pure/dot.ts";
import { showShape } from "../pure/shape.ts";
import type { Tensor } from "./tensor.ts";
import { findTopoSort } from "./value.ts";

/** The name of the node's op: `Sin`; with the number of the result if the op has several: `SinCos.1`. */
function nameOf(node: Tensor): string {
  const { op, siblings } = node;
  if (op === null) return node.requiresGrad ? "variable" : "constant";
  return siblings === null ? op.name : `${op.name}.${siblings.indexOf(node)}`;
}

const edge = 3, itemsMax = 1000;

/** The tensor as text: `Tensor [2] float32 [1, 2]`. The middle of long axes is left out. */
export function inspectTensor(tensor: Tensor): string {
  if (tensor.cachedData === null) return `Tensor ${showShape(tensor.shape)} (freed)`;
  const brief = tensor.size > itemsMax;
  const show = (part: unknown, indent: string): string => {
    if (!Array.isArray(part)) return typeof part === "number" ? String(Number(part.toPrecision(6))) : String(part);
    const cut = brief && part.length > 2 * edge;
    const shown = cut ? [...part.slice(0, edge), undefined, ...part.slice(-edge)] : part;
    const words = shown.map((item) => item === undefined ? "..." : show(item, indent + " "));
    return `[${words.join(Array.isArray(part[0]) ? `,\n${indent} ` : ", ")}]`;
  };
  const values = show(tensor.toArray(), "");
  const head = `Tensor ${showShape(tensor.shape)} ${tensor.dtype}${tensor.requiresGrad ? " requiresGrad" : ""}`;
  return values.includes("\n") ? `${head}\n${values}` : `${head} ${values}`;
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
