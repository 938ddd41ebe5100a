/**
 * Drawn training steps, captured and eager: the same bits after each of several calls, with inputs, modes and rates that
 * change between the calls.
 */
import { stripVTControlCharacters } from "node:util";
import { scope } from "../../mod.ts";
import type { Random } from "../arrays.ts";
import { sameAsEager, sameAsEagerLater } from "../captures.ts";
import { modules, optimizers } from "../catalogue.ts";
import { between, type Kind, pick, refusal, several, stranger } from "./kind.ts";
import { compile, importLine, indented, literal } from "./source.ts";
import { drawStatements, prelude, type Statement, statementLines } from "./statements.ts";

export type ProgramCase = {
  shape: readonly number[];
  dtype: string;
  /** Places in the catalogue's lists. */
  nets: readonly number[];
  optimizer: number;
  /** Statements before the nets and after them. */
  before: readonly Statement[];
  after: readonly Statement[];
  /** The shape of the input of each call, and what happens before the call. */
  calls: readonly { input: readonly number[]; change: string }[];
  /** Whether the step computes under autocast. */
  autocast: boolean;
  /** Whether the calls are of the kind that does not block. */
  later: boolean;
  /** What the step does beside computing, by name. */
  effects: readonly string[];
};

/** What may happen between two calls, as text. */
const changes: Readonly<Record<string, string>> = {
  nothing: "",
  evaluation: "for (const net of nets) net.eval();",
  training: "for (const net of nets) net.train();",
  rate: "optimizer.lr *= 0.5;",
  weights: "w[0].data = w[0].data.mul(0.5);",
  gradients: "optimizer.resetGrad();",
  seed: "manualSeed(3);",
};

/** What a step may do, as text, in the order in which a training step does it. `value` is the loss. */
const effects: Readonly<Record<string, string>> = {
  noise: "value = value.mul(rand([]).add(0.5));",
  live: "value = value.mul(live(() => 1 / ++asked));",
  reset: "optimizer.resetGrad();",
  backward: "value.backward();",
  clip: "optim.clipGradNorm(w, 0.1);",
  step: "optimizer.step();",
  decay: "noGrad(() => {\n  w[1].data = w[1].data.mul(0.9);\n});",
  count: 'total.data = total.add(value.detach().cast("float32"));',
};

/** What a statement may stand in. */
const helpers = `${prelude}const scoped = (f) => {
  const inner = scope();
  try {
    return keep(noGrad(f));
  } finally {
    inner[Symbol.dispose]();
  }
};
`;

/** A closure's text in one line. */
const textOf = (make: unknown) => `(${`${make}`.replace(/\s+/g, " ")})`;

function scenarioText(each: ProgramCase): string {
  const { shape, dtype, nets, optimizer, before, after, calls } = each, size = literal(shape);
  const chosen = nets.map((place) => modules[place] ?? modules[0]!);
  const first = statementLines(before, ["x", "w[0]", "w[1]"], shape);
  const netLines = chosen.map(([, , taken], k) =>
    `const n${k} = nets[${k}].call(fit(${first.tensors.at(-1 - k) ?? "x"}.broadcastTo(${size}).cast("float32"), ${
      literal(taken)
    }));`
  );
  const fitted = chosen.map((_, k) => `fit(n${k}, ${size})`);
  const names = [...first.tensors, ...fitted.map((_, k) => `m${k}`)];
  const rest = statementLines(after, names, shape);
  const lines = [...first.lines, ...netLines, ...fitted.map((text, k) => `const m${k} = ${text};`), ...rest.lines];
  const last = rest.tensors.at(-1)!, middle = rest.tensors[rest.tensors.length >> 1]!;
  const results = ["value", last, middle, ...chosen.map((_, k) => `n${k}`)].join(", ");
  const done = Object.entries(effects).filter(([name]) => each.effects.includes(name)).map(([, text]) => text);
  const body = [...lines, `let value = ${last}.tanh().mul(w[1]).mean();`, ...done, `return [${results}];`];
  const inner = each.autocast
    ? `autocast(() => {\n${indented(body.join("\n"))}\n}, { dtype: "bfloat16" })`
    : `(() => {\n${indented(body.join("\n"))}\n})()`;
  const made = optimizers[optimizer] ?? optimizers[0]!;
  const callLines = calls.flatMap(({ input, change }, k) => [
    ...(changes[change] ? [changes[change]] : []),
    `log(${each.later ? "await " : ""}step(randn(${literal(input)}, { dtype: ${literal(dtype)} }).mul(${
      (k + 1) / 2
    })), ...w, optimizer.stateDict());`,
    "log(nets.map((net) => net.stateDict()), w.map((one) => one.grad), total);",
  ]);
  return `${helpers}
const options = { dtype: ${literal(dtype)}, requiresGrad: true };
const w = [randn(${size}, options), randn(${literal(shape.slice(-1))}, options)];
const nets = [${chosen.map(([, make]) => `${textOf(make)}()`).join(", ")}];
const optimizer = ${textOf(made[1])}([...w, ...nets.flatMap((net) => net.parameters())]);
const total = new nn.Buffer([0]);
let asked = 0;
const step = wrap((x) => {
${indented(`return ${inner};`)}
});
${callLines.join("\n")}`;
}

async function check(each: ProgramCase): Promise<string | null> {
  const { shape, nets, before, after, calls } = each;
  if (
    ![shape, nets, before, after, calls, each.effects].every(Array.isArray) || shape.length !== 2 || calls.length === 0
  ) {
    return null;
  }
  if (calls.some(({ input }) => !Array.isArray(input))) return null;
  const text = scenarioText(each), body = each.later ? `return (async () => {\n${text}\n})();` : text;
  const scenario = compile(["wrap", "log"], body);
  try {
    if (each.later) await sameAsEagerLater(scenario);
    else sameAsEager(scenario);
    return null;
  } catch (error) {
    const said = refusal(error);
    // The assertion's message shows both runs as a whole; the first line that differs tells enough.
    const line = stripVTControlCharacters(said).split("\n").find((one) => /^\s*[-+] /.test(one));
    if (said.startsWith("AssertionError")) return `captured and eager differ: ${(line ?? said).trim().slice(0, 200)}`;
    return said === await eagerRefusal(scenario) ? null : `captured alone: ${said.split("\n")[0]!.slice(0, 300)}`;
  }
}

/** In which words the scenario is refused without capture; null if it is not, and "" if the error is not the library's. */
async function eagerRefusal(scenario: (wrap: <F>(f: F) => F, log: () => void) => unknown): Promise<string | null> {
  try {
    await scope(async () => await scenario((f) => f, () => {}));
    return null;
  } catch (error) {
    return stranger(error) === null ? refusal(error) : "";
  }
}

/** Programs of ops, nets and optimizers. */
export const programsKind: Kind<ProgramCase> = {
  name: "programs",
  onDevices: true,
  draw(random: Random) {
    const shape = pick(random, [[6, 6], [6, 6], [6, 6], [1, 1], [3, 5], [2, 17], [40, 30], [130, 70]]);
    const inputs = [shape, shape, shape.slice(1), shape.map((length, axis) => axis === 0 ? length : 1), []];
    const around = (list: Statement[]) =>
      list.map((one) =>
        random() < 0.2 ? { ...one, around: pick(random, ["group", "group", "noGrad", "scoped"]) } : one
      );
    return {
      shape,
      dtype: random() < 0.6 ? "float32" : pick(random, ["float64", "float16", "bfloat16"]),
      nets: random() < 0.5 ? [] : several(between(random, 1, 3), () => between(random, 0, modules.length)),
      optimizer: between(random, 0, optimizers.length),
      before: around(drawStatements(random, between(random, 0, 6))),
      after: around(drawStatements(random, between(random, 0, 6))),
      calls: several(between(random, 2, 6), (k) => ({
        input: k === 0 || random() < 0.8 ? shape : pick(random, inputs),
        change: random() < 0.5 ? "nothing" : pick(random, Object.keys(changes)),
      })),
      autocast: random() < 0.15,
      later: random() < 0.2,
      effects: [
        ...(random() < 0.75 ? ["reset", "backward", "step"].filter(() => random() < 0.95) : []),
        ...["noise", "live", "clip", "decay", "count"].filter(() => random() < 0.2),
      ],
    };
  },
  check,
  show(each, device) {
    const text = scenarioText(each), same = each.later ? "sameAsEagerLater" : "sameAsEager";
    return `${importLine(text, ["setDefaultDevice"])}
import { ${same} } from "./tests/captures.ts";

await setDefaultDevice("${device}");
await ${same}(${each.later ? "async " : ""}(wrap, log) => {
${indented(text)}
});`;
  },
};
