/** What an instruction costs by its words: the bytes that it touches, and its arithmetic. */
import { dtypeBytes, opcodeName, table } from "../../kernels/instruction.ts";
import { ofView, placeOf, readFlatCode, shapeOf, skeletonOf, viewPlaces, viewShape } from "../../kernels/schema.ts";

/** What an instruction costs. */
export interface Cost {
  /** Its name: a map's row alone, others that have a row by both names, as `fold sum`. */
  readonly name: string;
  /** The bytes of the elements that it reads and writes, each once for each operand. */
  readonly bytes: number;
  /** Additions, multiplications, comparisons and calls of functions, each as one. */
  readonly operations: number;
  /** Multiplications of products and convolutions, each with its addition. */
  readonly multiplyAdds: number;
}

/** The kinds of instructions that have rows. */
const withRows = ["map", "fold", "arg", "scan", "scatter"] as const;
type WithRow = (typeof withRows)[number];

/** What an instruction is called. */
export function instructionName(words: ArrayLike<number>, at: number = 0): string {
  const kind = opcodeName[words[at]!]!;
  if (kind === "flat") return rowOf("map", readFlatCode(words[at + placeOf.flat.code]!).row)[0];
  if (!isWithRow(kind)) return kind;
  const [row] = rowOf(kind, words[at + placeOf[kind].row]!);
  return kind === "map" ? row : `${kind} ${row}`;
}

function isWithRow(kind: string): kind is WithRow {
  return (withRows as readonly string[]).includes(kind);
}

function rowOf(kind: WithRow, number: number): [name: string, row: Readonly<Record<string, unknown>>] {
  return Object.entries(table[kind])[number]!;
}

/** The operations of a row for one element. */
function operationsOf(kind: WithRow, number: number): number {
  const [, row] = rowOf(kind, number);
  const texts = ["is", "of", "step", "better"].map((part) => row[part]).filter((text) => typeof text === "string");
  return texts.join(" ").match(/[A-Za-z]\w*(?=\()|==|!=|<=|>=|<<|>>|&&|\|\||[-+*/<>!~&|^?]/g)?.length ?? 0;
}

/** The cost of the instruction that begins at `at`. */
export function costOf(words: Float64Array, at: number = 0): Cost {
  const kind = opcodeName[words[at]!]!, name = instructionName(words, at), own = words.subarray(at);
  if (kind === "flat") {
    const { row, compute } = readFlatCode(words[at + placeOf.flat.code]!), count = words[at + placeOf.flat.count]!;
    const operands = new Set(JSON.stringify(rowOf("map", row)[1].is).match(/\b[a-f]\b/g) ?? []).size;
    const bytes = (operands + 1) * count * dtypeBytes[compute]!;
    return { name, bytes, operations: count * operationsOf("map", row), multiplyAdds: 0 };
  }
  const product = (lengths: readonly number[]) => lengths.reduce((size, length) => size * length, 1);
  let bytes = 0;
  const { viewList } = skeletonOf(words, at), isPacked = viewList.some(({ packed }) => packed);
  viewPlaces(own, 0).forEach((place, view) => {
    const shape = viewShape(own, view);
    // Elements that an axis repeats are counted once.
    const distinct = isPacked ? shape : shape.filter((_, axis) => own[place + ofView.strides + axis] !== 0);
    bytes += product(distinct) * dtypeBytes[own[place + ofView.dtype]!]!;
  });
  const multiplyAdds = kind === "matmul" ? product(shapeOf(own)) : kind === "convolve" ? convolved(own) : 0;
  const perElement = isWithRow(kind) ? operationsOf(kind, own[placeOf[kind].row]!) : 0;
  const operations = multiplyAdds > 0 ? 2 * multiplyAdds : perElement * product(shapeOf(own));
  return { name, bytes, operations, multiplyAdds };
}

/** The products of a convolution: a kernel for each place of the output. Those with zeros around the input count too. */
function convolved(words: Float64Array): number {
  const { n, groups, o, c, kernelHeight, kernelWidth, outHeight, outWidth } = placeOf.convolve;
  return [n, groups, o, c, kernelHeight, kernelWidth, outHeight, outWidth]
    .reduce((size, place) => size * words[place]!, 1);
}

/** Where each instruction that computes begins, among words that also allocate, free and group. */
export function computingPlaces(words: Float64Array): number[] {
  const places: number[] = [];
  for (let at = 0; at < words.length; at += words[at + 1]!) if (computes(words, at)) places.push(at);
  return places;
}

/** Whether an instruction does more than to allocate, free or group. */
export function computes(words: Float64Array, at: number): boolean {
  return !["alloc", "free", "group", "end"].includes(opcodeName[words[at]!]!);
}

/** Ends of the parts of words that run by themselves: single instructions that compute, and groups. */
export function partsOf(words: Float64Array, begin: number, end: number): number[] {
  const ends: number[] = [];
  let isInGroup = false;
  for (let at = begin; at < end;) {
    const kind = opcodeName[words[at]!]!, isWork = computes(words, at) || kind === "end";
    if (kind === "group") isInGroup = true;
    if (kind === "end") isInGroup = false;
    at += words[at + 1]!;
    if (isWork && !isInGroup) ends.push(at);
  }
  if (ends.at(-1) !== end) ends.push(end);
  return ends;
}
