/**
 * Sums of products of tensors whose axes are named by labels: what `einsum`, `tensordot` and chains of products have in common.
 *
 * Two tensors at a time are joined: their axes are put in order and joined to a batch of matrices, of which the product is
 * taken; where no axis is summed over, the elements are multiplied. Axes of length one stretch.
 */
import { isFloat } from "../../pure/dtype.ts";
import { sizeOf } from "../../pure/shape.ts";
import { matmul } from "../ops/mod.ts";
import type { Tensor } from "../tensor.ts";
import { commonType } from "../precision.ts";

/** A tensor, and the label of each axis, each but once. */
interface Labelled {
  readonly tensor: Tensor;
  readonly labels: readonly string[];
}

/** The most tensors for which all orders are compared: 2700 of six. */
const comparedMost = 6;

/**
 * The sum of the tensors' products over all labels that `output` lacks, in the order of `output`. A label that a tensor has
 * twice means its diagonal. Integers and bools give int32.
 */
export function contract(
  action: string,
  tensors: readonly Tensor[],
  labels: readonly (readonly string[])[],
  output: readonly string[],
): Tensor {
  const common = commonType(tensors), dtype = isFloat(common) ? common : "int32";
  checkLengths(action, tensors, labels);
  let terms = tensors.map((tensor, k) => diagonals({ tensor: tensor.cast(dtype), labels: labels[k]! }));
  const isWanted = (label: string, others: readonly Labelled[]) =>
    output.includes(label) || others.some((other) => other.labels.includes(label));
  terms = terms.map((term, k) => summed(term, (label) => isWanted(label, terms.filter((_, j) => j !== k))));
  for (const [i, j] of orderOf(terms, output)) {
    const others = terms.filter((_, k) => k !== i && k !== j);
    terms = [...others, joined(terms[i]!, terms[j]!, (label) => isWanted(label, others))];
  }
  return inOrder(terms[0]!, output);
}

/** TypeError unless the axes of a label have one length, or are of length one. */
function checkLengths(action: string, tensors: readonly Tensor[], labels: readonly (readonly string[])[]): void {
  const known = new Map<string, number>();
  tensors.forEach(({ shape }, k) => {
    labels[k]!.forEach((label, axis) => {
      const length = shape[axis]!, before = known.get(label) ?? 1, first = labels[k]!.indexOf(label);
      if ((length !== before && length !== 1 && before !== 1) || shape[first] !== length) {
        throw new TypeError(`Cannot ${action}: axes ${label} have the lengths ${before} and ${length}`);
      }
      if (before === 1) known.set(label, length);
    });
  });
}

/** The diagonals of axes with the same label. */
function diagonals({ tensor, labels }: Labelled): Labelled {
  const again = labels.findIndex((label, axis) => labels.indexOf(label) !== axis);
  if (again < 0) return { tensor, labels };
  const first = labels.indexOf(labels[again]!), rest = labels.filter((_, axis) => axis !== first && axis !== again);
  return diagonals({ tensor: tensor.diagonal(0, first, again), labels: [...rest, labels[again]!] });
}

/** The sum over the axes whose labels are not wanted. */
function summed({ tensor, labels }: Labelled, isWanted: (label: string) => boolean): Labelled {
  const axes = [...labels.keys()].filter((axis) => !isWanted(labels[axis]!));
  if (axes.length === 0) return { tensor, labels };
  return { tensor: tensor.sum(axes), labels: labels.filter(isWanted) };
}

/** The tensor with its axes in the order of `labels`. */
function inOrder(term: Labelled, labels: readonly string[]): Tensor {
  const order = labels.map((label) => term.labels.indexOf(label));
  return order.every((from, to) => from === to) ? term.tensor : term.tensor.transpose(order);
}

/** Without the axes of length one where the other tensor has a longer one of the same label: it stretches. */
function withoutStretched({ tensor, labels }: Labelled, other: Labelled): Labelled {
  const stretches = (label: string, axis: number) => {
    const beside = other.labels.indexOf(label);
    return tensor.shape[axis] === 1 && beside >= 0 && other.tensor.shape[beside] !== 1;
  };
  const kept = labels.filter((label, axis) => !stretches(label, axis));
  if (kept.length === labels.length) return { tensor, labels };
  return { tensor: tensor.reshape(tensor.shape.filter((_, axis) => !stretches(labels[axis]!, axis))), labels: kept };
}

/** The sum of the products of two tensors over the labels of both that are not wanted. */
function joined(first: Labelled, second: Labelled, isWanted: (label: string) => boolean): Labelled {
  const a = withoutStretched(first, second), b = withoutStretched(second, first);
  const both = a.labels.filter((label) => b.labels.includes(label));
  const batch = both.filter(isWanted), inner = both.filter((label) => !isWanted(label));
  // A label whose axis was dropped here stands in the other tensor alone; if it is not wanted, it is summed over there.
  const left = summed(a, (label) => both.includes(label) || isWanted(label));
  const right = summed(b, (label) => both.includes(label) || isWanted(label));
  const rows = left.labels.filter((label) => !both.includes(label));
  const columns = right.labels.filter((label) => !both.includes(label));
  const lengths = (term: Labelled, labels: readonly string[]) =>
    labels.map((label) => term.tensor.shape[term.labels.indexOf(label)]!);
  const labels = [...batch, ...rows, ...columns];
  const shape = [...lengths(left, [...batch, ...rows]), ...lengths(right, columns)];
  const x = inOrder(left, [...batch, ...rows, ...inner]), y = inOrder(right, [...batch, ...inner, ...columns]);
  if (inner.length === 0) {
    const ones = columns.map(() => 1), between = rows.map(() => 1), each = lengths(left, batch);
    return {
      tensor: x.reshape([...x.shape, ...ones]).mul(y.reshape([...each, ...between, ...lengths(right, columns)])),
      labels,
    };
  }
  if (rows.length === 0 && columns.length === 0 && batch.length > 0) {
    return { tensor: x.mul(y).sum(inner.map((_, k) => batch.length + k)), labels };
  }
  const count = batch.length === 0 ? [] : [sizeOf(lengths(left, batch))], k = sizeOf(lengths(left, inner));
  const matrices = matmul.call(
    x.reshape([...count, sizeOf(lengths(left, rows)), k]),
    y.reshape([...count, k, sizeOf(lengths(right, columns))]),
  );
  return { tensor: matrices.reshape(shape), labels };
}

/** Labels with the lengths of their axes: all that the cost of joining depends on. */
type Lengths = ReadonlyMap<string, number>;

/** The pairs that are joined one after the other, by their places in the list, to whose end each joined pair moves. */
function orderOf(terms: readonly Labelled[], output: readonly string[]): [number, number][] {
  const lengths = terms.map(({ tensor, labels }): Lengths =>
    new Map(labels.map((label, k) => [label, tensor.shape[k]!]))
  );
  return (lengths.length <= comparedMost ? cheapest(lengths, output) : greedy(lengths, output)).order;
}

/** The order of least cost, and that cost: the number of products. */
function cheapest(terms: readonly Lengths[], output: readonly string[]): { order: [number, number][]; cost: number } {
  if (terms.length < 2) return { order: [], cost: 0 };
  let best: { order: [number, number][]; cost: number } | null = null;
  for (const pair of pairsOf(terms)) {
    const { rest, cost } = afterJoining(terms, pair, output);
    if (best !== null && cost >= best.cost) continue;
    const more = cheapest(rest, output);
    if (best === null || cost + more.cost < best.cost) best = { order: [pair, ...more.order], cost: cost + more.cost };
  }
  return best!;
}

/** An order that joins the cheapest pair each time. */
function greedy(terms: readonly Lengths[], output: readonly string[]): { order: [number, number][] } {
  const order: [number, number][] = [];
  while (terms.length > 1) {
    const found = pairsOf(terms).map((pair) => ({ pair, ...afterJoining(terms, pair, output) }));
    const least = found.reduce((a, b) => b.cost < a.cost ? b : a);
    order.push(least.pair);
    terms = least.rest;
  }
  return { order };
}

function pairsOf(terms: readonly unknown[]): [number, number][] {
  return terms.flatMap((_, i) => terms.slice(i + 1).map((_, k): [number, number] => [i, i + 1 + k]));
}

/** What is left once a pair is joined, and the number of products that it takes. */
function afterJoining(
  terms: readonly Lengths[],
  [i, j]: readonly [number, number],
  output: readonly string[],
): { rest: Lengths[]; cost: number } {
  const others = terms.filter((_, k) => k !== i && k !== j), all = new Map(terms[i]);
  for (const [label, length] of terms[j]!) all.set(label, Math.max(length, all.get(label) ?? 1));
  const cost = sizeOf([...all.values()]);
  const kept = [...all].filter(([label]) => output.includes(label) || others.some((other) => other.has(label)));
  return { rest: [...others, new Map(kept)], cost };
}
