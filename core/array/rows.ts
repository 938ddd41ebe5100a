/**
 * The rows of the map skeleton by name, with all that writing an instruction takes.
 */
import { type MapRow, mapRows, mapUses, table } from "../../kernels/instruction.ts";

/** One row of the map skeleton. */
export interface MapInfo {
  readonly name: MapRow;
  readonly number: number;
  readonly operands: number;
  readonly scalars: number;
  /** True if the result depends on the place along the last axis. */
  readonly usesIndex: boolean;
  /** True for comparisons. */
  readonly toBool: boolean;
  /** True if the row exists for integers. */
  readonly forInts: boolean;
  /** True if the row exists for floats. */
  readonly forFloats: boolean;
}

/** The rows by name. An op looks its row up once: a look-up at each call would cost as much as a small op's arithmetic. */
export const rows = Object.fromEntries(mapRows.map((name, number) => {
  const row = table.map[name], usesIndex = /\bi\b/.test(row.is);
  const forInts = "for" in row, forFloats = !forInts || row.for === "any";
  return [name, { name, number, ...mapUses[number]!, usesIndex, toBool: "to" in row, forInts, forFloats }];
})) as Record<MapRow, MapInfo>;
