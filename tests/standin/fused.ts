/**
 * Maps of a group run as one kernel, whose text NVRTC compiles: they must have the bits of the maps one by one.
 * `cuda_test.ts` runs this in a process of its own, with the stand-in as the driver; the texts stay in its folder.
 */
import { broadcastTo } from "../../core/array/views.ts";
import { groupResult } from "../../core/array/group.ts";
import { copy, empty, map, mapInto, type NDArray } from "../../core/array/ndarray.ts";
import { fold } from "../../core/array/skeletons.ts";
import { Stream } from "../../core/array/stream.ts";
import { type MapRow, mapRows, table } from "../../kernels/instruction.ts";
import { openDevice } from "../../kernels/mod.ts";
import { mapTo, operandsOf, put, typesOf } from "../arrays.ts";
import { Findings } from "../kernels.ts";
import { assert, assertEquals, assertMatch } from "../support.ts";
import { type Body, compare, idle, operandsFrom } from "./compare.ts";
import { get } from "./controls.ts";

const some = operandsFrom(1);

Deno.test("the device says that it has a compiler", () => {
  const device = openDevice("cuda");
  assertMatch(device.description, /NVRTC 12\.4$/);
  device.close();
});

const chain: Body = ([x, y]) => {
  const a = map("tanh", [x!]), b = map("mul", [a, y!]), c = map("addScaled", [b, x!], { s: 0.3 });
  return [map("gelu", [c]), map("square", [b])];
};

Deno.test("chains are one launch, whatever their operands look like", () => {
  const findings = new Findings();
  for (const dtype of ["float32", "float64"] as const) {
    for (const shape of [[1], [3], [1025], [37, 40], [5, 7, 12]]) {
      for (
        const [one, other] of [
          ["contiguous", "contiguous"],
          ["transposed", "transposed"],
          ["contiguous", "broadcastRows"],
          ["broadcastColumns", "contiguous"],
          ["offset", "reversed"],
        ] as const
      ) {
        const operands = [some(dtype, shape, one), some(dtype, shape, other)];
        const launches = compare(findings, `${dtype} [${shape}] ${one} ${other}`, operands, chain);
        findings.add(`launches of [${shape}] ${one} ${other}`, launches === 1 ? null : `${launches}`);
      }
    }
  }
  findings.check();
});

Deno.test("types are converted as if through memory", () => {
  const findings = new Findings();
  compare(findings, "comparison and choice", [some("float32", [9, 20]), some("float32", [9, 20])], ([x, y]) => {
    const less = map("less", [x!, y!]), not = map("not", [less]);
    return [
      map("where", [less, x!, y!], {}, "float32"),
      copy(not, "float32"),
      copy(x!, "uint8"),
      copy(copy(x!, "int32"), "float64"),
    ];
  });
  compare(findings, "integers", [some("int32", [333]), some("int32", [333])], ([x, y]) => {
    const sum = map("add", [x!, y!]);
    return [map("floorDiv", [sum, y!]), map("mod", [x!, y!]), map("mul", [sum, sum]), copy(sum, "uint8")];
  });
  compare(
    findings,
    "bytes",
    [some("uint8", [6, 21]), some("bool", [6, 21])],
    ([x, y]) => [map("add", [x!, y!]), map("where", [y!, x!, x!])],
  );
  findings.check();
});

Deno.test("softmax, updates in place and rows with an index are as one by one", () => {
  const findings = new Findings();
  compare(findings, "softmax", [some("float32", [13, 24])], ([x]) => {
    const wide = (each: NDArray) => broadcastTo(each, [13, 24]);
    const most = fold("max", [x!], [1], [13, 1]), shifted = map("sub", [x!, wide(most)]), e = map("exp", [shifted]);
    return [map("div", [e, wide(fold("sum", [e], [1], [13, 1]))]), map("square", [shifted])];
  });
  compare(findings, "in place", [some("float32", [5000]), some("float32", [5000])], ([x, g]) => {
    const p = copy(x!), v = copy(g!);
    mapInto(v, "scaleAddSquare", [v, g!], 0.9, 0.1);
    mapInto(v, "abs", [v]);
    mapInto(p, "adaptiveStep", [p, g!, v], 0.01, 1, 1e-8);
    mapInto(p, "addScaled", [p, g!], -0.01);
    return [p, v];
  });
  compare(findings, "index", [some("float32", [7, 12])], ([x]) => {
    const { stream } = x!.storage, places = empty(stream, [7, 12], "float32"), sum = empty(stream, [7, 12], "float32");
    mapTo(places, "arange", [], [3, 0.5, 0], "float32", { waits: true });
    mapTo(sum, "add", [places, x!], [0, 0, 0], "float32", { waits: true });
    return [sum, places];
  });
  findings.check();
});

Deno.test("what overlaps is not joined", () => {
  const findings = new Findings();
  compare(findings, "a shifted view of what was written", [some("float32", [100])], ([x]) => {
    const y = map("square", [x!]), shifted = y.view([99], [1], 1), kept = map("addScalar", [shifted], { s: 1 });
    shifted.dispose();
    return [kept, y];
  });
  compare(findings, "a reversed view of what is written", [some("float32", [64])], ([x]) => {
    const y = copy(x!), turned = y.view([64], [-1], 63), sum = map("add", [x!, turned]);
    mapInto(y, "mulScalar", [y], 2);
    turned.dispose();
    return [sum, y];
  });
  findings.check();
});

const rowsEach = 10;
for (const dtype of ["float32", "float64", "int32"] as const) {
  Deno.test(`every row of ${dtype} in groups is as one by one`, () => {
    const findings = new Findings();
    const rows = mapRows.filter((row) => typesOf(table.map[row]).includes(dtype));
    for (let first = 0; first < rows.length; first += rowsEach) {
      const some_ = rows.slice(first, first + rowsEach), shape = [11, 16];
      const operands = Array.from({ length: 6 }, () => some(dtype, shape));
      const launches = compare(findings, `${some_}`, operands, (arrays) =>
        some_.map((row: MapRow) => {
          const out = empty(arrays[0]!.storage.stream, shape, "to" in table.map[row] ? "bool" : dtype);
          mapTo(out, row, arrays.slice(0, operandsOf(table.map[row].is)), [0.7, 1.9, 0.3], dtype, { waits: true });
          return out;
        }));
      assert(launches <= 2, `${some_} took ${launches} launches`);
    }
    findings.check();
    assert(get("fused") > 0);
  });
}

Deno.test("a temporary is not written, and what is read later is", () => {
  const device = openDevice("cuda"), stream = new Stream(device), x = put(stream, some("float32", [64]));
  const result = groupResult(() => {
    const a = map("square", [x]), b = map("negate", [a]), sum = fold("sum", [a], [0], []);
    return map("add", [b, broadcastTo(sum, [64])]);
  });
  const flat = x.read() as Float32Array, total = flat.reduce((sum, each) => sum + each * each, 0);
  (result.read() as Float32Array).forEach((value, k) => {
    const wanted = total - flat[k]! ** 2;
    assert(Math.abs(value - wanted) <= 1e-4 * Math.abs(wanted), `${k}: ${value}, wanted ${wanted}`);
  });
  result.dispose();
  x.dispose();
  device.close();
  assertEquals(get("allocations"), idle);
});
