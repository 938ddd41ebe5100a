/**
 * Recurrent layers and cells: PyTorch's numbers, padded sequences, captured training, and what is refused.
 *
 * `fixtures/sequence.py` wrote PyTorch's numbers in float64 to eight digits, and the layers compute in float64 here: a
 * relative 1e-7 is the rounding of what was written.
 */
import { capture, gradCheck, manualSeed, nn, optim, randn, scope, type Tensor, tensor, zeros } from "../../mod.ts";
import fixtures from "../fixtures/sequence.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertThrowsLike, forEachDevice, values } from "../support.ts";

interface Numbers {
  shape: number[];
  data: number[];
}

const near = { relative: 1e-7, absolute: 1e-8 };
const parameters = { parameters: true };
const read = ({ shape, data }: Numbers, requiresGrad = false) =>
  tensor(Float64Array.from(data), { shape, requiresGrad });

// deno-lint-ignore no-explicit-any -- the fixture's cases have different fields.
const cases = fixtures as any;

/** A module of a fixture with its parameters, in float64. */
// deno-lint-ignore no-explicit-any
function made(each: any): any {
  // deno-lint-ignore no-explicit-any
  const module = new (nn as any)[each.kind](...each.sizes ?? [3, 2], { ...each.options, dtype: "float64" });
  const state = Object.entries(each.parameters).map(([name, numbers]) => [name, read(numbers as Numbers)]);
  module.loadStateDict(Object.fromEntries(state));
  return module;
}

/** The state that an LSTM takes is a pair, that of others a tensor. */
const stateOf = (kind: string, tensors: readonly Tensor[]) =>
  tensors.length === 0 ? undefined : kind.startsWith("LSTM") ? tensors : tensors[0];

forEachDevice("PyTorch: recurrent layers, their gradients and packed sequences, eager and captured", () => {
  for (const each of cases.recurrent) {
    using _ = scope();
    const module = made(each), given = [each.input, ...each.state].map((numbers: Numbers) => read(numbers));
    const outGrads = each.outGrads.map((numbers: Numbers) => read(numbers));
    const lengths = each.lengths === null ? undefined : tensor(Int32Array.from(each.lengths));
    const step = (given: readonly Tensor[], outGrads: readonly Tensor[], lengths?: Tensor) => {
      const [x, ...states] = given.map((each) => each.detach()) as [Tensor, ...Tensor[]];
      for (const leaf of [x, ...states]) leaf.requiresGrad = true;
      const state = stateOf(each.kind, states);
      const [output, end] = module.call(x, {
        ...state === undefined ? {} : { state },
        ...lengths === undefined ? {} : { lengths },
      });
      const results: Tensor[] = [output, ...(Array.isArray(end) ? end : [end])];
      results.map((result, k) => result.mul(outGrads[k]!).sum()).reduce((a, b) => a.add(b)).backward();
      return [...results, x.grad!, ...states.map(({ grad }) => grad!)];
    };
    const what = `${each.kind} ${JSON.stringify(each.options)} ${each.lengths}`;
    const check = (found: readonly Tensor[]) => {
      const expected: Numbers[] = [...each.results, ...each.gradients];
      found.forEach((tensor, k) => {
        assertEquals(tensor.shape, expected[k]!.shape, what);
        assertClose(values(tensor), expected[k]!.data, { ...near, what: `${what}: ${k}` });
      });
      for (const [name, parameter] of module.namedParameters() as [string, nn.Parameter][]) {
        assertClose(values(parameter.grad!), each.parameterGradients[name].data, { ...near, what: `${what}: ${name}` });
        parameter.grad = null;
      }
    };
    check(step(given, outGrads, lengths));
    using captured = capture(step);
    for (let call = 0; call < 3; call++) check(captured(given, outGrads, lengths));
  }
}, parameters);

forEachDevice("PyTorch: recurrent cells", () => {
  for (const each of cases.cells) {
    const cell = made(each), x = read(each.input), state = stateOf(each.kind, each.state.map((s: Numbers) => read(s)));
    for (const [found, expected] of [[cell.call(x, state), each.results], [cell.call(x), each.fromZeros]]) {
      (Array.isArray(found) ? found : [found]).forEach((tensor: Tensor, k: number) => {
        assertEquals(tensor.shape, expected[k].shape);
        assertClose(values(tensor), expected[k].data, { ...near, what: `${each.kind} ${JSON.stringify(each.options)}` });
      });
    }
  }
}, parameters);
