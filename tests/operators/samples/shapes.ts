/** Samples of operators that give elements another shape or order. */
import type { Samples } from "../sample.ts";

export const shapes: Samples = {};
