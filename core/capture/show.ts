/**
 * A captured list for people: as text, a line an instruction, and as a graph.
 */
import { dtypeBytes, opcodeName, table } from "../../kernels/instruction.ts";
import { placeOf, shapeOf, viewShape } from "../../kernels/schema.ts";
import { type DotNode, dotOf } from "../pure/dot.ts";
import { sizeOf } from "../pure/shape.ts";
import { groups, type Instruction, type List, type Slot, sources, target } from "./list.ts";

/** What an instruction is called: a map by its row, others that have rows by both. */
function nameOf({ words }: Instruction): string {
  const kind = opcodeName[words[0]!]!;
  if (kind !== "map" && kind !== "fold" && kind !== "arg") return kind;
  const row = Object.keys(table[kind])[words[placeOf[kind].row]!]!;
  return kind === "map" ? row : `${kind} ${row}`;
}

/** One line for each instruction, indented where a group runs them together, with its bytes. */
export function show(list: List): string {
  const lines: string[] = [], name = ({ number, bytes }: Slot) => `${bytes === null ? "$" : "%"}${number}`;
  for (const [begin, end] of groups(list)) {
    const indent = end - begin > 1 ? "  " : "";
    if (indent !== "") lines.push(`group of ${end - begin}`);
    for (const instruction of list.instructions.slice(begin, end)) {
      if (instruction.words.length === 0) continue;
      const written = target(instruction), { words } = instruction;
      const inputs = sources(instruction).map(({ slot }) => name(slot)).join(", ");
      const out = written === null ? "" : `${name(written.slot)} = `;
      const bytes = written === null ? 0 : sizeOf(viewShape(words, 0)) * dtypeBytes[words[written.at + 1]!]!;
      const live = instruction.actions.some((action) => "at" in action) ? "  live" : "";
      lines.push(`${indent}${out}${nameOf(instruction)} [${shapeOf(words).join(", ")}] (${inputs})  ${bytes} B${live}`);
    }
  }
  return lines.join("\n");
}

/** The list as a graph: boxes are instructions, arrows are the memory that they pass on. */
export function toDot(list: List): string {
  const lines = show(list).split("\n").filter((line) => !line.startsWith("group of "));
  const instructions = list.instructions.filter(({ words }) => words.length > 0), writers = new Map<Slot, number>();
  const nodes = instructions.map((instruction, place): DotNode => {
    const from = new Set(sources(instruction).flatMap(({ slot }) => writers.get(slot) ?? []));
    const out = target(instruction);
    if (out !== null) writers.set(out.slot, place);
    return { label: lines[place]!.trim(), shape: "box", from };
  });
  return dotOf(nodes);
}
