/**
 * Samples: calls of operators, each beside the expression of PyTorch that means the same.
 *
 * `print.ts` prints all samples with the numbers of their inputs; `tests/fixtures/operators.py` evaluates the expressions and
 * keeps what PyTorch gives; `operators_test.ts` compares.
 */
import { type DType, grad, type Tensor, tensor } from "../../mod.ts";

/** An operand: its elements, in row-major order. Floats are drawn as float64, and cast to the type that a test is about. */
export interface Input {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly elements: readonly number[];
}

/** One call of an operator. */
export interface Sample {
  readonly f: (...x: Tensor[]) => Tensor | readonly Tensor[];
  /** The same call in Python, of tensors `a`, `b`, `c`, ... */
  readonly torch: string;
  readonly inputs: readonly Input[];
  /** How often PyTorch's result can be differentiated: twice by default. 1 also for what has no second derivative of use. */
  readonly order?: 0 | 1 | 2;
  /**
   * The units in the last place of float32, relative to the largest element of the result, by which float32 may differ from
   * float64; 16 by default, a few steps of 2 units each.
   */
  readonly ulps?: number;
  /** True where the operator reads elements, which decide on its shape or go to the host: it cannot be captured. */
  readonly reads?: true;
}

/** Samples by name: the operator's, and after a colon what is special. */
export type Samples = Readonly<Record<string, Sample>>;

/** Distinct numbers in (-2, 2), none at an integer or a half, where steps and kinks lie. */
export function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, k) => Math.fround(1.93 * Math.sin(1.7 * k + 2.3 * seed + 0.4)));
}

function drawn(shape: readonly number[], f: (x: number) => number, seed: number, dtype: DType = "float64"): Input {
  const count = shape.reduce((a, b) => a * b, 1);
  return { shape, dtype, elements: numbers(count, seed).map((x) => Math.fround(f(x))) };
}

/** Floats in (-2, 2). Operands of one sample take different seeds. */
export function floats(shape: readonly number[], seed = 0): Input {
  return drawn(shape, (x) => x, seed);
}

/** Floats in (low, high). */
export function between(low: number, high: number, shape: readonly number[], seed = 0): Input {
  return drawn(shape, (x) => low + (high - low) * (x + 2) / 4, seed);
}

/** Integers from `low` up to but without `high`, as int32 by default. */
export function integers(low: number, high: number, shape: readonly number[], seed = 0, dtype: DType = "int32"): Input {
  return drawn(shape, (x) => Math.floor(low + (high - low) * (x + 2) / 4), seed, dtype);
}

/** Bools, about half of them true. */
export function bools(shape: readonly number[], seed = 0): Input {
  return drawn(shape, (x) => x > 0 ? 1 : 0, seed, "bool");
}

/** Elements as they are given, along one axis by default. */
export function given(
  elements: readonly number[],
  shape: readonly number[] = [elements.length],
  dtype: DType = "float64",
): Input {
  return { shape, dtype, elements };
}

/** 0, infinities, NaN, small and large numbers of which the squares are numbers of float32. */
export const special: Input = given([0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-18, -1e-18, 1e18, -1e18, 0.5]);

/** The operands of a sample as tensors: floats as `dtype`. */
export function operands(sample: Sample, dtype: DType): Tensor[] {
  return sample.inputs.map((input) =>
    tensor(Float64Array.from(input.elements), {
      shape: input.shape,
      dtype: input.dtype === "float64" ? dtype : input.dtype,
    })
  );
}

/** The results of a sample, as a list. */
export function resultsOf(sample: Sample, x: readonly Tensor[]): readonly Tensor[] {
  const found = sample.f(...x);
  return Array.isArray(found) ? found : [found as Tensor];
}

/** The operands with respect to which a sample is differentiated. */
export function differentiated({ inputs, order = 2 }: Sample): number[] {
  return order === 0 ? [] : [...inputs.keys()].filter((k) => inputs[k]!.dtype === "float64");
}

/** A scalar in which every element of every float result has another weight, so that no errors cancel. */
export function scalarOf(sample: Sample): (...x: Tensor[]) => Tensor {
  return (...x) =>
    resultsOf(sample, x)
      .map((y, k): Tensor | null => y.dtype.includes("float") ? y.mul(like(y, 9 + k)).sum() : null)
      .filter((sum) => sum !== null)
      .reduce((a, b) => a.add(b));
}

/** The gradients of {@linkcode scalarOf}. */
export function gradients(sample: Sample, x: readonly Tensor[]): readonly Tensor[] {
  return grad(scalarOf(sample), { argnums: differentiated(sample) })(...x) as Tensor[];
}

/** The derivatives of a weighted sum of the gradients: a contraction of the second derivatives. */
export function secondDerivatives(sample: Sample, x: readonly Tensor[]): readonly Tensor[] {
  const first = (...x: Tensor[]) =>
    gradients(sample, x).map((g, k) => g.mul(like(g, 20 + k)).sum()).reduce((a, b) => a.add(b));
  return grad(first, { argnums: differentiated(sample) })(...x) as Tensor[];
}

/** Weights in the shape, type and place of a tensor. */
export function like(x: Tensor, seed: number): Tensor {
  return tensor(Float64Array.from(numbers(x.size, seed)), { shape: x.shape, dtype: x.dtype, device: x.device });
}

/** What PyTorch is asked. A sample whose question has changed since must be asked again. */
export function questionOf(
  { torch, inputs, order = 2 }: Sample,
): { torch: string; inputs: readonly Input[]; order: number } {
  return { torch, inputs, order };
}

/** A number as JSON has it: those that JSON lacks are texts. */
export function shown(x: number): number | string {
  return Number.isFinite(x) && !Object.is(x, -0) ? x : Object.is(x, -0) ? "-0" : String(x);
}
