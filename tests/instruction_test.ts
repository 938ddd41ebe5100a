/**
 * The rows of instructions: kernels and writers agree with them, and a writer that fails leaves neither half an
 * instruction nor memory behind.
 */
import { filled, map, mapInto, type NDArray } from "../core/array/ndarray.ts";
import { random } from "../core/array/skeletons.ts";
import type { Stream } from "../core/array/stream.ts";
import { permute } from "../core/array/views.ts";
import * as module from "../kernels/deneb.wasm";
import { type OpcodeName, opcodeName, table } from "../kernels/instruction.ts";
import { openReference } from "../kernels/reference/reference.ts";
import { skeletonOf, skeletons, viewPlaces, viewShape, wordsMost } from "../kernels/schema.ts";
import { randomOf } from "./arrays.ts";
import { recordPrograms } from "./border_programs.ts";
import { withDevice } from "./kernels.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertThrows } from "./support.ts";

const names = Object.keys(table.instructions) as OpcodeName[];

Deno.test("the kernels understand the rows of instructions as these modules do", () => {
  const bytes = 1 << 14, address = module.deneb_allocate(bytes), length = module.deneb_manifest(address, bytes);
  const text = new TextDecoder().decode(new Uint8Array(module.memory.buffer, address >>> 0, length));
  const { instructions, opcodes } = JSON.parse(text);
  assertEquals(instructions, skeletons);
  assertEquals(opcodes, Object.fromEntries(names.map((name, k) => [name, k + 1])));
});

Deno.test("every instruction is written as long as its row says", () => {
  const written = new Set<OpcodeName>();
  for (const step of recordPrograms(randomOf(5)).flat()) {
    if (!("words" in step)) continue;
    for (let at = 0; at < step.words.length; at += step.words[at + 1]!) {
      const words = step.words.subarray(at, at + step.words[at + 1]!), name = opcodeName[words[0]!]!;
      written.add(name);
      // A `free` has as many handles as were freed in a row.
      if (name !== "free" && words.length > wordsMost[name]) throw new Error(`${name} has ${words.length} words`);
      const places = viewPlaces(words, 0), last = Object.values(skeletonOf(words).views).at(-1);
      if (last === undefined) continue;
      const strides = last.packed ? 0 : viewShape(words, places.length - 1).length;
      assertEquals(places.at(-1)! + 3 + strides, words.length, name);
    }
  }
  assertEquals(names.filter((name) => !written.has(name)), []);
});

testWith(["read"], "an instruction stands in the nine places that the page of the kernels names", async () => {
  const kernels = new URL("../kernels/", import.meta.url);
  const page = await Deno.readTextFile(new URL("README.md", kernels));
  const section = page.slice(page.indexOf("### An instruction"));
  const places = [...section.slice(0, section.indexOf("\n#", 4)).matchAll(/^\| `(\S+)`/gm)].map(([, place]) => place!);
  assertEquals(places.length, 9);
  for (const place of places) {
    const url = new URL(place, kernels);
    const files = place.endsWith("/") ? [...Deno.readDirSync(url)].map(({ name }) => new URL(name, url)) : [url];
    const texts = files.map((file) => Deno.readTextFileSync(file));
    assertEquals(texts.some((text) => /\brandom\b|random_/.test(text)), true, place);
  }
});

/** Writers of instructions with scalars. Each is given a scalar that throws, and one that computes on the same stream. */
const writers: Record<string, (stream: Stream, x: NDArray, scalar: () => number) => NDArray | void> = {
  "a flat map": (_, x, s) => map("addScalar", [x], { s }),
  "a strided map": (_, x, s) => map("addScalar", [permute(x, [1, 0])], { s }),
  "a map of another type": (_, x, s) => map("addScalar", [x], { s }, "float64"),
  "a map with a late scalar": (_, x, t) => map("clip", [x], { s: 0, t }),
  "a map into an array": (_, x, s) => mapInto(x, "addScalar", [x], s),
  "a constant": (stream, _, s) => filled(stream, [3], "float32", s),
  "random numbers": (stream, _, s) => random(stream, [3], "float32", [1, s], 0),
  "random numbers of a live counter": (stream, _, s) => random(stream, [3], "float32", [1, 2], s),
};

for (const [what, write] of Object.entries(writers)) {
  Deno.test(`${what}: a scalar that throws leaves nothing behind, one that computes disturbs nothing`, () => {
    withDevice(openReference, (stream) => {
      const x = filled(stream, [2, 3], "float32", 2), views: NDArray[] = [], before = stream.count;
      const scalar = () => {
        throw new RangeError("no such number");
      };
      assertThrows(() => write(stream, x, scalar), RangeError, "no such number");
      const written = write(stream, x, () => {
        const other = filled(stream, [4], "float32", 3), number = other.readFirst();
        other.dispose();
        return number;
      });
      if (written !== undefined) views.push(written);
      for (const view of views) view.dispose();
      x.storage.destroy();
      assertEquals(stream.count, before - 1);
    });
  });
}

Deno.test("a map that does not exist, or of too many axes, leaves nothing behind", () => {
  withDevice(openReference, (stream) => {
    const x = filled(stream, [2, 1, 1, 1, 1, 1, 1, 1, 3], "int32", 2), turned = permute(x, [8, 1, 2, 3, 4, 5, 6, 7, 0]);
    const before = stream.count;
    assertThrows(() => map("exp", [x]), TypeError, "it does not exist for integers, int32 must be a float type");
    assertThrows(() => map("negate", [turned]), RangeError, "has more than 8 axes");
    assertEquals(stream.count, before);
    turned.dispose();
    x.dispose();
  });
});
