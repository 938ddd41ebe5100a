/**
 * The page of all operators, docs/operators.md, made from the sources: what each does from its doc comment, PyTorch's
 * expression and the derivatives from its first sample, its types and rows from calls of that sample.
 *
 *     deno run -A tests/operators/page.ts > docs/operators.md
 */
import { capture, type DType, scope, setDefaultDevice, type Tensor } from "../../mod.ts";
import { globSync } from "../std.ts";
import { operatorsOf } from "./names.ts";
import { differentiated, operands, resultsOf, type Sample } from "./sample.ts";
import { families } from "./samples/mod.ts";

const titles: Readonly<Record<string, string>> = {
  pointwise: "Element by element",
  special: "Special functions",
  activations: "Activations",
  reductions: "Joining elements along axes",
  scans: "Joining elements up to each one",
  shapes: "Shapes and orders",
  indexing: "Choosing elements",
  sorting: "Elements in order",
  windows: "Windows of neighbouring elements",
  linear: "Linear algebra",
  random: "Random numbers",
  fourier: "Fourier transforms",
};
const home = new URL("../../", import.meta.url);

/** The first sentence of the comment above each method and function, by name. */
function summaries(): Map<string, string> {
  const paths = globSync("core/tensor/{factories,{methods,functions}/*}.ts", { cwd: home.pathname });
  const texts = paths.map((path) => Deno.readTextFileSync(new URL(path, home))).join("\n");
  const found = texts.matchAll(/\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n(?: {2}(?:get )?|export function )(\w+)[(<]/g);
  return new Map(Array.from(found, ([, comment, name]) => [name!, firstSentence(comment!)]));
}

function firstSentence(comment: string): string {
  const text = comment.replace(/^\s*\*? ?/gm, "").replace(/\{@linkcode (?:Tensor\.)?(\w+)\}/g, "`$1`").trim();
  const [sentence = ""] = text.split(/(?<=[.;])\s|\n\n|:\n/);
  return sentence.replace(/\s+/g, " ").replace(/[.;]$/, "").replaceAll("|", "\\|");
}

const kinds: readonly [string, readonly DType[]][] = [
  ["bool", ["bool"]],
  ["integers", ["uint8", "int32"]],
  ["floats", ["float16", "bfloat16", "float32", "float64"]],
];

/** The types that a sample's floats may have instead; without floats, all types that the operator's samples have. */
function typesOf(sample: Sample, all: readonly Sample[]): string {
  const takes = (dtype: DType) => {
    using _ = scope();
    const isFloat = dtype.includes("float");
    // Bools and integers have no fractions, and uint8 nothing below 0.
    const inputs = isFloat
      ? sample.inputs
      : sample.inputs.map((each) => ({ ...each, elements: each.elements.map(whole) }));
    try {
      resultsOf(sample, operands({ ...sample, inputs }, dtype));
      return true;
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) return false;
      throw error;
    }
  };
  if (!sample.inputs.some(({ dtype }) => dtype === "float64")) {
    return [...new Set(all.flatMap(({ inputs }) => inputs.map(({ dtype }) => dtype)))].join(", ");
  }
  const taken = kinds.filter(([, types]) => types.every(takes)).map(([kind]) => kind);
  return taken.length === kinds.length ? "all" : taken.join(", ");
}

function whole(x: number): number {
  return Math.abs(Math.trunc(x));
}

/** The rows and instructions that a sample runs. */
function rowsOf(sample: Sample): string {
  if (sample.reads) return "on the host";
  using _ = scope();
  const captured = capture((...x: Tensor[]) => resultsOf(sample, x));
  try {
    captured(...operands(sample, "float32"));
    const names = Array.from(
      captured.toDot().matchAll(/label="(?:[%$]\d+ = )?([a-zA-Z][\w ]*?) \[/g),
      ([, name]) => name!,
    );
    return names.length === 0 ? "view" : [...new Set(names)].join(", ");
  } finally {
    captured[Symbol.dispose]();
  }
}

const derivatives = ["no", "once", "any order"];

/** The page. */
export async function page(): Promise<string> {
  await setDefaultDevice("reference");
  const what = summaries();
  const parts = Object.entries(families).map(([family, samples]) => {
    const rows = operatorsOf(family).sort().map((name) => {
      const own = Object.entries(samples).flatMap(([key, one]) => key.split(":")[0] === name ? [one] : []);
      const [sample] = own;
      if (sample === undefined) return `| \`${name}\` | ${what.get(name) ?? ""} | | | | |`;
      const order = differentiated(sample).length === 0 ? 0 : sample.order ?? 2;
      const cells = [
        `\`${name}\``,
        what.get(name) ?? "",
        `\`${sample.torch.replaceAll("|", "\\|")}\``,
        typesOf(sample, own),
        derivatives[order],
        rowsOf(sample),
      ];
      return `| ${cells.join(" | ")} |`;
    });
    const head =
      "| operator | what it gives | PyTorch | types | derivatives | rows |\n| --- | --- | --- | --- | --- | --- |";
    return rows.length === 0 ? "" : `## ${titles[family]}\n\n${head}\n${rows.join("\n")}\n`;
  });
  return `# Operators

<!-- Made by tests/operators/page.ts. -->

Methods of \`Tensor\` and functions, on every device. PyTorch's expression means the same for tensors \`a\`, \`b\`, \`c\`;
\`tests/operators/\` compares values and derivatives. Types are those that the operands may have: \`bool\`, the integers
\`uint8\` and \`int32\`, the floats \`float16\`, \`bfloat16\`, \`float32\` and \`float64\`. The last column names the rows of
\`kernels/table.json\` and the other instructions that a call runs. A view runs none; what reads elements on the host
cannot be captured.

${parts.filter((part) => part !== "").join("\n")}`;
}

if (import.meta.main) {
  const fmt = new Deno.Command("deno", {
    args: ["fmt", "--ext", "md", "-"],
    cwd: home,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(await page()));
  await writer.close();
  await Deno.stdout.write((await fmt.output()).stdout);
}
