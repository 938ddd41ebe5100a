/**
 * Runs of `deno task train`: what they write, what they refuse, and that a run which was ended before its time goes on bit for
 * bit.
 */
import { isGranted } from "../kernels/native/environment.ts";
import { data, devices, nn, optim, setDefaultDevice, train } from "../mod.ts";
import { type Config, hashOf, makeConfig } from "../tools/train/config.ts";
import { pathsOf } from "../tools/train/folder.ts";
import { openModel, saveModel } from "../tools/train/model.ts";
import { trainRun } from "../tools/train/run.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, assertRejects, delay, equals, fromFileUrl } from "./support.ts";

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
    // Taken up it finishes, and is finished then. What "auto" was when it began, it stays.
    const { result } = await trainRun({ ...config, data: "auto", resume: true });
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
  const flags = Object.entries({ ...small, epochs: 6, checkpointSteps: 3 }).flatMap(([name, value]) => [
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
  "train: interrupted or terminated it ends with a checkpoint, killed with the last one, and goes on bit for bit",
  () =>
    inTemporaryFolder(async (folder) => {
      const whole = await start(`${folder}/whole`).output();
      const said = new TextDecoder().decode(whole.stdout);
      assertEquals(whole.code, 0, new TextDecoder().decode(whole.stderr));
      assertMatch(said, /\ntest accuracy \d+\.\d\d %\n$/);
      const expected = await traces(`${folder}/whole`);
      const ends = [["SIGINT", [7, 33], 130], ["SIGTERM", [15], 143], ["SIGKILL", [4, 23, 41], 137]] as const;
      for (const [signal, steps, code] of ends) {
        const out = `${folder}/${signal}`;
        for (const [k, step] of steps.entries()) {
          const child = start(out, ...(k === 0 ? [] : ["--resume"]));
          await untilStep(out, step);
          child.kill(signal);
          const ended = await child.output();
          assertEquals(ended.code, code, new TextDecoder().decode(ended.stderr));
          if (signal !== "SIGKILL") {
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
