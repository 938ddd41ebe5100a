/** Samples of pools, which are among the operators on windows. */
import { floats, given, integers, type Sample, type Samples } from "../sample.ts";

const infinity = given([1, -Infinity, Infinity, 2, NaN, 3, -1, 0.5, -Infinity], [1, 9]);
const ties = given([1, 2, 2, 0, 2, 1, 1, 2, 0, 0, 0, 0], [1, 3, 4]);

/** A sample for one, two and three axes, whose options are numbers. */
function each(
  name: (d: number) => string,
  about: string,
  rest: (d: 1 | 2 | 3) => { f: Sample["f"]; torch: string; order?: 0 | 1 | 2 },
  shapes: readonly (readonly number[])[] = [[2, 1, 7], [1, 2, 4, 3], [1, 2, 3, 4]],
): Samples {
  return Object.fromEntries(shapes.map((shape, k) => {
    const d = k + 1 as 1 | 2 | 3;
    return [about === "" ? name(d) : `${name(d)}: ${about}`, { ...rest(d), inputs: [floats(shape)] }];
  }));
}

/** The samples of pools. */
export const pools: Samples = {
  ...each((d) => `maxPool${d}d`, "", (d) => ({
    f: (a) => d === 1 ? a.maxPool1d(2) : d === 2 ? a.maxPool2d(2) : a.maxPool3d(2),
    torch: `F.max_pool${d}d(a, 2)`,
  })),
  ...each((d) => `maxPool${d}d`, "all options", (d) => {
    const options = { stride: 2, padding: 1, dilation: 1, ceilMode: true };
    return {
      f: (a) => d === 1 ? a.maxPool1d(3, options) : d === 2 ? a.maxPool2d(3, options) : a.maxPool3d(3, options),
      torch: `F.max_pool${d}d(a, 3, stride=2, padding=1, dilation=1, ceil_mode=True)`,
    };
  }),
  "maxPool1d: dilation": {
    f: (a) => a.maxPool1d(3, { stride: 1, padding: 1, dilation: 2 }),
    torch: "F.max_pool1d(a, 3, stride=1, padding=1, dilation=2)",
    inputs: [floats([2, 6])],
  },
  "maxPool1d: one window": { f: (a) => a.maxPool1d(5), torch: "F.max_pool1d(a, 5)", inputs: [floats([2, 5])] },
  "maxPool1d: NaN and infinities": {
    f: (a) => a.maxPool1d(2, { stride: 1, padding: 1 }),
    torch: "F.max_pool1d(a, 2, stride=1, padding=1)",
    inputs: [infinity],
    order: 0,
  },
  "maxPool2d: a list for both axes": {
    f: (a) => a.maxPool2d([2, 3], { stride: [1, 2], padding: [0, 1], dilation: [2, 1] }),
    torch: "F.max_pool2d(a, (2, 3), stride=(1, 2), padding=(0, 1), dilation=(2, 1))",
    inputs: [floats([1, 4, 5])],
  },
  "maxPool2d: the gradient of ties goes to the first": {
    f: (a) => a.maxPool2d(2, { stride: 1 }),
    torch: "F.max_pool2d(a, 2, stride=1)",
    inputs: [ties],
  },
  "maxPool2d: all elements as low as the padding": {
    f: (a) => a.maxPool2d(2, { padding: 1 }).exp(),
    torch: "F.max_pool2d(a, 2, padding=1).exp()",
    inputs: [given(new Array(4).fill(-Infinity), [1, 2, 2])],
    order: 1,
  },
  "maxPool2d: no inputs": { f: (a) => a.maxPool2d(2), torch: "F.max_pool2d(a, 2)", inputs: [floats([0, 1, 2, 2])] },
  "maxPool2d: turned": {
    f: (a) => a.transpose([2, 0, 1]).maxPool2d(2),
    torch: "F.max_pool2d(a.permute(2, 0, 1), 2)",
    inputs: [floats([4, 3, 2])],
  },
  "maxPool2d: integers": {
    f: (a) => a.maxPool2d(2, { padding: 1 }),
    torch: "F.max_pool2d(a, 2, padding=1)",
    inputs: [integers(-9, -1, [1, 3, 4])],
    order: 0,
  },
  ...each((d) => `maxPool${d}dWithIndices`, "", (d) => {
    const options = { stride: 1, padding: 1 };
    return {
      f: (a) =>
        d === 1
          ? a.maxPool1dWithIndices(2, options)
          : d === 2
          ? a.maxPool2dWithIndices(2, options)
          : a.maxPool3dWithIndices(2, options),
      torch: `F.max_pool${d}d_with_indices(a, 2, stride=1, padding=1)`,
    };
  }, [[1, 5], [1, 2, 3], [1, 2, 2, 2]]),
  "maxPool2dWithIndices: dilation, steps and ties": {
    f: (a) => a.maxPool2dWithIndices([2, 1], { stride: [1, 2], dilation: [2, 1] }),
    torch: "F.max_pool2d_with_indices(a, (2, 1), stride=(1, 2), dilation=(2, 1))",
    inputs: [ties],
  },
  ...each((d) => `avgPool${d}d`, "", (d) => ({
    f: (a) => d === 1 ? a.avgPool1d(2) : d === 2 ? a.avgPool2d(2) : a.avgPool3d(2),
    torch: `F.avg_pool${d}d(a, 2)`,
  })),
  ...each((d) => `avgPool${d}d`, "padding, and windows that reach beyond it", (d) => {
    const options = { stride: 2, padding: 1, ceilMode: true };
    return {
      f: (a) => d === 1 ? a.avgPool1d(3, options) : d === 2 ? a.avgPool2d(3, options) : a.avgPool3d(3, options),
      torch: `F.avg_pool${d}d(a, 3, stride=2, padding=1, ceil_mode=True)`,
    };
  }, [[2, 1, 7], [1, 2, 4, 3], [1, 3, 3, 3]]),
  ...each((d) => `avgPool${d}d`, "without padding", (d) => {
    const options = { stride: 2, padding: 1, ceilMode: true, countIncludePad: false };
    return {
      f: (a) => d === 1 ? a.avgPool1d(3, options) : d === 2 ? a.avgPool2d(3, options) : a.avgPool3d(3, options),
      torch: `F.avg_pool${d}d(a, 3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)`,
    };
  }, [[2, 1, 7], [1, 2, 4, 3], [1, 3, 3, 3]]),
  "avgPool1d: one window": { f: (a) => a.avgPool1d(5), torch: "F.avg_pool1d(a, 5)", inputs: [floats([2, 5])] },
  "avgPool1d: NaN and infinities": {
    f: (a) => a.avgPool1d(2, { stride: 1 }),
    torch: "F.avg_pool1d(a, 2, stride=1)",
    inputs: [infinity],
    order: 0,
  },
  "avgPool2d: another divisor": {
    f: (a) => a.avgPool2d([2, 1], { stride: 1, divisorOverride: 3 }),
    torch: "F.avg_pool2d(a, (2, 1), stride=1, divisor_override=3)",
    inputs: [floats([1, 3, 3])],
  },
  "lpPool1d": {
    f: (a) => a.lpPool1d(2, 3, { stride: 2, ceilMode: true }),
    torch: "F.lp_pool1d(a, 2.0, 3, stride=2, ceil_mode=True)",
    inputs: [floats([2, 6])],
  },
  "lpPool2d": { f: (a) => a.lpPool2d(2, 2), torch: "F.lp_pool2d(a, 2.0, 2)", inputs: [floats([1, 4, 4])] },
  "lpPool2d: an odd power": {
    f: (a) => a.mul(a).lpPool2d(3, [1, 2], { stride: 1 }),
    torch: "F.lp_pool2d(a * a, 3.0, (1, 2), stride=1)",
    inputs: [floats([1, 1, 2, 3])],
  },
  "lpPool3d": { f: (a) => a.lpPool3d(4, 2), torch: "F.lp_pool3d(a, 4.0, 2)", inputs: [floats([1, 2, 2, 4])] },
  ...each((d) => `adaptiveAvgPool${d}d`, "", (d) => ({
    f: (a) => d === 1 ? a.adaptiveAvgPool1d(2) : d === 2 ? a.adaptiveAvgPool2d(2) : a.adaptiveAvgPool3d(2),
    torch: `F.adaptive_avg_pool${d}d(a, 2)`,
  })),
  "adaptiveAvgPool1d: more than there are": {
    f: (a) => a.adaptiveAvgPool1d(5),
    torch: "F.adaptive_avg_pool1d(a, 5)",
    inputs: [floats([2, 3])],
  },
  "adaptiveAvgPool1d: NaN and infinities": {
    f: (a) => a.adaptiveAvgPool1d(4),
    torch: "F.adaptive_avg_pool1d(a, 4)",
    inputs: [infinity],
    order: 0,
  },
  "adaptiveAvgPool2d: a length that stays": {
    f: (a) => a.adaptiveAvgPool2d([null, 1]),
    torch: "F.adaptive_avg_pool2d(a, (None, 1))",
    inputs: [floats([1, 1, 3, 4])],
  },
  ...each((d) => `adaptiveMaxPool${d}d`, "", (d) => ({
    f: (a) => d === 1 ? a.adaptiveMaxPool1d(2) : d === 2 ? a.adaptiveMaxPool2d(2) : a.adaptiveMaxPool3d(2),
    torch: `F.adaptive_max_pool${d}d(a, 2)`,
  })),
  "adaptiveMaxPool1d: more than there are": {
    f: (a) => a.adaptiveMaxPool1d(5),
    torch: "F.adaptive_max_pool1d(a, 5)",
    inputs: [floats([2, 3])],
  },
  "adaptiveMaxPool2d: the gradient of ties goes to the first": {
    f: (a) => a.adaptiveMaxPool2d([2, 3]),
    torch: "F.adaptive_max_pool2d(a, (2, 3))",
    inputs: [ties],
  },
  ...each((d) => `adaptiveMaxPool${d}dWithIndices`, "", (d) => ({
    f: (a) =>
      d === 1
        ? a.adaptiveMaxPool1dWithIndices(2)
        : d === 2
        ? a.adaptiveMaxPool2dWithIndices(2)
        : a.adaptiveMaxPool3dWithIndices(2),
    torch: `F.adaptive_max_pool${d}d_with_indices(a, 2)`,
  })),
  "adaptiveMaxPool2dWithIndices: windows that overlap, and ties": {
    f: (a) => a.adaptiveMaxPool2dWithIndices([3, null]),
    torch: "F.adaptive_max_pool2d_with_indices(a, (3, None))",
    inputs: [ties],
  },
};
