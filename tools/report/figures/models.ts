/** The two models drawn: rows of boxes, each row a chain of layers, with the shortcut of a residual row above it. */
import { element, escape, figure, ink, palette, widthOf } from "./svg.ts";

/** A layer, and below its name what it maps to what; "+" is a sum with the shortcut. */
type Box = readonly [name: string, detail?: string];

/** A chain of layers; `skips` draws a shortcut from the beginning to each "+". */
interface Row {
  readonly title: string;
  readonly boxes: readonly Box[];
}

const left = 16, boxHeight = 40, rowHeight = 112, arrow = 17;
/** Layers by what they do: those with weights, those that scale or normalize, and those without parameters. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^(Linear|Patch)/, palette[0]!],
  [/^(Batch|Layer|Norm|Affine)/, palette[2]!],
  [/^(Block|ResMLP)/, palette[4]!],
];

const norms: Readonly<Record<string, string>> = {
  affine: "Affine",
  batch: "BatchNorm",
  layer: "LayerNorm",
  none: "Identity",
};

/** `Linear, ReLU, depth x Block, Linear`, and a block. */
export function mlpResNetFigure(
  { inputs = 784, width = 128, depth = 3, classes = 10 } = {},
): string {
  const hidden = Math.floor(width / 2);
  const blocks = Array.from({ length: depth }, (_, k): Box => [`Block ${k + 1}`, `${width}`]);
  return modelFigure("MLPResNet", [
    {
      title: "MLPResNet",
      boxes: [["Image", `${inputs}`], ["Linear", `${inputs} → ${width}`], ["ReLU"], ...blocks, [
        "Linear",
        `${width} → ${classes}`,
      ], ["Logits", `${classes}`]],
    },
    {
      title: "Block",
      boxes: [
        ["x", `${width}`],
        ["Linear", `${width} → ${hidden}`],
        ["BatchNorm"],
        ["ReLU"],
        ["Dropout"],
        ["Linear", `${hidden} → ${width}`],
        ["BatchNorm"],
        ["+"],
        ["ReLU"],
      ],
    },
  ]);
}

/** Patches, `depth` layers that mix first over patches, then over features, and the mean of patches. */
export function resMlpFigure(
  { channels = 3, side = 32, patch = 4, width = 128, depth = 8, expansion = 4, classes = 10, norm = "affine" } = {},
): string {
  const patches = (side / patch) ** 2, pixels = channels * patch ** 2, inner = expansion * width;
  return modelFigure("ResMLP", [
    {
      title: "ResMLP",
      boxes: [
        ["Image", `${channels}×${side}×${side}`],
        ["Patches", `${patches}×${pixels}`],
        ["Linear", `${pixels} → ${width}`],
        ["ResMLP 1", `${patches}×${width}`],
        ["…"],
        [`ResMLP ${depth}`, `${patches}×${width}`],
        [norms[norm]!, `${width}`],
        ["Mean", "patches"],
        ["Linear", `${width} → ${classes}`],
      ],
    },
    {
      title: `ResMLP 1 … ${depth}: mix patches`,
      boxes: [
        ["x", `${patches}×${width}`],
        [norms[norm]!, `${width}`],
        ["Transpose"],
        ["Linear", `${patches} → ${patches}`],
        ["Transpose"],
        ["LayerScale", `${width}`],
        ["+"],
      ],
    },
    {
      title: "then mix features",
      boxes: [
        ["x", `${patches}×${width}`],
        [norms[norm]!, `${width}`],
        ["Linear", `${width} → ${inner}`],
        ["GELU"],
        ["Linear", `${inner} → ${width}`],
        ["LayerScale", `${width}`],
        ["+"],
      ],
    },
  ]);
}

function modelFigure(title: string, rows: readonly Row[]): string {
  const drawn = rows.map((row, k) => chain(row, k * rowHeight + 6));
  const width = Math.max(...drawn.map(({ end }) => end)) + left;
  return figure(width, rows.length * rowHeight, title, drawn.map(({ svg }) => svg).join("\n"));
}

/** A row from `top` down, and where it ends on the right. */
function chain({ title, boxes }: Row, top: number): { svg: string; end: number } {
  const y = top + 46,
    middle = y + boxHeight / 2,
    parts = [element("text", { x: left, y: top + 12, "font-weight": 600 }, escape(title))];
  let x = left, begin = 0;
  for (const [k, [name, detail]] of boxes.entries()) {
    if (k > 0) {
      parts.push(line(`M${x},${middle}H${x + arrow - 5}`), head(x + arrow, middle));
      x += arrow;
    }
    if (name === "+") {
      const centre = x + 10;
      parts.push(
        element("circle", { cx: centre, cy: middle, r: 10, fill: "none", stroke: ink }),
        line(`M${centre - 5},${middle}H${centre + 5}M${centre},${middle - 5}V${middle + 5}`),
        // The shortcut: from behind the first box over the others down to the sum.
        line(`M${begin},${middle}V${y - 18}H${centre}V${middle - 14}`),
        element("path", { d: `M${centre},${middle - 10}l-4,-6h8z`, fill: ink }),
      );
      x += 20;
      continue;
    }
    const width = Math.max(34, widthOf(name) + 16, widthOf(detail ?? "") * 0.85 + 14);
    parts.push(box(x, y, width, name, detail));
    x += width;
    if (k === 0) begin = x + arrow / 2 - 3;
  }
  return { svg: parts.join("\n"), end: x };
}

function box(x: number, y: number, width: number, name: string, detail?: string): string {
  const tint = kinds.find(([pattern]) => pattern.test(name))?.[1] ?? ink;
  const middle = { x: x + width / 2, "text-anchor": "middle" };
  return element("rect", { x, y, width, height: boxHeight, rx: 5, fill: tint, "fill-opacity": 0.14, stroke: tint }) +
    element("text", { ...middle, y: y + (detail === undefined ? 24 : 18) }, escape(name)) +
    (detail === undefined ? "" : element("text", { ...middle, y: y + 32, "font-size": 10.5 }, escape(detail)));
}

function line(d: string): string {
  return element("path", { d, fill: "none", stroke: ink, "stroke-width": 1.3 });
}

function head(x: number, y: number): string {
  return element("path", { d: `M${x},${y}l-6,-4v8z`, fill: ink });
}
