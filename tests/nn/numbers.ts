/** What tests of modules against PyTorch's numbers share: tensors and modules of a fixture, and comparisons with it. */
import { io, type nn, type Tensor, tensor } from "../../mod.ts";
import { assertClose, assertEquals, values } from "../support.ts";

/** A tensor as a fixture holds it. In a mask of numbers null stands for -inf, which JSON has not. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly (number | null)[];
  readonly dtype?: string;
}

/** Fixtures hold eight digits of numbers in float64, and modules compute in float64: the rest is the rounding of these. */
export const near = { relative: 1e-7, absolute: 1e-8 };

/** The tensor, in float64 or bool. */
export function read({ shape, data, dtype }: Numbers): Tensor {
  const numbers = data.map((each) => each ?? -Infinity);
  return dtype === "bool"
    ? tensor(Uint8Array.from(numbers), { shape, dtype: "bool" })
    : tensor(Float64Array.from(numbers), { shape });
}

/** The tensor as a leaf that requires a gradient. */
export function leafOf(given: Tensor): Tensor {
  const leaf = given.detach();
  leaf.requiresGrad = true;
  return leaf;
}

/** The sum of products of results and their adjoints, whose gradients are those that the adjoints send down. */
export function weighted(results: readonly Tensor[], outGrads: readonly Tensor[]): Tensor {
  return results.map((result, k) => result.mul(outGrads[k]!).sum()).reduce((a, b) => a.add(b));
}

/** Tensors that a fixture has under PyTorch's names, under the module's own and in its layout. */
function ownState(module: nn.AnyModule, given: Record<string, Numbers>): nn.StateDict {
  const tensors = Object.entries(given).map(([name, numbers]) => [name, read(numbers)]);
  const { state, left, missing } = io.convert(Object.fromEntries(tensors), { from: "pytorch" }, module);
  assertEquals([left, missing], [{}, []]);
  return state;
}

/** Loads a fixture's parameters. Returns the module. */
export function loaded<M extends nn.AnyModule>(module: M, parameters: Record<string, Numbers>): M {
  module.loadStateDict(ownState(module, parameters));
  return module;
}

/** Fails unless tensors have the fixture's shapes and numbers. */
export function assertNumbers(found: readonly Tensor[], expected: readonly Numbers[], what: string): void {
  assertEquals(found.length, expected.length, what);
  found.forEach((tensor, k) => {
    assertEquals([...tensor.shape], [...expected[k]!.shape], `${what}: shape ${k}`);
    assertClose(values(tensor), expected[k]!.data as number[], { ...near, what: `${what}: ${k}` });
  });
}

/** Fails unless the parameters' gradients are the fixture's, and clears them. */
export function assertGradients(module: nn.AnyModule, given: Record<string, Numbers>, what: string): void {
  const expected = ownState(module, given);
  for (const [name, parameter] of module.namedParameters()) {
    const { grad } = parameter;
    assertClose(values(grad!), values(expected[name]!), { ...near, what: `${what}: ${name}` });
    grad!.dispose();
    parameter.grad = null;
  }
}

/** Frees a module's parameters, which no scope does. */
export function dispose(module: nn.AnyModule): void {
  for (const parameter of module.parameters()) {
    parameter.grad?.dispose();
    parameter.dispose();
  }
}
