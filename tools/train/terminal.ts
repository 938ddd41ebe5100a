/**
 * A training run as people see it: on a terminal a block that is drawn over, with a progress bar and the courses of loss,
 * accuracy, learning rate and speed, and a line for each epoch above it; elsewhere plain lines. Colours are left out where
 * `NO_COLOR` asks for it.
 */
import { train } from "../../mod.ts";

const blocks = "▁▂▃▄▅▆▇█";

/** Numbers as a row of blocks of eight heights, the lowest for the smallest. */
export function sparkline(values: readonly number[]): string {
  const least = Math.min(...values), range = Math.max(...values) - least;
  return values.map((value) => blocks[range === 0 ? 3 : Math.round((value - least) / range * 7)]).join("");
}

/** The most points of a course. */
const pointsMost = 48;

/** The course of a number over all its values so far, in a few points: each is the mean of equally many values. */
export class Course {
  #points: number[] = [];
  /** The values of a point. */
  #stride = 1;
  #sum = 0;
  #count = 0;

  /** Adds a value; one that is not finite is left out. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    if (++this.#count < this.#stride) return;
    this.#points.push(this.#sum / this.#count);
    this.#sum = this.#count = 0;
    if (this.#points.length < pointsMost) return;
    this.#points = this.#points.flatMap((point, k) => k % 2 === 0 ? [(point + this.#points[k + 1]!) / 2] : []);
    this.#stride *= 2;
  }

  /** The means, oldest first; the last one may be of fewer values. */
  get points(): number[] {
    return this.#count === 0 ? this.#points : [...this.#points, this.#sum / this.#count];
  }
}

/** A share as people read it: 0.98741 is `98.74 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

const colored = (code: number, text: string) => Deno.noColor ? text : `\x1b[${code}m${text}\x1b[0m`;

/** Draws the events of a run. */
export class LiveView {
  readonly #output: train.ProgressOutput;
  /** What the validation set is called. */
  readonly #set: string;
  readonly #courses = { loss: new Course(), accuracy: new Course(), lr: new Course(), speed: new Course() };
  #progress: train.Progress | null = null;
  #epochs = 0;
  #accuracy = NaN;
  #seen = 0;

  /** `isHeldOut` tells whether the images that are looked at after each epoch were held out of the training set. */
  constructor(isHeldOut: boolean, output: train.ProgressOutput = Deno.stdout) {
    this.#set = isHeldOut ? "validation" : "test";
    this.#output = output;
  }

  /** Writes a line above the block. */
  line(text: string): void {
    if (this.#progress !== null) this.#progress.line(text);
    else this.#output.writeSync(new TextEncoder().encode(`${text}\n`));
  }

  /** Erases the block, so that others can write. */
  clear(): void {
    this.#progress?.clear();
  }

  /** Shows an event of the run; `images` is the number of those that the whole run goes through. */
  show(event: train.TrainEvent, images: number): void {
    switch (event.kind) {
      case "start":
        this.#epochs = event.epochs;
        this.#seen = event.seen;
        this.#progress = new train.Progress(images, { output: this.#output, done: event.seen });
        return;
      case "step": {
        const { epoch, loss, lr, seconds, seen } = event, courses = this.#courses;
        courses.loss.add(Math.log(loss));
        courses.lr.add(lr);
        courses.speed.add((seen - this.#seen) / seconds);
        this.#seen = seen;
        const note = this.#output.isTerminal() ? "" : `loss ${loss.toFixed(4)}`;
        this.#progress?.update(seen, `epoch ${epoch}/${this.#epochs}`, note, () => this.#rows(loss, lr));
        return;
      }
      case "epoch": {
        const { epoch, loss, seconds, validation } = event, parts = [`epoch ${epoch}/${this.#epochs}`];
        parts.push(`loss ${loss.toFixed(4)}`);
        const accuracy = validation?.accuracy;
        if (typeof accuracy === "number") {
          this.#courses.accuracy.add(this.#accuracy = accuracy);
          parts.push(`${this.#set} ${percent(accuracy)}`);
        }
        parts.push(`${Math.round(images / this.#epochs / seconds)} images/s`);
        this.line(parts.join("  "));
        return;
      }
      case "checkpoint":
        return;
      case "end":
        return this.clear();
      default:
        event satisfies never;
    }
  }

  /** The rows below the bar: each with its name, its course and its newest value. */
  #rows(loss: number, lr: number): string[] {
    const { loss: losses, accuracy, lr: rates, speed } = this.#courses;
    const row = (name: string, course: Course, color: number, value: string) =>
      course.points.length === 0
        ? []
        : [`  ${name.padEnd(10)} ${colored(color, sparkline(course.points).padEnd(pointsMost))} ${value}`];
    return [
      ...row("loss", losses, 33, loss.toFixed(4)),
      ...row("accuracy", accuracy, 32, percent(this.#accuracy)),
      ...row("lr", rates, 36, lr.toPrecision(3)),
      ...row("images/s", speed, 35, `${Math.round(speed.points.at(-1) ?? 0)}`),
    ];
  }
}
