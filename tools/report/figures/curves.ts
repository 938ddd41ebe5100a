/** Curves of an experiment: training loss and test error over epochs, a line at the mean of the seeds, a band from least to most. */
import type { Point } from "../results.ts";
import { summarize } from "../statistics.ts";
import { Plot } from "../npm.ts";
import { legendOf, plotOf } from "./plot.ts";
import { colour, element, figure } from "./svg.ts";

/** The curves of a variant, one for each seed. */
export interface Curves {
  readonly name: string;
  readonly curves: readonly (readonly Point[])[];
}

/** The words of the figure. */
export interface CurveWords {
  readonly title: string;
  readonly loss: string;
  readonly error: string;
  readonly epoch: string;
}

interface Band {
  readonly name: string;
  readonly epoch: number;
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

const width = 820, panelWidth = 400, panelHeight = 270;

/** The figure of an experiment. */
export function curvesFigure(variants: readonly Curves[], words: CurveWords): string {
  const shown = variants.filter(({ curves }) => curves.length > 0);
  const names = variants.map(({ name }) => name);
  const [legend, top] = legendOf(names, width);
  const panel = (label: string, values: (point: Point) => number | null) =>
    panelOf(shown.flatMap((variant) => bands(variant, values)), names, label, words.epoch);
  const left = panel(words.loss, ({ loss }) => loss);
  const right = panel(words.error, ({ accuracy }) => accuracy === null ? null : 100 * (1 - accuracy));
  const at = (x: number, svg: string) => element("g", { transform: `translate(${x},${top})` }, svg);
  return figure(width, top + panelHeight, words.title, [legend, at(0, left), at(width - panelWidth, right)].join("\n"));
}

/** Mean and range of the seeds at each epoch. */
function bands({ name, curves }: Curves, values: (point: Point) => number | null): Band[] {
  const byEpoch = Map.groupBy(curves.flat(), ({ epoch }) => epoch);
  return [...byEpoch].sort(([a], [b]) => a - b).flatMap(([epoch, points]) => {
    // A logarithmic axis has no zero.
    const found = points.map(values).filter((value): value is number => value !== null && value > 0);
    return found.length === 0 ? [] : [{ name, epoch, ...summarize(found) }];
  });
}

function panelOf(rows: readonly Band[], names: readonly string[], label: string, epoch: string): string {
  const least = Math.min(...rows.map((row) => row.least)), most = Math.max(...rows.map((row) => row.most));
  const last = Math.max(...rows.map((row) => row.epoch));
  const single = rows.filter((row) => rows.filter(({ name }) => name === row.name).length === 1);
  const common = { x: "epoch", z: "name" };
  return plotOf({
    width: panelWidth,
    height: panelHeight,
    marginLeft: 46,
    marginTop: 30,
    marginBottom: 36,
    marginRight: 20,
    x: { label: epoch, labelAnchor: "center", labelArrow: "none", ticks: ticksOf(last), tickFormat: "d" },
    y: {
      type: "log",
      label,
      labelArrow: "none",
      grid: true,
      ticks: logTicks(least, most),
      tickFormat: (x: number) => `${x}`,
    },
    color: { domain: [...names], range: names.map((_, k) => colour(k)) },
    marks: [
      Plot.areaY(rows, { ...common, y1: "least", y2: "most", fill: "name", fillOpacity: 0.18 }),
      Plot.lineY(rows, { ...common, y: "mean", stroke: "name", strokeWidth: 1.8 }),
      Plot.dot(single, { ...common, y: "mean", fill: "name", r: 3 }),
    ],
  });
}

/** Whole epochs, at most seven. */
function ticksOf(last: number): number[] {
  const stride = [1, 2, 5, 10, 20, 25, 50, 100].find((each) => last / each <= 7) ?? Math.ceil(last / 5);
  return Array.from({ length: Math.floor(last / stride) }, (_, k) => (k + 1) * stride);
}

/** Round numbers between two, for a logarithmic axis: evenly spread where the range is narrow, else as many as there is room for. */
export function logTicks(least: number, most: number): number[] {
  return most < 2 * least ? evenTicks(least, most) : decadeTicks(least, most);
}

/** Numbers in steps of 1, 2 or 5 times a power of ten, at most seven; both ends where there are no two of them. */
function evenTicks(least: number, most: number): number[] {
  const power = 10 ** Math.floor(Math.log10((most - least || most) / 7));
  for (const step of [1, 2, 5, 10, 20].map((each) => each * power)) {
    const first = Math.ceil(least / step - 1e-9), last = Math.floor(most / step + 1e-9);
    if (last - first >= 7) continue;
    if (last <= first) break;
    return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(6)));
  }
  return [...new Set([least, most].map((tick) => Number(tick.toPrecision(3))))];
}

function decadeTicks(least: number, most: number): number[] {
  const decades = Array.from({ length: 14 }, (_, k) => 10 ** (k - 8));
  const within = (steps: readonly number[]) =>
    decades.flatMap((decade) => steps.map((step) => Number((step * decade).toPrecision(3))))
      .filter((tick) => tick >= least * 0.999 && tick <= most * 1.001);
  const found = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 7]].map(within);
  return found.findLast((ticks) => ticks.length <= 8)!;
}
