/**
 * Losses against PyTorch's numbers, which `fixtures/losses.py` wrote in float64 to eight digits: values and gradients of every
 * option and reduction, eagerly in float64 and captured in float32.
 */
import { capture, nn, type Tensor, tensor, valueAndGrad } from "../../mod.ts";
import fixtures from "../fixtures/losses.json" with { type: "json" };
import { assertClose, forEachDevice, values } from "../support.ts";

/** Numbers as JSON holds them: NaN and the infinities are texts. */
interface Numbers {
  shape: number[];
  data: (number | string)[];
  dtype?: string;
  gradient?: boolean;
}
interface Case {
  name: string;
  options: Record<string, unknown>;
  inputs: Numbers[];
  lists?: number[][];
  before?: "logSoftmax";
  answers: Record<string, { output: Numbers; outGrad: Numbers; gradients: Numbers[] }>;
}
const cases = fixtures as unknown as Case[];

const numbersOf = ({ data }: Numbers) => data.map(Number);

function read(numbers: Numbers, dtype: "float32" | "float64"): Tensor {
  const { shape, dtype: given } = numbers;
  return given === "int32"
    ? tensor(Int32Array.from(numbersOf(numbers)), { shape })
    : tensor(Float64Array.from(numbersOf(numbers)), { shape }).cast(dtype);
}

/** The loss of a case. Lists of weights become float64, so that no digits are lost. */
function lossOf({ name, options }: Case, reduction: string): nn.Loss<unknown[]> {
  const exact = Object.entries(options).map((
    [key, value],
  ) => [key, Array.isArray(value) ? Float64Array.from(value) : value]);
  // deno-lint-ignore no-explicit-any
  return new (nn as any)[name]({ ...Object.fromEntries(exact), reduction });
}

/** The loss and the gradients of a case. */
function answer(each: Case, loss: nn.Loss<unknown[]>, inputs: Tensor[], outGrad: Tensor): [Tensor, readonly Tensor[]] {
  const argnums = each.inputs.flatMap(({ gradient }, place) => gradient ? [place] : []);
  let found: Tensor;
  const [, gradients] = valueAndGrad((...given: Tensor[]) => {
    const [first, ...rest] = given as [Tensor, ...Tensor[]];
    const y = loss.call(each.before ? first.logSoftmax(-1) : first, ...rest, ...(each.lists ?? []));
    found = y.detach();
    return y.mul(outGrad).sum();
  }, { argnums })(...inputs);
  return [found!, gradients as unknown as Tensor[]];
}

/** Calls `body` with every case and reduction. */
function everyCase(body: (each: Case, reduction: string, what: string) => void): void {
  for (const each of cases) {
    for (const reduction of Object.keys(each.answers)) {
      body(
        each,
        reduction,
        `${each.name} ${JSON.stringify(each.options)} of ${each.inputs.map(({ shape }) => `[${shape}]`)}, ${reduction}`,
      );
    }
  }
}

// Eight digits of PyTorch's.
const exact = { relative: 6e-8, absolute: 1e-11 };
forEachDevice("losses and their gradients are PyTorch's", () => {
  everyCase((each, reduction, what) => {
    const { output, outGrad, gradients } = each.answers[reduction]!;
    const inputs = each.inputs.map((numbers) => read(numbers, "float64"));
    const [found, slopes] = answer(each, lossOf(each, reduction), inputs, read(outGrad, "float64"));
    assertClose(values(found), numbersOf(output), { ...exact, what });
    slopes.forEach((slope, place) => {
      assertClose(values(slope), numbersOf(gradients[place]!), { ...exact, what: `${what}: gradient ${place}` });
    });
  });
}, { parameters: true });
