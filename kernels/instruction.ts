/**
 * The instruction layout: every device reads instructions, and only `core/array/` and the passes of `core/capture/`
 * write them.
 *
 * An instruction is a run of f64 words, `[opcode, length, ...fields, ...views]`, where `length` counts all of its
 * words. Sizes, strides and offsets count elements, not bytes; strides may be zero (broadcast) or negative (reversed).
 * The native library states the same numbers in its manifest, and `native/border.ts` refuses a library that disagrees.
 */
import table from "./table.json" with { type: "json" };

export { table };

/** A row of the map skeleton: one output element from the elements of up to six operands. */
export type MapRow = keyof typeof table.map;
/** A row of the fold skeleton: many elements joined into one. */
export type FoldRow = keyof typeof table.fold;
/** A row of the arg skeleton: the index of the best element. */
export type ArgRow = keyof typeof table.arg;
/** A row of the scan skeleton: the elements up to each one joined. */
export type ScanRow = keyof typeof table.scan;
/** A row of the scatter skeleton: an element joined with one that comes to its place. */
export type ScatterRow = keyof typeof table.scatter;

export const mapRows = Object.keys(table.map) as MapRow[];
export const foldRows = Object.keys(table.fold) as FoldRow[];
export const argRows = Object.keys(table.arg) as ArgRow[];
export const scanRows = Object.keys(table.scan) as ScanRow[];
export const scatterRows = Object.keys(table.scatter) as ScatterRow[];

/**
 * How many operands and scalars each map row has: as many as the position of the last one that its expression names.
 */
export const mapUses: readonly { operands: number; scalars: number }[] = mapRows.map((name) => {
  const upTo = (names: string) => {
    const found = table.map[name].is.match(/\b[a-z]\b/g) ?? [];
    return 1 + Math.max(...found.map((one) => names.indexOf(one)), -1);
  };
  return { operands: upTo("abcdef"), scalars: upTo("stu") };
});

/**
 * The first word of an instruction: the position of its row in `table.json`, counted from one. `schema.ts` explains how
 * a row says which words an instruction has.
 */
export const opcode = Object.fromEntries(
  Object.keys(table.instructions).map((name, k) => [name, k + 1]),
) as Record<OpcodeName, number>;

/** The name of an instruction. */
export type OpcodeName = keyof typeof table.instructions;

/** The instructions' names by opcode; there is no opcode 0. */
export const opcodeName: readonly OpcodeName[] = [
  undefined as never,
  ...Object.keys(table.instructions) as OpcodeName[],
];

/** The element type of a tensor. Halves are stored in 16 bits and computed with as float32; a bool is a byte. */
export type DType = "float32" | "float64" | "int32" | "uint8" | "bool" | "float16" | "bfloat16";

/** Codes of the element types; the first three are also the compute types. */
export const dtypeCode = {
  float32: 0,
  float64: 1,
  int32: 2,
  uint8: 3,
  bool: 4,
  float16: 5,
  bfloat16: 6,
} as const satisfies Record<DType, number>;
/** Bytes of one element, by code. */
export const dtypeBytes: readonly number[] = [4, 8, 4, 1, 1, 2, 2];

export const limits = {
  /** The most axes of a view, after merging. */
  rank: 8,
  /** The most tensor operands of a row: a b c d e f. */
  inputs: 6,
  /**
   * A handle is `index + generation * handles`; both sides count from index 1. Handles stay below 2^31, so that
   * JavaScript engines keep one in an object's field; a larger number would cost an object for each storage.
   */
  handles: 1 << 20,
  generations: 1 << 11,
  /** f64 words in the instruction buffer. */
  words: 1 << 16,
  /** The most threads of the CPU's pool. */
  threads: 256,
} as const;

/** The status of a run; every status but `ok` comes with a message. */
export const status = {
  ok: 0,
  malformed: 1,
  range: 2,
  memory: 3,
  stale: 4,
  context: 5,
  unsupported: 6,
  device: 7,
} as const;
