/** The public names of operators, by family: methods of Tensor, and functions. */
import * as fourier from "../../core/tensor/functions/fourier.ts";
import * as indexing from "../../core/tensor/functions/indexing.ts";
import * as linear from "../../core/tensor/functions/linear.ts";
import * as random from "../../core/tensor/functions/random.ts";
import * as shapes from "../../core/tensor/functions/shapes.ts";
import * as windows from "../../core/tensor/functions/windows.ts";
import {
  ActivationMethods,
  FourierMethods,
  IndexMethods,
  LinearMethods,
  linspace,
  logspace,
  PointwiseMethods,
  RandomMethods,
  ReductionMethods,
  ScanMethods,
  ShapeMethods,
  SortMethods,
  SpecialMethods,
  WindowMethods,
} from "../../mod.ts";

const methods: Readonly<Record<string, { readonly prototype: object }>> = {
  pointwise: PointwiseMethods,
  special: SpecialMethods,
  activations: ActivationMethods,
  reductions: ReductionMethods,
  scans: ScanMethods,
  shapes: ShapeMethods,
  indexing: IndexMethods,
  sorting: SortMethods,
  windows: WindowMethods,
  linear: LinearMethods,
  random: RandomMethods,
  fourier: FourierMethods,
};
const functions: Readonly<Record<string, object>> = {
  shapes: { ...shapes, linspace, logspace },
  indexing,
  windows,
  linear,
  random,
  fourier,
};

/** The operators of a family. */
export function operatorsOf(family: string): string[] {
  const own = Object.getOwnPropertyNames(methods[family]?.prototype ?? {}).filter((name) => name !== "constructor");
  return [...own, ...Object.keys(functions[family] ?? {})];
}
