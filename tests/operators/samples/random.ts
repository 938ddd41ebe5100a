/** Samples of operators that draw random numbers. */
import type { Samples } from "../sample.ts";

export const random: Samples = {};
