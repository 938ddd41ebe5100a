/**
 * The rows of the map skeleton as ops name them: looked up once, with what an instruction needs to know of each.
 */
import { type MapRow, mapRows, mapUses, table } from "../../kernels/instruction.ts";

/** What a row of the map skeleton is. */
export interface MapInfo {
  readonly name: MapRow;
  readonly number: number;
  readonly operands: number;
  readonly scalars: number;
  readonly usesIndex: boolean;
  readonly toBool: boolean;
  readonly forInts: boolean;
}

/** The rows of the map skeleton; ops name theirs once, since a look-up at each call would cost as much as its arithmetic. */
export const rows = Object.fromEntries(mapRows.map((name, number) => {
  const row = table.map[name], usesIndex = /\bi\b/.test(row.is);
  return [name, { name, number, ...mapUses[number]!, usesIndex, toBool: "to" in row, forInts: "for" in row }];
})) as Record<MapRow, MapInfo>;
