/**
 * The functions of Deno's standard library that tools use, under their own names. No other file of this folder names the
 * package; see `tests/std.ts`. Only `run_tests.ts` imports this file, so that `build.ts` and `doctor.ts` run on machines that
 * reach no registry.
 */
// @ts-types="./std.d.ts"
export { stripAnsiCode } from "npm:deno-std@1.4.0/fmt/colors.js";
