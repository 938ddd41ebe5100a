/** The log of a run: whole lines, and none twice where a run is taken up again. */
import { train } from "../../mod.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assertEquals, assertMatch, assertRejects } from "../support.ts";
import { setup } from "./setup.ts";

const linesOf = async (path: string) => (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
const shown = async (path: string) =>
  (await linesOf(path)).map((line) => JSON.parse(line) as train.TrainEvent).map(({ kind, step }) => `${kind} ${step}`);

/** Logs a run up to the first event that `isLast` picks, and leaves it there. */
async function logged(
  log: train.JsonLines,
  extra: Partial<train.TrainOptions>,
  isLast: (event: train.TrainEvent) => boolean = () => false,
): Promise<void> {
  const { model, loader, options } = setup(extra);
  for await (const event of train.run(model, loader, options)) {
    await log.write(event);
    if (isLast(event)) break;
  }
}

testWith(
  ["read", "write"],
  "each event is a line with its time, and a new run begins the file anew",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.jsonl`;
      await Deno.writeTextFile(path, "from another run\n");
      using log = new train.JsonLines(path);
      for (let round = 0; round < 2; round++) {
        await logged(log, { epochs: 1 });
        assertEquals(await shown(path), ["start 0", "step 1", "step 2", "step 3", "step 4", "epoch 4", "end 4"]);
      }
      const { time } = JSON.parse((await linesOf(path))[1]!);
      assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }),
);

testWith(
  ["read", "write"],
  "a run that goes on cuts the lines after its checkpoint",
  () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.jsonl`, checkpoint = { path: `${folder}/run.safetensors`, steps: 3 };
      {
        using log = new train.JsonLines(path);
        await logged(log, { epochs: 2, checkpoint }, ({ kind, step }) => kind === "step" && step === 8);
      }
      // As a kill in the middle of a write would leave it.
      await Deno.writeTextFile(path, '{"kind":"step","st', { append: true });
      const before = ["start 0", "step 1", "step 2", "step 3", "checkpoint 3", "step 4", "epoch 4", "checkpoint 4"];
      const until = [...before, "step 5", "step 6", "checkpoint 6"];
      using log = new train.JsonLines(path);
      await logged(log, { epochs: 2, checkpoint, resume: true });
      assertEquals(await shown(path), [...until, "start 6", "step 7", "step 8", "epoch 8", "checkpoint 8", "end 8"]);
      // A log that was lost begins with what is left.
      log[Symbol.dispose]();
      await Deno.remove(path);
      await logged(log, { epochs: 2, checkpoint, resume: true });
      assertEquals(await shown(path), ["start 8", "end 8"]);
    }),
);

testWith(["read", "write"], "a log that cannot be written says so", () =>
  inTemporaryFolder(async (folder) => {
    const start = { kind: "start", step: 0, epoch: 0, seen: 0 } as train.StartEvent;
    for (const path of [folder, `${folder}/absent/log.jsonl`]) {
      using log = new train.JsonLines(path);
      await assertRejects(() => log.write(start), Error, "Cannot write");
      await assertRejects(() => log.write({ ...start, kind: "end" } as unknown as train.EndEvent), Error, "Cannot log");
    }
    await assertRejects(() => new train.JsonLines(`${folder}/log`).write(3 as never), TypeError, "must be an event");
  }));
