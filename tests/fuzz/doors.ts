/**
 * Public functions, methods and classes with several arguments of any kind at once: a value, or an error of the library's
 * own. Whatever reads files, waits for the network or changes the process is left out.
 */
import * as deneb from "../../mod.ts";
import type { Random } from "../arrays.ts";
import { bases, hostile } from "../hostile.ts";
import { between, type Kind, pick, several, stranger } from "./kind.ts";
import { compile, importLine, literal } from "./source.ts";

/** An argument: a hostile value, a good one by its place in the list, or a list or an object of such. */
type Argument =
  | { hostile: string }
  | { good: number }
  | { list: readonly Argument[] }
  | { object: Readonly<Record<string, Argument>> };

export type DoorCase = { door: string; given: readonly Argument[] };

/** Good arguments as text. */
const good = [
  ...["2", "-1", "0.5", "[2, 3]", "[0]", "[]", "tensor([1, 2, 3])", "ones([2, 3])", "true", "undefined"],
  ...['"float64"', '"wasm"', "(x) => x", "(x) => x?.square?.().sum()", "[ones([2, 3], { requiresGrad: true })]"],
  ...["new nn.Linear(3, 2)", "{}", "{ axes: 0 }", '"1:"', '"mean"', "[tensor([0.5])]", "Int32Array.of(0, 1)"],
];

/** The names of options. */
const keys = [
  ...["axes", "axis", "keepDims", "dtype", "shape", "device", "requiresGrad", "lr", "betas", "eps", "argnums", "step"],
  ...[
    "bias",
    "momentum",
    "reduction",
    "correction",
    "weightDecay",
    "createGraph",
    "t0",
    "steps",
    "stepSize",
    "batchSize",
  ],
];

/** The names that are left out, and why: files and networks, the process's state, and what is no caller's. */
const apart = new Set([
  ...["setDefaultDevice", "setThreads", "open", "manualSeed", "scope", "build", "print", "dispose"],
  ...["constructor", "derive", "deriveSaving", "deriveAll", "wrap", "setting", "settingOf", "slot"],
  // Bases, which only subclasses call.
  ...[
    "ReduceOp",
    "ExtremeOp",
    "ArgExtremeOp",
    "MomentsOp",
    "ChoiceOp",
    "StepOp",
    "Scope",
    "Session",
    "TensorNode",
    "Value",
  ],
  ...bases,
  ...["Hookable", "WindowLayer"],
]);

function* doorsOf(room: object, prefix = ""): Generator<string> {
  for (const [name, value] of Object.entries(room)) {
    if (typeof value !== "function" || apart.has(name)) continue;
    yield /^[A-Z]/.test(name) ? `new ${prefix}${name}` : `${prefix}${name}`;
  }
}

/** The methods of a class and of those that it extends, down to `base`, and `more` of those beyond. */
function* methodsOf(
  subject: string,
  { prototype }: { prototype: object },
  base: { prototype: object } = Object,
  more: readonly string[] = [],
): Generator<string> {
  for (let at = prototype; at !== base.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && !apart.has(name)) yield `${subject}.${name}`;
    }
  }
  for (const name of more) yield `${subject}.${name}`;
}

const { Tensor, nn, optim, ops } = deneb;
/** The methods of a tensor that are no ops. */
const inherited = ["backward", "detach", "item", "toArray", "toTypedArray", "read", "resetGrad", "zerosLike", "toDot"];

/** Every door, as the text before its arguments. */
export const doorNames: readonly string[] = [
  ...doorsOf(deneb),
  ...doorsOf(nn, "nn."),
  ...doorsOf(nn.models, "nn.models."),
  ...doorsOf(optim, "optim."),
  ...doorsOf(ops, "ops."),
  ...[
    "compose",
    "flatten",
    "normalize",
    "randomFlip",
    "randomCrop",
    "randomAffine",
    "elastic",
    "cutout",
    "mixup",
    "cutmix",
  ]
    .map((name) => `data.${name}`),
  ...["augment", "statistics", "subset"].map((name) => `data.${name}`),
  ...["new data.DataLoader", "new data.ArrayDataset", "io.serialize", "io.deserialize"],
  ...methodsOf("ones([2, 3], { requiresGrad: true })", Tensor, deneb.TensorNode, inherited),
  ...methodsOf("new nn.Linear(3, 2)", nn.Module),
  ...methodsOf("new optim.Adam([ones([2], { requiresGrad: true })])", optim.Optimizer),
];

function drawArgument(random: Random, depth = 0): Argument {
  const kind = random();
  if (kind < 0.3 || depth > 2) return { hostile: pick(random, Object.keys(hostile)) };
  if (kind < 0.7) return { good: between(random, 0, good.length) };
  if (kind < 0.85) return { list: several(between(random, 0, 4), () => drawArgument(random, depth + 1)) };
  return {
    object: Object.fromEntries(
      several(between(random, 1, 3), () => [pick(random, keys), drawArgument(random, depth + 1)]),
    ),
  };
}

function argumentText(one: Argument | undefined): string {
  if (typeof one !== "object" || one === null) return "undefined";
  if ("hostile" in one) return one.hostile in hostile ? `hostile[${literal(one.hostile)}]()` : "undefined";
  if ("good" in one) return good[one.good] ?? "undefined";
  if ("list" in one && Array.isArray(one.list)) return `[${one.list.map(argumentText).join(", ")}]`;
  const entries = Object.entries(("object" in one ? one.object : undefined) ?? {});
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([name, part]) => `${name}: ${argumentText(part)}`).join(", ")} }`;
}

function callText({ door, given }: DoorCase): string {
  return `${door}(${given.map(argumentText).join(", ")})`;
}

/** Public doors. */
export const doorsKind: Kind<DoorCase> = {
  name: "doors",
  onDevices: false,
  draw: (random) => ({
    door: pick(random, doorNames),
    given: several(between(random, 1, 4), () => drawArgument(random)),
  }),
  async check(each) {
    if (!doorNames.includes(each.door) || !Array.isArray(each.given)) return null;
    try {
      await compile(["hostile"], `return ${callText(each)};`)(hostile);
      return null;
    } catch (error) {
      // What the caller's own code throws passes through, and so does what a class throws that is called as a function.
      const isOwn = /^the caller's own$|^Class constructor/.test((error as Error | undefined)?.message ?? "");
      const wrong = isOwn ? null : stranger(error);
      return wrong === null ? null : `${each.door} ${wrong}`;
    }
  },
  show(each) {
    const text = callText(each);
    return `${importLine(text)}
import { hostile } from "./tests/hostile.ts";

await ${text};`;
  },
};
