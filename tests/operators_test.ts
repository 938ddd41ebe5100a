/** Every operator against PyTorch: values, gradients and second derivatives, eager and captured, in forward mode too. */
import { capture, type DType, jvp, setDefaultDevice, type Tensor } from "../mod.ts";
import { bits } from "./captures.ts";
import {
  differentiated,
  gradients,
  like,
  operands,
  questionOf,
  resultsOf,
  type Sample,
  type Samples,
  scalarOf,
  secondDerivatives,
  shown,
} from "./operators/sample.ts";
import { families } from "./operators/samples/mod.ts";
import { operatorsOf } from "./operators/names.ts";
import { page } from "./operators/page.ts";
import { assertClose, assertEquals, assertStrictEquals, forEachDevice, values } from "./support.ts";

/** What PyTorch gave for a sample. */
interface Answer {
  question: unknown;
  results: { shape: number[]; dtype: string; elements: (number | string)[] }[];
  gradients?: (number | string)[][];
  second?: (number | string)[][];
}

/** PyTorch's types that Deneb has under another: its integers that count are int32. */
const kept: Readonly<Record<string, string>> = { int64: "int32" };

function compare(
  found: readonly Tensor[],
  expected: readonly (readonly (number | string)[])[],
  what: string,
  part: number,
): void {
  assertStrictEquals(found.length, expected.length, `${what}: number of tensors`);
  found.forEach((tensor, k) => {
    const wanted = expected[k]!.map(Number), finite = wanted.filter(Number.isFinite).map(Math.abs);
    // Integers give float32, also where float64 is compared.
    const relative = tensor.dtype === "float32" ? Math.max(part, 16 * 2 ** -23) : part;
    // Errors are relative to the largest element, since elements may be differences of large ones.
    const absolute = relative * Math.max(1, ...finite);
    assertClose(values(tensor), wanted, { relative, absolute, what: `${what}, tensor ${k}` });
  });
}

function answersOf(family: string): Record<string, Answer> {
  return JSON.parse(Deno.readTextFileSync(new URL(`fixtures/operators/${family}.json`, import.meta.url)));
}

/** Calls `body` for every sample, and says in errors which one failed. */
function forEachSample(samples: Samples, body: (name: string, sample: Sample) => void): void {
  for (const [name, sample] of Object.entries(samples)) {
    try {
      body(name, sample);
    } catch (error) {
      throw new Error(name, { cause: error });
    }
  }
}

// PyTorch's numbers have 12 digits; both computed in float64, by different steps.
const digits = 1e-10;
// Devices run the same steps as the CPU does, and each step has tests of its own on all of them.
const everywhere = ["cpu", "wasm", "reference"];

for (const [family, samples] of Object.entries(families)) {
  const answers = answersOf(family);

  Deno.test(`operators, ${family}: each has a sample, and each sample is named after one`, () => {
    const named = new Set(Object.keys(samples).map((name) => name.split(":")[0]!));
    assertEquals([...named].sort(), operatorsOf(family).sort());
  });

  Deno.test(`operators, ${family}: PyTorch was asked what the samples ask now`, () => {
    const asked = (name: string) => JSON.stringify(answers[name]?.question);
    const changed = Object.entries(samples).filter(([name, sample]) =>
      asked(name) !== JSON.stringify(questionOf(sample), (_, x) => typeof x === "number" ? shown(x) : x)
    );
    assertEquals(changed.map(([name]) => name), [], "run tests/fixtures/operators.py");
    assertEquals(Object.keys(answers), Object.keys(samples));
  });

  forEachDevice(`operators, ${family}: values, types and shapes are PyTorch's`, () => {
    forEachSample(samples, (name, sample) => {
      const found = resultsOf(sample, operands(sample, "float64")), { results } = answers[name]!;
      assertEquals(found.map(({ shape }) => [...shape]), results.map(({ shape }) => shape), "shapes");
      assertEquals(
        found.map(({ dtype }) => dtype),
        results.map(({ dtype }) => (kept[dtype] ?? dtype) as DType),
        "types",
      );
      compare(found, results.map(({ elements }) => elements), "values", digits);
    });
  }, { on: everywhere });

  forEachDevice(`operators, ${family}: derivatives are PyTorch's, and forward mode agrees`, () => {
    forEachSample(samples, (name, sample) => {
      const x = operands(sample, "float64"), { gradients: first, second } = answers[name]!;
      if (first === undefined) return;
      const found = gradients(sample, x);
      compare(found, first, "gradients", digits);
      // The tangents of operands without a derivative are zeros.
      const places = differentiated(sample),
        tangents = x.map((each, k) => places.includes(k) ? like(each, 30 + k) : each.mul(0));
      const forward = places.length === x.length ? jvp(scalarOf(sample), x, tangents)[1].item() : null;
      const reverse = found.reduce((sum, g, k) => sum + g.mul(tangents[places[k]!]!).sum().item(), 0);
      if (forward !== null) {
        assertClose([forward], [reverse], { relative: 1e-10, absolute: 1e-10, what: "forward mode" });
      }
      if (second !== undefined) compare(secondDerivatives(sample, x), second, "second derivatives", 10 * digits);
    });
  }, { on: ["cpu", "reference"] });

  forEachDevice(
    `operators, ${family}: float32 is near float64, and captured calls have the same bits`,
    async (device) => {
      for (const [name, sample] of Object.entries(samples)) {
        // OpenCL compiles a kernel for each shape of a call, which takes a fraction of a second: plain calls are enough.
        if (device === "opencl" && name.includes(":")) continue;
        const x = operands(sample, "float32"), found = resultsOf(sample, x), what = `${name} of float32`;
        await setDefaultDevice("reference");
        const wanted = resultsOf(sample, operands(sample, "float64")).map((y) => values(y));
        await setDefaultDevice(device);
        compare(found, wanted, what, (sample.ulps ?? 16) * 2 ** -23);
        if (sample.reads) continue;
        const captured = capture((...x: Tensor[]) => resultsOf(sample, x));
        try {
          captured(...x);
          assertEquals(captured(...x).map(bits), found.map(bits), `${name}, captured`);
        } finally {
          captured[Symbol.dispose]();
        }
      }
    },
    { on: ["cpu", "wasm", "opencl"] },
  );
}

Deno.test("docs/operators.md is what the sources make", async () => {
  const kept = await Deno.readTextFile(new URL("../docs/operators.md", import.meta.url));
  assertEquals(wordsOf(kept), wordsOf(await page()));
});

/** The words of a page in Markdown, however its tables are aligned. */
function wordsOf(text: string): string[] {
  return text.replace(/-{3,}/g, "---").split(/\s+/);
}
