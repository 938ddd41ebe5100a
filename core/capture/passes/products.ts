/**
 * The place of products: right before the instructions that read them.
 */
import { opcode } from "../../../kernels/instruction.ts";
import { type Instruction, isElementwise, sources, target } from "../list.ts";
import type { Pass } from "./pass.ts";

/**
 * Moves a product right before the first map or fold that reads it, if only other products stand between the two and none
 * of them reads it: the device may then run product and reader together.
 */
export const followProducts: Pass = ({ instructions, slots }) => {
  const list = instructions.slice(),
    isProduct = ({ words, actions }: Instruction) => words[0] === opcode.matmul && actions.length === 0;
  for (let place = list.length - 1; place >= 0; place--) {
    const product = list[place]!;
    if (!isProduct(product)) continue;
    const out = target(product)!.slot;
    let end = place + 1;
    // The product passes another one if neither writes what the other reads or writes.
    for (; end < list.length; end++) {
      const other = list[end]!;
      if (!isProduct(other) || other.views.some(({ slot }) => slot === out)) break;
      if (product.views.some(({ slot }) => slot === target(other)!.slot)) break;
    }
    const next = list[end];
    const reads = next !== undefined && isElementwise(next) && sources(next).some(({ slot }) => slot === out);
    if (!reads || end === place + 1) continue;
    list.splice(place, 1);
    list.splice(end - 1, 0, product);
  }
  return { instructions: list, slots };
};
