/** The samples of all families, by the names of their files. */
import type { Samples } from "../sample.ts";
import { activations } from "./activations.ts";
import { fourier } from "./fourier.ts";
import { indexing } from "./indexing.ts";
import { linear } from "./linear.ts";
import { pointwise } from "./pointwise.ts";
import { random } from "./random.ts";
import { reductions } from "./reductions.ts";
import { scans } from "./scans.ts";
import { shapes } from "./shapes.ts";
import { sorting } from "./sorting.ts";
import { special } from "./special.ts";
import { windows } from "./windows.ts";

export const families: Readonly<Record<string, Samples>> = {
  pointwise,
  special,
  activations,
  reductions,
  scans,
  shapes,
  indexing,
  sorting,
  windows,
  linear,
  random,
  fourier,
};
