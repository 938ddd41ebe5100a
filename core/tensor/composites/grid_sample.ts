/** Images at places between their pixels, which a grid names. */
import { checkFlag, checkOptions, refuse, shown } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { sameShape, type Shape, showShape } from "../../pure/shape.ts";
import { perAxis } from "../../pure/windows.ts";
import { isTensor } from "../operands.ts";
import { comparisons, matmul, Reshape, Take, Transpose, where } from "../ops/mod.ts";
import { commonType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";

/** The options of sampling on a grid. */
export interface GridSampleOptions {
  /** How what lies between pixels is made: `"bilinear"` by default. */
  mode?: "bilinear" | "nearest" | "bicubic";
  /** What lies outside the image: `"zeros"` by default, its `"border"`, or its `"reflection"`. */
  paddingMode?: "zeros" | "border" | "reflection";
  /** Whether -1 and 1 are the centres of the outermost pixels rather than their edges; false by default. */
  alignCorners?: boolean;
}

/** The options of an affine grid. */
export interface AffineGridOptions {
  /** Whether -1 and 1 are the centres of the outermost pixels rather than their edges; false by default. */
  alignCorners?: boolean;
}

const action = "gridSample";

/** Images [n, c, h, w] at the places of a grid [n, out h, out w, 2]: [n, c, out h, out w]. */
export function gridSample(image: Tensor, grid: Tensor, options: GridSampleOptions): Tensor {
  const { mode = "bilinear", paddingMode = "zeros", alignCorners = false } = checkOptions(
    action,
    options,
    '{ mode: "nearest" }',
    ["mode", "paddingMode", "alignCorners"],
  );
  if (!["bilinear", "nearest", "bicubic"].includes(mode)) {
    throw new RangeError(`Cannot ${action}: mode ${shown(mode)} must be bilinear, nearest or bicubic`);
  }
  if (!["zeros", "border", "reflection"].includes(paddingMode)) {
    throw new RangeError(`Cannot ${action}: paddingMode ${shown(paddingMode)} must be zeros, border or reflection`);
  }
  checkFlag(action, "alignCorners", alignCorners);
  if (!isTensor(grid)) refuse(action, grid, "a tensor as the grid");
  const [n, , h, w] = image.shape as [number, number, number, number];
  if (
    image.shape.length !== 4 || grid.shape.length !== 4 || grid.shape[0] !== n || grid.shape[3] !== 2 || h * w === 0
  ) {
    throw new TypeError(
      `Cannot ${action}: shapes ${showShape(image.shape)} and ${showShape(grid.shape)} must be [n, c, h, w] and ` +
        "[n, out h, out w, 2]",
    );
  }
  const type = commonType([image, grid]),
    [x, y] = [w, h].map((length, k) => {
      const place = grid.cast(type).at("...", k);
      return alignCorners ? place.add(1).mul((length - 1) / 2) : place.add(1).mul(length).sub(1).div(2);
    }) as [Tensor, Tensor];
  const source = new Source(image.cast(type), paddingMode, alignCorners);
  if (mode === "nearest") return source.at(source.inside(x, w).detach().round(), source.inside(y, h).detach().round());
  const taps = mode === "bilinear"
    ? [linearTaps(source.inside(x, w)), linearTaps(source.inside(y, h))]
    : [cubicTaps(x, (each) => source.inside(each, w)), cubicTaps(y, (each) => source.inside(each, h))];
  const [across, down] = taps as [Tap[], Tap[]];
  return down.flatMap((row) =>
    across.map((column) => source.at(column.place, row.place).mul(asChannel(column.weight.mul(row.weight))))
  ).reduce((a, b) => a.add(b));
}

/** The grid over images of shape [n, c, h, w] that affine maps [n, 2, 3] move: [n, h, w, 2]. */
export function affineGrid(maps: Tensor, size: Shape, options: AffineGridOptions): Tensor {
  const action = "affineGrid",
    { alignCorners = false } = checkOptions(action, options, "{ alignCorners: true }", [
      "alignCorners",
    ]);
  checkFlag(action, "alignCorners", alignCorners);
  const [n, , h, w] = perAxis(action, "size", size, 4, 1) as [number, number, number, number];
  if (!sameShape(maps.shape, [n, 2, 3]) || !isFloat(maps.dtype)) {
    throw new TypeError(`Cannot ${action}: maps ${showShape(maps.shape)} must be floats [${n}, 2, 3]`);
  }
  const place = (k: number, length: number) =>
    alignCorners ? (length === 1 ? 0 : 2 * k / (length - 1) - 1) : (2 * k + 1) / length - 1;
  const places = Array.from({ length: h * w }, (_, k) => [place(k % w, w), place(Math.floor(k / w), h), 1]);
  const base = new Reshape([h * w, 3]).call(numbersAlong(maps, places.flat(), maps.dtype, 0));
  return new Reshape([n, h, w, 2]).call(matmul.call(base, maps.transpose()));
}

/** A pixel along one axis, and how much it counts. The place is on no graph. */
interface Tap {
  readonly place: Tensor;
  readonly weight: Tensor;
}

/** The two pixels around a place. */
function linearTaps(place: Tensor): Tap[] {
  const low = place.detach().floor(), share = place.sub(low);
  return [{ place: low, weight: share.neg().add(1) }, { place: low.add(1), weight: share }];
}

/** The four pixels around a place, weighted by Keys' cubic convolution with a = -0.75. */
function cubicTaps(place: Tensor, inside: (place: Tensor) => Tensor): Tap[] {
  const a = -0.75, low = place.detach().floor(), share = place.sub(low), other = share.neg().add(1);
  const near = (x: Tensor) => x.mul(a + 2).sub(a + 3).mul(x).mul(x).add(1);
  const far = (x: Tensor) => x.mul(a).sub(5 * a).mul(x).add(8 * a).mul(x).sub(4 * a);
  const weights = [far(share.add(1)), near(share), near(other), far(other.add(1))];
  return weights.map((weight, k) => ({ place: inside(low.add(k - 1)), weight }));
}

/** [n, out h, out w] as [n, 1, out h, out w]. */
function asChannel(x: Tensor): Tensor {
  return new Reshape([x.shape[0]!, 1, ...x.shape.slice(1)]).call(x);
}

/** The pixels of images, and what lies outside them. */
class Source {
  /** A row for each pixel of each image. */
  readonly #rows: Tensor;
  readonly #shape: readonly [n: number, c: number, h: number, w: number];

  constructor(
    image: Tensor,
    readonly padding: "zeros" | "border" | "reflection",
    readonly isAligned: boolean,
  ) {
    const [n, c, h, w] = image.shape as [number, number, number, number];
    this.#shape = [n, c, h, w];
    this.#rows = new Reshape([n * h * w, c]).call(new Transpose([0, 2, 3, 1]).call(image));
  }

  /** The places along an axis of that length, those outside moved as the padding says. */
  inside(place: Tensor, length: number): Tensor {
    if (this.padding === "zeros") return place;
    const moved = this.padding === "reflection" ? this.#reflected(place, length) : place;
    // At the very border nothing flows back, as in PyTorch.
    const isWithin = comparisons.and.call(comparisons.greater.call(moved, 0), comparisons.less.call(moved, length - 1));
    return where.call(isWithin, moved, moved.detach().clip(0, length - 1));
  }

  #reflected(place: Tensor, length: number): Tensor {
    const low = this.isAligned ? 0 : -0.5, span = this.isAligned ? length - 1 : length;
    if (span === 0) return place.mul(0);
    const distance = place.sub(low).abs(), turns = distance.detach().div(span).floor();
    const rest = distance.sub(turns.mul(span)), isEven = comparisons.equal.call(turns.mod(2), 0);
    return where.call(isEven, rest, rest.neg().add(span)).add(low);
  }

  /** The pixels at whole places: [n, c, out h, out w]. */
  at(x: Tensor, y: Tensor): Tensor {
    const [n, , h, w] = this.#shape;
    const column = x.detach().clip(0, w - 1).cast("int32"), row = y.detach().clip(0, h - 1).cast("int32");
    const starts = numbersAlong(x, Array.from({ length: n }, (_, k) => k * h * w), "int32", 2);
    const rows = new Take(0).call(this.#rows, row.mul(w).add(column).add(starts));
    const pixels = new Transpose([0, 3, 1, 2]).call(rows);
    if (this.padding !== "zeros") return pixels;
    const isInside = [[x, w] as const, [y, h] as const].map(([place, length]) =>
      comparisons.and.call(comparisons.greaterEqual.call(place, 0), comparisons.lessEqual.call(place, length - 1))
    );
    return where.call(asChannel(comparisons.and.call(isInside[0]!, isInside[1]!)), pixels, 0);
  }
}
