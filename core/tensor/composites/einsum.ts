/** Einstein's notation for sums of products. */
import { refuse, shown } from "../../pure/check.ts";
import { showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { contract } from "./contraction.ts";

/** The equation as one of {@linkcode contract}: the labels of each tensor and of the result. */
export function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  if (typeof equation !== "string") refuse("einsum", equation, 'an equation such as "ij,jk->ik"');
  const [left, right, ...more] = equation.replaceAll(/\s/g, "").split("->"), terms = left!.split(",");
  if (more.length > 0) fail(equation, "it must have one arrow at most");
  if (terms.length !== tensors.length) fail(equation, `there are ${tensors.length} tensors for ${terms.length} terms`);
  const rests = terms.map((term, k) => tensors[k]!.shape.length - lettersOf(equation, term).length);
  rests.forEach((rest, k) => {
    if (rest === 0 || (rest > 0 && terms[k]!.includes("..."))) return;
    fail(equation, `term ${shown(terms[k])} does not name the axes of tensor ${showShape(tensors[k]!.shape)}`);
  });
  // The axes of an ellipsis are counted from the last one, since they stretch as NumPy's do.
  const most = Math.max(0, ...rests);
  const labels = terms.map((term, k) => labelsOf(term, rests[k]!));
  const output = right === undefined ? implied(terms, most) : labelsOf(right, most);
  if (right !== undefined) checkOutput(equation, right, terms);
  return contract("einsum", tensors, labels, output);
}

function fail(equation: string, what: string): never {
  throw new TypeError(`Cannot einsum: ${shown(equation)}, ${what}`);
}

/** The letters of a term. TypeError for other signs, and for dots that are no ellipsis. */
function lettersOf(equation: string, term: string): string[] {
  const letters = [...term.replace("...", "")], wrong = letters.find((letter) => !/[a-zA-Z]/.test(letter));
  if (wrong !== undefined) fail(equation, `${JSON.stringify(wrong)} is neither a letter nor part of an ellipsis`);
  return letters;
}

/** The label of each axis of a term whose ellipsis stands for `rest` axes. */
function labelsOf(term: string, rest: number): string[] {
  const [before, after] = term.split("...");
  const between = after === undefined ? [] : Array.from({ length: rest }, (_, k) => `...${rest - k}`);
  return [...before!, ...between, ...after ?? ""];
}

/** The output where none is given: the axes of the ellipses, and in the order of the alphabet all letters that stand once. */
function implied(terms: readonly string[], most: number): string[] {
  const letters = [...terms.join("").replaceAll("...", "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return [...labelsOf("...", most), ...once];
}

function checkOutput(equation: string, output: string, terms: readonly string[]): void {
  const letters = lettersOf(equation, output);
  for (const letter of letters) {
    if (!terms.some((term) => term.includes(letter))) fail(equation, `no term has the label ${letter} of the output`);
    if (letters.indexOf(letter) !== letters.lastIndexOf(letter)) fail(equation, `the output has label ${letter} twice`);
  }
}
