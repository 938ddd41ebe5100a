/**
 * What tools take of Deno's standard library, under its own names. Nothing else in this folder says where it comes from;
 * see `tests/std.ts`. Only `run_tests.ts` imports this file: `build.ts`, `doctor.ts` and what they need run on a machine
 * that reaches no registry.
 */
// @ts-types="./std.d.ts"
export { stripAnsiCode } from "npm:deno-std@1.4.0/fmt/colors.js";
