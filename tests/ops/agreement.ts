/**
 * The tests of every op, from one line for each: values are compared with the reference device in float64, gradients and
 * second derivatives with central differences, and forward mode with reverse mode. Each family of ops has a file beside
 * this one, with a table of its lines.
 */
import { type DType, grad, gradCheck, jvp, setDefaultDevice, type Tensor, tensor } from "../../mod.ts";
import { assertClose, assertStrictEquals, forEachDevice, values } from "../support.ts";

/** How an op is tested. */
export interface Case {
  f: (...x: Tensor[]) => Tensor;
  /** Shapes of the inputs; their values lie in (-2, 2). */
  inputs: readonly (readonly number[])[];
  /** Added to the inputs, to move them into the op's domain or away from its kinks. */
  shift?: number;
  /** The units in the last place by which float32 may differ from the reference in float64. */
  ulps?: number;
  /** 1: a gradient but, being piecewise constant or not smooth, no second derivative to compare; 0: no gradient. */
  order?: 0 | 1 | 2;
}

/** Distinct numbers in (-2, 2), none at an integer or a half, where steps and kinks lie. */
function numbers(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, k) => Math.fround(1.93 * Math.sin(1.7 * k + 2.3 * seed + 0.4)));
}

function inputsOf(each: Case, dtype: DType): Tensor[] {
  return each.inputs.map((shape, k) => {
    const flat = numbers(shape.reduce((a, b) => a * b, 1), k).map((x) => Math.fround(x + (each.shift ?? 0)));
    return tensor(Float64Array.from(flat), { dtype, shape });
  });
}

/** A scalar in which every element of the result has another weight, so that no errors cancel. */
function scalarOf(each: Case): (...x: Tensor[]) => Tensor {
  return (...x) => {
    const y = each.f(...x), weights = tensor(Float64Array.from(numbers(y.size, 9)), { shape: y.shape });
    return y.mul(weights).sum();
  };
}

/** The device's inputs in a half type, and the same numbers as float64 on the reference device. */
async function inHalves<T>(each: Case, dtype: DType, device: string, f: (...x: Tensor[]) => T): Promise<[T, T]> {
  const inputs = inputsOf(each, dtype), found = f(...inputs);
  await setDefaultDevice("reference");
  const wide = inputs.map((x) => tensor(Float64Array.from(x.toTypedArray()), { shape: x.shape }));
  const expected = f(...wide);
  await setDefaultDevice(device);
  return [found, expected];
}

const halves = { float16: 2 ** -10, bfloat16: 2 ** -7 } as const;

/** Tests each op of a family; the name of a line begins with the name of the op's class. */
export function testOps(family: string, cases: Readonly<Record<string, Case>>): void {
  forEachDevice(`${family}: forward agrees with the reference in float64`, async (device) => {
    for (const [name, each] of Object.entries(cases)) {
      const found = values(each.f(...inputsOf(each, "float32")));
      await setDefaultDevice("reference");
      const expected = values(each.f(...inputsOf(each, "float64")));
      await setDefaultDevice(device);
      // A row is within 2 ulp and a few are chained; sums of a handful of terms may cancel, which `ulps` allows for.
      const relative = (each.ulps ?? 4) * 2 ** -23;
      assertClose(found, expected, { relative, absolute: relative, what: name });
    }
  });

  forEachDevice(`${family}: gradient agrees with central differences`, () => {
    for (const [name, each] of Object.entries(cases)) {
      if (each.order === 0) continue;
      try {
        gradCheck(scalarOf(each), inputsOf(each, "float64"));
      } catch (error) {
        throw new Error(name, { cause: error });
      }
    }
  });

  forEachDevice(`${family}: the gradient's own gradient agrees with central differences`, () => {
    for (const [name, each] of Object.entries(cases)) {
      if (each.order === 0 || each.order === 1) continue;
      const f = scalarOf(each), first = (...x: Tensor[]) => grad(f)(...x).square().sum() as Tensor;
      try {
        // Second differences of a sum of squares have fewer good digits than first ones.
        gradCheck(first, inputsOf(each, "float64"), { relative: 1e-4, absolute: 1e-6 });
      } catch (error) {
        throw new Error(name, { cause: error });
      }
    }
  });

  forEachDevice(`${family}: forward mode agrees with reverse mode`, () => {
    for (const [name, each] of Object.entries(cases)) {
      if (each.order === 0) continue;
      const f = scalarOf(each), inputs = inputsOf(each, "float64");
      const tangents = inputs.map((x, k) => tensor(Float64Array.from(numbers(x.size, k + 20)), { shape: x.shape }));
      const [, forward] = jvp(f, inputs, tangents);
      const gradients = grad(f, { argnums: inputs.map((_, k) => k) })(...inputs) as Tensor[];
      const reverse = gradients.reduce((sum, g, k) => sum + g.mul(tangents[k]!).sum().item(), 0);
      assertClose([forward.item()], [reverse], { relative: 1e-12, absolute: 1e-12, what: name });
    }
  });

  forEachDevice(`${family}: forward of halves agrees with float64 and gives the half`, async (device) => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      for (const [name, each] of Object.entries(cases)) {
        if (name === "Cast") continue;
        const [found, expected] = await inHalves(each, dtype, device, each.f);
        const half = expected.dtype === "float64" ? dtype : expected.dtype;
        assertStrictEquals(found.dtype, half, `${name} of ${dtype}`);
        // The last rounding, and the rounding of each step before.
        const relative = 4 * halves[dtype];
        assertClose(values(found), values(expected), { relative, absolute: relative, what: `${name} of ${dtype}` });
      }
    }
  });

  forEachDevice(`${family}: gradients of halves agree with float64 and are halves`, async (device) => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      for (const [name, each] of Object.entries(cases)) {
        if (each.order === 0) continue;
        const f = (...x: Tensor[]) => grad(scalarOf(each), { argnums: x.map((_, k) => k) })(...x) as Tensor[];
        const [found, expected] = await inHalves(each, dtype, device, f);
        found.forEach((gradient, k) => {
          const wanted = values(expected[k]!), size = Math.max(1, ...wanted.map(Math.abs));
          assertStrictEquals(gradient.dtype, dtype, `${name} of ${dtype}`);
          const absolute = 8 * halves[dtype] * size;
          assertClose(values(gradient), wanted, { relative: 0, absolute, what: `${name} of ${dtype}, input ${k}` });
        });
      }
    }
  });
}
