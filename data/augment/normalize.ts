/** Normalisation: (x - mean) / deviation, channel by channel. */
import { showShape, sizeOf } from "../../core/pure/shape.ts";
import type { Normalization } from "./kinds.ts";
import type { Step } from "./step.ts";

export function normalizeStep({ mean, deviation }: Normalization, shape: readonly number[]): Step {
  const channels = shape[0] ?? 1, size = sizeOf(shape) / channels;
  const perChannel = (values: number | readonly number[]): Float64Array => {
    if (typeof values === "number") return new Float64Array(channels).fill(values);
    if (values.length === channels && shape.length > 0) return Float64Array.from(values);
    throw new TypeError(
      `Cannot normalize: ${values.length} values do not fit the channels of samples ${showShape(shape)}`,
    );
  };
  const means = perChannel(mean), factors = perChannel(deviation).map((value) => 1 / value);
  return (data, start) => {
    for (let channel = 0, k = start; channel < channels; channel++) {
      const middle = means[channel]!, factor = factors[channel]!;
      for (const end = k + size; k < end; k++) data[k] = (data[k]! - middle) * factor;
    }
  };
}
