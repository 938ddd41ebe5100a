/** Test images drawn as text, side by side, each with what a model says of it. */
import { type data, type nn, noGrad, scope } from "../../mod.ts";
import { picture } from "../picture.ts";
import type { ImageInfo } from "./model.ts";

/** The largest side of an image that is drawn: a character is a pixel wide. */
const sideMost = 32;

/**
 * The first images of a loader with the model's guesses, as lines of text; "" for images that are not grey or too large.
 * `wanted` is their number.
 */
export async function drawPredictions(
  model: nn.Module,
  set: data.Dataset,
  loader: data.DataLoader,
  { image: [channels, height, width], classes }: ImageInfo,
  wanted = 3,
): Promise<string> {
  if (channels !== 1 || height > sideMost || width > sideMost) return "";
  model.eval();
  for await (const [x] of loader) {
    using _ = scope();
    const count = Math.min(wanted, x.shape[0]!), rows = noGrad(() => model.call(x).softmax(-1)).toArray<number[][]>();
    const lines: string[] = [];
    for (let index = 0; index < count; index++) {
      // The pixels are those of the set, since the loader may have normalized them.
      const [pixels, label] = await set.get(index), probabilities = rows[index]!;
      const guess = probabilities.indexOf(Math.max(...probabilities));
      const mark = guess === label.item() ? "" : ` (it is ${classes[label.item()]})`;
      const title = `${classes[guess]}, ${Math.round(probabilities[guess]! * 100)} % sure${mark}`;
      const drawn = picture(pixels.toTypedArray(), [channels, height, width], { colours: false, margin: 2 });
      for (const [row, text] of [...drawn, title].entries()) {
        lines[row] = (lines[row] ?? "") + text.padEnd(width);
      }
      pixels.dispose();
      label.dispose();
    }
    return lines.map((line) => line.trimEnd()).join("\n");
  }
  return "";
}
