/**
 * The changes that passes make to a captured list, and the instructions that they must leave alone.
 *
 * Lists are written as text, a line an instruction: `b = add a X`. Capital letters are memory from outside (`K`: filled by
 * the host), `r` names a result, everything else is the list's own. Each holds four elements; `a@2` are two of them, from
 * element 2 on, `a+4` is what follows them in a larger memory, `a*2` every other element, `a:1` elements of type 1. `?` is
 * a number that is asked for at each replay, `host` something that is done there.
 */
import { limits, mapRows, opcode, opcodeName } from "../kernels/instruction.ts";
import { type Instruction, layOut, type List, type Slot, type View } from "../core/capture/list.ts";
import {
  checkFirst,
  dropDead,
  foldConstants,
  followProducts,
  type Pass,
  passes,
  reuseInPlace,
  shareCommon,
  skipCopies,
} from "../core/capture/passes/mod.ts";
import { capture, live, nn, noGrad, rand, type Tensor, tensor } from "../mod.ts";
import { sameAsEager, type Scenario } from "./captures.ts";
import { assert, assertEquals, assertMatch, forEachDevice } from "./support.ts";

const size = 4;

/** The words before the views of an instruction that writes or checks so many elements. */
function headOf(what: string, count: number, inputs: number, number: string): number[] {
  switch (what) {
    case "check":
      return [opcode.check, 0, 1, count, size, 1];
    case "random":
      return [opcode.random, 0, count, 0, 0, 0];
    case "gather":
      return [opcode.gather, 0, 1, 2, size, 1];
    case "scatter":
      return [opcode.scatter, 0, 0, 1, 2, size, 1];
    case "matmul":
      return [opcode.matmul, 0, 0, 0, 2, 2, 2];
    default: {
      const row = mapRows.findIndex((name) => name === what);
      return [opcode.map, 0, row, 0, 1, inputs, Number(number) || 0, 0, 0, count];
    }
  }
}

/** Parses a list from text. Returns it with the names of its slots. */
function listOf(text: string): { list: List; names: Map<Slot, string> } {
  const slots = new Map<string, Slot>(), instructions: Instruction[] = [];
  const slotOf = (name: string) => {
    let slot = slots.get(name);
    if (slot === undefined) {
      const number = slots.size, bytes = /^[A-Z]/.test(name) ? null : 4 * size;
      slots.set(
        name,
        slot = { number, handle: number + 1, bytes, constant: name[0] === "K", escapes: name[0] === "r", freed: false },
      );
    }
    return slot;
  };
  let waiting: Instruction["actions"] = [];
  for (const line of text.split("\n")) {
    if (line === "host") {
      waiting.push({ run() {} });
      continue;
    }
    const [, out, what, rest] = /^(?:(\S+) = )?(\w+) ?(.*)$/.exec(line)!, operands = rest!.split(" ");
    const named = [out ?? "", ...operands].filter((word) => /^[a-zA-Z]/.test(word));
    const number = operands.find((word) => /^[?\d]/.test(word)) ?? "";
    const words = headOf(what!, /@/.test(line) ? 2 : size, named.length - 1, number), views: View[] = [];
    named.forEach((word, place) => {
      const [, name, offset, stride, type] = /^(\w+)(?:[@+](\d))?(?:\*(\d))?(?::(\d))?$/.exec(word)!;
      views.push({ at: words.length, slot: slotOf(name!) });
      const strides = /random/.test(what!)
        ? []
        : /gather|scatter|check/.test(what!)
        ? (place === named.length - 1 ? [0, Number(stride ?? 1), 0] : [4, 1, 1])
        : what === "matmul"
        ? [2, 1]
        : [Number(stride ?? 1)];
      words.push(0, Number(type ?? 0), Number(offset ?? 0), ...strides);
    });
    words[1] = words.length;
    if (number === "?") waiting.push({ at: 6, read: () => 0 });
    instructions.push({ words, views, actions: waiting });
    waiting = [];
  }
  if (waiting.length > 0) instructions.push({ words: [], views: [], actions: waiting });
  return { list: { instructions, slots: [...slots.values()] }, names: new Map([...slots].map(([k, v]) => [v, k])) };
}

/** Writes a list as such text. */
function textOf({ instructions }: List, names: ReadonlyMap<Slot, string>): string[] {
  return instructions.flatMap(({ words, views, actions }) => {
    const lines = actions.filter((action) => "run" in action).map(() => "host");
    if (words.length === 0) return lines;
    const code = words[0]!, isMap = code === opcode.map, whole = !isMap || words[9] === size;
    const [first, ...others] = views.map(({ at, slot }) => {
      const offset = words[at + 2]!, stride = words[at + 3]!, type = words[at + 1]!;
      const place = !whole ? `@${offset}` : offset > 0 ? `+${offset}` : "";
      return names.get(slot)! + place + (isMap && stride !== 1 ? `*${stride}` : "") + (type > 0 ? `:${type}` : "");
    });
    const number = actions.some((action) => "at" in action) ? ["?"] : isMap && words[6]! > 0 ? [String(words[6])] : [];
    if (code === opcode.check) return [...lines, `check ${first}`];
    return [
      ...lines,
      `${first} = ${[isMap ? mapRows[words[2]!]! : opcodeName[code]!, ...others, ...number].join(" ")}`,
    ];
  });
}

/** The effect of each pass on a list. A pass without `after` leaves the list alone. */
const cases: [name: string, pass: Pass, before: string, after?: string][] = [
  [
    "followProducts lets a product wait for what reads it",
    followProducts,
    "a = matmul X Y\nb = matmul X Z\nc = matmul Y Z\nr = relu a\nr2 = add b c",
    "b = matmul X Z\nc = matmul Y Z\na = matmul X Y\nr = relu a\nr2 = add b c",
  ],
  [
    "followProducts leaves a product before one that reads it",
    followProducts,
    "a = matmul X Y\nb = matmul a Z\nr = add a b",
  ],
  [
    "followProducts leaves a product before one that writes what it reads",
    followProducts,
    "a = matmul X Y\nX = matmul Y Z\nr = relu a",
  ],
  [
    "followProducts leaves a product that nobody reads at once",
    followProducts,
    "a = matmul X Y\nb = matmul X Z\nr = relu b\nr2 = relu a",
  ],
  [
    "reuseInPlace writes over what is read for the last time",
    reuseInPlace,
    "a = matmul X Y\nb = relu a\nc = matmul b Y\nr = copy c",
    "a = matmul X Y\na = relu a\nc = matmul a Y\nr = copy c",
  ],
  [
    "reuseInPlace goes on with what it has",
    reuseInPlace,
    "a = matmul X Y\nb = add X a\nc = matmul b Y\nd = add b c\ne = matmul d Y\nr = copy e",
    "a = matmul X Y\na = add X a\nc = matmul a Y\na = add a c\ne = matmul a Y\nr = copy e",
  ],
  [
    "reuseInPlace leaves what is read later",
    reuseInPlace,
    "a = matmul X Y\nb = relu a\nc = matmul b Y\nr = add a c",
  ],
  ["reuseInPlace leaves what lives in a group alone", reuseInPlace, "a = matmul X Y\nb = relu a\nr = exp b"],
  ["reuseInPlace leaves memory from outside", reuseInPlace, "b = relu X\nc = matmul b Y\nr = copy c"],
  ["reuseInPlace leaves results", reuseInPlace, "r = matmul X Y\nb = relu r\nc = matmul b Y\nr2 = copy c"],
  ["reuseInPlace minds strides", reuseInPlace, "a = matmul X Y\nb = relu a*0\nc = matmul b Y\nr = copy c"],
  ["reuseInPlace minds parts", reuseInPlace, "a = matmul X Y\nb@0 = relu a@2\nc = matmul b Y\nr = copy c"],
  ["reuseInPlace minds types", reuseInPlace, "a = matmul X Y\nb = relu a:2\nc = matmul b Y\nr = copy c"],
  [
    "reuseInPlace leaves what its group also reads in another order",
    reuseInPlace,
    "a = matmul X Y\nX = add X a*0\nb = add X a\nc = matmul b Y\nr = copy c",
  ],
  ["dropDead drops what nobody reads", dropDead, "a = fill 1\nb = add a a\nr = copy X", "r = copy X"],
  ["dropDead keeps what a result needs", dropDead, "a = fill 1\nb = add a a\nr = copy b"],
  ["dropDead keeps writes to memory from outside", dropDead, "a = fill 1\nX = add X a"],
  ["dropDead keeps a second result", dropDead, "r = fill 1\nr2 = fill 2"],
  ["dropDead keeps checks", dropDead, "a = copy X\ncheck a"],
  [
    "dropDead keeps a first write that a partial one leaves showing",
    dropDead,
    "a = fill 1\na@2 = copy X@0\nr = copy a",
  ],
  ["dropDead keeps in-place updates of its own memory", dropDead, "a = fill 1\na = add a X\nr = copy a"],
  ["dropDead keeps what a scatter adds to", dropDead, "a = fill 1\na = scatter X I\nr = copy a"],
  ["dropDead keeps what is done on the host", dropDead, "host\na = fill 1\nr = copy X", "host\nr = copy X"],
  ["dropDead goes on asking for numbers", dropDead, "a = fill ?\nr = copy X", "host\nr = copy X"],
  ["shareCommon computes once", shareCommon, "a = exp X\nb = exp X\nr = add a b", "a = exp X\nr = add a a"],
  [
    "shareCommon follows through",
    shareCommon,
    "a = exp X\nb = exp X\nc = log a\nd = log b\nr = add c d",
    "a = exp X\nc = log a\nr = add c c",
  ],
  ["shareCommon minds the number", shareCommon, "a = mulScalar X 2\nb = mulScalar X 3\nr = add a b"],
  ["shareCommon minds parts", shareCommon, "a@0 = exp X@0\nb@0 = exp X@2\nr = add a b"],
  ["shareCommon minds where the result stands", shareCommon, "a@0 = exp X@0\nb@2 = exp X@0\nr = add a b"],
  ["shareCommon minds strides", shareCommon, "a = exp X\nb = exp X*0\nr = add a b"],
  ["shareCommon minds types", shareCommon, "a = exp X\nb = exp X:1\nr = add a b"],
  ["shareCommon leaves random numbers", shareCommon, "a = random\nb = random\nr = add a b"],
  ["shareCommon leaves live numbers", shareCommon, "a = mulScalar X ?\nb = mulScalar X ?\nr = add a b"],
  ["shareCommon leaves what is done on the host", shareCommon, "a = exp X\nhost\nb = exp X\nr = add a b"],
  ["shareCommon leaves results", shareCommon, "r = exp X\nr2 = exp X"],
  ["shareCommon sees writes in between", shareCommon, "a = exp X\nX = add X Y\nb = exp X\nr = add a b"],
  ["shareCommon sees partial writes in between", shareCommon, "a = exp X\nX@2 = copy Y@0\nb = exp X\nr = add a b"],
  ["shareCommon leaves what is written twice", shareCommon, "a = exp X\nb = exp X\nb = add b X\nr = add a b"],
  ["shareCommon leaves writes to memory from outside", shareCommon, "Y = exp X\nZ = exp X"],
  ["skipCopies reads the source", skipCopies, "a = copy X\nr = exp a", "r = exp X"],
  [
    "skipCopies follows through",
    skipCopies,
    "a = exp X\nb = copy a\nc = copy b\nr = add c b",
    "a = exp X\nr = add a a",
  ],
  ["skipCopies reads the part", skipCopies, "a = copy X+4\nb = exp a\nr@0 = exp a@2", "b = exp X+4\nr@0 = exp X@6"],
  ["skipCopies leaves results", skipCopies, "r = copy X"],
  ["skipCopies leaves other orders", skipCopies, "a = copy X*2\nr = exp a"],
  ["skipCopies leaves other types", skipCopies, "a = copy X:1\nr = exp a"],
  ["skipCopies leaves parts of a whole", skipCopies, "a@0 = copy X@2\nr@0 = exp a@0"],
  ["skipCopies leaves a source that is overwritten later", skipCopies, "a = copy X\nX = add X Y\nr = exp a"],
  ["skipCopies leaves a source that is overwritten in part", skipCopies, "a = copy X\nX@2 = fill 1\nr = exp a"],
  ["skipCopies leaves a copy that is written again", skipCopies, "a = copy X\na = add a Y\nr = add a X"],
  ["skipCopies leaves a copy that is added to", skipCopies, "a = copy X\na = scatter Y I\nr = copy a"],
  ["skipCopies may follow writes", skipCopies, "X = add X Y\na = copy X\nr = exp a", "X = add X Y\nr = exp X"],
  ["skipCopies keeps what is done on the host", skipCopies, "host\na = copy X\nr = exp a", "host\nr = exp X"],
  [
    "checkFirst puts checks first",
    checkFirst,
    "a = exp X\nX = copy a\ncheck I\nr = copy X",
    "check I\na = exp X\nX = copy a\nr = copy X",
  ],
  ["checkFirst checks once", checkFirst, "check I\nr = exp X\ncheck I", "check I\nr = exp X"],
  [
    "checkFirst keeps what is done on the host in its place",
    checkFirst,
    "r = exp X\nhost\ncheck I",
    "check I\nr = exp X\nhost",
  ],
  ["checkFirst leaves checks of what is computed", checkFirst, "a = exp X\ncheck a"],
  ["checkFirst leaves checks of what is overwritten", checkFirst, "X = exp Y\ncheck X"],
  ["checkFirst looks after gathers", checkFirst, "X = fill 1\nr = gather X I", "check I\nX = fill 1\nr = gather X I"],
  [
    "checkFirst looks after scatters",
    checkFirst,
    "r = fill 1\nr = scatter X I",
    "check I\nr = fill 1\nr = scatter X I",
  ],
  [
    "foldConstants folds what only depends on constants",
    foldConstants,
    "a = fill 1\nb = add a K\nr = add b X",
    "r = add b X",
  ],
  [
    "foldConstants keeps what is done with inputs",
    foldConstants,
    "a = fill 1\nb = add X X\nr = add a b",
    "b = add X X\nr = add a b",
  ],
  ["foldConstants leaves live numbers and what depends on them", foldConstants, "a = fill ?\nb = add a a\nr = add b X"],
  ["foldConstants leaves random numbers", foldConstants, "a = random\nr = add a X"],
  ["foldConstants leaves what is done on the host", foldConstants, "host\na = fill 1\nr = add a X"],
  ["foldConstants leaves results", foldConstants, "r = fill 1"],
  ["foldConstants leaves what is written again", foldConstants, "a = fill 1\nb = add a X\na = fill 2\nr = add a b"],
  ["foldConstants leaves writes in part", foldConstants, "a = fill 1\na@2 = copy X@0\nr = copy a"],
  ["foldConstants leaves constants that are overwritten", foldConstants, "K = add K X\na = copy K\nr = add a X"],
  ["foldConstants leaves writes to memory from outside", foldConstants, "X = fill 1"],
];
for (const [name, pass, before, after = before] of cases) {
  Deno.test(name, () => {
    const { list, names } = listOf(before), untouched = JSON.stringify(list.instructions), found = pass(list);
    for (const [stand, slot] of found.once?.kept ?? []) names.set(stand, names.get(slot)!);
    assertEquals(textOf(found, names), after.split("\n"));
    assertEquals(JSON.stringify(list.instructions), untouched, "the list that was given has changed");
  });
}

Deno.test("layOut() allocates before the first use, frees after the last, and cuts groups to the buffer's size", () => {
  const codes = (text: string) => {
    const { words } = layOut(listOf(text).list), found: string[] = [];
    for (let at = 0; at < words.length; at += words[at + 1]!) found.push(opcodeName[words[at]!]!);
    return found.join(" ");
  };
  assertEquals(codes("a = fill 1\nr = copy a"), "group alloc map map free end");
  assertEquals(codes("a = random\nb = exp a\nX = add X b"), "alloc random group alloc map map free free end");
  assertEquals(codes("check I\nr = exp X"), "check map");
  const long = layOut(listOf(Array.from({ length: 9000 }, (_, k) => `X = add X Y${k % 7}`).join("\n")).list);
  assert(long.cuts.length > 2);
  assert(long.cuts.every((end, k) => end - (long.cuts[k - 1] ?? 0) <= limits.words));
  assertEquals(long.cuts.at(-1), long.words.length);
});

Deno.test("layOut() runs leading checks apart, and counts the most bytes at once", () => {
  const { checked, bytes } = layOut(listOf("check I\ncheck J\na = exp X\nb = random\nc = random\nr = add b c").list);
  assertEquals([checked, bytes], [24, 32]);
});

/** A generator of random choices, which a seed determines. */
function choices(seed: number): (below: number) => number {
  let state = seed * 2654435761 >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A step made of random ops on [3, 3]: maps, folds, products, views, copies, in-place updates, random numbers. */
const randomProgram = (seed: number): Scenario => (wrap, log) => {
  const state = new nn.Buffer(rand([3, 3])), closed = rand([3, 3]), weight = new nn.Parameter(rand([3, 3]));
  let number = 1;
  const step = wrap((x: Tensor, y: Tensor) => {
    const choose = choices(seed), pool: Tensor[] = [x, y, state, closed, weight];
    const any = () => pool[Math.max(choose(pool.length), choose(pool.length))]!;
    const ops: (() => Tensor | void)[] = [
      () => any().add(any()),
      () => any().mul(any()),
      () => any().sub(any().mean({ axes: choose(2), keepDims: true })),
      () => any().tanh(),
      () => any().mul(1 + choose(3)),
      () => any().matmul(any()).mul(0.1),
      () => any().transpose(),
      () => any().reshape([9]).reshape([3, 3]),
      () => any().transpose().reshape([9]).reshape([3, 3]),
      () => any().at("::-1"),
      () => any().at(`${choose(3)}:`).sum({ axes: 0, keepDims: true }).broadcastTo([3, 3]),
      () => any().softmax(),
      () => any().max({ axes: choose(2), keepDims: true }).sub(any()),
      () => any().take([2, 0, choose(3)], choose(2)),
      () => any().greater(any()).where(any(), any()),
      () => rand([3, 3]),
      () => tensor([[1, 2, 3]]).broadcastTo([3, 3]).add(any()),
      () => any().mul(live(() => number)),
      () => any().data,
      () => void (state.data = any().mul(0.5)),
      () => void (state.at(`${choose(3)}`).data = any().at(`${choose(3)}`)),
      () => void (any().data = any()),
      () => {
        const own = tensor([[1, 2, 3], [4, 5, 6], [7, 8, 9]]);
        own.at("1:").data = any().at(":2");
        return own;
      },
      () => {
        weight.resetGrad();
        any().mul(weight).tanh().sum().backward(undefined, { retainGraph: true });
        return weight.grad!.mul(1);
      },
    ];
    for (let k = 0; k < 14; k++) {
      const made = ops[choose(ops.length)]!();
      if (made !== undefined) pool.push(made);
    }
    return [any(), any(), pool.at(-1)!];
  });
  const inputs: [Tensor, Tensor][] = [
    [rand([3, 3]), rand([3, 3])],
    [rand([3, 3]), rand([3, 3])],
    [closed, rand([3, 3])],
    [state.data, rand([3, 3]).transpose()],
    [rand([3, 3]), rand([3, 3])],
  ];
  for (const [x, y] of inputs) {
    number++;
    log(step(x, y), x, y, state, closed, weight, weight.grad);
  }
};

Deno.test("turnProducts writes a product turned where all that follows reads it so", () => {
  const printed = (f: (x: Tensor, w: Tensor) => Tensor): string => {
    using step = capture(f);
    const log = console.log;
    console.log = () => {};
    try {
      noGrad(() => step(rand([4, 5, 3]), rand([5, 5])));
      return step.print();
    } finally {
      console.log = log;
    }
  };
  const across = (x: Tensor, w: Tensor) => x.transpose([0, 2, 1]).matmul(w).relu();
  const turned = printed((x, w) => across(x, w).add(w.at("0")).transpose([0, 2, 1]).mul(x));
  // The axes of the sum have the order of those of its product.
  assertMatch(turned, /add \[4, 5, 3\]/);
  assertMatch(printed((x, w) => across(x, w).add(w.at("0"))), /add \[(12|4, 3), 5\]/);
  // A sum down columns and a sum along rows have different bits.
  const folded = printed((x, w) => {
    const y = across(x, w).add(w.at("0"));
    return y.sum({ axes: [0, 2] }).add(y.transpose([0, 2, 1]).mul(x).sum());
  });
  assertMatch(folded, /add \[(12|4, 3), 5\]/);
});

forEachDevice("random programs leave the same bits, with passes and without", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const all = passes.slice();
    for (const chosen of [all, []]) {
      (passes as Pass[]).splice(0, passes.length, ...chosen);
      try {
        sameAsEager(randomProgram(seed));
      } catch (cause) {
        throw new Error(`seed ${seed} with ${chosen.length} passes: ${(cause as Error).message}`, { cause });
      } finally {
        (passes as Pass[]).splice(0, passes.length, ...all);
      }
    }
  }
  // OpenCL is left out: its driver would compile the kernels of each program.
}, { parameters: true, on: ["cpu", "wasm", "reference"] });
