/**
 * The programs of one captured function: which of them serves a call, and how many are kept. What makes the function
 * slower than it need be is said to the developer.
 */
import { notice } from "../../kernels/native/environment.ts";
import { summary } from "../pure/summary.ts";
import type { Arguments } from "./arguments.ts";
import type { Program } from "./program.ts";

/** Programs kept for one function: a batch of another size, train and eval. */
const programsMax = 8;

/** Calls in a row that leave nothing to replay, after which that is said. The first may set up state. */
const unreplayableMax = 3;

/** The programs of one captured function. */
export class Programs implements Disposable {
  readonly #function: string;
  /** In the order of their last use. */
  readonly #programs: Program[] = [];
  #last: Program | null = null;
  /** Calls in a row that left no program. */
  #unreplayable = 0;
  /** Programs that had to make room for others. */
  #displaced = 0;

  constructor(f: { readonly name: string }) {
    this.#function = f.name || "a function";
  }

  /** The program that was recorded or run last, or null. */
  get last(): Program | null {
    return this.#last;
  }

  /** The function and the number of its recordings, for people. */
  toString(): string {
    const count = this.#programs.length;
    return summary("captured", [this.#function, `${count} recording${count === 1 ? "" : "s"}`]);
  }

  /** The program that serves a call with these arguments, or null. */
  find(taken: Arguments): Program | null {
    const programs = this.#programs, place = programs.findLastIndex((program) => program.fits(taken));
    if (place < 0) return null;
    const found = programs[place]!;
    if (place < programs.length - 1) programs.push(...programs.splice(place, 1));
    return this.#last = found;
  }

  /** Takes over the program of a recording, or null where a replay could not do the same as the function. */
  add(program: Program | null): void {
    const stale = this.#programs.filter((old) => old.isStale);
    if (stale.length > 0) this.#notice("records anew: a tensor that it uses was given other memory");
    for (const old of stale) this.#drop(old);
    if (program === null) {
      if (++this.#unreplayable === unreplayableMax) {
        this.#notice(
          "cannot be replayed, so each call computes: it frees what it is given, or keeps tensors that it makes",
        );
      }
      return;
    }
    this.#unreplayable = 0;
    if (this.#programs.length === programsMax) {
      this.#drop(this.#programs[0]!);
      if (++this.#displaced === programsMax) {
        this.#notice(`records anew: its calls differ in more ways than the ${programsMax} recordings that are kept`);
      }
    }
    this.#programs.push(this.#last = program);
  }

  #drop(program: Program): void {
    this.#programs.splice(this.#programs.indexOf(program), 1);
    program[Symbol.dispose]();
  }

  #notice(what: string): void {
    notice(`capture: ${this.#function} ${what}`);
  }

  /** Gives back what the programs hold. */
  [Symbol.dispose](): void {
    for (const program of this.#programs.splice(0)) program[Symbol.dispose]();
    this.#last = null;
  }
}
