/** What is refused at the public door: the message says what was given and what is wanted, and nothing stays behind. */
import {
  arange,
  type DType,
  full,
  grad,
  memory,
  nn,
  ones,
  optim,
  placeholder,
  rand,
  randint,
  randn,
  scope,
  type Shape,
  type Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import { serialize } from "../io/mod.ts";
import { assertEquals, assertThrows, type ErrorClass, forEachDevice } from "./support.ts";

/** As a program in JavaScript would give it. */
function given<T>(value: unknown): T {
  return value as T;
}
const type = given<DType>("float"), length = given<Shape>(3);
const unknown = '"float" is no element type, which are float32, ';

const cases: Record<string, [body: () => unknown, kind: ErrorClass, text: string]> = {
  "tensor() of no type": [() => tensor([1], { dtype: type }), TypeError, `Cannot make tensor: ${unknown}`],
  "zeros() of no type": [() => zeros([2], { dtype: type }), TypeError, `Cannot make tensor: ${unknown}`],
  "arange() of no type": [() => arange(2, { dtype: type }), TypeError, `Cannot arange: ${unknown}`],
  "rand() of no type": [() => rand([2], { dtype: type }), TypeError, `Cannot draw random numbers: ${unknown}`],
  "randn() of no type": [() => randn([2], { dtype: type }), TypeError, `Cannot draw random numbers: ${unknown}`],
  "randint() of no type": [() => randint(0, 2, [2], { dtype: type }), TypeError, `Cannot randint: ${unknown}`],
  "placeholder() of no type": [
    () => placeholder([2], { dtype: type }),
    TypeError,
    `Cannot make placeholder: ${unknown}`,
  ],
  "zeros() of a number": [() => zeros(length), TypeError, "Cannot make tensor: shape 3 must be a list"],
  "full() of a negative length": [() => full([2, -1], 0), RangeError, "Cannot make tensor: shape [2, -1] must hold"],
  "rand() of a number": [() => rand(length), TypeError, "Cannot draw random numbers: shape 3 must be a list"],
  "grad() of a function with two results": [
    () => grad((x: Tensor) => x)(ones([3])),
    TypeError,
    "Cannot grad: the function returned a tensor [3] of float32, it must be a tensor with one element",
  ],
  "grad() at a number": [
    () => grad((x: Tensor) => x)(3),
    TypeError,
    "Cannot grad: argument 0 is of type number, it must be a tensor of a float type",
  ],
  "an optimizer of a module": [
    () => new optim.SGD(given(new nn.Identity())),
    TypeError,
    "Cannot make SGD: parameters of type object, pass model.parameters()",
  ],
  "a Sequential of a list": [
    () => new nn.Sequential(given([new nn.ReLU()])),
    TypeError,
    "Cannot make Sequential: argument 0 is a list, it must be a module",
  ],
  "saving a module": [
    () => serialize(given(new nn.Identity())),
    TypeError,
    "Cannot save: not a state, pass its stateDict()",
  ],
};
for (const [name, [body, kind, text]] of Object.entries(cases)) {
  forEachDevice(`refused: ${name}`, () => {
    const { tensors, bytes } = memory();
    {
      using _ = scope();
      assertThrows(body, kind, text);
    }
    assertEquals([memory().tensors, memory().bytes], [tensors, bytes]);
    // What was refused has not reached the device.
    assertEquals(ones([2]).add(1).toArray(), [2, 2]);
  });
}
