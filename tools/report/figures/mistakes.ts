/** Test images that a model took for another class: a strip of images as PNG, and the figure that names them. */
import { Buffer } from "node:buffer";
import type { Mistake } from "../results.ts";
import { PNG } from "../npm.ts";
import { element, escape, figure, palette } from "./svg.ts";

/** PNG's numbers of its kinds of pixels. */
const gray = 0, coloured = 2;
const columns = 8, shown = 64, gap = 32, caption = 38;

/** Images of one shape [channels, height, width], with values in 0..1, beside each other as a PNG file. */
export function stripOf(
  images: readonly ArrayLike<number>[],
  [channels, height, width]: readonly [number, number, number],
): Uint8Array {
  const total = images.length * width, data = Buffer.alloc(total * height * 4, 255);
  for (const [k, image] of images.entries()) {
    for (let pixel = 0; pixel < height * width; pixel++) {
      const place = Math.floor(pixel / width) * total + k * width + pixel % width;
      for (let color = 0; color < 3; color++) {
        // A gray image has one channel for all three colours.
        const value = image[Math.min(color, channels - 1) * height * width + pixel]!;
        data[place * 4 + color] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
    }
  }
  return PNG.sync.write({ width: total, height, data }, { colorType: channels === 1 ? gray : coloured });
}

/** The figure: each image with its label, and below it what the model said and how sure it was. */
export function mistakesFigure(
  mistakes: readonly Mistake[],
  strip: Uint8Array,
  names: readonly string[],
  title: string,
): string {
  const rows = Math.ceil(mistakes.length / columns), step = shown + gap, line = shown + caption;
  const source = `data:image/png;base64,${strip.toBase64()}`;
  const images = mistakes.map(({ label, guess, probability }, k) => {
    const x = gap / 2 + (k % columns) * step, y = 4 + Math.floor(k / columns) * line;
    // Each is a window on the strip, which stands in the file once.
    const window = { x, y, width: shown, height: shown, viewBox: `${k} 0 1 1`, preserveAspectRatio: "none" };
    const middle = { x: x + shown / 2, "text-anchor": "middle", "font-size": 11 };
    const right = element("text", { ...middle, y: y + shown + 13 }, escape(names[label] ?? String(label)));
    const wrong = element(
      "text",
      { ...middle, y: y + shown + 26, fill: palette[1]! },
      escape(`${names[guess] ?? guess}, ${Math.round(100 * probability)} %`),
    );
    return element("svg", window, element("use", { href: "#strip" })) + right + wrong;
  });
  const image = { id: "strip", href: source, width: mistakes.length, height: 1, preserveAspectRatio: "none" };
  const defs = element("defs", {}, element("image", { ...image, style: "image-rendering: pixelated" }));
  return figure(columns * step, rows * line + 4, title, [defs, ...images].join("\n"));
}
