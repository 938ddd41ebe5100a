/** Products on OpenCL: by tiles, of which the fastest is chosen and all give the same bits; and by CLBlast. */
import type { DType, TypedArray } from "../core/pure/dtype.ts";
import { gather } from "../core/array/places.ts";
import { argFold, fold, matmul, random as randomArray } from "../core/array/skeletons.ts";
import { copy, map } from "../core/array/ndarray.ts";
import type { Stream } from "../core/array/stream.ts";
import type { Device } from "../kernels/device.ts";
import { libraryCandidates, openNative } from "../kernels/native/native.ts";
import { openReference } from "../kernels/reference/reference.ts";
import { compute, difference, epsilonOf, type Layout, operand, randomOf, unitOf } from "./arrays.ts";
import { failingCLBlast } from "./built.ts";
import { absence, Findings, withDevice } from "./kernels.ts";
import { inTemporaryFolder, testUnless, testWith } from "./permissions.ts";
import { outputOf } from "./process.ts";
import { openChosen } from "./devices/native.ts";
import { assert, assertEquals, assertExact, assertMatch, assertThrows } from "./support.ts";

const why = absence("opencl");

/** The numbers of tiles: both kinds of kernels have four, and devices with small groups lack some. */
const tiles = [0, 1, 2, 3];

/** Few long sums, sizes that no tile divides, and one element more than the deepest tile is deep. */
const shapes: readonly [m: number, n: number, k: number][] = [[16, 16, 1024], [300, 65, 777], [7, 97, 257]];
const kinds: readonly [a: DType, b: DType][] = [
  ["float32", "float32"],
  ["float64", "float64"],
  ["bfloat16", "bfloat16"],
];

testUnless(why, "opencl: every tile of products, of cores and of lanes, gives the same bits", () => {
  const findings = new Findings(), known = new Map<string, TypedArray>();
  for (const shape of ["core", "lanes"] as const) {
    for (const tile of tiles) {
      withDevice(() => openChosen("opencl", { shape, tile }), (stream) => {
        for (const [a, b] of kinds) {
          for (const [m, n, k] of shapes) {
            const random = randomOf(m), what = `${m} x ${n} x ${k} of ${a} and ${b}`;
            for (const layouts of [["contiguous", "contiguous"], ["transposed", "reversed"]] as [Layout, Layout][]) {
              const operands = [operand(a, [m, k], layouts[0], random), operand(b, [k, n], layouts[1], random)];
              const found = compute(stream, operands, ([x, y]) => matmul(x!, y!, [])), name = `${what} ${layouts}`;
              if (!known.has(name)) known.set(name, found);
              else findings.add(`${name} by tile ${tile} of ${shape}`, difference(found, known.get(name)!));
            }
          }
        }
      });
    }
  }
  findings.check();
  assertEquals(findings.cases, 7 * kinds.length * shapes.length * 2);
  assertThrows(() => openChosen("opencl", { tile: 4 }), RangeError, "products have no tile 4 here");
});

/** The places of records in the file of a store: after four words, each with as many bytes as its last word says. */
function recordsOf(bytes: Uint8Array): { at: number; length: number }[] {
  const view = new DataView(bytes.buffer), records = [];
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at + 24, true));
    records.push({ at: at + 32, length });
    at += 32 + length;
  }
  return records;
}

const begin = `
import { matmul } from ${JSON.stringify(new URL("../core/array/skeletons.ts", import.meta.url).href)};
import { Stream } from ${JSON.stringify(new URL("../core/array/stream.ts", import.meta.url).href)};
import { openDevice } from ${JSON.stringify(new URL("../kernels/mod.ts", import.meta.url).href)};
import { compute, operand, randomOf, unitOf } from ${JSON.stringify(new URL("arrays.ts", import.meta.url).href)};
const device = openDevice("opencl"), stream = new Stream(device), random = randomOf(1);
const product = (dtype, m, n, k) => {
  const operands = [operand(dtype, [m, k], "contiguous", random), operand(dtype, [k, n], "contiguous", random)];
  return [...compute(stream, operands, ([x, y]) => matmul(x, y, []))].slice(0, 1000);
};
`;

/** Runs a program on a device that it opens and closes, and returns the JSON that it writes. */
async function findingsOf<T>(program: string, folder: string, more: Record<string, string>): Promise<T> {
  await Deno.writeTextFile(`${folder}/program.js`, begin + program);
  const env = { DENEB_PROGRAMS: `${folder}/programs`, DENEB_OPENCL_DEVICE: "", DENEB_CLBLAST: "", ...more };
  return JSON.parse(await outputOf(["run", "-A", "--no-check", `${folder}/program.js`], { env }));
}

const process = ["read", "write", "env", "run", "ffi"] as const;

testWith(
  process,
  "opencl: which tile is the fastest is found once, kept, and found anew where that is spoilt",
  async () => {
    await inTemporaryFolder(async (folder) => {
      const run = async () => {
        const program = "console.log(JSON.stringify(product('float32', 256, 256, 256))); device.close();";
        const numbers = await findingsOf<number[]>(program, folder, {});
        const [{ name }] = [...Deno.readDirSync(`${folder}/programs`)] as [Deno.DirEntry];
        const path = `${folder}/programs/${name}`, bytes = await Deno.readFile(path);
        const choices = recordsOf(bytes).filter(({ length }) => length === 1);
        assertEquals(choices.length, 1);
        return { numbers, path, bytes, place: choices[0]!.at, written: Deno.statSync(path).mtime!.getTime() };
      };
      const first = await run(), choice = first.bytes[first.place]!;
      assert(tiles.includes(choice), `tile ${choice}`);
      // A product whose tile is known is neither timed nor written again.
      const age = () => Deno.utime(first.path, 1e9, 1e9);
      await age();
      const second = await run();
      assertEquals([second.written, second.bytes], [1e12, first.bytes]);
      for (const [spoilt, whole] of [[choice ^ 1, true], [choice, false]] as const) {
        const { path, place, bytes } = await run(), other = bytes.slice();
        other[place] = spoilt;
        await Deno.writeFile(path, whole ? other : other.slice(0, place));
        await age();
        const third = await run();
        assert(tiles.includes(third.bytes[third.place]!), "a choice that is none was kept");
        assert(third.written > 1e12, "nothing was written");
        assertExact(third.numbers, first.numbers);
        // The file is whole again.
        await age();
        assertEquals((await run()).written, 1e12);
      }
    });
  },
  why,
);

testUnless(why, "opencl: without float64 it is refused by name, and float32 goes on", () => {
  withDevice(() => openChosen("opencl", { double: 0 }), (stream) => {
    const findings = new Findings(), random = randomOf(4);
    const some = (dtype: DType, shape: number[]) => operand(dtype, shape, "contiguous", random);
    const [wide, narrow, matrix] = [some("float64", [6]), some("float32", [6]), some("float64", [4, 4])];
    const index = operand("int32", [3], "contiguous", random, () => 1);
    const message = /^Cannot compute float64 on opencl: .+ has no double precision$/;
    const refused: Record<string, () => unknown> = {
      map: () => compute(stream, [wide], ([x]) => map("exp", [x!])),
      "cast to it": () => compute(stream, [narrow], ([x]) => copy(x!, "float64")),
      "cast from it": () => compute(stream, [wide], ([x]) => copy(x!, "float32")),
      fold: () => compute(stream, [wide], ([x]) => fold("sum", [x!], [0], [])),
      arg: () => compute(stream, [wide], ([x]) => argFold("argmax", x!, [0], [])),
      product: () => compute(stream, [matrix, matrix], ([x, y]) => matmul(x!, y!, [])),
      gather: () => compute(stream, [matrix, index], ([x, at]) => gather(x!, at!, 1, [4, 3, 1])),
      random: () => compute(stream, [], () => randomArray(stream, [8], "float64", [1, 2], 0)),
    };
    for (const [what, body] of Object.entries(refused)) {
      let said = "nothing";
      try {
        body();
      } catch (error) {
        said = (error as Error).message;
      }
      findings.add(what, message.test(said) ? null : `said ${said}`);
    }
    // Functions that compute in pairs of float64 elsewhere have other text on this device.
    for (const dtype of ["float32", "bfloat16"] as const) {
      for (const row of ["sin", "cos", "pow", "mod", "floorDiv", "tanh", "log"] as const) {
        const operands = row === "pow" || row === "mod" || row === "floorDiv" ? 2 : 1;
        const given = Array.from(
          { length: operands },
          () => operand(dtype, [33], "contiguous", random, () => random() * 9 + 0.5),
        );
        withDevice(openReference, (reference) => {
          const [found, expected] = [stream, reference].map((on) => compute(on, given, (arrays) => map(row, arrays)));
          const bound = (k: number) => row === "floorDiv" ? 0 : 8 * unitOf(dtype, Math.max(Math.abs(expected![k]!), 1));
          findings.add(`${row} of ${dtype}`, difference(found!, expected!, bound));
        });
      }
      const given = [some(dtype, [9, 40]), some(dtype, [40, 7])];
      const found = compute(stream, given, ([x, y]) => matmul(x!, y!, []));
      withDevice(() => openNative("opencl"), (other) => {
        const expected = compute(other, given, ([x, y]) => matmul(x!, y!, []));
        findings.add(`product of ${dtype}`, difference(found, expected));
      });
    }
    findings.check();
  });
});

/** Opens OpenCL with CLBlast, if CLBlast is installed. */
function openWithCLBlast(): Device {
  const before = Deno.env.get("DENEB_CLBLAST");
  Deno.env.set("DENEB_CLBLAST", "1");
  try {
    return openNative("opencl");
  } finally {
    if (before === undefined) Deno.env.delete("DENEB_CLBLAST");
    else Deno.env.set("DENEB_CLBLAST", before);
  }
}

/** Why CLBlast cannot be tested here; null if it can be. */
function absenceOfCLBlast(): string | null {
  if (why !== null) return why;
  const device = openWithCLBlast(), { description } = device;
  device.close();
  return / CLBlast$/.test(description) ? null : description.slice(description.indexOf("without CLBlast"));
}

const products: readonly [batch: number[], m: number, n: number, k: number][] = [
  [[], 1, 7, 5],
  [[], 7, 1, 5],
  [[], 1, 1, 1],
  [[], 3, 5, 0],
  [[], 33, 65, 129],
  [[], 200, 300, 150],
  [[3], 5, 4, 7],
  [[2, 3], 9, 17, 5],
];

testUnless(absenceOfCLBlast(), "opencl: products by CLBlast are those of the own kernels but for roundings", () => {
  const findings = new Findings(), random = randomOf(9);
  const layouts = ["contiguous", "transposed", "offset", "reversed", "broadcastRows"] as const;
  withDevice(openWithCLBlast, (stream) => {
    withDevice(() => openNative("opencl"), (own) => {
      for (const dtype of ["float32", "float64", "bfloat16", "int32"] as const) {
        for (const [batch, m, n, k] of products) {
          for (const [turn, layout] of layouts.entries()) {
            const other = layouts[(turn + 1) % 2]!;
            const operands = [
              operand(dtype, [...batch, m, k], layout, random),
              operand(dtype, [...batch, k, n], other, random),
            ];
            const run = (on: Stream, each = operands) => compute(on, each, ([x, y]) => matmul(x!, y!, batch));
            const found = run(stream), expected = run(own);
            // CLBlast takes neither of these types, so that the bits are the same.
            const alike = dtype === "bfloat16" || dtype === "int32";
            const sizes = alike
              ? null
              : run(own, operands.map((each) => ({ ...each, flat: each.flat.map(Math.abs) as TypedArray })));
            const bound = (at: number) => sizes === null ? 0 : 2 * (k + 2) * epsilonOf(dtype) * sizes[at]!;
            findings.add(
              `${dtype} [${batch}] ${m} x ${n} x ${k} ${layout} ${other}`,
              difference(found, expected, bound),
            );
          }
        }
      }
      // After a call of CLBlast that failed, the description would not name it.
      assertMatch(stream.device.description, / CLBlast$/);
    });
  });
  findings.check();
});

const onLinux = Deno.build.os === "linux" ? why : "libraries are found otherwise";

testWith(process, "opencl: the own kernels multiply where CLBlast is not, lacks a function or fails", async () => {
  await inTemporaryFolder(async (folder) => {
    const run = (env: Record<string, string>) =>
      findingsOf<{ before: string; after: string; numbers: number[] }>(
        `
      const before = device.description, numbers = [product("float32", 9, 40, 7), product("float64", 9, 40, 7)].flat();
      console.log(JSON.stringify({ before, after: device.description, numbers }));
      device.close();`,
        folder,
        env,
      );
    const own = await run({});
    assert(!/CLBlast/.test(own.before), own.before);
    const asked = { DENEB_CLBLAST: "1", LD_LIBRARY_PATH: folder };
    await Deno.writeTextFile(`${folder}/libclblast.so.1`, "no library");
    const absent = await run(asked);
    assertMatch(absent.before, /, without CLBlast: libclblast\.so\.1 is not here: .*(too short|invalid ELF header)/);
    // Deneb's own library, under the name of CLBlast.
    const library = libraryCandidates().find(({ reason }) => reason === null);
    await Deno.remove(`${folder}/libclblast.so.1`);
    await Deno.symlink(await Deno.realPath(library!.path), `${folder}/libclblast.so.1`);
    const lacking = await run(asked);
    assertMatch(lacking.before, /, without CLBlast: its library has no CLBlastSgemm$/);
    await Deno.remove(`${folder}/libclblast.so.1`);
    await failingCLBlast(folder);
    const failing = await run(asked);
    assertMatch(failing.before, /, CLBlast$/);
    assertMatch(
      failing.after,
      /, without CLBlast: it answered -11 \(the program does not build\) to a product of 9 x 40 x 7$/,
    );
    for (const { numbers } of [absent, lacking, failing]) assertExact(numbers, own.numbers);
  });
}, onLinux);
