/**
 * `deno task train`: its config, its augmentations, what it writes, what it refuses, and that a run which was ended before its
 * time goes on bit for bit.
 */
import { isGranted } from "../kernels/native/environment.ts";
import { data, devices, nn, optim, setDefaultDevice, train } from "../mod.ts";
import { parseAugmentations } from "../tools/train/augment.ts";
import { configOf, resumption } from "../tools/train/command_line.ts";
import { type Config, differences, fields, hashOf, helpPage, makeConfig, parseConfig } from "../tools/train/config.ts";
import { pathsOf } from "../tools/train/folder.ts";
import { openModel, saveModel } from "../tools/train/model.ts";
import { trainRun } from "../tools/train/run.ts";
import { Course, LiveView, sparkline } from "../tools/train/terminal.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
  delay,
  equals,
  fromFileUrl,
} from "./support.ts";

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
    /^epoch 1\/1 {2}50% {2}loss 2\.0000.*\nepoch 1\/1 {2}loss 2\.0000 {2}test 25\.00 % {2}100 images\/s\n$/,
  );
  // deno-lint-ignore no-control-regex -- the codes that colour, erase and move.
  const codes = /\x1b\[[0-9;]*[A-Zm]/gi, block = viewed(true);
  const rows = block.replaceAll(codes, "").split("\n");
  assert(rows.every((row) => row.length < 60 * 2), "a row wraps");
  assert(block.includes("\x1b[3A\r") && block.includes("━"), "the block is not drawn over");
  assertMatch(rows.at(-2)!, /epoch 1\/1 {2}loss 2\.0000 {2}test 25\.00 %/);
});

/** A small run on drawn digits. */
const small = {
  data: "digits",
  limit: 200,
  batchSize: 20,
  epochs: 2,
  width: 16,
  depth: 1,
  checkpointSteps: 1,
} as const satisfies Partial<Config>;

/** The devices of these tests that are there. */
const here = devices().filter(({ name, available }) => available && ["cpu", "wasm"].includes(name)).map(({ name }) =>
  name
);

/** Runs `body`, after which the default device is what it was. */
async function keepingDevice(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    await setDefaultDevice(here.includes("cpu") ? "cpu" : "wasm");
  }
}

for (const device of here) {
  testWith(
    ["read", "write"],
    `train: a run writes its config, log, model and result [${device}]`,
    () =>
      inTemporaryFolder((folder) =>
        keepingDevice(async () => {
          const out = `${folder}/run`, paths = pathsOf(out), config = makeConfig({ ...small, device, out });
          const kinds: string[] = [];
          const { reason, step, result } = await trainRun(config, { onEvent: ({ kind }) => kinds.push(kind) });
          assertEquals([reason, step, kinds[0], kinds.at(-1)], ["done", 20, "start", "end"]);
          assertEquals(JSON.parse(await Deno.readTextFile(paths.config)), config);
          assertEquals(JSON.parse(await Deno.readTextFile(paths.result)), result);
          const log = (await Deno.readTextFile(paths.log)).trim().split("\n").map((line) => JSON.parse(line));
          assertEquals(log.filter(({ kind }) => kind !== "samples").map(({ kind }) => kind), kinds);
          assertEquals(log.filter(({ kind }) => kind === "samples").length, 1);
          const { accuracy, confusion, perClass, parameters, epochs, seed, machine } = result!;
          const counts = confusion.flat().reduce((sum, count) => sum + count, 0);
          const right = confusion.reduce((sum, row, k) => sum + row[k]!, 0);
          assertEquals([counts, right / counts, perClass.length], [small.limit, accuracy, 10]);
          assertEquals([epochs, seed, machine.device, result!.config], [2, 0, device, await hashOf(config)]);
          // The parameters of 784 x 16, a block of 16 x 8 x 16 with two norms, and 16 x 10.
          assertEquals(parameters, 784 * 16 + 16 + (16 * 8 + 8 + 16) + (8 * 16 + 16 + 32) + 170);
          const { model, info } = await openModel(paths.model);
          assertEquals([info.image, info.classes.join(""), info.statistics], [[1, 28, 28], "0123456789", null]);
          assertEquals(model.training, false);
        })
      ),
  );
}

testWith(
  ["read", "write"],
  "train: what a run is asked for reaches its training",
  () =>
    inTemporaryFolder(async (folder) => {
      const config = makeConfig({
        ...small,
        model: "resmlp",
        ...{ depth: 1, patch: 14, width: 8, norm: "layer", optimizer: "adamw", schedule: "linear", warmup: 0.1 },
        ...{ labelSmoothing: 0.1, clip: 1, accumulate: 2, ema: 0.9, validation: 0.2, keepBest: true, patience: 1 },
        ...{ augment: "affine:5,cutout:4,mixup:0.2", normalize: true, testFlip: true, captured: false, epochs: 3 },
        out: `${folder}/run`,
      });
      const events: train.TrainEvent[] = [];
      const { result } = await trainRun(config, { onEvent: (event) => events.push(event) });
      const steps = events.flatMap((event) => event.kind === "step" ? [event] : []);
      assertEquals(steps[0]!.gradNorm !== null, true, "clipped gradients tell their norm");
      assert(steps[0]!.lr < config.lr && steps[1]!.seen - steps[0]!.seen === 40, "warm-up and accumulation");
      assertEquals(result!.confusion.flat().reduce((sum, count) => sum + count, 0), small.limit);
      const { info } = await openModel(pathsOf(config.out).model);
      assertEquals(info.statistics?.mean.length, 1);
    }),
);

testWith(
  ["read", "write"],
  "train: a model of one's own is made by the file that is named, and by no other",
  () =>
    inTemporaryFolder(async (folder) => {
      const model = `${folder}/net.ts`, out = `${folder}/run`;
      await Deno.writeTextFile(
        model,
        `import { nn } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
      export default ({ image, classes }: { image: number[]; classes: string[] }, { width }: { width: number }) =>
        new nn.Sequential(new nn.Flatten(), new nn.Linear(image[1]! * image[2]!, width), new nn.ReLU(), new nn.Linear(width, classes.length));`,
      );
      const config = makeConfig({ ...small, model, epochs: 1, out });
      assertEquals((await trainRun(config)).reason, "done");
      await assertRejects(() => openModel(pathsOf(out).model), Error, `it is made by ${model}`);
      assert((await openModel(pathsOf(out).model, model)).model instanceof nn.Sequential);
    }),
);

testWith(["read", "write"], "train: a folder is not lost to another run", () =>
  inTemporaryFolder(async (folder) => {
    const out = `${folder}/run`, paths = pathsOf(out), config = makeConfig({ ...small, out });
    const controller = new AbortController();
    const ended = await trainRun(config, {
      signal: controller.signal,
      onEvent: (event) => event.kind === "step" && event.step === 3 && controller.abort(),
    });
    assertEquals([ended.reason, ended.step, ended.result], ["aborted", 3, null]);
    // An unfinished run is neither replaced nor taken up with another config.
    const checkpoint = await Deno.readFile(paths.checkpoint);
    await assertRejects(
      () => trainRun(config),
      Error,
      "holds an unfinished run. --resume goes on with it, --overwrite",
    );
    const other = { ...config, resume: true, lr: 0.5, seed: 1 };
    await assertRejects(
      () => trainRun(other),
      RangeError,
      `Cannot resume ${out}: lr is 0.5, but was 0.003; seed is 1, but was 0`,
    );
    assert(equals(await Deno.readFile(paths.checkpoint), checkpoint));
    // Taken up it finishes, and is finished then.
    const { result } = await trainRun({ ...config, resume: true });
    assertEquals((await trainRun({ ...config, resume: true })).reason, "finished before");
    assertEquals((await trainRun({ ...config, resume: true })).result, result);
    // A finished one is replaced as a whole.
    await trainRun({ ...config, epochs: 1 });
    const log = (await Deno.readTextFile(paths.log)).trim().split("\n");
    assertEquals(log.filter((line) => line.includes('"kind":"epoch"')).length, 1);
    await trainRun({ ...config, epochs: 1, overwrite: true });
  }));

/** Runs that are refused before anything is written. */
const refusedRuns: [name: string, change: (folder: string) => Partial<Config>, message: RegExp][] = [
  [
    "a folder of data that is not there",
    (folder) => ({ data: `${folder}/nowhere` }),
    /there is no set, folder or file/,
  ],
  ["a folder without data", (folder) => ({ data: `${folder}/empty` }), /empty/],
  ["a batch that is larger than the set", () => ({ batchSize: 201 }), /batchSize 201 must be at most 200/],
  [
    "a validation share of no image",
    () => ({ limit: 20, validation: 0.01 }),
    /validation share of 0.01 of 20 images is none/,
  ],
  ["an unknown augmentation", () => ({ augment: "crob:1" }), /did you mean crop/],
  ["an unknown device", () => ({ device: "abacus" }), /abacus/],
  ["an unknown model", () => ({ model: "resnet" }), /Cannot make model resnet/],
  ["a model's file that is not there", (folder) => ({ model: `${folder}/no.ts` }), /Cannot make model .*no\.ts/],
  [
    "a model's file without a function",
    (folder) => ({ model: `${folder}/empty.ts` }),
    /default export must be a function/,
  ],
  ["patches that do not divide the image", () => ({ model: "resmlp", patch: 5 }), /patch 5/],
];
for (const [name, change, message] of refusedRuns) {
  testWith(
    ["read", "write"],
    `train: refuses ${name}, and writes nothing`,
    () =>
      inTemporaryFolder((folder) =>
        keepingDevice(async () => {
          await Deno.mkdir(`${folder}/empty`);
          await Deno.writeTextFile(`${folder}/empty.ts`, "export {};");
          const config = makeConfig({ ...small, ...change(folder), out: `${folder}/run` });
          const error = await assertRejects(() => trainRun(config)) as Error;
          assertMatch(error.message, message);
          await assertRejects(() => Deno.stat(`${folder}/run`), Deno.errors.NotFound);
        })
      ),
  );
}

testWith(
  ["read", "write"],
  "train: an output that cannot be written is known before the training",
  () =>
    inTemporaryFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "mine");
      for (const out of [`${folder}/file`, `${folder}/file/run`]) {
        await assertRejects(() => trainRun(makeConfig({ ...small, out })), Error, `Cannot write to ${out}: `);
      }
      assertEquals(await Deno.readTextFile(`${folder}/file`), "mine");
    }),
);

/** Mounts a disk of so many bytes. False where that is not possible. */
function mount(folder: string, bytes: number): boolean {
  const words = ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder];
  try {
    return new Deno.Command("mount", { args: words, stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

function unmount(folder: string): void {
  new Deno.Command("umount", { args: [folder] }).outputSync();
}

/** Why no small disk can be mounted; null if one can. */
function mountRefusal(): string | null {
  if (Deno.build.os !== "linux" || !isGranted({ name: "run" }) || !isGranted({ name: "write" })) {
    return "it takes Linux";
  }
  const folder = Deno.makeTempDirSync(), isMounted = mount(folder, 4096);
  if (isMounted) unmount(folder);
  Deno.removeSync(folder);
  return isMounted ? null : "it takes the right to mount a disk";
}

/** Writes a file until its disk is full. */
function fill(path: string): void {
  using file = Deno.createSync(path);
  const bytes = new Uint8Array(1024);
  try {
    for (;;) file.writeSync(bytes);
  } catch {
    // The disk is full.
  }
}

testWith(
  ["read", "write", "run"],
  "train: a full disk leaves the checkpoint before, from which the run goes on",
  () =>
    inTemporaryFolder(async (folder) => {
      const config = makeConfig({ ...small, epochs: 6 }), disk = `${folder}/disk`, out = `${disk}/run`;
      const whole = await trainRun({ ...config, out: `${folder}/whole` });
      await Deno.mkdir(disk);
      assert(mount(disk, 1 << 20), "no disk");
      try {
        const filling = trainRun({ ...config, out }, {
          onEvent: ({ kind, epoch }) => kind === "epoch" && epoch === 3 && fill(`${disk}/filler`),
        });
        await assertRejects(() => filling, Error, "No space left on device");
        await Deno.remove(`${disk}/filler`);
        const names = Array.from(Deno.readDirSync(out), ({ name }) => name);
        assertEquals(names.filter((name) => name.includes("partial")), []);
        const { result } = await trainRun({ ...config, out, resume: true });
        assertEquals([result!.loss, result!.confusion], [whole.result!.loss, whole.result!.confusion]);
      } finally {
        unmount(disk);
      }
    }),
  mountRefusal(),
);

testWith(["read", "write"], "train: two runs do not share a folder", () =>
  inTemporaryFolder(async (folder) => {
    const config = makeConfig({ ...small, out: folder }), second: Promise<unknown>[] = [];
    const onEvent = ({ kind }: train.TrainEvent) => kind === "start" && second.push(trainRun(config).catch(String));
    assertEquals((await trainRun(config, { onEvent })).reason, "done");
    assertMatch(`${await second[0]}`, /Cannot train: another process trains in/);
  }));

testWith(
  ["read", "write"],
  "train: a checkpoint of another model is refused, and stays",
  () =>
    inTemporaryFolder(async (folder) => {
      const run = async (out: string, width: number) => {
        const controller = new AbortController();
        const onEvent = () => controller.abort();
        await trainRun(makeConfig({ ...small, width, out }), { signal: controller.signal, onEvent });
      };
      await run(`${folder}/one`, 16);
      await run(`${folder}/other`, 8);
      await Deno.copyFile(pathsOf(`${folder}/other`).checkpoint, pathsOf(`${folder}/one`).checkpoint);
      const before = await Deno.readFile(pathsOf(`${folder}/one`).checkpoint);
      const config = makeConfig({ ...small, out: `${folder}/one`, resume: true });
      await assertRejects(() => trainRun(config), TypeError, "Cannot load state");
      assert(equals(await Deno.readFile(pathsOf(`${folder}/one`).checkpoint), before));
    }),
);

testWith(
  ["read", "write"],
  "train: a file of weights that does not say how its model is made is no model",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/model.safetensors`, model = new nn.models.MLPResNet({ width: 8, depth: 0 });
      const info = { image: [1, 28, 28] as const, classes: [..."0123456789"], statistics: null };
      const open = () => openModel(path);
      await saveModel(path, model, makeConfig({ width: 8, depth: 1 }), info);
      await assertRejects(open, TypeError, `Cannot open model ${path}: Cannot load state: missing`);
      await saveModel(path, model, makeConfig({ width: 8, depth: 0 }), { ...info, image: [1, 28] as never });
      await assertRejects(open, SyntaxError, "does not say which images it takes");
      await saveModel(path, model, { ...makeConfig(), epochs: 0 }, info);
      await assertRejects(open, RangeError, "epochs 0 must be a whole number");
    }),
);

testWith([], "train: an interrupt is heard within an epoch, also within one of the validation", async () => {
  const model = new nn.Linear(1, 1),
    loss = new nn.MSELoss(),
    optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const batches = (count: number) => {
    const set = new data.ArrayDataset({ data: new Float32Array(count), shape: [count, 1] }, {
      data: new Float32Array(count),
      shape: [count, 1],
    });
    return new data.DataLoader(set);
  };
  for (const [training, validation] of [[1_000_000, 1], [1, 1_000_000]] as const) {
    const controller = new AbortController(), timer = setTimeout(() => controller.abort(), 1);
    const options = { loss, optimizer, validation: batches(validation), signal: controller.signal };
    const kinds = [];
    for await (const { kind } of train.run(model, batches(training), options)) if (kind !== "step") kinds.push(kind);
    clearTimeout(timer);
    assertEquals(kinds, ["start", "end"]);
  }
});

const root = fromFileUrl(new URL("..", import.meta.url));

/** Starts a training as a process of its own. */
function start(out: string, ...words: string[]): Deno.ChildProcess {
  const flags = Object.entries({ ...small, epochs: 6 }).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    `${value}`,
  ]);
  const given = words.includes("--resume") ? words : [...flags, ...words];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-prompt", "tools/train/main.ts", "--out", out, ...given],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits until the log of a run has so many steps, as far as a process that ends lets it. */
async function untilStep(out: string, step: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const log = await Deno.readTextFile(pathsOf(out).log).catch(() => "");
    if (log.includes(`"step":${step},`)) return;
    await delay(5);
  }
}

/** What a run came to: the bytes of its model, and its log without what tells of time and of processes. */
async function traces(out: string): Promise<[model: string, log: unknown[]]> {
  const log = (await Deno.readTextFile(pathsOf(out).log)).trim().split("\n").map((line) => JSON.parse(line));
  const kept = log.filter(({ kind }) => kind === "step" || kind === "epoch")
    .map(({ time: _time, seconds: _seconds, ...event }) => event);
  const tensors = new Uint8Array(await Deno.readFile(pathsOf(out).model));
  const header = Number(new DataView(tensors.buffer).getBigUint64(0, true));
  const digest = await crypto.subtle.digest("SHA-256", tensors.subarray(8 + header));
  return [new Uint8Array(digest).toHex(), kept];
}

testWith(
  ["read", "write", "run", "env", "ffi"],
  "train: interrupted once it ends with a checkpoint, killed with the last one, and goes on bit for bit",
  () =>
    inTemporaryFolder(async (folder) => {
      const whole = await start(`${folder}/whole`).output();
      const said = new TextDecoder().decode(whole.stdout);
      assertEquals(whole.code, 0, new TextDecoder().decode(whole.stderr));
      assertMatch(said, /\ntest accuracy \d+\.\d\d %\n$/);
      const expected = await traces(`${folder}/whole`);
      for (const [signal, steps, code] of [["SIGINT", [7, 33], 130], ["SIGKILL", [4, 23, 41], 137]] as const) {
        const out = `${folder}/${signal}`;
        for (const [k, step] of steps.entries()) {
          const child = start(out, ...(k === 0 ? [] : ["--resume"]));
          await untilStep(out, step);
          child.kill(signal);
          const ended = await child.output();
          assertEquals(ended.code, code, new TextDecoder().decode(ended.stderr));
          if (signal === "SIGINT") {
            const words = new TextDecoder().decode(ended.stdout);
            assert(words.includes(`deno task train --resume --out ${out}\n`), words);
          }
          await assertRejects(() => Deno.stat(pathsOf(out).result), Deno.errors.NotFound);
        }
        const last = await start(out, "--resume").output();
        assertEquals(last.code, 0, new TextDecoder().decode(last.stderr));
        assertEquals(await traces(out), expected, signal);
      }
    }),
);

testWith(
  ["read", "write", "run"],
  "train: says in words what is wrong, and fails",
  () =>
    inTemporaryFolder(async (folder) => {
      for (
        const [words, message] of [
          [["--epoch", "1"], "there is no --epoch; did you mean --epochs?"],
          [["--config", `${folder}/no.json`], `Cannot read ${folder}/no.json: there is no such file`],
          [["--resume"], `Cannot read ${folder}/run/config.json: there is no such file`],
        ] as const
      ) {
        const { code, stderr, stdout } = await start(`${folder}/run`, ...words).output();
        const said = new TextDecoder().decode(stderr);
        assertEquals([code, new TextDecoder().decode(stdout), said.trim().split("\n").length], [1, "", 1], said);
        assert(said.includes(message), said);
      }
      await assertRejects(() => Deno.stat(`${folder}/run`), Deno.errors.NotFound);
    }),
);
