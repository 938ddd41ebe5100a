/**
 * Progress of a long task: on a terminal one line that is drawn over, elsewhere a plain line every few seconds.
 */

import { checkOptions, checkRange, checkText, refuse } from "../core/internal.ts";

/** An output for progress: `Deno.stdout`, `Deno.stderr`, or anything else with these two methods. */
export interface ProgressOutput {
  /** Writes UTF-8, and returns how many bytes were written. */
  writeSync(bytes: Uint8Array): number;
  /** Whether a line can be drawn over. */
  isTerminal(): boolean;
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

  /**
   * `total` is the number of units of all work, `unit` the word for them, and `output` the standard output by default.
   * RangeError for a total that is no number of at least 0, TypeError for other options.
   */
  constructor(total: number, options: { unit?: string; output?: ProgressOutput } = {}) {
    const action = "make Progress";
    const { unit = "images", output = Deno.stdout as ProgressOutput } = checkOptions(
      action,
      options,
      '{ unit: "steps" }',
      ["unit", "output"],
    );
    if (typeof output?.writeSync !== "function" || typeof output.isTerminal !== "function") {
      refuse(action, output, "an output such as Deno.stdout");
    }
    this.#total = checkRange(action, "total", total, 0);
    this.#unit = checkText(action, "unit", unit);
    this.#output = output;
    this.#terminal = output.isTerminal();
    this.#interval = this.#terminal ? 100 : 4000;
    this.#recent.push([this.#begun, 0]);
  }

  /**
   * Tells that `done` units are done. It draws only now and then, so that every step may call it. RangeError for a number
   * below 0 or none.
   */
  update(done: number, label: string, note: string): void {
    checkRange("update progress", "done", done, 0);
    const now = performance.now();
    if (now - this.#shown < this.#interval) return;
    this.#shown = now;
    this.#recent.push([now, done]);
    while (this.#recent.length > 2 && now - this.#recent[0]![0] > 3000) this.#recent.shift();
    const [since, before] = this.#recent[0]!;
    const rate = (done - before) / Math.max(now - since, 1) * 1000;
    const share = this.#total === 0 ? 1 : done / this.#total;
    const parts = [label, `${Math.floor(share * 100)}%`, note];
    if (rate > 0) parts.push(`${Math.round(rate)} ${this.#unit}/s`, `${clock((this.#total - done) / rate)} left`);
    if (this.#terminal) parts.splice(1, 0, bar(share, 20));
    this.#write(parts.join("  "));
  }

  /** Writes a line that later updates do not draw over. */
  line(text: string): void {
    this.#write(text);
    if (this.#terminal) this.#output.writeSync(encoder.encode("\n"));
    this.#shown = performance.now();
  }

  /** Seconds since the start. */
  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  #write(text: string): void {
    // A return to the line's start, the text, and the code that erases the rest of an earlier, longer text.
    this.#output.writeSync(encoder.encode(this.#terminal ? `\r${text}\x1b[K` : `${text}\n`));
  }
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
