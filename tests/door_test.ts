/**
 * Wrong arguments of public functions: the message says what was given and what is wanted, no memory is left behind, and
 * later calls work.
 */
import {
  arange,
  capture,
  data,
  type DType,
  eye,
  full,
  grad,
  gradCheck,
  group,
  jvp,
  keep,
  live,
  memory,
  nn,
  noGrad,
  oneHot,
  ones,
  optim,
  placeholder,
  rand,
  randint,
  randn,
  scope,
  Tensor,
  tensor,
  zeros,
} from "../mod.ts";
import { serialize } from "../io/mod.ts";
import { assertEquals, assertExact, assertThrows, assertThrowsLike, forEachDevice, isLate, values } from "./support.ts";
import { retunings } from "./catalogue.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const type = given("float") as DType, unknown = '"float" is no element type, which are float32, ';
const operand = "it must be a tensor or a number", list = "must be a list, such as [2, 3]";
const object = (such: string) => `they must be an object such as ${such}`;

type Refused = [kind: typeof TypeError | typeof RangeError, text: string, body: (x: Tensor) => unknown];

/** Calls on a tensor [2, 3] that must be refused, by their text. */
const cases: Record<string, Refused> = {
  // Types.
  "tensor() of no type": [TypeError, `Cannot make tensor: ${unknown}`, () => tensor([1], { dtype: type })],
  "zeros() of no type": [TypeError, `Cannot make zeros: ${unknown}`, () => zeros([2], { dtype: type })],
  "arange() of no type": [TypeError, `Cannot arange: ${unknown}`, () => arange(2, { dtype: type })],
  "eye() of no type": [TypeError, `Cannot make eye: ${unknown}`, () => eye(2, { dtype: type })],
  "rand() of no type": [TypeError, `Cannot make rand: ${unknown}`, () => rand([2], { dtype: type })],
  "randn() of no type": [TypeError, `Cannot make randn: ${unknown}`, () => randn([2], { dtype: type })],
  "randint() of no type": [TypeError, `Cannot make randint: ${unknown}`, () => randint(0, 2, [2], { dtype: type })],
  "placeholder() of no type": [
    TypeError,
    `Cannot make placeholder: ${unknown}`,
    () => placeholder([2], { dtype: type }),
  ],
  "live() of no type": [TypeError, `Cannot make live number: ${unknown}`, () => live(() => 1, { dtype: type })],
  "a cast to no type": [TypeError, `Cannot cast: ${unknown}`, (x) => x.cast(type)],
  "a cast to a number": [TypeError, "Cannot cast: 32 is no element type", (x) => x.cast(given(32))],
  "a type by the name of an object's method": [
    TypeError,
    'Cannot make ones: "toString" is no element type',
    () => ones([2], { dtype: given("toString") }),
  ],
  // Where numbers, shapes and lists stand.
  "tensor() of bigints": [TypeError, "found a BigInt64Array where", () => tensor(given(BigInt64Array.of(1n)))],
  "tensor() of a bigint": [TypeError, "found 1n where a number", () => tensor(given([1n]))],
  "tensor() of a text": [TypeError, 'found "1" where a number', () => tensor(given(["1"]))],
  "tensor() of nothing": [TypeError, "found undefined where a number", () => tensor(given(undefined))],
  "zeros() of a number": [TypeError, `Cannot make zeros: shape 3 ${list}`, () => zeros(given(3))],
  "zeros() of numbers": [TypeError, "Cannot make zeros: options 3, they must", () => zeros(given(2), given(3))],
  "rand() of a number": [TypeError, `Cannot make rand: shape 3 ${list}`, () => rand(given(3))],
  "full() of a negative length": [
    RangeError,
    "Cannot make full: shape [2, -1] must hold",
    () => full([2, -1], 0),
  ],
  "full() of a text": [TypeError, 'Cannot make full: "1", it must be a number', () => full([2], given("1"))],
  "eye() of a text": [RangeError, 'Cannot make eye: size "2" must be an integer', () => eye(given("2"))],
  "x.reshape(3, 2)": [TypeError, `Cannot reshape: shape 3 ${list}`, (x) => given(x).reshape(3, 2)],
  "x.reshape()": [TypeError, `Cannot reshape: shape undefined ${list}`, (x) => given(x).reshape()],
  "x.broadcastTo(3)": [TypeError, `Cannot broadcastTo: shape 3 ${list}`, (x) => x.broadcastTo(given(3))],
  "x.transpose(0, 1)": [
    TypeError,
    "Cannot transpose: 0, it must be a list of all axes",
    (x) => given(x).transpose(0, 1),
  ],
  "x.at(true)": [TypeError, "Cannot index: true, it must be a number, a range, a text", (x) => x.at(given(true))],
  "x.at() of a text in a list": [
    TypeError,
    'Cannot index: found "1:" where a number must stand',
    (x) => x.at(given(["1:"])),
  ],
  "x.at(0.5)": [RangeError, "Cannot index: place 0.5 of axis 0 must be an integer in [-2, 2)", (x) => x.at(0.5)],
  "x.at({ stop: 0.5 })": [
    RangeError,
    "Cannot index: stop 0.5 of a range must be an integer",
    (x) => x.at({ stop: 0.5 }),
  ],
  "x.at({ end })": [
    TypeError,
    "Cannot index: there is no option end; there are start, stop, step",
    (x) => x.at(given({ end: 1 })),
  ],
  "x.at() of three": [RangeError, "Cannot index: 3 indices for the axes of shape [2, 3]", (x) => x.at(0, 0, 0)],
  "x.clip() of a text": [TypeError, 'Cannot clip: "0", it must be a number', (x) => x.clip(given("0"), 1)],
  "x.to() of a number": [TypeError, "Cannot move tensor: 1, it must be a device's name", (x) => x.to(given(1))],
  // Where tensors stand.
  'x.add("a")': [TypeError, `Cannot add: "a", ${operand}`, (x) => x.add(given("a"))],
  "x.add(undefined)": [TypeError, `Cannot add: undefined, ${operand}`, (x) => x.add(given(undefined))],
  "x.add(null)": [TypeError, `Cannot add: null, ${operand}`, (x) => x.add(given(null))],
  "x.add() of a list": [TypeError, `Cannot add: a list, ${operand}`, (x) => x.add(given([1, 2, 3]))],
  "x.sub(true)": [TypeError, `Cannot sub: true, ${operand}`, (x) => x.sub(given(true))],
  "x.mul() of a module": [TypeError, `Cannot mul: an Identity, ${operand}`, (x) => x.mul(given(new nn.Identity()))],
  "x.div(1n)": [TypeError, `Cannot div: 1n, ${operand}`, (x) => x.div(given(1n))],
  "x.pow({})": [TypeError, `Cannot pow: an Object, ${operand}`, (x) => x.pow(given({}))],
  "x.mulAdd() of a text": [TypeError, `Cannot mulAdd: "a", ${operand}`, (x) => x.mulAdd(x, given("a"))],
  "x.less() of a text": [TypeError, `Cannot less: "a", ${operand}`, (x) => x.less(given("a"))],
  "x.where() of a text": [TypeError, `Cannot where: "a", ${operand}`, (x) => x.where(given("a"), x)],
  "x.where() of one tensor": [TypeError, `Cannot where: undefined, ${operand}`, (x) => given(x).where(x)],
  "x.matmul(3)": [TypeError, "Cannot matmul: 3, it must be a tensor", (x) => x.matmul(given(3))],
  "x.matmul() of lists": [TypeError, "Cannot matmul: a list, it must be a tensor", (x) => x.matmul(given([[1]]))],
  "x.matmul()": [TypeError, "Cannot matmul: undefined, it must be a tensor", (x) => given(x).matmul()],
  "x.backward(1)": [TypeError, "Cannot backward: 1, it must be a tensor", (x) => x.backward(given(1))],
  "x.grad = 1": [TypeError, "Cannot set grad: 1, it must be a tensor", (x) => x.grad = given(1)],
  "x.data = 1": [TypeError, "Cannot set data: 1, it must be a tensor", (x) => x.data = given(1)],
  "keep() of a list": [TypeError, "Cannot keep: a list, it must be a tensor", (x) => keep(given([x]))],
  "a loss of a list": [
    TypeError,
    "Cannot apply MSELoss: a list, it must be a tensor",
    (x) => new nn.MSELoss().call(x, given([1])),
  ],
  "a Linear of a list": [
    TypeError,
    "Cannot apply Linear: a list, it must be a tensor",
    () => new nn.Linear(1, 1).call(given([1])),
  ],
  "a BatchNorm1d of a list": [
    TypeError,
    "Cannot apply BatchNorm1d: a list, it must be a tensor",
    () => new nn.BatchNorm1d(1).call(given([1])),
  ],
  "a LayerNorm1d of a list": [
    TypeError,
    "Cannot apply LayerNorm1d: a list, it must be a tensor",
    () => new nn.LayerNorm1d(1).call(given([1])),
  ],
  // Where options stand.
  'x.sum("0")': [TypeError, `Cannot sum: options "0", ${object("{ axes: 0 }")}`, (x) => x.sum(given("0"))],
  "x.sum(null)": [TypeError, "Cannot sum: options null, they must", (x) => x.sum(given(null))],
  "x.sum({ keepdim })": [
    TypeError,
    "Cannot sum: there is no option keepdim; did you mean keepDims?",
    (x) => x.sum(given({ keepdim: true })),
  ],
  "x.sum() of axes and axis": [
    TypeError,
    "Cannot sum: both axes and axis are given, they mean the same",
    (x) => x.sum({ axes: 0, axis: 0 }),
  ],
  "x.sum() of a text for a flag": [
    TypeError,
    'Cannot sum: keepDims "no" must be true or false',
    (x) => x.sum({ keepDims: given("no") }),
  ],
  'x.mean({ axes: "0" })': [
    TypeError,
    'Cannot mean: "0", it must be an axis or a list of axes',
    (x) => x.mean({ axes: given("0") }),
  ],
  "x.variance(true)": [TypeError, "Cannot variance: options true, they must", (x) => x.variance(given(true))],
  "x.max() of a tensor": [TypeError, "Cannot max: options a Tensor, they must be", (x) => x.max(given(x))],
  "x.softmax({ keepDims })": [
    TypeError,
    "Cannot softmax: there is no option keepDims; there are axes, axis",
    (x) => x.softmax(given({ keepDims: true })),
  ],
  "a misspelt option of ones()": [
    TypeError,
    "Cannot make ones: there is no option dtyp; did you mean dtype?",
    () => ones([2], given({ dtyp: "int32" })),
  ],
  "a misspelt option of makeConst()": [
    TypeError,
    "Cannot make tensor: there is no option requires_grad; did you mean requiresGrad?",
    (x) => Tensor.makeConst(x.array, given({ requires_grad: true })),
  ],
  "a misspelt option of backward()": [
    TypeError,
    "Cannot backward: there is no option retain_graph; did you mean retainGraph?",
    (x) => x.sum().backward(undefined, given({ retain_graph: true })),
  ],
  "a misspelt option of grad()": [
    TypeError,
    "Cannot grad: there is no option argnum; did you mean argnums?",
    () => grad((x: Tensor) => x.sum(), given({ argnum: 0 })),
  ],
  "PyTorch's word for axes": [
    TypeError,
    "Cannot sum: there is no option dim; did you mean axes?",
    (x) => x.sum(given({ dim: 0 })),
  ],
  "tensor() with a type": [
    TypeError,
    `Cannot make tensor: options "int32", ${object('{ dtype: "int32" }')}`,
    () => tensor([1], given("int32")),
  ],
  "a Linear with a bare bias": [
    TypeError,
    `Cannot make Linear: options false, ${object("{ bias: false }")}`,
    () => new nn.Linear(1, 1, given(false)),
  ],
  "a loss with a bare reduction": [
    TypeError,
    `Cannot make MSELoss: options "sum", ${object('{ reduction: "sum" }')}`,
    () => new nn.MSELoss(given("sum")),
  ],
  "a loader with a bare size": [
    TypeError,
    `Cannot make DataLoader: options 32, ${object("{ batchSize: 32 }")}`,
    () => new data.DataLoader(data.digits({ train: 1 }), given(32)),
  ],
  // Counts and indices.
  'Linear("3", 4)': [
    RangeError,
    'Cannot make Linear: inFeatures "3" must be an integer of at least 1',
    () => new nn.Linear(given("3"), 4),
  ],
  "Linear(3)": [
    RangeError,
    "Cannot make Linear: outFeatures undefined must be",
    () => new nn.Linear(3, given(undefined)),
  ],
  "LayerNorm1d(0)": [
    RangeError,
    "Cannot make LayerNorm1d: features 0 must be an integer of at least 1",
    () => new nn.LayerNorm1d(0),
  ],
  "x.take(1)": [TypeError, "Cannot take: 1, it must be a tensor or a list of integers", (x) => x.take(given(1))],
  "x.take([NaN])": [RangeError, "Cannot take: index NaN must be an integer", (x) => x.take([NaN])],
  "x.take([1.5])": [RangeError, "Cannot take: index 1.5 must be an integer", (x) => x.take([1, 1.5])],
  "x.take() beyond 32 bits": [RangeError, "Cannot take: index 4294967296 must", (x) => x.take([2 ** 32])],
  "oneHot(1)": [TypeError, "Cannot oneHot: 1, it must be a tensor or a list of integers", () => oneHot(given(1), 2)],
  "oneHot([NaN])": [RangeError, "Cannot oneHot: index NaN must be an integer", () => oneHot([0, NaN], 2)],
  "oneHot() of no classes": [
    RangeError,
    'Cannot oneHot: classes "2" must be an integer',
    () => oneHot([0], given("2")),
  ],
  // Where functions stand.
  "capture() of a module": [
    TypeError,
    "Cannot capture: an Identity, it must be a function",
    () => capture(given(new nn.Identity())),
  ],
  "live() of a number": [TypeError, "Cannot make live number: 3, it must be a function", () => live(given(3))],
  "noGrad() of a tensor": [TypeError, "Cannot noGrad: a Tensor, it must be a function", (x) => noGrad(given(x))],
  "grad() of a tensor": [TypeError, "Cannot grad: a Tensor, it must be a function", (x) => grad(given(x))],
  "jvp() of a tensor": [TypeError, "Cannot jvp: a Tensor, it must be a function", (x) => jvp(given(x), [x], [x])],
  "gradCheck() at a tensor": [
    TypeError,
    "Cannot gradCheck: a Tensor, it must be a list of tensors",
    (x) => gradCheck((x) => x.sum(), given(x)),
  ],
  "grad() of a function with two results": [
    TypeError,
    "Cannot grad: the function returned a tensor [3] of float32, it must be a tensor with one element",
    () => grad((x: Tensor) => x)(ones([3])),
  ],
  "grad() at a number": [
    TypeError,
    "Cannot grad: argument 0 is of type number, it must be a tensor of a float type",
    () => grad((x: Tensor) => x)(3),
  ],
  // Other things.
  "an optimizer of a module": [
    TypeError,
    "Cannot make SGD: parameters of type object, pass model.parameters()",
    () => new optim.SGD(given(new nn.Identity())),
  ],
  "a Sequential of a list": [
    TypeError,
    "Cannot make Sequential: item 0: a list, it must be a module",
    () => new nn.Sequential(given([new nn.ReLU()])),
  ],
  "saving a module": [
    TypeError,
    "Cannot save: not a state, pass its stateDict()",
    () => serialize(given(new nn.Identity())),
  ],
};
// All optimizers are made alike, so that the type of one serves for each.
for (const name of Object.keys(retunings) as "SGD"[]) {
  const such = object("{ lr: 0.1 }");
  cases[`${name} with a bare rate`] = [
    TypeError,
    `Cannot make ${name}: options 0.1, ${such}`,
    (x) => new optim[name]([x], given(0.1)),
  ];
  cases[`${name} with a text for a rate`] = [
    RangeError,
    `Cannot make ${name}: lr "0.1" must lie in`,
    (x) => new optim[name]([x], { lr: given("0.1") }),
  ];
}
const withParameters = /^a (Linear|\w+Norm1d) of a list/;
for (const [name, [kind, text, body]] of Object.entries(cases)) {
  forEachDevice(`refused: ${name}`, () => {
    const x = ones([2, 3], { requiresGrad: true }), { tensors, bytes } = memory();
    {
      using _ = scope();
      assertThrows(() => body(x), kind, text);
    }
    if (!withParameters.test(name)) assertEquals([memory().tensors, memory().bytes], [tensors, bytes]);
    // The refused call has not reached the device, and has not changed the tensor.
    assertExact([values(x), x.grad, values(ones([2]).add(1))], [[1, 1, 1, 1, 1, 1], null, [2, 2]]);
  }, { parameters: withParameters.test(name) });
}

forEachDevice("an index out of range is refused in the words of what was asked", (device) => {
  const x = ones([3]), bad = tensor(Int32Array.of(0, 5));
  const late = isLate(device) ? /^RangeError: Cannot \w+: index 5 must lie in \[0, 3\)/ : null;
  assertThrowsLike(() => values(x.take([0, 5])), late ?? /^RangeError: Cannot take: index 5 must lie in \[0, 3\)$/);
  assertThrowsLike(() => values(x.take(bad)), late ?? /^RangeError: Cannot take: /);
  assertThrowsLike(() => values(oneHot(bad, 3)), late ?? /^RangeError: Cannot oneHot: index 5 must lie in \[0, 3\)$/);
  assertThrows(() => values(group(() => x.take(bad))), RangeError);
  assertExact(values(x.take([0, 2])), [1, 1]);
});

forEachDevice("more memory than there is names the bytes, and what comes next goes on", () => {
  for (const bytes of [2 ** 42, 2 ** 54]) {
    assertThrowsLike(() => values(zeros([bytes / 4])), new RegExp(`^(Range)?Error: Cannot allocate ${bytes} bytes`));
    assertExact(values(ones([2]).add(1)), [2, 2]);
  }
});
