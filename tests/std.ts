/**
 * The functions of Deno's standard library that tests use, under their own names. No other file of this folder names the
 * package: npm's `deno-std` has the library as JavaScript, and `std.d.ts` declares the types. Where JSR can be reached,
 * `jsr:@std/assert@1` and the like replace it line by line, with types of their own.
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
/** The package lacks `@std/fs`; the runtime's own function walks folders. */
export { globSync } from "node:fs";
/** Whether a text is well-formed XML. */
export { XMLValidator } from "npm:fast-xml-parser@5.12.1";
