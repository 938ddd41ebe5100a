/** A log of a training run: its events as JSON, one on a line. */
import { checkText, checkWritable, readWhole, refuse, writeWhole } from "../core/internal.ts";
import type { Position, StartEvent } from "./events.ts";

/**
 * Appends events to a file, each on a line of JSON with the `time` at which it was written, in ISO 8601.
 *
 * The start of a run begins the file anew. Where the run goes on from a checkpoint, the lines up to that checkpoint stay: what
 * came after it is done once more. A line that a killed process left half is cut too.
 *
 * @example
 * ```ts
 * import { data, nn, optim, tensor, train } from "deneb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".jsonl" });
 * const model = new nn.Linear(1, 1), optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
 * const loader = new data.DataLoader(new data.ArrayDataset(tensor([[0], [1]]), tensor([[1], [3]])));
 * {
 *   using log = new train.JsonLines(path);
 *   for await (const event of train.run(model, loader, { loss: new nn.MSELoss(), optimizer })) await log.write(event);
 * }
 * const lines = (await Deno.readTextFile(path)).trim().split("\n").map((line) => JSON.parse(line));
 * if (lines.map(({ kind }) => kind).join() !== "start,step,step,epoch,end") throw new Error("another log");
 * await Deno.remove(path);
 * ```
 */
export class JsonLines implements Disposable {
  /** The file. */
  readonly path: string;
  #file: Deno.FsFile | null = null;

  /** Error unless the permissions to write the file are granted. The file is opened at the first event. */
  constructor(path: string) {
    checkWritable("log", checkText("log", "path", path));
    this.path = path;
  }

  /** Appends an event, of a run or of one's own. Error if the file cannot be written. */
  async write(event: Position & { readonly kind: string }): Promise<void> {
    if (typeof event !== "object" || event === null || Array.isArray(event)) refuse("log", event, "an event");
    if (event.kind === "start") await this.#begin(event as StartEvent);
    this.#file ??= await Deno.open(this.path, { append: true, create: true }).catch((cause) => {
      throw new Error(`Cannot log to ${this.path}: ${(cause as Error).message}`, { cause });
    });
    const bytes = encoder.encode(`${JSON.stringify({ ...event, time: new Date().toISOString() })}\n`);
    // One write is one line: a process that is killed leaves no half of it.
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }

  /** Leaves of an earlier run what the events from here on do not repeat. */
  async #begin({ resumed, seen }: StartEvent): Promise<void> {
    this[Symbol.dispose]();
    const before = resumed ? await readLines(this.path) : [];
    const kept = before.filter((line) => seenAt(line) <= seen).map((line) => `${line}\n`);
    await writeWhole(this.path, encoder.encode(kept.join("")));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = null;
  }
}

const encoder = new TextEncoder();

/** The lines of a file; none if there is no file. */
async function readLines(path: string): Promise<string[]> {
  try {
    return new TextDecoder().decode(await readWhole(path)).split("\n");
  } catch (error) {
    if ((error as Error).cause instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The samples that were seen when a line was written; infinitely many for what is no whole line of a log. */
function seenAt(line: string): number {
  try {
    const { seen } = JSON.parse(line) as { seen?: unknown };
    return typeof seen === "number" ? seen : Infinity;
  } catch {
    return Infinity;
  }
}
