/**
 * profile: how long each instruction of a function takes, by op and by module.
 *
 * While a profile goes on, instructions go to their device one by one, or group by group, and the time of each is taken. The
 * bits are the same. Without a profile nothing is asked and nothing is counted.
 */
import type { Activity } from "../array/activity.ts";
import { computingPlaces, costOf } from "../array/costs.ts";
import { openStreams } from "../array/devices.ts";
import { refuseRecording } from "../array/recorder.ts";
import { isPrompt, meter, type Metered, setMeter, type Stream } from "../array/stream.ts";
import { opcode } from "../../kernels/instruction.ts";
import { placeOf, viewPlaces } from "../../kernels/schema.ts";
import { checkFunction } from "../pure/check.ts";
import { Labeller } from "../tensor/labels.ts";
import { beginWitness } from "../tensor/witness.ts";
import { kindOf, type ProfileEvent, type ProfileRow, sumOf, sumsBy } from "./events.ts";
import { flameOf } from "./flame.ts";
import { tableOf } from "./table.ts";
import { traceOf } from "./trace.ts";

/** How many rows of each table the text of a profile has. */
const rowsMost = 20;

/** What {@linkcode profile} measured. */
export class Profile<Result = unknown> {
  /** What the function returned. */
  readonly result: Result;
  /** Each run on a device, in order. */
  readonly events: readonly ProfileEvent[];
  /** Milliseconds of the whole function, what the host did included. */
  readonly milliseconds: number;

  /** @ignore */
  constructor(result: Result, events: readonly ProfileEvent[], milliseconds: number) {
    this.result = result;
    this.events = events;
    this.milliseconds = milliseconds;
  }

  /** The sums by op, the longest first. Work beside the graph, such as an optimizer's, counts by the instruction's name. */
  ops(): ProfileRow[] {
    return sumsBy(this.events, kindOf);
  }

  /** The sums by module, without the modules inside, the longest first. The empty name is what belongs to none. */
  modules(): ProfileRow[] {
    return sumsBy(this.events, ({ module }) => module);
  }

  /** The tables by op and by module. */
  toString(): string {
    const measured = sumOf(this.events, "milliseconds"), count = this.events.length;
    const head = `${this.milliseconds.toFixed(3)} ms, ${measured.toFixed(3)} ms of them in ${count} runs on ` +
      `${[...new Set(this.events.map(({ device }) => device))].join(", ") || "no device"}`;
    return [head, tableOf("op", this.ops(), rowsMost), tableOf("module", this.modules(), rowsMost)].join("\n\n");
  }

  /** The events in the Trace Event Format, a text of JSON that Chrome's about:tracing and Perfetto show. */
  trace(): string {
    return traceOf(this.events);
  }

  /** The events as a flame graph, a text of SVG: a bar for each module above those inside it, as wide as its time. */
  flame(): string {
    return flameOf(this.events);
  }

  /** The text that `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Runs a function and measures each instruction that it has devices run: time, bytes and operations, by op and by module.
 *
 * Instructions run one by one, and those of a group together, with the same bits but without what runs ahead: on a GPU the
 * time of each is that until its queue is empty, with the reading of one byte. So shares are right, and the whole takes longer
 * than without a profile. A captured function is replayed in the same way, as are its `async` calls; its instructions belong to
 * the ops and modules for which they were recorded, and a group to the module of its last one. Of an async function all is measured until its promise is settled, what
 * others do meanwhile included. Call the function once before: the first call opens devices and builds programs.
 *
 * Error inside another profile and inside a captured function.
 *
 * @example
 * ```ts
 * import { nn, ones, profile, scope } from "deneb";
 *
 * const net = new nn.Sequential(new nn.Linear(8, 4), new nn.ReLU());
 * const found = profile(() => {
 *   using _ = scope();
 *   net.call(ones([2, 8])).sum().backward();
 * });
 * const linear = found.modules().find(({ name }) => name === "Sequential.0")!;
 * if (linear.operations < 2 * 2 * 8 * 4) throw new Error(`${found}`);
 * if (!found.ops().some(({ name }) => name === "MatMul backward")) throw new Error(`${found}`);
 * ```
 */
export function profile<T>(body: () => Promise<T>): Promise<Profile<T>>;
/** As above, for a function that is not async. */
export function profile<T>(body: () => T): Profile<T>;
export function profile<T>(body: () => T | Promise<T>): Profile<T> | Promise<Profile<T>> {
  checkFunction("profile", body);
  refuseRecording("profile() is called");
  if (meter !== null) throw new Error("Cannot profile: another profile is under way");
  // What waits belongs to what came before.
  for (const stream of openStreams()) stream.flush();
  const began = performance.now(), events: ProfileEvent[] = [], endWitness = beginWitness(new Labeller());
  setMeter((stream, words, metered, run) => events.push(...measured(stream, words, metered, run, began)));
  const end = () => {
    for (const stream of openStreams()) stream.flush();
    setMeter(null);
    endWitness();
    return performance.now() - began;
  };
  let result: T | Promise<T>;
  try {
    result = body();
  } catch (error) {
    end();
    throw error;
  }
  if (!(result instanceof Promise)) return new Profile(result, events, end());
  return result.then((value) => new Profile(value, events, end()), (error) => {
    end();
    throw error;
  });
}

/** Runs words and says what they took. */
function measured(
  stream: Stream,
  words: Float64Array,
  { activities, replayed }: Metered,
  run: () => void,
  began: number,
): ProfileEvent[] {
  // A run may move the buffer that holds the words.
  const own = words.slice(), places = computingPlaces(own);
  if (places.length === 0) {
    run();
    return [];
  }
  const start = performance.now();
  run();
  finish(stream, own, places);
  const milliseconds = performance.now() - start, costs = places.map((at) => costOf(own, at));
  const ops = distinct(activities.map(({ op }) => op)), names = distinct(costs.map(({ name }) => name));
  const { module, backward } = activities.at(-1) ?? nowhere;
  return [{
    name: places.length === 1 ? names[0]! : `group of ${places.length}: ${names.join(", ")}`,
    op: ops.length === 0 ? null : ops.join(" + "),
    module,
    backward,
    replayed,
    device: stream.device.name,
    start: start - began,
    milliseconds,
    bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
    operations: costs.reduce((sum, { operations }) => sum + operations, 0),
  }];
}

const nowhere: Pick<Activity, "module" | "backward"> = { module: "", backward: false };

/** The different values but null, in the order in which they come. */
function distinct<T>(values: readonly (T | null)[]): T[] {
  return [...new Set(values)].filter((value): value is T => value !== null);
}

/** Waits for a GPU: it reads a byte of what the words left, behind which the queue is empty. */
function finish({ device }: Stream, words: Float64Array, places: readonly number[]): void {
  if (isPrompt(device.name)) return;
  const freed = new Set<number>();
  for (let at = 0; at < words.length; at += words[at + 1]!) {
    if (words[at] !== opcode.free) continue;
    for (let k = placeOf.free.handles; k < words[at + 1]!; k++) freed.add(words[at + k]!);
  }
  for (const at of places.toReversed()) {
    const own = words.subarray(at), isFlat = own[0] === opcode.flat;
    const handle = own[isFlat ? placeOf.flat.handle : viewPlaces(own, 0)[0] ?? -1];
    if (handle === undefined || freed.has(handle)) continue;
    device.read(handle, 0, new Uint8Array(1));
    return;
  }
}
