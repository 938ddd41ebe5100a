/** Functions of several rows keep their digits in float32, near their zeros and far out, and have limits and errors of their own. */
import { grad, type Tensor, tensor } from "../../mod.ts";
import { assertClose, assertEquals, assertExact, assertThrowsLike, forEachDevice, values } from "../support.ts";

/** Functions, numbers of float32, and the results that mpmath gives for these. */
const exact: readonly [name: string, f: (x: Tensor) => Tensor, at: number[], expected: number[]][] = [
  ["sinh", (x) => x.sinh(), [1e-4, 0.1, -3, 89], [
    9.999999764045416e-5,
    0.10016675151741694,
    -10.017874927409903,
    2.2448064095871728e38,
  ]],
  ["cosh", (x) => x.cosh(), [1e-4, 0.1, -3, 89], [
    1.0000000049999997,
    1.0050041682050637,
    10.067661995777765,
    2.2448064095871728e38,
  ]],
  ["asinh", (x) => x.asinh(), [1e-5, 0.1, -3, 1e30, 3e38], [
    9.999999747212084e-6,
    0.09983408038192852,
    -1.8184464592320668,
    69.77069998542878,
    89.28999300483437,
  ]],
  ["acosh", (x) => x.acosh(), [1.0001, 1.1, 30, 1e30], [
    0.014143191065507595,
    0.44356830641231126,
    4.0940666686320855,
    69.77069998542878,
  ]],
  ["atanh", (x) => x.atanh(), [1e-5, 0.1, -0.75, 0.99999], [
    9.999999747712085e-6,
    0.10033534923624338,
    -0.9729550745276566,
    6.10235526389634,
  ]],
  ["logit", (x) => x.logit(), [1e-30, 0.1, 0.4999, 0.50001, 0.99999], [
    -69.07755278665029,
    -2.197224560779374,
    -0.0003999471717740915,
    4.005432129441759e-5,
    11.51155834040497,
  ]],
  ["tanhshrink", (x) => x.tanhshrink(), [1e-4, 0.01, -0.3, 0.95, 1.05, 3], [
    3.3333330673787596e-13,
    3.3331997818940943e-7,
    -0.008687388560055381,
    0.2102169422019221,
    0.2681936132459295,
    2.0049452463132695,
  ]],
  ["softplus", (x) => x.softplus(), [-50, -10, 0.1, 10], [
    1.9287498479639178e-22,
    4.539889921686465e-5,
    0.7443966608558509,
    10.000045398899218,
  ]],
  ["logSigmoid", (x) => x.logSigmoid(), [-50, -10, 0.1, 10, 50], [
    -50,
    -10.000045398899218,
    -0.6443966593657348,
    -4.539889921686465e-5,
    -1.9287498479639178e-22,
  ]],
  ["the slope of elu", slope((x) => x.elu()), [-20, -50], [2.061153622438558e-9, 1.9287498479639178e-22]],
  ["the slope of expm1", slope((x) => x.expm1()), [-20, -50], [2.061153622438558e-9, 1.9287498479639178e-22]],
  ["hypot", (x) => x.mul(3).hypot(x.mul(4)), [2e-30, 3, 2e37], [1e-29, 15, 1e38]],
];

function slope(f: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => grad((x: Tensor) => f(x).sum())(x) as Tensor;
}

forEachDevice("functions of several rows keep their digits in float32", () => {
  for (const [what, f, at, expected] of exact) {
    assertClose(values(f(tensor(at))), expected, { relative: 8 * 2 ** -23, absolute: 0, what });
  }
});

const infinities = [-Infinity, Infinity];
/** Functions, and their values, slopes and second derivatives at -Infinity and Infinity. */
const limits: readonly [name: string, f: (x: Tensor) => Tensor, y: number[], first: number[]][] = [
  ["silu", (x) => x.silu(), [-0, Infinity], [0, 1]],
  ["mish", (x) => x.mish(), [-0, Infinity], [0, 1]],
  ["gelu by tanh", (x) => x.gelu({ approximate: "tanh" }), [-0, Infinity], [0, 1]],
  ["hardswish", (x) => x.hardswish(), [0, Infinity], [0, 1]],
  ["softplus", (x) => x.softplus(), [0, Infinity], [0, 1]],
  ["logSigmoid", (x) => x.logSigmoid(), [-Infinity, -0], [1, 0]],
  ["elu", (x) => x.elu(), [-1, Infinity], [0, 1]],
  ["selu", (x) => x.selu().div(1.0507009873554805), [-1.6732632423543772, Infinity], [0, 1]],
  ["softsign", (x) => x.softsign(), [-1, 1], [0, 0]],
  ["tanhshrink", (x) => x.tanhshrink(), infinities, [1, 1]],
  ["logaddexp of itself", (x) => x.logaddexp(x), infinities, [1, 1]],
];

forEachDevice("activations have limits at the infinities, and so have their derivatives", () => {
  for (const [what, f, y, first] of limits) {
    const x = tensor(infinities, { dtype: "float64" });
    assertClose(values(f(x)), y, { what });
    assertClose(values(slope(f)(x)), first, { what: `${what}, the slope` });
    assertClose(values(slope(slope(f))(x)), [0, 0], { what: `${what}, the second derivative` });
  }
});

forEachDevice("nanToNum has the largest number of each type", () => {
  const largest = { float16: 65504, bfloat16: 3.3895313892515355e38, float32: 3.4028234663852886e38 } as const;
  for (const [dtype, most] of Object.entries(largest)) {
    const y = tensor([NaN, ...infinities], { dtype: dtype as "float16" }).nanToNum();
    assertExact([y.dtype, ...values(y)], [dtype, 0, -most, most]);
  }
  assertExact(values(tensor(infinities, { dtype: "float64" }).nanToNum()), [-Number.MAX_VALUE, Number.MAX_VALUE]);
});

forEachDevice("functions of several steps give halves that were rounded once", () => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    const x = tensor([0.3, -1.7, 2.9, -5], { dtype }), wide = x.cast("float64");
    for (const name of ["silu", "mish", "elu", "selu", "hardswish", "sinc", "glu", "logSigmoid", "sinh"] as const) {
      const found = x[name](), expected = wide[name]();
      assertEquals(found.dtype, dtype, name);
      const relative = dtype === "float16" ? 2 ** -11 : 2 ** -8;
      assertClose(values(found), values(expected), {
        relative: relative * 1.01,
        absolute: 0,
        what: `${name} of ${dtype}`,
      });
    }
  }
});

Deno.test("activations and functions of elements refuse what they cannot take, in their own words", () => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]);
  const refused: readonly [call: () => unknown, error: RegExp][] = [
    [
      () => x.prelu(tensor([1, 2])),
      /^TypeError: Cannot prelu: weight of shape \[2\], it must be \[1\] or \[3\] beside/,
    ],
    [() => x.hardtanh(2, 1), /^RangeError: Cannot hardtanh: min 2 must not exceed max 1/],
    [() => x.softshrink(-1), /^RangeError: Cannot softshrink: lambda -1 must not be negative/],
    [() => x.celu(0), /^RangeError: Cannot celu: alpha 0 must differ from 0/],
    [() => x.glu(), /^TypeError: Cannot glu: axis -1 of shape \[2, 3\] must have an even length/],
    [() => x.glu(2), /^RangeError: Cannot glu: axis 2 must lie in \[-2, 2\)/],
    [() => x.gelu({ aproximate: "tanh" } as object), /^TypeError: Cannot gelu: .* did you mean approximate/],
    [() => x.gelu({ approximate: "erf" as "none" }), /^RangeError: Cannot gelu: approximate "erf" must be "none" or/],
    [() => x.logit(0.7), /^RangeError: Cannot logit: eps 0.7 must lie in \[0, 0.5\)/],
    [() => x.addcmul(x, x, { val: 1 } as object), /^TypeError: Cannot addcmul: .* did you mean value/],
    [() => x.lerp(tensor([1, 2]), 0.5), /^TypeError: Cannot lerp: shapes \[2, 3\] and \[2\] do not broadcast/],
    [() => x.elu("1" as unknown as number), /^TypeError: Cannot elu: "1", it must be a number/],
    [() => x.clip(tensor([1, 2])), /^TypeError: Cannot clip: shapes \[2, 3\] and \[2\] do not broadcast/],
    [() => x.hypot("1" as unknown as number), /^TypeError: Cannot hypot: "1", it must be a tensor or a number/],
  ];
  for (const [call, error] of refused) assertThrowsLike(call, error);
});
