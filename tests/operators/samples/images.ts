/** Samples of images in other sizes and at other places, which are among the operators on windows. */
import { between, floats, integers, type Samples } from "../sample.ts";

/** The samples of images in other sizes. */
export const images: Samples = {
  "interpolate": {
    f: (a) => a.interpolate({ scale: 2 }),
    torch: "F.interpolate(a, scale_factor=2)",
    inputs: [floats([1, 2, 2, 3])],
  },
  "interpolate: nearest, shorter": {
    f: (a) => a.interpolate({ size: [2, 5] }),
    torch: "F.interpolate(a, size=(2, 5))",
    inputs: [floats([1, 1, 3, 7])],
  },
  "interpolate: nearest, a scale that is no integer": {
    f: (a) => a.interpolate({ scale: 1.7 }),
    torch: "F.interpolate(a, scale_factor=1.7)",
    inputs: [floats([2, 1, 5])],
  },
  "interpolate: nearest over three axes": {
    f: (a) => a.interpolate({ size: [1, 3, 4] }),
    torch: "F.interpolate(a, size=(1, 3, 4))",
    inputs: [floats([1, 1, 2, 2, 2])],
  },
  "interpolate: integers": {
    f: (a) => a.interpolate({ size: 4 }),
    torch: "F.interpolate(a, size=4)",
    inputs: [integers(0, 200, [1, 1, 3], 0, "uint8")],
    order: 0,
  },
  "interpolate: nearest-exact": {
    f: (a) => a.interpolate({ size: [2, 5], mode: "nearest-exact" }),
    torch: "F.interpolate(a, size=(2, 5), mode='nearest-exact')",
    inputs: [floats([1, 1, 3, 7])],
  },
  "interpolate: linear": {
    f: (a) => a.interpolate({ size: 7, mode: "linear" }),
    torch: "F.interpolate(a, size=7, mode='linear')",
    inputs: [floats([2, 1, 4])],
  },
  "interpolate: linear, a scale": {
    f: (a) => a.interpolate({ scale: 1.6, mode: "linear" }),
    torch: "F.interpolate(a, scale_factor=1.6, mode='linear')",
    inputs: [floats([2, 1, 4])],
  },
  "interpolate: linear, corners": {
    f: (a) => a.interpolate({ size: 6, mode: "linear", alignCorners: true }),
    torch: "F.interpolate(a, size=6, mode='linear', align_corners=True)",
    inputs: [floats([2, 1, 4])],
  },
  "interpolate: linear, corners of one element": {
    f: (a) => a.interpolate({ size: 1, mode: "linear", alignCorners: true }),
    torch: "F.interpolate(a, size=1, mode='linear', align_corners=True)",
    inputs: [floats([2, 1, 4])],
  },
  "interpolate: bilinear": {
    f: (a) => a.interpolate({ size: [2, 5], mode: "bilinear" }),
    torch: "F.interpolate(a, size=(2, 5), mode='bilinear')",
    inputs: [floats([1, 2, 3, 2])],
  },
  "interpolate: bilinear, corners": {
    f: (a) => a.interpolate({ scale: [2, 1.5], mode: "bilinear", alignCorners: true }),
    torch: "F.interpolate(a, scale_factor=(2, 1.5), mode='bilinear', align_corners=True)",
    inputs: [floats([1, 1, 2, 3])],
  },
  "interpolate: bicubic": {
    f: (a) => a.interpolate({ size: [5, 3], mode: "bicubic" }),
    torch: "F.interpolate(a, size=(5, 3), mode='bicubic')",
    inputs: [floats([1, 1, 3, 4])],
  },
  "interpolate: bicubic, corners": {
    f: (a) => a.interpolate({ scale: 1.5, mode: "bicubic", alignCorners: true }),
    torch: "F.interpolate(a, scale_factor=1.5, mode='bicubic', align_corners=True)",
    inputs: [floats([1, 1, 3, 4])],
  },
  "interpolate: trilinear": {
    f: (a) => a.interpolate({ size: [2, 3, 1], mode: "trilinear" }),
    torch: "F.interpolate(a, size=(2, 3, 1), mode='trilinear')",
    inputs: [floats([1, 1, 3, 2, 2])],
  },
  "interpolate: area": {
    f: (a) => a.interpolate({ size: [2, 2], mode: "area" }),
    torch: "F.interpolate(a, size=(2, 2), mode='area')",
    inputs: [floats([1, 1, 3, 4])],
  },
  "gridSample": {
    f: (a, b) => a.gridSample(b),
    torch: "F.grid_sample(a, b, align_corners=False)",
    inputs: [floats([1, 2, 3, 2]), between(-1.5, 1.5, [1, 2, 3, 2], 1)],
    order: 1,
  },
  "interpolate: places by the lengths": {
    f: (a) => a.interpolate({ scale: 1.7, mode: "bilinear", recomputeScale: true }),
    torch: "F.interpolate(a, scale_factor=1.7, mode='bilinear', recompute_scale_factor=True)",
    inputs: [floats([1, 1, 3, 4])],
  },
  "interpolate: bilinear, averaged": {
    f: (
      a,
    ) => [
      a.interpolate({ size: [3, 2], mode: "bilinear", antialias: true }),
      a.interpolate({ size: [3, 2], mode: "bilinear", antialias: true, alignCorners: true }),
    ],
    torch:
      "(F.interpolate(a, (3, 2), mode='bilinear', antialias=True), F.interpolate(a, (3, 2), mode='bilinear', antialias=True, align_corners=True))",
    inputs: [floats([1, 1, 7, 5])],
  },
  "interpolate: bicubic, averaged": {
    f: (
      a,
    ) => [
      a.interpolate({ scale: 0.4, mode: "bicubic", antialias: true }),
      a.interpolate({ size: 9, mode: "bicubic", antialias: true }),
    ],
    torch:
      "(F.interpolate(a, scale_factor=0.4, mode='bicubic', antialias=True), F.interpolate(a, (9, 9), mode='bicubic', antialias=True))",
    inputs: [floats([1, 1, 7, 5])],
  },
  "gridSample: border, corners": {
    f: (a, b) => a.gridSample(b, { paddingMode: "border", alignCorners: true }),
    torch: "F.grid_sample(a, b, padding_mode='border', align_corners=True)",
    inputs: [floats([2, 1, 2, 3]), between(-1.5, 1.5, [2, 1, 3, 2], 1)],
    order: 1,
  },
  "gridSample: reflection": {
    f: (a, b) => a.gridSample(b, { paddingMode: "reflection" }),
    torch: "F.grid_sample(a, b, padding_mode='reflection', align_corners=False)",
    inputs: [floats([1, 1, 3, 2]), between(-4, 4, [1, 2, 4, 2], 1)],
    order: 1,
  },
  "gridSample: reflection, corners": {
    f: (a, b) => a.gridSample(b, { paddingMode: "reflection", alignCorners: true }),
    torch: "F.grid_sample(a, b, padding_mode='reflection', align_corners=True)",
    inputs: [floats([1, 1, 3, 2]), between(-4, 4, [1, 2, 4, 2], 1)],
    order: 1,
  },
  "gridSample: nearest": {
    f: (a, b) => a.gridSample(b.cast(a.dtype).div(7), { mode: "nearest" }),
    torch: "F.grid_sample(a, b.double() / 7, mode='nearest', align_corners=False)",
    inputs: [floats([1, 2, 3, 2]), integers(-10, 10, [1, 2, 3, 2], 1)],
  },
  "gridSample: nearest, border": {
    f: (a, b) => a.gridSample(b.cast(a.dtype).div(7), { mode: "nearest", paddingMode: "border", alignCorners: true }),
    torch: "F.grid_sample(a, b.double() / 7, mode='nearest', padding_mode='border', align_corners=True)",
    inputs: [floats([1, 2, 3, 2]), integers(-10, 10, [1, 2, 3, 2], 1)],
  },
  "gridSample: bicubic": {
    f: (a, b) => a.gridSample(b, { mode: "bicubic" }),
    torch: "F.grid_sample(a, b, mode='bicubic', align_corners=False)",
    inputs: [floats([1, 1, 4, 3]), between(-1.5, 1.5, [1, 1, 4, 2], 1)],
    order: 1,
  },
  "gridSample: bicubic, reflection": {
    f: (a, b) => a.gridSample(b, { mode: "bicubic", paddingMode: "reflection" }),
    torch: "F.grid_sample(a, b, mode='bicubic', padding_mode='reflection', align_corners=False)",
    inputs: [floats([1, 1, 4, 3]), between(-1.5, 1.5, [1, 1, 4, 2], 1)],
    order: 1,
  },
};

/** The samples of grids. */
export const grids: Samples = {
  "affineGrid": {
    f: (a) => a.affineGrid([2, 1, 2, 3]),
    torch: "F.affine_grid(a, (2, 1, 2, 3), align_corners=False)",
    inputs: [floats([2, 2, 3])],
  },
  "affineGrid: corners, an axis of one": {
    f: (a) => a.affineGrid([1, 1, 1, 3], { alignCorners: true }),
    torch: "F.affine_grid(a, (1, 1, 1, 3), align_corners=True)",
    inputs: [floats([1, 2, 3])],
  },
  "affineGrid: volumes": {
    f: (a) => [a.affineGrid([1, 1, 2, 3, 2]), a.affineGrid([1, 1, 1, 3, 2], { alignCorners: true })],
    torch:
      "(F.affine_grid(a, (1, 1, 2, 3, 2), align_corners=False), F.affine_grid(a, (1, 1, 1, 3, 2), align_corners=True))",
    inputs: [floats([1, 3, 4])],
  },
  "gridSample: volumes": {
    f: (a, b) => a.gridSample(b!),
    torch: "F.grid_sample(a, b, align_corners=False)",
    inputs: [floats([1, 2, 2, 3, 2]), between(-1.5, 1.5, [1, 1, 2, 2, 3], 1)],
    order: 1,
  },
  "gridSample: volumes, nearest, reflection": {
    f: (a, b) =>
      a.gridSample(b!.cast(a.dtype).div(7), { mode: "nearest", paddingMode: "reflection", alignCorners: true }),
    torch: "F.grid_sample(a, b.double() / 7, mode='nearest', padding_mode='reflection', align_corners=True)",
    inputs: [floats([1, 1, 2, 3, 2]), integers(-10, 10, [1, 1, 3, 2, 3], 1)],
  },
};
