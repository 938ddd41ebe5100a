/**
 * What tests take of Deno's standard library, under its own names. Nothing else in this folder says where it comes from:
 * npm's `deno-std` holds the library's packages as JavaScript, and `std.d.ts` declares their types. Where JSR can be
 * reached, `jsr:@std/assert@1` and its like take its place line by line, and bring their types along.
 */
// @ts-types="./std.d.ts"
export {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  fail,
} from "npm:deno-std@1.4.0/assert/mod.js";
// @ts-types="./std.d.ts"
export { delay } from "npm:deno-std@1.4.0/async/delay.js";
// @ts-types="./std.d.ts"
export { equals } from "npm:deno-std@1.4.0/bytes/equals.js";
// @ts-types="./std.d.ts"
export { fromFileUrl } from "npm:deno-std@1.4.0/path/from_file_url.js";
/** The package holds nothing of `@std/fs`; the runtime itself walks folders. */
export { globSync } from "node:fs";
