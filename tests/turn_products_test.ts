/**
 * The pass that turns products: which products are written turned, which memory turns with them, and what prevents it.
 *
 * Lists are written as text, a line an instruction: `2,3: r(3,1) = add p(1,2) Z(3,1)`. Before the colon stand the lengths
 * that the instruction runs over, of a fold the kept ones before `|`, of a product its batch, rows, columns and depth, of a
 * gather outer, count, length and inner. `p@2:1(1,2)` is memory `p` from element 2 on, of type 1, with these strides.
 * Capital letters are memory from outside, `r` begins the name of a result; all else is the list's own, as large as what is
 * first written there, or with room for as many elements as its name ends in.
 */
import { isColumn } from "../core/capture/passes/fold_order.ts";
import { turnProducts } from "../core/capture/passes/mod.ts";
import type { Instruction, List, Slot, View } from "../core/capture/list.ts";
import { dtypeBytes, foldRows, mapRows, opcode, opcodeName } from "../kernels/instruction.ts";
import orders from "../kernels/program/fold_orders.json" with { type: "json" };
import { shapeOf, viewShape } from "../kernels/schema.ts";
import { assertEquals } from "./support.ts";

/** The words of an instruction before its views, and the number of elements that the first view shows. */
function headOf(
  what: string,
  lengths: readonly number[],
  kept: number,
  inputs: number,
): [words: number[], size: number] {
  const size = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1), rank = lengths.length;
  const map = mapRows.findIndex((row) => row === what), fold = foldRows.findIndex((row) => row === what);
  if (what === "matmul") {
    const batch = lengths.slice(0, -3), [m, n, k] = lengths.slice(-3) as [number, number, number];
    return [[opcode.matmul, 0, 0, batch.length, m, n, k, ...batch], size(batch) * m * n];
  }
  if (what === "gather") {
    const [outer, count, length, inner] = lengths as [number, number, number, number];
    return [[opcode.gather, 0, outer, count, length, inner], outer * count * inner];
  }
  if (fold >= 0) {
    return [[opcode.fold, 0, fold, 0, rank, kept, inputs, 0, 0, 0, ...lengths], size(lengths.slice(0, kept))];
  }
  return [[opcode.map, 0, map, 0, rank, inputs, 0, 0, 0, ...lengths], size(lengths)];
}

/** Parses a list from text. Returns it with the names of its slots. */
function listOf(text: string): { list: List; names: Map<Slot, string> } {
  const slots = new Map<string, Slot>();
  const instructions = text.split("\n").map((line): Instruction => {
    const [, sizes, out, what, operands] = /^(\S+): (\S+) = (\w+) ?(.*)$/.exec(line)!;
    const [kept, joined] = sizes!.split("|").map((part) => part.split(",").filter((word) => word !== "").map(Number));
    const named = [out!, ...operands!.split(" ").filter((word) => word !== "")];
    const [words, size] = headOf(what!, [...kept!, ...joined ?? []], kept!.length, named.length - 1);
    const views = named.map((word): View => {
      const [, name, offset, type, strides] = /^([a-zA-Z]+\d*)(?:@(\d+))?(?::(\d))?\((.*)\)$/.exec(word)!;
      let slot = slots.get(name!);
      if (slot === undefined) {
        const elements = Number(/\d+$/.exec(name!)?.[0] ?? size), isOutside = /^[A-Z]/.test(name!);
        const bytes = isOutside ? null : elements * dtypeBytes[Number(type ?? 0)]!, number = slots.size;
        slot = { number, handle: number + 1, bytes, constant: false, escapes: name![0] === "r", freed: false };
        slots.set(name!, slot);
      }
      const view = { at: words.length, slot };
      words.push(0, Number(type ?? 0), Number(offset ?? 0), ...strides!.split(",").filter((s) => s !== "").map(Number));
      return view;
    });
    words[1] = words.length;
    return { words, views, actions: [] };
  });
  return { list: { instructions, slots: [...slots.values()] }, names: new Map([...slots].map(([k, v]) => [v, k])) };
}

/** Writes a list as such text. */
function textOf({ instructions }: List, names: ReadonlyMap<Slot, string>): string[] {
  return instructions.map(({ words, views }) => {
    const kind = opcodeName[words[0]!]!, lengths = shapeOf(words), kept = viewShape(words, 0).length;
    const what = kind === "map" ? mapRows[words[2]!]! : kind === "fold" ? foldRows[words[2]!]! : kind;
    const [out, ...operands] = views.map(({ at, slot }, place) => {
      const [type, offset] = [words[at + 1]!, words[at + 2]!], rank = viewShape(words, place).length;
      const strides = words.slice(at + 3, at + 3 + rank);
      return names.get(slot)! + (offset > 0 ? `@${offset}` : "") + (type > 0 ? `:${type}` : "") + `(${strides})`;
    });
    const sizes = kind === "fold" ? `${lengths.slice(0, kept)}|${lengths.slice(kept)}` : `${lengths}`;
    return [`${sizes}: ${out} = ${what}`, ...operands].join(" ");
  });
}

const product = "3,2,4: p(2,1) = matmul X(4,1) Y(2,1)";
const turned = "3,2,4: p(1,3) = matmul X(4,1) Y(2,1)";
/** Two reads of the product: across its rows, and as the product lies once it is turned. */
const across = (name: string) => `2,3: r(3,1) = add ${name}(1,2) Z(3,1)`;
const along = (name: string) => `2,3: r(3,1) = add ${name}(3,1) Z(3,1)`;

/** Lists before and after the pass. A list without `after` is left alone. */
const cases: [name: string, before: string[], after?: string[]][] = [
  ["writes a product turned where it is read across memory", [product, across("p")], [turned, along("p")]],
  ["leaves a product that is read as it lies", [product, "3,2: r(2,1) = add p(2,1) Z(2,1)"]],
  ["leaves a product that is read both ways", [product, across("p"), "3,2: rr(2,1) = add p(2,1) Z(2,1)"]],
  [
    "turns each product of a batch",
    ["5,3,2,4: p(6,2,1) = matmul X(12,4,1) Y(0,2,1)", "5,2,3: r(6,3,1) = add p(6,1,2) Z(6,3,1)"],
    ["5,3,2,4: p(6,1,3) = matmul X(12,4,1) Y(0,2,1)", "5,2,3: r(6,3,1) = add p(6,3,1) Z(6,3,1)"],
  ],
  [
    "goes on from the element where a part begins",
    [product, "2,2: r(2,1) = add p@2(1,2) Z(2,1)"],
    [turned, "2,2: r(2,1) = add p@1(3,1) Z(2,1)"],
  ],
  [
    "leaves strides of axes of one element",
    [product, "1,2,3: r(6,3,1) = add p(9,1,2) Z(6,3,1)"],
    [turned, "1,2,3: r(6,3,1) = add p(9,3,1) Z(6,3,1)"],
  ],
  [
    "finds one product of a batch",
    ["5,3,2,4: p(6,2,1) = matmul X(12,4,1) Y(0,2,1)", "2,3: r(3,1) = add p@6(1,2) Z(3,1)"],
    ["5,3,2,4: p(6,1,3) = matmul X(12,4,1) Y(0,2,1)", "2,3: r(3,1) = add p@6(3,1) Z(3,1)"],
  ],
  ["leaves a product that is read over and over", [product, "4,2,3: r(6,3,1) = add p(0,1,2) Z(6,3,1)"]],
  // Maps of the product.
  [
    "turns a map with the product that it reads",
    [product, "3,2: q(2,1) = relu p(2,1)", across("q")],
    [turned, "2,3: q(3,1) = relu p(3,1)", along("q")],
  ],
  [
    "turns maps of maps",
    [product, "3,2: q(2,1) = relu p(2,1)", "3,2: s(2,1) = exp q(2,1)", across("s")],
    [turned, "2,3: q(3,1) = relu p(3,1)", "2,3: s(3,1) = exp q(3,1)", along("s")],
  ],
  [
    "turns a map into another type",
    [product, "3,2: q:1(2,1) = copy p(2,1)", "2,3: r:1(3,1) = add q:1(1,2) Z:1(3,1)"],
    [turned, "2,3: q:1(3,1) = copy p(3,1)", "2,3: r:1(3,1) = add q:1(3,1) Z:1(3,1)"],
  ],
  [
    "goes through a map in the order of its output",
    [product, "3,2: q(1,3) = relu p(2,1)", along("q")],
    [turned, "2,3: q(3,1) = relu p(3,1)", along("q")],
  ],
  [
    "turns a map of all elements as they lie",
    [product, "6: q(1) = relu p(1)", across("q")],
    [turned, "6: q(1) = relu p(1)", along("q")],
  ],
  [
    "turns such a map beside one number for all",
    [product, "6: q(1) = add p(1) N(0)", across("q")],
    [turned, "6: q(1) = add p(1) N(0)", along("q")],
  ],
  ["leaves such a map beside other memory", [product, "6: q(1) = add p(1) Z(1)", across("q")]],
  [
    "leaves such a map that counts its elements",
    [product, "6: q(1) = crossEntropyGradient p(1) N(0) N(0) N(0) N(0)", across("q")],
  ],
  [
    "leaves the axes of a map that counts along them",
    [product, "3,2: q(2,1) = crossEntropyGradient p(2,1) N(0,0) N(0,0) N(0,0) N(0,0)", across("q")],
    [turned, "3,2: q(1,3) = crossEntropyGradient p(1,3) N(0,0) N(0,0) N(0,0) N(0,0)", along("q")],
  ],
  [
    "turns a map whatever its stride along an axis of one element",
    [product, "1,3,2: q(9,2,1) = relu p(6,2,1)", across("q")],
    [turned, "1,2,3: q(9,3,1) = relu p(6,3,1)", along("q")],
  ],
  [
    "leaves a map where turning it spares less",
    [
      product,
      across("p"),
      across("p"),
      across("p"),
      "3,2: q(2,1) = relu p(2,1)",
      "3,2: rr(2,1) = add q(2,1) Z(2,1)",
      "3,2: rr(2,1) = mul q(2,1) Z(2,1)",
    ],
    [
      turned,
      along("p"),
      along("p"),
      along("p"),
      "3,2: q(2,1) = relu p(1,3)",
      "3,2: rr(2,1) = add q(2,1) Z(2,1)",
      "3,2: rr(2,1) = mul q(2,1) Z(2,1)",
    ],
  ],
  ["leaves a map that does not lie as what it reads", [product, "3,2: q(2,1) = relu p(0,1)", across("q")]],
  ["leaves a map of some elements as they lie", [product, "4: q6(1) = relu p(1)", across("q6")]],
  ["leaves a map that is a result", [product, "3,2: r(2,1) = relu p(2,1)", "2,3: rr(3,1) = add r(1,2) Z(3,1)"]],
  ["leaves a map that is written again", [
    product,
    "3,2: q(2,1) = relu p(2,1)",
    "3,2: q(2,1) = add q(2,1) Z(2,1)",
    across("q"),
  ]],
  ["leaves a map into a part", [product, "3,2: q8(2,1) = relu p(2,1)", across("q8")]],
  ["leaves two products that it would have to turn at once", [
    product,
    "3,2,4: s(2,1) = matmul X(4,1) W(2,1)",
    "3,2: q(2,1) = mul p(2,1) s(2,1)",
    across("q"),
  ]],
  // Products that are not the list's own, or not whole.
  ["leaves a result", ["3,2,4: r(2,1) = matmul X(4,1) Y(2,1)", "2,3: rr(3,1) = add r(1,2) Z(3,1)"]],
  ["leaves memory from outside", ["3,2,4: P(2,1) = matmul X(4,1) Y(2,1)", across("P")]],
  ["leaves a product that is written again", [product, "3,2: p(2,1) = relu p(2,1)", across("p")]],
  ["leaves a product that fills a part", ["3,2,4: p8(2,1) = matmul X(4,1) Y(2,1)", across("p8")]],
  ["leaves a product that fills the end", [
    "3,2,4: p8@2(2,1) = matmul X(4,1) Y(2,1)",
    "2,3: r(3,1) = add p8@2(1,2) Z(3,1)",
  ]],
  ["leaves a product that is turned already", [turned, "3,2: r(2,1) = add p(1,3) Z(2,1)"]],
  // Other instructions that read the product.
  [
    "lets a product read it turned",
    [product, across("p"), "3,5,2: rr(5,1) = matmul p(2,1) W(5,1)"],
    [turned, along("p"), "3,5,2: rr(5,1) = matmul p(1,3) W(5,1)"],
  ],
  [
    "lets a fold of all elements read it turned",
    [product, across("p"), "|3,2: rr() = sum p(2,1)"],
    [turned, along("p"), "|3,2: rr() = sum p(1,3)"],
  ],
  [
    "lets a fold read it turned whose first operand decides the order",
    [product, across("p"), "3|2: rr(1) = dot Z(2,1) p(2,1)"],
    [turned, along("p"), "3|2: rr(1) = dot Z(2,1) p(1,3)"],
  ],
  ["leaves what a fold would then join down columns", [product, across("p"), "3|2: rr(1) = sum p(2,1)"]],
  ["leaves what a fold would then join along rows", [product, across("p"), "2|3: rr(1) = sum p(1,2)"]],
  ["leaves what is gathered from", [product, across("p"), "1,2,3,2: rr(4,2,1) = gather p(6,2,1) I(0,1,0)"]],
  ["leaves what is read backwards", [product, "2,3: r(3,1) = add p@1(-1,2) Z(3,1)"]],
  ["leaves what is read past the end of its rows", [product, across("p"), "5: rr(1) = relu p(1)"]],
  ["leaves what is read in steps of other lengths than its rows", [product, across("p"), "2: rr(1) = relu p(3)"]],
];
for (const [name, before, after = before] of cases) {
  Deno.test(`turnProducts ${name}`, () => {
    const { list, names } = listOf(before.join("\n")), untouched = JSON.stringify(list.instructions);
    assertEquals(textOf(list, names), before, "the language loses something");
    assertEquals(textOf(turnProducts(list), names), after);
    assertEquals(JSON.stringify(list.instructions), untouched, "the list that was given has changed");
  });
}

for (const { name, shape, kept, inputs, column } of orders) {
  Deno.test(`isColumn answers as the kernels do: ${name}`, () => {
    const operands = inputs.map((strides) => `X(${strides})`).join(" ");
    const row = ["sum", "dot", "sumSquaredDeviation"][inputs.length - 1];
    const line = `${shape.slice(0, kept)}|${shape.slice(kept)}: r(${
      shape.slice(0, kept).map(() => 0)
    }) = ${row} ${operands}`;
    assertEquals(isColumn(listOf(line).list.instructions[0]!), column);
  });
}
