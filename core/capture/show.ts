/**
 * A captured list for people: as text, a line an instruction, and as a graph.
 */
import { dtypeBytes } from "../../kernels/instruction.ts";
import { ofView, shapeOf, viewShape } from "../../kernels/schema.ts";
import { instructionName } from "../array/costs.ts";
import { type DotNode, dotOf } from "../pure/dot.ts";
import { sizeOf } from "../pure/shape.ts";
import { groups, type Instruction, type List, type Slot, sources, target } from "./list.ts";

/** What memory is called: `%3` if the list allocates it, `$3` if it comes from outside. */
function slotName({ number, bytes }: Slot): string {
  return `${bytes === null ? "$" : "%"}${number}`;
}

/** An instruction as text, with the bytes that it writes: `%3 = add [2, 2] ($1, $2)  16 B`. */
function lineOf(instruction: Instruction): string {
  const { words, actions } = instruction, written = target(instruction);
  const inputs = sources(instruction).map(({ slot }) => slotName(slot)).join(", ");
  const out = written === null ? "" : `${slotName(written.slot)} = `;
  const bytes = written === null ? 0 : sizeOf(viewShape(words, 0)) * dtypeBytes[words[written.at + ofView.dtype]!]!;
  const live = actions.some((action) => "at" in action) ? "  live" : "";
  return `${out}${instructionName(words)} [${shapeOf(words).join(", ")}] (${inputs})  ${bytes} B${live}`;
}

/** Whether an instruction runs on the device: some only hold actions of the host. */
function runs({ words }: Instruction): boolean {
  return words.length > 0;
}

/** One line for each instruction, indented where a group runs several together. */
export function show(list: List): string {
  const lines: string[] = [];
  for (const [begin, end] of groups(list)) {
    const indent = end - begin > 1 ? "  " : "";
    if (indent !== "") lines.push(`group of ${end - begin}`);
    for (const instruction of list.instructions.slice(begin, end).filter(runs)) {
      lines.push(indent + lineOf(instruction));
    }
  }
  return lines.join("\n");
}

/** The list as a graph: boxes are instructions, arrows are the memory that they pass on. */
export function toDot(list: List): string {
  const writers = new Map<Slot, number>();
  const nodes = list.instructions.filter(runs).map((instruction, place): DotNode => {
    const from = new Set(sources(instruction).flatMap(({ slot }) => writers.get(slot) ?? []));
    const out = target(instruction);
    if (out !== null) writers.set(out.slot, place);
    return { label: lineOf(instruction), shape: "box", from };
  });
  return dotOf(nodes);
}
