/**
 * Wrong arguments at every public name of the rooms above the core: each call is taken, or refused in the grammar of all
 * errors, and comes back.
 */
import { isPlain } from "../core/internal.ts";
import { data, nn, optim, Tensor, tensor, train, zeros } from "../mod.ts";
import { bases } from "./hostile.ts";
import { testWith } from "./permissions.ts";
import { assertEquals, assertThrowsLike } from "./support.ts";

type Door = (...args: unknown[]) => unknown;

/** Values that programs in JavaScript pass by mistake, and some that they pass on purpose. */
const values: readonly unknown[] = [
  undefined,
  null,
  NaN,
  -1,
  0.5,
  2 ** 32,
  2 ** 53,
  Infinity,
  "a",
  "",
  true,
  1n,
  [],
  [NaN],
  ["a"],
  {},
  { length: 2 ** 40 },
  () => 1,
  Symbol("s"),
  new Map(),
  new Uint8Array(2),
  new Tensor([1, 2]),
  zeros([0]),
  new nn.ReLU(),
  Object.create(null),
];

const optimizer = new optim.SGD([new Tensor([1, 2])], { lr: 0.1 }), digits = data.digits({ train: 3 });
const parts = { module: new nn.Linear(2, 2), schedule: new optim.StepDecay(optimizer, { stepSize: 2 }) };
const loader = new data.DataLoader(digits), random = new data.RandomStream(0), images = zeros([1, 1, 2, 2]);
const steps = { loss: new nn.MSELoss(), optimizer };

/** Good first arguments, behind which wrong ones stand: whatever takes parameters, an optimizer, a dataset or a count. */
const good: readonly unknown[] = [[new Tensor([1, 2])], optimizer, digits, tensor([1, 2]), 2, new nn.ReLU()];

/** The names of all options. */
const options = [
  ...["bias", "dtype", "device", "shape", "eps", "momentum", "reduction", "logits"],
  ...["labelSmoothing", "initial", "inputs", "width", "hidden", "depth", "dropout", "norm", "residual"],
  ...["image", "patch", "expansion", "layerScale"],
  ...["lr", "betas", "alpha", "weightDecay", "amsgrad", "dampening", "nesterov", "centered", "lrDecay"],
  ...["initialAccumulatorValue", "stepSize", "gamma", "steps", "etaMin", "t0", "tMult", "startFactor", "factor"],
  ...[
    "milestones",
    "batchSize",
    "shuffle",
    "seed",
    "dropLast",
    "prefetch",
    "augment",
    "workers",
    "transform",
    "divisor",
  ],
  ...["train", "test", "fill", "degrees", "translate", "scale", "shear", "sigma", "classes", "first", "epoch"],
  ...["unit", "output", "loss", "optimizer", "scheduler", "epochs", "captured"],
  ...["validation", "metrics", "clipNorm", "gradNorm", "accumulate", "precision", "ema", "earlyStopping"],
  ...["keepBest", "signal", "checkpoint", "resume"],
];

/** Classes that only others extend, and what reads files. */
const apart = [
  ...bases,
  "ClassLoss",
  "ClassMetric",
  "Loss",
  "Module",
  "Optimizer",
  "Scheduler",
  "mnist",
  "cifar10",
  "MissingDataError",
  "NonFiniteError",
];

/** Every public function and class, by its name. */
const doors: Record<string, Door> = {};
for (const [room, names] of Object.entries({ nn, optim, data, train })) {
  for (const [name, door] of Object.entries(names)) {
    if (typeof door !== "function" || apart.includes(name)) continue;
    const isClass = door.prototype !== undefined && !Object.getOwnPropertyDescriptor(door, "prototype")!.writable;
    // deno-lint-ignore no-explicit-any
    doors[`${room}.${name}`] = isClass ? (...args) => new (door as any)(...args) : door as Door;
  }
}

/** Sizes for what a caller leaves out: thousands of nets are made, and some have millions of weights by default. */
const sizes: Record<string, object> = {
  BERT: { vocabulary: 4, block: 2, width: 2, depth: 1, heads: 1 },
  CharLSTM: { vocabulary: 4, width: 2, hidden: 2, depth: 1 },
  DCGANGenerator: { size: 8, width: 1, latent: 2 },
  DCGANDiscriminator: { size: 8, width: 1 },
  GPT: { vocabulary: 4, block: 2, width: 2, depth: 1, heads: 1 },
  MLPMixer: { image: [1, 2, 2], patch: 2, width: 2, depth: 1 },
  MLPResNet: { inputs: 4, width: 2, depth: 1 },
  MobileNetV2: { widthMultiplier: 0.01, classes: 2 },
  ResMLP: { image: [1, 2, 2], patch: 2, width: 2, depth: 1 },
  ResNet: { block: "basic", blocks: [1], width: 2, stem: "small", classes: 2 },
  UNet: { width: 1, depth: 1 },
  VAE: { inputs: 4, hidden: 2, latent: 1 },
  VGG: { depth: 11, width: 1, hidden: 1, classes: 2 },
  VisionTransformer: { image: [1, 2, 2], patch: 2, width: 2, depth: 1, heads: 1 },
};
/** Options with small sizes for what they leave out, also those of a kind that has nothing of its own. */
function made(small: object | undefined, options: unknown): unknown {
  if (small === undefined || typeof options !== "object" || options === null) return options;
  if (isPlain(options)) return { ...small, ...options };
  try {
    if (Reflect.ownKeys(options).length > 0) return options;
  } catch {
    return options;
  }
  return Object.assign(Object.create(Object.getPrototypeOf(options)), small);
}
for (const [name, net] of Object.entries(nn.models)) {
  // The nets that a function makes have sizes of their own, of up to 25 million weights.
  if (!/^[A-Z]/.test(name)) continue;
  // deno-lint-ignore no-explicit-any
  doors[`nn.models.${name}`] = (options = {}) => new (net as any)(made(sizes[name], options));
}
const stack = { dModel: 2, nhead: 1, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 2 };
doors["nn.Transformer"] = (options = {}) => new nn.Transformer(made(stack, options) as object);

// deno-lint-ignore no-explicit-any
const method = (object: object, name: string): Door => (...args) => (object as any)[name](...args);
/** Methods, and functions that others return. */
const methods: Record<string, Door> = {
  ...Object.fromEntries(
    ["loadStateDict", "to", "cast", "train", "call"].map((name) => [`module.${name}`, method(parts.module, name)]),
  ),
  "optimizer.loadStateDict": method(optimizer, "loadStateDict"),
  "schedule.loadStateDict": method(parts.schedule, "loadStateDict"),
  "schedule.rate": method(parts.schedule, "rate"),
  "loader.loadStateDict": method(loader, "loadStateDict"),
  "flatten of inputs": (x) => data.flatten()(x as Tensor, random),
  "augment by a list": (list) => data.augment(images, list as []),
  "digits.get": method(digits, "get"),
  "digits.batch": method(digits, "batch"),
  "subset.batch": method(data.subset(digits, 2), "batch"),
  "loss of predictions": (x) => steps.loss.call(x as Tensor, tensor([1, 2])),
  "loss of targets": (y) => steps.loss.call(tensor([1, 2]), y as Tensor),
  "fit of a loader": (all) => train.fit(new nn.ReLU(), all as typeof loader, steps),
  "evaluate of a loader": (all) => train.evaluate(new nn.ReLU(), all as typeof loader),
  ...Object.fromEntries(
    [[data.normalize(1, 2)], [data.randomFlip()], [data.randomCrop(1)], [data.elastic()]].map((list) => [
      `${list[0]!.kind} of inputs`,
      (x: unknown) => data.augment(x as Tensor, list),
    ]),
  ),
};

/** The runtime's own words for what nobody has checked. */
const runtime = /^Cannot (read properties|set properties|convert|mix|destructure|access|use '|assign)/;

/** The error of a call in other words than those of the library; null for any other outcome. */
async function raw(door: Door, args: readonly unknown[]): Promise<string | null> {
  try {
    await door(...args);
    return null;
  } catch (error) {
    const { name, message } = error as Error;
    const said = /^(TypeError|RangeError|Error|MissingDataError)$/.test(name) && /^Cannot \w/.test(message) &&
      !runtime.test(message);
    return said ? null : `${name}: ${message}`;
  }
}

async function assertNone(calls: Iterable<[name: string, door: Door, args: readonly unknown[]]>): Promise<void> {
  const found: string[] = [];
  for (const [name, door, args] of calls) {
    const error = await raw(door, args);
    if (error !== null) found.push(`${name}(${Deno.inspect(args, { depth: 1 })}): ${error}`);
  }
  assertEquals(found, []);
}

testWith([], "every public name takes its arguments or refuses them in the library's words", async () => {
  function* calls(): Generator<[string, Door, unknown[]]> {
    for (const [name, door] of Object.entries(doors)) {
      for (const value of values) {
        yield [name, door, [value]];
        for (const first of good) {
          yield [name, door, [first, value]];
          yield [name, door, [value, first]];
          yield [name, door, [first, first, value]];
        }
      }
    }
  }
  await assertNone(calls());
});

testWith([], "every option is taken or refused in the library's words", async () => {
  function* calls(): Generator<[string, Door, unknown[]]> {
    for (const [name, door] of Object.entries(doors)) {
      for (const option of options) {
        for (const value of values) {
          const given = { [option]: value };
          for (const args of [[given], [good[0], given], [optimizer, given], [2, given]]) yield [name, door, args];
        }
      }
    }
  }
  await assertNone(calls());
});

testWith([], "every method takes its argument or refuses it in the library's words", async () => {
  function* calls(): Generator<[string, Door, unknown[]]> {
    for (const [name, door] of Object.entries(methods)) for (const value of values) yield [name, door, [value]];
  }
  await assertNone(calls());
});

testWith([], "a list of nothing that has no end in sight is refused at its first place", () => {
  const endless = () => new Array(2 ** 32 - 1) as never[], weights = () => [new Tensor([1])];
  const sgd = () => new optim.SGD(weights(), { lr: 0.1 });
  const calls: readonly [call: () => unknown, error: RegExp][] = [
    [() => new optim.SGD(endless(), { lr: 0.1 }), /^TypeError: Cannot make SGD: parameter 0 must be a leaf/],
    [() => optim.clipGradNorm(endless(), 1), /^TypeError: Cannot clipGradNorm: undefined/],
    [() => data.subset(data.digits({ train: 2 }), endless()), /^RangeError: Cannot get sample: undefined/],
    [
      () =>
        new optim.SequentialSchedule(sgd(), [(one) => new optim.StepDecay(one, { stepSize: 1 })], {
          milestones: endless(),
        }),
      /^RangeError: Cannot make SequentialSchedule: 4294967295 milestones/,
    ],
  ];
  for (const [call, error] of calls) assertThrowsLike(call, error);
});
