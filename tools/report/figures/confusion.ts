/** The confusion matrix of a variant: rows are labels, columns what the model said; what it got wrong is coloured. */
import { element, escape, figure, ink, palette, widthOf } from "./svg.ts";

const cell = 42, header = 26;

/** The words of the figure. */
export interface ConfusionWords {
  readonly title: string;
  readonly label: string;
  readonly guess: string;
}

/** The sum of matrices. */
export function sumOf(matrices: readonly (readonly (readonly number[])[])[]): number[][] {
  const [first = []] = matrices;
  return first.map((row, i) => row.map((_, j) => matrices.reduce((sum, matrix) => sum + matrix[i]![j]!, 0)));
}

/** The figure; `names` are those of the classes. */
export function confusionFigure(
  matrix: readonly (readonly number[])[],
  names: readonly string[],
  words: ConfusionWords,
): string {
  const left = Math.max(...names.map(widthOf)) + 40, size = matrix.length * cell;
  const isLong = names.some((name) => name.length > 4), top = 2 * header + (isLong ? 30 : 0);
  const worst = Math.max(1, ...matrix.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const cells = matrix.flatMap((row, i) =>
    row.map((count, j) => {
      const x = left + j * cell, y = top + i * cell, isRight = i === j;
      const opacity = isRight ? 0.14 : count === 0 ? 0 : 0.12 + 0.5 * (count / worst);
      const fill = isRight ? ink : palette[1]!;
      const ground = {
        x: x + 1,
        y: y + 1,
        width: cell - 2,
        height: cell - 2,
        rx: 3,
        fill,
        "fill-opacity": opacity.toFixed(2),
      };
      const text = { x: x + cell / 2, y: y + cell / 2 + 4, "text-anchor": "middle", "font-size": 11 };
      return element("rect", ground) + (count === 0 ? "" : element("text", text, String(count)));
    })
  );
  const rows = names.map((name, k) =>
    element("text", { x: left - 8, y: top + k * cell + cell / 2 + 4, "text-anchor": "end" }, escape(name))
  );
  const columns = names.map((name, k) => {
    const x = left + k * cell + cell / 2, y = top - 8;
    const place = isLong ? { transform: `translate(${x},${y}) rotate(-35)` } : { x, y, "text-anchor": "middle" };
    return element("text", place, escape(name));
  });
  const turned = `translate(14,${top + size / 2}) rotate(-90)`;
  const sides = [
    element("text", { x: left + size / 2, y: 16, "text-anchor": "middle" }, escape(words.guess)),
    element("text", { transform: turned, "text-anchor": "middle" }, escape(words.label)),
  ];
  return figure(
    left + size + (isLong ? 36 : 8),
    top + size + 8,
    words.title,
    [...sides, ...rows, ...columns, ...cells].join("\n"),
  );
}
