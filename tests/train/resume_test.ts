/** A run that is taken up again has the bits of one that was never ended: ended after any step, in this process or by a kill. */
import { data, io, nn, type Tensor, train } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects, forEachDevice } from "../support.ts";
import { isGranted } from "../../kernels/native/environment.ts";
import { eventsOf, numbersOf, type Setup, setup, timeless } from "./setup.ts";

/** Options with a state of their own. */
const variants: Record<string, Partial<train.TrainOptions>> = {
  "plain": {},
  "eager": { captured: false },
  "accumulated": { accumulate: 3 },
  "averaged and clipped": { ema: 0.8, clipNorm: 0.3 },
  "in float16": { precision: "float16", gradNorm: true },
  "watched": { metrics: ["accuracy"], keepBest: true, earlyStopping: { metric: "loss", patience: 2 }, ema: 0.5 },
  "all at once, eager": {
    accumulate: 2,
    ema: 0.9,
    clipNorm: 1,
    precision: "float16",
    metrics: ["accuracy", "confusion"],
    keepBest: true,
    captured: false,
  },
};

/** A run with a variant's options, and a validation set if they measure something. */
function variant(extra: Partial<train.TrainOptions>): Setup {
  const made = setup(extra);
  // In another order each time, so that sums round otherwise.
  const shuffled = new data.DataLoader(made.validation.dataset, { batchSize: 4, shuffle: true });
  if (extra.metrics !== undefined) made.options.validation = shuffled;
  return made;
}

/** Trains until `isEnd` says so, from the checkpoint if there is one. */
async function until(made: Setup, isEnd: (event: train.TrainEvent) => boolean): Promise<train.TrainEvent[]> {
  const events: train.TrainEvent[] = [], end = new AbortController();
  made.options.signal = end.signal;
  for await (const event of train.run(made.model, made.loader, made.options)) {
    events.push(event);
    if (isEnd(event)) end.abort();
  }
  return events;
}

/** Registers a test for each device with memory of its own kind, if files may be written. */
function onDevices(name: string, body: () => Promise<void>): void {
  if (!isGranted({ name: "write" }) || !isGranted({ name: "read" })) testWith(["read", "write"], name, body);
  else forEachDevice(name, body, { parameters: true, on: ["cpu", "wasm"] });
}

for (const [name, extra] of Object.entries(variants)) {
  onDevices(
    `a run ended after each of its steps goes on with the same bits: ${name}`,
    () =>
      inTemporaryFolder(async (folder) => {
        const whole = variant(extra), path = `${folder}/run.safetensors`;
        const events = await eventsOf(whole), wanted = numbersOf(whole.model);
        const last = events.at(-1)!.step;
        for (let step = 0; step <= last; step++) {
          const checkpoint = { path };
          const begun = await until(variant({ ...extra, checkpoint }), (event) => event.step === step);
          assertEquals((begun.at(-1) as train.EndEvent).reason, "aborted");
          const other = variant({ ...extra, checkpoint, resume: true }), rest = await eventsOf(other);
          assertEquals(numbersOf(other.model), wanted, `after step ${step}`);
          assertEquals((rest[0] as train.StartEvent).resumed, true);
          const both = [...begun.slice(0, -1), ...rest].filter(({ kind }) => kind === "step" || kind === "epoch");
          const straight = events.filter(({ kind }) => kind === "step" || kind === "epoch");
          assertEquals(both.map(timeless), straight.map(timeless), `events, ended after step ${step}`);
          assertEquals(timeless(rest.at(-1)!), timeless(events.at(-1)!));
          await Deno.remove(path);
        }
      }),
  );
}

testWith(
  ["read", "write"],
  "a run that goes on from a checkpoint of each nth step has the same bits",
  () =>
    inTemporaryFolder(async (folder) => {
      const whole = setup({ accumulate: 2 }), path = `${folder}/run.safetensors`;
      await eventsOf(whole);
      const begun = setup({ accumulate: 2, checkpoint: { path, steps: 3 } }), saved: number[] = [];
      for await (const event of train.run(begun.model, begun.loader, begun.options)) {
        if (event.kind === "checkpoint") saved.push(event.step);
        if (event.step === 4) break; // As a program that ends without a word.
      }
      // Step 2 ends an epoch.
      assertEquals(saved, [2, 3]);
      const other = setup({ accumulate: 2, resume: path }), [start] = await eventsOf(other);
      assertEquals([start!.step, start!.epoch], [3, 2]);
      assertEquals(numbersOf(other.model), numbersOf(whole.model));
    }),
);

testWith(
  ["read", "write"],
  "a run ended while it is validated goes on with the same bits",
  () =>
    inTemporaryFolder(async (folder) => {
      const checkpoint = { path: `${folder}/run.safetensors` };
      let calls = 0, end = new AbortController();
      const count = (output: Tensor) => (++calls === 5 && end.abort(), output.mean());
      const validated = async (extra: Partial<train.TrainOptions>) => {
        calls = 0;
        return await eventsOf(variant({ metrics: [count], ...extra }));
      };
      const whole = await validated({});
      end = new AbortController();
      const begun = await validated({ checkpoint, signal: end.signal });
      assertEquals((begun.at(-1) as train.EndEvent).reason, "aborted");
      const rest = await validated({ checkpoint, resume: true });
      const epochs = (events: train.TrainEvent[]) => events.filter(({ kind }) => kind === "epoch").map(timeless);
      assertEquals([...epochs(begun), ...epochs(rest)], epochs(whole));
    }),
);

testWith(
  ["read", "write"],
  "a finished run goes on for more epochs, and begins anew without a file",
  () =>
    inTemporaryFolder(async (folder) => {
      const checkpoint = { path: `${folder}/run.safetensors` }, whole = setup({ epochs: 5 });
      await eventsOf(whole);
      for (const epochs of [1, 1, 5, 3]) {
        const part = setup({ epochs, checkpoint, resume: true }), events = await eventsOf(part);
        if (epochs === 5) assertEquals(numbersOf(part.model), numbersOf(whole.model));
        assertEquals((events.at(-1) as train.EndEvent).reason, "done");
      }
    }),
);

testWith(
  ["read", "write"],
  "further parts are saved and restored with a run",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/run.safetensors`, noted: unknown[] = [];
      const note = { stateDict: () => ({ text: "as it was" }), loadStateDict: (state: unknown) => noted.push(state) };
      await eventsOf(setup({ checkpoint: { path, parts: { note } } }));
      await eventsOf(setup({ checkpoint: { path, parts: { note } }, resume: true }));
      assertEquals(noted, [{ text: "as it was" }]);
    }),
);

testWith(
  ["read", "write"],
  "resume refuses files of other runs, and leaves model and loader as they were",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/run.safetensors`, other = `${folder}/other.safetensors`, checkpoint = { path };
      await eventsOf(setup({ checkpoint }));
      await io.save(other, new nn.Linear(2, 2).stateDict());
      await Deno.writeTextFile(`${folder}/broken.safetensors`, "{}");
      const refused: [options: Partial<train.TrainOptions>, text: string][] = [
        [{ checkpoint, resume: true, ema: 0.5 }, "but no average"],
        [{ resume: `${folder}/absent` }, "there is no such file"],
        [{ resume: other }, "its metadata has no deneb.checkpoint"],
        [{ resume: `${folder}/broken.safetensors` }, "Cannot"],
        [{ checkpoint: { path: folder }, resume: true }, "it is a folder"],
      ];
      for (const [options, text] of refused) {
        const made = setup(options), before = numbersOf(made.model), place = made.loader.stateDict();
        await assertRejects(() => eventsOf(made), Error, text);
        assertEquals([numbersOf(made.model), made.loader.stateDict()], [before, place]);
      }
      const small = setup({ checkpoint, resume: true }), narrow = new nn.Linear(5, 3), before = numbersOf(narrow);
      await assertRejects(
        () => eventsOf({ ...small, model: narrow as unknown as nn.Sequential }),
        TypeError,
        "missing",
      );
      assertEquals(numbersOf(narrow), before);
    }),
);

/** How often the child process is killed before it may end, and the longest that it lives until then. */
const kills = 6, lifeMost = 700;

testWith(
  ["read", "write", "run", "ffi", "env"],
  "a process that is killed again and again reaches the same bits",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/run.safetensors`, done = `${folder}/done.safetensors`, log = `${folder}/log.jsonl`;
      const straight = `${folder}/straight.safetensors`;
      const start = (...args: string[]) =>
        new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "--quiet",
            "--no-prompt",
            "--no-check",
            "-A",
            new URL("killed.ts", import.meta.url).pathname,
            ...args,
          ],
          stdout: "null",
          stderr: "inherit",
        }).spawn();
      assert((await start(`${folder}/whole.safetensors`, straight, `${folder}/whole.jsonl`).status).success);
      for (let round = 0; round < 60; round++) {
        const child = start(path, done, log);
        let isOver = false;
        const ended = child.status.finally(() => isOver = true);
        if (round < kills) {
          // Lives are counted from the first checkpoint of the process on, so that each gets on.
          const before = await Deno.stat(path).catch(() => null);
          while (!isOver) {
            const now = await Deno.stat(path).catch(() => null);
            if (now !== null && now.mtime?.getTime() !== before?.mtime?.getTime()) break;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          await new Promise((resolve) => setTimeout(resolve, Math.random() * lifeMost / 10));
          if (!isOver) child.kill("SIGKILL");
        }
        const { success } = await ended;
        // Whatever the moment, the file is whole.
        if (await Deno.stat(path).then(() => true, () => false)) await io.load(path);
        if (success) break;
      }
      assertEquals(await Deno.readFile(done), await Deno.readFile(straight));
      const told = async (file: string) =>
        (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line))
          .filter(({ kind }) => kind === "step" || kind === "epoch")
          .map(({ seconds: _, time: __, ...event }) => event);
      assertEquals(await told(log), await told(`${folder}/whole.jsonl`));
    }),
);
