/** What tensors cannot be made from or asked for is said at once, and whatever comes next goes on. */
import { type DType, oneHot, ones, randn, tensor, zeros } from "../mod.ts";
import { assert, assertEquals, assertThrows, forEachDevice, values } from "./support.ts";

/** As it comes from programs without types. */
// deno-lint-ignore no-explicit-any
const untyped = (value: unknown): any => value;
const wrong = untyped("float8") as DType;

const refused: [name: string, body: () => unknown, kind: typeof TypeError | typeof RangeError, text: string][] = [
  ["a factory's type", () => ones([2], { dtype: wrong }), TypeError, '"float8" is no element type'],
  ["a drawn tensor's type", () => randn([2], { dtype: wrong }), TypeError, "float8"],
  ["a cast's type", () => ones([2]).cast(wrong), TypeError, '"float8" is no element type'],
  ["a type by the name of an object's method", () => ones([2], { dtype: untyped("toString") }), TypeError, "toString"],
  ["an array of bigints", () => tensor(untyped(BigInt64Array.of(1n))), TypeError, "found a BigInt64Array where"],
  ["a bigint", () => tensor(untyped([1n])), TypeError, "found 1n where a number"],
  ["a text", () => tensor(untyped(["1"])), TypeError, 'found "1" where a number'],
  ["NaN as an index", () => ones([3]).take([NaN]), RangeError, "Cannot take: index NaN must be an integer"],
  ["a fraction as an index", () => ones([3]).take([1, 1.5]), RangeError, "index 1.5 must be an integer"],
  ["an index beyond 32 bits", () => ones([3]).take([2 ** 32]), RangeError, "index 4294967296 must be an integer"],
  ["NaN as a label", () => oneHot([0, NaN], 2), RangeError, "Cannot oneHot: index NaN must be an integer"],
];
for (const [name, body, kind, text] of refused) {
  forEachDevice(`refused: ${name}`, () => {
    assertThrows(body, kind, text);
    assertEquals(values(ones([2]).add(1)), [2, 2]);
  });
}

forEachDevice("more memory than there is names the bytes, and what comes next goes on", () => {
  for (const bytes of [2 ** 42, 2 ** 54]) {
    assert.throws(() => values(zeros([bytes / 4])), new RegExp(`^Error: Cannot allocate ${bytes} bytes`));
    assertEquals(values(ones([2]).add(1)), [2, 2]);
  }
});
