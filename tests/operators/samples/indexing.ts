/** Samples of operators that choose elements by their places. */
import type { Samples } from "../sample.ts";

export const indexing: Samples = {};
