/**
 * Diagonals and triangles of matrices, which may be any two axes of a tensor.
 */
import { empty, filled, map, mapInto, type NDArray } from "../../array/ndarray.ts";
import { groupResult } from "../../array/group.ts";
import type { Stream } from "../../array/stream.ts";
import * as views from "../../array/views.ts";
import { asItIs, checkInteger } from "../../pure/check.ts";
import { checkShape, normalizeAxis, sameShape, type Shape, showShape } from "../../pure/shape.ts";
import type { Tensor } from "../tensor.ts";
import { type Adjoints, TensorOp } from "../op.ts";

/** The two axes of a diagonal, counted from 0. RangeError unless they are two. */
function matrixAxes(action: string, axis1: number, axis2: number, rank: number): [number, number] {
  const first = normalizeAxis(action, axis1, rank), second = normalizeAxis(action, axis2, rank);
  if (first !== second) return [first, second];
  throw new RangeError(`Cannot ${action}: axes ${axis1} and ${axis2} must differ`);
}

/** A diagonal of two axes, which become one, the last. */
export class Diagonal extends TensorOp {
  /** An offset above 0 means a diagonal above the main one. RangeError unless it is an integer. */
  constructor(
    /** How far the diagonal lies to the right of the main one. */ readonly offset: number = 0,
    /** The axis of the rows. */ readonly axis1: number = 0,
    /** The axis of the columns. */ readonly axis2: number = 1,
  ) {
    super();
    checkInteger("diagonal", "offset", offset);
  }
  /** A view: no element is copied. It has no elements for an offset beyond the matrix. */
  compute(a: NDArray): NDArray {
    return views.diagonal(a, this.offset, ...matrixAxes(this.action, this.axis1, this.axis2, a.shape.length));
  }
  /** g, put back among zeros. */
  gradient(g: Tensor, y: Tensor): Adjoints {
    return new Undiagonal(this.offset, this.axis1, this.axis2, y.inputs[0]!.shape).call(g);
  }
}

/** Puts a diagonal into zeros of the whole shape: the adjoint of {@linkcode Diagonal}. */
export class Undiagonal extends TensorOp {
  /** The shape of the whole. */
  readonly shape: Shape;
  /** The shape is checked when the op is called. RangeError unless the offset is an integer. */
  constructor(
    /** How far the diagonal lies to the right of the main one. */ readonly offset: number,
    /** The axis of the rows. */ readonly axis1: number,
    /** The axis of the columns. */ readonly axis2: number,
    shape: Shape,
  ) {
    super();
    this.shape = asItIs(shape);
    checkInteger("undiagonal", "offset", offset);
  }
  /** Zeros of the whole shape with the diagonal put in. TypeError for a diagonal of another shape. */
  compute(part: NDArray): NDArray {
    checkShape(this.action, this.shape);
    const axes = matrixAxes(this.action, this.axis1, this.axis2, this.shape.length);
    const whole = filled(part.storage.stream, this.shape, part.dtype, 0);
    const place = views.diagonal(whole, this.offset, ...axes);
    try {
      if (!sameShape(place.shape, part.shape)) {
        const [given, wanted] = [part.shape, place.shape].map(showShape);
        throw new TypeError(`Cannot undiagonal: diagonal of shape ${given}, it must be ${wanted}`);
      }
      mapInto(place, "copy", [part]);
      return whole;
    } catch (error) {
      whole.dispose();
      throw error;
    } finally {
      place.dispose();
    }
  }
  /** The same diagonal of g. */
  gradient(g: Tensor): Adjoints {
    return new Diagonal(this.offset, this.axis1, this.axis2).call(g);
  }
}

/** The places 0, 1, 2, ... plus `from` as int32. */
function places(stream: Stream, count: number, from: number): NDArray {
  const line = empty(stream, [count], "int32");
  mapInto(line, "arange", [], from, 1);
  return line;
}

/** A part of the matrices of the last two axes on one side of a diagonal, with zeros on the other. */
export abstract class TriangleOp extends TensorOp {
  /** @ignore How the column of an element that stays compares with its row plus the diagonal's offset. */
  protected abstract readonly row: "lessEqual" | "greaterEqual";

  /** An offset above 0 means a diagonal above the main one. RangeError unless it is an integer. */
  constructor(/** How far the diagonal lies to the right of the main one. */ readonly diagonal: number = 0) {
    super();
    checkInteger(this.action, "diagonal", diagonal);
  }
  /** Copies the triangle. What is left out may be NaN or infinite without harm. TypeError for less than two axes. */
  compute(a: NDArray): NDArray {
    const { shape, dtype, storage: { stream } } = a;
    if (shape.length < 2) throw new TypeError(`Cannot ${this.action}: tensor ${showShape(shape)} must have two axes`);
    const m = shape[shape.length - 2]!, n = shape[shape.length - 1]!;
    return groupResult(() => {
      const columns = views.broadcastTo(places(stream, n, 0), [m, n]);
      const offset = Math.min(Math.max(this.diagonal, -m), n),
        bounds = views.reshape(places(stream, m, offset), [m, 1]);
      const stays = map(this.row, [columns, views.broadcastTo(bounds, [m, n])]);
      const zero = filled(stream, [], dtype, 0);
      return map("where", [views.broadcastTo(stays, shape), a, views.broadcastTo(zero, shape)], undefined, dtype);
    });
  }
  /** The same triangle of g. */
  gradient(g: Tensor): Adjoints {
    return this.call(g);
  }
}

/** The elements on a diagonal and below it, zeros above. */
export class Tril extends TriangleOp {
  /** @ignore */ protected readonly row = "lessEqual";
}

/** The elements on a diagonal and above it, zeros below. */
export class Triu extends TriangleOp {
  /** @ignore */ protected readonly row = "greaterEqual";
}
