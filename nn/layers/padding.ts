/** Borders around the last one, two or three axes: one class, which is told the number of axes and what a border shows. */
import { checkInteger, checkRange, refuse, showShape } from "../../core/internal.ts";
import type { PadOptions, Tensor } from "../../core/mod.ts";
import { checkChannels, checkInput } from "../input.ts";
import { Module } from "../module.ts";

/** How wide a border is: a number for all sides, or two numbers for each axis, the last axis first. */
export type Padding = number | readonly number[];

/** A border around the last axes: a padding layer. */
export abstract class PaddingLayer extends Module<[x: Tensor]> {
  /** The widths in pairs, the last axis first; a negative one crops. */
  readonly padding: readonly number[];
  readonly #options: PadOptions;

  /** Around `axes` axes. */
  constructor(axes: number, padding: Padding, options: PadOptions) {
    super();
    const action = `make ${this.constructor.name}`;
    const list = typeof padding === "number" ? new Array<number>(2 * axes).fill(padding) : padding;
    if (!Array.isArray(list) || list.length !== 2 * axes) {
      refuse(action, padding, `a padding of one width or of ${2 * axes}`);
    }
    this.padding = Array.from(list, (width: number) => checkInteger(action, "padding", width));
    this.#options = options;
  }

  /** [...] to longer last axes. TypeError for another rank; RangeError for a border that the input cannot fill. */
  override forward(x: Tensor): Tensor {
    const axes = this.padding.length / 2;
    if (this.#options.mode !== "constant") checkChannels(this, x, null, axes);
    else if (checkInput(this, x).shape.length < axes) {
      throw new TypeError(
        `Cannot apply ${this.constructor.name}: input of shape ${
          showShape(x.shape)
        }, it must have ${axes} axes or more`,
      );
    }
    return x.pad(this.padding, this.#options);
  }

  /** @ignore */
  protected override describe(): string {
    return `[${this.padding.join(", ")}]`;
  }
}

/**
 * A border of one number around the last axis: [..., length] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ConstantPad1d([1, 2], 7).call(tensor([[1, 2, 3]]));
 * if (y.toArray().flat(1).join() !== "7,1,2,3,7,7") throw new Error("wrong");
 * ```
 */
export class ConstantPad1d extends PaddingLayer {
  /** TypeError unless there is one width or 2, RangeError unless they are integers. */
  constructor(padding: Padding, value: number) {
    super(1, padding, { mode: "constant", value: checkRange("make ConstantPad1d", "value", value, -Infinity) });
  }
}

/**
 * A border of one number around the last two axes: [..., height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ConstantPad2d([1, 2, 0, 0], 7).call(tensor([[[1, 2, 3]]]));
 * if (y.toArray().flat(2).join() !== "7,1,2,3,7,7") throw new Error("wrong");
 * ```
 */
export class ConstantPad2d extends PaddingLayer {
  /** TypeError unless there is one width or 4, RangeError unless they are integers. */
  constructor(padding: Padding, value: number) {
    super(2, padding, { mode: "constant", value: checkRange("make ConstantPad2d", "value", value, -Infinity) });
  }
}

/**
 * A border of one number around the last three axes: [..., depth, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ConstantPad3d([1, 2, 0, 0, 0, 0], 7).call(tensor([[[[1, 2, 3]]]]));
 * if (y.toArray().flat(3).join() !== "7,1,2,3,7,7") throw new Error("wrong");
 * ```
 */
export class ConstantPad3d extends PaddingLayer {
  /** TypeError unless there is one width or 6, RangeError unless they are integers. */
  constructor(padding: Padding, value: number) {
    super(3, padding, { mode: "constant", value: checkRange("make ConstantPad3d", "value", value, -Infinity) });
  }
}

/**
 * A border of zeros around the last axis: [..., length] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ZeroPad1d([1, 2]).call(tensor([[1, 2, 3]]));
 * if (y.toArray().flat(1).join() !== "0,1,2,3,0,0") throw new Error("wrong");
 * ```
 */
export class ZeroPad1d extends PaddingLayer {
  /** TypeError unless there is one width or 2, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(1, padding, { mode: "constant", value: 0 });
  }
}

/**
 * A border of zeros around the last two axes: [..., height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ZeroPad2d([1, 2, 0, 0]).call(tensor([[[1, 2, 3]]]));
 * if (y.toArray().flat(2).join() !== "0,1,2,3,0,0") throw new Error("wrong");
 * ```
 */
export class ZeroPad2d extends PaddingLayer {
  /** TypeError unless there is one width or 4, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(2, padding, { mode: "constant", value: 0 });
  }
}

/**
 * A border of zeros around the last three axes: [..., depth, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. A negative width crops. RangeError where more is cropped than there is.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ZeroPad3d([1, 2, 0, 0, 0, 0]).call(tensor([[[[1, 2, 3]]]]));
 * if (y.toArray().flat(3).join() !== "0,1,2,3,0,0") throw new Error("wrong");
 * ```
 */
export class ZeroPad3d extends PaddingLayer {
  /** TypeError unless there is one width or 6, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(3, padding, { mode: "constant", value: 0 });
  }
}

/**
 * A border of the elements behind the edge, backwards, without the edge itself around the last axis: [batch, channels, length] or [channels, length] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input, or as wide.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReflectionPad1d([1, 2]).call(tensor([[1, 2, 3]]));
 * if (y.toArray().flat(1).join() !== "2,1,2,3,2,1") throw new Error("wrong");
 * ```
 */
export class ReflectionPad1d extends PaddingLayer {
  /** TypeError unless there is one width or 2, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(1, padding, { mode: "reflect" });
  }
}

/**
 * A border of the elements behind the edge, backwards, without the edge itself around the last two axes: [batch, channels, height, width] or [channels, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input, or as wide.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReflectionPad2d([1, 2, 0, 0]).call(tensor([[[1, 2, 3]]]));
 * if (y.toArray().flat(2).join() !== "2,1,2,3,2,1") throw new Error("wrong");
 * ```
 */
export class ReflectionPad2d extends PaddingLayer {
  /** TypeError unless there is one width or 4, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(2, padding, { mode: "reflect" });
  }
}

/**
 * A border of the elements behind the edge, backwards, without the edge itself around the last three axes: [batch, channels, depth, height, width] or [channels, depth, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input, or as wide.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReflectionPad3d([1, 2, 0, 0, 0, 0]).call(tensor([[[[1, 2, 3]]]]));
 * if (y.toArray().flat(3).join() !== "2,1,2,3,2,1") throw new Error("wrong");
 * ```
 */
export class ReflectionPad3d extends PaddingLayer {
  /** TypeError unless there is one width or 6, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(3, padding, { mode: "reflect" });
  }
}

/**
 * A border of the elements at the edge around the last axis: [batch, channels, length] or [channels, length] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for an input without elements to copy.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReplicationPad1d([1, 2]).call(tensor([[1, 2, 3]]));
 * if (y.toArray().flat(1).join() !== "1,1,2,3,3,3") throw new Error("wrong");
 * ```
 */
export class ReplicationPad1d extends PaddingLayer {
  /** TypeError unless there is one width or 2, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(1, padding, { mode: "replicate" });
  }
}

/**
 * A border of the elements at the edge around the last two axes: [batch, channels, height, width] or [channels, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for an input without elements to copy.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReplicationPad2d([1, 2, 0, 0]).call(tensor([[[1, 2, 3]]]));
 * if (y.toArray().flat(2).join() !== "1,1,2,3,3,3") throw new Error("wrong");
 * ```
 */
export class ReplicationPad2d extends PaddingLayer {
  /** TypeError unless there is one width or 4, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(2, padding, { mode: "replicate" });
  }
}

/**
 * A border of the elements at the edge around the last three axes: [batch, channels, depth, height, width] or [channels, depth, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for an input without elements to copy.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.ReplicationPad3d([1, 2, 0, 0, 0, 0]).call(tensor([[[[1, 2, 3]]]]));
 * if (y.toArray().flat(3).join() !== "1,1,2,3,3,3") throw new Error("wrong");
 * ```
 */
export class ReplicationPad3d extends PaddingLayer {
  /** TypeError unless there is one width or 6, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(3, padding, { mode: "replicate" });
  }
}

/**
 * A border of the elements of the other end around the last axis: [batch, channels, length] or [channels, length] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.CircularPad1d([1, 2]).call(tensor([[1, 2, 3]]));
 * if (y.toArray().flat(1).join() !== "3,1,2,3,1,2") throw new Error("wrong");
 * ```
 */
export class CircularPad1d extends PaddingLayer {
  /** TypeError unless there is one width or 2, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(1, padding, { mode: "circular" });
  }
}

/**
 * A border of the elements of the other end around the last two axes: [batch, channels, height, width] or [channels, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.CircularPad2d([1, 2, 0, 0]).call(tensor([[[1, 2, 3]]]));
 * if (y.toArray().flat(2).join() !== "3,1,2,3,1,2") throw new Error("wrong");
 * ```
 */
export class CircularPad2d extends PaddingLayer {
  /** TypeError unless there is one width or 4, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(2, padding, { mode: "circular" });
  }
}

/**
 * A border of the elements of the other end around the last three axes: [batch, channels, depth, height, width] or [channels, depth, height, width] to longer ones.
 *
 * The widths are one number, or two for each axis, the last axis first. RangeError for a border that is wider than the input.
 *
 * @example
 * ```ts
 * import { nn, tensor } from "deneb";
 *
 * const y = new nn.CircularPad3d([1, 2, 0, 0, 0, 0]).call(tensor([[[[1, 2, 3]]]]));
 * if (y.toArray().flat(3).join() !== "3,1,2,3,1,2") throw new Error("wrong");
 * ```
 */
export class CircularPad3d extends PaddingLayer {
  /** TypeError unless there is one width or 6, RangeError unless they are integers. */
  constructor(padding: Padding) {
    super(3, padding, { mode: "circular" });
  }
}
