/**
 * Pictures of the examples: a chart of points and lines as SVG, and a grid of images as PNG. They are drawn as the figures of the
 * report are, with packages of npm: examples import this file only where a picture is asked for.
 */
import { Plot } from "../tools/report/npm.ts";
import { stripOf } from "../tools/report/figures/mistakes.ts";
import { legendOf, plotOf } from "../tools/report/figures/plot.ts";
import { colour, element, figure } from "../tools/report/figures/svg.ts";

/** Points [x, y] with a name, drawn one by one or joined by a line. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly kind?: "dots" | "line";
}

/** What a chart shows in words, the words at its axes, and its size in pixels. */
export interface ChartOptions {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly width?: number;
  readonly height?: number;
  /** Writes the name of each series at the middle of its points, and leaves out the legend; false by default. */
  readonly isNamedInside?: boolean;
}

/** A chart as the text of an SVG file. */
export function chart(series: readonly Series[], options: ChartOptions): string {
  const { title, x, y, width = 520, height = 340, isNamedInside = false } = options;
  const marks = series.map(({ points, kind = "dots" }, k) =>
    kind === "line"
      ? Plot.line(points, { x: ([x]) => x, y: ([, y]) => y, stroke: colour(k), strokeWidth: 1.8 })
      : dots(points, colour(k))
  );
  const names = series.filter(({ points }) => points.length > 0)
    .map(({ name, points }) => ({ name, x: median(points, 0), y: median(points, 1) }));
  const inside = { x: "x", y: "y", text: "name", fill: "#111", stroke: "white", strokeWidth: 5, fontSize: 18 } as const;
  const all = series.flatMap(({ points }) => points);
  const axis = (label: string, place: 0 | 1) =>
    ({ label, domain: extent(all, place), labelArrow: "none", grid: true, nice: true }) as const;
  const plot = plotOf({
    width,
    height,
    marginLeft: 46,
    marginTop: 28,
    marginBottom: 36,
    marginRight: 30,
    x: { ...axis(x, 0), labelAnchor: "center" },
    y: axis(y, 1),
    marks: [...marks, ...isNamedInside ? [Plot.text(names, inside)] : []],
  });
  const [legend, top] = isNamedInside ? ["", 0] : legendOf(series.map(({ name }) => name), width);
  return figure(width, top + height, title, legend + element("g", { transform: `translate(0,${top})` }, plot));
}

/** Points as one path of lines without length, whose ends are round: a file of thousands stays small. */
function dots(points: Series["points"], stroke: string): Plot.RenderFunction {
  const size = points.length < 150 ? "6" : "3.4";
  return (_index, { scales }, _values, _dimensions, { document }) => {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const place = (scale: Plot.Scale | undefined, value: number) => scale!.apply(value).toFixed(1);
    const d = points.map(([x, y]) => `M${place(scales.x, x)},${place(scales.y, y)}h0`).join("");
    const attributes = { d, stroke, fill: "none", "stroke-width": size, "stroke-linecap": "round", opacity: "0.8" };
    for (const [name, value] of Object.entries(attributes)) path.setAttribute(name, value);
    return path;
  };
}

/** The least and the largest of the points' coordinates along an axis. */
function extent(points: Series["points"], axis: 0 | 1): [number, number] {
  return points.reduce<[number, number]>(
    ([least, most], point) => [Math.min(least, point[axis]), Math.max(most, point[axis])],
    [Infinity, -Infinity],
  );
}

/** The middle one of the points' coordinates along an axis. */
function median(points: Series["points"], axis: 0 | 1): number {
  const sorted = points.map((point) => point[axis]).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Gray images of one size, each number in 0..1, in rows of `columns`, as a PNG file. */
export function grid(
  images: readonly ArrayLike<number>[],
  columns: number,
  [height, width]: readonly [height: number, width: number],
): Uint8Array {
  const rows = Math.ceil(images.length / columns), all = new Float32Array(rows * height * columns * width);
  for (const [k, image] of images.entries()) {
    const top = Math.floor(k / columns) * height, left = (k % columns) * width;
    for (let row = 0; row < height; row++) {
      const line = Array.prototype.slice.call(image, row * width, (row + 1) * width);
      all.set(line, (top + row) * columns * width + left);
    }
  }
  return stripOf([all], [1, rows * height, columns * width]);
}
