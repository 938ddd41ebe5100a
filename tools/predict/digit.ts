/**
 * Makes of any image of a digit what MNIST's images are: white ink on black, in a box of 20 x 20 pixels, its centre of mass in
 * the middle of 28 x 28 (http://yann.lecun.com/exdb/mnist/, "The original black and white (bilevel) images...").
 */
import type { Image } from "../../data/images/mod.ts";
import { resize } from "../../data/images/resize.ts";

const side = 28, box = 20;
/** The share of the strongest ink from which a pixel belongs to the digit. */
const inkLeast = 0.3;
/** The least difference of bytes between paper and ink. */
const contrastLeast = 24;

/** A grey image as one of MNIST, and whether dark and light had to be changed. RangeError for an image without ink. */
export function toDigit({ data, shape: [, height, width] }: Image): { pixels: Uint8Array; isInverted: boolean } {
  const paper = borderOf(data, height, width), isInverted = paper > 127;
  const ink = isInverted ? data.map((byte) => 255 - byte) : data;
  // An image of this size on black is one of MNIST, as it should be.
  if (height === side && width === side && (isInverted ? 255 - paper : paper) < contrastLeast) {
    return { pixels: ink, isInverted };
  }
  const clear = stretch(ink, isInverted ? 255 - paper : paper);
  const rows = extent(height, (row) => clear.subarray(row * width, (row + 1) * width).some(isInk));
  const columns = extent(width, (column) => rows.some((row) => isInk(clear[row * width + column]!)));
  const [top, left, tall, wide] = [rows[0]!, columns[0]!, rows.length, columns.length];
  const cut = Uint8Array.from(
    { length: tall * wide },
    (_, k) => clear[(top + Math.floor(k / wide)) * width + left + k % wide]!,
  );
  const scale = box / Math.max(tall, wide),
    size = [tall, wide].map((length) => Math.max(1, Math.round(length * scale)));
  const [newTall, newWide] = size as [number, number];
  const small = stretch(resize(cut, [1, tall, wide], [newTall, newWide]), 0);
  return { pixels: centred(small, newTall, newWide), isInverted };
}

const isInk = (byte: number) => byte > 255 * inkLeast;

/** The mean of the outermost pixels. */
function borderOf(data: Uint8Array, height: number, width: number): number {
  let sum = 0, count = 0;
  for (let row = 0; row < height; row++) {
    const isEdge = row === 0 || row === height - 1;
    for (let column = 0; column < width; column += isEdge ? 1 : Math.max(1, width - 1)) {
      sum += data[row * width + column]!;
      count++;
    }
  }
  return sum / count;
}

/** Bytes from `least` to the largest one, brought to 0..255. */
function stretch(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const most = bytes.reduce((most, byte) => Math.max(most, byte), 0);
  if (most - least < contrastLeast) throw new RangeError("it is blank: no ink stands out from its border");
  return Uint8Array.from(bytes, (byte) => Math.max(0, Math.round(255 * (byte - least) / (most - least))));
}

/** The places from the first to the last for which `has` holds. */
function extent(length: number, has: (place: number) => boolean): number[] {
  const places = Array.from({ length }, (_, place) => place), held = places.filter(has);
  return places.slice(held[0], held.at(-1)! + 1);
}

/** The pixels on black, their centre of mass in the middle. */
function centred(bytes: Uint8Array, height: number, width: number): Uint8Array {
  let mass = 0, down = 0, right = 0;
  for (const [k, byte] of bytes.entries()) {
    mass += byte;
    down += byte * Math.floor(k / width);
    right += byte * (k % width);
  }
  const place = (centre: number, length: number) => Math.min(side - length, Math.max(0, Math.round(side / 2 - centre)));
  const top = place(down / mass, height), left = place(right / mass, width);
  const pixels = new Uint8Array(side * side);
  for (let row = 0; row < height; row++) {
    pixels.set(bytes.subarray(row * width, (row + 1) * width), (top + row) * side + left);
  }
  return pixels;
}
