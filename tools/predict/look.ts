/** Shows an image to a model, and says what the model sees. */
import { readImage } from "../../data/images/mod.ts";
import { resize } from "../../data/images/resize.ts";
import { noGrad, scope, tensor } from "../../mod.ts";
import type { ImageInfo, OpenedModel } from "../train/model.ts";
import { toDigit } from "./digit.ts";

/** What a model says of an image. */
export interface Sight {
  /** The classes by falling probability. */
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
  /** What the model saw: [channels, height, width], in 0..1. */
  readonly pixels: Float32Array;
  /** Whether dark and light were changed, since digits are white on black. */
  readonly isInverted: boolean;
}

/** Reads an image of any size and shows it to a model. The errors of `readImage`, and RangeError for an image without a digit. */
export async function look({ model, info }: OpenedModel, path: string): Promise<Sight> {
  const { bytes, isInverted } = await prepare(path, info), pixels = Float32Array.from(bytes, (byte) => byte / 255);
  using _ = scope();
  const logits = noGrad(() => model.call(tensor(normalized(pixels, info), { shape: [1, ...info.image] })));
  if (logits.shape.length !== 2 || logits.shape[1] !== info.classes.length) {
    throw new TypeError(`the model gives [${logits.shape}], it must give [1, ${info.classes.length}]`);
  }
  const probabilities = logits.softmax(-1).toArray<number[][]>()[0]!;
  const classes = probabilities
    .map((probability, label) => ({ name: info.classes[label]!, probability }))
    .sort((a, b) => b.probability - a.probability);
  return { classes, pixels, isInverted };
}

/** An image's bytes as the model takes them. Of an image of another aspect, the middle is shown. */
async function prepare(path: string, info: ImageInfo): Promise<{ bytes: Uint8Array; isInverted: boolean }> {
  const [channels, height, width] = info.image;
  const image = await readImage(path, { channels: channels as 1 | 3 });
  if (isOfDigits(info)) {
    const { pixels: bytes, isInverted } = toDigit(image);
    return { bytes, isInverted };
  }
  const [, tall, wide] = image.shape, scale = Math.min(tall / height, wide / width);
  const [cutTall, cutWide] = [height, width].map((side) => Math.max(1, Math.round(side * scale))) as [number, number];
  const top = Math.floor((tall - cutTall) / 2), left = Math.floor((wide - cutWide) / 2);
  const cut = new Uint8Array(channels * cutTall * cutWide);
  for (let row = 0; row < channels * cutTall; row++) {
    const channel = Math.floor(row / cutTall), from = (channel * tall + top + row % cutTall) * wide + left;
    cut.set(image.data.subarray(from, from + cutWide), row * cutWide);
  }
  return { bytes: resize(cut, [channels, cutTall, cutWide], [height, width]), isInverted: false };
}

/** Whether a model is one of MNIST's digits, or of drawn ones. */
function isOfDigits({ image, classes }: ImageInfo): boolean {
  return image.join() === "1,28,28" && classes.join("") === "0123456789";
}

function normalized(
  pixels: Float32Array,
  { image: [, height, width], statistics }: ImageInfo,
): Float32Array<ArrayBuffer> {
  if (statistics === null) return pixels.slice();
  const plane = height * width;
  return Float32Array.from(pixels, (pixel, k) => {
    const channel = Math.floor(k / plane);
    return (pixel - statistics.mean[channel]!) / statistics.deviation[channel]!;
  });
}
