/** Samples of operators that join elements along axes. */
import type { Samples } from "../sample.ts";

export const reductions: Samples = {};
