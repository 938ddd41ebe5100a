/** A second set of values for the tensors of a module, such as the best ones or a moving average. */
import { adopt, cloneOf, isFloat, load, misfit, outsideScopes, update } from "../core/internal.ts";
import { noGrad, scope, type Tensor } from "../core/mod.ts";
import type { Weighted } from "./options.ts";

/** The parameters and buffers of a module, by name. */
export function tensorsOf(model: Weighted): [name: string, tensor: Tensor][] {
  return [...model.namedParameters(), ...model.namedBuffers()];
}

/** Values of tensors, kept beside them. */
export class Copies implements Disposable {
  readonly #pairs: readonly { name: string; tensor: Tensor; copy: Tensor }[];

  constructor(tensors: readonly (readonly [name: string, tensor: Tensor])[]) {
    this.#pairs = outsideScopes(() =>
      noGrad(() => tensors.map(([name, tensor]) => ({ name, tensor, copy: adopt(tensor.wrap(cloneOf(tensor))) })))
    );
  }

  /** Keeps the present values. May be captured. */
  take(): void {
    for (const { tensor, copy } of this.#pairs) update(copy, "copy", [tensor]);
  }

  /** Gives the tensors the values that were kept. */
  give(): void {
    using _ = scope();
    load(this.#pairs.map(({ tensor, copy }) => [tensor, copy]));
  }

  /** Exchanges the values of the tensors for those that were kept. */
  exchange(): void {
    using _ = scope();
    load(this.#pairs.flatMap(({ tensor, copy }) => [[tensor, copy] as const, [copy, tensor] as const]));
  }

  /** Moves what is kept towards the present values by a share of the way; integers go all the way. May be captured. */
  approach(share: number | (() => number)): void {
    for (const { tensor, copy } of this.#pairs) {
      if (isFloat(tensor.dtype)) update(copy, "lerp", [copy, tensor], { s: share });
      else update(copy, "copy", [tensor]);
    }
  }

  /** What is kept, by name. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries(this.#pairs.map(({ name, copy }) => [name, copy.detach()]));
  }

  /** Restores what {@linkcode Copies.stateDict} gave. TypeError, before anything is changed, for tensors that do not fit. */
  loadStateDict(state: Readonly<Record<string, Tensor>>): void {
    using _ = scope();
    this.check(state);
    load(this.#pairs.map(({ name, copy }) => [copy, state[name]!] as const));
  }

  /** TypeError for a state whose tensors are missing or do not fit. */
  check(state: Readonly<Record<string, Tensor>>): void {
    for (const { name, copy } of this.#pairs) {
      const wrong = misfit(state[name], copy);
      if (wrong !== null) throw new TypeError(`Cannot load state: ${name} ${wrong}`);
    }
  }

  [Symbol.dispose](): void {
    for (const { copy } of this.#pairs) copy.dispose();
  }
}
