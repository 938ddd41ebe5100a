/** The fuzzer finds what is broken, shrinks it to little, and finds nothing where nothing is broken. */
import readme from "../README.md" with { type: "text" };
import { map, type NDArray } from "../core/array/ndarray.ts";
import { ops, setDefaultDevice, type Tensor } from "../mod.ts";
import { forms } from "./fuzz/statements.ts";
import { doorsKind } from "./fuzz/doors.ts";
import { filesKind } from "./fuzz/files.ts";
import { gradientsKind } from "./fuzz/gradients.ts";
import type { Kind } from "./fuzz/kind.ts";
import { kinds } from "./fuzz/kinds.ts";
import { opsKind } from "./fuzz/ops.ts";
import { drawOp, opNames } from "./fuzz/op_draws.ts";
import { programsKind } from "./fuzz/programs.ts";
import { type Find, randomFor, run } from "./fuzz/run.ts";
import { shrink, simplerData } from "./fuzz/shrink.ts";
import { doors } from "./ops/doors.ts";
import { testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch } from "./support.ts";

/** Runs cases of one kind on wasm until there is a find that is `wanted`, but no more than `casesMax`. */
async function search(kind: Kind, casesMax: number, wanted = (_: Find) => true): Promise<Find | undefined> {
  for (let from = 0; from < casesMax; from += 20) {
    const options = {
      kinds: [kind],
      devices: ["wasm"],
      seed: 3,
      seconds: 1000,
      from,
      casesMax: 20,
      shrinkSeconds: 300,
    };
    const found = (await run(options)).finds.find(wanted);
    if (found !== undefined) return found;
  }
}

/** Runs `body` while an op computes or differentiates in another way. */
async function broken(op: object, change: object, body: () => Promise<void>): Promise<void> {
  const before = Object.getOwnPropertyDescriptors(op);
  Object.assign(op, change);
  try {
    await body();
  } finally {
    for (const name of Object.keys(change)) {
      const own = (before as Record<string, PropertyDescriptor>)[name];
      if (own !== undefined) Object.defineProperty(op, name, own);
      else delete (op as Record<string, unknown>)[name];
    }
    await setDefaultDevice("reference");
  }
}

testWith([], "an op that computes wrongly is found, and shrunk to one call with few elements", async () => {
  const { compute } = ops.RowOp.prototype;
  const wrong = {
    compute(this: InstanceType<typeof ops.Tanh>, a: NDArray): NDArray {
      const right = compute.call(this, a);
      return a.storage.stream.device.name === "wasm" && a.shape.length > 1
        ? map("mulScalar", [right], { s: 1.001 })
        : right;
    },
  };
  await broken(ops.Tanh.prototype, wrong, async () => {
    const find = await search({ ...opsKind, draw: (random) => drawOp(random, "Tanh") }, 200);
    assertMatch(find!.wrong, /^Tanh of \w+: element 0 is/);
    assertMatch(find!.program, /new ops\.Tanh\(\)\.call\(tensor\(Float64Array\.of\([^,]+\), .* shape: \[1, 1\] \}\)\)/);
  });
});

testWith([], "a wrong gradient is found, and shrunk to one statement", async () => {
  const wrong = { gradient: (g: Tensor, y: Tensor) => g.mul(y.inputs[0]!.sin().neg().mul(1.01)) };
  await broken(ops.Cos.prototype, wrong, async () => {
    // A wrong gradient may also show in the second order alone, and a long program need not shrink to one statement.
    const statementsOf = ({ program }: Find) => program.match(/^ {2}const t\d+ = .*$/gm)!;
    const isPlain = (find: Find) => find.wrong.startsWith("first order") && statementsOf(find).length === 1;
    const find = await search(gradientsKind, 2000, isPlain);
    assertMatch(find!.wrong, /^first order: Cannot gradCheck: input 0/);
    assertMatch(statementsOf(find!)[0]!, /Cos\(\)/);
  });
});

testWith([], "a missing second derivative is found", async () => {
  const wrong = { gradient: (g: Tensor, y: Tensor) => g.mul(y.inputs[0]!.detach().cos()) };
  await broken(ops.Sin.prototype, wrong, async () => {
    const find = await search(gradientsKind, 2000);
    assertMatch(find!.wrong, /^(second order|forward mode)/);
    assertMatch(find!.program, /Sin\(\)/);
  });
});

testWith([], "an op that a recording freezes is found, and shrunk to a step that calls it", async () => {
  let asked = 0;
  const frozen = {
    compute: (a: NDArray): NDArray => map("mulScalar", [a], { s: ++asked }),
  };
  await broken(ops.Erf.prototype, frozen, async () => {
    const find = await search(programsKind, 2000);
    assertMatch(find!.wrong, /^captured and eager differ/);
    // Some programs keep steps that give the op its operand.
    assert(find!.program.match(/const t\d+ = /g)!.length <= 6, find!.program);
    assertMatch(find!.program, /Erf\(\)/);
  });
});

testWith([], "every op is drawn, and those with a door stand in programs or are left out for a reason", () => {
  for (const name of opNames) {
    const { op, operands } = drawOp(randomFor(1, name, 0), name);
    assert(op === name && operands.length > 0, name);
  }
  // Programs are captured, so nothing in them reads elements.
  const left = Object.keys(doors).filter((name) => !forms.has(name) && !doors[name]!.reads);
  // Integers and bools, other devices, random numbers, slices, which the forms of views cover, and ops whose settings are
  // constants of the doors' file.
  const wanted = [
    "All",
    "Any",
    "ArgMax",
    "ArgMaxPool",
    "ArgMin",
    "BitwiseAnd",
    "BitwiseLeftShift",
    "BitwiseNot",
    "BitwiseOr",
    "BitwiseRightShift",
    "BitwiseXor",
    "Cast",
    "Compare",
    "Convolution",
    "ConvolutionKernelGradient",
    "ConvolutionTranspose",
    "CountNonzero",
    "DropoutOp",
    "FloorDiv",
    "GCD",
    "LCM",
    "MaxPool",
    "MiddlePlace",
    "Not",
    "ReplaceSlice",
    "Slice",
    "SortedPlaces",
    "ToDevice",
    "Unslice",
    "WindowChoice",
    "WindowChoiceGradient",
    "WindowSum",
    "WindowSumGradient",
  ];
  assertEquals(left.sort(), wanted, "ops that no form of tests/fuzz/statements.ts writes");
});

testWith(["read", "write", "env"], "the same seed gives the same cases, of which none is a find", async () => {
  for (const kind of [opsKind, programsKind, gradientsKind, filesKind, doorsKind] as Kind[]) {
    const [one, other] = [0, 0].map(() => JSON.stringify(kind.draw(randomFor(7, kind.name, 3))));
    assertEquals(one, other);
    const { counts, finds } = await run({ kinds: [kind], devices: ["wasm"], seed: 7, seconds: 1000, casesMax: 60 });
    assertEquals(counts, { [kind.name]: { wasm: 60 } });
    assertEquals(finds.map(({ wrong, program }) => `${wrong}\n${program}`), []);
  }
  await setDefaultDevice("reference");
});

Deno.test("README: its table of kinds is the fuzzer's", () => {
  const table = readme.match(/^\| kind +\|[^]*?\n\n/m)![0];
  assertEquals([...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name), kinds.map(({ name }) => name));
});

testWith([], "shrinking leaves out what the fault does not need, and ends", async () => {
  const found = { list: [3, 812.25, -7, 44, 9], flag: true, name: "x", deep: { more: [1, 2, [3, 4]] } };
  const holds = (each: typeof found) => Array.isArray(each.list) && each.list.some((value) => value > 40);
  assertEquals(await shrink(found, holds), { list: [41] } as typeof found);
  assertEquals([...simplerData(null)], []);
});
