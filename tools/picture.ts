/** Images drawn as text: a character stands for two pixels, one above the other. */

/** The most columns of a picture; of a wider image, every second pixel is drawn, or every third, and so on. */
const columnsMost = 64;

/** How a picture is drawn. */
export interface PictureOptions {
  /** Whether the terminal shows colours; without them, pixels above 0.4 are drawn, others are left blank. */
  readonly colours: boolean;
  /** The outermost rows and columns that are left out; none by default. */
  readonly margin?: number;
}

/** The lines of an image [channels, height, width], of values in 0..1. Images of three channels are red, green and blue. */
export function picture(
  pixels: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  { colours, margin = 0 }: PictureOptions,
): string[] {
  const step = Math.ceil((width - 2 * margin) / columnsMost), plane = height * width, bottom = height - margin;
  const draw = colours ? coloured : plain, columns = places(margin, width - margin, step);
  const colourAt = (row: number, column: number): Colour => {
    const first = row * width + column;
    return row < bottom ? [0, 1, 2].map((channel) => pixels[Math.min(channel, channels - 1) * plane + first]!) : null;
  };
  return places(margin, bottom, 2 * step).map((row) => {
    const cells = columns.map((column) => draw(colourAt(row, column)!, colourAt(row + step, column)));
    return cells.join("") + (colours ? "\x1b[0m" : "");
  });
}

/** The numbers from `first` up to `end`, `step` apart. */
function places(first: number, end: number, step: number): number[] {
  return Array.from({ length: Math.ceil(Math.max(0, end - first) / step) }, (_, k) => first + k * step);
}

type Colour = readonly number[] | null;

/** The upper pixel as a half block, the lower one as what is behind it, in the 216 colours that nearly all terminals have. */
function coloured(upper: readonly number[], lower: Colour): string {
  const code = (colour: readonly number[]) =>
    colour.reduce((sum, value) => 6 * sum + Math.round(5 * Math.min(1, Math.max(0, value))), 0) + 16;
  return `\x1b[38;5;${code(upper)}m\x1b[${lower === null ? "49" : `48;5;${code(lower)}`}m▀`;
}

function plain(upper: readonly number[], lower: Colour): string {
  const isInk = (colour: Colour) => colour !== null && colour.reduce((sum, value) => sum + value, 0) > 1.2;
  return " ▀▄█"[Number(isInk(upper)) + 2 * Number(isInk(lower))]!;
}
