/**
 * The functions that rows may call are stated once in each language. The list of Zig is part of the manifest. The reference's
 * list is compared with it here, the text of GPUs in `kernels/gpu/head.zig`.
 */
import * as module from "../kernels/deneb.wasm";
import { functions, integerFunctions } from "../kernels/reference/functions.ts";
import { readManifest } from "../kernels/native/border.ts";
import { assertEquals } from "./support.ts";

function manifest(): ReturnType<typeof readManifest> {
  const room = 1 << 16, address = module.deneb_allocate(room) >>> 0, length = module.deneb_manifest(address, room);
  return readManifest(new TextDecoder().decode(new Uint8Array(module.memory.buffer, address, length).slice()));
}

const stated = Object.entries(manifest().functions);

Deno.test("the reference has every function with as many arguments", () => {
  const arities = Object.fromEntries(stated.map(([name, { arity }]) => [name, arity]));
  assertEquals(Object.fromEntries(Object.entries(functions).map(([name, { length }]) => [name, length])), arities);
});

Deno.test("the reference has the functions of integers", () => {
  const names = stated.filter(([_, { integers }]) => integers).map(([name]) => name);
  assertEquals(Object.keys(integerFunctions).sort(), names.sort());
});

Deno.test("every function that is not exact has values of higher precision", async () => {
  const text = await Deno.readTextFile(new URL("../kernels/numbers/functions_test.txt", import.meta.url));
  const names = new Set(text.split("\n").map((line) => line.split(" ")[0]!).filter((name) => name !== ""));
  assertEquals([...names].sort(), stated.filter(([_, { exact }]) => !exact).map(([name]) => name).sort());
});
