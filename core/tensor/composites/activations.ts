/** Activations by several ops, whose gradient is that of their parts. */
import { checkOptions, refuse, shown } from "../../pure/check.ts";
import { normalizeAxis, showShape } from "../../pure/shape.ts";
import * as ops from "../ops/mod.ts";
import { isTensor } from "../operands.ts";
import type { Tensor } from "../tensor.ts";
import { checkNumbers, ofFloats } from "./pointwise.ts";

/** Elements above 0 as they are, and `below` of the others. What is above counts as 0 there, so that it does no harm. */
function bentAtZero(action: string, x: Tensor, below: (x: Tensor) => Tensor): Tensor {
  return ofFloats(action, [x], (x) => {
    const isAbove = x!.greater(0);
    return isAbove.where(x!, below(isAbove.where(0, x!)));
  });
}

/** x above 0, else alpha (e^x - 1). */
export function elu(x: Tensor, alpha: number): Tensor {
  checkNumbers("elu", alpha);
  return bentAtZero("elu", x, (x) => x.expm1().mul(alpha));
}

/** x above 0, else alpha (e^(x / alpha) - 1). */
export function celu(x: Tensor, alpha: number): Tensor {
  checkNumbers("celu", alpha);
  if (alpha === 0) throw new RangeError("Cannot celu: alpha 0 must differ from 0");
  return bentAtZero("celu", x, (x) => x.div(alpha).expm1().mul(alpha));
}

// Mean 0 and variance 1 stay as they are: Klambauer et al. 2017.
const seluAlpha = 1.6732632423543772, seluScale = 1.0507009873554805;

/** The ELU that keeps the mean and the variance of normal numbers. */
export function selu(x: Tensor): Tensor {
  return ofFloats("selu", [x], (x) => elu(x!, seluAlpha).mul(seluScale));
}

/** x above 0, else slope x. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  checkNumbers("leakyRelu", slope);
  return bentAtZero("leakyRelu", x, (x) => x.mul(slope));
}

/** x above 0, else weight x, with one weight or one for each place of axis 1. */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  if (!isTensor(weight)) refuse("prelu", weight, "a tensor");
  const { shape } = x, channels = shape.length > 1 ? shape[1]! : 1;
  if (weight.shape.length > 1 || (weight.size !== 1 && weight.size !== channels)) {
    throw new TypeError(
      `Cannot prelu: weight of shape ${showShape(weight.shape)}, it must be [1] or [${channels}] beside ${
        showShape(shape)
      }`,
    );
  }
  const fitted = weight.reshape(shape.map((_, axis) => axis === 1 ? weight.size : 1));
  return ofFloats("prelu", [x, fitted], (x, weight) => {
    const isAbove = x!.greater(0);
    return isAbove.where(x!, isAbove.where(0, x!).mul(weight!));
  });
}

/** min(max(x, min), max), with no gradient at the bounds. */
export function hardtanh(x: Tensor, min: number, max: number): Tensor {
  checkNumbers("hardtanh", min, max);
  if (!(min <= max)) throw new RangeError(`Cannot hardtanh: min ${min} must not exceed max ${max}`);
  return new ops.Clip(min, max).call(x);
}

/** (x + 3) / 6 between 0 and 1. */
export function hardsigmoid(x: Tensor): Tensor {
  return ofFloats("hardsigmoid", [x], (x) => hardtanh(x!, -3, 3).add(3).div(6));
}

/** x (x + 3) / 6 between -3 and 3, 0 below and x above. */
export function hardswish(x: Tensor): Tensor {
  return ofFloats("hardswish", [x], (x) => {
    const inside = x!.clip(-3, 3), bend = inside.mul(inside.add(3)).div(6);
    return x!.lessEqual(-3).where(0, x!.less(3).where(bend, x!));
  });
}

/** -log(1 + e^-x). */
export function logSigmoid(x: Tensor): Tensor {
  return ofFloats("logSigmoid", [x], (x) => new ops.Softplus(1, Infinity).call(x!.neg()).neg());
}

/** x less the part of it that lies between -lambda and lambda. */
export function softshrink(x: Tensor, lambda: number): Tensor {
  checkNumbers("softshrink", lambda);
  if (!(lambda >= 0)) throw new RangeError(`Cannot softshrink: lambda ${lambda} must not be negative`);
  return ofFloats("softshrink", [x], (x) => x!.abs().lessEqual(lambda).where(0, x!.sub(x!.clip(-lambda, lambda))));
}

/** 0 between -lambda and lambda, else x. */
export function hardshrink(x: Tensor, lambda: number): Tensor {
  checkNumbers("hardshrink", lambda);
  return ofFloats("hardshrink", [x], (x) => x!.abs().lessEqual(lambda).where(0, x!));
}

/** x above the threshold, else `value`. */
export function threshold(x: Tensor, least: number, value: number): Tensor {
  checkNumbers("threshold", least, value);
  return x.lessEqual(least).where(value, x);
}

/** The first half along an axis times the sigmoid of the second (Dauphin et al. 2017). */
export function glu(x: Tensor, axis: number): Tensor {
  const { shape } = x, split = normalizeAxis("glu", axis, shape.length), half = shape[split]! / 2;
  if (!Number.isInteger(half)) {
    throw new TypeError(`Cannot glu: axis ${axis} of shape ${showShape(shape)} must have an even length`);
  }
  const part = (x: Tensor, start: number) =>
    new ops.Slice(shape.map((length, k) => ({
      start: k === split ? start : 0,
      step: 1,
      length: k === split ? half : length,
      dropped: false,
    }))).call(x);
  return ofFloats("glu", [x], (x) => part(x!, 0).mul(part(x!, half).sigmoid()));
}

/** Options of `gelu`. */
export interface GeluOptions {
  /** `none` for the exact function, which is the default, or `tanh` for the approximation by tanh. */
  approximate?: "none" | "tanh";
}

/** x times the probability that a standard normal number is below x, or an approximation. */
export function gelu(x: Tensor, options: GeluOptions): Tensor {
  const { approximate = "none" } = checkOptions("gelu", options, '{ approximate: "tanh" }', ["approximate"]);
  if (approximate === "none") return ops.gelu.call(x);
  if (approximate === "tanh") return ops.geluTanh.call(x);
  throw new RangeError(`Cannot gelu: approximate ${shown(approximate)} must be "none" or "tanh"`);
}
