/** `deno task train`: its config, from flags and files, its augmentations, and its live view. */
import type { train } from "../mod.ts";
import { parseAugmentations } from "../tools/train/augment.ts";
import { configOf, resumption } from "../tools/train/command_line.ts";
import { type Config, differences, fields, hashOf, helpPage, makeConfig, parseConfig } from "../tools/train/config.ts";
import { Course, LiveView, sparkline } from "../tools/train/terminal.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "./support.ts";

const plain: Config = makeConfig();

/** What words ask for beyond the defaults. */
function changedBy(words: readonly string[], files: Record<string, string> = {}): Partial<Config> {
  const { config } = configOf(words, (path) => files[path]!);
  return Object.fromEntries(Object.entries(config).filter(([name, value]) => value !== plain[name as keyof Config]));
}

const asked: [name: string, words: string[], changed: Partial<Config>][] = [
  ["nothing", [], {}],
  ["a count, a number and a text", ["--epochs", "3", "--lr=1e-2", "--out=a b"], { epochs: 3, lr: 0.01, out: "a b" }],
  ["several words", ["--batch-size", "32", "--label-smoothing", "0.1"], { batchSize: 32, labelSmoothing: 0.1 }],
  ["what is off by default", ["--keep-best", "--validation", "0.1"], { keepBest: true, validation: 0.1 }],
  ["what is on by default, off", ["--no-captured", "--no-residual"], { captured: false, residual: false }],
  ["no augmentation", ["--augment", ""], { augment: "" }],
  ["another optimizer, with its own defaults", ["--optimizer", "sgd"], { optimizer: "sgd", lr: 0.1, momentum: 0.9 }],
  ["another set, with its own", ["--data", "cifar10"], {
    data: "cifar10",
    augment: "crop:4,flip",
    normalize: true,
    out: "runs/cifar10-mlpresnet",
  }],
  ["a folder and a file, which name the run", ["--data", "/a/flowers/", "--model", "nets/my.ts"], {
    data: "/a/flowers/",
    model: "nets/my.ts",
    augment: "",
    normalize: true,
    out: "runs/flowers-my",
  }],
];
for (const [name, words, changed] of asked) {
  Deno.test(`train: flags ask for ${name}`, () => assertEquals(changedBy(words), changed));
}

Deno.test("train: flags go over a config file, and that over defaults", () => {
  const files = { "run.json": '{ "epochs": 2, "lr": 0.5, "model": "resmlp" }' };
  const { epochs, lr, patch, norm } =
    configOf(["--config", "run.json", "--lr", "0.25"], (path) => files[path as never]).config;
  assertEquals({ epochs, lr, patch, norm }, { epochs: 2, lr: 0.25, patch: 4, norm: "affine" });
});

Deno.test("train: a run that goes on takes its folder's config, and says what to type", () => {
  const files = { "runs/a/config.json": JSON.stringify({ ...plain, epochs: 5, out: "runs/elsewhere" }) };
  const words = ["--resume", "--out", "runs/a"];
  assertEquals(changedBy(words, files), { epochs: 5, resume: true, out: "runs/a" });
  assertEquals(resumption(makeConfig({ out: "runs/a" })), "deno task train --resume --out runs/a");
  assertEquals(resumption(makeConfig({ out: "it's" })), "deno task train --resume --out 'it'\\''s'");
});

Deno.test("train: a config is read again as it was written, and every field is on the help page", () => {
  const config = makeConfig({ data: "cifar10", model: "resmlp", ema: 0.99 });
  assertEquals(makeConfig(parseConfig("config.json", JSON.stringify(config))), config);
  const page = helpPage();
  for (const name of Object.keys(fields)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    assert(new RegExp(`^  --(\\[no-\\])?${flag} `, "m").test(page), `--${flag}`);
  }
});

Deno.test("train: configs differ in what they compute by, and so do their hashes", async () => {
  const free = makeConfig({ out: "elsewhere", workers: 2, quiet: true, checkpointSteps: 5 });
  assertEquals([differences(plain, free), await hashOf(free)], [[], await hashOf(plain)]);
  const other = makeConfig({ lr: 0.1, seed: 3 });
  assertEquals(differences(plain, other), ["lr", "seed"]);
  assert(await hashOf(other) !== await hashOf(plain));
});

/** Command lines that are refused, and the beginning of what is said. */
const refusedWords: [words: string[], message: string][] = [
  [["--epoch", "3"], "Cannot read flags: there is no --epoch; did you mean --epochs?"],
  [["--velocity", "3"], "Cannot read flags: --velocity is not one of --data, --model"],
  [["--epochs", "0"], "Cannot read flags: --epochs 0 must be a whole number of at least 1"],
  [["--epochs", "many"], 'Cannot read flags: --epochs "many" must be a whole number'],
  [["--epochs", ""], 'Cannot read flags: --epochs "" must be a whole number'],
  [["--lr", "-1"], "Cannot read flags: --lr -1 must be a number above 0"],
  [["--lr", "Infinity"], "Cannot read flags: --lr Infinity must be a number above 0"],
  [["--dropout", "1"], "Cannot read flags: --dropout 1 must be a number in [0, 1)"],
  [["--out", ""], 'Cannot read flags: --out "" must be a text that is not empty'],
  [["--norm", "bach"], 'Cannot read flags: --norm "bach" must be batch, layer, affine or none'],
  [["--quiet", "--no-quiet"], "Cannot read flags: --quiet and --no-quiet"],
  [["--patch", "4"], "Cannot train: patch 4 is for model resmlp"],
  [["--model", "resmlp", "--patch", "0"], "Cannot train: patch 0 must be at least 1"],
  [["--momentum", "0.9"], "Cannot train: momentum 0.9 is for optimizer sgd, not adam"],
  [["--batch-size", "1"], "Cannot train: batchSize 1 must be at least 2 with norm batch"],
  [["--patience", "3"], "Cannot train: patience 3 needs a validation share above 0"],
  [["--keep-best"], "Cannot train: keepBest needs a validation share above 0"],
  [["--port", "80"], "Cannot train: port 80 is for the dashboard"],
  [["--dashboard", "--port", "70000"], "Cannot train: port 70000 must be at most 65535"],
  [["--resume", "--overwrite"], "Cannot train: resume and overwrite exclude each other"],
];
for (const [words, message] of refusedWords) {
  Deno.test(`train: refuses ${words.join(" ")}`, () => {
    assertThrows(() => configOf(words, () => JSON.stringify({})), RangeError, message);
  });
}

/** Config files that are refused, and what is said. */
const refusedFiles: [text: string, type: ErrorConstructor, message: string][] = [
  ["{", SyntaxError, "Cannot read run.json: it is not JSON"],
  ["[]", TypeError, "Cannot read run.json: options a list"],
  ['{ "epoch": 3 }', TypeError, "Cannot read run.json: there is no option epoch; did you mean epochs?"],
  ['{ "epochs": "3" }', RangeError, 'Cannot read run.json: epochs "3" must be a whole number'],
  ['{ "width": null }', RangeError, "Cannot read run.json: width null must be a whole number"],
  ['{ "captured": 1 }', RangeError, "Cannot read run.json: captured 1 must be true or false"],
];
for (const [text, type, message] of refusedFiles) {
  Deno.test(`train: refuses the config ${text}`, () => {
    assertThrows(() => parseConfig("run.json", text), type, message);
  });
}

Deno.test("train: augmentations are read in their order, with the normalization behind what moves pixels", () => {
  const kinds = (list: string) =>
    parseAugmentations(list, 10, [{ kind: "normalize", mean: 0, deviation: 1 }]).map(({ kind }) => kind);
  assertEquals(kinds(""), ["normalize"]);
  assertEquals(kinds("crop:4, flip"), ["crop", "flip", "normalize"]);
  assertEquals(kinds("affine:15:0.1:0.1:5,elastic:34:4,cutout:8,mixup:0.2,cutmix:1"), [
    ...["affine", "elastic", "normalize", "cutout", "mixup", "cutmix"],
  ]);
});

const refusedLists: [list: string, message: string][] = [
  ["crob:4", 'Cannot augment by "crob:4": there is no "crob"; did you mean crop?'],
  ["crop", '"crop" must be crop:PIXELS'],
  ["crop:4:5", '"crop:4:5" must be crop:PIXELS'],
  ["crop:x", '"crop:x" must be crop:PIXELS'],
  ["crop:-1", "padding -1 must be an integer of at least 0"],
  ["flip,,crop:4", 'there is no ""'],
  ["constructor", 'there is no "constructor"'],
];
for (const [list, message] of refusedLists) {
  Deno.test(`train: refuses the augmentations ${list}`, () => {
    assertThrows(() => parseAugmentations(list, 10), RangeError, message);
  });
}

Deno.test("train: a course keeps its mean in few points, and a sparkline its shape", () => {
  const course = new Course();
  for (let k = 0; k < 1000; k++) course.add(k);
  course.add(NaN);
  const { points } = course;
  assert(points.length <= 48 && points.every((point, k) => k === 0 || point > points[k - 1]!), `${points}`);
  assertEquals(sparkline([0, 1, 2, 7]), "▁▂▃█");
  assertEquals(sparkline([5, 5]), "▄▄");
});

/** The text that a view writes for a run of two steps. */
function viewed(terminal: boolean): string {
  let text = "";
  const output = {
    writeSync(bytes: Uint8Array) {
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    isTerminal: () => terminal,
    columns: () => 60,
  };
  const view = new LiveView(false, output), at = { epoch: 1, step: 1, seen: 50 };
  const step = { loss: 2, lr: 0.1, gradNorm: null, lossScale: null, skipped: false, seconds: 0.5 };
  const events: train.TrainEvent[] = [
    { kind: "start", epoch: 0, step: 0, seen: 0, epochs: 1, steps: 2, stepsPerEpoch: 2, parameters: 9, resumed: false },
    { kind: "step", ...at, ...step },
    { kind: "epoch", ...at, loss: 2, lr: 0.1, seconds: 0.5, validation: { accuracy: 0.25 }, best: true },
    { kind: "end", ...at, reason: "done", seconds: 0.5, best: null },
  ];
  for (const event of events) view.show(event, 100);
  return text;
}

Deno.test("train: without a terminal a run is plain lines, on one it is a block that fits and is drawn over", () => {
  const lines = viewed(false);
  assertMatch(
    lines,
    /^epoch 1\/1 {2}50% {2}loss 2\.0000.*\nepoch 1\/1 {2}loss 2\.0000 {2}test 25\.00 % {2}200 images\/s\n$/,
  );
  // deno-lint-ignore no-control-regex -- the codes that colour, erase and move.
  const codes = /\x1b\[[0-9;]*[A-Zm]/gi, block = viewed(true);
  const rows = block.replaceAll(codes, "").split("\n");
  assert(rows.every((row) => row.length < 60 * 2), "a row wraps");
  assert(block.includes("\x1b[3A\r") && block.includes("━"), "the block is not drawn over");
  // deno-lint-ignore no-control-regex -- the codes that colour.
  assertEquals(/\x1b\[[0-9;]*m/.test(block), !Deno.noColor);
  assertMatch(rows.at(-2)!, /epoch 1\/1 {2}loss 2\.0000 {2}test 25\.00 %/);
});
