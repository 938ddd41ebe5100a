/** Logs as runs write them, with numbers that can be computed by hand. */

type Event = Readonly<Record<string, unknown>>;

/** An hour ahead, so that a run does not fall silent where its test is slow. */
const ahead = Date.now() + 3_600_000;

/** What the log of a run is made of. */
export interface LogOptions {
  epochs?: number;
  stepsPerEpoch?: number;
  /** How many steps were done; all by default, and then the run is over. */
  steps?: number;
  /** When it began, in milliseconds since 1970; by default in an hour. */
  begun?: number;
}

/** The loss of a step: 1/1, 1/2, 1/3, ... */
export const lossOf = (step: number): number => 1 / step;

/** A step of 32 images that took a 50th of a second. */
export const rate = 1600;

/** The images that the validation looks at: the first one is mistaken in every epoch but the last. */
const labels = [0, 1, 2];

/** The events of a run, a minute for each epoch. */
export function logOf({ epochs = 3, stepsPerEpoch = 20, steps, begun = ahead }: LogOptions = {}): Event[] {
  const all = epochs * stepsPerEpoch, done = steps ?? all, events: Event[] = [];
  const add = (kind: string, epoch: number, step: number, more: Event) => {
    const time = new Date(begun + 60_000 * step / stepsPerEpoch).toISOString();
    events.push({ kind, epoch, step, seen: 32 * step, ...more, time });
  };
  add("start", 0, 0, { epochs, steps: all, stepsPerEpoch, parameters: 1234, resumed: false });
  const images = labels.map((label) => Uint8Array.from({ length: 16 }, (_, k) => 16 * k + label).toBase64());
  add("samples", 0, 0, { shape: [1, 4, 4], images, labels, classes: ["zero", "one", "two"] });
  for (let step = 1; step <= done; step++) {
    const epoch = Math.ceil(step / stepsPerEpoch), lr = 0.1 * (1 - (step - 1) / all);
    add("step", epoch, step, { loss: lossOf(step), lr, gradNorm: 2 * lossOf(step), seconds: 32 / rate });
    if (step % stepsPerEpoch === 0) {
      add("epoch", epoch, step, { loss: 0.5, lr, seconds: 1, validation: validation(epoch), best: true });
    }
  }
  if (done === all) add("end", epochs, all, { reason: "done", seconds: epochs, best: null });
  return events;

  /** After epoch k of n, k of n images of class 0 are right, and all of the others. */
  function validation(epoch: number): Event {
    const predictions = epoch < epochs ? [1, 1, 2] : labels;
    return {
      loss: 1 / (10 * epoch),
      accuracy: (2 * epochs + epoch) / (3 * epochs),
      confusion: [[epoch, epochs - epoch, 0], [0, epochs, 0], [0, 0, epochs]],
      samples: { predictions, probabilities: [0.75, 0.5, 1] },
    };
  }
}

/** The lines of events, each with its end. */
export function linesOf(events: readonly Event[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}

/** Writes a log, or writes on in it. */
export async function writeLog(folder: string, events: readonly Event[], { append = false } = {}): Promise<void> {
  await Deno.writeTextFile(`${folder}/log.jsonl`, linesOf(events), { append });
}
