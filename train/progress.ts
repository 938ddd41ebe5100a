/**
 * Progress of a long task: on a terminal a line that is drawn over, with further rows below it where there are any, elsewhere a
 * plain line every few seconds.
 */

import { checkOptions, checkRange, checkText, refuse } from "../core/internal.ts";

/** An output for progress: `Deno.stdout`, `Deno.stderr`, or anything else with these two methods. */
export interface ProgressOutput {
  /** Writes UTF-8, and returns how many bytes were written. */
  writeSync(bytes: Uint8Array): number;
  /** Whether a line can be drawn over. */
  isTerminal(): boolean;
  /** How many characters a line of the terminal has; by default as many as that of the process, or 80. */
  columns?(): number;
}

/**
 * A row of text that fills up: `epoch 2/8 ━━━━━───── 58% loss 0.0912 61200 images/s 0:14 left`.
 *
 * @example
 * ```ts
 * import { train } from "deneb";
 *
 * let text = "";
 * const output = {
 *   writeSync(bytes: Uint8Array) {
 *     text += new TextDecoder().decode(bytes);
 *     return bytes.length;
 *   },
 *   isTerminal: () => false,
 * };
 * const progress = new train.Progress(200, { output });
 * progress.update(50, "epoch 1/1", "loss 0.3");
 * if (!text.startsWith("epoch 1/1  25%  loss 0.3")) throw new Error(text);
 * ```
 */
export class Progress {
  readonly #total: number;
  readonly #unit: string;
  readonly #output: ProgressOutput;
  readonly #terminal: boolean;
  /** Milliseconds between two lines. */
  readonly #interval: number;
  readonly #begun = performance.now();
  /** The updates of the last seconds, from which the rate is computed: `[milliseconds, done]`, oldest first. */
  readonly #recent: [number, number][] = [];
  #shown = -Infinity;
  /** The rows below the first one that are on the terminal, and whether there is a first one. */
  #below = 0;
  #isDrawn = false;

  /**
   * `total` is the number of units of all work, `unit` the word for them, `output` the standard output by default, and `done` the
   * number of units that were done before. RangeError for a number that is none or below 0, TypeError for other options.
   */
  constructor(total: number, options: { unit?: string; output?: ProgressOutput; done?: number } = {}) {
    const action = "make Progress";
    const { unit = "images", output = Deno.stdout as ProgressOutput, done = 0 } = checkOptions(
      action,
      options,
      '{ unit: "steps" }',
      ["unit", "output", "done"],
    );
    if (typeof output?.writeSync !== "function" || typeof output.isTerminal !== "function") {
      refuse(action, output, "an output such as Deno.stdout");
    }
    this.#total = checkRange(action, "total", total, 0);
    this.#unit = checkText(action, "unit", unit);
    this.#output = output;
    this.#terminal = output.isTerminal();
    this.#interval = this.#terminal ? 100 : 4000;
    this.#recent.push([this.#begun, checkRange(action, "done", done, 0)]);
  }

  /**
   * Tells that `done` units are done. It draws only now and then, so that every step may call it. On a terminal the rows that
   * `rows` makes are drawn below. RangeError for a number below 0 or none.
   */
  update(done: number, label: string, note: string, rows: () => readonly string[] = () => []): void {
    checkRange("update progress", "done", done, 0);
    const now = performance.now();
    if (now - this.#shown < this.#interval) return;
    this.#shown = now;
    this.#recent.push([now, done]);
    while (this.#recent.length > 2 && now - this.#recent[0]![0] > 3000) this.#recent.shift();
    const [since, before] = this.#recent[0]!;
    const rate = (done - before) / Math.max(now - since, 1) * 1000;
    const share = this.#total === 0 ? 1 : done / this.#total;
    const parts = [label, `${Math.floor(share * 100)}%`, ...(note === "" ? [] : [note])];
    if (rate > 0) parts.push(`${Math.round(rate)} ${this.#unit}/s`, `${clock((this.#total - done) / rate)} left`);
    if (!this.#terminal) return this.#write(`${parts.join("  ")}\n`);
    parts.splice(1, 0, bar(share, 20));
    const columns = columnsOf(this.#output), drawn = [parts.join("  "), ...rows()].map((row) => cut(row, columns - 1));
    // Each row is drawn over the one before, whose longer end is erased, and so are rows that are no more.
    this.#write(`${this.#toStart()}${drawn.map((row) => `${row}${eraseLine}`).join("\n")}${eraseBelow}`);
    this.#below = drawn.length - 1;
    this.#isDrawn = true;
  }

  /** Writes a line that later updates do not draw over. */
  line(text: string): void {
    this.#write(`${this.#toStart()}${this.#isDrawn ? eraseBelow : ""}${text}\n`);
    this.#forget();
    this.#shown = performance.now();
  }

  /** Erases what later updates would draw over. */
  clear(): void {
    if (this.#isDrawn) this.#write(`${this.#toStart()}${eraseBelow}`);
    this.#forget();
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  /** What brings the terminal back to the first row's start. */
  #toStart(): string {
    return this.#isDrawn ? `${this.#below > 0 ? `\x1b[${this.#below}A` : ""}\r` : "";
  }

  #forget(): void {
    this.#below = 0;
    this.#isDrawn = false;
  }

  #write(text: string): void {
    this.#output.writeSync(encoder.encode(text));
  }
}

/** Codes of terminals that erase what follows: in the line, and below. */
const eraseLine = "\x1b[K", eraseBelow = "\x1b[J";

function columnsOf(output: ProgressOutput): number {
  if (output.columns !== undefined) return output.columns();
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}

/** The text with at most so many characters, not counting codes of colours: a row that wraps could not be drawn over. */
function cut(text: string, columns: number): string {
  let room = columns;
  // deno-lint-ignore no-control-regex -- codes of colours begin with a control character.
  return text.replace(/\x1b\[[0-9;]*m|./gsu, (one) => one.length > 2 ? one : room-- > 0 ? one : "");
}

const encoder = new TextEncoder();

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(share, 1) * width);
  return "━".repeat(full) + "─".repeat(width - full);
}

/**
 * Seconds as minutes and seconds. RangeError for what is no finite number.
 *
 * @example
 * ```ts
 * import { train } from "deneb";
 *
 * if (train.clock(75) !== "1:15") throw new Error("wrong");
 * ```
 */
export function clock(seconds: number): string {
  checkRange("show time", "seconds", seconds, -Infinity);
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
