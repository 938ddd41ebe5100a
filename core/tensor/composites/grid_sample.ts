/** Images and volumes at places between their pixels, which a grid names. */
import { checkCount, checkFlag, checkOptions, integerList, refuse, shown, shownList } from "../../pure/check.ts";
import { isFloat } from "../../pure/dtype.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../../pure/shape.ts";
import { isTensor } from "../operands.ts";
import { comparisons, matmul, Reshape, Take, where } from "../ops/mod.ts";
import { commonType } from "../precision.ts";
import type { Tensor } from "../tensor.ts";
import { numbersAlong } from "./numbers.ts";

/** The options of sampling on a grid. */
export interface GridSampleOptions {
  /** How what lies between pixels is made: `"bilinear"` by default, which is linear along all axes; `"bicubic"` likewise. */
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

/**
 * Images [n, c, h, w] at the places of a grid [n, out h, out w, 2]: [n, c, out h, out w]. Volumes [n, c, d, h, w] take a grid
 * [n, out d, out h, out w, 3].
 */
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
  const lengths = image.shape.slice(2), d = lengths.length;
  const isPair = (d === 2 || d === 3) && grid.shape.length === d + 2 && grid.shape.at(-1) === d;
  if (!isPair || grid.shape[0] !== image.shape[0] || lengths.includes(0)) {
    throw new TypeError(
      `Cannot ${action}: shapes ${showShape(image.shape)} and ${showShape(grid.shape)} must be [n, c, h, w] and ` +
        "[n, out h, out w, 2], or [n, c, d, h, w] and [n, out d, out h, out w, 3]",
    );
  }
  // The first coordinate, x, counts along the last axis.
  const type = commonType([image, grid]),
    places = lengths.map((length, k) => {
      const place = grid.cast(type).at("...", d - 1 - k);
      return alignCorners ? place.add(1).mul((length - 1) / 2) : place.add(1).mul(length).sub(1).div(2);
    });
  const source = new Source(image.cast(type), paddingMode, alignCorners);
  const inside = (k: number) => (place: Tensor) => source.inside(place, lengths[k]!);
  if (mode === "nearest") return source.at(places.map((place, k) => inside(k)(place).detach().round()));
  const taps = places.map((place, k) =>
    mode === "bilinear" ? linearTaps(inside(k)(place)) : cubicTaps(place, inside(k))
  );
  return cornersOf(taps).map((corner) => {
    const weight = corner.map(({ weight }) => weight).reduce((a, b) => a.mul(b));
    return source.at(corner.map(({ place }) => place)).mul(asChannel(weight));
  }).reduce((a, b) => a.add(b));
}

/** The grid over images of shape [n, c, h, w] that affine maps [n, 2, 3] move: [n, h, w, 2]; over volumes by maps [n, 3, 4]. */
export function affineGrid(maps: Tensor, size: Shape, options: AffineGridOptions): Tensor {
  const action = "affineGrid", names = ["alignCorners"] as const;
  const { alignCorners = false } = checkOptions(action, options, "{ alignCorners: true }", names);
  checkFlag(action, "alignCorners", alignCorners);
  const given = integerList(action, "size", size), d = given.length - 2;
  if (d !== 2 && d !== 3) {
    throw new TypeError(`Cannot ${action}: size ${shownList(given)} must be [n, c, h, w] or [n, c, d, h, w]`);
  }
  const [n, , ...lengths] = given.map((each) => checkCount(action, "size", each, 1)) as [number, number, ...number[]];
  if (!sameShape(maps.shape, [n, d, d + 1]) || !isFloat(maps.dtype)) {
    throw new TypeError(`Cannot ${action}: maps ${showShape(maps.shape)} must be floats [${n}, ${d}, ${d + 1}]`);
  }
  const count = sizeOf(lengths),
    coordinates = lengths.map((length, axis) => {
      const behind = sizeOf(lengths.slice(axis + 1));
      return (row: number) => {
        const k = Math.floor(row / behind) % length;
        return alignCorners ? (length === 1 ? 0 : 2 * k / (length - 1) - 1) : (2 * k + 1) / length - 1;
      };
    }).reverse();
  const rows = Array.from({ length: count }, (_, row) => [...coordinates.map((coordinate) => coordinate(row)), 1]);
  const base = new Reshape([count, d + 1]).call(numbersAlong(maps, rows.flat(), maps.dtype, 0));
  return new Reshape([n, ...lengths, d]).call(matmul.call(base, maps.transpose()));
}

/** One tap for each axis, in all ways. */
function cornersOf(taps: readonly (readonly Tap[])[]): readonly (readonly Tap[])[] {
  return taps.reduce<readonly (readonly Tap[])[]>(
    (corners, along) => corners.flatMap((corner) => along.map((tap) => [...corner, tap])),
    [[]],
  );
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

/** [n, ...out] as [n, 1, ...out]. */
function asChannel(x: Tensor): Tensor {
  return new Reshape([x.shape[0]!, 1, ...x.shape.slice(1)]).call(x);
}

/** The pixels of images, and what lies outside them. */
class Source {
  /** A row for each pixel of each image. */
  readonly #rows: Tensor;
  readonly #images: number;
  readonly #lengths: Shape;

  constructor(
    image: Tensor,
    readonly padding: "zeros" | "border" | "reflection",
    readonly isAligned: boolean,
  ) {
    const [n, c, ...lengths] = image.shape as [number, number, ...number[]];
    this.#images = n;
    this.#lengths = lengths;
    this.#rows = new Reshape([n * sizeOf(lengths), c]).call(image.movedim(1, -1));
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

  /** The pixels at whole places, a tensor for each axis: [n, c, ...out]. */
  at(places: readonly Tensor[]): Tensor {
    const lengths = this.#lengths, starts = Array.from({ length: this.#images }, (_, k) => k * sizeOf(lengths));
    const whole = places.map((place, k) => place.detach().clip(0, lengths[k]! - 1).cast("int32"));
    const pixel = whole.reduce((index, place, k) => index.mul(lengths[k]!).add(place));
    const rows = new Take(0).call(this.#rows, pixel.add(numbersAlong(pixel, starts, "int32", lengths.length)));
    const pixels = rows.movedim(-1, 1);
    if (this.padding !== "zeros") return pixels;
    const isInside = places.map((place, k) =>
      comparisons.and.call(comparisons.greaterEqual.call(place, 0), comparisons.lessEqual.call(place, lengths[k]! - 1))
    ).reduce((a, b) => comparisons.and.call(a, b));
    return where.call(asChannel(isInside), pixels, 0);
  }
}
