/** Samples of operators that do linear algebra. */
import type { Samples } from "../sample.ts";

export const linear: Samples = {};
