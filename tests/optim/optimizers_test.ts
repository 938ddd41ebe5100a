/**
 * Optimizers beside PyTorch's, and beside the formulas of papers for those that PyTorch has not: twenty steps of parameters
 * in one group and in several.
 *
 * `fixtures/optimizers.py` wrote the numbers in float64 to eight digits. In float64 the digits themselves are compared; in
 * float32 a relative 1e-5 and an absolute 1e-5 are twenty steps' rounding of numbers of about one, where the smallest
 * divisors make it larger than it is in one step.
 */
import { type DType, optim, scope, type Tensor, tensor } from "../../mod.ts";
import fixtures from "../fixtures/optimizers.json" with { type: "json" };
import { assertClose, forEachDevice, values } from "../support.ts";

interface Numbers {
  shape: number[];
  data: number[];
}
interface Case {
  name: string;
  options: object;
  groups?: (object & { params: number[] })[];
  after: number[][];
  averages?: number[];
  bfloat16?: boolean;
}

const precisions = {
  float32: { relative: 1e-5, absolute: 1e-5 },
  float64: { relative: 6e-8, absolute: 1e-9 },
  // PyTorch rounds each of ten products to bfloat16, whose digits end at 2⁻⁸; a step is 1e-3 long.
  bfloat16: { relative: 0, absolute: 20 * 1e-3 * 0.02 },
} as const;

const read = ({ shape, data }: Numbers, dtype: DType, requiresGrad = false) =>
  tensor(data, { shape, dtype, requiresGrad });

/** Makes the optimizer of a case. */
function make({ name, options, groups }: Case, leaves: readonly Tensor[]): optim.Optimizer {
  const given = groups?.map((group) => ({ ...group, params: group.params.map((place) => leaves[place]!) })) ?? leaves;
  // deno-lint-ignore no-explicit-any
  return new (optim as any)[name](given, options);
}

function check(each: Case, params: Numbers[], gradients: (Numbers | null)[][], dtype: "float32" | "float64"): void {
  const leaves = params.map((numbers) => read(numbers, dtype, true)), optimizer = make(each, leaves);
  const what = `${each.name} ${JSON.stringify(each.options)} ${dtype}`;
  for (const [step, row] of gradients.entries()) {
    using _ = scope();
    leaves.forEach((leaf, place) => {
      const gradient = row[place]!;
      leaf.grad = gradient === null ? null : read(gradient, dtype);
    });
    optimizer.step();
    const kept = fixtures.kept.indexOf(step + 1);
    if (kept >= 0) {
      const near = precisions[each.bfloat16 ? "bfloat16" : dtype];
      assertClose(leaves.flatMap(values), each.after[kept]!, { ...near, what: `${what}, step ${step + 1}` });
    }
  }
  if (each.averages !== undefined && gradients.length === fixtures.gradients.length) {
    using _ = scope();
    const state = optimizer.stateDict(),
      found = leaves.slice(0, 3).flatMap((leaf) => {
        return values(state[`average.${optimizer.params.indexOf(leaf)}`] as Tensor);
      });
    assertClose(found, each.averages, { ...precisions[dtype], what: `${what}, averages` });
  }
  optimizer.resetGrad();
  optimizer.dispose();
  for (const leaf of leaves) leaf.dispose();
}

const cases = fixtures.cases as unknown as Case[], muon = fixtures.muon as unknown as Case[];
for (const dtype of ["float32", "float64"] as const) {
  const on = { on: dtype === "float32" ? ["cpu", "wasm", "cuda", "reference"] : ["cpu", "reference"] };
  forEachDevice(`twenty steps of optimizers are PyTorch's, in ${dtype}`, () => {
    const { params, gradients, matrices, matrixGradients } = fixtures;
    for (const each of cases) check(each, params, gradients, dtype);
    for (const each of muon) check(each, matrices, matrixGradients, dtype);
  }, on);
}

// OpenCL builds a program for each kind of step, which takes seconds: one case of each optimizer, and few steps.
forEachDevice("the first steps of optimizers are PyTorch's", () => {
  const { params, gradients, matrices, matrixGradients } = fixtures;
  const seen = new Set<string>();
  const isFirst = ({ name, groups }: Case) => groups === undefined && !seen.has(name) && seen.add(name);
  for (const each of cases.toReversed().filter(isFirst)) check(each, params, gradients.slice(0, 3), "float32");
  check(muon[1]!, matrices, matrixGradients.slice(0, 3), "float32");
}, { on: ["opencl"] });
