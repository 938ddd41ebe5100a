/**
 * Turns: work that a device does while the program goes on, each after the one before.
 *
 * What the program asks for meanwhile takes its place behind: an op, or anything else that needs a result at once, waits
 * here for all turns that were taken before it. So the order of calls is the order of their effects.
 */
import type { Started } from "../../kernels/device.ts";
import { limits } from "../../kernels/instruction.ts";

/** A turn that has begun. */
export interface Begun<T> {
  /** Work that goes on elsewhere; null if all is done. */
  readonly started: Started | null;
  /** Waits for the work if it must, and makes the result. Throws what failed. */
  end(): T;
}

class Turn<T> {
  readonly #begin: () => Begun<T>;
  readonly #promise = Promise.withResolvers<T>();
  #begun: Begun<T> | null = null;
  #isSettled = false;

  constructor(begin: () => Begun<T>) {
    this.#begin = begin;
  }

  get promise(): Promise<T> {
    return this.#promise.promise;
  }

  get isUnderWay(): boolean {
    return this.#begun !== null && !this.#isSettled;
  }

  begin(): void {
    if (this.#begun !== null || this.#isSettled) return;
    this.#perform(() => {
      const { started } = this.#begun = this.#begin();
      // What is done already is seen as late as what goes on elsewhere.
      void (started?.ended ?? Promise.resolve()).then(() => this.end());
    });
  }

  end(): void {
    if (this.#isSettled) return;
    this.#perform(() => {
      const result = this.#begun!.end();
      this.#isSettled = true;
      this.#promise.resolve(result);
    });
  }

  /** Runs a part of the turn, whose own ops wait for nobody. */
  #perform(part: () => void): void {
    const before = inTurn;
    inTurn = true;
    updateRoom();
    try {
      part();
    } catch (error) {
      this.#isSettled = true;
      this.#promise.reject(error);
    } finally {
      inTurn = before;
      updateRoom();
    }
  }
}

/** Turns that were taken, the oldest first. One that has ended stays until those who await it have seen so. */
const turns: Turn<unknown>[] = [];
let inTurn = false;

/**
 * How many words may wait to be run: none while a turn does, so that whoever makes room for an instruction finds out without
 * a question of its own.
 */
export let room: number = limits.words;

function updateRoom(): void {
  room = turns.length > 0 && !inTurn ? 0 : limits.words;
}

/**
 * Does work in its turn: now if no turn was taken before, else once those have ended. `arrive` is called right before the
 * result is seen, or the failure.
 */
export function takeTurn<T>(begin: () => Begun<T>, arrive: () => void): Promise<T> {
  const turn = new Turn(begin);
  turns.push(turn as Turn<unknown>);
  updateRoom();
  if (turns[0] === turn) turn.begin();
  const seen = turn.promise.finally(arrive);
  const retire = () => {
    if (turns[0] !== turn) return;
    turns.shift();
    updateRoom();
    turns[0]?.begin();
  };
  // A promise more than those who await the result have: the next turn begins after they were told.
  seen.catch(() => {}).then(retire);
  return seen;
}

/** Waits, without letting other code run, until all turns have ended. */
export function settleTurns(): void {
  if (room !== 0) return;
  for (let turn = turns[0]; turn !== undefined; turn = turns[0]) {
    turn.begin();
    turn.end();
    turns.shift();
  }
  updateRoom();
}

/** Whether a device works for a turn now, so that a question to the device would have to wait. */
export function isTurnUnderWay(): boolean {
  return turns[0]?.isUnderWay ?? false;
}

/** Whether turns were taken that somebody may still wait for. */
export function areTurnsTaken(): boolean {
  return room === 0;
}
