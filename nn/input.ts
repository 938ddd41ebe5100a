/** The checks of a module's input. */
import { checkTensor, sameShape, showShape } from "../core/internal.ts";
import { type Shape, Tensor } from "../core/mod.ts";

/** The input itself. TypeError, in the name of the module, for what is no tensor. */
export function checkInput(module: object, x: Tensor): Tensor {
  if (!(x instanceof Tensor)) checkTensor(`apply ${module.constructor.name}`, x);
  return x;
}

/** The input itself. TypeError, in the name of the module, for what is no tensor or has another length along its last axis. */
export function checkLastAxis(module: object, x: Tensor, length: number): Tensor {
  if (checkInput(module, x).shape.at(-1) === length) return x;
  throw new TypeError(
    `Cannot apply ${module.constructor.name}: input of shape ${showShape(x.shape)}, its last axis must be ${length}`,
  );
}

/** What messages call the axes behind the channels. */
const spatial = ["length", "height, width", "depth, height, width"];

/**
 * The input itself. TypeError, in the name of the module, unless it is [batch, channels, ...] or, without a batch,
 * [channels, ...], with `axes` axes behind the channels. A number of channels of null may be any.
 */
export function checkChannels(module: object, x: Tensor, channels: number | null, axes: number): Tensor {
  const rank = checkInput(module, x).shape.length, isFit = channels === null || x.shape.at(-1 - axes) === channels;
  if ((rank === axes + 1 || rank === axes + 2) && isFit) return x;
  const wanted = `${channels ?? "channels"}, ${spatial[axes - 1]}]`;
  throw new TypeError(
    `Cannot apply ${module.constructor.name}: input of shape ${
      showShape(x.shape)
    }, it must be [batch, ${wanted} or [${wanted}`,
  );
}

/** The shape that two inputs of a module have beside their last axes. TypeError if they differ. */
export function checkPair(module: object, first: Shape, second: Shape): Shape {
  if (sameShape(first, second)) return first;
  throw new TypeError(
    `Cannot apply ${module.constructor.name}: inputs of shapes ${showShape(first)} and ${
      showShape(second)
    } beside their ` +
      `last axes, they must be the same`,
  );
}
