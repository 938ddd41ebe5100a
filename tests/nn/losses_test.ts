/**
 * Losses against PyTorch's numbers, which `fixtures/losses.py` wrote in float64 to eight digits: values and gradients of every
 * option and reduction, eagerly in float64 and captured in float32.
 */
import {
  autocast,
  capture,
  data,
  gradCheck,
  manualSeed,
  nn,
  ones,
  optim,
  randn,
  type Tensor,
  tensor,
  train,
  valueAndGrad,
  zeros,
} from "../../mod.ts";
import fixtures from "../fixtures/losses.json" with { type: "json" };
import { assert, assertClose, assertEquals, assertThrows, forEachDevice, isLate, values } from "../support.ts";

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

/** Losses whose programs are built on a GPU as well, which takes many seconds for each. */
const built = ["CTCLoss", "MultiMarginLoss"];

/** Calls `body` with every case and reduction, on a GPU with one of each loss that is built there. */
function everyCase(device: string, body: (each: Case, reduction: string, what: string) => void): void {
  const chosen = isLate(device) ? built.map((wanted) => cases.find(({ name }) => name === wanted)!) : cases;
  for (const each of chosen) {
    for (const reduction of isLate(device) ? ["mean"] : Object.keys(each.answers)) {
      const shapes = each.inputs.map(({ shape }) => `[${shape}]`);
      body(each, reduction, `${each.name} ${JSON.stringify(each.options)} of ${shapes}, ${reduction}`);
    }
  }
}

const prompt = ["cpu", "wasm", "reference"];

// Eight digits of PyTorch's.
const exact = { relative: 6e-8, absolute: 1e-11 };
forEachDevice("losses and their gradients are PyTorch's", (device) => {
  everyCase(device, (each, reduction, what) => {
    const { output, outGrad, gradients } = each.answers[reduction]!;
    const inputs = each.inputs.map((numbers) => read(numbers, "float64"));
    const [found, slopes] = answer(each, lossOf(each, reduction), inputs, read(outGrad, "float64"));
    assertClose(values(found), numbersOf(output), { ...exact, what });
    slopes.forEach((slope, place) => {
      assertClose(values(slope), numbersOf(gradients[place]!), { ...exact, what: `${what}: gradient ${place}` });
    });
  });
}, { parameters: true, on: prompt });

// Float32 rounds its inputs and each step of a formula; where logarithms of far numbers cancel, only an absolute bound holds.
const single = { relative: 2e-5, absolute: 2e-5 };
forEachDevice("captured losses and their gradients are PyTorch's", (device) => {
  everyCase(device, (each, reduction, what) => {
    const { output, outGrad, gradients } = each.answers[reduction]!, loss = lossOf(each, reduction);
    using step = capture((outGrad: Tensor, ...inputs: Tensor[]) => answer(each, loss, inputs, outGrad));
    const inputs = each.inputs.map((numbers) => read(numbers, "float32"));
    for (let k = 0; k < 2; k++) {
      const [found, slopes] = step(read(outGrad, "float32"), ...inputs);
      assertClose(values(found), numbersOf(output), { ...single, what });
      slopes.forEach((slope, place) => {
        assertClose(values(slope), numbersOf(gradients[place]!), { ...single, what: `${what}: gradient ${place}` });
      });
    }
  });
}, { parameters: true });

const double = { dtype: "float64" } as const, labels = (...numbers: number[]) => tensor(Int32Array.from(numbers));
/** Functions of random float64 tensors of these shapes, whose second derivatives are checked as well. */
const smooth: [name: string, shapes: number[][], f: (...inputs: Tensor[]) => Tensor][] = [
  ["MSELoss", [[2, 3], [2, 3]], (x, y) => new nn.MSELoss().call(x!, y!)],
  ["HuberLoss", [[2, 3], [2, 3]], (x, y) => new nn.HuberLoss({ delta: 0.4 }).call(x!, y!)],
  ["SmoothL1Loss", [[2, 3], [2, 3]], (x, y) => new nn.SmoothL1Loss({ beta: 0.4 }).call(x!, y!)],
  [
    "CrossEntropyLoss of labels",
    [[3, 4]],
    (x) =>
      new nn.CrossEntropyLoss({ weight: [1, 2, 3, 4], ignoreIndex: 9, labelSmoothing: 0.1 }).call(x!, labels(3, 9, 0)),
  ],
  ["CrossEntropyLoss of shares", [[2, 3, 2], [2, 3, 2]], (x, y) => new nn.CrossEntropyLoss().call(x!, y!.softmax(1))],
  ["NLLLoss", [[3, 4]], (x) => new nn.NLLLoss({ weight: [1, 2, 3, 4] }).call(x!.logSoftmax(-1), labels(3, 1, 0))],
  [
    "BinaryCrossEntropyLoss",
    [[2, 3], [2, 3]],
    (x, y) => new nn.BinaryCrossEntropyLoss({ logits: true, posWeight: [2], weight: [1, 2, 3] }).call(x!, y!.sigmoid()),
  ],
  ["FocalLoss", [[2, 3], [2, 3]], (x, y) => new nn.FocalLoss({ gamma: 1.5 }).call(x!, y!.sigmoid())],
  ["FocalLoss of labels", [[2, 3]], (x) => new nn.FocalLoss({ softmax: true }).call(x!, labels(2, 0))],
  ["KLDivLoss", [[2, 3], [2, 3]], (x, y) => new nn.KLDivLoss().call(x!.logSoftmax(-1), y!.softmax(-1))],
  ["PoissonNLLLoss", [[4], [4]], (x, y) => new nn.PoissonNLLLoss({ full: true }).call(x!, y!.square().add(1.5))],
  [
    "GaussianNLLLoss",
    [[2, 3], [2, 3], [2, 1]],
    (x, y, v) => new nn.GaussianNLLLoss({ full: true }).call(x!, y!, v!.square().add(0.5)),
  ],
  ["SoftMarginLoss", [[4]], (x) => new nn.SoftMarginLoss().call(x!, tensor([1, -1, -1, 1]))],
  ["HingeLoss", [[4]], (x) => new nn.HingeLoss({ p: 2, margin: 3 }).call(x!, tensor([1, -1, -1, 1]))],
  ["MultiMarginLoss", [[2, 3]], (x) => new nn.MultiMarginLoss({ p: 2, margin: 4 }).call(x!, labels(2, 0))],
  ["MultiLabelSoftMarginLoss", [[2, 3]], (x) => new nn.MultiLabelSoftMarginLoss().call(x!, x!.detach().greater(0))],
  [
    "CosineEmbeddingLoss",
    [[2, 3], [2, 3]],
    (a, b) => new nn.CosineEmbeddingLoss({ margin: -1 }).call(a!, b!, tensor([1, -1])),
  ],
  [
    "TripletMarginLoss",
    [[2, 3], [2, 3], [2, 3]],
    (a, p, n) => new nn.TripletMarginLoss({ margin: 9 }).call(a!, p!, n!),
  ],
  ["InfoNCELoss", [[3, 2], [3, 2], []], (q, k, t) => {
    return new nn.InfoNCELoss({ symmetric: true, temperature: t!.square().add(0.5) }).call(q!, k!);
  }],
  ["DiceLoss", [[1, 2, 3]], (x) => new nn.DiceLoss({ squared: true }).call(x!.sigmoid(), x!.detach().greater(0))],
  ["CTCLoss", [[4, 2, 3]], (x) => {
    return new nn.CTCLoss().call(x!.logSoftmax(-1), labels(1, 1, 2, 1).reshape([2, 2]), [4, 3], [2, 1]);
  }],
];
forEachDevice("second derivatives of losses are right", () => {
  manualSeed(5);
  for (const [name, shapes, f] of smooth) {
    try {
      gradCheck(f, shapes.map((shape) => randn(shape, double)), { order: 2 });
    } catch (cause) {
      throw new Error(name, { cause });
    }
  }
}, { parameters: true, on: ["reference"] });

forEachDevice(
  "a captured CTC loss goes by the lengths of each call, and a target that has no room has no gradient",
  () => {
    manualSeed(6);
    const x = randn([5, 2, 4]).logSoftmax(-1), y = labels(1, 1, 2, 3, 2, -7).reshape([2, 3]), loss = new nn.CTCLoss();
    using step = capture((ins: Tensor, outs: Tensor) => loss.call(x, y, ins, outs));
    for (const [ins, outs] of [[[5, 4], [3, 2]], [[3, 0], [2, 0]], [[4, 5], [1, 2]]] as const) {
      const eager = loss.call(x, y, ins, outs).item();
      assertClose([step(labels(...ins), labels(...outs)).item() as number], [eager as number], { relative: 1e-6 });
    }
    for (const zeroInfinity of [false, true]) {
      const never = new nn.CTCLoss({ zeroInfinity, reduction: "sum" });
      const [value, slope] = valueAndGrad((x: Tensor) => never.call(x, y, [3, 2], [3, 2]))(x);
      // Two equal labels need a blank between them, and so four times for three labels.
      const second = never.call(x.narrow(1, 1, 1), y.narrow(0, 1, 1), [2], [2]).item() as number;
      assertClose([value.item() as number], [zeroInfinity ? second : Infinity], { relative: 1e-6 });
      assertEquals(values(slope.select(1, 0)).every((each) => each === 0), true);
      assertEquals(values(slope).every(Number.isFinite), true);
    }
  },
  { on: prompt },
);

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const untyped = (value: unknown): any => value;

function assertSays(error: unknown, text: string): void {
  assert(String(error).includes(text), `${error} has no ${text}`);
}

/** What constructors refuse, by the text. */
const unmade: [make: () => unknown, text: string][] = [
  ...[0, -1, NaN, Infinity, "1", null].flatMap((bad): typeof unmade => [
    [() => new nn.HuberLoss({ delta: untyped(bad) }), "RangeError: Cannot make HuberLoss: delta "],
    [() => new nn.GaussianNLLLoss({ eps: untyped(bad) }), "RangeError: Cannot make GaussianNLLLoss: eps "],
    [() => new nn.PoissonNLLLoss({ eps: untyped(bad) }), "RangeError: Cannot make PoissonNLLLoss: eps "],
    [() => new nn.TripletMarginLoss({ margin: untyped(bad) }), "RangeError: Cannot make TripletMarginLoss: margin "],
    [() => new nn.InfoNCELoss({ temperature: untyped(bad) }), "RangeError: Cannot make InfoNCELoss: temperature "],
  ]),
  ...[-1, NaN, Infinity, "1", null].flatMap((bad): typeof unmade => [
    [() => new nn.SmoothL1Loss({ beta: untyped(bad) }), "RangeError: Cannot make SmoothL1Loss: beta "],
    [() => new nn.FocalLoss({ gamma: untyped(bad) }), "RangeError: Cannot make FocalLoss: gamma "],
    [() => new nn.DiceLoss({ smooth: untyped(bad) }), "RangeError: Cannot make DiceLoss: smooth "],
    [() => new nn.TripletMarginLoss({ eps: untyped(bad) }), "RangeError: Cannot make TripletMarginLoss: eps "],
    [() => new nn.CTCLoss({ blank: untyped(bad) }), "RangeError: Cannot make CTCLoss: blank "],
  ]),
  ...[NaN, Infinity, "1", null].flatMap((bad): typeof unmade => [
    [() => new nn.HingeLoss({ margin: untyped(bad) }), "RangeError: Cannot make HingeLoss: margin "],
    [() => new nn.MultiMarginLoss({ margin: untyped(bad) }), "RangeError: Cannot make MultiMarginLoss: margin "],
    [() => new nn.MarginRankingLoss({ margin: untyped(bad) }), "RangeError: Cannot make MarginRankingLoss: margin "],
    [
      () => new nn.CosineEmbeddingLoss({ margin: untyped(bad) }),
      "RangeError: Cannot make CosineEmbeddingLoss: margin ",
    ],
  ]),
  [() => new nn.CosineEmbeddingLoss({ margin: 1.5 }), "margin 1.5 must lie in [-1, 1]"],
  [() => new nn.MultiMarginLoss({ p: untyped(3) }), "RangeError: Cannot make MultiMarginLoss: p 3 must be 1 or 2"],
  [() => new nn.HingeLoss({ p: untyped("2") }), 'RangeError: Cannot make HingeLoss: p "2" must be 1 or 2'],
  [
    () => new nn.TripletMarginLoss({ p: -1 }),
    "RangeError: Cannot make TripletMarginLoss: p -1 must be a positive number",
  ],
  [
    () => new nn.TripletMarginWithDistanceLoss({ distance: untyped(2) }),
    "TypeError: Cannot make TripletMarginWithDistance",
  ],
  [() => new nn.FocalLoss({ alpha: 2 }), "RangeError: Cannot make FocalLoss: alpha 2 must lie in [0, 1]"],
  [() => new nn.FocalLoss({ softmax: true, alpha: 0.5 }), "TypeError: Cannot make FocalLoss: alpha is for the sigmoid"],
  [() => new nn.FocalLoss({ ignoreIndex: 3 }), "TypeError: Cannot make FocalLoss: weight and ignoreIndex are for"],
  [() => new nn.NLLLoss({ ignoreIndex: 0.5 }), "RangeError: Cannot make NLLLoss: ignoreIndex 0.5 must be an integer"],
  [() => new nn.NLLLoss({ weight: [1, NaN] }), "RangeError: Cannot make NLLLoss: weight NaN must be a finite number"],
  [() => new nn.NLLLoss({ weight: untyped(3) }), "TypeError: Cannot make NLLLoss: 3, it must be a tensor"],
  [
    () => new nn.NLLLoss({ weight: labels(1, 2) }),
    "TypeError: Cannot make NLLLoss: weight of type int32 must have a float",
  ],
  [
    () => new nn.BinaryCrossEntropyLoss({ posWeight: [2] }),
    "TypeError: Cannot make BinaryCrossEntropyLoss: posWeight is for",
  ],
  [() => new nn.KLDivLoss({ reduction: untyped("batchmean") }), 'reduction "batchmean" must be mean, sum or none'],
  [
    () => new nn.KLDivLoss({ logTarget: untyped(1) }),
    "TypeError: Cannot make KLDivLoss: logTarget 1 must be true or false",
  ],
  [() => new nn.InfoNCELoss({ temperature: tensor([1, 2]) }), "temperature has 2 elements, it must have one"],
  [() => new nn.HuberLoss(untyped({ beta: 2 })), "TypeError: Cannot make HuberLoss: there is no option beta"],
];
forEachDevice("losses refuse options by their text", () => {
  for (const [make, text] of unmade) assertSays(assertThrows(make), text);
}, { parameters: true });

const two = () => zeros([2, 3]), three = () => zeros([3, 2, 4]);
/** What losses refuse when they are applied, by the text. */
const unapplied: [apply: () => Tensor, text: string][] = [
  [() => new nn.L1Loss().call(two(), zeros([3])), "prediction [2, 3] and target [3], the shapes must be the same"],
  [() => new nn.HuberLoss().call(two(), zeros([1, 3])), "TypeError: Cannot apply HuberLoss: prediction [2, 3]"],
  [
    () => new nn.CrossEntropyLoss().call(zeros([]), labels(0)),
    "TypeError: Cannot apply CrossEntropyLoss: prediction []",
  ],
  [() => new nn.CrossEntropyLoss().call(three(), zeros([3, 2])), "[batch, classes, ...] and [batch, ...]"],
  [() => new nn.CrossEntropyLoss({ ignoreIndex: 0 }).call(two(), two()), "probabilities have no label 0 to ignore"],
  [() => new nn.CrossEntropyLoss({ weight: [1, 2] }).call(two(), labels(0, 1)), "weight [2], it must be [3]"],
  [() => new nn.NLLLoss({ weight: [1, 2] }).call(two(), labels(0, 1)), "weight [2], it must be [3]"],
  [() => new nn.MultiMarginLoss().call(three(), labels(0)), "they must be [batch, classes] and [batch]"],
  [() => new nn.MultiLabelMarginLoss().call(two(), labels(0, 1)), "both must be [batch, classes] or [classes]"],
  [() => new nn.BinaryCrossEntropyLoss({ weight: [1, 2] }).call(two(), two()), "weight [2], it must stretch to [2, 3]"],
  [() => new nn.GaussianNLLLoss().call(two(), two(), zeros([3])), "prediction [2, 3], target [2, 3] and variance [3]"],
  [
    () => new nn.GaussianNLLLoss().call(two(), two(), untyped(undefined)),
    "TypeError: Cannot apply GaussianNLLLoss: undefined",
  ],
  [() => new nn.CosineEmbeddingLoss().call(two(), two(), zeros([3])), "they must be twice [batch, n] and [batch]"],
  [() => new nn.TripletMarginLoss().call(zeros([]), zeros([]), zeros([])), "they must have an axis"],
  [() => new nn.MarginRankingLoss().call(two(), two(), zeros([2])), "first [2, 3], second [2, 3] and target [2]"],
  [() => new nn.InfoNCELoss().call(two(), zeros([3, 3])), "query [2, 3] and key [3, 3], both must be [batch, n]"],
  [() => new nn.DiceLoss().call(two(), two()), "both must be [batch, classes, d1, ...]"],
  [() => new nn.CTCLoss().call(zeros([4]), labels(1), [4], [1]), "they must be [time, batch, classes]"],
  [() => new nn.CTCLoss().call(three(), labels(1, 1), [3], [1, 1]), "inputLengths [1], they must be [2]"],
  [
    () => new nn.CTCLoss().call(three(), labels(1, 1), untyped(3), [1, 1]),
    "TypeError: Cannot apply CTCLoss: 3, it must be",
  ],
  [
    () => new nn.CTCLoss().call(three(), labels(1, 1), [3, 4], [1, 1]),
    "RangeError: Cannot apply CTCLoss: inputLengths 4",
  ],
  [
    () => new nn.CTCLoss().call(three(), labels(1, 1), [3, -1], [1, 1]),
    "inputLengths -1 must be an integer of at least 0",
  ],
  [() => new nn.CTCLoss().call(three(), labels(1, 1), [3, 3], [1, 2]), "targetLengths add up to 3, they must to 2"],
  [
    () => new nn.CTCLoss({ blank: 4 }).call(three(), labels(1, 1), [3, 3], [1, 1]),
    "blank 4 must be an integer of at most 3",
  ],
  [
    () => new nn.CTCLoss().call(three(), labels(1, 1), zeros([2]), [1, 1]),
    'inputLengths of type "float32" must be integers',
  ],
];
/** Labels that are no class, and negative variances: RangeErrors at the call, or at the next read on a GPU. */
const outside: [apply: () => Tensor, text: string][] = [
  ...[-1, 3].flatMap((label): typeof outside => [
    [() => new nn.NLLLoss().call(two(), labels(0, label)), `Cannot use label ${label}: it must lie in [0, 3)`],
    [
      () => new nn.CrossEntropyLoss({ weight: [1, 2, 3] }).call(two(), labels(0, label)),
      `Cannot use label ${label}: it must lie in [0, 3)`,
    ],
    [
      () => new nn.CrossEntropyLoss({ ignoreIndex: 5 }).call(two(), labels(5, label)),
      `Cannot use label ${label}: it must lie in [0, 3)`,
    ],
    [
      () => new nn.CrossEntropyLoss().call(zeros([1, 3, 2]), labels(0, label).reshape([1, 2])),
      `Cannot use label ${label}: it must lie in [0, 3)`,
    ],
    [
      () => new nn.FocalLoss({ softmax: true }).call(two(), labels(0, label)),
      `Cannot use label ${label}: it must lie in [0, 3)`,
    ],
    [() => new nn.MultiMarginLoss().call(two(), labels(0, label)), `Cannot use label ${label}: it must lie in [0, 3)`],
  ]),
  [
    () => new nn.MultiLabelMarginLoss().call(zeros([3]), labels(1, -2, 0)),
    "Cannot use label -2: it must lie in [0, 3)",
  ],
  [() => new nn.CTCLoss().call(three(), labels(1, 4), [3, 3], [1, 1]), "Cannot use label 4: it must lie in [0, 4)"],
];
forEachDevice("losses refuse inputs by their text", (device) => {
  for (const [apply, text] of unapplied) assertSays(assertThrows(apply), text);
  for (const [apply, text] of outside) {
    const error = assertThrows(() => isLate(device) ? values(apply()) : apply());
    assertSays(error, text);
    assertEquals((error as Error).name, "RangeError");
  }
  const variance = () => values(new nn.GaussianNLLLoss().call(two(), two(), two().sub(1)));
  if (!isLate(device)) {
    assertThrows(variance, RangeError, "Cannot apply GaussianNLLLoss: variance -1 must not be negative");
  }
}, { parameters: true });

forEachDevice("losses of halves are rounded once, and stay float32 under autocast", () => {
  for (const each of cases.filter(({ name }, k) => cases.findIndex((each) => each.name === name) === k)) {
    const reduction = Object.keys(each.answers).at(1) ?? "batchMean", loss = lossOf(each, reduction);
    const given = each.inputs.map((numbers) => read(numbers, "float32"));
    const halves = given.map((x, place) => each.inputs[place]!.dtype === "int32" ? x : x.cast("float16"));
    const first = (x: Tensor) => each.before ? x.logSoftmax(-1) : x;
    const apply = (inputs: Tensor[]) => loss.call(first(inputs[0]!), ...inputs.slice(1), ...(each.lists ?? []));
    const wide = autocast(() => apply(halves)), half = apply(halves);
    assertEquals([wide.dtype, half.dtype], ["float32", "float16"], each.name);
    // Inputs have a relative error of 2^-11, which differences and far logits enlarge.
    const expected = numbersOf(each.answers[reduction]!.output);
    assertClose(values(wide), expected, { relative: 5e-3, absolute: 5e-3, what: each.name });
    assertClose(values(half), expected, { relative: 5e-3, absolute: 5e-3, what: each.name });
  }
}, { parameters: true, on: prompt });

forEachDevice("losses train in `fit`, whose step is captured, and move with their weights", async () => {
  const inputs = tensor([[1, 0], [0, 1], [1, 1], [0, 0]]);
  const makers: [make: () => nn.Loss, target: () => Tensor][] = [
    [() => new nn.CrossEntropyLoss({ weight: [1, 2], ignoreIndex: -100 }), () => labels(0, 1, -100, 1)],
    [() => new nn.MultiMarginLoss({ weight: [1, 2] }), () => labels(0, 1, 1, 0)],
    [() => new nn.HuberLoss(), () => zeros([4, 2])],
    [() => new nn.FocalLoss(), () => ones([4, 2])],
  ];
  for (const [make, target] of makers) {
    const model = new nn.Linear(2, 2), loss = make(), y = target();
    const set = new data.ArrayDataset(inputs, y);
    const loader = new data.DataLoader(set, { batchSize: 2 });
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    const epochs = await train.fit(model, loader, { loss, optimizer, epochs: 4, captured: true });
    assert(epochs[3]!.loss < epochs[0]!.loss, `${loss}`);
  }
  const loss = new nn.NLLLoss({ weight: [1, 2] });
  assertEquals(Object.keys(loss.stateDict()), ["weight"]);
  assertEquals(loss.to("reference").weight!.device, "reference");
}, { parameters: true, on: prompt });
