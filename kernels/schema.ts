/**
 * The rows of instructions in `table.json`: where each field and view of an instruction has its words, and what may be
 * done with the instruction.
 *
 * Code that handles words or views without asking what an instruction computes uses this module; `program/schema.zig`
 * reads the same rows for the kernels, and states in the manifest how it understood them. A field is written as
 *
 * - `handle`, the number of a storage; `bytes`; `size`, a length, an offset or a bound;
 * - `row`, the number of a row in the section that has the instruction's name; `operands`, how many that row takes;
 * - `compute`, the code of the type that is computed in;
 * - `rank`, a number of axes, or `within FIELD`, a number of axes that is at most that field;
 * - `number`, `key` (below 2^32) or `counter` (below 2^53), which may change from run to run;
 * - `code`, of a flat map; `rest`, all remaining words;
 *
 * and a suffix `[3]` or `[FIELD]` gives the number of such words; only the last field may have `[FIELD]`. A view
 * follows the fields as `handle, dtype, offset, stride...` and is written as `ACCESS TYPE... AXIS...`:
 *
 * - the access is `read`, `write`, or `update` for elements that are added to; only the first view is ever written;
 * - the types are the allowed element types; without any, all are allowed;
 * - an axis has the length that the field says; `FIELD[COUNT]` means the first COUNT of several axes; `packed` elements
 *   are contiguous, and their view has no strides;
 * - `below FIELD` says that the view's elements are indices, each at least 0 and less than the field;
 * - `times FIELD` says how many times the last view is repeated.
 *
 * A `pure` instruction gives the same result for the same words and elements; a `tiled` one may run tile by tile in a
 * group.
 */
import { type DType, dtypeCode, limits, type OpcodeName, opcodeName, table } from "./instruction.ts";

/** The kinds of fields. */
export type Kind =
  | ("handle" | "bytes" | "row" | "compute" | "rank" | "within" | "operands")
  | ("number" | "key" | "counter" | "size" | "code" | "rest");

export interface Field {
  /** The index of the field's first word. */
  readonly at: number;
  readonly kind: Kind;
  /** A constant number of words, or the name of an earlier field that says how many. */
  readonly times: number | string;
  /** The field that bounds this number of axes. */
  readonly within: string | null;
}

export interface ViewRow {
  readonly access: "read" | "write" | "update";
  /** The element types that the view may have; empty for any. */
  readonly types: readonly DType[];
  readonly packed: boolean;
  /** Fields of lengths, each with the field that says how many of them to take; null for all. */
  readonly axes: readonly (readonly [field: string, part: string | null])[];
  /** The field that bounds the view's elements, which are indices. */
  readonly below: string | null;
  /** The field that says how many such views there are. */
  readonly times: string | null;
}

export interface Skeleton {
  /** Words before a field of several words, which is the last, and before the views. */
  readonly head: number;
  readonly pure: boolean;
  readonly tiled: boolean;
  readonly fields: Readonly<Record<string, Field>>;
  readonly views: Readonly<Record<string, ViewRow>>;
}

/** An instruction as `table.json` has it: a row that lacks a part does not compile. */
interface Row {
  /** For people: what the instruction does, in terms of its fields and views. */
  readonly does: string;
  readonly fields: object;
  readonly views: object;
  readonly pure: boolean;
  readonly tiled: boolean;
}

/** A word and the text in brackets after it. */
function split(word: string): [name: string, count: string | null] {
  const open = word.indexOf("[");
  return open < 0 ? [word, null] : [word.slice(0, open), word.slice(open + 1, -1)];
}

function parseViewRow(text: string): ViewRow {
  const [access, ...words] = text.split(" ") as [ViewRow["access"], ...string[]];
  const types: DType[] = [], axes: [string, string | null][] = [];
  let packed = false, below: string | null = null, times: string | null = null;
  for (let k = 0; k < words.length; k++) {
    const word = words[k]!;
    if (Object.hasOwn(dtypeCode, word)) types.push(word as DType);
    else if (word === "packed") packed = true;
    else if (word === "below") below = words[++k]!;
    else if (word === "times") times = words[++k]!;
    else axes.push(split(word));
  }
  return { access, types, packed, axes, below, times };
}

function parseSkeleton({ fields, views, pure, tiled }: Row): Skeleton {
  const found: Record<string, Field> = {};
  let head = 2;
  for (const [name, text] of Object.entries(fields) as [string, string][]) {
    const [word, within = null] = text.split(" ") as [string, string?], [kind, count] = split(word);
    const times = kind === "rest" ? 0 : Number.isNaN(Number(count ?? 1)) ? count! : Number(count ?? 1);
    found[name] = { at: head, kind: kind as Kind, times, within };
    if (typeof times === "number") head += times;
  }
  const entries = Object.entries(views) as [string, string][];
  return {
    head,
    pure,
    tiled,
    fields: found,
    views: Object.fromEntries(entries.map(([name, text]) => [name, parseViewRow(text)])),
  };
}

/** The instructions by name. */
export const skeletons = Object.fromEntries(
  Object.entries(table.instructions satisfies Record<OpcodeName, Row>).map(([name, row]) => [name, parseSkeleton(row)]),
) as Record<OpcodeName, Skeleton>;

type Places = {
  readonly [Name in OpcodeName]: { readonly [Field in keyof (typeof table.instructions)[Name]["fields"]]: number };
};

/** The index of the first word of each field in its instruction: `placeOf.fold.kept`. */
export const placeOf = Object.fromEntries(
  Object.entries(skeletons).map(([name, { fields }]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([field, { at }]) => [field, at])),
  ]),
) as unknown as Places;

/** Words before a field of several lengths and the views: an instruction with neither has this length. */
export const headOf = Object.fromEntries(
  Object.entries(skeletons).map(([name, { head }]) => [name, head]),
) as Record<OpcodeName, number>;

/** A skeleton with its fields and views as lists, in order. */
interface Layout extends Skeleton {
  readonly fieldList: readonly (readonly [name: string, field: Field])[];
  readonly viewList: readonly ViewRow[];
}

/** The index of each part of a view among its words, which begin with the handle. */
export const ofView = { dtype: 1, offset: 2, strides: 3 } as const;

const byOpcode: readonly (Layout | undefined)[] = opcodeName.map((name) => {
  const found: Skeleton | undefined = skeletons[name];
  return found && { ...found, fieldList: Object.entries(found.fields), viewList: Object.values(found.views) };
});

/** The row of the instruction that starts at `at`. */
export function skeletonOf(words: ArrayLike<number>, at = 0): Layout {
  const found = byOpcode[words[at]!];
  if (found === undefined) throw new RangeError(`Cannot read an instruction: there is no opcode ${words[at]}`);
  return found;
}

/** The number of words of a field, of axes of a view, or of views. */
function countOf({ fields }: Skeleton, times: number | string, words: ArrayLike<number>, at: number): number {
  return typeof times === "number" ? times : words[at + fields[times]!.at]!;
}

/** The indices of the words with the lengths of a view's axes. */
function axisPlaces(skeleton: Skeleton, { axes }: ViewRow, words: ArrayLike<number>, at: number): number[] {
  return axes.flatMap(([name, part]) => {
    const field = skeleton.fields[name]!, count = countOf(skeleton, part ?? field.times, words, at);
    return Array.from({ length: count }, (_, k) => at + field.at + k);
  });
}

/** The rows of an instruction's views, one for each view: the written view, if there is one, is the first. */
function viewRows(skeleton: Layout, words: ArrayLike<number>, at: number): ViewRow[] {
  return skeleton.viewList.flatMap((row) =>
    Array<ViewRow>(row.times === null ? 1 : countOf(skeleton, row.times, words, at)).fill(row)
  );
}

/** The indices at which the views of the instruction at `at` begin: the written view, if there is one, is the first. */
export function viewPlaces(words: ArrayLike<number>, at: number): number[] {
  const skeleton = skeletonOf(words, at);
  let next = at + skeleton.head;
  for (const [, { times }] of skeleton.fieldList) {
    if (typeof times === "string") next += countOf(skeleton, times, words, at);
  }
  return viewRows(skeleton, words, at).map((row) => {
    const place = next;
    next += ofView.strides + (row.packed ? 0 : axisPlaces(skeleton, row, words, at).length);
    return place;
  });
}

/** The lengths of the axes of the instruction's view of that index. */
export function viewShape(words: ArrayLike<number>, view: number): number[] {
  const skeleton = skeletonOf(words), row = viewRows(skeleton, words, 0)[view]!;
  return axisPlaces(skeleton, row, words, 0).map((place) => words[place]!);
}

/** How the instruction uses its first view; null if it has no view. */
export function firstAccess(words: ArrayLike<number>): ViewRow["access"] | null {
  return skeletonOf(words).viewList[0]?.access ?? null;
}

/** The view that holds indices, and the bound of these; null if there is no such view. */
export function indexView(words: ArrayLike<number>): { view: number; bound: number } | null {
  const { fields, viewList } = skeletonOf(words), view = viewList.findIndex(({ below }) => below !== null);
  return view < 0 ? null : { view, bound: words[fields[viewList[view]!.below!]!.at]! };
}

/** The lengths of all axes that the instruction runs over: first the field of several lengths, then the single ones. */
export function shapeOf(words: ArrayLike<number>): number[] {
  const skeleton = skeletonOf(words), axes = skeleton.viewList.flatMap((row) => row.axes);
  const named = skeleton.fieldList.filter(([name]) => axes.some(([axis]) => axis === name));
  const [several, single] = [true, false].map((wanted) =>
    named.flatMap(([, { at, times }]) =>
      (typeof times === "string") === wanted
        ? Array.from({ length: countOf(skeleton, times, words, 0) }, (_, k) => words[at + k]!)
        : []
    )
  ) as [number[], number[]];
  return [...several, ...single];
}

/** Reads the code of a flat map: `row * 8 + (4 if it allocates) + compute type`. */
export function readFlatCode(code: number): { row: number; allocates: boolean; compute: number } {
  return { row: code >> 3, allocates: (code & 4) !== 0, compute: code & 3 };
}

/** Makes the code of a flat map that allocates the storage of its output, or finds it allocated. */
export function flatCode(row: number, allocates: boolean, compute: number): number {
  return row * 8 + (allocates ? 4 : 0) + compute;
}

/** The most words of a flat map after its head: a handle and an offset of each operand, and the scalars. */
const flatRest = 2 * limits.inputs + Number(skeletons.map.fields.scalars!.times);

/**
 * The most words of an instruction; of a `free`, with one handle. An instruction without views always has this length.
 */
export const wordsMost = Object.fromEntries(
  Object.entries(skeletons).map(([name, { head, fields, views }]) => {
    let most = head + (name === "flat" ? flatRest : name === "free" ? 1 : 0);
    for (const { times } of Object.values(fields)) if (typeof times === "string") most += limits.rank;
    // A view has an axis for each length of the field of several, and one for each other field that it names.
    for (const { packed, axes, times } of Object.values(views)) {
      most += (ofView.strides + (packed ? 0 : limits.rank + axes.length)) * (times === null ? 1 : limits.inputs);
    }
    return [name, most];
  }),
) as Record<OpcodeName, number>;
