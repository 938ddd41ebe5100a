/**
 * SVG text: the document that plots draw on, the colours of all figures, and small pieces. Colours are of middle lightness
 * and grounds are left out, so that a figure reads on white and on black.
 */
import { parseHTML } from "../npm.ts";

/** The colours of variants, in order. */
export const palette = [
  "#3b82c4",
  "#dd7a2f",
  "#2f9e6e",
  "#c2528b",
  "#8a6fd1",
  "#a08a1c",
  "#4aa3b5",
  "#b5554a",
  "#6f8f2f",
  "#d06fd0",
];
/** The colour of text and axes. */
export const ink = "#7a828e";

/** The colour of the k-th variant. */
export function colour(k: number): string {
  return palette[k % palette.length]!;
}

/** The document of plots. */
export const { document } = parseHTML("<!DOCTYPE html><html><body></body></html>") as unknown as { document: unknown };

/** Text for SVG. */
export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** An element of SVG text. */
export function element(name: string, attributes: Readonly<Record<string, string | number>>, inside = ""): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(String(value))}"`).join("");
  return inside === "" ? `<${name}${words}/>` : `<${name}${words}>${inside}</${name}>`;
}

/** A figure: its size, what it shows in words, and its elements. */
export function figure(width: number, height: number, title: string, inside: string): string {
  const [wide, high] = [Math.ceil(width), Math.ceil(height)];
  const size = { width: wide, height: high, viewBox: `0 0 ${wide} ${high}` };
  const style = { "font-family": "system-ui, sans-serif", "font-size": 12, fill: ink, color: ink };
  const root = { xmlns: "http://www.w3.org/2000/svg", ...size, ...style, role: "img" };
  return element("svg", root, `\n<title>${escape(title)}</title>\n${inside}\n`) + "\n";
}

/** About how wide a text of size 12 is: Chinese characters are twice as wide as others. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character > "⺀" ? 12.5 : 6.8), 0);
}
