/** Samples of operators that look at windows of neighbouring elements. */
import type { Samples } from "../sample.ts";

export const windows: Samples = {};
