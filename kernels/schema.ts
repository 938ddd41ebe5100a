/**
 * The rows of instructions in `table.json`: where each field and view stands among an instruction's words, and what may
 * be done with it.
 *
 * Whoever goes through words or views without asking what an instruction computes looks here; `program/schema.zig` reads
 * the same rows for the kernels, and states in the manifest how it understood them. A field is written as
 *
 * - `handle`, the number of a storage; `bytes`; `size`, a length, an offset or a bound;
 * - `row`, the number of a row in the section that is called like the instruction; `operands`, how many that row takes;
 * - `compute`, the code of the type that is computed in;
 * - `rank`, a number of axes, or `within FIELD`, a number of axes that is at most that field;
 * - `number`, `key` (below 2^32) or `counter` (below 2^53), which may change from run to run;
 * - `code`, of a flat map; `rest`, whatever words remain;
 *
 * and `[3]` or `[FIELD]` says that there are several of them, the latter only of the last field. A view follows the
 * fields as `handle, dtype, offset, stride...` and is written as `ACCESS TYPE... AXIS...`:
 *
 * - the access is `read`, `write`, or `update` for what is added to; only the first view is ever written;
 * - the types are those that its elements may have, or any;
 * - an axis is as long as the field says; `FIELD[COUNT]` is the first so many axes of several; `packed` elements lie side
 *   by side, and their view has no strides;
 * - `below FIELD` says that its elements are indices, each at least 0 and less than the field;
 * - `times FIELD` says that the last view stands so many times.
 *
 * A `pure` instruction gives the same result for the same words and elements; a `tiled` one may run tile by tile in a
 * group.
 */
import { type DType, dtypeCode, limits, type OpcodeName, opcodeName, table } from "./instruction.ts";

/** What a field's words are. */
export type Kind =
  | ("handle" | "bytes" | "row" | "compute" | "rank" | "within" | "operands")
  | ("number" | "key" | "counter" | "size" | "code" | "rest");

export interface Field {
  /** Where its first word stands. */
  readonly at: number;
  readonly kind: Kind;
  /** So many words, or as many as a field before it says. */
  readonly times: number | string;
  /** The field that a number of axes lies within. */
  readonly within: string | null;
}

export interface ViewRow {
  readonly access: "read" | "write" | "update";
  /** The element types that it may have; any if there are none. */
  readonly types: readonly DType[];
  readonly packed: boolean;
  /** Fields of lengths, each with the field that says how many of them, if not all. */
  readonly axes: readonly (readonly [field: string, part: string | null])[];
  /** The field that its elements must lie below. */
  readonly below: string | null;
  /** The field that says how many such views there are. */
  readonly times: string | null;
}

export interface Skeleton {
  /** Words before a field of several words, and before the views. */
  readonly head: number;
  readonly pure: boolean;
  readonly tiled: boolean;
  readonly fields: Readonly<Record<string, Field>>;
  readonly views: Readonly<Record<string, ViewRow>>;
}

/** An instruction as `table.json` has it: a row that lacks something does not compile. */
interface Row {
  /** For people; in it, the names of fields and views. */
  readonly does: string;
  readonly fields: object;
  readonly views: object;
  readonly pure: boolean;
  readonly tiled: boolean;
}

/** A word, and what stands behind it in brackets. */
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

/** Where the first word of each field stands in an instruction: `placeOf.fold.kept`. */
export const placeOf = Object.fromEntries(
  Object.entries(skeletons).map(([name, { fields }]) => [
    name,
    Object.fromEntries(Object.entries(fields).map(([field, { at }]) => [field, at])),
  ]),
) as unknown as Places;

/** Words before a field of several lengths and the views: all of an instruction that has neither. */
export const headOf = Object.fromEntries(
  Object.entries(skeletons).map(([name, { head }]) => [name, head]),
) as Record<OpcodeName, number>;

/** A skeleton, and its fields and views in order. */
interface Layout extends Skeleton {
  readonly fieldList: readonly (readonly [name: string, field: Field])[];
  readonly viewList: readonly ViewRow[];
}

/** Where the words of a view stand from its first on, which is the handle. */
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

/** How many words there are of a field, or axes of a view, or views. */
function countOf({ fields }: Skeleton, times: number | string, words: ArrayLike<number>, at: number): number {
  return typeof times === "number" ? times : words[at + fields[times]!.at]!;
}

/** Where the lengths of a view's axes stand. */
function axisPlaces(skeleton: Skeleton, { axes }: ViewRow, words: ArrayLike<number>, at: number): number[] {
  return axes.flatMap(([name, part]) => {
    const field = skeleton.fields[name]!, count = countOf(skeleton, part ?? field.times, words, at);
    return Array.from({ length: count }, (_, k) => at + field.at + k);
  });
}

/** The rows of an instruction's views, one for each: that of what it writes first, if it writes anything. */
function viewRows(skeleton: Layout, words: ArrayLike<number>, at: number): ViewRow[] {
  return skeleton.viewList.flatMap((row) =>
    Array<ViewRow>(row.times === null ? 1 : countOf(skeleton, row.times, words, at)).fill(row)
  );
}

/** Where the views of the instruction that starts at `at` stand: that of its output first, if it has one. */
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

/** The lengths of the axes of the instruction's view of that number. */
export function viewShape(words: ArrayLike<number>, view: number): number[] {
  const skeleton = skeletonOf(words), row = viewRows(skeleton, words, 0)[view]!;
  return axisPlaces(skeleton, row, words, 0).map((place) => words[place]!);
}

/** What the instruction does with its first view; null where it has none. */
export function firstAccess(words: ArrayLike<number>): ViewRow["access"] | null {
  return skeletonOf(words).viewList[0]?.access ?? null;
}

/** The number of the view that holds indices, and what they must lie below; null where there is none. */
export function indexView(words: ArrayLike<number>): { view: number; bound: number } | null {
  const { fields, viewList } = skeletonOf(words), view = viewList.findIndex(({ below }) => below !== null);
  return view < 0 ? null : { view, bound: words[fields[viewList[view]!.below!]!.at]! };
}

/** The lengths of all axes that the instruction runs over: those of several first. */
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

/** What the code of a flat map says: `row * 8 + (4 if it allocates) + compute type`. */
export function readFlatCode(code: number): { row: number; allocates: boolean; compute: number } {
  return { row: code >> 3, allocates: (code & 4) !== 0, compute: code & 3 };
}

/** The code of a flat map that makes the storage of its output, or finds it made. */
export function flatCode(row: number, allocates: boolean, compute: number): number {
  return row * 8 + (allocates ? 4 : 0) + compute;
}

/** What the fields and views of a flat map take that stand behind its head: of each operand a handle and an offset. */
const flatRest = 2 * limits.inputs + Number(skeletons.map.fields.scalars!.times);

/** No instruction of its kind is longer; of a `free`, none with one handle. What has no views is as long as this. */
export const wordsMost = Object.fromEntries(
  Object.entries(skeletons).map(([name, { head, fields, views }]) => {
    let most = head + (name === "flat" ? flatRest : name === "free" ? 1 : 0);
    for (const { times } of Object.values(fields)) if (typeof times === "string") most += limits.rank;
    // Beside the axes of a field of several, a view has one for each of its other fields.
    for (const { packed, axes, times } of Object.values(views)) {
      most += (ofView.strides + (packed ? 0 : limits.rank + axes.length)) * (times === null ? 1 : limits.inputs);
    }
    return [name, most];
  }),
) as Record<OpcodeName, number>;
