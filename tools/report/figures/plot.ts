/** Plots as pieces of a figure: Observable Plot on the figures' document, and the legend above. */
import { Plot } from "../npm.ts";
import { colour, document, element, escape, widthOf } from "./svg.ts";

const lineHeight = 20;

/** The elements of a plot. Its style sheet is for pages; lengths need no more than a hundredth of a pixel. */
export function plotOf(options: Plot.PlotOptions): string {
  const style = { fontSize: "12px", background: "none" };
  const svg = Plot.plot({ document, style, ...options } as Plot.PlotOptions) as unknown as { innerHTML: string };
  // The anchor of its texts is an attribute of the element that is left out.
  const inside = svg.innerHTML.replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/\d+\.\d{2,}/g, (number) => String(Math.round(Number(number) * 100) / 100));
  return element("g", { "text-anchor": "middle" }, inside);
}

/** The names with their colours in rows of at most `width`, and the height that they take. */
export function legendOf(names: readonly string[], width: number): [svg: string, height: number] {
  let x = 46, y = 14;
  const items = names.map((name, k) => {
    const length = widthOf(name) + 40;
    if (x + length > width && x > 46) [x, y] = [46, y + lineHeight];
    const line = element("line", { x1: x, x2: x + 18, y1: y - 4, y2: y - 4, stroke: colour(k), "stroke-width": 3 });
    const text = element("text", { x: x + 24, y }, escape(name));
    x += length;
    return line + text;
  });
  return [items.join("\n"), y + 6];
}
