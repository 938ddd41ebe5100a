/**
 * The border of the native library, in a build with all of Zig's checks: a call with any numbers answers a status, and the
 * process lives. Each case is a process of its own; see `border_hammer.ts`.
 */
import { testWith } from "./permissions.ts";
import { strike } from "./strike.ts";
import { assert, assertEquals, assertStrictEquals } from "./support.ts";

const needed = ["run", "read", "write", "env", "ffi"] as const;

testWith(needed, "every symbol answers any number, handle and length with a status", async () => {
  for (const seed of [1, 2]) {
    const [counts] = await strike("callAnything", seed, 4000);
    assert(counts!.calls! > 3000 && counts!.opened! > 50 && counts!.ok! > 200, JSON.stringify(counts));
  }
});

testWith(needed, "instructions with a broken word are refused or run, and leave no memory", async () => {
  for (const seed of [1, 2, 3]) {
    const [counts] = await strike("breakWords", seed, 20_000);
    assertStrictEquals(counts!.whole, counts!.programs, "programs with no word broken failed");
    // Some broken words are valid all the same, so not all programs are refused.
    assert(counts!.failed! > 8000 && counts!.failed! < 20_000, JSON.stringify(counts));
  }
});

testWith(
  needed,
  "words that come again and change are kept, run the usual way or refused, and leave no memory",
  async () => {
    for (const seed of [1, 2]) {
      const [counts] = await strike("keepWords", seed, 3000);
      const { runs, whole, changed, refused } = counts as Record<string, number>;
      assertStrictEquals(runs, 7 * 3000);
      assert(whole! > runs! / 2 && changed! > 3000 && refused! > 1000, JSON.stringify(counts));
    }
  },
);

testWith(needed, "gather and scatter onto their own indices stay within their storages", async () => {
  const [counts] = await strike("overlap", 1, 1);
  assertStrictEquals(counts!.ok! + counts!.refused!, 2);
});

testWith(needed, "four Workers open, use and close contexts of one library side by side", async () => {
  const counts = await strike("workers", 1, 200);
  assertEquals(counts.map(({ opened }) => opened), [200, 200, undefined, undefined]);
});

testWith(needed, "two Workers use one context at the same time", async () => {
  const [, looking] = await strike("shared", 1, 1000);
  assert(looking!.ok! > 1000, JSON.stringify(looking));
});

testWith(needed, "a context may be closed while other Workers call on it", async () => {
  const [first, second, closing] = await strike("closing", 1, 100_000);
  assertStrictEquals(closing!.closed, 100_000);
  assert(first!.calls! > first!.closed! && second!.calls! > second!.closed!, "nobody called on an open context");
});
